// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_status st = { .tgid = { .value = 99 } };

	if (sv_status_parse(text, &st, &err)) {
		promise_error(text, &err);
		promise(st.tgid.value == 99);
		return 0;
	}
	promise_line(text, st.name);
	promise(st.ns_tgid_inner.known == st.ns_levels.known);
	promise(st.ns_levels.known == (st.ns_levels.value > 0));
	promise(st.uid_real.known == st.uid_effective.known);
	promise_kb(st.vm_size_bytes);
	promise_kb(st.vm_rss_bytes);
	promise_kb(st.vm_locked_bytes);
	promise_kb(st.hugetlb_bytes);
	return 0;
}
