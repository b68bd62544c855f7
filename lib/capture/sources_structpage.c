// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who has frames, by their struct pages. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "iface/kpage.h"
#include "sources.h"
#include "structpage.h"

/*
 * What has no type is not said: user memory, most memory of the kernel, and what lies free on the
 * list of a CPU look alike. Offline memory is no source by its flags.
 */
static const enum sv_holder_kind kinds[SV_PAGE_TYPE_COUNT] = {
	[SV_PAGE_BUDDY] = SV_HELD_FREE,
	[SV_PAGE_GUARD] = SV_HELD_FREE,
	[SV_PAGE_UNACCEPTED] = SV_HELD_FREE,
	[SV_PAGE_TABLE] = SV_HELD_TABLE,
	[SV_PAGE_HUGETLB] = SV_HELD_USER,
	[SV_PAGE_SLAB] = SV_HELD_SLAB,
	[SV_PAGE_LARGE] = SV_HELD_LARGE,
	[SV_PAGE_ZSMALLOC] = SV_HELD_PAGES,
};

static const char *const names[SV_PAGE_TYPE_COUNT] = {
	[SV_PAGE_GUARD] = "guard page of debug_pagealloc",
	[SV_PAGE_UNACCEPTED] = "not accepted yet",
	[SV_PAGE_ZSMALLOC] = "zsmalloc",
};

struct tally {
	uint64_t changed, unnamed, slabs;
};

/* The name of its cache with what was merged into it; SV_NO_NAME where there is none. 0, -1. */
static int name_of(struct sv_holdings *h, const struct sv_slab_view *view,
	const struct sv_page_found *f, uint32_t *ret)
{
	const char *text =
		f->cache != SV_NO_CACHE ? view->caches.ptr[f->cache].label : names[f->type];

	*ret = text ? sv_holdings_name(h, text, strlen(text)) : SV_NO_NAME;
	return text && *ret == SV_NO_NAME ? -1 : 0;
}

/* Slab pages that were reserved at boot are KFENCE's pool: an object each, between guards. */
static enum sv_holder_kind kind_of(const struct sv_page_found *f, uint64_t flags)
{
	return f->type == SV_PAGE_SLAB && (flags & SV_KPF_RESERVED) ? SV_HELD_KFENCE
								    : kinds[f->type];
}

static int say(struct sv_holdings *h, const struct sv_slab_view *view,
	const struct sv_page_found *f, uint64_t flags, struct tally *t)
{
	struct sv_holding what = { .pfn = f->pfn,
		.kind = f->known ? kind_of(f, flags) : SV_HELD_UNKNOWN,
		.basis = SV_HELD_BY_STRUCT_PAGE,
		.name = SV_NO_NAME,
		.detail = SV_NO_NAME,
		.head = f->head,
		.order = f->order };

	t->changed += f->changed;
	if (!f->known)
		return 0;
	t->slabs += what.kind == SV_HELD_SLAB;
	t->unnamed += what.kind == SV_HELD_SLAB && f->cache == SV_NO_CACHE;
	if (name_of(h, view, f, &what.name))
		return -1;
	sv_holdings_say(h, &what);
	return 0;
}

static int tell(struct sv_structpages *s, const struct tally *t, struct safevma_error *err)
{
	struct safevma_error why;

	if (t->slabs && !s->caches_told &&
		sv_gap_add_cost(s->c->obs, SV_IFACE_BTF, 0, &s->caches_why, false,
			"which cache slab memory beside frames belongs to", err))
		return -1;
	if (t->unnamed && s->caches_told) {
		sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
			"no cache that the kernel lists was found behind %" PRIu64
			" frames of slab memory",
			t->unnamed);
		if (sv_gap_add_cost(s->c->obs, SV_IFACE_KCORE, 0, &why, false,
			    "which cache they belong to", err))
			return -1;
	}
	if (!t->changed)
		return 0;
	sv_error_set(&why, SAFEVMA_E_CHANGED, 0, NULL, 0,
		"%" PRIu64 " frames changed while their struct pages were read", t->changed);
	return sv_gap_add_cost(s->c->obs, SV_IFACE_KCORE, 0, &why, false,
		"who has them, by their struct pages", err);
}

static int ask(struct sv_structpages *s, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t n = h->each.len, count = 0;
	sv_auto_free struct sv_page_found *found = calloc(n, sizeof(*found));
	sv_auto_free uint64_t *pfns = calloc(n, sizeof(*pfns)), *words = calloc(n, sizeof(*words));
	struct tally t = { 0 };
	int rc;

	if (!found || !pfns || !words)
		return sv_error_nomem(err);
	for (size_t i = 0; i < n; i++) {
		if (flags[i] & SV_KPF_NOPAGE)
			continue;
		words[count] = flags[i];
		pfns[count++] = h->each.ptr[i].pfn;
	}
	rc = sv_structpages_look(s, pfns, count, found, why, err);
	for (size_t i = 0; i < count && rc > 0; i++)
		if (say(h, s->view, &found[i], words[i], &t))
			return sv_error_nomem(err);
	return rc > 0 && tell(s, &t, err) ? -1 : rc;
}

int sv_sources_struct_page(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err)
{
	struct sv_slab_view view = { 0 };
	struct safevma_error why = { 0 };
	struct sv_structpages s;
	int rc;

	if (!h->each.len || sv_source_unwanted(c, SV_IFACE_KCORE))
		return 0;
	rc = sv_structpages_open(&s, c, "sources.structs", &view, &why, err);
	if (rc > 0)
		rc = ask(&s, h, flags, &why, err);
	sv_structpages_close(&s);
	sv_slab_view_fini(&view);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(c->obs, SV_IFACE_KCORE, 0, &why, false,
		"caches of slab memory, and which frames belong together", err);
}
