/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel whose page tables are made by hand: segments of kcore, a geometry, tables by address. */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include "unit.h"

#include <stdlib.h>

#include "iface/kcore.h"
#include "iface/vmcoreinfo.h"
#include "model/pgtable.h"
#include "model/walk.h"

#define GIB	 (UINT64_C(1) << 30)
#define MIB	 (UINT64_C(1) << 20)
#define NO_PADDR UINT64_MAX

/* x86-64 with 4 levels, nokaslr */
#define X86_DELTA      UINT64_C(0xffff888000000000)
#define X86_IMAGE      UINT64_C(0xffffffff81000000)
#define X86_ROOT       UINT64_C(0xffffffff81816000)
#define X86_ROOT_PADDR UINT64_C(0x1816000)
#define X86_VMALLOC    UINT64_C(0xffffc90000000000)

enum { KERNEL_TABLES = 64 };

struct kernel {
	struct sv_kcore kcore;
	struct sv_pgtable pg;
	struct kernel_table {
		uint64_t paddr;
		unsigned char *bytes;
		size_t reads;
		bool unread;
	} tables[KERNEL_TABLES];
	size_t len;
	uint64_t next; /* where the next table is put */
	size_t reads;
};

static inline void kernel_segment(
	struct sv_kcore *k, uint64_t vaddr, uint64_t paddr, uint64_t size, uint64_t offset)
{
	struct sv_kcore_segment *s = sv_vec_push(&k->segments);

	assert_non_null(s);
	*s = (struct sv_kcore_segment) { .vaddr = vaddr,
		.paddr = paddr,
		.size = size,
		.offset = offset,
		.has_paddr = paddr != NO_PADDR };
}

static inline struct kernel_table *kernel_find(struct kernel *k, uint64_t paddr)
{
	uint64_t page = UINT64_C(1) << k->pg.page_shift;

	for (size_t i = 0; i < k->len; i++)
		if (paddr >= k->tables[i].paddr && paddr < k->tables[i].paddr + page)
			return &k->tables[i];
	return NULL;
}

static inline struct kernel_table *kernel_table(struct kernel *k, uint64_t paddr)
{
	uint64_t page = UINT64_C(1) << k->pg.page_shift;
	struct kernel_table *t = kernel_find(k, paddr);

	if (t)
		return t;
	assert_true(k->len < KERNEL_TABLES);
	t = &k->tables[k->len++];
	*t = (struct kernel_table) { .paddr = paddr & ~(page - 1), .bytes = calloc(1, page) };
	assert_non_null(t->bytes);
	return t;
}

static inline uint64_t kernel_get(struct kernel *k, uint64_t table, unsigned int index)
{
	uint64_t at = table + (uint64_t)index * k->pg.entry_size;
	struct kernel_table *t = kernel_table(k, at);

	return sv_pgtable_raw(&k->pg, t->bytes + (at - t->paddr), 0);
}

static inline void kernel_put(struct kernel *k, uint64_t table, unsigned int index, uint64_t raw)
{
	uint64_t at = table + (uint64_t)index * k->pg.entry_size;
	struct kernel_table *t = kernel_table(k, at);

	memcpy(t->bytes + (at - t->paddr), &raw, k->pg.entry_size);
}

static inline unsigned int kernel_index(const struct kernel *k, unsigned int level, uint64_t vaddr)
{
	return (unsigned int)(vaddr >> k->pg.shift[level]) & ((1u << k->pg.bits[level]) - 1);
}

/* An entry that leads to a table. */
static inline uint64_t kernel_link(const struct kernel *k, uint64_t paddr)
{
	switch (k->pg.arch) {
	case SV_PG_X86_64:
		return paddr | 0x63 | k->pg.sme_mask;
	case SV_PG_I386:
		return paddr | (k->pg.levels == 3 ? 0x1 : 0x63);
	case SV_PG_ARM64:
		return paddr | 0x3;
	case SV_PG_RISCV64:
		return paddr >> 2 | 0x1;
	}
	return 0;
}

/* The table of LEVEL on the way to vaddr, made where there was none. */
static inline uint64_t kernel_path(struct kernel *k, unsigned int level, uint64_t vaddr)
{
	uint64_t table = k->pg.root_paddr;

	kernel_table(k, table);
	for (unsigned int i = 0; i < level; i++) {
		unsigned int index = kernel_index(k, i, vaddr);
		uint64_t raw = kernel_get(k, table, index), next = k->next;

		if (raw) {
			table = sv_pgtable_decode(&k->pg, i, raw, vaddr).paddr;
			continue;
		}
		k->next += UINT64_C(1) << k->pg.page_shift;
		kernel_put(k, table, index, kernel_link(k, next));
		table = next;
		kernel_table(k, table);
	}
	return table;
}

/* The entry of LEVEL for vaddr. */
static inline void kernel_set(struct kernel *k, unsigned int level, uint64_t vaddr, uint64_t raw)
{
	kernel_put(k, kernel_path(k, level, vaddr), kernel_index(k, level, vaddr), raw);
}

static inline int kernel_read(
	void *context, uint64_t paddr, void *buf, size_t size, struct safevma_error *err)
{
	struct kernel *k = context;
	struct kernel_table *t = kernel_find(k, paddr);

	(void)err;
	k->reads++;
	if (!t)
		return 1;
	t->reads++;
	assert_true(paddr - t->paddr + size <= UINT64_C(1) << k->pg.page_shift);
	if (t->unread)
		return 1;
	memcpy(buf, t->bytes + (paddr - t->paddr), size);
	return 0;
}

static inline void kernel_fini(struct kernel *k)
{
	for (size_t i = 0; i < k->len; i++)
		free(k->tables[i].bytes);
	sv_kcore_fini(&k->kcore);
}

static inline struct kernel kernel_of(struct sv_kcore kcore, const struct sv_vmcoreinfo *v,
	const char *machine, uint64_t page_size)
{
	struct kernel k = { .kcore = kcore, .next = 0x2000000 };

	assert_int_equal(sv_pgtable_init(&kcore, v, machine, page_size, &k.pg, NULL), 0);
	return k;
}

/* x86-64, 4 levels, RAM of 1 GiB with the hole below 1 MiB. */
static inline struct kernel kernel_x86(void)
{
	const struct sv_vmcoreinfo v = { .init_top_pgt = sv_known(X86_ROOT),
		.phys_base = sv_known(0),
		.l5_enabled = sv_known(0),
		.sme_mask = sv_known(0) };
	struct sv_kcore kcore = { .wide = true, .machine = 62 };

	kernel_segment(&kcore, X86_IMAGE, 0x1000000, 32 * MIB, 0x7fffff81004000);
	kernel_segment(&kcore, X86_VMALLOC, NO_PADDR, UINT64_C(0x1fffffffffff), 0x490000004000);
	kernel_segment(
		&kcore, UINT64_C(0xffffffffc0000000), NO_PADDR, 0x3f000000, 0x7fffffc0004000);
	kernel_segment(&kcore, X86_DELTA + 0x1000, 0x1000, 0x9e000, 0x88000005000);
	kernel_segment(&kcore, X86_DELTA + MIB, MIB, GIB - MIB, 0x88000104000);
	return kernel_of(kcore, &v, "x86_64", 4096);
}

#endif
