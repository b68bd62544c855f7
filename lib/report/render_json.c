// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JSON and NDJSON. Rows stream: cJSON writes the shape of each table's objects once, json_row.c the
 * values of each. Whole numbers are written as they are, not through a double.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "escape.h"
#include "json_row.h"
#include "render.h"
#include "rows.h"

struct json {
	const struct sv_plan *plan;
	const struct safevma_table *table;
	FILE *out;
	struct sv_strbuf *text;	    /* on its way out */
	struct sv_shape group, row; /* of the table */
	bool lines;		    /* NDJSON */
	bool some;		    /* a row was written into the open array */
};

enum { FLUSH_AT = 1 << 16 };

static void delete (cJSON **o)
{
	cJSON_Delete(*o);
}
#define auto_json sv_cleanup(delete) cJSON

/* ---- values ---------------------------------------------------------------------------------- */

static cJSON *whole_number(uint64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return cJSON_CreateRaw(text);
}

static cJSON *string_item(const char *ptr, size_t len)
{
	sv_auto_strbuf struct sv_strbuf clean = { 0 };

	if (sv_escape(ptr, len, SV_ESCAPE_UTF8, &clean))
		return NULL;
	return cJSON_CreateString(clean.ptr ? clean.ptr : "");
}

static cJSON *hex_item(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	return cJSON_CreateString(text);
}

/* Adds item as "a.b.c", making the objects on the way. Owns item, also on failure. */
static int add_path(cJSON *o, const char *path, cJSON *item)
{
	const char *dot;
	char name[48];

	for (; (dot = strchr(path, '.')); path = dot + 1) {
		cJSON *inner;

		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		inner = cJSON_GetObjectItemCaseSensitive(o, name);
		o = inner ? inner : cJSON_AddObjectToObject(o, name);
		if (!o)
			break;
	}
	if (o && item && cJSON_AddItemToObject(o, path, item))
		return 0;
	cJSON_Delete(item);
	return -1;
}

/* ---- the common head ------------------------------------------------------------------------- */

static int add_text(cJSON *o, const char *name, const char *value)
{
	return add_path(
		o, name, value && *value ? string_item(value, strlen(value)) : cJSON_CreateNull());
}

static int add_num(cJSON *o, const char *name, struct sv_num n)
{
	return add_path(o, name, n.known ? whole_number(n.value) : cJSON_CreateNull());
}

static int add_time(cJSON *o, const char *prefix, const struct sv_times *t)
{
	time_t seconds = (time_t)(t->realtime_ns / 1000000000);
	char text[64], name[48];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRIu64 "Z",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		t->realtime_ns % 1000000000 / 1000);
	snprintf(name, sizeof(name), "observed.%s_utc", prefix);
	if (add_text(o, name, text))
		return -1;
	snprintf(name, sizeof(name), "observed.%s_boottime_ns", prefix);
	return add_num(o, name, sv_known(t->boottime_ns));
}

static int add_host(cJSON *o, const safevma_observation *obs)
{
	const struct sv_host *h = &obs->host;

	return add_text(o, "host.release", h->release) || add_text(o, "host.machine", h->machine) ||
			       add_num(o, "host.page_size", sv_known(h->page_size)) ||
			       add_text(o, "host.boot_id", h->boot_id) ||
			       add_text(o, "host.hypervisor",
				       h->hypervisor_known ? h->hypervisor : NULL) ||
			       add_num(o, "host.observer.euid", obs->euid) ||
			       add_path(o, "host.observer.capabilities",
				       obs->capabilities.known ? hex_item(obs->capabilities.value)
							       : cJSON_CreateNull())
		       ? -1
		       : 0;
}

static int add_cost(cJSON *o, const struct sv_observed_cost *k)
{
	struct sv_num ms = k->cpu_us;

	ms.value /= 1000;
	return add_num(o, "cost.cpu_ms", ms) || add_num(o, "cost.bytes_read", k->bytes_read) ||
			       add_num(o, "cost.lock_reads", k->lock_reads) ||
			       add_num(o, "cost.longest_read_us", k->longest_read_us) ||
			       add_num(o, "cost.max_rss_kb", k->max_rss_kb)
		       ? -1
		       : 0;
}

static int add_coverage(cJSON *o, const struct sv_plan *plan)
{
	struct sv_coverage c = { 0 };

	if (plan->table->coverage)
		plan->table->coverage(plan->obs, &c);
	return add_num(o, "coverage.examined", sv_known(c.examined)) ||
			       add_num(o, "coverage.total", sv_known(c.total)) ||
			       add_num(o, "coverage.unreadable", sv_known(c.unreadable)) ||
			       add_num(o, "coverage.changed", sv_known(c.changed)) ||
			       add_path(o, "complete",
				       cJSON_CreateBool(safevma_observation_complete(
					       plan->obs, plan->table)))
		       ? -1
		       : 0;
}

static const char *code_name(enum safevma_code code)
{
	static const char *const names[] = {
		[SAFEVMA_OK] = "ok",
		[SAFEVMA_E_NOMEM] = "no-memory",
		[SAFEVMA_E_SYSTEM] = "system",
		[SAFEVMA_E_FORMAT] = "format",
		[SAFEVMA_E_NOT_RECORDED] = "not-recorded",
		[SAFEVMA_E_RECORDING] = "recording-damaged",
		[SAFEVMA_E_VANISHED] = "vanished",
		[SAFEVMA_E_CHANGED] = "changed",
		[SAFEVMA_E_USAGE] = "usage",
		[SAFEVMA_E_OPENER] = "opener-lost",
		[SAFEVMA_E_UNSUPPORTED] = "unsupported",
	};

	return names[code];
}

static cJSON *costs_item(const char *costs)
{
	cJSON *list = cJSON_CreateArray();

	if (list && costs && !cJSON_AddItemToArray(list, cJSON_CreateString(costs))) {
		cJSON_Delete(list);
		return NULL;
	}
	return list;
}

static cJSON *gap_item(const struct sv_gap *g)
{
	cJSON *o = cJSON_CreateObject();
	int rc;

	if (!o)
		return NULL;
	rc = add_text(o, "interface", g->interface) ||
	     add_path(o, "pid", g->pid ? whole_number((uint64_t)g->pid) : cJSON_CreateNull()) ||
	     add_text(o, "errno", g->errnum ? strerrorname_np(g->errnum) : NULL) ||
	     add_text(o, "kind", code_name(g->code)) || add_text(o, "reason", g->reason) ||
	     add_path(o, "costs", costs_item(g->costs)) ||
	     add_path(o, "incomplete", cJSON_CreateBool(g->counts));
	if (!rc)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static int add_gaps(cJSON *o, const safevma_observation *obs)
{
	cJSON *list = cJSON_AddArrayToObject(o, "gaps");

	for (size_t i = 0; list && i < obs->gaps.len; i++) {
		cJSON *g = gap_item(&obs->gaps.ptr[i]);

		if (!g || !cJSON_AddItemToArray(list, g)) {
			cJSON_Delete(g);
			return -1;
		}
	}
	return list ? 0 : -1;
}

static cJSON *head_of(const struct sv_plan *plan)
{
	cJSON *o = cJSON_CreateObject();
	char schema[64];

	if (!o)
		return NULL;
	snprintf(schema, sizeof(schema), "safevma.%s/1", plan->table->name);
	if (!(add_text(o, "schema", schema) || add_text(o, "tool.name", "safevma") ||
		    add_text(o, "tool.version", SAFEVMA_VERSION) || add_host(o, plan->obs) ||
		    add_time(o, "from", &plan->obs->from) || add_time(o, "to", &plan->obs->to) ||
		    add_coverage(o, plan) || add_cost(o, &plan->obs->cost) ||
		    add_gaps(o, plan->obs)))
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Where the value of a column comes. */
static cJSON *gap_for(size_t column)
{
	char text[32];

	snprintf(text, sizeof(text), "\x01%zu\x01", column);
	return cJSON_CreateRaw(text);
}

static bool has_pid(const struct safevma_table *t)
{
	for (size_t i = 0; i < safevma_table_columns_count(t, SAFEVMA_LEVEL_ROW); i++) {
		const struct safevma_column *c = safevma_table_column(t, SAFEVMA_LEVEL_ROW, i);

		if (c->json && !strcmp(c->json, "pid"))
			return true;
	}
	return false;
}

static int add_columns(cJSON *o, const struct safevma_table *t, enum safevma_level level)
{
	for (size_t i = 0; i < safevma_table_columns_count(t, level); i++) {
		const struct safevma_column *c = safevma_table_column(t, level, i);

		if (c->json && add_path(o, c->json, gap_for(i)))
			return -1;
	}
	return 0;
}

/*
 * In NDJSON every object says what it is, and rows of a group of which process they are, unless
 * they say so anyway. open: the closing brace is left out, as more members follow.
 */
static int make_shape(const struct json *j, enum safevma_level level, bool open,
	struct sv_shape *ret, struct safevma_error *err)
{
	const struct safevma_table *t = j->table;
	bool row = level == SAFEVMA_LEVEL_ROW;
	auto_json *o = cJSON_CreateObject();
	sv_auto_free char *text = NULL;

	if (!o || add_columns(o, t, level))
		return sv_error_nomem(err);
	if (j->lines && ((row && t->group_member && !has_pid(t) &&
				 add_path(o, "pid", gap_for(SV_SHAPE_PID))) ||
				add_text(o, "record", row ? t->row_member : t->group_member)))
		return sv_error_nomem(err);
	text = cJSON_PrintUnformatted(o);
	if (!text)
		return sv_error_nomem(err);
	if (open)
		text[strlen(text) - 1] = 0;
	ret->level = level;
	return sv_shape_parse(ret, text) ? sv_error_nomem(err) : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int flush(struct json *j, struct safevma_error *err)
{
	size_t n = j->text->len;

	j->text->len = 0;
	if (n && fwrite(j->text->ptr, 1, n, j->out) != n)
		return sv_error_sys(err, errno, NULL, "write the report");
	return 0;
}

static int put(struct json *j, const char *text, struct safevma_error *err)
{
	return sv_strbuf_add(j->text, text, strlen(text)) ? sv_error_nomem(err) : 0;
}

/* ,"NAME": and what follows it */
static int put_member(struct json *j, const char *before, const char *name, const char *then,
	struct safevma_error *err)
{
	return sv_strbuf_printf(j->text, "%s\"%s\":%s", before, name, then) ? sv_error_nomem(err)
									    : 0;
}

static int put_shape(
	struct json *j, const struct sv_shape *shape, safevma_cursor *c, struct safevma_error *err)
{
	if (sv_shape_write(shape, c, j->text))
		return sv_error_nomem(err);
	return j->text->len < FLUSH_AT ? 0 : flush(j, err);
}

static int put_row(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct json *j = arg;

	if (put(j, j->some ? ",\n" : "\n", err))
		return -1;
	j->some = true;
	return put_shape(j, &j->row, c, err);
}

static int put_rows(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	j->some = false;
	if (put_member(j, ",", j->table->row_member, "[", err) ||
		sv_rows_each(j->plan, c, put_row, j, err))
		return -1;
	return put(j, j->some ? "\n]" : "]", err);
}

static int put_groups(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	bool first = true;

	if (put_member(j, ",", j->table->group_member, "[", err))
		return -1;
	for (; safevma_cursor_next_group(c); first = false)
		if (put(j, first ? "\n" : ",\n", err) || put_shape(j, &j->group, c, err) ||
			put_rows(j, c, err) || put(j, "}", err))
			return -1;
	return put(j, first ? "]" : "\n]", err);
}

/* ---- NDJSON: a head line, a line for each group and row, each with what it is -----------------
 */

static int line_row(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct json *j = arg;

	return put_shape(j, &j->row, c, err) || put(j, "\n", err) ? -1 : 0;
}

static int lines_groups(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	while (safevma_cursor_next_group(c))
		if (put_shape(j, &j->group, c, err) || put(j, "\n", err) ||
			sv_rows_each(j->plan, c, line_row, j, err))
			return -1;
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* A table of one row is an object under its name. */
static int put_object(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	if (j->lines)
		return sv_rows_each(j->plan, c, line_row, j, err);
	if (!safevma_cursor_next_row(c))
		return 0;
	return put_member(j, ",\n", j->table->row_member, "", err) || put_shape(j, &j->row, c, err)
		       ? -1
		       : 0;
}

static int put_body(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	if (j->table->upright)
		return put_object(j, c, err);
	if (j->table->next_group)
		return j->lines ? lines_groups(j, c, err) : put_groups(j, c, err);
	return j->lines ? sv_rows_each(j->plan, c, line_row, j, err) : put_rows(j, c, err);
}

static int with_cursor(struct json *j, struct safevma_error *err)
{
	safevma_cursor *c;
	int rc;

	if (safevma_cursor_new(j->plan->obs, j->table, j->plan->options->each, &c, err))
		return -1;
	rc = put_body(j, c, err);
	if (!rc && c->failed)
		rc = sv_error_nomem(err);
	safevma_cursor_free(c);
	return rc;
}

static int put_table(struct json *j, struct safevma_error *err)
{
	int rc = 0;

	j->group = j->row = (struct sv_shape) { 0 };
	if (j->table->next_group)
		rc = make_shape(j, SAFEVMA_LEVEL_GROUP, !j->lines, &j->group, err);
	if (!rc)
		rc = make_shape(j, SAFEVMA_LEVEL_ROW, false, &j->row, err);
	if (!rc)
		rc = with_cursor(j, err);
	sv_shape_fini(&j->group);
	sv_shape_fini(&j->row);
	return rc;
}

static int put_tables(const struct json *first, struct safevma_error *err)
{
	struct sv_plan plain = *first->plan;
	struct json j = *first;

	for (j.table = first->table->before; j.table; j.table = j.table->also)
		if (put_table(&j, err))
			return -1;
	j.table = first->table;
	if (put_table(&j, err))
		return -1;
	plain.sorted = false; /* the order asked for is of the first table's columns */
	j.plan = &plain;
	for (j.table = j.table->also; j.table; j.table = j.table->also)
		if (j.table->wanted(plain.obs) && put_table(&j, err))
			return -1;
	return 0;
}

/* In NDJSON a line, else without its closing brace: the tables follow. */
static int put_head(struct json *j, struct safevma_error *err)
{
	auto_json *head = head_of(j->plan);
	sv_auto_free char *text = NULL;

	if (!head || (j->lines && add_text(head, "record", "head")))
		return sv_error_nomem(err);
	text = cJSON_PrintUnformatted(head);
	if (!text)
		return sv_error_nomem(err);
	if (!j->lines)
		text[strlen(text) - 1] = 0;
	return put(j, text, err) || (j->lines && put(j, "\n", err)) ? -1 : 0;
}

int sv_render_json(const struct sv_plan *plan, FILE *out, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct json j = { .plan = plan,
		.table = plan->table,
		.out = out,
		.text = &text,
		.lines = plan->options->format == SAFEVMA_FORMAT_NDJSON };

	if (put_head(&j, err) || put_tables(&j, err) || (!j.lines && put(&j, "}\n", err)))
		return -1;
	return flush(&j, err);
}

int sv_render_lines(const struct sv_plan *plan, size_t *from, FILE *out, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct json j = {
		.plan = plan, .table = plan->table, .out = out, .text = &text, .lines = true
	};
	safevma_cursor *c;
	int rc;

	if (safevma_cursor_new(plan->obs, plan->table, false, &c, err))
		return -1;
	c->next_index = *from;
	rc = make_shape(&j, SAFEVMA_LEVEL_ROW, false, &j.row, err);
	for (; !rc && safevma_cursor_next_row(c); ++*from)
		rc = line_row(c, &j, err);
	if (!rc)
		rc = c->failed ? sv_error_nomem(err) : flush(&j, err);
	sv_shape_fini(&j.row);
	safevma_cursor_free(c);
	return rc;
}
