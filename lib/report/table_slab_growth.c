// SPDX-License-Identifier: LGPL-2.1-or-later
/* slab --grow: caches that changed between two looks, and all slab memory at both. */
#include "table_slab.h"

static bool complete(const safevma_observation *obs)
{
	return obs->slab_growth.made && !safevma_observation_lost(obs);
}

/* In caches, as they were at the end. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	const struct sv_slabs *s = &obs->slab_growth.end;

	*ret = (struct sv_coverage) { .total = s->caches.len };
	for (size_t i = 0; i < s->caches.len; i++)
		ret->unreadable += s->caches.ptr[i].unreadable;
	ret->examined = ret->total - ret->unreadable;
}

static bool next_grown(safevma_cursor *c)
{
	if (!c->next_index)
		sv_slab_growths_fini(&c->growths);
	if (!c->next_index && sv_measure_slab_growth(c->obs, &c->growths)) {
		c->failed = true;
		return false;
	}
	if (c->next_index >= c->growths.len)
		return false;
	c->item = c->next_index++;
	c->grown = &c->growths.ptr[c->item];
	return true;
}

/* ---- caches ---------------------------------------------------------------------------------- */

static const struct sv_slab_cache *cache(const safevma_cursor *c)
{
	return c->grown->after ? c->grown->after : c->grown->before;
}

static struct safevma_value get_name(safevma_cursor *c)
{
	return sv_value_span(cache(c)->name);
}

static struct safevma_value get_id(safevma_cursor *c)
{
	return cache(c)->id.ptr ? sv_value_span(cache(c)->id) : sv_value_unknown();
}

static struct safevma_value get_slabs_before(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, sv_slab_grown_slabs(c->grown->before));
}

static struct safevma_value get_slabs_after(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, sv_slab_grown_slabs(c->grown->after));
}

static struct safevma_value difference(struct sv_num before, struct sv_num after)
{
	if (!before.known || !after.known)
		return sv_value_unknown();
	return sv_value_i64((int64_t)(after.value - before.value));
}

static struct safevma_value get_slabs(safevma_cursor *c)
{
	return difference(
		sv_slab_grown_slabs(c->grown->before), sv_slab_grown_slabs(c->grown->after));
}

static struct safevma_value get_frames_before(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, sv_slab_grown_frames(&c->growths, c->grown->before));
}

static struct safevma_value get_frames_after(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, sv_slab_grown_frames(&c->growths, c->grown->after));
}

static struct safevma_value get_frames(safevma_cursor *c)
{
	return difference(sv_slab_grown_frames(&c->growths, c->grown->before),
		sv_slab_grown_frames(&c->growths, c->grown->after));
}

#define PLACED(name, known, member)                                                                \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return c->growths.known ? sv_value_u64(SAFEVMA_TYPE_U64, c->grown->member)         \
					: sv_value_unknown();                                      \
	}

PLACED(new_frames, placed, new_frames)
PLACED(left_frames, placed, left_frames)
PLACED(entered, placed, entered)
PLACED(abandoned, placed, abandoned)
PLACED(entered_shared, placed, entered_shared)
PLACED(new_shared, placed, new_shared_frames)
PLACED(entered_movable, movable, entered_movable)
PLACED(new_movable, movable, new_movable_frames)

static const struct sv_column grown_columns[] = {
	SV_COL("NAME", "name", "the cache", STRING, true, get_name),
	SV_COL("ID", "id", "its directory in /sys/kernel/slab", STRING, false, get_id),
	SV_COL("SLABS", "slabs_gained", "slabs gained; below 0: lost", I64, true, get_slabs),
	SV_COL("SLABS-WERE", "slabs_before", "slabs at the begin", U64, false, get_slabs_before),
	SV_COL("SLABS-NOW", "slabs_after", "slabs at the end", U64, true, get_slabs_after),
	SV_COL("FRAMES", "frames_gained", "frames gained; below 0: lost", I64, true, get_frames),
	SV_COL("FRAMES-WERE", "frames_before", "frames at the begin", U64, false,
		get_frames_before),
	SV_COL("FRAMES-NOW", "frames_after", "frames at the end", U64, true, get_frames_after),
	SV_COL("NEW", "new_frames", "more frames than before, summed over pageblocks", U64, true,
		get_new_frames),
	SV_COL("LEFT", "left_frames", "fewer frames than before, summed over pageblocks", U64, true,
		get_left_frames),
	SV_COL("ENTERED", "entered_blocks", "pageblocks that it was not in before", U64, true,
		get_entered),
	SV_COL("ABANDONED", "abandoned_blocks", "pageblocks that it is not in any more", U64, false,
		get_abandoned),
	SV_COL("IN-SHARED", "entered_shared_blocks",
		"entered ones that hold mapped memory of processes", U64, true, get_entered_shared),
	SV_COL("NEW-SHARED", "new_frames_shared", "new frames in blocks that hold such memory", U64,
		true, get_new_shared),
	SV_COL("IN-MOVABLE", "entered_movable_blocks",
		"entered ones that were kept for movable memory at the begin", U64, true,
		get_entered_movable),
	SV_COL("NEW-MOVABLE", "new_frames_movable", "new frames in such blocks", U64, true,
		get_new_movable),
};

const struct safevma_table sv_table_slab_growth = {
	.name = "slab-grow",
	.row_member = "grown",
	.row_columns = grown_columns,
	.row_count = sv_array_size(grown_columns),
	.next_row = next_grown,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_slab_window,
	.alone = true,
	.none = "no cache changed",
};

/* ---- all of it ------------------------------------------------------------------------------- */

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_SLAB_GROWTH;
}

static bool next_window(safevma_cursor *c)
{
	return c->obs->slab_growth.made && !c->next_index++;
}

static struct safevma_value get_seconds(safevma_cursor *c)
{
	const struct sv_slab_growth *g = &c->obs->slab_growth;

	return sv_value_real((double)(g->to_ns - g->from_ns) / 1e9);
}

static const struct sv_slab_place *all(const struct sv_slabs *s)
{
	return s->view.made ? &s->view.parts[SV_SLAB_ALL] : NULL;
}

#define ALL(name, expr, blocks)                                                                    \
	static struct safevma_value get_all_##name##_before(safevma_cursor *c)                     \
	{                                                                                          \
		const struct sv_slab_place *p = all(&c->obs->slabs);                               \
		return p && (!(blocks) || c->obs->slabs.view.blocks_known)                         \
			       ? sv_value_u64(SAFEVMA_TYPE_U64, expr)                              \
			       : sv_value_unknown();                                               \
	}                                                                                          \
	static struct safevma_value get_all_##name##_after(safevma_cursor *c)                      \
	{                                                                                          \
		const struct sv_slab_place *p = all(&c->obs->slab_growth.end);                     \
		return p && (!(blocks) || c->obs->slabs.view.blocks_known)                         \
			       ? sv_value_u64(SAFEVMA_TYPE_U64, expr)                              \
			       : sv_value_unknown();                                               \
	}

ALL(frames, p->frames, false)
ALL(blocks, p->blocks, true)
ALL(shared, p->shared, true)
ALL(user, p->edges.user_over + p->edges.user_under, false)
ALL(tables, p->edges.table_over + p->edges.table_under, false)

#define BOTH(n, j, help, name)                                                                     \
	SV_COL(n "-BEFORE", "before." j, help " at the begin", U64, true,                          \
		get_all_##name##_before),                                                          \
		SV_COL(n "-AFTER", "after." j, help " at the end", U64, true,                      \
			get_all_##name##_after)

static const struct sv_column window_columns[] = {
	SV_COL("SECONDS", "seconds", "between the two", REAL, true, get_seconds),
	BOTH("FRAMES", "frames", "frames of slab memory", frames),
	BOTH("BLOCKS", "blocks", "pageblocks that it stands in", blocks),
	BOTH("SHARED", "shared_blocks", "of these, with mapped memory of processes", shared),
	BOTH("USER", "user_edges", "neighbours of such memory", user),
	BOTH("TABLES", "table_edges", "neighbours of page tables", tables),
};

const struct safevma_table sv_table_slab_window = {
	.name = "slab-window",
	.row_member = "window",
	.row_columns = window_columns,
	.row_count = sv_array_size(window_columns),
	.next_row = next_window,
	.wanted = wanted,
	.upright = true,
};
