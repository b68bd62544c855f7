// SPDX-License-Identifier: LGPL-2.1-or-later
/* Geometries of kernels that were walked. */
#include "geometry.h"

#include <stdio.h>

static void assert_levels(const struct sv_pgtable *pg, unsigned int levels, unsigned int root_shift,
	unsigned int root_bits)
{
	assert_int_equal(pg->levels, levels);
	assert_int_equal(pg->shift[0], root_shift);
	assert_int_equal(pg->bits[0], root_bits);
	assert_int_equal(pg->shift[levels - 1], pg->page_shift);
	for (unsigned int i = 1; i < levels; i++)
		assert_int_equal(pg->shift[i - 1] - pg->shift[i], pg->bits[i]);
}

/* 6.1.0-56-cloud-amd64, 5.10.0-32-cloud-amd64 */
static void x86_64(void **state)
{
	struct sv_vmcoreinfo v = x86_info(0xffffffffbba10000, -734003200, 1);
	struct sv_pgtable pg;

	(void)state;
	assert_int_equal(init(segments(0xff37f662c0000000, 0xffffffffba000000, 0xe400000), &v,
				 "x86_64", 4096, &pg),
		0);
	assert_levels(&pg, 5, 48, 9);
	assert_int_equal(pg.root_paddr, 0xfe10000);
	assert_int_equal(pg.first_index, 256);
	assert_int_equal(pg.start, 0xff00000000000000);
	assert_int_equal(pg.delta, 0xff37f662c0000000);
	assert_int_equal(pg.entry_size, 8);
	v = x86_info(0xffffffff9e80a000, -20971520, 0);
	assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, "x86_64", 4096, &pg), 0);
	assert_levels(&pg, 4, 39, 9);
	assert_int_equal(pg.root_paddr, 0x1d40a000);
	assert_int_equal(pg.start, 0xffff800000000000);
	v.swapper_pg_dir = v.init_top_pgt; /* the older name of the same */
	v.init_top_pgt.known = false;
	assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, "x86_64", 4096, &pg), 0);
	assert_int_equal(pg.root_paddr, 0x1d40a000);
}

/* A program of 32 bits is told another machine, but kcore is the kernel's. */
static void a_narrow_program_on_x86_64(void **state)
{
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 0);
	struct sv_pgtable pg;

	(void)state;
	assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, "i686", 4096, &pg), 0);
	assert_int_equal(pg.arch, SV_PG_X86_64);
}

static void encrypted_memory(void **state)
{
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, INT64_C(1) << 47, 0);
	struct sv_pgtable pg;
	struct sv_entry e;

	(void)state;
	v.sme_mask = sv_known(UINT64_C(1) << 47);
	assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, "x86_64", 4096, &pg), 0);
	assert_int_equal(pg.root_paddr, X86_ROOT_PADDR);
	e = sv_pgtable_decode(&pg, 3, UINT64_C(0x8000800000123163), 0);
	assert_int_equal(e.kind, SV_ENTRY_LEAF);
	assert_int_equal(e.paddr, 0x123000);
	e = sv_pgtable_decode(&pg, 3, UINT64_C(0x800fffffff42e020), 0);
	assert_int_equal(e.paddr, 0xbd1000);
}

static void i386(void **state)
{
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xdee98000), .pae = true };
	static const char *const machines[] = { "i386", "i486", "i586", "i686" };
	struct sv_pgtable pg;

	(void)state;
	for (size_t i = 0; i < sv_array_size(machines); i++) {
		struct sv_kcore k = segments(0xc0000000, 0, 0);

		k.wide = false;
		assert_int_equal(init(k, &v, machines[i], 4096, &pg), 0);
		assert_levels(&pg, 3, 30, 2);
		assert_int_equal(pg.entry_size, 8);
		assert_int_equal(pg.root_paddr, 0x1ee98000);
		assert_int_equal(pg.first_index, 3);
		assert_int_equal(pg.start, 0xc0000000);
	}
}

static void i386_of_two_levels(void **state)
{
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xc1a8b000) };
	struct sv_kcore k = segments(0xc0000000, 0, 0);
	struct sv_pgtable pg;

	(void)state;
	k.wide = false;
	assert_int_equal(init(k, &v, "i686", 4096, &pg), 0);
	assert_levels(&pg, 2, 22, 10);
	assert_int_equal(pg.entry_size, 4);
	assert_int_equal(pg.first_index, 768);
	assert_int_equal(pg.root_paddr, 0x1a8b000);
}

static const struct {
	uint64_t page_size, built_for, t1sz;
	unsigned int levels, root_shift, root_bits;
	uint64_t offset; /* of the root */
	bool lpa2;
} arm64_cases[] = {
	{ 4096, 52, 12, 5, 48, 4, 0, true },
	{ 4096, 52, 16, 4, 39, 9, 0, false },
	{ 4096, 48, 16, 4, 39, 9, 0, false },
	{ 4096, 39, 25, 3, 30, 9, 0, false },
	{ 16384, 52, 12, 4, 47, 5, 0, true },
	{ 16384, 52, 17, 3, 36, 11, 0, false },
	{ 16384, 36, 28, 2, 25, 11, 0, false },
	{ 65536, 52, 12, 3, 42, 10, 0, false },
	{ 65536, 52, 16, 3, 42, 6, 0x1e00, false },
	{ 65536, 48, 16, 3, 42, 6, 0, false },
};

static void arm64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(arm64_cases); i++) {
		struct sv_vmcoreinfo v = { .page_size = sv_known(arm64_cases[i].page_size),
			.swapper_pg_dir = sv_known(0xffff94be37c79000),
			.kimage_voffset = sv_known(0xffff94bdf6200000),
			.va_bits = sv_known(arm64_cases[i].built_for),
			.t1sz = sv_known(arm64_cases[i].t1sz) };
		struct sv_pgtable pg;

		assert_int_equal(init(segments(0xfff0000000000000, 0xffff94be36200000, 0x40000000),
					 &v, "aarch64", arm64_cases[i].page_size, &pg),
			0);
		assert_levels(&pg, arm64_cases[i].levels, arm64_cases[i].root_shift,
			arm64_cases[i].root_bits);
		assert_int_equal(pg.root_paddr, 0x41a79000 + arm64_cases[i].offset);
		assert_int_equal(pg.lpa2, arm64_cases[i].lpa2);
		assert_int_equal(pg.first_index, 0);
		assert_int_equal(pg.start, -(UINT64_C(1) << (64 - arm64_cases[i].t1sz)));
	}
}

static void riscv64(void **state)
{
	static const struct {
		uint64_t va_bits;
		unsigned int levels;
	} cases[] = { { 39, 3 }, { 48, 4 }, { 57, 5 } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(0xffffffff81dca000),
			.va_kernel_pa_offset = sv_known(0xfffffffeffe00000),
			.va_bits = sv_known(cases[i].va_bits),
			.vmalloc_start = sv_known(0xff20000000000000) };
		struct sv_pgtable pg;

		assert_int_equal(
			init(segments(0xff5fffff80000000, 0, 0), &v, "riscv64", 4096, &pg), 0);
		assert_levels(&pg, cases[i].levels, 12 + 9 * (cases[i].levels - 1), 9);
		assert_int_equal(pg.root_paddr, 0x81fca000);
		assert_int_equal(pg.first_index, 256);
		assert_int_equal(pg.vmalloc_start, 0xff20000000000000);
	}
}

/* ---- what is missing, or contradicts itself -------------------------------------------------- */

static void assert_refused(struct sv_kcore k, const struct sv_vmcoreinfo *v, const char *machine,
	uint64_t page_size, const char *message)
{
	struct sv_pgtable pg;

	assert_int_equal(init(k, v, machine, page_size, &pg), -1);
	assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	assert_string_equal(err.path, "/proc/kcore");
	assert_memory_equal(err.message, message, strlen(message));
}

static void keys_that_each_needs(void **state)
{
	static const struct {
		const char *machine, *key;
		size_t at;
	} keys[] = {
#define KEY(machine, key, member) { machine, key, offsetof(struct sv_vmcoreinfo, member) }
		KEY("x86_64", "SYMBOL(init_top_pgt)", init_top_pgt),
		KEY("x86_64", "NUMBER(phys_base)", phys_base),
		KEY("x86_64", "NUMBER(pgtable_l5_enabled)", l5_enabled),
		KEY("aarch64", "SYMBOL(swapper_pg_dir)", swapper_pg_dir),
		KEY("aarch64", "NUMBER(kimage_voffset)", kimage_voffset),
		KEY("aarch64", "NUMBER(TCR_EL1_T1SZ)", t1sz),
		KEY("riscv64", "SYMBOL(swapper_pg_dir)", swapper_pg_dir),
		KEY("riscv64", "NUMBER(va_kernel_pa_offset)", va_kernel_pa_offset),
		KEY("riscv64", "NUMBER(VA_BITS)", va_bits),
		KEY("i686", "SYMBOL(swapper_pg_dir)", swapper_pg_dir),
#undef KEY
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(keys); i++) {
		struct sv_vmcoreinfo v = { .phys_base = sv_known(0),
			.l5_enabled = sv_known(0),
			.kimage_voffset = sv_known(0),
			.t1sz = sv_known(16),
			.va_kernel_pa_offset = sv_known(0),
			.va_bits = sv_known(48) };
		struct sv_kcore k = segments(X86_DELTA, 0, 0);
		char message[200];

		*(strcmp(keys[i].machine, "x86_64") ? &v.swapper_pg_dir : &v.init_top_pgt) =
			sv_known(X86_ROOT);
		((struct sv_num *)(void *)((char *)&v + keys[i].at))->known = false;
		k.wide = keys[i].machine[0] != 'i';
		snprintf(message, sizeof(message), "expected %s in VMCOREINFO", keys[i].key);
		assert_refused(k, &v, keys[i].machine, 4096, message);
	}
}

static void page_sizes(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 2048, 8192, 32768, 131072, UINT64_MAX };
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(X86_ROOT),
		.phys_base = sv_known(0),
		.l5_enabled = sv_known(0),
		.kimage_voffset = sv_known(0),
		.t1sz = sv_known(16),
		.va_kernel_pa_offset = sv_known(0),
		.va_bits = sv_known(48) };

	(void)state;
	for (size_t i = 0; i < sv_array_size(sizes); i++) {
		struct sv_kcore k = segments(0xc0000000, 0, 0);

		assert_refused(segments(X86_DELTA, 0, 0), &v, "x86_64", sizes[i],
			"expected pages of 4096 bytes, a shift of 12");
		assert_refused(segments(X86_DELTA, 0, 0), &v, "aarch64", sizes[i],
			"expected a page shift of 12, 14 or 16");
		assert_refused(segments(X86_DELTA, 0, 0), &v, "riscv64", sizes[i],
			"expected pages of 4096 bytes, a shift of 12");
		k.wide = false;
		assert_refused(
			k, &v, "i686", sizes[i], "expected pages of 4096 bytes, a shift of 12");
	}
}

static void numbers_out_of_range(void **state)
{
	static const uint64_t t1sz[] = { 0, 11, 29, 64, UINT64_MAX };
	static const uint64_t va_bits[] = { 0, 38, 47, 52, 64, UINT64_MAX };
	struct sv_vmcoreinfo v = { .swapper_pg_dir = sv_known(X86_ROOT),
		.kimage_voffset = sv_known(0),
		.va_kernel_pa_offset = sv_known(0) };

	(void)state;
	for (size_t i = 0; i < sv_array_size(t1sz); i++) {
		v.t1sz = sv_known(t1sz[i]);
		assert_refused(segments(X86_DELTA, 0, 0), &v, "aarch64", 4096,
			"expected TCR_EL1_T1SZ of 12 to 28, got");
	}
	for (size_t i = 0; i < sv_array_size(va_bits); i++) {
		v.va_bits = sv_known(va_bits[i]);
		assert_refused(segments(X86_DELTA, 0, 0), &v, "riscv64", 4096,
			"expected VA_BITS of 39, 48 or 57, got");
	}
}

static void two_ways_to_the_root(void **state)
{
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 0);
	struct sv_pgtable pg;

	(void)state;
	assert_refused(segments(X86_DELTA, X86_IMAGE, 0x1200000), &v, "x86_64", 4096,
		"VMCOREINFO puts the kernel's page tables at 0x1816000, the segment of the kernel "
		"image at 0x1a16000");
	/* An image that does not hold it says nothing. */
	assert_int_equal(init(segments(X86_DELTA, X86_IMAGE - GIB, 0), &v, "x86_64", 4096, &pg), 0);
	assert_int_equal(init(segments(X86_DELTA, X86_ROOT + 1, 0), &v, "x86_64", 4096, &pg), 0);
}

static void machines_that_are_not_known(void **state)
{
	static const char *const machines[] = { "", "s390x", "ppc64le", "loongarch64", "armv7l",
		"armv8l", "riscv32", "x86" };
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 0);
	struct sv_pgtable pg;

	(void)state;
	for (size_t i = 0; i < sv_array_size(machines); i++) {
		assert_int_equal(init(segments(X86_DELTA, 0, 0), &v, machines[i], 4096, &pg), -1);
		assert_int_equal(err.code, SAFEVMA_E_UNSUPPORTED);
	}
}

static void no_linear_map(void **state)
{
	struct sv_vmcoreinfo v = x86_info(X86_ROOT, 0, 0);
	struct sv_kcore k = { .wide = true };

	(void)state;
	kernel_segment(&k, X86_VMALLOC, NO_PADDR, GIB, 0);
	assert_refused(k, &v, "x86_64", 4096, "expected a segment with a physical address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_64),
		cmocka_unit_test(a_narrow_program_on_x86_64),
		cmocka_unit_test(encrypted_memory),
		cmocka_unit_test(i386),
		cmocka_unit_test(i386_of_two_levels),
		cmocka_unit_test(arm64),
		cmocka_unit_test(riscv64),
		cmocka_unit_test(keys_that_each_needs),
		cmocka_unit_test(page_sizes),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(two_ways_to_the_root),
		cmocka_unit_test(machines_that_are_not_known),
		cmocka_unit_test(no_linear_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
