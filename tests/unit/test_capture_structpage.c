// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A machine of 4 MiB with its struct pages, two caches and their names: what is said of its frames,
 * with BTF, without, and when something changes between the two readings.
 */
#define CORE_INFO                                                                                  \
	"OSRELEASE=6.12.117\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff80100000\n"               \
	"NUMBER(phys_base)=0\nNUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\n"                  \
	"SYMBOL(vmemmap)=ffffea0000000000\nSIZE(page)=64\nOFFSET(page.flags)=0\n"                  \
	"OFFSET(page._refcount)=52\nOFFSET(page._mapcount)=48\nOFFSET(page.compound_head)=8\n"     \
	"NUMBER(PG_head_mask)=64\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"                   \
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"
#include "corefile.h"

#include "capture/structpage.h"
#include "iface/kpage.h"

#define VMEMMAP UINT64_C(0xffffea0000000000)
#define CACHES	0x110000 /* where the first kmem_cache lies; one each KiB */
#define NAMES	0x120000

enum { FRAMES = CORE_RAM / 4096, ARRAY = 0x200000, NAME_AT = 96, CACHE_AT = 8 };

static void put(uint64_t paddr, uint64_t word)
{
	core_entry(paddr, 0, word);
}

static uint64_t cache(unsigned int no)
{
	return CORE_DELTA + CACHES + no * 1024;
}

/* Flags, the second word, type and references of a struct page. */
static void page(uint64_t pfn, uint64_t flags, uint64_t word, uint32_t type, uint32_t refs)
{
	uint64_t at = ARRAY + pfn * 64;

	put(at, flags);
	put(at + 8, word);
	put(at + 48, (uint64_t)refs << 32 | type);
}

static void tails(uint64_t head, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
		page(head + i, 1, (VMEMMAP + head * 64) | 1, ~0u, 0);
}

static void make_caches(void)
{
	static const char *const names[] = { "dentry", "filp", "kmalloc-64", "vm_area_struct" };

	for (unsigned int i = 0; i < sv_array_size(names); i++) {
		put(CACHES + i * 1024 + NAME_AT, CORE_DELTA + NAMES + i * 64);
		memcpy(core + CORE_START + NAMES + i * 64, names[i], strlen(names[i]) + 1);
		put(CACHES + i * 1024 + 24, (uint64_t)192 << 32 | 256);
		put(CACHES + i * 1024 + 40, 0x10015);
	}
}

/* The array of struct pages stands in the file where the RAM from 2 MiB on would. */
static struct system *machine(void)
{
	struct system *s = core_system();
	Elf64_Phdr p = { .p_type = PT_LOAD,
		.p_vaddr = VMEMMAP,
		.p_paddr = UINT64_MAX,
		.p_memsz = FRAMES * 64,
		.p_offset = CORE_START + ARRAY };
	Elf64_Ehdr h;

	memcpy(&h, core, sizeof(h));
	memcpy(core + sizeof(h) + h.e_phnum++ * sizeof(p), &p, sizeof(p));
	memcpy(core, &h, sizeof(h));
	memset(core + CORE_START + ARRAY, 0, FRAMES * 64);
	make_caches();
	for (uint64_t i = 0; i < FRAMES; i++)
		page(i, 1, 8, ~0u, 1);
	page(0x40, 0x41, cache(0), 0xf5000000, 1);
	tails(0x40, 8);
	page(0x48, 1, cache(1), 0xf5000000, 1);
	page(0x49, 1, cache(2), 0xf5000000, 1);
	page(0x50, 0x41, 8, ~0u, 1);
	tails(0x50, 2);
	page(0x60, 1, 8, 0xf0000000, 0);
	page(0x62, 1, 8, ~0u, 1);
	page(0x63, 1, 8, ~0u, 0);
	system_say(s, FILES, "/proc/slabinfo",
		"dentry 1 1 1 1 1 : tunables 0 0 0 : slabdata 1 1 0\n"
		"filp 1 1 1 1 1 : tunables 0 0 0 : slabdata 1 1 0\n"
		"kmalloc-64 1 1 1 1 1 : tunables 0 0 0 : slabdata 1 1 0\n");
	system_say(
		s, SV_OP_LIST, "/sys/kernel/slab", "filp\t:A-256\npid\t:A-256\n:A-256\ndentry\n");
	system_say(s, SV_OP_NOTE, "btf",
		"slab.slab_cache 8\nkmem_cache.name 96\nkmem_cache.size 24\n"
		"kmem_cache.object_size 28\nkmem_cache.oo 40\n");
	return s;
}

static const uint64_t asked[] = { 0x40, 0x43, 0x47, 0x48, 0x49, 0x51, 0x60, 0x61, 0x62, 0x63,
	0x65 };

static int look(struct system *s, struct sv_slab_view *view, struct sv_page_found *found,
	struct safevma_error *why)
{
	struct sv_structpages sp;
	int rc = sv_structpages_open(&sp, &s->capture, "t", view, why, NULL);

	if (rc > 0)
		rc = sv_structpages_look(&sp, asked, sv_array_size(asked), found, why, NULL);
	sv_structpages_close(&sp);
	return rc;
}

static void assert_found(
	const struct sv_page_found *f, enum sv_page_type type, uint64_t head, int order)
{
	assert_true(f->known && !f->changed);
	assert_int_equal(f->type, type);
	assert_int_equal(f->head, head);
	assert_int_equal(f->order, order);
}

static void with_btf(void **state)
{
	struct system *s = machine();
	struct sv_page_found f[sv_array_size(asked)];
	struct sv_slab_view view = { 0 };
	struct safevma_error why = { 0 };

	(void)state;
	assert_int_equal(look(s, &view, f, &why), 1);
	for (int i = 0; i < 3; i++) {
		assert_found(&f[i], SV_PAGE_SLAB, 0x40, 3);
		assert_string_equal(view.caches.ptr[f[i].cache].label, "dentry");
	}
	assert_found(&f[3], SV_PAGE_SLAB, 0x48, 0);
	assert_string_equal(view.caches.ptr[f[3].cache].label, "filp (also: pid)");
	assert_num(view.caches.ptr[f[3].cache].size, 256);
	assert_num(view.caches.ptr[f[3].cache].object_size, 192);
	assert_num(view.caches.ptr[f[3].cache].order, 1);
	assert_found(&f[5], SV_PAGE_PLAIN, 0x50, 1);
	assert_found(&f[6], SV_PAGE_BUDDY, 0x60, -1);
	assert_found(&f[7], SV_PAGE_PLAIN, 0x61, 0);
	/* Held, and the next is not: the one may belong to the other. */
	assert_found(&f[8], SV_PAGE_PLAIN, 0x62, -1);
	assert_found(&f[9], SV_PAGE_PLAIN, 0x63, -1);
	assert_found(&f[10], SV_PAGE_PLAIN, 0x65, 0);
	sv_slab_view_fini(&view);
	system_free(s);
}

/* A pointer to what has no name that the kernel lists is no cache. */
static void unknown_names(void **state)
{
	struct system *s = machine();
	struct sv_page_found f[sv_array_size(asked)];
	struct sv_slab_view view = { 0 };
	struct safevma_error why = { 0 };

	(void)state;
	page(0x48, 1, cache(3), 0xf5000000, 1); /* vm_area_struct: not listed */
	page(0x49, 1, 0xffff888070000000, 0xf5000000, 1);
	assert_int_equal(look(s, &view, f, &why), 1);
	assert_found(&f[3], SV_PAGE_SLAB, 0x48, 0);
	assert_int_equal(f[3].cache, SV_NO_CACHE);
	assert_int_equal(f[4].cache, SV_NO_CACHE);
	assert_int_not_equal(f[0].cache, SV_NO_CACHE);
	sv_slab_view_fini(&view);
	system_free(s);
}

static void no_kcore(void **state)
{
	struct system *s = machine();
	struct sv_page_found f[sv_array_size(asked)];
	struct sv_slab_view view = { 0 };
	struct safevma_error why = { 0 };

	(void)state;
	system_fail(s, FILES, "/proc/kcore", EPERM);
	assert_int_equal(look(s, &view, f, &why), 0);
	assert_int_equal(why.errnum, EPERM);
	sv_slab_view_fini(&view);
	system_free(s);
}

/* Without BTF: found by the names, where enough caches show it, and not told where not. */
static void without_btf(void **state)
{
	static uint64_t words[FRAMES];

	(void)state;
	for (int enough = 0; enough < 2; enough++) {
		struct system *s = machine();
		struct sv_page_found f[sv_array_size(asked)];
		struct sv_slab_view view = { 0 };
		struct safevma_error why = { 0 };

		memset(words, 0, sizeof(words));
		words[0x40] = SV_KPF_SLAB;
		words[0x48] = words[0x49] = enough ? SV_KPF_SLAB : 0;
		system_fail(s, SV_OP_NOTE, "btf", ENOENT);
		system_say(s, FILES, "/proc/kpageflags", "");
		system_find(s, FILES, "/proc/kpageflags")->data = words;
		system_find(s, FILES, "/proc/kpageflags")->len = sizeof(words);
		assert_int_equal(look(s, &view, f, &why), 1);
		assert_found(&f[1], SV_PAGE_SLAB, 0x40, 3);
		if (enough)
			assert_string_equal(view.caches.ptr[f[1].cache].name, "dentry");
		else
			assert_int_equal(f[1].cache, SV_NO_CACHE);
		sv_slab_view_fini(&view);
		system_free(s);
	}
}

static uint64_t changes; /* the frame that changes behind the first reading of its struct page */

static int racing_read(struct sv_file *f, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	uint64_t at = CORE_START + ARRAY + changes * 64;
	int rc = system_read(f, buf, len, off, got, err);

	if (changes && off <= at && at < off + *got) {
		page(changes, 1, changes == 0x40 ? 8 : cache(2), changes == 0x40 ? ~0u : 0xf5000000,
			1);
		changes = 0;
	}
	return rc;
}

/* A slab that was another cache's at the second reading; a head that was none any more. */
static void changed_meanwhile(void **state)
{
	static const uint64_t which[] = { 0x48, 0x40 };
	struct sv_root_ops ops = system_ops;

	(void)state;
	ops.read = racing_read;
	for (size_t i = 0; i < sv_array_size(which); i++) {
		struct system *s = machine();
		struct sv_page_found f[sv_array_size(asked)];
		struct sv_slab_view view = { 0 };
		struct safevma_error why = { 0 };

		s->root.ops = &ops;
		changes = which[i];
		assert_int_equal(look(s, &view, f, &why), 1);
		assert_int_equal(changes, 0);
		for (size_t k = 0; k < sv_array_size(asked); k++) {
			bool hit = i ? asked[k] >= 0x40 && asked[k] < 0x48 : asked[k] == 0x48;

			assert_int_equal(f[k].changed, hit);
			assert_int_equal(f[k].known, !hit);
			if (hit)
				assert_int_equal(f[k].cache, SV_NO_CACHE);
		}
		sv_slab_view_fini(&view);
		system_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_btf),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(no_kcore),
		cmocka_unit_test(without_btf),
		cmocka_unit_test(changed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
