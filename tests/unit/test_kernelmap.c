// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "model/kernelmap.h"

static void add(struct sv_kernelmap *m, uint64_t pfn, uint64_t frames, enum sv_alias alias)
{
	struct sv_linear_extent *x = sv_vec_push(&m->linear);

	assert_non_null(x);
	*x = (struct sv_linear_extent) { .pfn = pfn, .frames = frames, .alias = alias };
}

static void add_other(struct sv_kernelmap *m, uint64_t pfn, uint64_t frames, enum sv_kzone zone)
{
	struct sv_kmapping *x = sv_vec_push(&m->others);

	assert_non_null(x);
	*x = (struct sv_kmapping) {
		.vaddr = 0x1000 * m->others.len, .pfn = pfn, .frames = frames, .zone = zone
	};
	if (frames > m->others_span)
		m->others_span = frames;
}

static void assert_found(const struct sv_kernelmap *m, uint64_t pfn, uint64_t expected)
{
	const struct sv_linear_extent *x = sv_kernelmap_find(m, pfn);

	assert_int_equal(x ? x->pfn : UINT64_MAX, expected);
}

static void finding(void **state)
{
	struct sv_kernelmap m = { 0 };

	(void)state;
	assert_found(&m, 0, UINT64_MAX);
	add(&m, 10, 5, SV_ALIAS_RW);
	add(&m, 15, 1, SV_ALIAS_ABSENT);
	add(&m, 20, 10, SV_ALIAS_RW);
	assert_found(&m, 9, UINT64_MAX);
	assert_found(&m, 10, 10);
	assert_found(&m, 14, 10);
	assert_found(&m, 15, 15);
	assert_found(&m, 16, UINT64_MAX);
	assert_found(&m, 29, 20);
	assert_found(&m, 30, UINT64_MAX);
	assert_found(&m, UINT64_MAX, UINT64_MAX);
	sv_kernelmap_fini(&m);
	assert_null(m.linear.ptr);
}

/* Overlapping ones are all found; what is the linear map's own is none of them. */
static void other_mappings(void **state)
{
	static const uint64_t expected[] = { 1, 2, 4 };
	struct sv_kernelmap m = { 0 };
	size_t at = 0;

	(void)state;
	assert_null(sv_kernelmap_other(&m, 7, &at));
	add_other(&m, 0, 100, SV_KZONE_VMALLOC);
	add_other(&m, 50, 1, SV_KZONE_IMAGE);
	add_other(&m, 50, 1, SV_KZONE_LINEAR);
	add_other(&m, 50, 8, SV_KZONE_VMALLOC);
	add_other(&m, 51, 1, SV_KZONE_VMALLOC);
	add_other(&m, 200, 1, SV_KZONE_MODULES);
	at = 0;
	for (size_t i = 0; i < sv_array_size(expected); i++)
		assert_int_equal(sv_kernelmap_other(&m, 50, &at)->vaddr, 0x1000 * expected[i]);
	assert_null(sv_kernelmap_other(&m, 50, &at));
	assert_null(sv_kernelmap_other(&m, 50, &at)); /* and stays so */
	at = 0;
	assert_int_equal(sv_kernelmap_other(&m, 200, &at)->zone, SV_KZONE_MODULES);
	assert_null(sv_kernelmap_other(&m, 200, &at));
	at = 0;
	assert_null(sv_kernelmap_other(&m, 100, &at));
	at = 0;
	assert_null(sv_kernelmap_other(&m, 201, &at));
	sv_kernelmap_fini(&m);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static struct sv_kernelmap of(const enum sv_alias *aliases, size_t n)
{
	struct sv_kernelmap m = { 0 };

	for (size_t i = 0; i < n; i++)
		add(&m, 10 * i, 10, aliases[i]);
	return m;
}

static struct sv_comparison compare(
	struct sv_kernelmap before, struct sv_kernelmap between, struct sv_kernelmap after)
{
	struct sv_comparison c = { 0 };

	assert_int_equal(sv_kernelmap_compare(&before, &between, &after, &c), 0);
	sv_kernelmap_fini(&before);
	sv_kernelmap_fini(&between);
	sv_kernelmap_fini(&after);
	assert_true(c.made);
	return c;
}

#define U  SV_ALIAS_UNKNOWN
#define RW SV_ALIAS_RW
#define RO SV_ALIAS_RO
#define A  SV_ALIAS_ABSENT
#define N  SV_ALIAS_NONE

static void each_case_of_a_comparison(void **state)
{
	static const struct {
		enum sv_alias before, between, after;
		char verdict; /* same, differ, changed, undecided */
	} cases[] = {
		{ RW, RW, RW, 's' },
		{ A, N, A, 's' }, /* a dump does not tell them apart */
		{ N, A, A, 's' },
		{ RW, RO, RW, 'd' },
		{ RW, A, RW, 'd' },
		{ A, RW, N, 'd' },
		{ RW, RW, RO, 'c' },
		{ RW, A, A, 'c' },
		{ A, RW, RW, 'c' },
		{ U, RW, RW, 'u' },
		{ RW, U, RW, 'u' },
		{ RW, RW, U, 'u' },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_comparison c = compare(
			of(&cases[i].before, 1), of(&cases[i].between, 1), of(&cases[i].after, 1));
		char v = cases[i].verdict;

		assert_int_equal(c.frames, v == 's' || v == 'd' ? 10 : 0);
		assert_int_equal(c.differ, v == 'd' ? 10 : 0);
		assert_int_equal(c.changed, v == 'c' ? 10 : 0);
		assert_int_equal(c.undecided, v == 'u' ? 10 : 0);
		sv_comparison_fini(&c);
	}
}

static void execution_counts(void **state)
{
	struct sv_kernelmap a = { 0 }, b = { 0 }, c = { 0 };
	struct sv_comparison r;

	(void)state;
	add(&a, 5, 3, SV_ALIAS_RW);
	add(&b, 5, 3, SV_ALIAS_RW);
	add(&c, 5, 3, SV_ALIAS_RW);
	b.linear.ptr[0].exec = true;
	r = compare(a, b, c);
	assert_int_equal(r.differ, 3);
	assert_int_equal(r.where.len, 1);
	assert_int_equal(r.where.ptr[0].first, 5);
	assert_int_equal(r.where.ptr[0].count, 3);
	sv_comparison_fini(&r);
	assert_int_equal(r.where.len, 0);
}

/* Extents that are cut differently; what one of the looks does not have is undecided. */
static void extents_cut_differently(void **state)
{
	struct sv_kernelmap a = { 0 }, b = { 0 }, c = { 0 };
	struct sv_comparison r;

	(void)state;
	add(&a, 0, 100, SV_ALIAS_RW);
	add(&b, 10, 20, SV_ALIAS_RW);
	add(&b, 30, 5, SV_ALIAS_RO);
	add(&b, 40, 100, SV_ALIAS_RW);
	add(&c, 0, 50, SV_ALIAS_RW);
	add(&c, 50, 1, SV_ALIAS_ABSENT);
	add(&c, 51, 40, SV_ALIAS_RW);
	r = compare(a, b, c);
	assert_int_equal(r.frames, 20 + 5 + 10 + 40);
	assert_int_equal(r.differ, 5);
	assert_int_equal(r.where.len, 1);
	assert_int_equal(r.where.ptr[0].first, 30);
	assert_int_equal(r.changed, 1);
	assert_int_equal(r.undecided, 10 + 5 + 9);
	sv_comparison_fini(&r);
}

/* Frames that lie beside each other are one; what none of the looks was asked for is not counted.
 */
static void where_they_differ(void **state)
{
	struct sv_kernelmap a = { 0 }, b = { 0 }, c = { 0 };
	struct sv_kernelmap *const same[] = { &a, &c };
	struct sv_comparison r;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		add(same[i], 10, 5, SV_ALIAS_RW);
		add(same[i], 15, 5, SV_ALIAS_RO);
		add(same[i], 30, 1, SV_ALIAS_RW);
	}
	add(&b, 10, 5, SV_ALIAS_RO);
	add(&b, 15, 5, SV_ALIAS_RW);
	add(&b, 30, 1, SV_ALIAS_ABSENT);
	r = compare(a, b, c);
	assert_int_equal(r.frames, 11);
	assert_int_equal(r.undecided, 0);
	assert_int_equal(r.where.len, 2);
	assert_int_equal(r.where.ptr[0].count, 10);
	assert_int_equal(r.where.ptr[1].first, 30);
	sv_comparison_fini(&r);
}

/* What two looks do not see alike is unknown; what one of them could not tell is not believed. */
static void doubted(void **state)
{
	struct sv_kernelmap a = { 0 }, b = { 0 };

	(void)state;
	add(&a, 0, 10, SV_ALIAS_RW);
	add(&a, 10, 5, SV_ALIAS_ABSENT);
	add(&a, 20, 2, SV_ALIAS_UNKNOWN);
	add(&b, 0, 4, SV_ALIAS_RW);
	add(&b, 4, 1, SV_ALIAS_ABSENT);
	add(&b, 5, 5, SV_ALIAS_RW);
	add(&b, 10, 3, SV_ALIAS_ABSENT);
	add(&b, 20, 2, SV_ALIAS_RW);
	assert_int_equal(sv_kernelmap_doubt(&a, &b), 0);
	assert_int_equal(sv_kernelmap_find(&a, 3)->alias, SV_ALIAS_RW);
	assert_int_equal(sv_kernelmap_find(&a, 4)->alias, SV_ALIAS_UNKNOWN);
	assert_int_equal(sv_kernelmap_find(&a, 4)->why, SV_ALIAS_WHY_CHANGED);
	assert_int_equal(sv_kernelmap_find(&a, 9)->alias, SV_ALIAS_RW);
	assert_int_equal(sv_kernelmap_find(&a, 12)->alias, SV_ALIAS_ABSENT);
	assert_int_equal(sv_kernelmap_find(&a, 14)->why, SV_ALIAS_WHY_CHANGED);
	assert_int_equal(sv_kernelmap_find(&a, 20)->alias, SV_ALIAS_UNKNOWN);
	assert_null(sv_kernelmap_find(&a, 15));
	sv_kernelmap_fini(&a);
	sv_kernelmap_fini(&b);
}

static void nothing_to_compare(void **state)
{
	struct sv_kernelmap none = { 0 }, b = { 0 };
	struct sv_comparison r;

	(void)state;
	add(&b, 10, 20, SV_ALIAS_RW);
	r = compare(none, b, none);
	assert_int_equal(r.frames + r.undecided + r.changed + r.differ, 0);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(sv_alias_name(SV_ALIAS_UNKNOWN), "unknown");
	assert_string_equal(sv_alias_name(SV_ALIAS_RW), "rw");
	assert_string_equal(sv_alias_name(SV_ALIAS_RO), "ro");
	assert_string_equal(sv_alias_name(SV_ALIAS_ABSENT), "absent");
	assert_string_equal(sv_alias_name(SV_ALIAS_NONE), "none");
	assert_string_equal(sv_alias_why_text(SV_ALIAS_WHY_NOTHING), "");
	for (int w = SV_ALIAS_WHY_ZERO; w <= SV_ALIAS_WHY_UNLISTED; w++)
		assert_true(sv_alias_why_text((enum sv_alias_why)w)[0]);
	for (int z = 0; z < SV_KZONE_COUNT; z++)
		for (int d = 0; d < z; d++)
			assert_string_not_equal(
				sv_kzone_name((enum sv_kzone)z), sv_kzone_name((enum sv_kzone)d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finding),
		cmocka_unit_test(other_mappings),
		cmocka_unit_test(each_case_of_a_comparison),
		cmocka_unit_test(execution_counts),
		cmocka_unit_test(extents_cut_differently),
		cmocka_unit_test(where_they_differ),
		cmocka_unit_test(doubted),
		cmocka_unit_test(nothing_to_compare),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
