// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit --would-fit: of each selected process, which limit an allocation meets first. */
#include "table.h"

#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)

static bool asked(const safevma_observation *obs)
{
	return obs->pressure.made;
}

static bool next_process(safevma_cursor *c)
{
	do {
		if (!c->obs->fit_bytes || !sv_next_selected(c))
			return false;
	} while (c->process->kernel_thread);
	if (!sv_measure_fit(c->obs, c->process, &c->fit))
		return true;
	c->failed = true;
	return false;
}

/* ---- of each process ------------------------------------------------------------------------- */

static struct safevma_value get_size(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_BYTES, c->obs->fit_bytes);
}

static struct safevma_value verdict(enum sv_fit_verdict v)
{
	return sv_value_text(sv_fit_verdict_name(v));
}

static struct safevma_value get_verdict(safevma_cursor *c)
{
	return verdict(c->fit.verdict);
}

static struct safevma_value get_first(safevma_cursor *c)
{
	return sv_value_text(c->fit.first ? c->fit.first->limit : "");
}

static struct safevma_value stage(const struct sv_fit_row *r)
{
	return sv_value_text(r->touch ? "touch" : "map");
}

static struct safevma_value get_first_stage(safevma_cursor *c)
{
	return c->fit.first ? stage(c->fit.first) : sv_value_text("");
}

static struct safevma_value get_room(safevma_cursor *c)
{
	return BYTES(c->fit.room);
}

static struct safevma_value get_victim(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->fit.victim);
}

static struct safevma_value get_why(safevma_cursor *c)
{
	return sv_value_text(c->fit.first ? c->fit.first->reason : "");
}

static struct safevma_value get_first_group(safevma_cursor *c)
{
	return c->fit.first && c->fit.first->group ? sv_value_bytes_text(&c->fit.first->group->path)
						   : sv_value_text("");
}

static const struct sv_column fit_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
	SV_COL("SIZE", "size_bytes", "private anonymous memory that is asked about", BYTES, true,
		get_size),
	SV_COL("VERDICT", "verdict",
		"fits, likely (after reclaim), throttled, killed, refused or unknown", STRING, true,
		get_verdict),
	SV_COL("LIMIT", "limit", "what decides it; empty: nothing stands in the way", STRING, true,
		get_first),
	SV_COL("STAGE", "stage", "map: mmap fails; touch: the process waits, or one is killed",
		STRING, true, get_first_stage),
	SV_COL("FITS", "room_bytes", "so much fits for certain", BYTES, true, get_room),
	SV_COL("VICTIM", "victim", "who is killed; 0: the system panics", U64, true, get_victim),
	SV_COL("REASON", "reason", "in words", STRING, true, get_why),
	SV_COL("CGROUP", "cgroup", "group whose limit it is; empty: none", STRING, true,
		get_first_group),
};

const struct safevma_table sv_table_fit = {
	.name = "would-fit",
	.row_member = "would_fit",
	.row_columns = fit_columns,
	.row_count = sv_array_size(fit_columns),
	.next_row = next_process,
	.wanted = asked,
	.also = &sv_table_fit_limits,
};

/* ---- limit by limit -------------------------------------------------------------------------- */

static bool next_limit(safevma_cursor *c)
{
	while (c->next_page >= c->fit.len) {
		c->next_page = 0;
		c->fit.len = 0;
		if (!next_process(c))
			return false;
	}
	c->fit_row = &c->fit.rows[c->next_page++];
	return true;
}

static struct safevma_value get_limit(safevma_cursor *c)
{
	return sv_value_text(c->fit_row->limit);
}

static struct safevma_value get_stage(safevma_cursor *c)
{
	return stage(c->fit_row);
}

static struct safevma_value get_limited(safevma_cursor *c)
{
	return sv_value_bool_num(c->fit_row->limited);
}

static struct safevma_value get_row_room(safevma_cursor *c)
{
	return BYTES(c->fit_row->room);
}

static struct safevma_value get_most(safevma_cursor *c)
{
	return BYTES(c->fit_row->most);
}

static struct safevma_value get_row_verdict(safevma_cursor *c)
{
	return verdict(c->fit_row->verdict);
}

static struct safevma_value get_basis(safevma_cursor *c)
{
	return sv_value_text(c->fit_row->basis == SV_FIT_INFERRED ? "inferred" : "observed");
}

static struct safevma_value get_reason(safevma_cursor *c)
{
	return sv_value_text(c->fit_row->reason ? c->fit_row->reason : "");
}

static struct safevma_value get_group(safevma_cursor *c)
{
	return c->fit_row->group ? sv_value_bytes_text(&c->fit_row->group->path)
				 : sv_value_text("");
}

static const struct sv_column limit_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("LIMIT", "limit", "in the order in which the kernel meets them", STRING, true,
		get_limit),
	SV_COL("STAGE", "stage", "map or touch", STRING, true, get_stage),
	SV_COL("VERDICT", "verdict", "what it alone says", STRING, true, get_row_verdict),
	SV_COL("LIMITED", "limited", "false: it does not hold for this process", BOOL, false,
		get_limited),
	SV_COL("FITS", "room_bytes", "so much passes for certain", BYTES, true, get_row_room),
	SV_COL("FITS-MOST", "room_most_bytes", "more does not, for certain", BYTES, true, get_most),
	SV_COL("BASIS", "basis", "observed or inferred", STRING, false, get_basis),
	SV_COL("REASON", "reason", "in words", STRING, true, get_reason),
	SV_COL("CGROUP", "cgroup", "group whose limit it is; empty: none", STRING, true, get_group),
};

const struct safevma_table sv_table_fit_limits = {
	.name = "would-fit-limits",
	.row_member = "would_fit_limits",
	.row_columns = limit_columns,
	.row_count = sv_array_size(limit_columns),
	.next_row = next_limit,
	.wanted = asked,
};
