// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pool.h"

static const struct sv_pool_info infos[SV_POOL_COUNT] = {
	[SV_POOL_SECRETMEM] = {
		.name = "secretmem",
		.protects = "stray writes through the linear map",
		.leaves = "system calls, other mappings, DMA, forks",
	},
	[SV_POOL_HIGHMEM] = {
		.name = "highmem",
		.protects = "it has no address in the linear map",
		.leaves = "kmap, DMA; all processes share it",
	},
	[SV_POOL_NOMAP] = {
		.name = "nomap",
		.protects = "the kernel does not map it by itself",
		.leaves = "drivers that map it, DMA, /dev/mem",
	},
	[SV_POOL_HWPOISON] = {
		.name = "hwpoison",
		.protects = "memory that failed is not used",
		.leaves = "most kernels leave it mapped",
	},
	[SV_POOL_KFENCE] = {
		.name = "kfence",
		.protects = "overruns of kernel objects it samples",
		.leaves = "all other objects, memory of processes",
	},
	[SV_POOL_DEBUG_PAGEALLOC] = {
		.name = "debug-pagealloc",
		.protects = "free memory is not mapped",
		.leaves = "memory in use is mapped as ever",
	},
	[SV_POOL_UNEXPLAINED] = {
		.name = "unexplained",
		.protects = "no mechanism known here explains these",
		.leaves = "not known",
	},
};

const struct sv_pool_info *sv_pool_info(enum sv_pool pool)
{
	return &infos[pool];
}

enum sv_pool sv_pool_of(enum sv_class class, bool free_removed, bool kfence)
{
	switch (class) {
	case SV_CLASS_HWPOISON:
		return SV_POOL_HWPOISON;
	case SV_CLASS_FREE:
		return free_removed ? SV_POOL_DEBUG_PAGEALLOC : SV_POOL_UNEXPLAINED;
	case SV_CLASS_ANON:
	case SV_CLASS_FILE:
	case SV_CLASS_SHMEM:
		return SV_POOL_SECRETMEM;
	case SV_CLASS_RESERVED:
	case SV_CLASS_SLAB:
		if (kfence)
			return SV_POOL_KFENCE;
		return free_removed ? SV_POOL_DEBUG_PAGEALLOC : SV_POOL_UNEXPLAINED;
	case SV_CLASS_UNCLASSIFIED: /* free on a per-CPU list */
		return free_removed ? SV_POOL_DEBUG_PAGEALLOC : SV_POOL_UNEXPLAINED;
	case SV_CLASS_UNKNOWN:
	case SV_CLASS_NOPAGE:
	case SV_CLASS_OFFLINE:
	case SV_CLASS_PGTABLE:
	case SV_CLASS_ZERO:
	case SV_CLASS_HUGETLB:
	case SV_CLASS_KERNEL_COMPOUND:
	case SV_CLASS_KERNEL_CHARGED:
	case SV_CLASS_COUNT:
		break;
	}
	return SV_POOL_UNEXPLAINED;
}
