// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/source.h"

static const uint64_t frames[] = { 3, 7, 8, UINT64_MAX };

static void begin(struct sv_holdings *h)
{
	assert_int_equal(sv_holdings_init(h, frames, sv_array_size(frames)), 0);
}

static struct sv_holding saying(uint64_t pfn, enum sv_holder_kind kind, enum sv_held_basis basis)
{
	return (struct sv_holding) { .pfn = pfn,
		.kind = kind,
		.basis = basis,
		.name = SV_NO_NAME,
		.detail = SV_NO_NAME,
		.head = pfn,
		.order = -1 };
}

static void say(struct sv_holdings *h, enum sv_holder_kind kind, enum sv_held_basis basis)
{
	struct sv_holding what = saying(7, kind, basis);

	sv_holdings_say(h, &what);
}

static void assert_held(const struct sv_holdings *h, enum sv_holder_kind kind,
	enum sv_held_basis basis, bool contradiction)
{
	const struct sv_holding *x = sv_holdings_of(h, 7);

	assert_int_equal(x->kind, kind);
	assert_int_equal(x->basis, basis);
	assert_int_equal(x->contradiction, contradiction);
}

static void nothing_is_known_at_first(void **state)
{
	struct sv_holdings h;

	(void)state;
	begin(&h);
	for (size_t i = 0; i < sv_array_size(frames); i++) {
		const struct sv_holding *x = sv_holdings_of(&h, frames[i]);

		assert_non_null(x);
		assert_int_equal(x->pfn, frames[i]);
		assert_int_equal(x->kind, SV_HELD_UNKNOWN);
		assert_int_equal(x->basis, SV_HELD_BY_NOTHING);
		assert_int_equal(x->head, frames[i]);
		assert_int_equal(x->order, -1);
		assert_null(sv_holdings_text(&h, x->name));
		assert_null(sv_holdings_text(&h, x->detail));
	}
	assert_null(sv_holdings_of(&h, 0));
	assert_null(sv_holdings_of(&h, 4));
	sv_holdings_fini(&h);
}

static void no_frames(void **state)
{
	struct sv_holdings h;

	(void)state;
	assert_int_equal(sv_holdings_init(&h, NULL, 0), 0);
	assert_null(sv_holdings_of(&h, 0));
	say(&h, SV_HELD_SLAB, SV_HELD_BY_FLAGS);
	sv_holdings_fini(&h);
}

static void other_frames_are_ignored(void **state)
{
	struct sv_holding what = saying(6, SV_HELD_SLAB, SV_HELD_BY_PAGE_OWNER);
	struct sv_holdings h;

	(void)state;
	begin(&h);
	sv_holdings_say(&h, &what);
	assert_null(sv_holdings_of(&h, 6));
	assert_int_equal(sv_holdings_of(&h, 7)->kind, SV_HELD_UNKNOWN);
	sv_holdings_fini(&h);
}

/* Two things said of one frame, and what comes of it in either order. */
static const struct {
	enum sv_holder_kind a, b;
	enum sv_held_basis by_a, by_b;
	enum sv_holder_kind kind;
	enum sv_held_basis basis;
	bool contradiction;
} pairs[] = {
	/* the same by two: the stronger basis */
	{ SV_HELD_SLAB, SV_HELD_SLAB, SV_HELD_BY_FLAGS, SV_HELD_BY_STRUCT_PAGE, SV_HELD_SLAB,
		SV_HELD_BY_STRUCT_PAGE, false },
	/* the same more exactly, though by less */
	{ SV_HELD_PAGES, SV_HELD_STACK, SV_HELD_BY_PAGE_OWNER, SV_HELD_BY_TABLES, SV_HELD_STACK,
		SV_HELD_BY_TABLES, false },
	{ SV_HELD_PAGES, SV_HELD_SLAB, SV_HELD_BY_PAGE_OWNER, SV_HELD_BY_STRUCT_PAGE, SV_HELD_SLAB,
		SV_HELD_BY_STRUCT_PAGE, false },
	{ SV_HELD_SLAB, SV_HELD_KFENCE, SV_HELD_BY_STRUCT_PAGE, SV_HELD_BY_TABLES, SV_HELD_KFENCE,
		SV_HELD_BY_TABLES, false },
	{ SV_HELD_RESERVED, SV_HELD_IMAGE, SV_HELD_BY_FLAGS, SV_HELD_BY_IOMEM, SV_HELD_IMAGE,
		SV_HELD_BY_IOMEM, false },
	/* that nothing is known adds nothing */
	{ SV_HELD_SLAB, SV_HELD_UNKNOWN, SV_HELD_BY_FLAGS, SV_HELD_BY_PAGE_OWNER, SV_HELD_SLAB,
		SV_HELD_BY_FLAGS, false },
	/* not both can be right */
	{ SV_HELD_FREE, SV_HELD_SLAB, SV_HELD_BY_STRUCT_PAGE, SV_HELD_BY_FLAGS, SV_HELD_FREE,
		SV_HELD_BY_STRUCT_PAGE, true },
	{ SV_HELD_USER, SV_HELD_PAGES, SV_HELD_BY_FLAGS, SV_HELD_BY_PAGE_OWNER, SV_HELD_PAGES,
		SV_HELD_BY_PAGE_OWNER, true },
	{ SV_HELD_TABLE, SV_HELD_LARGE, SV_HELD_BY_FLAGS, SV_HELD_BY_STRUCT_PAGE, SV_HELD_LARGE,
		SV_HELD_BY_STRUCT_PAGE, true },
};

static void either_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sv_array_size(pairs); i++) {
		bool turned = i & 1;
		struct sv_holdings h;

		begin(&h);
		say(&h, turned ? pairs[i / 2].b : pairs[i / 2].a,
			turned ? pairs[i / 2].by_b : pairs[i / 2].by_a);
		say(&h, turned ? pairs[i / 2].a : pairs[i / 2].b,
			turned ? pairs[i / 2].by_a : pairs[i / 2].by_b);
		assert_held(&h, pairs[i / 2].kind, pairs[i / 2].basis, pairs[i / 2].contradiction);
		sv_holdings_fini(&h);
	}
}

static void a_contradiction_stays(void **state)
{
	struct sv_holdings h;

	(void)state;
	begin(&h);
	say(&h, SV_HELD_FREE, SV_HELD_BY_FLAGS);
	say(&h, SV_HELD_SLAB, SV_HELD_BY_STRUCT_PAGE);
	say(&h, SV_HELD_SLAB, SV_HELD_BY_PAGE_OWNER);
	assert_held(&h, SV_HELD_SLAB, SV_HELD_BY_PAGE_OWNER, true);
	sv_holdings_fini(&h);
}

/* page_owner knows who and how large, the struct page which cache. */
static void two_make_one_whole(void **state)
{
	struct sv_holding cache = saying(7, SV_HELD_SLAB, SV_HELD_BY_STRUCT_PAGE);
	struct sv_holding owner = saying(7, SV_HELD_SLAB, SV_HELD_BY_PAGE_OWNER);

	(void)state;
	owner.order = 3;
	owner.head = 0;
	for (int turned = 0; turned < 2; turned++) {
		struct sv_holdings h;
		const struct sv_holding *x;

		begin(&h);
		cache.name = sv_holdings_name(&h, "dentry", 6);
		owner.detail = sv_holdings_name(&h, "d_alloc", 7);
		sv_holdings_say(&h, turned ? &owner : &cache);
		sv_holdings_say(&h, turned ? &cache : &owner);
		x = sv_holdings_of(&h, 7);
		assert_int_equal(x->basis, SV_HELD_BY_PAGE_OWNER);
		assert_string_equal(sv_holdings_text(&h, x->name), "dentry");
		assert_string_equal(sv_holdings_text(&h, x->detail), "d_alloc");
		assert_int_equal(x->order, 3);
		assert_int_equal(x->head, 0);
		sv_holdings_fini(&h);
	}
}

/* Of another thing's name nothing is taken over. */
static void a_contradiction_lends_nothing(void **state)
{
	struct sv_holding slab = saying(7, SV_HELD_SLAB, SV_HELD_BY_FLAGS);
	struct sv_holding none = saying(7, SV_HELD_FREE, SV_HELD_BY_STRUCT_PAGE);

	(void)state;
	for (int turned = 0; turned < 2; turned++) {
		struct sv_holdings h;

		begin(&h);
		slab.name = sv_holdings_name(&h, "dentry", 6);
		slab.order = 2;
		sv_holdings_say(&h, turned ? &none : &slab);
		sv_holdings_say(&h, turned ? &slab : &none);
		assert_held(&h, SV_HELD_FREE, SV_HELD_BY_STRUCT_PAGE, true);
		assert_int_equal(sv_holdings_of(&h, 7)->name, SV_NO_NAME);
		assert_int_equal(sv_holdings_of(&h, 7)->order, -1);
		sv_holdings_fini(&h);
	}
}

static void names_are_kept_once(void **state)
{
	enum { MANY = 1000 };
	struct sv_holdings h;
	char text[32];

	(void)state;
	begin(&h);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			int len = snprintf(text, sizeof(text), "kmalloc-%d", i);

			assert_int_equal(sv_holdings_name(&h, text, (size_t)len), i);
		}
	assert_int_equal(h.names.len, MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "kmalloc-%d", i);
		assert_string_equal(sv_holdings_text(&h, (uint32_t)i), text);
	}
	assert_null(sv_holdings_text(&h, MANY));
	sv_holdings_fini(&h);
}

/* Text that ends early, one that another begins with, and one without end. */
static void names_by_length(void **state)
{
	struct sv_holdings h;

	(void)state;
	begin(&h);
	assert_int_equal(sv_holdings_name(&h, "files_cache", 11), 0);
	assert_int_equal(sv_holdings_name(&h, "files_cache", 5), 1);
	assert_string_equal(sv_holdings_text(&h, 1), "files");
	assert_int_equal(sv_holdings_name(&h, "files\0cache", 11), 1);
	assert_int_equal(sv_holdings_name(&h, "", 0), 2);
	assert_string_equal(sv_holdings_text(&h, 2), "");
	sv_holdings_fini(&h);
}

static void each_is_described(void **state)
{
	(void)state;
	for (int k = 0; k < SV_HELD_COUNT; k++) {
		assert_true(sv_held_name((enum sv_holder_kind)k)[0]);
		for (int d = 0; d < k; d++)
			assert_string_not_equal(sv_held_name((enum sv_holder_kind)k),
				sv_held_name((enum sv_holder_kind)d));
	}
	for (int b = 0; b < SV_HELD_BY_COUNT; b++)
		assert_true(sv_held_basis_name((enum sv_held_basis)b)[0]);
}

/* What is reached through the linear map is a source, what nothing tells may be one. */
static void sources(void **state)
{
	(void)state;
	assert_int_equal(sv_held_source(SV_HELD_UNKNOWN), SV_SOURCE_UNCLASSIFIED);
	assert_int_equal(sv_held_source(SV_HELD_RESERVED), SV_SOURCE_UNCLASSIFIED);
	assert_int_equal(sv_held_source(SV_HELD_SLAB), SV_SOURCE_STRONG);
	assert_int_equal(sv_held_source(SV_HELD_LARGE), SV_SOURCE_STRONG);
	assert_int_equal(sv_held_source(SV_HELD_PAGES), SV_SOURCE_STRONG);
	assert_int_equal(sv_held_source(SV_HELD_FREE), SV_SOURCE_NO);
	assert_int_equal(sv_held_source(SV_HELD_USER), SV_SOURCE_NO);
	assert_int_equal(sv_held_source(SV_HELD_STACK), SV_SOURCE_NO);
	assert_int_equal(sv_held_source(SV_HELD_KFENCE), SV_SOURCE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_at_first),
		cmocka_unit_test(no_frames),
		cmocka_unit_test(other_frames_are_ignored),
		cmocka_unit_test(either_order),
		cmocka_unit_test(a_contradiction_stays),
		cmocka_unit_test(two_make_one_whole),
		cmocka_unit_test(a_contradiction_lends_nothing),
		cmocka_unit_test(names_are_kept_once),
		cmocka_unit_test(names_by_length),
		cmocka_unit_test(each_is_described),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
