/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of control groups as they hold: each group's own and those of all above it. */
#ifndef SV_MEASURE_PRESSURE_H
#define SV_MEASURE_PRESSURE_H

#include "model/observation.h"

/* A limit, and the group that sets it. SV_UNLIMITED: none does. Unknown: one could not be read. */
struct sv_bound {
	struct sv_num value;
	const struct sv_memcg *by; /* NULL: nobody, or not known */
};

/*
 * max, high, swap_max: the smallest on the way to the root. low, min: the same, which is the most
 * that the group can be protected by: what it really gets depends on its siblings. headroom: the
 * smallest distance of a group from its limit.
 */
struct sv_memcg_limits {
	struct sv_bound max, high, swap_max, low, min, headroom;
	bool to_root; /* all groups up to the root of all were seen; else more limits may lie above
		       */
};

void sv_measure_memcg(
	const safevma_observation *obs, const struct sv_memcg *group, struct sv_memcg_limits *ret);

/* The group above, or NULL. */
const struct sv_memcg *sv_memcg_parent(
	const safevma_observation *obs, const struct sv_memcg *group);

/* The group of a process, or NULL. */
const struct sv_memcg *sv_memcg_of(const safevma_observation *obs, const struct sv_process *p);

/* Is the path that of the group, or below it? */
bool sv_memcg_holds(const struct sv_memcg *group, const struct sv_process *p);

/* Processes selected of those in it or below it; of all, how many there are. */
uint64_t sv_memcg_processes(const safevma_observation *obs, const struct sv_memcg *group);

/* How far per-CPU counters may be off, in bytes: what each of so many CPUs keeps back. */
struct sv_num sv_percpu_slack(const safevma_observation *obs, uint64_t pages_each);

/* CPUs of the machine; unknown where it does not say. */
struct sv_num sv_cpus(const safevma_observation *obs);

#endif
