// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/zoneinfo.h"

static void promise_num(struct sv_num n)
{
	promise(n.known || !n.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_zone z;
	int rc;

	while ((rc = sv_zoneinfo_next(&t, &z, &err)) == 1) {
		promise_line(text, z.name);
		promise(z.name.len > 0 && !memchr(z.name.ptr, ' ', z.name.len));
		promise_num(z.start_pfn);
		promise_num(z.spanned_pages);
		promise_num(z.pcp_count_pages);
	}
	if (rc < 0)
		promise_error(text, &err);
	else
		promise(!t.rest.len);
	return 0;
}
