/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page tables as the hardware reads them: how many levels, how wide, what an entry says. Software
 * bits are ignored. Sources: Intel SDM 3A ch. 4; Arm ARM D8; RISC-V privileged spec ch. 10; and
 * the kernel's set_direct_map_invalid_noflush(), which leaves an entry that is not present and not
 * empty (on x86 with the frame number inverted: pgtable-invert.h, since L1TF; not with the two
 * levels of i386 without PAE: pgtable-2level.h).
 */
#ifndef SV_MODEL_PGTABLE_H
#define SV_MODEL_PGTABLE_H

#include "iface/kcore.h"
#include "iface/vmcoreinfo.h"

enum sv_pgarch { SV_PG_X86_64, SV_PG_I386, SV_PG_ARM64, SV_PG_RISCV64 };

enum { SV_PG_LEVELS_MAX = 5 };

struct sv_pgtable {
	enum sv_pgarch arch;
	unsigned int levels;
	unsigned int page_shift;
	unsigned int entry_size;	      /* bytes */
	unsigned int shift[SV_PG_LEVELS_MAX]; /* of the address, by level from the root (0) */
	unsigned int bits[SV_PG_LEVELS_MAX];  /* of the index */
	uint64_t root_paddr;		      /* of the entry for index 0 */
	unsigned int first_index;	      /* of the root: the kernel's half begins here */
	uint64_t start; /* its address; the half reaches to the end of the space */
	uint64_t delta; /* linear address = physical address + delta */
	uint64_t sme_mask;
	uint64_t frame_mask;	/* bits of an entry that hold the frame's address */
	bool lpa2;		/* arm64: two of them stand elsewhere */
	uint64_t vmalloc_start; /* 0: not known */
};

enum sv_entry_kind {
	SV_ENTRY_ZERO,
	SV_ENTRY_ABSENT, /* not present, not empty: paddr is what it still names */
	SV_ENTRY_TABLE,
	SV_ENTRY_LEAF,
	SV_ENTRY_BAD, /* no meaning at this level */
};

struct sv_entry {
	enum sv_entry_kind kind;
	uint64_t paddr;
	bool writable, exec; /* what this entry alone allows */
};

/*
 * Geometry of the running kernel's init_mm. machine: of uname(2). -1 with a reason: an
 * architecture that is not known here, a key that is missing, two sources that disagree.
 */
int sv_pgtable_init(const struct sv_kcore *k, const struct sv_vmcoreinfo *v, const char *machine,
	uint64_t page_size, struct sv_pgtable *ret, struct safevma_error *err) sv_must_check;

/* vaddr: of the first byte that the entry maps. */
struct sv_entry sv_pgtable_decode(
	const struct sv_pgtable *pg, unsigned int level, uint64_t raw, uint64_t vaddr);

/* One entry out of the bytes of a table. */
uint64_t sv_pgtable_raw(const struct sv_pgtable *pg, const void *table, unsigned int index);

#endif
