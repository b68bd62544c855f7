/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PAGEMAP_SCAN (6.7) and PROCMAP_QUERY (6.11), include/uapi/linux/fs.h. Declared here because the
 * headers that a product is built with are often older than the kernel that it runs on. Neither
 * returns frame numbers, neither needs a capability beyond the descriptor.
 */
#ifndef SV_IFACE_IOCTLS_H
#define SV_IFACE_IOCTLS_H

#include "pace.h"
#include "root.h"

/*
 * Pages of [start, end) that are present or have any other non-empty entry, as struct sv_region
 * appended to ret. Each call to the kernel is counted in cost. The walk is cut into short pieces,
 * by the pages found and by address space: each holds the target's mmap lock. 0 or errno; ENOTTY:
 * the kernel is older.
 */
int sv_ioctl_scan(int fd, uint64_t start, uint64_t end, struct sv_pacing *pacing,
	struct sv_strbuf *ret, struct sv_cost *cost);

/* VMAs that touch [start, end), as struct sv_query_vma appended to ret. 0 or errno. */
int sv_ioctl_query(int fd, uint64_t start, uint64_t end, struct sv_pacing *pacing,
	struct sv_strbuf *ret, struct sv_cost *cost);

#endif
