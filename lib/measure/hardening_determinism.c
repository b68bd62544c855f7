// SPDX-License-Identifier: LGPL-2.1-or-later
/* Determinism: what moves, merges, takes or delays memory by itself. */
#include <stdio.h>
#include <string.h>

#include "hardening.h"

static struct sv_span text_of(const struct sv_setting *s)
{
	return (struct sv_span) { .ptr = s->text.ptr ? s->text.ptr : "", .len = s->text.len };
}

/* What the configuration and preempt= make of it, where it can be chosen at boot. */
static void preempt_at_boot(const safevma_observation *obs, struct sv_hard *ret)
{
	static const char *const models[][2] = { { "PREEMPT_NONE", "none" },
		{ "PREEMPT_VOLUNTARY", "voluntary" }, { "PREEMPT", "full" },
		{ "PREEMPT_LAZY", "lazy" }, { "PREEMPT_RT", "rt" } };
	enum sv_option dynamic = sv_hard_option(obs, "PREEMPT_DYNAMIC", NULL);
	struct sv_span value = { 0 };

	if (dynamic == SV_OPTION_UNKNOWN)
		return sv_hard_note(ret, "the configuration is not known");
	for (size_t i = 0; i < sv_array_size(models); i++)
		if (sv_hard_option(obs, models[i][0], &value) == SV_OPTION_SET) {
			sv_hard_say_option(ret, SV_HARD_VALUE, models[i][0], SV_OPTION_SET, value);
			sv_hard_value(ret, sv_span_of(models[i][1]));
		}
	if (dynamic != SV_OPTION_SET)
		return;
	if (!obs->hardening.cmdline_known) {
		ret->state = SV_HARD_UNKNOWN;
		return sv_hard_note(ret, "the kernel's command line is not known");
	}
	if (!sv_hard_boot(obs, "preempt", &value, NULL) || !value.len)
		return;
	sv_hard_note(ret, "overrides %s", ret->read);
	ret->state = SV_HARD_VALUE;
	ret->how = SV_HOW_CMDLINE;
	sv_hard_value(ret, value);
	snprintf(ret->read, sizeof(ret->read), "preempt=%.20s", ret->value);
}

static void tell_preempt(const safevma_observation *obs, struct sv_hard *ret)
{
	const struct sv_setting *s = &obs->hardening.settings[SV_SETTING_PREEMPT];
	const char *path = sv_setting_info(SV_SETTING_PREEMPT)->path;
	bool dynamic = sv_hard_option(obs, "PREEMPT_DYNAMIC", NULL) == SV_OPTION_SET;

	if (s->answer != SV_ANSWER_READ) {
		preempt_at_boot(obs, ret);
		if (dynamic && ret->state != SV_HARD_UNKNOWN)
			sv_hard_note(ret, "as booted: /%s could not be read", path);
		return;
	}
	ret->state = SV_HARD_VALUE;
	ret->how = SV_HOW_DEBUGFS;
	sv_hard_value(ret, sv_hard_chosen(text_of(s)));
	snprintf(ret->read, sizeof(ret->read), "/%s", path);
}

static void tell_swap(const safevma_observation *obs, struct sv_hard *ret)
{
	enum sv_option o = sv_hard_option(obs, "SWAP", NULL);

	if (obs->swap_areas.known) {
		ret->state = obs->swap_areas.value ? SV_HARD_ON : SV_HARD_OFF;
		ret->how = SV_HOW_INFERRED;
		snprintf(ret->value, sizeof(ret->value), "%llu areas",
			(unsigned long long)obs->swap_areas.value);
		snprintf(ret->read, sizeof(ret->read), "/proc/swaps");
	} else if (o == SV_OPTION_NOT_SET || o == SV_OPTION_UNNAMED) {
		sv_hard_say_option(ret, SV_HARD_ABSENT, "SWAP", o, (struct sv_span) { 0 });
	} else {
		sv_hard_note(ret, "/proc/swaps could not be read");
	}
}

#define GROUP SV_HARD_DETERMINISM

static const struct sv_hard_item pages[] = {
	{ .id = "thp",
		.group = GROUP,
		.what = "huge pages come and go by themselves: a first touch may clear 2 MiB, "
			"pages are moved",
		.options = { "TRANSPARENT_HUGEPAGE" },
		.params = { { "transparent_hugepage", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_THP_ENABLED,
		.read = SV_READ_CHOICE,
		.word = "never",
		.on = SV_DISTURBS,
		.want = SV_WANT_GOOD,
		.good = "never madvise absent off",
		.set = "THP: madvise or never",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "thp-defrag",
		.group = GROUP,
		.what = "a first touch may wait until pages were moved for a huge one",
		.options = { "TRANSPARENT_HUGEPAGE" },
		.has_setting = true,
		.setting = SV_SETTING_THP_DEFRAG,
		.read = SV_READ_CHOICE,
		.word = "never",
		.on = SV_DISTURBS,
		.want = SV_WANT_GOOD,
		.good = "never madvise defer absent off",
		.set = "THP defrag: madvise",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "ksm",
		.group = GROUP,
		.what = "equal pages are merged: the next write copies, which is a fault",
		.options = { "KSM" },
		.has_setting = true,
		.setting = SV_SETTING_KSM_RUN,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "mm/ksm/run: 0",
		.trace = "requirement: Spatial and Temporal Isolation" },
	{ .id = "numa-balancing",
		.group = GROUP,
		.what = "pages are unmapped now and then to see who uses them, and moved",
		.options = { "NUMA_BALANCING" },
		.params = { { "numa_balancing", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_NUMA_BALANCING,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "kernel.numa_balancing=0",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "compaction",
		.group = GROUP,
		.what = "pages are moved to make room for large allocations",
		.options = { "COMPACTION" },
		.on = SV_DISTURBS,
		.want = SV_WANT_DEPENDS,
		.set = "see compact-locked",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "compact-locked",
		.group = GROUP,
		.what = "compaction moves locked pages as well: a minor fault each",
		.options = { "COMPACTION" },
		.has_setting = true,
		.setting = SV_SETTING_COMPACT_UNEVICTABLE,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "compact_unevictable_allowed=0",
		.trace = "deck, Processes VMA Lifecycle II: mlock" },
	{ .id = "compact-ahead",
		.group = GROUP,
		.what = "pages are moved in the background though nobody waits",
		.options = { "COMPACTION" },
		.has_setting = true,
		.setting = SV_SETTING_COMPACT_PROACTIVE,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "compaction_proactiveness=0",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "page-shuffle",
		.group = GROUP,
		.what = "free pages are handed out in an order that differs at each boot",
		.options = { "SHUFFLE_PAGE_ALLOCATOR" },
		.params = { { "page_alloc.shuffle", SV_TAKES_SWITCH, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_SHUFFLE,
		.read = SV_READ_SWITCH,
		.starts_off = true,
		.boot_only = true,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "page_alloc.shuffle=0",
		.trace = "deck, Defense Baseline I: SLAB Hardening" },
	{ .id = "kernel-aslr",
		.group = GROUP,
		.what = "the kernel lies at another address at each boot",
		.options = { "RANDOMIZE_BASE" },
		.params = { { "nokaslr", SV_TAKES_OFF, NULL } },
		.on = SV_DISTURBS,
		.want = SV_WANT_DEPENDS,
		.set = "nokaslr for equal layouts",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "damon",
		.group = GROUP,
		.what = "DAMON looks at accesses, and may reclaim or move pages by them",
		.options = { "DAMON_SYSFS" },
		.has_setting = true,
		.setting = SV_SETTING_DAMON_ADMIN,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "no kdamonds",
		.trace = "deck, Defense Baseline II: Memory Control" },
	{ .id = "damon-reclaim",
		.group = GROUP,
		.what = "cold pages are taken before there is pressure",
		.options = { "DAMON_RECLAIM" },
		.params = { { "damon_reclaim.enabled", SV_TAKES_SWITCH, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_DAMON_RECLAIM,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "damon_reclaim.enabled=N",
		.trace = "deck, Defense Baseline II: Memory Control" },
};

const struct sv_hard_table sv_hard_pages = { pages, sv_array_size(pages) };

#undef GROUP

#define GROUP SV_HARD_DETERMINISM

static const struct sv_hard_item timing[] = {
	{ .id = "preempt-rt",
		.group = GROUP,
		.what = "nearly all of the kernel can be preempted: latencies have a bound",
		.options = { "PREEMPT_RT" },
		.has_setting = true,
		.setting = SV_SETTING_REALTIME,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "PREEMPT_RT=y",
		.trace = "requirement: Spatial and Temporal Isolation" },
	{ .id = "preemption",
		.group = GROUP,
		.what = "where the kernel lets a more urgent thread run",
		.tell = tell_preempt,
		.want = SV_WANT_DEPENDS,
		.set = "full, or PREEMPT_RT=y",
		.trace = "requirement: Spatial and Temporal Isolation" },
	{ .id = "vma-locks",
		.group = GROUP,
		.what = "page faults take the lock of their VMA: a fault waits less for mmap of "
			"other threads",
		.options = { "PER_VMA_LOCK" },
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "PER_VMA_LOCK=y",
		.trace = "requirement: Concurrency Integrity" },
};

const struct sv_hard_table sv_hard_timing = { timing, sv_array_size(timing) };

#undef GROUP

#define GROUP SV_HARD_DETERMINISM

static const struct sv_hard_item memory[] = {
	{ .id = "swap",
		.group = GROUP,
		.what = "pages can be written out and have to be read back: a major fault",
		.options = { "SWAP" },
		.tell = tell_swap,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "swapoff -a",
		.trace = "deck, Processes VMA Lifecycle II: mlock" },
	{ .id = "zswap",
		.group = GROUP,
		.what = "what is swapped is compressed in memory first",
		.options = { "ZSWAP" },
		.params = { { "zswap.enabled", SV_TAKES_SWITCH, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_ZSWAP,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_OFF,
		.set = "zswap.enabled=N",
		.trace = "deck, Defense Baseline II: Memory Control" },
	{ .id = "overcommit",
		.group = GROUP,
		.what = "2: a promise that cannot be kept is refused at once; else a first touch "
			"may kill",
		.has_setting = true,
		.setting = SV_SETTING_OVERCOMMIT,
		.read = SV_READ_VALUE,
		.on = SV_DISTURBS,
		.off = SV_PREVENTS,
		.want = SV_WANT_GOOD,
		.good = "2",
		.set = "vm.overcommit_memory=2",
		.trace = "deck, The VMA's Critical Role: Never Overcommit" },
	{ .id = "memcg",
		.group = GROUP,
		.what = "groups of processes can be limited in memory; it partitions no allocator",
		.options = { "MEMCG" },
		.params = { { "cgroup_disable", SV_TAKES_OFF_IF, "memory" } },
		.on = SV_PREVENTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "MEMCG=y, memory.max",
		.trace = "requirement: Spatial and Temporal Isolation" },
};

const struct sv_hard_table sv_hard_memory = { memory, sv_array_size(memory) };

#undef GROUP
