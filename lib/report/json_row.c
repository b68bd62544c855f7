// SPDX-License-Identifier: LGPL-2.1-or-later
#include "json_row.h"

#include <string.h>

#include "base/parse.h"
#include "escape.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* What stands in a JSON string as it is; the rest goes the long way. */
static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static int json_escape(unsigned char c, struct sv_strbuf *ret)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		return sv_strbuf_printf(ret, "\\%c", to[at - from]);
	return c < 0x20 ? sv_strbuf_printf(ret, "\\u%04x", c) : sv_strbuf_add(ret, &c, 1);
}

static int add_unplain(const char *ptr, size_t len, struct sv_strbuf *ret)
{
	sv_auto_strbuf struct sv_strbuf clean = { 0 };
	int rc = sv_escape(ptr, len, SV_ESCAPE_UTF8, &clean);

	for (size_t i = 0; i < clean.len && !rc; i++)
		rc = json_escape((unsigned char)clean.ptr[i], ret);
	return rc;
}

static int add_string(const char *ptr, size_t len, struct sv_strbuf *ret)
{
	size_t n = 0;

	while (n < len && plain((unsigned char)ptr[n]))
		n++;
	return sv_strbuf_add(ret, "\"", 1) ||
			       (n == len ? sv_strbuf_add(ret, ptr, len)
					 : add_unplain(ptr, len, ret)) ||
			       sv_strbuf_add(ret, "\"", 1)
		       ? -1
		       : 0;
}

static int add_words(struct sv_span rest, struct sv_strbuf *ret)
{
	struct sv_span word;
	bool some = false;

	if (sv_strbuf_add(ret, "[", 1))
		return -1;
	for (sv_skip_blanks(&rest); sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		if ((some && sv_strbuf_add(ret, ",", 1)) || add_string(word.ptr, word.len, ret))
			return -1;
		some = true;
	}
	return sv_strbuf_add(ret, "]", 1);
}

/* "1:3 slab:5" as objects of a count, or a word of ours, and a count, called as members says. */
static int add_pairs(struct sv_span rest, const char *members, struct sv_strbuf *ret)
{
	const char *second = members ? strchr(members, ' ') : NULL;
	struct sv_span word;
	bool some = false;

	if (!second || sv_strbuf_add(ret, "[", 1))
		return -1;
	for (sv_skip_blanks(&rest); sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		struct sv_span key;
		const char *quote;
		uint64_t b;

		if (!sv_take_until(&word, ':', &key) || !key.len || !sv_take_dec(&word, &b))
			continue;
		quote = *key.ptr >= '0' && *key.ptr <= '9' ? "" : "\"";
		if ((some && sv_strbuf_add(ret, ",", 1)) ||
			sv_strbuf_printf(ret, "{\"%.*s\":%s%.*s%s,\"%s\":%llu}",
				(int)(second - members), members, quote, (int)key.len, key.ptr,
				quote, second + 1, (unsigned long long)b))
			return -1;
		some = true;
	}
	return sv_strbuf_add(ret, "]", 1);
}

static int add_hex(uint64_t v, struct sv_strbuf *ret)
{
	return sv_strbuf_add(ret, "\"", 1) || sv_strbuf_hex(ret, v) || sv_strbuf_add(ret, "\"", 1)
		       ? -1
		       : 0;
}

int sv_json_value(const struct safevma_value *v, const char *members, struct sv_strbuf *ret)
{
	struct sv_span text = { v->string.ptr, v->string.len };

	switch (v->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return sv_strbuf_add(ret, "null", 4);
	case SAFEVMA_TYPE_U64:
	case SAFEVMA_TYPE_BYTES:
		return sv_strbuf_dec(ret, v->u64);
	case SAFEVMA_TYPE_I64:
		return sv_strbuf_printf(ret, "%lld", (long long)v->i64);
	case SAFEVMA_TYPE_HEX:
		return add_hex(v->u64, ret);
	case SAFEVMA_TYPE_BOOL:
		return v->boolean ? sv_strbuf_add(ret, "true", 4) : sv_strbuf_add(ret, "false", 5);
	case SAFEVMA_TYPE_REAL:
		return sv_strbuf_printf(ret, "%.6g", v->real);
	case SAFEVMA_TYPE_PAIRS:
		return add_pairs(text, members, ret);
	case SAFEVMA_TYPE_STRING:
		return add_string(text.ptr, text.len, ret);
	case SAFEVMA_TYPE_WORDS:
		return add_words(text, ret);
	}
	return -1;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static int add_gap(struct sv_shape *s, size_t column)
{
	struct sv_gap_in_shape *g = sv_vec_push(&s->gaps);

	if (!g)
		return -1;
	*g = (struct sv_gap_in_shape) { .end = s->text.len, .column = column };
	return 0;
}

int sv_shape_parse(struct sv_shape *s, const char *text)
{
	struct sv_span rest = sv_span_of(text), piece;
	uint64_t column;

	while (sv_take_until(&rest, '\x01', &piece)) {
		if (sv_strbuf_add(&s->text, piece.ptr, piece.len))
			return -1;
		if (!sv_take_dec(&rest, &column) || !sv_take_lit(&rest, "\x01") ||
			add_gap(s, (size_t)column))
			return -1;
	}
	return sv_strbuf_add(&s->text, rest.ptr, rest.len) || add_gap(s, SV_SHAPE_END) ? -1 : 0;
}

void sv_shape_fini(struct sv_shape *s)
{
	sv_strbuf_fini(&s->text);
	sv_vec_fini(&s->gaps);
}

static int write_column(
	const struct sv_shape *s, safevma_cursor *c, size_t column, struct sv_strbuf *ret)
{
	const char *members = NULL;
	struct safevma_value v;

	if (column == SV_SHAPE_PID) {
		v = sv_get_pid(c);
	} else {
		v = safevma_cursor_value(c, s->level, column);
		members = safevma_table_column(c->table, s->level, column)->members;
	}
	return sv_json_value(&v, members, ret);
}

int sv_shape_write(const struct sv_shape *s, safevma_cursor *c, struct sv_strbuf *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < s->gaps.len; i++) {
		const struct sv_gap_in_shape *g = &s->gaps.ptr[i];

		if (sv_strbuf_add(ret, s->text.ptr + at, g->end - at))
			return -1;
		if (g->column != SV_SHAPE_END && write_column(s, c, g->column, ret))
			return -1;
		at = g->end;
	}
	return 0;
}
