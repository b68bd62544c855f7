// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "model/pool.h"

/* What is missing from the linear map of memory of each class; none, debug_pagealloc, KFENCE. */
static const struct {
	enum sv_class class;
	enum sv_pool plain, free_removed, kfence;
} cases[] = {
#define ALWAYS(c, p)                                                                               \
	{                                                                                          \
		SV_CLASS_##c, SV_POOL_##p, SV_POOL_##p, SV_POOL_##p                                \
	}
#define FREE(c)                                                                                    \
	{                                                                                          \
		SV_CLASS_##c, SV_POOL_UNEXPLAINED, SV_POOL_DEBUG_PAGEALLOC, SV_POOL_UNEXPLAINED    \
	}
#define KERNEL(c)                                                                                  \
	{                                                                                          \
		SV_CLASS_##c, SV_POOL_UNEXPLAINED, SV_POOL_DEBUG_PAGEALLOC, SV_POOL_KFENCE         \
	}
	ALWAYS(UNKNOWN, UNEXPLAINED),
	ALWAYS(NOPAGE, UNEXPLAINED),
	ALWAYS(HWPOISON, HWPOISON),
	ALWAYS(OFFLINE, UNEXPLAINED),
	FREE(FREE),
	KERNEL(SLAB),
	ALWAYS(PGTABLE, UNEXPLAINED),
	ALWAYS(ZERO, UNEXPLAINED),
	ALWAYS(HUGETLB, UNEXPLAINED),
	ALWAYS(ANON, SECRETMEM),
	ALWAYS(FILE, SECRETMEM),
	ALWAYS(SHMEM, SECRETMEM),
	KERNEL(RESERVED),
	ALWAYS(KERNEL_COMPOUND, UNEXPLAINED),
	ALWAYS(KERNEL_CHARGED, UNEXPLAINED),
	FREE(UNCLASSIFIED),
};

static void each_class(void **state)
{
	(void)state;
	assert_int_equal(sv_array_size(cases), SV_CLASS_COUNT);
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		assert_int_equal(cases[i].class, i);
		assert_int_equal(sv_pool_of(cases[i].class, false, false), cases[i].plain);
		assert_int_equal(sv_pool_of(cases[i].class, true, false), cases[i].free_removed);
		assert_int_equal(sv_pool_of(cases[i].class, false, true), cases[i].kfence);
	}
}

/* KFENCE's own pool goes before what debug_pagealloc would say of kernel memory. */
static void both(void **state)
{
	(void)state;
	assert_int_equal(sv_pool_of(SV_CLASS_RESERVED, true, true), SV_POOL_KFENCE);
	assert_int_equal(sv_pool_of(SV_CLASS_FREE, true, true), SV_POOL_DEBUG_PAGEALLOC);
}

static void every_pool_is_described(void **state)
{
	(void)state;
	for (int p = 0; p < SV_POOL_COUNT; p++) {
		const struct sv_pool_info *i = sv_pool_info((enum sv_pool)p);

		assert_true(i->name[0] && i->protects[0] && i->leaves[0]);
		for (int d = 0; d < p; d++)
			assert_string_not_equal(i->name, sv_pool_info((enum sv_pool)d)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_class),
		cmocka_unit_test(both),
		cmocka_unit_test(every_pool_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
