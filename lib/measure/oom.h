/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is killed first when memory runs out, of all processes or of those of a control group. The
 * kernel takes the process with the most points: what it has resident, in swap and in page tables,
 * and oom_score_adj thousandths of all memory (oom_badness() in mm/oom_kill.c). Of equal points the
 * order is not told.
 */
#ifndef SV_MEASURE_OOM_H
#define SV_MEASURE_OOM_H

#include "pressure.h"

enum sv_oom_exempt {
	SV_OOM_CANDIDATE,
	SV_OOM_EXEMPT_ADJ,  /* oom_score_adj is -1000 */
	SV_OOM_EXEMPT_INIT, /* the first process of all is never killed */
};

struct sv_oom_entry {
	const struct sv_process *process;
	enum sv_oom_exempt exempt;
	/* What the order is by: oom_score of all, points in bytes of a group. */
	struct sv_num key;
	/* Bytes it would get as points; negative ones exist. */
	bool points_known;
	int64_t points;
	/* Among the candidates, from 1; first to last: between them. */
	struct sv_num first, last;
};

struct sv_oom_list {
	struct sv_oom_entry *ptr; /* most points first; those exempt last */
	size_t len, cap;
	uint64_t candidates;
	bool whole; /* no process can be hidden from us */
};

/* group: its processes alone, for when its limit is hit; NULL: all. -1: memory is out. */
int sv_measure_oom(
	const safevma_observation *obs, const struct sv_memcg *group, struct sv_oom_list *ret);

static inline void sv_oom_list_fini(struct sv_oom_list *l)
{
	sv_vec_fini(l);
}

/* Is there a process of the group that can be killed, as far as is known? */
bool sv_oom_killable(const safevma_observation *obs, const struct sv_memcg *group);

const struct sv_oom_entry *sv_oom_find(const struct sv_oom_list *l, const struct sv_process *p);

/* How far points of a process may be off, in bytes: its counters are kept per CPU. */
struct sv_num sv_oom_slack(const safevma_observation *obs);

/*
 * The topmost group that is killed as a whole (memory.oom.group) when a process of p's group is
 * chosen; domain: the group whose limit was hit, or NULL for all. NULL: p alone. *known: every
 * group on the way was read.
 */
const struct sv_memcg *sv_oom_together(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_memcg *domain, bool *known);

#endif
