/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The closed list of kernel files that safevma reads: nothing else is ever opened. */
#ifndef SV_IFACE_INTERFACES_H
#define SV_IFACE_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum sv_iface {
	SV_IFACE_PROC, /* the list of processes */
	SV_IFACE_STAT,
	SV_IFACE_STATUS,
	SV_IFACE_CMDLINE,
	SV_IFACE_EXE,
	SV_IFACE_CGROUP,
	SV_IFACE_LIMITS,
	SV_IFACE_OOM_SCORE,
	SV_IFACE_OOM_SCORE_ADJ,
	SV_IFACE_TASK,
	SV_IFACE_TASK_STAT,
	SV_IFACE_TASK_SYSCALL,
	SV_IFACE_MAPS,
	SV_IFACE_SMAPS,
	SV_IFACE_PAGEMAP,
	SV_IFACE_MAP_FILES,
	SV_IFACE_FD,
	SV_IFACE_FD_LINK,
	SV_IFACE_FDINFO,
	SV_IFACE_KPAGEFLAGS,
	SV_IFACE_KPAGECOUNT,
	SV_IFACE_KPAGECGROUP,
	SV_IFACE_MEMINFO,
	SV_IFACE_VMSTAT,
	SV_IFACE_ZONEINFO,
	SV_IFACE_PAGETYPEINFO,
	SV_IFACE_IOMEM,
	SV_IFACE_SWAPS,
	SV_IFACE_CPUINFO,
	SV_IFACE_HYPERVISOR,
	SV_IFACE_DMI_VENDOR,
	SV_IFACE_BOOT_ID,
	SV_IFACE_KERNEL_CMDLINE,
	SV_IFACE_OVERCOMMIT_MEMORY,
	SV_IFACE_OVERCOMMIT_RATIO,
	SV_IFACE_OVERCOMMIT_KBYTES,
	SV_IFACE_ADMIN_RESERVE,
	SV_IFACE_USER_RESERVE,
	SV_IFACE_COMPACT_UNEVICTABLE,
	SV_IFACE_NUMA_BALANCING,
	SV_IFACE_THP_ENABLED,
	SV_IFACE_THP_PMD_SIZE,
	SV_IFACE_KHUGEPAGED_DEFRAG,
	SV_IFACE_KSM_RUN,
	SV_IFACE_CONFIG_GZ,
	SV_IFACE_BOOT_CONFIG,
	SV_IFACE_SECRETMEM_ENABLE,
	SV_IFACE_LOCKDOWN,
	SV_IFACE_KCORE,
	SV_IFACE_PTDUMP_X86,
	SV_IFACE_PTDUMP,
	SV_IFACE_PAGE_OWNER,
	SV_IFACE_KFENCE_STATS,
	SV_IFACE_SLABINFO,
	SV_IFACE_SLAB,
	SV_IFACE_PRESSURE_MEMORY,
	SV_IFACE_PERF,
	SV_IFACE_PRESSURE_IO,
	SV_IFACE_PRESSURE_CPU,
	SV_IFACE_BUDDYINFO,
	SV_IFACE_SETTING,
	SV_IFACE_MOUNTINFO,
	SV_IFACE_CGROUP_NS,
	SV_IFACE_CGROUP_FILE,
	SV_IFACE_ZRAM_DISKSIZE,
	SV_IFACE_ZRAM_MM_STAT,
	SV_IFACE_NS_USER,
	SV_IFACE_BTF,
	SV_IFACE_PTRACE_SCOPE,
	SV_IFACE_IOMMU_GROUPS,
	SV_IFACE_IOMMU_TYPE,
	SV_IFACE_COUNT,
};

enum sv_iface_kind {
	SV_KIND_TEXT,
	SV_KIND_BINARY,
	SV_KIND_LINK,	 /* readlink */
	SV_KIND_LIST,	 /* numbers that name directory entries */
	SV_KIND_NAMES,	 /* directory entries; of links, behind a tab, what they point to; read as
			    one text by the opener, the files in them too */
	SV_KIND_MAGIC,	 /* type of the filesystem behind it */
	SV_KIND_SHORT,	 /* text that the kernel gives to who reads: the opener reads it */
	SV_KIND_RECORDS, /* the position counts records: SV_OP_RECORDS */
};

struct sv_iface_info {
	const char *name; /* as gaps and doctor call it */
	/* %p process, %t thread, %a argument, %s one of settings.h, %c one of cgroupfile.h */
	const char *path;
	enum sv_iface_kind kind;
	bool process;	   /* one for each process */
	bool locks;	   /* a read takes a lock of the target (its mmap lock) */
	bool costly;	   /* a read makes the kernel hold a lock of its own: not tried idly */
	bool private;	   /* left out of a redacted recording */
	const char *tells; /* what it gives us */
	const char *costs; /* which claims are lost without it; NULL: none today */
	const char *how;   /* what makes it readable */
};

const struct sv_iface_info *sv_iface_info(enum sv_iface id);

/*
 * Which file: interface, process, thread, argument. TAG tells apart the readings of one file
 * (passes, tries, and for system files the process on whose behalf they are read), so that a
 * recording can answer each as it was.
 */
struct sv_place {
	enum sv_iface iface;
	pid_t pid, tid;
	const char *arg;
	const char *tag;
};

enum { SV_PLACE_PATH = 1024 }; /* room for any path */

/*
 * The path into buf; -1 when it does not fit or the argument is none that its kind of path takes:
 * anything but [A-Za-z0-9._+:~-], a setting that is not in the list, a file that is no control
 * group's. Files of control groups come out coded (cgroupfile.h).
 */
int sv_place_path(const struct sv_place *place, char *buf, size_t size);

#endif
