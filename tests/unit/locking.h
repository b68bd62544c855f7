/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system that moves nothing, and memory that is locked. */
#ifndef TESTS_LOCKING_H
#define TESTS_LOCKING_H

#include "memory.h"

#include "measure/locks.h"

#define RW	     (SV_PERM_READ | SV_PERM_WRITE)
#define OWN	     (ANON_FLAGS | SV_KPF_ANON_EXCLUSIVE)
#define R(r)	     (1u << SV_LOCK_REASON_##r)
#define PTE_MARKER_4 (SV_PAGEMAP_SWAPPED | UINT64_C(0x9f))

/* A system that moves nothing, and one VMA to read and write. */
static inline safevma_observation *system_new(uint64_t flags)
{
	safevma_observation *obs = memory_new();
	struct sv_vma *v = memory_vma(obs, 0, 16);
	struct sv_num off = sv_known(0);

	v->perms = RW;
	v->flags = sv_known(flags);
	v->ksm = sv_known(0);
	obs->movers = (struct sv_movers) { .compaction = sv_known(1),
		.compact_unevictable = off,
		.numa_balancing = off,
		.ksm_run = off,
		.khugepaged_defrag = off,
		.thp_bytes = off,
		.thp = SV_THP_NEVER };
	return obs;
}

static inline void locked_page(safevma_observation *obs, uint64_t n)
{
	memory_page(obs, n, ALONE(100 + n));
	memory_frame(obs, 100 + n, OWN | SV_KPF_MLOCKED);
}

static inline struct sv_lock_figures measure(
	const safevma_observation *obs, struct sv_lock_view *view)
{
	struct sv_lock_view local, *w = view ? view : &local;
	struct sv_lock_figures f;

	sv_lock_view_process(w, obs, memory_process(obs));
	sv_lock_view_vma(w, &memory_process(obs)->vmas.ptr[0]);
	sv_measure_locks_vma(w, &f);
	return f;
}

#endif
