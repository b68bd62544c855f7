// SPDX-License-Identifier: LGPL-2.1-or-later
/* The processes, who they are, and why each is selected. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "capture.h"
#include "iface/cgroupfile.h"
#include "iface/stat.h"
#include "iface/status.h"
#include "iface/sysfiles.h"

#define PF_KTHREAD UINT64_C(0x00200000)

struct pids {
	pid_t *ptr;
	size_t len, cap;
};

static int set_bytes(struct sv_strbuf *to, struct sv_span from, struct safevma_error *err)
{
	to->len = 0;
	return sv_strbuf_add(to, from.ptr, from.len) ? sv_error_nomem(err) : 0;
}

/* A file of the process, with the gap noted when it is not to be had. 1, 0, -1. */
static int text_of(struct sv_capture *c, struct sv_process *p, enum sv_iface iface,
	struct sv_strbuf *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .pid = p->pid };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, ret, &why, err);

	if (rc || sv_is_gone(&why))
		return rc;
	return sv_gap_add(c->obs, iface, p->pid, &why, false, err);
}

static int parse_gap(struct sv_capture *c, struct sv_process *p, enum sv_iface iface,
	const struct safevma_error *why, struct safevma_error *err)
{
	return sv_gap_add(c->obs, iface, p->pid, why, true, err);
}

static int read_status(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_status s;
	int rc = text_of(c, p, SV_IFACE_STATUS, &text, err);

	if (rc <= 0)
		return rc;
	if (sv_status_parse(sv_text_init(text.ptr, text.len, "status"), &s, &why))
		return parse_gap(c, p, SV_IFACE_STATUS, &why, err);
	p->tgid = s.tgid;
	p->uid = s.uid_effective;
	p->rss = s.vm_rss_bytes;
	p->locked = s.vm_locked_bytes;
	p->swap = s.vm_swap_bytes;
	p->vsize = s.vm_size_bytes;
	p->vm_pte = s.vm_pte_bytes;
	p->pinned = s.vm_pinned_bytes;
	p->tracer = s.tracer;
	p->capabilities = s.cap_effective;
	p->thp_enabled = s.thp_enabled;
	p->vdata = s.vm_data_bytes;
	return 0;
}

static int read_number(struct sv_capture *c, struct sv_process *p, enum sv_iface iface,
	int64_t *ret, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = text_of(c, p, iface, &text, err);

	if (rc <= 0)
		return rc;
	if (sv_number_parse(
		    sv_text_init(text.ptr, text.len, sv_iface_info(iface)->name), ret, &why))
		return parse_gap(c, p, iface, &why, err);
	return 1;
}

static int read_oom(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	int64_t score;
	int rc = read_number(c, p, SV_IFACE_OOM_SCORE_ADJ, &p->oom_adj, err);

	if (rc < 0)
		return -1;
	p->oom_adj_known = rc;
	rc = read_number(c, p, SV_IFACE_OOM_SCORE, &score, err);
	if (rc < 0)
		return -1;
	if (rc && score >= 0)
		p->oom_score = sv_known((uint64_t)score);
	return 0;
}

static int read_limits(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_limit memlock, space, data, stack;
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_text t;
	int rc = text_of(c, p, SV_IFACE_LIMITS, &text, err);

	if (rc <= 0)
		return rc;
	t = sv_text_init(text.ptr, text.len, "limits");
	if (sv_limits_find(t, "Max locked memory", &memlock, &why) ||
		sv_limits_find(t, "Max address space", &space, &why) ||
		sv_limits_find(t, "Max data size", &data, &why))
		return parse_gap(c, p, SV_IFACE_LIMITS, &why, err);
	p->memlock_soft = memlock.soft;
	p->memlock_hard = memlock.hard;
	p->as_soft = space.soft;
	p->data_soft = data.soft;
	if (!sv_limits_find(t, "Max stack size", &stack, &why))
		p->stack_limit = stack.soft;
	return 0;
}

static int read_cgroup(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_cgroup_memory memory;
	struct safevma_error why;
	struct sv_span path;
	struct sv_text t;
	int rc = text_of(c, p, SV_IFACE_CGROUP, &text, err);

	if (rc <= 0)
		return rc;
	t = sv_text_init(text.ptr, text.len, "cgroup");
	if (sv_cgroup_path(t, &path, &why) || sv_cgroup_memory_of(t, &memory, &why))
		return parse_gap(c, p, SV_IFACE_CGROUP, &why, err);
	p->memcg_version = memory.version;
	return set_bytes(&p->memcg, memory.path, err) || set_bytes(&p->cgroup, path, err) ? -1 : 0;
}

static int read_exe(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LINK,
		.place = { .iface = SV_IFACE_EXE, .pid = p->pid } };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &p->exe, &why, err);

	if (rc < 0)
		return -1;
	p->exe_known = rc;
	if (rc || sv_is_gone(&why))
		return 0;
	/* Where nobody asked for it, a denial is no news: the column shows that it is not known. */
	if (why.code == SAFEVMA_E_SYSTEM && !c->request->selection.exes_count)
		return 0;
	return sv_gap_add(
		c->obs, SV_IFACE_EXE, p->pid, &why, c->request->selection.exes_count, err);
}

/* The policy that counts is that of the most urgent thread. */
static int read_thread(
	struct sv_capture *c, struct sv_process *p, pid_t tid, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_TASK_STAT, .pid = p->pid, .tid = tid };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_stat s;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc <= 0)
		return rc;
	if (sv_stat_parse(sv_text_init(text.ptr, text.len, "task stat"), &s, &why))
		return parse_gap(c, p, SV_IFACE_TASK_STAT, &why, err);
	if (sv_policy_real_time(s.policy) &&
		(!sv_policy_real_time(p->policy) || s.rt_priority.value > p->rt_priority.value)) {
		p->policy = s.policy;
		p->rt_priority = s.rt_priority;
	}
	return 0;
}

static int parse_pids(const struct sv_strbuf *text, struct pids *ret)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "");
	struct sv_span line;
	uint64_t n;

	while (sv_text_line(&t, &line)) {
		pid_t *slot;

		if (!sv_take_dec(&line, &n) || n > INT32_MAX)
			continue;
		slot = sv_vec_push(ret);
		if (!slot)
			return -1;
		*slot = (pid_t)n;
	}
	return 0;
}

static int read_threads(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST,
		.place = { .iface = SV_IFACE_TASK, .pid = p->pid } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct pids tids = { 0 };
	int rc = 0;

	if (p->threads < 2)
		return 0;
	rc = sv_capture_call(c, &call, &text, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return sv_is_gone(&why)
			       ? 0
			       : sv_gap_add(c->obs, SV_IFACE_TASK, p->pid, &why, true, err);
	rc = parse_pids(&text, &tids) ? sv_error_nomem(err) : 0;
	for (size_t i = 0; i < tids.len && !rc; i++)
		rc = read_thread(c, p, tids.ptr[i], err);
	sv_vec_fini(&tids);
	return rc;
}

/* 1: it is there; 0: it is not, *why; -1. */
static int read_identity(struct sv_capture *c, struct sv_process *p, struct safevma_error *why,
	struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_stat s;
	int rc = sv_capture_stat(c, p->pid, NULL, &text, &s, why, err);

	if (rc <= 0)
		return rc;
	p->ppid = s.ppid;
	p->start_ticks = s.start_ticks;
	p->threads = s.threads;
	p->state = s.state;
	p->kernel_thread = s.flags & PF_KTHREAD;
	p->policy = s.policy;
	p->rt_priority = s.rt_priority;
	return set_bytes(&p->comm, s.comm, err) ? -1 : 1;
}

static int read_rest(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	if (p->kernel_thread)
		return 0;
	return read_status(c, p, err) || read_oom(c, p, err) || read_limits(c, p, err) ||
			       read_cgroup(c, p, err) || read_exe(c, p, err) ||
			       read_threads(c, p, err) ||
			       text_of(c, p, SV_IFACE_CMDLINE, &p->cmdline, err) < 0
		       ? -1
		       : 0;
}

/* ---- the list -------------------------------------------------------------------------------- */

static int is_thread(const struct sv_process *p, struct safevma_error *why)
{
	sv_error_set(why, SAFEVMA_E_USAGE, 0, NULL, 0,
		"%d is a thread of process %llu: name the process", p->pid,
		(unsigned long long)p->tgid.value);
	return 0;
}

static int add_process(struct sv_capture *c, pid_t pid, bool must, struct safevma_error *err)
{
	struct sv_process *p = sv_vec_push(&c->obs->processes);
	struct safevma_error why;
	int rc;

	if (!p)
		return sv_error_nomem(err);
	p->pid = pid;
	rc = read_identity(c, p, &why, err);
	if (rc > 0 && read_rest(c, p, err))
		return -1;
	if (rc > 0 && p->tgid.known && p->tgid.value != (uint64_t)pid)
		rc = is_thread(p, &why);
	if (rc > 0)
		return sv_capture_select(c, p, err);
	if (rc)
		return -1;
	sv_process_fini(p);
	c->obs->processes.len--;
	if (!must && sv_is_gone(&why))
		return 0;
	return sv_gap_add(c->obs, SV_IFACE_STAT, pid, &why, true, err);
}

static bool listed(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->len; i++)
		if (pids->ptr[i] == pid)
			return true;
	return false;
}

/* Every PID namespace has a process 1: where it is not listed, others are hidden as well. */
static int hidden_gap(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, "/proc", 0,
		"process 1 is not listed: hidepid hides the processes of others, or this is no "
		"proc "
		"filesystem");
	return sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why,
		!sv_selection_named(&c->request->selection) || c->request->selection.comms_count ||
			c->request->selection.exes_count || c->request->selection.cgroups_count ||
			c->request->selection.units_count,
		"processes that are not listed", err);
}

static int list_pids(struct sv_capture *c, struct pids *ret, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!rc)
		return sv_gap_add(c->obs, SV_IFACE_PROC, 0, &why, true, err);
	if (parse_pids(&text, ret))
		return sv_error_nomem(err);
	return listed(ret, 1) ? 0 : hidden_gap(c, err);
}

/* With processes named by number alone, only they are looked at; a record looks at all. */
static bool only_pids(const struct sv_capture *c)
{
	const struct safevma_selection *s = &c->request->selection;

	if (c->command)
		return true;
	return s->pids_count && !s->comms_count && !s->exes_count && !s->cgroups_count &&
	       !s->units_count && !s->all && !c->request->everything &&
	       !(c->obs->needs & (SAFEVMA_NEED_POOLS | SAFEVMA_NEED_COMMIT | SAFEVMA_NEED_PRESSURE |
					 SAFEVMA_NEED_SHARE));
}

static int add_wanted(struct sv_capture *c, struct pids *pids, struct safevma_error *err)
{
	const struct safevma_selection *s = &c->request->selection;

	if (c->command) {
		pid_t *slot = sv_vec_push(pids);

		if (!slot)
			return sv_error_nomem(err);
		*slot = c->command;
		return 0;
	}

	for (size_t i = 0; i < s->pids_count; i++) {
		pid_t *slot;

		if (listed(pids, s->pids[i]))
			continue;
		slot = sv_vec_push(pids);
		if (!slot)
			return sv_error_nomem(err);
		*slot = s->pids[i];
	}
	return 0;
}

static int add_all(struct sv_capture *c, struct pids *pids, struct safevma_error *err)
{
	const struct safevma_selection *s = &c->request->selection;
	struct pids wanted = { .ptr = (pid_t *)(uintptr_t)s->pids, .len = s->pids_count };

	if (pids->len)
		qsort(pids->ptr, pids->len, sizeof(*pids->ptr), sv_compare_pids);
	for (size_t i = 0; i < pids->len; i++)
		if (add_process(c, pids->ptr[i], listed(&wanted, pids->ptr[i]), err))
			return -1;
	return 0;
}

/* The observer changes while it observes: of all processes, it leaves itself out. */
static int who_we_are(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = "self.processes" } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc;

	rc = sv_capture_call(c, &call, &text, &why, err);
	if (rc < 0)
		return -1;
	if (!rc && why.code == SAFEVMA_E_RECORDING)
		return sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why, false,
			"telling the observer's own processes", err);
	c->self = (pid_t)sv_note_number(&text, "pid").value;
	c->opener = (pid_t)sv_note_number(&text, "opener").value;
	c->obs->observers[0] = c->self;
	c->obs->observers[1] = c->opener;
	return 0;
}

/* A program that was given to run is all that is looked at. */
static int find_command(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = "command" } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = 0;

	if (c->obs->needs & SAFEVMA_NEED_FAULTS)
		rc = sv_capture_call(c, &call, &text, &why, err);
	if (rc > 0)
		c->command = (pid_t)sv_note_number(&text, "pid").value;
	return rc < 0 ? -1 : 0;
}

int sv_capture_processes(struct sv_capture *c, struct safevma_error *err)
{
	struct pids pids = { 0 };
	int rc = who_we_are(c, err) || find_command(c, err) ? -1 : 0;

	c->obs->selection_named = c->command || sv_selection_named(&c->request->selection);
	if (!rc && !only_pids(c))
		rc = list_pids(c, &pids, err);
	if (!rc)
		rc = add_wanted(c, &pids, err) || add_all(c, &pids, err) ? -1 : 0;
	sv_vec_fini(&pids);
	return rc;
}
