// SPDX-License-Identifier: LGPL-2.1-or-later
/* Page faults as they happen: keeping the time, and what the kernel counted. */
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { KEEP = 200000 };

static const uint64_t look_every_ns = 1000000000;

/* ---- the address spaces at the start --------------------------------------------------------- */

static int begin_space(struct sv_following *f, const struct sv_process *p)
{
	struct sv_space *s = sv_faults_space(f, p->pid);
	struct sv_faultlog *log = &f->c->obs->faults;

	if (!s || !sv_faultlog_process(log, p->pid))
		return sv_error_nomem(f->err);
	s->comm = sv_faultlog_string(log, p->comm.ptr ? p->comm.ptr : "", p->comm.len);
	if (s->comm == SV_NO_STRING)
		return sv_error_nomem(f->err);
	s->before = p;
	s->known = sv_process_was_read(p);
	for (size_t i = 0; i < p->vmas.len; i++)
		s->known &= p->vmas.ptr[i].pages_read;
	return f->c->command ? 0 : sv_faults_read_maps(f, s);
}

static int begin_spaces(struct sv_following *f)
{
	for (size_t i = 0; i < f->c->obs->processes.len; i++)
		if (f->c->obs->processes.ptr[i].selected &&
			begin_space(f, &f->c->obs->processes.ptr[i]))
			return -1;
	return 0;
}

/* ---- the kernel's own counts ----------------------------------------------------------------- */

/* 1, 0: it is not there any more, or a gap was noted; -1. */
static int count_of(
	struct sv_following *f, struct sv_process *p, const char *when, struct sv_stat *ret)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_stat(f->c, p->pid, when, &text, ret, &why, f->err);

	if (rc < 0 || (!rc && why.code != SAFEVMA_E_FORMAT))
		return rc;
	if (!rc)
		return sv_gap_add(f->c->obs, SV_IFACE_STAT, p->pid, &why, false, f->err);
	return ret->start_ticks == p->start_ticks;
}

/* first: what was counted up to now; else the difference to that. */
static int count_all(struct sv_following *f, bool first)
{
	safevma_observation *obs = f->c->obs;

	for (size_t i = 0; i < obs->processes.len; i++) {
		struct sv_process *p = &obs->processes.ptr[i];
		struct sv_fault_process *to;
		struct sv_stat s;
		int rc;

		if (!p->selected)
			continue;
		rc = count_of(f, p, first ? "faults.begin" : "faults.end", &s);
		to = rc >= 0 ? sv_faultlog_process(&obs->faults, p->pid) : NULL;
		if (!to)
			return rc < 0 ? -1 : sv_error_nomem(f->err);
		to->ended = !rc;
		if (!rc) {
			to->minor = to->major = (struct sv_num) { 0 };
			continue;
		}
		to->minor = first ? sv_known(s.minflt) : sv_known(s.minflt - to->minor.value);
		to->major = first ? sv_known(s.majflt) : sv_known(s.majflt - to->major.value);
	}
	return 0;
}

static void add_count(struct sv_num *sum, uint64_t n)
{
	*sum = sv_known(sum->value + n);
}

/* Faults on a CPU that came online later are neither sampled nor counted. */
static int check_cpus(struct sv_following *f, const struct sv_strbuf *text)
{
	struct sv_num watched = sv_note_number(text, "cpus_watched"),
		      online = sv_note_number(text, "cpus_online");
	struct safevma_error why;

	if (!watched.known || !watched.value || !online.known || online.value <= watched.value)
		return 0;
	sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
		"%llu CPUs are online, events were opened on %llu",
		(unsigned long long)online.value, (unsigned long long)watched.value);
	return sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, 0, &why, true,
		"faults on CPUs that came online later", f->err);
}

static int read_counts(struct sv_following *f)
{
	struct sv_call call = { .op = SV_OP_PERF_COUNT,
		.place = { .iface = SV_IFACE_PERF, .tag = "faults" } };
	struct sv_faultlog *log = &f->c->obs->faults;
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	bool end = false;
	int rc = sv_capture_call(f->c, &call, &text, &why, f->err);

	if (rc <= 0)
		return rc ? -1 : sv_gap_add(f->c->obs, SV_IFACE_PERF, 0, &why, true, f->err);
	if (check_cpus(f, &text))
		return -1;
	for (size_t i = 0; i < log->events.len; i++)
		log->events.ptr[i].counted = log->events.ptr[i].lost = sv_known(0);
	t = sv_text_init(text.ptr, text.len, "perf");
	while (sv_text_line(&t, &line)) {
		uint64_t event, tid, n, lost;

		end |= sv_span_is(line, "end");
		if (!sv_take_lit(&line, "count ") || !sv_take_dec(&line, &event) ||
			!sv_take_lit(&line, " ") || !sv_take_dec(&line, &tid) ||
			!sv_take_lit(&line, " ") || !sv_take_dec(&line, &n) ||
			!sv_take_lit(&line, " ") || !sv_take_dec(&line, &lost) ||
			event >= log->events.len)
			continue;
		add_count(&log->events.ptr[event].counted, n);
		add_count(&log->events.ptr[event].lost, lost);
	}
	if (end)
		return 0;
	for (size_t i = 0; i < log->events.len; i++)
		log->events.ptr[i].counted.known = false;
	sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "perf", 0, "expected counts up to a line 'end'");
	return sv_gap_add_cost(
		f->c->obs, SV_IFACE_PERF, 0, &why, true, "whether every fault was seen", f->err);
}

/* ---- the time -------------------------------------------------------------------------------- */

static int begin(struct sv_following *f)
{
	struct sv_call call = { .op = SV_OP_PERF_START,
		.place = { .iface = SV_IFACE_PERF, .tag = "faults" } };
	struct sv_faultlog *log = &f->c->obs->faults;
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(f->c, &call, &text, &why, f->err);

	if (rc < 0)
		return -1;
	log->start_monotonic_ns = sv_note_number(&text, "monotonic_ns").value;
	log->start_boottime_ns = sv_note_number(&text, "boottime_ns").value;
	f->now_ns = f->looked_ns = log->start_monotonic_ns;
	if (rc && log->start_monotonic_ns)
		return 1;
	if (rc)
		sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "perf", 0, "expected 'monotonic_ns'");
	if (f->c->command && why.code == SAFEVMA_E_SYSTEM && why.errnum)
		return sv_error_set(f->err, SAFEVMA_E_SYSTEM, why.errnum, NULL, 0,
			"run the command: %s", strerror(why.errnum));
	return sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, 0, &why, true, "every fault", f->err) ? -1
											       : 0;
}

/* Those that were forked meanwhile may outlive who forked them. */
static int children_left(struct sv_following *f, const char *tag, bool *ret)
{
	const struct sv_faultlog *log = &f->c->obs->faults;

	for (size_t i = 0; i < log->processes.len && !*ret; i++) {
		sv_auto_strbuf struct sv_strbuf text = { 0 };
		struct safevma_error why;
		struct sv_stat s;
		int rc = 0;

		if (log->processes.ptr[i].followed)
			rc = sv_capture_stat(
				f->c, log->processes.ptr[i].pid, tag, &text, &s, &why, f->err);
		if (rc < 0)
			return -1;
		*ret = rc && s.state != 'Z' && s.state != 'X';
	}
	return 0;
}

/* Events that say so can be lost; whoever is looked at is looked for now and then. */
static int some_left(struct sv_following *f, bool *ret)
{
	char tag[32];

	*ret = true;
	if (f->now_ns - f->looked_ns < look_every_ns && f->tasks)
		return 0;
	f->looked_ns = f->now_ns;
	snprintf(tag, sizeof(tag), "faults.alive.%llu", (unsigned long long)f->drains);
	for (size_t i = 0; i < f->c->obs->processes.len; i++) {
		struct sv_process *p = &f->c->obs->processes.ptr[i];
		struct sv_stat s;
		int rc = p->selected ? count_of(f, p, tag, &s) : 0;

		if (rc < 0)
			return -1;
		if (rc && s.state != 'Z' && s.state != 'X')
			return 0;
	}
	*ret = f->c->command != 0; /* the root knows of its end */
	return f->c->command ? 0 : children_left(f, tag, ret);
}

/* 1: go on; 0: it is over; -1. stop: the last one. */
static int drain(struct sv_following *f, const volatile int *stop)
{
	const struct safevma_window *w = &f->c->request->window;
	struct sv_faultlog *log = &f->c->obs->faults;
	struct sv_wait wait = {
		.end_ns = w->duration_ms ? log->start_boottime_ns + w->duration_ms * 1000000 : 0,
		.stop = stop
	};
	char tag[32];
	struct sv_call call = { .op = SV_OP_PERF_DRAIN,
		.place = { .iface = SV_IFACE_PERF, .tag = tag },
		.wait = &wait };
	sv_auto_strbuf struct sv_strbuf bytes = { 0 };
	struct safevma_error why;
	uint64_t head[3];
	int rc;

	snprintf(tag, sizeof(tag), "faults.%llu", (unsigned long long)f->drains++);
	rc = sv_capture_call(f->c, &call, &bytes, &why, f->err);
	if (rc > 0 && bytes.len < sizeof(head))
		rc = sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "perf", 0, "expected three words") + 1;
	if (rc <= 0)
		return rc ? -1
			  : sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, 0, &why, true,
				    "faults from here on", f->err);
	memcpy(head, bytes.ptr, sizeof(head));
	f->now_ns = head[1];
	bytes.len -= sizeof(head);
	memmove(bytes.ptr, bytes.ptr + sizeof(head), bytes.len);
	if (sv_faults_take(f, &bytes, head[0]))
		return -1;
	return !head[0];
}

/* Who is told gets the rows; they are dropped then, or an hour of faults would not fit anywhere. */
static int tell(struct sv_following *f, bool *stop)
{
	const struct safevma_window *w = &f->c->request->window;
	struct sv_faultlog *log = &f->c->obs->faults;

	*stop = false;
	if (!w->each)
		return 0;
	*stop = w->each(f->c->obs, w->arg) != 0;
	log->told += log->faults.len;
	log->faults.len = 0;
	return 0;
}

static int follow(struct sv_following *f)
{
	const volatile int now = 1;
	bool stop = false, left = true;
	int rc = 1;

	while (rc > 0) {
		bool last = stop || !left ||
			    (f->c->request->faults.until_fault && f->c->obs->faults.hit);

		rc = drain(f, last ? &now : f->c->request->window.stop);
		if (rc < 0 || tell(f, &stop) || some_left(f, &left))
			return -1;
		if (last)
			return 0;
	}
	return rc;
}

static int command_end(struct sv_following *f)
{
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = "command.end" } };
	struct sv_faultlog *log = &f->c->obs->faults;
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc;

	if (!f->c->command)
		return 0;
	log->command = sv_known((uint64_t)f->c->command);
	rc = sv_capture_call(f->c, &call, &text, &why, f->err);
	if (rc <= 0)
		return rc;
	log->command_status = sv_note_number(&text, "status");
	log->command_signal = sv_note_number(&text, "signal");
	return 0;
}

/* ---- what cannot be seen --------------------------------------------------------------------- */

static int limits(struct sv_following *f)
{
	safevma_observation *obs = f->c->obs;

	if (sv_gap_add_standing(obs, SV_IFACE_PERF,
		    "faults that the kernel resolves for a process without its running "
		    "(get_user_pages: mlock, MAP_POPULATE, ptrace, some I/O) give no event",
		    "these faults; they are in the counts of stat", f->err) ||
		sv_gap_add_standing(obs, SV_IFACE_PERF,
			"munmap and mremap give no event: between two readings of maps an address "
			"may be told of the mapping that was there before",
			"the mapping of an address just after it was unmapped or moved", f->err))
		return -1;
	if (obs->faults.kernel || !obs->faults.threads)
		return 0;
	return sv_gap_add_standing(obs, SV_IFACE_PERF,
		"faults taken inside system calls are left out: they need "
		"kernel.perf_event_paranoid below 2, or CAP_PERFMON",
		"faults taken by the kernel on behalf of the process", f->err);
}

static int run(struct sv_following *f)
{
	struct sv_faultlog *log = &f->c->obs->faults;
	int rc;

	if (sv_faults_open(f))
		return -1;
	if (!f->ids.len)
		return limits(f);
	if (count_all(f, true))
		return -1;
	rc = begin(f);
	if (rc <= 0)
		return rc;
	log->made = true;
	if (begin_spaces(f) || follow(f))
		return -1;
	log->end_monotonic_ns = f->now_ns;
	return read_counts(f) || count_all(f, false) || command_end(f) || limits(f) ? -1 : 0;
}

int sv_capture_faults(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_following f = { .c = c, .err = err };
	int rc;

	c->obs->faults.until_fault = c->request->faults.until_fault;
	f.keep = c->request->faults.keep ? c->request->faults.keep : KEEP;
	rc = sv_faults_choose(&f) || run(&f) ? -1 : 0;
	sv_faultlog_sort(&c->obs->faults);
	for (size_t i = 0; i < f.spaces.len; i++)
		sv_space_fini(&f.spaces.ptr[i]);
	sv_vec_fini(&f.spaces);
	sv_vec_fini(&f.events);
	sv_vec_fini(&f.ids);
	sv_vec_fini(&f.tids);
	sv_strbuf_fini(&f.late);
	return rc;
}
