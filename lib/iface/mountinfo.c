// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mountinfo.h"

#include "base/error.h"

static bool take_field(struct sv_span *s, struct sv_span *ret)
{
	sv_skip_blanks(s);
	return sv_take_word(s, ret);
}

/* Optional fields end with a "-" that stands alone. */
static bool skip_optional(struct sv_span *s)
{
	struct sv_span word;

	while (take_field(s, &word))
		if (sv_span_is(word, "-"))
			return true;
	return false;
}

static bool take_line(struct sv_span s, struct sv_mount *ret)
{
	struct sv_span skip;

	return take_field(&s, &skip) && take_field(&s, &skip) && take_field(&s, &skip) &&
	       take_field(&s, &ret->root) && take_field(&s, &ret->point) && take_field(&s, &skip) &&
	       skip_optional(&s) && take_field(&s, &ret->type) && take_field(&s, &skip) &&
	       take_field(&s, &ret->options);
}

int sv_mountinfo_next(struct sv_text *text, struct sv_mount *ret, struct safevma_error *err)
{
	struct sv_mount m = { 0 };
	struct sv_span line;

	if (!sv_text_line(text, &line))
		return 0;
	if (!take_line(line, &m))
		return sv_text_error(text, err,
			"'ID PARENT DEV ROOT POINT OPTIONS ... - TYPE SOURCE OPTIONS'", line);
	*ret = m;
	return 1;
}

static bool octal(struct sv_span s, size_t at, char *ret)
{
	unsigned int v = 0;

	if (s.len - at < 4 || s.ptr[at] != '\\')
		return false;
	for (size_t i = 1; i < 4; i++) {
		if (s.ptr[at + i] < '0' || s.ptr[at + i] > '7')
			return false;
		v = v << 3 | (unsigned int)(s.ptr[at + i] - '0');
	}
	*ret = (char)v;
	return v < 256;
}

int sv_mountinfo_decode(struct sv_span field, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < field.len; i++) {
		char c = field.ptr[i];

		if (octal(field, i, &c))
			i += 3;
		if (sv_strbuf_add(ret, &c, 1))
			return -1;
	}
	return 0;
}

bool sv_mount_has_option(struct sv_span options, const char *word)
{
	struct sv_span one;

	while (sv_take_until(&options, ',', &one))
		if (sv_span_is(one, word))
			return true;
	return sv_span_is(options, word);
}
