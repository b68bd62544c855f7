// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <errno.h>

#include "model/observation.h"

static safevma_observation *observation(void)
{
	safevma_observation *obs = calloc(1, sizeof(*obs));

	assert_non_null(obs);
	return obs;
}

static struct safevma_error denied(void)
{
	struct safevma_error why;

	sv_error_sys(&why, EACCES, "/proc/42/maps", "open");
	return why;
}

static void a_gap_says_all(void **state)
{
	safevma_observation *obs = observation();
	struct safevma_error why = denied();
	const struct sv_gap *g;

	(void)state;
	assert_null(safevma_observation_gap(obs, 0));
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, NULL), 0);
	assert_int_equal(obs->gaps.len, 1);
	g = &obs->gaps.ptr[0];
	assert_string_equal(g->interface, "maps");
	assert_int_equal(g->pid, 42);
	assert_int_equal(g->code, SAFEVMA_E_SYSTEM);
	assert_int_equal(g->errnum, EACCES);
	assert_string_equal(g->reason, "/proc/42/maps: open: Permission denied");
	assert_string_equal(g->costs, "every figure of the process's memory");
	assert_true(g->counts);
	assert_string_equal(safevma_observation_gap(obs, 0),
		"maps of process 42: /proc/42/maps: open: Permission denied; costs: every figure "
		"of the process's memory");
	assert_null(safevma_observation_gap(obs, 1));
	assert_null(safevma_observation_gap(obs, SIZE_MAX));
	safevma_observation_free(obs);
}

static void without_process_and_without_cost(void **state)
{
	safevma_observation *obs = observation();
	struct safevma_error why = denied();

	(void)state;
	assert_int_equal(sv_gap_add(obs, SV_IFACE_VMSTAT, 0, &why, false, NULL), 0);
	assert_string_equal(
		safevma_observation_gap(obs, 0), "vmstat: /proc/42/maps: open: Permission denied");
	assert_false(obs->gaps.ptr[0].counts);
	assert_int_equal(
		sv_gap_add_cost(obs, SV_IFACE_VMSTAT, 0, &why, false, "a figure", NULL), 0);
	assert_string_equal(safevma_observation_gap(obs, 1),
		"vmstat: /proc/42/maps: open: Permission denied; costs: a figure");
	safevma_observation_free(obs);
}

static void said_once(void **state)
{
	safevma_observation *obs = observation();
	struct safevma_error why = denied();

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, NULL), 0);
	assert_int_equal(obs->gaps.len, 1);
	/* Another process, interface, cost or reason is another gap. */
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 43, &why, true, NULL), 0);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_SMAPS, 42, &why, true, NULL), 0);
	assert_int_equal(sv_gap_add_cost(obs, SV_IFACE_MAPS, 42, &why, true, NULL, NULL), 0);
	sv_error_sys(&why, EPERM, "/proc/42/maps", "open");
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, NULL), 0);
	assert_int_equal(obs->gaps.len, 5);
	why = denied();
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, NULL), 0);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_SMAPS, 42, &why, true, NULL), 0);
	assert_int_equal(obs->gaps.len, 5);
	safevma_observation_free(obs);
}

/* A gap that did not matter at first matters once a figure that was asked for rests on it. */
static void once_it_counts_it_counts(void **state)
{
	safevma_observation *obs = observation();
	struct safevma_error why = denied();

	(void)state;
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, false, NULL), 0);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, true, NULL), 0);
	assert_int_equal(obs->gaps.len, 1);
	assert_true(obs->gaps.ptr[0].counts);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 42, &why, false, NULL), 0);
	assert_true(obs->gaps.ptr[0].counts);
	safevma_observation_free(obs);
}

static void long_reasons_stay_whole(void **state)
{
	safevma_observation *obs = observation();
	struct safevma_error why = { .code = SAFEVMA_E_FORMAT, .line = UINT64_MAX };

	(void)state;
	memset(why.path, 'p', sizeof(why.path) - 1);
	memset(why.message, 'm', sizeof(why.message) - 1);
	assert_int_equal(sv_gap_add(obs, SV_IFACE_MAPS, 0, &why, true, NULL), 0);
	assert_int_equal(strlen(obs->gaps.ptr[0].reason), 511 + 1 + 20 + 2 + 511);
	safevma_observation_free(obs);
}

static void freeing_nothing(void **state)
{
	(void)state;
	safevma_observation_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_says_all),
		cmocka_unit_test(without_process_and_without_cost),
		cmocka_unit_test(said_once),
		cmocka_unit_test(once_it_counts_it_counts),
		cmocka_unit_test(long_reasons_stay_whole),
		cmocka_unit_test(freeing_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
