/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of a VMA merged into runs: equal attributes, consecutive in both address spaces. */
#ifndef SV_MEASURE_RUNS_H
#define SV_MEASURE_RUNS_H

#include "vma.h"

enum sv_presence {
	SV_PRESENT,
	SV_SWAPPED,
	SV_GUARD,
	SV_MARKER,     /* not present, not empty, not swap: migration, hwpoison, userfaultfd */
	SV_NONPRESENT, /* not present, not empty, and it cannot be told which */
	SV_GONE,       /* empty by the second look */
};

const char *sv_presence_name(enum sv_presence presence);

struct sv_run {
	uint64_t vaddr;
	struct sv_num pfn;
	uint64_t pages;
	enum sv_presence presence;
	enum sv_class class, below_class, above_class; /* beside the run's first and last frame */
	struct sv_num flags, mapcount, cgroup, locked;
	bool exclusive, changed;
	struct sv_reached reached;
};

/* Run that starts at page *at of the process; *at moves behind it. one: no merging. */
void sv_measure_run(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, bool one, size_t *at, struct sv_run *ret);

#endif
