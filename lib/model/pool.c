// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pool.h"

static const struct sv_pool_info infos[SV_POOL_COUNT] = {
	[SV_POOL_SECRETMEM] = {
		.name = "secretmem",
		.protects = "stray kernel writes through the linear map fault",
		.leaves = "copies by system calls, other kernel mappings, DMA, forks, passed "
			  "descriptors",
	},
	[SV_POOL_HIGHMEM] = {
		.name = "highmem",
		.protects = "it has no address in the linear map",
		.leaves = "temporary kernel mappings (kmap), DMA; all processes share it",
	},
	[SV_POOL_NOMAP] = {
		.name = "nomap",
		.protects = "the kernel never maps it by itself",
		.leaves = "drivers that map it, DMA, /dev/mem where allowed",
	},
	[SV_POOL_HWPOISON] = {
		.name = "hwpoison",
		.protects = "memory that failed is not used any more",
		.leaves = "nothing to protect: many kernels even leave it mapped",
	},
	[SV_POOL_KFENCE] = {
		.name = "kfence",
		.protects = "overruns of the few kernel objects it samples fault",
		.leaves = "all other kernel objects, and all memory of processes",
	},
	[SV_POOL_DEBUG_PAGEALLOC] = {
		.name = "debug-pagealloc",
		.protects = "free memory is not mapped while it is free",
		.leaves = "memory in use, which is mapped as ever",
	},
	[SV_POOL_UNEXPLAINED] = {
		.name = "unexplained",
		.protects = "no mechanism that we know explains these",
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
