// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "base/strbuf.h"

static void add_terminates(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	(void)state;
	assert_int_equal(sv_strbuf_add(&b, "ab", 2), 0);
	assert_int_equal(sv_strbuf_add(&b, "\0c", 2), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.ptr, "ab\0c", 5);
}

static void add_nothing(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	(void)state;
	assert_int_equal(sv_strbuf_add(&b, NULL, 0), 0);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.ptr, "");
}

static void grows(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(sv_strbuf_printf(&b, "%04d ", i), 0);
	assert_int_equal(b.len, 50000);
	assert_true(b.cap > b.len);
	assert_memory_equal(b.ptr, "0000 0001 ", 10);
	assert_string_equal(b.ptr + 49995, "9999 ");
}

static void reserve_keeps_room(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	char *before;

	(void)state;
	assert_int_equal(sv_strbuf_reserve(&b, 1000), 0);
	before = b.ptr;
	assert_true(b.cap > 1000);
	assert_int_equal(sv_strbuf_printf(&b, "%*s", 1000, "x"), 0);
	assert_ptr_equal(b.ptr, before);
}

static void too_much_leaves_it_unchanged(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	(void)state;
	assert_int_equal(sv_strbuf_add(&b, "ab", 2), 0);
	assert_int_equal(sv_strbuf_reserve(&b, SIZE_MAX), -1);
	assert_int_equal(sv_strbuf_reserve(&b, SIZE_MAX - 2), -1);
	assert_int_equal(sv_strbuf_reserve(&b, SIZE_MAX - 3), -1);
	assert_int_equal(b.len, 2);
	assert_string_equal(b.ptr, "ab");
}

static void numbers(void **state)
{
	static const uint64_t some[] = { 0, 1, 9, 10, 15, 16, 255, 1000000, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sv_array_size(some); i++) {
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		char text[64];

		assert_int_equal(sv_strbuf_dec(&b, some[i]), 0);
		assert_int_equal(sv_strbuf_hex(&b, some[i]), 0);
		snprintf(text, sizeof(text), "%llu0x%llx", (unsigned long long)some[i],
			(unsigned long long)some[i]);
		assert_string_equal(b.ptr, text);
		assert_int_equal(b.len, strlen(text));
	}
}

/* Whether it fits at the first try or not. */
static void printed_at_any_length(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	(void)state;
	for (int n = 0; n < 600; n++) {
		size_t before = b.len;

		assert_int_equal(sv_strbuf_printf(&b, "%*s", n, ""), 0);
		assert_int_equal(b.len, before + (size_t)n);
		assert_int_equal(b.ptr[b.len], 0);
	}
}

static void fini_leaves_an_empty_one(void **state)
{
	struct sv_strbuf b = { 0 };

	(void)state;
	assert_int_equal(sv_strbuf_add(&b, "ab", 2), 0);
	sv_strbuf_fini(&b);
	assert_null(b.ptr);
	assert_int_equal(b.len + b.cap, 0);
	sv_strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_terminates),
		cmocka_unit_test(add_nothing),
		cmocka_unit_test(grows),
		cmocka_unit_test(reserve_keeps_room),
		cmocka_unit_test(too_much_leaves_it_unchanged),
		cmocka_unit_test(numbers),
		cmocka_unit_test(printed_at_any_length),
		cmocka_unit_test(fini_leaves_an_empty_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
