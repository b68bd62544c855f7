/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pages of a process that have an entry in its page tables, in order of address. A process can
 * have millions: they are kept as the words of pagemap, eight bytes each, in spans of consecutive
 * addresses, and handed out one at a time.
 */
#ifndef SV_MODEL_PAGES_H
#define SV_MODEL_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sv_page {
	uint64_t vaddr;
	uint64_t entry; /* SV_PAGEMAP_*; empty: it went away while its frame was looked up */
	bool changed;	/* the entry did not stay the same while its frame was looked up */
	size_t index;	/* among the process's pages; not looked at when one is added */
};

struct sv_page_span {
	uint64_t vaddr;
	size_t first; /* index of the page there; it ends where the next span begins */
};

struct sv_pages {
	uint64_t page_size;
	uint64_t *words; /* entries; a bit that no kernel uses says changed */
	size_t len, cap;
	struct {
		struct sv_page_span *ptr;
		size_t len, cap;
	} spans;
};

/* At the end, behind all others. -1: memory is out. */
int sv_pages_add(struct sv_pages *pages, uint64_t page_size, const struct sv_page *page);

/* Page number index, which must be there. */
struct sv_page sv_pages_at(const struct sv_pages *pages, size_t index);

/* A new entry for a page that is there. */
void sv_pages_set(struct sv_pages *pages, size_t index, uint64_t entry, bool changed);

/* Index of the first page at or behind an address. */
size_t sv_pages_from(const struct sv_pages *pages, uint64_t vaddr);

void sv_pages_fini(struct sv_pages *pages);

/* Pages [at, end) one after the other. */
struct sv_page_walk {
	const struct sv_pages *pages;
	size_t at, end, span;
};

struct sv_page_walk sv_pages_walk(const struct sv_pages *pages, size_t first, size_t count);

/* Here and not in pages.c, because it is called for each of millions. */

/* In a word: the page changed. Bits 59 and 60 of pagemap are 0 on every kernel. */
#define SV_PAGES_CHANGED (UINT64_C(1) << 60)

static inline size_t sv_pages_span_end(const struct sv_pages *p, size_t span)
{
	return span + 1 < p->spans.len ? p->spans.ptr[span + 1].first : p->len;
}

static inline struct sv_page sv_pages_in_span(const struct sv_pages *p, size_t span, size_t index)
{
	const struct sv_page_span *s = &p->spans.ptr[span];

	return (struct sv_page) { .vaddr = s->vaddr + (index - s->first) * p->page_size,
		.entry = p->words[index] & ~SV_PAGES_CHANGED,
		.changed = p->words[index] & SV_PAGES_CHANGED,
		.index = index };
}

static inline bool sv_page_next(struct sv_page_walk *w, struct sv_page *ret)
{
	if (w->at >= w->end)
		return false;
	if (w->at == sv_pages_span_end(w->pages, w->span))
		w->span++;
	*ret = sv_pages_in_span(w->pages, w->span, w->at++);
	return true;
}

#endif
