// SPDX-License-Identifier: LGPL-2.1-or-later
/* What events say, in order of their time: address spaces that change, tasks, faults. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "faults.h"

struct sv_space *sv_faults_space(struct sv_following *f, pid_t pid)
{
	struct sv_space *s;

	for (size_t i = f->spaces.len; i-- > 0;)
		if (f->spaces.ptr[i].pid == pid)
			return &f->spaces.ptr[i];
	s = sv_vec_push(&f->spaces);
	if (s)
		*s = (struct sv_space) { .pid = pid, .comm = SV_NO_STRING };
	return s;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* 0; 1: malformed, *why; -1. */
static int areas_of(struct sv_following *f, const struct sv_strbuf *text, struct sv_areas *ret,
	struct safevma_error *why)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "maps");
	struct sv_maps_entry e;
	int rc;

	while ((rc = sv_maps_next(&t, &e, why)) > 0) {
		struct sv_area *a = sv_vec_push(ret);

		if (!a)
			return sv_error_nomem(f->err);
		*a = (struct sv_area) { .start = e.start,
			.end = e.end,
			.offset = e.offset,
			.inode = e.inode,
			.perms = e.perms,
			.path = sv_faultlog_string(&f->c->obs->faults, e.path.ptr, e.path.len) };
		if (a->path == SV_NO_STRING)
			return sv_error_nomem(f->err);
	}
	return rc ? 1 : 0;
}

/* A process that ended takes its addresses with it: they stay as events told them. */
int sv_faults_read_maps(struct sv_following *f, struct sv_space *s)
{
	char tag[40];
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = s->pid, .tag = tag };
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = s->pid, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 }, nothing = { 0 };
	struct sv_areas fresh = { 0 };
	struct safevma_error why;
	int rc;

	snprintf(tag, sizeof(tag), "faults.%llu", (unsigned long long)f->drains);
	s->read_ns = f->now_ns;
	rc = sv_capture_call(f->c, &pin, &nothing, &why, f->err);
	if (rc > 0)
		rc = sv_capture_text(f->c, &place, &text, &why, f->err);
	if (rc < 0)
		return -1;
	if (!rc && !sv_is_gone(&why))
		return sv_gap_add(f->c->obs, SV_IFACE_MAPS, s->pid, &why, true, f->err);
	if (!rc || !text.len) {
		s->gone = true;
		return 0;
	}
	rc = areas_of(f, &text, &fresh, &why);
	if (!rc && sv_space_fill(s, &fresh))
		rc = sv_error_nomem(f->err);
	sv_vec_fini(&fresh);
	if (rc > 0)
		return sv_gap_add(f->c->obs, SV_IFACE_MAPS, s->pid, &why, true, f->err);
	return rc;
}

/* ---- records --------------------------------------------------------------------------------- */

static int take_mapping(struct sv_following *f, const struct sv_perf_record *r)
{
	struct sv_space *s = sv_faults_space(f, r->pid);
	/* Anonymous memory has this name here and none in maps. */
	bool anonymous = sv_span_is(r->name, "//anon");
	struct sv_area a = { .start = r->start,
		.end = r->end,
		.offset = r->offset,
		.inode = r->inode,
		.perms = r->perms,
		.by_event = true,
		.path = sv_faultlog_string(&f->c->obs->faults, anonymous ? "" : r->name.ptr,
			anonymous ? 0 : r->name.len) };

	if (!s || a.path == SV_NO_STRING)
		return sv_error_nomem(f->err);
	s->begins = false;
	return a.start < a.end && sv_space_put(s, &a) ? sv_error_nomem(f->err) : 0;
}

static int take_name(struct sv_following *f, const struct sv_perf_record *r)
{
	struct sv_space *s = sv_faults_space(f, r->pid);
	struct sv_fault_process *p;

	if (!s)
		return sv_error_nomem(f->err);
	if (r->exec)
		sv_space_forget(s);
	s->begins |= r->exec;
	if (r->pid != r->tid)
		return 0;
	s->comm = sv_faultlog_string(&f->c->obs->faults, r->name.ptr, r->name.len);
	p = sv_faultlog_process(&f->c->obs->faults, r->pid);
	if (s->comm == SV_NO_STRING || !p)
		return sv_error_nomem(f->err);
	p->comm = s->comm;
	return 0;
}

static int take_fork(struct sv_following *f, const struct sv_perf_record *r)
{
	struct sv_fault_process *p;
	struct sv_space *s, *parent;

	f->tasks++;
	if (r->pid == r->ppid)
		return 0; /* a thread */
	p = sv_faultlog_process(&f->c->obs->faults, r->pid);
	s = sv_faults_space(f, r->pid);
	if (!p || !s)
		return sv_error_nomem(f->err);
	p->followed = true;
	parent = sv_faults_space(f, r->ppid);
	s = sv_faults_space(f, r->pid); /* again: making the parent's may have moved it */
	if (!parent || sv_space_copy(s, parent))
		return sv_error_nomem(f->err);
	s->begins = false;
	p->comm = s->comm;
	return 0;
}

/*
 * An exec that changes rights, or of a file that may not be read, ends events without ending the
 * process (begin_new_exec()): that is an exit before the first mapping of the new program.
 */
static int take_exit(struct sv_following *f, const struct sv_perf_record *r)
{
	struct sv_space *s = sv_faults_space(f, r->pid);
	struct safevma_error why;

	f->tasks -= f->tasks > 0;
	if (!s)
		return sv_error_nomem(f->err);
	if (!s->begins || r->pid != r->tid)
		return 0;
	s->begins = false;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, EACCES, NULL, 0,
		"the kernel took the events away: it runs a program with other rights "
		"(set-user-ID, "
		"capabilities), or one that may not be read");
	return sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, r->pid, &why, true,
		"every fault from then on, its own and those of its children", f->err);
}

/*
 * A thread that was made while events were opened may have inherited those of who made it, and have
 * its own as well: only its own count.
 */
static bool counts(const struct sv_following *f, const struct sv_event_id *id, pid_t tid)
{
	return id->tid == tid ||
	       !bsearch(&tid, f->tids.ptr, f->tids.len, sizeof(tid), sv_compare_pids);
}

static bool event_of(const struct sv_following *f, uint64_t id, pid_t tid, size_t *ret)
{
	size_t lo = 0, hi = f->ids.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->ids.ptr[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == f->ids.len || f->ids.ptr[lo].id != id)
		return false;
	*ret = f->ids.ptr[lo].event;
	return counts(f, &f->ids.ptr[lo], tid);
}

static void place(struct sv_fault *to, const struct sv_area *a)
{
	to->placed = true;
	to->by_event = a->by_event;
	to->start = a->start;
	to->end = a->end;
	to->perms = a->perms;
	to->path = a->path;
	to->file = a->inode != 0; /* of other mappings events tell what is no offset */
	to->offset = a->offset + (to->addr - a->start);
}

static void place_code(const struct sv_space *s, struct sv_fault *to)
{
	const struct sv_area *a = to->kernel ? NULL : sv_space_find(s, to->ip);

	to->code = SV_NO_STRING;
	if (!a)
		return;
	to->code = a->path;
	to->code_offset = (a->inode ? a->offset : 0) + (to->ip - a->start);
}

static int take_sample(struct sv_following *f, const struct sv_perf_record *r)
{
	struct sv_faultlog *log = &f->c->obs->faults;
	struct sv_space *s = sv_faults_space(f, r->pid);
	struct sv_fault to = { .time_ns = r->time_ns,
		.addr = r->addr,
		.ip = r->ip,
		.pid = r->pid,
		.tid = r->tid,
		.kernel = r->kernel,
		.path = SV_NO_STRING };
	const struct sv_area *a;
	size_t event;

	if (!event_of(f, r->id, r->tid, &event))
		return 0;
	if (!s)
		return sv_error_nomem(f->err);
	log->events.ptr[event].sampled++;
	to.event = (uint32_t)event;
	to.kind = log->events.ptr[event].kind;
	to.comm = s->comm;
	a = sv_space_find(s, r->addr);
	if (a)
		place(&to, a);
	place_code(s, &to);
	if (to.kind != SV_FAULT_OTHER) {
		log->hit = true;
		if (sv_space_cause(s, a, r->addr, f->c->obs->host.page_size, &to.cause))
			return sv_error_nomem(f->err);
	}
	return sv_faultlog_add(log, &to, f->keep) ? sv_error_nomem(f->err) : 0;
}

static int take(struct sv_following *f, const struct sv_perf_record *r)
{
	switch (r->type) {
	case SV_PERF_SAMPLE:
		return take_sample(f, r);
	case SV_PERF_MMAP2:
		return take_mapping(f, r);
	case SV_PERF_COMM:
		return take_name(f, r);
	case SV_PERF_FORK:
		return take_fork(f, r);
	case SV_PERF_EXIT:
		return take_exit(f, r);
	case SV_PERF_LOST:
	case SV_PERF_LOST_SAMPLES:
		f->c->obs->faults.lost_records += r->lost;
		return 0;
	case SV_PERF_THROTTLE:
		f->c->obs->faults.throttled++;
		return 0;
	case SV_PERF_OTHER:
		break;
	}
	return 0;
}

/* ---- in order -------------------------------------------------------------------------------- */

struct pending {
	struct sv_perf_record record;
	const char *bytes;
	size_t len, order;
};

struct batch {
	struct pending *ptr;
	size_t len, cap;
};

static int by_time(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->record.time_ns != y->record.time_ns)
		return x->record.time_ns < y->record.time_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int parse_all(struct sv_following *f, const struct sv_strbuf *bytes, struct batch *ret)
{
	struct sv_span rest = { .ptr = bytes->ptr, .len = bytes->len };
	struct safevma_error why;
	struct pending *p;
	int rc = 1;

	while (rc > 0) {
		p = sv_vec_push(ret);
		if (!p)
			return sv_error_nomem(f->err);
		p->bytes = rest.ptr;
		p->order = ret->len;
		rc = sv_perf_next(&rest, &p->record, &why);
		p->len = (size_t)(rest.ptr - p->bytes);
	}
	ret->len--;
	if (!rc)
		return 0;
	return sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, 0, &why, true,
		"faults that the rest of these bytes told of", f->err);
}

/* An address that nothing is known of: its maps is read before it is told, if it lives. */
static int look_up(struct sv_following *f, const struct pending *p)
{
	struct sv_space *s;

	if (p->record.type != SV_PERF_SAMPLE)
		return 0;
	s = sv_faults_space(f, p->record.pid);
	if (!s)
		return sv_error_nomem(f->err);
	if (s->gone || s->read_ns == f->now_ns || sv_space_find(s, p->record.addr))
		return 0;
	return sv_faults_read_maps(f, s);
}

static int take_in_order(struct sv_following *f, const struct batch *b, bool over)
{
	for (size_t i = 0; i < b->len; i++) {
		const struct pending *p = &b->ptr[i];

		/* Others may still have something to say of the time before it. */
		if (!over && p->record.time_ns >= f->now_ns) {
			if (sv_strbuf_add(&f->late, p->bytes, p->len))
				return sv_error_nomem(f->err);
			continue;
		}
		if (look_up(f, p) || take(f, &p->record))
			return -1;
	}
	return 0;
}

int sv_faults_take(struct sv_following *f, const struct sv_strbuf *bytes, bool over)
{
	sv_auto_strbuf struct sv_strbuf all = f->late;
	struct batch b = { 0 };
	int rc;

	f->late = (struct sv_strbuf) { 0 };
	if (bytes->len && sv_strbuf_add(&all, bytes->ptr, bytes->len))
		return sv_error_nomem(f->err);
	if (!all.len)
		return 0;
	rc = parse_all(f, &all, &b);
	if (b.len)
		qsort(b.ptr, b.len, sizeof(*b.ptr), by_time);
	if (!rc)
		rc = take_in_order(f, &b, over);
	sv_vec_fini(&b);
	return rc;
}
