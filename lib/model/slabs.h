/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Caches of the kernel's slab allocator, as the frames show that they have. */
#ifndef SV_MODEL_SLABS_H
#define SV_MODEL_SLABS_H

#include "base/parse.h"
#include "base/vec.h"

struct sv_seen_cache {
	uint64_t address; /* of its struct kmem_cache */
	char *name;	  /* owned; NULL: what is there is no name that the kernel knows */
	char *label;	  /* owned: the name, and in parentheses what was merged into it */
	struct sv_num size, object_size; /* bytes of an object with and without padding */
	struct sv_num order;		 /* of the slabs that are made now */
	/* Of the frames that were looked at. */
	uint64_t slabs, frames;
	uint64_t kfence; /* frames with an object of it in KFENCE's pool: no slabs */
};

struct sv_slab_view {
	struct {
		struct sv_seen_cache *ptr;
		size_t len, cap;
	} caches;
	size_t last;	  /* asked for last */
	uint64_t frames;  /* of slab memory */
	uint64_t changed; /* while they were looked at: in no cache's sums */
	uint64_t kfence;  /* of KFENCE's pool, with an object or without */
	uint64_t unnamed; /* their cache could not be told */
};

#define SV_NO_CACHE UINT32_MAX

/* Index of the cache at an address; SV_NO_CACHE. */
uint32_t sv_slab_view_find(struct sv_slab_view *v, uint64_t address);
void sv_slab_view_fini(struct sv_slab_view *v);

#endif
