// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/iomem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_iomem_range r;
	bool hidden = false, shown = false;
	int rc;

	while ((rc = sv_iomem_next(&t, &r, &err)) == 1) {
		promise(r.start <= r.end);
		promise_line(text, r.name);
		shown |= r.end > 0;
	}
	if (rc < 0)
		promise_error(text, &err);
	if (sv_iomem_hidden(text, &hidden, &err)) {
		promise_error(text, &err);
		promise(rc < 0 || !size);
	} else {
		promise(rc == 0 && hidden == !shown);
	}
	return 0;
}
