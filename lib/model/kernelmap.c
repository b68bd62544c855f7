// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernelmap.h"

const char *sv_alias_name(enum sv_alias alias)
{
	static const char *const names[] = { "unknown", "rw", "ro", "absent", "none" };

	return names[alias];
}

const char *sv_alias_why_text(enum sv_alias_why why)
{
	static const char *const texts[] = {
		[SV_ALIAS_WHY_NOTHING] = "",
		[SV_ALIAS_WHY_ZERO] = ("an empty entry for RAM: the kernel shows zeros where it "
				       "cannot read"),
		[SV_ALIAS_WHY_UNREAD] = "a page table on the way could not be read",
		[SV_ALIAS_WHY_MISMATCH] = "its entry names another frame",
		[SV_ALIAS_WHY_OUTSIDE] = ("outside of the linear map, or met only after the tables "
					  "were read"),
		[SV_ALIAS_WHY_CHANGED] = "two looks gave two answers",
		[SV_ALIAS_WHY_UNLISTED] = "not mapped, and no list of RAM holds it",
	};

	return texts[why];
}

const char *sv_kzone_name(enum sv_kzone zone)
{
	static const char *const names[SV_KZONE_COUNT] = {
		[SV_KZONE_UNNAMED] = "unnamed",
		[SV_KZONE_LINEAR] = "linear",
		[SV_KZONE_VMALLOC] = "vmalloc",
		[SV_KZONE_VMEMMAP] = "vmemmap",
		[SV_KZONE_MODULES] = "modules",
		[SV_KZONE_IMAGE] = "kernel-image",
		[SV_KZONE_FIXMAP] = "fixmap",
		[SV_KZONE_CPU_ENTRY] = "cpu-entry",
		[SV_KZONE_ESPFIX] = "espfix",
		[SV_KZONE_EFI] = "efi",
		[SV_KZONE_LDT] = "ldt",
		[SV_KZONE_KASAN] = "kasan-shadow",
		[SV_KZONE_PCI_IO] = "pci-io",
	};

	return names[zone];
}

void sv_kernelmap_fini(struct sv_kernelmap *map)
{
	sv_vec_fini(&map->linear);
	sv_vec_fini(&map->others);
	*map = (struct sv_kernelmap) { 0 };
}

static bool grows(const struct sv_linear_extent *last, const struct sv_linear_extent *x)
{
	return last->pfn + last->frames == x->pfn && last->alias == x->alias &&
	       last->why == x->why && last->exec == x->exec && last->leaf_shift == x->leaf_shift;
}

int sv_linear_extents_add(struct sv_linear_extents *list, const struct sv_linear_extent *x)
{
	struct sv_linear_extent *last = list->len ? &list->ptr[list->len - 1] : NULL;

	if (last && grows(last, x)) {
		last->frames += x->frames;
		return 0;
	}
	last = sv_vec_push(list);
	if (!last)
		return -1;
	*last = *x;
	return 0;
}

const struct sv_linear_extent *sv_kernelmap_find(const struct sv_kernelmap *map, uint64_t pfn)
{
	size_t lo = 0, hi = map->linear.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct sv_linear_extent *x = &map->linear.ptr[mid];

		if (pfn < x->pfn)
			hi = mid;
		else if (pfn - x->pfn >= x->frames)
			lo = mid + 1;
		else
			return x;
	}
	return NULL;
}

/* Mappings may overlap: one that holds the frame began at most others_span before it. */
static size_t first_candidate(const struct sv_kernelmap *map, uint64_t pfn)
{
	size_t lo = 0, hi = map->others.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (map->others.ptr[mid].pfn + map->others_span <= pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct sv_kmapping *sv_kernelmap_other(
	const struct sv_kernelmap *map, uint64_t pfn, size_t *at)
{
	size_t i = *at ? *at : first_candidate(map, pfn);

	for (; i < map->others.len && map->others.ptr[i].pfn <= pfn; i++) {
		const struct sv_kmapping *m = &map->others.ptr[i];

		if (pfn - m->pfn >= m->frames || m->zone == SV_KZONE_LINEAR)
			continue;
		*at = i + 1;
		return m;
	}
	*at = map->others.len + 1;
	return NULL;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* One list of extents while several are walked side by side. */
struct reader {
	const struct sv_linear_extents *list;
	size_t at;
};

/* Extent that holds pfn, or NULL; *until: the next frame where that may change. */
static const struct sv_linear_extent *extent_at(struct reader *r, uint64_t pfn, uint64_t *until)
{
	const struct sv_linear_extent *x;

	while (r->at < r->list->len && r->list->ptr[r->at].pfn + r->list->ptr[r->at].frames <= pfn)
		r->at++;
	if (r->at == r->list->len)
		return NULL;
	x = &r->list->ptr[r->at];
	if (pfn < x->pfn) {
		*until = x->pfn < *until ? x->pfn : *until;
		return NULL;
	}
	*until = x->pfn + x->frames < *until ? x->pfn + x->frames : *until;
	return x;
}

static bool decided(const struct sv_linear_extent *x)
{
	return x && x->alias != SV_ALIAS_UNKNOWN;
}

/* An empty entry and a removed one are the same to a dump: neither is mapped. */
static bool same_answer(const struct sv_linear_extent *a, const struct sv_linear_extent *b)
{
	bool a_gone = a->alias == SV_ALIAS_ABSENT || a->alias == SV_ALIAS_NONE;
	bool b_gone = b->alias == SV_ALIAS_ABSENT || b->alias == SV_ALIAS_NONE;

	if (a_gone || b_gone)
		return a_gone && b_gone;
	return a->alias == b->alias && a->exec == b->exec;
}

static int add_doubted(struct sv_linear_extents *to, const struct sv_linear_extent *like,
	uint64_t pfn, uint64_t frames, bool doubted)
{
	struct sv_linear_extent *x = sv_vec_push(to);

	if (!x)
		return -1;
	*x = *like;
	if (doubted)
		*x = (struct sv_linear_extent) { .why = SV_ALIAS_WHY_CHANGED };
	x->pfn = pfn;
	x->frames = frames;
	return 0;
}

int sv_kernelmap_doubt(struct sv_kernelmap *map, const struct sv_kernelmap *second)
{
	struct sv_linear_extents kept = { 0 };
	struct reader other = { &second->linear, 0 };

	for (size_t i = 0; i < map->linear.len; i++) {
		const struct sv_linear_extent *x = &map->linear.ptr[i];
		uint64_t end = x->pfn + x->frames, until;

		for (uint64_t pfn = x->pfn; pfn < end; pfn = until) {
			const struct sv_linear_extent *y;

			until = end;
			y = extent_at(&other, pfn, &until);
			if (add_doubted(&kept, x, pfn, until - pfn,
				    decided(x) && !(decided(y) && same_answer(x, y)))) {
				sv_vec_fini(&kept);
				return -1;
			}
		}
	}
	sv_vec_fini(&map->linear);
	map->linear = kept;
	return 0;
}

static int add_where(struct sv_comparison *c, uint64_t pfn, uint64_t frames)
{
	struct sv_frame_range *last = c->where.len ? &c->where.ptr[c->where.len - 1] : NULL;

	c->differ += frames;
	if (last && last->first + last->count == pfn) {
		last->count += frames;
		return 0;
	}
	last = sv_vec_push(&c->where);
	if (!last)
		return -1;
	*last = (struct sv_frame_range) { pfn, frames };
	return 0;
}

static int compare_stretch(struct sv_comparison *ret, const struct sv_linear_extent *before,
	const struct sv_linear_extent *between, const struct sv_linear_extent *after, uint64_t pfn,
	uint64_t frames)
{
	if (!decided(before) || !decided(between) || !decided(after)) {
		ret->undecided += frames;
		return 0;
	}
	if (!same_answer(before, after)) {
		ret->changed += frames;
		return 0;
	}
	ret->frames += frames;
	return same_answer(between, after) ? 0 : add_where(ret, pfn, frames);
}

void sv_comparison_fini(struct sv_comparison *c)
{
	sv_vec_fini(&c->where);
}

int sv_kernelmap_compare(const struct sv_kernelmap *before, const struct sv_kernelmap *between,
	const struct sv_kernelmap *after, struct sv_comparison *ret)
{
	struct reader a = { &before->linear, 0 }, b = { &between->linear, 0 },
		      c = { &after->linear, 0 };
	const struct sv_linear_extents *l = &before->linear;
	uint64_t end = l->len ? l->ptr[l->len - 1].pfn + l->ptr[l->len - 1].frames : 0;

	*ret = (struct sv_comparison) { .made = true };
	for (uint64_t pfn = l->len ? l->ptr[0].pfn : 0, until; pfn < end; pfn = until) {
		const struct sv_linear_extent *x, *y, *z;

		until = end;
		x = extent_at(&a, pfn, &until);
		y = extent_at(&b, pfn, &until);
		z = extent_at(&c, pfn, &until);
		if (!x && !y && !z)
			continue; /* asked of nobody */
		if (compare_stretch(ret, x, y, z, pfn, until - pfn))
			return -1;
	}
	return 0;
}
