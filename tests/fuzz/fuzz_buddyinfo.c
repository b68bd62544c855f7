// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/buddyinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_buddy_zone z;
	int rc;

	while ((rc = sv_buddyinfo_next(&t, &z, &err)) > 0) {
		promise_line(text, z.name);
		promise(z.orders > 0 && z.orders <= SV_BUDDY_ORDERS);
	}
	if (rc)
		promise_error(text, &err);
	return 0;
}
