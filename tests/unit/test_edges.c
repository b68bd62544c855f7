// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include "measure/edges.h"

static struct sv_edge_list edges(const safevma_observation *obs)
{
	struct sv_edge_list list;

	assert_int_equal(sv_measure_edges(obs, memory_process(obs), &list), 0);
	assert_int_equal(list.sums.silent + list.sums.trapped + list.sums.unknown, list.len);
	assert_int_equal(list.sums.over_strong + list.sums.over_unclassified +
				 list.sums.under_strong + list.sums.under_unclassified,
		list.len);
	assert_int_equal(list.coverage.total,
		list.coverage.examined + list.coverage.unreadable + list.coverage.changed);
	return list;
}

static void assert_edge(const struct sv_edge *e, uint64_t page, bool over, uint64_t source_pfn,
	enum sv_class source_class)
{
	assert_int_equal(e->vaddr, AT(page));
	assert_int_equal(e->over, over);
	assert_int_equal(e->source_pfn, source_pfn);
	assert_int_equal(e->pfn, over ? source_pfn + 1 : source_pfn - 1);
	assert_int_equal(e->source_class, source_class);
}

static void nothing(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list = edges(obs);

	(void)state;
	assert_int_equal(list.len, 0);
	assert_int_equal(list.frames, 0);
	assert_int_equal(list.coverage.total, 0);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

/* Strong before unclassified, over before under, then by address. */
static void ordered(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_anon(obs, 0, 100, 0, 0);
	memory_anon(obs, 1, 500, SV_KPF_SLAB, SV_KPF_COMPOUND_HEAD);
	memory_vma(obs, 8, 4);
	memory_anon(obs, 8, 300, SV_KPF_SLAB, SV_KPF_RESERVED);
	list = edges(obs);
	assert_int_equal(list.len, 6);
	assert_edge(&list.ptr[0], 1, true, 499, SV_CLASS_SLAB);
	assert_edge(&list.ptr[1], 8, true, 299, SV_CLASS_SLAB);
	assert_edge(&list.ptr[2], 1, false, 501, SV_CLASS_KERNEL_COMPOUND);
	assert_edge(&list.ptr[3], 0, true, 99, SV_CLASS_UNCLASSIFIED);
	assert_edge(&list.ptr[4], 0, false, 101, SV_CLASS_UNCLASSIFIED);
	assert_edge(&list.ptr[5], 8, false, 301, SV_CLASS_RESERVED);
	assert_int_equal(list.ptr[0].vma, 0);
	assert_int_equal(list.ptr[1].vma, 1);
	assert_int_equal(list.ptr[0].effect, SV_EFFECT_SILENT);
	assert_int_equal(list.sums.over_strong, 2);
	assert_int_equal(list.sums.under_strong, 1);
	assert_int_equal(list.sums.over_unclassified, 1);
	assert_int_equal(list.sums.under_unclassified, 2);
	assert_int_equal(list.frames, 3);
	assert_int_equal(list.coverage.examined, 3);
	sv_edge_list_fini(&list);
	assert_null(list.ptr);
	safevma_observation_free(obs);
}

static void a_frame_mapped_twice_counts_once(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, ANON_FLAGS);
	memory_page(obs, 1, PRESENT(100));
	memory_vma(obs, 8, 4);
	memory_page(obs, 8, PRESENT(100));
	list = edges(obs);
	assert_int_equal(list.len, 1);
	assert_edge(&list.ptr[0], 0, true, 99, SV_CLASS_SLAB); /* at the lowest address */
	assert_int_equal(list.frames, 1);
	assert_int_equal(list.coverage.total, 1);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

/* Many frames, so that the marks of those seen need more than one byte. */
static void each_of_many_counts_once(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 100);
	for (uint64_t i = 0; i < 50; i++)
		memory_anon(obs, i, 1000 + 3 * i, SV_KPF_SLAB, SV_KPF_BUDDY);
	for (uint64_t i = 0; i < 50; i++)
		memory_page(obs, 50 + i, PRESENT(1000 + 3 * i));
	list = edges(obs);
	assert_int_equal(list.frames, 50);
	assert_int_equal(list.sums.over_strong, 50);
	assert_int_equal(list.len, 50);
	for (size_t i = 0; i < list.len; i++)
		assert_int_equal(list.ptr[i].vaddr, AT(i));
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

/* Hidden numbers cannot be told apart: each page counts, none as frame 0. */
static void hidden_numbers(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_page(obs, 0, PRESENT(0));
	memory_page(obs, 1, PRESENT(0));
	memory_frame(obs, 0, ANON_FLAGS);
	memory_frame(obs, 1, SV_KPF_SLAB);
	list = edges(obs);
	assert_int_equal(list.len, 0);
	assert_int_equal(list.frames, 0);
	assert_int_equal(list.coverage.total, 2);
	assert_int_equal(list.coverage.unreadable, 2);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

static void unread_neighbours_and_pages(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_page(obs, 0, PRESENT(100));
	memory_frame(obs, 100, ANON_FLAGS);
	memory_frame(obs, 101, SV_KPF_SLAB);
	memory_vma(obs, 8, 4)->pages_read = false;
	list = edges(obs);
	assert_int_equal(list.len, 1);
	assert_edge(&list.ptr[0], 0, false, 101, SV_CLASS_SLAB);
	assert_int_equal(list.sums.unread, 1);
	assert_int_equal(list.frames, 1);
	assert_int_equal(list.coverage.total, 2);
	assert_int_equal(list.coverage.unreadable, 2);
	assert_int_equal(list.coverage.examined, 0);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

static void changed_frames(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, 0);
	memory_changed(obs, 0, true);
	memory_vma(obs, 8, 4)->changed = true;
	memory_anon(obs, 8, 200, ANON_FLAGS, ANON_FLAGS);
	list = edges(obs);
	assert_int_equal(list.coverage.changed, 2);
	assert_int_equal(list.coverage.examined, 0);
	assert_int_equal(list.len, 2);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

static void only_frames_of_its_own(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 4);
	memory_page(obs, 0, PRESENT(100));
	memory_frame(obs, 99, SV_KPF_SLAB);
	memory_frame(obs, 100, SV_KPF_ZERO);
	memory_frame(obs, 101, SV_KPF_SLAB);
	memory_page(obs, 1, SWAPPED(0));
	memory_page(obs, 2, GUARD);
	list = edges(obs);
	assert_int_equal(list.len, 0);
	assert_int_equal(list.frames, 0);
	assert_int_equal(list.coverage.total, 1);
	assert_int_equal(list.coverage.examined, 1);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

static void effects(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 1);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, SV_KPF_BUDDY);
	memory_vma(obs, 1, 1)->secret = SV_SECRET_YES;
	memory_anon(obs, 1, 200, SV_KPF_SLAB, SV_KPF_BUDDY);
	memory_vma(obs, 2, 1)->secret = SV_SECRET_UNKNOWN;
	memory_anon(obs, 2, 300, SV_KPF_SLAB, SV_KPF_BUDDY);
	list = edges(obs);
	assert_int_equal(list.len, 3);
	assert_int_equal(list.ptr[0].effect, SV_EFFECT_SILENT);
	assert_int_equal(list.ptr[1].effect, SV_EFFECT_TRAPPED);
	assert_int_equal(list.ptr[2].effect, SV_EFFECT_UNKNOWN);
	assert_int_equal(list.sums.silent, 1);
	assert_int_equal(list.sums.trapped, 1);
	assert_int_equal(list.sums.unknown, 1);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

static void hold(safevma_observation *obs, size_t at, uint64_t flags, enum sv_holder_kind kind,
	enum sv_held_basis basis)
{
	struct sv_holding *h = &obs->holdings.each.ptr[at];

	h->flags = flags;
	sv_holdings_say(&obs->holdings, &(struct sv_holding) { .pfn = h->pfn,
						.kind = kind,
						.basis = basis,
						.name = SV_NO_NAME,
						.detail = SV_NO_NAME,
						.head = h->pfn,
						.order = -1 });
	h->flags = flags;
}

/* What is known of who has a source moves the interval, and never the figures by flags. */
static void holders_narrow_the_interval(void **state)
{
	static const uint64_t beside[] = { 99, 101, 299, 301, 499, 501 };
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 8);
	memory_anon(obs, 0, 100, 0, 0);
	memory_anon(obs, 1, 300, 0, 0);
	memory_anon(obs, 2, 500, SV_KPF_SLAB, 0);
	list = edges(obs);
	assert_int_equal(list.attributed.over_strong, 1);
	assert_int_equal(list.attributed.over_unclassified, 2);
	assert_int_equal(list.attributed.under_unclassified, 3);
	assert_int_equal(list.named, 0);
	assert_null(list.ptr[0].held);
	sv_edge_list_fini(&list);

	assert_int_equal(sv_holdings_init(&obs->holdings, beside, sv_array_size(beside)), 0);
	obs->holdings.made = true;
	hold(obs, 0, 0, SV_HELD_LARGE, SV_HELD_BY_STRUCT_PAGE);		  /* becomes strong */
	hold(obs, 1, 0, SV_HELD_FREE, SV_HELD_BY_PAGE_OWNER);		  /* is none */
	hold(obs, 2, 0, SV_HELD_VMALLOC, SV_HELD_BY_TABLES);		  /* stays open */
	hold(obs, 3, SV_KPF_BUDDY, SV_HELD_PAGES, SV_HELD_BY_PAGE_OWNER); /* became free since */
	hold(obs, 4, SV_KPF_SLAB, SV_HELD_SLAB, SV_HELD_BY_STRUCT_PAGE);
	list = edges(obs);
	assert_int_equal(list.sums.over_strong, 1);
	assert_int_equal(list.sums.over_unclassified, 2);
	assert_int_equal(list.sums.under_unclassified, 3);
	assert_int_equal(list.attributed.over_strong, 2);
	assert_int_equal(list.attributed.over_unclassified, 1);
	assert_int_equal(list.attributed.under_strong, 0);
	assert_int_equal(list.attributed.under_unclassified, 2);
	assert_int_equal(list.named, 4);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

/* Slab that became something else, a frame that changed while asked about, two that disagree. */
static void doubtful_holders_change_nothing(void **state)
{
	static const uint64_t beside[] = { 99, 299, 499 };
	safevma_observation *obs = memory_new();
	struct sv_edge_list list;

	(void)state;
	memory_vma(obs, 0, 8);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, SV_KPF_BUDDY);
	memory_anon(obs, 1, 300, 0, SV_KPF_BUDDY);
	memory_anon(obs, 2, 500, 0, SV_KPF_BUDDY);
	assert_int_equal(sv_holdings_init(&obs->holdings, beside, sv_array_size(beside)), 0);
	obs->holdings.made = true;
	hold(obs, 0, 0, SV_HELD_FREE, SV_HELD_BY_PAGE_OWNER);
	hold(obs, 1, 0, SV_HELD_FREE, SV_HELD_BY_PAGE_OWNER);
	obs->holdings.each.ptr[1].changed = true;
	hold(obs, 2, 0, SV_HELD_FREE, SV_HELD_BY_PAGE_OWNER);
	obs->holdings.each.ptr[2].contradiction = true;
	list = edges(obs);
	assert_int_equal(list.attributed.over_strong, 1);
	assert_int_equal(list.attributed.over_unclassified, 2);
	assert_int_equal(list.named, 1);
	sv_edge_list_fini(&list);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(ordered),
		cmocka_unit_test(holders_narrow_the_interval),
		cmocka_unit_test(doubtful_holders_change_nothing),
		cmocka_unit_test(a_frame_mapped_twice_counts_once),
		cmocka_unit_test(each_of_many_counts_once),
		cmocka_unit_test(hidden_numbers),
		cmocka_unit_test(unread_neighbours_and_pages),
		cmocka_unit_test(changed_frames),
		cmocka_unit_test(only_frames_of_its_own),
		cmocka_unit_test(effects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
