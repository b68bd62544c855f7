// SPDX-License-Identifier: LGPL-2.1-or-later
#include "interfaces.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroupfile.h"
#include "settings.h"

#define ROOT_OR_PTRACE "the process's owner, or CAP_SYS_PTRACE"
#define ADMIN	       "root, or CAP_DAC_READ_SEARCH (the file is 0400 root)"

static const struct sv_iface_info infos[SV_IFACE_COUNT] = {
	[SV_IFACE_PROC] = {
		.name = "proc", .path = "/proc", .kind = SV_KIND_LIST,
		.tells = "which processes there are",
		.costs = "every figure of every process",
		.how = "mount proc on /proc; hidepid hides the processes of others",
	},
	[SV_IFACE_STAT] = {
		.name = "stat", .path = "/proc/%p/stat", .kind = SV_KIND_TEXT, .process = true,
		.tells = "name, start time, scheduling policy",
		.costs = "telling a process from a later one with its number",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_STATUS] = {
		.name = "status", .path = "/proc/%p/status", .kind = SV_KIND_TEXT, .process = true,
		.tells = "user, resident and locked totals",
		.costs = "selection by locked memory",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_CMDLINE] = {
		.name = "cmdline", .path = "/proc/%p/cmdline", .kind = SV_KIND_TEXT,
		.process = true, .private = true,
		.tells = "command line",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_EXE] = {
		.name = "exe", .path = "/proc/%p/exe", .kind = SV_KIND_LINK, .process = true,
		.private = true,
		.tells = "executable file",
		.costs = "selection with --exe",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_CGROUP] = {
		.name = "cgroup", .path = "/proc/%p/cgroup", .kind = SV_KIND_TEXT, .process = true,
		.tells = "control group",
		.costs = "selection with --cgroup and --unit",
		.how = "a kernel with CONFIG_CGROUPS",
	},
	[SV_IFACE_LIMITS] = {
		.name = "limits", .path = "/proc/%p/limits", .kind = SV_KIND_TEXT, .process = true,
		.tells = "RLIMIT_MEMLOCK",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_OOM_SCORE] = {
		.name = "oom_score", .path = "/proc/%p/oom_score", .kind = SV_KIND_TEXT,
		.process = true,
		.tells = "rank with the OOM killer",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_OOM_SCORE_ADJ] = {
		.name = "oom_score_adj", .path = "/proc/%p/oom_score_adj", .kind = SV_KIND_TEXT,
		.process = true,
		.tells = "exemption from the OOM killer",
		.costs = "selection of OOM-exempt processes",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_TASK] = {
		.name = "task", .path = "/proc/%p/task", .kind = SV_KIND_LIST, .process = true,
		.tells = "threads",
		.costs = "selection of processes with a real-time thread",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_TASK_STAT] = {
		.name = "task/stat", .path = "/proc/%p/task/%t/stat", .kind = SV_KIND_TEXT,
		.process = true,
		.tells = "scheduling policy of a thread",
		.costs = "selection of processes with a real-time thread",
		.how = "readable by everybody unless hidepid is set",
	},
	[SV_IFACE_TASK_SYSCALL] = {
		.name = "task/syscall", .path = "/proc/%p/task/%t/syscall", .kind = SV_KIND_SHORT,
		.process = true,
		.tells = "stack pointer of a thread that sleeps",
		.costs = "the stacks of threads and their guards",
		.how = "CONFIG_HAVE_ARCH_TRACEHOOK; CAP_SYS_PTRACE, or the right to trace the process",
	},
	[SV_IFACE_MAPS] = {
		.name = "maps", .path = "/proc/%p/maps", .kind = SV_KIND_TEXT, .process = true,
		.locks = true,
		.tells = "VMAs",
		.costs = "every figure of the process's memory",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_SMAPS] = {
		.name = "smaps", .path = "/proc/%p/smaps", .kind = SV_KIND_TEXT, .process = true,
		.locks = true,
		.tells = "VMA flags (locked, accounted) and the kernel's own totals",
		.costs = "locked and unlocked bytes",
		.how = "CONFIG_PROC_PAGE_MONITOR; " ROOT_OR_PTRACE,
	},
	[SV_IFACE_PAGEMAP] = {
		.name = "pagemap", .path = "/proc/%p/pagemap", .kind = SV_KIND_BINARY,
		.process = true, .locks = true,
		.tells = "which pages are present, and in which frames",
		.costs = "residency; with hidden frame numbers: class, reach and edges of every frame",
		.how = "CONFIG_PROC_PAGE_MONITOR; frame numbers need CAP_SYS_ADMIN in the initial "
		       "user namespace",
	},
	[SV_IFACE_MAP_FILES] = {
		.name = "map_files", .path = "/proc/%p/map_files/%a", .kind = SV_KIND_MAGIC,
		.process = true,
		.tells = "the filesystem behind a mapping: what makes secretmem certain",
		.costs = "telling secretmem from a file that is only called so",
		.how = "CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the initial user namespace",
	},
	[SV_IFACE_FD] = {
		.name = "fd", .path = "/proc/%p/fd", .kind = SV_KIND_LIST, .process = true,
		.tells = "open descriptors",
		.costs = "who holds secretmem by a descriptor",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_FD_LINK] = {
		.name = "fd/N", .path = "/proc/%p/fd/%a", .kind = SV_KIND_LINK, .process = true,
		.private = true,
		.tells = "what a descriptor is open on, and on which filesystem",
		.costs = "who holds secretmem by a descriptor",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_FDINFO] = {
		.name = "fdinfo", .path = "/proc/%p/fdinfo/%a", .kind = SV_KIND_TEXT,
		.process = true,
		.tells = "whether a descriptor is closed by exec",
		.costs = "close-on-exec of secretmem descriptors",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_KPAGEFLAGS] = {
		.name = "kpageflags", .path = "/proc/kpageflags", .kind = SV_KIND_BINARY,
		.tells = "what each frame is used for",
		.costs = "frame classes, edges, locked frames",
		.how = "CONFIG_PROC_PAGE_MONITOR; " ADMIN,
	},
	[SV_IFACE_KPAGECOUNT] = {
		.name = "kpagecount", .path = "/proc/kpagecount", .kind = SV_KIND_BINARY,
		.tells = "how often each frame is mapped",
		.costs = "mapcount of frames",
		.how = "CONFIG_PROC_PAGE_MONITOR; " ADMIN,
	},
	[SV_IFACE_KPAGECGROUP] = {
		.name = "kpagecgroup", .path = "/proc/kpagecgroup", .kind = SV_KIND_BINARY,
		.tells = "which control group a frame is charged to",
		.costs = "telling charged kernel frames from unclassified ones",
		.how = "CONFIG_PROC_PAGE_MONITOR and CONFIG_MEMCG; " ADMIN,
	},
	[SV_IFACE_MEMINFO] = {
		.name = "meminfo", .path = "/proc/meminfo", .kind = SV_KIND_TEXT,
		.tells = "memory totals",
		.costs = "reconciliation",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_VMSTAT] = {
		.name = "vmstat", .path = "/proc/vmstat", .kind = SV_KIND_TEXT,
		.tells = "memory event counters",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_ZONEINFO] = {
		.name = "zoneinfo", .path = "/proc/zoneinfo", .kind = SV_KIND_TEXT,
		.tells = "zones: which frames are HighMem",
		.costs = "reach on 32-bit machines",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_PAGETYPEINFO] = {
		.name = "pagetypeinfo", .path = "/proc/pagetypeinfo", .kind = SV_KIND_TEXT,
		.tells = "size of a pageblock",
		.how = ADMIN,
	},
	[SV_IFACE_IOMEM] = {
		.name = "iomem", .path = "/proc/iomem", .kind = SV_KIND_TEXT,
		.tells = "where RAM and the kernel image are",
		.costs = "how many frames of RAM there are, for reconciliation",
		.how = "addresses need CAP_SYS_ADMIN in the initial user namespace",
	},
	[SV_IFACE_SWAPS] = {
		.name = "swaps", .path = "/proc/swaps", .kind = SV_KIND_TEXT,
		.tells = "active swap areas: which entries are real swap",
		.costs = "telling swapped pages from markers and migration",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_CPUINFO] = {
		.name = "cpuinfo", .path = "/proc/cpuinfo", .kind = SV_KIND_TEXT,
		.tells = "whether a hypervisor runs below (x86)",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_HYPERVISOR] = {
		.name = "hypervisor", .path = "/sys/hypervisor/type", .kind = SV_KIND_TEXT,
		.tells = "name of the hypervisor, where it gives one",
		.how = "a guest kernel with CONFIG_SYS_HYPERVISOR",
	},
	[SV_IFACE_DMI_VENDOR] = {
		.name = "dmi", .path = "/sys/class/dmi/id/sys_vendor", .kind = SV_KIND_TEXT,
		.tells = "who made the machine",
		.how = "a kernel with CONFIG_DMIID",
	},
	[SV_IFACE_BOOT_ID] = {
		.name = "boot_id", .path = "/proc/sys/kernel/random/boot_id", .kind = SV_KIND_TEXT,
		.tells = "which boot this is",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_KERNEL_CMDLINE] = {
		.name = "kernel-cmdline", .path = "/proc/cmdline", .kind = SV_KIND_TEXT,
		.private = true,
		.tells = "boot parameters",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_OVERCOMMIT_MEMORY] = {
		.name = "overcommit_memory", .path = "/proc/sys/vm/overcommit_memory",
		.kind = SV_KIND_TEXT,
		.tells = "overcommit policy",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_OVERCOMMIT_RATIO] = {
		.name = "overcommit_ratio", .path = "/proc/sys/vm/overcommit_ratio",
		.kind = SV_KIND_TEXT,
		.tells = "commit limit, as a share of RAM",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_OVERCOMMIT_KBYTES] = {
		.name = "overcommit_kbytes", .path = "/proc/sys/vm/overcommit_kbytes",
		.kind = SV_KIND_TEXT,
		.tells = "commit limit, as a size",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_ADMIN_RESERVE] = {
		.name = "admin_reserve", .path = "/proc/sys/vm/admin_reserve_kbytes",
		.kind = SV_KIND_TEXT,
		.tells = "what the commit limit keeps for the administrator",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_USER_RESERVE] = {
		.name = "user_reserve", .path = "/proc/sys/vm/user_reserve_kbytes",
		.kind = SV_KIND_TEXT,
		.tells = "what the commit limit keeps from a process that grows large",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_COMPACT_UNEVICTABLE] = {
		.name = "compaction",
		.path = "/proc/sys/vm/compact_unevictable_allowed", .kind = SV_KIND_TEXT,
		.tells = "whether compaction moves locked memory",
		.costs = "whether locked frames can be moved",
		.how = "CONFIG_COMPACTION; mount proc without subset=pid",
	},
	[SV_IFACE_NUMA_BALANCING] = {
		.name = "numa_balancing", .path = "/proc/sys/kernel/numa_balancing",
		.kind = SV_KIND_TEXT,
		.tells = "whether memory is unmapped to see which node uses it",
		.costs = "whether locked frames can be moved",
		.how = "CONFIG_NUMA_BALANCING; mount proc without subset=pid",
	},
	[SV_IFACE_THP_ENABLED] = {
		.name = "thp.enabled", .path = "/sys/kernel/mm/transparent_hugepage/enabled",
		.kind = SV_KIND_TEXT,
		.tells = "where transparent huge pages are made",
		.costs = "whether khugepaged may rebuild memory",
		.how = "CONFIG_TRANSPARENT_HUGEPAGE and sysfs mounted on /sys",
	},
	[SV_IFACE_THP_PMD_SIZE] = {
		.name = "thp.size", .path = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
		.kind = SV_KIND_TEXT,
		.tells = "size of a huge page",
		.costs = "whether khugepaged may rebuild memory",
		.how = "CONFIG_TRANSPARENT_HUGEPAGE and sysfs mounted on /sys",
	},
	[SV_IFACE_KHUGEPAGED_DEFRAG] = {
		.name = "khugepaged.defrag",
		.path = "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag",
		.kind = SV_KIND_TEXT,
		.tells = "whether khugepaged makes room by compaction",
		.how = "CONFIG_TRANSPARENT_HUGEPAGE and sysfs mounted on /sys",
	},
	[SV_IFACE_KSM_RUN] = {
		.name = "ksm.run", .path = "/sys/kernel/mm/ksm/run", .kind = SV_KIND_TEXT,
		.tells = "whether equal pages are merged",
		.costs = "whether KSM may merge memory",
		.how = "CONFIG_KSM and sysfs mounted on /sys",
	},
	[SV_IFACE_CONFIG_GZ] = {
		.name = "config.gz", .path = "/proc/config.gz", .kind = SV_KIND_BINARY,
		.tells = "kernel configuration",
		.how = "CONFIG_IKCONFIG_PROC; or install the kernel's config file in /boot",
	},
	[SV_IFACE_BOOT_CONFIG] = {
		.name = "boot-config", .path = "/boot/config-%a", .kind = SV_KIND_TEXT,
		.tells = "kernel configuration",
		.how = "keep the config file that the kernel package installs in /boot",
	},
	[SV_IFACE_SECRETMEM_ENABLE] = {
		.name = "secretmem.enable", .path = "/sys/module/secretmem/parameters/enable",
		.kind = SV_KIND_TEXT,
		.tells = "whether memfd_secret is switched on",
		.how = "CONFIG_SECRETMEM (5.14); up to 6.4 also boot with secretmem.enable=1; " ADMIN,
	},
	[SV_IFACE_LOCKDOWN] = {
		.name = "lockdown", .path = "/sys/kernel/security/lockdown", .kind = SV_KIND_TEXT,
		.tells = "which kernel interfaces lockdown closes",
		.how = "CONFIG_SECURITY_LOCKDOWN_LSM and securityfs mounted",
	},
	[SV_IFACE_KCORE] = {
		.name = "kcore", .path = "/proc/kcore", .kind = SV_KIND_BINARY,
		.tells = "the kernel's own page tables and struct pages",
		.costs = "observed reach: without it reach is inferred or assumed",
		.how = "CONFIG_PROC_KCORE, CAP_SYS_RAWIO, and no lockdown=confidentiality",
	},
	[SV_IFACE_PTDUMP_X86] = {
		.name = "page_tables", .path = "/sys/kernel/debug/page_tables/kernel",
		.kind = SV_KIND_BINARY, .costly = true,
		.tells = "the kernel's own page tables, as a dump (x86)",
		.how = "CONFIG_PTDUMP_DEBUGFS and debugfs mounted on /sys/kernel/debug",
	},
	[SV_IFACE_PTDUMP] = {
		.name = "kernel_page_tables", .path = "/sys/kernel/debug/kernel_page_tables",
		.kind = SV_KIND_BINARY, .costly = true,
		.tells = "the kernel's own page tables, as a dump (other architectures)",
		.how = "CONFIG_PTDUMP_DEBUGFS and debugfs mounted on /sys/kernel/debug",
	},
	[SV_IFACE_PAGE_OWNER] = {
		.name = "page_owner", .path = "/sys/kernel/debug/page_owner", .kind = SV_KIND_RECORDS,
		.private = true,
		.tells = "who allocated each frame",
		.costs = "the owner of unclassified frames",
		.how = "CONFIG_PAGE_OWNER, boot with page_owner=on, debugfs mounted",
	},
	[SV_IFACE_KFENCE_STATS] = {
		.name = "kfence", .path = "/sys/kernel/debug/kfence/stats", .kind = SV_KIND_TEXT,
		.tells = "whether KFENCE samples allocations",
		.how = "CONFIG_KFENCE and debugfs mounted",
	},
	[SV_IFACE_SLABINFO] = {
		.name = "slabinfo", .path = "/proc/slabinfo", .kind = SV_KIND_TEXT,
		.tells = "slab caches",
		.how = ADMIN,
	},
	[SV_IFACE_SLAB] = {
		.name = "slab", .path = "/sys/kernel/slab", .kind = SV_KIND_NAMES,
		.tells = "settings and counts of slab caches, and which were merged",
		.costs = "slab caches",
		.how = "SLUB with CONFIG_SYSFS and sysfs mounted on /sys; its files are 0400 root",
	},
	[SV_IFACE_PRESSURE_MEMORY] = {
		.name = "pressure", .path = "/proc/pressure/memory", .kind = SV_KIND_TEXT,
		.tells = "stalls for want of memory",
		.how = "CONFIG_PSI; boot with psi=1 where it is off by default",
	},
	[SV_IFACE_PERF] = {
		.name = "perf", .path = "/proc/sys/kernel/perf_event_paranoid",
		.kind = SV_KIND_TEXT,
		.tells = "who may look at page faults as they happen (perf_event_open)",
		.costs = "page faults as they happen",
		.how = "CONFIG_PERF_EVENTS; kernel.perf_event_paranoid of at most 2 for one's own "
		       "processes, CAP_PERFMON for others",
	},
	[SV_IFACE_PRESSURE_IO] = {
		.name = "pressure-io", .path = "/proc/pressure/io", .kind = SV_KIND_TEXT,
		.tells = "stalls that wait for input and output",
		.how = "CONFIG_PSI; boot with psi=1 where it is off by default",
	},
	[SV_IFACE_PRESSURE_CPU] = {
		.name = "pressure-cpu", .path = "/proc/pressure/cpu", .kind = SV_KIND_TEXT,
		.tells = "stalls for want of a CPU",
		.how = "CONFIG_PSI; boot with psi=1 where it is off by default",
	},
	[SV_IFACE_BUDDYINFO] = {
		.name = "buddyinfo", .path = "/proc/buddyinfo", .kind = SV_KIND_TEXT,
		.tells = "free blocks by order",
		.how = "mount proc without subset=pid",
	},
	[SV_IFACE_SETTING] = {
		.name = "settings", .path = "/%s", .kind = SV_KIND_TEXT,
		.tells = "settings of reclaim, compaction and the OOM killer",
		.how = "mount proc and sysfs; what a kernel does not have has no file",
	},
	[SV_IFACE_MOUNTINFO] = {
		.name = "mountinfo", .path = "/proc/self/mountinfo", .kind = SV_KIND_TEXT,
		.tells = "where control groups are mounted",
		.costs = "limits of control groups",
		.how = "mount proc on /proc",
	},
	[SV_IFACE_CGROUP_NS] = {
		.name = "cgroup-namespace", .path = "/proc/self/ns/cgroup", .kind = SV_KIND_LINK,
		.tells = "whether the root of the control groups that we see is the root of all",
		.costs = "whether a limit lies above the groups that are seen",
		.how = "CONFIG_CGROUPS and namespaces",
	},
	[SV_IFACE_CGROUP_FILE] = {
		.name = "memory-cgroup", .path = "/%c", .kind = SV_KIND_TEXT,
		.tells = "limits, use, events and pressure of control groups",
		.costs = "limits of control groups",
		.how = "CONFIG_MEMCG, and the hierarchy mounted where we can see it",
	},
	[SV_IFACE_ZRAM_DISKSIZE] = {
		.name = "zram", .path = "/sys/block/zram%a/disksize", .kind = SV_KIND_TEXT,
		.tells = "size of compressed block devices in memory",
		.how = "CONFIG_ZRAM, and the module loaded",
	},
	[SV_IFACE_ZRAM_MM_STAT] = {
		.name = "zram-mm_stat", .path = "/sys/block/zram%a/mm_stat", .kind = SV_KIND_TEXT,
		.tells = "memory that compressed block devices take",
		.how = "CONFIG_ZRAM, and the module loaded",
	},
	[SV_IFACE_NS_USER] = {
		.name = "user-namespace", .path = "/proc/%p/ns/user", .kind = SV_KIND_LINK,
		.process = true,
		.tells = "whether capabilities of a process are good for the whole system",
		.costs = "which reserves of the commit limit hold for it",
		.how = ROOT_OR_PTRACE,
	},
	[SV_IFACE_BTF] = {
		.name = "btf", .path = "/sys/kernel/btf/vmlinux", .kind = SV_KIND_BINARY,
		.tells = "where members of the kernel's structures lie",
		.costs = "which cache slab memory belongs to",
		.how = "CONFIG_DEBUG_INFO_BTF and sysfs mounted on /sys",
	},
	[SV_IFACE_PTRACE_SCOPE] = {
		.name = "ptrace_scope", .path = "/proc/sys/kernel/yama/ptrace_scope",
		.kind = SV_KIND_TEXT,
		.tells = "who may trace a process, and so write its memory",
		.how = "CONFIG_SECURITY_YAMA; without it every process of one's own may be traced",
	},
	[SV_IFACE_IOMMU_GROUPS] = {
		.name = "iommu_groups", .path = "/sys/kernel/iommu_groups", .kind = SV_KIND_LIST,
		.tells = "whether an IOMMU stands between devices and memory",
		.costs = "what devices can reach",
		.how = "CONFIG_IOMMU_API, an IOMMU that firmware and boot parameters switch on",
	},
	[SV_IFACE_IOMMU_TYPE] = {
		.name = "iommu-type", .path = "/sys/kernel/iommu_groups/%a/type",
		.kind = SV_KIND_TEXT,
		.tells = "whether the IOMMU translates for these devices, or lets them pass",
		.costs = "what devices can reach",
		.how = "Linux 5.0",
	},
};

const struct sv_iface_info *sv_iface_info(enum sv_iface id)
{
	return &infos[id];
}

static bool plain(const char *arg)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "._+:~-";

	return *arg && *arg != '.' && arg[strspn(arg, ok)] == 0;
}

static int expand(const struct sv_place *p, char key, char *buf, size_t size)
{
	if (key == 'p')
		return snprintf(buf, size, "%d", p->pid);
	if (key == 't')
		return snprintf(buf, size, "%d", p->tid);
	if (!p->arg || (key == 's' && !sv_setting_path(p->arg)) ||
		(key == 'c' && !sv_cgroup_file_valid(p->arg)) || (key == 'a' && !plain(p->arg)))
		return -1;
	return snprintf(buf, size, "%s", p->arg);
}

int sv_place_path(const struct sv_place *place, char *buf, size_t size)
{
	size_t at = 0;

	for (const char *t = infos[place->iface].path; *t; t++) {
		int n = 1;

		if (at + 1 >= size)
			return -1;
		if (*t == '%')
			n = expand(place, *++t, buf + at, size - at);
		else
			buf[at] = *t;
		if (n < 0 || (size_t)n >= size - at)
			return -1;
		at += (size_t)n;
	}
	buf[at] = 0;
	return 0;
}
