// SPDX-License-Identifier: LGPL-2.1-or-later
#include "raster.h"

#include <string.h>

void sv_raster_init(struct sv_raster *r, uint64_t first, unsigned int order, size_t most)
{
	sv_raster_fini(r);
	memset(r, 0, sizeof(*r));
	r->first = r->end = first;
	r->order = order;
	r->most = most > 1 ? most : SV_RASTER_CELLS;
}

void sv_raster_fini(struct sv_raster *r)
{
	sv_vec_fini(&r->cells);
}

static void merge(struct sv_raster_cell *into, const struct sv_raster_cell *c)
{
	for (int i = 0; i < SV_CLASS_COUNT; i++)
		into->class[i] += c->class[i];
	into->mapped += c->mapped;
}

/* Cells of twice the size: two that are neighbours become one, so that some room is made or none.
 */
static void coarser(struct sv_raster *r)
{
	size_t n = 0;

	r->order++;
	for (size_t i = 0; i < r->cells.len; i++) {
		struct sv_raster_cell *c = &r->cells.ptr[i];

		c->index >>= 1;
		if (n && r->cells.ptr[n - 1].index == c->index)
			merge(&r->cells.ptr[n - 1], c);
		else
			r->cells.ptr[n++] = *c;
	}
	r->cells.len = n;
}

/* The cell of a frame, which is new when it is not that of the frame before. */
static struct sv_raster_cell *cell_of(struct sv_raster *r, uint64_t pfn)
{
	struct sv_raster_cell *c = r->cells.len ? &r->cells.ptr[r->cells.len - 1] : NULL;

	if (c && c->index == pfn >> r->order)
		return c;
	while (r->cells.len >= r->most) {
		coarser(r);
		c = &r->cells.ptr[r->cells.len - 1];
		if (c->index == pfn >> r->order)
			return c;
	}
	c = sv_vec_push(&r->cells);
	if (c)
		c->index = pfn >> r->order;
	return c;
}

/* Frames [at, at + n) of the piece, of one class and all mapped or none. */
static int add_run(struct sv_raster *r, uint64_t pfn, uint64_t n, uint8_t class)
{
	while (n) {
		struct sv_raster_cell *c = cell_of(r, pfn);
		uint64_t room, k;

		if (!c)
			return -1;
		room = (UINT64_C(1) << r->order) - (pfn & ((UINT64_C(1) << r->order) - 1));
		k = n < room ? n : room;
		c->class[class & SV_PIECE_CLASS] += k;
		c->mapped += class & SV_PIECE_MAPPED ? k : 0;
		pfn += k;
		n -= k;
	}
	return 0;
}

static void count_flags(uint64_t *flags, uint64_t word, uint64_t n)
{
	for (; word; word &= word - 1)
		flags[__builtin_ctzll(word)] += n;
}

enum { STRETCH = 64 };

/* How many frames from i on have the same word and class. Most of memory are long stretches. */
static size_t run_length(const uint64_t *words, const uint8_t *class, size_t i, size_t end)
{
	size_t n = 1;

	while (end - i - n >= STRETCH &&
		!memcmp(words + i, words + i + n, STRETCH * sizeof(*words)) &&
		!memcmp(class + i, class + i + n, STRETCH))
		n += n == 1 ? STRETCH - 1 : STRETCH;
	while (i + n < end && words[i + n] == words[i] && class[i + n] == class[i])
		n++;
	return n;
}

int sv_raster_add(struct sv_raster *r, const struct sv_exposure_piece *p)
{
	size_t end = p->context + p->n;

	for (size_t i = p->context, n; i < end; i += n) {
		uint8_t class = p->class[i];

		n = run_length(p->words, p->class, i, end);
		count_flags(r->flags, p->words[i], n);
		if ((class & SV_PIECE_CLASS) != SV_CLASS_NOPAGE &&
			add_run(r, p->first + i - p->context, n, class))
			return -1;
	}
	r->looked += p->n;
	r->end = p->first + p->n;
	return 0;
}

uint64_t sv_raster_first(const struct sv_raster *r, const struct sv_raster_cell *c)
{
	uint64_t first = c->index << r->order;

	return first < r->first ? r->first : first;
}

uint64_t sv_raster_frames(const struct sv_raster *r, const struct sv_raster_cell *c)
{
	uint64_t end = (c->index + 1) << r->order;

	return (end < r->end ? end : r->end) - sv_raster_first(r, c);
}

uint64_t sv_raster_memory(const struct sv_raster_cell *c)
{
	uint64_t n = 0;

	for (int i = 0; i < SV_CLASS_COUNT; i++)
		n += c->class[i];
	return n;
}

enum sv_class sv_raster_class(const struct sv_raster_cell *c)
{
	int most = 0;

	for (int i = 1; i < SV_CLASS_COUNT; i++)
		if (c->class[i] > c -> class[most])
			most = i;
	return (enum sv_class)most;
}

bool sv_raster_mixed(const struct sv_raster_cell *c)
{
	for (int i = 0; c->mapped && i < SV_CLASS_COUNT; i++)
		if (c->class[i] && sv_class_info((enum sv_class)i)->source == SV_SOURCE_STRONG)
			return true;
	return false;
}
