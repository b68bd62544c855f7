// SPDX-License-Identifier: LGPL-2.1-or-later
#include "strbuf.h"

#include <stdarg.h>
#include <stdio.h>

void sv_strbuf_fini(struct sv_strbuf *b)
{
	free(b->ptr);
	*b = (struct sv_strbuf) { 0 };
}

int sv_strbuf_reserve(struct sv_strbuf *b, size_t extra)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(b->len, extra, &need) ||
		__builtin_add_overflow(need, (size_t)1, &need))
		return -1;
	if (need <= b->cap)
		return 0;
	cap = need < 256 ? 256 : need + need / 2;
	if (cap < need)
		return -1;
	p = realloc(b->ptr, cap);
	if (!p)
		return -1;
	b->ptr = p;
	b->cap = cap;
	b->ptr[b->len] = 0;
	return 0;
}

int sv_strbuf_add_more(struct sv_strbuf *b, const void *data, size_t len)
{
	if (sv_strbuf_reserve(b, len))
		return -1;
	if (len)
		memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = 0;
	return 0;
}

/* Most pieces are short: they fit at the first try. */
int sv_strbuf_printf(struct sv_strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (sv_strbuf_reserve(b, 64))
		return -1;
	va_start(ap, fmt);
	n = vsnprintf(b->ptr + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n >= b->cap - b->len) {
		b->ptr[b->len] = 0;
		if (sv_strbuf_reserve(b, (size_t)n))
			return -1;
		va_start(ap, fmt);
		n = vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	if (n < 0) {
		b->ptr[b->len] = 0;
		return -1;
	}
	b->len += (size_t)n;
	return 0;
}

int sv_strbuf_dec(struct sv_strbuf *b, uint64_t v)
{
	char text[24], *at = text + sizeof(text);

	do
		*--at = (char)('0' + v % 10);
	while (v /= 10);
	return sv_strbuf_add(b, at, (size_t)(text + sizeof(text) - at));
}

int sv_strbuf_hex(struct sv_strbuf *b, uint64_t v)
{
	char text[24], *at = text + sizeof(text);

	do
		*--at = "0123456789abcdef"[v % 16];
	while (v /= 16);
	*--at = 'x';
	*--at = '0';
	return sv_strbuf_add(b, at, (size_t)(text + sizeof(text) - at));
}
