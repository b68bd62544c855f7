// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_stat st = { .pid = 99 };
	const char *close;

	if (sv_stat_parse(text, &st, &err)) {
		promise_error(text, &err);
		promise(st.pid == 99);
		return 0;
	}
	/* An empty comm is inside as well: its end is where the last bracket is. */
	close = st.comm.ptr + st.comm.len;
	promise(close > text.rest.ptr && close < text.rest.ptr + size && *close == ')');
	promise(!memchr(close + 1, ')', size - (size_t)(close + 1 - text.rest.ptr)));
	promise_inside(text, st.comm);
	promise(st.rt_priority.known || !st.policy.known);
	return 0;
}
