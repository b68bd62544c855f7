/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between two looks at the memory of one process. Nothing is read here. */
#ifndef SV_MODEL_DELTA_H
#define SV_MODEL_DELTA_H

#include "series.h"

/*
 * Takes a change; its path, if any, points into a look and must be copied. start, end, kind, pages,
 * before, after, word, more and what VMA it is about are filled in. 0, or -1 to end.
 */
typedef int (*sv_change_fn)(void *arg, const struct sv_change *change, struct sv_span path);

struct sv_delta {
	const struct sv_process *before, *after;
	sv_change_fn emit;
	void *arg;
};

/*
 * Address by address, whatever became of the borders of VMAs: what was there before and what is
 * now. Permissions that changed for part of a VMA are told of that part.
 */
int sv_delta_vmas(const struct sv_delta *d);

/*
 * Pages of addresses that were mapped in both looks. Runs of pages become one change each; of one
 * sort in one VMA at most SV_DELTA_RUNS, and what remains together one more. Moves are told of
 * pages that were locked, by their mapping or by their frame; locks and neighbours where the frames
 * were read in both looks, and not of pages that changed while they were.
 */
enum { SV_DELTA_RUNS = 32 };
int sv_delta_pages(const struct sv_delta *d);

/* The VMA that holds an address, or NULL. */
const struct sv_vma *sv_vma_at(const struct sv_process *p, uint64_t vaddr);

/* The same object mapped: file and its part, or anonymous memory of the same sort. */
bool sv_vma_same_backing(const struct sv_vma *a, const struct sv_vma *b);

#endif
