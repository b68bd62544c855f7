/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's own page tables say of frames: how the linear map has them, and at which
 * further kernel addresses they are mapped. Kept as extents, never frame by frame.
 */
#ifndef SV_MODEL_KERNELMAP_H
#define SV_MODEL_KERNELMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"
#include "base/vec.h"

/* Frames [first, first + count). Lists of them are sorted and disjoint. */
struct sv_frame_range {
	uint64_t first, count;
};

/* A frame in the linear map. */
enum sv_alias {
	SV_ALIAS_UNKNOWN, /* not looked up, not readable, or what was read contradicts itself */
	SV_ALIAS_RW,
	SV_ALIAS_RO,
	SV_ALIAS_ABSENT, /* a non-zero entry that is not present and still names this frame */
	SV_ALIAS_NONE,	 /* never mapped: no entry, and no RAM that the kernel's list knows */
};

/* Why an alias is unknown. */
enum sv_alias_why {
	SV_ALIAS_WHY_NOTHING,
	SV_ALIAS_WHY_ZERO, /* an empty entry for RAM: kcore fills with zeros what it cannot read */
	SV_ALIAS_WHY_UNREAD,   /* a table on the way could not be read */
	SV_ALIAS_WHY_MISMATCH, /* the entry names another frame */
	SV_ALIAS_WHY_OUTSIDE,  /* outside of the linear map, or not among what was looked up */
	SV_ALIAS_WHY_CHANGED,  /* two looks gave two answers */
	SV_ALIAS_WHY_UNLISTED, /* not mapped, and by no list that was read it is RAM */
};

const char *sv_alias_name(enum sv_alias alias); /* "rw", "ro", "absent", "none", "unknown" */
const char *sv_alias_why_text(enum sv_alias_why why);

/* Consecutive frames that the linear map has in the same way. */
struct sv_linear_extent {
	uint64_t pfn, frames;
	enum sv_alias alias;
	enum sv_alias_why why;
	bool exec;
	unsigned int leaf_shift; /* log2 of the size of the entries that map it; 0 unknown */
};

/* Regions of the kernel's address space. */
enum sv_kzone {
	SV_KZONE_UNNAMED,
	SV_KZONE_LINEAR,
	SV_KZONE_VMALLOC,
	SV_KZONE_VMEMMAP,
	SV_KZONE_MODULES,
	SV_KZONE_IMAGE, /* the kernel's own text, data and what was freed of it */
	SV_KZONE_FIXMAP,
	SV_KZONE_CPU_ENTRY,
	SV_KZONE_ESPFIX,
	SV_KZONE_EFI,
	SV_KZONE_LDT,
	SV_KZONE_KASAN,
	SV_KZONE_PCI_IO,
	SV_KZONE_COUNT,
};

const char *sv_kzone_name(enum sv_kzone zone);

/* Frames mapped at a kernel address that is not their place in the linear map. */
struct sv_kmapping {
	uint64_t vaddr, pfn, frames;
	bool writable, exec;
	enum sv_kzone zone;
	unsigned int leaf_shift;
};

struct sv_linear_extents {
	struct sv_linear_extent *ptr;
	size_t len, cap;
};

struct sv_kmappings {
	struct sv_kmapping *ptr;
	size_t len, cap;
};

/* What one look cost and met. */
struct sv_walk_cost {
	uint64_t tables;     /* table pages read */
	uint64_t references; /* entries that led to a table, met again or not */
	uint64_t bytes;
};

/* The answer to one look at the kernel's page tables. */
struct sv_kernelmap {
	bool made;	/* false: nothing was looked up; all is unknown */
	uint64_t delta; /* linear address = physical address + delta (mod 2^64) */
	unsigned int page_shift;
	struct sv_linear_extents linear; /* by frame number, each frame once */
	bool self_checked;		 /* an ordinary page of the observer was among them */
	bool others_known;		 /* the rest of the kernel's half was walked as well */
	bool others_cut;		 /* there were more than we keep */
	struct sv_kmappings others;	 /* by frame number, then address */
	uint64_t others_span;		 /* frames of the largest of them */
	size_t empty_tables; /* outside the linear map: tables of zeros that are taken for such */
	struct sv_walk_cost cost;
};

void sv_kernelmap_fini(struct sv_kernelmap *map);

/* Appends; one that goes on where the last ends, in the same way, makes that longer. -1: memory. */
int sv_linear_extents_add(struct sv_linear_extents *list, const struct sv_linear_extent *x);

/* Extent that holds a frame, or NULL. */
const struct sv_linear_extent *sv_kernelmap_find(const struct sv_kernelmap *map, uint64_t pfn);

/*
 * Next mapping outside the linear map of a frame. *at: 0 before the first call. NULL past the last.
 */
const struct sv_kmapping *sv_kernelmap_other(
	const struct sv_kernelmap *map, uint64_t pfn, size_t *at);

/*
 * Makes unknown of map what a second look at the same frames saw in another way. -1: memory is out,
 * and map is as it was.
 */
int sv_kernelmap_doubt(struct sv_kernelmap *map, const struct sv_kernelmap *second);

/* How two answers for the same frames agree. */
struct sv_comparison {
	bool made;
	uint64_t frames;    /* decided by both */
	uint64_t undecided; /* by one of them, or both */
	uint64_t changed;   /* another answer before and after: nothing follows from them */
	uint64_t differ;    /* in reach or permission */
	struct {
		struct sv_frame_range *ptr;
		size_t len, cap;
	} where; /* those that differ */
};

void sv_comparison_fini(struct sv_comparison *c);

/*
 * before and after: two looks at one source, with a look at another one between them. Frames of
 * which the former two differ changed meanwhile. ret: zeroed or ended. -1: memory is out.
 */
int sv_kernelmap_compare(const struct sv_kernelmap *before, const struct sv_kernelmap *between,
	const struct sv_kernelmap *after, struct sv_comparison *ret);

#endif
