/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all fuzz targets share. A broken promise aborts, in builds with NDEBUG too. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void promise(bool kept)
{
	if (!kept)
		abort();
}

/* A borrowed span lies in the text that it was borrowed from, and in one line of it. */
static inline void promise_inside(struct sv_text text, struct sv_span s)
{
	if (!s.len)
		return;
	promise(s.ptr >= text.rest.ptr && s.len <= text.rest.len &&
		(size_t)(s.ptr - text.rest.ptr) <= text.rest.len - s.len);
}

static inline void promise_line(struct sv_text text, struct sv_span s)
{
	promise_inside(text, s);
	promise(!s.len || !memchr(s.ptr, '\n', s.len));
}

/* -1 comes with an error that can be printed and names a line that is there. */
static inline void promise_error(struct sv_text text, const struct safevma_error *err)
{
	uint64_t lines = 1;

	for (size_t i = 0; i < text.rest.len; i++)
		lines += text.rest.ptr[i] == '\n';
	promise(err->code == SAFEVMA_E_FORMAT && err->line <= lines);
	promise(strcmp(err->path, text.name) == 0 && err->message[0]);
	for (const char *c = err->message; *c; c++)
		promise(*c >= 0x20 && *c < 0x7f);
}

static inline void promise_kb(struct sv_num n)
{
	promise(n.known ? n.value % 1024 == 0 : n.value == 0);
}

#endif
