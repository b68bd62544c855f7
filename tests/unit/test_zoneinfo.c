// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/zoneinfo.h"

/* Read with awk. populated: the others have neither start_pfn nor per-CPU lists. */
static const struct {
	const char *path;
	size_t zones, populated;
	uint64_t node;
	const char *name;
	uint64_t start, spanned, present, managed, free, pcp;
} cases[] = {
	{ "deb61cloud/zoneinfo", 5, 2, 0, "DMA32", 4096, 126944, 126944, 116231, 106116, 643 },
	{ "deb61cloud/zoneinfo", 5, 2, 0, "DMA", 1, 4095, 3998, 3840, 3808, 0 },
	{ "deb61arm64/zoneinfo", 4, 1, 0, "DMA", 262144, 262144, 262144, 251167, 241695, 1775 },
	{ "deb61-686pae/zoneinfo", 4, 3, 0, "HighMem", 225278, 298978, 298978, 298978, 294834,
		697 },
	{ "deb61-armmp-lpae/zoneinfo", 4, 2, 0, "HighMem", 458752, 327680, 327680, 327680, 324960,
		78 },
	{ "deb612riscv/zoneinfo", 4, 1, 0, "DMA32", 524288, 262144, 262144, 241255, 235259, 886 },
	{ "c612/zoneinfo", 6, 2, 1, "DMA32", 65537, 65503, 65503, 63758, 61278, 401 },
	{ "c612/zoneinfo", 6, 2, 0, "DMA32", 1, 65536, 65439, 60945, 53713, 1070 },
	{ "c72/zoneinfo", 3, 1, 0, "DMA32", 1, 131039, 130942, 124979, 115550, 1440 },
	{ "deb72cloud/zoneinfo", 5, 2, 0, "DMA32", 4096, 126944, 126944, 113363, 102113, 2332 },
};

static void check_zone(const struct sv_zone *z, size_t i)
{
	assert_num(z->start_pfn, cases[i].start);
	assert_num(z->spanned_pages, cases[i].spanned);
	assert_num(z->present_pages, cases[i].present);
	assert_num(z->managed_pages, cases[i].managed);
	assert_num(z->free_pages, cases[i].free);
	assert_num(z->pcp_count_pages, cases[i].pcp);
}

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_text t = fixture(cases[i].path);
		size_t zones = 0, populated = 0, found = 0;
		struct sv_zone z;

		for (; sv_zoneinfo_next(&t, &z, NULL) == 1; zones++) {
			populated += z.start_pfn.known;
			assert_int_equal(z.start_pfn.known, z.pcp_count_pages.known);
			if (z.node != cases[i].node || !sv_span_is(z.name, cases[i].name))
				continue;
			found++;
			check_zone(&z, i);
		}
		assert_int_equal(t.rest.len, 0);
		assert_int_equal(zones, cases[i].zones);
		assert_int_equal(populated, cases[i].populated);
		assert_int_equal(found, 1);
	}
}

static void lists_are_added_up(void **state)
{
	struct sv_text t = TEXT("Node 3, zone   Normal\n  pages free     7\n  pagesets\n"
				"    cpu: 0\n              count: 5\n    cpu: 1\n"
				"              count:    6\n  start_pfn:           4096\n");
	struct sv_zone z;

	(void)state;
	assert_int_equal(sv_zoneinfo_next(&t, &z, NULL), 1);
	assert_int_equal(z.node, 3);
	assert_span(z.name, "Normal");
	assert_num(z.pcp_count_pages, 11);
	assert_num(z.free_pages, 7);
	assert_num(z.start_pfn, 4096);
	assert_unknown(z.spanned_pages);
	assert_int_equal(sv_zoneinfo_next(&t, &z, NULL), 0);
}

static void unpopulated_zone(void **state)
{
	struct sv_text t = TEXT("Node 0, zone  Movable\n  pages free     0\n        spanned  0\n");
	struct sv_zone z;

	(void)state;
	assert_int_equal(sv_zoneinfo_next(&t, &z, NULL), 1);
	assert_num(z.spanned_pages, 0);
	assert_unknown(z.start_pfn);
	assert_unknown(z.pcp_count_pages);
}

static void keys_that_only_begin_alike(void **state)
{
	struct sv_text t = TEXT("Node 0, zone DMA\n  spannedx 5\n  present_early x\n  counts: 7\n"
				"  nr_free_pages 9\n  pages freeze 8\n  protection: (0, 1)\n\n");
	struct sv_zone z;

	(void)state;
	assert_int_equal(sv_zoneinfo_next(&t, &z, NULL), 1);
	assert_unknown(z.spanned_pages);
	assert_unknown(z.present_pages);
	assert_unknown(z.free_pages);
	assert_unknown(z.pcp_count_pages);
}

#define HEAD "Node 0, zone DMA\n"

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} malformed[] = {
	{ "\n", 1, "'Node N, zone NAME'" },
	{ "  pages free 1\n", 1, "'Node N, zone NAME'" },
	{ "Node", 1, "'Node N, zone NAME'" },
	{ "Node 0", 1, "'Node N, zone NAME'" },
	{ "Node x, zone DMA\n", 1, "'Node N, zone NAME'" },
	{ "Node 0, zone \n", 1, "'Node N, zone NAME'" },
	{ "Node 0, zone DMA x\n", 1, "'Node N, zone NAME'" },
	{ "Node 18446744073709551616, zone DMA\n", 1, "'Node N, zone NAME'" },
	{ HEAD "  spanned\n", 2, "a decimal number below 2^64, got ''" },
	{ HEAD "  spanned x\n", 2, "a decimal number below 2^64" },
	{ HEAD "  spanned -1\n", 2, "a decimal number below 2^64" },
	{ HEAD "  spanned 1 2\n", 2, "a decimal number below 2^64" },
	{ HEAD "  start_pfn:\n", 2, "a decimal number below 2^64" },
	{ HEAD "  start_pfn: 18446744073709551616\n", 2, "a decimal number below 2^64" },
	{ HEAD "  pages free\n", 2, "a decimal number below 2^64" },
	{ HEAD "  spanned 1\n  spanned 1\n", 3, "each number once a zone" },
	{ HEAD "  count: 18446744073709551615\n  count: 1\n", 3, "a sum below 2^64" },
};

static void malformed_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_text t =
			sv_text_init(malformed[i].text, strlen(malformed[i].text), "test");
		struct safevma_error err = { 0 };
		struct sv_zone z = { .node = 99 };

		assert_int_equal(sv_zoneinfo_next(&t, &z, &err), -1);
		assert_place(&err, malformed[i].line, malformed[i].message);
		assert_int_equal(z.node, 99);
	}
}

static void broken_second_head(void **state)
{
	struct sv_text t = TEXT(HEAD "  spanned 1\nNode 1 zone DMA\n  spanned 2\n");
	struct safevma_error err = { 0 };
	struct sv_zone z;

	(void)state;
	assert_int_equal(sv_zoneinfo_next(&t, &z, &err), 1);
	assert_num(z.spanned_pages, 1);
	assert_int_equal(sv_zoneinfo_next(&t, &z, &err), -1);
	assert_place(&err, 3, "'Node N, zone NAME'");
}

static void read_all(struct sv_text text)
{
	struct sv_text t = text;
	struct sv_zone z;

	while (sv_zoneinfo_next(&t, &z, NULL) == 1)
		assert_inside(text, z.name);
}

static void damaged(void **state)
{
	struct sv_text t = fixture("c72/zoneinfo");

	(void)state;
	each_damage(t, 1000, read_all);
	t.rest.ptr += t.rest.len - 1000;
	each_damage(t, 1000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(lists_are_added_up),
		cmocka_unit_test(unpopulated_zone),
		cmocka_unit_test(keys_that_only_begin_alike),
		cmocka_unit_test(malformed_texts),
		cmocka_unit_test(broken_second_head),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
