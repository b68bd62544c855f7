// SPDX-License-Identifier: LGPL-2.1-or-later
/* The index of frames: sorted, each once, found again, with what was read of each. */
#include "unit.h"

#include <stdlib.h>

#include "base/sort.h"
#include "iface/kpage.h"
#include "model/frame.h"

static void make(struct sv_frame_index *x, const uint64_t *numbers, size_t n)
{
	uint64_t *room = sv_frames_room(x, n);

	assert_non_null(room);
	for (size_t i = 0; i < n; i++)
		room[i] = numbers[i];
	assert_int_equal(sv_frames_settle(x, n), 0);
}

static void find_in_an_empty_index(void **state)
{
	struct sv_frame_index none = { 0 };

	(void)state;
	assert_true(sv_frames_find(&none, 0, 0) == SV_FRAMES_NONE);
	make(&none, NULL, 0);
	assert_int_equal(none.len, 0);
	assert_true(sv_frames_find(&none, UINT64_MAX, SV_FRAMES_NONE) == SV_FRAMES_NONE);
	sv_frames_fini(&none);
}

static void sort_and_find(void **state)
{
	static const uint64_t numbers[] = { 9, 0, UINT64_MAX, 4, 9, 0, 4, 4, UINT64_C(1) << 40 };
	static const uint64_t sorted[] = { 0, 4, 9, UINT64_C(1) << 40, UINT64_MAX };
	struct sv_frame_index x;

	(void)state;
	make(&x, numbers, sv_array_size(numbers));
	assert_int_equal(x.len, sv_array_size(sorted));
	for (size_t i = 0; i < x.len; i++)
		for (size_t near = 0; near <= x.len; near++) {
			assert_int_equal(sv_frames_at(&x, i).pfn, sorted[i]);
			assert_int_equal(sv_frames_find(&x, sorted[i], near), i);
			assert_int_equal(sv_frames_from(&x, sorted[i]), i);
		}
	assert_true(sv_frames_find(&x, 1, 0) == SV_FRAMES_NONE);
	assert_true(sv_frames_find(&x, UINT64_MAX - 1, 4) == SV_FRAMES_NONE);
	assert_int_equal(sv_frames_from(&x, 5), 2);
	assert_int_equal(sv_frames_at(&x, 0).known, 0);
	assert_int_equal(sv_frames_class(&x, 0), SV_CLASS_UNKNOWN);
	sv_frames_fini(&x);
}

/* Every number of every length, in any order, as qsort() has them. */
static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sorting_as_qsort_does(void **state)
{
	enum { MANY = 5000 };
	uint64_t *a = calloc(3 * MANY, sizeof(*a)), *b = a + MANY, seed = 1;

	(void)state;
	assert_non_null(a);
	for (unsigned int bits = 1; bits <= 64; bits++) {
		size_t n = bits * 70;

		for (size_t i = 0; i < n; i++)
			a[i] = b[i] = next_random(&seed) >> (64 - bits);
		sv_sort_u64(a, n, 0, b + MANY);
		qsort(b, n, sizeof(*b), by_number);
		assert_memory_equal(a, b, n * sizeof(*a));
	}
	for (size_t i = 0; i < MANY; i++) /* downwards, and with one bit that always differs */
		a[i] = b[i] = (MANY - i) << 20 | 5;
	sv_sort_u64(a, MANY, 0, b + MANY);
	qsort(b, MANY, sizeof(*b), by_number);
	assert_memory_equal(a, b, MANY * sizeof(*a));
	for (size_t i = 0; i < MANY; i++) /* by the upper bits alone, the rest as it stood */
		a[i] = next_random(&seed) >> 50 << 16 | i;
	sv_sort_u64(a, MANY, 16, b + MANY);
	for (size_t i = 1; i < MANY; i++)
		assert_true(a[i - 1] < a[i]);
	free(a);
}

/* What is read of a frame comes back as it was, among thousands of sorts and all classes. */
static void what_was_set_is_there(void **state)
{
	enum { MANY = 3000 };
	struct sv_frame_index x;
	uint64_t numbers[MANY];

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		numbers[i] = i * 3;
	make(&x, numbers, MANY);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < MANY; i++) {
			struct sv_frame f = sv_frames_at(&x, i);

			f.flags = i % 700;
			f.head_flags = i % 3;
			f.count = i / 7;
			f.cgroup = UINT64_MAX - i % 5;
			f.known = (unsigned int)(i % 64);
			f.below = (enum sv_class)(i % SV_CLASS_COUNT);
			f.above = (enum sv_class)(i / 5 % SV_CLASS_COUNT);
			f.mixed = i % 64 >= SV_FRAME_AROUND && i % 2;
			f.distance = (unsigned int)i;
			assert_int_equal(sv_frames_set(&x, i, &f), 0);
		}
	for (size_t i = 0; i < MANY; i++) {
		struct sv_frame f = sv_frames_at(&x, i);

		assert_int_equal(f.pfn, i * 3);
		assert_int_equal(f.flags, i % 700);
		assert_int_equal(f.head_flags, i % 3);
		assert_int_equal(f.count, i / 7);
		assert_true(f.cgroup == UINT64_MAX - i % 5);
		assert_int_equal(f.known, i % 64);
		assert_int_equal(f.below, i % SV_CLASS_COUNT);
		assert_int_equal(f.above, i / 5 % SV_CLASS_COUNT);
		assert_int_equal(f.distance, i);
		assert_int_equal(f.mixed, i % 64 >= SV_FRAME_AROUND && i % 2);
		assert_int_equal(sv_frames_class(&x, i), sv_class_of(&f));
	}
	sv_frames_fini(&x);
}

/* Slots of pages that share frames, come in any order, or have none; and of pages not known. */
static void slots_of_pages(void **state)
{
	static const uint64_t pfns[] = { 70, 30, 0, 30, 90, 10, 70 }; /* 0: none */
	struct sv_frame_index x;
	uint64_t *room = sv_frames_room(&x, sv_array_size(pfns));
	size_t n = 0;

	(void)state;
	assert_non_null(room);
	for (size_t i = 0; i < sv_array_size(pfns); i++)
		if (pfns[i])
			room[n++] = pfns[i] << 3 | i;
	assert_int_equal(sv_frames_settle_pages(&x, n, 3, sv_array_size(pfns)), 0);
	assert_int_equal(x.len, 4);
	for (size_t i = 0; i < sv_array_size(pfns); i++)
		if (pfns[i])
			assert_int_equal(sv_frames_at(&x, sv_frames_of_page(&x, i, pfns[i], 0)).pfn,
				pfns[i]);
	/* A hint that is wrong, or none, costs time alone. */
	assert_int_equal(sv_frames_at(&x, sv_frames_of_page(&x, 0, 10, 2)).pfn, 10);
	assert_int_equal(sv_frames_at(&x, sv_frames_of_page(&x, 2, 90, 0)).pfn, 90);
	assert_int_equal(sv_frames_at(&x, sv_frames_of_page(&x, 99, 30, 3)).pfn, 30);
	assert_true(sv_frames_of_page(&x, 1, 31, 0) == SV_FRAMES_NONE);
	sv_frames_fini(&x);
}

/* A distance that does not fit says nothing, rather than something else. */
static void far_is_none(void **state)
{
	static const uint64_t one = 5;
	struct sv_frame f = { .pfn = 5, .distance = 65536, .known = SV_FRAME_AROUND };
	struct sv_frame_index x;

	(void)state;
	make(&x, &one, 1);
	assert_int_equal(sv_frames_set(&x, 0, &f), 0);
	assert_int_equal(sv_frames_at(&x, 0).distance, 0);
	sv_frames_fini(&x);
}

static void adopting(void **state)
{
	static const uint64_t old[] = { 10, 20, 30 }, new[] = { 5, 20, 25, 40 };
	static const uint64_t all[] = { 5, 10, 20, 25, 30, 40 };
	static const uint64_t flags[] = { SV_KPF_LRU, SV_KPF_SLAB, SV_KPF_LRU, SV_KPF_LRU,
		SV_KPF_SLAB, SV_KPF_LRU };
	struct sv_frame f = { .known = SV_FRAME_FLAGS };
	struct sv_frame_index x, fresh, none;

	(void)state;
	make(&x, old, 3);
	make(&fresh, new, 4);
	make(&none, NULL, 0);
	f.flags = SV_KPF_SLAB;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sv_frames_set(&x, i, &f), 0);
	f.flags = SV_KPF_LRU;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(sv_frames_set(&fresh, i, &f), 0);
	assert_int_equal(sv_frames_adopt(&x, &none), 0);
	assert_int_equal(x.len, 3);
	assert_int_equal(sv_frames_adopt(&x, &fresh), 0);
	assert_int_equal(sv_frames_adopt(&none, &fresh), 0);
	assert_int_equal(none.len, 4);
	assert_int_equal(x.len, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(sv_frames_at(&x, i).pfn, all[i]);
		assert_int_equal(sv_frames_at(&x, i).flags, flags[i]);
	}
	sv_frames_fini(&x);
	sv_frames_fini(&fresh);
	sv_frames_fini(&none);
}

/* Surroundings that were looked at stay, unless they were looked at again. */
static void adopting_keeps_surroundings(void **state)
{
	static const uint64_t both[] = { 10, 20 };
	struct sv_frame f = {
		.known = SV_FRAME_FLAGS | SV_FRAME_AROUND, .distance = 7, .mixed = true
	};
	struct sv_frame_index x, fresh;

	(void)state;
	make(&x, both, 2);
	make(&fresh, both, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(sv_frames_set(&x, i, &f), 0);
	f = (struct sv_frame) { .known = SV_FRAME_FLAGS, .flags = SV_KPF_SLAB };
	assert_int_equal(sv_frames_set(&fresh, 0, &f), 0);
	f = (struct sv_frame) { .known = SV_FRAME_FLAGS | SV_FRAME_AROUND, .distance = 3 };
	assert_int_equal(sv_frames_set(&fresh, 1, &f), 0);
	assert_int_equal(sv_frames_adopt(&x, &fresh), 0);
	f = sv_frames_at(&x, 0);
	assert_int_equal(f.flags, SV_KPF_SLAB);
	assert_true((f.known & SV_FRAME_AROUND) && f.distance == 7 && f.mixed);
	f = sv_frames_at(&x, 1);
	assert_true((f.known & SV_FRAME_AROUND) && f.distance == 3 && !f.mixed);
	sv_frames_fini(&x);
	sv_frames_fini(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_in_an_empty_index),
		cmocka_unit_test(sort_and_find),
		cmocka_unit_test(sorting_as_qsort_does),
		cmocka_unit_test(what_was_set_is_there),
		cmocka_unit_test(slots_of_pages),
		cmocka_unit_test(far_is_none),
		cmocka_unit_test(adopting),
		cmocka_unit_test(adopting_keeps_surroundings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
