// SPDX-License-Identifier: LGPL-2.1-or-later
/* kpageflags, kpagecount, kpagecgroup of a process's frames and of the frames beside them. */
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/kpage.h"
#include "iface/pagemap.h"

enum {
	RUN_WORDS = 8192, /* frames in one read */
	RUN_GAP = 32,	  /* frames that nobody asked for, cheaper read through than jumped over */
	HEAD_BLOCK = 512, /* frames read at once on the way back to a compound head */
	HEAD_BLOCKS = 64,
};

static int open_one(struct sv_capture *c, enum sv_iface iface, const char *tag,
	struct sv_file **ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .tag = tag };
	struct safevma_error why = { 0 };

	if (!sv_root_open(c->root, &place, ret, &why))
		return 0;
	if (sv_error_fatal(&why))
		return sv_error_pass(err, &why);
	return sv_gap_add(c->obs, iface, 0, &why, iface == SV_IFACE_KPAGEFLAGS, err);
}

int sv_capture_frames_open(
	struct sv_capture *c, struct sv_kpages *k, const char *tag, struct safevma_error *err)
{
	return open_one(c, SV_IFACE_KPAGEFLAGS, tag, &k->flags, err) ||
			       open_one(c, SV_IFACE_KPAGECOUNT, tag, &k->count, err) ||
			       open_one(c, SV_IFACE_KPAGECGROUP, tag, &k->cgroup, err)
		       ? -1
		       : 0;
}

void sv_capture_frames_close(struct sv_kpages *k)
{
	sv_file_close(k->flags);
	sv_file_close(k->count);
	sv_file_close(k->cgroup);
	*k = (struct sv_kpages) { 0 };
}

/* ---- which frames ---------------------------------------------------------------------------- */

struct numbers {
	uint64_t *ptr;
	size_t len, cap;
};

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int page_numbers(const struct sv_process *p, bool changed_only, struct numbers *ret)
{
	for (size_t i = 0; i < p->pages.len; i++) {
		const struct sv_page *pg = &p->pages.ptr[i];
		uint64_t *slot;

		if (!sv_pagemap_has_pfn(pg->entry) || (changed_only && !pg->changed))
			continue;
		slot = sv_vec_push(ret);
		if (!slot)
			return -1;
		*slot = sv_pagemap_pfn(pg->entry);
	}
	if (ret->len)
		qsort(ret->ptr, ret->len, sizeof(*ret->ptr), by_number);
	return 0;
}

static int add_frame(struct sv_frame_index *index, uint64_t pfn)
{
	struct sv_frame *f;

	if (index->len && index->ptr[index->len - 1].pfn >= pfn)
		return 0;
	f = sv_vec_push(index);
	if (!f)
		return -1;
	f->pfn = pfn;
	return 0;
}

/* The frames and the ones beside them, in order, each once. */
static int wanted_frames(const struct sv_process *p, bool changed_only, struct sv_frame_index *ret)
{
	struct numbers n = { 0 };
	int rc = page_numbers(p, changed_only, &n);

	for (size_t i = 0; i < n.len && !rc; i++)
		rc = add_frame(ret, n.ptr[i] - 1) || add_frame(ret, n.ptr[i]) ||
		     add_frame(ret, n.ptr[i] + 1);
	sv_vec_fini(&n);
	return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/*
 * Words of frames [pfn, pfn + n). *have: how many there are; fewer than n only past the last frame
 * of the machine. 1, 0 with *why, -1.
 */
static int read_words(struct sv_file *f, uint64_t pfn, size_t n, uint64_t *buf, size_t *have,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t got = 1, at = 0;

	memset(why, 0, sizeof(*why));
	while (at < n * sizeof(*buf) && got) {
		if (sv_file_read(f, (char *)buf + at, n * sizeof(*buf) - at,
			    pfn * sizeof(*buf) + at, &got, why)) {
			if (!sv_error_fatal(why))
				return 0;
			*err = *why;
			return -1;
		}
		at += got;
	}
	*have = at / sizeof(*buf);
	return 1;
}

int sv_capture_flags(struct sv_file *f, uint64_t first, size_t n, uint64_t *words,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t have = 0;
	int rc = read_words(f, first, n, words, &have, why, err);

	for (size_t i = have; rc > 0 && i < n; i++)
		words[i] = SV_KPF_NOPAGE;
	return rc;
}

static void store(struct sv_frame *f, enum sv_frame_part part, uint64_t word)
{
	f->known |= part;
	if (part == SV_FRAME_FLAGS)
		f->flags = word;
	else if (part == SV_FRAME_COUNT)
		f->count = word;
	else
		f->cgroup = word;
}

/* Frames of index from first on that one read may cover. */
static size_t run_length(const struct sv_frame_index *index, size_t first)
{
	size_t n = 1;

	while (first + n < index->len &&
		index->ptr[first + n].pfn - index->ptr[first + n - 1].pfn <= RUN_GAP &&
		index->ptr[first + n].pfn - index->ptr[first].pfn < RUN_WORDS)
		n++;
	return n;
}

/* What lies past the machine's last frame is no memory. */
static const uint64_t beyond_flags = SV_KPF_NOPAGE;

static int read_part(struct sv_capture *c, struct sv_file *f, enum sv_frame_part part,
	struct sv_frame_index *index, struct safevma_error *err)
{
	sv_auto_free uint64_t *words = malloc(RUN_WORDS * sizeof(*words));
	struct safevma_error why;

	if (!words)
		return sv_error_nomem(err);
	for (size_t i = 0, n; f && i < index->len; i += n) {
		uint64_t first = index->ptr[i].pfn;
		size_t have;
		int rc;

		n = run_length(index, i);
		rc = read_words(f, first, (size_t)(index->ptr[i + n - 1].pfn - first) + 1, words,
			&have, &why, err);
		if (rc < 0)
			return -1;
		if (!rc) {
			if (sv_gap_add(
				    c->obs, f->place.iface, 0, &why, part == SV_FRAME_FLAGS, err))
				return -1;
			continue;
		}
		for (size_t k = i; k < i + n; k++) {
			uint64_t at = index->ptr[k].pfn - first;

			if (at < have)
				store(&index->ptr[k], part, words[at]);
			else
				store(&index->ptr[k], part,
					part == SV_FRAME_FLAGS ? beyond_flags : 0);
		}
	}
	return 0;
}

/* ---- heads of compound pages ----------------------------------------------------------------- */

/*
 * From about 6.10 every tail repeats the flags of its head; before, it shows almost none. One tail
 * that shows such a flag tells which kernel this is.
 */
static bool tails_repeat(const struct sv_frame_index *index)
{
	const uint64_t telling = SV_KPF_LRU | SV_KPF_UPTODATE | SV_KPF_REFERENCED | SV_KPF_ACTIVE |
				 SV_KPF_MLOCKED | SV_KPF_DIRTY;

	for (size_t i = 0; i < index->len; i++) {
		const struct sv_frame *f = &index->ptr[i];

		if ((f->known & SV_FRAME_FLAGS) && (f->flags & SV_KPF_COMPOUND_TAIL) &&
			!(f->flags & SV_KPF_SLAB) && (f->flags & telling))
			return true;
	}
	return false;
}

struct block {
	uint64_t first;
	size_t have; /* 0: nothing read */
	uint64_t words[HEAD_BLOCK];
};

static int read_block(struct sv_file *f, uint64_t pfn, struct block *b, struct safevma_error *err)
{
	uint64_t first = pfn / HEAD_BLOCK * HEAD_BLOCK;
	struct safevma_error why;
	int rc;

	if (b->have && b->first == first)
		return 1;
	b->first = first;
	b->have = 0;
	rc = read_words(f, first, HEAD_BLOCK, b->words, &b->have, &why, err);
	return rc > 0 ? b->have > 0 : rc;
}

/* Back from a tail to its head. Not found: the frame stays without. */
static int find_head(
	struct sv_file *f, struct sv_frame *tail, struct block *b, struct safevma_error *err)
{
	uint64_t pfn = tail->pfn;

	for (int blocks = 0; blocks < HEAD_BLOCKS && pfn; blocks++) {
		int rc = read_block(f, pfn - 1, b, err);

		if (rc <= 0)
			return rc;
		while (pfn > b->first) {
			uint64_t word = b->words[--pfn - b->first];

			if (word & SV_KPF_COMPOUND_HEAD) {
				tail->head_flags = word;
				tail->known |= SV_FRAME_HEAD;
				return 0;
			}
			if (!(word & SV_KPF_COMPOUND_TAIL))
				return 0; /* it changed under us */
		}
	}
	return 0;
}

static int find_heads(struct sv_file *f, struct sv_frame_index *index, struct safevma_error *err)
{
	struct block b = { 0 };

	if (!f || tails_repeat(index))
		return 0;
	for (size_t i = 0; i < index->len; i++) {
		struct sv_frame *tail = &index->ptr[i];

		if (!sv_frame_wants_head(tail))
			continue;
		if (find_head(f, tail, &b, err))
			return -1;
		if (!(tail->known & SV_FRAME_HEAD))
			tail->known |= SV_FRAME_HEADLESS;
	}
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* New readings replace older ones of the same frame. */
static int adopt(struct sv_process *p, struct sv_frame_index *fresh)
{
	struct sv_frame_index all = { 0 };
	size_t i = 0, k = 0;

	while (i < p->frames.len || k < fresh->len) {
		const struct sv_frame *old = i < p->frames.len ? &p->frames.ptr[i] : NULL;
		const struct sv_frame *new = k < fresh->len ? &fresh->ptr[k] : NULL;
		struct sv_frame *slot = sv_vec_push(&all);

		if (!slot) {
			sv_vec_fini(&all);
			return -1;
		}
		if (new && (!old || new->pfn <= old->pfn)) {
			*slot = *new;
			k++;
			i += old && old->pfn == new->pfn;
		} else {
			*slot = *old;
			i++;
		}
	}
	sv_vec_fini(&p->frames);
	p->frames = all;
	return 0;
}

int sv_capture_frames(struct sv_capture *c, struct sv_kpages *k, struct sv_process *p,
	bool changed_only, struct safevma_error *err)
{
	struct sv_frame_index fresh = { 0 };
	int rc = wanted_frames(p, changed_only, &fresh) ? sv_error_nomem(err) : 0;

	if (!rc)
		rc = read_part(c, k->flags, SV_FRAME_FLAGS, &fresh, err) ||
				     read_part(c, k->count, SV_FRAME_COUNT, &fresh, err) ||
				     read_part(c, k->cgroup, SV_FRAME_CGROUP, &fresh, err) ||
				     find_heads(k->flags, &fresh, err)
			     ? -1
			     : 0;
	if (!rc && adopt(p, &fresh))
		rc = sv_error_nomem(err);
	sv_vec_fini(&fresh);
	return rc;
}
