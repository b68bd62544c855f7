// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kernel.h"

static void assert_zone(
	const struct kernel *k, uint64_t vaddr, enum sv_kzone zone, uint64_t expected_end)
{
	uint64_t end = 99;

	assert_int_equal(sv_kzone_of(&k->kcore, &k->pg, vaddr, &end), zone);
	assert_int_equal(end, expected_end);
}

/* From each address on to the end of the space: nowhere an empty stretch, the last one ends at 0.
 */
static void assert_covers(const struct kernel *k, unsigned int *zones)
{
	uint64_t at = k->pg.start, end;
	unsigned int n = 0;

	*zones = 0;
	do {
		*zones |= 1u << sv_kzone_of(&k->kcore, &k->pg, at, &end);
		assert_true(end - 1 >= at);
		at = end;
	} while (at && n++ < 100);
	assert_int_equal(at, 0);
}

static void x86_with_four_levels(void **state)
{
	struct kernel k = kernel_x86();
	unsigned int zones;

	(void)state;
	assert_zone(&k, 0xffff800000000000, SV_KZONE_UNNAMED, 0xffff880000000000);
	assert_zone(&k, 0xffff880000000000, SV_KZONE_LDT, 0xffff888000000000);
	assert_zone(&k, X86_DELTA, SV_KZONE_UNNAMED, X86_DELTA + 0x1000);
	assert_zone(&k, X86_DELTA + 0x1000, SV_KZONE_LINEAR, X86_DELTA + 0x9f000);
	assert_zone(&k, X86_DELTA + GIB - 1, SV_KZONE_LINEAR, X86_DELTA + GIB);
	assert_zone(&k, X86_DELTA + GIB, SV_KZONE_UNNAMED, X86_VMALLOC);
	assert_zone(&k, X86_VMALLOC, SV_KZONE_VMALLOC, X86_VMALLOC + 0x1fffffffffff);
	assert_zone(&k, 0xffffec0000000000, SV_KZONE_KASAN, 0xfffffc0000000000);
	assert_zone(&k, 0xfffffe0000000000, SV_KZONE_CPU_ENTRY, 0xfffffe8000000000);
	assert_zone(&k, 0xffffff7fffffffff, SV_KZONE_ESPFIX, 0xffffff8000000000);
	assert_zone(&k, 0xffffffef00000000, SV_KZONE_EFI, 0xffffffff00000000);
	assert_zone(&k, 0xffffffff80000000, SV_KZONE_IMAGE, X86_IMAGE); /* listed from there on */
	assert_zone(&k, X86_IMAGE, SV_KZONE_IMAGE, X86_IMAGE + 32 * MIB);
	assert_zone(&k, X86_IMAGE + 32 * MIB, SV_KZONE_IMAGE, 0xffffffffc0000000);
	assert_zone(&k, 0xffffffffc0000000, SV_KZONE_MODULES, 0xffffffffff000000);
	assert_zone(&k, 0xffffffffff000000, SV_KZONE_FIXMAP, 0xffffffffffe00000);
	assert_zone(&k, 0xffffffffffe00000, SV_KZONE_UNNAMED, 0);
	assert_zone(&k, UINT64_MAX, SV_KZONE_UNNAMED, 0);
	assert_covers(&k, &zones);
	assert_int_equal(zones & 1u << SV_KZONE_VMEMMAP, 0);
	kernel_fini(&k);
}

/* vmemmap comes in pieces, one for each of RAM, far smaller than vmalloc. */
static void x86_with_five_levels(void **state)
{
	struct kernel k = kernel_x86();
	unsigned int zones;

	(void)state;
	k.pg.levels = 5;
	k.pg.start = 0xff00000000000000;
	kernel_segment(&k.kcore, 0xffa79ff1c0000000, NO_PADDR, 0x3000, 0);
	assert_zone(&k, 0xff10000000000000, SV_KZONE_LDT, 0xff11000000000000);
	assert_zone(&k, 0xffdf000000000000, SV_KZONE_KASAN, X86_DELTA + 0x1000);
	assert_zone(&k, 0xffa79ff1c0000000, SV_KZONE_VMEMMAP, 0xffa79ff1c0003000);
	assert_covers(&k, &zones);
	kernel_fini(&k);
}

/* arm64: modules end where vmalloc begins, or lie below the image within its reach. */
static void arm64(void **state)
{
	const uint64_t vmalloc = 0xffff800080000000, image = 0xffffb17dc0000000;
	struct kernel k = { .pg = { .arch = SV_PG_ARM64,
				    .delta = 0xfff0000000000000,
				    .start = 0xfff0000000000000 } };
	unsigned int zones;

	(void)state;
	k.kcore.wide = true;
	kernel_segment(&k.kcore, k.pg.delta + GIB, GIB, GIB, 0);
	kernel_segment(&k.kcore, image, 0x41000000, 64 * MIB, 0);
	kernel_segment(&k.kcore, vmalloc, NO_PADDR, UINT64_C(0x7bffbfff0000), 0);
	kernel_segment(&k.kcore, vmalloc - 2 * GIB, NO_PADDR, 2 * GIB, 0);
	kernel_segment(&k.kcore, 0xffffffc000000000, NO_PADDR, 16 * MIB, 0);
	assert_zone(&k, k.pg.delta, SV_KZONE_UNNAMED, k.pg.delta + GIB);
	assert_zone(&k, k.pg.delta + GIB, SV_KZONE_LINEAR, k.pg.delta + 2 * GIB);
	assert_zone(&k, vmalloc - 1, SV_KZONE_MODULES, vmalloc);
	assert_zone(&k, vmalloc, SV_KZONE_VMALLOC, vmalloc + 0x7bffbfff0000);
	assert_zone(&k, image, SV_KZONE_IMAGE, image + 64 * MIB);
	assert_zone(&k, 0xffffffc000000000, SV_KZONE_VMEMMAP, 0xffffffc001000000);
	assert_zone(&k, 0xffffffc001000000, SV_KZONE_UNNAMED, 0); /* no layout is documented */
	k.kcore.segments.ptr[3].vaddr = image - 3 * GIB;
	k.kcore.segments.ptr[2].size = GIB;
	k.kcore.segments.ptr[3].size = GIB - 1;
	assert_zone(&k, image - 3 * GIB, SV_KZONE_MODULES, image - 2 * GIB - 1);
	k.kcore.segments.ptr[3].vaddr = image - 5 * GIB; /* out of reach */
	assert_zone(&k, image - 5 * GIB, SV_KZONE_VMEMMAP, image - 4 * GIB - 1);
	assert_covers(&k, &zones);
	kernel_fini(&k);
}

/* Downwards from vmalloc: vmemmap, PCI I/O, fixmap. */
static void riscv(void **state)
{
	const uint64_t vmalloc = 0xff20000000000000, vmemmap = vmalloc - (UINT64_C(1) << 50);
	struct kernel k = { .pg = { .arch = SV_PG_RISCV64,
				    .levels = 5,
				    .shift = { 48 },
				    .bits = { 9 },
				    .start = 0xff00000000000000,
				    .delta = 0xff5fffff80000000,
				    .vmalloc_start = vmalloc } };
	unsigned int zones;

	(void)state;
	kernel_segment(&k.kcore, 0xff60000000000000, 0x80000000, GIB, 0);
	assert_zone(&k, vmalloc - 1, SV_KZONE_VMEMMAP, vmalloc);
	assert_zone(&k, vmemmap, SV_KZONE_VMEMMAP, vmalloc);
	assert_zone(&k, vmemmap - 1, SV_KZONE_PCI_IO, vmemmap);
	assert_zone(&k, vmemmap - 16 * MIB, SV_KZONE_PCI_IO, vmemmap);
	/* the left-over window of the device tree, of a guest */
	assert_zone(&k, 0xff1bfffffec00000, SV_KZONE_FIXMAP, vmemmap - 16 * MIB);
	assert_zone(&k, vmemmap - 24 * MIB - 1, SV_KZONE_UNNAMED, vmemmap - 24 * MIB);
	assert_zone(&k, vmalloc, SV_KZONE_UNNAMED, 0xff60000000000000);
	assert_covers(&k, &zones);
	k.pg.vmalloc_start = 0;
	assert_zone(&k, vmalloc - 1, SV_KZONE_UNNAMED, 0xff60000000000000);
	kernel_fini(&k);
}

/* A segment that reaches to the end of the space. */
static void the_end_of_the_space(void **state)
{
	struct kernel k = { .pg = { .arch = SV_PG_I386, .delta = 0xc0000000 } };

	(void)state;
	kernel_segment(&k.kcore, UINT64_MAX - 0xfff, NO_PADDR, 0x1000, 0);
	assert_zone(&k, UINT64_MAX - 0x1000, SV_KZONE_UNNAMED, UINT64_MAX - 0xfff);
	assert_zone(&k, UINT64_MAX, SV_KZONE_VMALLOC, 0);
	kernel_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_with_four_levels),
		cmocka_unit_test(x86_with_five_levels),
		cmocka_unit_test(arm64),
		cmocka_unit_test(riscv),
		cmocka_unit_test(the_end_of_the_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
