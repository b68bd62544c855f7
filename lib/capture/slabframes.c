// SPDX-License-Identifier: LGPL-2.1-or-later
/* Slab memory, piece by piece of the machine: whose each frame is, and what lies beside it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "iface/kpage.h"
#include "structpage.h"

enum { BATCH = 4096 }; /* frames whose struct pages are looked at together */

struct sv_slab_pass {
	struct sv_structpages s;
	struct sv_slab_view *view;
	struct safevma_error why; /* why caches are not told */
	size_t *near;		  /* of each process: where its frames were looked for last */
	/* Pageblocks of the piece with mapped memory of processes, a bit each. */
	uint64_t shared[SV_EXPOSURE_FRAMES / 64];
	size_t n;
	struct sv_slab_frame frames[BATCH];
	uint64_t flags[BATCH], pfns[BATCH];
	struct sv_page_found found[BATCH];
};

/* ---- beginning and end ----------------------------------------------------------------------- */

static int tell(struct sv_capture *c, enum sv_iface iface, const struct safevma_error *why,
	bool counts, const char *costs, struct safevma_error *err)
{
	return sv_gap_add_cost(
		c->obs, iface, 0, why, counts && !c->request->everything, costs, err);
}

/* Caches are told without them. */
static int read_kinds(struct sv_slab_pass *p, struct safevma_error *err)
{
	struct safevma_error why = { 0 };
	int rc = sv_block_kinds_read(&p->s, &p->view->kinds, &why, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	return tell(p->s.c, SV_IFACE_KCORE, &why, p->s.c->obs->needs & SAFEVMA_NEED_SLAB_GROWTH,
		"which pageblocks are kept for movable memory", err);
}

static int open_struct_pages(
	struct sv_slab_pass *p, struct sv_capture *c, const char *tag, struct safevma_error *err)
{
	int rc = sv_structpages_open(&p->s, c, tag, p->view, &p->why, err);

	if (rc < 0)
		return -1;
	p->view->told = rc > 0 && p->s.caches_told;
	if (rc > 0 && !p->s.caches_told)
		p->why = p->s.caches_why;
	return rc > 0 && p->view->blocks_known && !p->view->plain ? read_kinds(p, err) : 0;
}

/* Frames of the selected by number, where nobody needed them yet. */
static int list_selected(struct sv_capture *c, struct safevma_error *err)
{
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (p->selected && p->pages.len && !p->frames.len &&
			sv_capture_frames_index(p, err))
			return -1;
	}
	return 0;
}

int sv_slab_pass_begin(struct sv_capture *c, const char *tag, struct sv_slab_view *view,
	struct sv_slab_pass **ret, struct safevma_error *err)
{
	const struct sv_exposure *x = &c->obs->exposure;
	struct sv_slab_pass *p = calloc(1, sizeof(*p));

	*ret = p;
	if (!p)
		return sv_error_nomem(err);
	p->view = view;
	view->keep = c->obs->needs & SAFEVMA_NEED_SLAB_GROWTH;
	view->zones = x->zones.len;
	view->blocks_known = x->blocks_known;
	view->block_order = x->block_order;
	p->s.c = c;
	p->near = calloc(c->obs->processes.len + 1, sizeof(*p->near));
	if (!p->near)
		return sv_error_nomem(err);
	return list_selected(c, err) ? -1 : open_struct_pages(p, c, tag, err);
}

void sv_slab_pass_free(struct sv_slab_pass *p)
{
	if (!p)
		return;
	sv_structpages_close(&p->s);
	free(p->near);
	free(p);
}

int sv_slab_pass_end(struct sv_slab_pass *p, struct safevma_error *err)
{
	struct sv_slab_view *v = p->view;
	uint64_t unnamed = v->parts[SV_SLAB_UNNAMED].frames;
	uint64_t changed = v->parts[SV_SLAB_CHANGED].frames;
	struct safevma_error why;

	v->made = true;
	if (!v->told)
		return tell(p->s.c, SV_IFACE_KCORE, &p->why, true,
			"which cache each frame of slab memory belongs to", err);
	if (unnamed) {
		sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
			"no cache that the kernel lists was found behind %" PRIu64
			" frames of slab memory",
			unnamed);
		if (tell(p->s.c, SV_IFACE_KCORE, &why, true, "which cache they belong to", err))
			return -1;
	}
	if (!changed)
		return 0;
	sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
		"%" PRIu64 " frames of slab memory changed while they were looked at", changed);
	return tell(p->s.c, SV_IFACE_KCORE, &why, false, "which cache they belong to", err);
}

/* ---- a piece --------------------------------------------------------------------------------- */

static void mark_shared(struct sv_slab_pass *p, const struct sv_exposure_piece *piece)
{
	unsigned int order = p->view->block_order;

	memset(p->shared, 0, sizeof(p->shared));
	for (size_t i = 0; i < piece->n; i++)
		if (piece->class[piece->context + i] & SV_PIECE_MAPPED)
			p->shared[(i >> order) / 64] |= UINT64_C(1) << (i >> order) % 64;
}

static bool shared(const struct sv_slab_pass *p, size_t at)
{
	size_t block = at >> p->view->block_order;

	return p->shared[block / 64] >> block % 64 & 1;
}

/* Whether a neighbour is memory of a selected process. */
static bool selected(struct sv_slab_pass *p, uint64_t pfn, uint8_t class)
{
	const safevma_observation *obs = p->s.c->obs;

	if (!sv_class_info((enum sv_class)(class & SV_PIECE_CLASS))->user)
		return false;
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *of = &obs->processes.ptr[i];
		size_t at;

		if (!of->selected || !of->frames.len)
			continue;
		at = sv_frames_find(&of->frames, pfn, p->near[i]);
		if (at == SV_FRAMES_NONE)
			continue;
		p->near[i] = at;
		return true;
	}
	return false;
}

static size_t zone_of(const struct sv_exposure *x, uint64_t pfn)
{
	const struct sv_zone_exposure *z = sv_exposure_zone(x, pfn);

	return z ? (size_t)(z - x->zones.ptr) : x->zones.len;
}

static struct sv_slab_frame describe(
	struct sv_slab_pass *p, const struct sv_exposure_piece *piece, size_t at)
{
	size_t i = piece->context + at;
	struct sv_slab_frame f = { .pfn = piece->first + at,
		.below = i ? piece->class[i - 1] : SV_CLASS_NOPAGE,
		.above = piece->class[i + 1],
		.shared = p->view->blocks_known && shared(p, at) };

	f.zone = zone_of(&p->s.c->obs->exposure, f.pfn);
	f.below_selected = f.pfn && selected(p, f.pfn - 1, f.below);
	f.above_selected = selected(p, f.pfn + 1, f.above);
	return f;
}

/*
 * Reserved at boot: KFENCE's pool, where a page has one object of some cache, or none; it is in no
 * slab.
 */
static enum sv_slab_part part_of(const struct sv_page_found *f, uint64_t flags)
{
	if (!f->known || f->type != SV_PAGE_SLAB)
		return SV_SLAB_CHANGED;
	if (flags & SV_KPF_RESERVED)
		return SV_SLAB_KFENCE;
	return f->cache == SV_NO_CACHE ? SV_SLAB_UNNAMED : SV_SLAB_CACHES;
}

static int attribute(struct sv_slab_pass *p, struct safevma_error *err)
{
	int rc = sv_structpages_look(&p->s, p->pfns, p->n, p->found, &p->why, err);

	for (size_t i = 0; i < p->n && rc > 0; i++) {
		const struct sv_page_found *f = &p->found[i];

		p->frames[i].head = f->pfn == f->head;
		if (sv_slab_count(p->view, &p->frames[i], part_of(f, p->flags[i]), f->cache))
			return sv_error_nomem(err);
	}
	p->view->told = rc > 0;
	p->n = 0;
	return rc < 0 ? -1 : 0;
}

static int add(struct sv_slab_pass *p, const struct sv_exposure_piece *piece, size_t at,
	struct safevma_error *err)
{
	struct sv_slab_frame f = describe(p, piece, at);

	if (sv_slab_count_all(p->view, &f))
		return sv_error_nomem(err);
	if (!p->view->told)
		return 0;
	p->frames[p->n] = f;
	p->flags[p->n] = piece->words[piece->context + at];
	p->pfns[p->n++] = f.pfn;
	return p->n == BATCH ? attribute(p, err) : 0;
}

int sv_slab_pass_piece(
	struct sv_slab_pass *p, const struct sv_exposure_piece *piece, struct safevma_error *err)
{
	if (p->view->blocks_known)
		mark_shared(p, piece);
	for (size_t i = 0; i < piece->n; i++) {
		uint64_t word = piece->words[piece->context + i];

		if ((word & SV_KPF_SLAB) && !(word & SV_KPF_NOPAGE) && add(p, piece, i, err))
			return -1;
	}
	return p->n ? attribute(p, err) : 0;
}
