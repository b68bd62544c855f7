// SPDX-License-Identifier: LGPL-2.1-or-later
#include "locking.h"

static void assert_sentence(const safevma_observation *obs, const char *expected)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_lock_view w;
	struct sv_lock_figures f = measure(obs, &w);

	assert_int_equal(sv_lock_sentence(&w, &f, &text), 0);
	assert_string_equal(text.ptr, expected);
}

/* Runs lie end to end, and have all that the sums have. */
static void assert_runs(const safevma_observation *obs)
{
	struct sv_lock_view w;
	struct sv_lock_figures f = measure(obs, &w);
	uint64_t at = w.v->start, states[SV_STATE_COUNT] = { 0 }, read = 0, write = 0;
	struct sv_lock_run run;
	size_t position = 0;

	while (sv_lock_run_next(&w, false, &position, &run)) {
		assert_int_equal(run.vaddr, at);
		assert_true(run.pages > 0);
		at += run.pages * PAGE;
		for (int i = 0; i < SV_STATE_COUNT; i++)
			states[i] += run.page.states >> i & 1 ? run.pages : 0;
		read += run.page.read_faults ? run.pages : 0;
		write += run.page.write_faults ? run.pages : 0;
	}
	assert_int_equal(at, w.v->end);
	assert_memory_equal(states, f.by_state, sizeof(states));
	assert_int_equal(read, f.read_faults);
	assert_int_equal(write, f.write_faults);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void all_that_is_locked(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	for (uint64_t i = 0; i < 16; i++)
		locked_page(obs, i);
	f = measure(obs, NULL);
	assert_int_equal(f.reasons, 0);
	assert_int_equal(f.unknown, 0);
	assert_int_equal(f.write_faults, 0);
	assert_int_equal(f.flag_only, 0);
	assert_true(sv_lock_figures_known(&f));
	assert_sentence(obs, "nothing seen that can fault");
	assert_runs(obs);
	safevma_observation_free(obs);
}

static void a_page_of_every_sort(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	locked_page(obs, 0);
	memory_page(obs, 1, PRESENT(200)); /* of zeros */
	memory_frame(obs, 200, SV_KPF_ZERO | SV_KPF_RESERVED);
	memory_page(obs, 2, PRESENT(300)); /* shared since a fork */
	memory_frame(obs, 300, ANON_FLAGS | SV_KPF_MLOCKED);
	memory_page(obs, 3, ALONE(301)); /* shared no longer */
	memory_frame(obs, 301, ANON_FLAGS | SV_KPF_MLOCKED);
	memory_page(obs, 4, SV_PAGEMAP_FILE | PRESENT(400)); /* page cache */
	memory_frame(obs, 400, SV_KPF_MMAP | SV_KPF_LRU | SV_KPF_MLOCKED | SV_KPF_UPTODATE);
	memory_page(obs, 6, SWAPPED(0));
	memory_page(obs, 7, GUARD);
	memory_page(obs, 8, SWAPPED(30));
	memory_page(obs, 9, ALONE(500)); /* the flag alone */
	memory_frame(obs, 500, OWN);
	f = measure(obs, NULL);
	assert_int_equal(f.by_state[0], 6);
	assert_int_equal(f.by_state[1], 7); /* absent */
	assert_int_equal(f.by_reason[SV_LOCK_REASON_LOCK_FAILED], 7);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_SWAPPED], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_GUARD], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_MARKER], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_COW], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_ALONE], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_COPY], 1);
	assert_int_equal(f.zero_writable, 1);
	assert_int_equal(f.file_write, 1);
	assert_int_equal(f.read_faults, 9);
	assert_int_equal(f.write_faults, 13);
	assert_int_equal(f.flag_only, 8);
	assert_int_equal(f.flagged.value, 16 * PAGE);
	assert_int_equal(f.guard_marker, 0);
	assert_runs(obs);
	safevma_observation_free(obs);
}

static void no_access_is_no_fault(void **state)
{
	safevma_observation *obs = system_new(0);
	struct sv_lock_figures f;

	(void)state;
	memory_process(obs)->vmas.ptr[0].perms = 0;
	memory_page(obs, 0, ALONE(100));
	memory_frame(obs, 100, ANON_FLAGS);
	f = measure(obs, NULL);
	assert_int_equal(f.reasons, 0);
	assert_int_equal(f.read_faults + f.write_faults, 0);
	assert_sentence(obs, "no access is allowed");
	memory_process(obs)->vmas.ptr[0].flags = sv_known(SV_VMFLAG_LOCKED);
	assert_sentence(obs, "15 pages locked by flag alone: no access, nothing there");
	safevma_observation_free(obs);
}

static void what_may_only_be_read_is_not_written(void **state)
{
	safevma_observation *obs = system_new(0);
	struct sv_lock_figures f;

	(void)state;
	memory_process(obs)->vmas.ptr[0].perms = SV_PERM_READ;
	memory_page(obs, 0, PRESENT(200));
	memory_frame(obs, 200, SV_KPF_ZERO | SV_KPF_RESERVED);
	memory_page(obs, 1, SV_PAGEMAP_FILE | PRESENT(400));
	memory_frame(obs, 400, SV_KPF_MMAP | SV_KPF_LRU);
	f = measure(obs, NULL);
	assert_int_equal(f.zero_writable, 0);
	assert_int_equal(f.file_write, 0);
	assert_int_equal(f.write_faults, 0);
	assert_int_equal(f.read_faults, 14);
	safevma_observation_free(obs);
}

static void shared_files_tell_their_filesystem(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	memory_process(obs)->vmas.ptr[0].perms = RW | SV_PERM_SHARED;
	memory_page(obs, 0, SV_PAGEMAP_FILE | PRESENT(400));
	memory_frame(obs, 400, SV_KPF_MMAP | SV_KPF_LRU | SV_KPF_MLOCKED);
	memory_page(obs, 1, SV_PAGEMAP_FILE | PRESENT(401));
	memory_frame(obs, 401, SV_KPF_MMAP | SV_KPF_LRU | SV_KPF_MLOCKED | SV_KPF_DIRTY);
	memory_page(obs, 2, SV_PAGEMAP_FILE | PRESENT(402)); /* tmpfs does not */
	memory_frame(obs, 402, SV_KPF_MMAP | SV_KPF_SWAPBACKED | SV_KPF_MLOCKED);
	f = measure(obs, NULL);
	assert_int_equal(f.file_write, 2);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_NOTIFY], 2);
	assert_int_equal(f.write_faults - f.read_faults, 1);
	safevma_observation_free(obs);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static const struct {
	uint64_t flags;
	enum sv_hold hold;
	unsigned int reasons, unknown;
} holds[] = {
	{ 0, SV_HOLD_UNLOCKED, R(FIRST_TOUCH), 0 },
	{ SV_VMFLAG_LOCKED, SV_HOLD_LOCKED, R(LOCK_FAILED), 0 },
	{ SV_VMFLAG_LOCKED | SV_VMFLAG_LOCKONFAULT, SV_HOLD_ONFAULT, R(ONFAULT), 0 },
	{ SV_VMFLAG_LOCKED | SV_VMFLAG_UNNAMED, SV_HOLD_EITHER, R(LOCK_EITHER),
		SV_UNKNOWN_ONFAULT },
	{ SV_VMFLAG_UNNAMED, SV_HOLD_UNLOCKED, R(FIRST_TOUCH), 0 },
	{ SV_VMFLAG_HUGETLB | SV_VMFLAG_DONTEXPAND, SV_HOLD_HUGETLB, R(FIRST_TOUCH), 0 },
	{ SV_VMFLAG_DONTEXPAND, SV_HOLD_DRIVER, R(FIRST_TOUCH), 0 },
	{ SV_VMFLAG_IO | SV_VMFLAG_PFNMAP, SV_HOLD_DRIVER, 0, SV_UNKNOWN_HIDDEN },
	{ SV_VMFLAG_DROPPABLE, SV_HOLD_DROPPABLE, R(FIRST_TOUCH), 0 },
};

static void every_sort_of_lock(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(holds); i++) {
		safevma_observation *obs = system_new(holds[i].flags);
		struct sv_lock_view w;
		struct sv_lock_figures f = measure(obs, &w);

		assert_int_equal(w.hold, holds[i].hold);
		assert_int_equal(f.reasons, holds[i].reasons);
		assert_int_equal(f.unknown, holds[i].unknown);
		safevma_observation_free(obs);
	}
}

/* With the flag or without it, secretmem is no lock's matter, and stays where it is. */
static void secretmem_is_not_blamed(void **state)
{
	(void)state;
	for (int flag = 0; flag < 2; flag++) {
		safevma_observation *obs = system_new(flag ? SV_VMFLAG_LOCKED : 0);
		struct sv_vma *v = &memory_process(obs)->vmas.ptr[0];
		struct sv_lock_figures f;

		obs->movers.compact_unevictable = sv_known(1);
		v->secret = SV_SECRET_YES;
		v->kind = SV_VMA_SECRETMEM;
		v->perms = RW | SV_PERM_SHARED;
		for (uint64_t i = 0; i < 16; i++) {
			memory_page(obs, i, SV_PAGEMAP_FILE | ALONE(100 + i));
			memory_frame(obs, 100 + i, SV_KPF_MMAP | SV_KPF_UPTODATE | SV_KPF_DIRTY);
		}
		f = measure(obs, NULL);
		assert_int_equal(f.reasons, 0);
		assert_int_equal(f.unknown, 0);
		assert_int_equal(f.flag_only, 0);
		safevma_observation_free(obs);
	}
}

/* ---- what cannot be told --------------------------------------------------------------------- */

static void without_flags_nothing_is_safe(void **state)
{
	safevma_observation *obs = system_new(0);
	struct sv_lock_figures f;

	(void)state;
	for (uint64_t i = 0; i < 16; i++)
		locked_page(obs, i);
	memory_process(obs)->vmas.ptr[0].flags.known = false;
	f = measure(obs, NULL);
	assert_false(sv_lock_figures_known(&f));
	assert_false(f.flagged.known);
	assert_sentence(obs, "movable by compaction; not known: whether it is locked");
	safevma_observation_free(obs);
}

static void without_frames_nothing_is_safe(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	for (uint64_t i = 0; i < 16; i++)
		memory_page(obs, i, ALONE(0));
	obs->features.pfn_visible = 0;
	f = measure(obs, NULL);
	assert_int_equal(f.unknown, SV_UNKNOWN_FRAMES);
	assert_sentence(obs, "not known: what its frames are");
	safevma_observation_free(obs);
}

static void without_pages_nothing_is_said_of_them(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_run run;
	struct sv_lock_view w;
	struct sv_lock_figures f;
	size_t at = 0;

	(void)state;
	memory_process(obs)->vmas.ptr[0].pages_read = false;
	f = measure(obs, &w);
	assert_int_equal(f.unknown, SV_UNKNOWN_PAGES);
	assert_int_equal(f.read_faults, 0);
	assert_false(sv_lock_run_next(&w, false, &at, &run));
	assert_sentence(obs, "not known: what is there");
	safevma_observation_free(obs);
}

static void swap_or_marker(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	memory_page(obs, 0, SV_PAGEMAP_SWAPPED);
	obs->features.pfn_visible = 0;
	f = measure(obs, NULL);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_NONPRESENT], 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_SWAPPED], 0);
	assert_int_equal(f.unknown, SV_UNKNOWN_SWAP);
	safevma_observation_free(obs);
}

/* 6.13 and 6.14 have guards and no bit in pagemap. */
static void a_guard_by_its_marker_alone(void **state)
{
	safevma_observation *obs = system_new(0);
	struct sv_lock_figures f;

	(void)state;
	memory_page(obs, 0, PTE_MARKER_4);
	memory_page(obs, 1, PTE_MARKER_4 + 32); /* another marker as well */
	obs->swap_areas = sv_known(0);
	f = measure(obs, NULL);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_GUARD], 1);
	assert_int_equal(f.guard_marker, 1);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_MARKER], 1);
	safevma_observation_free(obs);
}

/* Before 5.19 no frame has the bit: whether a write faults once more is then not known. */
static void a_kernel_that_does_not_show_who_shared(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED);
	struct sv_lock_figures f;

	(void)state;
	memory_page(obs, 0, ALONE(100));
	memory_frame(obs, 100, ANON_FLAGS | SV_KPF_MLOCKED);
	f = measure(obs, NULL);
	assert_int_equal(f.unknown, SV_UNKNOWN_FORK);
	assert_int_equal(f.by_reason[SV_LOCK_REASON_ALONE], 0);
	safevma_observation_free(obs);
}

/* ---- the words ------------------------------------------------------------------------------- */

static void the_worst_come_first(void **state)
{
	safevma_observation *obs = system_new(SV_VMFLAG_LOCKED | SV_VMFLAG_LOCKONFAULT);

	(void)state;
	memory_process(obs)->vmas.ptr[0].kind = SV_VMA_HEAP;
	locked_page(obs, 0);
	memory_page(obs, 1, SWAPPED(0));
	memory_page(obs, 2, PRESENT(300));
	memory_frame(obs, 300, ANON_FLAGS | SV_KPF_MLOCKED);
	obs->movers.compact_unevictable = sv_known(1);
	assert_sentence(obs,
		"1 page in swap: read back from there; 13 absent: locked when first touched; "
		"1 awaiting copy-on-write after fork; and 2 more");
	safevma_observation_free(obs);
}

static void every_word_is_there(void **state)
{
	(void)state;
	for (int i = 0; i < SV_LOCK_REASON_COUNT; i++) {
		const struct sv_lock_reason_info *r = sv_lock_reason_info((enum sv_lock_reason)i);

		assert_non_null(r->name);
		assert_non_null(r->text);
		assert_non_null(r->help);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
				r->name, sv_lock_reason_info((enum sv_lock_reason)k)->name);
	}
	for (unsigned int i = 0; i < SV_STATE_COUNT; i++)
		assert_non_null(sv_lock_state_help(i));
	for (unsigned int i = 0; i < SV_UNKNOWN_COUNT; i++)
		assert_non_null(sv_lock_unknown_text(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_locked),
		cmocka_unit_test(a_page_of_every_sort),
		cmocka_unit_test(no_access_is_no_fault),
		cmocka_unit_test(what_may_only_be_read_is_not_written),
		cmocka_unit_test(shared_files_tell_their_filesystem),
		cmocka_unit_test(every_sort_of_lock),
		cmocka_unit_test(secretmem_is_not_blamed),
		cmocka_unit_test(without_flags_nothing_is_safe),
		cmocka_unit_test(without_frames_nothing_is_safe),
		cmocka_unit_test(without_pages_nothing_is_said_of_them),
		cmocka_unit_test(swap_or_marker),
		cmocka_unit_test(a_guard_by_its_marker_alone),
		cmocka_unit_test(a_kernel_that_does_not_show_who_shared),
		cmocka_unit_test(the_worst_come_first),
		cmocka_unit_test(every_word_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
