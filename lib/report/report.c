// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/parse.h"
#include "render.h"

/* ---- columns --------------------------------------------------------------------------------- */

static bool same_name(struct sv_span a, const char *b)
{
	return a.len == strlen(b) && !strncasecmp(a.ptr, b, a.len);
}

static size_t find_column(const struct safevma_table *t, struct sv_span name)
{
	size_t i = 0;

	while (i < t->row_count && !same_name(name, t->row_columns[i].pub.name))
		i++;
	return i;
}

static int no_column(const struct safevma_table *t, struct sv_span name, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf list = { 0 };

	for (size_t i = 0; i < t->row_count; i++)
		if (sv_strbuf_printf(&list, "%s%s", i ? "," : "", t->row_columns[i].pub.name))
			return sv_error_nomem(err);
	return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
		"'%s' has no column '%.*s'; it has %s", t->name, (int)name.len, name.ptr, list.ptr);
}

static void default_columns(const struct sv_column *columns, size_t count, struct sv_columns *ret)
{
	for (size_t i = 0; i < count; i++)
		if (columns[i].pub.shown)
			ret->index[ret->count++] = i;
}

static int chosen_columns(const struct safevma_table *t, const char *list, struct sv_columns *ret,
	struct safevma_error *err)
{
	struct sv_span rest = sv_span_of(list), name;
	bool last = false;

	if (sv_take_lit(&rest, "+"))
		default_columns(t->row_columns, t->row_count, ret);
	while (!last) {
		size_t i;

		last = !sv_take_until(&rest, ',', &name);
		name = last ? rest : name;
		i = find_column(t, name);
		if (i == t->row_count)
			return no_column(t, name, err);
		if (ret->count == sv_array_size(ret->index))
			return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0, "too many columns");
		ret->index[ret->count++] = i;
	}
	return 0;
}

static int make_plan(const safevma_observation *obs, const struct safevma_table *table,
	const struct safevma_report_options *options, struct sv_plan *ret,
	struct safevma_error *err)
{
	struct sv_span sort = { 0 };

	*ret = (struct sv_plan) { .obs = obs, .table = table, .options = options };
	if (options->columns) {
		if (chosen_columns(table, options->columns, &ret->row, err))
			return -1;
	} else {
		default_columns(table->row_columns, table->row_count, &ret->row);
	}
	if (table->group_columns)
		default_columns(table->group_columns, table->group_count, &ret->group);
	if (!options->sort)
		return 0;
	sort = sv_span_of(options->sort);
	ret->sorted = true;
	ret->reverse = sv_take_lit(&sort, "-");
	ret->sort_column = find_column(table, sort);
	return ret->sort_column == table->row_count ? no_column(table, sort, err) : 0;
}

int safevma_report_check(const safevma_table *table, const struct safevma_report_options *options,
	struct safevma_error *err)
{
	struct sv_plan plan;

	return make_plan(NULL, table, options, &plan, err);
}

static int finish(FILE *out, struct safevma_error *err)
{
	if (fflush(out) || ferror(out))
		return sv_error_sys(err, errno, NULL, "write the report");
	return 0;
}

int safevma_report_write(const safevma_observation *obs, const safevma_table *table,
	const struct safevma_report_options *options, FILE *out, struct safevma_error *err)
{
	bool json =
		options->format == SAFEVMA_FORMAT_JSON || options->format == SAFEVMA_FORMAT_NDJSON;
	struct sv_plan plan;
	int rc;

	if (make_plan(obs, table, options, &plan, err))
		return -1;
	rc = json ? sv_render_json(&plan, out, err) : sv_render_text(&plan, out, err);
	return rc ? -1 : finish(out, err);
}
