// SPDX-License-Identifier: LGPL-2.1-or-later
#include <inttypes.h>
#include <stdio.h>

#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	int64_t n = 99, again;
	char printed[32];
	int len;

	if (sv_number_parse(text, &n, &err)) {
		promise_error(text, &err);
		promise(n == 99);
		return 0;
	}
	len = snprintf(printed, sizeof(printed), "%" PRId64 "\n", n);
	promise(!sv_number_parse(sv_text_init(printed, (size_t)len, "again"), &again, &err));
	promise(n == again);
	return 0;
}
