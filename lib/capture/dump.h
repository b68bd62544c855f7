/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page-table dump in debugfs, as a second source of what the linear map has. */
#ifndef SV_CAPTURE_DUMP_H
#define SV_CAPTURE_DUMP_H

#include "kernel.h"

/*
 * Looks up the ranges (sorted, disjoint) in the dump of this architecture. The kernel holds the
 * lock of its own address space for writing while it writes the dump. Further mappings stay
 * unknown: most dumps name no frames.
 *
 * keep: where not NULL, takes the open file over; the caller closes it. While it is open the
 * buffer that the kernel wrote through stays allocated, and with it the frames look the same.
 * 1, 0 with *why, -1.
 */
int sv_capture_dump(struct sv_capture *c, const struct sv_frame_range *ranges, size_t n,
	const char *tag, struct sv_file **keep, struct sv_kernelmap *ret, struct safevma_error *why,
	struct safevma_error *err);

/* The interface that holds it on this machine. */
enum sv_iface sv_dump_iface(const struct sv_capture *c);

#endif
