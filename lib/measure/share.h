/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which pages of the selected lie in frames that other processes map too, pair by pair of VMAs, and
 * what that lets the other one do.
 */
#ifndef SV_MEASURE_SHARE_H
#define SV_MEASURE_SHARE_H

#include "model/observation.h"
#include "vma.h"

/* From what is least to what is most. */
enum sv_share_kind {
	SV_SHARE_READONLY, /* the same frames, which neither may write */
	SV_SHARE_COW,	   /* copy on write has not happened yet: whoever writes gets a copy */
	SV_SHARE_KSM,	   /* merged with equal pages; whoever writes gets a copy, and waits */
	SV_SHARE_OUTGOING, /* we may write, the other one reads */
	SV_SHARE_WRITABLE, /* the other one may write */
	SV_SHARE_KIND_COUNT,
};

const char *sv_share_kind_name(enum sv_share_kind kind);

/* What is to be made of it: expected, outgoing, bleeding, bleeding-outside. */
const char *sv_share_verdict(enum sv_share_kind kind, bool in_group);

/*
 * own and other: the VMAs; file: pagemap has the page as one of a file or of shared memory; merged:
 * by KSM.
 */
enum sv_share_kind sv_share_kind_of(
	const struct sv_vma *own, const struct sv_vma *other, bool file, bool merged);

/* A page that maps a frame; which process by its number among selected and others. */
struct sv_sharer {
	uint64_t pfn;
	uint32_t process, page;
};

struct sv_sharers {
	struct sv_sharer *ptr; /* by frame, process, page */
	size_t len, cap;
	bool made;
	bool *in_group; /* of each process; owned */
	bool ksm_tells; /* a frame was met that is anonymous and not said to be merged */
};

/* All pages that were kept. -1: memory is out. */
int sv_sharers_init(const safevma_observation *obs, struct sv_sharers *ret);
void sv_sharers_fini(struct sv_sharers *sharers);

/*
 * A VMA of the process with one of another one. Or, asked for each, a stretch of pages that are
 * consecutive in both: then vaddr and other_vaddr are those of its first page.
 */
struct sv_share_row {
	const struct sv_vma *vma, *other_vma;
	const struct sv_process *other;
	enum sv_share_kind kind;
	bool in_group;
	uint64_t vaddr, other_vaddr, pfn; /* of its first page */
	uint64_t pages, changed;
};

/* Pages; each in one of zero, kernel, shared, hidden, or in none but its own. */
struct sv_share_sums {
	uint64_t present; /* all of them, those of the kernel's zero page too */
	uint64_t zero;	  /* the page of zeros */
	uint64_t kernel;  /* what the kernel provides to every process, as the vDSO */
	/* Parts of shared, by the worst that a page has with any other; outside: of bleeding. */
	uint64_t expected, outgoing, bleeding, outside;
	struct sv_num
		ksm;	 /* of expected, merged with equal pages; unknown: the flag tells nothing */
	uint64_t shared; /* found in another process at all */
	uint64_t alone;	 /* in none, and it is mapped no more often than found */
	uint64_t hidden; /* present, and its frame is not known */
	uint64_t changed;   /* not the same twice, or mapped more or less often than before */
	uint64_t uncounted; /* how often the frame is mapped is not known */
	/* Frames that are mapped more often than was found, and how often in all. */
	uint64_t beyond, excess;
	uint64_t others; /* processes that share any of it */
};

struct sv_share_view {
	struct {
		struct sv_share_row *ptr;
		size_t len, cap;
	} rows; /* worst first, then by address, process, address there */
	struct sv_share_sums sums;
};

/* each: a row a stretch. -1: memory is out. */
int sv_measure_share(const safevma_observation *obs, const struct sv_sharers *sharers,
	const struct sv_process *p, bool each, struct sv_share_view *ret);
void sv_share_view_fini(struct sv_share_view *view);

/*
 * Whether what was found is all: every process was looked into, or each frame is mapped just as
 * often as was found. Else what shares may be more, and what is unexplained cannot be told.
 */
bool sv_share_known(const safevma_observation *obs, const struct sv_share_sums *sums);

/* May it share with the selected: one of them, named with --group, or with the memory of one. */
bool sv_share_in_group(const safevma_observation *obs, const struct sv_process *process);

#endif
