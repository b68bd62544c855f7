/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks over page tables made by hand, and what they are expected to find. */
#ifndef TESTS_WALKING_H
#define TESTS_WALKING_H

#include "kernel.h"

#include "base/error.h"
#include "model/walk_out.h"

#define PTE	   UINT64_C(0x8000000000000163) /* rw, not executable */
#define RO	   UINT64_C(0x8000000000000161)
#define LARGE	   UINT64_C(0x80000000000001e3)
#define LINEAR(pa) (X86_DELTA + (pa))
#define GONE(pa)   (((pa) ^ UINT64_C(0x000ffffffffff000)) | UINT64_C(0x8000000000000060))
#define ONE(pfn)   ((const struct sv_frame_range[]) { { (pfn), 1 } })

static struct sv_kernelmap map;

static inline int walk_rc(struct kernel *k, struct sv_walk_request q)
{
	q.pg = &k->pg;
	q.kcore = &k->kcore;
	q.load = q.load ? q.load : kernel_read;
	q.context = k;
	memset(&map, 0, sizeof(map));
	return sv_walk(&q, &map, NULL);
}

static inline void walk(struct kernel *k, const struct sv_frame_range *ranges, size_t n)
{
	assert_int_equal(
		walk_rc(k, (struct sv_walk_request) { .ranges = ranges, .ranges_len = n }), 0);
}

static inline void walk_others(struct kernel *k, const struct sv_frame_range *others, size_t n)
{
	assert_int_equal(walk_rc(k, (struct sv_walk_request) { .ranges = others,
					    .ranges_len = n,
					    .others = others,
					    .others_len = n }),
		0);
}

static inline void walk_all(struct kernel *k)
{
	const struct sv_frame_range all = { 0, 0x40000 };

	assert_int_equal(walk_rc(k,
				 (struct sv_walk_request) {
					 .ranges = &all, .ranges_len = 1, .everything = true }),
		0);
}

static inline void done(struct kernel *k)
{
	sv_kernelmap_fini(&map);
	kernel_fini(k);
}

static inline void assert_extent(size_t i, uint64_t pfn, uint64_t frames, enum sv_alias alias)
{
	assert_true(i < map.linear.len);
	assert_int_equal(map.linear.ptr[i].pfn, pfn);
	assert_int_equal(map.linear.ptr[i].frames, frames);
	assert_int_equal(map.linear.ptr[i].alias, alias);
}

static inline void assert_unknown_frame(uint64_t pfn, enum sv_alias_why why)
{
	const struct sv_linear_extent *x = sv_kernelmap_find(&map, pfn);

	assert_non_null(x);
	assert_int_equal(x->alias, SV_ALIAS_UNKNOWN);
	assert_int_equal(x->why, why);
}

static inline void assert_other(size_t i, uint64_t pfn, uint64_t frames, uint64_t vaddr)
{
	assert_true(i < map.others.len);
	assert_int_equal(map.others.ptr[i].pfn, pfn);
	assert_int_equal(map.others.ptr[i].frames, frames);
	assert_int_equal(map.others.ptr[i].vaddr, vaddr);
}

#endif
