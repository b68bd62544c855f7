/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/smaps: a maps line, then "Key:   N kB" lines, THPeligible, ProtectionKey and VmFlags;
 * show_smap() in fs/proc/task_mmu.c.
 *
 *	Rss:                   4 kB
 *	VmFlags: rd wr mr mw me ac sd
 *
 * Keys come and go (Pss_Dirty 6.0, KSM 6.7): parsed by name, unknown ones are skipped. Rss and Pss
 * leave hugetlb out (Private_Hugetlb has it). VmFlags are two-letter words; "??" is a bit that the
 * kernel has no letters for (VM_LOCKONFAULT up to 6.1).
 */
#ifndef SV_IFACE_SMAPS_H
#define SV_IFACE_SMAPS_H

#include "maps.h"

/* VmFlags that we look at; others are kept in the text only. */
enum sv_vmflag {
	SV_VMFLAG_LOCKED = 1u << 0,	 /* lo */
	SV_VMFLAG_LOCKONFAULT = 1u << 1, /* lf; "??" beside lo stays unknown */
	SV_VMFLAG_ACCOUNT = 1u << 2,	 /* ac */
	SV_VMFLAG_NORESERVE = 1u << 3,	 /* nr */
	SV_VMFLAG_HUGETLB = 1u << 4,	 /* ht */
	SV_VMFLAG_PFNMAP = 1u << 5,	 /* pf */
	SV_VMFLAG_MIXEDMAP = 1u << 6,	 /* mm */
	SV_VMFLAG_IO = 1u << 7,		 /* io */
	SV_VMFLAG_DONTEXPAND = 1u << 8,	 /* de */
	SV_VMFLAG_DONTDUMP = 1u << 9,	 /* dd */
	SV_VMFLAG_DONTCOPY = 1u << 10,	 /* dc */
	SV_VMFLAG_GROWSDOWN = 1u << 11,	 /* gd */
	SV_VMFLAG_MERGEABLE = 1u << 12,	 /* mg */
	SV_VMFLAG_HUGEPAGE = 1u << 13,	 /* hg */
	SV_VMFLAG_NOHUGEPAGE = 1u << 14, /* nh */
	SV_VMFLAG_WIPEONFORK = 1u << 15, /* wf */
	SV_VMFLAG_SEALED = 1u << 16,	 /* sl */
	SV_VMFLAG_GUARD = 1u << 17,	 /* gu */
	SV_VMFLAG_UNNAMED = 1u << 18,	 /* ?? */
	SV_VMFLAG_DROPPABLE = 1u << 19,	 /* dp */
};

/* Sizes in bytes; each known only when its line was there. */
struct sv_smaps_entry {
	struct sv_maps_entry vma;
	struct sv_num size, kernel_page_size, rss, pss, shared_clean, shared_dirty, private_clean,
		private_dirty, anonymous, ksm, anon_huge, shmem_pmd, file_pmd, shared_hugetlb,
		private_hugetlb, swap, locked;
	struct sv_num flags; /* enum sv_vmflag */
	struct sv_span flags_text;
};

/* 1: *ret is the next VMA; 0: end; -1: malformed. */
int sv_smaps_next(struct sv_text *text, struct sv_smaps_entry *ret, struct safevma_error *err);

#endif
