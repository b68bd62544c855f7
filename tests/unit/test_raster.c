// SPDX-License-Identifier: LGPL-2.1-or-later
/* Cells of the raster against the same counted frame by frame, whatever their size became. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "iface/kpage.h"
#include "model/raster.h"

enum { FRAMES = 5 * 1024 + 77, PIECE = 1024 };

static const uint64_t sorts[] = { SV_KPF_BUDDY, SV_KPF_SLAB, SV_KPF_NOPAGE, SV_KPF_NOPAGE,
	SV_KPF_ANON | SV_KPF_MMAP | SV_KPF_LRU, SV_KPF_LRU | SV_KPF_UPTODATE, SV_KPF_PGTABLE,
	SV_KPF_RESERVED, 0, SV_KPF_COMPOUND_HEAD, SV_KPF_HWPOISON };

static uint64_t words[FRAMES + 1];
static uint8_t classes[FRAMES + 1];
static uint16_t distances[FRAMES + 1];

static void machine(uint64_t seed)
{
	size_t at = 0;

	while (at < FRAMES) {
		uint64_t r = next_random(&seed);
		size_t n = (size_t)1 << (r >> 60 & 0xa);

		for (; n && at < FRAMES; n--)
			words[at++] = sorts[r % sv_array_size(sorts)];
	}
	words[FRAMES] = SV_KPF_NOPAGE;
}

/* Pieces as the pass has them, of a machine whose first frame is number first. */
static void look(struct sv_raster *r, uint64_t first)
{
	static uint64_t buffer[1 + PIECE + 1];
	uint64_t sources[PIECE / 64];
	struct sv_exposure_piece p = { .words = buffer,
		.class = classes,
		.distance = distances,
		.sources = sources,
		.last = UINT64_MAX };

	for (size_t at = 0; at < FRAMES; at += PIECE) {
		p.first = first + at;
		p.context = at != 0;
		p.n = FRAMES - at < PIECE ? FRAMES - at : PIECE;
		memcpy(buffer, words + at - p.context, (p.context + p.n + 1) * sizeof(*buffer));
		sv_exposure_classify(&p);
		assert_int_equal(sv_raster_add(r, &p), 0);
	}
}

static enum sv_class naive_class(size_t i)
{
	struct sv_frame f = { .flags = words[i], .known = SV_FRAME_FLAGS };

	return sv_class_of(&f);
}

/* Frames of the cell by class; how many are memory. */
static uint64_t naive_cell(const struct sv_raster *r, uint64_t index, uint64_t first,
	uint64_t count[SV_CLASS_COUNT], uint64_t *mapped)
{
	uint64_t memory = 0;

	memset(count, 0, SV_CLASS_COUNT * sizeof(*count));
	*mapped = 0;
	for (size_t i = 0; i < FRAMES; i++) {
		enum sv_class class = naive_class(i);

		if ((first + i) >> r->order != index || class == SV_CLASS_NOPAGE)
			continue;
		count[class]++;
		memory++;
		*mapped += sv_class_info(class)->user && (words[i] & SV_KPF_MMAP);
	}
	return memory;
}

static void compare(const struct sv_raster *r, uint64_t first)
{
	uint64_t last = (first + FRAMES - 1) >> r->order, count[SV_CLASS_COUNT], mapped;
	size_t at = 0;

	for (uint64_t index = first >> r->order; index <= last; index++) {
		const struct sv_raster_cell *c = &r->cells.ptr[at];
		uint64_t memory = naive_cell(r, index, first, count, &mapped), begin, end;

		if (!memory)
			continue;
		assert_true(at++ < r->cells.len);
		assert_int_equal(c->index, index);
		assert_memory_equal(c->class, count, sizeof(count));
		assert_int_equal(c->mapped, mapped);
		assert_int_equal(sv_raster_memory(c), memory);
		assert_int_equal(sv_raster_mixed(c),
			mapped && (count[SV_CLASS_SLAB] || count[SV_CLASS_KERNEL_COMPOUND]));
		for (int i = 0; i < SV_CLASS_COUNT; i++)
			assert_true(count[sv_raster_class(c)] >= count[i]);
		begin = index << r->order < first ? first : index << r->order;
		end = (index + 1) << r->order;
		end = end < first + FRAMES ? end : first + FRAMES;
		assert_int_equal(sv_raster_first(r, c), begin);
		assert_int_equal(sv_raster_frames(r, c), end - begin);
	}
	assert_int_equal(at, r->cells.len);
}

static void cells(void **state)
{
	static const struct {
		uint64_t first;
		unsigned int order;
		size_t most;
	} cases[] = { { 0, 0, 16 }, { 0, 0, 65536 }, { 0, 4, 65536 }, { 1000, 0, 100 },
		{ 77777, 3, 2 }, { (UINT64_C(1) << 50) + 5, 0, 64 } };

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		for (size_t i = 0; i < sv_array_size(cases); i++) {
			struct sv_raster r = { 0 };

			machine(seed * 7919);
			sv_raster_init(&r, cases[i].first, cases[i].order, cases[i].most);
			look(&r, cases[i].first);
			assert_true(r.cells.len <= cases[i].most);
			assert_true(r.order >= cases[i].order);
			assert_int_equal(r.looked, FRAMES);
			assert_int_equal(r.end, cases[i].first + FRAMES);
			compare(&r, cases[i].first);
			sv_raster_fini(&r);
		}
}

/* Cells are no larger than they have to be. */
static void smallest_cells(void **state)
{
	struct sv_raster r = { 0 };

	(void)state;
	for (size_t i = 0; i < FRAMES; i++)
		words[i] = SV_KPF_BUDDY;
	sv_raster_init(&r, 0, 0, FRAMES);
	look(&r, 0);
	assert_int_equal(r.order, 0);
	sv_raster_init(&r, 0, 0, FRAMES - 1);
	look(&r, 0);
	assert_int_equal(r.order, 1);
	assert_int_equal(r.cells.len, (FRAMES + 1) / 2);
	sv_raster_fini(&r);
}

/* Memory far apart, as on machines with a window between: the hole takes no cells. */
static void holes(void **state)
{
	struct sv_raster r = { 0 };

	(void)state;
	for (size_t i = 0; i < FRAMES; i++)
		words[i] = i < 10 || i >= FRAMES - 10 ? SV_KPF_SLAB : SV_KPF_NOPAGE;
	sv_raster_init(&r, 0, 0, 20);
	look(&r, 0);
	assert_int_equal(r.order, 0);
	assert_int_equal(r.cells.len, 20);
	compare(&r, 0);
	sv_raster_fini(&r);
}

static void flags(void **state)
{
	struct sv_raster r = { 0 };

	(void)state;
	machine(4711);
	words[5] = UINT64_MAX;
	sv_raster_init(&r, 0, 0, 64);
	look(&r, 0);
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t n = 0;

		for (size_t i = 0; i < FRAMES; i++)
			n += words[i] >> bit & 1;
		assert_int_equal(r.flags[bit], n);
	}
	sv_raster_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells),
		cmocka_unit_test(smallest_cells),
		cmocka_unit_test(holes),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
