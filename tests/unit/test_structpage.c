// SPDX-License-Identifier: LGPL-2.1-or-later
/* Layouts as kernels of several versions told them (VMCOREINFO and segments seen in guests). */
#include "unit.h"

#include <stdlib.h>

#include "iface/structpage.h"

#define PAGE 4096

struct machine {
	const char *info, *btf;
	struct sv_kcore_segment segments[7];
	size_t n;
	uint64_t delta, vmemmap;
};

#define COMMON                                                                                     \
	"SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page._refcount)=52\n"                         \
	"OFFSET(page._mapcount)=48\n"
#define V61                                                                                        \
	COMMON "OFFSET(page.compound_head)=8\nNUMBER(PG_slab)=9\nNUMBER(PG_head_mask)=65536\n"     \
	       "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
#define V612                                                                                       \
	COMMON "SYMBOL(vmemmap)=ffc1ac4880000000\nOFFSET(page.compound_head)=8\n"                  \
	       "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"            \
	       "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"
#define V72                                                                                        \
	COMMON "SYMBOL(vmemmap)=ff90d48480000000\nOFFSET(page.compound_info)=8\n"                  \
	       "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"            \
	       "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"

static const struct machine v61 = { V61, "slab.slab_cache 24\nkmem_cache.name 96\n",
	{ { 0xffffffffa7800000, 0xd600000, 0x2830000, 0x1000, true },
		{ 0xff8c57b5c0000000, UINT64_MAX, 0x31ffffffffffff, 0x2000, false },
		{ 0xff45311940001000, 0x1000, 0x9e000, 0x3000, true },
		{ 0xffc862bf80000000, UINT64_MAX, 0x3000, 0x4000, false },
		{ 0xff45311940100000, 0x100000, 0x1fee0000, 0x5000, true },
		{ 0xffc862bf80004000, UINT64_MAX, 0x7fc000, 0x6000, false } },
	6, 0xff45311940000000, 0xffc862bf80000000 };
static const struct machine v612 = { V612, "slab.slab_cache 8\nPGTY_buddy 240\nPGTY_slab 245\n",
	{ { 0xff14c6fe40001000, 0x1000, 0x9e000, 0x3000, true },
		{ 0xffc1ac4880000000, UINT64_MAX, 0x3000, 0x4000, false },
		{ 0xff14c6fe40100000, 0x100000, 0x1fee0000, 0x5000, true },
		{ 0xffc1ac4880004000, UINT64_MAX, 0x7fc000, 0x6000, false } },
	4, 0xff14c6fe40000000, 0xffc1ac4880000000 };
static const struct machine v72 = { V72, "",
	{ { 0xff27fb9cc0001000, 0x1000, 0x9e000, 0x3000, true },
		{ 0xff90d48480000000, UINT64_MAX, 0x3000, 0x4000, false },
		{ 0xff27fb9cc0100000, 0x100000, 0x1fee0000, 0x5000, true },
		{ 0xff90d48480004000, UINT64_MAX, 0x7fc000, 0x6000, false } },
	4, 0xff27fb9cc0000000, 0xff90d48480000000 };

static int init(const struct machine *m, struct sv_page_layout *l, struct safevma_error *err)
{
	struct sv_kcore k = { .wide = true,
		.segments = { (struct sv_kcore_segment *)m->segments, m->n, m->n } };
	struct sv_vmcoreinfo info;

	*l = (struct sv_page_layout) { 0 };
	sv_page_layout_btf(l, sv_text_init(m->btf, strlen(m->btf), "btf"));
	assert_int_equal(
		sv_vmcoreinfo_parse(sv_text_init(m->info, strlen(m->info), "info"), &info, NULL),
		0);
	return sv_page_layout_init(l, &info, &k, m->delta, 12, err);
}

static struct sv_page_layout layout(const struct machine *m)
{
	struct sv_page_layout l;

	assert_int_equal(init(m, &l, NULL), 0);
	return l;
}

/* To 6.8 x86 does not say where the array begins: the segments do. */
static void finds_the_array(void **state)
{
	static const struct machine *const all[] = { &v61, &v612, &v72 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(all); i++) {
		struct sv_page_layout l = layout(all[i]);

		assert_int_equal(l.vmemmap, all[i]->vmemmap);
		assert_int_equal(l.size, 64);
	}
}

static void refuses(const struct machine *m, enum safevma_code code, const char *what)
{
	struct safevma_error err = { 0 };
	struct sv_page_layout l;

	assert_int_equal(init(m, &l, &err), -1);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, what))
		fail_msg("\"%s\" is not in: %s", what, err.message);
}

static void what_is_not_told(void **state)
{
	struct machine m = v612;

	(void)state;
	m.info = "SIZE(page)=64\nOFFSET(page.flags)=0\n";
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "OFFSET(page.compound_head)");
	m.info = COMMON "OFFSET(page.compound_head)=8\n";
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "NUMBER(PG_head_mask)");
	m.info = "SIZE(page)=24\nOFFSET(page.flags)=0\nOFFSET(page._mapcount)=48\n"
		 "OFFSET(page.compound_head)=8\nNUMBER(PG_head_mask)=64\n";
	refuses(&m, SAFEVMA_E_FORMAT, "struct page");
	m = v612;
	m.segments[3].size -= 0x1000; /* the last frames have none */
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "struct pages of RAM");
	m = v612;
	m.segments[1].vaddr += 0x40000000; /* not where the kernel says */
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "struct pages of RAM");
	m = v61;
	m.segments[5].size += 0x1000;
	m.segments[3].size += 0x1000;
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "struct pages of RAM");
	m = v612;
	m.segments[1].offset = 0xffc0000000002000; /* as riscv has it */
	refuses(&m, SAFEVMA_E_UNSUPPORTED, "no file has");
}

/* ---- struct pages ---------------------------------------------------------------------------- */

struct image {
	uint64_t words[8];
};

static struct image image(uint64_t flags, uint64_t word1, uint64_t word3, uint32_t type)
{
	return (struct image) { { flags, word1, 2, word3, 4, 5, (uint64_t)1 << 32 | type, 7 } };
}

static struct sv_page_view decoded(const struct sv_page_layout *l, uint64_t pfn, struct image i)
{
	struct sv_page_view v;

	sv_page_decode(l, pfn, &i, &v);
	return v;
}

static void heads(void **state)
{
	struct sv_page_layout l = layout(&v61), m = layout(&v612);
	struct sv_page_view v = decoded(&l, 0x200, image(0x10200, 8, 0xff45311940123000, ~0u));

	(void)state;
	assert_int_equal(v.type, SV_PAGE_SLAB);
	assert_true(v.has_tails && !v.tail && !v.blank && v.held);
	assert_int_equal(v.head, 0x200);
	assert_int_equal(v.cache, 0xff45311940123000);
	/* The bit of 6.1 means something else in 6.12. */
	assert_int_equal(decoded(&m, 0x200, image(0x200, 8, 0, ~0u)).type, SV_PAGE_PLAIN);
	v = decoded(&m, 0x201, image(0, 0xff14c6fe40123000, 0, 0xf5000003));
	assert_int_equal(v.type, SV_PAGE_SLAB);
	assert_int_equal(v.cache, 0xff14c6fe40123000);
	assert_false(v.has_tails);
}

static void types(void **state)
{
	static const struct {
		const struct machine *m;
		uint32_t word;
		enum sv_page_type type;
	} cases[] = {
		{ &v61, 0xffffffff, SV_PAGE_PLAIN },
		{ &v61, 0, SV_PAGE_PLAIN }, /* mapped once */
		{ &v61, 0xffffff7f, SV_PAGE_BUDDY },
		{ &v612, 0xffffffff, SV_PAGE_PLAIN },
		{ &v612, 3, SV_PAGE_PLAIN },
		{ &v612, 0xf0000000, SV_PAGE_BUDDY },
		/* Its BTF names two types: the others are none that are known. */
		{ &v612, 0xf2000000, SV_PAGE_OTHER },
		/* Without BTF they are what they have always been. */
		{ &v72, 0xf2000000, SV_PAGE_TABLE },
		{ &v72, 0xf3000000, SV_PAGE_GUARD },
		{ &v72, 0xf4000000, SV_PAGE_HUGETLB },
		{ &v72, 0xf5000000, SV_PAGE_SLAB },
		{ &v72, 0xf6000000, SV_PAGE_ZSMALLOC },
		{ &v72, 0xf8000000, SV_PAGE_LARGE },
		{ &v72, 0xfd000000, SV_PAGE_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_page_layout l = layout(cases[i].m);

		assert_int_equal(
			decoded(&l, 0x300, image(1, 8, 0, cases[i].word)).type, cases[i].type);
	}
}

/* 6.10 and 6.11: slab is a bit of the types; the bits lie low in the one, high in the other. */
static void bits(void **state)
{
	static const struct {
		const char *info;
		uint32_t buddy, slab;
	} cases[] = {
		{ COMMON "SYMBOL(vmemmap)=ffc1ac4880000000\nOFFSET(page.compound_head)=8\n"
			 "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
			 "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-4097\n",
			0xffffff7f, 0xffffefff },
		{ COMMON "SYMBOL(vmemmap)=ffc1ac4880000000\nOFFSET(page.compound_head)=8\n"
			 "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1073741825\n"
			 "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-33554433\n",
			0xbfffffff, 0xfdffffff },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct machine m = v612;
		struct sv_page_layout l;

		m.info = cases[i].info;
		l = layout(&m);
		assert_int_equal(
			decoded(&l, 9, image(1, 8, 0, cases[i].buddy)).type, SV_PAGE_BUDDY);
		assert_int_equal(decoded(&l, 9, image(1, 8, 0, cases[i].slab)).type, SV_PAGE_SLAB);
		assert_int_equal(decoded(&l, 9, image(1, 8, 0, ~0u)).type, SV_PAGE_PLAIN);
		assert_int_equal(decoded(&l, 9, image(1, 8, 0, 5)).type, SV_PAGE_PLAIN);
	}
}

static void tails(void **state)
{
	struct sv_page_layout l = layout(&v612), m = layout(&v72);
	struct sv_page_view v = decoded(&l, 0x207, image(0, l.vmemmap + 0x200 * 64 + 1, 0, ~0u));

	(void)state;
	assert_true(v.tail && !v.broken);
	assert_int_equal(v.head, 0x200);
	assert_int_equal(v.order, -1);
	/* A mask: all but the lowest 9 bits, for 8 struct pages. */
	v = decoded(&m, 0x207, image(0, ~UINT64_C(0x1ff) | 1, 0, ~0u));
	assert_true(v.tail && !v.broken);
	assert_int_equal(v.head, 0x200);
	assert_int_equal(v.order, 3);
	v = decoded(&m, 0x207, image(0, m.vmemmap + 0x206 * 64 + 1, 0, ~0u));
	assert_true(v.tail && !v.broken);
	assert_int_equal(v.head, 0x206);
}

static void tails_of_nothing(void **state)
{
	struct sv_page_layout l = layout(&v72);
	const uint64_t words[] = {
		1,			    /* no head */
		l.vmemmap + 0x207 * 64 + 1, /* itself */
		l.vmemmap + 0x208 * 64 + 1, /* behind it */
		l.vmemmap + 0x200 * 64 + 9, /* in the middle of one */
		~UINT64_C(0x3f) | 1,	    /* a mask for one alone */
		~UINT64_C(0x1ff) << 50 | 1, /* of a size that none has: before the array */
		0xff27fb9cc0001001,	    /* in the linear map */
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(words); i++) {
		struct sv_page_view v = decoded(&l, 0x207, image(0, words[i], 0, ~0u));

		assert_true(v.tail && v.broken);
		assert_int_equal(v.head, 0x207);
		assert_int_equal(v.order, -1);
	}
}

static void blank(void **state)
{
	struct sv_page_layout l = layout(&v612);
	struct sv_page_view v = decoded(&l, 0x207, (struct image) { { 0 } });

	(void)state;
	assert_true(v.blank && !v.tail && !v.held);
	assert_int_equal(v.type, SV_PAGE_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_array),
		cmocka_unit_test(what_is_not_told),
		cmocka_unit_test(heads),
		cmocka_unit_test(types),
		cmocka_unit_test(bits),
		cmocka_unit_test(tails),
		cmocka_unit_test(tails_of_nothing),
		cmocka_unit_test(blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
