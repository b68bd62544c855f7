// SPDX-License-Identifier: LGPL-2.1-or-later
/* Exposure of a machine, piece by piece, against the same counted frame by frame and naively. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "iface/kpage.h"
#include "measure/exposure.h"

enum { FRAMES = 3 * 4096 + 77, PIECE = 4096 };

static const uint64_t sorts[] = { SV_KPF_BUDDY, SV_KPF_BUDDY, SV_KPF_SLAB,
	SV_KPF_SLAB | SV_KPF_COMPOUND_HEAD, SV_KPF_ANON | SV_KPF_MMAP | SV_KPF_LRU,
	SV_KPF_LRU | SV_KPF_UPTODATE, SV_KPF_LRU | SV_KPF_MMAP, SV_KPF_PGTABLE, SV_KPF_NOPAGE,
	SV_KPF_RESERVED, 0, SV_KPF_COMPOUND_HEAD, SV_KPF_HWPOISON };

/* Stretches of equal frames, so that blocks of all orders are pure now and then. */
static uint64_t *machine(uint64_t seed)
{
	uint64_t *words = calloc(FRAMES + 1, sizeof(*words));
	size_t at = 0;

	assert_non_null(words);
	while (at < FRAMES) {
		uint64_t r = next_random(&seed);
		size_t n = (size_t)1 << (r >> 60);

		for (; n && at < FRAMES; n--)
			words[at++] = sorts[r % sv_array_size(sorts)];
	}
	words[FRAMES] = SV_KPF_NOPAGE;
	return words;
}

static const struct sv_zone_span spans[] = { { 0, "DMA", 1, 1000 }, { 0, "Normal", 1000, 9000 },
	{ 1, "Normal", 9000, FRAMES - 5 } };

struct looked {
	struct sv_exposure x;
	uint16_t distance[FRAMES];
	bool mixed[FRAMES];
	uint8_t class[FRAMES];
};

static void look(const uint64_t *words, unsigned int block_order, struct looked *ret)
{
	struct sv_zone_spans zones = { .ptr = (struct sv_zone_span *)(uintptr_t)spans,
		.len = sv_array_size(spans) };
	static uint64_t buffer[1 + PIECE + 1], sources[PIECE / 64];
	static uint8_t class[1 + PIECE + 1];
	static uint16_t distance[1 + PIECE + 1];
	struct sv_exposure_piece p = { .words = buffer,
		.class = class,
		.distance = distance,
		.sources = sources,
		.last = UINT64_MAX,
		.reach_back = UINT64_C(1) << block_order };

	memset(ret, 0, sizeof(*ret));
	ret->x.blocks_known = true;
	ret->x.block_order = block_order;
	assert_int_equal(sv_exposure_init(&ret->x, &zones), 0);
	for (p.first = 0; p.first < FRAMES; p.first += PIECE) {
		p.context = p.first != 0;
		p.n = FRAMES - p.first < PIECE ? (size_t)(FRAMES - p.first) : PIECE;
		memcpy(buffer, words + p.first - p.context,
			(p.context + p.n + 1) * sizeof(*buffer));
		sv_exposure_classify(&p);
		sv_exposure_count(&ret->x, &p);
		for (size_t i = 0; i < p.n; i++) {
			ret->distance[p.first + i] = distance[p.context + i];
			ret->mixed[p.first + i] = sv_exposure_mixed(&ret->x, &p, p.first + i);
			ret->class[p.first + i] = class[p.context + i];
		}
	}
}

static enum sv_class naive_class(const uint64_t *words, size_t i)
{
	struct sv_frame f = { .flags = words[i], .known = SV_FRAME_FLAGS };

	return sv_class_of(&f);
}

static bool naive_strong(const uint64_t *words, size_t i)
{
	return sv_class_info(naive_class(words, i))->source == SV_SOURCE_STRONG;
}

static bool naive_user(const uint64_t *words, size_t i)
{
	return sv_class_info(naive_class(words, i))->user && (words[i] & SV_KPF_MMAP);
}

static unsigned int naive_distance(const uint64_t *words, size_t i, uint64_t most)
{
	for (size_t d = 1; d <= most && d <= i; d++) {
		enum sv_class c = naive_class(words, i - d);

		if (naive_strong(words, i - d))
			return (unsigned int)d;
		if (c == SV_CLASS_NOPAGE || c == SV_CLASS_HWPOISON)
			return 0;
	}
	return 0;
}

static bool naive_mixed(const uint64_t *words, size_t i, unsigned int order)
{
	size_t first = i >> order << order;

	for (size_t k = first; k < first + ((size_t)1 << order) && k < FRAMES; k++)
		if (naive_strong(words, k))
			return true;
	return false;
}

static void each_frame(void **state)
{
	struct looked *l = malloc(sizeof(*l));

	(void)state;
	assert_non_null(l);
	for (uint64_t seed = 1; seed <= 4; seed++) {
		unsigned int order = (unsigned int)(seed * 3 - 1); /* 2, 5, 8, 11 */
		uint64_t *words = machine(seed);

		look(words, order, l);
		for (size_t i = 0; i < FRAMES; i++) {
			assert_int_equal(l->class[i] & SV_PIECE_CLASS, naive_class(words, i));
			assert_int_equal(!!(l->class[i] & SV_PIECE_MAPPED), naive_user(words, i));
			assert_int_equal(
				l->distance[i], naive_distance(words, i, UINT64_C(1) << order));
			assert_int_equal(l->mixed[i], naive_mixed(words, i, order));
		}
		sv_exposure_fini(&l->x);
		free(words);
	}
	free(l);
}

/* Of one zone: blocks of an order, cut at its ends. */
static struct sv_mixing naive_mixing(
	const uint64_t *words, const struct sv_zone_span *z, unsigned int order)
{
	struct sv_mixing m = { 0 };

	for (size_t b = z->start_pfn >> order << order; b < z->end_pfn; b += (size_t)1 << order) {
		uint64_t there = 0, user = 0, source = 0;

		for (size_t i = b; i < b + ((size_t)1 << order); i++) {
			if (i < z->start_pfn || i >= z->end_pfn)
				continue;
			there += naive_class(words, i) != SV_CLASS_NOPAGE;
			user += naive_user(words, i);
			source += naive_strong(words, i);
		}
		m.blocks += there != 0;
		m.user += user != 0;
		m.source += source != 0;
		m.mixed += user && source;
		m.user_frames += user && source ? user : 0;
	}
	return m;
}

static void naive_zone(
	const uint64_t *words, const struct sv_zone_span *z, struct sv_zone_exposure *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = z->start_pfn; i < z->end_pfn; i++) {
		enum sv_source below = sv_class_info(naive_class(words, i - 1))->source,
			       above = sv_class_info(naive_class(words, i + 1))->source;
		struct sv_edge_counts *e = naive_user(words, i) ? &ret->user_edges
					   : naive_class(words, i) == SV_CLASS_PGTABLE
						   ? &ret->table_edges
						   : NULL;

		ret->class[naive_class(words, i)]++;
		ret->frames += naive_class(words, i) != SV_CLASS_NOPAGE;
		ret->user += naive_user(words, i);
		if (!e)
			continue;
		e->over_strong += below == SV_SOURCE_STRONG;
		e->over_unclassified += below == SV_SOURCE_UNCLASSIFIED;
		e->under_strong += above == SV_SOURCE_STRONG;
		e->under_unclassified += above == SV_SOURCE_UNCLASSIFIED;
	}
}

static void each_zone(void **state)
{
	struct looked *l = malloc(sizeof(*l));
	struct sv_zone_exposure want;

	(void)state;
	assert_non_null(l);
	for (uint64_t seed = 10; seed < 13; seed++) {
		uint64_t *words = machine(seed), outside = 0;

		look(words, 9, l);
		for (size_t z = 0; z < sv_array_size(spans); z++) {
			const struct sv_zone_exposure *got = &l->x.zones.ptr[z];

			naive_zone(words, &spans[z], &want);
			assert_memory_equal(got->class, want.class, sizeof(want.class));
			assert_int_equal(got->frames, want.frames);
			assert_int_equal(got->user, want.user);
			assert_memory_equal(
				&got->user_edges, &want.user_edges, sizeof(want.user_edges));
			assert_memory_equal(
				&got->table_edges, &want.table_edges, sizeof(want.table_edges));
			for (unsigned int o = 0; o <= 12; o++) {
				struct sv_mixing m = naive_mixing(words, &spans[z], o);

				assert_memory_equal(&got->mixing[o], &m, sizeof(m));
			}
		}
		for (size_t i = FRAMES - 5; i < FRAMES; i++)
			outside += naive_class(words, i) != SV_CLASS_NOPAGE;
		outside += naive_class(words, 0) != SV_CLASS_NOPAGE;
		assert_int_equal(l->x.outside, outside);
		sv_exposure_fini(&l->x);
		free(words);
	}
	free(l);
}

/* Up to 6.8 a tail of a large page shows no flags of its own. */
static void tails_are_what_their_heads_are(void **state)
{
	const uint64_t words[] = { SV_KPF_COMPOUND_HEAD | SV_KPF_ANON | SV_KPF_MMAP | SV_KPF_LRU,
		SV_KPF_COMPOUND_TAIL | SV_KPF_MMAP, SV_KPF_COMPOUND_HEAD, SV_KPF_COMPOUND_TAIL,
		SV_KPF_BUDDY };
	static const enum sv_class want[] = { SV_CLASS_ANON, SV_CLASS_ANON,
		SV_CLASS_KERNEL_COMPOUND, SV_CLASS_KERNEL_COMPOUND };
	uint8_t class[5];
	uint16_t distance[5];
	struct sv_exposure_piece p = { .n = 4,
		.words = words,
		.class = class,
		.distance = distance,
		.last = UINT64_MAX,
		.reach_back = 512 };

	(void)state;
	sv_exposure_classify(&p);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(class[i] & SV_PIECE_CLASS, want[i]);
	assert_true(p.head == words[2]);
	assert_int_equal(p.last, 3);
}

/* Nodes whose spans lie within each other: the one that begins last has the frame. */
static void zones_within_zones(void **state)
{
	const struct sv_zone_span list[] = { { 0, "Normal", 100, 900 }, { 1, "Normal", 300, 500 } };
	struct sv_zone_spans zones = { .ptr = (struct sv_zone_span *)(uintptr_t)list, .len = 2 };
	struct sv_exposure x = { 0 };

	(void)state;
	assert_int_equal(sv_exposure_init(&x, &zones), 0);
	assert_null(sv_exposure_zone(&x, 99));
	assert_int_equal(sv_exposure_zone(&x, 100)->span.node, 0);
	assert_int_equal(sv_exposure_zone(&x, 300)->span.node, 1);
	assert_int_equal(sv_exposure_zone(&x, 499)->span.node, 1);
	assert_int_equal(sv_exposure_zone(&x, 500)->span.node, 0);
	assert_null(sv_exposure_zone(&x, 900));
	sv_exposure_fini(&x);
}

/* ---- shares and their error ------------------------------------------------------------------ */

static void the_whole_has_no_error(void **state)
{
	const struct sv_sample whole = { 0 };
	struct sv_share s = sv_share_of(1, 4, &whole, 0, 0, 0, 0);

	(void)state;
	assert_true(s.known && s.value == 0.25 && s.low == 0.25 && s.high == 0.25);
	assert_false(sv_share_of(0, 0, &whole, 0, 0, 0, 0).known);
}

/* No edge in a sample is no proof that there is none. */
static void none_seen_is_not_none(void **state)
{
	const struct sv_sample s = { .percent = 10, .units = 10, .units_all = 100 };
	struct sv_share none = sv_share_of(0, 1000, &s, 10, 100000, 0, 0);
	struct sv_share all = sv_share_of(1000, 1000, &s, 10, 100000, 100000, 100000);

	(void)state;
	assert_true(none.low == 0 && none.value == 0 && none.high > 0.2 && none.high < 0.4);
	assert_true(all.high > 0.999 && all.low < 0.8);
}

/* The stated interval holds the truth about as often as it says, though frames come in clumps. */
static void intervals_hold(void **state)
{
	enum { UNITS = 400, TRIES = 400 };
	static unsigned int n[UNITS], x[UNITS];
	uint64_t seed = 7, all_n = 0, all_x = 0;
	int held = 0;

	(void)state;
	for (size_t i = 0; i < UNITS; i++) { /* few units, with many edges each */
		n[i] = 100 + (unsigned int)(next_random(&seed) >> 56);
		x[i] = next_random(&seed) >> 60 ? 0 : n[i] / 2;
		all_n += n[i];
		all_x += x[i];
	}
	for (int t = 0; t < TRIES; t++) {
		struct sv_sample s = { .percent = 25, .units_all = UNITS };
		double nn = 0, nx = 0, xx = 0, truth = (double)all_x / (double)all_n;
		uint64_t sum_n = 0, sum_x = 0;
		struct sv_share share;

		for (size_t i = 0; i < UNITS; i++) {
			if (next_random(&seed) >> 62)
				continue;
			s.units++;
			sum_n += n[i];
			sum_x += x[i];
			nn += (double)n[i] * n[i];
			nx += (double)n[i] * x[i];
			xx += (double)x[i] * x[i];
		}
		share = sv_share_of(sum_x, sum_n, &s, s.units, nn, nx, xx);
		assert_true(share.low <= share.value && share.value <= share.high);
		held += share.low <= truth && truth <= share.high;
	}
	assert_true(held >= TRIES * 90 / 100);
	assert_true(held < TRIES); /* and it is not so wide that it says nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_frame),
		cmocka_unit_test(each_zone),
		cmocka_unit_test(tails_are_what_their_heads_are),
		cmocka_unit_test(zones_within_zones),
		cmocka_unit_test(the_whole_has_no_error),
		cmocka_unit_test(none_seen_is_not_none),
		cmocka_unit_test(intervals_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
