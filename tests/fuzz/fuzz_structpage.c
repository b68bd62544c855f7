// SPDX-License-Identifier: LGPL-2.1-or-later
/* Any struct page, of any layout that is accepted. 64 bytes of it, then VMCOREINFO, then BTF. */
#include "fuzz.h"

#include "iface/structpage.h"

enum { BASE = 0x10000 };

static void look(const struct sv_page_layout *l, const uint8_t *page)
{
	static const uint64_t pfns[] = { 0, 1, 0x207, 0x1ffff };

	for (size_t i = 0; i < sv_array_size(pfns); i++) {
		struct sv_page_view v;

		sv_page_decode(l, pfns[i], page, &v);
		promise(v.head <= pfns[i] && (v.tail || v.head == pfns[i]));
		promise(!v.tail || v.broken || v.head < pfns[i]);
		promise(v.type < SV_PAGE_TYPE_COUNT && v.order < 64);
		promise(!v.cache || v.type == SV_PAGE_SLAB);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_kcore_segment segments[] = { { 0xffff888000000000, 0, 0x10000000, 0, true },
		{ 0xffffea0000000000, UINT64_MAX, 0x400000, BASE, false } };
	struct sv_kcore k = { .wide = true, .segments = { segments, 2, 2 } };
	uint8_t page[SV_PAGE_SIZE_MAX] = { 0 };
	struct sv_page_layout l = { 0 };
	struct safevma_error err = { 0 };
	struct sv_vmcoreinfo info;
	struct sv_text text;

	if (size < 64)
		return 0;
	memcpy(page, data, 64);
	text = sv_text_init(data + 64, size - 64, "fuzz");
	sv_page_layout_btf(&l, text);
	if (sv_vmcoreinfo_parse(text, &info, &err))
		return 0;
	if (sv_page_layout_init(&l, &info, &k, segments[0].vaddr, 12, &err)) {
		promise(err.message[0]);
		return 0;
	}
	promise(l.size <= SV_PAGE_SIZE_MAX);
	look(&l, page);
	return 0;
}
