/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/iomem: the tree of physical addresses, r_show() in kernel/resource.c; two blanks a level.
 *
 *	00100000-1ffdffff : System RAM
 *	  0d600000-0e401ef1 : Kernel code
 *
 * Without CAP_SYS_ADMIN at open every address is printed as zero (since 4.6). Levels deeper than 5
 * are printed at 5. A name is what a driver chose: any bytes.
 */
#ifndef SV_IFACE_IOMEM_H
#define SV_IFACE_IOMEM_H

#include "base/parse.h"

struct sv_iomem_range {
	unsigned int level;
	uint64_t start, end; /* bytes, end inclusive */
	struct sv_span name; /* borrowed */
};

/* 1: *ret is the next range; 0: end; -1: malformed. Hidden addresses are returned as they are. */
/* RAM that the kernel uses: a range that is no part of another. */
bool sv_iomem_is_ram(const struct sv_iomem_range *range);

int sv_iomem_next(struct sv_text *text, struct sv_iomem_range *ret, struct safevma_error *err);

/* True when every range is 0-0: the kernel hid them. A text without any range is an error. */
int sv_iomem_hidden(struct sv_text text, bool *ret, struct safevma_error *err);

/* The same as an error: 0 when they are shown. */
int sv_iomem_shown(struct sv_text text, struct safevma_error *err);

#endif
