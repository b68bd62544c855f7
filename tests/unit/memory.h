/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building a process and its memory by hand: one selected process on x86_64, 4 KiB pages. */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "iface/kpage.h"
#include "iface/maps.h"
#include "iface/pagemap.h"
#include "iface/smaps.h"
#include "model/observation.h"

#define PAGE	   UINT64_C(4096)
#define AT(n)	   (UINT64_C(0x10000000) + (n)*PAGE)
#define PRESENT(n) (SV_PAGEMAP_PRESENT | (uint64_t)(n))
#define ALONE(n)   (PRESENT(n) | SV_PAGEMAP_EXCLUSIVE)
#define SWAPPED(t) (SV_PAGEMAP_SWAPPED | UINT64_C(0x1000) | (uint64_t)(t))
#define GUARD	   (SV_PAGEMAP_SWAPPED | SV_PAGEMAP_GUARD | UINT64_C(0x9f))
#define ANON_FLAGS (SV_KPF_ANON | SV_KPF_SWAPBACKED | SV_KPF_MMAP | SV_KPF_UPTODATE)
#define ALL_THERE  (SV_FRAME_FLAGS | SV_FRAME_COUNT | SV_FRAME_CGROUP)

/* All frames of the machine that were made; what a process knows of them is made from these. */
static struct {
	struct sv_frame frames[4096];
	size_t len;
} memory_machine;

static inline safevma_observation *memory_new(void)
{
	safevma_observation *obs = calloc(1, sizeof(*obs));
	struct sv_process *p;

	assert_non_null(obs);
	memory_machine.len = 0;
	obs->needs = SAFEVMA_NEED_ALL;
	snprintf(obs->host.machine, sizeof(obs->host.machine), "x86_64");
	obs->host.page_size = PAGE;
	obs->features.pfn_visible = 1;
	obs->swap_areas = sv_known(1);
	p = sv_vec_push(&obs->processes);
	assert_non_null(p);
	p->pid = 42;
	p->selected = true;
	return obs;
}

static inline struct sv_process *memory_process(const safevma_observation *obs)
{
	return &obs->processes.ptr[obs->processes.len - 1];
}

/* [AT(first), AT(first + n)), anonymous, all read. The pointer holds until the next one. */
static inline struct sv_vma *memory_vma(safevma_observation *obs, uint64_t first, uint64_t n)
{
	struct sv_process *p = memory_process(obs);
	struct sv_vma *v = sv_vec_push(&p->vmas);

	assert_non_null(v);
	v->start = AT(first);
	v->end = AT(first + n);
	v->flags = sv_known(0);
	v->huge = sv_known(0);
	v->pages_read = true;
	v->page = p->pages.len;
	return v;
}

static inline struct sv_frame *memory_find(uint64_t pfn)
{
	for (size_t i = 0; i < memory_machine.len; i++)
		if (memory_machine.frames[i].pfn == pfn)
			return &memory_machine.frames[i];
	return NULL;
}

static inline enum sv_class memory_class(uint64_t pfn)
{
	const struct sv_frame *f = memory_find(pfn);

	return f ? sv_class_of(f) : SV_CLASS_UNKNOWN;
}

/* Makes the process's index anew: needed after a page or a frame was changed by its pointer. */
static inline void memory_settle(safevma_observation *obs)
{
	struct sv_process *p = memory_process(obs);
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_frame_index x;
	uint64_t *room = sv_frames_room(&x, p->pages.len);
	struct sv_page pg;
	size_t n = 0;

	assert_non_null(room);
	while (sv_page_next(&w, &pg))
		if (sv_pagemap_has_pfn(pg.entry) && memory_find(sv_pagemap_pfn(pg.entry)))
			room[n++] = sv_pagemap_pfn(pg.entry);
	assert_int_equal(sv_frames_settle(&x, n), 0);
	for (size_t i = 0; i < x.len; i++) {
		struct sv_frame f = *memory_find(x.ptr[i].pfn);

		f.below = memory_class(f.pfn - 1);
		f.above = memory_class(f.pfn + 1);
		assert_int_equal(sv_frames_set(&x, i, &f), 0);
	}
	sv_frames_fini(&p->frames);
	p->frames = x;
}

/* In the VMA that was made last. Returns its index. */
static inline size_t memory_page(safevma_observation *obs, uint64_t n, uint64_t entry)
{
	struct sv_process *p = memory_process(obs);
	struct sv_page pg = { .vaddr = AT(n), .entry = entry };

	assert_int_equal(sv_pages_add(&p->pages, PAGE, &pg), 0);
	p->vmas.ptr[p->vmas.len - 1].pages++;
	memory_settle(obs);
	return p->pages.len - 1;
}

/* Marks page number i as changed, or not. */
static inline void memory_changed(safevma_observation *obs, size_t i, bool changed)
{
	struct sv_pages *pages = &memory_process(obs)->pages;

	sv_pages_set(pages, i, sv_pages_at(pages, i).entry, changed);
}

/* Mapped once, charged to nobody. The pointer holds until the next observation. */
static inline struct sv_frame *memory_frame(safevma_observation *obs, uint64_t pfn, uint64_t flags)
{
	struct sv_frame *f = memory_find(pfn);

	if (!f) {
		assert_true(memory_machine.len < sv_array_size(memory_machine.frames));
		f = &memory_machine.frames[memory_machine.len++];
	}
	*f = (struct sv_frame) { .pfn = pfn, .flags = flags, .count = 1, .known = ALL_THERE };
	memory_settle(obs);
	return f;
}

/* A page of anonymous memory, its frame, and what lies on both sides of it. */
static inline void memory_anon(
	safevma_observation *obs, uint64_t n, uint64_t pfn, uint64_t below, uint64_t above)
{
	memory_page(obs, n, ALONE(pfn));
	memory_frame(obs, pfn - 1, below);
	memory_frame(obs, pfn, ANON_FLAGS);
	memory_frame(obs, pfn + 1, above);
}

#endif
