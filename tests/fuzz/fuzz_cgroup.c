// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_span path = { .len = 99 };

	if (sv_cgroup_path(text, &path, &err)) {
		promise_error(text, &err);
		promise(path.len == 99);
		return 0;
	}
	promise_line(text, path);
	promise(!path.len || path.ptr[0] == '/');
	return 0;
}
