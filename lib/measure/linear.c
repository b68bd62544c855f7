// SPDX-License-Identifier: LGPL-2.1-or-later
#include "linear.h"

#include <stdlib.h>

static void add_part(
	struct sv_linear_sums *s, const struct sv_linear_extent *x, uint64_t bytes, bool ram)
{
	bool mapped = x->alias == SV_ALIAS_RW || x->alias == SV_ALIAS_RO;

	if (!ram) {
		s->beside += mapped ? bytes : 0;
		return;
	}
	s->ram += bytes;
	s->rw += x->alias == SV_ALIAS_RW ? bytes : 0;
	s->ro += x->alias == SV_ALIAS_RO ? bytes : 0;
	s->absent += x->alias == SV_ALIAS_ABSENT ? bytes : 0;
	s->unknown += !mapped && x->alias != SV_ALIAS_ABSENT ? bytes : 0;
	s->exec += x->exec ? bytes : 0;
}

/* Stretches of the next larger entry that an absent extent lies in; shared ones count once. */
static uint64_t regions_of(
	const struct sv_kernel_view *k, const struct sv_linear_extent *x, uint64_t *last)
{
	unsigned int shift;
	uint64_t from, to, n;

	if (k->pg.levels < 2 || x->leaf_shift != k->pg.page_shift)
		return 0;
	shift = k->pg.shift[k->pg.levels - 2] - k->pg.page_shift;
	from = x->pfn >> shift;
	to = (x->pfn + x->frames - 1) >> shift;
	n = to - from + 1 - (from == *last);
	*last = to;
	return n;
}

void sv_measure_linear(const struct sv_kernel_view *k, struct sv_linear_sums *ret)
{
	uint64_t last_region = UINT64_MAX;

	*ret = (struct sv_linear_sums) { 0 };
	for (size_t i = 0; i < k->map.linear.len; i++) {
		const struct sv_linear_extent *x = &k->map.linear.ptr[i];

		for (uint64_t at = x->pfn, until; at < x->pfn + x->frames; at = until) {
			bool ram = sv_kcore_ram_at(&k->kcore, k->pg.page_shift, at, &until);

			if (until > x->pfn + x->frames)
				until = x->pfn + x->frames;
			add_part(ret, x, (until - at) << k->pg.page_shift, ram);
		}
		if (x->alias == SV_ALIAS_ABSENT)
			ret->split_regions += regions_of(k, x, &last_region);
	}
}

uint64_t sv_measure_leaves(const struct sv_kernel_view *k, unsigned int shift)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < k->map.linear.len; i++)
		if (k->map.linear.ptr[i].leaf_shift == shift)
			frames += k->map.linear.ptr[i].frames;
	for (size_t i = 0; i < k->map.others.len; i++)
		if (k->map.others.ptr[i].zone == SV_KZONE_LINEAR &&
			k->map.others.ptr[i].leaf_shift == shift)
			frames += k->map.others.ptr[i].frames;
	return frames << k->pg.page_shift;
}

/* ---- regions --------------------------------------------------------------------------------- */

static bool listed(const struct sv_kernel_view *k, uint64_t vaddr)
{
	uint64_t offset, len;

	return sv_kcore_find_vaddr(&k->kcore, vaddr, &offset, &len);
}

static int add_region(struct sv_region_rows *rows, const struct sv_region_row *r)
{
	struct sv_region_row *last = rows->len ? &rows->ptr[rows->len - 1] : NULL;

	/*
	 * RAM and what describes it come in pieces; the gaps between are theirs as well. Of the
	 * kernel image kcore lists a part, and large entries reach beyond it.
	 */
	if (last && last->zone == r->zone) {
		last->end = r->end;
		last->basis = r->basis == SV_BASIS_INFERRED ? r->basis : last->basis;
		return 0;
	}
	last = sv_vec_push(rows);
	if (!last)
		return -1;
	*last = *r;
	return 0;
}

static uint64_t space_end(const struct sv_kernel_view *k)
{
	return k->kcore.wide ? 0 : UINT64_C(1) << 32;
}

static int list_regions(const struct sv_kernel_view *k, struct sv_region_rows *rows)
{
	uint64_t at = k->pg.start, stop = space_end(k), end;

	if (!k->pg.levels) /* a dump: its regions are not taken over */
		return 0;
	do {
		struct sv_region_row r = { .start = at };

		r.zone = sv_kzone_of(&k->kcore, &k->pg, at, &end);
		r.end = end - 1 < stop - 1 ? end : stop;
		r.basis = listed(k, at) ? SV_BASIS_OBSERVED : SV_BASIS_INFERRED;
		if (r.zone != SV_KZONE_UNNAMED && add_region(rows, &r))
			return -1;
		at = r.end;
	} while (at != stop);
	return 0;
}

static struct sv_region_row *region_at(struct sv_region_rows *rows, uint64_t vaddr)
{
	for (size_t i = 0; i < rows->len; i++)
		if (vaddr >= rows->ptr[i].start && vaddr - 1 < rows->ptr[i].end - 1)
			return &rows->ptr[i];
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct sv_region_row *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* What is mapped where nothing is documented must show all the same; what lies close is one row. */
static struct sv_region_row *unnamed(
	struct sv_region_rows *rows, size_t named, const struct sv_kmapping *m, uint64_t bytes)
{
	uint64_t last = m->vaddr + (bytes - 1);
	struct sv_region_row *r;

	for (size_t i = named; i < rows->len; i++) {
		r = &rows->ptr[i];
		if (apart(r->start, m->vaddr) >> 30)
			continue;
		r->start = m->vaddr < r->start ? m->vaddr : r->start;
		r->end = last > r->end - 1 ? last + 1 : r->end;
		return r;
	}
	r = sv_vec_push(rows);
	if (r)
		*r = (struct sv_region_row) {
			.start = m->vaddr, .end = last + 1, .basis = SV_BASIS_OBSERVED
		};
	return r;
}

static void add_bytes(struct sv_region_row *r, uint64_t bytes, bool rw, bool exec)
{
	r->mappings++;
	r->mapped += bytes;
	r->rw += rw ? bytes : 0;
	r->exec += exec ? bytes : 0;
}

/* A large entry may reach from one region into the next. */
static int add_mapping(const struct sv_kernel_view *k, struct sv_region_rows *rows, size_t named,
	const struct sv_kmapping *m)
{
	uint64_t bytes = m->frames << k->pg.page_shift;

	for (uint64_t done = 0, part; done < bytes; done += part) {
		struct sv_kmapping rest = { .vaddr = m->vaddr + done };
		struct sv_region_row *r = region_at(rows, rest.vaddr);

		part = bytes - done;
		if (!r)
			r = unnamed(rows, named, &rest, part);
		if (!r)
			return -1;
		if (part > r->end - rest.vaddr)
			part = r->end - rest.vaddr;
		add_bytes(r, part, m->writable, m->exec);
	}
	return 0;
}

/*
 * The linear map reaches beyond the RAM that kcore lists: frame 0, the rest of a large entry. What
 * is mapped there is of the same region.
 */
static void add_to_linear(const struct sv_kernel_view *k, struct sv_region_row *r, uint64_t vaddr,
	uint64_t frames, bool rw, bool exec)
{
	uint64_t bytes = frames << k->pg.page_shift, last = vaddr + (bytes - 1);

	r->start = vaddr < r->start ? vaddr : r->start;
	r->end = last > r->end - 1 ? last + 1 : r->end;
	add_bytes(r, bytes, rw, exec);
}

static struct sv_region_row *linear_row(struct sv_region_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->ptr[i].zone == SV_KZONE_LINEAR)
			return &rows->ptr[i];
	return NULL;
}

static int add_others(const struct sv_kernel_view *k, struct sv_region_rows *rows, size_t named)
{
	for (size_t i = 0; i < k->map.others.len; i++)
		if (add_mapping(k, rows, named, &k->map.others.ptr[i]))
			return -1;
	return 0;
}

static void add_linear(const struct sv_kernel_view *k, struct sv_region_rows *rows)
{
	struct sv_region_row *r = linear_row(rows);

	for (size_t i = 0; i < k->map.linear.len && r; i++) {
		const struct sv_linear_extent *x = &k->map.linear.ptr[i];

		if (x->alias == SV_ALIAS_RW || x->alias == SV_ALIAS_RO)
			add_to_linear(k, r, (x->pfn << k->pg.page_shift) + k->pg.delta, x->frames,
				x->alias == SV_ALIAS_RW, x->exec);
	}
}

/* Of what is only documented, a region that nothing is mapped in need not be there at all. */
static void drop_unused(struct sv_region_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->len; i++)
		if (rows->ptr[i].mapped || rows->ptr[i].basis == SV_BASIS_OBSERVED)
			rows->ptr[kept++] = rows->ptr[i];
	rows->len = kept;
}

int sv_measure_regions(const struct sv_kernel_view *k, struct sv_region_rows *ret)
{
	if (list_regions(k, ret) || add_others(k, ret, ret->len))
		return -1;
	add_linear(k, ret);
	drop_unused(ret);
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_start);
	return 0;
}
