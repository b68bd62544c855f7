// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runs.h"

#include "iface/pagemap.h"

static struct sv_num part(const struct sv_frame *f, enum sv_frame_part part, uint64_t value)
{
	return (f->known & part) ? sv_known(value) : (struct sv_num) { 0 };
}

static struct sv_num first_other(const struct sv_kernelmap *map, struct sv_num pfn)
{
	const struct sv_kmapping *m;
	size_t at = 0;

	m = pfn.known ? sv_kernelmap_other(map, pfn.value, &at) : NULL;
	return m ? sv_known(m->vaddr + ((pfn.value - m->pfn) << map->page_shift))
		 : (struct sv_num) { 0 };
}

/*
 * Of the frame, not of the VMA: smaps would hold the target's lock for as long as it is large. What
 * mlock holds, what is on no list of reclaim's, and what is no memory of processes stays. The page
 * of zeros stays as well, but the next write takes another: it keeps nothing.
 */
static struct sv_num kept(const struct sv_surroundings *s)
{
	struct sv_num mlocked = sv_page_mlocked(s);

	if (s->class == SV_CLASS_ZERO)
		return sv_known(0);
	if (s->class == SV_CLASS_HUGETLB ||
		sv_class_info(s->class)->source == SV_SOURCE_UNCLASSIFIED ||
		s->class == SV_CLASS_KERNEL_COMPOUND)
		return sv_known(1);
	if (!sv_class_info(s->class)->user) /* it is being freed, or was never there */
		return (struct sv_num) { 0 };
	if (mlocked.known && !mlocked.value)
		mlocked.value = sv_frame_unevictable(&s->frame);
	return mlocked;
}

static void describe(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, const struct sv_page *pg, struct sv_surroundings *s,
	struct sv_run *r)
{
	sv_page_surroundings(obs, p, v, pg, s);
	*r = (struct sv_run) { .vaddr = pg->vaddr,
		.pages = 1,
		.presence = sv_presence_of(obs, pg->entry),
		.class = s->class,
		.below_class = s->frame.below,
		.above_class = s->frame.above,
		.exclusive = pg->entry & SV_PAGEMAP_EXCLUSIVE,
		.changed = pg->changed || v->changed,
		.reached = s->reached };
	if (r->presence != SV_PRESENT)
		return;
	if (sv_pagemap_has_pfn(pg->entry))
		r->pfn = sv_known(sv_pagemap_pfn(pg->entry));
	r->other_vaddr = first_other(&p->kernel, r->pfn);
	r->flags = part(&s->frame, SV_FRAME_FLAGS, s->frame.flags);
	r->mapcount = part(&s->frame, SV_FRAME_COUNT, s->frame.count);
	r->cgroup = part(&s->frame, SV_FRAME_CGROUP, s->frame.cgroup);
	r->locked = kept(s);
	r->mlocked = sv_page_mlocked(s);
}

static bool same_num(struct sv_num a, struct sv_num b)
{
	return a.known == b.known && (!a.known || a.value == b.value);
}

static bool same_reach(const struct sv_reached *a, const struct sv_reached *b)
{
	return a->reach == b->reach && a->basis == b->basis && a->perm == b->perm &&
	       a->why == b->why && a->alias.known == b->alias.known &&
	       same_num(a->others, b->others);
}

/* A run shows the further addresses of its first frame: those of the rest go on beside them. */
static bool same_others(const struct sv_run *run, const struct sv_run *next, uint64_t page_size)
{
	if (!run->other_vaddr.known || !next->other_vaddr.known)
		return run->other_vaddr.known == next->other_vaddr.known;
	return run->reached.others.value == 1 &&
	       next->other_vaddr.value == run->other_vaddr.value + run->pages * page_size;
}

/* Flag words are shown for single pages only: they differ in bits that change nothing. */
static bool continues(const struct sv_run *run, const struct sv_run *next, uint64_t page_size)
{
	return next->vaddr == run->vaddr + run->pages * page_size &&
	       next->presence == run->presence && next->class == run->class &&
	       next->pfn.known == run->pfn.known &&
	       (!run->pfn.known || next->pfn.value == run->pfn.value + run->pages) &&
	       same_num(next->mapcount, run->mapcount) && same_num(next->cgroup, run->cgroup) &&
	       same_num(next->locked, run->locked) && same_num(next->mlocked, run->mlocked) &&
	       next->exclusive == run->exclusive && next->changed == run->changed &&
	       same_reach(&next->reached, &run->reached) && same_others(run, next, page_size);
}

/*
 * The next page goes on as the last: its entry but for the number of the frame, what was read of
 * the frame, and where nothing was observed, with that its reach.
 */
static bool plainly_goes_on(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_page *last, const struct sv_page *next, size_t slot)
{
	const struct sv_frame_slot *f = &p->frames.ptr[slot];

	return next->entry == last->entry + 1 && next->changed == last->changed &&
	       next->vaddr == last->vaddr + obs->host.page_size && slot + 1 < p->frames.len &&
	       sv_pagemap_has_pfn(next->entry) && f[0].pfn == sv_pagemap_pfn(last->entry) &&
	       f[1].pfn == f[0].pfn + 1 && f[1].sort == f[0].sort && !p->kernel.made &&
	       !obs->highmem_start_pfn.known;
}

void sv_measure_run(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, bool one, size_t near, size_t *at, struct sv_run *ret)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, *at, v->page + v->pages - *at);
	struct sv_surroundings s = { .slot = near };
	struct sv_page pg = { 0 }, last;
	struct sv_run next;

	if (sv_page_next(&w, &pg))
		describe(obs, p, v, &pg, &s, ret);
	ret->slot = s.slot;
	(*at)++;
	for (last = pg; !one && sv_page_next(&w, &pg); last = pg) {
		if (s.found && plainly_goes_on(obs, p, &last, &pg, s.slot)) {
			s.slot++;
			ret->pages++;
			ret->slot = s.slot;
			ret->above_class = sv_frames_at(&p->frames, s.slot).above;
			ret->flags.known = false;
			(*at)++;
			continue;
		}
		describe(obs, p, v, &pg, &s, &next);
		if (!continues(ret, &next, obs->host.page_size))
			return;
		ret->pages++;
		ret->slot = s.slot;
		ret->above_class = next.above_class;
		ret->flags.known = false;
		(*at)++;
	}
}
