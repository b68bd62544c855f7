// SPDX-License-Identifier: LGPL-2.1-or-later
#include "series.h"

#include <stdlib.h>

/*
 * What unsettles: everything after which a page of the process can fault that could not before, or
 * that shows it at work on its own address space. What lies beside its frames is no doing of its
 * own and costs it no time.
 */
static const struct sv_change_info infos[SV_CHANGE_COUNT] = {
	[SV_CHANGE_VMA_ADDED] = { "vma-added", SV_UNIT_BYTES, true, "it mapped something new" },
	[SV_CHANGE_VMA_REMOVED] = { "vma-removed", SV_UNIT_BYTES, true, "a mapping went away" },
	[SV_CHANGE_VMA_GREW] = { "vma-grew", SV_UNIT_BYTES, true, "a mapping became larger" },
	[SV_CHANGE_VMA_SHRANK] = { "vma-shrank", SV_UNIT_BYTES, true, "a mapping became smaller" },
	[SV_CHANGE_VMA_REPROTECTED] = { "vma-reprotected", SV_UNIT_PERMS, true,
		"the permissions of a mapping changed" },
	[SV_CHANGE_VMA_REPLACED] = { "vma-replaced", SV_UNIT_NONE, true,
		"another file, or another part of it, lies at the same addresses" },
	[SV_CHANGE_VMA_SPLIT] = { "vma-split", SV_UNIT_NONE, true,
		"a mapping became two: flags of a part changed (mlock, madvise)" },
	[SV_CHANGE_VMA_MERGED] = { "vma-merged", SV_UNIT_NONE, true,
		"two mappings became one: their flags are the same now" },
	[SV_CHANGE_HEAP_GREW] = { "heap-grew", SV_UNIT_BYTES, true, "malloc asked for more (brk)" },
	[SV_CHANGE_HEAP_SHRANK] = { "heap-shrank", SV_UNIT_BYTES, true,
		"free gave memory back (brk): the next malloc faults it in again" },
	[SV_CHANGE_STACK_GREW] = { "stack-grew", SV_UNIT_BYTES, true,
		"the stack grew beyond its mapping" },
	[SV_CHANGE_RESIDENT] = { "resident", SV_UNIT_BYTES, true, "VmRSS is another one" },
	[SV_CHANGE_LOCKED] = { "locked", SV_UNIT_BYTES, true, "VmLck is another one" },
	[SV_CHANGE_SWAPPED] = { "swapped", SV_UNIT_BYTES, true, "VmSwap is another one" },
	[SV_CHANGE_LOCK_LOST] = { "lock-lost", SV_UNIT_PFN, true,
		"frames of present pages are not locked any more" },
	[SV_CHANGE_PAGE_MOVED] = { "page-moved", SV_UNIT_PFN, true,
		"locked pages lie in other frames: a touch meanwhile waited for a minor fault" },
	[SV_CHANGE_PAGE_LOST] = { "page-lost", SV_UNIT_PFN, true,
		"pages that were present are not: the next touch faults" },
	[SV_CHANGE_PAGE_ADDED] = { "page-added", SV_UNIT_PFN, true,
		"pages became present: they were faulted in" },
	[SV_CHANGE_COW_PENDING] = { "cow-pending", SV_UNIT_PFN, true,
		"private writable pages are shared now (fork, KSM): the next write faults and "
		"copies" },
	[SV_CHANGE_NEIGHBOUR] = { "new-neighbour", SV_UNIT_CLASS, false,
		"kernel memory from which an overrun can start lies beside the frame now" },
	[SV_CHANGE_FAULTS_MINOR] = { "minor-faults", SV_UNIT_COUNT, true,
		"it took minor page faults" },
	[SV_CHANGE_FAULTS_MAJOR] = { "major-faults", SV_UNIT_COUNT, true,
		"it took major page faults: they waited for a device" },
	[SV_CHANGE_FAULTS_CHILDREN] = { "children-faults", SV_UNIT_COUNT, true,
		"children that it waited for had faulted: it forked" },
	[SV_CHANGE_CHILD] = { "child", SV_UNIT_NONE, true, "it has a new child: it forked" },
	[SV_CHANGE_THREADS] = { "threads", SV_UNIT_COUNT, true,
		"the number of its threads is another one" },
	[SV_CHANGE_ENDED] = { "ended", SV_UNIT_NONE, true, "it ended, or another took its number" },
};

const struct sv_change_info *sv_change_info(enum sv_change_kind kind)
{
	return &infos[kind];
}

static const struct {
	const char *name, *help;
} counters[SV_COUNTER_COUNT] = {
	[SV_COUNTER_PSI_SOME] = { "psi_some_us",
		"time in which some task stalled for want of memory" },
	[SV_COUNTER_PSI_FULL] = { "psi_full_us", "time in which all did" },
	[SV_COUNTER_SCAN_DIRECT] = { "pgscan_direct", "pages that tasks in need scanned" },
	[SV_COUNTER_SCAN_KSWAPD] = { "pgscan_kswapd", "pages that kswapd scanned" },
	[SV_COUNTER_STEAL_DIRECT] = { "pgsteal_direct", "pages that tasks in need reclaimed" },
	[SV_COUNTER_STEAL_KSWAPD] = { "pgsteal_kswapd", "pages that kswapd reclaimed" },
	[SV_COUNTER_ALLOCSTALL] = { "allocstall", "allocations that had to reclaim first" },
	[SV_COUNTER_COMPACT_STALL] = { "compact_stall", "allocations that had to compact first" },
	[SV_COUNTER_MIGRATED] = { "pgmigrate_success", "pages moved to other frames" },
	[SV_COUNTER_NUMA_MIGRATED] = { "numa_pages_migrated", "pages moved to other nodes" },
	[SV_COUNTER_SWAP_IN] = { "pswpin", "pages read from swap" },
	[SV_COUNTER_SWAP_OUT] = { "pswpout", "pages written to swap" },
	[SV_COUNTER_OOM_KILL] = { "oom_kill", "processes killed for want of memory" },
};

const char *sv_counter_name(enum sv_counter counter)
{
	return counters[counter].name;
}

const char *sv_counter_help(enum sv_counter counter)
{
	return counters[counter].help;
}

void sv_change_fini(struct sv_change *change)
{
	free(change->path);
	change->path = NULL;
}

void sv_series_fini(struct sv_series *s)
{
	for (size_t i = 0; i < s->changes.len; i++)
		sv_change_fini(&s->changes.ptr[i]);
	sv_vec_fini(&s->looks);
	sv_vec_fini(&s->changes);
	sv_vec_fini(&s->watched);
}
