/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of each slab cache between two looks, and which pageblocks it spread into. */
#ifndef SV_MEASURE_SLABGROWTH_H
#define SV_MEASURE_SLABGROWTH_H

#include "model/observation.h"

/*
 * Frames are compared pageblock by pageblock: what a cache gave back and took again within one
 * block is neither new nor left.
 */
struct sv_slab_grown {
	const struct sv_slab_cache *before, *after; /* NULL: it was not there */
	uint64_t new_frames, left_frames;
	uint64_t entered, abandoned;		    /* blocks that it was not in, or is not */
	uint64_t entered_shared, new_shared_frames; /* blocks with memory of processes at the end */
	uint64_t entered_movable, new_movable_frames; /* kept for movable memory at the begin */
};

struct sv_slab_growths {
	bool made;
	bool placed;		   /* new_frames and what follows are known */
	bool movable;		   /* and what blocks were kept for */
	struct sv_slab_grown *ptr; /* those that changed; most new frames in movable blocks first */
	size_t len, cap;
};

/* -1: memory is out. */
int sv_measure_slab_growth(const safevma_observation *obs, struct sv_slab_growths *ret);
void sv_slab_growths_fini(struct sv_slab_growths *growths);

/* Slabs, by sysfs, and by struct pages where it does not list the cache; frames alike. */
struct sv_num sv_slab_grown_slabs(const struct sv_slab_cache *cache);
struct sv_num sv_slab_grown_frames(
	const struct sv_slab_growths *g, const struct sv_slab_cache *cache);

#endif
