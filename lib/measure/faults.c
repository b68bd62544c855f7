// SPDX-License-Identifier: LGPL-2.1-or-later
#include "faults.h"

const char *sv_faults_doubt_text(enum sv_faults_doubt doubt)
{
	static const char *const texts[] = {
		[SV_DOUBT_NONE] = NULL,
		[SV_DOUBT_NOTHING] = "nothing could be looked at",
		[SV_DOUBT_LOST] = "samples were lost: faults came faster than they were read",
		[SV_DOUBT_THROTTLED] = "the kernel held events back",
		[SV_DOUBT_THREADS] = "events could not be opened for every thread",
		[SV_DOUBT_COUNTS] = "what the kernel counted could not be read",
		[SV_DOUBT_NOT_EACH] =
			"no verdict: of the events that were asked for not each fault is sampled",
		[SV_DOUBT_GAP] = "something that was asked for could not be read",
	};

	return texts[doubt];
}

/*
 * Of what is sampled each time, what was counted and not sampled. The kernel's own number has
 * records of other sorts in it, too: mappings, forks, names.
 */
static struct sv_num lost_of(const struct sv_fault_event *e)
{
	if (!e->each)
		return e->lost;
	if (!e->counted.known)
		return (struct sv_num) { 0 };
	return sv_known(e->counted.value > e->sampled ? e->counted.value - e->sampled : 0);
}

/* Any record at all: without a fork or a mapping what follows may be told of the wrong place. */
static bool some_lost(const struct sv_faultlog *log)
{
	for (size_t i = 0; i < log->events.len; i++)
		if (log->events.ptr[i].lost.known && log->events.ptr[i].lost.value)
			return true;
	return log->lost_records;
}

/* Other events, and faults of which every so many is sampled, do not show that there was none. */
static bool sees_each(const struct sv_faultlog *log)
{
	bool some = false;

	for (size_t i = 0; i < log->events.len; i++) {
		const struct sv_fault_event *e = &log->events.ptr[i];

		if (e->kind != SV_FAULT_OTHER && !e->each)
			return false;
		some |= e->kind != SV_FAULT_OTHER;
	}
	return some;
}

static enum sv_faults_doubt doubt_of(const safevma_observation *obs, const struct sv_faults_sums *s)
{
	const struct sv_faultlog *log = &obs->faults;

	if (!log->made || log->threads == log->threads_failed)
		return SV_DOUBT_NOTHING;
	if (s->lost.value || some_lost(log))
		return SV_DOUBT_LOST;
	if (log->throttled)
		return SV_DOUBT_THROTTLED;
	if (log->threads_failed)
		return SV_DOUBT_THREADS;
	if (!s->counted.known)
		return SV_DOUBT_COUNTS;
	if (log->until_fault && !log->hit && !sees_each(log))
		return SV_DOUBT_NOT_EACH;
	return safevma_observation_lost(obs) ? SV_DOUBT_GAP : SV_DOUBT_NONE;
}

void sv_measure_faults(const safevma_observation *obs, struct sv_faults_sums *ret)
{
	const struct sv_faultlog *log = &obs->faults;

	*ret = (struct sv_faults_sums) { .counted = sv_known(0), .lost = sv_known(0) };
	for (size_t i = 0; i < log->events.len; i++) {
		const struct sv_fault_event *e = &log->events.ptr[i];

		ret->kinds[e->kind] += e->sampled;
		ret->sampled += e->sampled;
		sv_num_add(&ret->counted, e->counted);
		sv_num_add(&ret->lost, lost_of(e));
	}
	if (log->made && log->end_monotonic_ns >= log->start_monotonic_ns)
		ret->span_ns = sv_known(log->end_monotonic_ns - log->start_monotonic_ns);
	ret->doubt = doubt_of(obs, ret);
	ret->verdict = log->hit			     ? SAFEVMA_VERDICT_FAIL
		       : ret->doubt == SV_DOUBT_NONE ? SAFEVMA_VERDICT_PASS
						     : SAFEVMA_VERDICT_UNKNOWN;
}
