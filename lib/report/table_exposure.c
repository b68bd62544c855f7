// SPDX-License-Identifier: LGPL-2.1-or-later
/* adjacency: the whole machine beside the processes: its memory, page tables, zones and blocks. */
#include "measure/exposure.h"
#include "table.h"

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_EXPOSURE;
}

static bool complete(const safevma_observation *obs)
{
	return obs->exposure.made && obs->exposure.blocks_known && obs->exposure.zones.len;
}

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	(void)obs;
	*ret = (struct sv_coverage) { 0 };
}

static bool next_whole(safevma_cursor *c)
{
	if (c->item++ || (c->cells && !c->obs->exposure.made))
		return false;
	sv_measure_exposure(c->obs, &c->exposure);
	return true;
}

/* Counts of a sample are those of the sample: no count of the machine. */
static struct safevma_value count(const safevma_cursor *c, uint64_t v)
{
	return c->obs->exposure.made && c->obs->exposure.zones.len
		       ? sv_value_u64(SAFEVMA_TYPE_U64, v)
		       : sv_value_unknown();
}

static struct safevma_value count_blocks(const safevma_cursor *c, uint64_t v)
{
	return c->obs->exposure.blocks_known ? count(c, v) : sv_value_unknown();
}

static struct safevma_value real(const safevma_cursor *c, bool known, double v)
{
	return known && c->obs->exposure.made && c->obs->exposure.zones.len ? sv_value_real(v)
									    : sv_value_unknown();
}

#define COUNT(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return count(c, expr);                                                             \
	}
#define BLOCKS(name, expr)                                                                         \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return count_blocks(c, expr);                                                      \
	}
#define REAL(name, known, expr)                                                                    \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return real(c, known, expr);                                                       \
	}

COUNT(frames, c->exposure.frames)
COUNT(free, c->exposure.class[SV_CLASS_FREE])
COUNT(user, c->exposure.user.frames)
COUNT(strong, c->exposure.strong)
COUNT(unclassified, c->exposure.unclassified)
COUNT(tables, c->exposure.tables.frames)
COUNT(outside, c->obs->exposure.outside)

/* What both objects say, of memory of processes and of page tables. */
#define EXPOSED(sort)                                                                              \
	COUNT(sort##_over, c->exposure.sort.edges.over_strong)                                     \
	COUNT(sort##_over_maybe, c->exposure.sort.edges.over_unclassified)                         \
	COUNT(sort##_under, c->exposure.sort.edges.under_strong)                                   \
	COUNT(sort##_under_maybe, c->exposure.sort.edges.under_unclassified)                       \
	BLOCKS(sort##_mixed, c->exposure.sort.mixed_frames)                                        \
	REAL(sort##_expected, true, c->exposure.sort.expected)                                     \
	REAL(sort##_lift, c->exposure.sort.expected > 0,                                           \
		(double)c->exposure.sort.edges.over_strong / c->exposure.sort.expected)            \
	REAL(sort##_share, c->exposure.sort.over.known, c->exposure.sort.over.value)               \
	REAL(sort##_low, c->exposure.sort.over.known, c->exposure.sort.over.low)                   \
	REAL(sort##_high, c->exposure.sort.over.known, c->exposure.sort.over.high)
EXPOSED(user)
EXPOSED(tables)

BLOCKS(block_pages, UINT64_C(1) << c->obs->exposure.block_order)
BLOCKS(blocks, c->exposure.blocks.blocks)
BLOCKS(user_blocks, c->exposure.blocks.user)
BLOCKS(source_blocks, c->exposure.blocks.source)
BLOCKS(mixed_blocks, c->exposure.blocks.mixed)

static struct safevma_value get_near(safevma_cursor *c)
{
	return c->obs->exposure.made && c->obs->exposure.blocks_known
		       ? sv_curve(c, c->exposure.distance)
		       : sv_value_unknown();
}

static struct safevma_value get_sampled(safevma_cursor *c)
{
	return sv_value_bool(c->obs->exposure.sample.percent);
}

static struct safevma_value get_units(safevma_cursor *c)
{
	return c->obs->exposure.sample.percent ? count(c, c->obs->exposure.sample.units)
					       : sv_value_unknown();
}

static struct safevma_value get_units_all(safevma_cursor *c)
{
	return c->obs->exposure.sample.percent ? count(c, c->obs->exposure.sample.units_all)
					       : sv_value_unknown();
}

#define EXPOSED_COLUMNS(sort)                                                                      \
	SV_COL("OVER", "edges.over.strong", "of these, with slab or the like right below", U64,    \
		true, get_##sort##_over),                                                          \
		SV_COL("OVER?", "edges.over.unclassified", "with perhaps kernel memory below",     \
			U64, true, get_##sort##_over_maybe),                                       \
		SV_COL("UNDER", "edges.under.strong", "with slab or the like right above", U64,    \
			true, get_##sort##_under),                                                 \
		SV_COL("UNDER?", "edges.under.unclassified", "with perhaps kernel memory above",   \
			U64, true, get_##sort##_under_maybe),                                      \
		SV_COL("SHARE", "over_share", "share of these frames that OVER is", REAL, true,    \
			get_##sort##_share),                                                       \
		SV_COL("LOW", "over_share_low",                                                    \
			"that share is no lower, with 95 % certainty; of a sample", REAL, false,   \
			get_##sort##_low),                                                         \
		SV_COL("HIGH", "over_share_high", "and no higher", REAL, false,                    \
			get_##sort##_high),                                                        \
		SV_COL("EXPECTED", "expected_random",                                              \
			"OVER that random placement in the zones would give", REAL, true,          \
			get_##sort##_expected),                                                    \
		SV_COL("LIFT", "lift", "OVER against what is expected: 1 is as by chance", REAL,   \
			true, get_##sort##_lift),                                                  \
		SV_COL("MIXED", "mixed_block_frames",                                              \
			"of these, in pageblocks that hold slab or the like", U64, true,           \
			get_##sort##_mixed)

static const struct sv_column system_columns[] = {
	SV_COL("FRAMES", "frames", "frames that the kernel manages", U64, true, get_frames),
	SV_COL("FREE", "free_frames", "free in the buddy allocator", U64, true, get_free),
	SV_COL("STRONG", "strong_sources", "slab and compound kernel memory", U64, true,
		get_strong),
	SV_COL("UNCLASSIFIED", "unclassified_sources", "perhaps kernel memory, or free", U64, true,
		get_unclassified),
	SV_COL("USER", "user_frames", "memory of processes that is mapped", U64, true, get_user),
	EXPOSED_COLUMNS(user),
	SV_PAIRS("NEAR", "distance",
		"within:frames, mapped frames with a strong source at most so many below", true,
		get_near, "within frames"),
	SV_COL("BLOCK", "block_pages", "frames of a pageblock", U64, true, get_block_pages),
	SV_COL("BLOCKS", "blocks", "pageblocks that hold memory", U64, true, get_blocks),
	SV_COL("USER-BLOCKS", "user_blocks", "of these, with mapped memory of processes", U64, true,
		get_user_blocks),
	SV_COL("SOURCE-BLOCKS", "source_blocks", "of these, with slab or the like", U64, true,
		get_source_blocks),
	SV_COL("MIXED-BLOCKS", "mixed_blocks", "of these, with both", U64, true, get_mixed_blocks),
	SV_COL("OUTSIDE", "outside_zones", "frames in no zone, not counted above", U64, false,
		get_outside),
	SV_COL("SAMPLED", "sample.made", "counts are those of a sample, not of the machine", BOOL,
		false, get_sampled),
	SV_COL("UNITS", "sample.units", "stretches of frames that were looked at", U64, false,
		get_units),
	SV_COL("UNITS-ALL", "sample.units_all", "of so many", U64, false, get_units_all),
};

const struct safevma_table sv_table_exposure = {
	.name = "exposure",
	.row_member = "system",
	.row_columns = system_columns,
	.row_count = sv_array_size(system_columns),
	.next_row = next_whole,
	.complete = complete,
	.coverage = coverage,
	.wanted = wanted,
	.upright = true,
	.none = "of the machine as a whole nothing was read: no exposure to compare with",
	.also = &sv_table_page_tables,
};

static const struct sv_column tables_columns[] = {
	SV_COL("TABLES", "frames", "frames of page tables, of processes that is not told", U64,
		true, get_tables),
	EXPOSED_COLUMNS(tables),
};

const struct safevma_table sv_table_page_tables = {
	.name = "page-tables",
	.row_member = "page_tables",
	.row_columns = tables_columns,
	.row_count = sv_array_size(tables_columns),
	.next_row = next_whole,
	.complete = complete,
	.coverage = coverage,
	.wanted = wanted,
	.upright = true,
	.also = &sv_table_zones,
};

/* ---- zones ----------------------------------------------------------------------------------- */

static bool next_zone(safevma_cursor *c)
{
	if (!c->obs->exposure.made || c->next_index >= c->obs->exposure.zones.len)
		return false;
	c->zone = &c->obs->exposure.zones.ptr[c->next_index++];
	return true;
}

static double zone_expected(const struct sv_zone_exposure *z)
{
	return z->frames ? (double)sv_zone_strong(z) * (double)z->user / (double)z->frames : 0;
}

COUNT(node, c->zone->span.node)
COUNT(zone_frames, c->zone->frames)
COUNT(zone_free, c->zone->class[SV_CLASS_FREE])
COUNT(zone_strong, sv_zone_strong(c->zone))
COUNT(zone_unclassified, sv_zone_unclassified(c->zone))
COUNT(zone_user, c->zone->user)
COUNT(zone_tables, c->zone->class[SV_CLASS_PGTABLE])
COUNT(zone_over, c->zone->user_edges.over_strong)
COUNT(zone_tables_over, c->zone->table_edges.over_strong)
REAL(zone_expected, true, zone_expected(c->zone))
REAL(zone_lift, zone_expected(c->zone) > 0,
	(double)c->zone->user_edges.over_strong / zone_expected(c->zone))

static const struct sv_column zone_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, sv_get_zone),
	SV_COL("FIRST", "start_pfn", "first frame of its span", HEX, true, sv_get_zone_first),
	SV_COL("LAST", "last_pfn", "last frame of its span", HEX, true, sv_get_zone_last),
	SV_COL("FRAMES", "frames", "frames that the kernel manages there", U64, true,
		get_zone_frames),
	SV_COL("FREE", "free_frames", "free in the buddy allocator", U64, true, get_zone_free),
	SV_COL("STRONG", "strong_sources", "slab and compound kernel memory", U64, true,
		get_zone_strong),
	SV_COL("UNCLASSIFIED", "unclassified_sources", "perhaps kernel memory, or free", U64, true,
		get_zone_unclassified),
	SV_COL("USER", "user_frames", "memory of processes that is mapped", U64, true,
		get_zone_user),
	SV_COL("TABLES", "page_table_frames", "page tables", U64, true, get_zone_tables),
	SV_COL("OVER", "over_strong", "mapped frames with a strong source right below", U64, true,
		get_zone_over),
	SV_COL("EXPECTED", "expected_random", "of these, by random placement", REAL, true,
		get_zone_expected),
	SV_COL("LIFT", "lift", "OVER against what is expected", REAL, true, get_zone_lift),
	SV_COL("TABLES-OVER", "page_tables_over_strong",
		"page tables with a strong source right below", U64, true, get_zone_tables_over),
};

const struct safevma_table sv_table_zones = {
	.name = "zones",
	.row_member = "zones",
	.row_columns = zone_columns,
	.row_count = sv_array_size(zone_columns),
	.next_row = next_zone,
	.complete = complete,
	.coverage = coverage,
	.wanted = wanted,
	.also = &sv_table_mixing,
};

/* ---- blocks of each order -------------------------------------------------------------------- */

/* In text the pageblocks alone: an order a line for each zone is for programs. */
static bool next_order(safevma_cursor *c)
{
	unsigned int orders = c->obs->exposure.block_order + 1;

	if (!c->obs->exposure.made || !c->obs->exposure.blocks_known)
		return false;
	while (c->next_index < c->obs->exposure.zones.len * orders) {
		c->zone = &c->obs->exposure.zones.ptr[c->next_index / orders];
		c->order = (unsigned int)(c->next_index++ % orders);
		if (!c->cells || c->order + 1 == orders)
			return true;
	}
	return false;
}

COUNT(order, c->order)
COUNT(order_blocks, c->zone->mixing[c->order].blocks)
COUNT(order_user, c->zone->mixing[c->order].user)
COUNT(order_source, c->zone->mixing[c->order].source)
COUNT(order_mixed, c->zone->mixing[c->order].mixed)
COUNT(order_user_frames, c->zone->mixing[c->order].user_frames)

static const struct sv_column mixing_columns[] = {
	SV_COL("NODE", "node", "NUMA node", U64, true, get_node),
	SV_COL("ZONE", "zone", "zone of the page allocator", STRING, true, sv_get_zone),
	SV_COL("ORDER", "order", "blocks of 2^ORDER frames", U64, true, get_order),
	SV_COL("BLOCKS", "blocks", "those that hold memory", U64, true, get_order_blocks),
	SV_COL("USER-BLOCKS", "user_blocks", "of these, with mapped memory of processes", U64, true,
		get_order_user),
	SV_COL("SOURCE-BLOCKS", "source_blocks", "of these, with slab or the like", U64, true,
		get_order_source),
	SV_COL("MIXED-BLOCKS", "mixed_blocks", "of these, with both", U64, true, get_order_mixed),
	SV_COL("USER-FRAMES", "mixed_user_frames", "mapped frames in blocks with both", U64, true,
		get_order_user_frames),
};

const struct safevma_table sv_table_mixing = {
	.name = "mixing",
	.row_member = "mixing",
	.row_columns = mixing_columns,
	.row_count = sv_array_size(mixing_columns),
	.next_row = next_order,
	.complete = complete,
	.coverage = coverage,
	.wanted = wanted,
};

static bool phys_wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_PHYS;
}

/* The same in phys, of the part that was looked at. */
const struct safevma_table sv_table_phys_mixing = {
	.name = "phys-mixing",
	.row_member = "mixing",
	.row_columns = mixing_columns,
	.row_count = sv_array_size(mixing_columns),
	.next_row = next_order,
	.wanted = phys_wanted,
	.also = &sv_table_phys_flags,
};
