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

static inline safevma_observation *memory_new(void)
{
	safevma_observation *obs = calloc(1, sizeof(*obs));
	struct sv_process *p;

	assert_non_null(obs);
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

/* In the VMA that was made last. */
static inline struct sv_page *memory_page(safevma_observation *obs, uint64_t n, uint64_t entry)
{
	struct sv_process *p = memory_process(obs);
	struct sv_page *pg = sv_vec_push(&p->pages);

	assert_non_null(pg);
	pg->vaddr = AT(n);
	pg->entry = entry;
	p->vmas.ptr[p->vmas.len - 1].pages++;
	return pg;
}

/* Mapped once, charged to nobody. The pointer holds until the next one. */
static inline struct sv_frame *memory_frame(safevma_observation *obs, uint64_t pfn, uint64_t flags)
{
	struct sv_process *p = memory_process(obs);
	struct sv_frame *f = sv_vec_push(&p->frames);

	assert_non_null(f);
	*f = (struct sv_frame) { .pfn = pfn, .flags = flags, .count = 1, .known = ALL_THERE };
	sv_frame_sort(&p->frames);
	return sv_frame_find(&p->frames, pfn);
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
