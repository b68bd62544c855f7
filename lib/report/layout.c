// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layout.h"

#include <string.h>
#include <wchar.h>

enum { FLUSH_AT = 1 << 16 };

#define RESET "\033[0m"

void sv_layout_fini(struct sv_layout *l)
{
	sv_strbuf_fini(&l->text);
	sv_strbuf_fini(&l->out);
	sv_vec_fini(&l->cells);
}

/* Cells come escaped: what is not well-formed in the locale is a place a byte. */
static size_t wide_width(const char *text, size_t len)
{
	size_t width = 0, n;
	mbstate_t state = { 0 };

	for (size_t i = 0; i < len; i += n) {
		wchar_t c;
		int w;

		n = mbrtowc(&c, text + i, len - i, &state);
		if (n == 0 || n > len) {
			state = (mbstate_t) { 0 };
			n = 1;
			width++;
			continue;
		}
		w = wcwidth(c);
		width += w > 0 ? (size_t)w : 0;
	}
	return width;
}

size_t sv_layout_width(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return wide_width(text, len);
	return len;
}

int sv_layout_cell(struct sv_layout *l, const char *text, size_t len, const char *color)
{
	size_t column = l->cells.len % l->columns;
	struct sv_cell *c;

	if (sv_strbuf_add(&l->text, text, len) || sv_strbuf_add(&l->text, "", 1))
		return -1;
	c = sv_vec_push(&l->cells);
	if (!c)
		return -1;
	*c = (struct sv_cell) { (uint32_t)len, (uint32_t)sv_layout_width(text, len), color };
	if (c->width > l->width[column])
		l->width[column] = c->width;
	return 0;
}

size_t sv_layout_lines(const struct sv_layout *l)
{
	return (l->cells.len + l->columns - 1) / l->columns;
}

static int pad(struct sv_strbuf *out, size_t n)
{
	if (sv_strbuf_reserve(out, n))
		return -1;
	memset(out->ptr + out->len, ' ', n);
	out->len += n;
	return 0;
}

/* The last column is not padded to the right, as nothing follows it. Colour covers the padding. */
static int add_cell(struct sv_layout *l, const char *text, const struct sv_cell *c, size_t column)
{
	bool last = column + 1 == l->columns, right = l->right[column];
	size_t blanks = l->width[column] - c->width;
	struct sv_strbuf *o = &l->out;

	if ((c->color && sv_strbuf_add(o, c->color, strlen(c->color))) ||
		(right && pad(o, blanks)) || sv_strbuf_add(o, text, c->len) ||
		(!right && !last && pad(o, blanks)) ||
		(c->color && sv_strbuf_add(o, RESET, strlen(RESET))))
		return -1;
	return sv_strbuf_add(o, last ? "\n" : " ", 1);
}

int sv_layout_print(struct sv_layout *l, FILE *out)
{
	size_t at = 0;

	l->out.len = 0;
	for (size_t i = 0; i < l->cells.len; i++) {
		const struct sv_cell *c = &l->cells.ptr[i];

		if (add_cell(l, l->text.ptr + at, c, i % l->columns))
			return -1;
		at += c->len + 1;
		if (l->out.len < FLUSH_AT && i + 1 < l->cells.len)
			continue;
		fwrite(l->out.ptr, 1, l->out.len, out);
		l->out.len = 0;
	}
	l->text.len = l->cells.len = 0;
	return 0;
}
