/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/zoneinfo: "Node 0, zone   Normal", then its numbers; mm/vmstat.c zoneinfo_show_print().
 * start_pfn is printed for populated zones only. Used for where HighMem begins, and for spans.
 */
#ifndef SV_IFACE_ZONEINFO_H
#define SV_IFACE_ZONEINFO_H

#include "base/parse.h"

struct sv_zone {
	uint64_t node;
	struct sv_span name; /* borrowed */
	struct sv_num start_pfn, spanned_pages, present_pages, managed_pages, free_pages;
	struct sv_num min_pages, low_pages, high_pages; /* watermarks */
	/* Of "protection:", the most that is kept from allocations that may use other zones. */
	struct sv_num reserve_pages;
	struct sv_num pcp_count_pages; /* sum over CPUs of pages on per-CPU free lists */
};

int sv_zoneinfo_next(struct sv_text *text, struct sv_zone *ret, struct safevma_error *err);

#endif
