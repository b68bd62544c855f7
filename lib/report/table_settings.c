// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit: settings of reclaim and of the OOM killer, and what each means for timing. */
#include "table.h"

static const char *const meanings[SV_SETTING_PRESSURE_COUNT] = {
	[SV_SETTING_PANIC_ON_OOM] =
		"1, 2: the system panics instead of killing; 2: of a cgroup too",
	[SV_SETTING_OOM_KILL_ALLOCATING] = "1: who asked for the memory is killed, whatever its "
					   "points",
	[SV_SETTING_OOM_DUMP_TASKS] = "1: every process is printed first, which takes time",
	[SV_SETTING_MAX_MAP_COUNT] = "mappings that a process may have; one more is refused",
	[SV_SETTING_MIN_FREE_KBYTES] = "sets MIN of all zones: kept for those that cannot wait",
	[SV_SETTING_WATERMARK_SCALE] = "distance of LOW and HIGH from MIN, in 10000ths of a zone",
	[SV_SETTING_WATERMARK_BOOST] = "fragmentation raises HIGH for a while; 0: never",
	[SV_SETTING_LOWMEM_RESERVE] = "share of a lower zone kept from others",
	[SV_SETTING_SWAPPINESS] = "0: anonymous memory is swapped at the last only",
	[SV_SETTING_PAGE_CLUSTER] = "2^N pages are read from swap at once",
	[SV_SETTING_VFS_CACHE_PRESSURE] = "how soon inodes and dentries are reclaimed; 0: never",
	[SV_SETTING_ZONE_RECLAIM] = "not 0: a node reclaims before it uses another one's memory",
	[SV_SETTING_EXTFRAG_THRESHOLD] = "whether a large allocation compacts or reclaims",
	[SV_SETTING_COMPACT_PROACTIVE] = "not 0: pages are moved in the background",
	[SV_SETTING_COMPACT_UNEVICTABLE] = "1: locked pages are moved as well: a minor fault each",
	[SV_SETTING_THP_ENABLED] = "always: a first touch may clear 2 MiB, khugepaged moves pages",
	[SV_SETTING_THP_DEFRAG] = "always: a first touch may wait for compaction",
	[SV_SETTING_KSM_RUN] = "1: equal pages are merged, and copied again on write",
	[SV_SETTING_NUMA_BALANCING] = "not 0: pages are unmapped now and then, and moved",
	[SV_SETTING_LRU_GEN] = "bits of the multi-generational LRU; 0: the classic one reclaims",
	[SV_SETTING_LRU_GEN_MIN_TTL] =
		"not 0: a working set so young is kept, and OOM kills instead",
	[SV_SETTING_DAMON_ADMIN] = "DAMON threads set up through sysfs; they may reclaim",
	[SV_SETTING_DAMON_RECLAIM] = "Y: cold memory is taken before there is pressure",
	[SV_SETTING_DAMON_RECLAIM_MIN_AGE] = "microseconds without access that make it cold",
	[SV_SETTING_DAMON_RECLAIM_QUOTA] = "bytes that it takes at most at once",
	[SV_SETTING_DAMON_LRU_SORT] = "Y: the order of reclaim follows measured accesses",
	[SV_SETTING_DAMON_STAT] = "Y: accesses are sampled, which clears accessed bits",
	[SV_SETTING_ZSWAP] = "Y: what is swapped out is compressed in RAM first",
	[SV_SETTING_ZSWAP_POOL] = "percent of RAM that it may take",
	[SV_SETTING_ZSWAP_COMPRESSOR] = "what a fault from it has to undo",
	[SV_SETTING_CPUS_PRESENT] = "each keeps counters and free pages of its own",
	[SV_SETTING_IGNORE_RLIMIT_DATA] = "Y: RLIMIT_DATA does not hold",
};

static bool made(const safevma_observation *obs)
{
	return obs->pressure.made;
}

static bool next_setting(safevma_cursor *c)
{
	if (c->next_index >= SV_SETTING_PRESSURE_COUNT)
		return false;
	c->item = c->next_index++;
	return true;
}

static const struct sv_setting *setting(const safevma_cursor *c)
{
	return &c->obs->pressure.settings[c->item];
}

static struct safevma_value get_name(safevma_cursor *c)
{
	return sv_value_text(sv_setting_info((enum sv_setting_id)c->item)->name);
}

static struct safevma_value get_state(safevma_cursor *c)
{
	return sv_value_text(sv_answer_name(setting(c)->answer));
}

static struct safevma_value get_value(safevma_cursor *c)
{
	return setting(c)->answer == SV_ANSWER_READ ? sv_value_bytes_text(&setting(c)->text)
						    : sv_value_unknown();
}

static struct safevma_value get_path(safevma_cursor *c)
{
	c->scratch.len = 0;
	if (sv_strbuf_printf(
		    &c->scratch, "/%s", sv_setting_info((enum sv_setting_id)c->item)->path)) {
		c->failed = true;
		return sv_value_unknown();
	}
	return sv_value_bytes_text(&c->scratch);
}

static struct safevma_value get_meaning(safevma_cursor *c)
{
	return sv_value_text(meanings[c->item]);
}

static const struct sv_column columns[] = {
	SV_COL("SETTING", "setting", "its name", STRING, true, get_name),
	SV_COL("STATE", "state", "read; absent: this kernel has none", STRING, true, get_state),
	SV_COL("VALUE", "value", "what the file says", STRING, true, get_value),
	SV_COL("MEANING", "meaning", "what it means for refusals, kills and timing", STRING, true,
		get_meaning),
	SV_COL("PATH", "path", "the file", STRING, false, get_path),
};

const struct safevma_table sv_table_settings = {
	.name = "settings",
	.row_member = "settings",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_setting,
	.wanted = made,
	.also = &sv_table_cgroups,
};
