/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a walk finds, put into its answer: frames that were asked for, in extents. */
#ifndef SV_MODEL_WALK_OUT_H
#define SV_MODEL_WALK_OUT_H

#include "walk.h"

enum { SV_WALK_OTHERS_MAX = 1 << 18 }; /* mappings outside the linear map that are kept */

/* What all entries from the root down allow. */
struct sv_rights {
	bool writable, exec;
};

struct sv_walk_out {
	const struct sv_walk_request *q;
	const struct sv_pgtable *pg;
	struct sv_kernelmap *map;
	size_t floor; /* mappings before it do not grow any more */
	struct safevma_error *err;
};

/* Does a range of the list hold any of the frames [pfn, pfn + frames)? */
bool sv_ranges_touch(const struct sv_frame_range *list, size_t n, uint64_t pfn, uint64_t frames);

/*
 * The part [vaddr, vaddr + frames) of an entry of the linear map; where: address of the entry. All
 * of these return 0, or -1 when memory is out.
 */
int sv_walk_linear(struct sv_walk_out *w, const struct sv_entry *e, unsigned int level,
	uint64_t where, uint64_t vaddr, uint64_t frames, struct sv_rights r);

/* Frames of the linear map that nothing can be said of. */
int sv_walk_unknown(struct sv_walk_out *w, uint64_t pfn, uint64_t frames, enum sv_alias_why why);

/* A leaf outside the linear map: the parts of it that map frames asked for. */
int sv_walk_other(struct sv_walk_out *w, struct sv_kmapping m);

/* A mapping as it is; may_grow: the one before may be continued by it. */
int sv_walk_add(struct sv_walk_out *w, const struct sv_kmapping *m, bool may_grow);

#endif
