// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/psi.h"

static bool whole(const struct sv_psi_line *l)
{
	return l->avg10.known && l->avg60.known && l->avg300.known && l->total_us.known;
}

static bool empty(const struct sv_psi_line *l)
{
	return !l->avg10.known && !l->avg60.known && !l->avg300.known && !l->total_us.known;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_psi p = { .some.avg10.value = 99 };

	if (sv_psi_parse(text, &p, &err)) {
		promise_error(text, &err);
		promise(p.some.avg10.value == 99);
		return 0;
	}
	promise(whole(&p.some));
	promise(whole(&p.full) || empty(&p.full));
	return 0;
}
