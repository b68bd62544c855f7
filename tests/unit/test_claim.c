// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "model/claim.h"
#include "model/observation.h"

#define GOOD                                                                                       \
	"verdict fail\nreason -\ncapabilities 0x1f\ntook_us 42\nobserved frame 0x1 -> 0x2, 1 "     \
	"fault\n"

static int parse(struct sv_text text, struct sv_claim_result *ret)
{
	return sv_claim_result_parse(text, ret, NULL);
}

static void a_result(void **state)
{
	struct sv_claim_result r = { .order = 7 };

	(void)state;
	assert_int_equal(parse(TEXT(GOOD), &r), 0);
	assert_int_equal(r.verdict, SAFEVMA_VERDICT_FAIL);
	assert_int_equal(r.reason, SV_REASON_NONE);
	assert_num(r.capabilities, 0x1f);
	assert_num(r.took_us, 42);
	assert_string_equal(r.observed, "frame 0x1 -> 0x2, 1 fault");
	assert_int_equal(r.order, 7);
}

static void an_unknown_one(void **state)
{
	struct sv_claim_result r = { 0 };

	(void)state;
	assert_int_equal(parse(TEXT("verdict unknown\nreason not-reproduced\ncapabilities 0x0\n"
				    "took_us 0\nobserved \n"),
				 &r),
		0);
	assert_int_equal(r.verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(r.reason, SV_REASON_NOT_PROVOKED);
	assert_string_equal(r.observed, "");
}

/* What is missing, doubled in meaning or unknown is damage, and leaves the result as it was. */
static void damage(void **state)
{
	struct sv_claim_result r = { .verdict = SAFEVMA_VERDICT_NOTCHECKED };
	struct safevma_error err = { 0 };

	(void)state;
	assert_int_equal(parse(TEXT(""), &r), -1);
	assert_int_equal(parse(TEXT("verdict pass\nreason -\ntook_us 1\nobserved x\n"), &r), -1);
	assert_int_equal(parse(TEXT("verdict good\n"), &r), -1);
	assert_int_equal(parse(TEXT("reason because\n"), &r), -1);
	assert_int_equal(parse(TEXT("capabilities 0xfg\n"), &r), -1);
	assert_int_equal(parse(TEXT("took_us -1\n"), &r), -1);
	assert_int_equal(sv_claim_result_parse(TEXT("verdict pass\ncolour red\n"), &r, &err), -1);
	assert_place(&err, 2, "a line of an experiment's result");
	assert_int_equal(r.verdict, SAFEVMA_VERDICT_NOTCHECKED);
}

static void read_damaged(struct sv_text text)
{
	struct sv_claim_result r = { 0 };

	if (!parse(text, &r))
		assert_true(strlen(r.observed) < sizeof(r.observed));
}

static void any_damage(void **state)
{
	(void)state;
	each_damage(TEXT(GOOD), 4096, read_damaged);
}

static void a_long_text(void **state)
{
	struct sv_claim_result r = { 0 };
	char text[1024] = "verdict pass\nreason -\ncapabilities 0x0\ntook_us 1\nobserved ";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'x', sizeof(r.observed) - 1);
	n += sizeof(r.observed) - 1;
	assert_int_equal(parse(sv_text_init(text, n, "test"), &r), 0);
	text[n++] = 'x';
	assert_int_equal(parse(sv_text_init(text, n, "test"), &r), -1);
}

static void names(void **state)
{
	enum safevma_verdict verdict;
	enum sv_reason reason;

	(void)state;
	for (int i = 0; i <= SAFEVMA_VERDICT_NOTCHECKED; i++) {
		assert_true(sv_verdict_find(
			sv_span_of(sv_verdict_name((enum safevma_verdict)i)), &verdict));
		assert_int_equal(verdict, i);
	}
	assert_null(sv_reason_name(SV_REASON_NONE));
	for (int i = 1; i < SV_REASON_COUNT; i++) {
		assert_true(sv_reason_find(sv_span_of(sv_reason_name((enum sv_reason)i)), &reason));
		assert_int_equal(reason, i);
	}
	assert_false(sv_verdict_find(sv_span_of(""), &verdict));
	assert_false(sv_reason_find(sv_span_of(""), &reason));
}

/* fail > error > unknown > warn > pass > notapplicable > notchecked, then as in the ledger. */
static void worst_first(void **state)
{
	struct sv_claim_result r[] = {
		{ .verdict = SAFEVMA_VERDICT_PASS, .order = 1 },
		{ .verdict = SAFEVMA_VERDICT_NOTAPPLICABLE, .order = 2 },
		{ .verdict = SAFEVMA_VERDICT_UNKNOWN, .order = 4 },
		{ .verdict = SAFEVMA_VERDICT_UNKNOWN, .order = 3 },
		{ .verdict = SAFEVMA_VERDICT_WARN, .order = 5 },
		{ .verdict = SAFEVMA_VERDICT_ERROR, .order = 6 },
		{ .verdict = SAFEVMA_VERDICT_FAIL, .order = 7 },
	};
	static const size_t order[] = { 7, 6, 3, 4, 5, 1, 2 };

	(void)state;
	qsort(r, sv_array_size(r), sizeof(r[0]), sv_claim_result_compare);
	for (size_t i = 0; i < sv_array_size(order); i++)
		assert_int_equal(r[i].order, order[i]);
}

static void of_all(void **state)
{
	struct sv_claim_result one = { .verdict = SAFEVMA_VERDICT_WARN };
	safevma_observation obs = { 0 };

	(void)state;
	assert_int_equal(safevma_observation_verdict(&obs), SAFEVMA_VERDICT_NOTCHECKED);
	obs.claims.ptr = &one;
	obs.claims.len = 1;
	assert_int_equal(safevma_observation_verdict(&obs), SAFEVMA_VERDICT_WARN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result),
		cmocka_unit_test(an_unknown_one),
		cmocka_unit_test(damage),
		cmocka_unit_test(any_damage),
		cmocka_unit_test(a_long_text),
		cmocka_unit_test(names),
		cmocka_unit_test(worst_first),
		cmocka_unit_test(of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
