// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_mount m;
	int rc;

	while ((rc = sv_mountinfo_next(&t, &m, &err)) > 0) {
		sv_auto_strbuf struct sv_strbuf b = { 0 };

		promise_line(text, m.root);
		promise_line(text, m.options);
		promise(!sv_mountinfo_decode(m.point, &b) && b.len <= m.point.len);
	}
	if (rc)
		promise_error(text, &err);
	return 0;
}
