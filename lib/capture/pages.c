// SPDX-License-Identifier: LGPL-2.1-or-later
/* pagemap: which pages are there. Nothing proportional to reserved address space is read. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/pagemap.h"

enum {
	/* A read walks the page tables under the target's mmap lock: this many pages at a time. */
	PAGES_PER_READ = 512,
	/* VMAs up to this many pages are read whole, larger ones where PAGEMAP_SCAN finds pages. */
	PAGES_READ_WHOLE = 2048,
};

/* Without PAGEMAP_SCAN, larger mappings would take minutes and the lock with them. */
static const uint64_t pages_at_most = UINT64_C(1) << 24;

static int add_range(struct sv_process *p, uint64_t start, uint64_t end, struct safevma_error *err)
{
	struct sv_range *last = p->ranges.len ? &p->ranges.ptr[p->ranges.len - 1] : NULL;

	if (last && last->end == start) {
		last->end = end;
		return 0;
	}
	last = sv_vec_push(&p->ranges);
	if (!last)
		return sv_error_nomem(err);
	*last = (struct sv_range) { .start = start, .end = end };
	return 0;
}

static int add_regions(
	struct sv_process *p, const struct sv_strbuf *found, struct safevma_error *err)
{
	struct sv_region r;

	for (size_t at = 0; at + sizeof(r) <= found->len; at += sizeof(r)) {
		memcpy(&r, found->ptr + at, sizeof(r));
		if (add_range(p, r.start, r.end, err))
			return -1;
	}
	return 0;
}

static int too_large(
	struct sv_capture *c, struct sv_process *p, struct sv_vma *v, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"a mapping of %llu GiB can be read in useful time only with PAGEMAP_SCAN (Linux "
		"6.7)",
		(unsigned long long)(v->end - v->start) >> 30);
	return sv_gap_add(c->obs, SV_IFACE_PAGEMAP, p->pid, &why, true, err);
}

static int scan_vma(struct sv_capture *c, struct sv_process *p, struct sv_file *f, struct sv_vma *v,
	struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_SCAN, .file = f, .start = v->start, .end = v->end };
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &found, &why, err);

	if (rc < 0)
		return -1;
	if (!rc)
		return sv_gap_add(c->obs, SV_IFACE_PAGEMAP, p->pid, &why, true, err);
	v->pages_read = true;
	return add_regions(p, &found, err);
}

static int plan_vma(struct sv_capture *c, struct sv_process *p, struct sv_file *f, struct sv_vma *v,
	struct safevma_error *err)
{
	uint64_t pages = (v->end - v->start) / c->obs->host.page_size;

	if (v->kind == SV_VMA_VSYSCALL || v->kind == SV_VMA_DEVICE) {
		v->pages_read = true; /* pagemap has nothing to say of them */
		return 0;
	}
	if (pages > PAGES_READ_WHOLE && c->obs->features.pagemap_scan == 1)
		return scan_vma(c, p, f, v, err);
	if (pages > pages_at_most)
		return too_large(c, p, v, err);
	v->pages_read = true;
	return add_range(p, v->start, v->end, err);
}

/*
 * Words of [start, end) into buf. Fewer than asked for is an end of the address space or of the
 * process: said as an error, never taken for empty pages. 1, 0 with *why, -1.
 */
static int read_words(struct sv_capture *c, struct sv_file *f, uint64_t start, uint64_t end,
	uint64_t *buf, struct safevma_error *why, struct safevma_error *err)
{
	uint64_t page = c->obs->host.page_size;
	size_t want = (size_t)((end - start) / page) * sizeof(*buf), have = 0, got;

	memset(why, 0, sizeof(*why));
	while (have < want) {
		if (sv_file_read(f, (char *)buf + have, want - have,
			    start / page * sizeof(*buf) + have, &got, why)) {
			if (!sv_error_fatal(why))
				return 0;
			*err = *why;
			return -1;
		}
		if (!got) {
			sv_error_set(why, SAFEVMA_E_CHANGED, 0, f->path, 0,
				"ended before the mapping did: the process ended or called exec");
			return 0;
		}
		have += got;
	}
	return 1;
}

/* What is done with the words of [start, start + n pages). */
typedef int (*words_fn)(struct sv_process *p, uint64_t start, uint64_t page_size,
	const uint64_t *words, size_t n, void *arg, struct safevma_error *err);

/* Where frames were asked for by number, the pages that map them are kept and no others. */
static bool asked_for(const struct sv_capture *c, uint64_t entry, size_t *near)
{
	size_t at;

	if (!sv_pagemap_present(entry))
		return false;
	if (c->wanted) {
		at = sv_frames_find(c->wanted, sv_pagemap_pfn(entry), *near);
		*near = at == SV_FRAMES_NONE ? *near : at;
		return at != SV_FRAMES_NONE && sv_frames_class(c->wanted, at) != SV_CLASS_ZERO;
	}
	return !sv_pagemap_has_pfn(entry) || /* hidden: it may be one of them */
	       sv_pagemap_pfn(entry) - c->request->first_pfn < c->request->pfns;
}

/* Not all pages are kept. */
static bool some_pages(const struct sv_capture *c)
{
	return c->wanted || (c->obs->needs & SAFEVMA_NEED_OWNERS);
}

static int keep_words(struct sv_process *p, uint64_t start, uint64_t page_size,
	const uint64_t *words, size_t n, void *arg, struct safevma_error *err)
{
	const struct sv_capture *c = arg;
	bool some = some_pages(c);
	size_t near = 0;

	for (size_t i = 0; i < n; i++) {
		struct sv_page pg = { .vaddr = start + i * page_size, .entry = words[i] };

		if (sv_pagemap_empty(words[i]) || (some && !asked_for(c, words[i], &near)))
			continue;
		if (sv_pages_add(&p->pages, page_size, &pg))
			return sv_error_nomem(err);
	}
	return 0;
}

/* All of p's ranges. 1, 0 with *why, -1. */
static int read_ranges(struct sv_capture *c, struct sv_process *p, struct sv_file *f, words_fn fn,
	void *arg, struct safevma_error *why, struct safevma_error *err)
{
	uint64_t words[PAGES_PER_READ], page = c->obs->host.page_size, span = page * PAGES_PER_READ;

	for (size_t i = 0; i < p->ranges.len; i++) {
		uint64_t at = p->ranges.ptr[i].start, end = p->ranges.ptr[i].end;

		while (at < end) {
			/* Up to the next multiple: a read then stays within one table. */
			uint64_t to = (at / span + 1) * span;
			int rc;

			to = to < end ? to : end;
			rc = read_words(c, f, at, to, words, why, err);
			if (rc <= 0)
				return rc;
			if (fn(p, at, page, words, (size_t)((to - at) / page), arg, err))
				return -1;
			at = to;
		}
	}
	return 1;
}

/* Which pages belong to which VMA: both are in order of address. */
static void assign_pages(struct sv_process *p)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		struct sv_vma *v = &p->vmas.ptr[i];

		v->page = sv_pages_from(&p->pages, v->start);
		v->pages = sv_pages_from(&p->pages, v->end) - v->page;
	}
}

static int pages_gap(struct sv_capture *c, struct sv_process *p, const struct safevma_error *why,
	struct safevma_error *err)
{
	for (size_t i = 0; i < p->vmas.len; i++)
		p->vmas.ptr[i].pages_read = false;
	sv_pages_fini(&p->pages);
	assign_pages(p);
	if (sv_is_gone(why)) /* the look that follows tells that it ended */
		return 0;
	return sv_gap_add(c->obs, SV_IFACE_PAGEMAP, p->pid, why, true, err);
}

static bool some_hidden(const struct sv_process *p)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;

	while (sv_page_next(&w, &pg))
		if (sv_pagemap_present(pg.entry) && !sv_pagemap_has_pfn(pg.entry))
			return true;
	return false;
}

static int hidden_gap(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	bool frames = c->obs->needs & SAFEVMA_NEED_FRAMES;
	struct safevma_error why;

	/* Whoever follows faults asks which pages are there, and not where. */
	if (((c->obs->needs & SAFEVMA_NEED_FAULTS) && !frames) || !some_hidden(p))
		return 0;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, NULL, 0,
		"the kernel hides frame numbers: the reader lacks CAP_SYS_ADMIN in the initial "
		"user namespace");
	return sv_gap_add_cost(c->obs, SV_IFACE_PAGEMAP, p->pid, &why, true,
		"class, reach, neighbours and mapcount of every frame", err);
}

/* The second look is at the pages that were kept. */
static int keep_ranges(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;

	p->ranges.len = 0;
	while (sv_page_next(&w, &pg))
		if (add_range(p, pg.vaddr, pg.vaddr + c->obs->host.page_size, err))
			return -1;
	return 0;
}

int sv_capture_pages(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = p->pid, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	int rc;

	if (sv_root_open(c->root, &place, &f, &why))
		return sv_error_fatal(&why) ? sv_error_pass(err, &why) : pages_gap(c, p, &why, err);
	for (size_t i = 0; i < p->vmas.len; i++)
		if (plan_vma(c, p, f, &p->vmas.ptr[i], err))
			return -1;
	rc = read_ranges(c, p, f, keep_words, c, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return pages_gap(c, p, &why, err);
	assign_pages(p);
	if (some_pages(c) && keep_ranges(c, p, err))
		return -1;
	return hidden_gap(c, p, err);
}

/* ---- the second look ------------------------------------------------------------------------- */

/* Reclaim and others touch these without the page being another one. */
static bool same_entry(uint64_t a, uint64_t b)
{
	return ((a ^ b) & ~SV_PAGEMAP_SOFTDIRTY) == 0;
}

/* What the second look has otherwise than the first. */
struct changes {
	struct sv_page *ptr;
	size_t len, cap;
	size_t at;    /* first page of the first look that was not met yet */
	size_t same;  /* of the list: gone before, and gone still */
	bool rebuild; /* pages that the first look did not have, or that nobody needs any more */
};

static int note_change(
	struct changes *k, uint64_t vaddr, uint64_t entry, bool changed, struct safevma_error *err)
{
	struct sv_page *pg = sv_vec_push(k);

	if (!pg)
		return sv_error_nomem(err);
	*pg = (struct sv_page) { .vaddr = vaddr, .entry = entry, .changed = changed };
	return 0;
}

/* A page that is there now, beside what the first look had at its address. */
static int compare_page(struct sv_process *p, struct changes *k, uint64_t vaddr, uint64_t word,
	const struct sv_page *before, struct safevma_error *err)
{
	bool there = before && before->vaddr == vaddr;
	bool empty = sv_pagemap_empty(word);

	k->at += there;
	if (!there && empty)
		return 0;
	if (there && empty && sv_pagemap_empty(before->entry)) {
		k->rebuild = true;
		k->same++;
		return note_change(k, vaddr, 0, false, err);
	}
	k->rebuild |= !there;
	if (there && !empty && same_entry(before->entry, word)) {
		sv_pages_set(&p->pages, k->at - 1, word, false);
		return 0;
	}
	return note_change(k, vaddr, empty ? 0 : word, true, err);
}

static int compare_words(struct sv_process *p, uint64_t start, uint64_t page_size,
	const uint64_t *words, size_t n, void *arg, struct safevma_error *err)
{
	struct changes *k = arg;
	struct sv_page_walk w = sv_pages_walk(&p->pages, k->at, p->pages.len - k->at);
	struct sv_page before;
	bool some = sv_page_next(&w, &before);

	for (size_t i = 0; i < n; i++) {
		uint64_t vaddr = start + i * page_size;
		size_t at = k->at;

		if (compare_page(p, k, vaddr, words[i], some ? &before : NULL, err))
			return -1;
		if (k->at != at)
			some = sv_page_next(&w, &before);
	}
	return 0;
}

/* Changed pages in their places: a page that went away is kept, marked, with an empty entry. */
static int apply(struct sv_process *p, const struct changes *k, uint64_t page_size)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_pages merged = { 0 };
	size_t i = 0;
	struct sv_page pg;
	bool some = sv_page_next(&w, &pg);

	while (some || i < k->len) {
		const struct sv_page *change = i < k->len ? &k->ptr[i] : NULL;
		bool take = change && (!some || change->vaddr <= pg.vaddr);

		const struct sv_page *next = take ? change : &pg;

		if ((next->entry || next->changed) && sv_pages_add(&merged, page_size, next)) {
			sv_pages_fini(&merged);
			return -1;
		}
		i += take;
		if (some && (!take || change->vaddr == pg.vaddr))
			some = sv_page_next(&w, &pg);
	}
	sv_pages_fini(&p->pages);
	p->pages = merged;
	return 0;
}

static void apply_in_place(struct sv_process *p, const struct changes *k)
{
	for (size_t i = 0; i < k->len; i++)
		sv_pages_set(&p->pages, sv_pages_from(&p->pages, k->ptr[i].vaddr), k->ptr[i].entry,
			true);
}

int sv_capture_pages_again(struct sv_capture *c, struct sv_process *p, const char *tag,
	size_t *changed, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = p->pid, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	struct changes k = { 0 };
	int rc = 0;

	*changed = 0;
	if (!p->ranges.len)
		return 0;
	if (!sv_root_open(c->root, &place, &f, &why))
		rc = read_ranges(c, p, f, compare_words, &k, &why, err);
	if (rc > 0 && k.rebuild && apply(p, &k, c->obs->host.page_size))
		rc = sv_error_nomem(err);
	else if (rc > 0 && !k.rebuild)
		apply_in_place(p, &k);
	*changed = k.len - k.same;
	sv_vec_fini(&k);
	if (!rc && sv_error_fatal(&why))
		rc = sv_error_pass(err, &why);
	if (rc <= 0)
		return rc ? -1 : pages_gap(c, p, &why, err);
	if (k.rebuild)
		assign_pages(p);
	return 0;
}
