// SPDX-License-Identifier: LGPL-2.1-or-later
/* watch: what each look cost, and what the kernel counted meanwhile; then all of it together. */
#include "table.h"

#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)

static const struct sv_series *series(const safevma_cursor *c)
{
	return &c->obs->series;
}

static const struct sv_look *look(const safevma_cursor *c)
{
	return &series(c)->looks.ptr[c->item];
}

static bool next_look(safevma_cursor *c)
{
	c->item = c->next_index++;
	return c->item < series(c)->looks.len;
}

static struct safevma_value get_time(safevma_cursor *c)
{
	return sv_value_real(
		(double)(look(c)->boottime_ns - series(c)->looks.ptr[0].boottime_ns) / 1e9);
}

#define LOOK(name, expr)                                                                           \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return expr;                                                                       \
	}

LOOK(number, sv_value_u64(SAFEVMA_TYPE_U64, c->item))
LOOK(changes, sv_value_u64(SAFEVMA_TYPE_U64, look(c)->changes))
LOOK(took, COUNT(look(c)->took_us))
LOOK(cpu, COUNT(look(c)->cpu_us))
LOOK(bytes, sv_value_num(SAFEVMA_TYPE_BYTES, look(c)->bytes_read))
LOOK(locks, COUNT(look(c)->lock_reads))
LOOK(longest, COUNT(look(c)->longest_read_us))
LOOK(pages, sv_value_u64(SAFEVMA_TYPE_U64, look(c)->pages))

/* A counter of the kernel in two tables: of a look, and of the whole time. */
#define COUNTER(name, counter)                                                                     \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return COUNT(sv_measure_counter(series(c), c->item, SV_COUNTER_##counter));        \
	}                                                                                          \
	static struct safevma_value get_sum_##name(safevma_cursor *c)                              \
	{                                                                                          \
		return COUNT(c->series_sums.counters[SV_COUNTER_##counter]);                       \
	}

COUNTER(psi_some, PSI_SOME)
COUNTER(psi_full, PSI_FULL)
COUNTER(scan_direct, SCAN_DIRECT)
COUNTER(scan_kswapd, SCAN_KSWAPD)
COUNTER(steal_direct, STEAL_DIRECT)
COUNTER(steal_kswapd, STEAL_KSWAPD)
COUNTER(allocstall, ALLOCSTALL)
COUNTER(compact, COMPACT_STALL)
COUNTER(migrated, MIGRATED)
COUNTER(numa, NUMA_MIGRATED)
COUNTER(swap_in, SWAP_IN)
COUNTER(swap_out, SWAP_OUT)
COUNTER(oom, OOM_KILL)

#define COUNTER_COLUMNS(sum)                                                                       \
	SV_ALARM("PSI-SOME", "psi_some_us",                                                        \
		"us in which some task stalled for want of memory, meanwhile", U64, true,          \
		get_##sum##psi_some),                                                              \
		SV_ALARM("PSI-FULL", "psi_full_us", "us in which all did", U64, true,              \
			get_##sum##psi_full),                                                      \
		SV_ALARM("SCAN", "pgscan_direct", "pages that tasks in need scanned", U64, true,   \
			get_##sum##scan_direct),                                                   \
		SV_COL("SCAN-KSWAPD", "pgscan_kswapd", "pages that kswapd scanned", U64, true,     \
			get_##sum##scan_kswapd),                                                   \
		SV_COL("STEAL", "pgsteal_direct", "pages that tasks in need reclaimed", U64,       \
			false, get_##sum##steal_direct),                                           \
		SV_COL("STEAL-KSWAPD", "pgsteal_kswapd", "pages that kswapd reclaimed", U64,       \
			false, get_##sum##steal_kswapd),                                           \
		SV_ALARM("ALLOCSTALL", "allocstall", "allocations that had to reclaim first", U64, \
			true, get_##sum##allocstall),                                              \
		SV_ALARM("COMPACT", "compact_stall", "allocations that had to compact first", U64, \
			true, get_##sum##compact),                                                 \
		SV_COL("MIGRATED", "pgmigrate_success", "pages moved to other frames", U64, true,  \
			get_##sum##migrated),                                                      \
		SV_COL("NUMA", "numa_pages_migrated", "pages moved to other nodes", U64, false,    \
			get_##sum##numa),                                                          \
		SV_COL("SWAP-IN", "pswpin", "pages read from swap", U64, false,                    \
			get_##sum##swap_in),                                                       \
		SV_COL("SWAP-OUT", "pswpout", "pages written to swap", U64, false,                 \
			get_##sum##swap_out),                                                      \
		SV_ALARM("OOM", "oom_kill", "processes killed for want of memory", U64, true,      \
			get_##sum##oom)

static const struct sv_column look_columns[] = {
	SV_COL("TIME", "seconds", "seconds after the first look", REAL, true, get_time),
	SV_COL("LOOK", "look", "number of the look", U64, false, get_number),
	SV_ALARM("CHANGES", "changes", "that it showed", U64, true, get_changes),
	COUNTER_COLUMNS(),
	SV_COL("LOCK-READS", "cost.lock_reads", "reads that took a lock of a process", U64, true,
		get_locks),
	SV_COL("PAGES", "cost.pages", "entries of page tables read", U64, true, get_pages),
	SV_COL("LONGEST", "cost.longest_read_us", "longest of the reads with a lock, us", U64, true,
		get_longest),
	SV_COL("TOOK", "cost.took_us", "how long the look took, us", U64, true, get_took),
	SV_COL("CPU", "cost.cpu_us", "CPU time that it took, us", U64, true, get_cpu),
	SV_COL("BYTES", "cost.bytes_read", "bytes read", BYTES, false, get_bytes),
};

/* Also where nothing could be watched: JSON has its members, and the verdict is unknown. */
static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_WATCH;
}

const struct safevma_table sv_table_looks = {
	.name = "looks",
	.row_member = "looks",
	.row_columns = look_columns,
	.row_count = sv_array_size(look_columns),
	.next_row = next_look,
	.wanted = wanted,
	.also = &sv_table_settled,
	.none = "no look was made",
};

/* ---- all together ---------------------------------------------------------------------------- */

static bool next_sum(safevma_cursor *c)
{
	if (c->next_index++)
		return false;
	sv_measure_all_settled(c->obs, &c->settled);
	sv_measure_series(series(c), &c->series_sums);
	return true;
}

static struct safevma_value get_verdict(safevma_cursor *c)
{
	return sv_value_text(sv_verdict_name(c->settled.verdict));
}

static struct safevma_value get_reason(safevma_cursor *c)
{
	return sv_value_text(sv_unsettled_text(c->settled.reason));
}

static struct safevma_value get_span(safevma_cursor *c)
{
	struct sv_num n = c->series_sums.span_ns;

	return n.known ? sv_value_real((double)n.value / 1e9) : sv_value_unknown();
}

LOOK(interval, sv_value_real((double)series(c)->interval_ns / 1e9))
LOOK(looks, sv_value_u64(SAFEVMA_TYPE_U64, series(c)->looks.len))
LOOK(dropped, sv_value_u64(SAFEVMA_TYPE_U64, series(c)->dropped))
LOOK(sum_changes, sv_value_u64(SAFEVMA_TYPE_U64, series(c)->changes.len + series(c)->dropped))
LOOK(sum_cpu, COUNT(c->series_sums.cpu_us))
LOOK(sum_locks, COUNT(c->series_sums.lock_reads))
LOOK(most_locks, COUNT(c->series_sums.most_lock_reads))
LOOK(sum_pages, sv_value_u64(SAFEVMA_TYPE_U64, c->series_sums.pages))
LOOK(most_pages, sv_value_u64(SAFEVMA_TYPE_U64, c->series_sums.most_pages))
LOOK(sum_longest, COUNT(c->series_sums.longest_read_us))
LOOK(longest_look, COUNT(c->series_sums.longest_look_us))

static const struct sv_column sum_columns[] = {
	SV_COL("VERDICT", "verdict", "pass: nothing changed that unsettles; fail; unknown", STRING,
		true, get_verdict),
	SV_COL("REASON", "reason", "why it is not pass", STRING, true, get_reason),
	SV_COL("SECONDS", "seconds", "from the first look to the last", REAL, true, get_span),
	SV_COL("INTERVAL", "interval_seconds", "between looks", REAL, true, get_interval),
	SV_COL("LOOKS", "looks", "how many there were", U64, true, get_looks),
	SV_COL("CHANGES", "changes", "that they showed", U64, true, get_sum_changes),
	SV_ALARM("DROPPED", "changes_dropped", "of these, counted but not listed", U64, true,
		get_dropped),
	COUNTER_COLUMNS(sum_),
	SV_COL("LOCK-READS", "cost.lock_reads", "our reads that took a lock of a process", U64,
		true, get_sum_locks),
	SV_COL("LOCK-READS-MOST", "cost.lock_reads_most", "of one look", U64, true, get_most_locks),
	SV_COL("PAGES", "cost.pages", "entries of page tables that we read", U64, true,
		get_sum_pages),
	SV_COL("PAGES-MOST", "cost.pages_most", "of one look", U64, true, get_most_pages),
	SV_COL("LONGEST-READ", "cost.longest_read_us", "longest of our reads with a lock, us", U64,
		true, get_sum_longest),
	SV_COL("LONGEST-LOOK", "cost.longest_look_us", "longest look, us", U64, true,
		get_longest_look),
	SV_COL("CPU", "cost.cpu_us", "CPU time of all looks, us", U64, true, get_sum_cpu),
};

const struct safevma_table sv_table_settled = {
	.name = "settled",
	.row_member = "settled",
	.row_columns = sum_columns,
	.row_count = sv_array_size(sum_columns),
	.next_row = next_sum,
	.wanted = wanted,
	.upright = true,
	.none = "nothing was watched",
};
