// SPDX-License-Identifier: LGPL-2.1-or-later
#include "share.h"

#include <stdlib.h>
#include <string.h>

#include "iface/kpage.h"
#include "iface/maps.h"
#include "iface/pagemap.h"

/* ---- kinds ----------------------------------------------------------------------------------- */

const char *sv_share_kind_name(enum sv_share_kind kind)
{
	static const char *const names[] = { [SV_SHARE_READONLY] = "read-only",
		[SV_SHARE_COW] = "cow",
		[SV_SHARE_KSM] = "ksm",
		[SV_SHARE_OUTGOING] = "outgoing",
		[SV_SHARE_WRITABLE] = "writable" };

	return names[kind];
}

const char *sv_share_verdict(enum sv_share_kind kind, bool in_group)
{
	if (kind == SV_SHARE_WRITABLE)
		return in_group ? "bleeding" : "bleeding-outside";
	return kind == SV_SHARE_OUTGOING ? "outgoing" : "expected";
}

/* Writes go to the frame itself only through a shared mapping; a private one makes a copy. */
static bool may_write(const struct sv_vma *v)
{
	return (v->perms & SV_PERM_SHARED) && (v->perms & SV_PERM_WRITE);
}

static bool of_kernel(const struct sv_vma *v)
{
	return v->kind == SV_VMA_VDSO || v->kind == SV_VMA_VVAR || v->kind == SV_VMA_VSYSCALL;
}

enum sv_share_kind sv_share_kind_of(
	const struct sv_vma *own, const struct sv_vma *other, bool file, bool merged)
{
	if (may_write(other))
		return SV_SHARE_WRITABLE;
	if (may_write(own))
		return SV_SHARE_OUTGOING;
	if (!file && merged)
		return SV_SHARE_KSM;
	return !file || ((own->perms | other->perms) & SV_PERM_WRITE) ? SV_SHARE_COW
								      : SV_SHARE_READONLY;
}

/* ---- who maps which frame -------------------------------------------------------------------- */

static const struct sv_process *process_at(const safevma_observation *obs, size_t i)
{
	return i < obs->processes.len ? &obs->processes.ptr[i]
				      : &obs->share.others.ptr[i - obs->processes.len];
}

static size_t process_count(const safevma_observation *obs)
{
	return obs->processes.len + obs->share.others.len;
}

static bool named(const safevma_observation *obs, pid_t pid)
{
	for (size_t i = 0; i < obs->share.group.len; i++)
		if (obs->share.group.ptr[i] == pid)
			return true;
	return false;
}

bool sv_share_in_group(const safevma_observation *obs, const struct sv_process *q)
{
	for (size_t i = 0; i < process_count(obs); i++) {
		const struct sv_process *p = process_at(obs, i);

		if (sv_memory_id(p) == sv_memory_id(q) && (p->selected || named(obs, p->pid)))
			return true;
	}
	return false;
}

static int by_frame(const void *a, const void *b)
{
	const struct sv_sharer *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn > y->pfn ? 1 : -1;
	if (x->process != y->process)
		return x->process > y->process ? 1 : -1;
	return (x->page > y->page) - (x->page < y->page);
}

/* All processes map the page of zeros again and again: it belongs to nobody. */
static bool is_zero(const safevma_observation *obs, uint64_t pfn, size_t *near)
{
	const struct sv_frame_index *x = &obs->share.before.frames;
	size_t at = sv_frames_find(x, pfn, *near);

	if (at == SV_FRAMES_NONE)
		return false;
	*near = at;
	return sv_frames_class(x, at) == SV_CLASS_ZERO;
}

static int add_pages(const safevma_observation *obs, size_t number, struct sv_sharers *ret)
{
	const struct sv_process *p = process_at(obs, number);
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;
	size_t near = 0;

	while (sv_page_next(&w, &pg)) {
		struct sv_sharer *s;

		if (!sv_pagemap_has_pfn(pg.entry) || is_zero(obs, sv_pagemap_pfn(pg.entry), &near))
			continue;
		s = sv_vec_push(ret);
		if (!s)
			return -1;
		*s = (struct sv_sharer) { .pfn = sv_pagemap_pfn(pg.entry),
			.process = (uint32_t)number,
			.page = (uint32_t)pg.index };
	}
	return 0;
}

/*
 * Kernels from 6.10 to 7.1 show the flag of KSM for every anonymous frame: their test is met by any
 * of two bits. Where no frame is without it, it tells nothing.
 */
static bool ksm_tells(const struct sv_frame_index *x)
{
	for (size_t i = 0; i < x->len; i++) {
		struct sv_frame f = sv_frames_at(x, i);

		if (sv_frames_class(x, i) == SV_CLASS_ANON && !(f.flags & SV_KPF_KSM))
			return true;
	}
	return false;
}

int sv_sharers_init(const safevma_observation *obs, struct sv_sharers *ret)
{
	size_t all = process_count(obs);

	*ret = (struct sv_sharers) { .made = true,
		.ksm_tells = ksm_tells(&obs->share.before.frames),
		.in_group = calloc(all + 1, sizeof(bool)) };
	if (!ret->in_group)
		return -1;
	for (size_t i = 0; i < all; i++)
		ret->in_group[i] = sv_share_in_group(obs, process_at(obs, i));
	for (size_t i = 0; i < all; i++)
		if (i >= obs->processes.len || obs->processes.ptr[i].selected)
			if (add_pages(obs, i, ret))
				return -1;
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_frame);
	return 0;
}

void sv_sharers_fini(struct sv_sharers *s)
{
	sv_vec_fini(s);
	free(s->in_group);
	s->in_group = NULL;
	s->made = false;
}

/* Those of one frame: the first of them, *n how many. */
static const struct sv_sharer *sharers_of(const struct sv_sharers *s, uint64_t pfn, size_t *n)
{
	size_t lo = 0, hi = s->len, end;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->ptr[mid].pfn < pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (end = lo; end < s->len && s->ptr[end].pfn == pfn; end++)
		;
	*n = end - lo;
	return *n ? &s->ptr[lo] : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct walk {
	const safevma_observation *obs;
	const struct sv_sharers *sharers;
	const struct sv_process *p;
	struct sv_share_view *view;
	bool each;
	size_t first; /* row of the current VMA, and the one that grew last */
	size_t hint;
	size_t frame_near, before_near;
};

static const struct sv_vma *vma_of(const struct sv_process *p, size_t page)
{
	size_t lo = 0, hi = p->vmas.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct sv_vma *v = &p->vmas.ptr[mid];

		if (v->page + v->pages <= page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->vmas.len && p->vmas.ptr[lo].page <= page ? &p->vmas.ptr[lo] : NULL;
}

/* Does the pair go on in this row? The last row of the pair alone is asked. */
static bool same_pair(const struct sv_share_row *r, const struct sv_share_row *x)
{
	return r->vma == x->vma && r->other == x->other && r->other_vma == x->other_vma &&
	       r->kind == x->kind;
}

static bool goes_on(
	const struct walk *w, const struct sv_share_row *r, const struct sv_share_row *x)
{
	uint64_t size = w->p->pages.page_size;

	return !w->each || (r->vaddr + r->pages * size == x->vaddr &&
				   r->other_vaddr + r->pages * size == x->other_vaddr);
}

enum { STRETCHES = 1024 }; /* how many are looked through for the one that goes on */

/* Rows of one VMA come round in the same order with every page: the next one is tried first. */
static struct sv_share_row *find_row(struct walk *w, const struct sv_share_row *x)
{
	size_t n = w->view->rows.len - w->first;

	/* Stretches that ended lie far back: one that is not found there is only cut in two. */
	if (w->each && n > STRETCHES) {
		w->first += n - STRETCHES;
		n = STRETCHES;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = w->first + (w->hint + i) % n;
		struct sv_share_row *r = &w->view->rows.ptr[at];

		if (same_pair(r, x) && goes_on(w, r, x)) {
			w->hint = at - w->first + 1;
			return r;
		}
	}
	return NULL;
}

static int count_row(struct walk *w, const struct sv_share_row *x, bool changed)
{
	struct sv_share_row *r = find_row(w, x);

	if (!r) {
		r = sv_vec_push(&w->view->rows);
		if (!r)
			return -1;
		*r = *x;
		w->hint = w->view->rows.len - w->first;
	}
	r->pages++;
	r->changed += changed;
	return 0;
}

static bool observer(const safevma_observation *obs, pid_t pid)
{
	return pid == obs->observers[0] || pid == obs->observers[1];
}

/* What the page has with one other; the worst of all is the page's. */
static int with_other(struct walk *w, const struct sv_vma *v, const struct sv_page *pg,
	const struct sv_sharer *s, const struct sv_frame *frame, int *worst, bool *outside)
{
	const struct sv_process *q = process_at(w->obs, s->process);
	struct sv_page there = sv_pages_at(&q->pages, s->page);
	struct sv_share_row x = { .vma = v,
		.other_vma = vma_of(q, s->page),
		.other = q,
		.vaddr = pg->vaddr,
		.other_vaddr = there.vaddr,
		.pfn = s->pfn };

	if (sv_memory_id(q) == sv_memory_id(w->p) || observer(w->obs, q->pid) || !x.other_vma)
		return 0;
	x.kind = sv_share_kind_of(v, x.other_vma, pg->entry & SV_PAGEMAP_FILE,
		w->sharers->ksm_tells && (frame->known & SV_FRAME_FLAGS) &&
			(frame->flags & SV_KPF_KSM));
	x.in_group = w->sharers->in_group[s->process];
	if ((int)x.kind > *worst)
		*worst = (int)x.kind;
	*outside |= x.kind == SV_SHARE_WRITABLE && !x.in_group;
	return count_row(w, &x, pg->changed || there.changed || v->changed || x.other_vma->changed);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Page-table entries that were found: those of processes with one memory are one. */
static struct sv_num entries(const safevma_observation *obs, const struct sv_sharer *s, size_t n)
{
	uint64_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sv_process *q = process_at(obs, s[i].process);

		if (n > 1 && q->memory_doubt)
			return (struct sv_num) { 0 };
		found += !q->memory_of;
	}
	return sv_known(found);
}

static bool first_of(const struct walk *w, const struct sv_sharer *s, size_t n, size_t page)
{
	for (size_t i = 0; i < n; i++)
		if (process_at(w->obs, s[i].process) == w->p)
			return s[i].page == page;
	return false;
}

/*
 * Beyond: more entries map the frame than were found, before and after as many. Processes that have
 * huge pages of hugetlb in common can share the page table too, which is counted once.
 */
static void count_entries(struct walk *w, const struct sv_page *pg, const struct sv_frame *now,
	const struct sv_sharer *s, size_t n, bool shared)
{
	const struct sv_frame_index *x = &w->obs->share.before.frames;
	struct sv_share_sums *sums = &w->view->sums;
	struct sv_num found = entries(w->obs, s, n);
	size_t at = sv_frames_find(x, now->pfn, w->before_near);
	struct sv_frame before = { 0 };

	if (at != SV_FRAMES_NONE) {
		w->before_near = at;
		before = sv_frames_at(x, at);
	}
	if (!(now->known & SV_FRAME_COUNT) || !found.known) {
		sums->uncounted++;
		return;
	}
	if (!(before.known & SV_FRAME_COUNT) || before.count != now->count) {
		sums->changed += !pg->changed;
		return;
	}
	if (now->count > found.value && first_of(w, s, n, pg->index)) {
		sums->beyond++;
		sums->excess += now->count - found.value;
	}
	if (now->count < found.value && sv_class_of(now) != SV_CLASS_HUGETLB)
		sums->changed += !pg->changed;
	sums->alone += !shared && now->count <= found.value;
}

static void count_page(struct sv_share_sums *sums, int worst, bool outside)
{
	sums->shared += worst >= 0;
	if (worst == SV_SHARE_WRITABLE)
		sums->bleeding++;
	else if (worst == SV_SHARE_OUTGOING)
		sums->outgoing++;
	else if (worst >= 0)
		sums->expected++;
	sums->ksm.value += worst == SV_SHARE_KSM;
	sums->outside += outside;
}

static struct sv_frame frame_of(struct walk *w, const struct sv_page *pg, uint64_t pfn)
{
	size_t at = sv_frames_of_page(&w->p->frames, pg->index, pfn, w->frame_near);

	if (at == SV_FRAMES_NONE)
		return (struct sv_frame) { .pfn = pfn };
	w->frame_near = at;
	return sv_frames_at(&w->p->frames, at);
}

static int measure_page(struct walk *w, const struct sv_vma *v, const struct sv_page *pg)
{
	struct sv_share_sums *sums = &w->view->sums;
	const struct sv_sharer *s;
	struct sv_frame frame;
	bool outside = false;
	int worst = -1;
	size_t n;

	sums->present += sv_pagemap_present(pg->entry);
	sums->changed += pg->changed;
	if (of_kernel(v)) {
		sums->kernel += sv_pagemap_present(pg->entry);
		return 0;
	}
	if (!sv_pagemap_has_pfn(pg->entry)) {
		sums->hidden += sv_pagemap_present(pg->entry);
		return 0;
	}
	frame = frame_of(w, pg, sv_pagemap_pfn(pg->entry));
	if (sv_class_of(&frame) == SV_CLASS_ZERO) {
		sums->zero++;
		return 0;
	}
	s = sharers_of(w->sharers, sv_pagemap_pfn(pg->entry), &n);
	for (size_t i = 0; i < n; i++)
		if (with_other(w, v, pg, &s[i], &frame, &worst, &outside))
			return -1;
	count_page(sums, worst, outside);
	if (s)
		count_entries(w, pg, &frame, s, n, worst >= 0);
	return 0;
}

/* ---- a process ------------------------------------------------------------------------------- */

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_weight(const void *a, const void *b)
{
	const struct sv_share_row *x = a, *y = b;
	int c = order(y->kind, x->kind);

	c = c ? c : order(x->in_group, y->in_group);
	c = c ? c : order(x->vaddr, y->vaddr);
	c = c ? c : order((uint64_t)x->other->pid, (uint64_t)y->other->pid);
	return c ? c : order(x->other_vaddr, y->other_vaddr);
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int count_others(struct sv_share_view *view)
{
	sv_auto_free pid_t *pids = reallocarray(NULL, view->rows.len + 1, sizeof(*pids));
	size_t n = 0;

	if (!pids)
		return -1;
	for (size_t i = 0; i < view->rows.len; i++)
		pids[n++] = view->rows.ptr[i].other->pid;
	qsort(pids, n, sizeof(*pids), by_pid);
	for (size_t i = 0; i < n; i++)
		view->sums.others += !i || pids[i] != pids[i - 1];
	return 0;
}

int sv_measure_share(const safevma_observation *obs, const struct sv_sharers *sharers,
	const struct sv_process *p, bool each, struct sv_share_view *ret)
{
	struct walk w = { .obs = obs, .sharers = sharers, .p = p, .view = ret, .each = each };

	*ret = (struct sv_share_view) { .sums.ksm.known = sharers->ksm_tells };
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];
		struct sv_page_walk pages = sv_pages_walk(&p->pages, v->page, v->pages);
		struct sv_page pg;

		w.first = ret->rows.len;
		w.hint = 0;
		while (sv_page_next(&pages, &pg))
			if (measure_page(&w, v, &pg))
				return -1;
	}
	if (ret->rows.len)
		qsort(ret->rows.ptr, ret->rows.len, sizeof(*ret->rows.ptr), by_weight);
	return count_others(ret);
}

void sv_share_view_fini(struct sv_share_view *view)
{
	sv_vec_fini(&view->rows);
}

bool sv_share_known(const safevma_observation *obs, const struct sv_share_sums *sums)
{
	if (sums->hidden || sums->uncounted)
		return false;
	return sv_share_whole(&obs->share) || !sums->beyond;
}
