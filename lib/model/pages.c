// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pages.h"

#include <stdlib.h>

#include "base/vec.h"

/* Address behind the last page. */
static uint64_t end_of(const struct sv_pages *p)
{
	const struct sv_page_span *last = &p->spans.ptr[p->spans.len - 1];

	return last->vaddr + (p->len - last->first) * p->page_size;
}

static uint64_t word_of(uint64_t entry, bool changed)
{
	return (entry & ~SV_PAGES_CHANGED) | (changed ? SV_PAGES_CHANGED : 0);
}

static int add_word(struct sv_pages *p, uint64_t word)
{
	if (p->len == p->cap) {
		size_t cap = p->cap ? p->cap + p->cap / 2 : 64;
		uint64_t *grown = reallocarray(p->words, cap, sizeof(*grown));

		if (!grown)
			return -1;
		p->words = grown;
		p->cap = cap;
	}
	p->words[p->len++] = word;
	return 0;
}

int sv_pages_add(struct sv_pages *p, uint64_t page_size, const struct sv_page *page)
{
	p->page_size = page_size;
	if (!p->spans.len || end_of(p) != page->vaddr) {
		struct sv_page_span *span = sv_vec_push(&p->spans);

		if (!span)
			return -1;
		*span = (struct sv_page_span) { .vaddr = page->vaddr, .first = p->len };
	}
	return add_word(p, word_of(page->entry, page->changed));
}

/* The span that page number index lies in. */
static size_t span_of(const struct sv_pages *p, size_t index)
{
	size_t lo = 0, hi = p->spans.len;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->spans.ptr[mid].first <= index)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

struct sv_page sv_pages_at(const struct sv_pages *p, size_t index)
{
	return sv_pages_in_span(p, span_of(p, index), index);
}

void sv_pages_set(struct sv_pages *p, size_t index, uint64_t entry, bool changed)
{
	p->words[index] = word_of(entry, changed);
}

size_t sv_pages_from(const struct sv_pages *p, uint64_t vaddr)
{
	size_t lo = 0, hi = p->spans.len;
	const struct sv_page_span *s;
	uint64_t at;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->spans.ptr[mid].vaddr <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return 0;
	s = &p->spans.ptr[lo - 1];
	at = (vaddr - s->vaddr) / p->page_size + !!((vaddr - s->vaddr) % p->page_size);
	at = at < p->len ? at + s->first : p->len;
	return at < sv_pages_span_end(p, lo - 1) ? (size_t)at : sv_pages_span_end(p, lo - 1);
}

void sv_pages_fini(struct sv_pages *p)
{
	free(p->words);
	free(p->spans.ptr);
	*p = (struct sv_pages) { 0 };
}

struct sv_page_walk sv_pages_walk(const struct sv_pages *p, size_t first, size_t count)
{
	return (struct sv_page_walk) {
		.pages = p, .at = first, .end = first + count, .span = count ? span_of(p, first) : 0
	};
}
