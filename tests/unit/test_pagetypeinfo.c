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

/* In the order of the file; sums by eye. */
static const struct {
	const char *path;
	size_t rows, mixed_rows;
	uint64_t nodes, blocks, movable;
} counted[] = {
	{ "c72/pagetypeinfo", 10, 5, 1, 256, 243 },
	{ "c612/pagetypeinfo", 20, 10, 2, 256, 239 },
	{ "deb61-686pae/pagetypeinfo", 15, 0, 1, 1024, 1008 },
	{ "deb61-armmp-lpae/pagetypeinfo", 12, 0, 1, 1024, 1000 },
};

static void counts_of_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(counted); i++) {
		struct sv_pagetype_counts c = { .text = fixture(counted[i].path) };
		uint64_t blocks = 0, movable = 0, node = 0;
		size_t rows = 0, mixed = 0;
		struct sv_pagetype_count n;

		for (; sv_pagetypeinfo_next(&c, &n, NULL) > 0; rows++) {
			assert_true(n.zone.len && n.type.len);
			mixed += n.mixed;
			node = n.node;
			if (!n.mixed)
				blocks += n.blocks;
			if (!n.mixed && sv_span_is(n.type, "Movable"))
				movable += n.blocks;
		}
		assert_int_equal(sv_pagetypeinfo_next(&c, &n, NULL), 0);
		assert_int_equal(rows, counted[i].rows);
		assert_int_equal(mixed, counted[i].mixed_rows);
		assert_int_equal(node + 1, counted[i].nodes);
		assert_int_equal(blocks, counted[i].blocks);
		assert_int_equal(movable, counted[i].movable);
	}
}

#define HEADING "Number of blocks type     Unmovable      Movable \n"

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} bad_counts[] = {
	{ HEADING "Node 0, zone DMA 1", 2, "a number for each kind of block" },
	{ HEADING "Node 0, zone DMA 1 2 3", 2, "a number for each kind of block" },
	{ HEADING "Node 0, zone DMA 1 2x", 2, "a number for each kind of block" },
	{ HEADING "Node 0, zone DMA x 2", 2, "a number for each kind of block" },
	{ HEADING "Node 0, zone DMA", 2, "a number for each kind of block" },
	{ HEADING "Node x, zone DMA 1 2", 2, "'Node N, zone NAME'" },
	{ HEADING "Node 0, zone ", 2, "'Node N, zone NAME'" },
	{ HEADING "Node", 2, "'Node N, zone NAME'" },
};

static void malformed_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(bad_counts); i++) {
		const char *text = bad_counts[i].text;
		struct sv_pagetype_counts c = { .text = sv_text_init(text, strlen(text), "test") };
		struct safevma_error err = { 0 };
		struct sv_pagetype_count n;
		int rc;

		while ((rc = sv_pagetypeinfo_next(&c, &n, &err)) > 0)
			;
		assert_int_equal(rc, -1);
		assert_place(&err, bad_counts[i].line, bad_counts[i].message);
	}
}

static void no_counts(void **state)
{
	struct sv_pagetype_counts c = { .text = TEXT("Node 0, zone DMA 1 2\n") };
	struct sv_pagetype_count n;

	(void)state;
	assert_int_equal(sv_pagetypeinfo_next(&c, &n, NULL), 0);
	c = (struct sv_pagetype_counts) { .text = TEXT("") };
	assert_int_equal(sv_pagetypeinfo_next(&c, &n, NULL), 0);
	c = (struct sv_pagetype_counts) { .text = TEXT(HEADING "\nNode 0, zone DMA 1 2\n") };
	assert_int_equal(sv_pagetypeinfo_next(&c, &n, NULL), 0);
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
	struct sv_pagetype_counts c = { .text = text };
	struct sv_pagetype_count n;
	uint64_t order, pages;

	if (sv_pagetypeinfo_block(text, &order, &pages, NULL) == 0)
		assert_int_equal(pages, UINT64_C(1) << order);
	while (sv_pagetypeinfo_next(&c, &n, NULL) > 0) {
		assert_inside(text, n.zone);
		assert_inside(text, n.type);
	}
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("c72/pagetypeinfo"), 300, read_all);
	each_damage(
		TEXT(HEADING "Node 0, zone    DMA32           11          243 \n"), 300, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(malformed_texts),
		cmocka_unit_test(counts_of_kinds),
		cmocka_unit_test(malformed_counts),
		cmocka_unit_test(no_counts),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
