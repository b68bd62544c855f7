// SPDX-License-Identifier: LGPL-2.1-or-later
/* Geometries other than x86-64 with four levels. */
#include "walking.h"

static void x86_with_five_levels(void **state)
{
	const struct sv_vmcoreinfo v = { .init_top_pgt = sv_known(0xffffffffbba10000),
		.phys_base = sv_known((uint64_t)-INT64_C(734003200)),
		.l5_enabled = sv_known(1) };
	const uint64_t delta = 0xff37f662c0000000;
	struct sv_kcore kcore = { .wide = true };
	struct kernel k;

	(void)state;
	kernel_segment(&kcore, 0xffffffffba000000, 0xe400000, 0x2830000, 0);
	kernel_segment(&kcore, delta + MIB, MIB, 0x3fee0000, 0);
	k = kernel_of(kcore, &v, "x86_64", 4096);
	kernel_set(&k, 4, delta + 0x1659a000, GONE((0x1659a000)));
	kernel_set(&k, 4, 0xffffffffc219a000, 0x1659a000 | PTE);
	kernel_set(&k, 3, delta + 0x3fe00000, 0x3fe00000 | LARGE);
	walk_others(&k, (const struct sv_frame_range[]) { { 0x1659a, 1 }, { 0x3ffdf, 8 } }, 2);
	assert_int_equal(map.linear.len, 2);
	assert_extent(0, 0x1659a, 1, SV_ALIAS_ABSENT);
	assert_extent(1, 0x3ffdf, 8, SV_ALIAS_RW); /* an entry reaches over the end of RAM */
	assert_int_equal(map.others.len, 1);
	assert_other(0, 0x1659a, 1, 0xffffffffc219a000);
	done(&k);
}

static void i386_with_pae(void **state)
{
	const struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xdee98000), .pae = true };
	struct sv_kcore kcore = { 0 };
	struct kernel k;

	(void)state;
	kernel_segment(&kcore, 0xc0000000, 0, 0x36ffe000, 0);
	k = kernel_of(kcore, &v, "i686", 4096);
	kernel_set(&k, 2, 0xc0200000, 0x200000 | RO);
	kernel_set(&k, 2, 0xc0201000, GONE((0x201000)));
	kernel_set(&k, 2, 0xfffe0000, 0x200000 | PTE);
	walk_others(&k, (const struct sv_frame_range[]) { { 0x200, 2 }, { 0x40000, 1 } }, 2);
	assert_int_equal(map.linear.len, 2); /* HighMem has no place there */
	assert_extent(0, 0x200, 1, SV_ALIAS_RO);
	assert_extent(1, 0x201, 1, SV_ALIAS_ABSENT);
	assert_int_equal(map.others.len, 1);
	assert_other(0, 0x200, 1, 0xfffe0000);
	assert_int_equal(map.cost.bytes, 8 + 3 * 4096);
	done(&k);
}

static void i386_with_two_levels(void **state)
{
	const struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xc1a8b000) };
	struct sv_kcore kcore = { 0 };
	struct kernel k;

	(void)state;
	kernel_segment(&kcore, 0xc0000000, 0, 0x20000000, 0);
	k = kernel_of(kcore, &v, "i686", 4096);
	kernel_set(&k, 1, 0xc0400000, 0x400163);
	kernel_set(&k, 1, 0xc0401000, 0x401060);
	kernel_set(&k, 0, 0xc0800000, 0x8001e3);
	walk(&k, (const struct sv_frame_range[]) { { 0x400, 2 }, { 0x9ff, 1 } }, 2);
	assert_int_equal(map.linear.len, 3);
	assert_extent(0, 0x400, 1, SV_ALIAS_RW);
	assert_extent(1, 0x401, 1, SV_ALIAS_ABSENT);
	assert_extent(2, 0x9ff, 1, SV_ALIAS_RW);
	assert_int_equal(map.linear.ptr[2].leaf_shift, 22);
	assert_int_equal(map.cost.bytes, 256 * 4 + 4096);
	done(&k);
}

static struct kernel arm64(uint64_t page_size, uint64_t t1sz, uint64_t delta)
{
	const struct sv_vmcoreinfo v = { .page_size = sv_known(page_size),
		.swapper_pg_dir = sv_known(0xffff94be37c80000),
		.kimage_voffset = sv_known(0xffff94bdf6200000),
		.va_bits = sv_known(52),
		.t1sz = sv_known(t1sz) };
	struct sv_kcore kcore = { .wide = true };

	kernel_segment(&kcore, delta + 0x40000000, 0x40000000, GIB, 0);
	return kernel_of(kcore, &v, "aarch64", page_size);
}

/* Granules, levels, and addresses whose upper bits stand elsewhere. */
static void arm64_granules(void **state)
{
	static const struct {
		uint64_t page_size, t1sz, delta;
		uint64_t page, gone;
	} cases[] = {
		{ 4096, 12, 0xfff0000000000000, 0x00e8000000000c07, 0x00e8000000000c06 },
		{ 4096, 16, 0xffff000000000000, 0x00e8000000000f07, 0x00e8000000000f06 },
		{ 16384, 12, 0xfff0000000000000, 0x00e8000000000c07, 0x00e8000000000c06 },
		{ 16384, 17, 0xffff800000000000, 0x00e8000000000f07, 0x00e8000000000f06 },
		{ 65536, 12, 0xfff0000000000000, 0x00e8000000000f07, 0x00e8000000000f06 },
		{ 65536, 16, 0xffff000000000000, 0x00e8000000000f07, 0x00e8000000000f06 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct kernel k = arm64(cases[i].page_size, cases[i].t1sz, cases[i].delta);
		uint64_t pa = 0x50000000, size = cases[i].page_size, pfn = pa / size;
		uint64_t at = cases[i].delta + pa;
		uint64_t high = k.pg.lpa2 ? 0x300 : 0; /* bits 51:50 of the address, wrong here */

		kernel_set(&k, k.pg.levels - 1, at, pa | (cases[i].page & ~high));
		kernel_set(&k, k.pg.levels - 1, at + size, (pa + size) | cases[i].gone | 0x80);
		kernel_set(
			&k, k.pg.levels - 1, at + 2 * size, (pa + 2 * size) | cases[i].page | high);
		walk(&k, (const struct sv_frame_range[]) { { pfn, 3 } }, 1);
		assert_int_equal(map.linear.len, 3);
		assert_extent(0, pfn, 1, SV_ALIAS_RW);
		assert_extent(1, pfn + 1, 1, SV_ALIAS_ABSENT);
		assert_extent(2, pfn + 2, 1, k.pg.lpa2 ? SV_ALIAS_UNKNOWN : SV_ALIAS_RW);
		assert_int_equal(k.reads, k.pg.levels);
		done(&k);
	}
}

static void arm64_tables_that_forbid(void **state)
{
	struct kernel k = arm64(4096, 16, 0xffff000000000000);
	uint64_t pmd = kernel_path(&k, 2, 0xffff000050000000);
	uint64_t pte = kernel_path(&k, 3, 0xffff000050000000);

	(void)state;
	kernel_put(&k, pte, 0, 0x50000703);
	kernel_put(&k, pmd, kernel_index(&k, 2, 0x50000000), pte | 3 | UINT64_C(1) << 62);
	walk(&k, ONE(0x50000), 1);
	assert_extent(0, 0x50000, 1, SV_ALIAS_RO);
	assert_true(map.linear.ptr[0].exec);
	sv_kernelmap_fini(&map);
	kernel_put(&k, pmd, kernel_index(&k, 2, 0x50000000), pte | 3 | UINT64_C(1) << 59);
	kernel_put(&k, pte, 1, 0x50001701); /* a form of entry that no page has */
	walk(&k, (const struct sv_frame_range[]) { { 0x50000, 2 } }, 1);
	assert_extent(0, 0x50000, 1, SV_ALIAS_RW);
	assert_false(map.linear.ptr[0].exec);
	assert_unknown_frame(0x50001, SV_ALIAS_WHY_MISMATCH);
	done(&k);
}

static void riscv64(void **state)
{
	const struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xffffffff81dca000),
		.va_kernel_pa_offset = sv_known(0xfffffffeffe00000),
		.va_bits = sv_known(57) };
	const uint64_t delta = 0xff5fffff80000000, fdt = 0xff1bfffffec00000;
	struct sv_kcore kcore = { .wide = true };
	struct kernel k;

	(void)state;
	kernel_segment(&kcore, 0xff60000000000000, 0x80000000, 512 * MIB, 0);
	k = kernel_of(kcore, &v, "riscv64", 4096);
	k.next = 0x90000000;
	for (uint64_t i = 0; i < 16; i++) /* napot: 16 equal entries */
		kernel_set(&k, 4, delta + 0x82c00000 + i * 4096,
			(UINT64_C(0x82c08) << 10) | 0xe7 | UINT64_C(1) << 63);
	kernel_set(&k, 4, delta + 0x82cde000, 0x20b378e6);
	kernel_set(&k, 4, delta + 0x82cdf000, 0x20b37ce1); /* valid, but neither leaf nor table */
	kernel_set(&k, 3, fdt, 0x27f800e7);
	walk_others(&k,
		(const struct sv_frame_range[]) { { 0x82c00, 16 }, { 0x82cde, 2 }, { 0x9fe01, 1 } },
		3);
	assert_int_equal(map.linear.len, 4);
	assert_extent(0, 0x82c00, 16, SV_ALIAS_RW);
	assert_extent(1, 0x82cde, 1, SV_ALIAS_ABSENT);
	assert_unknown_frame(0x82cdf, SV_ALIAS_WHY_MISMATCH);
	assert_int_equal(map.others.len, 1);
	assert_other(0, 0x9fe01, 1, fdt + 0x1000);
	done(&k);
}

static void encrypted_memory(void **state)
{
	const uint64_t mask = UINT64_C(1) << 47;
	const struct sv_vmcoreinfo v = { .init_top_pgt = sv_known(X86_ROOT),
		.phys_base = sv_known(mask),
		.l5_enabled = sv_known(0),
		.sme_mask = sv_known(mask) };
	struct sv_kcore kcore = { .wide = true };
	struct kernel k;

	(void)state;
	kernel_segment(&kcore, X86_DELTA, 0, GIB, 0);
	k = kernel_of(kcore, &v, "x86_64", 4096);
	kernel_set(&k, 3, LINEAR(0x200000), 0x200000 | PTE | mask);
	kernel_set(&k, 3, LINEAR(0x201000), GONE((0x201000)) | mask);
	kernel_set(&k, 3, LINEAR(0x202000), 0x202000 | PTE); /* shared with the host */
	walk(&k, (const struct sv_frame_range[]) { { 0x200, 3 } }, 1);
	assert_int_equal(map.linear.len, 3);
	assert_extent(0, 0x200, 1, SV_ALIAS_RW);
	assert_extent(1, 0x201, 1, SV_ALIAS_ABSENT);
	assert_extent(2, 0x202, 1, SV_ALIAS_RW);
	done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_with_five_levels),
		cmocka_unit_test(i386_with_pae),
		cmocka_unit_test(i386_with_two_levels),
		cmocka_unit_test(arm64_granules),
		cmocka_unit_test(arm64_tables_that_forbid),
		cmocka_unit_test(riscv64),
		cmocka_unit_test(encrypted_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
