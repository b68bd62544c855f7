/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Promise against backing: what the kernel granted to processes, what of it is there, and what
 * there is to keep the rest with. A sum is known when each of its parts is.
 */
#ifndef SV_MEASURE_COMMIT_H
#define SV_MEASURE_COMMIT_H

#include "model/observation.h"
#include "vma.h"

/* Which budget a VMA's pages come out of. */
enum sv_accounting {
	SV_ACCOUNTING_NONE,	 /* page cache and what the kernel provides: nothing is promised */
	SV_ACCOUNTING_ACCOUNTED, /* 'ac': all of it is in Committed_AS */
	SV_ACCOUNTING_NORESERVE, /* 'nr': granted, and in no account */
	SV_ACCOUNTING_HUGETLB,	 /* the pool of huge pages */
	SV_ACCOUNTING_SECRETMEM, /* in no account */
	SV_ACCOUNTING_SHARED,	 /* shmem: in Committed_AS once an object, whoever maps it */
	SV_ACCOUNTING_UNKNOWN,
};

const char *sv_accounting_name(enum sv_accounting accounting); /* NULL: unknown */

/* promised: what it adds to Committed_AS. backed + unbacked = size, of whatever accounting. */
struct sv_commit_vma {
	enum sv_accounting accounting;
	uint64_t size;
	struct sv_num promised, backed, unbacked;
};
void sv_measure_commit_vma(const struct sv_vma *v, struct sv_commit_vma *ret);

/* promised = backed + unbacked. The others: sizes of mappings that are not in promised. */
struct sv_commit_process {
	struct sv_num promised, backed, unbacked;
	struct sv_num noreserve, noreserve_backed, hugetlb, secretmem, shared;
};
void sv_measure_commit_process(const struct sv_process *p, struct sv_commit_process *ret);

/* Limit and what is promised against it, in bytes. */
struct sv_commit_budget {
	struct sv_num recomputed; /* the limit by its formula */
	struct sv_num enforced;	  /* 1: requests beyond the limit are refused */
	struct sv_num headroom, over;
	struct sv_num capacity; /* RAM and swap */
	/* Of all processes, those that share one memory counted once. */
	struct sv_num promised, unbacked, noreserve, noreserve_backed;
	struct sv_num promised_seen, secretmem_seen; /* of those that could be read: at least */
	struct sv_num accounted;       /* promised and shmem: what Committed_AS should be */
	uint64_t duplicates, inferred; /* processes left out; of them, not observed to share */
	struct sv_num secretmem, secretmem_resident; /* of distinct objects */
	struct sv_num unaccounted;		     /* in use or granted, outside Committed_AS */
	struct sv_num worst, worst_over; /* everything is touched; what of it has no place */
};

/* -1: memory is out. */
int sv_measure_commit(const safevma_observation *obs, struct sv_commit_budget *ret);

/* In processes. */
void sv_commit_coverage(const safevma_observation *obs, struct sv_coverage *ret);

#endif
