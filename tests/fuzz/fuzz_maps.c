// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_maps_entry e;
	int rc;

	while ((rc = sv_maps_next(&t, &e, &err)) == 1) {
		promise(e.start < e.end);
		promise(e.perms <= (SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC | SV_PERM_SHARED));
		promise_line(text, e.path);
	}
	if (rc < 0)
		promise_error(text, &err);
	else
		promise(!t.rest.len);
	return 0;
}
