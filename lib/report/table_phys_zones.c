// SPDX-License-Identifier: LGPL-2.1-or-later
/* phys: composition by node, zone and kind of pageblock; where the selected processes lie. */
#include <string.h>

#include "table.h"

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_PHYS;
}

static const struct sv_exposure *exposure(const safevma_cursor *c)
{
	return &c->obs->exposure;
}

/* ---- composition ----------------------------------------------------------------------------- */

static void compose(safevma_cursor *c, uint64_t node)
{
	c->node = node;
	c->composition = (struct sv_composition) { 0 };
	for (size_t i = 0; i < exposure(c)->zones.len; i++)
		if (exposure(c)->zones.ptr[i].span.node == node)
			sv_composition_add(&c->composition, &exposure(c)->zones.ptr[i]);
}

/* Zones are in order of their frames: the next higher node is looked for. */
static bool next_node(safevma_cursor *c)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; c->obs->raster.made && i < exposure(c)->zones.len; i++) {
		uint64_t node = exposure(c)->zones.ptr[i].span.node;

		if (node >= c->next_index && node < next)
			next = node;
	}
	if (next == UINT64_MAX)
		return false;
	compose(c, next);
	c->next_index = next + 1;
	return true;
}

static bool next_zone(safevma_cursor *c)
{
	if (!c->obs->raster.made || c->next_index >= exposure(c)->zones.len)
		return false;
	c->zone = &exposure(c)->zones.ptr[c->next_index++];
	c->node = c->zone->span.node;
	c->composition = (struct sv_composition) { 0 };
	sv_composition_add(&c->composition, c->zone);
	return true;
}

static struct safevma_value get_node(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->node);
}

static struct safevma_value get_frames(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->composition.frames);
}

static struct safevma_value get_mapped(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->composition.user);
}

static struct safevma_value bytes(const safevma_cursor *c, uint64_t frames)
{
	return sv_value_u64(SAFEVMA_TYPE_BYTES, frames * c->obs->host.page_size);
}

static const enum sv_class named[] = { SV_CLASS_FREE, SV_CLASS_ANON, SV_CLASS_FILE, SV_CLASS_SHMEM,
	SV_CLASS_SLAB, SV_CLASS_PGTABLE, SV_CLASS_KERNEL_COMPOUND, SV_CLASS_RESERVED,
	SV_CLASS_UNCLASSIFIED };

static uint64_t others(const struct sv_composition *x)
{
	uint64_t n = x->frames;

	for (size_t i = 0; i < sv_array_size(named); i++)
		n -= x->class[named[i]];
	return n;
}

static struct safevma_value get_classes(safevma_cursor *c)
{
	int rc;

	c->scratch.len = 0;
	rc = sv_strbuf_add(&c->scratch, "", 0);
	for (int i = 0; i < SV_CLASS_COUNT && !rc; i++)
		if (c->composition.class[i])
			rc = sv_strbuf_printf(&c->scratch, "%s%s:%llu", c->scratch.len ? " " : "",
				sv_class_info((enum sv_class)i)->name,
				(unsigned long long)c->composition.class[i]);
	if (!rc)
		return sv_value_pairs(c->scratch.ptr);
	c->failed = true;
	return sv_value_unknown();
}

#define BYTES(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return bytes(c, expr);                                                             \
	}
BYTES(size, c->composition.frames)
BYTES(free, c->composition.class[SV_CLASS_FREE])
BYTES(anon, c->composition.class[SV_CLASS_ANON])
BYTES(file, c->composition.class[SV_CLASS_FILE])
BYTES(shmem, c->composition.class[SV_CLASS_SHMEM])
BYTES(slab, c->composition.class[SV_CLASS_SLAB])
BYTES(tables, c->composition.class[SV_CLASS_PGTABLE])
BYTES(compound, c->composition.class[SV_CLASS_KERNEL_COMPOUND])
BYTES(reserved, c->composition.class[SV_CLASS_RESERVED])
BYTES(unclassified, c->composition.class[SV_CLASS_UNCLASSIFIED])
BYTES(others, others(&c->composition))

/* Sizes are for people: programs have CLASSES. */
#define COMPOSITION_COLUMNS                                                                        \
	SV_COL("FRAMES", "frames", "frames that are memory", U64, false, get_frames),              \
		SV_COL("SIZE", "bytes", "the same as a size", BYTES, true, get_size),              \
		SV_COL("FREE", NULL, "free in the buddy allocator", BYTES, true, get_free),        \
		SV_COL("ANON", NULL, "anonymous memory", BYTES, true, get_anon),                   \
		SV_COL("FILE", NULL, "contents of files", BYTES, true, get_file),                  \
		SV_COL("SHMEM", NULL, "shared memory", BYTES, true, get_shmem),                    \
		SV_COL("SLAB", NULL, "slab", BYTES, true, get_slab),                               \
		SV_COL("TABLES", NULL, "page tables", BYTES, true, get_tables),                    \
		SV_COL("COMPND", NULL, "compound kernel memory", BYTES, true, get_compound),       \
		SV_COL("RESERV", NULL, "reserved", BYTES, true, get_reserved),                     \
		SV_COL("UNCLS", NULL, "unclassified", BYTES, true, get_unclassified),              \
		SV_COL("OTHER", NULL, "other classes", BYTES, true, get_others),                   \
		SV_COL("MAPPED", "mapped_frames", "memory of processes that is mapped", U64,       \
			false, get_mapped),                                                        \
		SV_PAIRS("CLASSES", "classes", "class:frames, what FRAMES are", false,             \
			get_classes, "class frames")

static const struct sv_column node_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_node),
	COMPOSITION_COLUMNS,
};

const struct safevma_table sv_table_phys_nodes = {
	.name = "phys-nodes",
	.row_member = "nodes",
	.row_columns = node_columns,
	.row_count = sv_array_size(node_columns),
	.next_row = next_node,
	.wanted = wanted,
	.also = &sv_table_phys_zones,
};

static const struct sv_column zone_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, sv_get_zone),
	SV_COL("FIRST", "start_pfn", "first frame of its span", HEX, false, sv_get_zone_first),
	SV_COL("LAST", "last_pfn", "last frame of its span", HEX, false, sv_get_zone_last),
	COMPOSITION_COLUMNS,
};

const struct safevma_table sv_table_phys_zones = {
	.name = "phys-zones",
	.row_member = "zones",
	.row_columns = zone_columns,
	.row_count = sv_array_size(zone_columns),
	.next_row = next_zone,
	.wanted = wanted,
	.also = &sv_table_phys_blocks,
};

/* ---- kinds of pageblocks --------------------------------------------------------------------- */

static uint64_t blocks_of_zone(const safevma_observation *obs, const struct sv_block_type *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < obs->block_types.len; i++) {
		const struct sv_block_type *o = &obs->block_types.ptr[i];

		n += o->node == b->node && !strcmp(o->zone, b->zone) ? o->blocks : 0;
	}
	return n;
}

static bool next_block_type(safevma_cursor *c)
{
	while (c->next_index < c->obs->block_types.len) {
		c->block_type = &c->obs->block_types.ptr[c->next_index++];
		c->zone_blocks = blocks_of_zone(c->obs, c->block_type);
		if (!c->cells || c->block_type->blocks)
			return true;
	}
	return false;
}

static struct safevma_value get_block_node(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->block_type->node);
}

static struct safevma_value get_block_zone(safevma_cursor *c)
{
	return sv_value_text(c->block_type->zone);
}

static struct safevma_value get_type(safevma_cursor *c)
{
	return sv_value_text(c->block_type->type);
}

static struct safevma_value get_blocks(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->block_type->blocks);
}

static struct safevma_value get_block_size(safevma_cursor *c)
{
	struct sv_num pages = c->obs->system.block_pages;

	return pages.known ? bytes(c, c->block_type->blocks * pages.value) : sv_value_unknown();
}

static struct safevma_value get_block_share(safevma_cursor *c)
{
	return c->zone_blocks
		       ? sv_value_real((double)c->block_type->blocks / (double)c->zone_blocks)
		       : sv_value_unknown();
}

static struct safevma_value get_kernel_mixed(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->block_type->mixed);
}

static const struct sv_column block_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_block_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, get_block_zone),
	SV_COL("TYPE", "type", "what pageblocks are meant for, in the kernel's words", STRING, true,
		get_type),
	SV_COL("BLOCKS", "blocks", "how many there are, of the whole zone", U64, true, get_blocks),
	SV_COL("SIZE", "bytes", "the same as a size", BYTES, true, get_block_size),
	SV_COL("SHARE", "share", "of the zone's pageblocks", REAL, true, get_block_share),
	SV_COL("KERNEL-MIXED", "kernel_mixed",
		"that the kernel calls mixed; it knows with page_owner alone", U64, true,
		get_kernel_mixed),
};

const struct safevma_table sv_table_phys_blocks = {
	.name = "phys-blocks",
	.row_member = "block_types",
	.row_columns = block_columns,
	.row_count = sv_array_size(block_columns),
	.next_row = next_block_type,
	.wanted = wanted,
	.also = &sv_table_phys_mixing,
};

/* ---- the selected ---------------------------------------------------------------------------- */

static bool processes_wanted(const safevma_observation *obs)
{
	return (obs->needs & SAFEVMA_NEED_PHYS) && (obs->needs & SAFEVMA_NEED_PAGES);
}

static bool process_known(const safevma_cursor *c)
{
	return c->obs->raster.made && sv_pfns_known(c->obs, c->process);
}

static bool next_process(safevma_cursor *c)
{
	sv_pfns_fini(&c->pfns);
	if (!sv_next_selected(c))
		return false;
	c->process_placement = (struct sv_placement) { 0 };
	if (!process_known(c))
		return true;
	if (sv_process_pfns(c->obs, c->process, &c->pfns)) {
		c->failed = true;
		return false;
	}
	sv_measure_placement(c->obs, &c->pfns, NULL, &c->process_placement);
	return true;
}

/* Zones in which it has frames. */
static bool next_place(safevma_cursor *c)
{
	while (process_known(c) && c->next_index < exposure(c)->zones.len) {
		c->zone = &exposure(c)->zones.ptr[c->next_index++];
		c->node = c->zone->span.node;
		sv_measure_placement(c->obs, &c->pfns, c->zone, &c->placement);
		if (c->placement.frames)
			return true;
	}
	return false;
}

static struct safevma_value placed(const safevma_cursor *c, uint64_t v)
{
	return process_known(c) ? sv_value_u64(SAFEVMA_TYPE_U64, v) : sv_value_unknown();
}

static struct safevma_value placed_blocks(const safevma_cursor *c, uint64_t v)
{
	return exposure(c)->blocks_known ? placed(c, v) : sv_value_unknown();
}

static struct safevma_value get_cell_share(safevma_cursor *c)
{
	size_t cells = c->obs->raster.cells.len;

	return process_known(c) && cells
		       ? sv_value_real((double)c->process_placement.cells / (double)cells)
		       : sv_value_unknown();
}

#define PLACED(name, expr)                                                                         \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return expr;                                                                       \
	}
PLACED(process_frames, placed(c, c->process_placement.frames))
PLACED(process_bytes, process_known(c) ? bytes(c, c->process_placement.frames) : sv_value_unknown())
PLACED(process_stretches, placed(c, c->process_placement.stretches))
PLACED(process_blocks, placed_blocks(c, c->process_placement.blocks))
PLACED(process_cells, placed(c, c->process_placement.cells))
PLACED(place_frames, placed(c, c->placement.frames))
PLACED(place_bytes, process_known(c) ? bytes(c, c->placement.frames) : sv_value_unknown())
PLACED(place_stretches, placed(c, c->placement.stretches))
PLACED(place_blocks, placed_blocks(c, c->placement.blocks))
PLACED(place_cells, placed(c, c->placement.cells))

#define PLACEMENT_COLUMNS(sort)                                                                    \
	SV_COL("FRAMES", "frames", "frames that its pages lie in, each once", U64, true,           \
		get_##sort##_frames),                                                              \
		SV_COL("SIZE", "bytes", "the same as a size", BYTES, true, get_##sort##_bytes),    \
		SV_COL("STRETCHES", "stretches", "of frames that follow one another", U64, true,   \
			get_##sort##_stretches),                                                   \
		SV_COL("BLOCKS", "blocks", "pageblocks with some of them", U64, true,              \
			get_##sort##_blocks),                                                      \
		SV_COL("CELLS", "cells", "cells of the raster with some of them", U64, true,       \
			get_##sort##_cells)

static const struct sv_column process_columns[] = {
	SV_PROCESS_COLUMNS,
	PLACEMENT_COLUMNS(process),
	SV_COL("CELL-SHARE", "cell_share", "of the cells that hold memory", REAL, true,
		get_cell_share),
};

static const struct sv_column place_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, sv_get_zone),
	PLACEMENT_COLUMNS(place),
};

const struct safevma_table sv_table_phys_processes = {
	.name = "phys-processes",
	.group_member = "processes",
	.row_member = "places",
	.group_columns = process_columns,
	.group_count = sv_array_size(process_columns),
	.row_columns = place_columns,
	.row_count = sv_array_size(place_columns),
	.next_group = next_process,
	.next_row = next_place,
	.wanted = processes_wanted,
};
