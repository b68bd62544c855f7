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

struct pages {
	struct sv_page *ptr;
	size_t len, cap;
};

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

static int keep_words(struct pages *ret, uint64_t start, uint64_t page, const uint64_t *words,
	size_t n, struct safevma_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct sv_page *pg;

		if (sv_pagemap_empty(words[i]))
			continue;
		pg = sv_vec_push(ret);
		if (!pg)
			return sv_error_nomem(err);
		pg->vaddr = start + i * page;
		pg->entry = words[i];
	}
	return 0;
}

/* All of p's ranges. 1, 0 with *why, -1. */
static int read_ranges(struct sv_capture *c, struct sv_process *p, struct sv_file *f,
	struct pages *ret, struct safevma_error *why, struct safevma_error *err)
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
			if (keep_words(ret, at, page, words, (size_t)((to - at) / page), err))
				return -1;
			at = to;
		}
	}
	return 1;
}

/* Which pages belong to which VMA: both are in order of address. */
static void assign_pages(struct sv_process *p)
{
	size_t at = 0;

	for (size_t i = 0; i < p->vmas.len; i++) {
		struct sv_vma *v = &p->vmas.ptr[i];

		while (at < p->pages.len && p->pages.ptr[at].vaddr < v->start)
			at++;
		v->page = at;
		while (at < p->pages.len && p->pages.ptr[at].vaddr < v->end)
			at++;
		v->pages = at - v->page;
	}
}

static int pages_gap(struct sv_capture *c, struct sv_process *p, const struct safevma_error *why,
	struct safevma_error *err)
{
	for (size_t i = 0; i < p->vmas.len; i++)
		p->vmas.ptr[i].pages_read = false;
	sv_vec_fini(&p->pages);
	assign_pages(p);
	return sv_gap_add(c->obs, SV_IFACE_PAGEMAP, p->pid, why, true, err);
}

static int hidden_gap(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct safevma_error why;
	size_t i = 0;

	while (i < p->pages.len && (!sv_pagemap_present(p->pages.ptr[i].entry) ||
					   sv_pagemap_has_pfn(p->pages.ptr[i].entry)))
		i++;
	if (i == p->pages.len)
		return 0;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, NULL, 0,
		"the kernel hides frame numbers: the reader lacks CAP_SYS_ADMIN in the initial "
		"user namespace");
	return sv_gap_add_cost(c->obs, SV_IFACE_PAGEMAP, p->pid, &why, true,
		"class, reach, neighbours and mapcount of every frame", err);
}

int sv_capture_pages(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = p->pid, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	struct pages found = { 0 };
	int rc;

	if (sv_root_open(c->root, &place, &f, &why))
		return sv_error_fatal(&why) ? sv_error_pass(err, &why) : pages_gap(c, p, &why, err);
	for (size_t i = 0; i < p->vmas.len; i++)
		if (plan_vma(c, p, f, &p->vmas.ptr[i], err))
			return -1;
	rc = read_ranges(c, p, f, &found, &why, err);
	p->pages.ptr = found.ptr;
	p->pages.len = found.len;
	p->pages.cap = found.cap;
	if (rc < 0)
		return -1;
	if (!rc)
		return pages_gap(c, p, &why, err);
	assign_pages(p);
	return hidden_gap(c, p, err);
}

/* ---- the second look ------------------------------------------------------------------------- */

/* Reclaim and others touch these without the page being another one. */
static bool same_entry(uint64_t a, uint64_t b)
{
	return ((a ^ b) & ~SV_PAGEMAP_SOFTDIRTY) == 0;
}

static int push(
	struct pages *to, const struct sv_page *from, bool changed, struct safevma_error *err)
{
	struct sv_page *pg = sv_vec_push(to);

	if (!pg)
		return sv_error_nomem(err);
	*pg = *from;
	pg->changed = changed;
	return 0;
}

/* A page that went away in between is kept, marked, with an empty entry: absent now. */
static int merge(const struct pages *before, const struct pages *now, struct pages *ret,
	size_t *changed, struct safevma_error *err)
{
	size_t i = 0, k = 0;

	*changed = 0;
	while (i < before->len || k < now->len) {
		const struct sv_page *b = i < before->len ? &before->ptr[i] : NULL;
		const struct sv_page *n = k < now->len ? &now->ptr[k] : NULL;
		struct sv_page gone = { 0 };
		bool differs = true;

		if (b && n && b->vaddr == n->vaddr) {
			differs = !same_entry(b->entry, n->entry);
			i++;
			k++;
		} else if (n && (!b || n->vaddr < b->vaddr)) {
			k++;
		} else {
			gone.vaddr = b->vaddr;
			differs = b->entry != 0;
			n = &gone;
			i++;
		}
		*changed += differs;
		if ((n->entry || differs) && push(ret, n, differs, err))
			return -1;
	}
	return 0;
}

int sv_capture_pages_again(struct sv_capture *c, struct sv_process *p, const char *tag,
	size_t *changed, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = p->pid, .tag = tag };
	struct pages now = { 0 }, merged = { 0 };
	struct pages before = { p->pages.ptr, p->pages.len, p->pages.cap };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	int rc = 0;

	*changed = 0;
	if (!p->ranges.len)
		return 0;
	if (!sv_root_open(c->root, &place, &f, &why))
		rc = read_ranges(c, p, f, &now, &why, err);
	if (rc > 0)
		rc = merge(&before, &now, &merged, changed, err) ? -1 : 1;
	sv_vec_fini(&now);
	if (!rc && sv_error_fatal(&why))
		rc = sv_error_pass(err, &why);
	if (rc <= 0) {
		sv_vec_fini(&merged);
		return rc ? -1 : pages_gap(c, p, &why, err);
	}
	free(before.ptr);
	p->pages.ptr = merged.ptr;
	p->pages.len = merged.len;
	p->pages.cap = merged.cap;
	assign_pages(p);
	return 0;
}
