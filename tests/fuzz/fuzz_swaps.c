// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_span line;
	uint64_t count = 99;

	if (sv_swaps_count(text, &count, &err)) {
		promise_error(text, &err);
		promise(count == 99);
		return 0;
	}
	for (count++; sv_text_line(&t, &line); count--)
		promise(line.len > 0);
	promise(count == 0);
	return 0;
}
