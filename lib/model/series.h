/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same processes looked at again and again: what changed from one look to the next, and what
 * each look cost. A change is told between two looks; what came and went between them is seen in
 * counters alone (page faults, children that were waited for).
 */
#ifndef SV_MODEL_SERIES_H
#define SV_MODEL_SERIES_H

#include "base/parse.h"
#include "process.h"

/*
 * Each with a row in series.c that says what it is and whether a settled process may show it. What
 * names a place comes before what is of the whole process: in this order a culprit is looked for.
 */
enum sv_change_kind {
	SV_CHANGE_VMA_ADDED,
	SV_CHANGE_VMA_REMOVED,
	SV_CHANGE_VMA_GREW,
	SV_CHANGE_VMA_SHRANK,
	SV_CHANGE_VMA_REPROTECTED,
	SV_CHANGE_VMA_REPLACED,
	SV_CHANGE_VMA_SPLIT,
	SV_CHANGE_VMA_MERGED,
	SV_CHANGE_HEAP_GREW,
	SV_CHANGE_HEAP_SHRANK,
	SV_CHANGE_STACK_GREW,
	SV_CHANGE_LOCK_LOST,
	SV_CHANGE_PAGE_MOVED,
	SV_CHANGE_PAGE_LOST,
	SV_CHANGE_PAGE_ADDED,
	SV_CHANGE_COW_PENDING,
	SV_CHANGE_NEIGHBOUR,
	SV_CHANGE_RESIDENT, /* of the process: VmRSS */
	SV_CHANGE_LOCKED,   /* of the process: VmLck */
	SV_CHANGE_SWAPPED,  /* of the process: VmSwap */
	SV_CHANGE_FAULTS_MINOR,
	SV_CHANGE_FAULTS_MAJOR,
	SV_CHANGE_FAULTS_CHILDREN,
	SV_CHANGE_CHILD,
	SV_CHANGE_THREADS,
	SV_CHANGE_ENDED,
	SV_CHANGE_COUNT,
};

/* What before and after of a change are. */
enum sv_change_unit {
	SV_UNIT_NONE,
	SV_UNIT_BYTES,
	SV_UNIT_COUNT,
	SV_UNIT_PFN,
	SV_UNIT_PERMS,
	SV_UNIT_CLASS, /* enum sv_class */
};

struct sv_change_info {
	const char *name;
	enum sv_change_unit unit;
	bool unsettles; /* what is settled does not show it */
	const char *help;
};

const struct sv_change_info *sv_change_info(enum sv_change_kind kind);

struct sv_change {
	uint64_t boottime_ns; /* of the look that showed it */
	size_t look;	      /* its number: it came about after the one before */
	enum sv_change_kind kind;
	pid_t pid;
	uint64_t start, end;	     /* addresses; 0, 0: of the whole process */
	struct sv_num pages;	     /* how many it is about */
	struct sv_num before, after; /* see sv_change_unit */
	const char *word;	     /* static: what became of it, or NULL */
	bool more;		     /* it stands for pages that have no change of their own */
	bool of_vma;		     /* kind_of_vma and path are those of a VMA */
	enum sv_kind kind_of_vma;
	char *path; /* owned; of the VMA, or NULL */
};

void sv_change_fini(struct sv_change *change);

/* What the kernel counts beside it, from boot on: differences between looks tell. */
enum sv_counter {
	SV_COUNTER_PSI_SOME, /* us in which some task stalled for want of memory */
	SV_COUNTER_PSI_FULL, /* us in which all did */
	SV_COUNTER_SCAN_DIRECT,
	SV_COUNTER_SCAN_KSWAPD,
	SV_COUNTER_STEAL_DIRECT,
	SV_COUNTER_STEAL_KSWAPD,
	SV_COUNTER_ALLOCSTALL,
	SV_COUNTER_COMPACT_STALL,
	SV_COUNTER_MIGRATED,
	SV_COUNTER_NUMA_MIGRATED,
	SV_COUNTER_SWAP_IN,
	SV_COUNTER_SWAP_OUT,
	SV_COUNTER_OOM_KILL,
	SV_COUNTER_COUNT,
};

const char *sv_counter_name(enum sv_counter counter);
const char *sv_counter_help(enum sv_counter counter);

/* One look at all of them. */
struct sv_look {
	uint64_t boottime_ns; /* when it began */
	struct sv_num counters[SV_COUNTER_COUNT];
	/* What it cost: of this look alone. */
	struct sv_num took_us, cpu_us, bytes_read, lock_reads, longest_read_us;
	uint64_t pages; /* entries of page tables that it read */
	uint64_t changes;
};

/* What is known of a watched process over the whole time. */
struct sv_watched {
	pid_t pid;
	size_t process;	    /* its index among the observation's */
	size_t looks;	    /* that saw it whole */
	size_t missed;	    /* that did not: something could not be read */
	bool ended;	    /* by the time of a look */
	bool hidden;	    /* frame numbers are not shown: moves cannot be seen */
	bool frames_unread; /* what its frames are was not to be read at some look */
	bool partly;	    /* too large: pages of locked mappings alone were looked at */
	struct sv_num vmas_first, vmas_last, rss_first, rss_last, locked_first, locked_last;
	struct sv_num minor, major, children; /* faults over the whole time */
	struct sv_num pages_first;	      /* present pages looked at */
	uint64_t counts[SV_CHANGE_COUNT];     /* changes by kind; of pages: pages */
};

struct sv_series {
	bool made;
	uint64_t interval_ns;
	sv_vec(struct sv_look) looks;
	sv_vec(struct sv_change) changes; /* in order of looks, then processes, then addresses */
	uint64_t dropped; /* changes that found no room in the list; counts know them */
	sv_vec(struct sv_watched) watched;
};

void sv_series_fini(struct sv_series *series);

#endif
