// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "Max locked memory", "Max realtime priority" };
	struct sv_text text = sv_text_init(data, size, "fuzz");

	for (size_t i = 0; i < sv_array_size(names); i++) {
		struct safevma_error err = { 0 };
		struct sv_limit l = { .soft = { .value = 99 } };

		if (sv_limits_find(text, names[i], &l, &err)) {
			promise_error(text, &err);
			promise(l.soft.value == 99);
			continue;
		}
		promise(l.soft.known == l.hard.known);
		promise(l.soft.known || (!l.soft.value && !l.hard.value));
	}
	return 0;
}
