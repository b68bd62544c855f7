// SPDX-License-Identifier: LGPL-2.1-or-later
#include "faultlog.h"

#include <stdlib.h>
#include <string.h>

const char *sv_fault_kind_name(enum sv_fault_kind kind)
{
	static const char *const names[] = { "minor", "major", "fault", "event" };

	return names[kind];
}

const char *sv_fault_cause_name(enum sv_fault_cause cause)
{
	static const char *const names[] = { [SV_CAUSE_UNKNOWN] = NULL,
		[SV_CAUSE_FIRST_TOUCH] = "first-touch",
		[SV_CAUSE_FILE] = "file",
		[SV_CAUSE_WRITE] = "write",
		[SV_CAUSE_AGAIN] = "again" };

	return names[cause];
}

/* ---- strings --------------------------------------------------------------------------------- */

/* There are few, and the one that was asked for last is asked for again. */
uint32_t sv_faultlog_string(struct sv_faultlog *log, const char *ptr, size_t len)
{
	char **slot;

	for (size_t i = log->strings.len; i-- > 0;)
		if (strlen(log->strings.ptr[i]) == len && !memcmp(log->strings.ptr[i], ptr, len))
			return (uint32_t)i;
	slot = sv_vec_push(&log->strings);
	if (!slot)
		return SV_NO_STRING;
	*slot = strndup(ptr, len);
	if (*slot)
		return (uint32_t)(log->strings.len - 1);
	log->strings.len--;
	return SV_NO_STRING;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static uint64_t hash_of(pid_t pid, bool placed, uint64_t start)
{
	uint64_t h = (uint64_t)pid * UINT64_C(0x9e3779b97f4a7c15);

	h ^= (start + placed) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 29;
}

static bool same_sum(const struct sv_fault_sum *s, const struct sv_fault *f)
{
	if (s->pid != f->pid || s->placed != f->placed)
		return false;
	return !s->placed || (s->start == f->start && s->end == f->end && s->path == f->path &&
				     s->perms == f->perms);
}

/* The slot of the sum, or the free one where it belongs. */
static uint32_t *find(const struct sv_faultlog *log, const struct sv_fault *f)
{
	uint64_t h = hash_of(f->pid, f->placed, f->placed ? f->start : 0);

	for (;; h++) {
		uint32_t *b = &log->buckets[h & (log->buckets_len - 1)];

		if (!*b || same_sum(&log->sums.ptr[*b - 1], f))
			return b;
	}
}

static int grow(struct sv_faultlog *log)
{
	size_t n = log->buckets_len ? log->buckets_len * 2 : 256;
	uint32_t *fresh;

	if (log->sums.len * 2 < log->buckets_len)
		return 0;
	fresh = calloc(n, sizeof(*fresh));
	if (!fresh)
		return -1;
	free(log->buckets);
	log->buckets = fresh;
	log->buckets_len = n;
	for (size_t i = 0; i < log->sums.len; i++) {
		const struct sv_fault_sum *s = &log->sums.ptr[i];
		uint64_t h = hash_of(s->pid, s->placed, s->placed ? s->start : 0);

		while (log->buckets[h & (n - 1)])
			h++;
		log->buckets[h & (n - 1)] = (uint32_t)i + 1;
	}
	return 0;
}

static struct sv_fault_sum *sum_of(struct sv_faultlog *log, const struct sv_fault *f)
{
	struct sv_fault_sum *s;
	uint32_t *b;

	if (grow(log))
		return NULL;
	b = find(log, f);
	if (*b)
		return &log->sums.ptr[*b - 1];
	s = sv_vec_push(&log->sums);
	if (!s)
		return NULL;
	*b = (uint32_t)log->sums.len;
	*s = (struct sv_fault_sum) {
		.pid = f->pid, .placed = f->placed, .path = SV_NO_STRING, .pages_first = UINT64_MAX
	};
	if (f->placed) {
		s->start = f->start;
		s->end = f->end;
		s->perms = f->perms;
		s->path = f->path;
	}
	return s;
}

struct sv_fault_process *sv_faultlog_process(struct sv_faultlog *log, pid_t pid)
{
	struct sv_fault_process *p;

	for (size_t i = log->processes.len; i-- > 0;)
		if (log->processes.ptr[i].pid == pid)
			return &log->processes.ptr[i];
	p = sv_vec_push(&log->processes);
	if (p)
		*p = (struct sv_fault_process) { .pid = pid, .comm = SV_NO_STRING };
	return p;
}

int sv_faultlog_add(struct sv_faultlog *log, const struct sv_fault *f, size_t keep)
{
	struct sv_fault_process *p = sv_faultlog_process(log, f->pid);
	struct sv_fault_sum *s = p ? sum_of(log, f) : NULL;
	struct sv_fault *slot;

	if (!s)
		return -1;
	p->kinds[f->kind]++;
	p->unplaced += !f->placed;
	log->unplaced += !f->placed;
	s->kinds[f->kind]++;
	s->causes[f->cause]++;
	s->kernel += f->kernel;
	s->pages_first = f->addr < s->pages_first ? f->addr : s->pages_first;
	s->pages_last = f->addr > s->pages_last ? f->addr : s->pages_last;
	if (log->faults.len >= keep) {
		log->dropped++;
		return 0;
	}
	slot = sv_vec_push(&log->faults);
	if (!slot)
		return -1;
	*slot = *f;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct sv_fault_sum *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->placed != y->placed)
		return x->placed ? 1 : -1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

static int by_pid(const void *a, const void *b)
{
	const struct sv_fault_process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

void sv_faultlog_sort(struct sv_faultlog *log)
{
	if (log->sums.len)
		qsort(log->sums.ptr, log->sums.len, sizeof(*log->sums.ptr), by_place);
	if (log->processes.len)
		qsort(log->processes.ptr, log->processes.len, sizeof(*log->processes.ptr), by_pid);
	free(log->buckets); /* they lie elsewhere now */
	log->buckets = NULL;
	log->buckets_len = 0;
}

void sv_faultlog_fini(struct sv_faultlog *log)
{
	for (size_t i = 0; i < log->strings.len; i++)
		free(log->strings.ptr[i]);
	sv_vec_fini(&log->strings);
	sv_vec_fini(&log->events);
	sv_vec_fini(&log->faults);
	sv_vec_fini(&log->sums);
	sv_vec_fini(&log->processes);
	free(log->buckets);
	log->buckets = NULL;
}
