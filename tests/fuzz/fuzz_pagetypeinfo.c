// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/pagetypeinfo.h"

static void read_counts(struct sv_text text)
{
	struct sv_pagetype_counts c = { .text = text };
	struct safevma_error err = { 0 };
	struct sv_pagetype_count n;
	size_t rows = 0;
	int rc;

	while ((rc = sv_pagetypeinfo_next(&c, &n, &err)) > 0) {
		promise(n.zone.len && n.type.len);
		promise(++rows <= text.rest.len);
	}
	if (rc < 0)
		promise_error(text, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	uint64_t order = 99, pages = 98;

	read_counts(text);
	if (sv_pagetypeinfo_block(text, &order, &pages, &err)) {
		promise_error(text, &err);
		promise(order == 99 && pages == 98);
		return 0;
	}
	promise(order < 64 && pages == UINT64_C(1) << order);
	return 0;
}
