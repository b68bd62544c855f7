/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a frame is used for, as far as the kernel's flags tell. The order of the tests matters: slab
 * and page-table frames carry bogus ANON and KSM bits, because struct page overlays its fields.
 */
#ifndef SV_MODEL_FRAME_H
#define SV_MODEL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

enum sv_class {
	SV_CLASS_UNKNOWN, /* not read */
	SV_CLASS_NOPAGE,
	SV_CLASS_HWPOISON,
	SV_CLASS_OFFLINE,
	SV_CLASS_FREE,
	SV_CLASS_SLAB,
	SV_CLASS_PGTABLE,
	SV_CLASS_ZERO,
	SV_CLASS_HUGETLB,
	SV_CLASS_ANON,
	SV_CLASS_FILE,
	SV_CLASS_SHMEM,
	SV_CLASS_RESERVED,
	SV_CLASS_KERNEL_COMPOUND,
	SV_CLASS_KERNEL_CHARGED,
	SV_CLASS_UNCLASSIFIED,
	SV_CLASS_COUNT,
};

/* How surely a class is a source: kernel memory from which an overrun can start. */
enum sv_source {
	SV_SOURCE_NO,
	SV_SOURCE_STRONG,	/* slab, compound kernel memory */
	SV_SOURCE_UNCLASSIFIED, /* may be kernel memory: counts in the upper bound */
	SV_SOURCE_UNKNOWN,	/* the frame could not be read */
};

struct sv_class_info {
	const char *name;
	enum sv_source source;
	bool user; /* memory of processes */
	const char *help;
};

const struct sv_class_info *sv_class_info(enum sv_class c);

/* What was read of one frame; which parts were is in known. */
enum sv_frame_part {
	SV_FRAME_FLAGS = 1u << 0,
	SV_FRAME_COUNT = 1u << 1,
	SV_FRAME_CGROUP = 1u << 2,
	SV_FRAME_HEAD = 1u << 3, /* head_flags are those of the compound head */
	/* A tail that shows few flags of its own, and whose head was looked for in vain. */
	SV_FRAME_HEADLESS = 1u << 4,
};

struct sv_frame {
	uint64_t pfn;
	uint64_t flags;	     /* SV_KPF_* */
	uint64_t head_flags; /* of the compound head, for tails that do not repeat them (to 6.8) */
	uint64_t count;	     /* how many page-table entries of processes map it */
	uint64_t cgroup;     /* inode of the memory control group charged, 0 for none */
	unsigned int known;  /* enum sv_frame_part */
};

enum sv_class sv_class_of(const struct sv_frame *f);

/*
 * True when flags of its own or of its head say that mlock holds it. Needs SV_FRAME_FLAGS; false
 * tells nothing of a tail that is SV_FRAME_HEADLESS.
 */
bool sv_frame_mlocked(const struct sv_frame *f);

/* On the list that reclaim leaves alone. Needs SV_FRAME_FLAGS. */
bool sv_frame_unevictable(const struct sv_frame *f);

/* Whether the class of this tail needs the flags of its head. */
bool sv_frame_wants_head(const struct sv_frame *f);

/* Frames by number: sorted, each once. */
struct sv_frame_index {
	struct sv_frame *ptr;
	size_t len, cap;
};

struct sv_frame *sv_frame_find(const struct sv_frame_index *index, uint64_t pfn);
void sv_frame_sort(struct sv_frame_index *index); /* sorts, and drops repeated numbers */

#endif
