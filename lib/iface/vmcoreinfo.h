/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMCOREINFO: what the kernel tells debuggers about itself, as text in a note of /proc/kcore.
 * kernel/vmcore_info.c (kernel/crash_core.c to 6.8), arch_crash_save_vmcoreinfo().
 *
 *	OSRELEASE=6.12.117+deb13-cloud-amd64
 *	SYMBOL(init_top_pgt)=ffffffff8a022000
 *	NUMBER(phys_base)=234881024
 *	NUMBER(TCR_EL1_T1SZ)=0x10
 *	KERNELOFFSET=7400000
 *	SIZE(page)=64
 *	OFFSET(page.flags)=0
 *	NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
 *	CONFIG_X86_PAE=y
 *
 * SYMBOL and KERNELOFFSET are hexadecimal without 0x; NUMBER is a signed decimal, but what arm64
 * and riscv add is 0x-hexadecimal (VA_BITS and phys_ram_base excepted).
 */
#ifndef SV_IFACE_VMCOREINFO_H
#define SV_IFACE_VMCOREINFO_H

#include "base/parse.h"

/* Negative numbers are two's complement. Unknown: this kernel does not give it. */
struct sv_vmcoreinfo {
	struct sv_num page_size;
	struct sv_num swapper_pg_dir, init_top_pgt, stext, vmemmap; /* addresses */
	struct sv_num phys_base, l5_enabled, sme_mask;		    /* x86-64 */
	struct sv_num va_bits, t1sz, phys_offset, kimage_voffset;   /* arm64; va_bits riscv too */
	struct sv_num va_kernel_pa_offset, page_offset, phys_ram_base; /* riscv */
	struct sv_num vmalloc_start;
	/* struct page: its size, offsets of members, what tells types apart. */
	struct sv_num page_struct, page_flags, page_mapcount, page_refcount;
	struct sv_num page_compound_head, page_compound_info; /* the latter from 7.x on */
	struct sv_num pg_slab;				      /* bit of flags, to 6.9 */
	struct sv_num pg_head_mask;			      /* of flags */
	struct sv_num buddy_value, slab_value; /* of _mapcount; slab_value from 6.10 on */
	/* Sections of memory: address of the array of arrays of mem_section, its size, their bits.
	 */
	struct sv_num mem_section, section_struct, section_bits;
	bool pae; /* i386 */
};

/* -1: a line that is wanted holds no number. Unknown keys are passed over. */
int sv_vmcoreinfo_parse(struct sv_text text, struct sv_vmcoreinfo *ret, struct safevma_error *err);

#endif
