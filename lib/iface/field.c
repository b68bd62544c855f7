// SPDX-License-Identifier: LGPL-2.1-or-later
#include "field.h"

#include <string.h>

#include "base/error.h"

int sv_field_dec(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct sv_span s = sv_trim(value);
	uint64_t n;

	if (!sv_take_dec(&s, &n) || s.len)
		return sv_text_error(text, err, "a decimal number below 2^64", value);
	*ret = sv_known(n);
	return 0;
}

int sv_field_hex(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct sv_span s = sv_trim(value);
	uint64_t n;

	if (!sv_take_hex(&s, &n) || s.len)
		return sv_text_error(text, err, "a hexadecimal number below 2^64", value);
	*ret = sv_known(n);
	return 0;
}

int sv_field_kb(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct sv_span s = sv_trim(value);
	uint64_t n;

	if (!sv_take_dec(&s, &n))
		return sv_text_error(text, err, "a number of kB below 2^64", value);
	sv_skip_blanks(&s);
	if (!sv_span_is(s, "kB"))
		return sv_text_error(text, err, "'kB'", s);
	if (__builtin_mul_overflow(n, (uint64_t)1024, &n))
		return sv_text_error(text, err, "a size below 2^64 bytes", value);
	*ret = sv_known(n);
	return 0;
}

static bool matches(const struct sv_field *f, struct sv_span key)
{
	if (f->len)
		return f->len == key.len && !memcmp(f->key, key.ptr, key.len);
	return sv_span_is(key, f->key);
}

/* As sv_field_store(), with how many rows took it in *rows. */
static int store(const struct sv_field *fields, const struct sv_text *text, struct sv_span key,
	struct sv_span value, void *object, size_t *rows, struct safevma_error *err)
{
	*rows = 0;
	for (const struct sv_field *f = fields; f->key; f++) {
		struct sv_num *num = (struct sv_num *)((char *)object + f->offset);

		if (!matches(f, key))
			continue;
		if (num->known)
			return sv_text_error(text, err, "a key that was not there before", key);
		if (f->read(text, value, num, err))
			return -1;
		++*rows;
	}
	return 0;
}

int sv_field_store(const struct sv_field *fields, const struct sv_text *text, struct sv_span key,
	struct sv_span value, void *object, struct safevma_error *err)
{
	size_t rows;

	return store(fields, text, key, value, object, &rows, err);
}

static bool is_key(struct sv_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '_'))
			return false;
	}
	return s.len > 0;
}

int sv_field_line(const struct sv_field *fields, const struct sv_text *text, struct sv_span line,
	void *object, struct safevma_error *err)
{
	struct sv_span value = line, key;
	size_t rows;

	if (!sv_take_until(&value, ':', &key) || !key.len)
		return sv_text_error(text, err, "'Key: value'", line);
	if (store(fields, text, key, value, object, &rows, err))
		return -1;
	return rows || is_key(key) ? 0 : sv_text_error(text, err, "'Key: value'", line);
}
