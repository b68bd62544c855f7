// SPDX-License-Identifier: LGPL-2.1-or-later
#include "phys.h"

#include <string.h>

#include "base/sort.h"
#include "iface/pagemap.h"

void sv_composition_add(struct sv_composition *sum, const struct sv_zone_exposure *z)
{
	for (int i = 0; i < SV_CLASS_COUNT; i++)
		sum->class[i] += i == SV_CLASS_NOPAGE ? 0 : z->class[i];
	sum->frames += z->frames;
	sum->user += z->user;
}

void sv_measure_composition(const struct sv_raster *r, struct sv_composition *ret)
{
	*ret = (struct sv_composition) { 0 };
	for (size_t i = 0; i < r->cells.len; i++) {
		const struct sv_raster_cell *c = &r->cells.ptr[i];

		for (int k = 0; k < SV_CLASS_COUNT; k++)
			ret->class[k] += c->class[k];
		ret->frames += sv_raster_memory(c);
		ret->user += c->mapped;
	}
}

/* ---- frames of processes --------------------------------------------------------------------- */

bool sv_pfns_known(const safevma_observation *obs, const struct sv_process *p)
{
	return sv_process_was_read(p) && obs->features.pfn_visible == 1;
}

bool sv_selected_known(const safevma_observation *obs)
{
	bool some = false;

	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (!p->selected)
			continue;
		if (!sv_pfns_known(obs, p))
			return false;
		some = true;
	}
	return some && (obs->needs & SAFEVMA_NEED_PAGES);
}

void sv_pfns_fini(struct sv_pfns *x)
{
	free(x->ptr);
	*x = (struct sv_pfns) { 0 };
}

static size_t collect(const struct sv_raster *r, const struct sv_process *p, uint64_t *to)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;
	size_t n = 0;

	while (sv_page_next(&w, &pg)) {
		uint64_t pfn = sv_pagemap_pfn(pg.entry);

		if (sv_pagemap_has_pfn(pg.entry) && pfn >= r->first && pfn < r->end)
			to[n++] = pfn;
	}
	return n;
}

static size_t each_once(uint64_t *v, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		if (!out || v[out - 1] != v[i])
			v[out++] = v[i];
	return out;
}

int sv_process_pfns(const safevma_observation *obs, const struct sv_process *p, struct sv_pfns *ret)
{
	size_t n = p->pages.len;
	sv_auto_free uint64_t *v = malloc((2 * n + 1) * sizeof(*v));

	if (!v)
		return -1;
	n = collect(&obs->raster, p, v);
	sv_sort_u64(v, n, 0, v + n);
	ret->len = each_once(v, n);
	ret->ptr = reallocarray(v, ret->len + 1, sizeof(*v));
	if (ret->ptr)
		v = NULL;
	return ret->ptr ? 0 : -1;
}

static size_t from(const struct sv_pfns *x, uint64_t pfn)
{
	return sv_lower_bound(x->ptr, x->len, pfn);
}

/* Spans of zones can lie within each other: the zone of a frame is asked for. */
void sv_measure_placement(const safevma_observation *obs, const struct sv_pfns *x,
	const struct sv_zone_exposure *zone, struct sv_placement *ret)
{
	unsigned int cell = obs->raster.order, block = obs->exposure.block_order;
	uint64_t before = UINT64_MAX, end = zone ? zone->span.end_pfn : UINT64_MAX;

	*ret = (struct sv_placement) { 0 };
	for (size_t i = zone ? from(x, zone->span.start_pfn) : 0; i < x->len; i++) {
		uint64_t pfn = x->ptr[i];
		bool new = before == UINT64_MAX;

		if (pfn >= end)
			break;
		if (zone && sv_exposure_zone(&obs->exposure, pfn) != zone)
			continue;
		ret->frames++;
		ret->stretches += new || pfn != before + 1;
		ret->blocks += new || pfn >> block != before >> block;
		ret->cells += new || pfn >> cell != before >> cell;
		before = pfn;
	}
}

/* ---- cells with frames of the selection ------------------------------------------------------ */

/* Cells without memory are not kept: a frame there was given back since its page was looked at. */
static void mark(
	const struct sv_raster *r, const struct sv_pfns *x, size_t *at, size_t cell, uint64_t *bits)
{
	uint64_t first = r->cells.ptr[cell].index << r->order, size = UINT64_C(1) << r->order;

	while (*at < x->len && x->ptr[*at] < first)
		(*at)++;
	for (; *at < x->len && x->ptr[*at] - first < size; (*at)++) {
		uint64_t bit = x->ptr[*at] - first;

		bits[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static uint64_t count(uint64_t *bits, size_t words)
{
	uint64_t n = 0;

	for (size_t i = 0; i < words; i++)
		n += (uint64_t)__builtin_popcountll(bits[i]);
	if (n)
		memset(bits, 0, words * sizeof(*bits));
	return n;
}

static int lists(const safevma_observation *obs, struct sv_pfns *lists)
{
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (p->selected && sv_pfns_known(obs, p) && sv_process_pfns(obs, p, &lists[i]))
			return -1;
	}
	return 0;
}

int sv_measure_selected(const safevma_observation *obs, uint64_t *ret)
{
	const struct sv_raster *r = &obs->raster;
	size_t n = obs->processes.len, words = (((size_t)1 << r->order) + 63) / 64;
	struct sv_pfns *x = calloc(n + 1, sizeof(*x));
	uint64_t *bits = calloc(words, sizeof(*bits));
	size_t *at = calloc(n + 1, sizeof(*at));
	int rc = x && bits && at ? lists(obs, x) : -1;

	for (size_t cell = 0; cell < r->cells.len && !rc; cell++) {
		for (size_t i = 0; i < n; i++)
			mark(r, &x[i], &at[i], cell, bits);
		ret[cell] = count(bits, words);
	}
	for (size_t i = 0; x && i < n; i++)
		sv_pfns_fini(&x[i]);
	free(x);
	free(bits);
	free(at);
	return rc;
}
