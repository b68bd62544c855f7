/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can still fault, page by page. "Locked" is several properties: the flag of a VMA, the mark
 * on a frame, that the page is there at all, that a write finds it writable, and that the kernel
 * leaves it where it is. Each is a state of a page; what follows from it is a reason to fault.
 */
#ifndef SV_MEASURE_LOCKS_H
#define SV_MEASURE_LOCKS_H

#include "vma.h"

/* Why a VMA's memory is kept, or why a lock is not for it. */
enum sv_hold {
	SV_HOLD_UNKNOWN, /* its flags were not read */
	SV_HOLD_UNLOCKED,
	SV_HOLD_LOCKED,
	SV_HOLD_ONFAULT,
	SV_HOLD_EITHER, /* locked, with a flag that this kernel does not name: it may be ONFAULT */
	SV_HOLD_SECRETMEM,
	SV_HOLD_HUGETLB,
	SV_HOLD_KERNEL,	   /* vdso, vvar, vsyscall */
	SV_HOLD_DRIVER,	   /* VM_SPECIAL: io_uring rings, devices */
	SV_HOLD_DROPPABLE, /* the kernel may throw it away, by contract */
};

const char *sv_hold_name(enum sv_hold hold);

/* States, in the order in which they are written. */
enum sv_lock_state {
	SV_STATE_PRESENT = 1u << 0,
	SV_STATE_ABSENT = 1u << 1, /* no entry in the page table */
	SV_STATE_SWAPPED = 1u << 2,
	SV_STATE_GUARD = 1u << 3,
	SV_STATE_MARKER = 1u << 4,     /* migration in flight, poison, userfaultfd */
	SV_STATE_NONPRESENT = 1u << 5, /* swap or marker: which is not known */
	SV_STATE_MLOCKED = 1u << 6,    /* the frame is marked as locked */
	SV_STATE_UNMARKED = 1u << 7,   /* the VMA is locked, the frame is not marked */
	SV_STATE_ZERO = 1u << 8,       /* the page of zeros */
	SV_STATE_COW = 1u << 9,	       /* shared since a fork: a write copies */
	SV_STATE_ALONE = 1u << 10,     /* no longer shared, but a write still faults once */
	SV_STATE_COPY = 1u << 11,      /* a page of a private file: a write copies */
	SV_STATE_NOTIFY = 1u << 12,    /* of a shared file that is written back */
	SV_STATE_CLEAN = 1u << 13,     /* and it is clean: the next write tells the filesystem */
	SV_STATE_HUGE = 1u << 14,      /* part of a huge folio */
	SV_STATE_MOVABLE = 1u << 15,
	SV_STATE_CHANGED = 1u << 16, /* it did not stay the same while it was read */
	SV_STATE_COUNT = 17,
};

const char *sv_lock_state_name(unsigned int index);
const char *sv_lock_state_help(unsigned int index);

/* Worst first. The table in locks_reason.c has their words. */
enum sv_lock_reason {
	SV_LOCK_REASON_SWAPPED,
	SV_LOCK_REASON_NONPRESENT,
	SV_LOCK_REASON_RECLAIM,
	SV_LOCK_REASON_LOCK_FAILED,
	SV_LOCK_REASON_LOCK_EITHER,
	SV_LOCK_REASON_ONFAULT,
	SV_LOCK_REASON_FIRST_TOUCH,
	SV_LOCK_REASON_MARKER,
	SV_LOCK_REASON_COW,
	SV_LOCK_REASON_ALONE,
	SV_LOCK_REASON_ZERO,
	SV_LOCK_REASON_COPY,
	SV_LOCK_REASON_NOTIFY,
	SV_LOCK_REASON_KSM,
	SV_LOCK_REASON_NUMA,
	SV_LOCK_REASON_KHUGEPAGED,
	SV_LOCK_REASON_COMPACTION,
	SV_LOCK_REASON_UNLOCKED,
	SV_LOCK_REASON_STACK,
	SV_LOCK_REASON_HEAP,
	SV_LOCK_REASON_NO_ACCESS,
	SV_LOCK_REASON_GUARD,
	SV_LOCK_REASON_COUNT,
};

struct sv_lock_reason_info {
	const char *name;
	const char *one, *many; /* what follows the number of pages; NULL: no number is said */
	const char *text;	/* without a number */
	const char *help;	/* for `safevma explain` */
};

const struct sv_lock_reason_info *sv_lock_reason_info(enum sv_lock_reason reason);

/* What could not be told, and then no sentence says that nothing can fault. */
enum sv_lock_unknown {
	SV_UNKNOWN_FLAGS = 1u << 0,	/* smaps: whether it is locked */
	SV_UNKNOWN_PAGES = 1u << 1,	/* pagemap: what is there */
	SV_UNKNOWN_FRAMES = 1u << 2,	/* kpageflags: zero page, locked frames */
	SV_UNKNOWN_ONFAULT = 1u << 3,	/* locked, on fault or not */
	SV_UNKNOWN_SWAP = 1u << 4,	/* swap or marker */
	SV_UNKNOWN_FORK = 1u << 5,	/* whether a write after a fork is still to fault */
	SV_UNKNOWN_MOVERS = 1u << 6,	/* settings of what moves memory */
	SV_UNKNOWN_SECRETMEM = 1u << 7, /* whether it is secretmem */
	SV_UNKNOWN_CHANGED = 1u << 8,
	SV_UNKNOWN_HIDDEN = 1u << 9, /* frames of a device, which no file shows: costs nothing */
	SV_UNKNOWN_COUNT = 10,
};

const char *sv_lock_unknown_name(unsigned int index);
const char *sv_lock_unknown_text(unsigned int index);

struct sv_lock_page {
	unsigned int states;  /* enum sv_lock_state */
	unsigned int reasons; /* bits by enum sv_lock_reason */
	unsigned int unknown; /* enum sv_lock_unknown */
	bool read_faults, write_faults;
};

/* Pages; what is known of them is in unknown. */
struct sv_lock_figures {
	bool read;	       /* the memory was read at all */
	uint64_t size;	       /* bytes */
	struct sv_num flagged; /* bytes of VMAs with the flag: what VmLck counts */
	uint64_t by_state[SV_STATE_COUNT], by_reason[SV_LOCK_REASON_COUNT];
	uint64_t flag_only;    /* flag without a lock: not there, or the frame is not marked */
	uint64_t guard_marker; /* of guards, those that a marker tells and no bit of pagemap */
	uint64_t zero_writable, file_write;
	uint64_t read_faults, write_faults; /* pages at which the next access faults */
	struct sv_num huge, ksm;	    /* bytes, the kernel's figures */
	unsigned int reasons, unknown;
};

/* What is the same for all pages: of the observation, and of one VMA. */
struct sv_lock_view {
	const safevma_observation *obs;
	const struct sv_process *p;
	const struct sv_vma *v;
	enum sv_hold hold;
	bool exclusive_shown; /* kpageflags shows which pages no fork has shared */
	bool anon_writable, file_copied, notified; /* what a write to its pages may do */
	unsigned int movers; /* reasons that its pages have while they are movable */
	unsigned int unknown;
	struct sv_surroundings around; /* of the last page */
};

void sv_lock_view_process(
	struct sv_lock_view *view, const safevma_observation *obs, const struct sv_process *p);
void sv_lock_view_vma(struct sv_lock_view *view, const struct sv_vma *v);

/* page: NULL of one that is absent. */
void sv_lock_page(struct sv_lock_view *view, const struct sv_page *page, struct sv_lock_page *ret);

void sv_measure_locks_vma(struct sv_lock_view *view, struct sv_lock_figures *ret);

/* Whether swap, guards and the like do not weigh on the exit status. */
bool sv_lock_figures_known(const struct sv_lock_figures *f);

/* A run of pages of one VMA that are alike. */
struct sv_lock_run {
	uint64_t vaddr, pages;
	struct sv_lock_page page;
};

/*
 * The next run of the view's VMA. *at: 0 at first; it counts the stretches without entries too, and
 * runs end where the VMA does. False at the end. each: no longer than a page, but of absent ones.
 */
bool sv_lock_run_next(struct sv_lock_view *view, bool each, size_t *at, struct sv_lock_run *ret);

/* ---- the process ----------------------------------------------------------------------------- */

/* What MCL_FUTURE covers cannot be read; what it left can be seen. */
enum sv_future {
	SV_FUTURE_UNKNOWN,
	SV_FUTURE_NONE,	   /* no mapping that could be locked is */
	SV_FUTURE_PARTLY,  /* some are: later ones, or those that were unlocked, are not covered */
	SV_FUTURE_COVERED, /* all are: as with MCL_FUTURE, or locked one by one up to now */
};

const char *sv_future_name(enum sv_future future);

/* How secretmem is counted against RLIMIT_MEMLOCK. */
enum sv_secret_rule {
	SV_SECRET_RULE_UNKNOWN,
	SV_SECRET_RULE_USER, /* by user, a page at its first touch; SIGBUS at the limit */
};

struct sv_lock_process {
	struct sv_lock_figures sum;
	enum sv_future future;
	uint64_t lockable, unflagged;	/* VMAs */
	struct sv_num lowest_unflagged; /* address: mappings are placed downwards */
	struct sv_num limit, left;	/* mlock: bytes */
	struct sv_num exempt;		/* CAP_IPC_LOCK */
	struct sv_num secret_used, secret_left;
	enum sv_secret_rule rule;
	struct sv_num stack, stack_limit, stack_room, heap, heap_room;
};

void sv_measure_locks_process(
	const safevma_observation *obs, const struct sv_process *p, struct sv_lock_process *ret);

enum sv_stack_guard {
	SV_STACK_GUARD_UNKNOWN,
	SV_STACK_GUARD_GAP,    /* the kernel keeps other mappings away from it */
	SV_STACK_GUARD_VMA,    /* a mapping without access right below */
	SV_STACK_GUARD_REGION, /* guard pages at its low end */
	SV_STACK_GUARD_HOLE,   /* nothing is mapped right below: by chance */
	SV_STACK_GUARD_NONE,   /* memory that can be accessed lies right below */
};

const char *sv_stack_guard_name(enum sv_stack_guard guard);

struct sv_lock_stack {
	pid_t tid;
	struct sv_num sp;
	const struct sv_vma *v; /* NULL: not known */
	enum sv_stack_guard guard;
	struct sv_num guard_bytes;
	struct sv_num room;	/* bytes below the stack pointer, guard pages left out */
	struct sv_num to_fault; /* of them, bytes at which the next write faults */
};

void sv_measure_lock_stack(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_thread *t, struct sv_lock_stack *ret);

/* What can still fault, and why: the sentence. -1: memory is out. */
int sv_lock_sentence(
	const struct sv_lock_view *view, const struct sv_lock_figures *f, struct sv_strbuf *ret);

#endif
