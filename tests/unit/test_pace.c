// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes of reads by the time that reads took, with times that we make up. */
#include "unit.h"

#include "iface/pace.h"

enum { HOLD = 1000 };

static void grows_slowly_near_the_limit(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 64, 512);

	(void)state;
	assert_int_equal(p.size, 64);
	sv_pace_learn(&p, 64, HOLD / 2);
	assert_int_equal(p.size, 64 + 64 / 8 + 1);
	sv_pace_learn(&p, p.size, HOLD * 3 / 4); /* near enough */
	assert_int_equal(p.size, 73);
	sv_pace_learn(&p, p.size, HOLD);
	assert_int_equal(p.size, 73);
}

static void doubles_far_from_it(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 64, 512);

	(void)state;
	sv_pace_learn(&p, 64, HOLD / 8 - 1);
	assert_int_equal(p.size, 128);
	for (int i = 0; i < 5; i++)
		sv_pace_learn(&p, p.size, 0);
	assert_int_equal(p.size, 512);
}

static void shrinks_at_once(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 512, 512);

	(void)state;
	sv_pace_learn(&p, 512, HOLD + 1);
	assert_int_equal(p.size, 256);
	sv_pace_learn(&p, 100, HOLD * 50); /* a small one too: what it was is too much */
	assert_int_equal(p.size, 50);
	for (int i = 0; i < 5; i++)
		sv_pace_learn(&p, p.size, HOLD * 50);
	assert_int_equal(p.size, 8);
}

static void a_short_read_says_nothing_of_longer_ones(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 64, 512);

	(void)state;
	sv_pace_learn(&p, 63, 1);
	assert_int_equal(p.size, 64);
}

/* A reader that costs 10 a page and now and then is preempted: the size finds its place again. */
static void noise_costs_a_few_steps(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 64, 512);
	unsigned int late = 0, small = 0;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++) {
		uint64_t took = p.size * 10;

		late += took > HOLD;
		small += p.size < 64;
		sv_pace_learn(&p, p.size, i % 100 == 99 ? took + 4000 * HOLD : took);
	}
	assert_int_equal(late, 0);
	assert_in_range(small, 0, 1000);
	assert_in_range(p.size, 8, 100);
}

/* Dear pages after cheap ones: at most the size of one step too much, each time half of it. */
static void follows_what_pages_cost(void **state)
{
	struct sv_pace p = sv_pace_of(HOLD, 8, 64, 512);
	unsigned int late = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		sv_pace_learn(&p, p.size, p.size / 10);
	assert_int_equal(p.size, 512);
	for (unsigned int i = 0; i < 100; i++) {
		late += p.size * 50 > HOLD;
		sv_pace_learn(&p, p.size, p.size * 50);
	}
	assert_in_range(late, 1, 6);
	assert_true(p.size * 50 <= HOLD);
}

static void bounds_of_the_kinds(void **state)
{
	struct sv_pacing usual = sv_pacing_of(0), same = sv_pacing_of(100),
			 large = sv_pacing_of(UINT32_MAX), least = sv_pacing_of(1);

	(void)state;
	assert_memory_equal(&usual, &same, sizeof(usual));
	assert_int_equal(usual.pages.hold_ns, 50000);
	assert_int_equal(usual.pages.size, 64);
	assert_int_equal(large.span_hold_ns, UINT64_C(4294967295000));
	for (int i = 0; i < 100; i++) {
		sv_pace_learn(&least.pages, least.pages.size, 600);
		sv_pace_learn(&large.pages, large.pages.size, 600);
	}
	assert_int_equal(least.pages.size, 8);
	assert_int_equal(large.pages.size, 512);
}

static void pauses_after_as_much_as_one_hold(void **state)
{
	struct sv_pacing p = sv_pacing_of(100);
	unsigned int pauses = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		pauses += sv_pacing_due(&p, 10000);
	assert_int_equal(pauses, 10);
	assert_true(sv_pacing_due(&p, 5000000)); /* one after a long read too */
	assert_false(sv_pacing_due(&p, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_slowly_near_the_limit),
		cmocka_unit_test(doubles_far_from_it),
		cmocka_unit_test(shrinks_at_once),
		cmocka_unit_test(a_short_read_says_nothing_of_longer_ones),
		cmocka_unit_test(noise_costs_a_few_steps),
		cmocka_unit_test(follows_what_pages_cost),
		cmocka_unit_test(bounds_of_the_kinds),
		cmocka_unit_test(pauses_after_as_much_as_one_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
