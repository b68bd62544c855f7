// SPDX-License-Identifier: LGPL-2.1-or-later
#include "figures.h"

/* One page of every sort. */
static safevma_observation *mixed(void)
{
	safevma_observation *obs = memory_new();

	obs->swap_areas = sv_known(2);
	memory_vma(obs, 0, 16)->huge = sv_known(8192);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, 0);
	memory_page(obs, 1, PRESENT(200));
	memory_frame(obs, 200, SV_KPF_ZERO | SV_KPF_RESERVED);
	memory_page(obs, 3, SWAPPED(0));
	memory_page(obs, 4, SWAPPED(1));
	memory_page(obs, 5, SWAPPED(30));
	memory_page(obs, 6, SWAPPED(31));
	memory_page(obs, 7, GUARD);
	memory_page(obs, 8, SV_PAGEMAP_UFFD_WP | SWAPPED(31));
	return obs;
}

static void a_page_of_every_sort(void **state)
{
	struct sv_vma_figures f = only(mixed());

	(void)state;
	assert_int_equal(f.size.value, 16 * PAGE);
	assert_num(f.resident, 2 * PAGE);
	assert_num(f.swapped, 2 * PAGE);
	assert_num(f.marker, 4 * PAGE);
	assert_num(f.absent, 12 * PAGE);
	assert_num(f.special, 0);
	assert_num(f.zero, PAGE);
	assert_num(f.exclusive, PAGE);
	assert_num(f.shared, PAGE);
	assert_num(f.huge, 8192);
	assert_num(f.locked, 0);
	assert_num(f.unlocked, 2 * PAGE);
	assert_true(f.reach_known);
	assert_true(f.edges_known);
	assert_int_equal(f.reach.mapped, 2 * PAGE);
	assert_int_equal(f.reach.assumed, 2 * PAGE);
	assert_coverage(&f, 2, 0, 0);
	assert_sums(&f);
}

static void empty(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 4)->flags.known = false;
	f = only(obs);
	assert_num(f.absent, 4 * PAGE);
	assert_num(f.resident, 0);
	assert_num(f.swapped, 0);
	assert_num(f.marker, 0);
	/* Nothing is there that could be locked or not. */
	assert_num(f.locked, 0);
	assert_num(f.unlocked, 0);
	assert_num(f.zero, 0);
	assert_true(f.edges_known);
	assert_coverage(&f, 0, 0, 0);
	assert_sums(&f);
}

static void guard_pages_are_never_swap(void **state)
{
	static const struct sv_num areas[] = { { 0 }, { 0, true }, { 1, true }, { 32, true } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(areas); i++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		obs->swap_areas = areas[i];
		obs->features.pfn_visible = 0;
		memory_vma(obs, 0, 2);
		memory_page(obs, 0, GUARD);
		memory_page(obs, 1, SV_PAGEMAP_SWAPPED | SV_PAGEMAP_GUARD); /* payload hidden */
		f = only(obs);
		assert_num(f.swapped, 0);
		assert_num(f.marker, 2 * PAGE);
		assert_num(f.absent, 2 * PAGE);
	}
}

/* Without a swap area no entry can be swap, whatever its payload, hidden or not. */
static void without_swap_all_are_markers(void **state)
{
	(void)state;
	for (int visible = -1; visible <= 1; visible++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		obs->swap_areas = sv_known(0);
		obs->features.pfn_visible = visible;
		memory_vma(obs, 0, 2);
		memory_page(obs, 0, SV_PAGEMAP_SWAPPED);
		memory_page(obs, 1, SWAPPED(30));
		f = only(obs);
		assert_num(f.swapped, 0);
		assert_num(f.marker, 2 * PAGE);
		assert_num(f.absent, 2 * PAGE);
	}
}

static void hidden_payload_is_unknown(void **state)
{
	(void)state;
	for (int visible = -1; visible <= 0; visible++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		obs->features.pfn_visible = visible;
		memory_vma(obs, 0, 2);
		memory_page(obs, 0, SV_PAGEMAP_SWAPPED);
		f = only(obs);
		assert_unknown(f.swapped);
		assert_unknown(f.marker);
		assert_unknown(f.absent);
		assert_num(f.resident, 0);
	}
}

static void unknown_swap_areas(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	obs->swap_areas = (struct sv_num) { 0 };
	memory_vma(obs, 0, 2);
	memory_page(obs, 0, SWAPPED(0));
	f = only(obs);
	assert_unknown(f.swapped);
	assert_unknown(f.absent);
}

/* PFN 0 with the present bit is a number that the kernel hid; frame 0 is there to be mistaken. */
static void hidden_number_is_not_frame_zero(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_surroundings s = { 0 };
	struct sv_vma_figures f;
	struct sv_process *p;
	struct sv_page pg;

	(void)state;
	memory_vma(obs, 0, 1);
	memory_page(obs, 0, ALONE(0));
	memory_frame(obs, 0, SV_KPF_ZERO);
	memory_frame(obs, 1, SV_KPF_SLAB);
	p = memory_process(obs);
	pg = sv_pages_at(&p->pages, 0);
	sv_page_surroundings(obs, p, p->vmas.ptr, &pg, &s);
	assert_false(s.found);
	assert_int_equal(s.frame.above, SV_CLASS_UNKNOWN);
	assert_int_equal(s.class, SV_CLASS_UNKNOWN);
	assert_unknown(sv_page_mlocked(&s));
	f = only(obs);
	assert_num(f.resident, PAGE);
	assert_num(f.exclusive, PAGE);
	assert_unknown(f.zero);
	assert_false(f.reach_known);
	assert_false(f.edges_known);
	assert_int_equal(f.reach.unknown, PAGE);
	assert_int_equal(f.edges.under_strong, 0);
	assert_coverage(&f, 0, 1, 0);
	assert_sums(&f);
}

static void unread_frame_is_unknown(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 2);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, SV_KPF_SLAB);
	memory_find(100)->known = SV_FRAME_COUNT;
	f = only(obs);
	assert_unknown(f.zero);
	assert_false(f.reach_known);
	assert_false(f.edges_known);
	assert_int_equal(f.reach.unknown, PAGE);
	assert_int_equal(f.edges.over_strong + f.edges.under_strong, 0);
	assert_coverage(&f, 0, 1, 0);
}

static void frames_not_asked_for(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	obs->needs = SAFEVMA_NEED_PAGES;
	memory_vma(obs, 0, 1);
	memory_page(obs, 0, ALONE(100));
	f = only(obs);
	assert_num(f.resident, PAGE);
	assert_unknown(f.zero);
	assert_false(f.reach_known);
	assert_false(f.edges_known);
	assert_coverage(&f, 1, 0, 0); /* of what was asked for all was read */
}

static void unread_pages(void **state)
{
	safevma_observation *obs = mixed();
	struct sv_vma_figures f;

	(void)state;
	memory_process(obs)->vmas.ptr[0].pages_read = false;
	f = only(obs);
	assert_unknown(f.resident);
	assert_unknown(f.absent);
	assert_unknown(f.swapped);
	assert_unknown(f.marker);
	assert_unknown(f.zero);
	assert_unknown(f.exclusive);
	assert_unknown(f.shared);
	assert_unknown(f.locked);
	assert_unknown(f.unlocked);
	assert_num(f.huge, 8192); /* the kernel's own figure */
	assert_false(f.reach_known);
	assert_false(f.edges_known);
	assert_coverage(&f, 2, 1, 0);
}

static void locked_by_flags(void **state)
{
	safevma_observation *obs = mixed();
	struct sv_vma *v = memory_process(obs)->vmas.ptr;
	struct sv_vma_figures f;

	(void)state;
	v->flags = sv_known(SV_VMFLAG_LOCKED);
	f = figures(obs, 0);
	assert_num(f.locked, 2 * PAGE);
	assert_num(f.unlocked, 0);
	v->flags.known = false;
	f = figures(obs, 0);
	assert_unknown(f.locked);
	assert_unknown(f.unlocked);
	v->kind = SV_VMA_VDSO;
	f = only(obs);
	assert_num(f.locked, 2 * PAGE);
	assert_num(f.unlocked, 0);
}

static void special_memory(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 4)->kind = SV_VMA_DEVICE;
	f = only(obs);
	assert_num(f.special, 4 * PAGE);
	assert_num(f.absent, 4 * PAGE);
	assert_num(f.resident, 0);
}

static void changed_pages_are_counted(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 8);
	memory_anon(obs, 0, 100, ANON_FLAGS, ANON_FLAGS);
	memory_changed(obs, 0, true);
	memory_anon(obs, 1, 200, ANON_FLAGS, ANON_FLAGS);
	memory_changed(obs, memory_page(obs, 2, 0), true); /* gone by the second look */
	memory_changed(obs, memory_page(obs, 3, SWAPPED(0)), true);
	memory_page(obs, 4, SWAPPED(0));
	/* changed comes before unreadable */
	memory_changed(obs, memory_page(obs, 5, PRESENT(0)), true);
	f = only(obs);
	assert_coverage(&f, 1, 0, 4);
	assert_num(f.resident, 3 * PAGE);
	assert_num(f.swapped, 2 * PAGE);
	assert_num(f.absent, 3 * PAGE);
	assert_num(f.marker, 0);
}

static void a_changed_vma_changes_all_its_pages(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 8)->changed = true;
	memory_anon(obs, 0, 100, ANON_FLAGS, ANON_FLAGS);
	memory_anon(obs, 1, 200, ANON_FLAGS, ANON_FLAGS);
	f = only(obs);
	assert_coverage(&f, 0, 0, 2);
}

/* The flag of the frame, its head's for a tail; of which process the lock is it does not tell. */
static void mlocked_page_by_page(void **state)
{
	struct sv_surroundings s = { .found = true,
		.frame = { .known = SV_FRAME_FLAGS, .flags = ANON_FLAGS },
		.class = SV_CLASS_ANON };

	(void)state;
	assert_num(sv_page_mlocked(&s), 0);
	s.frame.flags |= SV_KPF_MLOCKED;
	assert_num(sv_page_mlocked(&s), 1);
	s.frame.known |= SV_FRAME_HEADLESS;
	assert_num(sv_page_mlocked(&s), 1);
	s.frame.flags = ANON_FLAGS | SV_KPF_COMPOUND_TAIL;
	assert_unknown(sv_page_mlocked(&s));
	s = (struct sv_surroundings) { 0 };
	assert_unknown(sv_page_mlocked(&s));
}

/* swapoff leaves holes: with one area left its type can be 1, 7 or any below the pseudo types. */
static void swap_types_have_holes(void **state)
{
	safevma_observation obs = { .swap_areas = sv_known(1), .features.pfn_visible = 1 };

	(void)state;
	for (uint64_t type = 0; type < 32; type++)
		assert_int_equal(sv_presence_of(&obs, SV_PAGEMAP_SWAPPED | 5 << 5 | type),
			type < 23 ? SV_SWAPPED : SV_MARKER);
	obs.swap_areas = sv_known(0);
	assert_int_equal(sv_presence_of(&obs, SV_PAGEMAP_SWAPPED | 1), SV_MARKER);
	obs.features.pfn_visible = 0;
	obs.swap_areas = sv_known(1);
	assert_int_equal(sv_presence_of(&obs, SV_PAGEMAP_SWAPPED | 1), SV_NONPRESENT);
}

static void a_process_is_the_sum_of_its_vmas(void **state)
{
	safevma_observation *obs = mixed();
	struct sv_vma_figures f, a, b;

	(void)state;
	memory_vma(obs, 32, 4)->flags = sv_known(SV_VMFLAG_LOCKED);
	memory_anon(obs, 32, 300, SV_KPF_SLAB, SV_KPF_SLAB);
	a = figures(obs, 0);
	b = figures(obs, 1);
	sv_measure_process(obs, memory_process(obs), &f);
	assert_int_equal(f.size.value, 20 * PAGE);
	assert_num(f.resident, 3 * PAGE);
	assert_num(f.absent, 15 * PAGE);
	assert_num(f.swapped, 2 * PAGE);
	assert_num(f.marker, 4 * PAGE);
	assert_num(f.locked, PAGE);
	assert_num(f.unlocked, 2 * PAGE);
	assert_num(f.zero, PAGE);
	assert_num(f.exclusive, 2 * PAGE);
	assert_num(f.shared, PAGE);
	assert_num(f.huge, 8192);
	assert_num(f.special, 0);
	assert_int_equal(f.edges.over_strong, a.edges.over_strong + b.edges.over_strong);
	assert_int_equal(f.edges.under_strong, 1);
	assert_int_equal(f.edges.under_unclassified, 1);
	assert_int_equal(f.reach.mapped, 3 * PAGE);
	assert_true(f.reach_known && f.edges_known);
	assert_coverage(&f, 3, 0, 0);
	assert_sums(&f);
	safevma_observation_free(obs);
}

static void one_unknown_makes_the_sum_unknown(void **state)
{
	safevma_observation *obs = mixed();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 32, 4)->flags.known = false;
	memory_page(obs, 32, PRESENT(0));
	sv_measure_process(obs, memory_process(obs), &f);
	assert_num(f.resident, 3 * PAGE);
	assert_false(f.locked.known);
	assert_false(f.unlocked.known);
	assert_false(f.zero.known);
	assert_false(f.edges_known);
	assert_false(f.reach_known);
	assert_true(f.swapped.known);
	memory_vma(obs, 64, 4)->pages_read = false;
	sv_measure_process(obs, memory_process(obs), &f);
	assert_false(f.resident.known);
	assert_false(f.absent.known);
	assert_false(f.swapped.known);
	assert_coverage(&f, 2, 2, 0);
	safevma_observation_free(obs);
}

/* The process's frames as its kernel maps them: three of each answer, one with a further address.
 */
static void observed_reach(void **state)
{
	static const enum sv_alias aliases[] = { SV_ALIAS_RW, SV_ALIAS_RO, SV_ALIAS_ABSENT,
		SV_ALIAS_UNKNOWN };
	safevma_observation *obs = memory_new();
	struct sv_kernelmap *k = &memory_process(obs)->kernel;
	struct sv_kmapping *m = sv_vec_push(&k->others);
	struct sv_vma_figures f;

	(void)state;
	obs->aliases = true;
	memory_vma(obs, 0, 5);
	k->made = true;
	k->others_known = true;
	k->others_span = 1;
	*m = (struct sv_kmapping) { .pfn = 300, .frames = 1, .zone = SV_KZONE_IMAGE };
	for (uint64_t i = 0; i < 4; i++) {
		struct sv_linear_extent *x = sv_vec_push(&k->linear);

		*x = (struct sv_linear_extent) {
			.pfn = 100 * (i + 1), .frames = 2, .alias = aliases[i]
		};
		memory_anon(obs, i, 100 * (i + 1), SV_KPF_SLAB, 0);
	}
	f = figures(obs, 0);
	assert_int_equal(f.reach.mapped, 2 * PAGE);
	assert_int_equal(f.reach.readonly, PAGE);
	assert_int_equal(f.reach.removed, PAGE);
	assert_int_equal(f.reach.unknown, PAGE);
	assert_int_equal(f.reach.observed, 3 * PAGE);
	assert_int_equal(f.reach.assumed, 0);
	assert_int_equal(f.reach.other, PAGE);
	assert_int_equal(f.reach.other_unknown, 0);
	/* Through an alias that cannot be written no overrun comes. */
	assert_int_equal(f.edges.silent, 2);
	assert_int_equal(f.edges.trapped, 4);
	assert_int_equal(f.edges.unknown, 2);
	assert_sums(&f);
	obs->aliases = false;
	f = only(obs);
	assert_int_equal(f.reach.other, PAGE);
	assert_int_equal(f.reach.other_unknown, 3 * PAGE);
}

/* Of a process that could not be read nothing is known, and zero least of all. */
static void unread_process(void **state)
{
	static const enum sv_fate fates[] = { SV_FATE_STABLE, SV_FATE_CHANGED, SV_FATE_VANISHED,
		SV_FATE_UNREAD };
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	for (size_t i = 0; i < sv_array_size(fates); i++) {
		memory_process(obs)->fate = fates[i];
		sv_measure_process(obs, memory_process(obs), &f);
		assert_unknown(f.resident);
		assert_unknown(f.special);
		assert_unknown(f.huge);
		assert_false(f.reach_known);
		assert_false(f.edges_known);
	}
	memory_vma(obs, 0, 1);
	for (size_t i = 0; i < sv_array_size(fates); i++) {
		memory_process(obs)->fate = fates[i];
		sv_measure_process(obs, memory_process(obs), &f);
		assert_int_equal(f.resident.known, i < 2);
		assert_int_equal(f.edges_known, i < 2);
	}
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_every_sort),
		cmocka_unit_test(empty),
		cmocka_unit_test(guard_pages_are_never_swap),
		cmocka_unit_test(without_swap_all_are_markers),
		cmocka_unit_test(hidden_payload_is_unknown),
		cmocka_unit_test(unknown_swap_areas),
		cmocka_unit_test(hidden_number_is_not_frame_zero),
		cmocka_unit_test(unread_frame_is_unknown),
		cmocka_unit_test(frames_not_asked_for),
		cmocka_unit_test(unread_pages),
		cmocka_unit_test(locked_by_flags),
		cmocka_unit_test(special_memory),
		cmocka_unit_test(changed_pages_are_counted),
		cmocka_unit_test(a_changed_vma_changes_all_its_pages),
		cmocka_unit_test(mlocked_page_by_page),
		cmocka_unit_test(swap_types_have_holes),
		cmocka_unit_test(a_process_is_the_sum_of_its_vmas),
		cmocka_unit_test(one_unknown_makes_the_sum_unknown),
		cmocka_unit_test(observed_reach),
		cmocka_unit_test(unread_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
