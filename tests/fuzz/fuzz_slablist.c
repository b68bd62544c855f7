// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/slablist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_span name, target;
	int rc;

	while ((rc = sv_slablist_next(&t, &name, &target, &err)) == 1) {
		promise(name.len > 0);
		promise_line(text, name);
		promise_line(text, target);
	}
	if (rc < 0)
		promise_error(text, &err);
	return 0;
}
