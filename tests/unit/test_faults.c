// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a log of faults amounts to: what was lost, what is doubted, and the verdict. */
#include "memory.h"

#include "measure/faults.h"

static struct safevma_error err;

static struct sv_fault_event *event(
	safevma_observation *obs, enum sv_fault_kind kind, uint64_t sampled, struct sv_num counted)
{
	struct sv_fault_event *e = sv_vec_push(&obs->faults.events);

	assert_non_null(e);
	*e = (struct sv_fault_event) { .name = "an event",
		.kind = kind,
		.each = kind != SV_FAULT_OTHER,
		.sampled = sampled,
		.counted = counted,
		.lost = sv_known(0) };
	return e;
}

/* One thread, looked at for three seconds; nothing was missed, and nothing happened yet. */
static safevma_observation *looked(void)
{
	safevma_observation *obs = memory_new();

	obs->needs = SAFEVMA_NEED_FAULTS;
	obs->faults.made = true;
	obs->faults.threads = 1;
	obs->faults.start_monotonic_ns = 5000000000;
	obs->faults.end_monotonic_ns = 8000000000;
	return obs;
}

static struct sv_faults_sums sums(const safevma_observation *obs)
{
	struct sv_faults_sums s;

	sv_measure_faults(obs, &s);
	assert_int_equal(safevma_observation_verdict(obs), s.verdict);
	/* Whatever is doubted can be said. */
	if (s.doubt)
		assert_non_null(sv_faults_doubt_text(s.doubt));
	else
		assert_null(sv_faults_doubt_text(s.doubt));
	return s;
}

static void nothing_faulted(void **state)
{
	safevma_observation *obs = looked();
	struct sv_faults_sums s;

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	event(obs, SV_FAULT_MAJOR, 0, sv_known(0));
	s = sums(obs);
	assert_int_equal(s.doubt, SV_DOUBT_NONE);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_PASS);
	assert_int_equal(s.sampled, 0);
	assert_num(s.counted, 0);
	assert_num(s.lost, 0);
	assert_num(s.span_ns, 3000000000);
	safevma_observation_free(obs);
}

static void all_faults_were_told(void **state)
{
	safevma_observation *obs = looked();
	struct sv_faults_sums s;

	(void)state;
	event(obs, SV_FAULT_MINOR, 10, sv_known(10));
	event(obs, SV_FAULT_MAJOR, 3, sv_known(3));
	obs->faults.hit = true;
	s = sums(obs);
	assert_int_equal(s.doubt, SV_DOUBT_NONE);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_FAIL);
	assert_int_equal(s.sampled, 13);
	assert_num(s.counted, 13);
	assert_num(s.lost, 0);
	assert_int_equal(s.kinds[SV_FAULT_MINOR], 10);
	assert_int_equal(s.kinds[SV_FAULT_MAJOR], 3);
	safevma_observation_free(obs);
}

/* What was counted and not sampled; one event does not make up for another. */
static void lost_is_what_was_counted_alone(void **state)
{
	safevma_observation *obs = looked();
	struct sv_faults_sums s;

	(void)state;
	event(obs, SV_FAULT_MINOR, 10, sv_known(17));
	event(obs, SV_FAULT_MAJOR, 9, sv_known(4)); /* cannot be, and is no gain */
	s = sums(obs);
	assert_num(s.lost, 7);
	assert_int_equal(s.doubt, SV_DOUBT_LOST);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_UNKNOWN);
	obs->faults.hit = true; /* one that was seen is enough */
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_FAIL);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_LOST);
	safevma_observation_free(obs);
}

/* Without a fork or a mapping faults are told of the wrong place, though all are there. */
static void lost_records_of_another_sort(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	event(obs, SV_FAULT_MINOR, 10, sv_known(10))->lost = sv_known(2);
	assert_num(sums(obs).lost, 0);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_LOST);
	obs->faults.events.ptr[0].lost = sv_known(0);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_NONE);
	obs->faults.lost_records = 1;
	assert_int_equal(sums(obs).doubt, SV_DOUBT_LOST);
	safevma_observation_free(obs);
}

/* Of what is sampled in part the difference is none: what the kernel says was lost is. */
static void events_that_are_sampled_in_part(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	event(obs, SV_FAULT_OTHER, 10, sv_known(1000030));
	assert_num(sums(obs).lost, 0);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_NONE);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_PASS); /* none of it is a fault */
	obs->faults.events.ptr[0].lost = sv_known(4);
	assert_num(sums(obs).lost, 4);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_LOST);
	safevma_observation_free(obs);
}

/* Whether there was a fault is not known where none could be seen, or one in a thousand. */
static void a_verdict_of_events_that_tell_no_fault(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	obs->faults.until_fault = true;
	event(obs, SV_FAULT_OTHER, 0, sv_known(0));
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_NOT_EACH);
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_PASS);
	obs->faults.events.ptr[1].each = false; /* period=1000 */
	obs->faults.events.ptr[1].counted = sv_known(999);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_UNKNOWN);
	obs->faults.hit = true;
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_FAIL);
	safevma_observation_free(obs);
}

static void counts_that_are_not_there(void **state)
{
	safevma_observation *obs = looked();
	struct sv_faults_sums s;

	(void)state;
	event(obs, SV_FAULT_MINOR, 10, sv_known(10));
	event(obs, SV_FAULT_MAJOR, 0, (struct sv_num) { 0 })->lost = (struct sv_num) { 0 };
	s = sums(obs);
	assert_false(s.counted.known);
	assert_false(s.lost.known);
	assert_int_equal(s.doubt, SV_DOUBT_COUNTS);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_UNKNOWN);
	safevma_observation_free(obs);
}

static void held_back(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	obs->faults.throttled = 1;
	assert_int_equal(sums(obs).doubt, SV_DOUBT_THROTTLED);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_UNKNOWN);
	safevma_observation_free(obs);
}

static void threads_that_failed(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	obs->faults.threads = 5;
	obs->faults.threads_failed = 1;
	assert_int_equal(sums(obs).doubt, SV_DOUBT_THREADS);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_UNKNOWN);
	obs->faults.threads_failed = 5;
	assert_int_equal(sums(obs).doubt, SV_DOUBT_NOTHING);
	safevma_observation_free(obs);
}

static void nothing_to_look_at(void **state)
{
	safevma_observation *obs = looked();
	struct sv_faults_sums s;

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, (struct sv_num) { 0 });
	obs->faults.threads = 0;
	assert_int_equal(sums(obs).doubt, SV_DOUBT_NOTHING);
	obs->faults.threads = 1;
	obs->faults.made = false;
	s = sums(obs);
	assert_int_equal(s.doubt, SV_DOUBT_NOTHING);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_unknown(s.span_ns);
	safevma_observation_free(obs);
}

/* A gap that costs a figure is a doubt, one that stands for every system is none. */
static void gaps(void **state)
{
	safevma_observation *obs = looked();
	struct safevma_error why = { .code = SAFEVMA_E_SYSTEM, .errnum = 5 };

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	assert_int_equal(sv_gap_add_standing(obs, SV_IFACE_PERF, "always", "something", &err), 0);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_PASS);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, &err), 0);
	assert_int_equal(sums(obs).doubt, SV_DOUBT_GAP);
	assert_int_equal(sums(obs).verdict, SAFEVMA_VERDICT_UNKNOWN);
	safevma_observation_free(obs);
}

/* A clock that went backwards, out of a damaged recording. */
static void no_time(void **state)
{
	safevma_observation *obs = looked();

	(void)state;
	event(obs, SV_FAULT_MINOR, 0, sv_known(0));
	obs->faults.end_monotonic_ns = 1;
	assert_unknown(sums(obs).span_ns);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_faulted),
		cmocka_unit_test(all_faults_were_told),
		cmocka_unit_test(lost_is_what_was_counted_alone),
		cmocka_unit_test(lost_records_of_another_sort),
		cmocka_unit_test(events_that_are_sampled_in_part),
		cmocka_unit_test(a_verdict_of_events_that_tell_no_fault),
		cmocka_unit_test(counts_that_are_not_there),
		cmocka_unit_test(held_back),
		cmocka_unit_test(threads_that_failed),
		cmocka_unit_test(nothing_to_look_at),
		cmocka_unit_test(gaps),
		cmocka_unit_test(no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
