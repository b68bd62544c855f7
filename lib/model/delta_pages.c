// SPDX-License-Identifier: LGPL-2.1-or-later
#include "delta.h"

#include "iface/maps.h"
#include "iface/pagemap.h"

/* The kinds of change that pages have, each with a run that the next page may go on with. */
struct run {
	bool open;
	struct sv_change change;
	uint64_t next; /* address behind it */
};

struct compare {
	const struct sv_delta *d;
	const struct sv_vma *before, *after; /* the VMAs of this stretch */
	uint64_t page_size;
	struct run runs[SV_CHANGE_COUNT];
	size_t told[SV_CHANGE_COUNT];
	struct sv_change rest[SV_CHANGE_COUNT];
	size_t near_before, near_after; /* slots of the last frames looked up */
};

static int tell(struct compare *k, struct sv_change *c)
{
	size_t kind = c->kind;

	if (k->told[kind] < SV_DELTA_RUNS) {
		k->told[kind]++;
		return k->d->emit(k->d->arg, c, k->after->path);
	}
	if (!k->rest[kind].more) {
		k->rest[kind] = *c;
		k->rest[kind].more = true;
		k->rest[kind].before = k->rest[kind].after = (struct sv_num) { 0 };
	} else {
		k->rest[kind].pages.value += c->pages.value;
		k->rest[kind].end = c->end;
	}
	return 0;
}

static bool follows(struct sv_num a, struct sv_num b, uint64_t pages)
{
	return a.known == b.known && (!a.known || b.value == a.value + pages);
}

static bool equal(struct sv_num a, struct sv_num b)
{
	return a.known == b.known && a.value == b.value;
}

/* Of what moved it is told from where to where; of the rest the frame of the first page. */
static bool joins(const struct run *r, const struct sv_change *c)
{
	const struct sv_change *o = &r->change;

	if (!r->open || r->next != c->start || o->word != c->word)
		return false;
	if (c->kind == SV_CHANGE_PAGE_MOVED)
		return follows(o->before, c->before, o->pages.value) &&
		       follows(o->after, c->after, o->pages.value);
	return c->kind != SV_CHANGE_NEIGHBOUR ||
	       (equal(o->before, c->before) && equal(o->after, c->after));
}

static int put(struct compare *k, enum sv_change_kind kind, uint64_t vaddr, struct sv_num before,
	struct sv_num after, const char *word)
{
	struct run *r = &k->runs[kind];
	struct sv_change c = { .kind = kind,
		.start = vaddr,
		.end = vaddr + k->page_size,
		.pages = sv_known(1),
		.before = before,
		.after = after,
		.word = word,
		.of_vma = true,
		.kind_of_vma = k->after->kind };

	if (joins(r, &c)) {
		r->change.pages.value++;
		r->change.end = r->next = c.end;
		return 0;
	}
	if (r->open && tell(k, &r->change))
		return -1;
	*r = (struct run) { .open = true, .change = c, .next = c.end };
	return 0;
}

static int finish(struct compare *k)
{
	for (size_t i = 0; i < SV_CHANGE_COUNT; i++) {
		if (k->runs[i].open && tell(k, &k->runs[i].change))
			return -1;
		if (k->rest[i].more && k->d->emit(k->d->arg, &k->rest[i], k->after->path))
			return -1;
	}
	return 0;
}

static struct sv_num pfn_of(const struct sv_page *pg)
{
	return sv_pagemap_has_pfn(pg->entry) ? sv_known(sv_pagemap_pfn(pg->entry))
					     : (struct sv_num) { 0 };
}

/* What is known of the frame of a page; false: nothing. */
static bool frame_of(
	const struct sv_process *p, const struct sv_page *pg, size_t *near, struct sv_frame *ret)
{
	size_t at = SV_FRAMES_NONE;

	if (sv_pagemap_has_pfn(pg->entry) && !pg->changed)
		at = sv_frames_of_page(&p->frames, pg->index, sv_pagemap_pfn(pg->entry), *near);
	if (at == SV_FRAMES_NONE)
		return false;
	*near = at;
	*ret = sv_frames_at(&p->frames, at);
	return ret->known & SV_FRAME_FLAGS;
}

/* No LRU page, so never locked by a flag of its own: the pool of huge pages, the zero page. */
static bool tells_lock(const struct sv_frame *f)
{
	return !(f->known & SV_FRAME_HEADLESS) || sv_frame_mlocked(f);
}

static const char *lost_word(uint64_t entry)
{
	if (sv_pagemap_empty(entry))
		return "absent";
	return entry & SV_PAGEMAP_GUARD ? "guard" : "swap or migration";
}

static bool private_writable(const struct sv_vma *v)
{
	return (v->perms & SV_PERM_WRITE) && !(v->perms & SV_PERM_SHARED);
}

static bool strong(enum sv_class class)
{
	return sv_class_info(class)->source == SV_SOURCE_STRONG;
}

/* Not told where it was not known before: a neighbour that was not read may have been there. */
static int compare_neighbour(
	struct compare *k, uint64_t vaddr, enum sv_class before, enum sv_class after, bool below)
{
	if (before == SV_CLASS_UNKNOWN || strong(before) || !strong(after))
		return 0;
	return put(k, SV_CHANGE_NEIGHBOUR, vaddr, sv_known(before), sv_known(after),
		below ? "below" : "above");
}

/* The same frame in both looks. */
static int compare_frames(struct compare *k, const struct sv_page *was, const struct sv_page *is)
{
	struct sv_frame b, a;

	if (!frame_of(k->d->before, was, &k->near_before, &b) ||
		!frame_of(k->d->after, is, &k->near_after, &a))
		return 0;
	if (sv_frame_mlocked(&b) && tells_lock(&a) && !sv_frame_mlocked(&a) &&
		put(k, SV_CHANGE_LOCK_LOST, is->vaddr, pfn_of(was), pfn_of(is), NULL))
		return -1;
	return compare_neighbour(k, is->vaddr, b.below, a.below, true) ||
			       compare_neighbour(k, is->vaddr, b.above, a.above, false)
		       ? -1
		       : 0;
}

/* Must stay where it is: reclaim leaves it alone, or mlock holds the frame that it had. */
static bool was_locked(struct compare *k, const struct sv_page *was)
{
	struct sv_num kept = sv_vma_kept(k->before);
	struct sv_frame f;

	if (kept.known && kept.value)
		return true;
	return frame_of(k->d->before, was, &k->near_before, &f) && sv_frame_mlocked(&f);
}

static bool was_zero(struct compare *k, const struct sv_page *was)
{
	struct sv_frame f;

	return frame_of(k->d->before, was, &k->near_before, &f) && sv_class_of(&f) == SV_CLASS_ZERO;
}

/* It was shared: what lies there now is the copy that a write made. */
static bool was_pending(const struct compare *k, const struct sv_page *was)
{
	return private_writable(k->before) && !(was->entry & SV_PAGEMAP_EXCLUSIVE);
}

static int compare_moved(struct compare *k, const struct sv_page *was, const struct sv_page *is)
{
	if (was_zero(k, was))
		return put(k, SV_CHANGE_PAGE_ADDED, is->vaddr, pfn_of(was), pfn_of(is),
			"was the zero page");
	if (!was_locked(k, was))
		return 0;
	return put(k, SV_CHANGE_PAGE_MOVED, is->vaddr, pfn_of(was), pfn_of(is),
		was_pending(k, was) ? "copied on write" : NULL);
}

static int compare_present(struct compare *k, const struct sv_page *was, const struct sv_page *is)
{
	struct sv_num before = pfn_of(was), after = pfn_of(is);

	if (before.known && after.known && before.value != after.value)
		return compare_moved(k, was, is);
	if ((was->entry & SV_PAGEMAP_EXCLUSIVE) && !(is->entry & SV_PAGEMAP_EXCLUSIVE) &&
		private_writable(k->after) &&
		put(k, SV_CHANGE_COW_PENDING, is->vaddr, before, after, NULL))
		return -1;
	return before.known && after.known ? compare_frames(k, was, is) : 0;
}

/* was or is: NULL where a look had nothing at the address. */
static int compare_page(struct compare *k, const struct sv_page *was, const struct sv_page *is)
{
	bool before = was && sv_pagemap_present(was->entry);
	bool after = is && sv_pagemap_present(is->entry);
	struct sv_num none = { 0 };

	if (before && after)
		return compare_present(k, was, is);
	if (before)
		return put(k, SV_CHANGE_PAGE_LOST, was->vaddr, pfn_of(was), none,
			lost_word(is ? is->entry : 0));
	if (after)
		return put(k, SV_CHANGE_PAGE_ADDED, is->vaddr, none, pfn_of(is), NULL);
	return 0;
}

static struct sv_page_walk within(const struct sv_process *p, uint64_t start, uint64_t end)
{
	size_t first = sv_pages_from(&p->pages, start);

	return sv_pages_walk(&p->pages, first, sv_pages_from(&p->pages, end) - first);
}

/* Pages of [start, end), which lies in one VMA of each look. */
static int compare_stretch(struct compare *k, uint64_t start, uint64_t end)
{
	struct sv_page_walk bw = within(k->d->before, start, end);
	struct sv_page_walk aw = within(k->d->after, start, end);
	struct sv_page was, is;
	bool b = sv_page_next(&bw, &was), a = sv_page_next(&aw, &is);

	while (b || a) {
		bool take_b = b && (!a || was.vaddr <= is.vaddr);
		bool take_a = a && (!b || is.vaddr <= was.vaddr);

		if (compare_page(k, take_b ? &was : NULL, take_a ? &is : NULL))
			return -1;
		if (take_b)
			b = sv_page_next(&bw, &was);
		if (take_a)
			a = sv_page_next(&aw, &is);
	}
	return finish(k);
}

int sv_delta_pages(const struct sv_delta *d)
{
	size_t b = 0, a = 0;

	while (b < d->before->vmas.len && a < d->after->vmas.len) {
		const struct sv_vma *v = &d->before->vmas.ptr[b], *w = &d->after->vmas.ptr[a];
		uint64_t start = v->start > w->start ? v->start : w->start;
		uint64_t end = v->end < w->end ? v->end : w->end;
		struct compare k = { .d = d,
			.before = v,
			.after = w,
			.page_size = d->after->pages.page_size ? d->after->pages.page_size
							       : d->before->pages.page_size };

		if (start < end && v->pages_read && w->pages_read && sv_vma_same_backing(v, w) &&
			compare_stretch(&k, start, end))
			return -1;
		if (v->end <= w->end)
			b++;
		if (w->end <= v->end)
			a++;
	}
	return 0;
}
