/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Caches of the kernel's slab allocator, as the frames show that they have, and where these lie.
 * Kept is what is proportional to caches, zones and pageblocks, and nothing of single frames.
 */
#ifndef SV_MODEL_SLABS_H
#define SV_MODEL_SLABS_H

#include "base/error.h"
#include "base/parse.h"
#include "base/vec.h"
#include "exposure.h"

/*
 * Pairs of neighbours of which one is slab memory. over: it lies below, so that its overflow runs
 * into the other one; under: above.
 */
struct sv_slab_edges {
	uint64_t user_over, user_under;	  /* memory of processes that is mapped */
	uint64_t table_over, table_under; /* page tables */
	uint64_t selected_over, selected_under;
};

/* Where some slab memory lies. */
struct sv_slab_place {
	uint64_t frames;
	struct sv_slab_edges edges;
	uint64_t blocks, shared; /* pageblocks; of these, with mapped memory of processes */
	uint64_t movable;	 /* of these, kept for movable memory, where it is known */
	uint64_t *zones;	 /* owned: frames in each zone of the exposure, and in none */
	/* While frames are counted: the block of the last one, and its entry. */
	uint64_t block;
	size_t entry;
};

struct sv_seen_cache {
	uint64_t address; /* of its struct kmem_cache */
	char *name;	  /* owned; NULL: what is there is no name that the kernel knows */
	char *label;	  /* owned: the name, and in parentheses what was merged into it */
	struct sv_num size, object_size; /* bytes of an object with and without padding */
	struct sv_num order;		 /* of the slabs that are made now */
	/* Of the frames that were looked at. */
	uint64_t slabs;
	uint64_t kfence; /* frames with an object of it in KFENCE's pool: no slabs */
	struct sv_slab_place place;
};

/* All slab memory by flags, and the parts of it: their frames and edges add up to all. */
enum sv_slab_part {
	SV_SLAB_ALL,
	SV_SLAB_CACHES,	 /* of caches */
	SV_SLAB_KFENCE,	 /* KFENCE's pool, with an object or without */
	SV_SLAB_UNNAMED, /* their cache could not be told */
	SV_SLAB_CHANGED, /* while they were looked at */
	SV_SLAB_PARTS,
};

/* Frames that a cache has in a pageblock. */
struct sv_slab_block {
	uint64_t block;
	uint32_t cache;
	uint32_t frames : 31;
	uint32_t shared : 1;
};

/* What pageblocks are kept for, by number of block. */
struct sv_block_kinds {
	bool known;
	uint8_t *ptr; /* owned */
	size_t len;
};

enum { SV_BLOCK_MOVABLE = 1, SV_BLOCK_NONE = 255 }; /* MIGRATE_MOVABLE; there is none */

struct sv_slab_view {
	bool made;	   /* every frame was looked at */
	bool told;	   /* caches were, too */
	bool blocks_known; /* the size of a pageblock is */
	bool keep;	   /* blocks are wanted */
	bool plain;	   /* what they are kept for is not */
	unsigned int block_order;
	size_t zones; /* of the exposure */
	struct {
		struct sv_seen_cache *ptr;
		size_t len, cap;
	} caches;
	size_t last; /* asked for last */
	struct sv_slab_place parts[SV_SLAB_PARTS];
	struct sv_block_kinds kinds;
	struct {
		struct sv_slab_block *ptr;
		size_t len, cap;
	} blocks; /* by block; of each cache once */
};

#define SV_NO_CACHE UINT32_MAX

/* Index of the cache at an address; SV_NO_CACHE. */
uint32_t sv_slab_view_find(struct sv_slab_view *v, uint64_t address);
void sv_slab_view_fini(struct sv_slab_view *v);

/* Whether a pageblock is kept for movable memory; false where that is not known. */
bool sv_slab_movable(const struct sv_slab_view *v, uint64_t block);

/* One frame of slab memory on its way into the sums. */
struct sv_slab_frame {
	uint64_t pfn;
	size_t zone;	      /* index in the exposure; their number: in none */
	uint8_t below, above; /* SV_PIECE_* of its neighbours */
	bool below_selected, above_selected;
	bool shared; /* its block holds mapped memory of processes */
	bool head;   /* the first of its slab */
};

/*
 * Adds it to all slab memory, then to the part that it is of; of SV_SLAB_CACHES also to the cache.
 * Frames come upwards. -1: memory is out.
 */
int sv_slab_count_all(struct sv_slab_view *v, const struct sv_slab_frame *f);
int sv_slab_count(struct sv_slab_view *v, const struct sv_slab_frame *f, enum sv_slab_part part,
	uint32_t cache);

#endif
