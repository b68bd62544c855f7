// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which events, and opening them for every thread that there is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "faults.h"

enum { LISTINGS = 8 };

static const char *const usual[] = { "perf::MINOR-FAULTS", "perf::MAJOR-FAULTS" };

/* ---- which events ---------------------------------------------------------------------------- */

static enum sv_fault_kind kind_of(const struct sv_perf_event *e)
{
	static const enum sv_fault_kind kinds[] = {
		[2] = SV_FAULT_ANY, [5] = SV_FAULT_MINOR, [6] = SV_FAULT_MAJOR
	}; /* PERF_COUNT_SW_PAGE_FAULTS, _MIN, _MAJ */

	return sv_perf_event_is_fault(e) ? kinds[e->config] : SV_FAULT_OTHER;
}

static int add_event(struct sv_following *f, const char *name)
{
	struct sv_perf_event *e = sv_vec_push(&f->events);
	struct sv_fault_event *to = sv_vec_push(&f->c->obs->faults.events);

	if (!e || !to)
		return sv_error_nomem(f->err);
	if (sv_perf_event_find(name, e, f->err))
		return -1;
	snprintf(to->name, sizeof(to->name), "%s", e->name);
	to->kind = kind_of(e);
	to->each = e->period == 1;
	return 0;
}

int sv_faults_choose(struct sv_following *f)
{
	const struct safevma_faults_request *q = &f->c->request->faults;
	size_t n = q->events_count ? q->events_count : sv_array_size(usual);

	for (size_t i = 0; i < n; i++)
		if (add_event(f, q->events_count ? q->events[i] : usual[i]))
			return -1;
	return 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int why_gap(
	struct sv_following *f, pid_t pid, int errnum, const char *event, const char *costs)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_SYSTEM, errnum, NULL, 0, "open the event '%s': %s", event,
		strerror(errnum));
	if (errnum == EACCES || errnum == EPERM)
		sv_error_set(&why, SAFEVMA_E_SYSTEM, errnum, NULL, 0,
			"open the event '%s': %s: of one's own processes it needs "
			"kernel.perf_event_paranoid of at most 2, of others CAP_PERFMON",
			event, strerror(errnum));
	return sv_gap_add_cost(f->c->obs, SV_IFACE_PERF, pid, &why, true, costs, f->err);
}

static int take_line(struct sv_following *f, struct sv_span line)
{
	struct sv_faultlog *log = &f->c->obs->faults;
	uint64_t a, b, n;

	if (sv_take_lit(&line, "id ") && sv_take_dec(&line, &a) && sv_take_lit(&line, " ") &&
		sv_take_dec(&line, &b) && b < f->events.len && sv_take_lit(&line, " ") &&
		sv_take_dec(&line, &n)) {
		struct sv_event_id *id = sv_vec_push(&f->ids);

		if (!id)
			return sv_error_nomem(f->err);
		*id = (struct sv_event_id) { .id = a, .event = (size_t)b, .tid = (pid_t)n };
	} else if (sv_take_lit(&line, "thread ") && sv_take_dec(&line, &a) &&
		   sv_take_lit(&line, " ") && sv_take_dec(&line, &b) && sv_take_lit(&line, " ") &&
		   sv_take_dec(&line, &n) && n < f->events.len) {
		if (b == ESRCH) /* it ended meanwhile */
			return 0;
		log->threads++;
		log->threads_failed += b != 0;
		f->tasks += !b;
		return b ? why_gap(f, (pid_t)a, (int)b, f->events.ptr[n].name,
				   "faults of this thread")
			 : 0;
	}
	return 0;
}

static int open_some(struct sv_following *f, const pid_t *tids, size_t n, bool on_exec, size_t turn)
{
	struct sv_perf_request q = { .events = f->events.ptr,
		.events_count = f->events.len,
		.tids = tids,
		.tids_count = n,
		.on_exec = on_exec };
	char tag[24];
	struct sv_call call = {
		.op = SV_OP_PERF_OPEN, .place = { .iface = SV_IFACE_PERF, .tag = tag }, .perf = &q
	};
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	int rc;

	snprintf(tag, sizeof(tag), "faults.%zu", turn);
	rc = sv_capture_call(f->c, &call, &text, &why, f->err);
	if (rc <= 0)
		return rc ? -1 : sv_gap_add(f->c->obs, SV_IFACE_PERF, 0, &why, true, f->err);
	t = sv_text_init(text.ptr, text.len, "perf");
	while (sv_text_line(&t, &line))
		if (take_line(f, line))
			return -1;
	f->c->obs->faults.kernel = sv_note_number(&text, "kernel").value;
	f->c->obs->faults.ring_bytes = sv_note_number(&text, "ring_bytes").value;
	return 0;
}

static bool was_opened(const struct sv_following *f, pid_t tid)
{
	for (size_t i = 0; i < f->tids.len; i++)
		if (f->tids.ptr[i] == tid)
			return true;
	return false;
}

/* Threads that are there and were not seen before; their number is added to *fresh. */
static int list_new(struct sv_following *f, pid_t pid, size_t turn, size_t *fresh)
{
	char tag[24];
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = pid, .tag = tag } };
	struct sv_call call = { .op = SV_OP_LIST,
		.place = { .iface = SV_IFACE_TASK, .pid = pid, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	uint64_t n;
	int rc;

	snprintf(tag, sizeof(tag), "faults.%zu", turn);
	rc = sv_capture_call(f->c, &pin, &text, &why, f->err);
	text.len = 0;
	if (rc > 0)
		rc = sv_capture_call(f->c, &call, &text, &why, f->err);
	if (rc <= 0)
		return rc ? -1 : sv_gap_add(f->c->obs, SV_IFACE_TASK, pid, &why, true, f->err);
	t = sv_text_init(text.ptr, text.len, "task");
	while (sv_text_line(&t, &line)) {
		pid_t *slot;

		if (!sv_take_dec(&line, &n) || n > INT32_MAX || was_opened(f, (pid_t)n))
			continue;
		slot = sv_vec_push(&f->tids);
		if (!slot)
			return sv_error_nomem(f->err);
		*slot = (pid_t)n;
		++*fresh;
	}
	return 0;
}

/*
 * Threads inherit events from the one that made them. One that is made while the list is gone
 * through, by a thread whose turn has not come, is found by listing until nobody new is there.
 */
static int open_all(struct sv_following *f)
{
	const safevma_observation *obs = f->c->obs;

	for (size_t turn = 0; turn < LISTINGS; turn++) {
		size_t fresh = 0, begin = f->tids.len;

		for (size_t i = 0; i < obs->processes.len; i++)
			if (obs->processes.ptr[i].selected &&
				!obs->processes.ptr[i].kernel_thread &&
				list_new(f, obs->processes.ptr[i].pid, turn, &fresh))
				return -1;
		if (!fresh)
			return 0;
		if (open_some(f, f->tids.ptr + begin, fresh, f->c->command, turn))
			return -1;
	}
	return why_gap(f, 0, EAGAIN, f->events.ptr[0].name,
		"faults of threads that were made while events were opened");
}

static int by_id(const void *a, const void *b)
{
	const struct sv_event_id *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int sv_faults_open(struct sv_following *f)
{
	if (open_all(f))
		return -1;
	if (f->ids.len)
		qsort(f->ids.ptr, f->ids.len, sizeof(*f->ids.ptr), by_id);
	if (f->tids.len)
		qsort(f->tids.ptr, f->tids.len, sizeof(*f->tids.ptr), sv_compare_pids);
	return 0;
}
