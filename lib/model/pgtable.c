// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pgtable.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"

#define BIT(n)		(UINT64_C(1) << (n))
#define BITS(high, low) ((BIT((high) - (low)) * 2 - 1) << (low))
#define NAME		"/proc/kcore"

static const uint64_t x86_image_base = 0xffffffff80000000; /* __START_KERNEL_map */

static int missing(struct safevma_error *err, const char *key)
{
	return sv_error_set(err, SAFEVMA_E_FORMAT, 0, NAME, 0,
		"expected %s in VMCOREINFO: without it the kernel's page tables cannot be found",
		key);
}

static int no_geometry(struct safevma_error *err, const char *what, uint64_t got)
{
	return sv_error_set(
		err, SAFEVMA_E_FORMAT, 0, NAME, 0, "expected %s, got %" PRIu64, what, got);
}

/* Equal levels of BITS each below the root, which takes what is left. */
static void set_levels(struct sv_pgtable *pg, unsigned int va_bits, unsigned int bits)
{
	pg->levels = (va_bits - pg->page_shift + bits - 1) / bits;
	for (unsigned int i = 0; i < pg->levels; i++) {
		pg->shift[i] = pg->page_shift + (pg->levels - 1 - i) * bits;
		pg->bits[i] = i ? bits : va_bits - pg->shift[0];
	}
}

/* ---- where the root is ----------------------------------------------------------------------- */

/* The kernel image's segment gives the address of anything in it, the root among it. */
static bool image_paddr(const struct sv_kcore *k, uint64_t delta, uint64_t vaddr, uint64_t *ret)
{
	const struct sv_kcore_segment *s = sv_kcore_image(k, delta);

	if (!s || vaddr < s->vaddr || vaddr - s->vaddr >= s->size)
		return false;
	*ret = s->paddr + (vaddr - s->vaddr);
	return true;
}

/* Two ways to the root, where there are two, must meet. */
static int confirm_root(const struct sv_kcore *k, const struct sv_pgtable *pg, uint64_t vaddr,
	struct safevma_error *err)
{
	uint64_t other;

	if (image_paddr(k, pg->delta, vaddr, &other) && other != pg->root_paddr)
		return sv_error_set(err, SAFEVMA_E_FORMAT, 0, NAME, 0,
			"VMCOREINFO puts the kernel's page tables at 0x%" PRIx64
			", the segment of the kernel image at 0x%" PRIx64,
			pg->root_paddr, other);
	return 0;
}

/* ---- architectures --------------------------------------------------------------------------- */

static int init_x86_64(const struct sv_kcore *k, const struct sv_vmcoreinfo *v,
	struct sv_pgtable *pg, struct safevma_error *err)
{
	struct sv_num top = v->init_top_pgt.known ? v->init_top_pgt : v->swapper_pg_dir;

	if (!top.known)
		return missing(err, "SYMBOL(init_top_pgt)");
	if (!v->phys_base.known)
		return missing(err, "NUMBER(phys_base)");
	if (!v->l5_enabled.known)
		return missing(err, "NUMBER(pgtable_l5_enabled)");
	if (pg->page_shift != 12)
		return no_geometry(err, "pages of 4096 bytes, a shift of 12", pg->page_shift);
	pg->arch = SV_PG_X86_64;
	set_levels(pg, v->l5_enabled.value ? 57 : 48, 9);
	pg->first_index = 256;
	pg->start = -(BIT(v->l5_enabled.value ? 56 : 47));
	pg->sme_mask = v->sme_mask.value;
	pg->frame_mask = BITS(51, 12) & ~pg->sme_mask;
	pg->root_paddr = (top.value - x86_image_base + v->phys_base.value) & ~pg->sme_mask;
	return confirm_root(k, pg, top.value, err);
}

/* The kernel's part begins with the linear map, at PAGE_OFFSET. */
static int init_i386(const struct sv_kcore *k, const struct sv_vmcoreinfo *v, struct sv_pgtable *pg,
	struct safevma_error *err)
{
	(void)k;
	if (!v->swapper_pg_dir.known)
		return missing(err, "SYMBOL(swapper_pg_dir)");
	if (pg->page_shift != 12)
		return no_geometry(err, "pages of 4096 bytes, a shift of 12", pg->page_shift);
	pg->arch = SV_PG_I386;
	set_levels(pg, 32, v->pae ? 9 : 10);
	pg->entry_size = v->pae ? 8 : 4;
	pg->frame_mask = v->pae ? BITS(51, 12) : BITS(31, 12);
	pg->start = pg->delta >> pg->shift[0] << pg->shift[0];
	pg->first_index = (unsigned int)(pg->start >> pg->shift[0]);
	pg->root_paddr = (v->swapper_pg_dir.value - pg->delta) & 0xffffffff;
	return 0;
}

/* TTBR1_BADDR_4852_OFFSET: only the last of the root's entries are used on 48-bit hardware. */
static uint64_t arm64_root_offset(const struct sv_vmcoreinfo *v, unsigned int va_bits)
{
	if (v->page_size.value != 65536 || v->va_bits.value != 52 || va_bits != 48)
		return 0;
	return (BIT(52 - 42) - BIT(48 - 42)) * 8;
}

static int init_arm64(const struct sv_kcore *k, const struct sv_vmcoreinfo *v,
	struct sv_pgtable *pg, struct safevma_error *err)
{
	unsigned int va_bits;

	if (!v->swapper_pg_dir.known)
		return missing(err, "SYMBOL(swapper_pg_dir)");
	if (!v->kimage_voffset.known)
		return missing(err, "NUMBER(kimage_voffset)");
	if (!v->t1sz.known)
		return missing(err, "NUMBER(TCR_EL1_T1SZ)");
	if (pg->page_shift != 12 && pg->page_shift != 14 && pg->page_shift != 16)
		return no_geometry(err, "a page shift of 12, 14 or 16", pg->page_shift);
	if (v->t1sz.value < 12 || v->t1sz.value > 64 - 36)
		return no_geometry(err, "TCR_EL1_T1SZ of 12 to 28", v->t1sz.value);
	va_bits = 64 - (unsigned int)v->t1sz.value; /* VA_BITS is what it was built for */
	pg->arch = SV_PG_ARM64;
	set_levels(pg, va_bits, pg->page_shift - 3);
	pg->start = -BIT(va_bits);
	pg->lpa2 = va_bits == 52 && pg->page_shift < 16;
	pg->frame_mask = BITS(pg->lpa2 ? 49 : 47, pg->page_shift);
	pg->root_paddr = v->swapper_pg_dir.value - v->kimage_voffset.value;
	if (confirm_root(k, pg, v->swapper_pg_dir.value, err))
		return -1;
	pg->root_paddr += arm64_root_offset(v, va_bits);
	return 0;
}

static int init_riscv64(const struct sv_kcore *k, const struct sv_vmcoreinfo *v,
	struct sv_pgtable *pg, struct safevma_error *err)
{
	if (!v->swapper_pg_dir.known)
		return missing(err, "SYMBOL(swapper_pg_dir)");
	if (!v->va_kernel_pa_offset.known)
		return missing(err, "NUMBER(va_kernel_pa_offset)");
	if (!v->va_bits.known)
		return missing(err, "NUMBER(VA_BITS)");
	if (v->va_bits.value != 39 && v->va_bits.value != 48 && v->va_bits.value != 57)
		return no_geometry(err, "VA_BITS of 39, 48 or 57", v->va_bits.value);
	if (pg->page_shift != 12)
		return no_geometry(err, "pages of 4096 bytes, a shift of 12", pg->page_shift);
	pg->arch = SV_PG_RISCV64;
	set_levels(pg, (unsigned int)v->va_bits.value, 9);
	pg->first_index = 256;
	pg->start = -BIT(v->va_bits.value - 1);
	pg->frame_mask = BITS(53, 10);
	pg->root_paddr = v->swapper_pg_dir.value - v->va_kernel_pa_offset.value;
	return confirm_root(k, pg, v->swapper_pg_dir.value, err);
}

static unsigned int shift_of(uint64_t size)
{
	unsigned int shift = 0;

	while (shift < 63 && BIT(shift) < size)
		shift++;
	return shift;
}

typedef int (*init_fn)(const struct sv_kcore *k, const struct sv_vmcoreinfo *v,
	struct sv_pgtable *pg, struct safevma_error *err);

static init_fn init_of(const char *machine)
{
	static const struct {
		const char *machine;
		init_fn init;
	} known[] = {
		{ "x86_64", init_x86_64 },
		{ "aarch64", init_arm64 },
		{ "riscv64", init_riscv64 },
		{ "i386", init_i386 },
		{ "i486", init_i386 },
		{ "i586", init_i386 },
		{ "i686", init_i386 },
	};

	for (size_t i = 0; i < sv_array_size(known); i++)
		if (!strcmp(machine, known[i].machine))
			return known[i].init;
	return NULL;
}

int sv_pgtable_init(const struct sv_kcore *k, const struct sv_vmcoreinfo *v, const char *machine,
	uint64_t page_size, struct sv_pgtable *ret, struct safevma_error *err)
{
	struct sv_pgtable pg = { .entry_size = 8,
		.page_shift = shift_of(page_size),
		.vmalloc_start = v->vmalloc_start.value };
	/* A 32-bit program on a 64-bit kernel is told another machine. */
	init_fn init = init_of(k->wide && !strncmp(machine, "i", 1) ? "x86_64" : machine);

	if (!init)
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, NAME, 0,
			"the page tables of '%s' are not known here", machine);
	if (!sv_kcore_delta(k, &pg.delta))
		return sv_error_set(err, SAFEVMA_E_FORMAT, 0, NAME, 0,
			"expected a segment with a physical address: the linear map");
	if (init(k, v, &pg, err))
		return -1;
	*ret = pg;
	return 0;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool is_last(const struct sv_pgtable *pg, unsigned int level)
{
	return level + 1 == pg->levels;
}

/* Clears what lies below the size of a leaf: flags of large leaves stand there (x86: PAT). */
static uint64_t aligned(const struct sv_pgtable *pg, unsigned int level, uint64_t paddr)
{
	return paddr & ~(BIT(pg->shift[level]) - 1);
}

static struct sv_entry decode_x86(const struct sv_pgtable *pg, unsigned int level, uint64_t raw)
{
	const uint64_t present = BIT(0), rw = BIT(1), large = BIT(7), nx = BIT(63);
	bool pae_root = pg->arch == SV_PG_I386 && pg->levels == 3 && level == 0;
	bool may_be_large = !is_last(pg, level) && level + 3 >= pg->levels && !pae_root;
	bool leaf = is_last(pg, level) || (may_be_large && (raw & large));
	struct sv_entry e = { .kind = leaf ? SV_ENTRY_LEAF : SV_ENTRY_TABLE,
		.paddr = raw & pg->frame_mask,
		.writable = pae_root || (raw & rw),
		.exec = pae_root || pg->entry_size == 4 || !(raw & nx) };

	if (!(raw & present)) {
		e.kind = SV_ENTRY_ABSENT;
		e.paddr = (pg->entry_size == 4 ? raw : ~raw) & pg->frame_mask;
		leaf = true;
	}
	if (leaf)
		e.paddr = aligned(pg, level, e.paddr);
	return e;
}

static uint64_t arm64_paddr(const struct sv_pgtable *pg, uint64_t raw)
{
	uint64_t paddr = raw & pg->frame_mask;

	if (pg->lpa2)
		return paddr | (raw >> 8 & 3) << 50;
	return pg->page_shift == 16 ? paddr | (raw >> 12 & 15) << 48 : paddr;
}

/* With DBM set the hardware may make a read-only entry writable by itself: it counts as that. */
static struct sv_entry decode_arm64(const struct sv_pgtable *pg, unsigned int level, uint64_t raw)
{
	const uint64_t ap_ro = BIT(7), dbm = BIT(51), pxn = BIT(53);
	const uint64_t table_ro = BIT(62), table_pxn = BIT(59);
	bool table = !is_last(pg, level) && (raw & 3) == 3;
	struct sv_entry e = { .kind = table ? SV_ENTRY_TABLE : SV_ENTRY_LEAF,
		.paddr = arm64_paddr(pg, raw),
		.writable = table ? !(raw & table_ro) : !(raw & ap_ro) || (raw & dbm),
		.exec = !(raw & (table ? table_pxn : pxn)) };

	if (!(raw & 1))
		e.kind = SV_ENTRY_ABSENT;
	else if (is_last(pg, level) && (raw & 3) != 3)
		e.kind = SV_ENTRY_BAD;
	if (e.kind != SV_ENTRY_TABLE)
		e.paddr = aligned(pg, level, e.paddr);
	return e;
}

/* Svnapot: one of 16 equal entries that map 64 KiB; its low frame bits say so. */
static uint64_t riscv_paddr(const struct sv_pgtable *pg, uint64_t raw, uint64_t vaddr)
{
	uint64_t paddr = (raw & pg->frame_mask) >> 10 << 12;

	if (!(raw & BIT(63)))
		return paddr;
	return (paddr & ~UINT64_C(0xffff)) | (vaddr & 0xf000);
}

static struct sv_entry decode_riscv(
	const struct sv_pgtable *pg, unsigned int level, uint64_t raw, uint64_t vaddr)
{
	const uint64_t valid = BIT(0), write = BIT(2), exec = BIT(3), any = BIT(1) | write | exec;
	bool leaf = raw & any;
	struct sv_entry e = { .kind = leaf ? SV_ENTRY_LEAF : SV_ENTRY_TABLE,
		.paddr = riscv_paddr(pg, raw, vaddr),
		.writable = !leaf || (raw & write),
		.exec = !leaf || (raw & exec) };

	if (!(raw & valid))
		e.kind = SV_ENTRY_ABSENT;
	else if (!leaf && is_last(pg, level))
		e.kind = SV_ENTRY_BAD;
	return e;
}

struct sv_entry sv_pgtable_decode(
	const struct sv_pgtable *pg, unsigned int level, uint64_t raw, uint64_t vaddr)
{
	if (!raw)
		return (struct sv_entry) { .kind = SV_ENTRY_ZERO };
	switch (pg->arch) {
	case SV_PG_X86_64:
	case SV_PG_I386:
		return decode_x86(pg, level, raw);
	case SV_PG_ARM64:
		return decode_arm64(pg, level, raw);
	case SV_PG_RISCV64:
		return decode_riscv(pg, level, raw, vaddr);
	}
	return (struct sv_entry) { .kind = SV_ENTRY_BAD };
}

uint64_t sv_pgtable_raw(const struct sv_pgtable *pg, const void *table, unsigned int index)
{
	const char *at = (const char *)table + (size_t)index * pg->entry_size;
	uint64_t wide;
	uint32_t narrow;

	if (pg->entry_size == 8) {
		memcpy(&wide, at, sizeof(wide));
		return le64toh(wide);
	}
	memcpy(&narrow, at, sizeof(narrow));
	return le32toh(narrow);
}
