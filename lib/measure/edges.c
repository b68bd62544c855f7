// SPDX-License-Identifier: LGPL-2.1-or-later
#include "edges.h"

#include <string.h>

#include "iface/pagemap.h"

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

static int add(struct sv_edge_list *list, const struct sv_edge *e)
{
	struct sv_edge *slot;

	if (!sv_edges_count(&list->sums, e->source_class, e->over, e->effect))
		return 0;
	slot = sv_vec_push(list);
	if (!slot)
		return -1;
	*slot = *e;
	return 0;
}

static int add_page(const safevma_observation *obs, const struct sv_process *p, size_t vma,
	const struct sv_page *pg, struct sv_edge_list *list)
{
	struct sv_surroundings s;
	struct sv_edge e = { .vaddr = pg->vaddr, .vma = vma };

	sv_page_surroundings(obs, p, &p->vmas.ptr[vma], pg, &s);
	list->coverage.total++;
	if (s.class == SV_CLASS_UNKNOWN) {
		list->coverage.unreadable++;
		return 0;
	}
	if (pg->changed || p->vmas.ptr[vma].changed)
		list->coverage.changed++;
	else if (sv_frame_of_interest(s.class) &&
		 (s.below_class == SV_CLASS_UNKNOWN || s.above_class == SV_CLASS_UNKNOWN))
		list->coverage.unreadable++;
	else
		list->coverage.examined++;
	if (!sv_frame_of_interest(s.class))
		return 0;
	list->frames++;
	e.pfn = s.frame->pfn;
	e.effect = sv_effect_of(s.reached);
	e.over = true;
	e.source_pfn = e.pfn - 1;
	e.source_class = s.below_class;
	if (add(list, &e))
		return -1;
	e.over = false;
	e.source_pfn = e.pfn + 1;
	e.source_class = s.above_class;
	return add(list, &e);
}

/* True the first time that this frame is met. */
static bool first_time(const struct sv_process *p, uint8_t *seen, const struct sv_page *pg)
{
	const struct sv_frame *f = sv_pagemap_has_pfn(pg->entry)
					   ? sv_frame_find(&p->frames, sv_pagemap_pfn(pg->entry))
					   : NULL;
	size_t at = f ? (size_t)(f - p->frames.ptr) : 0;

	if (!f)
		return true;
	if (seen[at / 8] >> (at % 8) & 1)
		return false;
	seen[at / 8] = (uint8_t)(seen[at / 8] | 1u << (at % 8));
	return true;
}

int sv_measure_edges(
	const safevma_observation *obs, const struct sv_process *p, struct sv_edge_list *ret)
{
	sv_auto_free uint8_t *seen = calloc(p->frames.len / 8 + 1, 1);

	memset(ret, 0, sizeof(*ret));
	if (!seen)
		return -1;
	for (size_t v = 0; v < p->vmas.len; v++) {
		const struct sv_vma *vma = &p->vmas.ptr[v];

		if (!vma->pages_read) {
			ret->coverage.total++;
			ret->coverage.unreadable++;
		}
		for (size_t i = vma->page; i < vma->page + vma->pages; i++) {
			const struct sv_page *pg = &p->pages.ptr[i];

			if (sv_pagemap_present(pg->entry) && first_time(p, seen, pg) &&
				add_page(obs, p, v, pg, ret))
				return -1;
		}
	}
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_rank);
	return 0;
}
