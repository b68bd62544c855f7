// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/psi.h"

static int parse(const char *text, struct sv_psi *ret, struct safevma_error *err)
{
	return sv_psi_parse(sv_text_init(text, strlen(text), "psi"), ret, err);
}

static void both_lines(void **state)
{
	struct sv_psi p = { 0 };

	(void)state;
	assert_int_equal(
		parse("some avg10=1.23 avg60=0.05 avg300=100.00 total=9123\n"
		      "full avg10=0.00 avg60=99.99 avg300=0.10 total=18446744073709551615\n",
			&p, NULL),
		0);
	assert_num(p.some.avg10, 123);
	assert_num(p.some.avg60, 5);
	assert_num(p.some.avg300, 10000);
	assert_num(p.some.total_us, 9123);
	assert_num(p.full.avg10, 0);
	assert_num(p.full.avg60, 9999);
	assert_num(p.full.avg300, 10);
	assert_num(p.full.total_us, UINT64_MAX);
}

/* Up to 5.12 there is no "full" of cpu: not zero, but not known. */
static void without_full(void **state)
{
	struct sv_psi p = { 0 };

	(void)state;
	assert_int_equal(parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n", &p, NULL), 0);
	assert_num(p.some.total_us, 1);
	assert_unknown(p.full.total_us);
	assert_unknown(p.full.avg10);
}

static void what_is_malformed(void **state)
{
	static const char *const texts[] = { "", "full avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.0 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.000 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1 \n",
		"some avg10=0.00 avg60=0.00 total=1\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=-1.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=99999999999999999999.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nmore avg10=0.00\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(texts); i++) {
		struct sv_psi p = { .some.avg10 = { .value = 77 } };
		struct safevma_error err = { 0 };

		assert_int_equal(parse(texts[i], &p, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		assert_int_equal(p.some.avg10.value, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_lines),
		cmocka_unit_test(without_full),
		cmocka_unit_test(what_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
