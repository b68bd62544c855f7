// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pages in spans: what goes in comes out, in any way of asking. */
#include "unit.h"

#include "iface/pagemap.h"
#include "model/pages.h"

static void nothing(void **state)
{
	struct sv_pages none = { 0 };
	struct sv_page_walk w = sv_pages_walk(&none, 0, 0);
	struct sv_page pg;

	(void)state;
	assert_false(sv_page_next(&w, &pg));
	assert_int_equal(sv_pages_from(&none, 0), 0);
	sv_pages_fini(&none);
}

/* Stretches of 1, 2, 3, ... pages, with a hole of as many behind each. */
static size_t fill(struct sv_pages *p, struct sv_page *ret, size_t max)
{
	uint64_t at = 0x10000;
	size_t n = 0;

	for (size_t stretch = 1; n < max; stretch++) {
		for (size_t i = 0; i < stretch && n < max; i++, n++) {
			ret[n] = (struct sv_page) { .vaddr = at + i * 0x1000,
				.entry = SV_PAGEMAP_PRESENT | n,
				.changed = n % 3 == 0 };
			assert_int_equal(sv_pages_add(p, 0x1000, &ret[n]), 0);
		}
		at += 2 * stretch * 0x1000;
	}
	return n;
}

static void assert_page(struct sv_page a, struct sv_page b)
{
	assert_true(a.vaddr == b.vaddr && a.entry == b.entry && a.changed == b.changed);
}

static void in_and_out(void **state)
{
	enum { MANY = 200 };
	struct sv_pages p = { 0 };
	struct sv_page all[MANY], pg = { 0 };
	size_t n = fill(&p, all, MANY);

	(void)state;
	for (size_t first = 0; first < n; first++) {
		struct sv_page_walk w = sv_pages_walk(&p, first, n - first);

		for (size_t i = first; i < n; i++) {
			assert_true(sv_page_next(&w, &pg));
			assert_page(pg, all[i]);
		}
		assert_false(sv_page_next(&w, &pg));
		assert_page(sv_pages_at(&p, first), all[first]);
	}
	sv_pages_fini(&p);
}

static void by_address(void **state)
{
	enum { MANY = 200 };
	struct sv_pages p = { 0 };
	struct sv_page all[MANY];
	size_t n = fill(&p, all, MANY), want = 0;

	(void)state;
	for (uint64_t at = 0; at < all[n - 1].vaddr + 0x3000; at += 0x800) {
		while (want < n && all[want].vaddr < at)
			want++;
		assert_int_equal(sv_pages_from(&p, at), want);
	}
	assert_int_equal(sv_pages_from(&p, UINT64_MAX), n);
	sv_pages_fini(&p);
}

/* The mark is ours: it is never part of the entry, whatever is put in. */
static void entries_and_marks(void **state)
{
	struct sv_page page = { .vaddr = 0x1000, .entry = UINT64_MAX };
	const uint64_t all = ~(UINT64_C(1) << 60);
	struct sv_pages p = { 0 };

	(void)state;
	assert_int_equal(sv_pages_add(&p, 0x1000, &page), 0);
	assert_true(sv_pages_at(&p, 0).entry == all);
	assert_false(sv_pages_at(&p, 0).changed);
	sv_pages_set(&p, 0, 0, true);
	assert_int_equal(sv_pages_at(&p, 0).entry, 0);
	assert_true(sv_pages_at(&p, 0).changed);
	sv_pages_set(&p, 0, 7, false);
	assert_int_equal(sv_pages_at(&p, 0).entry, 7);
	assert_false(sv_pages_at(&p, 0).changed);
	sv_pages_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(in_and_out),
		cmocka_unit_test(by_address),
		cmocka_unit_test(entries_and_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
