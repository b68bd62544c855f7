// SPDX-License-Identifier: LGPL-2.1-or-later
/* Requests that make no sense are refused before anything is read. */
#include "unit.h"

#include "safevma.h"

static void samples(void **state)
{
	struct safevma_error err = { 0 };

	(void)state;
	for (unsigned int percent = 0; percent < 100; percent++) {
		struct safevma_request q = { .sample_percent = percent };

		assert_int_equal(safevma_request_check(&q, &err), 0);
	}
	assert_int_equal(
		safevma_request_check(&(struct safevma_request) { .sample_percent = 100 }, &err),
		-1);
	assert_int_equal(err.code, SAFEVMA_E_USAGE);
	assert_non_null(strstr(err.message, "got 100"));
}

static void frames_by_number(void **state)
{
	static const struct {
		uint64_t first, n;
		bool all, good;
	} cases[] = {
		{ 0, 1, true, true },
		{ (UINT64_C(1) << 52) - 1, 1 << 20, true, true },
		{ UINT64_C(1) << 52, 1, true, false },
		{ UINT64_MAX, 1, true, false },
		{ 5, 0, true, false },
		{ 5, (1 << 20) + 1, true, false },
		{ 5, 1, false, false },
	};
	struct safevma_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct safevma_request q = { .needs = SAFEVMA_NEED_OWNERS,
			.first_pfn = cases[i].first,
			.pfns = cases[i].n,
			.selection.all = cases[i].all };

		assert_int_equal(safevma_request_check(&q, &err), cases[i].good ? 0 : -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples),
		cmocka_unit_test(frames_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
