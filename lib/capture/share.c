// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who else maps the frames of the selected. The pages of the selected are listed first, and their
 * frames looked up; then one pass over all other processes keeps those of their pages that lie in
 * one of these frames and no others. At last the pages of the selected are looked at again, with
 * how often each frame is mapped: before and after, so that a frame whose number of mappings moved
 * meanwhile is told from one that something maps which is no process.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/stat.h"
#include "iface/sysfiles.h"

#define TAG	   "share"
#define COSTS	   "whether it maps frames of the selected processes, and may write them"
#define PF_KTHREAD UINT64_C(0x00200000)

/* ---- frames of the selected ------------------------------------------------------------------ */

/*
 * Read process by process, so that a recording of more of them answers for each of them alone. No
 * frame needs the cgroup that it is charged to here.
 */
static int look_before(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_kpages k = { 0 };
	char tag[40];
	int rc;

	snprintf(tag, sizeof(tag), "%d." TAG, p->pid);
	rc = sv_capture_frames_open(c, &k, tag, tag, err) || sv_capture_frames_refill(c, &k, p, err)
		     ? -1
		     : 0;
	sv_capture_frames_close(&k);
	return rc;
}

static int index_frames(struct sv_capture *c, struct sv_frame_index *x, struct safevma_error *err)
{
	uint64_t *room;
	size_t n = 0;

	for (size_t i = 0; i < c->obs->processes.len; i++)
		n += c->obs->processes.ptr[i].begun ? c->obs->processes.ptr[i].frames.len : 0;
	room = sv_frames_room(x, n);
	if (!room)
		return sv_error_nomem(err);
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		const struct sv_process *p = &c->obs->processes.ptr[i];

		for (size_t at = 0; p->begun && at < p->frames.len; at++)
			*room++ = p->frames.ptr[at].pfn;
	}
	return sv_frames_settle(x, n) ? sv_error_nomem(err) : 0;
}

static int frames_before(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_frame_index *x = &c->obs->share.before.frames;

	if (index_frames(c, x, err))
		return -1;
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];
		size_t near = 0;

		if (!p->begun)
			continue;
		if (look_before(c, p, err))
			return -1;
		for (size_t at = 0; at < p->frames.len; at++) {
			struct sv_frame f = sv_frames_at(&p->frames, at);

			near = sv_frames_find(x, f.pfn, near);
			if (sv_frames_set(x, near, &f))
				return sv_error_nomem(err);
		}
	}
	return 0;
}

/* ---- one other process ----------------------------------------------------------------------- */

static int copy_bytes(struct sv_strbuf *to, const struct sv_strbuf *from)
{
	return sv_strbuf_add(to, from->ptr ? from->ptr : "", from->len);
}

static struct sv_process *new_other(struct sv_capture *c, pid_t pid, struct safevma_error *err)
{
	struct sv_process *p = sv_vec_push(&c->obs->share.others);

	if (!p)
		sv_error_nomem(err);
	else
		p->pid = pid;
	return p;
}

static void drop_last(struct sv_capture *c)
{
	struct sv_sharing *s = &c->obs->share;

	sv_process_fini(&s->others.ptr[--s->others.len]);
}

/* Memory that can be handed on is of interest where nothing of it is there, too. */
static int keep_memory_maps(
	struct sv_capture *c, const struct sv_process *p, bool selected, struct safevma_error *err)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];
		struct sv_span rest = v->path;
		bool sysv = sv_take_lit(&rest, "/SYSV");
		int none;
		enum sv_fd_kind kind = sv_fd_kind_of(v->path, &none);
		struct sv_memory_map *m;

		if (!(sysv && (v->perms & SV_PERM_SHARED)) && !(sv_fd_is_memory(kind) && v->inode))
			continue;
		m = sv_vec_push(&c->obs->share.maps);
		if (!m || sv_strbuf_add(&m->path, v->path.ptr, v->path.len))
			return sv_error_nomem(err);
		m->pid = p->pid;
		m->selected = selected;
		m->kind = sysv ? SV_FD_OTHER : kind;
		m->start = v->start;
		m->end = v->end;
		m->inode = v->inode;
		m->dev_major = v->dev_major;
		m->dev_minor = v->dev_minor;
		m->perms = v->perms;
	}
	return 0;
}

static bool read_whole(const struct sv_process *p)
{
	if (p->fate != SV_FATE_STABLE)
		return false;
	for (size_t i = 0; i < p->vmas.len; i++)
		if (!p->vmas.ptr[i].pages_read && !sv_vma_special(&p->vmas.ptr[i]))
			return false;
	return true;
}

static void count_process(struct sv_capture *c, const struct sv_process *p)
{
	bool ended = p->fate == SV_FATE_VANISHED;

	c->obs->share.processes += !ended;
	c->obs->share.read += !ended && read_whole(p);
}

/* The last of the others: its pages, or that they are not known. */
static int read_other(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	size_t gaps = c->obs->gaps.len;

	c->wanted = &c->obs->share.before.frames;
	if (sv_capture_memory(c, p, err))
		return -1;
	c->wanted = NULL;
	if (p->fate == SV_FATE_VANISHED) /* and what it mapped with it */
		sv_gaps_drop(c->obs, gaps);
	if (sv_gaps_beside(c->obs, gaps, COSTS, err) || keep_memory_maps(c, p, false, err))
		return -1;
	count_process(c, p);
	if (!p->pages.len)
		drop_last(c);
	return 0;
}

/* One that ended, and whose end its parent has not asked for, has no memory; its threads may. */
static bool has_memory(const struct sv_process *p)
{
	return !p->kernel_thread && !(p->state == 'Z' && p->threads <= 1);
}

static int add_other(struct sv_capture *c, const struct sv_process *who, struct safevma_error *err)
{
	struct sv_process *p;

	if (who->selected || !has_memory(who))
		return 0;
	p = new_other(c, who->pid, err);
	if (!p)
		return -1;
	p->ppid = who->ppid;
	p->start_ticks = who->start_ticks;
	p->threads = who->threads;
	p->state = who->state;
	p->vm_pte = who->vm_pte;
	p->exe_known = who->exe_known;
	if (copy_bytes(&p->comm, &who->comm) || copy_bytes(&p->exe, &who->exe))
		return sv_error_nomem(err);
	return read_other(c, p, err);
}

/* ---- processes that began meanwhile ---------------------------------------------------------- */

/* 1; 0: it is gone, or could not be read; -1. */
static int identify(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = TAG "-new" };
	struct sv_call pin = { .op = SV_OP_PIN, .place = place };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 }, text = { 0 };
	struct safevma_error why;
	struct sv_stat s;
	int rc = sv_capture_call(c, &pin, &nothing, &why, err);

	if (rc > 0)
		rc = sv_capture_text(c, &place, &text, &why, err);
	if (rc <= 0)
		return rc;
	if (sv_stat_parse(sv_text_init(text.ptr, text.len, "stat"), &s, &why))
		return 0;
	p->start_ticks = s.start_ticks;
	p->threads = s.threads;
	p->state = s.state;
	p->kernel_thread = s.flags & PF_KTHREAD;
	return sv_strbuf_add(&p->comm, s.comm.ptr, s.comm.len) ? sv_error_nomem(err) : 1;
}

static bool known_process(const struct sv_capture *c, pid_t pid)
{
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].pid == pid)
			return true;
	return false;
}

static int add_newcomer(struct sv_capture *c, pid_t pid, struct safevma_error *err)
{
	struct sv_process *p = new_other(c, pid, err);
	int rc = p ? identify(c, p, err) : -1;

	if (rc < 0)
		return -1;
	if (rc && has_memory(p))
		return read_other(c, p, err);
	drop_last(c);
	return 0;
}

/* Those of the list that were not there when the processes were listed first. */
static int newcomers(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC, .tag = TAG } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	uint64_t n;
	int rc = sv_capture_call(c, &call, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!rc) {
		c->obs->share.listed = false;
		return sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why, false,
			"whether processes that began meanwhile map frames of the selected", err);
	}
	t = sv_text_init(text.ptr, text.len, "");
	while (sv_text_line(&t, &line))
		if (sv_take_dec(&line, &n) && n <= INT32_MAX && !known_process(c, (pid_t)n) &&
			add_newcomer(c, (pid_t)n, err))
			return -1;
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* Kernel threads live in the first PID namespace: without one in the list others are hidden. */
static int listed_whole(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].kernel_thread) {
			c->obs->share.listed = true;
			return 0;
		}
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, "/proc", 0,
		"no kernel thread is listed: processes are hidden (hidepid), or this is a PID "
		"namespace of its own");
	return sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why, false,
		"whether processes that are not listed map frames of the selected", err);
}

static int keep_group(struct sv_capture *c, struct safevma_error *err)
{
	for (size_t i = 0; i < c->request->group_count; i++) {
		pid_t *slot = sv_vec_push(&c->obs->share.group);

		if (!slot)
			return sv_error_nomem(err);
		*slot = c->request->group[i];
	}
	return 0;
}

int sv_capture_share(struct sv_capture *c, struct safevma_error *err)
{
	c->obs->share.made = true;
	if (keep_group(c, err) || listed_whole(c, err) || frames_before(c, err))
		return -1;
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (add_other(c, &c->obs->processes.ptr[i], err))
			return -1;
	return newcomers(c, err);
}

static int by_number(const void *a, const void *b)
{
	const struct sv_process *const *x = a, *const *y = b;

	return ((*x)->pid > (*y)->pid) - ((*x)->pid < (*y)->pid);
}

static int find_twins(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_sharing *s = &c->obs->share;
	sv_auto_free struct sv_process **all = reallocarray(
		NULL, c->obs->processes.len + s->others.len + 1, sizeof(struct sv_process *));
	size_t n = 0;

	if (!all)
		return sv_error_nomem(err);
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].selected && c->obs->processes.ptr[i].pages.len)
			all[n++] = &c->obs->processes.ptr[i];
	for (size_t i = 0; i < s->others.len; i++)
		all[n++] = &s->others.ptr[i];
	qsort(all, n, sizeof(struct sv_process *), by_number);
	return sv_capture_find_twins(c, all, n, TAG, err);
}

int sv_capture_share_end(struct sv_capture *c, struct safevma_error *err)
{
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		const struct sv_process *p = &c->obs->processes.ptr[i];

		if (!p->selected)
			continue;
		if (keep_memory_maps(c, p, true, err))
			return -1;
		count_process(c, p);
	}
	return find_twins(c, err) || sv_capture_descriptors(c, err) ? -1 : 0;
}
