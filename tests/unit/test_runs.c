// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include "measure/runs.h"

enum { MANY = 16 };

/* All runs of the first VMA; how many. */
static size_t runs(safevma_observation *obs, bool one, struct sv_run *ret)
{
	const struct sv_process *p = memory_process(obs);
	const struct sv_vma *v = p->vmas.ptr;
	size_t n = 0, at = v->page;

	memory_settle(obs);
	while (at < v->page + v->pages) {
		size_t before = at;

		assert_true(n < MANY);
		sv_measure_run(obs, p, v, one, n, &at, &ret[n]);
		n++;
		assert_int_equal(at - before, ret[n - 1].pages);
	}
	assert_int_equal(at, v->page + v->pages);
	return n;
}

static size_t count(safevma_observation *obs)
{
	struct sv_run all[MANY];
	size_t n = runs(obs, false, all);

	safevma_observation_free(obs);
	return n;
}

/* N pages of anonymous memory, consecutive in both spaces. */
static safevma_observation *stretch(uint64_t n)
{
	safevma_observation *obs = memory_new();

	memory_vma(obs, 0, n);
	memory_frame(obs, 99, SV_KPF_SLAB);
	for (uint64_t i = 0; i < n; i++) {
		memory_page(obs, i, ALONE(100 + i));
		memory_frame(obs, 100 + i, ANON_FLAGS);
	}
	memory_frame(obs, 100 + n, SV_KPF_BUDDY);
	return obs;
}

static void entry(safevma_observation *obs, size_t i, uint64_t word)
{
	sv_pages_set(&memory_process(obs)->pages, i, word, false);
}

static struct sv_frame *frame(safevma_observation *obs, uint64_t pfn)
{
	struct sv_frame *f = memory_find(pfn);

	(void)obs;
	assert_non_null(f);
	return f;
}

static void a_stretch_is_one_run(void **state)
{
	safevma_observation *obs = stretch(4);
	struct sv_run r[MANY];

	(void)state;
	assert_int_equal(runs(obs, false, r), 1);
	assert_int_equal(r[0].vaddr, AT(0));
	assert_int_equal(r[0].pages, 4);
	assert_num(r[0].pfn, 100);
	assert_int_equal(r[0].presence, SV_PRESENT);
	assert_int_equal(r[0].class, SV_CLASS_ANON);
	/* Of the run's ends. */
	assert_int_equal(r[0].below_class, SV_CLASS_SLAB);
	assert_int_equal(r[0].above_class, SV_CLASS_FREE);
	assert_false(r[0].flags.known);
	assert_num(r[0].mapcount, 1);
	assert_num(r[0].cgroup, 0);
	assert_num(r[0].locked, 0);
	assert_true(r[0].exclusive);
	assert_false(r[0].changed);
	assert_int_equal(r[0].reached.reach, SV_REACH_MAPPED);
	assert_int_equal(r[0].reached.basis, SV_BASIS_ASSUMED);
	safevma_observation_free(obs);
}

static void one_by_one(void **state)
{
	safevma_observation *obs = stretch(3);
	struct sv_run r[MANY];

	(void)state;
	assert_int_equal(runs(obs, true, r), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r[i].vaddr, AT(i));
		assert_num(r[i].pfn, 100 + i);
		assert_num(r[i].flags, ANON_FLAGS);
		assert_int_equal(r[i].below_class, i ? SV_CLASS_ANON : SV_CLASS_SLAB);
		assert_int_equal(r[i].above_class, i < 2 ? SV_CLASS_ANON : SV_CLASS_FREE);
	}
	safevma_observation_free(obs);
}

static void a_single_page_keeps_its_flags(void **state)
{
	safevma_observation *obs = stretch(1);
	struct sv_run r[MANY];

	(void)state;
	assert_int_equal(runs(obs, false, r), 1);
	assert_num(r[0].flags, ANON_FLAGS);
	safevma_observation_free(obs);
}

static void flags_that_change_nothing_do_not_split(void **state)
{
	safevma_observation *obs = stretch(4);

	(void)state;
	frame(obs, 101)->flags |= SV_KPF_REFERENCED | SV_KPF_LRU;
	assert_int_equal(count(obs), 1);
}

static void gap_in_virtual_memory_splits(void **state)
{
	safevma_observation *obs = stretch(4);

	(void)state;
	sv_pages_fini(&memory_process(obs)->pages);
	memory_process(obs)->vmas.ptr->pages = 0;
	for (uint64_t i = 0; i < 4; i++)
		memory_page(obs, i < 2 ? i : i + 1, ALONE(100 + i));
	assert_int_equal(count(obs), 2);
}

static void gap_in_physical_memory_splits(void **state)
{
	safevma_observation *obs = stretch(4);
	struct sv_run r[MANY];

	(void)state;
	entry(obs, 1, ALONE(102));
	entry(obs, 2, ALONE(101));
	assert_int_equal(runs(obs, false, r), 4);
	entry(obs, 1, ALONE(100));
	entry(obs, 2, ALONE(101));
	entry(obs, 3, ALONE(102));
	assert_int_equal(runs(obs, false, r), 2);
	assert_int_equal(r[0].pages, 1);
	assert_int_equal(r[1].pages, 3);
	safevma_observation_free(obs);
}

static void set_class(safevma_observation *obs)
{
	frame(obs, 102)->flags = SV_KPF_LRU;
}

static void set_exclusive(safevma_observation *obs)
{
	entry(obs, 2, PRESENT(102));
}

static void set_changed(safevma_observation *obs)
{
	memory_changed(obs, 2, true);
}

static void set_mapcount(safevma_observation *obs)
{
	frame(obs, 102)->count = 2;
}

static void unset_mapcount(safevma_observation *obs)
{
	frame(obs, 102)->known &= ~(unsigned int)SV_FRAME_COUNT;
}

static void set_cgroup(safevma_observation *obs)
{
	frame(obs, 102)->cgroup = 9;
}

static void unset_cgroup(safevma_observation *obs)
{
	frame(obs, 102)->known &= ~(unsigned int)SV_FRAME_CGROUP;
}

static void set_mlocked(safevma_observation *obs)
{
	frame(obs, 102)->flags |= SV_KPF_MLOCKED;
}

static void set_highmem(safevma_observation *obs)
{
	snprintf(obs->host.machine, sizeof(obs->host.machine), "i686");
	obs->zones_known = true;
	obs->highmem_start_pfn = sv_known(102);
}

static void set_swapped(safevma_observation *obs)
{
	entry(obs, 2, SWAPPED(0));
}

static void set_hidden(safevma_observation *obs)
{
	entry(obs, 2, ALONE(0));
}

static void hide_all_but_one(safevma_observation *obs)
{
	entry(obs, 0, ALONE(0));
	entry(obs, 1, ALONE(0));
	entry(obs, 3, ALONE(0));
}

static void unread_all_but_one(safevma_observation *obs)
{
	frame(obs, 100)->known = frame(obs, 101)->known = frame(obs, 103)->known = 0;
}

/* Whatever differs in the third of four pages, the run ends before it. */
static void what_differs_splits(void **state)
{
	static void (*const differ[])(safevma_observation *) = { set_class, set_exclusive,
		set_changed, set_mapcount, unset_mapcount, set_cgroup, unset_cgroup, set_mlocked,
		set_highmem, set_swapped, set_hidden, hide_all_but_one, unread_all_but_one };

	(void)state;
	for (size_t i = 0; i < sv_array_size(differ); i++) {
		safevma_observation *obs = stretch(4);
		struct sv_run r[MANY];
		size_t n;

		differ[i](obs);
		n = runs(obs, false, r);
		assert_int_equal(n, differ[i] == set_highmem ? 2 : 3);
		assert_int_equal(r[0].pages, 2);
		assert_int_equal(r[1].vaddr, AT(2));
		safevma_observation_free(obs);
	}
}

static void hidden_numbers_stay_unknown(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_run r[MANY];

	(void)state;
	memory_vma(obs, 0, 2);
	memory_page(obs, 0, PRESENT(0));
	memory_page(obs, 1, PRESENT(0));
	memory_frame(obs, 0, SV_KPF_SLAB);
	memory_frame(obs, 1, SV_KPF_SLAB);
	assert_int_equal(runs(obs, false, r), 1);
	assert_unknown(r[0].pfn);
	assert_unknown(r[0].flags);
	assert_unknown(r[0].mapcount);
	assert_unknown(r[0].cgroup);
	assert_unknown(r[0].mlocked);
	assert_int_equal(r[0].presence, SV_PRESENT);
	assert_int_equal(r[0].class, SV_CLASS_UNKNOWN);
	assert_int_equal(r[0].above_class, SV_CLASS_UNKNOWN);
	assert_int_equal(r[0].reached.reach, SV_REACH_UNKNOWN);
	safevma_observation_free(obs);
}

static const struct {
	struct sv_num areas;
	int visible;
	uint64_t entry;
	enum sv_presence presence;
} presences[] = {
	{ { 1, true }, 1, PRESENT(100), SV_PRESENT },
	{ { 1, true }, 1, 0, SV_GONE },
	{ { 1, true }, 1, GUARD, SV_GUARD },
	{ { 0, true }, 1, GUARD, SV_GUARD },
	{ { 0, false }, 0, GUARD, SV_GUARD },
	{ { 1, true }, 1, SWAPPED(0), SV_SWAPPED },
	{ { 1, true }, 1, SWAPPED(1), SV_SWAPPED },
	{ { 3, true }, 1, SWAPPED(2), SV_SWAPPED },
	{ { 3, true }, 1, SWAPPED(31), SV_MARKER },
	{ { 0, true }, 1, SWAPPED(0), SV_MARKER },
	{ { 0, true }, 0, SV_PAGEMAP_SWAPPED, SV_MARKER },
	{ { 1, true }, 0, SV_PAGEMAP_SWAPPED, SV_NONPRESENT },
	{ { 1, true }, -1, SV_PAGEMAP_SWAPPED, SV_NONPRESENT },
	{ { 0, false }, 1, SWAPPED(0), SV_NONPRESENT },
};

static void presence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(presences); i++) {
		safevma_observation *obs = memory_new();
		struct sv_run r[MANY];

		obs->swap_areas = presences[i].areas;
		obs->features.pfn_visible = presences[i].visible;
		memory_vma(obs, 0, 1);
		memory_page(obs, 0, presences[i].entry);
		memory_frame(obs, 100, ANON_FLAGS);
		memory_frame(obs, 0x1000, ANON_FLAGS); /* where a swap entry's payload points */
		assert_int_equal(runs(obs, false, r), 1);
		assert_int_equal(r[0].presence, presences[i].presence);
		assert_int_equal(r[0].pfn.known, presences[i].presence == SV_PRESENT);
		assert_int_equal(r[0].locked.known, presences[i].presence == SV_PRESENT);
		safevma_observation_free(obs);
	}
}

static void equal_absences_merge(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_run r[MANY];

	(void)state;
	memory_vma(obs, 0, 8);
	memory_page(obs, 0, GUARD);
	memory_page(obs, 1, GUARD);
	memory_page(obs, 2, SWAPPED(0));
	memory_page(obs, 4, SWAPPED(0));
	assert_int_equal(runs(obs, false, r), 3);
	assert_int_equal(r[0].pages, 2);
	safevma_observation_free(obs);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(sv_presence_name(SV_PRESENT), "present");
	assert_string_equal(sv_presence_name(SV_SWAPPED), "swapped");
	assert_string_equal(sv_presence_name(SV_GUARD), "guard");
	assert_string_equal(sv_presence_name(SV_MARKER), "marker");
	assert_string_equal(sv_presence_name(SV_NONPRESENT), "nonpresent");
	assert_string_equal(sv_presence_name(SV_GONE), "gone");
}

/* ---- as the kernel maps the frames ----------------------------------------------------------- */

static void add_extent(safevma_observation *obs, uint64_t pfn, uint64_t frames, enum sv_alias alias)
{
	struct sv_kernelmap *k = &memory_process(obs)->kernel;
	struct sv_linear_extent *x = sv_vec_push(&k->linear);

	assert_non_null(x);
	*x = (struct sv_linear_extent) { .pfn = pfn, .frames = frames, .alias = alias };
	k->made = true;
	k->page_shift = 12;
	k->delta = 0x1000000;
}

static void add_other(safevma_observation *obs, uint64_t vaddr, uint64_t pfn, uint64_t frames)
{
	struct sv_kernelmap *k = &memory_process(obs)->kernel;
	struct sv_kmapping *m = sv_vec_push(&k->others);

	assert_non_null(m);
	*m = (struct sv_kmapping) {
		.vaddr = vaddr, .pfn = pfn, .frames = frames, .zone = SV_KZONE_IMAGE
	};
	k->others_known = obs->aliases = true;
	k->others_span = frames > k->others_span ? frames : k->others_span;
}

/* Aliases go on beside the frames: they split nothing. */
static void an_observed_stretch_is_one_run(void **state)
{
	safevma_observation *obs = stretch(4);
	struct sv_run r[MANY];

	(void)state;
	add_extent(obs, 90, 100, SV_ALIAS_RW);
	assert_int_equal(runs(obs, false, r), 1);
	assert_int_equal(r[0].reached.basis, SV_BASIS_OBSERVED);
	assert_num(r[0].reached.alias, 0x1000000 + 100 * 4096);
	assert_unknown(r[0].reached.others);
	assert_unknown(r[0].other_vaddr);
	safevma_observation_free(obs);
}

static void permissions_split(void **state)
{
	static const enum sv_alias second[] = { SV_ALIAS_RO, SV_ALIAS_ABSENT, SV_ALIAS_UNKNOWN,
		SV_ALIAS_NONE };

	(void)state;
	for (size_t i = 0; i < sv_array_size(second); i++) {
		safevma_observation *obs = stretch(4);
		struct sv_run r[MANY];

		add_extent(obs, 90, 12, SV_ALIAS_RW);
		add_extent(obs, 102, 50, second[i]);
		assert_int_equal(runs(obs, false, r), 2);
		assert_int_equal(r[0].pages, 2);
		safevma_observation_free(obs);
	}
}

/* Why it is unknown splits too. */
static void reasons_split(void **state)
{
	safevma_observation *obs = stretch(4);

	(void)state;
	add_extent(obs, 90, 12, SV_ALIAS_UNKNOWN);
	add_extent(obs, 102, 50, SV_ALIAS_UNKNOWN);
	memory_process(obs)->kernel.linear.ptr[1].why = SV_ALIAS_WHY_ZERO;
	assert_int_equal(count(obs), 2);
}

static void further_addresses_that_go_on(void **state)
{
	safevma_observation *obs = stretch(4);
	struct sv_run r[MANY];

	(void)state;
	add_extent(obs, 90, 100, SV_ALIAS_ABSENT);
	add_other(obs, 0xffffffff81234000, 99, 3);
	add_other(obs, 0xffffffff81237000, 102, 3);
	assert_int_equal(runs(obs, false, r), 1);
	assert_num(r[0].reached.others, 1);
	assert_num(r[0].other_vaddr, 0xffffffff81235000);
	safevma_observation_free(obs);
}

static void further_addresses_that_jump_split(void **state)
{
	safevma_observation *obs = stretch(4);
	struct sv_run r[MANY];

	(void)state;
	add_extent(obs, 90, 100, SV_ALIAS_ABSENT);
	add_other(obs, 0xffffffff81234000, 100, 2);
	add_other(obs, 0xffffffff91237000, 102, 1);
	assert_int_equal(runs(obs, false, r), 3);
	assert_int_equal(r[0].pages, 2);
	assert_num(r[1].other_vaddr, 0xffffffff91237000);
	assert_unknown(r[2].other_vaddr);
	assert_num(r[2].reached.others, 0);
	safevma_observation_free(obs);
}

/* Of several a run shows the first, and so none goes on. */
static void several_further_addresses_split(void **state)
{
	safevma_observation *obs = stretch(3);
	struct sv_run r[MANY];

	(void)state;
	add_extent(obs, 90, 100, SV_ALIAS_ABSENT);
	add_other(obs, 0xffffffff81234000, 100, 3);
	add_other(obs, 0xffffffff91234000, 100, 3);
	assert_int_equal(runs(obs, false, r), 3);
	assert_num(r[1].other_vaddr, 0xffffffff81235000);
	assert_num(r[1].reached.others, 2);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stretch_is_one_run),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(a_single_page_keeps_its_flags),
		cmocka_unit_test(flags_that_change_nothing_do_not_split),
		cmocka_unit_test(gap_in_virtual_memory_splits),
		cmocka_unit_test(gap_in_physical_memory_splits),
		cmocka_unit_test(what_differs_splits),
		cmocka_unit_test(hidden_numbers_stay_unknown),
		cmocka_unit_test(presence),
		cmocka_unit_test(equal_absences_merge),
		cmocka_unit_test(names),
		cmocka_unit_test(an_observed_stretch_is_one_run),
		cmocka_unit_test(permissions_split),
		cmocka_unit_test(reasons_split),
		cmocka_unit_test(further_addresses_that_go_on),
		cmocka_unit_test(further_addresses_that_jump_split),
		cmocka_unit_test(several_further_addresses_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
