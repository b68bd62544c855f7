/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * struct page: what the kernel keeps of each frame, in an array by frame number (vmemmap). Where
 * the array lies and what its members are is told by VMCOREINFO (vmcoreinfo.h), where the members
 *of slab memory lie by BTF (btf.h). include/linux/mm_types.h, page-flags.h; mm/slab.h.
 *
 * Which member tells what has changed, and is looked for, never inferred from a version:
 *
 *	tail		compound_head is a pointer to the head, plus 1; in 7.x compound_info can be
 *			a mask instead that makes the address of the head out of that of the tail
 *	slab		a bit of flags to 6.9 (PG_slab), a type in _mapcount from 6.10 on
 *	types		bits to 6.11, one of which is cleared; from 6.12 on the highest byte
 *	slab_cache	in struct page to 5.16, in struct slab, which lies over it, from 5.17 on
 */
#ifndef SV_IFACE_STRUCTPAGE_H
#define SV_IFACE_STRUCTPAGE_H

#include "kcore.h"
#include "vmcoreinfo.h"

enum sv_page_type {
	SV_PAGE_PLAIN, /* no type: user memory, most kernel memory, free on a CPU's list */
	SV_PAGE_BUDDY, /* the first frame of a free block */
	SV_PAGE_OFFLINE,
	SV_PAGE_TABLE,
	SV_PAGE_GUARD, /* left free beside what debug_pagealloc guards */
	SV_PAGE_HUGETLB,
	SV_PAGE_SLAB,
	SV_PAGE_ZSMALLOC,
	SV_PAGE_UNACCEPTED,
	SV_PAGE_LARGE, /* large kmalloc: from 6.14 on it is marked */
	SV_PAGE_OTHER, /* a type that we do not know */
	SV_PAGE_TYPE_COUNT,
};

enum { SV_PAGE_SIZE_MAX = 256 }; /* of a struct page: 56 to 80 bytes */

struct sv_page_layout {
	uint64_t vmemmap; /* address of frame 0's */
	uint64_t size;	  /* of one */
	uint64_t flags, compound, type;
	struct sv_num refcount;
	uint64_t head_mask; /* of flags */
	bool wide;	    /* addresses of 64 bits */
	bool types_known;   /* the highest byte of type is one of types */
	uint8_t types[SV_PAGE_TYPE_COUNT];
	struct sv_num slab_bit;	 /* of flags */
	struct sv_num slab_mask; /* bits of type of which a slab has just the upper ones */
	struct sv_num buddy_mask;
	uint32_t type_base;
	struct sv_num slab_cache; /* offset of the pointer */
	/* Offsets in struct kmem_cache. */
	struct sv_num cache_name, cache_size, cache_object_size, cache_oo;
	bool learned; /* slab_cache and cache_name: not from BTF */
};

/* Lines of btf.h; those that are not understood are passed over. */
void sv_page_layout_btf(struct sv_page_layout *l, struct sv_text text);

/* Where struct pages lie and how they look. -1: *err says what the kernel does not tell. */
int sv_page_layout_init(struct sv_page_layout *l, const struct sv_vmcoreinfo *info,
	const struct sv_kcore *kcore, uint64_t delta, unsigned int page_shift,
	struct safevma_error *err) sv_must_check;

/* What one struct page says. */
struct sv_page_view {
	bool blank;		/* all zeros: nothing is there, or it could not be read */
	bool tail, broken;	/* broken: what it says to be a tail of cannot be */
	bool has_tails;		/* head of a compound page */
	bool held;		/* somebody has a reference to this very frame */
	uint64_t head;		/* of what it is a tail of; else the frame itself */
	int order;		/* where the tail itself tells it; else -1 */
	enum sv_page_type type; /* of a tail its own, which says nothing */
	uint64_t cache;		/* pointer to the kmem_cache; of slab memory alone */
};

/* bytes: layout->size of them. */
void sv_page_decode(
	const struct sv_page_layout *l, uint64_t pfn, const void *bytes, struct sv_page_view *ret);

/* A pointer at an offset. */
uint64_t sv_page_pointer(const struct sv_page_layout *l, const void *bytes, uint64_t offset);

#endif
