// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/kpage.h"
#include "model/frame.h"

static enum sv_class class_with(uint64_t flags)
{
	struct sv_frame f = { .flags = flags, .known = SV_FRAME_FLAGS };

	return sv_class_of(&f);
}

static enum sv_class class_below(uint64_t flags, uint64_t head_flags)
{
	struct sv_frame f = {
		.flags = flags, .head_flags = head_flags, .known = SV_FRAME_FLAGS | SV_FRAME_HEAD
	};

	return sv_class_of(&f);
}

/* Whatever stands first wins over all that follow. */
static const struct {
	uint64_t flag;
	enum sv_class class;
} order[] = {
	{ SV_KPF_NOPAGE, SV_CLASS_NOPAGE },
	{ SV_KPF_HWPOISON, SV_CLASS_HWPOISON },
	{ SV_KPF_OFFLINE, SV_CLASS_OFFLINE },
	{ SV_KPF_BUDDY, SV_CLASS_FREE },
	{ SV_KPF_SLAB, SV_CLASS_SLAB },
	{ SV_KPF_PGTABLE, SV_CLASS_PGTABLE },
	{ SV_KPF_ZERO, SV_CLASS_ZERO },
	{ SV_KPF_HUGE, SV_CLASS_HUGETLB },
	{ SV_KPF_ANON, SV_CLASS_ANON },
	{ SV_KPF_SWAPBACKED, SV_CLASS_SHMEM },
	{ SV_KPF_LRU, SV_CLASS_FILE },
	{ SV_KPF_RESERVED, SV_CLASS_RESERVED },
	{ SV_KPF_COMPOUND_HEAD, SV_CLASS_KERNEL_COMPOUND },
};

static void every_pair_in_conflict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(order); i++) {
		uint64_t later = 0;

		assert_int_equal(class_with(order[i].flag), order[i].class);
		for (size_t k = i + 1; k < sv_array_size(order); k++) {
			later |= order[k].flag;
			assert_int_equal(class_with(order[i].flag | order[k].flag), order[i].class);
		}
		assert_int_equal(class_with(order[i].flag | later), order[i].class);
	}
}

/* As seen on running kernels; each has bits that would mislead when tested first. */
static void seen_on_kernels(void **state)
{
	(void)state;
	assert_int_equal(class_with(SV_KPF_SLAB | SV_KPF_ANON | SV_KPF_KSM), SV_CLASS_SLAB);
	assert_int_equal(class_with(SV_KPF_SLAB | SV_KPF_COMPOUND_TAIL), SV_CLASS_SLAB);
	assert_int_equal(class_with(SV_KPF_SLAB | SV_KPF_ACTIVE | SV_KPF_ERROR), SV_CLASS_SLAB);
	assert_int_equal(class_with(SV_KPF_PGTABLE | SV_KPF_REFERENCED), SV_CLASS_PGTABLE);
	assert_int_equal(class_with(SV_KPF_PGTABLE | SV_KPF_MMAP), SV_CLASS_PGTABLE);
	assert_int_equal(class_with(SV_KPF_ZERO | SV_KPF_RESERVED), SV_CLASS_ZERO);
	assert_int_equal(
		class_with(SV_KPF_ZERO | SV_KPF_THP | SV_KPF_COMPOUND_HEAD), SV_CLASS_ZERO);
	assert_int_equal(class_with(SV_KPF_HUGE | SV_KPF_MMAP | SV_KPF_ANON), SV_CLASS_HUGETLB);
	assert_int_equal(
		class_with(SV_KPF_UPTODATE | SV_KPF_MMAP | SV_KPF_ANON | SV_KPF_SWAPBACKED),
		SV_CLASS_ANON);
	assert_int_equal(class_with(SV_KPF_ANON | SV_KPF_KSM | SV_KPF_LRU), SV_CLASS_ANON);
	assert_int_equal(class_with(SV_KPF_MMAP | SV_KPF_SWAPBACKED | SV_KPF_LRU), SV_CLASS_SHMEM);
	/* Page cache; and secretmem before it is on any list. */
	assert_int_equal(class_with(SV_KPF_LRU | SV_KPF_UPTODATE), SV_CLASS_FILE);
	assert_int_equal(class_with(SV_KPF_UPTODATE | SV_KPF_DIRTY | SV_KPF_MMAP), SV_CLASS_FILE);
	/* The vdso is mapped by processes and stays the kernel's. */
	assert_int_equal(class_with(SV_KPF_MMAP | SV_KPF_RESERVED), SV_CLASS_RESERVED);
	assert_int_equal(
		class_with(SV_KPF_COMPOUND_HEAD | SV_KPF_UPTODATE), SV_CLASS_KERNEL_COMPOUND);
	assert_int_equal(class_with(SV_KPF_COMPOUND_TAIL), SV_CLASS_KERNEL_COMPOUND);
	/* Flags without meaning of their own, stale on per-CPU lists. */
	assert_int_equal(class_with(0), SV_CLASS_UNCLASSIFIED);
	assert_int_equal(class_with(SV_KPF_UPTODATE | SV_KPF_REFERENCED), SV_CLASS_UNCLASSIFIED);
	assert_int_equal(class_with(UINT64_C(1) << 63), SV_CLASS_UNCLASSIFIED);
}

static void unread_is_unknown(void **state)
{
	const unsigned int others = SV_FRAME_COUNT | SV_FRAME_CGROUP | SV_FRAME_HEAD;

	(void)state;
	for (size_t i = 0; i < sv_array_size(order); i++) {
		struct sv_frame f = { .flags = order[i].flag,
			.head_flags = order[i].flag,
			.count = 1,
			.cgroup = 1,
			.known = others };

		assert_int_equal(sv_class_of(&f), SV_CLASS_UNKNOWN);
		assert_false(sv_frame_wants_head(&f));
	}
	/* And what was read never is. */
	for (unsigned int bit = 0; bit < 64; bit++)
		assert_int_not_equal(class_with(SV_KPF(bit)), SV_CLASS_UNKNOWN);
}

static void charged_only_when_known(void **state)
{
	struct sv_frame f = { .cgroup = 7, .known = SV_FRAME_FLAGS };

	(void)state;
	assert_int_equal(sv_class_of(&f), SV_CLASS_UNCLASSIFIED);
	f.known |= SV_FRAME_CGROUP;
	assert_int_equal(sv_class_of(&f), SV_CLASS_KERNEL_CHARGED);
	f.cgroup = 0;
	assert_int_equal(sv_class_of(&f), SV_CLASS_UNCLASSIFIED);
	f.cgroup = 7;
	f.flags = SV_KPF_UPTODATE;
	assert_int_equal(sv_class_of(&f), SV_CLASS_UNCLASSIFIED);
	f.flags = SV_KPF_LRU;
	assert_int_equal(sv_class_of(&f), SV_CLASS_FILE);
	f.flags = SV_KPF_COMPOUND_HEAD;
	assert_int_equal(sv_class_of(&f), SV_CLASS_KERNEL_COMPOUND);
}

/* Up to 6.8 a tail shows little of its own. */
static void tails_take_their_heads_flags(void **state)
{
	const uint64_t tail = SV_KPF_COMPOUND_TAIL, head = SV_KPF_COMPOUND_HEAD;

	(void)state;
	assert_int_equal(class_below(tail, head | SV_KPF_LRU | SV_KPF_UPTODATE), SV_CLASS_FILE);
	assert_int_equal(class_below(tail, head | SV_KPF_SWAPBACKED), SV_CLASS_SHMEM);
	assert_int_equal(
		class_below(tail | SV_KPF_ANON | SV_KPF_THP, head | SV_KPF_LRU), SV_CLASS_ANON);
	assert_int_equal(class_below(tail, head | SV_KPF_ANON | SV_KPF_MMAP), SV_CLASS_ANON);
	assert_int_equal(class_below(tail, head | SV_KPF_SLAB), SV_CLASS_SLAB);
	assert_int_equal(class_below(tail, head | SV_KPF_HUGE), SV_CLASS_HUGETLB);
	assert_int_equal(class_below(tail, head), SV_CLASS_KERNEL_COMPOUND);
	/* What a frame says of itself comes first; poison is of one frame alone. */
	assert_int_equal(class_below(tail | SV_KPF_SLAB, head | SV_KPF_NOPAGE), SV_CLASS_SLAB);
	assert_int_equal(
		class_below(tail | SV_KPF_HWPOISON, head | SV_KPF_SLAB), SV_CLASS_HWPOISON);
	assert_int_equal(class_below(tail, head | SV_KPF_HWPOISON | SV_KPF_ANON), SV_CLASS_ANON);
}

static void head_flags_count_only_when_known(void **state)
{
	struct sv_frame f = { .flags = SV_KPF_COMPOUND_TAIL,
		.head_flags = SV_KPF_LRU | SV_KPF_MLOCKED,
		.known = SV_FRAME_FLAGS };

	(void)state;
	assert_int_equal(sv_class_of(&f), SV_CLASS_KERNEL_COMPOUND);
	assert_false(sv_frame_mlocked(&f));
	f.known |= SV_FRAME_HEAD;
	assert_int_equal(sv_class_of(&f), SV_CLASS_FILE);
	assert_true(sv_frame_mlocked(&f));
}

/* Without its head nothing tells what such a tail is: not kernel memory, not free, unknown. */
static void a_tail_whose_head_was_not_found(void **state)
{
	struct sv_frame f = { .flags = SV_KPF_COMPOUND_TAIL,
		.known = SV_FRAME_FLAGS | SV_FRAME_HEADLESS };

	(void)state;
	assert_int_equal(sv_class_of(&f), SV_CLASS_UNKNOWN);
	f.flags |= SV_KPF_ANON;
	assert_int_equal(sv_class_of(&f), SV_CLASS_ANON);
	f.flags |= SV_KPF_SLAB;
	assert_int_equal(sv_class_of(&f), SV_CLASS_SLAB);
}

static void mlocked(void **state)
{
	struct sv_frame f = { .known = SV_FRAME_FLAGS, .flags = SV_KPF_MLOCKED };

	(void)state;
	assert_true(sv_frame_mlocked(&f));
	f.flags = ~SV_KPF_MLOCKED;
	assert_false(sv_frame_mlocked(&f));
	f.known |= SV_FRAME_HEAD;
	assert_false(sv_frame_mlocked(&f));
	f.head_flags = SV_KPF_MLOCKED;
	assert_true(sv_frame_mlocked(&f));
}

static void which_tails_want_a_head(void **state)
{
	struct sv_frame f = { .known = SV_FRAME_FLAGS, .flags = SV_KPF_COMPOUND_TAIL };

	(void)state;
	assert_true(sv_frame_wants_head(&f));
	f.flags |= SV_KPF_ANON | SV_KPF_THP; /* for the lock */
	assert_true(sv_frame_wants_head(&f));
	f.known |= SV_FRAME_HEAD;
	assert_false(sv_frame_wants_head(&f));
	f.known = SV_FRAME_FLAGS;
	f.flags = SV_KPF_COMPOUND_TAIL | SV_KPF_SLAB;
	assert_false(sv_frame_wants_head(&f));
	f.flags = SV_KPF_COMPOUND_TAIL | SV_KPF_HUGE;
	assert_false(sv_frame_wants_head(&f));
	f.flags = SV_KPF_COMPOUND_HEAD;
	assert_false(sv_frame_wants_head(&f));
	f.flags = 0;
	assert_false(sv_frame_wants_head(&f));
}

static void slab_is_slab_whatever_else_is_set(void **state)
{
	const uint64_t before = SV_KPF_NOPAGE | SV_KPF_HWPOISON | SV_KPF_OFFLINE | SV_KPF_BUDDY;
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct sv_frame f = { .flags = (next_random(&seed) | SV_KPF_SLAB) & ~before,
			.head_flags = next_random(&seed),
			.cgroup = next_random(&seed),
			.known = SV_FRAME_FLAGS | (unsigned int)(next_random(&seed) & 0xe) };

		assert_int_equal(sv_class_of(&f), SV_CLASS_SLAB);
		f.flags |= next_random(&seed) & before;
		assert_true(sv_class_of(&f) <= SV_CLASS_SLAB);
	}
}

static void every_class_has_a_name(void **state)
{
	(void)state;
	for (int c = 0; c < SV_CLASS_COUNT; c++) {
		const struct sv_class_info *info = sv_class_info((enum sv_class)c);

		assert_non_null(info->name);
		assert_non_null(info->help);
		for (int d = 0; d < c; d++)
			assert_string_not_equal(info->name, sv_class_info((enum sv_class)d)->name);
		assert_false(info->user && info->source != SV_SOURCE_NO);
	}
}

/* Sources are what an overrun can start from: what is not certain is in the upper bound only. */
static void sources(void **state)
{
	(void)state;
	assert_int_equal(sv_class_info(SV_CLASS_SLAB)->source, SV_SOURCE_STRONG);
	assert_int_equal(sv_class_info(SV_CLASS_KERNEL_COMPOUND)->source, SV_SOURCE_STRONG);
	assert_int_equal(sv_class_info(SV_CLASS_KERNEL_CHARGED)->source, SV_SOURCE_UNCLASSIFIED);
	assert_int_equal(sv_class_info(SV_CLASS_RESERVED)->source, SV_SOURCE_UNCLASSIFIED);
	assert_int_equal(sv_class_info(SV_CLASS_UNCLASSIFIED)->source, SV_SOURCE_UNCLASSIFIED);
	assert_int_equal(sv_class_info(SV_CLASS_UNKNOWN)->source, SV_SOURCE_UNKNOWN);
	assert_int_equal(sv_class_info(SV_CLASS_FREE)->source, SV_SOURCE_NO);
	assert_int_equal(sv_class_info(SV_CLASS_ANON)->source, SV_SOURCE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_in_conflict),
		cmocka_unit_test(seen_on_kernels),
		cmocka_unit_test(unread_is_unknown),
		cmocka_unit_test(charged_only_when_known),
		cmocka_unit_test(tails_take_their_heads_flags),
		cmocka_unit_test(head_flags_count_only_when_known),
		cmocka_unit_test(a_tail_whose_head_was_not_found),
		cmocka_unit_test(mlocked),
		cmocka_unit_test(which_tails_want_a_head),
		cmocka_unit_test(slab_is_slab_whatever_else_is_set),
		cmocka_unit_test(every_class_has_a_name),
		cmocka_unit_test(sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
