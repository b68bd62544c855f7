// SPDX-License-Identifier: LGPL-2.1-or-later
/* The linear map by small page tables. Machines of every kind are walked in tests/walk. */
#include "walking.h"

static void every_sort_of_entry(void **state)
{
	static const struct sv_frame_range all[] = { { 0x200, 8 } };
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | PTE);
	kernel_set(&k, 3, LINEAR(0x201000), 0x201000 | PTE);
	kernel_set(&k, 3, LINEAR(0x202000), 0x202000 | RO);
	kernel_set(&k, 3, LINEAR(0x203000), GONE(0x203000));
	kernel_set(&k, 3, LINEAR(0x205000), 0x999000 | PTE);
	kernel_set(&k, 3, LINEAR(0x206000), GONE(0x999000));
	kernel_set(&k, 3, LINEAR(0x207000), 0x207000 | 0x163); /* executable */
	walk(&k, all, 1);
	assert_int_equal(map.linear.len, 6);
	assert_extent(0, 0x200, 2, SV_ALIAS_RW);
	assert_extent(1, 0x202, 1, SV_ALIAS_RO);
	assert_extent(2, 0x203, 1, SV_ALIAS_ABSENT);
	assert_extent(3, 0x204, 1, SV_ALIAS_UNKNOWN);
	assert_unknown_frame(0x204, SV_ALIAS_WHY_ZERO);
	assert_extent(4, 0x205, 2, SV_ALIAS_UNKNOWN);
	assert_unknown_frame(0x206, SV_ALIAS_WHY_MISMATCH);
	assert_extent(5, 0x207, 1, SV_ALIAS_RW);
	assert_true(map.linear.ptr[5].exec);
	assert_false(map.linear.ptr[0].exec);
	assert_int_equal(map.linear.ptr[0].leaf_shift, 12);
	assert_true(map.made);
	assert_int_equal(map.delta, X86_DELTA);
	assert_int_equal(map.page_shift, 12);
	assert_false(map.others_known); /* they were not looked for */
	assert_int_equal(map.cost.tables, 4);
	assert_int_equal(map.cost.references, 3);
	assert_int_equal(map.cost.bytes, 2048 + 3 * 4096);
	assert_int_equal(k.reads, 4);
	done(&k);
}

/* Inverted numbers alone: what names the frame plainly and is not present was not left by removal.
 */
static void absent_is_inverted_on_x86(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | 0x60);
	walk(&k, ONE(0x200), 1);
	assert_unknown_frame(0x200, SV_ALIAS_WHY_MISMATCH);
	done(&k);
}

static void large_entries(void **state)
{
	static const struct sv_frame_range some[] = { { 0x10, 4 }, { 0x205, 2 }, { 0x300, 0x200 } };
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 2, LINEAR(0x200000), 0x200000 | LARGE | 0x1000); /* PAT */
	kernel_set(&k, 2, LINEAR(0x400000), 0x400000 | LARGE);
	walk(&k, some, 3);
	assert_int_equal(map.linear.len, 3);
	assert_unknown_frame(0x10, SV_ALIAS_WHY_ZERO);
	assert_extent(1, 0x205, 2, SV_ALIAS_RW);
	assert_extent(2, 0x300, 0x200, SV_ALIAS_RW); /* over two entries of one sort */
	assert_int_equal(map.linear.ptr[2].leaf_shift, 21);
	done(&k);
}

static void entries_of_a_gibibyte(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 1, LINEAR(0), LARGE);
	walk_all(&k);
	assert_int_equal(map.linear.len, 1);
	assert_extent(0, 0, 0x40000, SV_ALIAS_RW);
	assert_int_equal(map.linear.ptr[0].leaf_shift, 30);
	assert_int_equal(map.others.len, 0);
	assert_true(map.others_known);
	assert_int_equal(k.reads, 2);
	done(&k);
}

/* A table may forbid what its entries allow. */
static void rights_of_tables(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pmd = kernel_path(&k, 2, LINEAR(0x200000)),
		 pte = kernel_path(&k, 3, LINEAR(0x200000));

	(void)state;
	kernel_put(&k, pte, 0, 0x200000 | 0x163);
	kernel_put(&k, pmd, 1, pte | 0x61);
	walk(&k, ONE(0x200), 1);
	assert_extent(0, 0x200, 1, SV_ALIAS_RO);
	assert_true(map.linear.ptr[0].exec);
	kernel_put(&k, pmd, 1, pte | UINT64_C(0x8000000000000063));
	sv_kernelmap_fini(&map);
	walk(&k, ONE(0x200), 1);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	assert_false(map.linear.ptr[0].exec);
	done(&k);
}

/* What is no RAM and has no entry is not mapped, and that is known. */
static void holes_of_ram(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_path(&k, 3, LINEAR(0));
	walk(&k, (const struct sv_frame_range[]) { { 0, 0x101 } }, 1);
	assert_int_equal(map.linear.len, 4);
	assert_extent(0, 0, 1, SV_ALIAS_NONE);
	assert_extent(1, 1, 0x9e, SV_ALIAS_UNKNOWN);
	assert_extent(2, 0x9f, 0x61, SV_ALIAS_NONE);
	assert_extent(3, 0x100, 1, SV_ALIAS_UNKNOWN);
	done(&k);
}

static void a_table_that_cannot_be_read(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_find(&k, kernel_path(&k, 3, LINEAR(0x200000)))->unread = true;
	kernel_set(&k, 3, LINEAR(0x400000), 0x400000 | PTE);
	walk(&k, (const struct sv_frame_range[]) { { 0x3ff, 2 } }, 1);
	assert_int_equal(map.linear.len, 2);
	assert_unknown_frame(0x3ff, SV_ALIAS_WHY_UNREAD);
	assert_extent(1, 0x400, 1, SV_ALIAS_RW);
	done(&k);
}

static void a_root_that_cannot_be_read(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_table(&k, k.pg.root_paddr)->unread = true;
	walk_others(&k, ONE(0x200), 1);
	assert_unknown_frame(0x200, SV_ALIAS_WHY_UNREAD);
	assert_false(map.others_known);
	assert_int_equal(map.cost.tables, 0);
	done(&k);
}

static void frames_beyond_ram(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 1, LINEAR(0), LARGE);
	kernel_set(&k, 1, LINEAR(GIB), GIB | LARGE);
	walk(&k, (const struct sv_frame_range[]) { { 0x3ffff, 4 }, { UINT64_C(1) << 40, 1 } }, 2);
	assert_int_equal(map.linear.len, 1);
	assert_extent(0, 0x3ffff, 1, SV_ALIAS_RW);
	assert_null(sv_kernelmap_find(&map, 0x40000));
	done(&k);
}

static void nothing_asked_for(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | PTE);
	walk(&k, NULL, 0);
	assert_int_equal(map.linear.len, 0);
	assert_int_equal(k.reads, 1); /* the root alone */
	done(&k);
}

/* The frames decide which tables are read. */
static void only_tables_on_the_way(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	for (uint64_t pa = 0; pa < 32 * MIB; pa += 2 * MIB)
		kernel_set(&k, 3, LINEAR(pa), pa | PTE);
	walk(&k, (const struct sv_frame_range[]) { { 0x200, 1 }, { 0x1e00, 1 } }, 2);
	assert_int_equal(map.linear.len, 2);
	assert_int_equal(k.reads, 5);
	done(&k);
}

static int fails(void *context, uint64_t paddr, void *buf, size_t size, struct safevma_error *err)
{
	(void)context;
	(void)paddr;
	(void)buf;
	(void)size;
	return sv_error_nomem(err);
}

static void what_ends_the_walk(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	assert_int_equal(walk_rc(&k,
				 (struct sv_walk_request) {
					 .ranges = ONE(0x200), .ranges_len = 1, .load = fails }),
		-1);
	done(&k);
}

/* RAM at the top of what an address can say: nothing is walked frame by frame. */
static void absurd_sizes_take_no_time(void **state)
{
	static const struct sv_frame_range all = { 0, UINT64_C(1) << 40 };
	struct kernel k = kernel_x86();

	(void)state;
	kernel_segment(&k.kcore, LINEAR(0), 0, UINT64_C(1) << 46, 0);
	kernel_set(&k, 1, LINEAR(0), LARGE);
	assert_int_equal(walk_rc(&k, (struct sv_walk_request) { .ranges = &all,
					     .ranges_len = 1,
					     .others = &all,
					     .others_len = 1,
					     .everything = true }),
		0);
	assert_int_equal(map.linear.len, 2);
	assert_extent(0, 0, 0x40000, SV_ALIAS_RW);
	assert_extent(1, 0x40000, (UINT64_C(1) << 34) - 0x40000, SV_ALIAS_UNKNOWN);
	assert_true(k.reads < 5);
	done(&k);
}

/* ---- tables of zeros ------------------------------------------------------------------------- */

/* One that is mapped was read: it holds nothing. */
static void an_empty_table_that_is_mapped(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 1, LINEAR(0), LARGE);
	kernel_path(&k, 3, X86_VMALLOC);
	walk_others(&k, ONE(0x300), 1);
	assert_true(map.others_known);
	assert_int_equal(map.linear.len, 1); /* the table's frame was looked up for ourselves */
	assert_int_equal(kernel_find(&k, k.pg.root_paddr)->reads, 1);
	done(&k);
}

static void an_empty_table_that_is_not_mapped(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pte = kernel_path(&k, 3, X86_VMALLOC);

	(void)state;
	kernel_set(&k, 3, LINEAR(pte), GONE(pte));
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | PTE);
	walk_others(&k, ONE(0x200), 1);
	assert_false(map.others_known);
	assert_int_equal(map.linear.len, 1);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	done(&k);
}

/* Where the kernel shows zeros for the root nothing is known of the rest either. */
static void an_empty_root(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_table(&k, k.pg.root_paddr);
	walk_others(&k, ONE(0x200), 1);
	assert_unknown_frame(0x200, SV_ALIAS_WHY_ZERO);
	assert_false(map.others_known);
	done(&k);
}

static void ranges(void **state)
{
	static const struct sv_frame_range list[] = { { 10, 5 }, { 20, 1 }, { 30, 10 } };
	static const struct {
		uint64_t pfn, frames;
		bool touch;
	} cases[] = { { 0, 10, false }, { 0, 11, true }, { 14, 1, true }, { 15, 5, false },
		{ 15, 6, true }, { 21, 9, false }, { 39, 1, true }, { 40, 100, false },
		{ 0, UINT64_C(1) << 52, true } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++)
		assert_int_equal(
			sv_ranges_touch(list, 3, cases[i].pfn, cases[i].frames), cases[i].touch);
	assert_false(sv_ranges_touch(NULL, 0, 0, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sort_of_entry),
		cmocka_unit_test(absent_is_inverted_on_x86),
		cmocka_unit_test(large_entries),
		cmocka_unit_test(entries_of_a_gibibyte),
		cmocka_unit_test(rights_of_tables),
		cmocka_unit_test(holes_of_ram),
		cmocka_unit_test(a_table_that_cannot_be_read),
		cmocka_unit_test(a_root_that_cannot_be_read),
		cmocka_unit_test(frames_beyond_ram),
		cmocka_unit_test(nothing_asked_for),
		cmocka_unit_test(only_tables_on_the_way),
		cmocka_unit_test(what_ends_the_walk),
		cmocka_unit_test(absurd_sizes_take_no_time),
		cmocka_unit_test(an_empty_table_that_is_mapped),
		cmocka_unit_test(an_empty_table_that_is_not_mapped),
		cmocka_unit_test(an_empty_root),
		cmocka_unit_test(ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
