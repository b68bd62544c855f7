// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/page_owner.h"
#include "model/allocation.h"

static struct sv_span span(const char *text)
{
	return (struct sv_span) { .ptr = text, .len = strlen(text) };
}

static void expect_kind(const char *stack, enum sv_holder_kind kind, const char *who)
{
	struct sv_page_owner r = { .stack = span(stack) };
	struct sv_allocation a = sv_allocation_of(&r);

	assert_string_equal(sv_held_name(a.kind), sv_held_name(kind));
	assert_int_equal(a.who.len, strlen(who));
	if (*who)
		assert_memory_equal(a.who.ptr, who, a.who.len);
}

/* 6.12: the number is hexadecimal, the group is named. */
static void a_record(void **state)
{
	struct sv_page_owner r;
	struct sv_span name;

	(void)state;
	assert_int_equal(
		sv_page_owner_parse(
			span("Page allocated via order 3, mask 0x140dc2(GFP_HIGHUSER|__GFP_COMP), "
			     "pid 53, tgid 53 (a (b) c), ts 1592066000 ns\n"
			     "PFN 0x14de type Unmovable Block 10 type Unmovable Flags "
			     "0x40038(uptodate|lru|node=0|zone=0)\n"
			     " post_alloc_hook+0xb6/0xcd\n"
			     " pipe_write+0x1/0x2\n"
			     "Charged (via objcg) to offline memcg /a b\n\n"),
			&r, NULL),
		0);
	assert_int_equal(r.pfn, 0x14de);
	assert_int_equal(r.order, 3);
	assert_true(sv_span_is(r.mask, "GFP_HIGHUSER|__GFP_COMP"));
	assert_true(sv_span_is(r.group, "/a b"));
	assert_false(r.slab);
	assert_true(sv_page_owner_function(&r.stack, &name));
	assert_true(sv_span_is(name, "post_alloc_hook"));
	assert_true(sv_page_owner_function(&r.stack, &name));
	assert_true(sv_span_is(name, "pipe_write"));
	assert_false(sv_page_owner_function(&r.stack, &name));
}

/* Up to 6.1 it is decimal, and slab is said in a line of its own. */
static void an_old_record(void **state)
{
	struct sv_page_owner r;

	(void)state;
	assert_int_equal(
		sv_page_owner_parse(span("Page allocated via order 0, mask 0x0(), pid 1, tgid 1 "
					 "(swapper/0), ts 562457760 ns, free_ts 0 ns\n"
					 "PFN 256 type Unmovable Block 0 type Unmovable Flags "
					 "0x0(node=0|zone=0)\n"
					 " register_early_stack+0x28/0x44\n"
					 "Slab cache page\n\n"),
			&r, NULL),
		0);
	assert_int_equal(r.pfn, 256);
	assert_int_equal(r.order, 0);
	assert_true(r.slab);
	assert_int_equal(r.group.len, 0);
}

static void malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"Page allocated via order x, mask 0x0()\nPFN 1 type U\n",
		"Page allocated via order 64, mask 0x0()\nPFN 1 type U\n",
		"Page allocated via order 1, mask 0x0()\n",
		"Page allocated via order 1, mask 0x0()\nPFN 0x type U\n",
		"Page allocated via order 1, mask 0x0()\nPFN 12\n",
		"Page allocated via order 1, mask 0x0(never closed\nPFN 12 type U\n",
	};
	struct sv_page_owner r;
	struct safevma_error err;

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(sv_page_owner_parse(span(bad[i]), &r, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		assert_non_null(strstr(err.message, "expected"));
	}
}

static void answers(void **state)
{
	struct sv_span text = span("@ 12 3\nabc@ 90 0\n@ 91 9\nshort"), record;
	uint64_t position;

	(void)state;
	assert_true(sv_page_owner_answer(&text, &position, &record));
	assert_int_equal(position, 12);
	assert_true(sv_span_is(record, "abc"));
	assert_true(sv_page_owner_answer(&text, &position, &record));
	assert_int_equal(position, 90);
	assert_int_equal(record.len, 0);
	assert_false(sv_page_owner_answer(&text, &position, &record));
}

/* Stacks as kernels from 6.1 to 7.2 print them. */
static void what_stacks_tell(void **state)
{
	(void)state;
	expect_kind(" post_alloc_hook+0x1/0x2\n get_page_from_freelist+0x1/0x2\n"
		    " __alloc_frozen_pages_noprof+0x1/0x2\n allocate_slab+0x1/0x2\n"
		    " ___slab_alloc.isra.0+0x1/0x2\n __kmalloc_node_track_caller_noprof+0x1/0x2\n"
		    " strndup_user+0x1/0x2\n",
		SV_HELD_SLAB, "strndup_user");
	expect_kind(" alloc_pages_noprof+0x1/0x2\n ___kmalloc_large_node+0x1/0x2\n"
		    " __kmalloc_large_node_noprof+0x1/0x2\n __kmalloc_noprof+0x1/0x2\n"
		    " seq_read_iter+0x1/0x2\n",
		SV_HELD_LARGE, "seq_read_iter");
	expect_kind(" alloc_pages+0x1/0x2\n pte_alloc_one+0x1/0x2\n do_fault+0x1/0x2\n",
		SV_HELD_TABLE, "pte_alloc_one");
	expect_kind(" alloc_pages+0x1/0x2\n __vmalloc_area_node+0x1/0x2\n"
		    " __vmalloc_node_range_noprof+0x1/0x2\n dup_task_struct+0x1/0x2\n",
		SV_HELD_STACK, "dup_task_struct");
	expect_kind(
		" alloc_pages+0x1/0x2\n vm_area_alloc_pages+0x1/0x2\n __vmalloc_area_node+0x1/0x2\n"
		" __vmalloc_node_range+0x1/0x2\n module_alloc+0x1/0x2\n load_module+0x1/0x2\n",
		SV_HELD_MODULE, "module_alloc");
	expect_kind(" __alloc_pages+0x1/0x2\n __vmalloc_node_range+0x1/0x2\n vzalloc+0x1/0x2\n"
		    " some_driver_probe+0x1/0x2\n",
		SV_HELD_VMALLOC, "some_driver_probe");
	expect_kind(" folio_alloc_noprof+0xf/0x19\n secretmem_fault+0x97/0x214\n", SV_HELD_USER,
		"secretmem_fault");
	expect_kind(" alloc_pages+0x1/0x2\n pcpu_populate_chunk.constprop.0+0x1/0x2\n",
		SV_HELD_PERCPU, "pcpu_populate_chunk");
	expect_kind(" __alloc_pages_noprof+0x1/0x2\n pipe_write+0x1/0x2\n", SV_HELD_PAGES,
		"pipe_write");
}

/* What a fault of a process made the kernel allocate for itself is the kernel's. */
static void the_kernels_own_within_a_fault(void **state)
{
	(void)state;
	expect_kind(" alloc_pages_noprof+0x1/0x2\n __change_page_attr_set_clr+0x1/0x2\n"
		    " set_direct_map_invalid_noflush+0x1/0x2\n secretmem_fault+0x1/0x2\n",
		SV_HELD_TABLE, "__change_page_attr_set_clr");
	expect_kind(" alloc_pages_noprof+0x1/0x2\n new_thing+0x1/0x2\n do_anonymous_page+0x1/0x2\n",
		SV_HELD_PAGES, "new_thing");
}

static void stacks_that_tell_nothing(void **state)
{
	(void)state;
	expect_kind("", SV_HELD_UNKNOWN, "");
	expect_kind(" register_early_stack+0x28/0x44\n init_page_owner+0x2d/0x1ee\n",
		SV_HELD_UNKNOWN, "register_early_stack");
	expect_kind(" post_alloc_hook+0x1/0x2\n", SV_HELD_UNKNOWN, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record),
		cmocka_unit_test(an_old_record),
		cmocka_unit_test(malformed),
		cmocka_unit_test(answers),
		cmocka_unit_test(what_stacks_tell),
		cmocka_unit_test(the_kernels_own_within_a_fault),
		cmocka_unit_test(stacks_that_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
