// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows as they come: what is laid out must fit what is not there yet, so widths are fixed. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "render.h"

/* Of what is usual; a longer cell moves those behind it. */
static size_t width_of(const struct safevma_column *c)
{
	static const size_t usual[] = { [SAFEVMA_TYPE_U64] = 6,
		[SAFEVMA_TYPE_I64] = 6,
		[SAFEVMA_TYPE_BYTES] = 6,
		[SAFEVMA_TYPE_HEX] = 14,
		[SAFEVMA_TYPE_BOOL] = 3,
		[SAFEVMA_TYPE_STRING] = 15,
		[SAFEVMA_TYPE_WORDS] = 12,
		[SAFEVMA_TYPE_REAL] = 8,
		[SAFEVMA_TYPE_PAIRS] = 12 };
	size_t name = strlen(c->name);

	return usual[c->type] > name ? usual[c->type] : name;
}

struct follow {
	const struct safevma_table *table;
	const struct safevma_report_options *options;
	struct sv_strbuf line, cell;
};

static int pad(struct sv_strbuf *b, size_t n)
{
	return sv_strbuf_printf(b, "%*s", (int)n, "");
}

/* cell: already escaped. The last column has no blanks behind it. */
static int add_cell(struct follow *f, const struct safevma_column *c, bool last)
{
	bool raw = f->options->format == SAFEVMA_FORMAT_RAW;
	size_t width = width_of(c), len = f->cell.len;
	size_t blanks = raw || len >= width ? 0 : width - len;
	bool right = sv_is_number(c->type);

	if (right && pad(&f->line, blanks))
		return -1;
	if (len && sv_strbuf_add(&f->line, f->cell.ptr, len))
		return -1;
	if (!right && !last && pad(&f->line, blanks))
		return -1;
	return sv_strbuf_add(&f->line, last ? "\n" : " ", 1);
}

static size_t last_shown(const struct safevma_table *t)
{
	size_t last = 0;

	for (size_t i = 0; i < t->row_count; i++)
		if (t->row_columns[i].pub.shown)
			last = i;
	return last;
}

/* The headings, where c is NULL. */
static int make_line(struct follow *f, safevma_cursor *c)
{
	size_t last = last_shown(f->table);

	for (size_t i = 0; i <= last; i++) {
		const struct safevma_column *col = &f->table->row_columns[i].pub;
		struct safevma_value v;

		if (!col->shown)
			continue;
		f->cell.len = 0;
		if (!c) {
			if (sv_strbuf_printf(&f->cell, "%s", col->name))
				return -1;
		} else {
			v = safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, i);
			if (sv_value_format(&v, f->options, &f->cell))
				return -1;
		}
		if (add_cell(f, col, i == last))
			return -1;
	}
	return 0;
}

static int write_rows(
	struct follow *f, safevma_cursor *c, size_t *from, FILE *out, struct safevma_error *err)
{
	if (!*from && !f->options->no_headings && make_line(f, NULL))
		return sv_error_nomem(err);
	while (safevma_cursor_next_row(c)) {
		if (make_line(f, c) || c->failed)
			return sv_error_nomem(err);
		++*from;
	}
	if (f->line.len && fwrite(f->line.ptr, 1, f->line.len, out) != f->line.len)
		return sv_error_sys(err, errno, NULL, "write the report");
	return fflush(out) ? sv_error_sys(err, errno, NULL, "write the report") : 0;
}

static bool some(const safevma_cursor *cursor)
{
	safevma_cursor copy = *cursor;

	return copy.table->next_row(&copy);
}

int safevma_report_follow(const safevma_observation *obs, const safevma_table *table,
	const struct safevma_report_options *options, size_t *from, FILE *out,
	struct safevma_error *err)
{
	struct follow f = { .table = table, .options = options };
	struct sv_plan plan = { .obs = obs, .table = table, .options = options };
	safevma_cursor *c;
	int rc;

	if (options->format == SAFEVMA_FORMAT_NDJSON) {
		rc = sv_render_lines(&plan, from, out, err);
		return rc || !fflush(out) ? rc : sv_error_sys(err, errno, NULL, "write the report");
	}
	if (safevma_cursor_new(obs, table, false, &c, err))
		return -1;
	c->cells = options;
	c->next_index = *from;
	rc = some(c) ? write_rows(&f, c, from, out, err) : 0;
	safevma_cursor_free(c);
	sv_strbuf_fini(&f.line);
	sv_strbuf_fini(&f.cell);
	return rc;
}
