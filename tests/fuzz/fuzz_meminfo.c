// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_keyval kv;
	int rc;

	while ((rc = sv_meminfo_next(&t, &kv, &err)) == 1) {
		promise_line(text, kv.key);
		promise(kv.key.len > 0 && !memchr(kv.key.ptr, ':', kv.key.len));
		promise(kv.value % 1024 == 0 || sv_take_lit(&kv.key, "HugePages_"));
	}
	if (rc < 0)
		promise_error(text, &err);
	else
		promise(!t.rest.len);
	return 0;
}
