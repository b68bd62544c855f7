// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/psi.h"

#define SOME "some avg10=0.00 avg60=1.25 avg300=100.00 total=1234567\n"
#define FULL "full avg10=12.34 avg60=0.01 avg300=0.00 total=0\n"

static struct safevma_error err;

static void both_lines(void **state)
{
	struct sv_psi psi;

	(void)state;
	assert_int_equal(sv_psi_parse(TEXT(SOME FULL), &psi, &err), 0);
	assert_int_equal(psi.some.avg10.value, 0);
	assert_int_equal(psi.some.avg60.value, 125);
	assert_int_equal(psi.some.avg300.value, 10000);
	assert_int_equal(psi.some.total_us.value, 1234567);
	assert_int_equal(psi.full.avg10.value, 1234);
	assert_int_equal(psi.full.avg60.value, 1);
	assert_true(psi.full.total_us.known);
}

static void one_line(void **state)
{
	struct sv_psi psi;

	(void)state;
	assert_int_equal(sv_psi_parse(TEXT(FULL), &psi, &err), 0);
	assert_false(psi.some.total_us.known);
	assert_true(psi.full.avg300.known);
}

static void malformed(void **state)
{
	static const char *const bad[] = { "", "\n", "none avg10=0.00\n",
		"some avg10=0.0 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.000 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=101.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=1 more\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=99999999999999999999\n",
		"some avg10=-1.00 avg60=0.00 avg300=0.00 total=1\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct sv_psi psi = { .some.avg10 = sv_known(77) };

		assert_int_equal(
			sv_psi_parse(sv_text_init(bad[i], strlen(bad[i]), "test"), &psi, &err), -1);
		assert_int_equal(psi.some.avg10.value, 77);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	}
}

static void read_any(struct sv_text text)
{
	struct sv_psi psi;

	sv_psi_parse(text, &psi, &err);
}

static void damage(void **state)
{
	(void)state;
	each_damage(TEXT(SOME FULL), 200, read_any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_lines),
		cmocka_unit_test(one_line),
		cmocka_unit_test(malformed),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
