// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures of a process, measured once where there is a place to keep them. */
#include "memory.h"

#include "measure/figures.h"

static safevma_observation *two_processes(void)
{
	safevma_observation *obs = memory_new();
	struct sv_process *p;

	memory_vma(obs, 0, 4);
	memory_page(obs, 0, PRESENT(7));
	p = sv_vec_push(&obs->processes);
	assert_non_null(p);
	p->pid = 43;
	p->selected = true;
	memory_vma(obs, 0, 2);
	return obs;
}

static void the_same_as_measured(void **state)
{
	safevma_observation *obs = two_processes();

	(void)state;
	obs->memo = calloc(1, sizeof(*obs->memo));
	assert_non_null(obs->memo);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < obs->processes.len; i++) {
			struct sv_vma_figures kept, measured;

			memset(&kept, 0, sizeof(kept));
			memset(&measured, 0, sizeof(measured));
			sv_process_figures(obs, &obs->processes.ptr[i], &kept);
			sv_measure_process(obs, &obs->processes.ptr[i], &measured);
			assert_int_equal(kept.size.value, measured.size.value);
			assert_int_equal(kept.resident.value, measured.resident.value);
			assert_int_equal(kept.coverage.total, measured.coverage.total);
		}
	safevma_observation_free(obs);
}

/* What changes afterwards is seen only where nothing is kept: observations are made and then read.
 */
static void measured_once(void **state)
{
	safevma_observation *obs = two_processes();
	struct sv_vma_figures f;

	(void)state;
	for (int kept = 0; kept < 2; kept++) {
		obs->processes.ptr[0].vmas.ptr[0].end = AT(4);
		if (kept)
			obs->memo = calloc(1, sizeof(*obs->memo));
		sv_process_figures(obs, &obs->processes.ptr[0], &f);
		assert_int_equal(f.size.value, 4 * PAGE);
		obs->processes.ptr[0].vmas.ptr[0].end = AT(5);
		sv_process_figures(obs, &obs->processes.ptr[0], &f);
		assert_int_equal(f.size.value, (kept ? 4 : 5) * PAGE);
	}
	safevma_observation_free(obs);
}

static void coverage_of_the_selected(void **state)
{
	safevma_observation *obs = two_processes();
	struct sv_coverage all, one;

	(void)state;
	sv_selected_coverage(obs, &all);
	obs->processes.ptr[0].selected = false;
	sv_selected_coverage(obs, &one);
	assert_int_equal(all.total, 1);
	assert_int_equal(one.total, 0);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_as_measured),
		cmocka_unit_test(measured_once),
		cmocka_unit_test(coverage_of_the_selected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
