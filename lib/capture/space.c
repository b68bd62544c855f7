// SPDX-License-Identifier: LGPL-2.1-or-later
#include "space.h"

#include <stdlib.h>
#include <string.h>

#include "iface/maps.h"
#include "iface/pagemap.h"

/* What is remembered of pages that faulted, of one process. */
enum { SET_AT_MOST = 1 << 20 };

void sv_space_fini(struct sv_space *s)
{
	sv_vec_fini(&s->areas);
	free(s->set);
	s->set = NULL;
}

void sv_space_forget(struct sv_space *s)
{
	s->areas.len = 0;
	s->before = NULL;
	s->known = true;
	s->forked = false;
	s->set_full = false;
	s->set_count = 0;
	if (s->set)
		memset(s->set, 0, s->set_len * sizeof(*s->set));
}

/* ---- areas ----------------------------------------------------------------------------------- */

/* First area that ends above an address. */
static size_t from(const struct sv_space *s, uint64_t addr)
{
	size_t lo = 0, hi = s->areas.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->areas.ptr[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct sv_area *sv_space_find(const struct sv_space *s, uint64_t addr)
{
	size_t i = from(s, addr);

	return i < s->areas.len && s->areas.ptr[i].start <= addr ? &s->areas.ptr[i] : NULL;
}

static int insert(struct sv_space *s, size_t at, const struct sv_area *area)
{
	const struct sv_area *last = sv_vec_push(&s->areas);

	if (!last)
		return -1;
	memmove(&s->areas.ptr[at + 1], &s->areas.ptr[at],
		(s->areas.len - 1 - at) * sizeof(*s->areas.ptr));
	s->areas.ptr[at] = *area;
	return 0;
}

static void cut_start(struct sv_area *a, uint64_t start)
{
	a->offset += a->inode ? start - a->start : 0;
	a->start = start;
}

int sv_space_put(struct sv_space *s, const struct sv_area *area)
{
	size_t i = from(s, area->start), n;
	struct sv_area tail;

	if (i < s->areas.len && s->areas.ptr[i].start < area->start) {
		tail = s->areas.ptr[i];
		s->areas.ptr[i++].end = area->start;
		if (tail.end > area->end) {
			cut_start(&tail, area->end);
			if (insert(s, i, &tail))
				return -1;
		}
	}
	for (n = i; n < s->areas.len && s->areas.ptr[n].end <= area->end; n++)
		;
	if (n > i)
		memmove(&s->areas.ptr[i], &s->areas.ptr[n],
			(s->areas.len - n) * sizeof(*s->areas.ptr));
	s->areas.len -= n - i;
	if (i < s->areas.len && s->areas.ptr[i].start < area->end)
		cut_start(&s->areas.ptr[i], area->end);
	return insert(s, i, area);
}

static int push(struct sv_areas *to, const struct sv_area *area, uint64_t start, uint64_t end)
{
	struct sv_area *a;

	if (start >= end)
		return 0;
	a = sv_vec_push(to);
	if (!a)
		return -1;
	*a = *area;
	cut_start(a, start);
	a->end = end;
	return 0;
}

/* The parts of an area that lie apart from all of old from number *i on, with those between them.
 */
static int fill_around(
	struct sv_areas *to, const struct sv_areas *old, size_t *i, const struct sv_area *area)
{
	uint64_t at = area->start;

	for (; *i < old->len && old->ptr[*i].start < area->end; ++*i) {
		const struct sv_area *o = &old->ptr[*i];

		if (push(to, area, at, o->start) || push(to, o, o->start, o->end))
			return -1;
		at = o->end > at ? o->end : at;
	}
	return push(to, area, at, area->end);
}

int sv_space_fill(struct sv_space *s, const struct sv_areas *areas)
{
	struct sv_areas merged = { 0 };
	size_t i = 0;

	for (size_t k = 0; k < areas->len; k++) {
		struct sv_area a = areas->ptr[k];

		/* What the one before reached into is merged already. */
		if (merged.len && merged.ptr[merged.len - 1].end > a.start)
			cut_start(&a, merged.ptr[merged.len - 1].end);
		if (a.start < a.end && fill_around(&merged, &s->areas, &i, &a)) {
			sv_vec_fini(&merged);
			return -1;
		}
	}
	for (; i < s->areas.len; i++)
		if (push(&merged, &s->areas.ptr[i], s->areas.ptr[i].start, s->areas.ptr[i].end)) {
			sv_vec_fini(&merged);
			return -1;
		}
	sv_vec_fini(&s->areas);
	s->areas = merged;
	return 0;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static uint64_t *slot_of(uint64_t *set, size_t len, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15) >> 20;

	for (;; h++) {
		uint64_t *s = &set[h & (len - 1)];

		if (!*s || *s == key)
			return s;
	}
}

static int set_grow(struct sv_space *s)
{
	size_t len = s->set_len ? s->set_len * 2 : 1024;
	uint64_t *fresh = calloc(len, sizeof(*fresh));

	if (!fresh)
		return -1;
	for (size_t i = 0; i < s->set_len; i++)
		if (s->set[i])
			*slot_of(fresh, len, s->set[i]) = s->set[i];
	free(s->set);
	s->set = fresh;
	s->set_len = len;
	return 0;
}

/* True when it was in it before. */
static int set_add(struct sv_space *s, uint64_t page, bool *was)
{
	uint64_t *slot;

	if (s->set_count * 2 >= s->set_len && s->set_count < SET_AT_MOST && set_grow(s))
		return -1;
	slot = slot_of(s->set, s->set_len, page + 1);
	*was = *slot;
	if (*slot)
		return 0;
	s->set_full |= s->set_count >= SET_AT_MOST;
	if (s->set_full)
		return 0;
	*slot = page + 1;
	s->set_count++;
	return 0;
}

int sv_space_copy(struct sv_space *to, const struct sv_space *from)
{
	/* Numbers come again: there may be what is left of a process that ended. */
	sv_space_fini(to);
	to->set_len = to->set_count = 0;
	to->read_ns = 0;
	to->gone = false;
	to->before = from->before;
	to->known = from->known;
	to->forked = true;
	to->comm = from->comm;
	to->set_full = from->set_full;
	for (size_t i = 0; i < from->areas.len; i++) {
		struct sv_area *a = sv_vec_push(&to->areas);

		if (!a)
			return -1;
		*a = from->areas.ptr[i];
	}
	if (!from->set_len)
		return 0;
	to->set = malloc(from->set_len * sizeof(*to->set));
	if (!to->set)
		return -1;
	memcpy(to->set, from->set, from->set_len * sizeof(*to->set));
	to->set_len = from->set_len;
	to->set_count = from->set_count;
	return 0;
}

static bool was_there(const struct sv_process *p, uint64_t page)
{
	size_t at = p ? sv_pages_from(&p->pages, page) : 0;
	struct sv_page pg;

	if (!p || at >= p->pages.len)
		return false;
	pg = sv_pages_at(&p->pages, at);
	return pg.vaddr == page && sv_pagemap_present(pg.entry);
}

/* A page that was there and may be written waits for the write; others went away meanwhile. */
static bool waits_for_write(const struct sv_space *s, const struct sv_area *area, uint64_t page)
{
	if (!(area->perms & SV_PERM_WRITE) || (s->forked && (area->perms & SV_PERM_SHARED)))
		return false;
	return was_there(s->before, page);
}

int sv_space_cause(struct sv_space *s, const struct sv_area *area, uint64_t addr,
	uint64_t page_size, enum sv_fault_cause *ret)
{
	uint64_t page = addr / page_size * page_size;
	bool again;

	*ret = SV_CAUSE_UNKNOWN;
	if (set_add(s, page / page_size, &again))
		return -1;
	if (again)
		*ret = SV_CAUSE_AGAIN;
	else if (!area || !s->known || s->set_full)
		return 0;
	else if (waits_for_write(s, area, page))
		*ret = SV_CAUSE_WRITE;
	else
		*ret = area->inode || (area->perms & SV_PERM_SHARED) ? SV_CAUSE_FILE
								     : SV_CAUSE_FIRST_TOUCH;
	return 0;
}
