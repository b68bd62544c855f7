// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit: stalls, reclaim, zones, swap, and the settings that decide about them. */
#include <inttypes.h>
#include <stdio.h>

#include "table.h"

#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)
#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)

static bool made(const safevma_observation *obs)
{
	return obs->pressure.made;
}

/* ---- stalls ---------------------------------------------------------------------------------- */

/* Those of the system, then those of each group but the root of all, which is the system again. */
static bool next_stall(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;

	while (c->next_index < SV_RESOURCE_COUNT + p->groups.len) {
		size_t i = c->next_index++;

		c->item = i;
		c->memcg = i < SV_RESOURCE_COUNT ? NULL : &p->groups.ptr[i - SV_RESOURCE_COUNT];
		c->psi = c->memcg ? &c->memcg->pressure : &p->system[i];
		if (!c->memcg || !c->memcg->root)
			return true;
	}
	return false;
}

static struct safevma_value get_source(safevma_cursor *c)
{
	return c->memcg ? sv_value_text("cgroup") : sv_value_text("system");
}

static struct safevma_value get_group(safevma_cursor *c)
{
	return c->memcg ? sv_value_bytes_text(&c->memcg->path) : sv_value_text("");
}

static struct safevma_value get_resource(safevma_cursor *c)
{
	return sv_value_text(c->memcg ? "memory" : sv_resource_name((enum sv_resource)c->item));
}

static struct safevma_value get_answer(safevma_cursor *c)
{
	return sv_value_text(sv_answer_name(c->psi->answer));
}

static struct safevma_value percent(struct sv_num hundredths)
{
	return hundredths.known ? sv_value_real((double)hundredths.value / 100)
				: sv_value_unknown();
}

#define STALL(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_psi *p = &c->psi->psi;                                             \
		return expr;                                                                       \
	}

STALL(some10, percent(p->some.avg10))
STALL(some60, percent(p->some.avg60))
STALL(some300, percent(p->some.avg300))
STALL(some_total, COUNT(p->some.total_us))
STALL(full10, percent(p->full.avg10))
STALL(full60, percent(p->full.avg60))
STALL(full300, percent(p->full.avg300))
STALL(full_total, COUNT(p->full.total_us))

static const struct sv_column stall_columns[] = {
	SV_COL("OF", "source", "system or cgroup", STRING, true, get_source),
	SV_COL("RESOURCE", "resource", "what is waited for: memory, io or cpu", STRING, true,
		get_resource),
	SV_COL("STATE", "state",
		"read; disabled: PSI is switched off (boot with psi=1); absent: this kernel, or "
		"cgroup v1, has none",
		STRING, true, get_answer),
	SV_COL("SOME-10", "some.avg10",
		"percent of the last 10 s in which something stood still for want of it", REAL,
		true, get_some10),
	SV_COL("SOME-60", "some.avg60", "the same of the last minute", REAL, false, get_some60),
	SV_COL("SOME-300", "some.avg300", "the same of the last five minutes", REAL, true,
		get_some300),
	SV_COL("SOME-TOTAL", "some.total_us", "microseconds of it since boot", U64, true,
		get_some_total),
	SV_COL("FULL-10", "full.avg10", "percent of the last 10 s in which everything stood still",
		REAL, true, get_full10),
	SV_COL("FULL-60", "full.avg60", "the same of the last minute", REAL, false, get_full60),
	SV_COL("FULL-300", "full.avg300", "the same of the last five minutes", REAL, true,
		get_full300),
	SV_COL("FULL-TOTAL", "full.total_us", "microseconds of it since boot", U64, true,
		get_full_total),
	SV_COL("CGROUP", "cgroup", "of which group; empty: of the system", STRING, true, get_group),
};

const struct safevma_table sv_table_pressure = {
	.name = "pressure",
	.row_member = "pressure",
	.row_columns = stall_columns,
	.row_count = sv_array_size(stall_columns),
	.next_row = next_stall,
	.wanted = made,
	.also = &sv_table_reclaim,
};

/* ---- event counters -------------------------------------------------------------------------- */

static bool next_once(safevma_cursor *c)
{
	return !c->next_index++;
}

#define COUNTER(name)                                                                              \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return COUNT(c->obs->pressure.counters.name);                                      \
	}

COUNTER(allocstall)
COUNTER(compact_stall)
COUNTER(compact_fail)
COUNTER(compact_success)
COUNTER(scan_direct)
COUNTER(scan_kswapd)
COUNTER(steal_direct)
COUNTER(steal_kswapd)
COUNTER(oom_kill)
COUNTER(swap_in)
COUNTER(swap_out)
COUNTER(refault_anon)
COUNTER(refault_file)
COUNTER(thp_fault_fallback)
COUNTER(drop_pagecache)

static const struct sv_column reclaim_columns[] = {
	SV_ALARM("ALLOCSTALL", "allocstall", "allocations that had to reclaim memory themselves",
		U64, true, get_allocstall),
	SV_ALARM("COMPACT-STALL", "compact_stall", "allocations that had to compact memory first",
		U64, true, get_compact_stall),
	SV_COL("COMPACT-FAIL", "compact_fail", "of those, without success", U64, true,
		get_compact_fail),
	SV_COL("COMPACT-SUCCESS", "compact_success", "of those, with a block large enough", U64,
		true, get_compact_success),
	SV_COL("SCAN-DIRECT", "scan_direct", "pages looked at by those who wanted memory", U64,
		true, get_scan_direct),
	SV_COL("SCAN-KSWAPD", "scan_kswapd", "pages looked at in the background", U64, true,
		get_scan_kswapd),
	SV_COL("STEAL-DIRECT", "steal_direct", "pages taken by those who wanted memory", U64, true,
		get_steal_direct),
	SV_COL("STEAL-KSWAPD", "steal_kswapd", "pages taken in the background", U64, true,
		get_steal_kswapd),
	SV_ALARM("OOM-KILL", "oom_kill", "processes that the OOM killer ended", U64, true,
		get_oom_kill),
	SV_COL("SWAP-IN", "swap_in", "pages read back from swap", U64, true, get_swap_in),
	SV_COL("SWAP-OUT", "swap_out", "pages written to swap", U64, true, get_swap_out),
	SV_COL("REFAULT-ANON", "refault_anon", "pages swapped out too early", U64, false,
		get_refault_anon),
	SV_COL("REFAULT-FILE", "refault_file", "page cache dropped too early", U64, true,
		get_refault_file),
	SV_COL("THP-FALLBACK", "thp_fault_fallback", "huge pages that were wanted and not there",
		U64, false, get_thp_fault_fallback),
	SV_COL("DROPPED-CACHE", "drop_pagecache", "times that somebody dropped the page cache", U64,
		false, get_drop_pagecache),
};

const struct safevma_table sv_table_reclaim = {
	.name = "reclaim",
	.row_member = "reclaim",
	.row_columns = reclaim_columns,
	.row_count = sv_array_size(reclaim_columns),
	.next_row = next_once,
	.upright = true,
	.wanted = made,
	.also = &sv_table_watermarks,
};

/* ---- zones ----------------------------------------------------------------------------------- */

static bool next_zone(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;

	if (c->next_index >= p->zones.len)
		return false;
	c->zone_state = &p->zones.ptr[c->next_index++];
	return true;
}

static struct sv_num above_min(const struct sv_zone_state *z)
{
	if (!z->free.known || !z->min.known)
		return (struct sv_num) { 0 };
	return sv_known(z->free.value > z->min.value ? z->free.value - z->min.value : 0);
}

/* The one with the least share of its memory left above its lowest watermark. */
static struct safevma_value get_nearest(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;
	struct sv_num own = above_min(c->zone_state);

	if (!own.known || !c->zone_state->managed.value)
		return sv_value_unknown();
	for (size_t i = 0; i < p->zones.len; i++) {
		struct sv_num n = above_min(&p->zones.ptr[i]);

		if (!n.known)
			return sv_value_unknown();
		if ((double)n.value / (double)p->zones.ptr[i].managed.value <
			(double)own.value / (double)c->zone_state->managed.value)
			return sv_value_bool(false);
	}
	return sv_value_bool(true);
}

static struct sv_num largest_order(const struct sv_zone_state *z)
{
	for (size_t i = z->orders; i-- > 0;)
		if (z->blocks[i])
			return sv_known(i);
	return (struct sv_num) { 0 };
}

static struct safevma_value get_orders(safevma_cursor *c)
{
	const struct sv_zone_state *z = c->zone_state;

	if (!z->orders)
		return sv_value_unknown();
	c->scratch.len = 0;
	for (size_t i = 0; i < z->orders; i++)
		if (sv_strbuf_printf(
			    &c->scratch, "%s%zu:%" PRIu64, i ? " " : "", i, z->blocks[i])) {
			c->failed = true;
			return sv_value_unknown();
		}
	return sv_value_pairs(c->scratch.ptr);
}

static struct safevma_value pages(const safevma_cursor *c, struct sv_num n)
{
	n.value *= c->obs->host.page_size;
	return BYTES(n);
}

#define ZONE(name, expr)                                                                           \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_zone_state *z = c->zone_state;                                     \
		return expr;                                                                       \
	}

ZONE(node, sv_value_u64(SAFEVMA_TYPE_U64, z->node))
ZONE(zone, sv_value_text(z->name))
ZONE(managed, pages(c, z->managed))
ZONE(free, pages(c, z->free))
ZONE(min, pages(c, z->min))
ZONE(low, pages(c, z->low))
ZONE(high, pages(c, z->high))
ZONE(reserve, pages(c, z->reserve))
ZONE(above, pages(c, above_min(z)))
ZONE(largest, COUNT(largest_order(z)))

static const struct sv_column zone_columns[] = {
	SV_COL("NODE", "node", "memory node", U64, false, get_node),
	SV_COL("ZONE", "zone", "its name", STRING, true, get_zone),
	SV_COL("SIZE", "managed_bytes", "memory that the kernel hands out", BYTES, true,
		get_managed),
	SV_COL("FREE", "free_bytes", "free, per-CPU lists left out", BYTES, true, get_free),
	SV_COL("MIN", "min_bytes", "below it allocations wait, fail or kill", BYTES, true, get_min),
	SV_COL("LOW", "low_bytes", "below it reclaim begins in the background", BYTES, true,
		get_low),
	SV_COL("HIGH", "high_bytes", "there it ends", BYTES, true, get_high),
	SV_COL("RESERVE", "lowmem_reserve_bytes",
		"kept from allocations that could use other zones", BYTES, true, get_reserve),
	SV_COL("ABOVE-MIN", "above_min_bytes", "FREE - MIN", BYTES, true, get_above),
	SV_COL("NEAREST", "nearest", "least of all above its MIN, for its size", BOOL, true,
		get_nearest),
	SV_COL("LARGEST", "largest_order",
		"order of the largest free block: what can be had without compaction", U64, true,
		get_largest),
	SV_PAIRS("BLOCKS", "free_blocks", "free blocks, by order", false, get_orders,
		"order blocks"),
};

const struct safevma_table sv_table_watermarks = {
	.name = "watermarks",
	.row_member = "watermarks",
	.row_columns = zone_columns,
	.row_count = sv_array_size(zone_columns),
	.next_row = next_zone,
	.wanted = made,
	.also = &sv_table_swap,
};

/* ---- swap ------------------------------------------------------------------------------------ */

static bool next_swap(safevma_cursor *c)
{
	const struct sv_pressure *p = &c->obs->pressure;
	size_t i = c->next_index;

	if (i >= p->swaps.len + p->zrams.len)
		return false;
	c->next_index++;
	c->swap = i < p->swaps.len ? &p->swaps.ptr[i] : NULL;
	c->zram = c->swap ? NULL : &p->zrams.ptr[i - p->swaps.len];
	return true;
}

static struct safevma_value get_swap_name(safevma_cursor *c)
{
	if (c->swap)
		return sv_value_bytes_text(&c->swap->file);
	snprintf(c->text, sizeof(c->text), "zram%" PRIu64, c->zram->number);
	return sv_value_text(c->text);
}

static struct safevma_value get_swap_type(safevma_cursor *c)
{
	return sv_value_text(c->swap ? c->swap->type : "zram");
}

static struct safevma_value get_swap_size(safevma_cursor *c)
{
	return c->swap ? sv_value_u64(SAFEVMA_TYPE_BYTES, c->swap->size_bytes)
		       : BYTES(c->zram->size);
}

static struct safevma_value get_swap_used(safevma_cursor *c)
{
	return c->swap ? sv_value_u64(SAFEVMA_TYPE_BYTES, c->swap->used_bytes)
		       : BYTES(c->zram->stored);
}

static struct safevma_value get_swap_ram(safevma_cursor *c)
{
	return c->swap ? sv_value_unknown() : BYTES(c->zram->used);
}

static struct safevma_value get_priority(safevma_cursor *c)
{
	return c->swap ? sv_value_i64(c->swap->priority) : sv_value_unknown();
}

static const struct sv_column swap_columns[] = {
	SV_COL("SWAP", "name", "area of swap, or compressed device in memory", STRING, true,
		get_swap_name),
	SV_COL("TYPE", "type", "partition, file or zram", STRING, true, get_swap_type),
	SV_COL("SIZE", "size_bytes", "what it can hold", BYTES, true, get_swap_size),
	SV_COL("USED", "used_bytes", "what it holds", BYTES, true, get_swap_used),
	SV_COL("RAM", "ram_bytes", "zram: memory that it takes itself", BYTES, true, get_swap_ram),
	SV_COL("PRIORITY", "priority", "the highest is filled first", I64, true, get_priority),
};

const struct safevma_table sv_table_swap = {
	.name = "swap",
	.row_member = "swap",
	.row_columns = swap_columns,
	.row_count = sv_array_size(swap_columns),
	.next_row = next_swap,
	.wanted = made,
	.also = &sv_table_settings,
};
