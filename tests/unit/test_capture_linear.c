// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole of the kernel's page tables: sources, pools, and two sources held against each other.
 */
#include "corefile.h"

#include "iface/kpage.h"

#define DUMP "/sys/kernel/debug/page_tables/kernel"
#define START                                                                                      \
	"---[ Low Kernel Mapping ]---\n0xffff888000000000-0xffff888000200000 2M RW PSE NX pmd\n"
#define AGREES START "0xffff888000200000-0xffff888000400000 2M RW GLB NX pte\n"
/* Frames 0x201 and 0x203 are otherwise. */
#define DIFFERS                                                                                    \
	START "0xffff888000200000-0xffff888000201000 4K RW GLB NX pte\n"                           \
	      "0xffff888000201000-0xffff888000202000 4K ro GLB NX pte\n"                           \
	      "0xffff888000202000-0xffff888000203000 4K RW GLB NX pte\n"                           \
	      "0xffff888000203000-0xffff888000204000 4K ro GLB NX pte\n"                           \
	      "0xffff888000204000-0xffff888000400000 2032K RW GLB NX pte\n"

static uint64_t flags[CORE_RAM >> 12];

static struct system *with(enum safevma_page_tables source)
{
	struct system *s = core_system();

	memset(flags, 0, sizeof(flags));
	system_say(s, FILES, "/proc/kpageflags", "");
	system_find(s, FILES, "/proc/kpageflags")->data = flags;
	system_find(s, FILES, "/proc/kpageflags")->len = sizeof(flags);
	system_say(s, FILES, "/proc/iomem", "00001000-003fffff : System RAM\n");
	s->request.page_tables = source;
	return s;
}

static const struct sv_kernel_view *look(struct system *s)
{
	assert_int_equal(sv_capture_linear(&s->capture, NULL), 0);
	return &s->capture.obs->kernel;
}

static void assert_gap(const struct system *s, const char *interface, bool counts)
{
	assert_int_equal(s->capture.obs->gaps.len, 1);
	assert_string_equal(s->capture.obs->gaps.ptr[0].interface, interface);
	assert_int_equal(s->capture.obs->gaps.ptr[0].counts, counts);
}

static void not_asked_for(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_NONE);

	(void)state;
	assert_false(look(s)->known);
	assert_gap(s, "kcore", false);
	assert_true(s->capture.obs->gaps.ptr[0].standing);
	system_free(s);
}

static void frames_of_pools(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_AUTO);
	const struct sv_kernel_view *k;

	(void)state;
	for (uint64_t pfn = 0x201; pfn < 0x206; pfn++)
		core_frame(pfn, core_gone(pfn));
	flags[0x201] = flags[0x202] = SV_KPF_MMAP | SV_KPF_SWAPBACKED | SV_KPF_LRU;
	flags[0x203] = SV_KPF_RESERVED;
	flags[0x204] = SV_KPF_HWPOISON;
	flags[0x205] = SV_KPF_PGTABLE;
	flags[0x210] = SV_KPF_HWPOISON; /* mapped: of no pool */
	s->capture.obs->system.kfence = sv_known(1);
	k = look(s);
	assert_true(k->known && k->pools_known);
	assert_string_equal(k->source, "kcore");
	assert_int_equal(k->pool_frames[SV_POOL_SECRETMEM], 2);
	assert_int_equal(k->pool_frames[SV_POOL_KFENCE], 1);
	assert_int_equal(k->pool_frames[SV_POOL_HWPOISON], 1);
	assert_int_equal(k->pool_frames[SV_POOL_UNEXPLAINED], 1);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
}

static void pools_that_cannot_be_told(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_AUTO);

	(void)state;
	system_fail(s, FILES, "/proc/kpageflags", EACCES);
	assert_true(look(s)->known);
	assert_false(s->capture.obs->kernel.pools_known);
	assert_gap(s, "kpageflags", true);
	system_free(s);
}

static void closed(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_AUTO);

	(void)state;
	system_say(s, FILES, DUMP, AGREES);
	system_fail(s, FILES, "/proc/kcore", EPERM);
	assert_false(look(s)->known);
	assert_gap(s, "kcore", false);
	system_free(s);
}

/* RAM is what iomem says then. */
static void by_the_dump(void **state)
{
	static const enum safevma_page_tables sources[] = { SAFEVMA_PAGE_TABLES_AUTO,
		SAFEVMA_PAGE_TABLES_DUMP };

	(void)state;
	for (size_t i = 0; i < sv_array_size(sources); i++) {
		struct system *s = with(sources[i]);
		const struct sv_kernel_view *k;
		uint64_t until;

		system_fail(s, FILES, "/proc/kcore", ENOENT);
		system_say(s, FILES, DUMP, AGREES);
		system_say(s, FILES, "/proc/iomem",
			"00001000-003fffff : System RAM\n  00002000-00003fff : Kernel code\n"
			"fee00000-fee00fff : Local APIC\n");
		k = look(s);
		assert_true(k->known);
		assert_string_equal(k->source, "page_tables");
		assert_int_equal(k->kcore.segments.len, 1);
		assert_int_equal(k->kcore.segments.ptr[0].vaddr, CORE_DELTA + 0x1000);
		assert_true(sv_kcore_ram_at(&k->kcore, k->pg.page_shift, 1, &until));
		assert_int_equal(until, 0x400);
		assert_int_equal(k->pg.levels, 0);
		system_free(s);
	}
}

/* Of a list whose addresses are hidden nothing follows: not that there is no RAM. */
static void the_dump_and_no_list(void **state)
{
	static const char *const lists[] = { "00000000-00000000 : System RAM\n",
		"00001000-003fffff : System RAM\nand then?\n", NULL };

	(void)state;
	for (size_t i = 0; i < sv_array_size(lists); i++) {
		struct system *s = with(SAFEVMA_PAGE_TABLES_DUMP);
		const struct sv_kernel_view *k;

		system_fail(s, FILES, "/proc/kcore", ENOENT);
		system_say(s, FILES, DUMP, AGREES);
		if (lists[i])
			system_say(s, FILES, "/proc/iomem", lists[i]);
		else
			system_fail(s, FILES, "/proc/iomem", EACCES);
		k = look(s);
		assert_true(k->known);
		assert_int_equal(k->kcore.segments.len, 0);
		assert_int_equal(s->capture.obs->gaps.len, 3); /* and that it is a dump */
		assert_string_equal(s->capture.obs->gaps.ptr[0].interface, "iomem");
		assert_string_equal(s->capture.obs->gaps.ptr[1].interface, "iomem");
		assert_true(s->capture.obs->gaps.ptr[1].counts);
		system_free(s);
	}
}

static void neither(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_DUMP);

	(void)state;
	assert_false(look(s)->known);
	assert_gap(s, "page_tables", false);
	system_free(s);
	s = with(SAFEVMA_PAGE_TABLES_AUTO);
	system_fail(s, FILES, "/proc/kcore", ENOENT);
	assert_false(look(s)->known);
	assert_gap(s, "kcore", false);
	system_free(s);
}

static void two_sources_that_agree(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_BOTH);
	const struct sv_kernel_view *k;

	(void)state;
	system_say(s, FILES, DUMP, AGREES);
	k = look(s);
	assert_true(k->known && k->compared.made);
	assert_int_equal(k->compared.frames, 0x400);
	assert_int_equal(k->compared.differ + k->compared.changed + k->compared.undecided, 0);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
}

static void two_sources_that_differ(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_BOTH);
	const struct sv_kernel_view *k;

	(void)state;
	system_say(s, FILES, DUMP, DIFFERS);
	k = look(s);
	assert_int_equal(k->compared.differ, 2);
	assert_int_equal(k->compared.where.ptr[0].first, 0x201);
	assert_gap(s, "page_tables", true);
	assert_non_null(strstr(s->capture.obs->gaps.ptr[0].reason,
		"contradict each other on 2 of 1024 frames, first on frame 0x201"));
	system_free(s);
}

/* The file as it is after both walks and the dump, with two frames otherwise. */
static struct system *changing(uint64_t raw_201, uint64_t raw_203)
{
	static unsigned char later[sizeof(core)];
	struct system *s = with(SAFEVMA_PAGE_TABLES_BOTH);
	struct answer *a = system_find(s, FILES, "/proc/kcore");

	core_frame(0x201, raw_201);
	core_frame(0x203, raw_203);
	memcpy(later, core, sizeof(later));
	core_frame(0x201, 0x8000000000201163);
	core_frame(0x203, 0x8000000000203163);
	a->later = later;
	a->later_len = sizeof(later);
	a->until = 5; /* two walks begin twice, the dump once */
	system_say(s, FILES, DUMP, DIFFERS);
	return s;
}

/* Frames that agree when they are looked at again had changed meanwhile. */
static void a_difference_that_goes_away(void **state)
{
	struct system *s = changing(0x8000000000201161, 0x8000000000203161);
	const struct sv_comparison *c = &look(s)->compared;

	(void)state;
	assert_int_equal(c->differ, 0);
	assert_int_equal(c->changed, 2);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
}

/* One that cannot be decided any more has not gone away, however often the rest is looked at. */
static void a_difference_that_becomes_undecided(void **state)
{
	struct system *s = changing(0, 0x8000000000203161);
	const struct sv_comparison *c = &look(s)->compared;

	(void)state;
	assert_int_equal(c->differ, 1);
	assert_int_equal(c->changed, 1);
	assert_gap(s, "page_tables", true);
	system_free(s);
}

static void no_dump_to_compare_with(void **state)
{
	struct system *s = with(SAFEVMA_PAGE_TABLES_BOTH);

	(void)state;
	assert_true(look(s)->known);
	assert_false(s->capture.obs->kernel.compared.made);
	assert_gap(s, "page_tables", true);
	system_free(s);
}

static void memory_is_out(void **state)
{
	static const char *const paths[] = { "/proc/kcore", "/proc/kpageflags", DUMP };

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		struct system *s = with(SAFEVMA_PAGE_TABLES_BOTH);
		struct safevma_error err = { 0 };

		system_say(s, FILES, DUMP, AGREES);
		system_fail(s, FILES, paths[i], ENOMEM);
		assert_int_equal(sv_capture_linear(&s->capture, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_NOMEM);
		system_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_asked_for),
		cmocka_unit_test(frames_of_pools),
		cmocka_unit_test(pools_that_cannot_be_told),
		cmocka_unit_test(closed),
		cmocka_unit_test(by_the_dump),
		cmocka_unit_test(the_dump_and_no_list),
		cmocka_unit_test(neither),
		cmocka_unit_test(two_sources_that_agree),
		cmocka_unit_test(two_sources_that_differ),
		cmocka_unit_test(a_difference_that_goes_away),
		cmocka_unit_test(a_difference_that_becomes_undecided),
		cmocka_unit_test(no_dump_to_compare_with),
		cmocka_unit_test(memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
