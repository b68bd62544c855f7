// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "base/vec.h"

/* For the address sanitizer, which otherwise ends the program where malloc would return NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

struct item {
	uint64_t a;
	char b;
};

static void push_zeroes_and_counts(void **state)
{
	sv_vec(struct item) v = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct item *it = sv_vec_push(&v);

		assert_non_null(it);
		assert_ptr_equal(it, &v.ptr[i]);
		assert_int_equal(it->a, 0);
		assert_int_equal(it->b, 0);
		it->a = i;
		it->b = 'x';
	}
	assert_int_equal(v.len, 1000);
	assert_true(v.cap >= v.len);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(v.ptr[i].a, i);
	sv_vec_fini(&v);
}

static void fini_leaves_an_empty_one(void **state)
{
	sv_vec(char) v = { 0 };

	(void)state;
	sv_vec_fini(&v);
	assert_non_null(sv_vec_push(&v));
	sv_vec_fini(&v);
	assert_null(v.ptr);
	assert_int_equal(v.len + v.cap, 0);
}

static void too_much_leaves_it_unchanged(void **state)
{
	size_t len = 8, cap = 8;
	void *ptr = NULL;

	(void)state;
	assert_null(sv_vec_push_(&ptr, &len, &cap, SIZE_MAX / 4));
	assert_null(ptr);
	assert_int_equal(len, 8);
	assert_int_equal(cap, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(push_zeroes_and_counts),
		cmocka_unit_test(fini_leaves_an_empty_one),
		cmocka_unit_test(too_much_leaves_it_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
