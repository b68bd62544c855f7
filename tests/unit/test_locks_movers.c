// SPDX-License-Identifier: LGPL-2.1-or-later
/* What moves memory that is locked, and what takes memory that is not. */
#include "locking.h"

#define MOVERS (R(COMPACTION) | R(NUMA) | R(KHUGEPAGED) | R(KSM))

static unsigned int movers_with(void (*set)(safevma_observation *obs), uint64_t flags)
{
	safevma_observation *obs = system_new(flags);
	struct sv_lock_figures f;

	for (uint64_t i = 0; i < 16; i++)
		locked_page(obs, i);
	set(obs);
	f = measure(obs, NULL);
	safevma_observation_free(obs);
	return (f.reasons & MOVERS) | (f.unknown ? 1u << 31 : 0);
}

static void set_nothing(safevma_observation *obs)
{
	(void)obs;
}

static void set_compaction(safevma_observation *obs)
{
	obs->movers.compact_unevictable = sv_known(1);
}

static void set_numa(safevma_observation *obs)
{
	obs->movers.numa_balancing = sv_known(2);
}

static void set_ksm(safevma_observation *obs)
{
	obs->movers.ksm_run = sv_known(1);
}

static void set_always(safevma_observation *obs)
{
	obs->movers.thp = SV_THP_ALWAYS;
	obs->movers.thp_bytes = sv_known(8 * PAGE);
}

static void set_madvise(safevma_observation *obs)
{
	set_always(obs);
	obs->movers.thp = SV_THP_MADVISE;
}

static void set_too_large(safevma_observation *obs)
{
	set_always(obs);
	obs->movers.thp_bytes = sv_known(32 * PAGE);
}

static void set_no_size(safevma_observation *obs)
{
	set_always(obs);
	obs->movers.thp_bytes = sv_known(0);
}

static void set_asked_not_to(safevma_observation *obs)
{
	set_always(obs);
	memory_process(obs)->thp_enabled = sv_known(0);
}

static void set_unread(safevma_observation *obs)
{
	obs->movers = (struct sv_movers) { 0 };
}

static void settings_that_move_locked_memory(void **state)
{
	const uint64_t lo = SV_VMFLAG_LOCKED;

	(void)state;
	assert_int_equal(movers_with(set_nothing, lo), 0);
	/* Their frames are locked, by another process then: compaction leaves them. */
	assert_int_equal(movers_with(set_nothing, 0), 0);
	assert_int_equal(movers_with(set_compaction, lo), R(COMPACTION));
	assert_int_equal(movers_with(set_numa, lo), R(NUMA));
	assert_int_equal(movers_with(set_ksm, lo), 0);
	assert_int_equal(movers_with(set_ksm, lo | SV_VMFLAG_MERGEABLE), R(KSM));
	assert_int_equal(movers_with(set_always, lo), R(KHUGEPAGED));
	assert_int_equal(movers_with(set_always, lo | SV_VMFLAG_NOHUGEPAGE), 0);
	assert_int_equal(movers_with(set_madvise, lo), 0);
	assert_int_equal(movers_with(set_madvise, lo | SV_VMFLAG_HUGEPAGE), R(KHUGEPAGED));
	assert_int_equal(movers_with(set_too_large, lo), 0);
	assert_int_equal(movers_with(set_no_size, lo), 0);
	assert_int_equal(movers_with(set_asked_not_to, lo), 0);
	assert_int_equal(movers_with(set_unread, lo), 1u << 31);
	assert_int_equal(movers_with(set_always, lo | SV_VMFLAG_DONTEXPAND), 0);
}

static void reclaim_needs_swap_or_a_file(void **state)
{
	safevma_observation *obs = system_new(0);

	(void)state;
	memory_page(obs, 0, ALONE(100));
	memory_frame(obs, 100, OWN);
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_RECLAIM], 1);
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_COMPACTION], 1);
	obs->swap_areas = sv_known(0);
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_RECLAIM], 0);
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_UNLOCKED], 1);
	obs->swap_areas = (struct sv_num) { 0 };
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_RECLAIM], 1);
	obs->swap_areas = sv_known(0);
	memory_page(obs, 1, SV_PAGEMAP_FILE | PRESENT(400));
	memory_frame(obs, 400, SV_KPF_MMAP | SV_KPF_LRU);
	assert_int_equal(measure(obs, NULL).by_reason[SV_LOCK_REASON_RECLAIM], 1);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_that_move_locked_memory),
		cmocka_unit_test(reclaim_needs_swap_or_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
