// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/kconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "CONFIG_GCC_VERSION", "CONFIG_CMDLINE", "CONFIG_KSM" };
	struct sv_text text = sv_text_init(data, size, "fuzz");

	for (size_t i = 0; i < sv_array_size(names); i++) {
		struct safevma_error err = { 0 };
		struct sv_span value = { .len = 99 };

		if (sv_kconfig_find(text, names[i], &value, &err)) {
			promise_error(text, &err);
			promise(value.len == 99);
			continue;
		}
		promise_line(text, value);
		promise(!value.len || value.ptr[-1] == '=');
	}
	return 0;
}
