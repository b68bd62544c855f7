// SPDX-License-Identifier: LGPL-2.1-or-later
#include "figures.h"

static const struct {
	uint64_t below, above;
	struct sv_edges edges;
} neighbours[] = {
	{ SV_KPF_SLAB, ANON_FLAGS, { .over_strong = 1, .silent = 1 } },
	{ ANON_FLAGS, SV_KPF_SLAB, { .under_strong = 1, .silent = 1 } },
	{ SV_KPF_COMPOUND_HEAD, SV_KPF_COMPOUND_TAIL,
		{ .over_strong = 1, .under_strong = 1, .silent = 2 } },
	{ 0, SV_KPF_RESERVED, { .over_unclassified = 1, .under_unclassified = 1, .silent = 2 } },
	{ SV_KPF_SLAB, 0, { .over_strong = 1, .under_unclassified = 1, .silent = 2 } },
	{ SV_KPF_BUDDY, SV_KPF_PGTABLE, { 0 } },
	{ SV_KPF_NOPAGE, SV_KPF_LRU, { 0 } },
};

static void edges_by_direction_and_strength(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(neighbours); i++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		memory_vma(obs, 0, 1);
		memory_anon(obs, 0, 100, neighbours[i].below, neighbours[i].above);
		f = only(obs);
		assert_memory_equal(&f.edges, &neighbours[i].edges, sizeof(f.edges));
		assert_true(f.edges_known);
		assert_coverage(&f, 1, 0, 0);
		assert_sums(&f);
	}
}

static void a_charged_neighbour_is_unclassified(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_vma_figures f;

	(void)state;
	memory_vma(obs, 0, 1);
	memory_anon(obs, 0, 100, 0, ANON_FLAGS);
	memory_find(99)->cgroup = 5;
	f = only(obs);
	assert_int_equal(f.edges.over_unclassified, 1);
	assert_int_equal(f.edges.over_strong, 0);
}

/* The effect of an edge follows our own alias, not the neighbour's. */
static void effects(void **state)
{
	static const struct {
		const char *machine;
		enum sv_secret secret;
		uint64_t silent, trapped, unknown;
	} by[] = {
		{ "x86_64", SV_SECRET_NO, 2, 0, 0 },
		{ "x86_64", SV_SECRET_YES, 0, 2, 0 },
		{ "aarch64", SV_SECRET_YES, 0, 0, 2 },
		{ "x86_64", SV_SECRET_UNKNOWN, 0, 0, 2 },
		{ "armv7l", SV_SECRET_NO, 0, 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(by); i++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		snprintf(obs->host.machine, sizeof(obs->host.machine), "%s", by[i].machine);
		memory_vma(obs, 0, 1)->secret = by[i].secret;
		memory_anon(obs, 0, 100, SV_KPF_SLAB, 0);
		f = only(obs);
		assert_int_equal(f.edges.over_strong, 1);
		assert_int_equal(f.edges.under_unclassified, 1);
		assert_int_equal(f.edges.silent, by[i].silent);
		assert_int_equal(f.edges.trapped, by[i].trapped);
		assert_int_equal(f.edges.unknown, by[i].unknown);
		assert_int_equal(f.reach.removed, by[i].trapped ? PAGE : 0);
		assert_int_equal(f.reach.unknown, by[i].unknown ? PAGE : 0);
		assert_int_equal(f.locked.known, by[i].secret != SV_SECRET_UNKNOWN);
		if (f.locked.known)
			assert_sums(&f);
	}
}

static void unread_neighbour_leaves_edges_unknown(void **state)
{
	(void)state;
	for (int side = 0; side < 3; side++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		memory_vma(obs, 0, 1);
		memory_page(obs, 0, ALONE(100));
		memory_frame(obs, 100, ANON_FLAGS);
		if (side == 0)
			memory_frame(obs, 99, SV_KPF_SLAB);
		if (side == 1)
			memory_frame(obs, 101, SV_KPF_SLAB);
		if (side == 2) {
			memory_frame(obs, 99, SV_KPF_SLAB)->known = SV_FRAME_COUNT;
			memory_frame(obs, 101, SV_KPF_SLAB);
		}
		/* Frames further off are no neighbours. */
		memory_frame(obs, 98, SV_KPF_SLAB);
		memory_frame(obs, 102, SV_KPF_SLAB);
		f = only(obs);
		assert_false(f.edges_known);
		assert_true(f.reach_known);
		assert_int_equal(f.edges.unread, 1);
		assert_int_equal(f.edges.over_strong, side == 0);
		assert_int_equal(f.edges.under_strong, side != 0);
		assert_coverage(&f, 0, 1, 0);
		assert_sums(&f);
	}
}

/* The zero page and the vdso are not the process's: what lies beside them is no edge of it. */
static void frames_that_are_not_its_own_have_no_edges(void **state)
{
	static const uint64_t flags[] = { SV_KPF_ZERO, SV_KPF_NOPAGE,
		SV_KPF_RESERVED | SV_KPF_MMAP };

	(void)state;
	for (size_t i = 0; i < sv_array_size(flags); i++) {
		safevma_observation *obs = memory_new();
		struct sv_vma_figures f;

		memory_vma(obs, 0, 1);
		memory_page(obs, 0, PRESENT(100));
		memory_frame(obs, 100, flags[i]);
		memory_frame(obs, 101, SV_KPF_SLAB);
		f = only(obs);
		assert_int_equal(f.edges.under_strong + f.edges.unread, 0);
		assert_true(f.edges_known);
		assert_coverage(&f, 1, 0, 0);
	}
}

static void interest(void **state)
{
	(void)state;
	for (int c = 0; c < SV_CLASS_COUNT; c++)
		assert_int_equal(sv_frame_of_interest((enum sv_class)c),
			c != SV_CLASS_UNKNOWN && c != SV_CLASS_ZERO && c != SV_CLASS_NOPAGE &&
				c != SV_CLASS_RESERVED);
}

static void effect_of_reach(void **state)
{
	(void)state;
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_UNKNOWN }), SV_EFFECT_UNKNOWN);
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_MAPPED }), SV_EFFECT_SILENT);
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_REMOVED }), SV_EFFECT_TRAPPED);
	assert_string_equal(sv_effect_name(SV_EFFECT_UNKNOWN), "unknown");
	assert_string_equal(sv_effect_name(SV_EFFECT_SILENT), "silent");
	assert_string_equal(sv_effect_name(SV_EFFECT_TRAPPED), "trapped");
}

static void effects_of_what_is_observed(void **state)
{
	(void)state;
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_UNKNOWN }), SV_EFFECT_UNKNOWN);
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_REMOVED }), SV_EFFECT_TRAPPED);
	assert_int_equal(
		sv_effect_of((struct sv_reached) { .reach = SV_REACH_MAPPED }), SV_EFFECT_SILENT);
	assert_int_equal(sv_effect_of((struct sv_reached) {
				 .reach = SV_REACH_MAPPED, .perm = SV_ALIAS_PERM_RW }),
		SV_EFFECT_SILENT);
	assert_int_equal(sv_effect_of((struct sv_reached) {
				 .reach = SV_REACH_MAPPED, .perm = SV_ALIAS_PERM_RO }),
		SV_EFFECT_TRAPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_by_direction_and_strength),
		cmocka_unit_test(a_charged_neighbour_is_unclassified),
		cmocka_unit_test(effects),
		cmocka_unit_test(unread_neighbour_leaves_edges_unknown),
		cmocka_unit_test(frames_that_are_not_its_own_have_no_edges),
		cmocka_unit_test(interest),
		cmocka_unit_test(effect_of_reach),
		cmocka_unit_test(effects_of_what_is_observed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
