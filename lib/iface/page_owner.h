/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /sys/kernel/debug/page_owner: who allocated a page, and when. mm/page_owner.c, CONFIG_PAGE_OWNER
 * and page_owner=on at boot. The position in the file is a frame number: a read gives one record,
 * of the first page at or behind it that begins an allocation. Of an allocation of 2^order pages
 * only the first is printed; pages that are free, or were never given out by the page allocator,
 * have none.
 *
 *	Page allocated via order 0, mask 0x140dc2(GFP_HIGHUSER|__GFP_COMP), pid 53, tgid 53 (t), ts
 *... PFN 0x14de type Unmovable Block 10 type Unmovable Flags 0x40038(uptodate|lru|node=0|zone=0)
 *	 post_alloc_hook+0xb6/0xcd
 *	 ...
 *	Charged to memcg /
 *
 * The second line's number is decimal up to 6.1 and hexadecimal with 0x since.
 */
#ifndef SV_IFACE_PAGE_OWNER_H
#define SV_IFACE_PAGE_OWNER_H

#include "base/parse.h"

struct sv_page_owner {
	uint64_t pfn;
	unsigned int order;
	struct sv_span mask;  /* words of the GFP mask, "GFP_KERNEL|__GFP_COMP"; may be empty */
	struct sv_span stack; /* lines " function+0x.../0x...", as they are */
	struct sv_span group; /* memory control group; empty: none is named */
	bool slab;	      /* "Slab cache page" */
};

/* One record. Spans point into it. */
int sv_page_owner_parse(
	struct sv_span record, struct sv_page_owner *ret, struct safevma_error *err) sv_must_check;

/* The next function of a stack, without offset and size. False at the end. */
bool sv_page_owner_function(struct sv_span *stack, struct sv_span *ret);

/*
 * Answers of SV_OP_RECORDS: for each position asked for, a line "@ POSITION LENGTH" and so many
 * bytes. False at the end, or where it is malformed.
 */
bool sv_page_owner_answer(struct sv_span *answers, uint64_t *position, struct sv_span *record);

/* First frame of the aligned block of 2^order frames that pfn lies in. */
static inline uint64_t sv_block_first(uint64_t pfn, unsigned int order)
{
	return pfn >> order << order;
}

#endif
