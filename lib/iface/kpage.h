/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/kpageflags, kpagecount, kpagecgroup: a u64 for each frame; fs/proc/page.c. Numbers of the
 * flags: include/uapi/linux/kernel-page-flags.h (stable) and include/linux/kernel-page-flags.h
 * (32 and up, may move).
 */
#ifndef SV_IFACE_KPAGE_H
#define SV_IFACE_KPAGE_H

#include <stddef.h>
#include <stdint.h>

#define SV_KPF(bit)	     (UINT64_C(1) << (bit))

#define SV_KPF_LOCKED	     SV_KPF(0)
#define SV_KPF_ERROR	     SV_KPF(1)
#define SV_KPF_REFERENCED    SV_KPF(2)
#define SV_KPF_UPTODATE	     SV_KPF(3)
#define SV_KPF_DIRTY	     SV_KPF(4)
#define SV_KPF_LRU	     SV_KPF(5)
#define SV_KPF_ACTIVE	     SV_KPF(6)
#define SV_KPF_SLAB	     SV_KPF(7)
#define SV_KPF_WRITEBACK     SV_KPF(8)
#define SV_KPF_RECLAIM	     SV_KPF(9)
#define SV_KPF_BUDDY	     SV_KPF(10)
#define SV_KPF_MMAP	     SV_KPF(11)
#define SV_KPF_ANON	     SV_KPF(12)
#define SV_KPF_SWAPCACHE     SV_KPF(13)
#define SV_KPF_SWAPBACKED    SV_KPF(14)
#define SV_KPF_COMPOUND_HEAD SV_KPF(15)
#define SV_KPF_COMPOUND_TAIL SV_KPF(16)
#define SV_KPF_HUGE	     SV_KPF(17)
#define SV_KPF_UNEVICTABLE   SV_KPF(18)
#define SV_KPF_HWPOISON	     SV_KPF(19)
#define SV_KPF_NOPAGE	     SV_KPF(20)
#define SV_KPF_KSM	     SV_KPF(21)
#define SV_KPF_THP	     SV_KPF(22)
#define SV_KPF_OFFLINE	     SV_KPF(23)
#define SV_KPF_ZERO	     SV_KPF(24)
#define SV_KPF_IDLE	     SV_KPF(25)
#define SV_KPF_PGTABLE	     SV_KPF(26)
#define SV_KPF_RESERVED	     SV_KPF(32)
#define SV_KPF_MLOCKED	     SV_KPF(33)
/* Of anonymous memory, from 5.19 on; else PG_mappedtodisk (to 6.8) or PG_owner_2. */
#define SV_KPF_ANON_EXCLUSIVE SV_KPF(34)

struct sv_kpf_name {
	unsigned int bit;
	const char *name;
	const char *help;
};

/* Every flag that some kernel from 5.10 to 7.3 exports, in order of its bit. */
extern const struct sv_kpf_name sv_kpf_names[];
extern const size_t sv_kpf_names_count;

/* Name of one bit, or NULL: a kernel may know flags that we do not. */
const char *sv_kpf_name(unsigned int bit);

#endif
