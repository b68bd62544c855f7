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
	SV_FRAME_AROUND = 1u << 5, /* distance and mixed: the whole block was looked at */
};

struct sv_frame {
	uint64_t pfn;
	uint64_t flags;	     /* SV_KPF_* */
	uint64_t head_flags; /* of the compound head, for tails that do not repeat them (to 6.8) */
	uint64_t count;	     /* how many page-table entries of processes map it */
	uint64_t cgroup;     /* inode of the memory control group charged, 0 for none */
	unsigned int known;  /* enum sv_frame_part */
	enum sv_class below, above; /* of the frames beside it; UNKNOWN where they were not read */
	/* With SV_FRAME_AROUND. */
	unsigned int distance; /* frames down to the nearest strong source; 0: none near */
	bool mixed;	       /* its pageblock holds a strong source */
};

enum sv_class sv_class_of(const struct sv_frame *f);

/* Flags of the frame and, where a tail does not repeat them, of its head. */
uint64_t sv_folio_flags(const struct sv_frame *f);

/*
 * True when flags of its own or of its head say that mlock holds it. Needs SV_FRAME_FLAGS; false
 * tells nothing of a tail that is SV_FRAME_HEADLESS.
 */
bool sv_frame_mlocked(const struct sv_frame *f);

/* On the list that reclaim leaves alone. Needs SV_FRAME_FLAGS. */
bool sv_frame_unevictable(const struct sv_frame *f);

/* Whether the class of this tail needs the flags of its head. */
bool sv_frame_wants_head(const struct sv_frame *f);

/*
 * Frames by number, each once. There can be millions, and most are alike but for their number and
 * what lies beside them: what was read of them is kept once for all that share it.
 */
struct sv_frame_slot {
	uint64_t pfn;
	uint32_t sort;	/* what was read: index of sorts */
	uint8_t beside; /* class below, class above */
	uint8_t around; /* what SV_FRAME_AROUND says is known */
	uint16_t distance;
};

struct sv_frame_sort {
	uint64_t flags, head_flags, count, cgroup;
	unsigned int known;
	enum sv_class class;
};

struct sv_frame_index {
	struct sv_frame_slot *ptr;
	size_t len, room;
	struct {
		struct sv_frame_sort *ptr;
		size_t len, cap;
	} sorts;
	uint32_t *buckets; /* of a hash over sorts: index + 1 */
	size_t buckets_len;
	uint32_t last;	   /* sort that was met last */
	uint32_t *of_page; /* slot of each page's frame, where it is known; a hint */
	size_t pages;
};

/*
 * Making an index: room for n numbers, to be filled in any order; NULL when memory is out. Then
 * settle makes slots of the first n of them, each once; of no frame anything is known yet.
 */
uint64_t *sv_frames_room(struct sv_frame_index *index, size_t n);
int sv_frames_settle(struct sv_frame_index *index, size_t n);

/*
 * The same of the frames of pages: each number is shifted up by bits and has the index of its page
 * below, so that sorting tells which page's frame lies in which slot. pages: how many there are.
 */
int sv_frames_settle_pages(struct sv_frame_index *index, size_t n, unsigned int bits, size_t pages);

void sv_frames_fini(struct sv_frame_index *index);

/* Replaces what is known of the frame in slot at. -1: memory is out. */
int sv_frames_set(struct sv_frame_index *index, size_t at, const struct sv_frame *frame);

/* Slot of a frame, looked for from near on; SV_FRAMES_NONE when it is not there. */
#define SV_FRAMES_NONE SIZE_MAX
size_t sv_frames_find(const struct sv_frame_index *index, uint64_t pfn, size_t near);

/* First slot whose number is not below pfn. */
size_t sv_frames_from(const struct sv_frame_index *index, uint64_t pfn);

/*
 * What fresh knows takes the place of what index knew, but for surroundings that fresh did not look
 * at; new frames join it. -1: memory is out.
 */
int sv_frames_adopt(struct sv_frame_index *index, const struct sv_frame_index *fresh);

/* Here and not in frames.c, because they are called for each of millions. */

/* What is known of the frame in slot at. */
static inline struct sv_frame sv_frames_at(const struct sv_frame_index *x, size_t at)
{
	const struct sv_frame_slot *slot = &x->ptr[at];
	const struct sv_frame_sort *s = &x->sorts.ptr[slot->sort];

	return (struct sv_frame) { .pfn = slot->pfn,
		.flags = s->flags,
		.head_flags = s->head_flags,
		.count = s->count,
		.cgroup = s->cgroup,
		.known = s->known | (slot->around ? SV_FRAME_AROUND : 0),
		.below = (enum sv_class)(slot->beside & 0xf),
		.above = (enum sv_class)(slot->beside >> 4),
		.distance = slot->distance,
		.mixed = slot->around > 1 };
}

static inline enum sv_class sv_frames_class(const struct sv_frame_index *x, size_t at)
{
	return x->sorts.ptr[x->ptr[at].sort].class;
}

/*
 * Slot of the frame of a page, as sv_frames_find(). A slot with the frame's number is the frame's,
 * whatever became of the pages meanwhile.
 */
static inline size_t sv_frames_of_page(
	const struct sv_frame_index *x, size_t page, uint64_t pfn, size_t near)
{
	size_t at = page < x->pages ? x->of_page[page] : SV_FRAMES_NONE;

	return at < x->len && x->ptr[at].pfn == pfn ? at : sv_frames_find(x, pfn, near);
}

#endif
