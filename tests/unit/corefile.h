/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole /proc/kcore: x86-64 with 4 levels and 4 MiB of RAM, whose first 2 MiB one entry maps. The
 * rest is mapped page by page; tests change these entries.
 */
#ifndef TESTS_COREFILE_H
#define TESTS_COREFILE_H

#include "system.h"

#include <elf.h>

#define CORE_DELTA UINT64_C(0xffff888000000000)
#define CORE_TEXT  UINT64_C(0xffffffff80000000)
#ifndef CORE_INFO /* or what the test says */
#define CORE_INFO                                                                                  \
	"OSRELEASE=6.12.117\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff80100000\n"               \
	"NUMBER(phys_base)=0\nNUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\n"
#endif

enum {
	CORE_RAM = 4 << 20,
	CORE_START = 0x1000, /* of RAM in the file */
	CORE_ROOT = 0x100000,
	CORE_PTE = 0x103000, /* table for the frames from 0x200 */
	CORE_NOTE = 0x200,
};

static unsigned char core[CORE_START + CORE_RAM];

static inline void core_entry(uint64_t table, unsigned int index, uint64_t raw)
{
	memcpy(core + CORE_START + table + index * sizeof(raw), &raw, sizeof(raw));
}

/* Of one of the frames 0x200 to 0x3ff. */
static inline void core_frame(uint64_t pfn, uint64_t raw)
{
	core_entry(CORE_PTE, (unsigned int)(pfn - 0x200), raw);
}

static inline uint64_t core_gone(uint64_t pfn)
{
	return (~(pfn << 12) & UINT64_C(0x000ffffffffff000)) | UINT64_C(0x8000000000000060);
}

static inline uint32_t core_note(void)
{
	const uint32_t head[] = { 11, sizeof(CORE_INFO) - 1, 0 };

	memcpy(core + CORE_NOTE, head, sizeof(head));
	memcpy(core + CORE_NOTE + sizeof(head), "VMCOREINFO\0", 12);
	memcpy(core + CORE_NOTE + sizeof(head) + 12, CORE_INFO, sizeof(CORE_INFO) - 1);
	return (uint32_t)(sizeof(head) + 12 + ((sizeof(CORE_INFO) + 2) & ~3u));
}

static inline void core_headers(void)
{
	const Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3 };
	const Elf64_Phdr p[] = {
		{ .p_type = PT_NOTE, .p_offset = CORE_NOTE, .p_filesz = core_note() },
		{ .p_type = PT_LOAD,
			.p_vaddr = CORE_TEXT,
			.p_memsz = 2 << 20,
			.p_offset = CORE_START },
		{ .p_type = PT_LOAD,
			.p_vaddr = CORE_DELTA,
			.p_memsz = CORE_RAM,
			.p_offset = CORE_START },
	};

	memcpy(core, &h, sizeof(h));
	memcpy(core + sizeof(h), p, sizeof(p));
}

static inline void core_make(void)
{
	memset(core, 0, sizeof(core));
	core_headers();
	core_entry(CORE_ROOT, 273, 0x101063);
	core_entry(0x101000, 0, 0x102063);
	core_entry(0x102000, 0, 0x80000000000001e3);
	core_entry(0x102000, 1, CORE_PTE | 0x63);
	for (uint64_t pfn = 0x200; pfn < 0x400; pfn++)
		core_frame(pfn, pfn << 12 | UINT64_C(0x8000000000000163));
}

/* A system that has it. */
static inline struct system *core_system(void)
{
	struct system *s = system_new("x86_64");

	core_make();
	system_say(s, FILES, "/proc/kcore", "");
	system_find(s, FILES, "/proc/kcore")->data = core;
	system_find(s, FILES, "/proc/kcore")->len = sizeof(core);
	return s;
}

#endif
