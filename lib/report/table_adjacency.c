// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * adjacency: which frames of each process lie beside kernel memory, what that would do, and how
 * chance would have it.
 */
#include "table_holding.h"

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_edge_list_fini(&c->edges);
	if (sv_measure_edges(c->obs, c->process, &c->edges)) {
		c->failed = true;
		return false;
	}
	return true;
}

static bool next_row(safevma_cursor *c)
{
	if (c->next_index == c->edges.len)
		return false;
	c->edge = &c->edges.ptr[c->next_index++];
	c->vma = &c->process->vmas.ptr[c->edge->vma];
	return true;
}

/* A count is known when every frame and its neighbours were read. */
static struct safevma_value counted(safevma_cursor *c, uint64_t v)
{
	return c->edges.coverage.unreadable ? sv_value_unknown() : sv_value_pages(c, v);
}

#define COUNT(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return counted(c, c->edges.expr);                                                  \
	}
COUNT(frames, frames)
COUNT(over_strong, sums.over_strong)
COUNT(over_unclassified, sums.over_unclassified)
COUNT(under_strong, sums.under_strong)
COUNT(under_unclassified, sums.under_unclassified)
COUNT(silent, sums.silent)
COUNT(trapped, sums.trapped)
COUNT(effect_unknown, sums.unknown)

#define ATTRIBUTED(name, expr)                                                                     \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return c->obs->holdings.made ? counted(c, expr) : sv_value_unknown();              \
	}
ATTRIBUTED(named, c->edges.named)
ATTRIBUTED(open, c->edges.attributed.over_unclassified + c->edges.attributed.under_unclassified)
ATTRIBUTED(a_over_strong, c->edges.attributed.over_strong)
ATTRIBUTED(a_over_unclassified, c->edges.attributed.over_unclassified)
ATTRIBUTED(a_under_strong, c->edges.attributed.under_strong)
ATTRIBUTED(a_under_unclassified, c->edges.attributed.under_unclassified)

#define COVERAGE(name)                                                                             \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return sv_value_pages(c, c->edges.coverage.name);                                  \
	}
COVERAGE(examined)
COVERAGE(total)
COVERAGE(unreadable)
COVERAGE(changed)

/* Frames within so many of a strong source below: "1:3 2:5 4:5", up to a pageblock. */
struct safevma_value sv_curve(safevma_cursor *c, const uint64_t *within)
{
	unsigned int orders = c->obs->exposure.block_order;

	c->scratch.len = 0;
	for (unsigned int i = 0; i <= orders; i++)
		if (sv_strbuf_printf(&c->scratch, "%s%u:%llu", i ? " " : "", 1u << i,
			    (unsigned long long)within[i])) {
			c->failed = true;
			return sv_value_unknown();
		}
	return sv_value_pairs(c->scratch.ptr);
}

static bool all_around(const safevma_cursor *c)
{
	return c->edges.frames == c->edges.around && !c->edges.coverage.unreadable &&
	       c->obs->exposure.made;
}

static struct safevma_value get_distance(safevma_cursor *c)
{
	return all_around(c) ? sv_curve(c, c->edges.distance) : sv_value_unknown();
}

static struct safevma_value get_mixed(safevma_cursor *c)
{
	return all_around(c) ? counted(c, c->edges.mixed) : sv_value_unknown();
}

static bool expected_known(const safevma_cursor *c)
{
	return c->obs->exposure.made && c->edges.frames == c->edges.zoned &&
	       !c->edges.coverage.unreadable;
}

static struct safevma_value get_expected(safevma_cursor *c)
{
	return expected_known(c) ? sv_value_real(c->edges.expected) : sv_value_unknown();
}

static struct safevma_value get_lift(safevma_cursor *c)
{
	return expected_known(c) && c->edges.expected > 0
		       ? sv_value_real((double)c->edges.sums.over_strong / c->edges.expected)
		       : sv_value_unknown();
}

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	SV_COL("FRAMES", "frames", "frames of the process, each once", U64, true, get_frames),
	SV_COL("OVER", "edges.over.strong", "with slab or the like right below", U64, true,
		get_over_strong),
	SV_COL("OVER?", "edges.over.unclassified", "with perhaps kernel memory below", U64, true,
		get_over_unclassified),
	SV_COL("UNDER", "edges.under.strong", "with slab or the like right above", U64, true,
		get_under_strong),
	SV_COL("UNDER?", "edges.under.unclassified", "with perhaps kernel memory above", U64, true,
		get_under_unclassified),
	SV_COL("SILENT", "effect.silent", "edges where an overrun would land unnoticed", U64, true,
		get_silent),
	SV_COL("TRAPPED", "effect.trapped", "edges where an overrun would fault", U64, true,
		get_trapped),
	SV_COL("EFFECT?", "effect.unknown", "edges whose effect is not known", U64, true,
		get_effect_unknown),
	SV_COL("MIXED", "mixed_block_frames", "frames in pageblocks that hold slab or the like",
		U64, true, get_mixed),
	SV_COL("EXPECTED", "expected_random",
		"strong edges below that random placement in the zones would give", REAL, true,
		get_expected),
	SV_COL("LIFT", "lift", "strong edges below against those expected", REAL, true, get_lift),
	SV_COL("NAMED", "attributed.named", "edges whose source has a known holder", U64, true,
		get_named),
	SV_COL("OPEN", "attributed.unclassified",
		"edges that stay unclassified with what is known of the holders", U64, true,
		get_open),
	SV_COL("AOVER", "attributed.over.strong", "OVER, with what is known of the holders", U64,
		false, get_a_over_strong),
	SV_COL("AOVER?", "attributed.over.unclassified", "OVER?, the same", U64, false,
		get_a_over_unclassified),
	SV_COL("AUNDER", "attributed.under.strong", "UNDER, the same", U64, false,
		get_a_under_strong),
	SV_COL("AUNDER?", "attributed.under.unclassified", "UNDER?, the same", U64, false,
		get_a_under_unclassified),
	SV_PAIRS("NEAR", "distance",
		"within:frames, frames with a strong source at most so many below", false,
		get_distance, "within frames"),
	SV_COL("EXAMINED", "coverage.examined", "frames read with both neighbours", U64, false,
		get_examined),
	SV_COL("TOTAL", "coverage.total", "frames there were to read", U64, false, get_total),
	SV_COL("UNREADABLE", "coverage.unreadable", "frames not read, or a neighbour not", U64,
		false, get_unreadable),
	SV_COL("CHANGED", "coverage.changed", "frames that changed while read", U64, false,
		get_changed),
};

static struct safevma_value get_vaddr(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->edge->vaddr);
}

static struct safevma_value get_pfn(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->edge->pfn);
}

static struct safevma_value get_direction(safevma_cursor *c)
{
	return sv_value_text(c->edge->over ? "over" : "under");
}

static struct safevma_value get_strength(safevma_cursor *c)
{
	return sv_value_text(sv_class_info(c->edge->source_class)->source == SV_SOURCE_STRONG
				     ? "strong"
				     : "unclassified");
}

static struct safevma_value get_source_pfn(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->edge->source_pfn);
}

static struct safevma_value get_source_class(safevma_cursor *c)
{
	return sv_value_text(sv_class_info(c->edge->source_class)->name);
}

static const struct sv_holding *held(const safevma_cursor *c)
{
	return c->edge->held;
}

SV_HOLDING_COLUMNS(source, held)

/* Both classes were read from kpageflags of this system. */
static struct safevma_value get_basis(safevma_cursor *c)
{
	(void)c;
	return sv_value_text(sv_basis_name(SV_BASIS_OBSERVED));
}

static struct safevma_value get_effect(safevma_cursor *c)
{
	return c->edge->effect == SV_EFFECT_UNKNOWN
		       ? sv_value_unknown()
		       : sv_value_text(sv_effect_name(c->edge->effect));
}

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("DIRECTION", "direction",
		"over: the source lies below and its overflow runs into us", STRING, true,
		get_direction),
	SV_COL("SOURCE", "source_class", "what the frame beside us is used for", STRING, true,
		get_source_class),
	SV_COL("STRENGTH", "strength", "strong: kernel memory; unclassified: perhaps", STRING, true,
		get_strength),
	SV_COL("SOURCE-PFN", "source_pfn", "number of that frame", HEX, true, get_source_pfn),
	SV_HOLDING_ROWS(source, "source_", "source_owner", true),
	SV_COL("BASIS", "basis", "how the classes are known", STRING, false, get_basis),
	SV_COL("EFFECT", "effect", "what an overrun into us would do", STRING, true, get_effect),
	SV_COL("VADDR", "vaddr", "our page, the victim", HEX, true, get_vaddr),
	SV_COL("PFN", "pfn", "its frame", HEX, true, get_pfn),
	SV_COL("VMA", "vma", "first address of its VMA", HEX, false, sv_get_vma),
	SV_COL("KIND", "kind", "kind of its VMA", STRING, true, sv_get_kind),
	SV_COL("PATH", "path", "file or name of its VMA", STRING, true, sv_get_path),
};

const struct safevma_table sv_table_adjacency = {
	.name = "adjacency",
	.group_member = "processes",
	.row_member = "edge_list",
	SV_GROUPS_OF_ROWS,
	.complete = sv_memory_complete,
	.coverage = sv_selected_coverage,
	.none = SV_NONE_SELECTED,
	.also = &sv_table_exposure,
};
