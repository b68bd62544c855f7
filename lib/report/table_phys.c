// SPDX-License-Identifier: LGPL-2.1-or-later
/* phys: cells of the raster, the raster as a whole, classes of frames and flags. */
#include <stdio.h>
#include <string.h>

#include "iface/kpage.h"
#include "raster.h"
#include "table.h"

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_PHYS;
}

static bool asked(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_PAGES;
}

static bool complete(const safevma_observation *obs)
{
	if (!obs->raster.made || !obs->raster.cells.len || safevma_observation_lost(obs))
		return false;
	return !asked(obs) || sv_selected_known(obs);
}

/* In frames, of holes too; of those that were not read the zones tell. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	const struct sv_raster *r = &obs->raster;

	*ret = (struct sv_coverage) { .examined = r->made ? r->looked : 0, .total = r->looked };
	if (!r->made && sv_zone_spans_end(&obs->zones) > ret->total)
		ret->total = sv_zone_spans_end(&obs->zones);
	ret->unreadable = ret->total - ret->examined;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static bool know_selected(safevma_cursor *c)
{
	if (c->selected || !sv_selected_known(c->obs))
		return true;
	c->selected = calloc(c->obs->raster.cells.len + 1, sizeof(*c->selected));
	return c->selected && !sv_measure_selected(c->obs, c->selected);
}

static bool next_cell(safevma_cursor *c)
{
	const struct sv_raster *r = &c->obs->raster;

	if (!r->made || c->next_index >= r->cells.len)
		return false;
	if (!know_selected(c)) {
		c->failed = true;
		return false;
	}
	c->item = c->next_index++;
	c->raster_cell = &r->cells.ptr[c->item];
	return true;
}

static struct safevma_value get_first(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, sv_raster_first(&c->obs->raster, c->raster_cell));
}

static struct safevma_value get_address(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX,
		sv_raster_first(&c->obs->raster, c->raster_cell) * c->obs->host.page_size);
}

static struct safevma_value get_frames(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, sv_raster_frames(&c->obs->raster, c->raster_cell));
}

static struct safevma_value get_letter(safevma_cursor *c)
{
	snprintf(c->text, sizeof(c->text), "%c", sv_raster_letter(c->raster_cell));
	return sv_value_text(c->text);
}

static struct safevma_value get_class(safevma_cursor *c)
{
	return sv_value_class(sv_raster_class(c->raster_cell));
}

static struct safevma_value get_mixed(safevma_cursor *c)
{
	return sv_value_bool(sv_raster_mixed(c->raster_cell));
}

static struct safevma_value get_mapped(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->raster_cell->mapped);
}

static struct safevma_value get_selected(safevma_cursor *c)
{
	return c->selected ? sv_value_u64(SAFEVMA_TYPE_U64, c->selected[c->item])
			   : sv_value_unknown();
}

static int add_class(struct sv_strbuf *b, int class, uint64_t frames)
{
	return !frames ? 0
		       : sv_strbuf_printf(b, "%s%s:%llu", b->len ? " " : "",
				 sv_class_info((enum sv_class) class)->name,
				 (unsigned long long)frames);
}

/* All frames of the cell, so that they sum up to FRAMES. */
static struct safevma_value get_classes(safevma_cursor *c)
{
	const struct sv_raster_cell *cell = c->raster_cell;
	uint64_t holes = sv_raster_frames(&c->obs->raster, cell) - sv_raster_memory(cell);
	int rc;

	c->scratch.len = 0;
	rc = sv_strbuf_add(&c->scratch, "", 0) || add_class(&c->scratch, SV_CLASS_NOPAGE, holes);
	for (int i = 0; i < SV_CLASS_COUNT && !rc; i++)
		rc = add_class(&c->scratch, i, cell->class[i]);
	if (!rc)
		return sv_value_pairs(c->scratch.ptr);
	c->failed = true;
	return sv_value_unknown();
}

static const struct sv_column cell_columns[] = {
	SV_COL("FIRST", "first_pfn", "its first frame that was looked at", HEX, true, get_first),
	SV_COL("ADDRESS", "address", "the physical address of that", HEX, true, get_address),
	SV_COL("FRAMES", "frames", "frames of it that were looked at, holes too", U64, true,
		get_frames),
	SV_COL("CELL", NULL, "its letter in the picture", STRING, true, get_letter),
	SV_COL("CLASS", "class", "the class that most of its memory is of", STRING, true,
		get_class),
	SV_COL("MIXED", "mixed", "it holds slab or the like beside mapped memory of processes",
		BOOL, true, get_mixed),
	SV_COL("MAPPED", "mapped_frames", "memory of processes that is mapped", U64, true,
		get_mapped),
	SV_COL("SELECTED", "selected_frames",
		"frames of the selected processes; unknown where none were asked for", U64, true,
		get_selected),
	SV_PAIRS("CLASSES", "classes", "class:frames, what FRAMES are", true, get_classes,
		"class frames"),
};

const struct safevma_table sv_table_phys = {
	.name = "phys",
	.row_member = "cells",
	.row_columns = cell_columns,
	.row_count = sv_array_size(cell_columns),
	.next_row = next_cell,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_raster,
	.alone = true,
	.none = "no memory was seen: there is none in this range, or the frames could not be read",
	.draw = sv_raster_draw,
};

/* ---- the raster ------------------------------------------------------------------------------ */

/* In text it is the heading of the picture. */
static bool next_raster(safevma_cursor *c)
{
	if (c->cells || c->next_index++)
		return false;
	if (c->obs->raster.made && !know_selected(c))
		c->failed = true;
	return !c->failed;
}

static struct safevma_value known(const safevma_cursor *c, enum safevma_type type, uint64_t v)
{
	return c->obs->raster.made ? sv_value_u64(type, v) : sv_value_unknown();
}

static uint64_t memory(const struct sv_raster *r)
{
	struct sv_composition all;

	sv_measure_composition(r, &all);
	return all.frames;
}

static uint64_t mixed(const struct sv_raster *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->cells.len; i++)
		n += sv_raster_mixed(&r->cells.ptr[i]);
	return n;
}

static struct safevma_value get_selected_cells(safevma_cursor *c)
{
	uint64_t n = 0;

	for (size_t i = 0; c->selected && i < c->obs->raster.cells.len; i++)
		n += c->selected[i] != 0;
	return c->selected ? known(c, SAFEVMA_TYPE_U64, n) : sv_value_unknown();
}

#define RASTER(name, type, expr)                                                                   \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_raster *r = &c->obs->raster;                                       \
                                                                                                   \
		(void)r;                                                                           \
		return known(c, SAFEVMA_TYPE_##type, expr);                                        \
	}
RASTER(start, HEX, r->first)
RASTER(last, HEX, r->end ? r->end - 1 : 0)
RASTER(cell_frames, U64, UINT64_C(1) << r->order)
RASTER(cell_bytes, BYTES, c->obs->host.page_size << r->order)
RASTER(cells, U64, r->cells.len)
RASTER(memory, U64, memory(r))
RASTER(looked, U64, r->looked)
RASTER(mixed_cells, U64, mixed(r))
RASTER(outside, U64, c->obs->exposure.outside)

static const struct sv_column raster_columns[] = {
	SV_COL("FIRST", "first_pfn", "the first frame that was looked at", HEX, true, get_start),
	SV_COL("LAST", "last_pfn", "the last one", HEX, true, get_last),
	SV_COL("CELL", "cell_frames", "frames of a cell", U64, true, get_cell_frames),
	SV_COL("CELL-SIZE", "cell_bytes", "the same as a size", BYTES, true, get_cell_bytes),
	SV_COL("CELLS", "cells", "cells that hold memory", U64, true, get_cells),
	SV_COL("LOOKED", "looked_frames", "frames that were looked at, holes too", U64, true,
		get_looked),
	SV_COL("FRAMES", "frames", "of these, memory", U64, true, get_memory),
	SV_COL("OUTSIDE", "outside_zones", "of these, in no zone", U64, true, get_outside),
	SV_COL("MIXED", "mixed_cells",
		"cells with slab or the like beside mapped memory of processes", U64, true,
		get_mixed_cells),
	SV_COL("SELECTED", "selected_cells", "cells with frames of the selected processes", U64,
		true, get_selected_cells),
};

const struct safevma_table sv_table_raster = {
	.name = "raster",
	.row_member = "raster",
	.row_columns = raster_columns,
	.row_count = sv_array_size(raster_columns),
	.next_row = next_raster,
	.wanted = wanted,
	.upright = true,
	.also = &sv_table_phys_classes,
};

/* ---- classes --------------------------------------------------------------------------------- */

static uint64_t of_class(const safevma_cursor *c)
{
	return c->item == SV_CLASS_NOPAGE ? c->obs->raster.looked - c->whole.frames
					  : c->whole.class[c->item];
}

/* In text those that there are: the legend of the picture. */
static bool next_class(safevma_cursor *c)
{
	if (!c->obs->raster.made)
		return false;
	if (!c->next_index)
		sv_measure_composition(&c->obs->raster, &c->whole);
	while (++c->next_index < SV_CLASS_COUNT) {
		c->item = c->next_index;
		if (!c->cells || of_class(c))
			return true;
	}
	return false;
}

static struct safevma_value get_class_letter(safevma_cursor *c)
{
	const struct sv_class_look *look = sv_class_look((enum sv_class)c->item);

	snprintf(c->text, sizeof(c->text), "%c", look->letter);
	return sv_value_text(c->text);
}

static struct safevma_value get_class_name(safevma_cursor *c)
{
	return sv_value_text(sv_class_info((enum sv_class)c->item)->name);
}

static struct safevma_value get_class_frames(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, of_class(c));
}

static struct safevma_value get_class_bytes(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_BYTES, of_class(c) * c->obs->host.page_size);
}

static struct safevma_value get_class_share(safevma_cursor *c)
{
	return c->item == SV_CLASS_NOPAGE || !c->whole.frames
		       ? sv_value_unknown()
		       : sv_value_real((double)of_class(c) / (double)c->whole.frames);
}

static struct safevma_value get_class_cells(safevma_cursor *c)
{
	const struct sv_raster *r = &c->obs->raster;
	uint64_t n = 0;

	for (size_t i = 0; i < r->cells.len; i++)
		n += sv_raster_class(&r->cells.ptr[i]) == (enum sv_class)c->item;
	return sv_value_u64(SAFEVMA_TYPE_U64, n);
}

static struct safevma_value get_class_help(safevma_cursor *c)
{
	return sv_value_text(sv_class_info((enum sv_class)c->item)->help);
}

static const struct sv_column class_columns[] = {
	SV_COL("CELL", "letter", "its letter in the picture", STRING, true, get_class_letter),
	SV_COL("CLASS", "class", "what frames are used for", STRING, true, get_class_name),
	SV_COL("FRAMES", "frames", "frames of this class", U64, true, get_class_frames),
	SV_COL("SIZE", "bytes", "the same as a size", BYTES, true, get_class_bytes),
	SV_COL("SHARE", "share", "of all memory", REAL, true, get_class_share),
	SV_COL("CELLS", "cells", "cells that it dominates", U64, true, get_class_cells),
	SV_COL("MEANING", "meaning", "what the class means", STRING, false, get_class_help),
};

const struct safevma_table sv_table_phys_classes = {
	.name = "phys-classes",
	.row_member = "classes",
	.row_columns = class_columns,
	.row_count = sv_array_size(class_columns),
	.next_row = next_class,
	.wanted = wanted,
	.also = &sv_table_phys_nodes,
};

/* ---- flags ----------------------------------------------------------------------------------- */

/* Those with a name and those that were seen; in text the latter alone. */
static bool next_flag(safevma_cursor *c)
{
	const struct sv_raster *r = &c->obs->raster;

	for (; r->made && c->next_index < 64; c->next_index++) {
		unsigned int bit = (unsigned int)c->next_index;

		if (!r->flags[bit] && (c->cells || !sv_kpf_name(bit)))
			continue;
		c->item = c->next_index++;
		return true;
	}
	return false;
}

static const struct sv_kpf_name *flag_of(size_t bit)
{
	for (size_t i = 0; i < sv_kpf_names_count; i++)
		if (sv_kpf_names[i].bit == bit)
			return &sv_kpf_names[i];
	return NULL;
}

static struct safevma_value get_bit(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->item);
}

static struct safevma_value get_flag(safevma_cursor *c)
{
	const struct sv_kpf_name *f = flag_of(c->item);

	return f ? sv_value_text(f->name) : sv_value_unknown();
}

static struct safevma_value get_flag_frames(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->obs->raster.flags[c->item]);
}

static struct safevma_value get_flag_help(safevma_cursor *c)
{
	const struct sv_kpf_name *f = flag_of(c->item);

	return f ? sv_value_text(f->help) : sv_value_unknown();
}

static const struct sv_column flag_columns[] = {
	SV_COL("BIT", "bit", "bit of kpageflags", U64, true, get_bit),
	SV_COL("FLAG", "flag", "its name; unknown of one that this version does not know", STRING,
		true, get_flag),
	SV_COL("FRAMES", "frames", "frames whose word has it, as the kernel gives it", U64, true,
		get_flag_frames),
	SV_COL("MEANING", "meaning", "what it says", STRING, true, get_flag_help),
};

const struct safevma_table sv_table_phys_flags = {
	.name = "phys-flags",
	.row_member = "flags",
	.row_columns = flag_columns,
	.row_count = sv_array_size(flag_columns),
	.next_row = next_flag,
	.wanted = wanted,
	.also = &sv_table_phys_processes,
};
