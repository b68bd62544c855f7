// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "iface/vmcoreinfo.h"

static struct sv_vmcoreinfo parsed(struct sv_text text)
{
	struct sv_vmcoreinfo v;

	assert_int_equal(sv_vmcoreinfo_parse(text, &v, NULL), 0);
	return v;
}

/* Lines of Debian's 6.1.0-56-cloud-amd64, each of its kind. */
static void x86_64(void **state)
{
	struct sv_vmcoreinfo v = parsed(TEXT("OSRELEASE=6.1.0-56-cloud-amd64\n"
					     "BUILD-ID=2b3c\n"
					     "PAGESIZE=4096\n"
					     "SYMBOL(init_uts_ns)=ffffffffbbaf5d20\n"
					     "OFFSET(uts_namespace.name)=0\n"
					     "SYMBOL(swapper_pg_dir)=ffffffffbba10000\n"
					     "SYMBOL(_stext)=ffffffffba000000\n"
					     "LENGTH(mem_section)=2048\n"
					     "CRASHTIME=0\n"
					     "NUMBER(phys_base)=-734003200\n"
					     "SYMBOL(init_top_pgt)=ffffffffbba10000\n"
					     "NUMBER(pgtable_l5_enabled)=1\n"
					     "KERNELOFFSET=39000000\n"
					     "NUMBER(sme_mask)=0\n"));

	(void)state;
	assert_num(v.page_size, 4096);
	assert_num(v.swapper_pg_dir, 0xffffffffbba10000);
	assert_num(v.init_top_pgt, 0xffffffffbba10000);
	assert_num(v.stext, 0xffffffffba000000);
	assert_num(v.phys_base, (uint64_t)-INT64_C(734003200));
	assert_num(v.l5_enabled, 1);
	assert_num(v.sme_mask, 0);
	assert_unknown(v.vmemmap);
	assert_unknown(v.va_bits);
	assert_false(v.pae);
}

static void arm64(void **state)
{
	struct sv_vmcoreinfo v = parsed(TEXT("SYMBOL(swapper_pg_dir)=ffff94be37c79000\n"
					     "SYMBOL(vmemmap)=ffc000003d000000\n"
					     "NUMBER(VMALLOC_START)=0xffff800080000000\n"
					     "NUMBER(VA_BITS)=52\n"
					     "NUMBER(kimage_voffset)=0xffff94bdf6200000\n"
					     "NUMBER(PHYS_OFFSET)=0xfff0d1c440000000\n"
					     "NUMBER(TCR_EL1_T1SZ)=0x10\n"));

	(void)state;
	assert_num(v.swapper_pg_dir, 0xffff94be37c79000);
	assert_num(v.vmemmap, 0xffc000003d000000);
	assert_num(v.vmalloc_start, 0xffff800080000000);
	assert_num(v.va_bits, 52);
	assert_num(v.kimage_voffset, 0xffff94bdf6200000);
	assert_num(v.phys_offset, 0xfff0d1c440000000);
	assert_num(v.t1sz, 16);
}

static void riscv(void **state)
{
	struct sv_vmcoreinfo v = parsed(TEXT("NUMBER(VA_BITS)=57\n"
					     "NUMBER(PAGE_OFFSET)=0xff60000000000000\n"
					     "NUMBER(phys_ram_base)=2147483648\n"
					     "NUMBER(va_kernel_pa_offset)=0xfffffffeffe00000\n"));

	(void)state;
	assert_num(v.va_bits, 57);
	assert_num(v.page_offset, 0xff60000000000000);
	assert_num(v.phys_ram_base, 0x80000000);
	assert_num(v.va_kernel_pa_offset, 0xfffffffeffe00000);
}

static void i386(void **state)
{
	(void)state;
	assert_true(parsed(TEXT("SYMBOL(swapper_pg_dir)=dee98000\nCONFIG_X86_PAE=y\n")).pae);
	assert_false(parsed(TEXT("CONFIG_X86_PAE=n\n")).pae);
	assert_false(parsed(TEXT(" CONFIG_X86_PAE=y\n")).pae);
	assert_false(parsed(TEXT("CONFIG_X86_PAE=yes\n")).pae);
}

/* The last line may lack its newline, and what is wanted need not be there. */
static void bounds(void **state)
{
	struct sv_vmcoreinfo v = parsed(TEXT(""));

	(void)state;
	assert_unknown(v.page_size);
	assert_num(parsed(TEXT("PAGESIZE=65536")).page_size, 65536);
	assert_num(parsed(TEXT("NUMBER(phys_base)=-9223372036854775808")).phys_base, UINT64_C(1)
											     << 63);
	assert_num(parsed(TEXT("SYMBOL(_stext)=ffffffffffffffff")).stext, UINT64_MAX);
	/* Other keys, prefixes and blanks are not these keys. */
	v = parsed(TEXT("XPAGESIZE=1\nPAGESIZE =2\n PAGESIZE=3\nPAGESIZEX=4\nPAGESIZE\n\n=5\n"));
	assert_unknown(v.page_size);
}

static const struct {
	const char *text, *got;
	uint64_t line;
} malformed[] = {
	{ "PAGESIZE=", "PAGESIZE=", 1 },
	{ "OSRELEASE=x\nPAGESIZE=4k\n", "PAGESIZE=4k", 2 },
	{ "PAGESIZE= 4096", "PAGESIZE= 4096", 1 },
	{ "PAGESIZE=4096 ", "PAGESIZE=4096 ", 1 },
	{ "PAGESIZE=--1", "PAGESIZE=--1", 1 },
	{ "PAGESIZE=-", "PAGESIZE=-", 1 },
	{ "PAGESIZE=0x", "PAGESIZE=0x", 1 },
	{ "PAGESIZE=18446744073709551616", "PAGESIZE=18446744073709551616", 1 },
	{ "SYMBOL(_stext)=", "SYMBOL(_stext)=", 1 },
	{ "SYMBOL(_stext)=0xffffffffba000000", "SYMBOL(_stext)=0xffffffffba000000", 1 },
	{ "SYMBOL(_stext)=1ffffffffba000000", "SYMBOL(_stext)=1ffffffffba000000", 1 },
	{ "SYMBOL(_stext)=-1", "SYMBOL(_stext)=-1", 1 },
	{ "NUMBER(TCR_EL1_T1SZ)=0x1g", "NUMBER(TCR_EL1_T1SZ)=0x1g", 1 },
};

static void malformed_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_vmcoreinfo v = { .pae = true };
		struct safevma_error err = { 0 };
		char want[100];

		snprintf(want, sizeof(want), "a number after '=', got '%s'", malformed[i].got);
		assert_int_equal(sv_vmcoreinfo_parse(sv_text_init(malformed[i].text,
							     strlen(malformed[i].text), "test"),
					 &v, &err),
			-1);
		assert_place(&err, malformed[i].line, want);
		assert_true(v.pae);
	}
}

static void read_all(struct sv_text text)
{
	struct sv_vmcoreinfo v;

	(void)sv_vmcoreinfo_parse(text, &v, NULL);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(
		TEXT("PAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffffbba10000\n"
		     "NUMBER(phys_base)=-734003200\nNUMBER(TCR_EL1_T1SZ)=0x10\nCONFIG_X86_PAE=y\n"),
		200, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_64),
		cmocka_unit_test(arm64),
		cmocka_unit_test(riscv),
		cmocka_unit_test(i386),
		cmocka_unit_test(bounds),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
