// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/vmcoreinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_vmcoreinfo v;
	const struct sv_num *all[] = { &v.page_size, &v.swapper_pg_dir, &v.init_top_pgt, &v.stext,
		&v.vmemmap, &v.phys_base, &v.l5_enabled, &v.sme_mask, &v.va_bits, &v.t1sz,
		&v.phys_offset, &v.kimage_voffset, &v.va_kernel_pa_offset, &v.page_offset,
		&v.phys_ram_base, &v.vmalloc_start };

	memset(&v, 0xa5, sizeof(v));
	if (sv_vmcoreinfo_parse(text, &v, &err)) {
		promise_error(text, &err);
		promise(all[0]->value == UINT64_C(0xa5a5a5a5a5a5a5a5)); /* untouched */
		return 0;
	}
	for (size_t i = 0; i < sv_array_size(all); i++)
		promise(all[i]->known || !all[i]->value);
	return 0;
}
