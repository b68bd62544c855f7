// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frames by number: slots of sixteen bytes, and what was read once for all that share it. */
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "frame.h"

enum { FIRST_BUCKETS = 256 };

void sv_frames_fini(struct sv_frame_index *x)
{
	free(x->ptr);
	free(x->sorts.ptr);
	free(x->buckets);
	free(x->of_page);
	*x = (struct sv_frame_index) { 0 };
}

/* ---- sorts ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t hash(const struct sv_frame_sort *s)
{
	return mix(mix(mix(mix(mix(0, s->flags), s->head_flags), s->count), s->cgroup), s->known);
}

static bool same(const struct sv_frame_sort *a, const struct sv_frame_sort *b)
{
	return a->flags == b->flags && a->count == b->count && a->cgroup == b->cgroup &&
	       a->head_flags == b->head_flags && a->known == b->known;
}

static uint32_t *bucket_of(const struct sv_frame_index *x, const struct sv_frame_sort *s)
{
	size_t at = (size_t)(hash(s) & (x->buckets_len - 1));

	while (x->buckets[at] && !same(&x->sorts.ptr[x->buckets[at] - 1], s))
		at = (at + 1) & (x->buckets_len - 1);
	return &x->buckets[at];
}

/* Never more than half full. */
static int grow_buckets(struct sv_frame_index *x)
{
	size_t n = x->buckets_len ? x->buckets_len * 2 : FIRST_BUCKETS;
	uint32_t *buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return -1;
	free(x->buckets);
	x->buckets = buckets;
	x->buckets_len = n;
	for (size_t i = 0; i < x->sorts.len; i++)
		*bucket_of(x, &x->sorts.ptr[i]) = (uint32_t)i + 1;
	return 0;
}

static int new_sort(struct sv_frame_index *x, const struct sv_frame *f, struct sv_frame_sort *s)
{
	struct sv_frame_sort *slot;

	if (x->sorts.len >= UINT32_MAX - 1 ||
		(x->sorts.len * 2 >= x->buckets_len && grow_buckets(x)))
		return -1;
	slot = sv_vec_push(&x->sorts);
	if (!slot)
		return -1;
	s->class = sv_class_of(f);
	*slot = *s;
	*bucket_of(x, s) = (uint32_t)x->sorts.len;
	return 0;
}

/* Neighbouring frames are mostly alike: the last sort is tried first. */
static int find_sort(struct sv_frame_index *x, const struct sv_frame *f, uint32_t *ret)
{
	struct sv_frame_sort s = { .flags = f->flags,
		.head_flags = f->head_flags,
		.count = f->count,
		.cgroup = f->cgroup,
		.known = f->known & ~(unsigned int)SV_FRAME_AROUND };

	if (!x->sorts.len || !same(&x->sorts.ptr[x->last], &s)) {
		uint32_t at = x->buckets_len ? *bucket_of(x, &s) : 0;

		if (!at && new_sort(x, f, &s))
			return -1;
		x->last = at ? at - 1 : (uint32_t)x->sorts.len - 1;
	}
	*ret = x->last;
	return 0;
}

/* ---- slots ----------------------------------------------------------------------------------- */

/* The numbers lie in the upper half of the slots that they will become. */
uint64_t *sv_frames_room(struct sv_frame_index *x, size_t n)
{
	*x = (struct sv_frame_index) { 0 };
	x->ptr = reallocarray(NULL, n ? n : 1, sizeof(*x->ptr));
	x->room = n;
	return x->ptr ? (uint64_t *)x->ptr + n : NULL;
}

/* A slot never reaches beyond the number that it is made from. */
static int settle(struct sv_frame_index *x, size_t n, unsigned int bits)
{
	const struct sv_frame nothing = { 0 };
	uint64_t *numbers = (uint64_t *)x->ptr + x->room;
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint32_t sort;
	size_t out = 0;

	if (find_sort(x, &nothing, &sort))
		return -1;
	sv_sort_u64(numbers, n, bits, (uint64_t *)x->ptr);
	for (size_t i = 0; i < n; i++) {
		uint64_t pfn = numbers[i] >> bits, page = numbers[i] & mask;

		if (!out || x->ptr[out - 1].pfn != pfn)
			x->ptr[out++] = (struct sv_frame_slot) { .pfn = pfn, .sort = sort };
		if (page < x->pages)
			x->of_page[page] = (uint32_t)(out - 1);
	}
	x->len = out;
	return 0;
}

int sv_frames_settle(struct sv_frame_index *x, size_t n)
{
	return settle(x, n, 0);
}

int sv_frames_settle_pages(struct sv_frame_index *x, size_t n, unsigned int bits, size_t pages)
{
	x->of_page = reallocarray(NULL, pages ? pages : 1, sizeof(*x->of_page));
	if (!x->of_page)
		return -1;
	memset(x->of_page, 0xff, pages * sizeof(*x->of_page));
	x->pages = pages;
	return settle(x, n, bits);
}

_Static_assert(SV_CLASS_COUNT <= 16, "two classes in a byte");

int sv_frames_set(struct sv_frame_index *x, size_t at, const struct sv_frame *f)
{
	struct sv_frame_slot *slot = &x->ptr[at];
	bool around = f->known & SV_FRAME_AROUND;

	if (find_sort(x, f, &slot->sort))
		return -1;
	slot->beside = (uint8_t)(f->below | f->above << 4);
	slot->around = (uint8_t)(around ? 1 + f->mixed : 0);
	slot->distance = f->distance > UINT16_MAX ? 0 : (uint16_t)f->distance;
	return 0;
}

/* First slot of [lo, hi) whose number is not below pfn, or hi. */
static size_t search(const struct sv_frame_index *x, size_t lo, size_t hi, uint64_t pfn)
{
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->ptr[mid].pfn < pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t sv_frames_from(const struct sv_frame_index *x, uint64_t pfn)
{
	return search(x, 0, x->len, pfn);
}

/* In steps that double away from near: pages that follow each other have frames not far apart. */
static size_t gallop(const struct sv_frame_index *x, uint64_t pfn, size_t near)
{
	size_t step = 1, from = near;

	if (x->ptr[near].pfn < pfn) {
		while (x->len - from > step && x->ptr[from + step].pfn < pfn) {
			from += step;
			step *= 2;
		}
		return search(x, from + 1, x->len - from > step ? from + step + 1 : x->len, pfn);
	}
	while (from > step && x->ptr[from - step].pfn >= pfn) {
		from -= step;
		step *= 2;
	}
	return search(x, from > step ? from - step : 0, from + 1, pfn);
}

size_t sv_frames_find(const struct sv_frame_index *x, uint64_t pfn, size_t near)
{
	size_t at = near + 1;

	if (at < x->len && x->ptr[at].pfn == pfn)
		return at;
	at = near < x->len ? gallop(x, pfn, near) : sv_frames_from(x, pfn);
	return at < x->len && x->ptr[at].pfn == pfn ? at : SV_FRAMES_NONE;
}

/* ---- together -------------------------------------------------------------------------------- */

static size_t count_new(const struct sv_frame_index *x, const struct sv_frame_index *fresh)
{
	size_t n = 0, near = 0;

	for (size_t i = 0; i < fresh->len; i++) {
		size_t at = sv_frames_find(x, fresh->ptr[i].pfn, near);

		n += at == SV_FRAMES_NONE;
		near = at == SV_FRAMES_NONE ? near : at;
	}
	return n;
}

/* Room for the new numbers, in order; from the end, so that nothing is overwritten unread. */
static int make_room(struct sv_frame_index *x, const struct sv_frame_index *fresh, size_t more)
{
	struct sv_frame_slot *grown = reallocarray(x->ptr, x->len + more, sizeof(*grown));
	size_t i = x->len, k = fresh->len, out = x->len + more;

	if (!grown)
		return -1;
	x->ptr = grown;
	while (k) {
		uint64_t pfn = fresh->ptr[k - 1].pfn;

		if (i && grown[i - 1].pfn >= pfn) {
			k -= grown[i - 1].pfn == pfn;
			grown[--out] = grown[--i];
		} else {
			grown[--out] = (struct sv_frame_slot) { .pfn = pfn };
			k--;
		}
	}
	x->len += more;
	return 0;
}

int sv_frames_adopt(struct sv_frame_index *x, const struct sv_frame_index *fresh)
{
	size_t more = count_new(x, fresh), near = 0;

	if (more && make_room(x, fresh, more))
		return -1;
	for (size_t i = 0; i < fresh->len; i++) {
		struct sv_frame f = sv_frames_at(fresh, i), old;

		near = sv_frames_find(x, f.pfn, near);
		old = sv_frames_at(x, near);
		if (!(f.known & SV_FRAME_AROUND)) {
			f.known |= old.known & SV_FRAME_AROUND;
			f.distance = old.distance;
			f.mixed = old.mixed;
		}
		if (sv_frames_set(x, near, &f))
			return -1;
	}
	return 0;
}
