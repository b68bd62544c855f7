// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit: who dies first when memory runs out, and where the selected processes stand. */
#include "table.h"

#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)

enum { SHOWN = 10 };

static bool made(const safevma_observation *obs)
{
	return obs->pressure.made;
}

/* ---- policy ---------------------------------------------------------------------------------- */

static bool measure(safevma_cursor *c, const struct sv_memcg *group)
{
	sv_oom_list_fini(&c->oom);
	if (!sv_measure_oom(c->obs, group, &c->oom))
		return true;
	c->failed = true;
	return false;
}

static bool next_policy(safevma_cursor *c)
{
	return !c->next_index++ && measure(c, NULL);
}

static struct sv_num number(const safevma_cursor *c, enum sv_setting_id id)
{
	return sv_setting_number(&c->obs->pressure, id);
}

static struct safevma_value get_panic(safevma_cursor *c)
{
	return COUNT(number(c, SV_SETTING_PANIC_ON_OOM));
}

static struct safevma_value get_allocating(safevma_cursor *c)
{
	return sv_value_bool_num(number(c, SV_SETTING_OOM_KILL_ALLOCATING));
}

static struct safevma_value get_dump(safevma_cursor *c)
{
	return sv_value_bool_num(number(c, SV_SETTING_OOM_DUMP_TASKS));
}

static struct safevma_value get_action(safevma_cursor *c)
{
	struct sv_num panic = number(c, SV_SETTING_PANIC_ON_OOM);
	struct sv_num self = number(c, SV_SETTING_OOM_KILL_ALLOCATING);

	if (!panic.known || !self.known)
		return sv_value_unknown();
	return sv_value_text(panic.value  ? "panic"
			     : self.value ? "kill-who-asks"
					  : "kill-most-points");
}

static struct safevma_value get_candidates(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->oom.candidates);
}

static struct safevma_value get_exempt_count(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->oom.len - c->oom.candidates);
}

static struct safevma_value get_whole(safevma_cursor *c)
{
	return sv_value_bool(c->oom.whole);
}

static const struct sv_column policy_columns[] = {
	SV_COL("ACTION", "action", "when memory runs out: panic, kill-who-asks or kill-most-points",
		STRING, true, get_action),
	SV_COL("PANIC-ON-OOM", "panic_on_oom", "vm.panic_on_oom; 2: of a cgroup too", U64, true,
		get_panic),
	SV_COL("KILL-ALLOCATING", "oom_kill_allocating_task", "vm.oom_kill_allocating_task", BOOL,
		true, get_allocating),
	SV_COL("DUMP-TASKS", "oom_dump_tasks", "vm.oom_dump_tasks", BOOL, true, get_dump),
	SV_COL("CANDIDATES", "candidates", "processes that can be killed", U64, true,
		get_candidates),
	SV_COL("EXEMPT", "exempt", "processes that are spared", U64, true, get_exempt_count),
	SV_COL("WHOLE", "whole", "whether all processes are seen; else ranks have no end", BOOL,
		true, get_whole),
};

const struct safevma_table sv_table_oom_policy = {
	.name = "oom-policy",
	.row_member = "oom_policy",
	.row_columns = policy_columns,
	.row_count = sv_array_size(policy_columns),
	.next_row = next_policy,
	.upright = true,
	.wanted = made,
	.also = &sv_table_oom_order,
};

/* ---- order ----------------------------------------------------------------------------------- */

static bool next_in_order(safevma_cursor *c)
{
	if (!c->next_index && !measure(c, NULL))
		return false;
	if (c->next_index >= SHOWN || c->next_index >= c->oom.candidates)
		return false;
	c->oom_entry = &c->oom.ptr[c->next_index++];
	c->process = c->oom_entry->process;
	return true;
}

static struct safevma_value get_first(safevma_cursor *c)
{
	return c->oom_entry ? COUNT(c->oom_entry->first) : sv_value_unknown();
}

static struct safevma_value get_last(safevma_cursor *c)
{
	return c->oom_entry ? COUNT(c->oom_entry->last) : sv_value_unknown();
}

static struct safevma_value get_score(safevma_cursor *c)
{
	return COUNT(c->process->oom_score);
}

static struct safevma_value get_adj(safevma_cursor *c)
{
	return c->process->oom_adj_known ? sv_value_i64(c->process->oom_adj) : sv_value_unknown();
}

static struct safevma_value get_points(safevma_cursor *c)
{
	return c->oom_entry && c->oom_entry->points_known ? sv_value_i64(c->oom_entry->points)
							  : sv_value_unknown();
}

static struct safevma_value get_selected(safevma_cursor *c)
{
	return sv_value_bool(c->process->selected);
}

static const struct sv_column order_columns[] = {
	SV_COL("RANK", "rank_first", "place in the order, from 1: at the earliest", U64, true,
		get_first),
	SV_COL("RANK-LAST", "rank_last",
		"at the latest: those that are nearly equal are not ordered", U64, true, get_last),
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
	SV_COL("SCORE", "oom_score", "/proc/PID/oom_score, what the order is by", U64, true,
		get_score),
	SV_COL("ADJ", "oom_score_adj", "oom_score_adj", I64, true, get_adj),
	SV_COL("POINTS", "points_bytes",
		"recomputed: resident, swapped, page tables, and ADJ thousandths of RAM and swap",
		I64, true, get_points),
	SV_COL("SELECTED", "selected", "whether it was selected", BOOL, true, get_selected),
};

const struct safevma_table sv_table_oom_order = {
	.name = "oom-order",
	.row_member = "oom_order",
	.row_columns = order_columns,
	.row_count = sv_array_size(order_columns),
	.next_row = next_in_order,
	.wanted = made,
	.also = &sv_table_oom_standing,
};

/* ---- where the selected stand ---------------------------------------------------------------- */

/* Of all, then of the group whose limit leaves the least room, where there is one. */
static bool next_standing(safevma_cursor *c)
{
	if (c->memcg_next) {
		c->memcg = c->memcg_next;
		c->memcg_next = NULL;
	} else {
		const struct sv_memcg *m;

		do {
			if (!sv_next_selected(c))
				return false;
		} while (c->process->kernel_thread);
		m = sv_memcg_of(c->obs, c->process);
		c->memcg = NULL;
		if (m) {
			sv_measure_memcg(c->obs, m, &c->limits);
			c->memcg_next = c->limits.max.by;
		}
	}
	if (!measure(c, c->memcg))
		return false;
	c->oom_entry = sv_oom_find(&c->oom, c->process);
	return true;
}

static struct safevma_value get_domain(safevma_cursor *c)
{
	return sv_value_text(c->memcg ? "cgroup" : "system");
}

static struct safevma_value get_group(safevma_cursor *c)
{
	return c->memcg ? sv_value_bytes_text(&c->memcg->path) : sv_value_text("");
}

static struct safevma_value get_exempt(safevma_cursor *c)
{
	static const char *const words[] = { [SV_OOM_CANDIDATE] = "no",
		[SV_OOM_EXEMPT_ADJ] = "adj",
		[SV_OOM_EXEMPT_INIT] = "init" };

	if (!c->oom_entry || (!c->process->oom_adj_known && !c->oom_entry->exempt))
		return sv_value_unknown();
	return sv_value_text(words[c->oom_entry->exempt]);
}

static struct safevma_value get_together(safevma_cursor *c)
{
	bool known;
	const struct sv_memcg *m = sv_oom_together(c->obs, c->process, c->memcg, &known);

	if (!known)
		return sv_value_unknown();
	return m ? sv_value_bytes_text(&m->path) : sv_value_text("");
}

static struct safevma_value before(const safevma_cursor *c, struct sv_num rank)
{
	(void)c;
	rank.value -= rank.known;
	return COUNT(rank);
}

static struct safevma_value get_before(safevma_cursor *c)
{
	return c->oom_entry ? before(c, c->oom_entry->first) : sv_value_unknown();
}

static struct safevma_value get_before_most(safevma_cursor *c)
{
	return c->oom_entry ? before(c, c->oom_entry->last) : sv_value_unknown();
}

static const struct sv_column standing_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
	SV_COL("OF", "domain", "system; cgroup: when the limit of that group is met", STRING, true,
		get_domain),
	SV_COL("EXEMPT", "exempt", "no, adj (oom_score_adj is -1000) or init", STRING, true,
		get_exempt),
	SV_COL("RANK", "rank_first", "place in the order, from 1: at the earliest", U64, true,
		get_first),
	SV_COL("RANK-LAST", "rank_last", "at the latest", U64, true, get_last),
	SV_COL("OF-ALL", "candidates", "processes in the order", U64, true, get_candidates),
	SV_COL("BEFORE", "killed_before", "processes that are killed before it, at least", U64,
		false, get_before),
	SV_COL("BEFORE-MOST", "killed_before_most", "and at most", U64, false, get_before_most),
	SV_COL("SCORE", "oom_score", "/proc/PID/oom_score", U64, true, get_score),
	SV_COL("ADJ", "oom_score_adj", "oom_score_adj", I64, true, get_adj),
	SV_COL("POINTS", "points_bytes", "recomputed points; of a group by its limit", I64, true,
		get_points),
	SV_COL("TOGETHER", "killed_with",
		"group that is killed as a whole with it (memory.oom.group); empty: it alone",
		STRING, true, get_together),
	SV_COL("CGROUP", "cgroup", "the group whose limit it is; empty: of the system", STRING,
		true, get_group),
};

const struct safevma_table sv_table_oom_standing = {
	.name = "oom-standing",
	.row_member = "oom_standing",
	.row_columns = standing_columns,
	.row_count = sv_array_size(standing_columns),
	.next_row = next_standing,
	.wanted = made,
	.also = &sv_table_fit,
};
