// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vma.h"

#include <string.h>

#include "iface/pagemap.h"
#include "iface/kpage.h"

const char *sv_effect_name(enum sv_effect effect)
{
	static const char *const names[] = { "unknown", "silent", "trapped" };

	return names[effect];
}

/*
 * User memory is mapped writable wherever it is mapped, as far as nothing else is observed: memory
 * that a process sees read-only too.
 */
enum sv_effect sv_effect_of(struct sv_reached reached)
{
	if (reached.reach == SV_REACH_MAPPED)
		return reached.perm == SV_ALIAS_PERM_RO ? SV_EFFECT_TRAPPED : SV_EFFECT_SILENT;
	return reached.reach == SV_REACH_REMOVED ? SV_EFFECT_TRAPPED : SV_EFFECT_UNKNOWN;
}

bool sv_frame_of_interest(enum sv_class class)
{
	return class != SV_CLASS_UNKNOWN && class != SV_CLASS_ZERO && class != SV_CLASS_NOPAGE &&
	       class != SV_CLASS_RESERVED;
}

/* Where nothing was observed, all frames of a class in a mapping are alike but for HighMem. */
static bool as_before(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, enum sv_class class, const struct sv_surroundings *before)
{
	return before->found && before->vma == v && before->class == class && !p->kernel.made &&
	       !obs->highmem_start_pfn.known;
}

void sv_page_surroundings(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, const struct sv_page *pg, struct sv_surroundings *ret)
{
	enum sv_class class = SV_CLASS_UNKNOWN;
	size_t at = SV_FRAMES_NONE;
	bool alike = false;

	if (sv_pagemap_has_pfn(pg->entry))
		at = sv_frames_of_page(&p->frames, pg->index, sv_pagemap_pfn(pg->entry), ret->slot);
	if (at != SV_FRAMES_NONE) {
		class = sv_frames_class(&p->frames, at);
		alike = as_before(obs, p, v, class, ret);
		ret->slot = at;
		ret->frame = sv_frames_at(&p->frames, at);
	} else {
		ret->frame = (struct sv_frame) { 0 };
	}
	ret->found = at != SV_FRAMES_NONE;
	ret->class = class;
	ret->vma = v;
	if (!alike)
		ret->reached = sv_reach_of(obs, &p->kernel, v, ret->found ? &ret->frame : NULL);
}

struct sv_num sv_page_mlocked(const struct sv_surroundings *s)
{
	if (s->class == SV_CLASS_UNKNOWN)
		return (struct sv_num) { 0 };
	if ((s->frame.known & SV_FRAME_HEADLESS) && !sv_frame_mlocked(&s->frame))
		return (struct sv_num) { 0 };
	return sv_known(sv_frame_mlocked(&s->frame));
}

bool sv_edges_count(struct sv_edges *e, enum sv_class neighbour, bool over, enum sv_effect effect)
{
	switch (sv_class_info(neighbour)->source) {
	case SV_SOURCE_NO:
		return false;
	case SV_SOURCE_UNKNOWN:
		e->unread++;
		return false;
	case SV_SOURCE_STRONG:
		*(over ? &e->over_strong : &e->under_strong) += 1;
		break;
	case SV_SOURCE_UNCLASSIFIED:
		*(over ? &e->over_unclassified : &e->under_unclassified) += 1;
		break;
	}
	e->silent += effect == SV_EFFECT_SILENT;
	e->trapped += effect == SV_EFFECT_TRAPPED;
	e->unknown += effect == SV_EFFECT_UNKNOWN;
	return true;
}

static void add_reach(struct sv_reach_bytes *r, struct sv_reached reached, uint64_t bytes)
{
	r->mapped += reached.reach == SV_REACH_MAPPED ? bytes : 0;
	r->removed += reached.reach == SV_REACH_REMOVED ? bytes : 0;
	r->unknown += reached.reach == SV_REACH_UNKNOWN ? bytes : 0;
	r->observed += reached.basis == SV_BASIS_OBSERVED ? bytes : 0;
	r->inferred += reached.basis == SV_BASIS_INFERRED ? bytes : 0;
	r->assumed += reached.basis == SV_BASIS_ASSUMED ? bytes : 0;
	r->readonly += reached.perm == SV_ALIAS_PERM_RO ? bytes : 0;
	r->other += reached.others.known && reached.others.value ? bytes : 0;
	r->other_unknown += reached.others.known ? 0 : bytes;
}

/* Counts while the pages of a VMA are walked, in pages. */
struct walk {
	uint64_t present, swapped, marker, zero, exclusive;
	bool zero_known, swap_known;
	struct sv_surroundings around; /* of the last page */
};

const char *sv_presence_name(enum sv_presence presence)
{
	static const char *const names[] = { "present", "swapped", "guard", "marker", "nonpresent",
		"gone" };

	return names[presence];
}

enum { PSEUDO_TYPES_FROM = 32 - 9 };

enum sv_presence sv_presence_of(const safevma_observation *obs, uint64_t entry)
{
	if (sv_pagemap_present(entry))
		return SV_PRESENT;
	if (sv_pagemap_empty(entry))
		return SV_GONE;
	if (entry & SV_PAGEMAP_GUARD)
		return SV_GUARD;
	if (!obs->swap_areas.known)
		return SV_NONPRESENT;
	if (!obs->swap_areas.value)
		return SV_MARKER; /* there is no swap that it could be in */
	if (obs->features.pfn_visible != 1)
		return SV_NONPRESENT; /* the type is hidden along with the frame */
	return sv_pagemap_swap_type(entry) < PSEUDO_TYPES_FROM ? SV_SWAPPED : SV_MARKER;
}

static void walk_absent(const safevma_observation *obs, const struct sv_page *pg, struct walk *w,
	struct sv_vma_figures *f)
{
	f->coverage.total += pg->changed;
	f->coverage.changed += pg->changed;
	if (sv_pagemap_empty(pg->entry))
		return;
	switch (sv_presence_of(obs, pg->entry)) {
	case SV_SWAPPED:
		w->swapped++;
		break;
	case SV_GUARD:
	case SV_MARKER:
		w->marker++;
		break;
	case SV_NONPRESENT:
		w->swap_known = false;
		break;
	case SV_PRESENT:
	case SV_GONE:
		break;
	}
}

static bool page_examined(const safevma_observation *obs, const struct sv_surroundings *s)
{
	if (!(obs->needs & SAFEVMA_NEED_FRAMES))
		return true;
	if (s->class == SV_CLASS_UNKNOWN)
		return false;
	return !sv_frame_of_interest(s->class) ||
	       (s->frame.below != SV_CLASS_UNKNOWN && s->frame.above != SV_CLASS_UNKNOWN);
}

static void walk_present(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, const struct sv_page *pg, struct walk *w, struct sv_vma_figures *f)
{
	const struct sv_surroundings *s = &w->around;

	sv_page_surroundings(obs, p, v, pg, &w->around);
	w->present++;
	w->exclusive += (pg->entry & SV_PAGEMAP_EXCLUSIVE) != 0;
	w->zero += s->class == SV_CLASS_ZERO;
	w->zero_known &= s->class != SV_CLASS_UNKNOWN;
	add_reach(&f->reach, s->reached, obs->host.page_size);
	if (sv_frame_of_interest(s->class)) {
		enum sv_effect effect = sv_effect_of(s->reached);

		sv_edges_count(&f->edges, s->frame.below, true, effect);
		sv_edges_count(&f->edges, s->frame.above, false, effect);
	}
	f->coverage.total++;
	if (pg->changed || v->changed)
		f->coverage.changed++;
	else if (page_examined(obs, s))
		f->coverage.examined++;
	else
		f->coverage.unreadable++;
	f->edges_known &= page_examined(obs, s);
	f->reach_known &= s->class != SV_CLASS_UNKNOWN;
}

static struct sv_num bytes_if(bool known, uint64_t pages, uint64_t page_size)
{
	return known ? sv_known(pages * page_size) : (struct sv_num) { 0 };
}

/* Locked and unlocked are parts of what is resident. */
static void split_locked(const struct sv_vma *v, struct sv_vma_figures *f)
{
	struct sv_num kept = sv_vma_kept(v);

	if (!f->resident.known || (!kept.known && f->resident.value))
		return;
	f->locked = sv_known(kept.value ? f->resident.value : 0);
	f->unlocked = sv_known(f->resident.value - f->locked.value);
}

static void fill_bytes(const safevma_observation *obs, const struct sv_vma *v, const struct walk *w,
	struct sv_vma_figures *f)
{
	uint64_t page = obs->host.page_size;
	bool special = sv_vma_special(v), all = v->pages_read;

	f->special = sv_known(special ? f->size.value : 0);
	f->resident = bytes_if(all, w->present, page);
	f->swapped = bytes_if(all && w->swap_known, w->swapped, page);
	f->marker = bytes_if(all && w->swap_known, w->marker, page);
	if (all && w->swap_known)
		f->absent = sv_known(f->size.value - (w->present + w->swapped) * page);
	f->exclusive = bytes_if(all, w->exclusive, page);
	f->shared = bytes_if(all, w->present - w->exclusive, page);
	f->zero = bytes_if(all && w->zero_known, w->zero, page);
	f->huge = v->huge;
	split_locked(v, f);
}

void sv_measure_vma(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, struct sv_vma_figures *ret)
{
	struct walk w = { .zero_known = true, .swap_known = true };
	bool frames = (obs->needs & SAFEVMA_NEED_FRAMES) && v->pages_read;
	struct sv_page_walk pages = sv_pages_walk(&p->pages, v->page, v->pages);
	struct sv_page pg;

	memset(ret, 0, sizeof(*ret));
	ret->size = sv_known(v->end - v->start);
	ret->reach_known = ret->edges_known = frames;
	while (sv_page_next(&pages, &pg)) {
		if (sv_pagemap_present(pg.entry))
			walk_present(obs, p, v, &pg, &w, ret);
		else
			walk_absent(obs, &pg, &w, ret);
	}
	if (!v->pages_read) { /* what could not be read counts as one page at least */
		ret->coverage.total++;
		ret->coverage.unreadable++;
	}
	fill_bytes(obs, v, &w, ret);
}

static void add_figures(struct sv_vma_figures *sum, const struct sv_vma_figures *f)
{
	static const size_t nums[] = {
		offsetof(struct sv_vma_figures, size),
		offsetof(struct sv_vma_figures, resident),
		offsetof(struct sv_vma_figures, absent),
		offsetof(struct sv_vma_figures, swapped),
		offsetof(struct sv_vma_figures, marker),
		offsetof(struct sv_vma_figures, special),
		offsetof(struct sv_vma_figures, locked),
		offsetof(struct sv_vma_figures, unlocked),
		offsetof(struct sv_vma_figures, zero),
		offsetof(struct sv_vma_figures, exclusive),
		offsetof(struct sv_vma_figures, shared),
		offsetof(struct sv_vma_figures, huge),
	};
	const uint64_t *from;
	uint64_t *to;

	for (size_t i = 0; i < sv_array_size(nums); i++)
		sv_num_add((struct sv_num *)(void *)((char *)sum + nums[i]),
			*(const struct sv_num *)(const void *)((const char *)f + nums[i]));
	sum->reach_known &= f->reach_known;
	sum->edges_known &= f->edges_known;
	for (size_t i = 0; i < sizeof(f->reach) / sizeof(uint64_t); i++) {
		from = (const uint64_t *)&f->reach;
		to = (uint64_t *)&sum->reach;
		to[i] += from[i];
	}
	for (size_t i = 0; i < sizeof(f->edges) / sizeof(uint64_t); i++) {
		from = (const uint64_t *)&f->edges;
		to = (uint64_t *)&sum->edges;
		to[i] += from[i];
	}
	for (size_t i = 0; i < sizeof(f->coverage) / sizeof(uint64_t); i++) {
		from = (const uint64_t *)&f->coverage;
		to = (uint64_t *)&sum->coverage;
		to[i] += from[i];
	}
}

void sv_measure_process(
	const safevma_observation *obs, const struct sv_process *p, struct sv_vma_figures *ret)
{
	bool memory = sv_process_was_read(p) && p->vmas.len;
	struct sv_num zero = { .known = memory };

	*ret = (struct sv_vma_figures) { .size = zero,
		.resident = zero,
		.absent = zero,
		.swapped = zero,
		.marker = zero,
		.special = zero,
		.locked = zero,
		.unlocked = zero,
		.zero = zero,
		.exclusive = zero,
		.shared = zero,
		.huge = zero,
		.reach_known = memory,
		.edges_known = memory };
	for (size_t i = 0; i < p->vmas.len; i++) {
		struct sv_vma_figures f;

		sv_measure_vma(obs, p, &p->vmas.ptr[i], &f);
		add_figures(ret, &f);
	}
}
