/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte buffer, always NUL-terminated after a successful append. */
#ifndef SV_BASE_STRBUF_H
#define SV_BASE_STRBUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cleanup.h"

struct sv_strbuf {
	char *ptr;
	size_t len;
	size_t cap;
};

void sv_strbuf_fini(struct sv_strbuf *b);

/* All return 0, or -1 when memory is out (the buffer is then unchanged). */
int sv_strbuf_reserve(struct sv_strbuf *b, size_t extra) sv_must_check;
int sv_strbuf_add_more(struct sv_strbuf *b, const void *data, size_t len) sv_must_check;
int sv_strbuf_printf(struct sv_strbuf *b, const char *fmt, ...) sv_printf(2, 3) sv_must_check;

/* Short pieces by the million: the usual case is here. */
static inline sv_must_check int sv_strbuf_add(struct sv_strbuf *b, const void *data, size_t len)
{
	if (len >= b->cap - b->len)
		return sv_strbuf_add_more(b, data, len);
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = 0;
	return 0;
}

/* As %llu and 0x%llx would. */
int sv_strbuf_dec(struct sv_strbuf *b, uint64_t v) sv_must_check;
int sv_strbuf_hex(struct sv_strbuf *b, uint64_t v) sv_must_check;

#define sv_auto_strbuf sv_cleanup(sv_strbuf_fini)

#endif
