// SPDX-License-Identifier: LGPL-2.1-or-later
/* linear: the kernel's address space by regions, and the linear map in figures. */
#include <stdio.h>

#include "table.h"

/* ---- regions --------------------------------------------------------------------------------- */

static bool next_region(safevma_cursor *c)
{
	if (!c->next_index && c->obs->kernel.known && !c->regions.len &&
		sv_measure_regions(&c->obs->kernel, &c->regions)) {
		c->failed = true;
		return false;
	}
	c->item = c->next_index++;
	return c->item < c->regions.len;
}

static const struct sv_region_row *region(const safevma_cursor *c)
{
	return &c->regions.ptr[c->item];
}

static struct safevma_value get_zone(safevma_cursor *c)
{
	return sv_value_text(sv_kzone_name(region(c)->zone));
}

static struct safevma_value get_start(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, region(c)->start);
}

static struct safevma_value get_last(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, region(c)->end - 1);
}

static struct safevma_value get_size(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_BYTES, region(c)->end - region(c)->start);
}

/* With some of it left out the sums would be too small. */
static struct safevma_value sum(const safevma_cursor *c, uint64_t bytes)
{
	const struct sv_kernelmap *m = &c->obs->kernel.map;
	bool whole = region(c)->zone == SV_KZONE_LINEAR || (m->others_known && !m->others_cut);

	return whole ? sv_value_u64(SAFEVMA_TYPE_BYTES, bytes) : sv_value_unknown();
}

static struct safevma_value get_mapped(safevma_cursor *c)
{
	return sum(c, region(c)->mapped);
}

static struct safevma_value get_writable(safevma_cursor *c)
{
	return sum(c, region(c)->rw);
}

static struct safevma_value get_exec(safevma_cursor *c)
{
	return sum(c, region(c)->exec);
}

static struct safevma_value get_region_basis(safevma_cursor *c)
{
	return sv_value_text(sv_basis_name(region(c)->basis));
}

static struct safevma_value get_region_help(safevma_cursor *c)
{
	static const char *const texts[SV_KZONE_COUNT] = {
		[SV_KZONE_UNNAMED] = "mapped, and no documented region of the kernel",
		[SV_KZONE_LINEAR] = "all RAM at one distance: the alias of each frame",
		[SV_KZONE_VMALLOC] = "memory made contiguous: stacks, drivers",
		[SV_KZONE_VMEMMAP] = "the kernel's descriptions of frames (struct page)",
		[SV_KZONE_MODULES] = "code and data of modules",
		[SV_KZONE_IMAGE] = "the kernel's code and data; memory freed of it",
		[SV_KZONE_FIXMAP] = "addresses fixed at build time",
		[SV_KZONE_CPU_ENTRY] = "entry code and stacks of each CPU",
		[SV_KZONE_ESPFIX] = "stacks for returns to 16-bit code",
		[SV_KZONE_EFI] = "firmware services",
		[SV_KZONE_LDT] = "descriptor tables of processes",
		[SV_KZONE_KASAN] = "shadow memory of a checker",
		[SV_KZONE_PCI_IO] = "ports of PCI devices",
	};

	return sv_value_text(texts[region(c)->zone]);
}

static const struct sv_column region_columns[] = {
	SV_COL("ZONE", "zone", "region of the kernel's address space", STRING, true, get_zone),
	SV_COL("START", "start", "first address", HEX, true, get_start),
	SV_COL("LAST", "last", "last address", HEX, false, get_last),
	SV_COL("SIZE", "size_bytes", "address space", BYTES, true, get_size),
	SV_COL("MAPPED", "mapped_bytes", "mapped there now", BYTES, true, get_mapped),
	SV_COL("WRITABLE", "writable_bytes", "of that, writable by the kernel", BYTES, true,
		get_writable),
	SV_COL("EXEC", "exec_bytes", "of that, executable by the kernel", BYTES, true, get_exec),
	SV_COL("BASIS", "basis",
		"how its extent is known: observed (listed by kcore) or inferred (documented "
		"layout)",
		STRING, true, get_region_basis),
	SV_COL("MEANING", "meaning", "what it is for", STRING, true, get_region_help),
};

static bool complete(const safevma_observation *obs)
{
	struct sv_linear_sums s;

	if (!obs->kernel.known || safevma_observation_lost(obs))
		return false;
	if ((obs->needs & SAFEVMA_NEED_REACH) && !safevma_observation_selected(obs))
		return false;
	if ((obs->needs & SAFEVMA_NEED_POOLS) && !obs->holders_known)
		return false;
	sv_measure_linear(&obs->kernel, &s);
	return !s.unknown && obs->kernel.map.others_known && !obs->kernel.map.others_cut &&
	       !obs->kernel.compared.differ;
}

/* In frames of RAM. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	unsigned int shift = obs->kernel.pg.page_shift;
	struct sv_linear_sums s;

	*ret = (struct sv_coverage) { 0 };
	if (!obs->kernel.known)
		return;
	sv_measure_linear(&obs->kernel, &s);
	ret->total = s.ram >> shift;
	ret->unreadable = s.unknown >> shift;
	ret->examined = ret->total - ret->unreadable;
}

const struct safevma_table sv_table_linear = {
	.name = "linear",
	.row_member = "zones",
	.row_columns = region_columns,
	.row_count = sv_array_size(region_columns),
	.next_row = next_region,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_linear_map,
	.none = "no regions are known: they are read from /proc/kcore",
};

/* ---- mappings one by one --------------------------------------------------------------------- */

/* Both lists in order of frames; the linear map first. */
static bool next_extent(safevma_cursor *c)
{
	const struct sv_kernelmap *m = &c->obs->kernel.map;

	c->item = c->next_index++;
	return c->item < m->linear.len + m->others.len;
}

static const struct sv_linear_extent *linear(const safevma_cursor *c)
{
	const struct sv_kernelmap *m = &c->obs->kernel.map;

	return c->item < m->linear.len ? &m->linear.ptr[c->item] : NULL;
}

static const struct sv_kmapping *other(const safevma_cursor *c)
{
	const struct sv_kernelmap *m = &c->obs->kernel.map;

	return &m->others.ptr[c->item - m->linear.len];
}

static uint64_t extent_frames(const safevma_cursor *c)
{
	return linear(c) ? linear(c)->frames : other(c)->frames;
}

static uint64_t extent_pfn(const safevma_cursor *c)
{
	return linear(c) ? linear(c)->pfn : other(c)->pfn;
}

static uint64_t extent_start(const safevma_cursor *c)
{
	const struct sv_kernelmap *m = &c->obs->kernel.map;

	return linear(c) ? (linear(c)->pfn << m->page_shift) + m->delta : other(c)->vaddr;
}

static struct safevma_value get_extent_start(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, extent_start(c));
}

static struct safevma_value get_extent_last(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX,
		extent_start(c) + (extent_frames(c) << c->obs->kernel.map.page_shift) - 1);
}

static struct safevma_value get_extent_pfn(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, extent_pfn(c));
}

static struct safevma_value get_extent_frames(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, extent_frames(c));
}

static struct safevma_value get_extent_zone(safevma_cursor *c)
{
	return sv_value_text(sv_kzone_name(linear(c) ? SV_KZONE_LINEAR : other(c)->zone));
}

static struct safevma_value get_extent_state(safevma_cursor *c)
{
	static const char *const names[] = { [SV_ALIAS_UNKNOWN] = "unknown",
		[SV_ALIAS_RW] = "mapped",
		[SV_ALIAS_RO] = "mapped",
		[SV_ALIAS_ABSENT] = "absent",
		[SV_ALIAS_NONE] = "none" };

	return sv_value_text(names[linear(c) ? linear(c)->alias : SV_ALIAS_RW]);
}

static bool extent_mapped(const safevma_cursor *c)
{
	return !linear(c) || linear(c)->alias == SV_ALIAS_RW || linear(c)->alias == SV_ALIAS_RO;
}

static struct safevma_value get_extent_perm(safevma_cursor *c)
{
	bool rw = linear(c) ? linear(c)->alias == SV_ALIAS_RW : other(c)->writable;

	return extent_mapped(c) ? sv_value_text(rw ? "rw" : "ro") : sv_value_unknown();
}

static struct safevma_value get_extent_exec(safevma_cursor *c)
{
	return extent_mapped(c) ? sv_value_bool(linear(c) ? linear(c)->exec : other(c)->exec)
				: sv_value_unknown();
}

static struct safevma_value get_extent_leaf(safevma_cursor *c)
{
	unsigned int shift = linear(c) ? linear(c)->leaf_shift : other(c)->leaf_shift;

	return shift ? sv_value_u64(SAFEVMA_TYPE_BYTES, UINT64_C(1) << shift) : sv_value_unknown();
}

static struct safevma_value get_extent_why(safevma_cursor *c)
{
	return linear(c) && linear(c)->why ? sv_value_text(sv_alias_why_text(linear(c)->why))
					   : sv_value_unknown();
}

static const struct sv_column extent_columns[] = {
	SV_COL("START", "start", "first address", HEX, true, get_extent_start),
	SV_COL("LAST", "last", "last address", HEX, true, get_extent_last),
	SV_COL("PFN", "pfn", "number of the first frame", HEX, true, get_extent_pfn),
	SV_COL("FRAMES", "frames", "how many frames", U64, true, get_extent_frames),
	SV_COL("ZONE", "zone", "region of the kernel's address space", STRING, true,
		get_extent_zone),
	SV_COL("STATE", "state", "mapped, absent (removed), none (no RAM, never mapped) or unknown",
		STRING, true, get_extent_state),
	SV_COL("PERM", "perm", "rw or ro", STRING, true, get_extent_perm),
	SV_COL("EXEC", "exec", "the kernel may execute there", BOOL, true, get_extent_exec),
	SV_COL("LEAF", "leaf_bytes", "size of the entries that map it", BYTES, true,
		get_extent_leaf),
	SV_COL("WHY", "why", "why the state is unknown", STRING, true, get_extent_why),
};

static bool extents_wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_EXTENTS;
}

const struct safevma_table sv_table_extents = {
	.name = "extents",
	.row_member = "map_extents",
	.row_columns = extent_columns,
	.row_count = sv_array_size(extent_columns),
	.next_row = next_extent,
	.wanted = extents_wanted,
	.also = &sv_table_linear_processes,
	.none = "the kernel's page tables could not be read",
};
