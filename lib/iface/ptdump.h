/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of the kernel's page-table dumps in debugfs (CONFIG_PTDUMP_DEBUGFS). */
#ifndef SV_IFACE_PTDUMP_H
#define SV_IFACE_PTDUMP_H

#include "base/parse.h"

enum sv_ptdump_format {
	SV_PTDUMP_X86, /* page_tables/kernel; x86-64 and i386 */
	SV_PTDUMP_ARM64,
	SV_PTDUMP_RISCV,
	SV_PTDUMP_ARM, /* 32-bit */
};

/* A stretch of addresses with equal entries, or a marker between them. */
struct sv_ptdump_line {
	bool marker;
	struct sv_span name; /* of a marker, without its dashes and brackets */

	uint64_t start, end; /* end is the address after the last; 0: the end of the space */
	bool present, writable, exec;
	bool entry;	      /* not present, but an entry is there: what removal leaves (arm64) */
	struct sv_num paddr;  /* only riscv prints it */
	struct sv_span level; /* "pte", "pmd", ...; empty where the format has none */
	uint64_t entry_bytes; /* size that one entry of this level maps, where known; 0 else */
};

/* 1 a line, 0 the end, -1 a line that is none of this format. */
int sv_ptdump_next(struct sv_text *text, enum sv_ptdump_format format, struct sv_ptdump_line *ret,
	struct safevma_error *err);

#endif
