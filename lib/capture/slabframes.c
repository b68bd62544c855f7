// SPDX-License-Identifier: LGPL-2.1-or-later
/* All slab memory of the machine, frame by frame, and what each cache has of it. */
#include "base/error.h"
#include "iface/kpage.h"
#include "structpage.h"

enum { PIECE = 16384 };

struct slab_pass {
	struct sv_structpages s;
	struct sv_slab_view *view;
	sv_slab_frame_fn each;
	void *arg;
	uint64_t words[PIECE], flags[PIECE], pfns[PIECE];
	struct sv_page_found found[PIECE];
};

static void count(struct sv_slab_view *view, const struct sv_page_found *f, uint64_t flags)
{
	struct sv_seen_cache *cache;

	view->frames++;
	if (!f->known || f->type != SV_PAGE_SLAB) {
		view->changed++;
		return;
	}
	/* Reserved at boot: KFENCE's pool, where a page without an object has no cache. */
	if (f->cache == SV_NO_CACHE) {
		view->unnamed += !(flags & SV_KPF_RESERVED);
		view->kfence += (flags & SV_KPF_RESERVED) != 0;
		return;
	}
	cache = &view->caches.ptr[f->cache];
	if (flags & SV_KPF_RESERVED) {
		cache->kfence++;
		view->kfence++;
		return;
	}
	cache->frames++;
	cache->slabs += f->pfn == f->head;
}

static int look_at_piece(struct slab_pass *p, uint64_t first, size_t have,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < have; i++) {
		if (!(p->words[i] & SV_KPF_SLAB) || (p->words[i] & SV_KPF_NOPAGE))
			continue;
		p->flags[n] = p->words[i];
		p->pfns[n++] = first + i;
	}
	rc = sv_structpages_look(&p->s, p->pfns, n, p->found, why, err);
	for (size_t i = 0; rc > 0 && i < n; i++) {
		count(p->view, &p->found[i], p->flags[i]);
		if (p->each && p->each(p->arg, &p->found[i], p->flags[i]))
			rc = -1;
	}
	return rc;
}

static int over_all_frames(
	struct slab_pass *p, const char *tag, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	size_t have = PIECE;
	int rc = 1;

	if (sv_root_open(p->s.c->root, &place, &f, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	for (uint64_t at = 0; have == PIECE && rc > 0; at += PIECE) {
		rc = sv_capture_words(f, at, PIECE, p->words, &have, why, err);
		if (rc > 0 && have < PIECE && sv_capture_cut(p->s.c, f, at + have, why))
			return 0;
		if (rc > 0)
			rc = look_at_piece(p, at, have, why, err);
	}
	return rc;
}

int sv_capture_slab_frames(struct sv_capture *c, const char *tag, struct sv_slab_view *view,
	sv_slab_frame_fn each, void *arg, struct safevma_error *why, struct safevma_error *err)
{
	sv_auto_free struct slab_pass *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return sv_error_nomem(err);
	p->view = view;
	p->each = each;
	p->arg = arg;
	rc = sv_structpages_open(&p->s, c, tag, view, why, err);
	if (rc > 0)
		rc = over_all_frames(p, tag, why, err);
	sv_structpages_close(&p->s);
	return rc;
}
