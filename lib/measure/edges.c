// SPDX-License-Identifier: LGPL-2.1-or-later
#include "edges.h"

#include <string.h>

#include "iface/pagemap.h"
#include "exposure.h"

void sv_edge_list_fini(struct sv_edge_list *list)
{
	sv_vec_fini(list);
}

static int rank(const struct sv_edge *e)
{
	return (sv_class_info(e->source_class)->source != SV_SOURCE_STRONG) * 2 + !e->over;
}

static int by_rank(const void *a, const void *b)
{
	const struct sv_edge *x = a, *y = b;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static void attribute(struct sv_edge_list *list, const struct sv_edge *e)
{
	struct sv_edge_counts *n = &list->attributed;

	list->named += e->held != NULL;
	switch (sv_source_by(e->held, e->source_class)) {
	case SV_SOURCE_STRONG:
		*(e->over ? &n->over_strong : &n->under_strong) += 1;
		break;
	case SV_SOURCE_UNCLASSIFIED:
		*(e->over ? &n->over_unclassified : &n->under_unclassified) += 1;
		break;
	case SV_SOURCE_NO:
	case SV_SOURCE_UNKNOWN:
		break;
	}
}

static int add(const safevma_observation *obs, struct sv_edge_list *list, struct sv_edge *e)
{
	struct sv_edge *slot;

	if (!sv_edges_count(&list->sums, e->source_class, e->over, e->effect))
		return 0;
	e->held = sv_holding_of(obs, e->source_pfn, e->source_class);
	attribute(list, e);
	slot = sv_vec_push(list);
	if (!slot)
		return -1;
	*slot = *e;
	return 0;
}

static void add_around(struct sv_edge_list *list, const struct sv_frame *f)
{
	unsigned int d = f->distance;

	if (!(f->known & SV_FRAME_AROUND))
		return;
	list->around++;
	list->mixed += f->mixed;
	for (size_t i = 0; d && i < SV_ORDERS; i++)
		list->distance[i] += d <= 1u << i;
}

/* A frame anywhere in the zone has a source below it as often as there are sources in it. */
static void add_expected(const safevma_observation *obs, struct sv_edge_list *list, uint64_t pfn)
{
	const struct sv_zone_exposure *z = sv_exposure_zone(&obs->exposure, pfn);

	if (!z || !z->frames)
		return;
	list->zoned++;
	list->expected += (double)sv_zone_strong(z) / (double)z->frames;
}

static int add_page(const safevma_observation *obs, const struct sv_process *p, size_t vma,
	const struct sv_page *pg, const struct sv_surroundings *s, struct sv_edge_list *list)
{
	struct sv_edge e = { .vaddr = pg->vaddr, .vma = vma };

	list->coverage.total++;
	if (s->class == SV_CLASS_UNKNOWN) {
		list->coverage.unreadable++;
		return 0;
	}
	if (pg->changed || p->vmas.ptr[vma].changed)
		list->coverage.changed++;
	else if (sv_frame_of_interest(s->class) &&
		 (s->frame.below == SV_CLASS_UNKNOWN || s->frame.above == SV_CLASS_UNKNOWN))
		list->coverage.unreadable++;
	else
		list->coverage.examined++;
	if (!sv_frame_of_interest(s->class))
		return 0;
	list->frames++;
	add_around(list, &s->frame);
	add_expected(obs, list, s->frame.pfn);
	e.pfn = s->frame.pfn;
	e.effect = sv_effect_of(s->reached);
	e.over = true;
	e.source_pfn = e.pfn - 1;
	e.source_class = s->frame.below;
	if (add(obs, list, &e))
		return -1;
	e.over = false;
	e.source_pfn = e.pfn + 1;
	e.source_class = s->frame.above;
	return add(obs, list, &e);
}

/* True the first time that this frame is met. */
static bool first_time(uint8_t *seen, const struct sv_surroundings *s)
{
	uint8_t bit = (uint8_t)(1u << (s->slot % 8));

	if (!s->found)
		return true;
	if (seen[s->slot / 8] & bit)
		return false;
	seen[s->slot / 8] |= bit;
	return true;
}

static int add_vma(const safevma_observation *obs, const struct sv_process *p, size_t vma,
	uint8_t *seen, struct sv_edge_list *list)
{
	const struct sv_vma *v = &p->vmas.ptr[vma];
	struct sv_page_walk w = sv_pages_walk(&p->pages, v->page, v->pages);
	struct sv_surroundings s = { 0 };
	struct sv_page pg;

	if (!v->pages_read) {
		list->coverage.total++;
		list->coverage.unreadable++;
	}
	while (sv_page_next(&w, &pg)) {
		if (!sv_pagemap_present(pg.entry))
			continue;
		sv_page_surroundings(obs, p, v, &pg, &s);
		if (first_time(seen, &s) && add_page(obs, p, vma, &pg, &s, list))
			return -1;
	}
	return 0;
}

int sv_measure_edges(
	const safevma_observation *obs, const struct sv_process *p, struct sv_edge_list *ret)
{
	sv_auto_free uint8_t *seen = calloc(p->frames.len / 8 + 1, 1);

	memset(ret, 0, sizeof(*ret));
	if (!seen)
		return -1;
	for (size_t v = 0; v < p->vmas.len; v++)
		if (add_vma(obs, p, v, seen, ret))
			return -1;
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_rank);
	return 0;
}
