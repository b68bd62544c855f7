// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit: control groups of the selected processes, their limits, and which of them hold. */
#include "table.h"

#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)
#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)

static bool made(const safevma_observation *obs)
{
	return obs->pressure.made;
}

static struct safevma_value limit(struct sv_num n)
{
	return n.known && n.value == SV_UNLIMITED ? sv_value_unknown() : BYTES(n);
}

static struct safevma_value limited(struct sv_num n)
{
	return n.known ? sv_value_bool(n.value != SV_UNLIMITED) : sv_value_unknown();
}

static struct safevma_value limit_text(safevma_cursor *c, struct sv_num n)
{
	return n.known && n.value == SV_UNLIMITED ? sv_value_text("unlimited")
						  : sv_figure_text(c, BYTES(n));
}

static struct safevma_value path_of(const struct sv_memcg *m)
{
	return m ? sv_value_bytes_text(&m->path) : sv_value_unknown();
}

/* ---- groups ---------------------------------------------------------------------------------- */

static bool next_group(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;

	if (c->next_index >= p->groups.len)
		return false;
	c->memcg = &p->groups.ptr[c->next_index++];
	sv_measure_memcg(c->obs, c->memcg, &c->limits);
	return true;
}

static struct safevma_value get_state(safevma_cursor *c)
{
	const struct sv_memcg *m = c->memcg;

	return sv_value_text(m->root		? "root"
			     : m->no_controller ? "no-controller"
			     : m->read		? "read"
						: NULL);
}

#define GROUP(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_memcg *m = c->memcg;                                               \
		const struct sv_memcg_limits *l = &c->limits;                                      \
		(void)m;                                                                           \
		(void)l;                                                                           \
		return expr;                                                                       \
	}

GROUP(path, path_of(m))
GROUP(version, sv_value_u64(SAFEVMA_TYPE_U64, m->version))
GROUP(processes, sv_value_u64(SAFEVMA_TYPE_U64, sv_memcg_processes(c->obs, m)))
GROUP(current, BYTES(m->current))
GROUP(swap_current, BYTES(m->swap_current))
GROUP(headroom_text, limit_text(c, l->headroom.value))
GROUP(headroom, limit(l->headroom.value))
GROUP(headroom_limited, limited(l->headroom.value))
GROUP(headroom_by, path_of(l->headroom.by))
GROUP(to_root, sv_value_bool(l->to_root))
GROUP(oom_group, sv_value_bool_num(m->oom_group))
GROUP(oom_off, sv_value_bool_num(m->oom_kill_disable))
GROUP(under_oom, sv_value_bool_num(m->under_oom))
GROUP(high_events, COUNT(m->high_events))
GROUP(max_events, COUNT(m->max_events))
GROUP(oom_events, COUNT(m->oom_events))
GROUP(oom_kills, COUNT(m->oom_kill_events))

static const struct sv_column group_columns[] = {
	SV_COL("CGROUP", "path", "group that memory of a selected process is charged to, or above",
		STRING, true, get_path),
	SV_COL("VERSION", "version", "of the control groups: 1 or 2", U64, true, get_version),
	SV_COL("STATE", "state",
		"read; root: it has no limits; no-controller: charged to the group above", STRING,
		true, get_state),
	SV_COL("PROCESSES", "processes", "processes in it and below", U64, true, get_processes),
	SV_COL("CURRENT", "current_bytes", "memory charged to it and below", BYTES, true,
		get_current),
	SV_COL("SWAP", "swap_current_bytes", "swap charged to it; v1: memory and swap", BYTES,
		false, get_swap_current),
	SV_COL("HEADROOM", NULL, "least distance from a limit, of it and those above", STRING, true,
		get_headroom_text),
	SV_COL("HEADROOM-BYTES", "headroom_bytes", "the same; unknown: see HEADROOM-LIMITED", BYTES,
		false, get_headroom),
	SV_COL("HEADROOM-LIMITED", "headroom_limited", "false: no limit holds", BOOL, false,
		get_headroom_limited),
	SV_COL("BY", "headroom_by", "group whose limit that is", STRING, true, get_headroom_by),
	SV_COL("TO-ROOT", "seen_to_root",
		"whether all groups above are seen; else more limits may hold", BOOL, true,
		get_to_root),
	SV_COL("OOM-GROUP", "oom_group", "memory.oom.group: all of it is killed together", BOOL,
		true, get_oom_group),
	SV_COL("OOM-OFF", "oom_kill_disable", "v1: at its limit a process waits without end", BOOL,
		false, get_oom_off),
	SV_ALARM("UNDER-OOM", "under_oom", "v1: that is so now", BOOL, false, get_under_oom),
	SV_COL("HIGH-EVENTS", "events.high", "times that it was slowed down", U64, false,
		get_high_events),
	SV_COL("MAX-EVENTS", "events.max", "times that it met its limit; v1: failcnt", U64, true,
		get_max_events),
	SV_COL("OOM-EVENTS", "events.oom", "times that reclaim did not help", U64, false,
		get_oom_events),
	SV_ALARM("OOM-KILLS", "events.oom_kill", "processes of it that were killed", U64, true,
		get_oom_kills),
};

const struct safevma_table sv_table_cgroups = {
	.name = "cgroups",
	.row_member = "cgroups",
	.row_columns = group_columns,
	.row_count = sv_array_size(group_columns),
	.next_row = next_group,
	.wanted = made,
	.also = &sv_table_cgroup_limits,
};

/* ---- limits ---------------------------------------------------------------------------------- */

enum which { MAX, HIGH, SWAP_MAX, MEMSW, SOFT, LOW, MIN, WHICH };

static const char *const names[WHICH] = { "max", "high", "swap.max", "memsw", "soft", "low",
	"min" };

static bool has_limit(const struct sv_memcg *m, enum which w)
{
	if (m->root || m->no_controller)
		return w == MAX;
	if (w == MEMSW || w == SOFT)
		return m->version == 1;
	return w == MAX || m->version == 2;
}

static bool next_limit(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;

	while (c->next_index < p->groups.len * WHICH) {
		size_t i = c->next_index++;

		c->memcg = &p->groups.ptr[i / WHICH];
		c->item = i % WHICH;
		if (!has_limit(c->memcg, (enum which)c->item))
			continue;
		sv_measure_memcg(c->obs, c->memcg, &c->limits);
		return true;
	}
	return false;
}

static struct sv_num own(const safevma_cursor *c)
{
	const struct sv_memcg *m = c->memcg;
	const struct sv_num values[WHICH] = { m->max, m->high, m->swap_max, m->swap_max, m->soft,
		m->low, m->min };

	return m->root || m->no_controller ? sv_known(SV_UNLIMITED) : values[c->item];
}

/* A soft limit is one of its group alone. */
static struct sv_bound effective(const safevma_cursor *c)
{
	const struct sv_memcg_limits *l = &c->limits;
	const struct sv_bound soft = { .value = c->memcg->soft, .by = c->memcg };
	const struct sv_bound values[WHICH] = { l->max, l->high, l->swap_max, l->swap_max, soft,
		l->low, l->min };

	return values[c->item];
}

static struct safevma_value get_limit(safevma_cursor *c)
{
	return sv_value_text(names[c->item]);
}

static struct safevma_value get_own_text(safevma_cursor *c)
{
	return limit_text(c, own(c));
}

static struct safevma_value get_own(safevma_cursor *c)
{
	return limit(own(c));
}

static struct safevma_value get_own_limited(safevma_cursor *c)
{
	return limited(own(c));
}

static struct safevma_value get_effective_text(safevma_cursor *c)
{
	return limit_text(c, effective(c).value);
}

static struct safevma_value get_effective(safevma_cursor *c)
{
	return limit(effective(c).value);
}

static struct safevma_value get_effective_limited(safevma_cursor *c)
{
	return limited(effective(c).value);
}

static struct safevma_value get_by(safevma_cursor *c)
{
	return path_of(effective(c).by);
}

static const struct sv_column limit_columns[] = {
	SV_COL("CGROUP", "path", "the group", STRING, true, get_path),
	SV_COL("LIMIT", "limit",
		"max, high, low, min, swap.max (v2); max, memsw (with swap), soft (v1)", STRING,
		true, get_limit),
	SV_COL("OWN", NULL, "what the group has set", STRING, true, get_own_text),
	SV_COL("OWN-BYTES", "own_bytes", "the same; unknown: see OWN-LIMITED", BYTES, false,
		get_own),
	SV_COL("OWN-LIMITED", "own_limited", "false: it sets none", BOOL, false, get_own_limited),
	SV_COL("EFFECTIVE", NULL, "what holds with the groups above; low, min: protection at most",
		STRING, true, get_effective_text),
	SV_COL("EFFECTIVE-BYTES", "effective_bytes", "the same; unknown: see EFFECTIVE-LIMITED",
		BYTES, false, get_effective),
	SV_COL("EFFECTIVE-LIMITED", "effective_limited", "false: no group sets one", BOOL, false,
		get_effective_limited),
	SV_COL("BY", "effective_by", "group that sets it", STRING, true, get_by),
	SV_COL("TO-ROOT", "seen_to_root", "whether all groups above are seen", BOOL, true,
		get_to_root),
};

const struct safevma_table sv_table_cgroup_limits = {
	.name = "cgroup-limits",
	.row_member = "cgroup_limits",
	.row_columns = limit_columns,
	.row_count = sv_array_size(limit_columns),
	.next_row = next_limit,
	.wanted = made,
	.also = &sv_table_oom_policy,
};
