// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Text: tables laid out by libsmartcols, or where they are long by layout.c in the same way, which
 * takes a small part of the time and memory; a heading line for each group.
 */
#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <string.h>

#include "base/error.h"
#include "layout.h"
#include "render.h"
#include "rows.h"

struct text {
	const struct sv_plan *plan;
	struct libscols_table *table;
	FILE *out;
	size_t lines;
	bool some;	       /* a row was printed */
	bool begun;	       /* a piece of this table was printed */
	struct sv_strbuf cell; /* being made */
	struct sv_layout layout;
};

enum {
	LINES_AT_ONCE = 10000,	 /* columns of a table up to this long have one width */
	LINES_OF_LIBRARY = 1000, /* a table up to this long is laid out by the library */
};

static void unref(struct libscols_table **t)
{
	scols_unref_table(*t);
}

/* Nothing is cut: a long path goes on in the next line of the screen, as with pmap. */
static int add_columns(struct text *t)
{
	const struct sv_plan *p = t->plan;

	for (size_t i = 0; i < p->row.count; i++) {
		const struct safevma_column *c = &p->table->row_columns[p->row.index[i]].pub;
		int flags = sv_is_number(c->type) ? SCOLS_FL_RIGHT : 0;

		if (!scols_table_new_column(t->table, c->name, 0, flags))
			return -1;
	}
	return 0;
}

static struct libscols_table *new_table(struct text *t, bool headings)
{
	const struct safevma_report_options *o = t->plan->options;
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	t->table = table;
	scols_table_set_stream(table, t->out);
	scols_table_enable_colors(table, o->color);
	scols_table_enable_noencoding(table, 1); /* cells come escaped */
	scols_table_enable_noheadings(table, o->no_headings || !headings);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	return table;
}

static int failed_write(struct safevma_error *err)
{
	return sv_error_sys(err, errno, NULL, "write the table");
}

static int print_piece(struct text *t, struct safevma_error *err)
{
	if (t->lines && scols_print_table(t->table))
		return failed_write(err);
	return 0;
}

static int print_layout(struct text *t, struct safevma_error *err)
{
	t->begun = true;
	if (sv_layout_print(&t->layout, t->out))
		return sv_error_nomem(err);
	return ferror(t->out) ? failed_write(err) : 0;
}

#define YELLOW	"\033[33m"
#define MAGENTA "\033[35m"

/* Unknown, or worth a look; never by colour alone, the cell says it too. */
static const char *cell_color(const struct safevma_column *c, const struct safevma_value *v)
{
	bool some = false;

	switch (v->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return MAGENTA;
	case SAFEVMA_TYPE_U64:
	case SAFEVMA_TYPE_BYTES:
	case SAFEVMA_TYPE_HEX:
		some = v->u64 != 0;
		break;
	case SAFEVMA_TYPE_I64:
		some = v->i64 != 0;
		break;
	case SAFEVMA_TYPE_BOOL:
		some = v->boolean;
		break;
	case SAFEVMA_TYPE_REAL:
		some = v->real != 0;
		break;
	case SAFEVMA_TYPE_STRING:
	case SAFEVMA_TYPE_WORDS:
	case SAFEVMA_TYPE_PAIRS:
		some = v->string.len != 0;
		break;
	}
	return c->alarm && some ? YELLOW : NULL;
}

/* The cell of a column as text, in t->cell, and its colour. */
static int make_cell(struct text *t, safevma_cursor *c, size_t column, const char **color,
	struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;
	struct safevma_value v = safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, column);

	t->cell.len = 0;
	if (sv_value_format(&v, p->options, &t->cell) || sv_strbuf_add(&t->cell, "", 0))
		return sv_error_nomem(err);
	*color = p->options->color ? cell_color(&p->table->row_columns[column].pub, &v) : NULL;
	return 0;
}

static int add_line(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct text *t = arg;
	const struct sv_plan *p = t->plan;
	const char *color;

	t->some = true;
	if (sv_layout_lines(&t->layout) >= LINES_AT_ONCE && print_layout(t, err))
		return -1;
	for (size_t i = 0; i < p->row.count; i++) {
		if (make_cell(t, c, p->row.index[i], &color, err))
			return -1;
		if (sv_layout_cell(&t->layout, t->cell.ptr, t->cell.len, color))
			return sv_error_nomem(err);
	}
	return 0;
}

/* The headings are a line of their own. */
static int begin_layout(struct text *t, struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;
	struct sv_layout *l = &t->layout;

	t->begun = false;
	l->columns = p->row.count;
	for (size_t i = 0; i < l->columns; i++) {
		const struct safevma_column *c = &p->table->row_columns[p->row.index[i]].pub;

		l->width[i] =
			strlen(c->name); /* also where it is not shown, as the library has it */
		l->right[i] = sv_is_number(c->type);
		if (!p->options->no_headings && sv_layout_cell(l, c->name, strlen(c->name), NULL))
			return sv_error_nomem(err);
	}
	return 0;
}

static int to_library(
	struct libscols_table *table, const struct sv_cell *cells, size_t n, const char **text)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (size_t i = 0; i < n; i++) {
		if (!line || scols_line_set_data(line, i, *text) ||
			(cells[i].color &&
				scols_cell_set_color(scols_line_get_cell(line, i), cells[i].color)))
			return -1;
		*text += cells[i].len + 1;
	}
	return 0;
}

static int print_by_library(struct text *t, struct safevma_error *err)
{
	sv_cleanup(unref) struct libscols_table *table = new_table(t, true);
	const struct sv_layout *l = &t->layout;
	const char *text = l->text.ptr;
	size_t first = t->plan->options->no_headings ? 0 : l->columns;

	if (!table || add_columns(t))
		return sv_error_nomem(err);
	for (size_t i = 0; i < first; i++)
		text += l->cells.ptr[i].len + 1;
	for (size_t i = first; i < l->cells.len; i += l->columns, t->lines++)
		if (to_library(table, &l->cells.ptr[i], l->columns, &text))
			return sv_error_nomem(err);
	t->layout.text.len = t->layout.cells.len = 0;
	return print_piece(t, err);
}

/* "PID 42  COMM cat  WHY named  RESIDENT 1.4M ..." */
static int print_group(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;

	for (size_t i = 0; i < p->group.count; i++) {
		const struct safevma_column *col = &p->table->group_columns[p->group.index[i]].pub;
		struct safevma_value v =
			safevma_cursor_value(c, SAFEVMA_LEVEL_GROUP, p->group.index[i]);
		sv_auto_strbuf struct sv_strbuf cell = { 0 };

		if (sv_value_format(&v, p->options, &cell))
			return sv_error_nomem(err);
		if (fprintf(t->out, "%s%s %s", i ? "  " : "", col->name, cell.ptr ? cell.ptr : "") <
			0)
			return sv_error_sys(err, errno, NULL, "write the report");
	}
	return fputc('\n', t->out) == EOF ? sv_error_sys(err, errno, NULL, "write the report") : 0;
}

/* For scripts: no alignment, one blank between cells. */
static int raw_line(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct text *t = arg;
	const struct sv_plan *p = t->plan;

	t->cell.len = 0;
	for (size_t i = 0; i < p->row.count; i++) {
		struct safevma_value v =
			safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, p->row.index[i]);

		if ((i && sv_strbuf_add(&t->cell, " ", 1)) ||
			sv_value_format(&v, p->options, &t->cell))
			return sv_error_nomem(err);
	}
	if (sv_strbuf_add(&t->cell, "\n", 1))
		return sv_error_nomem(err);
	return fwrite(t->cell.ptr, 1, t->cell.len, t->out) == t->cell.len ? 0 : failed_write(err);
}

/* Headings once, though each group has rows of its own. */
static int raw_rows(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;

	if (!t->lines++ && !p->options->no_headings)
		for (size_t i = 0; i < p->row.count; i++)
			fprintf(t->out, "%s%s", p->table->row_columns[p->row.index[i]].pub.name,
				i + 1 == p->row.count ? "\n" : " ");
	return sv_rows_each(p, c, raw_line, t, err);
}

/* Of scripts: a name and a value a line. */
static int raw_upright(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;
	const char *color;

	if (!safevma_cursor_next_row(c))
		return 0;
	for (size_t i = 0; i < p->row.count; i++) {
		const char *name = p->table->row_columns[p->row.index[i]].pub.name;

		if (make_cell(t, c, p->row.index[i], &color, err))
			return -1;
		if (fprintf(t->out, "%s %s\n", name, t->cell.ptr) < 0)
			return failed_write(err);
	}
	return 0;
}

enum { VALUE_WIDTH = 24 };

/* A value of many words would push the meanings off the screen: it stands behind its own. */
static int upright_cells(struct text *t, struct libscols_line *line, const char *help)
{
	sv_auto_strbuf struct sv_strbuf both = { 0 };

	if (t->cell.len <= VALUE_WIDTH)
		return scols_line_set_data(line, 1, t->cell.ptr) ||
		       scols_line_set_data(line, 2, help);
	return sv_strbuf_printf(&both, "%s: %s", help, t->cell.ptr) ||
	       scols_line_set_data(line, 1, "") || scols_line_set_data(line, 2, both.ptr);
}

static int upright_line(struct text *t, size_t column, safevma_cursor *c, struct safevma_error *err)
{
	const struct safevma_column *col = &t->plan->table->row_columns[column].pub;
	struct libscols_line *line = scols_table_new_line(t->table, NULL);
	const char *color;

	if (make_cell(t, c, column, &color, err))
		return -1;
	if (!line || scols_line_set_data(line, 0, col->name) || upright_cells(t, line, col->help) ||
		(color && scols_cell_set_color(scols_line_get_cell(line, 1), color)))
		return sv_error_nomem(err);
	return 0;
}

/* A line a column: its name, the value, what it means; above them what it is all about. */
static int print_upright(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	const struct sv_plan *p = t->plan;
	char title[32];
	const char *const names[] = { title, "VALUE", "MEANING" };
	sv_cleanup(unref) struct libscols_table *table = new_table(t, !p->options->no_headings);

	snprintf(title, sizeof(title), "%s", p->table->row_member);
	for (char *s = title; *s; s++)
		*s = *s == '_' ? '-' : (char)toupper((unsigned char)*s);
	for (size_t i = 0; i < sv_array_size(names); i++)
		if (!table ||
			!scols_table_new_column(table, names[i], 0, i == 1 ? SCOLS_FL_RIGHT : 0))
			return sv_error_nomem(err);
	if (!safevma_cursor_next_row(c))
		return 0;
	t->some = true;
	for (size_t i = 0; i < p->row.count; i++)
		if (upright_line(t, p->row.index[i], c, err))
			return -1;
	t->lines = p->row.count;
	return print_piece(t, err);
}

static int print_rows(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	sv_cleanup(unref) struct libscols_table *table = NULL;

	bool raw = t->plan->options->format == SAFEVMA_FORMAT_RAW;

	if (t->plan->table->upright)
		return raw ? raw_upright(t, c, err) : print_upright(t, c, err);
	if (raw)
		return raw_rows(t, c, err);
	if (begin_layout(t, err) || sv_rows_each(t->plan, c, add_line, t, err))
		return -1;
	return t->begun || sv_layout_lines(&t->layout) > LINES_OF_LIBRARY
		       ? print_layout(t, err)
		       : print_by_library(t, err);
}

static bool heading_lines(const struct sv_plan *p)
{
	return p->options->format == SAFEVMA_FORMAT_TEXT && !p->options->no_headings;
}

static int print_groups(struct text *t, safevma_cursor *c, struct safevma_error *err)
{
	size_t n = 0;

	for (; safevma_cursor_next_group(c); n++) {
		if (heading_lines(t->plan)) {
			if (n)
				fputc('\n', t->out);
			if (print_group(t, c, err))
				return -1;
		}
		if (print_rows(t, c, err))
			return -1;
	}
	return 0;
}

/* said: that there is nothing to show is told in its place. */
static int print_table(const struct sv_plan *plan, bool said, FILE *out, struct safevma_error *err)
{
	struct text t = { .plan = plan, .out = out };
	const struct safevma_report_options *o = plan->options;
	safevma_cursor *c;
	int rc;

	if (plan->table->draw && o->format == SAFEVMA_FORMAT_TEXT && !o->columns && !o->sort)
		return plan->table->draw(plan, out, err);
	if (safevma_cursor_new(plan->obs, plan->table, plan->options->each, &c, err))
		return -1;
	c->cells = plan->options;
	rc = plan->table->next_group ? print_groups(&t, c, err) : print_rows(&t, c, err);
	if (!rc && c->failed)
		rc = sv_error_nomem(err);
	safevma_cursor_free(c);
	sv_layout_fini(&t.layout);
	sv_strbuf_fini(&t.cell);
	if (!rc && !t.some && !plan->table->next_group && said && plan->table->none &&
		heading_lines(plan))
		rc = fprintf(out, "%s\n", plan->table->none) < 0
			     ? sv_error_sys(err, errno, NULL, "write the report")
			     : 0;
	return rc;
}

static void shown_columns(const struct sv_column *columns, size_t count, struct sv_columns *ret)
{
	for (size_t i = 0; i < count; i++)
		if (columns[i].pub.shown)
			ret->index[ret->count++] = i;
}

/* The other tables of a report have their default columns and natural order. */
static int print_other(const struct sv_plan *plan, const struct safevma_table *table, FILE *out,
	struct safevma_error *err)
{
	struct sv_plan p = { .obs = plan->obs, .table = table, .options = plan->options };

	shown_columns(table->row_columns, table->row_count, &p.row);
	if (table->group_columns)
		shown_columns(table->group_columns, table->group_count, &p.group);
	return print_table(&p, true, out, err);
}

static void apart(const struct sv_plan *plan, FILE *out)
{
	if (heading_lines(plan))
		fputc('\n', out);
}

/* Text for scripts is of one table: what stands before it would need other columns. */
static int print_before(const struct sv_plan *plan, FILE *out, struct safevma_error *err)
{
	if (plan->options->format == SAFEVMA_FORMAT_RAW)
		return 0;
	for (const struct safevma_table *t = plan->table->before; t; t = t->also) {
		if (print_other(plan, t, out, err))
			return -1;
		apart(plan, out);
	}
	return 0;
}

/* A further table that has nothing to say for its absence is left out when it is empty. */
static bool worth_it(const safevma_observation *obs, const struct safevma_table *table,
	const struct safevma_report_options *options)
{
	safevma_cursor *c;
	bool some;

	if (table->none || table->next_group || safevma_cursor_new(obs, table, false, &c, NULL))
		return true;
	c->cells = options;
	some = safevma_cursor_next_row(c);
	safevma_cursor_free(c);
	return some;
}

int sv_render_text(const struct sv_plan *plan, FILE *out, struct safevma_error *err)
{
	if (print_before(plan, out, err) || print_table(plan, plan->table->also, out, err))
		return -1;
	if (plan->table->alone && plan->options->format == SAFEVMA_FORMAT_RAW)
		return 0;
	for (const struct safevma_table *t = plan->table->also; t; t = t->also) {
		if (!t->wanted(plan->obs) || !worth_it(plan->obs, t, plan->options))
			continue;
		apart(plan, out);
		if (print_other(plan, t, out, err))
			return -1;
	}
	return 0;
}
