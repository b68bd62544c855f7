// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settled: what refutes it, and what leaves it unknown. */
#include "memory.h"

#include "measure/settle.h"

static safevma_observation *obs;

static int begin(void **state)
{
	struct sv_watched *w;
	struct sv_look *k;

	(void)state;
	obs = memory_new();
	obs->needs = SAFEVMA_NEED_WATCH;
	obs->series.made = true;
	w = sv_vec_push(&obs->series.watched);
	*w = (struct sv_watched) { .pid = 42, .looks = 3 };
	for (uint64_t i = 0; i < 3; i++) {
		k = sv_vec_push(&obs->series.looks);
		k->boottime_ns = 1000 + i * 500;
		k->lock_reads = sv_known(5 + i);
		k->longest_read_us = sv_known(30 - i);
		k->cpu_us = sv_known(10);
		k->took_us = sv_known(100 * i);
		k->bytes_read = sv_known(4096);
		k->pages = 7;
		k->counters[SV_COUNTER_MIGRATED] = sv_known(100 + i * i);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	safevma_observation_free(obs);
	return 0;
}

static struct sv_watched *watched(void)
{
	return &obs->series.watched.ptr[0];
}

static void change(enum sv_change_kind kind, size_t look)
{
	struct sv_change *c = sv_vec_push(&obs->series.changes);

	assert_non_null(c);
	*c = (struct sv_change) { .kind = kind, .pid = 42, .look = look };
	watched()->counts[kind]++;
}

static void expect(enum safevma_verdict verdict, enum sv_unsettled reason)
{
	struct sv_settled one, all;

	sv_measure_settled(obs, watched(), &one);
	sv_measure_all_settled(obs, &all);
	assert_int_equal(one.verdict, verdict);
	assert_int_equal(one.reason, reason);
	assert_int_equal(all.verdict, verdict);
	assert_int_equal(all.reason, reason);
	assert_int_equal(safevma_observation_verdict(obs), verdict);
}

static void passes(void **state)
{
	(void)state;
	expect(SAFEVMA_VERDICT_PASS, SV_UNSETTLED_NOT);
	change(SV_CHANGE_NEIGHBOUR, 1);
	expect(SAFEVMA_VERDICT_PASS, SV_UNSETTLED_NOT);
}

static void each_kind(void **state)
{
	(void)state;
	for (int k = 0; k < SV_CHANGE_COUNT; k++) {
		bool unsettles = sv_change_info((enum sv_change_kind)k)->unsettles;

		memset(watched()->counts, 0, sizeof(watched()->counts));
		obs->series.changes.len = 0;
		change((enum sv_change_kind)k, 1);
		expect(unsettles ? SAFEVMA_VERDICT_FAIL : SAFEVMA_VERDICT_PASS,
			unsettles ? SV_UNSETTLED_CHANGED : SV_UNSETTLED_NOT);
	}
}

/* Counted but not listed, because the list is full: no less a failure. */
static void without_a_culprit(void **state)
{
	struct sv_settled s;

	(void)state;
	watched()->counts[SV_CHANGE_FAULTS_MINOR] = 1;
	sv_measure_settled(obs, watched(), &s);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_FAIL);
	assert_null(s.culprit);
}

static void the_culprit(void **state)
{
	struct sv_settled s;

	(void)state;
	change(SV_CHANGE_NEIGHBOUR, 1);
	change(SV_CHANGE_COW_PENDING, 2);
	change(SV_CHANGE_FAULTS_MINOR, 2);
	change(SV_CHANGE_CHILD, 2);
	change(SV_CHANGE_ENDED, 3);
	sv_measure_settled(obs, watched(), &s);
	assert_int_equal(s.culprit->kind, SV_CHANGE_CHILD);
}

static void what_was_not_seen(void **state)
{
	struct safevma_error why;

	(void)state;
	watched()->missed = 1;
	expect(SAFEVMA_VERDICT_UNKNOWN, SV_UNSETTLED_MISSED);
	watched()->missed = 0;
	watched()->hidden = true;
	expect(SAFEVMA_VERDICT_UNKNOWN, SV_UNSETTLED_HIDDEN);
	watched()->hidden = false;
	watched()->frames_unread = true;
	expect(SAFEVMA_VERDICT_UNKNOWN, SV_UNSETTLED_NO_FRAMES);
	watched()->frames_unread = false;
	watched()->looks = 1;
	expect(SAFEVMA_VERDICT_UNKNOWN, SV_UNSETTLED_ONE_LOOK);
	watched()->looks = 2;
	expect(SAFEVMA_VERDICT_PASS, SV_UNSETTLED_NOT);
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 13, NULL, 0, "denied");
	assert_int_equal(sv_gap_add(obs, SV_IFACE_STAT, 42, &why, true, NULL), 0);
	expect(SAFEVMA_VERDICT_UNKNOWN, SV_UNSETTLED_GAP);
	/* One counterexample is enough, whatever was not seen. */
	change(SV_CHANGE_LOCK_LOST, 1);
	expect(SAFEVMA_VERDICT_FAIL, SV_UNSETTLED_CHANGED);
}

static void nothing_watched(void **state)
{
	struct sv_settled s;

	(void)state;
	obs->series.watched.len = 0;
	sv_measure_all_settled(obs, &s);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(s.reason, SV_UNSETTLED_NOTHING);
}

/* A process that was selected and could not be read leaves a gap of its own number. */
static void another_one_lost(void **state)
{
	struct safevma_error why;
	struct sv_settled s;

	(void)state;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 13, NULL, 0, "denied");
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 43, &why, true, NULL), 0);
	sv_measure_settled(obs, watched(), &s);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_PASS);
	sv_measure_all_settled(obs, &s);
	assert_int_equal(s.verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(s.reason, SV_UNSETTLED_GAP);
}

static void sums(void **state)
{
	struct sv_series_sums s;

	(void)state;
	sv_measure_series(&obs->series, &s);
	assert_int_equal(s.span_ns.value, 1000);
	assert_int_equal(s.lock_reads.value, 18);
	assert_int_equal(s.most_lock_reads.value, 7);
	assert_int_equal(s.longest_read_us.value, 30);
	assert_int_equal(s.longest_look_us.value, 200);
	assert_int_equal(s.pages, 21);
	assert_int_equal(s.most_pages, 7);
	assert_int_equal(s.counters[SV_COUNTER_MIGRATED].value, 4);
	assert_false(s.counters[SV_COUNTER_PSI_SOME].known);
	assert_false(sv_measure_counter(&obs->series, 0, SV_COUNTER_MIGRATED).known);
	assert_int_equal(sv_measure_counter(&obs->series, 2, SV_COUNTER_MIGRATED).value, 3);
	obs->series.looks.ptr[1].cpu_us.known = false;
	sv_measure_series(&obs->series, &s);
	assert_false(s.cpu_us.known);
	obs->series.looks.len = 0;
	sv_measure_series(&obs->series, &s);
	assert_false(s.lock_reads.known);
	assert_false(s.span_ns.known);
}

static void every_name_is_there(void **state)
{
	(void)state;
	for (int i = 0; i < SV_CHANGE_COUNT; i++)
		assert_true(sv_change_info((enum sv_change_kind)i)->name[0] &&
			    sv_change_info((enum sv_change_kind)i)->help[0]);
	for (int i = 0; i < SV_COUNTER_COUNT; i++)
		assert_true(sv_counter_name((enum sv_counter)i)[0] &&
			    sv_counter_help((enum sv_counter)i)[0]);
	for (int i = SV_UNSETTLED_CHANGED; i <= SV_UNSETTLED_GAP; i++)
		assert_true(sv_unsettled_text((enum sv_unsettled)i)[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(passes),
		TEST(each_kind),
		TEST(without_a_culprit),
		TEST(the_culprit),
		TEST(what_was_not_seen),
		TEST(nothing_watched),
		TEST(another_one_lost),
		TEST(sums),
		TEST(every_name_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
