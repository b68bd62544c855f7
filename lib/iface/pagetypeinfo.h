/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/pagetypeinfo begins with the size of a pageblock, pagetypeinfo_show() in mm/vmstat.c:
 *
 *	Page block order: 9
 *	Pages per block:  512
 *
 * and ends with how many there are of each kind, pagetypeinfo_showblockcount(), and with page_owner
 * at work (CONFIG_PAGE_OWNER, 3.19) how many of them the kernel itself finds mixed:
 *
 *	Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate
 *	Node 0, zone    DMA32           11          243            2            0            0
 *
 * Kinds depend on the kernel's configuration (CMA, Isolate) and are named by the heading. Which
 * block is of which kind no file tells.
 */
#ifndef SV_IFACE_PAGETYPEINFO_H
#define SV_IFACE_PAGETYPEINFO_H

#include "base/parse.h"

/* Just those two lines. pages is two to the power of order, or the text is malformed. */
int sv_pagetypeinfo_block(
	struct sv_text text, uint64_t *order, uint64_t *pages, struct safevma_error *err);

/* A number of pageblocks of one kind in one zone. */
struct sv_pagetype_count {
	bool mixed; /* of those that the kernel calls mixed */
	uint64_t node, blocks;
	struct sv_span zone, type; /* borrowed */
};

/* Goes through those numbers; begins with text at the whole file. */
struct sv_pagetype_counts {
	struct sv_text text;
	struct sv_pagetype_count now;
	struct sv_span types, types_left, counts_left;
};

/* 1: *ret is the next one; 0: end; -1: malformed. A text without such numbers has none. */
int sv_pagetypeinfo_next(struct sv_pagetype_counts *counts, struct sv_pagetype_count *ret,
	struct safevma_error *err);

#endif
