// SPDX-License-Identifier: LGPL-2.1-or-later
#include "parse.h"

#include <string.h>

#include "error.h"

struct sv_text sv_text_init(const void *ptr, size_t len, const char *name)
{
	return (struct sv_text) { .rest = { .ptr = ptr, .len = len }, .name = name };
}

static void eat(struct sv_span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

bool sv_text_line(struct sv_text *t, struct sv_span *ret)
{
	const char *nl;
	size_t n;

	if (!t->rest.len)
		return false;
	nl = memchr(t->rest.ptr, '\n', t->rest.len);
	n = nl ? (size_t)(nl - t->rest.ptr) : t->rest.len;
	*ret = (struct sv_span) { .ptr = t->rest.ptr, .len = n };
	eat(&t->rest, nl ? n + 1 : n);
	t->line++;
	return true;
}

int sv_text_error(const struct sv_text *t, struct safevma_error *err, const char *expected,
	struct sv_span got)
{
	char shown[81];
	size_t n = got.len < sizeof(shown) - 1 ? got.len : sizeof(shown) - 1;

	for (size_t i = 0; i < n; i++)
		shown[i] = got.ptr[i] >= 0x20 && got.ptr[i] < 0x7f ? got.ptr[i] : '?';
	shown[n] = 0;
	return sv_error_set(err, SAFEVMA_E_FORMAT, 0, t->name, t->line, "expected %s, got '%s'",
		expected, shown);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool take_number(struct sv_span *s, uint64_t base, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;

	/* Fifteen digits fit whatever they are. */
	for (; n < s->len && n < 15 && (uint64_t)digit(s->ptr[n]) < base; n++)
		v = v * base + (uint64_t)digit(s->ptr[n]);
	for (; n < s->len && (uint64_t)digit(s->ptr[n]) < base; n++)
		if (__builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, (uint64_t)digit(s->ptr[n]), &v))
			return false;
	if (!n)
		return false;
	eat(s, n);
	*ret = v;
	return true;
}

bool sv_take_dec(struct sv_span *s, uint64_t *ret)
{
	return take_number(s, 10, ret);
}

bool sv_take_hex(struct sv_span *s, uint64_t *ret)
{
	return take_number(s, 16, ret);
}

bool sv_take_int(struct sv_span *s, int64_t *ret)
{
	struct sv_span t = *s;
	bool minus = t.len && t.ptr[0] == '-';
	uint64_t v;

	if (minus)
		eat(&t, 1);
	if (!sv_take_dec(&t, &v) || v > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	*s = t;
	return true;
}

bool sv_take_lit(struct sv_span *s, const char *lit)
{
	size_t n = strlen(lit);

	if (!n)
		return true;
	if (s->len < n || memcmp(s->ptr, lit, n) != 0)
		return false;
	eat(s, n);
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

void sv_skip_blanks(struct sv_span *s)
{
	while (s->len && blank(s->ptr[0]))
		eat(s, 1);
}

bool sv_take_word(struct sv_span *s, struct sv_span *ret)
{
	size_t n = 0;

	while (n < s->len && !blank(s->ptr[n]))
		n++;
	if (!n)
		return false;
	*ret = (struct sv_span) { .ptr = s->ptr, .len = n };
	eat(s, n);
	return true;
}

bool sv_take_until(struct sv_span *s, char sep, struct sv_span *ret)
{
	const char *at = s->len ? memchr(s->ptr, sep, s->len) : NULL;
	size_t n;

	if (!at)
		return false;
	n = (size_t)(at - s->ptr);
	*ret = (struct sv_span) { .ptr = s->ptr, .len = n };
	eat(s, n + 1);
	return true;
}

struct sv_span sv_trim(struct sv_span s)
{
	sv_skip_blanks(&s);
	while (s.len && (blank(s.ptr[s.len - 1]) || s.ptr[s.len - 1] == '\n'))
		s.len--;
	return s;
}

bool sv_span_eq(struct sv_span a, struct sv_span b)
{
	return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

struct sv_span sv_span_of(const char *str)
{
	return (struct sv_span) { .ptr = str, .len = strlen(str) };
}

bool sv_span_is(struct sv_span s, const char *lit)
{
	if (s.len && *s.ptr != *lit) /* of the many that differ most do here */
		return false;
	return sv_span_eq(s, sv_span_of(lit));
}

bool sv_span_ends(struct sv_span s, const char *lit)
{
	size_t n = strlen(lit);

	return !n || (s.len >= n && memcmp(s.ptr + s.len - n, lit, n) == 0);
}
