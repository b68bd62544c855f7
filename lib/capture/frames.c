// SPDX-License-Identifier: LGPL-2.1-or-later
/* kpageflags, kpagecount, kpagecgroup of a process's frames, and what lies beside them. */
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/kpage.h"
#include "iface/pagemap.h"

enum {
	RUN_WORDS = 8192, /* frames in one read */
	RUN_GAP = 32,	  /* frames that nobody asked for, cheaper read through than jumped over */
	HEAD_BLOCKS = 64, /* how far back a compound head is looked for */
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

int sv_capture_frames_open(struct sv_capture *c, struct sv_kpages *k, const char *flags_tag,
	const char *tag, struct safevma_error *err)
{
	return open_one(c, SV_IFACE_KPAGEFLAGS, flags_tag, &k->flags, err) ||
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

/* How many numbers there are, and all their bits together. */
static size_t count_numbers(const struct sv_process *p, bool changed_only, uint64_t *together)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;
	size_t n = 0;

	*together = 0;
	while (sv_page_next(&w, &pg)) {
		if (!sv_pagemap_has_pfn(pg.entry) || (changed_only && !pg.changed))
			continue;
		*together |= sv_pagemap_pfn(pg.entry);
		n++;
	}
	return n;
}

/* bits: room for a page's index below each number; 0: none. */
static void take_numbers(
	const struct sv_process *p, bool changed_only, unsigned int bits, uint64_t *room)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;

	while (sv_page_next(&w, &pg)) {
		if (!sv_pagemap_has_pfn(pg.entry) || (changed_only && !pg.changed))
			continue;
		*room++ = sv_pagemap_pfn(pg.entry) << bits | (bits ? pg.index : 0);
	}
}

/* Frame numbers of all machines have 40 bits; no page's index fits beside one that has more. */
static unsigned int index_bits(const struct sv_process *p, uint64_t together)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(p->pages.len | 1);

	return bits <= 32 && !(together >> (64 - bits)) ? bits : 0;
}

static int index_of(const struct sv_process *p, bool changed_only, struct sv_frame_index *ret)
{
	uint64_t together, *room;
	size_t n = count_numbers(p, changed_only, &together);
	unsigned int bits = changed_only ? 0 : index_bits(p, together);

	room = sv_frames_room(ret, n);
	if (!room)
		return -1;
	take_numbers(p, changed_only, bits, room);
	return bits ? sv_frames_settle_pages(ret, n, bits, p->pages.len) : sv_frames_settle(ret, n);
}

/* ---- reading --------------------------------------------------------------------------------- */

int sv_capture_words(struct sv_file *f, uint64_t pfn, size_t n, uint64_t *buf, size_t *have,
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
	int rc = sv_capture_words(f, first, n, words, &have, why, err);

	for (size_t i = have; rc > 0 && i < n; i++)
		words[i] = SV_KPF_NOPAGE;
	return rc;
}

/*
 * A run: frames that one read covers, those asked for with the ones beside them. What lies past the
 * machine's last frame is no memory.
 */
enum { PARTS = 3, NOT_YET = 0xff };

struct run {
	uint64_t first;
	size_t n;
	bool read[PARTS];
	size_t have[PARTS];
	uint64_t words[PARTS][RUN_WORDS];
	uint8_t class[RUN_WORDS]; /* NOT_YET: not looked at */
};

static uint64_t below(uint64_t pfn)
{
	return pfn ? pfn - 1 : 0;
}

/* How many slots from the first on one read may cover. */
static size_t run_length(const struct sv_frame_index *x, size_t first)
{
	size_t n = 1;

	while (first + n < x->len && x->ptr[first + n].pfn - x->ptr[first + n - 1].pfn <= RUN_GAP &&
		x->ptr[first + n].pfn + 1 - below(x->ptr[first].pfn) < RUN_WORDS)
		n++;
	return n;
}

bool sv_capture_cut(const struct sv_capture *c, const struct sv_file *f, uint64_t end,
	struct safevma_error *why)
{
	uint64_t zones = sv_zone_spans_end(&c->obs->zones);

	if (end >= zones)
		return false;
	sv_error_set(why, SAFEVMA_E_FORMAT, 0, f->path, 0,
		"ended after %llu frames, before the zones do at %llu", (unsigned long long)end,
		(unsigned long long)zones);
	return true;
}

static int read_part(struct sv_capture *c, struct sv_file *f, enum sv_iface iface, struct run *r,
	size_t part, struct safevma_error *err)
{
	struct safevma_error why;
	int rc;

	r->read[part] = false;
	if (!f)
		return 0;
	rc = sv_capture_words(f, r->first, r->n, r->words[part], &r->have[part], &why, err);
	if (rc < 0)
		return -1;
	if (rc && r->have[part] < r->n)
		rc = !sv_capture_cut(c, f, r->first + r->have[part], &why);
	r->read[part] = rc;
	return rc ? 0 : sv_gap_add(c->obs, iface, 0, &why, iface == SV_IFACE_KPAGEFLAGS, err);
}

static int read_run(struct sv_capture *c, struct sv_kpages *k, uint64_t first, uint64_t last,
	struct run *r, struct safevma_error *err)
{
	r->first = first;
	r->n = (size_t)(last - first) + 1;
	memset(r->class, NOT_YET, r->n);
	return read_part(c, k->flags, SV_IFACE_KPAGEFLAGS, r, 0, err) ||
			       read_part(c, k->count, SV_IFACE_KPAGECOUNT, r, 1, err) ||
			       read_part(c, k->cgroup, SV_IFACE_KPAGECGROUP, r, 2, err)
		       ? -1
		       : 0;
}

static struct sv_frame frame_of(const struct run *r, uint64_t pfn)
{
	static const uint64_t beyond[PARTS] = { SV_KPF_NOPAGE, 0, 0 };
	static const unsigned int parts[PARTS] = { SV_FRAME_FLAGS, SV_FRAME_COUNT,
		SV_FRAME_CGROUP };
	size_t at = (size_t)(pfn - r->first);
	uint64_t words[PARTS] = { 0 };
	unsigned int known = 0;

	for (size_t i = 0; i < PARTS; i++) {
		if (!r->read[i])
			continue;
		known |= parts[i];
		words[i] = at < r->have[i] ? r->words[i][at] : beyond[i];
	}
	return (struct sv_frame) {
		.pfn = pfn, .flags = words[0], .count = words[1], .cgroup = words[2], .known = known
	};
}

/* ---- heads of compound pages ----------------------------------------------------------------- */

/*
 * From about 6.10 every tail repeats the flags of its head; before, it shows almost none. One tail
 * that shows such a flag tells which kernel this is.
 */
static bool tells(const struct sv_frame *f)
{
	const uint64_t telling = SV_KPF_LRU | SV_KPF_UPTODATE | SV_KPF_REFERENCED | SV_KPF_ACTIVE |
				 SV_KPF_MLOCKED | SV_KPF_DIRTY;

	return (f->known & SV_FRAME_FLAGS) && (f->flags & SV_KPF_COMPOUND_TAIL) &&
	       !(f->flags & SV_KPF_SLAB) && (f->flags & telling);
}

static int read_block(
	struct sv_file *f, uint64_t pfn, struct sv_head_block *b, struct safevma_error *err)
{
	uint64_t first = pfn / SV_HEAD_BLOCK * SV_HEAD_BLOCK;
	struct safevma_error why;
	int rc;

	if (b->have && b->first == first)
		return 1;
	b->first = first;
	b->have = 0;
	rc = sv_capture_words(f, first, SV_HEAD_BLOCK, b->words, &b->have, &why, err);
	return rc > 0 ? b->have > 0 : rc;
}

/* Back from a tail to its head. Not found: the frame stays without. */
static int search_head(struct sv_kpages *k, struct sv_frame *tail, struct safevma_error *err)
{
	struct sv_head_block *b = &k->block;
	uint64_t pfn = tail->pfn;

	for (int blocks = 0; blocks < HEAD_BLOCKS && pfn; blocks++) {
		int rc = read_block(k->flags, pfn - 1, b, err);

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

/* The tail right above one whose head is known has the same head. */
static int find_head(struct sv_kpages *k, struct sv_frame *f, struct safevma_error *err)
{
	k->tails_repeat |= tells(f);
	if (!sv_frame_wants_head(f) || k->tails_repeat)
		return 0;
	if (k->tail && (f->pfn == k->tail + 1 || f->pfn == k->tail)) {
		f->head_flags = k->head_flags;
		f->known |= SV_FRAME_HEAD;
	} else if (search_head(k, f, err)) {
		return -1;
	}
	if (!(f->known & SV_FRAME_HEAD)) {
		f->known |= SV_FRAME_HEADLESS;
		return 0;
	}
	k->tail = f->pfn;
	k->head_flags = f->head_flags;
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* Class of a frame of the run; each is looked at once. */
static int class_in(struct sv_kpages *k, struct run *r, uint64_t pfn, enum sv_class *ret,
	struct safevma_error *err)
{
	uint8_t *memo = &r->class[pfn - r->first];
	struct sv_frame f;

	if (*memo == NOT_YET) {
		f = frame_of(r, pfn);
		if (find_head(k, &f, err))
			return -1;
		*memo = (uint8_t)sv_class_of(&f);
	}
	*ret = (enum sv_class) * memo;
	return 0;
}

static int fill_slot(struct sv_kpages *k, struct run *r, struct sv_frame_index *x, size_t at,
	struct safevma_error *err)
{
	uint64_t pfn = x->ptr[at].pfn;
	struct sv_frame f = frame_of(r, pfn);

	if ((pfn && class_in(k, r, pfn - 1, &f.below, err)) || find_head(k, &f, err) ||
		class_in(k, r, pfn + 1, &f.above, err))
		return -1;
	if (sv_frames_set(x, at, &f))
		return sv_error_nomem(err);
	r->class[pfn - r->first] = (uint8_t)sv_frames_class(x, at);
	return 0;
}

static int fill(struct sv_capture *c, struct sv_kpages *k, struct sv_frame_index *x,
	struct safevma_error *err)
{
	sv_auto_free struct run *r = malloc(sizeof(*r));

	if (!r)
		return sv_error_nomem(err);
	/* Heads that an earlier look met may be none any more. */
	k->tail = 0;
	k->block.have = 0;
	for (size_t i = 0, n; i < x->len; i += n) {
		n = run_length(x, i);
		if (read_run(c, k, below(x->ptr[i].pfn), x->ptr[i + n - 1].pfn + 1, r, err))
			return -1;
		for (size_t at = i; at < i + n; at++)
			if (fill_slot(k, r, x, at, err))
				return -1;
	}
	return 0;
}

int sv_capture_frames_refill(
	struct sv_capture *c, struct sv_kpages *k, struct sv_process *p, struct safevma_error *err)
{
	return fill(c, k, &p->frames, err);
}

int sv_capture_frames_index(struct sv_process *p, struct safevma_error *err)
{
	sv_frames_fini(&p->frames);
	return index_of(p, false, &p->frames) ? sv_error_nomem(err) : 0;
}

static bool unclassified(const struct sv_frame_index *x, size_t at)
{
	struct sv_frame f = sv_frames_at(x, at);

	return f.below == SV_CLASS_UNCLASSIFIED || f.above == SV_CLASS_UNCLASSIFIED ||
	       sv_frames_class(x, at) == SV_CLASS_UNCLASSIFIED;
}

int sv_capture_frames_refine(
	struct sv_capture *c, struct sv_kpages *k, struct sv_process *p, struct safevma_error *err)
{
	struct sv_frame_index fresh = { 0 };
	uint64_t *room;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < p->frames.len; i++)
		n += unclassified(&p->frames, i);
	room = sv_frames_room(&fresh, n);
	if (!room)
		return sv_error_nomem(err);
	for (size_t i = 0, at = 0; i < p->frames.len; i++)
		if (unclassified(&p->frames, i))
			room[at++] = p->frames.ptr[i].pfn;
	rc = sv_frames_settle(&fresh, n) ? sv_error_nomem(err) : fill(c, k, &fresh, err);
	if (!rc && sv_frames_adopt(&p->frames, &fresh))
		rc = sv_error_nomem(err);
	sv_frames_fini(&fresh);
	return rc;
}

int sv_capture_frames(struct sv_capture *c, struct sv_kpages *k, struct sv_process *p,
	bool changed_only, struct safevma_error *err)
{
	struct sv_frame_index fresh = { 0 };
	int rc = index_of(p, changed_only, &fresh) ? sv_error_nomem(err) : 0;

	if (!rc)
		rc = fill(c, k, &fresh, err);
	/* Those of a pass are looked up anew where their pages changed meanwhile. */
	if (!rc && changed_only && k->flags && (c->obs->needs & SAFEVMA_NEED_EXPOSURE))
		rc = sv_capture_around(c, k->flags, &fresh, err);
	if (!rc && !p->frames.len) {
		sv_frames_fini(&p->frames);
		p->frames = fresh;
		return 0;
	}
	if (!rc && sv_frames_adopt(&p->frames, &fresh))
		rc = sv_error_nomem(err);
	sv_frames_fini(&fresh);
	return rc;
}
