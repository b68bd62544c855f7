// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What moves memory that is locked, and where the stacks of threads are. Everything is a short text
 * and takes no lock of the target for long.
 */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "capture.h"
#include "iface/kconfig.h"
#include "iface/sysfiles.h"

#define TAG "locks"

/* A recording was not asked for this: what it is of may be read in full all the same. */
static int gap(struct sv_capture *c, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, struct safevma_error *err)
{
	return sv_gap_add(c->obs, iface, pid, why, !c->request->everything, err);
}

/* ---- settings -------------------------------------------------------------------------------- */

static int number(struct sv_text text, struct sv_num *ret, struct safevma_error *why)
{
	int64_t v;

	if (sv_number_parse(text, &v, why))
		return -1;
	if (v >= 0)
		*ret = sv_known((uint64_t)v);
	return 0;
}

static int parse_unevictable(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	m->compaction = sv_known(1);
	return number(text, &m->compact_unevictable, why);
}

static int parse_numa(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	return number(text, &m->numa_balancing, why);
}

static int parse_ksm(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	return number(text, &m->ksm_run, why);
}

static int parse_defrag(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	return number(text, &m->khugepaged_defrag, why);
}

static int parse_thp_size(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	return number(text, &m->thp_bytes, why);
}

static int parse_thp(struct sv_movers *m, struct sv_text text, struct safevma_error *why)
{
	struct sv_span word;

	if (sv_choice_parse(text, &word, why))
		return -1;
	if (sv_span_is(word, "always"))
		m->thp = SV_THP_ALWAYS;
	else if (sv_span_is(word, "madvise"))
		m->thp = SV_THP_MADVISE;
	else if (sv_span_is(word, "never"))
		m->thp = SV_THP_NEVER;
	else
		return sv_text_error(&text, why, "always, madvise or never", word);
	return 0;
}

static void no_compaction(struct sv_movers *m)
{
	m->compaction = m->compact_unevictable = sv_known(0);
}

static void no_numa(struct sv_movers *m)
{
	m->numa_balancing = sv_known(0);
}

static void no_ksm(struct sv_movers *m)
{
	m->ksm_run = sv_known(0);
}

static void no_thp(struct sv_movers *m)
{
	m->thp = SV_THP_NEVER;
	m->thp_bytes = m->khugepaged_defrag = sv_known(0);
}

struct setting {
	enum sv_iface iface;
	bool sysctl;	    /* under /proc/sys; else under /sys */
	const char *option; /* kernel configuration without which there is no such file */
	int (*parse)(struct sv_movers *m, struct sv_text text, struct safevma_error *why);
	void (*none)(struct sv_movers *m); /* the kernel has no such thing */
};

static const struct setting settings[] = {
	{ SV_IFACE_COMPACT_UNEVICTABLE, true, "CONFIG_COMPACTION", parse_unevictable,
		no_compaction },
	{ SV_IFACE_NUMA_BALANCING, true, "CONFIG_NUMA_BALANCING", parse_numa, no_numa },
	{ SV_IFACE_KSM_RUN, false, "CONFIG_KSM", parse_ksm, no_ksm },
	{ SV_IFACE_THP_ENABLED, false, "CONFIG_TRANSPARENT_HUGEPAGE", parse_thp, no_thp },
	{ SV_IFACE_THP_PMD_SIZE, false, "CONFIG_TRANSPARENT_HUGEPAGE", parse_thp_size, no_thp },
	{ SV_IFACE_KHUGEPAGED_DEFRAG, false, "CONFIG_TRANSPARENT_HUGEPAGE", parse_defrag, no_thp },
};

static bool configured(const safevma_observation *obs, const char *option)
{
	struct sv_span value;

	return !sv_kconfig_find(sv_text_init(obs->config.ptr, obs->config.len, "config"), option,
		       &value, NULL) &&
	       sv_span_is(value, "y");
}

/*
 * A file that is not there says that the kernel lacks the thing only where its neighbours are
 * there: else /proc or /sys is not mounted, or hidden.
 */
static bool lacks(const struct sv_capture *c, const struct setting *s, bool sysfs,
	const struct safevma_error *why)
{
	if (why->code != SAFEVMA_E_SYSTEM || why->errnum != ENOENT)
		return false;
	if (c->obs->config_known)
		return !configured(c->obs, s->option);
	return s->sysctl ? c->obs->system.overcommit_memory.known : sysfs;
}

/* 1; 0: *why; -1. */
static int read_setting(struct sv_capture *c, const struct setting *s, struct safevma_error *why,
	struct safevma_error *err)
{
	struct sv_place place = { .iface = s->iface, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int rc = sv_capture_text(c, &place, &text, why, err);

	if (rc <= 0)
		return rc;
	return !s->parse(&c->obs->movers,
		sv_text_init(text.ptr, text.len, sv_iface_info(s->iface)->path), why);
}

static int read_settings(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why[sv_array_size(settings)];
	int rc[sv_array_size(settings)];
	bool sysfs = false;

	for (size_t i = 0; i < sv_array_size(settings); i++) {
		rc[i] = read_setting(c, &settings[i], &why[i], err);
		if (rc[i] < 0)
			return -1;
		sysfs |= rc[i] && !settings[i].sysctl;
	}
	for (size_t i = 0; i < sv_array_size(settings); i++) {
		if (rc[i])
			continue;
		if (lacks(c, &settings[i], sysfs, &why[i]))
			settings[i].none(&c->obs->movers);
		else if (gap(c, settings[i].iface, 0, &why[i], err))
			return -1;
	}
	return 0;
}

/* ---- stacks of threads ----------------------------------------------------------------------- */

enum { LOOKS = 3 }; /* at a thread that runs: in a loop that waits, one of them meets it asleep */

/* 1; 0: *why; -1. Unknown in *ret of a thread that runs. */
static int look(struct sv_capture *c, const struct sv_process *p, pid_t tid, int n,
	struct sv_num *ret, struct safevma_error *why, struct safevma_error *err)
{
	char tag[24];
	struct sv_call call = { .op = SV_OP_SHORT,
		.place = {
			.iface = SV_IFACE_TASK_SYSCALL, .pid = p->pid, .tid = tid, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int rc;

	snprintf(tag, sizeof(tag), TAG "-%d", n);
	rc = sv_capture_call(c, &call, &text, why, err);
	if (rc <= 0)
		return rc;
	return !sv_syscall_parse(sv_text_init(text.ptr, text.len, "task/syscall"), ret, why);
}

static int running(struct sv_capture *c, const struct sv_process *p, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
		"a thread ran each time that it was looked at: only of one that sleeps the stack "
		"pointer is seen");
	return gap(c, SV_IFACE_TASK_SYSCALL, p->pid, &why, err);
}

static int read_stack(
	struct sv_capture *c, struct sv_process *p, pid_t tid, struct safevma_error *err)
{
	struct sv_thread *t = sv_vec_push(&p->stacks);
	struct safevma_error why = { 0 };
	int rc = 1;

	if (!t)
		return sv_error_nomem(err);
	*t = (struct sv_thread) { .tid = tid };
	for (int i = 0; i < LOOKS && rc > 0 && !t->sp.known; i++)
		rc = look(c, p, tid, i, &t->sp, &why, err);
	if (rc > 0)
		return t->sp.known ? 0 : running(c, p, err);
	if (rc < 0)
		return -1;
	if (!sv_is_gone(&why))
		return gap(c, SV_IFACE_TASK_SYSCALL, p->pid, &why, err);
	p->stacks.len--; /* the thread ended */
	return 0;
}

/* A process has a thread: where none could be looked at, the kernel has no such file. */
static int none_shown(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct safevma_error why;

	p->stacks_known = true;
	if (p->stacks.len)
		return 0;
	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"this kernel does not show where threads sleep, or all have ended");
	return sv_gap_add(c->obs, SV_IFACE_TASK_SYSCALL, p->pid, &why, false, err);
}

static int list_threads(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST,
		.place = { .iface = SV_IFACE_TASK, .pid = p->pid, .tag = TAG } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_span line = { 0 };
	struct safevma_error why;
	struct sv_text t;
	uint64_t tid;
	int rc = sv_capture_call(c, &call, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!rc)
		return sv_is_gone(&why) ? 0 : gap(c, SV_IFACE_TASK, p->pid, &why, err);
	t = sv_text_init(text.ptr, text.len, "task");
	while (sv_text_line(&t, &line))
		if (sv_take_dec(&line, &tid) && tid <= INT32_MAX &&
			read_stack(c, p, (pid_t)tid, err))
			return -1;
	return none_shown(c, p, err);
}

static int read_stacks(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = TAG } };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &nothing, &why, err);

	if (rc < 0)
		return -1;
	if (!rc)
		return sv_is_gone(&why) ? 0 : gap(c, SV_IFACE_STAT, p->pid, &why, err);
	return list_threads(c, p, err);
}

int sv_capture_locks(struct sv_capture *c, struct safevma_error *err)
{
	if (read_settings(c, err))
		return -1;
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (p->selected && sv_process_was_read(p) && read_stacks(c, p, err))
			return -1;
	}
	return 0;
}
