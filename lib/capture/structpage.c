// SPDX-License-Identifier: LGPL-2.1-or-later
/* Struct pages of frames, their heads, and what the heads say. */
#include "structpage.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "iface/kpage.h"
#include "sources.h"

enum {
	CHUNK = 1024,	/* frames that are looked at together */
	PROBES = 5,	/* struct pages read for the order of one: its own, and 1, 2, 4, 8 on */
	GAP = 24,	/* struct pages between two that are read along */
	RUN = 1024,	/* at most so many in one read */
	ORDER_MAX = 18, /* 1 GiB of pages of 4 KiB */
};

/* ---- reading --------------------------------------------------------------------------------- */

/* How many of the numbers, from the first on, one read covers. */
static size_t run_length(const uint64_t *pfns, size_t n)
{
	size_t i = 1;

	while (i < n && pfns[i] - pfns[i - 1] <= GAP && pfns[i] - pfns[0] < RUN)
		i++;
	return i;
}

int sv_structpages_read(struct sv_structpages *s, const uint64_t *pfns, size_t n,
	unsigned char *buf, struct safevma_error *why, struct safevma_error *err)
{
	size_t size = (size_t)s->layout.size, len;
	sv_auto_free unsigned char *run = malloc(RUN * size);

	if (!run)
		return sv_error_nomem(err);
	for (size_t i = 0; i < n; i += len) {
		size_t count;
		int rc;

		len = run_length(pfns + i, n - i);
		count = (size_t)(pfns[i + len - 1] - pfns[i]) + 1;
		rc = sv_kernel_memory_read(
			s->memory, s->layout.vmemmap + pfns[i] * size, run, count * size, why, err);
		if (rc < 0)
			return -1;
		if (!rc && len > 1) { /* a hole between them: one by one */
			len = 1;
			rc = sv_kernel_memory_read(
				s->memory, s->layout.vmemmap + pfns[i] * size, run, size, why, err);
		}
		if (rc < 0 || (!rc && why->code != SAFEVMA_E_UNSUPPORTED))
			return rc;
		if (!rc)
			memset(run, 0, size); /* none is there */
		for (size_t k = 0; k < len; k++)
			memcpy(buf + (i + k) * size, run + (pfns[i + k] - pfns[i]) * size, size);
	}
	return 1;
}

/* Struct pages by frame, as they were read together. */
struct pages {
	uint64_t *pfns;
	struct sv_page_view *views;
	size_t n;
};

static void pages_fini(struct pages *p)
{
	free(p->pfns);
	free(p->views);
	*p = (struct pages) { 0 };
}

static int pages_init(struct pages *p, size_t room)
{
	*p = (struct pages) { .pfns = calloc(room + 1, sizeof(*p->pfns)),
		.views = calloc(room + 1, sizeof(*p->views)) };
	return p->pfns && p->views ? 0 : -1;
}

/* In order, each once. */
static int settle(struct pages *p)
{
	sv_auto_free uint64_t *scratch = calloc(p->n + 1, sizeof(*scratch));
	size_t out = 0;

	if (!scratch)
		return -1;
	sv_sort_u64(p->pfns, p->n, 0, scratch);
	for (size_t i = 0; i < p->n; i++)
		if (!out || p->pfns[out - 1] != p->pfns[i])
			p->pfns[out++] = p->pfns[i];
	p->n = out;
	return 0;
}

static int read_views(struct sv_structpages *s, struct pages *p, struct safevma_error *why,
	struct safevma_error *err)
{
	size_t size = (size_t)s->layout.size;
	sv_auto_free unsigned char *bytes = calloc(p->n + 1, size);
	int rc;

	if (!bytes)
		return sv_error_nomem(err);
	rc = sv_structpages_read(s, p->pfns, p->n, bytes, why, err);
	for (size_t i = 0; rc > 0 && i < p->n; i++)
		sv_page_decode(&s->layout, p->pfns[i], bytes + i * size, &p->views[i]);
	return rc;
}

static const struct sv_page_view *view_of(const struct pages *p, uint64_t pfn)
{
	size_t at = sv_lower_bound(p->pfns, p->n, pfn);

	return at < p->n && p->pfns[at] == pfn ? &p->views[at] : NULL;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static bool tail_of(const struct pages *p, uint64_t pfn, uint64_t head)
{
	const struct sv_page_view *v = view_of(p, pfn);

	return v && v->tail && !v->broken && v->head == head;
}

/*
 * Compound pages begin at a multiple of their size. The tails tell the order in all kernels, whose
 * own member for it has moved four times: those 1, 2, 4 ... frames on belong to it, and the first
 * that does not is behind it. -1: it is larger than what was read.
 */
static int order_of(const struct pages *p, uint64_t head)
{
	int order = 0;

	while (order < ORDER_MAX && tail_of(p, head + (UINT64_C(1) << order), head))
		order++;
	if (order == ORDER_MAX || !view_of(p, head + (UINT64_C(1) << order)) ||
		(head & ((UINT64_C(1) << order) - 1)))
		return -1;
	return order;
}

/* Of large ones the rest, frame by frame. 1, 0, -1. */
static int large_order(struct sv_structpages *s, const struct pages *p, uint64_t head, int *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	*ret = order_of(p, head);
	if (*ret >= 0 || !tail_of(p, head + 8, head) || (head & 15))
		return 1;
	for (int order = 4; order <= ORDER_MAX; order++) {
		uint64_t at = head + (UINT64_C(1) << order);
		struct sv_page_view view = { 0 };
		struct pages one = { .pfns = &at, .views = &view, .n = 1 };
		int rc = read_views(s, &one, why, err);

		if (rc <= 0)
			return rc;
		if (view.tail && !view.broken && view.head == head)
			continue;
		*ret = head & ((UINT64_C(1) << order) - 1) ? -1 : order;
		return 1;
	}
	return 1;
}

/* ---- one look -------------------------------------------------------------------------------- */

/* The heads of the frames, and what their orders are told by. */
static int collect_heads(const struct pages *frames, struct pages *heads)
{
	if (pages_init(heads, frames->n * PROBES))
		return -1;
	for (size_t i = 0; i < frames->n; i++) {
		const struct sv_page_view *v = &frames->views[i];

		if (v->held && !v->has_tails && !(frames->pfns[i] & 1))
			heads->pfns[heads->n++] = frames->pfns[i] + 1;
		if (v->blank || v->broken || (!v->tail && !v->has_tails))
			continue;
		heads->pfns[heads->n++] = v->head;
		for (int k = 0; k < PROBES - 1; k++)
			heads->pfns[heads->n++] = v->head + (UINT64_C(1) << k);
	}
	return settle(heads);
}

static const struct sv_page_view *head_view(const struct sv_page_view *v, const struct pages *heads)
{
	const struct sv_page_view *h = v->tail || v->has_tails ? view_of(heads, v->head) : v;

	if (v->blank || v->broken || !h || h->blank || h->tail || (v->tail && !h->has_tails))
		return NULL;
	return h;
}

/* Both readings mean the same allocation. */
static bool same(const struct sv_page_view *a, const struct sv_page_view *b)
{
	return a->blank == b->blank && a->broken == b->broken && a->tail == b->tail &&
	       a->head == b->head && a->has_tails == b->has_tails && a->type == b->type &&
	       a->cache == b->cache && a->held == b->held;
}

/*
 * Of memory of several frames that is not compound the first alone is held, and it begins at a
 * multiple of its size. So one that is held is alone where it cannot be the first of more, or where
 * the next one is something by itself.
 */
static bool alone(const struct sv_page_view *v, uint64_t pfn, const struct pages *heads)
{
	const struct sv_page_view *next = view_of(heads, pfn + 1);

	if (!v->held || v->has_tails)
		return false;
	return (pfn & 1) || (next && !next->blank &&
				    (next->held || next->tail || next->has_tails ||
					    next->type != SV_PAGE_PLAIN));
}

static int describe(struct sv_structpages *s, const struct pages *frames, const struct pages *heads,
	size_t i, struct sv_page_found *f, struct safevma_error *why, struct safevma_error *err)
{
	const struct sv_page_view *v = &frames->views[i], *h = head_view(v, heads);

	*f = (struct sv_page_found) {
		.pfn = frames->pfns[i], .head = frames->pfns[i], .order = -1, .cache = SV_NO_CACHE
	};
	f->changed = !h && v->tail && !v->broken; /* of what is no head any more */
	if (!h)
		return 1;
	f->known = true;
	f->head = v->head;
	f->type = h->type;
	if (!h->has_tails && (h->type == SV_PAGE_SLAB || alone(h, f->pfn, heads)))
		f->order = 0;
	/* Tails of hugetlb pages can be images of the first ones: they tell no order. */
	if (h->has_tails && h->type != SV_PAGE_HUGETLB)
		return large_order(s, heads, f->head, &f->order, why, err);
	return 1;
}

/* What was not so in the second reading. */
static void doubt(struct sv_page_found *f, const struct pages *frames, const struct pages *again,
	const struct pages *heads, const struct pages *heads_again, size_t i)
{
	const struct sv_page_view *h = view_of(heads, f->head), *g = view_of(heads_again, f->head);

	if (same(&frames->views[i], &again->views[i]) && (!h || (g && same(h, g))))
		return;
	*f = (struct sv_page_found) {
		.pfn = f->pfn, .changed = true, .head = f->pfn, .order = -1, .cache = SV_NO_CACHE
	};
}

static int read_again(struct sv_structpages *s, const struct pages *p, struct pages *again,
	struct safevma_error *why, struct safevma_error *err)
{
	if (pages_init(again, p->n))
		return sv_error_nomem(err);
	memcpy(again->pfns, p->pfns, p->n * sizeof(*p->pfns));
	again->n = p->n;
	return read_views(s, again, why, err);
}

struct looked {
	struct pages frames, heads, frames_again, heads_again;
};

static int look_twice(struct sv_structpages *s, struct looked *l, struct sv_page_found *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	int rc = read_views(s, &l->frames, why, err);

	if (rc <= 0)
		return rc;
	if (collect_heads(&l->frames, &l->heads))
		return sv_error_nomem(err);
	rc = read_views(s, &l->heads, why, err);
	for (size_t i = 0; rc > 0 && i < l->frames.n; i++)
		rc = describe(s, &l->frames, &l->heads, i, &ret[i], why, err);
	if (rc > 0)
		rc = read_again(s, &l->heads, &l->heads_again, why, err);
	if (rc > 0)
		rc = read_again(s, &l->frames, &l->frames_again, why, err);
	for (size_t i = 0; rc > 0 && i < l->frames.n; i++)
		doubt(&ret[i], &l->frames, &l->frames_again, &l->heads, &l->heads_again, i);
	return rc;
}

static int name_caches(struct sv_structpages *s, const struct looked *l, struct sv_page_found *ret,
	struct safevma_error *err)
{
	for (size_t i = 0; i < l->frames.n; i++) {
		const struct sv_page_view *h = ret[i].known && ret[i].type == SV_PAGE_SLAB
						       ? head_view(&l->frames.views[i], &l->heads)
						       : NULL;

		if (h && s->caches_told && sv_slab_cache_at(s, h->cache, &ret[i].cache, err))
			return -1;
	}
	return 0;
}

static int look_at_chunk(struct sv_structpages *s, const uint64_t *pfns, size_t n,
	struct sv_page_found *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct looked l = { 0 };
	int rc;

	if (pages_init(&l.frames, n)) {
		pages_fini(&l.frames);
		return sv_error_nomem(err);
	}
	memcpy(l.frames.pfns, pfns, n * sizeof(*pfns));
	l.frames.n = n;
	rc = look_twice(s, &l, ret, why, err);
	if (rc > 0 && name_caches(s, &l, ret, err))
		rc = -1;
	pages_fini(&l.frames);
	pages_fini(&l.heads);
	pages_fini(&l.frames_again);
	pages_fini(&l.heads_again);
	return rc;
}

int sv_structpages_look(struct sv_structpages *s, const uint64_t *pfns, size_t n,
	struct sv_page_found *ret, struct safevma_error *why, struct safevma_error *err)
{
	int rc = 1;

	for (size_t i = 0; i < n && rc > 0; i += CHUNK)
		rc = look_at_chunk(s, pfns + i, n - i < CHUNK ? n - i : CHUNK, ret + i, why, err);
	return rc > 0 && n ? sv_kernel_memory_same(s->memory, why, err) : rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Where BTF is not there, the rest may do. */
static int read_btf(struct sv_structpages *s, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_BTF, .tag = "btf" } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int rc;

	if (sv_source_unwanted(s->c, SV_IFACE_BTF)) {
		sv_error_set(&s->caches_why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
			"it was not to be read (--without btf)");
		return 0;
	}
	rc = sv_capture_call(s->c, &call, &text, &s->caches_why, err);
	if (rc <= 0)
		return rc;
	sv_page_layout_btf(&s->layout, sv_text_init(text.ptr, text.len, "BTF"));
	s->caches_told = s->layout.slab_cache.known && s->layout.cache_name.known;
	if (!s->caches_told)
		sv_error_set(&s->caches_why, SAFEVMA_E_UNSUPPORTED, 0, "/sys/kernel/btf/vmlinux", 0,
			"it has no %s.%s under any name that is known here",
			s->layout.slab_cache.known ? "kmem_cache" : "slab",
			s->layout.slab_cache.known ? "name" : "slab_cache");
	return 0;
}

int sv_structpages_open(struct sv_structpages *s, struct sv_capture *c, const char *tag,
	struct sv_slab_view *view, struct safevma_error *why, struct safevma_error *err)
{
	const struct sv_pgtable *pg;
	int rc;

	*s = (struct sv_structpages) { .c = c, .view = view };
	rc = sv_kernel_memory_open(c, tag, &s->memory, why, err);
	if (rc <= 0)
		return rc;
	pg = sv_kernel_memory_tables(s->memory);
	s->delta = pg->delta;
	s->page_shift = pg->page_shift;
	if (read_btf(s, err))
		return -1;
	if (sv_page_layout_init(&s->layout, sv_kernel_memory_info(s->memory),
		    sv_kernel_memory_kcore(s->memory), s->delta, s->page_shift, why))
		return 0;
	if (sv_slab_names_read(s, tag, err))
		return -1;
	return !s->caches_told && sv_slab_learn(s, tag, err) ? -1 : 1;
}

void sv_structpages_close(struct sv_structpages *s)
{
	sv_kernel_memory_close(s->memory);
	sv_slab_names_fini(s);
	s->memory = NULL;
}
