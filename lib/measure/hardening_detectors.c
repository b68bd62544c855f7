// SPDX-License-Identifier: LGPL-2.1-or-later
/* Corruption: detectors, what is done to free memory, errors of the memory itself. */
#include <stdio.h>
#include <string.h>

#include "hardening.h"

static struct sv_span text_of(const struct sv_setting *s)
{
	return (struct sv_span) { .ptr = s->text.ptr ? s->text.ptr : "", .len = s->text.len };
}

/* The option is not there, or that cannot be told. */
static bool told_without(const safevma_observation *obs, const char *name, struct sv_hard *ret)
{
	enum sv_option o = sv_hard_option(obs, name, NULL);

	if (o == SV_OPTION_SET)
		return false;
	if (o == SV_OPTION_UNKNOWN)
		sv_hard_note(ret, "the configuration is not known");
	else
		sv_hard_say_option(ret, o == SV_OPTION_NOT_SET ? SV_HARD_OFF : SV_HARD_ABSENT, name,
			o, (struct sv_span) { 0 });
	return true;
}

/* Which of the three it is: only that by tags can be switched at boot (kasan=off). */
static void tell_kasan(const safevma_observation *obs, struct sv_hard *ret)
{
	static const char *const modes[][2] = { { "KASAN_GENERIC", "generic" },
		{ "KASAN_SW_TAGS", "sw-tags" }, { "KASAN_HW_TAGS", "hw-tags" } };
	struct sv_span value = { 0 };

	if (told_without(obs, "KASAN", ret))
		return;
	for (size_t i = 0; i < sv_array_size(modes); i++)
		if (sv_hard_option(obs, modes[i][0], &value) == SV_OPTION_SET) {
			sv_hard_say_option(ret, SV_HARD_ON, modes[i][0], SV_OPTION_SET, value);
			sv_hard_value(ret, sv_span_of(modes[i][1]));
		}
	if (sv_hard_one_of(sv_span_of(ret->value), "hw-tags") && !obs->hardening.cmdline_known) {
		ret->state = SV_HARD_UNKNOWN;
		sv_hard_note(ret, "the kernel's command line is not known");
	} else if (sv_hard_boot(obs, "kasan", &value, NULL) && sv_span_is(value, "off") &&
		   sv_hard_one_of(sv_span_of(ret->value), "hw-tags")) {
		ret->state = SV_HARD_OFF;
		ret->how = SV_HOW_CMDLINE;
		snprintf(ret->read, sizeof(ret->read), "kasan=off");
	}
}

/* Tags need CPUs that have them; the kernel shows those that it will not use as without. */
static void tell_tags(const safevma_observation *obs, struct sv_hard *ret)
{
	struct sv_span value = { 0 };

	if (obs->host.machine[0] && strcmp(obs->host.machine, "aarch64")) {
		ret->state = SV_HARD_ABSENT;
		ret->how = SV_HOW_INFERRED;
		snprintf(ret->read, sizeof(ret->read), "machine %s", obs->host.machine);
	} else if (obs->hardening.tags.known) {
		ret->state = obs->hardening.tags.value ? SV_HARD_ON : SV_HARD_OFF;
		ret->how = SV_HOW_INFERRED;
		snprintf(ret->read, sizeof(ret->read), "/proc/cpuinfo, Features");
		if (sv_hard_option(obs, "ARM64_MTE", &value) == SV_OPTION_SET &&
			!obs->hardening.tags.value)
			sv_hard_note(ret, "CONFIG_ARM64_MTE is set; these CPUs have no tags");
		if (sv_hard_option(obs, "KASAN_HW_TAGS", &value) != SV_OPTION_SET &&
			obs->hardening.tags.value)
			sv_hard_note(ret, "the kernel's own memory is tagged with KASAN_HW_TAGS "
					  "alone");
	} else if (!told_without(obs, "ARM64_MTE", ret)) {
		sv_hard_note(ret, "features of the CPUs are not known");
	}
}

/* The first controller: a driver without one finds no memory that reports. */
static void tell_edac(const safevma_observation *obs, struct sv_hard *ret)
{
	const struct sv_setting *s = &obs->hardening.settings[SV_SETTING_EDAC];

	ret->how = SV_HOW_SYSFS;
	snprintf(ret->read, sizeof(ret->read), "/%s", sv_setting_info(SV_SETTING_EDAC)->path);
	if (s->answer == SV_ANSWER_READ) {
		ret->state = SV_HARD_ON;
		sv_hard_value(ret, text_of(s));
	} else if (s->answer != SV_ANSWER_ABSENT) {
		sv_hard_note(ret, "/%s could not be read", sv_setting_info(SV_SETTING_EDAC)->path);
	} else if (!told_without(obs, "EDAC", ret)) {
		ret->state = SV_HARD_OFF;
		sv_hard_note(ret, "no driver reports a memory controller");
	}
}

#define GROUP SV_HARD_CORRUPTION

static const struct sv_hard_item detectors[] = {
	{ .id = "kasan",
		.group = GROUP,
		.what = "every access of the kernel is checked against a shadow: for tests, timing "
			"changes",
		.options = { "KASAN" },
		.tell = tell_kasan,
		.on = SV_DETECTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "in tests alone",
		.trace = "deck, Defense Baseline I: KASAN" },
	{ .id = "kfence",
		.group = GROUP,
		.what = "now and then an object lies between guard pages: a small share of "
			"overruns traps",
		.options = { "KFENCE" },
		.params = { { "kfence.sample_interval", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_KFENCE,
		.read = SV_READ_SWITCH,
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "kfence.sample_interval=100",
		.trace = "deck, Defense Baseline I: KASAN" },
	{ .id = "kfence-deferred",
		.group = GROUP,
		.what = "KFENCE's timer waits for a CPU that is awake: fewer wakeups, samples at "
			"odd times",
		.options = { "KFENCE" },
		.params = { { "kfence.deferrable", SV_TAKES_SWITCH, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_KFENCE_DEFERRABLE,
		.read = SV_READ_SWITCH,
		.on = SV_DISTURBS,
		.want = SV_WANT_DEPENDS,
		.set = "N, where wakeups do no harm",
		.trace = "deck, Defense Baseline I: KASAN" },
	{ .id = "memory-tags",
		.group = GROUP,
		.what = "tags in hardware (MTE): a pointer with a wrong tag traps",
		.options = { "ARM64_MTE" },
		.tell = tell_tags,
		.on = SV_DETECTS,
		.want = SV_WANT_DEPENDS,
		.set = "ARM64_MTE=y, kasan=on",
		.trace = "deck, Defense Baseline I: KASAN" },
	{ .id = "page-poison",
		.group = GROUP,
		.what = "free pages are filled with a pattern that is checked when they are used "
			"again",
		.options = { "PAGE_POISONING" },
		.params = { { "page_poison", SV_TAKES_SWITCH, NULL } },
		.starts_off = true,
		.on = SV_DETECTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "page_poison=1 in tests",
		.trace = "deck, Defense Baseline I: List Poisoning" },
	{ .id = "debug-pagealloc",
		.group = GROUP,
		.what = "free pages leave the linear map: a stray access traps",
		.options = { "DEBUG_PAGEALLOC" },
		.params = { { "debug_pagealloc", SV_TAKES_SWITCH, NULL } },
		.on_by = "DEBUG_PAGEALLOC_ENABLE_DEFAULT",
		.on = SV_DETECTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "debug_pagealloc=on in tests",
		.trace = "deck, The Linear Mapping Threat" },
	{ .id = "pgtable-check",
		.group = GROUP,
		.what = "each change of a user page table is checked for double mappings",
		.options = { "PAGE_TABLE_CHECK" },
		.params = { { "page_table_check", SV_TAKES_SWITCH, NULL } },
		.on_by = "PAGE_TABLE_CHECK_ENFORCED",
		.on = SV_DETECTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "PAGE_TABLE_CHECK=y in tests",
		.trace = "requirement: Concurrency Integrity" },
	{ .id = "init-on-alloc",
		.group = GROUP,
		.what = "memory that the kernel takes starts as zero",
		.params = { { "init_on_alloc", SV_TAKES_SWITCH, NULL } },
		.on_by = "INIT_ON_ALLOC_DEFAULT_ON",
		.on = SV_PREVENTS | SV_COSTS,
		.want = SV_WANT_ON,
		.set = "init_on_alloc=1",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "init-on-free",
		.group = GROUP,
		.what = "memory is zeroed when it is freed: each free takes as long as its size",
		.params = { { "init_on_free", SV_TAKES_SWITCH, NULL } },
		.on_by = "INIT_ON_FREE_DEFAULT_ON",
		.on = SV_PREVENTS | SV_COSTS,
		.want = SV_WANT_DEPENDS,
		.set = "init_on_free=1",
		.trace = "requirement: Deterministic Resource Access" },
	{ .id = "memory-failure",
		.group = GROUP,
		.what = "a frame with an error of the hardware is taken out of use",
		.options = { "MEMORY_FAILURE" },
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "MEMORY_FAILURE=y",
		.trace = "requirement: Spatial and Temporal Isolation" },
	{ .id = "ecc-reports",
		.group = GROUP,
		.what = "a driver reports corrected and other errors of memory modules (EDAC)",
		.options = { "EDAC" },
		.tell = tell_edac,
		.on = SV_DETECTS,
		.want = SV_WANT_DEPENDS,
		.set = "EDAC=y with its driver",
		.trace = "requirement: Spatial and Temporal Isolation" },
};

const struct sv_hard_table sv_hard_detectors = { detectors, sv_array_size(detectors) };

#undef GROUP
