// SPDX-License-Identifier: LGPL-2.1-or-later
#include "settle.h"

const char *sv_unsettled_text(enum sv_unsettled reason)
{
	static const char *const texts[] = {
		[SV_UNSETTLED_NOT] = NULL,
		[SV_UNSETTLED_CHANGED] = "it changed",
		[SV_UNSETTLED_NOTHING] = "nothing was watched",
		[SV_UNSETTLED_ONE_LOOK] = "one look alone: there is nothing to compare it with",
		[SV_UNSETTLED_MISSED] = "a look could not read all of it",
		[SV_UNSETTLED_HIDDEN] = "frame numbers are hidden: moved pages cannot be seen",
		[SV_UNSETTLED_NO_FRAMES] =
			"what its frames are cannot be read: lost locks cannot be seen",
		[SV_UNSETTLED_GAP] = "something that was asked for could not be read",
	};

	return texts[reason];
}

/* What explains the others comes first: a fork shares pages, and a new mapping brings faults. */
static unsigned int rank(enum sv_change_kind kind)
{
	static const enum sv_change_kind first[] = { SV_CHANGE_ENDED, SV_CHANGE_CHILD,
		SV_CHANGE_FAULTS_CHILDREN };
	unsigned int n = sv_array_size(first);

	for (unsigned int i = 0; i < n; i++)
		if (first[i] == kind)
			return i;
	return n + kind;
}

/* Of the first look that showed any. */
static const struct sv_change *find_culprit(const struct sv_series *s, pid_t pid)
{
	const struct sv_change *best = NULL;

	for (size_t i = 0; i < s->changes.len; i++) {
		const struct sv_change *c = &s->changes.ptr[i];

		if (c->pid != pid || !sv_change_info(c->kind)->unsettles)
			continue;
		if (best && c->look != best->look)
			break;
		if (!best || rank(c->kind) < rank(best->kind))
			best = c;
	}
	return best;
}

static bool changed(const struct sv_watched *w)
{
	for (size_t i = 0; i < SV_CHANGE_COUNT; i++)
		if (w->counts[i] && sv_change_info((enum sv_change_kind)i)->unsettles)
			return true;
	return false;
}

/* A gap of this process, or of nobody in particular, that costs what was asked for. */
static bool gap(const safevma_observation *obs, pid_t pid)
{
	for (size_t i = 0; i < obs->gaps.len; i++)
		if (obs->gaps.ptr[i].counts &&
			(!obs->gaps.ptr[i].pid || obs->gaps.ptr[i].pid == pid))
			return true;
	return false;
}

static enum sv_unsettled unseen(const safevma_observation *obs, const struct sv_watched *w)
{
	if (w->looks + w->missed < 2)
		return SV_UNSETTLED_ONE_LOOK;
	if (w->missed)
		return SV_UNSETTLED_MISSED;
	if (w->hidden)
		return SV_UNSETTLED_HIDDEN;
	if (w->frames_unread)
		return SV_UNSETTLED_NO_FRAMES;
	return gap(obs, w->pid) ? SV_UNSETTLED_GAP : SV_UNSETTLED_NOT;
}

void sv_measure_settled(
	const safevma_observation *obs, const struct sv_watched *w, struct sv_settled *ret)
{
	*ret = (struct sv_settled) { .verdict = SAFEVMA_VERDICT_FAIL };
	if (changed(w)) {
		ret->reason = SV_UNSETTLED_CHANGED;
		ret->culprit = find_culprit(&obs->series, w->pid);
		return;
	}
	ret->reason = unseen(obs, w);
	ret->verdict =
		ret->reason == SV_UNSETTLED_NOT ? SAFEVMA_VERDICT_PASS : SAFEVMA_VERDICT_UNKNOWN;
}

void sv_measure_all_settled(const safevma_observation *obs, struct sv_settled *ret)
{
	const struct sv_series *s = &obs->series;
	struct sv_settled one;

	*ret = (struct sv_settled) { .verdict = SAFEVMA_VERDICT_PASS };
	for (size_t i = 0; i < s->watched.len; i++) {
		sv_measure_settled(obs, &s->watched.ptr[i], &one);
		if (one.verdict < ret->verdict)
			*ret = one;
	}
	if (ret->verdict == SAFEVMA_VERDICT_FAIL)
		return;
	if (!s->watched.len)
		*ret = (struct sv_settled) { .verdict = SAFEVMA_VERDICT_UNKNOWN,
			.reason = SV_UNSETTLED_NOTHING };
	else if (ret->verdict == SAFEVMA_VERDICT_PASS && safevma_observation_lost(obs))
		*ret = (struct sv_settled) { .verdict = SAFEVMA_VERDICT_UNKNOWN,
			.reason = SV_UNSETTLED_GAP };
}

struct sv_num sv_measure_counter(const struct sv_series *s, size_t look, enum sv_counter counter)
{
	if (!look)
		return (struct sv_num) { 0 };
	return sv_num_since(
		s->looks.ptr[look].counters[counter], s->looks.ptr[look - 1].counters[counter]);
}

static void most(struct sv_num *max, struct sv_num n)
{
	max->known &= n.known;
	max->value = n.value > max->value ? n.value : max->value;
}

void sv_measure_series(const struct sv_series *s, struct sv_series_sums *ret)
{
	const struct sv_look *first = s->looks.len ? &s->looks.ptr[0] : NULL;
	const struct sv_look *last = first ? &s->looks.ptr[s->looks.len - 1] : NULL;
	struct sv_num zero = { .known = first };

	*ret = (struct sv_series_sums) { .cpu_us = zero,
		.lock_reads = zero,
		.bytes_read = zero,
		.most_lock_reads = zero,
		.longest_read_us = zero,
		.longest_look_us = zero };
	if (!first)
		return;
	ret->span_ns = sv_known(last->boottime_ns - first->boottime_ns);
	for (size_t i = 0; i < SV_COUNTER_COUNT; i++)
		ret->counters[i] = sv_num_since(last->counters[i], first->counters[i]);
	for (size_t i = 0; i < s->looks.len; i++) {
		const struct sv_look *k = &s->looks.ptr[i];

		sv_num_add(&ret->cpu_us, k->cpu_us);
		sv_num_add(&ret->lock_reads, k->lock_reads);
		sv_num_add(&ret->bytes_read, k->bytes_read);
		most(&ret->most_lock_reads, k->lock_reads);
		most(&ret->longest_read_us, k->longest_read_us);
		most(&ret->longest_look_us, k->took_us);
		ret->pages += k->pages;
		ret->most_pages = k->pages > ret->most_pages ? k->pages : ret->most_pages;
	}
}
