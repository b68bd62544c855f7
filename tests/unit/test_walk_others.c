// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is mapped outside the linear map, and tables that several entries share. */
#include "walking.h"

/* ---- outside the linear map ------------------------------------------------------------------ */

/* Freed parts of the kernel image: the frame is removed from the linear map and stays there. */
static void an_alias_in_the_kernel_image(void **state)
{
	struct kernel k = kernel_x86();
	const struct sv_kmapping *m;
	size_t at = 0;

	(void)state;
	kernel_set(&k, 3, LINEAR(0x1234000), GONE(0x1234000));
	kernel_set(&k, 3, UINT64_C(0xffffffff81234000), 0x1234000 | PTE);
	kernel_set(&k, 3, UINT64_C(0xffffffff81235000), 0x1235000 | PTE);
	walk_others(&k, ONE(0x1234), 1);
	assert_extent(0, 0x1234, 1, SV_ALIAS_ABSENT);
	assert_int_equal(map.others.len, 1);
	m = sv_kernelmap_other(&map, 0x1234, &at);
	assert_non_null(m);
	assert_int_equal(m->vaddr, 0xffffffff81234000);
	assert_int_equal(m->zone, SV_KZONE_IMAGE);
	assert_true(m->writable && !m->exec);
	assert_int_equal(m->leaf_shift, 12);
	assert_true(map.others_known);
	done(&k);
}

/* Of a large leaf the frames that were asked for. */
static void parts_of_large_leaves(void **state)
{
	static const struct sv_frame_range some[] = { { 0x1f0, 0x11 }, { 0x300, 2 }, { 0x3ff, 9 } };
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 2, X86_VMALLOC, 0x200000 | LARGE);
	walk_others(&k, some, 3);
	assert_int_equal(map.others.len, 3);
	assert_other(0, 0x200, 1, X86_VMALLOC);
	assert_other(1, 0x300, 2, X86_VMALLOC + 0x100000);
	assert_other(2, 0x3ff, 1, X86_VMALLOC + 0x1ff000);
	done(&k);
}

static void consecutive_mappings_are_one(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 3, X86_VMALLOC, 0x300000 | PTE);
	kernel_set(&k, 3, X86_VMALLOC + 0x1000, 0x301000 | PTE);
	kernel_set(&k, 3, X86_VMALLOC + 0x2000, 0x302000 | RO);
	kernel_set(&k, 3, X86_VMALLOC + 0x3000, 0x304000 | RO);
	kernel_set(&k, 3, X86_VMALLOC + 0x5000, 0x305000 | RO);
	walk_all(&k);
	assert_int_equal(map.others.len, 4);
	assert_other(0, 0x300, 2, X86_VMALLOC);
	assert_other(1, 0x302, 1, X86_VMALLOC + 0x2000);
	assert_other(2, 0x304, 1, X86_VMALLOC + 0x3000);
	assert_other(3, 0x305, 1, X86_VMALLOC + 0x5000);
	done(&k);
}

/* Removed, malformed and empty entries map nothing outside the linear map. */
static void what_maps_nothing(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 3, X86_VMALLOC, GONE(0x300000));
	kernel_set(&k, 3, X86_VMALLOC + 0x1000, 0);
	kernel_set(&k, 2, X86_VMALLOC + 0x200000, GONE(0x400000));
	walk_all(&k);
	assert_int_equal(map.others.len, 0);
	assert_true(map.others_known);
	done(&k);
}

/* Beyond the RAM that kcore lists the linear map goes on: that is no further mapping. */
static void the_linear_map_beyond_ram(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 1, LINEAR(0), LARGE);
	kernel_set(&k, 1, LINEAR(GIB), GIB | LARGE);
	walk_others(&k, (const struct sv_frame_range[]) { { 0x40000, 1 } }, 1);
	assert_int_equal(map.others.len, 0);
	sv_kernelmap_fini(&map);
	walk_all(&k);
	assert_int_equal(map.others.len, 1);
	assert_int_equal(map.others.ptr[0].zone, SV_KZONE_LINEAR);
	assert_other(0, 0x40000, 0x40000, LINEAR(GIB));
	done(&k);
}

/* One entry over the end of RAM: its frames within are of the linear map. */
static void an_entry_over_the_end_of_ram(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	k.kcore.segments.ptr[k.kcore.segments.len - 1].size = 512 * MIB;
	kernel_set(&k, 1, LINEAR(0), LARGE);
	walk_all(&k);
	assert_extent(0, 0, 0x20200, SV_ALIAS_RW); /* up to the next 2 MiB */
	assert_int_equal(map.others.len, 1);
	assert_int_equal(map.others.ptr[0].zone, SV_KZONE_LINEAR);
	done(&k);
}

static void unread_tables_outside(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_find(&k, kernel_path(&k, 3, X86_VMALLOC))->unread = true;
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | PTE);
	walk_others(&k, ONE(0x200), 1);
	assert_false(map.others_known);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	done(&k);
}

/* ---- tables that refer to each other --------------------------------------------------------- */

static void a_table_of_the_linear_map_met_twice(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pmd = kernel_path(&k, 2, LINEAR(0)), pte = kernel_path(&k, 3, LINEAR(0x200000));

	(void)state;
	kernel_put(&k, pte, 0, 0x200000 | PTE);
	kernel_put(&k, pmd, 2, pte | 0x63);
	walk(&k, (const struct sv_frame_range[]) { { 0x200, 1 }, { 0x400, 1 } }, 2);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	assert_unknown_frame(0x400, SV_ALIAS_WHY_MISMATCH);
	assert_int_equal(kernel_find(&k, pte)->reads, 1);
	done(&k);
}

static void a_circle_in_the_linear_map(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pud = kernel_path(&k, 1, LINEAR(0));

	(void)state;
	kernel_put(&k, pud, 0, pud | 0x63);
	walk(&k, ONE(0x200), 1);
	assert_unknown_frame(0x200, SV_ALIAS_WHY_MISMATCH);
	kernel_put(&k, pud, 0, k.pg.root_paddr | 0x63);
	sv_kernelmap_fini(&map);
	walk_others(&k, ONE(0x200), 1);
	assert_unknown_frame(0x200, SV_ALIAS_WHY_MISMATCH);
	assert_int_equal(kernel_find(&k, pud)->reads, 2);
	done(&k);
}

/* Outside, a table that holds itself is read at most once for each level. */
static void a_circle_outside(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pud = kernel_path(&k, 1, X86_VMALLOC);

	(void)state;
	for (unsigned int i = 0; i < 512; i++)
		kernel_put(&k, pud, i, pud | 0x63);
	walk_others(&k, ONE(pud >> 12), 1);
	assert_true(kernel_find(&k, pud)->reads <= k.pg.levels);
	assert_true(map.others.len <= SV_WALK_OTHERS_MAX);
	assert_true(map.others.len > 1000);
	done(&k);
}

static void a_root_within_itself(void **state)
{
	struct kernel k = kernel_x86();

	(void)state;
	kernel_set(&k, 0, X86_VMALLOC, X86_ROOT_PADDR | 0x63);
	walk_others(&k, ONE(0x200), 1);
	assert_false(map.others_known); /* what lies there was not looked at */
	assert_int_equal(k.reads, 1);
	done(&k);
}

/* ESPfix: one page at many addresses. */
static void a_table_shared_512_times(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pmd = kernel_path(&k, 2, X86_VMALLOC), pte = kernel_path(&k, 3, X86_VMALLOC);
	size_t at = 0;

	(void)state;
	kernel_put(&k, pte, 5, 0x300000 | PTE);
	kernel_put(&k, pte, 6, 0x301000 | PTE);
	for (unsigned int i = 1; i < 512; i++)
		kernel_put(&k, pmd, i, pte | 0x63);
	walk_others(&k, (const struct sv_frame_range[]) { { 0x300, 2 } }, 1);
	assert_int_equal(kernel_find(&k, pte)->reads, 1);
	assert_int_equal(map.others.len, 512);
	assert_int_equal(map.others_span, 2);
	for (uint64_t i = 0; i < 512; i++)
		assert_other(i, 0x300, 2, X86_VMALLOC + i * 2 * MIB + 5 * 4096);
	for (size_t i = 0; i < 512; i++)
		assert_non_null(sv_kernelmap_other(&map, 0x301, &at));
	assert_null(sv_kernelmap_other(&map, 0x301, &at));
	assert_int_equal(map.cost.references, 3 + 511);
	assert_true(map.others_known);
	done(&k);
}

/* Behind an entry that forbids writing the same table gives something else. */
static void a_shared_table_with_other_rights(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pmd = kernel_path(&k, 2, X86_VMALLOC), pte = kernel_path(&k, 3, X86_VMALLOC);

	(void)state;
	kernel_put(&k, pte, 0, 0x300000 | 0x163);
	kernel_put(&k, pmd, 1, pte | 0x61);
	kernel_put(&k, pmd, 2, pte | UINT64_C(0x8000000000000063));
	walk_others(&k, ONE(0x300), 1);
	assert_int_equal(map.others.len, 3);
	assert_true(map.others.ptr[0].writable && map.others.ptr[0].exec);
	assert_true(!map.others.ptr[1].writable && map.others.ptr[1].exec);
	assert_true(map.others.ptr[2].writable && !map.others.ptr[2].exec);
	done(&k);
}

/* The zone of a table met again is that of its new place. */
static void a_shared_table_in_another_region(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pmd = kernel_path(&k, 2, X86_IMAGE), pte = kernel_path(&k, 3, X86_VMALLOC);

	(void)state;
	kernel_put(&k, pte, 0, 0x300000 | PTE);
	kernel_put(&k, pmd, kernel_index(&k, 2, X86_IMAGE), pte | 0x63);
	walk_others(&k, ONE(0x300), 1);
	assert_int_equal(map.others.len, 2);
	assert_int_equal(map.others.ptr[0].zone, SV_KZONE_VMALLOC);
	assert_int_equal(map.others.ptr[1].zone, SV_KZONE_IMAGE);
	assert_other(1, 0x300, 1, X86_IMAGE);
	done(&k);
}

/* Whoever shows a table of the linear map elsewhere shows more than was looked at. */
static void a_table_of_the_linear_map_seen_outside(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pte = kernel_path(&k, 3, LINEAR(0x200000));

	(void)state;
	kernel_put(&k, pte, 0, 0x200000 | PTE);
	kernel_set(&k, 2, X86_VMALLOC, pte | 0x63);
	walk_others(&k, ONE(0x200), 1);
	assert_false(map.others_known);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	done(&k);
}

static void more_than_we_keep(void **state)
{
	struct kernel k = kernel_x86();
	uint64_t pud = kernel_path(&k, 1, X86_VMALLOC), pmd = kernel_path(&k, 2, X86_VMALLOC);
	uint64_t pte = kernel_path(&k, 3, X86_VMALLOC);

	(void)state;
	for (unsigned int i = 0; i < 512; i++) {
		kernel_put(&k, pte, i, 0x300000 | PTE);
		kernel_put(&k, pmd, i, pte | 0x63);
		kernel_put(&k, pud, i, pmd | 0x63);
	}
	walk_others(&k, ONE(0x300), 1);
	assert_true(map.others_cut);
	assert_int_equal(map.others.len, SV_WALK_OTHERS_MAX);
	assert_int_equal(kernel_find(&k, pte)->reads, 1);
	done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alias_in_the_kernel_image),
		cmocka_unit_test(parts_of_large_leaves),
		cmocka_unit_test(consecutive_mappings_are_one),
		cmocka_unit_test(what_maps_nothing),
		cmocka_unit_test(the_linear_map_beyond_ram),
		cmocka_unit_test(an_entry_over_the_end_of_ram),
		cmocka_unit_test(unread_tables_outside),
		cmocka_unit_test(a_table_of_the_linear_map_met_twice),
		cmocka_unit_test(a_circle_in_the_linear_map),
		cmocka_unit_test(a_circle_outside),
		cmocka_unit_test(a_root_within_itself),
		cmocka_unit_test(a_table_shared_512_times),
		cmocka_unit_test(a_shared_table_with_other_rights),
		cmocka_unit_test(a_shared_table_in_another_region),
		cmocka_unit_test(a_table_of_the_linear_map_seen_outside),
		cmocka_unit_test(more_than_we_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
