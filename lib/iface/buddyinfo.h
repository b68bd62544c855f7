/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/buddyinfo: free blocks by order, a line a zone; frag_show_print() in mm/vmstat.c:
 *
 *	Node 0, zone    DMA32      2      2      4      2      5      4      3      3      4      2
 *752
 *
 * One column an order, from 0. It takes the zone's lock for as long as it reads the zone's counts.
 */
#ifndef SV_IFACE_BUDDYINFO_H
#define SV_IFACE_BUDDYINFO_H

#include "base/parse.h"

enum { SV_BUDDY_ORDERS = 32 };

struct sv_buddy_zone {
	uint64_t node;
	struct sv_span name; /* borrowed */
	uint64_t free[SV_BUDDY_ORDERS];
	size_t orders;
};

/* 1, 0 at the end, -1 malformed. */
int sv_buddyinfo_next(struct sv_text *text, struct sv_buddy_zone *ret, struct safevma_error *err);

#endif
