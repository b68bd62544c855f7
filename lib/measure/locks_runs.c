// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs of pages of one state, what is not there among them: nothing is kept of the pages. */
#include "locks.h"

static bool alike(const struct sv_lock_page *a, const struct sv_lock_page *b)
{
	return a->states == b->states && a->reasons == b->reasons && a->unknown == b->unknown &&
	       a->read_faults == b->read_faults && a->write_faults == b->write_faults;
}

/* What is not there from an address on, up to page k of the VMA or its end. */
static bool gap_run(struct sv_lock_view *w, uint64_t from, size_t k, struct sv_lock_run *ret)
{
	uint64_t end =
		k < w->v->pages ? sv_pages_at(&w->p->pages, w->v->page + k).vaddr : w->v->end;

	if (from >= end)
		return false;
	*ret = (struct sv_lock_run) { .vaddr = from,
		.pages = (end - from) / w->obs->host.page_size };
	sv_lock_page(w, NULL, &ret->page);
	return true;
}

static uint64_t end_of(const struct sv_lock_view *w, size_t k)
{
	return k ? sv_pages_at(&w->p->pages, w->v->page + k - 1).vaddr + w->obs->host.page_size
		 : w->v->start;
}

/* From page k on, as long as pages follow each other and are alike. */
static size_t page_run(struct sv_lock_view *w, bool each, size_t k, struct sv_lock_run *ret)
{
	struct sv_page_walk pages = sv_pages_walk(&w->p->pages, w->v->page + k, w->v->pages - k);
	struct sv_lock_page r;
	struct sv_page pg;

	*ret = (struct sv_lock_run) { 0 };
	while (sv_page_next(&pages, &pg)) {
		sv_lock_page(w, &pg, &r);
		if (!ret->pages)
			*ret = (struct sv_lock_run) { .vaddr = pg.vaddr, .page = r };
		else if (each || !alike(&r, &ret->page) ||
			 pg.vaddr != ret->vaddr + ret->pages * w->obs->host.page_size)
			break;
		ret->pages++;
	}
	return k + (size_t)ret->pages;
}

/* Even positions stand before page *at / 2, odd ones at it. */
bool sv_lock_run_next(struct sv_lock_view *w, bool each, size_t *at, struct sv_lock_run *ret)
{
	size_t k = *at / 2;

	if (!w->v->pages_read)
		return false;
	if (!(*at % 2)) {
		(*at)++;
		if (gap_run(w, end_of(w, k), k, ret))
			return true;
	}
	if (k >= w->v->pages)
		return false;
	*at = 2 * page_run(w, each, k, ret);
	return true;
}
