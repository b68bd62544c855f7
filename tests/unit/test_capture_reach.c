// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which source the frames of a process are looked up in, and what is said when none tells. */
#include "corefile.h"

#include "iface/pagemap.h"

#define DUMP "/sys/kernel/debug/page_tables/kernel"
#define DUMP_TEXT                                                                                  \
	"---[ Low Kernel Mapping ]---\n"                                                           \
	"0xffff888000000000-0xffff888000200000 2M ro PSE GLB NX pmd\n"                             \
	"0xffff888000200000-0xffff888000400000 2M ro GLB NX pte\n"

static void index_frames(struct sv_process *p)
{
	size_t n = 0;
	uint64_t *room;

	sv_frames_fini(&p->frames);
	room = sv_frames_room(&p->frames, p->pages.len);
	assert_non_null(room);
	for (size_t i = 0; i < p->pages.len; i++)
		if (sv_pagemap_has_pfn(p->pages.words[i]))
			room[n++] = sv_pagemap_pfn(p->pages.words[i]);
	assert_int_equal(sv_frames_settle(&p->frames, n), 0);
}

static void add_vma(struct sv_process *p, enum sv_secret secret, uint64_t pfn, uint64_t pages)
{
	struct sv_vma *v = sv_vec_push(&p->vmas);

	assert_non_null(v);
	v->secret = secret;
	v->page = p->pages.len;
	v->pages = pages;
	for (uint64_t i = 0; i < pages; i++) {
		struct sv_page pg = { .vaddr = (p->pages.len + 1) * 0x1000,
			.entry = SV_PAGEMAP_PRESENT | (pfn + i) };

		assert_int_equal(sv_pages_add(&p->pages, 0x1000, &pg), 0);
	}
	index_frames(p);
}

/* Frames 0x200, 0x201, 0x210 of ordinary memory. */
static struct system *with_process(enum safevma_page_tables source)
{
	struct system *s = core_system();
	struct sv_process *p = system_process(s, 42);

	s->request.page_tables = source;
	system_say(s, FILES, "/proc/iomem", "00001000-003fffff : System RAM\n");
	add_vma(p, SV_SECRET_NO, 0x210, 1);
	add_vma(p, SV_SECRET_NO, 0x200, 2);
	return s;
}

static struct sv_kernelmap *look(struct system *s)
{
	struct sv_process *p = s->capture.obs->processes.ptr;

	assert_int_equal(sv_capture_reach(&s->capture, p, "1", NULL), 0);
	return &p->kernel;
}

static unsigned int begun(struct system *s)
{
	return system_find(s, FILES, "/proc/kcore")->begun;
}

static void assert_gap(struct system *s, const char *interface, bool counts)
{
	assert_false(s->capture.obs->processes.ptr->kernel.made);
	assert_int_equal(s->capture.obs->gaps.len, 1);
	assert_string_equal(s->capture.obs->gaps.ptr[0].interface, interface);
	assert_int_equal(s->capture.obs->gaps.ptr[0].counts, counts);
}

static void through_kcore(void **state)
{
	static const enum safevma_page_tables sources[] = { SAFEVMA_PAGE_TABLES_AUTO,
		SAFEVMA_PAGE_TABLES_KCORE, SAFEVMA_PAGE_TABLES_BOTH };

	(void)state;
	for (size_t i = 0; i < sv_array_size(sources); i++) {
		struct system *s = with_process(sources[i]);
		struct sv_kernelmap *k;

		system_say(s, FILES, DUMP, DUMP_TEXT);
		core_frame(0x201, core_gone(0x201));
		k = look(s);
		assert_true(k->made);
		assert_int_equal(k->linear.len, 3);
		assert_int_equal(sv_kernelmap_find(k, 0x200)->alias, SV_ALIAS_RW);
		assert_int_equal(sv_kernelmap_find(k, 0x201)->alias, SV_ALIAS_ABSENT);
		assert_int_equal(sv_kernelmap_find(k, 0x210)->alias, SV_ALIAS_RW);
		assert_false(k->others_known); /* no frame of a pool */
		assert_int_equal(begun(s), 4); /* ordinary and removed: looked at once more */
		assert_int_equal(s->capture.obs->gaps.len, 0);
		system_free(s);
	}
}

/* Further mappings: of frames in pools, of all on request. */
static void further_mappings(void **state)
{
	(void)state;
	for (int aliases = 0; aliases < 2; aliases++) {
		struct system *s = with_process(SAFEVMA_PAGE_TABLES_AUTO);
		struct sv_kernelmap *k;
		size_t at = 0;

		add_vma(s->capture.obs->processes.ptr, SV_SECRET_UNKNOWN, 0x300, 1);
		s->request.aliases = aliases;
		core_entry(CORE_ROOT, 511, 0x104063);
		core_entry(0x104000, 510, 0x105063);
		core_entry(0x105000, 1, 0x80000000002001e3);
		k = look(s);
		assert_true(k->others_known);
		assert_non_null(sv_kernelmap_other(k, 0x300, &at));
		at = 0;
		assert_int_equal(sv_kernelmap_other(k, 0x200, &at) != NULL, aliases);
		system_free(s);
	}
}

static void nothing_to_look_up(void **state)
{
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_NONE);

	(void)state;
	assert_false(look(s)->made);
	s->request.page_tables = SAFEVMA_PAGE_TABLES_AUTO;
	s->capture.obs->needs = SAFEVMA_NEED_FRAMES;
	assert_false(look(s)->made);
	s->capture.obs->needs = SAFEVMA_NEED_ALL;
	for (size_t i = 0; i < 3; i++) /* hidden */
		sv_pages_set(&s->capture.obs->processes.ptr->pages, i, SV_PAGEMAP_PRESENT, false);
	index_frames(s->capture.obs->processes.ptr);
	assert_false(look(s)->made);
	assert_int_equal(begun(s), 0);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
}

/* kcore that is there and closed: what takes a lock is not read in its place. */
static void closed(void **state)
{
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_AUTO);

	(void)state;
	system_say(s, FILES, DUMP, DUMP_TEXT);
	system_fail(s, FILES, "/proc/kcore", EPERM);
	look(s);
	assert_gap(s, "kcore", false);
	system_free(s);
}

static void not_there(void **state)
{
	static const struct {
		enum safevma_page_tables source;
		bool dump, made;
	} cases[] = { { SAFEVMA_PAGE_TABLES_AUTO, true, true },
		{ SAFEVMA_PAGE_TABLES_AUTO, false, false },
		{ SAFEVMA_PAGE_TABLES_KCORE, true, false } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = with_process(cases[i].source);

		system_fail(s, FILES, "/proc/kcore", ENOENT);
		if (cases[i].dump)
			system_say(s, FILES, DUMP, DUMP_TEXT);
		assert_int_equal(look(s)->made, cases[i].made);
		if (!cases[i].made)
			assert_gap(s, "kcore", false);
		else
			assert_int_equal(s->capture.obs->processes.ptr->kernel.linear.ptr[0].alias,
				SV_ALIAS_RO);
		system_free(s);
	}
}

static void the_dump_on_request(void **state)
{
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_DUMP);

	(void)state;
	system_say(s, FILES, DUMP, DUMP_TEXT);
	assert_int_equal(look(s)->linear.ptr[0].alias, SV_ALIAS_RO);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
	s = with_process(SAFEVMA_PAGE_TABLES_DUMP);
	look(s);
	assert_gap(s, "page_tables", false);
	system_free(s);
	s = with_process(SAFEVMA_PAGE_TABLES_DUMP);
	system_say(s, FILES, DUMP, "x\n");
	look(s);
	assert_gap(s, "page_tables", true);
	system_free(s);
}

/* Tables that make no sense: what was asked for is missing. */
static void misread(void **state)
{
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_AUTO);

	(void)state;
	system_say(s, FILES, DUMP, DUMP_TEXT);
	core[0] = 0;
	look(s);
	assert_gap(s, "kcore", true);
	system_free(s);
}

/* What contradicts itself may have been changing: it is looked up once more. */
static void looked_up_twice(void **state)
{
	static unsigned char later[sizeof(core)];
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_AUTO);
	struct answer *a = system_find(s, FILES, "/proc/kcore");

	(void)state;
	memcpy(later, core, sizeof(later));
	core_frame(0x201, 0);
	assert_int_equal(sv_kernelmap_find(look(s), 0x201)->alias, SV_ALIAS_UNKNOWN);
	assert_int_equal(begun(s), 4);
	a->later = later;
	a->later_len = sizeof(later);
	a->begun = 0;
	assert_int_equal(sv_kernelmap_find(look(s), 0x201)->alias, SV_ALIAS_RW);
	assert_int_equal(begun(s), 4);
	system_free(s);
}

static void memory_is_out(void **state)
{
	struct system *s = with_process(SAFEVMA_PAGE_TABLES_AUTO);
	struct safevma_error err = { 0 };

	(void)state;
	system_fail(s, FILES, "/proc/kcore", ENOMEM);
	assert_int_equal(
		sv_capture_reach(&s->capture, s->capture.obs->processes.ptr, "1", &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_NOMEM);
	system_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(through_kcore),
		cmocka_unit_test(further_mappings),
		cmocka_unit_test(nothing_to_look_up),
		cmocka_unit_test(closed),
		cmocka_unit_test(not_there),
		cmocka_unit_test(the_dump_on_request),
		cmocka_unit_test(misread),
		cmocka_unit_test(looked_up_twice),
		cmocka_unit_test(memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
