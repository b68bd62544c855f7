// SPDX-License-Identifier: LGPL-2.1-or-later
/* Limits that a first touch meets: control groups, then the machine. */
#include <string.h>

#include "fit_rows.h"

static const struct sv_num unknown = { 0 };

/* ---- when it is touched ---------------------------------------------------------------------- */

/* Swap that groups up to the root and the machine leave; at most. */
static uint64_t swap_room(const struct sv_fitting *f, const struct sv_memcg *from)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	uint64_t room = m->swap_free.known ? m->swap_free.value : UINT64_MAX;

	for (const struct sv_memcg *g = from; g; g = sv_memcg_parent(f->obs, g)) {
		uint64_t left;

		if (g->version != 2 || !g->swap_max.known || !g->swap_current.known)
			continue;
		left = sv_fit_beyond(g->swap_max.value, g->swap_current.value);
		room = left < room ? left : room;
	}
	return room;
}

/* What of a group surely stays in memory when nothing can be swapped out. */
static uint64_t held(const struct sv_fitting *f, const struct sv_memcg *g)
{
	struct sv_num slack = sv_percpu_slack(f->obs, 4 * 64);
	uint64_t sum;

	if (!g->lru_anon.known || !g->unevictable.known || !slack.known)
		return 0;
	sum = g->lru_anon.value + g->unevictable.value;
	sum = sum < g->current.value ? sum : g->current.value;
	return sv_fit_beyond(sum, slack.value);
}

static void group_limit(struct sv_fitting *f, const struct sv_memcg *g, const char *name,
	struct sv_num limit, enum sv_fit_verdict then, const char *reason)
{
	struct sv_fit_row *r;

	if (limit.known && limit.value == SV_UNLIMITED)
		return;
	r = sv_fit_add(f, name, true);
	r->group = g;
	r->reason = reason;
	r->ends = strcmp(name, "memory.high") != 0;
	if (!limit.known || !g->current.known)
		return;
	sv_fit_judge(r, f->need, f->size, sv_fit_beyond(limit.value, g->current.value),
		sv_fit_plus(sv_fit_beyond(limit.value, held(f, g)), swap_room(f, g)), then);
}

static void memsw_limit(struct sv_fitting *f, const struct sv_memcg *g, enum sv_fit_verdict then)
{
	struct sv_fit_row *r;

	if (!g->swap_max.known || g->swap_max.value == SV_UNLIMITED)
		return;
	r = sv_fit_add(f, "memory.memsw.limit_in_bytes", true);
	r->group = g;
	r->ends = true;
	r->reason = "memory and swap of the group";
	if (g->swap_current.known)
		sv_fit_judge(r, f->need, f->size,
			sv_fit_beyond(g->swap_max.value, g->swap_current.value),
			sv_fit_beyond(g->swap_max.value, held(f, g)), then);
}

/*
 * Whoever needs memory then waits, until somebody helps: where v1 switched the group's OOM killer
 * off, and where every process of the group is exempt. A fault that nobody can be killed for is
 * tried again without end (pagefault_out_of_memory()).
 */
static enum sv_fit_verdict at_limit(
	const struct sv_fitting *f, const struct sv_memcg *g, const char **reason)
{
	*reason = "memory of the group";
	if (g->oom_kill_disable.known && g->oom_kill_disable.value)
		*reason = "the group's OOM killer is off: the process waits without end";
	else if (!sv_oom_killable(f->obs, g))
		*reason = "all of the group are exempt: the process waits without end";
	else
		return SV_FIT_KILLED;
	return SV_FIT_THROTTLED;
}

static void group_v1(struct sv_fitting *f, const struct sv_memcg *g)
{
	const char *reason;
	enum sv_fit_verdict then = at_limit(f, g, &reason);

	group_limit(f, g, "memory.limit_in_bytes", g->max, then, reason);
	memsw_limit(f, g, then);
}

static void group_v2(struct sv_fitting *f, const struct sv_memcg *g)
{
	const char *reason;
	enum sv_fit_verdict then = at_limit(f, g, &reason);

	group_limit(f, g, "memory.high", g->high, SV_FIT_THROTTLED, "the process is slowed down");
	group_limit(f, g, "memory.max", g->max, then, reason);
}

static void unknown_group(struct sv_fitting *f, const struct sv_memcg *g, const char *reason)
{
	struct sv_fit_row *r = sv_fit_add(f, "cgroup", true);

	r->group = g;
	r->reason = reason;
}

static void groups(struct sv_fitting *f)
{
	const struct sv_memcg *g = sv_memcg_of(f->obs, f->p), *above;
	struct sv_memcg_limits l;

	if (!g) {
		if (f->p->memcg_version || !f->p->cgroup.len)
			unknown_group(f, NULL, "its control group is not known");
		return;
	}
	sv_measure_memcg(f->obs, g, &l);
	for (; g && !g->root; g = above) {
		above = sv_memcg_parent(f->obs, g);
		if (!g->read)
			unknown_group(f, g, "limits of this group are not known");
		else if (!g->no_controller && g->version == 1)
			group_v1(f, g);
		else if (!g->no_controller)
			group_v2(f, g);
		if (above && above->ends)
			break;
	}
	if (!l.to_root)
		unknown_group(f, NULL, "limits may lie above the groups that are seen");
}

/* A policy or cpuset can keep a process to some nodes; what of a thread's policy is not shown. */
static void nodes(struct sv_fitting *f)
{
	const struct sv_pressure *p = &f->obs->pressure;

	for (size_t i = 1; i < p->zones.len; i++)
		if (p->zones.ptr[i].node != p->zones.ptr[0].node) {
			sv_fit_add(f, "nodes", true)->reason =
				"memory policies may bind it to some of the nodes";
			return;
		}
}

/* Free above the watermarks where reclaim begins, of all zones. */
static struct sv_num free_memory(const struct sv_fitting *f)
{
	const struct sv_pressure *p = &f->obs->pressure;
	uint64_t pages = 0;

	if (!p->zones_known)
		return unknown;
	for (size_t i = 0; i < p->zones.len; i++) {
		const struct sv_zone_state *z = &p->zones.ptr[i];

		if (!z->free.known || !z->high.known)
			return unknown;
		pages += sv_fit_beyond(
			z->free.value, z->high.value + (z->reserve.known ? z->reserve.value : 0));
	}
	return sv_known(pages * f->obs->host.page_size);
}

/* All that can be had at the very most: nothing of it may be needed by anybody else. */
static struct sv_num reclaimable_memory(const struct sv_fitting *f)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	struct sv_num parts[] = { m->free, m->active_file, m->inactive_file, m->swap_cached,
		m->swap_free, m->reclaimable };
	struct sv_num slack = sv_percpu_slack(f->obs, 1024);
	uint64_t sum = slack.value + sv_fit_observers(f->obs).resident;

	for (size_t i = 0; i < sv_array_size(parts); i++) {
		if (!parts[i].known)
			return unknown;
		sum = sv_fit_plus(sum, parts[i].value);
	}
	return slack.known ? sv_known(sum) : unknown;
}

static void memory(struct sv_fitting *f)
{
	struct sv_num available = f->obs->pressure.memory.available;
	struct sv_num room = free_memory(f), most = reclaimable_memory(f);
	struct sv_fit_row *r = sv_fit_add(f, "memory", true);

	r->reason = "free memory, what can be reclaimed, and swap";
	r->ends = true;
	if (!room.known || !most.known)
		return;
	sv_fit_judge(r, f->need, f->size, room.value, most.value, SV_FIT_KILLED);
	if (r->verdict == SV_FIT_UNKNOWN && available.known && f->need <= available.value) {
		r->verdict = SV_FIT_LIKELY;
		r->reason = "after reclaim, as MemAvailable estimates";
	}
}

void sv_fit_touch(struct sv_fitting *f)
{
	groups(f);
	nodes(f);
	memory(f);
}
