/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk over the kernel's page tables. Which tables are read is decided by the frames asked for:
 * below an entry that maps none of them nothing is looked at. Each table is read once, outside the
 * linear map once for each level and each pair of rights that it is met with; what was found below
 * a table that several entries share is remembered, so that tables which refer to each other in a
 * circle, or a shadow region that maps one page a million times, take bounded time.
 */
#ifndef SV_MODEL_WALK_H
#define SV_MODEL_WALK_H

#include "kernelmap.h"
#include "pgtable.h"

struct sv_walk_request {
	const struct sv_pgtable *pg;
	const struct sv_kcore *kcore; /* which frames are RAM; where the regions are */
	const struct sv_frame_range *ranges;
	size_t ranges_len; /* looked up in the linear map */
	const struct sv_frame_range *others;
	size_t others_len; /* looked for in the rest of the kernel's half */
	bool everything;   /* keep every mapping outside the linear map, of any frame */
	/* Gets a table: 0; 1 when it cannot be read; -1 ends the walk, err is filled. */
	int (*load)(
		void *context, uint64_t paddr, void *buf, size_t size, struct safevma_error *err);
	void *context;
};

/* ret: zeroed; the caller's to end with sv_kernelmap_fini(), also on failure. */
int sv_walk(const struct sv_walk_request *request, struct sv_kernelmap *ret,
	struct safevma_error *err) sv_must_check;

/* Region of a kernel address, from the segments of kcore and the architecture's layout. */

enum sv_kzone sv_kzone_of(
	const struct sv_kcore *k, const struct sv_pgtable *pg, uint64_t vaddr, uint64_t *end);

#endif
