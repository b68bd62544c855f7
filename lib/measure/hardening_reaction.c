// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reaction: what the system does when a fault was trapped. */
#include <stdio.h>

#include "hardening.h"

/*
 * That there is one shows a device; that it runs, a file that not every kernel has
 * (CONFIG_WATCHDOG_SYSFS).
 */
static void tell_watchdog(const safevma_observation *obs, struct sv_hard *ret)
{
	const struct sv_setting *state = &obs->hardening.settings[SV_SETTING_WATCHDOG_STATE];
	const struct sv_setting *dev = &obs->hardening.settings[SV_SETTING_WATCHDOG_DEV];
	enum sv_option o = sv_hard_option(obs, "WATCHDOG", NULL);

	ret->how = SV_HOW_SYSFS;
	snprintf(ret->read, sizeof(ret->read), "/%s",
		sv_setting_info(SV_SETTING_WATCHDOG_STATE)->path);
	if (state->answer == SV_ANSWER_READ) {
		struct sv_span text = { .ptr = state->text.ptr, .len = state->text.len };

		ret->state = sv_span_is(text, "active") ? SV_HARD_ON : SV_HARD_OFF;
		sv_hard_value(ret, text);
	} else if (dev->answer == SV_ANSWER_READ) {
		sv_hard_note(ret, "there is a watchdog; whether it runs is not shown");
	} else if (o == SV_OPTION_NOT_SET || o == SV_OPTION_UNNAMED) {
		sv_hard_say_option(ret, SV_HARD_ABSENT, "WATCHDOG", o, (struct sv_span) { 0 });
	} else if (dev->answer == SV_ANSWER_ABSENT && o == SV_OPTION_SET) {
		ret->state = SV_HARD_OFF;
		snprintf(ret->read, sizeof(ret->read), "/%s is not there",
			sv_setting_info(SV_SETTING_WATCHDOG_DEV)->path);
	} else {
		sv_hard_note(ret, "neither a device nor the configuration tells");
	}
}

#define GROUP SV_HARD_REACTION

static const struct sv_hard_item reaction[] = {
	{ .id = "panic-on-oops",
		.group = GROUP,
		.what = "a fault of the kernel ends the system; else the thread alone, its locks "
			"stay taken",
		.params = { { "oops", SV_TAKES_ON_IF, "panic" } },
		.has_setting = true,
		.setting = SV_SETTING_PANIC_ON_OOPS,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_ON,
		.set = "kernel.panic_on_oops=1",
		.trace = "deck, The Safety Conflict" },
	{ .id = "panic-on-warn",
		.group = GROUP,
		.what = "a warning of the kernel ends the system",
		.params = { { "panic_on_warn", SV_TAKES_ON, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_PANIC_ON_WARN,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "kernel.panic_on_warn=1",
		.trace = "deck, The Safety Conflict" },
	{ .id = "panic-timeout",
		.group = GROUP,
		.what = "not 0: the system starts anew after a panic; 0: it stands until somebody "
			"comes",
		.params = { { "panic", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_PANIC,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_ON,
		.set = "kernel.panic=-1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "oops-limit",
		.group = GROUP,
		.what = "how many faults of the kernel are survived before a panic; 0: without end",
		.has_setting = true,
		.setting = SV_SETTING_OOPS_LIMIT,
		.read = SV_READ_VALUE,
		.want = SV_WANT_DEPENDS,
		.set = "kernel.oops_limit=1",
		.trace = "deck, The Safety Conflict" },
	{ .id = "warn-limit",
		.group = GROUP,
		.what = "how many warnings are survived before a panic; 0: without end",
		.has_setting = true,
		.setting = SV_SETTING_WARN_LIMIT,
		.read = SV_READ_VALUE,
		.want = SV_WANT_DEPENDS,
		.set = "kernel.warn_limit",
		.trace = "deck, The Safety Conflict" },
	{ .id = "panic-on-oom",
		.group = GROUP,
		.what = "the system ends when memory is out, instead of a process by its points",
		.has_setting = true,
		.setting = SV_SETTING_PANIC_ON_OOM,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "vm.panic_on_oom",
		.trace = "deck, Defense Baseline II: OOM Killer" },
	{ .id = "bug-traps",
		.group = GROUP,
		.what = "BUG() stops the thread: without it the kernel goes on past a failed check",
		.options = { "BUG" },
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "BUG=y",
		.trace = "deck, The Safety Conflict" },
	{ .id = "crash-kernel",
		.group = GROUP,
		.what = "a second kernel is loaded that keeps memory for analysis after a panic",
		.options = { "CRASH_DUMP" },
		.has_setting = true,
		.setting = SV_SETTING_KEXEC_CRASH,
		.read = SV_READ_SWITCH,
		.on = SV_DETECTS,
		.want = SV_WANT_DEPENDS,
		.set = "kexec -p",
		.trace = "requirement: Transparent Verification" },
};

const struct sv_hard_table sv_hard_reaction = { reaction, sv_array_size(reaction) };

#undef GROUP

#define GROUP SV_HARD_REACTION

static const struct sv_hard_item watchdogs[] = {
	{ .id = "soft-watchdog",
		.group = GROUP,
		.what = "a CPU that runs kernel code without end is reported",
		.options = { "SOFTLOCKUP_DETECTOR" },
		.params = { { "nosoftlockup", SV_TAKES_OFF, NULL },
			{ "nowatchdog", SV_TAKES_OFF, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_SOFT_WATCHDOG,
		.read = SV_READ_SWITCH,
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "kernel.soft_watchdog=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "nmi-watchdog",
		.group = GROUP,
		.what = "a CPU that takes no interrupt is reported",
		.options = { "HARDLOCKUP_DETECTOR" },
		.params = { { "nmi_watchdog", SV_TAKES_VALUE, NULL },
			{ "nowatchdog", SV_TAKES_OFF, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_NMI_WATCHDOG,
		.read = SV_READ_SWITCH,
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "kernel.nmi_watchdog=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "softlock-panic",
		.group = GROUP,
		.what = "such a CPU ends the system",
		.options = { "SOFTLOCKUP_DETECTOR" },
		.params = { { "softlockup_panic", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_SOFTLOCKUP_PANIC,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_ON,
		.set = "kernel.softlockup_panic=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "hardlock-panic",
		.group = GROUP,
		.what = "the same of a CPU that takes no interrupt",
		.options = { "HARDLOCKUP_DETECTOR" },
		.has_setting = true,
		.setting = SV_SETTING_HARDLOCKUP_PANIC,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_ON,
		.set = "kernel.hardlockup_panic=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "hung-task-panic",
		.group = GROUP,
		.what = "a thread that waits too long in the kernel ends the system",
		.options = { "DETECT_HUNG_TASK" },
		.params = { { "hung_task_panic", SV_TAKES_VALUE, NULL } },
		.has_setting = true,
		.setting = SV_SETTING_HUNG_TASK_PANIC,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "kernel.hung_task_panic=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "rcu-stall-panic",
		.group = GROUP,
		.what = "a CPU that keeps others from freeing memory ends the system",
		.has_setting = true,
		.setting = SV_SETTING_RCU_STALL_PANIC,
		.read = SV_READ_SWITCH,
		.on = SV_PREVENTS,
		.want = SV_WANT_DEPENDS,
		.set = "panic_on_rcu_stall=1",
		.trace = "deck, Defense Baseline II: Safety Gap" },
	{ .id = "hw-watchdog",
		.group = GROUP,
		.what = "a device restarts the system when nobody tells it to wait",
		.options = { "WATCHDOG" },
		.tell = tell_watchdog,
		.on = SV_DETECTS,
		.want = SV_WANT_ON,
		.set = "a driver and its daemon",
		.trace = "deck, Defense Baseline II: Safety Gap" },
};

const struct sv_hard_table sv_hard_watchdogs = { watchdogs, sv_array_size(watchdogs) };

#undef GROUP
