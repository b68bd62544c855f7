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
	struct sv_num pcp_count_pages; /* sum over CPUs of pages on per-CPU free lists */
};

int sv_zoneinfo_next(struct sv_text *text, struct sv_zone *ret, struct safevma_error *err);

/*
 * /proc/pagetypeinfo header: "Page block order: 9" and "Pages per block:  512".
 */
int sv_pagetypeinfo_block(
	struct sv_text text, uint64_t *order, uint64_t *pages, struct safevma_error *err);

/*
 * /proc/iomem: "  00001000-0009ffff : System RAM", indented two blanks a level. Without
 * CAP_SYS_ADMIN at open every address is printed as zero: sv_iomem_next() returns such lines as
 * they are, and sv_iomem_hidden() tells (all ranges 0-0).
 */
struct sv_iomem_range {
	unsigned int level;
	uint64_t start, end; /* bytes, end inclusive */
	struct sv_span name;
};
int sv_iomem_next(struct sv_text *text, struct sv_iomem_range *ret, struct safevma_error *err);
int sv_iomem_hidden(struct sv_text text, bool *ret, struct safevma_error *err);

/*
 * Kernel configuration text (config.gz unpacked, /boot/config-RELEASE): "CONFIG_X=y", "CONFIG_X=1",
 * "CONFIG_X="text"", "# CONFIG_X is not set". Value of NAME (with CONFIG_): len 0 when it is not
 * set (the line says so or is not there).
 */
int sv_kconfig_find(
	struct sv_text text, const char *name, struct sv_span *ret, struct safevma_error *err);

#endif
