// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of a process's frames the kernel's page tables are asked for, and what is missing then. */
#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "iface/pagemap.h"
#include "dump.h"

struct ranges {
	struct sv_frame_range *ptr;
	size_t len, cap;
};

static int by_first(const void *a, const void *b)
{
	const struct sv_frame_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int add_frame(struct ranges *r, uint64_t pfn)
{
	struct sv_frame_range *last = r->len ? &r->ptr[r->len - 1] : NULL;

	if (last && pfn >= last->first && pfn - last->first <= last->count) {
		last->count += pfn - last->first == last->count;
		return 0;
	}
	last = sv_vec_push(r);
	if (!last)
		return -1;
	*last = (struct sv_frame_range) { pfn, 1 };
	return 0;
}

/* Sorted, and those that meet or overlap made one. */
static void settle(struct ranges *r)
{
	size_t out = 0;

	if (!r->len)
		return;
	qsort(r->ptr, r->len, sizeof(*r->ptr), by_first);
	for (size_t i = 1; i < r->len; i++) {
		struct sv_frame_range *last = &r->ptr[out], *x = &r->ptr[i];

		if (x->first > last->first + last->count)
			r->ptr[++out] = *x;
		else if (x->first + x->count > last->first + last->count)
			last->count = x->first + x->count - last->first;
	}
	r->len = out + 1;
}

static int collect(const struct sv_capture *c, const struct sv_process *p, struct ranges *all,
	struct ranges *pool)
{
	bool asked = p == &c->obs->target;

	for (size_t i = 0; i < p->frames.len; i++)
		if (add_frame(all, p->frames.ptr[i].pfn) ||
			(asked && add_frame(pool, p->frames.ptr[i].pfn)))
			return -1;
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];
		bool others = c->request->aliases || sv_vma_pooled(v);

		struct sv_page_walk w = sv_pages_walk(&p->pages, v->page, v->pages);
		struct sv_page pg;

		while (others && sv_page_next(&w, &pg))
			if (sv_pagemap_has_pfn(pg.entry) &&
				add_frame(pool, sv_pagemap_pfn(pg.entry)))
				return -1;
	}
	settle(pool);
	return 0;
}

/* A frame of RAM for which the tables contradict themselves: they may have been changing. */
static bool undecided(const struct sv_kernelmap *map)
{
	for (size_t i = 0; i < map->linear.len; i++)
		if (map->linear.ptr[i].alias == SV_ALIAS_UNKNOWN)
			return true;
	return false;
}

static int look(struct sv_capture *c, struct sv_process *p, const struct ranges *all,
	const struct ranges *pool, const char *tag, struct safevma_error *why,
	struct safevma_error *err)
{
	enum safevma_page_tables source = c->request->page_tables;
	struct safevma_error second;
	int rc = 0;

	sv_kernelmap_fini(&p->kernel);
	if (source != SAFEVMA_PAGE_TABLES_DUMP)
		rc = sv_capture_lookup(
			c, all->ptr, all->len, pool->ptr, pool->len, tag, &p->kernel, why, err);
	if (rc || source == SAFEVMA_PAGE_TABLES_KCORE || source == SAFEVMA_PAGE_TABLES_BOTH)
		return rc;
	/* A dump takes a lock: it is not read by itself where kcore is there and closed. */
	if (source == SAFEVMA_PAGE_TABLES_AUTO && !sv_is_gone(why))
		return 0;
	rc = sv_capture_dump(c, all->ptr, all->len, tag, NULL, &p->kernel, &second, err);
	if (!rc && source == SAFEVMA_PAGE_TABLES_DUMP)
		*why = second;
	return rc;
}

/*
 * Memory that is removed and mapped all the same, or ordinary and removed: it may be so, and it may
 * be that the frame was given back and taken anew while we looked.
 */
static bool surprising(const struct sv_process *p)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];

		struct sv_page_walk w = sv_pages_walk(&p->pages, v->page, v->pages);
		struct sv_page pg;

		while (sv_page_next(&w, &pg)) {
			const struct sv_linear_extent *x =
				sv_pagemap_has_pfn(pg.entry)
					? sv_kernelmap_find(&p->kernel, sv_pagemap_pfn(pg.entry))
					: NULL;

			if (x && v->secret != SV_SECRET_UNKNOWN &&
				x->alias == (v->secret == SV_SECRET_YES ? SV_ALIAS_RW
									: SV_ALIAS_ABSENT))
				return true;
		}
	}
	return false;
}

/*
 * A second look where the first contradicts itself, and takes its place, or where it surprises:
 * then what both do not see alike is unknown. When there is no second one, the first stands.
 */
static int look_twice(struct sv_capture *c, struct sv_process *p, const struct ranges *all,
	const struct ranges *pool, const char *tag, struct safevma_error *why,
	struct safevma_error *err)
{
	int rc = look(c, p, all, pool, tag, why, err);
	struct sv_kernelmap first = p->kernel;
	struct safevma_error second;
	char again[64];
	bool doubt;

	doubt = rc > 0 && surprising(p);
	if (rc <= 0 || (!undecided(&first) && !doubt))
		return rc;
	snprintf(again, sizeof(again), "%s-again", tag);
	p->kernel = (struct sv_kernelmap) { 0 };
	rc = look(c, p, all, pool, again, &second, err);
	if (rc <= 0) {
		p->kernel = first;
		return rc < 0 ? -1 : 1;
	}
	if (doubt && sv_kernelmap_doubt(&p->kernel, &first))
		rc = sv_error_nomem(err);
	sv_kernelmap_fini(&first);
	return rc;
}

int sv_capture_reach(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct ranges all = { 0 }, pool = { 0 };
	struct safevma_error why = { 0 };
	char full[48];
	int rc = 1;

	if (!(c->obs->needs & (SAFEVMA_NEED_REACH | SAFEVMA_NEED_OWNERS)) ||
		c->request->page_tables == SAFEVMA_PAGE_TABLES_NONE)
		return 0;
	snprintf(full, sizeof(full), "kernel.%d.%s", p->pid, tag);
	if (collect(c, p, &all, &pool))
		rc = sv_error_nomem(err);
	else if (all.len)
		rc = look_twice(c, p, &all, &pool, full, &why, err);
	sv_vec_fini(&all);
	sv_vec_fini(&pool);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_capture_tables_gap(c, &why, sv_iface_info(SV_IFACE_KCORE)->costs, err);
}
