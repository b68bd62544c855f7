// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JSON and NDJSON. Rows stream: one cJSON object each, printed and freed. Whole numbers are written
 * as they are, not through a double.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "escape.h"
#include "render.h"
#include "rows.h"

struct json {
	const struct sv_plan *plan;
	const struct safevma_table *table;
	FILE *out;
	bool lines; /* NDJSON */
	bool some;  /* a row was written into the open array */
};

static void delete (cJSON **o)
{
	cJSON_Delete(*o);
}
#define auto_json sv_cleanup(delete) cJSON

static int add_path(cJSON *o, const char *path, cJSON *item);

/* ---- values ---------------------------------------------------------------------------------- */

static cJSON *whole_number(uint64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return cJSON_CreateRaw(text);
}

static cJSON *signed_number(int64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, v);
	return cJSON_CreateRaw(text);
}

static cJSON *string_item(const char *ptr, size_t len)
{
	sv_auto_strbuf struct sv_strbuf clean = { 0 };

	if (sv_escape(ptr, len, SV_ESCAPE_UTF8, &clean))
		return NULL;
	return cJSON_CreateString(clean.ptr ? clean.ptr : "");
}

static cJSON *words_item(const char *ptr, size_t len)
{
	struct sv_span rest = { ptr, len }, word;
	cJSON *list = cJSON_CreateArray();

	while (list && rest.len) {
		cJSON *item = NULL;

		sv_skip_blanks(&rest);
		if (!sv_take_word(&rest, &word))
			break;
		item = string_item(word.ptr, word.len);
		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

/* "1:3 2:5" as objects of two counts, called by the words of members. */
static cJSON *pairs_item(const char *ptr, size_t len, const char *members)
{
	struct sv_span rest = { ptr, len }, word;
	const char *second = strchr(members, ' ');
	cJSON *list = cJSON_CreateArray();
	char first[24];

	snprintf(first, sizeof(first), "%.*s", (int)(second - members), members);
	for (sv_skip_blanks(&rest); list && sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		cJSON *pair = cJSON_CreateObject();
		uint64_t a = 0, b = 0;
		bool good =
			sv_take_dec(&word, &a) && sv_take_lit(&word, ":") && sv_take_dec(&word, &b);

		if (!pair || !good || !cJSON_AddItemToArray(list, pair)) {
			cJSON_Delete(pair);
			cJSON_Delete(list);
			return NULL;
		}
		if (add_path(pair, first, whole_number(a)) ||
			add_path(pair, second + 1, whole_number(b))) {
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

static cJSON *real_item(double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", v);
	return cJSON_CreateRaw(text);
}

static cJSON *hex_item(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	return cJSON_CreateString(text);
}

static cJSON *item_of(const struct safevma_value *v, const char *members)
{
	switch (v->type) {
	case SAFEVMA_TYPE_UNKNOWN:
		return cJSON_CreateNull();
	case SAFEVMA_TYPE_U64:
	case SAFEVMA_TYPE_BYTES:
		return whole_number(v->u64);
	case SAFEVMA_TYPE_I64:
		return signed_number(v->i64);
	case SAFEVMA_TYPE_HEX:
		return hex_item(v->u64);
	case SAFEVMA_TYPE_BOOL:
		return cJSON_CreateBool(v->boolean);
	case SAFEVMA_TYPE_REAL:
		return real_item(v->real);
	case SAFEVMA_TYPE_PAIRS:
		return pairs_item(v->string.ptr, v->string.len, members);
	case SAFEVMA_TYPE_STRING:
		return string_item(v->string.ptr, v->string.len);
	case SAFEVMA_TYPE_WORDS:
		return words_item(v->string.ptr, v->string.len);
	}
	return NULL;
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

static cJSON *object_of(const struct json *j, safevma_cursor *c, enum safevma_level level)
{
	size_t n = safevma_table_columns_count(j->table, level);
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; o && i < n; i++) {
		const struct safevma_column *col = safevma_table_column(j->table, level, i);
		struct safevma_value v;

		if (!col->json)
			continue;
		v = safevma_cursor_value(c, level, i);
		if (add_path(o, col->json, item_of(&v, col->members))) {
			cJSON_Delete(o);
			return NULL;
		}
	}
	return o;
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

/* ---- writing --------------------------------------------------------------------------------- */

static int failed_write(struct safevma_error *err)
{
	return sv_error_sys(err, errno, NULL, "write the report");
}

/* The object without its closing brace: more members follow. */
static int put_open(struct json *j, const cJSON *o, struct safevma_error *err)
{
	sv_auto_free char *text = cJSON_PrintUnformatted(o);
	size_t n = text ? strlen(text) : 0;

	if (!n)
		return sv_error_nomem(err);
	return fwrite(text, 1, n - 1, j->out) == n - 1 ? 0 : failed_write(err);
}

static int put(struct json *j, const cJSON *o, struct safevma_error *err)
{
	return put_open(j, o, err) ? -1 : fputc('}', j->out) == EOF ? failed_write(err) : 0;
}

static int put_row(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct json *j = arg;
	auto_json *o = object_of(j, c, SAFEVMA_LEVEL_ROW);

	if (!o)
		return sv_error_nomem(err);
	if (fputs(j->some ? ",\n" : "\n", j->out) == EOF)
		return failed_write(err);
	j->some = true;
	return put(j, o, err);
}

static int put_rows(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	j->some = false;
	if (fprintf(j->out, ",\"%s\":[", j->table->row_member) < 0)
		return failed_write(err);
	if (sv_rows_each(j->plan, c, put_row, j, err))
		return -1;
	return fputs(j->some ? "\n]" : "]", j->out) == EOF ? failed_write(err) : 0;
}

static int put_group(struct json *j, safevma_cursor *c, bool first, struct safevma_error *err)
{
	auto_json *o = object_of(j, c, SAFEVMA_LEVEL_GROUP);

	if (!o)
		return sv_error_nomem(err);
	if (fputs(first ? "\n" : ",\n", j->out) == EOF || put_open(j, o, err))
		return failed_write(err);
	if (put_rows(j, c, err))
		return -1;
	return fputc('}', j->out) == EOF ? failed_write(err) : 0;
}

static int put_groups(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	bool first = true;

	if (fprintf(j->out, ",\"%s\":[", j->table->group_member) < 0)
		return failed_write(err);
	for (; safevma_cursor_next_group(c); first = false)
		if (put_group(j, c, first, err))
			return -1;
	return fputs(first ? "]" : "\n]", j->out) == EOF ? failed_write(err) : 0;
}

/* ---- NDJSON: a head line, a line for each group and row, each with what it is -----------------
 */

static int put_line(struct json *j, cJSON *o, const char *what, struct safevma_error *err)
{
	if (!o || add_text(o, "record", what))
		return sv_error_nomem(err);
	if (put(j, o, err))
		return -1;
	return fputc('\n', j->out) == EOF ? failed_write(err) : 0;
}

/* Rows of a group say which process they are of. */
static int line_row(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct json *j = arg;
	auto_json *o = object_of(j, c, SAFEVMA_LEVEL_ROW);

	if (o && j->table->group_member) {
		struct safevma_value pid = sv_get_pid(c);

		if (add_path(o, "pid", item_of(&pid, NULL)))
			return sv_error_nomem(err);
	}
	return put_line(j, o, j->table->row_member, err);
}

static int lines_groups(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	while (safevma_cursor_next_group(c)) {
		auto_json *o = object_of(j, c, SAFEVMA_LEVEL_GROUP);

		if (put_line(j, o, j->table->group_member, err) ||
			sv_rows_each(j->plan, c, line_row, j, err))
			return -1;
	}
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* A table of one row is an object under its name. */
static int put_object(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	auto_json *o = NULL;

	if (j->lines)
		return sv_rows_each(j->plan, c, line_row, j, err);
	if (!safevma_cursor_next_row(c))
		return 0;
	o = object_of(j, c, SAFEVMA_LEVEL_ROW);
	if (!o)
		return sv_error_nomem(err);
	if (fprintf(j->out, ",\n\"%s\":", j->table->row_member) < 0)
		return failed_write(err);
	return put(j, o, err);
}

static int put_body(struct json *j, safevma_cursor *c, struct safevma_error *err)
{
	if (j->table->upright)
		return put_object(j, c, err);
	if (j->table->next_group)
		return j->lines ? lines_groups(j, c, err) : put_groups(j, c, err);
	return j->lines ? sv_rows_each(j->plan, c, line_row, j, err) : put_rows(j, c, err);
}

static int put_table(struct json *j, struct safevma_error *err)
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

int sv_render_json(const struct sv_plan *plan, FILE *out, struct safevma_error *err)
{
	struct json j = { .plan = plan,
		.table = plan->table,
		.out = out,
		.lines = plan->options->format == SAFEVMA_FORMAT_NDJSON };
	auto_json *head = head_of(plan);

	if (!head)
		return sv_error_nomem(err);
	if (j.lines)
		return put_line(&j, head, "head", err) || put_tables(&j, err) ? -1 : 0;
	if (put_open(&j, head, err) || put_tables(&j, err))
		return -1;
	return fputs("}\n", out) == EOF ? failed_write(err) : 0;
}
