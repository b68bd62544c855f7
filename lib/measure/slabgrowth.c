// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabgrowth.h"

#include <stdlib.h>
#include <string.h>

enum { NO_ROW = -1 };

void sv_slab_growths_fini(struct sv_slab_growths *g)
{
	sv_vec_fini(g);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The address of a cache tells it, where it is known; else its directory. */
static bool same(const struct sv_slab_cache *a, const struct sv_slab_cache *b)
{
	if (a->seen && b->seen)
		return a->seen->address == b->seen->address;
	return a->id.ptr && b->id.ptr && sv_span_eq(a->id, b->id);
}

static int add_rows(const safevma_observation *obs, struct sv_slab_growths *g)
{
	const struct sv_slabs *a = &obs->slabs, *b = &obs->slab_growth.end;

	for (size_t i = 0; i < a->caches.len; i++) {
		struct sv_slab_grown *row = sv_vec_push(g);

		if (!row)
			return -1;
		row->before = &a->caches.ptr[i];
	}
	for (size_t i = 0; i < b->caches.len; i++) {
		const struct sv_slab_cache *c = &b->caches.ptr[i];
		struct sv_slab_grown *row = NULL;

		for (size_t k = 0; k < a->caches.len && !row; k++)
			if (!g->ptr[k].after && same(&a->caches.ptr[k], c))
				row = &g->ptr[k];
		if (!row)
			row = sv_vec_push(g);
		if (!row)
			return -1;
		row->after = c;
	}
	return 0;
}

/* By index of the caches of a view: their row. */
static int *rows_of(const struct sv_slab_view *v, const struct sv_slab_growths *g, bool after)
{
	int *rows = calloc(v->caches.len + 1, sizeof(*rows));

	if (!rows)
		return NULL;
	for (size_t i = 0; i < v->caches.len; i++)
		rows[i] = NO_ROW;
	for (size_t i = 0; i < g->len; i++) {
		const struct sv_slab_cache *c = after ? g->ptr[i].after : g->ptr[i].before;

		if (c && c->seen)
			rows[c->seen - v->caches.ptr] = (int)i;
	}
	return rows;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

struct side {
	const struct sv_slab_view *view;
	int *rows;
	size_t at, end; /* entries of one block */
};

/* Entries of the block, which is not below that of the first one left. */
static void take_block(struct side *s, uint64_t block)
{
	s->at = s->end;
	while (s->end < s->view->blocks.len && s->view->blocks.ptr[s->end].block == block)
		s->end++;
}

static uint64_t next_block(const struct side *s)
{
	return s->end < s->view->blocks.len ? s->view->blocks.ptr[s->end].block : UINT64_MAX;
}

static uint64_t frames_of(const struct side *s, int row)
{
	for (size_t i = s->at; i < s->end; i++)
		if (s->rows[s->view->blocks.ptr[i].cache] == row)
			return s->view->blocks.ptr[i].frames;
	return 0;
}

static void count_new(struct sv_slab_growths *g, const struct side *was, const struct side *is)
{
	for (size_t i = is->at; i < is->end; i++) {
		const struct sv_slab_block *b = &is->view->blocks.ptr[i];
		int row = is->rows[b->cache];
		uint64_t before = row == NO_ROW ? 0 : frames_of(was, row);
		uint64_t more = b->frames > before ? b->frames - before : 0;
		struct sv_slab_grown *r;

		if (row == NO_ROW)
			continue;
		r = &g->ptr[row];
		r->new_frames += more;
		r->new_shared_frames += b->shared ? more : 0;
		r->entered += !before;
		r->entered_shared += !before && b->shared;
		if (!sv_slab_movable(was->view, b->block))
			continue;
		r->new_movable_frames += more;
		r->entered_movable += !before;
	}
}

static void count_left(struct sv_slab_growths *g, const struct side *was, const struct side *is)
{
	for (size_t i = was->at; i < was->end; i++) {
		const struct sv_slab_block *b = &was->view->blocks.ptr[i];
		int row = was->rows[b->cache];
		uint64_t after = row == NO_ROW ? 0 : frames_of(is, row);

		if (row == NO_ROW)
			continue;
		g->ptr[row].left_frames += b->frames > after ? b->frames - after : 0;
		g->ptr[row].abandoned += !after;
	}
}

static int compare_blocks(const safevma_observation *obs, struct sv_slab_growths *g)
{
	struct side was = { .view = &obs->slabs.view }, is = { .view = &obs->slab_growth.end.view };
	uint64_t block;
	int rc = -1;

	was.rows = rows_of(was.view, g, false);
	is.rows = rows_of(is.view, g, true);
	if (was.rows && is.rows) {
		rc = 0;
		while ((block = next_block(&was) < next_block(&is)
					? next_block(&was)
					: next_block(&is)) != UINT64_MAX) {
			take_block(&was, block);
			take_block(&is, block);
			count_new(g, &was, &is);
			count_left(g, &was, &is);
		}
	}
	free(was.rows);
	free(is.rows);
	return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct sv_num sv_slab_grown_slabs(const struct sv_slab_cache *c)
{
	return c ? c->slabs : sv_known(0);
}

struct sv_num sv_slab_grown_frames(const struct sv_slab_growths *g, const struct sv_slab_cache *c)
{
	if (!g->placed)
		return c ? sv_slab_frames(c) : sv_known(0);
	return sv_known(c && c->seen ? c->seen->place.frames : 0);
}

static bool differ(struct sv_num a, struct sv_num b)
{
	return a.known != b.known || a.value != b.value;
}

static bool changed(const struct sv_slab_growths *g, const struct sv_slab_grown *r)
{
	return r->new_frames || r->left_frames ||
	       differ(sv_slab_grown_slabs(r->before), sv_slab_grown_slabs(r->after)) ||
	       differ(sv_slab_grown_frames(g, r->before), sv_slab_grown_frames(g, r->after));
}

static int64_t gained(const struct sv_slab_grown *r)
{
	return (int64_t)(r->after ? sv_slab_frames(r->after).value : 0) -
	       (int64_t)(r->before ? sv_slab_frames(r->before).value : 0);
}

static int by_spread(const void *a, const void *b)
{
	const struct sv_slab_grown *x = a, *y = b;
	struct sv_span m = (x->after ? x->after : x->before)->name;
	struct sv_span n = (y->after ? y->after : y->before)->name;
	size_t len = m.len < n.len ? m.len : n.len;
	int c;

	if (x->new_movable_frames != y->new_movable_frames)
		return x->new_movable_frames < y->new_movable_frames ? 1 : -1;
	if (x->new_frames != y->new_frames)
		return x->new_frames < y->new_frames ? 1 : -1;
	if (gained(x) != gained(y))
		return gained(x) < gained(y) ? 1 : -1;
	c = len ? memcmp(m.ptr, n.ptr, len) : 0;
	return c ? c : (m.len > n.len) - (m.len < n.len);
}

int sv_measure_slab_growth(const safevma_observation *obs, struct sv_slab_growths *ret)
{
	const struct sv_slab_view *a = &obs->slabs.view, *b = &obs->slab_growth.end.view;
	size_t out = 0;

	*ret = (struct sv_slab_growths) { .made = obs->slab_growth.made };
	if (!ret->made)
		return 0;
	ret->placed = a->made && a->told && b->made && b->told && a->blocks_known;
	ret->movable = ret->placed && a->kinds.known;
	if (add_rows(obs, ret) || (ret->placed && compare_blocks(obs, ret)))
		return -1;
	for (size_t i = 0; i < ret->len; i++)
		if (changed(ret, &ret->ptr[i]))
			ret->ptr[out++] = ret->ptr[i];
	ret->len = out;
	if (out)
		qsort(ret->ptr, out, sizeof(*ret->ptr), by_spread);
	return 0;
}
