/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of a VMA merged into runs: equal attributes, consecutive in both address spaces. */
#ifndef SV_MEASURE_RUNS_H
#define SV_MEASURE_RUNS_H

#include "vma.h"

struct sv_run {
	uint64_t vaddr;
	struct sv_num pfn;
	uint64_t pages;
	enum sv_presence presence;
	enum sv_class class, below_class, above_class; /* beside the run's first and last frame */
	struct sv_num flags, mapcount, cgroup;
	struct sv_num locked;  /* reclaim cannot take it: mlock, unevictable, not of processes */
	struct sv_num mlocked; /* of the frame: some process locked it */
	bool exclusive, changed;
	struct sv_num other_vaddr; /* first of its further kernel addresses */
	struct sv_reached reached; /* of the first page; alias goes on as the frames do */
	size_t slot;		   /* of its last frame, among the process's */
};

/*
 * Run that starts at page *at of the process; *at moves behind it. one: no merging. near: where its
 * frames are looked for first, the slot of the run before.
 */
void sv_measure_run(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, bool one, size_t near, size_t *at, struct sv_run *ret);

#endif
