/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of VMAs built by hand, and what holds of all of them. */
#ifndef TESTS_FIGURES_H
#define TESTS_FIGURES_H

#include "memory.h"

#include "measure/vma.h"

static inline struct sv_vma_figures figures(const safevma_observation *obs, size_t vma)
{
	const struct sv_process *p = memory_process(obs);
	struct sv_vma_figures f;

	memset(&f, 0xff, sizeof(f));
	sv_measure_vma(obs, p, &p->vmas.ptr[vma], &f);
	return f;
}

static inline struct sv_vma_figures only(safevma_observation *obs)
{
	struct sv_vma_figures f;

	memory_settle(obs);
	f = figures(obs, 0);
	safevma_observation_free(obs);
	return f;
}

static inline void assert_coverage(
	const struct sv_vma_figures *f, uint64_t examined, uint64_t unreadable, uint64_t changed)
{
	assert_int_equal(f->coverage.examined, examined);
	assert_int_equal(f->coverage.unreadable, unreadable);
	assert_int_equal(f->coverage.changed, changed);
	assert_int_equal(f->coverage.total, examined + unreadable + changed);
}

static inline void assert_sums(const struct sv_vma_figures *f)
{
	const struct sv_edges *e = &f->edges;

	assert_int_equal(f->resident.value + f->absent.value + f->swapped.value, f->size.value);
	assert_int_equal(f->locked.value + f->unlocked.value, f->resident.value);
	assert_int_equal(f->exclusive.value + f->shared.value, f->resident.value);
	assert_int_equal(f->reach.mapped + f->reach.removed + f->reach.unknown, f->resident.value);
	assert_int_equal(f->reach.observed + f->reach.inferred + f->reach.assumed,
		f->reach.mapped + f->reach.removed);
	assert_int_equal(e->silent + e->trapped + e->unknown,
		e->over_strong + e->over_unclassified + e->under_strong + e->under_unclassified);
}

#endif
