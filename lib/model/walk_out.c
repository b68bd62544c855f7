// SPDX-License-Identifier: LGPL-2.1-or-later
#include "walk_out.h"

#include "base/error.h"

/* ---- ranges ---------------------------------------------------------------------------------- */

/* First range that ends behind pfn. */
static size_t find_range(const struct sv_frame_range *list, size_t n, uint64_t pfn)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (list[mid].first + list[mid].count <= pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool sv_ranges_touch(const struct sv_frame_range *list, size_t n, uint64_t pfn, uint64_t frames)
{
	size_t i = find_range(list, n, pfn);

	return i < n && list[i].first < pfn + frames;
}

/* ---- the linear map -------------------------------------------------------------------------- */

/* What was found of x's frames, for those of them that were asked for. */
static int emit_linear(struct sv_walk_out *w, const struct sv_linear_extent *x)
{
	const struct sv_frame_range *list = w->q->ranges;
	uint64_t end = x->pfn + x->frames;

	for (size_t i = find_range(list, w->q->ranges_len, x->pfn);
		i < w->q->ranges_len && list[i].first < end; i++) {
		uint64_t from = list[i].first > x->pfn ? list[i].first : x->pfn;
		uint64_t to = list[i].first + list[i].count;
		struct sv_linear_extent part = *x;

		part.pfn = from;
		part.frames = (to < end ? to : end) - from;
		if (sv_linear_extents_add(&w->map->linear, &part))
			return sv_error_nomem(w->err);
	}
	return 0;
}

/*
 * An empty entry means "not mapped" for what is no RAM alone: zeros are also what kcore gives for
 * tables that it cannot read, and removed RAM keeps an entry that is not empty.
 */
static int emit_empty(struct sv_walk_out *w, uint64_t pfn, uint64_t frames)
{
	while (frames) {
		uint64_t until;
		bool ram = sv_kcore_ram_at(w->q->kcore, w->pg->page_shift, pfn, &until);
		uint64_t n = until - pfn < frames ? until - pfn : frames;
		struct sv_linear_extent x = { .pfn = pfn,
			.frames = n,
			.alias = ram ? SV_ALIAS_UNKNOWN : SV_ALIAS_NONE,
			.why = ram ? SV_ALIAS_WHY_ZERO : SV_ALIAS_WHY_NOTHING };

		if (emit_linear(w, &x))
			return -1;
		pfn += n;
		frames -= n;
	}
	return 0;
}

int sv_walk_unknown(struct sv_walk_out *w, uint64_t pfn, uint64_t frames, enum sv_alias_why why)
{
	return emit_linear(
		w, &(struct sv_linear_extent) { .pfn = pfn, .frames = frames, .why = why });
}

/* The part [vaddr, vaddr + frames) of an entry of the linear map; where: address of the entry. */
int sv_walk_linear(struct sv_walk_out *w, const struct sv_entry *e, unsigned int level,
	uint64_t where, uint64_t vaddr, uint64_t frames, struct sv_rights r)
{
	uint64_t pfn = (vaddr - w->pg->delta) >> w->pg->page_shift;
	struct sv_linear_extent x = {
		.pfn = pfn, .frames = frames, .leaf_shift = w->pg->shift[level]
	};

	if (e->kind == SV_ENTRY_ZERO)
		return emit_empty(w, pfn, frames);
	if (e->paddr != where - w->pg->delta || e->kind == SV_ENTRY_BAD)
		return sv_walk_unknown(w, pfn, frames, SV_ALIAS_WHY_MISMATCH);
	x.alias = r.writable ? SV_ALIAS_RW : SV_ALIAS_RO;
	x.exec = r.exec;
	if (e->kind == SV_ENTRY_ABSENT) {
		x.alias = SV_ALIAS_ABSENT;
		x.exec = false;
	}
	return emit_linear(w, &x);
}

/* ---- the rest -------------------------------------------------------------------------------- */

int sv_walk_add(struct sv_walk_out *w, const struct sv_kmapping *m, bool may_grow)
{
	struct sv_kmappings *list = &w->map->others;
	struct sv_kmapping *last = list->len > w->floor ? &list->ptr[list->len - 1] : NULL;

	if (may_grow && last && last->pfn + last->frames == m->pfn &&
		last->vaddr + (last->frames << w->pg->page_shift) == m->vaddr &&
		last->writable == m->writable && last->exec == m->exec && last->zone == m->zone &&
		last->leaf_shift == m->leaf_shift) {
		last->frames += m->frames;
		return 0;
	}
	if (list->len == SV_WALK_OTHERS_MAX) {
		w->map->others_cut = true;
		return 0;
	}
	last = sv_vec_push(list);
	if (!last)
		return sv_error_nomem(w->err);
	*last = *m;
	return 0;
}

/* Parts of a leaf that map frames asked for; all of it when everything is. */
int sv_walk_other(struct sv_walk_out *w, struct sv_kmapping m)
{
	const struct sv_frame_range *list = w->q->others;
	uint64_t pfn = m.pfn, end = m.pfn + m.frames, vaddr = m.vaddr, zone_end;

	m.zone = sv_kzone_of(w->q->kcore, w->pg, m.vaddr, &zone_end);
	if (w->q->everything)
		return sv_walk_add(w, &m, true);
	for (size_t i = find_range(list, w->q->others_len, pfn);
		i < w->q->others_len && list[i].first < end; i++) {
		uint64_t from = list[i].first > pfn ? list[i].first : pfn;
		uint64_t to = list[i].first + list[i].count;

		m.pfn = from;
		m.frames = (to < end ? to : end) - from;
		m.vaddr = vaddr + ((from - pfn) << w->pg->page_shift);
		if (sv_walk_add(w, &m, true))
			return -1;
	}
	return 0;
}
