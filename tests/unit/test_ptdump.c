// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/ptdump.h"

/* Counted with grep and added up with Python. mapped_bytes: of lines that are present. */
static const struct {
	const char *path;
	enum sv_ptdump_format format;
	size_t markers, writable, readonly, exec, entries, nothing;
	uint64_t mapped_bytes;
} cases[] = {
	{ "c61/ptdump", SV_PTDUMP_X86, 8, 23, 13, 4, 0, 28, 535437312 },
	{ "c612/ptdump", SV_PTDUMP_X86, 3, 5, 19, 7, 0, 33, 1249280 },
	{ "c72/ptdump", SV_PTDUMP_X86, 10, 74, 14, 4, 0, 93, 540000256 },
	{ "c612arm64/ptdump", SV_PTDUMP_ARM64, 12, 75, 8, 2, 30, 71, 551952384 },
	{ "c612arm64-off/ptdump", SV_PTDUMP_ARM64, 1, 21, 2, 0, 16, 0, 534839296 },
};

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_text t = fixture(cases[i].path);
		size_t markers = 0, writable = 0, readonly = 0, exec = 0, entries = 0, nothing = 0;
		uint64_t mapped = 0;
		struct sv_ptdump_line l;

		while (sv_ptdump_next(&t, cases[i].format, &l, NULL) == 1) {
			markers += l.marker;
			writable += l.writable;
			readonly += l.present && !l.writable;
			exec += l.exec;
			entries += l.entry;
			nothing += !l.marker && !l.present && !l.entry;
			mapped += l.present ? l.end - l.start : 0;
		}
		assert_int_equal(t.rest.len, 0);
		assert_int_equal(markers, cases[i].markers);
		assert_int_equal(writable, cases[i].writable);
		assert_int_equal(readonly, cases[i].readonly);
		assert_int_equal(exec, cases[i].exec);
		assert_int_equal(entries, cases[i].entries);
		assert_int_equal(nothing, cases[i].nothing);
		assert_int_equal(mapped, cases[i].mapped_bytes);
	}
}

#define ABSENT	 0
#define ENTRY	 1
#define READ	 2
#define WRITE	 4
#define EXEC	 8
#define KB4	 UINT64_C(4096)
#define MB2	 UINT64_C(0x200000)
#define GB1	 UINT64_C(0x40000000)
#define GB512	 UINT64_C(0x8000000000)
#define NO_PADDR UINT64_MAX

static const struct {
	enum sv_ptdump_format format;
	const char *line;
	uint64_t start, end;
	unsigned int what;
	const char *level;
	uint64_t entry_bytes, paddr;
} lines[] = {
	/* a hole that secret memory leaves, and others of 6.12 */
	{ SV_PTDUMP_X86,
		"0xffff8a5641378000-0xffff8a5641379000           4K                               "
		"pte",
		0xffff8a5641378000, 0xffff8a5641379000, ABSENT, "pte", KB4, NO_PADDR },
	{ SV_PTDUMP_X86,
		"0xff1a2decc0200000-0xff1a2decc1400000          18M     RW         PSE         NX "
		"pmd",
		0xff1a2decc0200000, 0xff1a2decc1400000, READ | WRITE, "pmd", MB2, NO_PADDR },
	{ SV_PTDUMP_X86,
		"0xff1a2decc009a000-0xff1a2decc009b000           4K     ro                     x  "
		"pte",
		0xff1a2decc009a000, 0xff1a2decc009b000, READ | EXEC, "pte", KB4, NO_PADDR },
	{ SV_PTDUMP_X86,
		"0x0000000000000000-0xffff880000000000   16777096T                               "
		"pgd",
		0, 0xffff880000000000, ABSENT, "pgd", 0, NO_PADDR },
	{ SV_PTDUMP_X86,
		"0xffff888000000000-0xffff888040000000           1G     RW         PSE     GLB NX "
		"pud",
		0xffff888000000000, 0xffff888040000000, READ | WRITE, "pud", GB1, NO_PADDR },
	{ SV_PTDUMP_X86,
		"0xffffffffff800000-0x0000000000000000           8M                               "
		"pmd",
		0xffffffffff800000, 0, ABSENT, "pmd", MB2, NO_PADDR },
	{ SV_PTDUMP_X86, "0xffffffffff800000-0xffffffffffffffff 8M p4d", 0xffffffffff800000, 0,
		ABSENT, "p4d", GB512, NO_PADDR },
	{ SV_PTDUMP_X86, "0xc0000000-0xc0200000           2M     RW         PSE     GLB NX pmd",
		0xc0000000, 0xc0200000, READ | WRITE, "pmd", MB2, NO_PADDR },
	{ SV_PTDUMP_X86, "0xfff00000-0xffffffff        1024K                               pgd",
		0xfff00000, 0, ABSENT, "pgd", 0, NO_PADDR },
	{ SV_PTDUMP_X86, "0xfff00000-0x00000000        1024K USR ro NX pud", 0xfff00000, 0, READ,
		"pud", 0, NO_PADDR },
	{ SV_PTDUMP_ARM64,
		"0xfff0000001b0f000-0xfff0000001b10000           4K PTE F     RW NX     AF NG      "
		"   UXN    MEM/NORMAL-TAGGED",
		0xfff0000001b0f000, 0xfff0000001b10000, ENTRY, "PTE", 0, NO_PADDR },
	{ SV_PTDUMP_ARM64,
		"0xfff0000000200000-0xfff0000000600000           4M PMD       ro NX     AF NG     "
		"BLK UXN    MEM/NORMAL",
		0xfff0000000200000, 0xfff0000000600000, READ, "PMD", 0, NO_PADDR },
	{ SV_PTDUMP_ARM64,
		"0xffffab017dc10000-0xffffab017dfb0000        3712K PTE       ro x      AF    CON  "
		"   UXN    MEM/NORMAL",
		0xffffab017dc10000, 0xffffab017dfb0000, READ | EXEC, "PTE", 0, NO_PADDR },
	{ SV_PTDUMP_ARM64, "0xffff800080164000-0xffff800080168000          16K PTE",
		0xffff800080164000, 0xffff800080168000, ABSENT, "PTE", 0, NO_PADDR },
	{ SV_PTDUMP_ARM64, "0xfff0008000000000-0xfff1000000000000      261632G P4D",
		0xfff0008000000000, 0xfff1000000000000, ABSENT, "P4D", 0, NO_PADDR },
	/* riscv before and after the columns of 6.7; the layout of the code, the numbers made up */
	{ SV_PTDUMP_RISCV,
		"0xff60000000200000-0xff60000000400000    0x0000000080200000         2M PMD     D "
		"A "
		"G . . W R V",
		0xff60000000200000, 0xff60000000400000, READ | WRITE, "PMD", MB2, 0x80200000 },
	{ SV_PTDUMP_RISCV,
		"0xff60000001400000-0xff60000001401000    0x0000000081400000         4K PTE .   .. "
		"    ..   D A G . . W R .",
		0xff60000001400000, 0xff60000001401000, ENTRY, "PTE", KB4, 0x81400000 },
	{ SV_PTDUMP_RISCV,
		"0xffffffff80000000-0xffffffff80200000    0x0000000080000000         2M PMD N "
		"MT(NC) RSW(1) D A G . X . R V",
		0xffffffff80000000, 0xffffffff80200000, READ | EXEC, "PMD", MB2, 0x80000000 },
	{ SV_PTDUMP_RISCV,
		"0xffffffd600000000-0xffffffd640000000    0x0000000080000000         1G PGD . .. "
		".. D A G . . W R V",
		0xffffffd600000000, 0xffffffd640000000, READ | WRITE, "PGD", 0, 0x80000000 },
	{ SV_PTDUMP_RISCV, "0xc0000000-0xc0400000    0x80000000         4M PGD .. D A G . X W R V",
		0xc0000000, 0xc0400000, READ | WRITE | EXEC, "PGD", 0, 0x80000000 },
	/* arm; the layout of the code, the numbers made up */
	{ SV_PTDUMP_ARM, "0xc0000000-0xc0300000           3M     RW x  SHD", 0xc0000000, 0xc0300000,
		READ | WRITE | EXEC, "", 0, NO_PADDR },
	{ SV_PTDUMP_ARM, "0xffff0000-0xffff1000           4K VECTORS USR ro x  SHD MEM/CACHED/WBWA",
		0xffff0000, 0xffff1000, READ | EXEC, "", 0, NO_PADDR },
};

static void line_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(lines); i++) {
		struct sv_text t = sv_text_init(lines[i].line, strlen(lines[i].line), "test");
		struct sv_ptdump_line l;

		assert_int_equal(sv_ptdump_next(&t, lines[i].format, &l, NULL), 1);
		assert_false(l.marker);
		assert_int_equal(l.start, lines[i].start);
		assert_int_equal(l.end, lines[i].end);
		assert_int_equal(l.present, !!(lines[i].what & READ));
		assert_int_equal(l.writable, !!(lines[i].what & WRITE));
		assert_int_equal(l.exec, !!(lines[i].what & EXEC));
		assert_int_equal(l.entry, !!(lines[i].what & ENTRY));
		assert_span(l.level, lines[i].level);
		assert_int_equal(l.entry_bytes, lines[i].entry_bytes);
		if (lines[i].paddr == NO_PADDR)
			assert_unknown(l.paddr);
		else
			assert_num(l.paddr, lines[i].paddr);
		assert_int_equal(sv_ptdump_next(&t, lines[i].format, &l, NULL), 0);
	}
}

static void markers_and_skipped_lines(void **state)
{
	struct sv_text t = TEXT("---[ ESPfix Area ]---\n"
				"... 65536 entries skipped ... \n... 1 entry skipped ... \n"
				"---[ vmalloc() Area ]---\n... 7 entries skipped ... \n");
	struct sv_ptdump_line l;

	(void)state;
	assert_int_equal(sv_ptdump_next(&t, SV_PTDUMP_X86, &l, NULL), 1);
	assert_true(l.marker);
	assert_span(l.name, "ESPfix Area");
	assert_int_equal(sv_ptdump_next(&t, SV_PTDUMP_X86, &l, NULL), 1);
	assert_true(l.marker);
	assert_span(l.name, "vmalloc() Area");
	assert_int_equal(sv_ptdump_next(&t, SV_PTDUMP_X86, &l, NULL), 0);
}

#define X86	 "0xffff8a5641378000-0xffff8a5641379000 "
#define RISCV	 "0xff60000000200000-0xff60000000400000 0x0000000080200000 "
#define A_X86	 "'START-END SIZE FLAGS LEVEL' of an x86 dump"
#define AN_ARM64 "'START-END SIZE LEVEL FLAGS' of an arm64 dump"
#define A_RISCV	 "'START-END PADDR SIZE LEVEL FLAGS' of a riscv dump"
#define AN_ARM	 "'START-END SIZE FLAGS' of an arm dump"

static const struct {
	enum sv_ptdump_format format;
	const char *line, *message;
} malformed[] = {
	{ SV_PTDUMP_X86, "\n", A_X86 },
	{ SV_PTDUMP_X86, "---[ ]---", A_X86 },
	{ SV_PTDUMP_X86, "---[  ]---", A_X86 },
	{ SV_PTDUMP_X86, "---[ User Space ]--", A_X86 },
	{ SV_PTDUMP_X86, "... entries skipped ...", A_X86 },
	{ SV_PTDUMP_X86, "... 5 entries skipped", A_X86 },
	{ SV_PTDUMP_X86, X86, A_X86 },
	{ SV_PTDUMP_X86, X86 "4K", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW NX", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW NX PTE", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K GLB pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW ro NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW NX x pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K RW NX pte pte x", A_X86 },
	{ SV_PTDUMP_X86, X86 "K RW NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4 RW NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4Q RW NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4KB RW NX pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "18446744073709551616K RW NX pte", A_X86 },
	{ SV_PTDUMP_X86, "0xc0000000-0xc0000000 0K pte", A_X86 },
	{ SV_PTDUMP_X86, "0xc0001000-0xc0000000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, "0xc0000000-0x00000000c0001000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, "0xc000000-0xc001000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, "c0000000-c0001000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, "0xc0000000 0xc0001000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, "0xffff8a56413780000-0xffff8a56413790000 4K pte", A_X86 },
	{ SV_PTDUMP_X86, X86 "4K a b c d e f g h i j k l m n o p q r s t u v w RW NX pte", A_X86 },
	{ SV_PTDUMP_ARM64, "... 5 entries skipped ...", AN_ARM64 },
	{ SV_PTDUMP_ARM64, X86 "4K pte", AN_ARM64 },
	{ SV_PTDUMP_ARM64, X86 "4K PTE F", AN_ARM64 },
	{ SV_PTDUMP_ARM64, X86 "4K PTE AF NG", AN_ARM64 },
	{ SV_PTDUMP_ARM64, X86 "4K RW NX PTE", AN_ARM64 },
	{ SV_PTDUMP_RISCV, X86 "4K PTE D A G . . W R V", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M PMD", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M W R V", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M PMD W R V", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M PMD . . R", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M PMD X W R VV", A_RISCV },
	{ SV_PTDUMP_RISCV, RISCV "2M PMD X R W V", A_RISCV },
	{ SV_PTDUMP_ARM, "0xc0000000-0xc0001000 4K", AN_ARM },
	{ SV_PTDUMP_ARM, "0xc0000000-0xc0001000 4K KERNEL SHD", AN_ARM },
	{ SV_PTDUMP_ARM, "0xc0000000-0xc0001000 4K RW SHD", AN_ARM },
};

static void malformed_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_text t =
			sv_text_init(malformed[i].line, strlen(malformed[i].line), "test");
		struct sv_ptdump_line l = { .start = 99 };
		struct safevma_error err = { 0 };

		assert_int_equal(sv_ptdump_next(&t, malformed[i].format, &l, &err), -1);
		assert_place(&err, 1, malformed[i].message);
		assert_int_equal(l.start, 99);
	}
}

static void read_all(struct sv_text text)
{
	for (int format = SV_PTDUMP_X86; format <= SV_PTDUMP_ARM; format++) {
		struct sv_text t = text;
		struct sv_ptdump_line l;

		while (sv_ptdump_next(&t, (enum sv_ptdump_format)format, &l, NULL) == 1) {
			assert_inside(text, l.name);
			assert_inside(text, l.level);
		}
	}
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("c72/ptdump"), 700, read_all);
	each_damage(fixture("c612arm64/ptdump"), 700, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(line_by_line),
		cmocka_unit_test(markers_and_skipped_lines),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
