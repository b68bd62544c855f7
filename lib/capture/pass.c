// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One pass over every frame of the machine; nothing of it is kept but counts, and what is asked of
 * the frames of the selected processes.
 */
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/kpage.h"
#include "iface/sysfiles.h"
#include "structpage.h"

/*
 * Frames before a piece that may tell of its own: the head of a compound, the nearest source. No
 * pageblock is larger: 8192 frames on the machines that have the largest.
 */
enum { CONTEXT = SV_EXPOSURE_FRAMES / 2 };

struct meminfo {
	struct sv_num slab, mlocked, pagetables, secpagetables, unevictable;
};

static int parse_meminfo(const struct sv_strbuf *text, struct meminfo *m, struct safevma_error *why)
{
	const struct sv_keyval_wanted wanted[] = { { "Slab", &m->slab }, { "Mlocked", &m->mlocked },
		{ "PageTables", &m->pagetables }, { "SecPageTables", &m->secpagetables },
		{ "Unevictable", &m->unevictable } };

	return sv_keyval_collect(sv_text_init(text->ptr, text->len, "/proc/meminfo"),
		sv_meminfo_next, wanted, sv_array_size(wanted), why);
}

static int read_meminfo(
	struct sv_capture *c, const char *tag, struct meminfo *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !parse_meminfo(&text, ret, &why))
		return 0;
	return sv_gap_add(c->obs, SV_IFACE_MEMINFO, 0, &why, true, err);
}

/* ---- the pass -------------------------------------------------------------------------------- */

struct pass {
	struct sv_capture *c;
	struct sv_file *file;
	bool fill; /* the processes' frames: all of them, not their surroundings alone */
	bool slabs_alone;
	struct sv_slab_pass *slabs; /* or NULL */
	uint64_t words[CONTEXT + SV_EXPOSURE_FRAMES + 1];
	uint8_t class[CONTEXT + SV_EXPOSURE_FRAMES + 1];
	uint16_t distance[CONTEXT + SV_EXPOSURE_FRAMES + 1];
	uint64_t sources[SV_EXPOSURE_FRAMES / 64];
	struct sv_exposure_piece piece;
	uint64_t head; /* flags of the compound head before the piece */
	uint64_t totals_head;
	size_t *next; /* of each process: the slot that comes next */
};

/* Flags of the head of the compound page that frame at of the piece is a tail of. */
static uint64_t head_of(const struct pass *s, size_t at)
{
	while (at-- && (s->words[at] & SV_KPF_COMPOUND_TAIL))
		;
	return at == SIZE_MAX ? s->head : s->words[at] & SV_KPF_COMPOUND_HEAD ? s->words[at] : 0;
}

static void describe(const struct pass *s, size_t at, struct sv_frame *f)
{
	const struct sv_exposure_piece *p = &s->piece;
	size_t i = p->context + at;

	if (s->fill) {
		f->flags = p->words[i];
		f->known = SV_FRAME_FLAGS;
		f->below = i ? (enum sv_class)(p->class[i - 1] & SV_PIECE_CLASS) : SV_CLASS_UNKNOWN;
		f->above = (enum sv_class)(p->class[i + 1] & SV_PIECE_CLASS);
		if (f->flags & SV_KPF_COMPOUND_TAIL) {
			f->head_flags = head_of(s, i);
			f->known |= SV_FRAME_HEAD;
		}
	}
	if (!s->c->obs->exposure.blocks_known)
		return;
	f->known |= SV_FRAME_AROUND;
	f->distance = p->distance[i];
	f->mixed = sv_exposure_mixed(&s->c->obs->exposure, p, f->pfn);
}

/* The frames of an index that lie in the piece. */
static int surround(
	struct pass *s, struct sv_frame_index *x, size_t *next, struct safevma_error *err)
{
	const struct sv_exposure_piece *piece = &s->piece;

	while (*next < x->len && x->ptr[*next].pfn < piece->first)
		(*next)++; /* in no piece: a sample leaves out some */
	for (; *next < x->len; (*next)++) {
		uint64_t at = x->ptr[*next].pfn - piece->first;
		struct sv_frame f;

		if (at >= piece->n)
			break;
		f = sv_frames_at(x, *next);
		describe(s, (size_t)at, &f);
		if (sv_frames_set(x, *next, &f))
			return sv_error_nomem(err);
	}
	return 0;
}

/* Frames behind the machine's last one are no memory. */
static int surround_rest(struct pass *s, struct safevma_error *err)
{
	for (size_t i = 0; i < s->c->obs->processes.len; i++) {
		struct sv_process *p = &s->c->obs->processes.ptr[i];

		for (size_t at = s->next[i]; s->fill && at < p->frames.len; at++) {
			struct sv_frame f = sv_frames_at(&p->frames, at);

			f.flags = SV_KPF_NOPAGE;
			f.known = SV_FRAME_FLAGS;
			f.above = SV_CLASS_NOPAGE;
			if (sv_frames_set(&p->frames, at, &f))
				return sv_error_nomem(err);
		}
	}
	return 0;
}

/* Up to about 6.8 a tail shows few flags of its own: the pass has just met its head. */
static void count_totals(struct sv_totals *t, const struct sv_exposure_piece *p, uint64_t *head)
{
	for (size_t i = p->context; i < p->context + p->n; i++) {
		struct sv_frame f = { .flags = p->words[i], .known = SV_FRAME_FLAGS };

		if (f.flags & SV_KPF_COMPOUND_HEAD)
			*head = f.flags;
		if (f.flags & SV_KPF_COMPOUND_TAIL) {
			f.head_flags = *head;
			f.known |= SV_FRAME_HEAD;
		}
		t->by_class[p->class[i] & SV_PIECE_CLASS]++;
		/* Memory of the slab allocator and tables carry other meanings in these bits. */
		if (f.flags & (SV_KPF_SLAB | SV_KPF_PGTABLE))
			continue;
		t->mlocked += sv_frame_mlocked(&f);
		t->unevictable += sv_frame_unevictable(&f);
	}
	t->frames += p->n;
}

static int look_at_piece(struct pass *s, struct safevma_error *err)
{
	safevma_observation *obs = s->c->obs;

	s->head = s->piece.head;
	sv_exposure_classify(&s->piece);
	if (s->slabs && sv_slab_pass_piece(s->slabs, &s->piece, err))
		return -1;
	if (s->slabs_alone)
		return 0;
	sv_exposure_count(&obs->exposure, &s->piece);
	for (size_t i = 0; i < obs->processes.len; i++)
		if (surround(s, &obs->processes.ptr[i].frames, &s->next[i], err))
			return -1;
	if (obs->needs & SAFEVMA_NEED_RECONCILE)
		count_totals(&obs->totals, &s->piece, &s->totals_head);
	if ((obs->needs & SAFEVMA_NEED_PHYS) && sv_raster_add(&obs->raster, &s->piece))
		return sv_error_nomem(err);
	return 0;
}

/*
 * Reads frames [first, first + n) with context before them and one behind. *have: how many there
 * are. 1, 0 with *why, -1.
 */
static int read_piece(struct pass *s, uint64_t first, size_t n, size_t context, size_t *have,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t got;
	int rc = sv_capture_words(
		s->file, first - context, context + n + 1, s->words, &got, why, err);

	if (rc <= 0)
		return rc;
	if (got < context + n + 1 && sv_capture_cut(s->c, s->file, first - context + got, why))
		return 0;
	for (size_t i = got; i < context + n + 1; i++)
		s->words[i] = SV_KPF_NOPAGE;
	*have = got <= context ? 0 : got - context < n ? got - context : n;
	s->piece.first = first;
	s->piece.n = *have;
	s->piece.context = context;
	return 1;
}

/* Frames before a part, in which the head of the compound lies that it begins in. */
static size_t before_part(const struct pass *s, uint64_t first)
{
	const struct sv_exposure *x = &s->c->obs->exposure;
	size_t most = x->blocks_known ? (size_t)1 << x->block_order : CONTEXT;

	return first < most ? (size_t)first : most;
}

/* All of the machine, piece after piece, or a part of it. */
static int all_pieces(struct pass *s, uint64_t first, uint64_t frames, struct safevma_error *why,
	struct safevma_error *err)
{
	size_t want = SV_EXPOSURE_FRAMES, have = want;
	uint64_t at = first;

	while (have == want && at - first < frames) {
		uint64_t left = frames - (at - first);
		size_t context = at != first ? 1 : before_part(s, first);
		int rc;

		want = left < SV_EXPOSURE_FRAMES ? (size_t)left : SV_EXPOSURE_FRAMES;
		rc = read_piece(s, at, want, context, &have, why, err);
		if (rc <= 0)
			return rc;
		if (have && look_at_piece(s, err))
			return -1;
		at += have;
	}
	return 1;
}

/* A part is for the raster alone: nothing else is told of parts. */
static int over_range(struct pass *s, struct safevma_error *why, struct safevma_error *err)
{
	const unsigned int whole =
		SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_RECONCILE | SAFEVMA_NEED_SLAB_FRAMES;
	const struct safevma_phys_request *r = &s->c->request->phys;
	bool part = r->pfns && !(s->c->obs->needs & whole);

	sv_raster_init(&s->c->obs->raster, part ? r->first_pfn : 0, r->order_given ? r->order : 0,
		r->cells || !r->order_given ? r->cells : SV_RASTER_CELLS_MOST);
	return all_pieces(s, part ? r->first_pfn : 0, part ? r->pfns : UINT64_MAX, why, err);
}

/* Which units are looked at: the same ones each time, and no pattern of the machine's. */
static bool sampled(uint64_t unit, unsigned int percent)
{
	uint64_t h = (unit + 1) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (h ^ h >> 32) % 100 < percent;
}

/* Some units of it; each is looked at by itself. */
static int some_pieces(struct pass *s, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_sample *k = &s->c->obs->exposure.sample;
	uint64_t block = UINT64_C(1) << s->c->obs->exposure.block_order, size = 8 * block;
	uint64_t end = sv_zone_spans_end(&s->c->obs->zones);
	/* As far as a source counts as near. */
	size_t context = block < 1024 ? 1024 : (size_t)block;
	int rc = 1;

	size = size < 4096 ? 4096 : size > SV_EXPOSURE_FRAMES ? SV_EXPOSURE_FRAMES : size;
	for (uint64_t unit = 0; unit * size < end && rc > 0; unit++) {
		size_t have;

		k->units_all++;
		if (!sampled(unit, k->percent))
			continue;
		k->units++;
		s->piece.last = UINT64_MAX;
		s->piece.head = 0;
		rc = read_piece(s, unit * size, (size_t)size, unit ? context : 0, &have, why, err);
		if (rc > 0 && have && look_at_piece(s, err))
			return -1;
	}
	return rc;
}

int sv_capture_block_order(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_num pages = c->obs->system.block_pages;
	struct safevma_error why;

	if (pages.known && pages.value && pages.value <= CONTEXT) {
		c->obs->exposure.block_order = (unsigned int)__builtin_ctzll(pages.value);
		c->obs->exposure.blocks_known = true;
		return 0;
	}
	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"the size of a pageblock is not known: it is read from /proc/pagetypeinfo, and "
		"not assumed");
	return sv_gap_add_cost(c->obs, SV_IFACE_PAGETYPEINFO, 0, &why, true,
		"mixing of pageblocks, distances to sources", err);
}

static struct pass *new_pass(struct sv_capture *c, struct sv_file *f)
{
	struct pass *s = calloc(1, sizeof(*s));
	const struct sv_exposure *x = &c->obs->exposure;

	if (!s)
		return NULL;
	s->c = c;
	s->file = f;
	s->piece = (struct sv_exposure_piece) { .words = s->words,
		.class = s->class,
		.distance = s->distance,
		.sources = s->sources,
		.last = UINT64_MAX,
		.reach_back = x->blocks_known ? UINT64_C(1) << x->block_order : 0 };
	return s;
}

static int over_all_frames(
	struct sv_capture *c, bool fill, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = "all" };
	sv_auto_free struct pass *s = NULL;
	sv_auto_free size_t *next = NULL;
	sv_auto_file struct sv_file *f = NULL;
	struct sv_exposure *x = &c->obs->exposure;
	int rc;

	if (sv_exposure_init(x, &c->obs->zones))
		return sv_error_nomem(err);
	if (sv_root_open(c->root, &place, &f, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	x->sample.percent = c->request->sample_percent;
	s = new_pass(c, f);
	next = calloc(c->obs->processes.len + 1, sizeof(*next));
	if (!s || !next)
		return sv_error_nomem(err);
	s->fill = fill;
	s->next = next;
	if ((c->obs->needs & SAFEVMA_NEED_SLAB_FRAMES) && !x->sample.percent &&
		sv_slab_pass_begin(c, "slab.frames", &c->obs->slabs.view, &s->slabs, err))
		rc = -1;
	else
		rc = x->sample.percent ? some_pieces(s, why, err) : over_range(s, why, err);
	if (rc > 0 && ((s->slabs && sv_slab_pass_end(s->slabs, err)) || surround_rest(s, err)))
		rc = -1;
	sv_slab_pass_free(s->slabs);
	return rc;
}

int sv_capture_slab_frames(struct sv_capture *c, const char *tag, struct sv_slab_view *view,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = tag };
	sv_auto_free struct pass *s = NULL;
	sv_auto_file struct sv_file *f = NULL;
	int rc;

	if (sv_root_open(c->root, &place, &f, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	s = new_pass(c, f);
	if (!s)
		return sv_error_nomem(err);
	s->slabs_alone = true;
	rc = sv_slab_pass_begin(c, tag, view, &s->slabs, err);
	if (!rc)
		rc = all_pieces(s, 0, UINT64_MAX, why, err);
	if (rc > 0 && sv_slab_pass_end(s->slabs, err))
		rc = -1;
	sv_slab_pass_free(s->slabs);
	return rc;
}

static struct sv_num plus(struct sv_num a, struct sv_num b)
{
	return a.known ? sv_known(a.value + (b.known ? b.value : 0)) : a;
}

/* Block by block, those alone in which frames of the index lie. */
static int blocks_around(struct pass *s, struct sv_frame_index *x, struct safevma_error *why,
	struct safevma_error *err)
{
	uint64_t size = UINT64_C(1) << s->c->obs->exposure.block_order;
	size_t next = 0;
	int rc = 1;

	while (next < x->len && rc > 0) {
		uint64_t first = x->ptr[next].pfn & ~(size - 1);
		size_t before = next, have;

		s->piece.last = UINT64_MAX;
		s->piece.head = 0;
		rc = read_piece(s, first, (size_t)size, first < size ? (size_t)first : (size_t)size,
			&have, why, err);
		if (rc <= 0)
			break;
		s->piece.n = (size_t)size; /* what is past the end is no memory */
		sv_exposure_classify(&s->piece);
		sv_exposure_mark(&s->piece);
		if (surround(s, x, &next, err) || next == before)
			return -1;
	}
	return rc;
}

int sv_capture_around(struct sv_capture *c, struct sv_file *f, struct sv_frame_index *x,
	struct safevma_error *err)
{
	sv_auto_free struct pass *s = NULL;
	struct safevma_error why = { 0 };
	int rc;

	if (!c->obs->exposure.blocks_known || !x->len)
		return 0;
	s = new_pass(c, f);
	if (!s)
		return sv_error_nomem(err);
	rc = blocks_around(s, x, &why, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(
		c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true, "the pageblocks of these frames", err);
}

static int tell_sample(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"%u percent of the machine's frames were asked for (--sample)",
		c->request->sample_percent);
	return sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, false,
		"counts of the whole machine; mixing and distances of processes", err);
}

/* The frames of processes are looked up one by one then: what they are need not be lost. */
static int tell_unread(
	struct sv_capture *c, const struct safevma_error *why, struct safevma_error *err)
{
	if (c->obs->needs & SAFEVMA_NEED_PHYS)
		return sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, why, true,
			"the raster of physical memory, and every count of frames", err);
	if ((c->obs->needs & SAFEVMA_NEED_SLAB_FRAMES) &&
		sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, why, !c->request->everything,
			"where the frames of slab caches lie", err))
		return -1;
	if (!(c->obs->needs & (SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_RECONCILE)))
		return 0;
	if (!(c->obs->needs & SAFEVMA_NEED_EXPOSURE))
		return sv_gap_add(c->obs, SV_IFACE_KPAGEFLAGS, 0, why, true, err);
	return sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, why, true,
		"exposure of the machine; lift, mixing and distances of processes", err);
}

/* Cells of the size that was asked for would be too many to show. */
static int tell_coarser(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_raster *r = &c->obs->raster;
	struct safevma_error why;

	if (!c->request->phys.order_given || r->order == c->request->phys.order)
		return 0;
	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"more than %zu cells would hold memory: they were made larger, %llu frames each; "
		"a smaller range has smaller ones",
		r->most, 1ULL << r->order);
	return sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true,
		"cells of the size that was asked for", err);
}

static void keep_meminfo(
	struct sv_totals *t, const struct meminfo *before, const struct meminfo *after)
{
	t->meminfo_slab = before->slab;
	t->meminfo_mlocked = before->mlocked;
	t->meminfo_pagetables = plus(before->pagetables, before->secpagetables);
	t->meminfo_unevictable = before->unevictable;
	t->after_slab = after->slab;
	t->after_mlocked = after->mlocked;
	t->after_pagetables = plus(after->pagetables, after->secpagetables);
	t->after_unevictable = after->unevictable;
}

int sv_capture_pass(struct sv_capture *c, bool fill, struct safevma_error *err)
{
	bool totals = c->obs->needs & SAFEVMA_NEED_RECONCILE;
	struct meminfo before = { 0 }, after = { 0 };
	struct safevma_error why = { 0 };
	int rc;

	if (c->request->sample_percent && tell_sample(c, err))
		return -1;
	if (totals && read_meminfo(c, "before", &before, err))
		return -1;
	rc = over_all_frames(c, fill, &why, err);
	if (rc < 0)
		return -1;
	c->obs->exposure.made = rc && (c->obs->needs & (SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_PHYS));
	c->obs->totals.made = rc && totals;
	c->obs->raster.made = rc && (c->obs->needs & SAFEVMA_NEED_PHYS);
	if (c->obs->raster.made && tell_coarser(c, err))
		return -1;
	if (!rc && tell_unread(c, &why, err))
		return -1;
	if (totals && read_meminfo(c, "after", &after, err))
		return -1;
	if (totals)
		keep_meminfo(&c->obs->totals, &before, &after);
	return 0;
}
