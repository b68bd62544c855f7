// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_num sp = { .value = 99 };

	if (sv_syscall_parse(text, &sp, &err)) {
		promise_error(text, &err);
		promise(!sp.known && sp.value == 99);
		return 0;
	}
	promise(sp.known || !sp.value);
	return 0;
}
