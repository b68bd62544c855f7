// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/pagetypeinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	uint64_t order = 99, pages = 98;

	if (sv_pagetypeinfo_block(text, &order, &pages, &err)) {
		promise_error(text, &err);
		promise(order == 99 && pages == 98);
		return 0;
	}
	promise(order < 64 && pages == UINT64_C(1) << order);
	return 0;
}
