// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each bit of an entry that means something. */
#include "geometry.h"

#define ANY UINT64_C(0x7ff0000000000e00) /* software bits, protection keys: no meaning here */

enum { RO = 0, RW = 1, EXEC = 2 };

struct decoded {
	unsigned int level;
	uint64_t raw;
	enum sv_entry_kind kind;
	uint64_t paddr;
	int rights;
};

static void assert_decoded(const struct sv_pgtable *pg, const struct decoded *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sv_entry e = sv_pgtable_decode(pg, list[i].level, list[i].raw, 0);

		assert_int_equal(e.kind, list[i].kind);
		assert_int_equal(e.paddr, list[i].paddr);
		if (e.kind != SV_ENTRY_LEAF && e.kind != SV_ENTRY_TABLE)
			continue;
		assert_int_equal(e.writable, !!(list[i].rights & RW));
		assert_int_equal(e.exec, !!(list[i].rights & EXEC));
	}
}

static void x86_entries(void **state)
{
	static const struct decoded cases[] = {
		{ 3, 0, SV_ENTRY_ZERO, 0, 0 },
		{ 3, 0x800000001659a123, SV_ENTRY_LEAF, 0x1659a000, RW },
		{ 3, 0x800000001659a121, SV_ENTRY_LEAF, 0x1659a000, RO },
		{ 3, 0x1659a121, SV_ENTRY_LEAF, 0x1659a000, EXEC },
		{ 3, 0x1659a1a3, SV_ENTRY_LEAF, 0x1659a000, RW | EXEC }, /* bit 7 is PAT here */
		{ 3, 0x000ffffffffff003 | ANY, SV_ENTRY_LEAF, 0x000ffffffffff000, RW | EXEC },
		{ 2, 0x80000000164011e3, SV_ENTRY_LEAF, 0x16400000, RW }, /* 2 MiB, PAT in bit 12 */
		{ 2, 0x16401063, SV_ENTRY_TABLE, 0x16401000, RW | EXEC },
		{ 2, 0x8000000016401061, SV_ENTRY_TABLE, 0x16401000, RO },
		{ 1, 0x80000000400001e3, SV_ENTRY_LEAF, 0x40000000, RW }, /* 1 GiB */
		{ 0, 0x1ffb80e3, SV_ENTRY_TABLE, 0x1ffb8000,
			RW | EXEC }, /* no leaf is that large */
		/* removed, what is left of A and D; global without present; inverted */
		{ 3, 0x800fffffff42e020, SV_ENTRY_ABSENT, 0xbd1000, 0 },
		{ 3, 0x800fffffeae5d060, SV_ENTRY_ABSENT, 0x151a2000, 0 },
		{ 3, 0x800fffffff42e160, SV_ENTRY_ABSENT, 0xbd1000, 0 },
		{ 2, 0x800fffffe9bff0e0, SV_ENTRY_ABSENT, 0x16400000, 0 },
	};
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 0);
	struct sv_pgtable pg;

	(void)state;
	assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, "x86_64", 4096, &pg), 0);
	assert_decoded(&pg, cases, sv_array_size(cases));
}

/* With five levels neither of the upper two can hold a leaf. */
static void x86_entries_of_five_levels(void **state)
{
	static const struct decoded cases[] = {
		{ 0, 0x1ffb80e3, SV_ENTRY_TABLE, 0x1ffb8000, RW | EXEC },
		{ 1, 0x1ffb80e3, SV_ENTRY_TABLE, 0x1ffb8000, RW | EXEC },
		{ 2, 0x400000e3, SV_ENTRY_LEAF, 0x40000000, RW | EXEC },
		{ 3, 0x402000e3, SV_ENTRY_LEAF, 0x40200000, RW | EXEC },
	};
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 1);
	struct sv_pgtable pg;

	(void)state;
	assert_int_equal(init(segments(0xff11000000000000, 0, 0), &v, "x86_64", 4096, &pg), 0);
	assert_decoded(&pg, cases, sv_array_size(cases));
}

static void i386_entries(void **state)
{
	static const struct decoded pae[] = {
		{ 0, 0x1ee9a001, SV_ENTRY_TABLE, 0x1ee9a000,
			RW | EXEC }, /* says nothing of rights */
		{ 0, 0x800000001ee9a0e1, SV_ENTRY_TABLE, 0x1ee9a000, RW | EXEC },
		{ 1, 0x80000000002001e3, SV_ENTRY_LEAF, 0x200000, RW },
		{ 1, 0x1ee9b063, SV_ENTRY_TABLE, 0x1ee9b000, RW | EXEC },
		{ 2, 0x8000000000123161, SV_ENTRY_LEAF, 0x123000, RO },
		{ 2, 0x800fffffff42e020, SV_ENTRY_ABSENT, 0xbd1000, 0 },
	};
	static const struct decoded plain[] = {
		{ 0, 0x004001e3, SV_ENTRY_LEAF, 0x400000, RW | EXEC },
		{ 0, 0x1ee9b063, SV_ENTRY_TABLE, 0x1ee9b000, RW | EXEC },
		{ 1, 0x80123161, SV_ENTRY_LEAF, 0x80123000, EXEC },
		/* Two levels have no room for the inversion: pgtable-2level.h, protnone_mask() */
		{ 1, 0x00bd1020, SV_ENTRY_ABSENT, 0xbd1000, 0 },
		{ 0, 0x004000e0, SV_ENTRY_ABSENT, 0x400000, 0 },
	};
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xdee98000), .pae = true };
	struct sv_pgtable pg;
	struct sv_kcore k = segments(0xc0000000, 0, 0);

	(void)state;
	k.wide = false;
	assert_int_equal(init(k, &v, "i686", 4096, &pg), 0);
	assert_decoded(&pg, pae, sv_array_size(pae));
	v.pae = false;
	k = segments(0xc0000000, 0, 0);
	k.wide = false;
	assert_int_equal(init(k, &v, "i686", 4096, &pg), 0);
	assert_decoded(&pg, plain, sv_array_size(plain));
}

static struct sv_pgtable arm64_of(uint64_t page_size, uint64_t t1sz)
{
	struct sv_vmcoreinfo v = { .page_size = sv_known(page_size),
		.swapper_pg_dir = sv_known(0xffff94be37c79000),
		.kimage_voffset = sv_known(0xffff94bdf6200000),
		.va_bits = sv_known(52),
		.t1sz = sv_known(t1sz) };
	struct sv_pgtable pg;

	assert_int_equal(
		init(segments(0xffff000000000000, 0, 0), &v, "aarch64", page_size, &pg), 0);
	return pg;
}

#define PXN	  (UINT64_C(1) << 53)
#define CONT	  (UINT64_C(1) << 52)
#define PXN_TABLE (UINT64_C(1) << 59)
#define RO_TABLE  (UINT64_C(1) << 62)

static void arm64_entries(void **state)
{
	static const struct decoded cases[] = {
		{ 3, 0, SV_ENTRY_ZERO, 0, 0 },
		{ 3, 0x00f8000048070707, SV_ENTRY_LEAF, 0x48070000, RW },
		{ 3, 0x00f0000048070787, SV_ENTRY_LEAF, 0x48070000, RO },
		{ 3, 0x00f8000048070787, SV_ENTRY_LEAF, 0x48070000, RW }, /* by the hardware: DBM */
		{ 3, 0x00d0000048070787, SV_ENTRY_LEAF, 0x48070000, EXEC },
		{ 3, 0x48070703 | CONT | PXN, SV_ENTRY_LEAF, 0x48070000, RW },
		/* removed: nothing is inverted, shareability is no address */
		{ 3, 0x00e8000048070706, SV_ENTRY_ABSENT, 0x48070000, 0 },
		{ 3, 0x00e8000041493f06, SV_ENTRY_ABSENT, 0x41493000, 0 },
		{ 3, 0x48070701, SV_ENTRY_BAD, 0x48070000, 0 },
		{ 2, 0x00f8000048200701, SV_ENTRY_LEAF, 0x48200000, RW },
		{ 2, 0x00f8000048200700, SV_ENTRY_ABSENT, 0x48200000, 0 },
		{ 2, 0x48071003, SV_ENTRY_TABLE, 0x48071000, RW | EXEC },
		{ 2, 0x48071003 | RO_TABLE, SV_ENTRY_TABLE, 0x48071000, EXEC },
		{ 2, 0x48071003 | PXN_TABLE, SV_ENTRY_TABLE, 0x48071000, RW },
		{ 2, 0x48071083, SV_ENTRY_TABLE, 0x48071000, RW | EXEC }, /* ignored in tables */
	};
	struct sv_pgtable pg = arm64_of(4096, 16);

	(void)state;
	assert_decoded(&pg, cases, sv_array_size(cases));
}

/* 52 bits of address: the upper ones stand where shareability or nothing stands otherwise. */
static void arm64_wide_addresses(void **state)
{
	static const struct decoded lpa2[] = {
		{ 4, 0x00e8000041493c06, SV_ENTRY_ABSENT, 0x41493000, 0 },
		{ 4, 0x00e8000041493f07, SV_ENTRY_LEAF, 0xc000041493000, RW },
		{ 4, 0x00ebfffffffff307, SV_ENTRY_LEAF, 0xfffffffffffff000 & 0xfffffffffffff, RW },
		{ 3, 0x41493303, SV_ENTRY_TABLE, 0xc000041493000, RW | EXEC },
	};
	static const struct decoded large[] = {
		{ 2, 0x00e8000041490f07, SV_ENTRY_LEAF, 0x41490000, RW },
		{ 2, 0x00e800004149ff07, SV_ENTRY_LEAF, 0xf000041490000, RW },
	};
	static const struct decoded middle[] = {
		{ 3, 0x00e8000041494f07, SV_ENTRY_LEAF, 0xc000041494000, RW },
		{ 3, 0x00e8000041497c07, SV_ENTRY_LEAF, 0x41494000, RW },
	};
	struct sv_pgtable pg = arm64_of(4096, 12);

	(void)state;
	assert_decoded(&pg, lpa2, sv_array_size(lpa2));
	pg = arm64_of(65536, 12);
	assert_decoded(&pg, large, sv_array_size(large));
	pg = arm64_of(16384, 12);
	assert_decoded(&pg, middle, sv_array_size(middle));
}

#define NAPOT (UINT64_C(1) << 63)

static void riscv_entries(void **state)
{
	static const struct decoded cases[] = {
		{ 4, 0, SV_ENTRY_ZERO, 0, 0 },
		{ 4, 0x20b378e7, SV_ENTRY_LEAF, 0x82cde000, RW },
		{ 4, 0x20b378e6, SV_ENTRY_ABSENT, 0x82cde000, 0 },
		{ 4, 0x20b378e3, SV_ENTRY_LEAF, 0x82cde000, RO },
		{ 4, 0x20b378eb, SV_ENTRY_LEAF, 0x82cde000, EXEC },
		{ 4, 0x20b378e9, SV_ENTRY_LEAF, 0x82cde000, EXEC }, /* execute alone */
		{ 4, 0x20b378e1, SV_ENTRY_BAD, 0x82cde000, 0 },
		{ 3, 0x20b37801, SV_ENTRY_TABLE, 0x82cde000, RW | EXEC },
		{ 3, 0x27f800e7, SV_ENTRY_LEAF, 0x9fe00000, RW },
		{ 0, 0x200000e7, SV_ENTRY_LEAF, 0x80000000, RW }, /* at any level */
		{ 4, 0x003ffffffffffce7, SV_ENTRY_LEAF, 0xfffffffffff000, RW },
	};
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xffffffff81dca000),
		.va_kernel_pa_offset = sv_known(0xfffffffeffe00000),
		.va_bits = sv_known(57) };
	struct sv_pgtable pg;

	(void)state;
	assert_int_equal(init(segments(0xff5fffff80000000, 0, 0), &v, "riscv64", 4096, &pg), 0);
	assert_decoded(&pg, cases, sv_array_size(cases));
	/* Sixteen equal entries of 64 KiB: the address tells which one this is. */
	for (uint64_t i = 0; i < 16; i++) {
		struct sv_entry e = sv_pgtable_decode(&pg, 4,
			(UINT64_C(0x82c08) << 10) | 0xe7 | NAPOT, 0xff60000000000000 + i * 4096);

		assert_int_equal(e.kind, SV_ENTRY_LEAF);
		assert_int_equal(e.paddr, 0x82c00000 + i * 4096);
	}
}

static void raw_entries(void **state)
{
	static const unsigned char table[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16 };
	struct sv_pgtable pg = { .entry_size = 8 };

	(void)state;
	assert_int_equal(sv_pgtable_raw(&pg, table, 1), 0x100f0e0d0c0b0a09);
	pg.entry_size = 4;
	assert_int_equal(sv_pgtable_raw(&pg, table, 3), 0x100f0e0d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_entries),
		cmocka_unit_test(x86_entries_of_five_levels),
		cmocka_unit_test(i386_entries),
		cmocka_unit_test(arm64_entries),
		cmocka_unit_test(arm64_wide_addresses),
		cmocka_unit_test(riscv_entries),
		cmocka_unit_test(raw_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
