// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where slab memory lies: columns of caches, and a table of all of it by how much is told. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "table_slab.h"

/* Of a cache that no frame was found of, when all were looked at, it is known that there is none.
 */
const struct sv_slab_place *sv_slab_place_of(
	const safevma_observation *obs, const struct sv_slab_cache *cache)
{
	static const struct sv_slab_place none;

	if (!obs->slabs.view.made || !obs->slabs.view.told)
		return NULL;
	return cache->seen ? &cache->seen->place : &none;
}

static struct safevma_value count(const safevma_cursor *c, uint64_t n)
{
	return c->slab_place ? sv_value_u64(SAFEVMA_TYPE_U64, n) : sv_value_unknown();
}

static const struct sv_slab_edges *edges(const safevma_cursor *c)
{
	static const struct sv_slab_edges none;

	return c->slab_place ? &c->slab_place->edges : &none;
}

struct safevma_value sv_get_slab_frames(safevma_cursor *c)
{
	return count(c, c->slab_place ? c->slab_place->frames : 0);
}

struct safevma_value sv_get_slab_found(safevma_cursor *c)
{
	return count(c, c->slab->seen ? c->slab->seen->slabs : 0);
}

struct safevma_value sv_get_slab_kfence(safevma_cursor *c)
{
	return count(c, c->slab->seen ? c->slab->seen->kfence : 0);
}

struct safevma_value sv_get_slab_blocks(safevma_cursor *c)
{
	if (!c->slab_place || !c->obs->slabs.view.blocks_known)
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_U64, c->slab_place->blocks);
}

struct safevma_value sv_get_slab_shared(safevma_cursor *c)
{
	if (!c->slab_place || !c->obs->slabs.view.blocks_known)
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_U64, c->slab_place->shared);
}

struct safevma_value sv_get_slab_movable(safevma_cursor *c)
{
	if (!c->slab_place || !c->obs->slabs.view.kinds.known)
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_U64, c->slab_place->movable);
}

struct safevma_value sv_get_slab_user(safevma_cursor *c)
{
	return count(c, edges(c)->user_over + edges(c)->user_under);
}

struct safevma_value sv_get_slab_user_over(safevma_cursor *c)
{
	return count(c, edges(c)->user_over);
}

struct safevma_value sv_get_slab_tables(safevma_cursor *c)
{
	return count(c, edges(c)->table_over + edges(c)->table_under);
}

struct safevma_value sv_get_slab_tables_over(safevma_cursor *c)
{
	return count(c, edges(c)->table_over);
}

struct safevma_value sv_get_slab_selected(safevma_cursor *c)
{
	if (!sv_selected_known(c->obs))
		return sv_value_unknown();
	return count(c, edges(c)->selected_over + edges(c)->selected_under);
}

struct safevma_value sv_get_slab_selected_over(safevma_cursor *c)
{
	return sv_selected_known(c->obs) ? count(c, edges(c)->selected_over) : sv_value_unknown();
}

/* ---- zones and nodes ------------------------------------------------------------------------- */

/* Whether an earlier zone has the same name, or is of the same node. */
static bool met(const struct sv_exposure *x, size_t i, bool node)
{
	for (size_t k = 0; k < i; k++) {
		const struct sv_zone_span *a = &x->zones.ptr[k].span, *b = &x->zones.ptr[i].span;

		if (node ? a->node == b->node : !strcmp(a->name, b->name))
			return true;
	}
	return false;
}

static uint64_t sum(const safevma_cursor *c, size_t i, bool node)
{
	const struct sv_exposure *x = &c->obs->exposure;
	uint64_t n = 0;

	for (size_t k = i; k < x->zones.len; k++) {
		const struct sv_zone_span *a = &x->zones.ptr[k].span, *b = &x->zones.ptr[i].span;

		if (node ? a->node == b->node : !strcmp(a->name, b->name))
			n += c->slab_place->zones[k];
	}
	return n;
}

static struct safevma_value by_zone(safevma_cursor *c, bool node)
{
	const struct sv_exposure *x = &c->obs->exposure;
	int rc = 0;

	if (!c->slab_place || !x->zones.len)
		return sv_value_unknown();
	c->scratch.len = 0;
	rc = sv_strbuf_printf(&c->scratch, "%s", "");
	for (size_t i = 0; c->slab_place->zones && i < x->zones.len && !rc; i++) {
		const struct sv_zone_span *z = &x->zones.ptr[i].span;
		uint64_t n = met(x, i, node) ? 0 : sum(c, i, node);
		const char *blank = c->scratch.len ? " " : "";

		if (n && node)
			rc = sv_strbuf_printf(
				&c->scratch, "%s%" PRIu64 ":%" PRIu64, blank, z->node, n);
		else if (n)
			rc = sv_strbuf_printf(&c->scratch, "%s%s:%" PRIu64, blank, z->name, n);
	}
	c->failed |= rc != 0;
	return rc ? sv_value_unknown() : sv_value_pairs(c->scratch.ptr);
}

struct safevma_value sv_get_slab_zones(safevma_cursor *c)
{
	return by_zone(c, false);
}

struct safevma_value sv_get_slab_nodes(safevma_cursor *c)
{
	return by_zone(c, true);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
} parts[SV_SLAB_PARTS] = {
	[SV_SLAB_ALL] = { "all", "by the flags of the frames" },
	[SV_SLAB_CACHES] = { "caches", "of a cache, by their struct pages" },
	[SV_SLAB_KFENCE] = { "kfence", "KFENCE's pool: objects apart from slabs" },
	[SV_SLAB_UNNAMED] = { "unnamed", "of a cache that could not be told" },
	[SV_SLAB_CHANGED] = { "changed", "were given or freed while they were looked at" },
};

static bool next_part(safevma_cursor *c)
{
	const struct sv_slab_view *v = &c->obs->slabs.view;

	if (c->next_index >= SV_SLAB_PARTS)
		return false;
	c->item = c->next_index++;
	c->slab_place = v->made && (v->told || c->item == SV_SLAB_ALL) ? &v->parts[c->item] : NULL;
	return true;
}

static struct safevma_value get_part(safevma_cursor *c)
{
	return sv_value_text(parts[c->item].name);
}

static struct safevma_value get_meaning(safevma_cursor *c)
{
	return sv_value_text(parts[c->item].help);
}

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_SLAB_FRAMES;
}

static const struct sv_column part_columns[] = {
	SV_COL("PART", "part", "all of slab memory, or what is told of it", STRING, true, get_part),
	SV_COL("FRAMES", "frames", "frames", U64, true, sv_get_slab_frames),
	SV_SLAB_WHERE_COLUMNS,
	SV_COL("MEANING", "meaning", "what it is", STRING, true, get_meaning),
};

const struct safevma_table sv_table_slab_frames = {
	.name = "slab-frames",
	.row_member = "slab_frames",
	.row_columns = part_columns,
	.row_count = sv_array_size(part_columns),
	.next_row = next_part,
	.wanted = wanted,
	.also = &sv_table_slab_aliases,
};
