// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/sysfiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_span word = { 0 };

	if (sv_choice_parse(text, &word, &err)) {
		promise_error(text, &err);
		promise(!word.ptr && !word.len);
		return 0;
	}
	promise(word.len > 0 && word.ptr > (const char *)data);
	promise(word.ptr + word.len < (const char *)data + size);
	return 0;
}
