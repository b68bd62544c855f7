// SPDX-License-Identifier: LGPL-2.1-or-later
/* Page-table dumps as the only source, and beside kcore's headers. */
#include "corefile.h"

#include "capture/dump.h"

#define X86_DUMP "/sys/kernel/debug/page_tables/kernel"
#define DUMP	 "/sys/kernel/debug/kernel_page_tables"
#define IOMEM                                                                                      \
	"00000000-00000fff : Reserved\n"                                                           \
	"00001000-0009fbff : System RAM\n"                                                         \
	"00100000-3fffffff : System RAM\n"                                                         \
	"  01000000-021fffff : Kernel code\n"

static struct safevma_error why, err;
static struct sv_kernelmap map;

static struct system *with_dump(const char *machine, const char *path, const char *text)
{
	struct system *s = system_new(machine);

	system_say(s, FILES, path, text);
	system_say(s, FILES, "/proc/iomem", IOMEM);
	return s;
}

static int look(struct system *s, const struct sv_frame_range *ranges, size_t n)
{
	memset(&why, 0, sizeof(why));
	memset(&err, 0, sizeof(err));
	sv_kernelmap_fini(&map);
	return sv_capture_dump(&s->capture, ranges, n, "t", NULL, &map, &why, &err);
}

static int look_one(struct system *s, uint64_t first, uint64_t count)
{
	return look(s, &(const struct sv_frame_range) { first, count }, 1);
}

static void done(struct system *s)
{
	sv_kernelmap_fini(&map);
	system_free(s);
}

static void assert_extent(size_t i, uint64_t pfn, uint64_t frames, enum sv_alias alias)
{
	assert_true(i < map.linear.len);
	assert_int_equal(map.linear.ptr[i].pfn, pfn);
	assert_int_equal(map.linear.ptr[i].frames, frames);
	assert_int_equal(map.linear.ptr[i].alias, alias);
}

/* ---- x86 ------------------------------------------------------------------------------------- */

static const char x86_text[] = "---[ User Space ]---\n"
			       "0x0000000000000000-0xffff888000000000 16777096T pgd\n"
			       "---[ Low Kernel Mapping ]---\n"
			       "0xffff888000000000-0xffff88800009f000 636K RW GLB NX pte\n"
			       "0xffff88800009f000-0xffff888000100000 388K pte\n"
			       "0xffff888000100000-0xffff888000200000 1M RW GLB NX pte\n"
			       "0xffff888000200000-0xffff888000201000 4K ro GLB x pte\n"
			       "0xffff888000201000-0xffff888000202000 4K pte\n"
			       "0xffff888000202000-0xffff888040000000 1021M RW PSE GLB NX pmd\n"
			       "0xffff888040000000-0xffffc90000000000 66559G pud\n"
			       "---[ vmalloc() Area ]---\n"
			       "0xffffc90000000000-0xffffc90000001000 4K RW GLB NX pte\n"
			       "---[ High Kernel Mapping ]---\n"
			       "0xffffffff81000000-0xffffffff82000000 16M ro PSE GLB x pmd\n";

static void x86_without_kcore(void **state)
{
	struct system *s = with_dump("x86_64", X86_DUMP, x86_text);

	(void)state;
	assert_int_equal(look_one(s, 0, UINT64_C(1) << 40), 1);
	assert_true(map.made);
	assert_int_equal(map.delta, 0xffff888000000000);
	assert_int_equal(map.page_shift, 12);
	assert_false(map.others_known);
	assert_extent(0, 0, 0x9f, SV_ALIAS_RW);
	assert_extent(1, 0x9f, 0x61, SV_ALIAS_NONE);
	assert_extent(2, 0x100, 0x100, SV_ALIAS_RW);
	assert_extent(3, 0x200, 1, SV_ALIAS_RO);
	assert_true(map.linear.ptr[3].exec);
	assert_extent(4, 0x201, 1, SV_ALIAS_ABSENT);
	assert_extent(5, 0x202, 0x3fdfe, SV_ALIAS_RW);
	assert_extent(6, 0x40000, (UINT64_C(0xffffc90000000000) - 0xffff888040000000) >> 12,
		SV_ALIAS_NONE);
	assert_int_equal(map.linear.len, 7);
	done(s);
}

static void only_what_was_asked_for(void **state)
{
	static const struct sv_frame_range some[] = { { 1, 2 }, { 0x9e, 3 }, { 0x1ff, 3 },
		{ 0x300, 1 } };
	struct system *s = with_dump("x86_64", X86_DUMP, x86_text);

	(void)state;
	assert_int_equal(look(s, some, 4), 1);
	assert_extent(0, 1, 2, SV_ALIAS_RW);
	assert_extent(1, 0x9e, 1, SV_ALIAS_RW);
	assert_extent(2, 0x9f, 2, SV_ALIAS_NONE);
	assert_extent(3, 0x1ff, 1, SV_ALIAS_RW);
	assert_extent(4, 0x200, 1, SV_ALIAS_RO);
	assert_extent(5, 0x201, 1, SV_ALIAS_ABSENT);
	assert_extent(6, 0x300, 1, SV_ALIAS_RW);
	assert_int_equal(map.linear.len, 7);
	done(s);
}

/* The first line need not begin at frame 0, but the base is a multiple of 1 GiB. */
static void where_the_linear_map_begins(void **state)
{
	struct system *s = with_dump("x86_64", X86_DUMP,
		"---[ Low Kernel Mapping ]---\n"
		"0xff1a2decc0000000-0xff1a2decc0001000 4K pte\n"
		"0xff1a2decc0001000-0xff1a2decc0002000 4K RW NX pte\n");

	(void)state;
	assert_int_equal(look_one(s, 0, 100), 1);
	assert_int_equal(map.delta, 0xff1a2decc0000000);
	assert_extent(0, 1, 1, SV_ALIAS_RW);
	assert_int_equal(map.linear.len, 1);
	done(s);
}

/* kcore's headers say where it begins, whatever the dump's first line is. */
static void beside_kcore(void **state)
{
	struct system *s = core_system();

	(void)state;
	system_say(s, FILES, X86_DUMP,
		"---[ Low Kernel Mapping ]---\n"
		"0xffff888040200000-0xffff888040201000 4K RW NX pte\n");
	assert_int_equal(look_one(s, 0, UINT64_C(1) << 40), 1);
	assert_int_equal(map.delta, CORE_DELTA);
	assert_extent(0, 0x40200, 1, SV_ALIAS_RW);
	done(s);
}

/* Without iomem, or with its addresses hidden, what is not mapped may be RAM or not. */
static void without_iomem(void **state)
{
	struct system *s = with_dump("x86_64", X86_DUMP, x86_text);

	(void)state;
	system_fail(s, FILES, "/proc/iomem", EACCES);
	assert_int_equal(look_one(s, 0x200, 2), 1);
	assert_extent(0, 0x200, 1, SV_ALIAS_RO);
	assert_extent(1, 0x201, 1, SV_ALIAS_NONE);
	system_say(s, FILES, "/proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_equal(look_one(s, 0x200, 2), 1);
	assert_extent(1, 0x201, 1, SV_ALIAS_NONE);
	done(s);
}

static void i386(void **state)
{
	struct system *s = with_dump("i686", X86_DUMP,
		"---[ User Space ]---\n"
		"0x00000000-0xc0000000 3G pgd\n"
		"---[ Kernel Mapping ]---\n"
		"0xc0000000-0xc0200000 2M RW GLB NX pte\n"
		"0xc0200000-0xc0201000 4K pte\n"
		"0xc0201000-0xf7000000 878M RW PSE GLB NX pmd\n"
		"---[ vmalloc() Area ]---\n"
		"0xfff00000-0x00000000 1M pgd\n");

	(void)state;
	assert_int_equal(look_one(s, 0x1ff, 3), 1);
	assert_int_equal(map.delta, 0xc0000000);
	assert_extent(0, 0x1ff, 1, SV_ALIAS_RW);
	assert_extent(1, 0x200, 1, SV_ALIAS_ABSENT);
	assert_extent(2, 0x201, 1, SV_ALIAS_RW);
	done(s);
}

/* ---- other architectures --------------------------------------------------------------------- */

/* The first line behind the marker is the first range of RAM. */
static void arm64(void **state)
{
	struct system *s = with_dump("aarch64", DUMP,
		"---[ Linear Mapping start ]---\n"
		"0xfff0000001a00000-0xfff0000001b0f000 1084K PTE RW NX AF NG UXN "
		"MEM/NORMAL-TAGGED\n"
		"0xfff0000001b0f000-0xfff0000001b10000 4K PTE F RW NX AF NG UXN MEM/NORMAL-TAGGED\n"
		"0xfff0000001b10000-0xfff0000001b20000 64K PTE ro NX AF NG UXN MEM/NORMAL-TAGGED\n"
		"---[ Linear Mapping end ]---\n"
		"0xffff800080000000-0xffff800080001000 4K PTE RW NX AF NG UXN MEM/NORMAL\n");

	(void)state;
	system_say(s, FILES, "/proc/iomem", "40000000-4fffffff : System RAM\n");
	assert_int_equal(look_one(s, 0, UINT64_C(1) << 40), 1);
	assert_int_equal(map.delta, 0xfff0000001a00000 - 0x40000000);
	assert_extent(0, 0x40000, 0x10f, SV_ALIAS_RW);
	assert_extent(1, 0x4010f, 1, SV_ALIAS_ABSENT);
	assert_extent(2, 0x40110, 0x10, SV_ALIAS_RO);
	assert_int_equal(map.linear.len, 3);
	done(s);
}

/* Without RAM nothing says where that is. */
static void arm64_without_iomem(void **state)
{
	struct system *s = with_dump("aarch64", DUMP,
		"---[ Linear Mapping start ]---\n"
		"0xfff0000001a00000-0xfff0000001b0f000 1084K PTE RW NX AF NG UXN MEM/NORMAL\n");

	(void)state;
	system_fail(s, FILES, "/proc/iomem", ENOENT);
	assert_int_equal(look_one(s, 0, 1), 0);
	assert_int_equal(why.code, SAFEVMA_E_FORMAT);
	assert_string_equal(why.path, DUMP);
	done(s);
}

/* Here the lines name their frames. */
static void riscv(void **state)
{
	struct system *s = with_dump("riscv64", DUMP,
		"---[ Linear mapping ]---\n"
		"0xff60000000000000-0xff60000000200000 0x0000000080000000 2M PMD D A G . . W R V\n"
		"0xff60000000200000-0xff60000000201000 0x0000000080200000 4K PTE D A G . . W R "
		".\n");

	(void)state;
	system_say(s, FILES, "/proc/iomem", "80000000-9fffffff : System RAM\n");
	assert_int_equal(look_one(s, 0x80000, 0x201), 1);
	assert_int_equal(map.delta, 0xff5fffff80000000);
	assert_extent(0, 0x80000, 0x200, SV_ALIAS_RW);
	assert_extent(1, 0x80200, 1, SV_ALIAS_ABSENT);
	done(s);
}

static void which_file(void **state)
{
	static const struct {
		const char *machine;
		enum sv_iface iface;
	} cases[] = { { "x86_64", SV_IFACE_PTDUMP_X86 }, { "i686", SV_IFACE_PTDUMP_X86 },
		{ "aarch64", SV_IFACE_PTDUMP }, { "riscv64", SV_IFACE_PTDUMP },
		{ "armv7l", SV_IFACE_PTDUMP } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = system_new(cases[i].machine);

		assert_int_equal(sv_dump_iface(&s->capture), cases[i].iface);
		system_free(s);
	}
}

/* ---- what is not as expected ----------------------------------------------------------------- */

static void no_linear_map(void **state)
{
	static const char *const texts[] = { "", "---[ User Space ]---\n",
		"---[ Low Kernel Mapping ]---\n---[ vmalloc() Area ]---\n"
		"0xffffc90000000000-0xffffc90000001000 4K RW GLB NX pte\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(texts); i++) {
		struct system *s = with_dump("x86_64", X86_DUMP, texts[i]);

		assert_int_equal(look_one(s, 0, 1), 0);
		assert_int_equal(why.code, SAFEVMA_E_FORMAT);
		assert_string_equal(why.message,
			"expected the linear map behind its marker, and to know where it begins");
		assert_false(map.made);
		done(s);
	}
}

static void a_malformed_line(void **state)
{
	struct system *s = with_dump("x86_64", X86_DUMP,
		"---[ Low Kernel Mapping ]---\n"
		"0xffff888000000000-0xffff88800009f000 636K RW GLB NX pte\nx\n");

	(void)state;
	assert_int_equal(look_one(s, 0, 1), 0);
	assert_int_equal(why.code, SAFEVMA_E_FORMAT);
	assert_int_equal(why.line, 3);
	assert_string_equal(why.path, X86_DUMP);
	done(s);
}

static void closed(void **state)
{
	struct system *s = system_new("x86_64");

	(void)state;
	assert_int_equal(look_one(s, 0, 1), 0);
	assert_int_equal(why.errnum, ENOENT);
	system_fail(s, FILES, X86_DUMP, EACCES);
	assert_int_equal(look_one(s, 0, 1), 0);
	assert_int_equal(why.errnum, EACCES);
	done(s);
}

static void memory_is_out(void **state)
{
	static const char *const paths[] = { X86_DUMP, "/proc/iomem", "/proc/kcore" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		struct system *s = with_dump("x86_64", X86_DUMP, x86_text);

		system_fail(s, FILES, paths[i], ENOMEM);
		assert_int_equal(look_one(s, 0, 1), -1);
		assert_int_equal(err.code, SAFEVMA_E_NOMEM);
		done(s);
	}
}

static void our_own_page(void **state)
{
	struct system *s = with_dump("x86_64", X86_DUMP, x86_text);

	(void)state;
	system_say(s, SV_OP_NOTE, "frame.t.before", "pfn 768\n");
	system_say(s, SV_OP_NOTE, "frame.t.after", "pfn 768\n");
	assert_int_equal(look_one(s, 0x200, 1), 1);
	assert_true(map.self_checked);
	assert_int_equal(map.linear.len, 2);
	system_say(s, SV_OP_NOTE, "frame.t.before", "pfn 513\n");
	system_say(s, SV_OP_NOTE, "frame.t.after", "pfn 513\n");
	assert_int_equal(look_one(s, 0x200, 1), 0);
	assert_non_null(strstr(why.message, "frame 0x201, came out as absent, expected rw"));
	done(s);
}

/* While the file is open its buffer stays allocated: who compares keeps it. */
static void the_file_is_handed_over(void **state)
{
	const struct sv_frame_range r = { 0, 1 };
	struct system *s = with_dump("x86_64", X86_DUMP, x86_text);
	struct sv_file *keep = NULL;

	(void)state;
	sv_kernelmap_fini(&map);
	assert_int_equal(sv_capture_dump(&s->capture, &r, 1, "t", &keep, &map, &why, &err), 1);
	assert_non_null(keep);
	assert_string_equal(keep->path, X86_DUMP);
	sv_file_close(keep);
	keep = NULL;
	sv_kernelmap_fini(&map);
	system_say(s, FILES, X86_DUMP, "");
	assert_int_equal(sv_capture_dump(&s->capture, &r, 1, "t", &keep, &map, &why, &err), 0);
	assert_null(keep);
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_without_kcore),
		cmocka_unit_test(only_what_was_asked_for),
		cmocka_unit_test(where_the_linear_map_begins),
		cmocka_unit_test(beside_kcore),
		cmocka_unit_test(without_iomem),
		cmocka_unit_test(i386),
		cmocka_unit_test(arm64),
		cmocka_unit_test(arm64_without_iomem),
		cmocka_unit_test(riscv),
		cmocka_unit_test(which_file),
		cmocka_unit_test(no_linear_map),
		cmocka_unit_test(a_malformed_line),
		cmocka_unit_test(closed),
		cmocka_unit_test(memory_is_out),
		cmocka_unit_test(our_own_page),
		cmocka_unit_test(the_file_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
