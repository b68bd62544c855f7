// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/pagetypeinfo.h"

static void fixtures(void **state)
{
	static const char *const paths[] = { "deb61cloud/pagetypeinfo", "deb61arm64/pagetypeinfo",
		"deb61-686pae/pagetypeinfo", "deb61-armmp-lpae/pagetypeinfo",
		"deb612riscv/pagetypeinfo", "c612/pagetypeinfo", "c72/pagetypeinfo" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		uint64_t order = 0, pages = 0;

		assert_int_equal(sv_pagetypeinfo_block(fixture(paths[i]), &order, &pages, NULL), 0);
		assert_int_equal(order, 9);
		assert_int_equal(pages, 512);
	}
}

static void other_orders(void **state)
{
	uint64_t order, pages;

	(void)state;
	assert_int_equal(sv_pagetypeinfo_block(TEXT("Page block order: 13\nPages per block:  8192"),
				 &order, &pages, NULL),
		0);
	assert_int_equal(order, 13);
	assert_int_equal(pages, 8192);
	assert_int_equal(sv_pagetypeinfo_block(TEXT("Page block order: 0\nPages per block:  1\n"),
				 &order, &pages, NULL),
		0);
	assert_int_equal(pages, 1);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} malformed[] = {
	{ "", 0, "Page block order:" },
	{ "\n", 1, "Page block order:" },
	{ "Pages per block: 512\n", 1, "Page block order:" },
	{ "Page block order:\n", 1, "a decimal number below 2^64" },
	{ "Page block order: x\n", 1, "a decimal number below 2^64" },
	{ "Page block order: 9\n", 1, "Pages per block:, got ''" },
	{ "Page block order: 9\n\n", 2, "Pages per block:, got ''" },
	{ "Page block order: 9\nPages per block:\n", 2, "a decimal number below 2^64" },
	{ "Page block order: 9\nPages per block: 51", 2,
		"2^order pages in a block of order 9, got 51" },
	{ "Page block order: 64\nPages per block: 0\n", 2, "2^order pages" },
	{ "Page block order: 18446744073709551615\nPages per block: 1\n", 2, "2^order pages" },
	{ "Page block order: 18446744073709551616\nPages per block: 1\n", 1,
		"a decimal number below 2^64" },
};

static void malformed_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		const char *text = malformed[i].text;
		struct safevma_error err = { 0 };
		uint64_t order = 99, pages = 99;

		assert_int_equal(sv_pagetypeinfo_block(sv_text_init(text, strlen(text), "test"),
					 &order, &pages, &err),
			-1);
		assert_place(&err, malformed[i].line, malformed[i].message);
		assert_int_equal(order, 99);
		assert_int_equal(pages, 99);
	}
}

static void read_all(struct sv_text text)
{
	uint64_t order, pages;

	if (sv_pagetypeinfo_block(text, &order, &pages, NULL) == 0)
		assert_int_equal(pages, UINT64_C(1) << order);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("c72/pagetypeinfo"), 300, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(malformed_texts),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
