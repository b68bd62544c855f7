// SPDX-License-Identifier: LGPL-2.1-or-later
#include "settings.h"

#include <string.h>

#include "base/cleanup.h"

#define VM(file)	     "proc/sys/vm/" file
#define KERNEL(file)	     "proc/sys/kernel/" file
#define MM(file)	     "sys/kernel/mm/" file
#define PARAMETER(mod, file) "sys/module/" mod "/parameters/" file

static const struct sv_setting_info infos[SV_SETTING_COUNT] = {
	[SV_SETTING_PANIC_ON_OOM] = { "panic_on_oom", VM("panic_on_oom") },
	[SV_SETTING_OOM_KILL_ALLOCATING] = { "oom_kill_allocating_task",
		VM("oom_kill_allocating_task") },
	[SV_SETTING_OOM_DUMP_TASKS] = { "oom_dump_tasks", VM("oom_dump_tasks") },
	[SV_SETTING_MAX_MAP_COUNT] = { "max_map_count", VM("max_map_count") },
	[SV_SETTING_MIN_FREE_KBYTES] = { "min_free_kbytes", VM("min_free_kbytes") },
	[SV_SETTING_WATERMARK_SCALE] = { "watermark_scale_factor", VM("watermark_scale_factor") },
	[SV_SETTING_WATERMARK_BOOST] = { "watermark_boost_factor", VM("watermark_boost_factor") },
	[SV_SETTING_LOWMEM_RESERVE] = { "lowmem_reserve_ratio", VM("lowmem_reserve_ratio") },
	[SV_SETTING_SWAPPINESS] = { "swappiness", VM("swappiness") },
	[SV_SETTING_PAGE_CLUSTER] = { "page-cluster", VM("page-cluster") },
	[SV_SETTING_VFS_CACHE_PRESSURE] = { "vfs_cache_pressure", VM("vfs_cache_pressure") },
	[SV_SETTING_ZONE_RECLAIM] = { "zone_reclaim_mode", VM("zone_reclaim_mode") },
	[SV_SETTING_EXTFRAG_THRESHOLD] = { "extfrag_threshold", VM("extfrag_threshold") },
	[SV_SETTING_COMPACT_PROACTIVE] = { "compaction_proactiveness",
		VM("compaction_proactiveness") },
	[SV_SETTING_COMPACT_UNEVICTABLE] = { "compact_unevictable_allowed",
		VM("compact_unevictable_allowed") },
	[SV_SETTING_THP_ENABLED] = { "thp.enabled", MM("transparent_hugepage/enabled") },
	[SV_SETTING_THP_DEFRAG] = { "thp.defrag", MM("transparent_hugepage/defrag") },
	[SV_SETTING_KSM_RUN] = { "ksm.run", MM("ksm/run") },
	[SV_SETTING_NUMA_BALANCING] = { "numa_balancing", "proc/sys/kernel/numa_balancing" },
	[SV_SETTING_LRU_GEN] = { "lru_gen.enabled", MM("lru_gen/enabled") },
	[SV_SETTING_LRU_GEN_MIN_TTL] = { "lru_gen.min_ttl_ms", MM("lru_gen/min_ttl_ms") },
	[SV_SETTING_DAMON_ADMIN] = { "damon.kdamonds", MM("damon/admin/kdamonds/nr_kdamonds") },
	[SV_SETTING_DAMON_RECLAIM] = { "damon_reclaim", PARAMETER("damon_reclaim", "enabled") },
	[SV_SETTING_DAMON_RECLAIM_MIN_AGE] = { "damon_reclaim.min_age",
		PARAMETER("damon_reclaim", "min_age") },
	[SV_SETTING_DAMON_RECLAIM_QUOTA] = { "damon_reclaim.quota_sz",
		PARAMETER("damon_reclaim", "quota_sz") },
	[SV_SETTING_DAMON_LRU_SORT] = { "damon_lru_sort", PARAMETER("damon_lru_sort", "enabled") },
	[SV_SETTING_DAMON_STAT] = { "damon_stat", PARAMETER("damon_stat", "enabled") },
	[SV_SETTING_ZSWAP] = { "zswap", PARAMETER("zswap", "enabled") },
	[SV_SETTING_ZSWAP_POOL] = { "zswap.max_pool_percent",
		PARAMETER("zswap", "max_pool_percent") },
	[SV_SETTING_ZSWAP_COMPRESSOR] = { "zswap.compressor", PARAMETER("zswap", "compressor") },
	[SV_SETTING_CPUS_PRESENT] = { "cpus.present", "sys/devices/system/cpu/present" },
	[SV_SETTING_IGNORE_RLIMIT_DATA] = { "ignore_rlimit_data",
		PARAMETER("kernel", "ignore_rlimit_data") },
	[SV_SETTING_OVERCOMMIT] = { "overcommit_memory", VM("overcommit_memory") },
	[SV_SETTING_PANIC_ON_OOPS] = { "panic_on_oops", KERNEL("panic_on_oops") },
	[SV_SETTING_PANIC_ON_WARN] = { "panic_on_warn", KERNEL("panic_on_warn") },
	[SV_SETTING_PANIC] = { "panic", KERNEL("panic") },
	[SV_SETTING_OOPS_LIMIT] = { "oops_limit", KERNEL("oops_limit") },
	[SV_SETTING_WARN_LIMIT] = { "warn_limit", KERNEL("warn_limit") },
	[SV_SETTING_SOFTLOCKUP_PANIC] = { "softlockup_panic", KERNEL("softlockup_panic") },
	[SV_SETTING_HARDLOCKUP_PANIC] = { "hardlockup_panic", KERNEL("hardlockup_panic") },
	[SV_SETTING_HUNG_TASK_PANIC] = { "hung_task_panic", KERNEL("hung_task_panic") },
	[SV_SETTING_NMI_WATCHDOG] = { "nmi_watchdog", KERNEL("nmi_watchdog") },
	[SV_SETTING_SOFT_WATCHDOG] = { "soft_watchdog", KERNEL("soft_watchdog") },
	[SV_SETTING_RCU_STALL_PANIC] = { "panic_on_rcu_stall", KERNEL("panic_on_rcu_stall") },
	[SV_SETTING_KFENCE] = { "kfence.sample_interval", PARAMETER("kfence", "sample_interval") },
	[SV_SETTING_KFENCE_DEFERRABLE] = { "kfence.deferrable", PARAMETER("kfence", "deferrable") },
	[SV_SETTING_SHUFFLE] = { "page_alloc.shuffle", PARAMETER("page_alloc", "shuffle") },
	[SV_SETTING_SECRETMEM] = { "secretmem.enable", PARAMETER("secretmem", "enable") },
	[SV_SETTING_MELTDOWN] = { "meltdown", "sys/devices/system/cpu/vulnerabilities/meltdown" },
	[SV_SETTING_REALTIME] = { "realtime", "sys/kernel/realtime" },
	[SV_SETTING_PREEMPT] = { "sched.preempt", "sys/kernel/debug/sched/preempt" },
	[SV_SETTING_LOCKDOWN] = { "lockdown", "sys/kernel/security/lockdown" },
	[SV_SETTING_DEV_MEM] = { "mem.dev", "sys/class/mem/mem/dev" },
	[SV_SETTING_WATCHDOG_DEV] = { "watchdog0.dev", "sys/class/watchdog/watchdog0/dev" },
	[SV_SETTING_WATCHDOG_STATE] = { "watchdog0.state", "sys/class/watchdog/watchdog0/state" },
	[SV_SETTING_EDAC] = { "mc0.mc_name", "sys/devices/system/edac/mc/mc0/mc_name" },
	[SV_SETTING_KEXEC_CRASH] = { "kexec_crash_loaded", "sys/kernel/kexec_crash_loaded" },
};

const struct sv_setting_info *sv_setting_info(enum sv_setting_id id)
{
	return &infos[id];
}

bool sv_setting_path(const char *path)
{
	for (size_t i = 0; i < sv_array_size(infos); i++)
		if (!strcmp(infos[i].path, path))
			return true;
	return false;
}
