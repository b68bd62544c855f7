// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Regions of the kernel's address space. What kcore lists is taken from it: segments of RAM, of the
 * kernel image and, told apart by where they lie, of vmalloc, vmemmap and modules. What it does not
 * list has fixed places that the architecture documents: Documentation/arch/x86/x86_64/mm.rst,
 * arch/arm64/memory.rst, arch/riscv/vm-layout.rst.
 */
#include "walk.h"

struct fixed {
	uint64_t start, end; /* end 0: the end of the space */
	enum sv_kzone zone;
};

static const struct fixed x86_fixed_4[] = {
	{ 0xffff880000000000, 0xffff888000000000, SV_KZONE_LDT },
	{ 0xffffec0000000000, 0xfffffc0000000000, SV_KZONE_KASAN },
};

static const struct fixed x86_fixed_5[] = {
	{ 0xff10000000000000, 0xff11000000000000, SV_KZONE_LDT },
	{ 0xffdf000000000000, 0xfffffc0000000000, SV_KZONE_KASAN },
};

static const struct fixed x86_fixed[] = {
	{ 0xfffffe0000000000, 0xfffffe8000000000, SV_KZONE_CPU_ENTRY },
	{ 0xffffff0000000000, 0xffffff8000000000, SV_KZONE_ESPFIX },
	{ 0xffffffef00000000, 0xffffffff00000000, SV_KZONE_EFI },
	{ 0xffffffff80000000, 0xffffffffc0000000, SV_KZONE_IMAGE },
	{ 0xffffffffc0000000, 0xffffffffff000000, SV_KZONE_MODULES },
	{ 0xffffffffff000000, 0xffffffffffe00000, SV_KZONE_FIXMAP },
};

/* The first address after vaddr where the answer may be another one. */
static void stop_at(uint64_t *end, uint64_t at)
{
	if (at - 1 < *end - 1)
		*end = at;
}

static enum sv_kzone by_table(const struct fixed *list, size_t n, uint64_t vaddr, uint64_t *end)
{
	for (size_t i = 0; i < n; i++) {
		if (vaddr >= list[i].start && vaddr < list[i].end) {
			stop_at(end, list[i].end);
			return list[i].zone;
		}
		if (vaddr < list[i].start)
			stop_at(end, list[i].start);
	}
	return SV_KZONE_UNNAMED;
}

static enum sv_kzone by_x86_layout(const struct sv_pgtable *pg, uint64_t vaddr, uint64_t *end)
{
	const struct fixed *low = pg->levels == 5 ? x86_fixed_5 : x86_fixed_4;
	enum sv_kzone zone = by_table(low, 2, vaddr, end);

	return zone != SV_KZONE_UNNAMED ? zone
					: by_table(x86_fixed, sv_array_size(x86_fixed), vaddr, end);
}

/*
 * Downwards from vmalloc: vmemmap, then 16 MiB of PCI I/O, then the fixmap, whose size has grown
 * from 2 to 6 MiB.
 */
static enum sv_kzone by_riscv_layout(const struct sv_pgtable *pg, uint64_t vaddr, uint64_t *end)
{
	unsigned int va_bits = pg->shift[0] + pg->bits[0];
	uint64_t vmemmap = pg->vmalloc_start - (UINT64_C(1) << (va_bits - 12 - 1 + 6));
	uint64_t io = vmemmap - (16 << 20), fixmap = io - (8 << 20);
	const struct fixed layout[] = {
		{ fixmap, io, SV_KZONE_FIXMAP },
		{ io, vmemmap, SV_KZONE_PCI_IO },
		{ vmemmap, pg->vmalloc_start, SV_KZONE_VMEMMAP },
	};

	return pg->vmalloc_start ? by_table(layout, sv_array_size(layout), vaddr, end)
				 : SV_KZONE_UNNAMED;
}

static enum sv_kzone by_layout(const struct sv_pgtable *pg, uint64_t vaddr, uint64_t *end)
{
	if (pg->arch == SV_PG_X86_64)
		return by_x86_layout(pg, vaddr, end);
	return pg->arch == SV_PG_RISCV64 ? by_riscv_layout(pg, vaddr, end) : SV_KZONE_UNNAMED;
}

static const struct sv_kcore_segment *largest_unnamed(const struct sv_kcore *k)
{
	const struct sv_kcore_segment *largest = NULL;

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (!s->has_paddr && (!largest || s->size > largest->size))
			largest = s;
	}
	return largest;
}

/* Modules are called from the kernel image and so lie within its reach, on x86 above it. */
static bool is_modules(const struct sv_kcore *k, const struct sv_pgtable *pg,
	const struct sv_kcore_segment *s, const struct sv_kcore_segment *vmalloc)
{
	const struct sv_kcore_segment *image = sv_kcore_image(k, pg->delta);
	const uint64_t far = UINT64_C(1) << 32;

	if (pg->arch == SV_PG_X86_64)
		return s->vaddr >= 0xffffffff80000000;
	if (s->size > far || s == vmalloc)
		return false;
	return s->vaddr + s->size == vmalloc->vaddr ||
	       (image && s->vaddr < image->vaddr && image->vaddr - s->vaddr <= far);
}

/*
 * A segment without physical address: kcore does not name it. vmemmap segments come one for each of
 * RAM and are far smaller than vmalloc's.
 */
static enum sv_kzone unnamed_segment(
	const struct sv_kcore *k, const struct sv_pgtable *pg, const struct sv_kcore_segment *s)
{
	const struct sv_kcore_segment *vmalloc = largest_unnamed(k);

	if (is_modules(k, pg, s, vmalloc))
		return SV_KZONE_MODULES;
	return s == vmalloc ? SV_KZONE_VMALLOC : SV_KZONE_VMEMMAP;
}

static enum sv_kzone of_segment(
	const struct sv_kcore *k, const struct sv_pgtable *pg, const struct sv_kcore_segment *s)
{
	if (!s->has_paddr)
		return unnamed_segment(k, pg, s);
	return s == sv_kcore_image(k, pg->delta) ? SV_KZONE_IMAGE : SV_KZONE_LINEAR;
}

enum sv_kzone sv_kzone_of(
	const struct sv_kcore *k, const struct sv_pgtable *pg, uint64_t vaddr, uint64_t *end)
{
	uint64_t stop = 0; /* minus one it is the last address of all */

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->size) {
			*end = s->vaddr + s->size;
			return of_segment(k, pg, s);
		}
		if (s->vaddr > vaddr)
			stop_at(&stop, s->vaddr);
	}
	*end = stop;
	return by_layout(pg, vaddr, end);
}
