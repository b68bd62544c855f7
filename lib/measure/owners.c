// SPDX-License-Identifier: LGPL-2.1-or-later
#include "owners.h"

#include <stdlib.h>

#include "iface/pagemap.h"

static int by_frame(const void *a, const void *b)
{
	const struct sv_owner *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn > y->pfn ? 1 : -1;
	if (x->process->pid != y->process->pid)
		return x->process->pid > y->process->pid ? 1 : -1;
	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static int add_vma(const struct sv_process *p, const struct sv_vma *v, struct sv_owners *ret)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, v->page, v->pages);
	struct sv_page pg;

	while (sv_page_next(&w, &pg)) {
		struct sv_owner *o;

		if (!sv_pagemap_has_pfn(pg.entry))
			continue;
		o = sv_vec_push(ret);
		if (!o)
			return -1;
		*o = (struct sv_owner) { .pfn = sv_pagemap_pfn(pg.entry),
			.vaddr = pg.vaddr,
			.process = p,
			.vma = v,
			.changed = pg.changed || v->changed };
	}
	return 0;
}

int sv_measure_owners(const safevma_observation *obs, struct sv_owners *ret)
{
	*ret = (struct sv_owners) { 0 };
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		for (size_t v = 0; v < p->vmas.len; v++)
			if (add_vma(p, &p->vmas.ptr[v], ret))
				return -1;
	}
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_frame);
	return 0;
}

void sv_owners_fini(struct sv_owners *owners)
{
	sv_vec_fini(owners);
}

const struct sv_owner *sv_owners_of(const struct sv_owners *owners, uint64_t pfn, size_t *n)
{
	size_t lo = 0, hi = owners->len, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (owners->ptr[mid].pfn < pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < owners->len && owners->ptr[end].pfn == pfn; end++)
		;
	*n = end - lo;
	return *n ? &owners->ptr[lo] : NULL;
}

const char *sv_place_name(enum sv_place_of place)
{
	static const char *const names[] = { "unknown", "memory", "hole", "beyond" };

	return names[place];
}

enum sv_place_of sv_place_of_frame(const safevma_observation *obs, const struct sv_frame *f)
{
	uint64_t end = sv_zone_spans_end(&obs->zones);

	if (!(f->known & SV_FRAME_FLAGS))
		return SV_PLACE_UNKNOWN;
	if (sv_class_of(f) != SV_CLASS_NOPAGE)
		return SV_PLACE_MEMORY;
	return obs->zones.len && f->pfn >= end ? SV_PLACE_BEYOND : SV_PLACE_HOLE;
}

struct sv_num sv_owners_entries(const struct sv_owner *owners, size_t n)
{
	uint64_t entries = 0;

	for (size_t i = 0; i < n; i++) {
		if (n > 1 && owners[i].process->memory_doubt)
			return (struct sv_num) { 0 };
		entries += !owners[i].process->memory_of;
	}
	return sv_known(entries);
}

/* More found than there are: they came and went, or two are one. */
struct sv_num sv_unexplained(const struct sv_frame *f, struct sv_num found)
{
	if (!(f->known & SV_FRAME_COUNT) || !found.known || found.value > f->count)
		return (struct sv_num) { 0 };
	return sv_known(f->count - found.value);
}

struct sv_reached sv_owned_reach(const safevma_observation *obs, const struct sv_frame *f,
	const struct sv_owner *owners, size_t n)
{
	struct sv_num unexplained = sv_unexplained(f, sv_owners_entries(owners, n));
	struct sv_vma nobody = { .secret = SV_SECRET_NO };

	if (!n && sv_class_of(f) == SV_CLASS_FILE && (!unexplained.known || unexplained.value))
		nobody.secret = SV_SECRET_UNKNOWN;
	return sv_reach_of(obs, &obs->target.kernel, n ? owners->vma : &nobody, f);
}
