/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of the kernel that are a word or a line each: files that take no more knowledge than
 * where they are. A closed list, as that of the interfaces: no other file is read through it.
 */
#ifndef SV_IFACE_SETTINGS_H
#define SV_IFACE_SETTINGS_H

#include <stdbool.h>

enum sv_setting_id {
	SV_SETTING_PANIC_ON_OOM,
	SV_SETTING_OOM_KILL_ALLOCATING,
	SV_SETTING_OOM_DUMP_TASKS,
	SV_SETTING_MAX_MAP_COUNT,
	SV_SETTING_MIN_FREE_KBYTES,
	SV_SETTING_WATERMARK_SCALE,
	SV_SETTING_WATERMARK_BOOST,
	SV_SETTING_LOWMEM_RESERVE,
	SV_SETTING_SWAPPINESS,
	SV_SETTING_PAGE_CLUSTER,
	SV_SETTING_VFS_CACHE_PRESSURE,
	SV_SETTING_ZONE_RECLAIM,
	SV_SETTING_EXTFRAG_THRESHOLD,
	SV_SETTING_COMPACT_PROACTIVE,
	SV_SETTING_COMPACT_UNEVICTABLE,
	SV_SETTING_THP_ENABLED,
	SV_SETTING_THP_DEFRAG,
	SV_SETTING_KSM_RUN,
	SV_SETTING_NUMA_BALANCING,
	SV_SETTING_LRU_GEN,
	SV_SETTING_LRU_GEN_MIN_TTL,
	SV_SETTING_DAMON_ADMIN,
	SV_SETTING_DAMON_RECLAIM,
	SV_SETTING_DAMON_RECLAIM_MIN_AGE,
	SV_SETTING_DAMON_RECLAIM_QUOTA,
	SV_SETTING_DAMON_LRU_SORT,
	SV_SETTING_DAMON_STAT,
	SV_SETTING_ZSWAP,
	SV_SETTING_ZSWAP_POOL,
	SV_SETTING_ZSWAP_COMPRESSOR,
	SV_SETTING_CPUS_PRESENT,
	SV_SETTING_IGNORE_RLIMIT_DATA,
	SV_SETTING_COUNT,
};

struct sv_setting_info {
	const char *name;
	const char *path; /* without its first slash */
};

const struct sv_setting_info *sv_setting_info(enum sv_setting_id id);

/* Is it the path of one of them? */
bool sv_setting_path(const char *path);

#endif
