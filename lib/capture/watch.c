// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Watching: the selected processes look by look, with the kernel's counters beside them. smaps is
 * read once, before the first look; in the loop nothing is read that holds a lock for long.
 */
#include "watch.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "iface/psi.h"
#include "iface/sysfiles.h"

static const uint64_t ns_of_ms = 1000000;

struct watching {
	sv_vec(struct sv_watch) processes;
	sv_vec(pid_t) pids; /* all, at the last look; in order */
	struct sv_observed_cost cost;
};

/* Beyond it the list would grow for as long as somebody watches. */
enum { CHANGES_AT_MOST = 100000 };

static int copy_path(struct sv_change *change, struct sv_span path)
{
	if (!path.ptr)
		return 0;
	change->path = strndup(path.ptr, path.len);
	return change->path ? 0 : -1;
}

int sv_watch_change(struct sv_capture *c, struct sv_watch *w, struct sv_look_now *look,
	const struct sv_change *change, struct sv_span path, struct safevma_error *err)
{
	struct sv_series *s = &c->obs->series;
	struct sv_watched *watched = &s->watched.ptr[w->watched];
	struct sv_change *to;

	watched->counts[change->kind] += change->pages.known ? change->pages.value : 1;
	look->changes++;
	if (s->changes.len >= CHANGES_AT_MOST) {
		s->dropped++;
		return 0;
	}
	to = sv_vec_push(&s->changes);
	if (!to)
		return sv_error_nomem(err);
	*to = *change;
	to->boottime_ns = look->boottime_ns;
	to->look = look->number;
	to->pid = watched->pid;
	to->path = NULL;
	return copy_path(to, path) ? sv_error_nomem(err) : 0;
}

/* ---- children -------------------------------------------------------------------------------- */

static struct sv_watch *watched_parent(struct watching *all, int64_t ppid)
{
	for (size_t i = 0; i < all->processes.len; i++)
		if (all->processes.ptr[i].process->pid == ppid)
			return &all->processes.ptr[i];
	return NULL;
}

/* Whose child is the process that was not there at the last look? */
static int look_at_new(struct sv_capture *c, struct watching *all, pid_t pid,
	struct sv_look_now *look, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_change change = { .kind = SV_CHANGE_CHILD, .after = sv_known((uint64_t)pid) };
	struct safevma_error why;
	struct sv_watch *parent;
	struct sv_stat s;
	int rc = sv_capture_stat(c, pid, look->tag, &text, &s, &why, err);

	if (rc < 0)
		return -1;
	if (!rc && sv_is_gone(&why))
		return 0; /* who waited for it is told by the faults of its children */
	if (!rc)
		return sv_gap_add_cost(
			c->obs, SV_IFACE_STAT, pid, &why, true, "whose child it is", err);
	parent = watched_parent(all, s.ppid);
	return parent ? sv_watch_change(c, parent, look, &change, s.comm, err) : 0;
}

static int parse_pids(const struct sv_strbuf *text, struct watching *ret)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "");
	struct sv_span line;
	uint64_t n;

	ret->pids.len = 0;
	while (sv_text_line(&t, &line)) {
		pid_t *slot;

		if (!sv_take_dec(&line, &n) || n > INT32_MAX)
			continue;
		slot = sv_vec_push(&ret->pids);
		if (!slot)
			return -1;
		*slot = (pid_t)n;
	}
	if (ret->pids.len)
		qsort(ret->pids.ptr, ret->pids.len, sizeof(pid_t), sv_compare_pids);
	return 0;
}

static int look_at_all_new(struct sv_capture *c, struct watching *all, const struct watching *now,
	struct sv_look_now *look, struct safevma_error *err)
{
	for (size_t i = 0; i < now->pids.len; i++) {
		pid_t pid = now->pids.ptr[i];

		if (bsearch(&pid, all->pids.ptr, all->pids.len, sizeof(pid), sv_compare_pids))
			continue;
		if (look_at_new(c, all, pid, look, err))
			return -1;
	}
	return 0;
}

/* A list that lacks a process that lives is not whole: its children may be missing as well. */
static int find_watched(struct sv_capture *c, const struct watching *now, struct safevma_error *err)
{
	struct safevma_error why;

	for (size_t i = 0; i < c->obs->series.watched.len; i++) {
		const struct sv_watched *w = &c->obs->series.watched.ptr[i];

		if (w->ended || bsearch(&w->pid, now->pids.ptr, now->pids.len, sizeof(pid_t),
					sv_compare_pids))
			continue;
		sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "/proc", 0,
			"expected every process, got a list without %d, which was just looked at",
			w->pid);
		return sv_gap_add_cost(
			c->obs, SV_IFACE_PROC, 0, &why, true, "children that were forked", err);
	}
	return 0;
}

static int look_for_children(struct sv_capture *c, struct watching *all, struct sv_look_now *look,
	struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST,
		.place = { .iface = SV_IFACE_PROC, .tag = look->tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct watching now = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &text, &why, err);

	if (!rc)
		return sv_gap_add_cost(
			c->obs, SV_IFACE_PROC, 0, &why, true, "children that were forked", err);
	if (rc > 0)
		rc = parse_pids(&text, &now) ? sv_error_nomem(err) : 0;
	if (!rc)
		rc = find_watched(c, &now, err);
	if (!rc && all->pids.len)
		rc = look_at_all_new(c, all, &now, look, err);
	sv_vec_fini(&all->pids);
	all->pids.ptr = now.pids.ptr;
	all->pids.len = now.pids.len;
	all->pids.cap = now.pids.cap;
	return rc;
}

/* ---- the kernel's counters ------------------------------------------------------------------- */

static int read_psi(struct sv_capture *c, const struct sv_look_now *now, struct sv_look *look,
	struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PRESSURE_MEMORY, .tag = now->tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_psi psi;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !sv_psi_parse(sv_text_init(text.ptr, text.len, "pressure"), &psi, &why)) {
		look->counters[SV_COUNTER_PSI_SOME] = psi.some.total_us;
		look->counters[SV_COUNTER_PSI_FULL] = psi.full.total_us;
		return 0;
	}
	return sv_gap_add(c->obs, SV_IFACE_PRESSURE_MEMORY, 0, &why, false, err);
}

/* allocstall is one number up to 4.9 and one for each zone since. */
static int read_vmstat(struct sv_capture *c, const struct sv_look_now *now, struct sv_look *look,
	struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_VMSTAT, .tag = now->tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_keyval kv;
	struct sv_text t;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	t = sv_text_init(text.ptr, text.len, "vmstat");
	while (rc > 0 && (rc = sv_vmstat_next(&t, &kv, &why)) > 0) {
		struct sv_span key = kv.key;

		if (sv_take_lit(&key, "allocstall")) {
			struct sv_num *n = &look->counters[SV_COUNTER_ALLOCSTALL];

			*n = sv_known(n->value + kv.value);
			continue;
		}
		for (size_t i = SV_COUNTER_SCAN_DIRECT; i < SV_COUNTER_COUNT; i++)
			if (sv_span_is(kv.key, sv_counter_name(i)))
				look->counters[i] = sv_known(kv.value);
	}
	if (!rc && text.len)
		return 0;
	if (!text.len && !rc)
		return sv_gap_add(c->obs, SV_IFACE_VMSTAT, 0, &why, false, err);
	return sv_error_fatal(&why) ? sv_error_pass(err, &why)
				    : sv_gap_add(c->obs, SV_IFACE_VMSTAT, 0, &why, false, err);
}

/* ---- cost ------------------------------------------------------------------------------------ */

static int ask_cost(struct sv_capture *c, const char *when, struct sv_observed_cost *ret,
	struct sv_num *longest_us, struct safevma_error *err)
{
	char tag[40];
	struct sv_call call = { .op = SV_OP_NOTE, .place = { .iface = SV_IFACE_PROC, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc;

	snprintf(tag, sizeof(tag), "cost.%s", when);
	rc = sv_capture_call(c, &call, &text, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return sv_gap_add_cost(
			c->obs, SV_IFACE_PROC, 0, &why, false, "what the looks cost", err);
	*ret = (struct sv_observed_cost) { .cpu_us = sv_note_number(&text, "cpu_us"),
		.bytes_read = sv_note_number(&text, "bytes_read"),
		.lock_reads = sv_note_number(&text, "lock_reads") };
	*longest_us = sv_note_number(&text, "longest_since_us");
	return 0;
}

static int read_cost(struct sv_capture *c, struct watching *all, const struct sv_look_now *now,
	struct sv_look *look, struct safevma_error *err)
{
	struct sv_observed_cost k = { 0 };

	if (ask_cost(c, now->tag, &k, &look->longest_read_us, err))
		return -1;
	look->cpu_us = sv_num_since(k.cpu_us, all->cost.cpu_us);
	look->bytes_read = sv_num_since(k.bytes_read, all->cost.bytes_read);
	look->lock_reads = sv_num_since(k.lock_reads, all->cost.lock_reads);
	all->cost = k;
	return 0;
}

/* ---- a look, and the next ------------------------------------------------------------------- */

static int clock_of(struct sv_capture *c, const char *what, const struct sv_look_now *now,
	uint64_t *ret, struct safevma_error *err)
{
	struct sv_times t = { 0 };
	struct safevma_error why;
	char tag[48];

	snprintf(tag, sizeof(tag), "clock.%s.%s", what, now->tag);
	if (sv_capture_clock(c, tag, &t, err))
		return -1;
	*ret = t.boottime_ns;
	if (t.boottime_ns)
		return 0;
	sv_error_set(&why, SAFEVMA_E_FORMAT, 0, tag, 0, "expected 'boottime_ns' above 0");
	return sv_gap_add_cost(
		c->obs, SV_IFACE_PROC, 0, &why, true, "when the looks were made", err);
}

static int look_at_each(struct sv_capture *c, struct watching *all, struct sv_look_now *now,
	struct safevma_error *err)
{
	for (size_t i = 0; i < all->processes.len; i++)
		if (sv_watch_look(c, &all->processes.ptr[i], now, err))
			return -1;
	return look_for_children(c, all, now, err);
}

static int look(struct sv_capture *c, struct watching *all, struct safevma_error *err)
{
	struct sv_series *s = &c->obs->series;
	struct sv_look_now now = { .number = s->looks.len };
	struct sv_look *entry = sv_vec_push(&s->looks);
	uint64_t end;

	if (!entry)
		return sv_error_nomem(err);
	snprintf(now.tag, sizeof(now.tag), "watch.%zu", now.number);
	if (clock_of(c, "begin", &now, &now.boottime_ns, err) || look_at_each(c, all, &now, err) ||
		read_psi(c, &now, entry, err) || read_vmstat(c, &now, entry, err) ||
		clock_of(c, "end", &now, &end, err) || read_cost(c, all, &now, entry, err))
		return -1;
	entry->boottime_ns = now.boottime_ns;
	if (end >= now.boottime_ns && now.boottime_ns)
		entry->took_us = sv_known((end - now.boottime_ns) / 1000);
	entry->pages = now.pages;
	entry->changes = now.changes;
	return 0;
}

static bool all_ended(const struct sv_series *s)
{
	for (size_t i = 0; i < s->watched.len; i++)
		if (!s->watched.ptr[i].ended)
			return false;
	return true;
}

/* Looks that were due while another took its time are left out. */
static uint64_t next_due(const struct sv_series *s, uint64_t now)
{
	uint64_t first = s->looks.ptr[0].boottime_ns, step = s->interval_ns;

	return now < first ? first + step : first + ((now - first) / step + 1) * step;
}

enum turn { TURN_FAILED = -1, TURN_END, TURN_LOOK, TURN_LAST };

/*
 * The time ends with a look, so that all of it is covered: at its end, or when somebody says stop.
 */
static enum turn wait_for_next(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_series *s = &c->obs->series;
	const struct safevma_window *window = &c->request->window;
	const struct sv_look *last = &s->looks.ptr[s->looks.len - 1];
	uint64_t begun = s->looks.ptr[0].boottime_ns;
	struct sv_wait wait = { .look_ns =
					next_due(s, last->boottime_ns + last->took_us.value * 1000),
		.end_ns = window->duration_ms ? begun + window->duration_ms * ns_of_ms : 0,
		.interval_ns = s->interval_ns,
		.looked_ns = last->boottime_ns,
		.stop = window->stop };
	char tag[40];
	struct sv_call call = {
		.op = SV_OP_WAIT, .place = { .iface = SV_IFACE_PROC, .tag = tag }, .wait = &wait
	};
	sv_auto_strbuf struct sv_strbuf answer = { 0 };
	struct safevma_error why;
	struct sv_num interval;
	struct sv_span turn;
	int rc;

	snprintf(tag, sizeof(tag), "watch.%zu", s->looks.len - 1);
	rc = sv_capture_call(c, &call, &answer, &why, err);
	if (rc < 0)
		return TURN_FAILED;
	interval = sv_note_number(&answer, "interval_ns");
	s->interval_ns = interval.value ? interval.value : s->interval_ns;
	if (rc && sv_note_value(&answer, "turn", &turn))
		return sv_span_is(turn, "look")	  ? TURN_LOOK
		       : sv_span_is(turn, "last") ? TURN_LAST
						  : TURN_END;
	if (rc)
		sv_error_set(&why, SAFEVMA_E_RECORDING, 0, NULL, 0, "expected 'turn'");
	return sv_gap_add_cost(
		       c->obs, SV_IFACE_PROC, 0, &why, true, "looks that were to follow", err)
		       ? TURN_FAILED
		       : TURN_END;
}

static int add_watched(struct sv_capture *c, struct watching *all, struct sv_process *p, size_t at,
	struct safevma_error *err)
{
	struct sv_watched *watched = sv_vec_push(&c->obs->series.watched);
	struct sv_watch *w = sv_vec_push(&all->processes);

	if (!watched || !w)
		return sv_error_nomem(err);
	*watched = (struct sv_watched) { .pid = p->pid, .process = at };
	w->process = p;
	w->watched = c->obs->series.watched.len - 1;
	return 0;
}

static int choose(struct sv_capture *c, struct watching *all, struct safevma_error *err)
{
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (p->selected && sv_process_was_read(p) && add_watched(c, all, p, i, err))
			return -1;
	}
	return 0;
}

static int run(struct sv_capture *c, struct watching *all, struct safevma_error *err)
{
	const struct safevma_window *window = &c->request->window;
	enum turn turn = TURN_LOOK;

	while (turn == TURN_LOOK || turn == TURN_LAST) {
		if (look(c, all, err))
			return -1;
		if (window->each && window->each(c->obs, window->arg))
			return 0;
		if (turn == TURN_LAST || all_ended(&c->obs->series))
			return 0;
		turn = wait_for_next(c, err);
	}
	return turn == TURN_FAILED ? -1 : 0;
}

int sv_capture_watch(struct sv_capture *c, struct safevma_error *err)
{
	uint64_t ms = c->request->watch.interval_ms;
	struct watching all = { 0 };
	struct sv_num none;
	int rc;

	c->obs->series.interval_ns = (ms ? ms : 1000) * ns_of_ms;
	rc = choose(c, &all, err);
	if (!rc && all.processes.len) {
		c->obs->series.made = true;
		rc = ask_cost(c, "watch.before", &all.cost, &none, err) || run(c, &all, err);
	}
	for (size_t i = 0; i < all.processes.len; i++)
		sv_watch_fini(&all.processes.ptr[i]);
	sv_vec_fini(&all.processes);
	sv_vec_fini(&all.pids);
	return rc;
}
