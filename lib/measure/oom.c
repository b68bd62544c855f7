// SPDX-License-Identifier: LGPL-2.1-or-later
#include "oom.h"

#include <stdlib.h>

enum { OOM_ADJ_MIN = -1000, ADJ_SCALE = 1000 };

static bool has_memory(const struct sv_process *p)
{
	return !p->kernel_thread && !(p->state == 'Z' && p->threads <= 1);
}

/* Memory that the shares of oom_score_adj are of, in bytes. */
static struct sv_num all_memory(const safevma_observation *obs, const struct sv_memcg *group)
{
	const struct sv_free_memory *m = &obs->pressure.memory;
	struct sv_memcg_limits l;

	if (!m->mem_total.known || !m->swap_total.known)
		return (struct sv_num) { 0 };
	if (!group)
		return sv_known(m->mem_total.value + m->swap_total.value);
	sv_measure_memcg(obs, group, &l);
	return l.max.value.known && l.max.value.value != SV_UNLIMITED
		       ? sv_known(l.max.value.value + m->swap_total.value)
		       : (struct sv_num) { 0 };
}

static void set_points(struct sv_oom_entry *e, struct sv_num all, const safevma_observation *obs)
{
	const struct sv_process *p = e->process;
	uint64_t page = obs->host.page_size;

	e->points_known = p->rss.known && p->swap.known && p->vm_pte.known && p->oom_adj_known &&
			  (all.known || !p->oom_adj) && page;
	if (!e->points_known)
		return;
	e->points = (int64_t)(p->rss.value + p->swap.value + p->vm_pte.value);
	if (p->oom_adj)
		e->points += p->oom_adj * (int64_t)(all.value / page / ADJ_SCALE * page);
}

/* Points below 1 count as such a little: a key has no sign. */
static struct sv_num key_of(const struct sv_oom_entry *e, const struct sv_memcg *group)
{
	if (!group)
		return e->process->oom_score;
	if (!e->points_known)
		return (struct sv_num) { 0 };
	return sv_known(e->points > 0 ? (uint64_t)e->points : 0);
}

static enum sv_oom_exempt exempt_of(const struct sv_process *p, bool first)
{
	if (p->pid == 1 && first)
		return SV_OOM_EXEMPT_INIT;
	return p->oom_adj_known && p->oom_adj == OOM_ADJ_MIN ? SV_OOM_EXEMPT_ADJ : SV_OOM_CANDIDATE;
}

static int collect(
	const safevma_observation *obs, const struct sv_memcg *group, struct sv_oom_list *ret)
{
	struct sv_num all = all_memory(obs, group);
	bool first = sv_first_namespace(obs);

	ret->whole = first;
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];
		struct sv_oom_entry *e;

		if (!has_memory(p) || (group && !sv_memcg_holds(group, p)))
			continue;
		e = sv_vec_push(ret);
		if (!e)
			return -1;
		e->process = p;
		e->exempt = exempt_of(p, first);
		ret->candidates += e->exempt == SV_OOM_CANDIDATE;
		set_points(e, all, obs);
		e->key = key_of(e, group);
	}
	return 0;
}

bool sv_oom_killable(const safevma_observation *obs, const struct sv_memcg *group)
{
	bool first = sv_first_namespace(obs);

	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (has_memory(p) && sv_memcg_holds(group, p) &&
			exempt_of(p, first) == SV_OOM_CANDIDATE)
			return true;
	}
	return !first; /* others may be hidden */
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_key(const void *x, const void *y)
{
	const struct sv_oom_entry *a = x, *b = y;
	int c = (a->exempt != SV_OOM_CANDIDATE) - (b->exempt != SV_OOM_CANDIDATE);

	c = c ? c : b->key.known - a->key.known;
	c = c ? c : order(b->key.value, a->key.value);
	c = c ? c : (b->points > a->points) - (b->points < a->points);
	return c ? c : (a->process->pid > b->process->pid) - (a->process->pid < b->process->pid);
}

struct sv_num sv_oom_slack(const safevma_observation *obs)
{
	struct sv_num cpus = sv_cpus(obs);
	uint64_t batch = cpus.value * 2 > 32 ? cpus.value * 2 : 32;

	/* Three counters (file, anon, shmem) and swap, each CPU up to a batch ahead of the sum. */
	return cpus.known ? sv_percpu_slack(obs, 4 * batch) : cpus;
}

enum before { BEFORE_NO, BEFORE_YES, BEFORE_MAYBE };

/* With equal scores, or in a group, the points decide, as far as they are exact. */
static enum before by_points(
	const struct sv_oom_entry *o, const struct sv_oom_entry *e, struct sv_num slack)
{
	int64_t off = 2 * (int64_t)slack.value;

	if (!o->points_known || !e->points_known || !slack.known)
		return BEFORE_MAYBE;
	if (o->points > e->points + off)
		return BEFORE_YES;
	return o->points + off < e->points ? BEFORE_NO : BEFORE_MAYBE;
}

static enum before is_before(const struct sv_oom_entry *o, const struct sv_oom_entry *e,
	bool by_score, struct sv_num slack)
{
	if (!by_score)
		return by_points(o, e, slack);
	if (!o->key.known || !e->key.known)
		return BEFORE_MAYBE;
	if (o->key.value != e->key.value)
		return o->key.value > e->key.value ? BEFORE_YES : BEFORE_NO;
	return by_points(o, e, slack);
}

/* Those surely before it, and those that may be. */
static void rank(struct sv_oom_list *l, struct sv_oom_entry *e, bool by_score, struct sv_num slack)
{
	uint64_t before = 0, may = 0;

	for (size_t i = 0; i < l->len; i++) {
		const struct sv_oom_entry *o = &l->ptr[i];
		enum before b;

		if (o == e || o->exempt != SV_OOM_CANDIDATE)
			continue;
		b = is_before(o, e, by_score, slack);
		before += b == BEFORE_YES;
		may += b == BEFORE_MAYBE;
	}
	e->first = sv_known(before + 1);
	e->last = sv_known(before + may + 1);
	if (!l->whole)
		e->last.known = false;
}

/*
 * The kernel compares points in pages; oom_score is coarser (one of it is a 1500th of all memory).
 * Those with the same score and nearly the same points are said to be between two ranks, and not
 * put in order.
 */
int sv_measure_oom(
	const safevma_observation *obs, const struct sv_memcg *group, struct sv_oom_list *ret)
{
	struct sv_num slack = sv_oom_slack(obs);

	*ret = (struct sv_oom_list) { 0 };
	if (collect(obs, group, ret))
		return -1;
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_key);
	for (size_t i = 0; i < ret->len; i++)
		if (ret->ptr[i].exempt == SV_OOM_CANDIDATE)
			rank(ret, &ret->ptr[i], !group, slack);
	return 0;
}

const struct sv_oom_entry *sv_oom_find(const struct sv_oom_list *l, const struct sv_process *p)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->ptr[i].process == p)
			return &l->ptr[i];
	return NULL;
}

const struct sv_memcg *sv_oom_together(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_memcg *domain, bool *known)
{
	const struct sv_memcg *found = NULL;

	*known = p->memcg_version == 1 || p->memcg_index.known;
	for (const struct sv_memcg *m = sv_memcg_of(obs, p); m; m = sv_memcg_parent(obs, m)) {
		if (!m->root && !m->read)
			*known = false;
		if (m->oom_group.known && m->oom_group.value && !m->root)
			found = m;
		if (m == domain)
			break;
	}
	return found;
}
