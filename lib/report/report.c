// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/parse.h"
#include "escape.h"
#include "render.h"

/* ---- values ---------------------------------------------------------------------------------- */

static int format_bytes(uint64_t v, struct sv_strbuf *ret)
{
	static const char units[] = "BKMGTPE";
	double d = (double)v;
	size_t u = 0;

	while (d >= 1024 && u < sizeof(units) - 2) {
		d /= 1024;
		u++;
	}
	if (u == 0 || d >= 100 || d == (double)(uint64_t)d)
		return sv_strbuf_printf(ret, "%.0f%c", d, units[u]);
	return sv_strbuf_printf(ret, "%.1f%c", d, units[u]);
}

static enum sv_escape escape_for(bool raw)
{
	if (raw)
		return SV_ESCAPE_RAW;
	return strcmp(nl_langinfo(CODESET), "UTF-8") ? SV_ESCAPE_ASCII : SV_ESCAPE_TERMINAL;
}

int sv_value_format(const struct safevma_value *v, const struct safevma_report_options *options,
	struct sv_strbuf *ret)
{
	bool raw = options->format == SAFEVMA_FORMAT_RAW;

	switch (v->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return sv_strbuf_add(ret, "-", 1);
	case SAFEVMA_TYPE_U64:
		return sv_strbuf_printf(ret, "%" PRIu64, v->u64);
	case SAFEVMA_TYPE_I64:
		return sv_strbuf_printf(ret, "%" PRId64, v->i64);
	case SAFEVMA_TYPE_HEX:
		return sv_strbuf_printf(ret, "0x%" PRIx64, v->u64);
	case SAFEVMA_TYPE_BYTES:
		return options->bytes || raw ? sv_strbuf_printf(ret, "%" PRIu64, v->u64)
					     : format_bytes(v->u64, ret);
	case SAFEVMA_TYPE_BOOL:
		return sv_strbuf_printf(ret, "%s", v->boolean ? "yes" : "no");
	case SAFEVMA_TYPE_STRING:
	case SAFEVMA_TYPE_WORDS:
		return sv_escape(v->string.ptr, v->string.len, escape_for(raw), ret);
	}
	return -1;
}

static int compare_strings(const struct safevma_value *a, const struct safevma_value *b)
{
	size_t n = a->string.len < b->string.len ? a->string.len : b->string.len;
	int c = n ? memcmp(a->string.ptr, b->string.ptr, n) : 0;

	return c ? c : (a->string.len > b->string.len) - (a->string.len < b->string.len);
}

int sv_value_compare(const struct safevma_value *a, const struct safevma_value *b)
{
	if (a->type != b->type)
		return (a->type > b->type) - (a->type < b->type);
	switch (a->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return 0;
	case SAFEVMA_TYPE_I64:
		return (a->i64 > b->i64) - (a->i64 < b->i64);
	case SAFEVMA_TYPE_BOOL:
		return (int)a->boolean - (int)b->boolean;
	case SAFEVMA_TYPE_STRING:
	case SAFEVMA_TYPE_WORDS:
		return compare_strings(a, b);
	case SAFEVMA_TYPE_U64:
	case SAFEVMA_TYPE_BYTES:
	case SAFEVMA_TYPE_HEX:
		return (a->u64 > b->u64) - (a->u64 < b->u64);
	}
	return 0;
}

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
