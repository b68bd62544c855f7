/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/pagemap: a u64 for each page of virtual memory, pte_to_pagemap_entry() in
 * fs/proc/task_mmu.c. Bit 62 is any page-table entry that is not present and not empty: swap, but
 * also migration in flight, hwpoison and markers. The PFN is zeroed for readers without
 * CAP_SYS_ADMIN in the initial user namespace at open: PFN 0 with the present bit means hidden.
 */
#ifndef SV_IFACE_PAGEMAP_H
#define SV_IFACE_PAGEMAP_H

#include <stdbool.h>
#include <stdint.h>

#define SV_PAGEMAP_PRESENT   (UINT64_C(1) << 63)
#define SV_PAGEMAP_SWAPPED   (UINT64_C(1) << 62)
#define SV_PAGEMAP_FILE	     (UINT64_C(1) << 61)
#define SV_PAGEMAP_GUARD     (UINT64_C(1) << 58) /* 6.15 and later */
#define SV_PAGEMAP_UFFD_WP   (UINT64_C(1) << 57)
#define SV_PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56)
#define SV_PAGEMAP_SOFTDIRTY (UINT64_C(1) << 55)
#define SV_PAGEMAP_PFN_MASK  ((UINT64_C(1) << 55) - 1)

static inline bool sv_pagemap_present(uint64_t entry)
{
	return entry & SV_PAGEMAP_PRESENT;
}

/*
 * No page-table entry behind the word. It need not be 0: in a VMA that is new or was moved, kernels
 * with CONFIG_MEM_SOFT_DIRTY set the soft-dirty bit for pages that are not there.
 */
static inline bool sv_pagemap_empty(uint64_t entry)
{
	return !(entry & (SV_PAGEMAP_PRESENT | SV_PAGEMAP_SWAPPED));
}

/* False when the kernel hid the frame number from us, or there is none. */
static inline bool sv_pagemap_has_pfn(uint64_t entry)
{
	return sv_pagemap_present(entry) && (entry & SV_PAGEMAP_PFN_MASK);
}

static inline uint64_t sv_pagemap_pfn(uint64_t entry)
{
	return entry & SV_PAGEMAP_PFN_MASK;
}

static inline uint64_t sv_pagemap_swap_type(uint64_t entry)
{
	return entry & 0x1f;
}

#endif
