/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can make memory be late, refused or taken: stalls, control groups and their limits, zones
 * and watermarks, swap, settings. Unknown where not read.
 */
#ifndef SV_MODEL_PRESSURE_H
#define SV_MODEL_PRESSURE_H

#include "base/strbuf.h"
#include "base/vec.h"
#include "iface/buddyinfo.h"
#include "iface/psi.h"
#include "iface/settings.h"

/* How a file answered. */
enum sv_answer {
	SV_ANSWER_NONE,	    /* not asked, not recorded or not readable: a gap says why */
	SV_ANSWER_ABSENT,   /* this kernel has no such thing */
	SV_ANSWER_DISABLED, /* it has, and it is switched off */
	SV_ANSWER_READ,
};

const char *sv_answer_name(enum sv_answer answer);

struct sv_psi_reading {
	enum sv_answer answer;
	struct sv_psi psi;
};

enum sv_resource { SV_RESOURCE_MEMORY, SV_RESOURCE_IO, SV_RESOURCE_CPU, SV_RESOURCE_COUNT };

const char *sv_resource_name(enum sv_resource r);

#define SV_UNLIMITED UINT64_MAX

/*
 * A group of the memory controller, once however many processes are in it; bytes. v1: max, swap_max
 * (memory and swap together: memsw), soft. v2: the others. A limit that is none is SV_UNLIMITED.
 */
struct sv_memcg {
	struct sv_strbuf path; /* of the group, as /proc/PID/cgroup has it */
	unsigned int version;
	bool root;	      /* the root of all: it has no limits */
	bool read;	      /* its files are there and were read */
	bool no_controller;   /* v2: charged to the group above it */
	bool ends;	      /* nothing above limits it: v1 without hierarchy */
	struct sv_num parent; /* index; unknown: the topmost that is seen */
	struct sv_num max, high, low, min, swap_max, soft;
	struct sv_num current, swap_current; /* v1: swap_current is memory and swap together */
	struct sv_num oom_group, oom_kill_disable, under_oom;
	struct sv_num high_events, max_events, oom_events, oom_kill_events; /* v1: max: failcnt */
	struct sv_num lru_anon, lru_file, unevictable; /* of it and all below it: memory.stat */
	struct sv_psi_reading pressure;
};

struct sv_zone_state {
	uint64_t node;
	char name[16];
	struct sv_num free, min, low, high, managed, reserve, percpu; /* pages */
	uint64_t blocks[SV_BUDDY_ORDERS];
	size_t orders; /* 0: not known */
};

struct sv_swap {
	struct sv_strbuf file;
	char type[16];
	uint64_t size_bytes, used_bytes;
	int64_t priority;
};

struct sv_zram {
	uint64_t number;
	struct sv_num size, stored, used, limit; /* bytes; used: of RAM, with what it costs */
};

struct sv_setting {
	enum sv_answer answer;
	struct sv_strbuf text; /* without blanks around it */
};

/* Event counters since boot, out of vmstat; those of zones added up. */
struct sv_reclaim_counters {
	struct sv_num allocstall, compact_stall, compact_fail, compact_success, compact_migrated,
		scan_direct, scan_kswapd, steal_direct, steal_kswapd, oom_kill, swap_in, swap_out,
		refault_anon, refault_file, kswapd_hit_low, kswapd_hit_high, drop_pagecache,
		thp_fault_fallback, unevictable_culled;
};

/* Of meminfo, read beside the zones; bytes. */
struct sv_free_memory {
	struct sv_num free, available, buffers, cached, swap_cached, active_file, inactive_file,
		active_anon, inactive_anon, unevictable, shmem, reclaimable, swap_total, swap_free,
		mem_total, committed;
};

struct sv_pressure {
	bool made;
	struct sv_psi_reading system[SV_RESOURCE_COUNT];
	struct sv_reclaim_counters counters;
	struct sv_free_memory memory;
	struct sv_setting settings[SV_SETTING_PRESSURE_COUNT];
	struct sv_num cgroup_ns_initial; /* 1: the root that we see is the root of all */
	sv_vec(struct sv_memcg) groups;	 /* a parent comes before its children */
	sv_vec(struct sv_zone_state) zones;
	bool zones_known;
	sv_vec(struct sv_swap) swaps;
	bool swaps_known;
	sv_vec(struct sv_zram) zrams;
};

void sv_pressure_fini(struct sv_pressure *p);

/* The number that a setting is; unknown when it is none. */
struct sv_num sv_setting_number(const struct sv_pressure *p, enum sv_setting_id id);

#endif
