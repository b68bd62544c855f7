// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabs.h"

#include <stdlib.h>

/* There are some hundred, and frames beside each other have the same. */
uint32_t sv_slab_view_find(struct sv_slab_view *v, uint64_t address)
{
	for (size_t k = 0; k < v->caches.len; k++) {
		size_t i = (v->last + k) % v->caches.len;

		if (v->caches.ptr[i].address != address)
			continue;
		v->last = i;
		return (uint32_t)i;
	}
	return SV_NO_CACHE;
}

void sv_slab_view_fini(struct sv_slab_view *v)
{
	for (size_t i = 0; i < v->caches.len; i++) {
		free(v->caches.ptr[i].name);
		free(v->caches.ptr[i].label);
		free(v->caches.ptr[i].place.zones);
	}
	for (size_t i = 0; i < SV_SLAB_PARTS; i++)
		free(v->parts[i].zones);
	sv_vec_fini(&v->caches);
	sv_vec_fini(&v->blocks);
	free(v->kinds.ptr);
}

bool sv_slab_movable(const struct sv_slab_view *v, uint64_t block)
{
	return v->kinds.known && block < v->kinds.len && v->kinds.ptr[block] == SV_BLOCK_MOVABLE;
}

/* ---- counting -------------------------------------------------------------------------------- */

static void count_edges(struct sv_slab_edges *e, const struct sv_slab_frame *f)
{
	e->user_over += !!(f->above & SV_PIECE_MAPPED);
	e->user_under += !!(f->below & SV_PIECE_MAPPED);
	e->table_over += (f->above & SV_PIECE_CLASS) == SV_CLASS_PGTABLE;
	e->table_under += (f->below & SV_PIECE_CLASS) == SV_CLASS_PGTABLE;
	e->selected_over += f->above_selected;
	e->selected_under += f->below_selected;
}

/* True when the block is one that the place was not in before. */
static int count_place(const struct sv_slab_view *v, struct sv_slab_place *p,
	const struct sv_slab_frame *f, bool *new)
{
	uint64_t block = f->pfn >> v->block_order;

	if (!p->zones)
		p->zones = calloc(v->zones + 1, sizeof(*p->zones));
	if (!p->zones)
		return -1;
	*new = v->blocks_known && (!p->frames || p->block != block);
	p->zones[f->zone]++;
	p->frames++;
	p->block = block;
	p->blocks += *new;
	p->shared += *new && f->shared;
	p->movable += *new &&sv_slab_movable(v, block);
	count_edges(&p->edges, f);
	return 0;
}

/* Blocks come upwards, and each cache has one entry for each. */
static int keep_block(
	struct sv_slab_view *v, struct sv_seen_cache *k, const struct sv_slab_frame *f, bool new)
{
	struct sv_slab_block *b;

	if (!new) {
		v->blocks.ptr[k->place.entry].frames++;
		return 0;
	}
	b = sv_vec_push(&v->blocks);
	if (!b)
		return -1;
	*b = (struct sv_slab_block) { .block = k->place.block,
		.cache = (uint32_t)(k - v->caches.ptr),
		.frames = 1,
		.shared = f->shared };
	k->place.entry = v->blocks.len - 1;
	return 0;
}

int sv_slab_count_all(struct sv_slab_view *v, const struct sv_slab_frame *f)
{
	bool new;

	return count_place(v, &v->parts[SV_SLAB_ALL], f, &new);
}

int sv_slab_count(struct sv_slab_view *v, const struct sv_slab_frame *f, enum sv_slab_part part,
	uint32_t cache)
{
	struct sv_seen_cache *k = cache != SV_NO_CACHE ? &v->caches.ptr[cache] : NULL;
	bool new;

	if (count_place(v, &v->parts[part], f, &new))
		return -1;
	if (part == SV_SLAB_KFENCE && k)
		k->kfence++;
	if (part != SV_SLAB_CACHES)
		return 0;
	if (count_place(v, &k->place, f, &new))
		return -1;
	k->slabs += f->head;
	return v->keep && v->blocks_known ? keep_block(v, k, f, new) : 0;
}
