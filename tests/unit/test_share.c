// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include "measure/share.h"

#define FILE_FLAGS (SV_KPF_LRU | SV_KPF_UPTODATE | SV_KPF_MMAP)
#define OF_FILE(n) (PRESENT(n) | SV_PAGEMAP_FILE)
#define READ	   SV_PERM_READ
#define WRITE	   (SV_PERM_READ | SV_PERM_WRITE)
#define SHARED	   (SV_PERM_READ | SV_PERM_WRITE | SV_PERM_SHARED)

/* Process 42 with a VMA of so many pages. */
static safevma_observation *one(unsigned int perms, uint64_t pages)
{
	safevma_observation *obs = memory_new();

	obs->needs = SAFEVMA_NEED_SHARE;
	obs->share.made = obs->share.listed = true;
	obs->share.processes = obs->share.read = 1;
	memory_vma(obs, 0, pages)->perms = perms;
	return obs;
}

/* Another process; its VMA is at another address. What follows is its, until it is set aside. */
static void other(safevma_observation *obs, pid_t pid, unsigned int perms, uint64_t pages)
{
	struct sv_process *p = sv_vec_push(&obs->processes);

	assert_non_null(p);
	p->pid = pid;
	p->fate = SV_FATE_STABLE;
	obs->share.processes++;
	obs->share.read++;
	memory_vma(obs, 1000, pages)->perms = perms;
}

static struct sv_process *set_aside(safevma_observation *obs)
{
	struct sv_process *p = sv_vec_push(&obs->share.others);

	assert_non_null(p);
	*p = obs->processes.ptr[--obs->processes.len];
	memory_settle(obs);
	return p;
}

/* Frames as they were before: as they are now. */
static void freeze(safevma_observation *obs)
{
	struct sv_frame_index *x = &obs->share.before.frames;
	uint64_t *room;

	sv_frames_fini(x);
	room = sv_frames_room(x, memory_machine.len);
	assert_non_null(room);
	for (size_t i = 0; i < memory_machine.len; i++)
		room[i] = memory_machine.frames[i].pfn;
	assert_int_equal(sv_frames_settle(x, memory_machine.len), 0);
	for (size_t i = 0; i < x->len; i++)
		assert_int_equal(sv_frames_set(x, i, memory_find(x->ptr[i].pfn)), 0);
}

static struct sv_share_view measure(safevma_observation *obs, bool each)
{
	struct sv_share_view view;
	struct sv_sharers sharers;

	assert_int_equal(sv_sharers_init(obs, &sharers), 0);
	assert_int_equal(sv_measure_share(obs, &sharers, &obs->processes.ptr[0], each, &view), 0);
	sv_sharers_fini(&sharers);
	return view;
}

static void count_is(safevma_observation *obs, uint64_t pfn, uint64_t flags, uint64_t count)
{
	memory_frame(obs, pfn, flags)->count = count;
	memory_settle(obs);
}

static void kinds_by_permissions(void **state)
{
	static const struct {
		unsigned int own, other;
		bool file, merged;
		enum sv_share_kind kind;
	} cases[] = {
		{ READ, READ, true, false, SV_SHARE_READONLY },
		{ READ | SV_PERM_SHARED, READ, true, false, SV_SHARE_READONLY },
		{ WRITE, WRITE, false, false, SV_SHARE_COW },
		{ READ, READ, false, false, SV_SHARE_COW },
		{ READ, WRITE, true, false, SV_SHARE_COW },
		{ WRITE, READ, true, false, SV_SHARE_COW },
		{ WRITE, WRITE, false, true, SV_SHARE_KSM },
		{ READ, READ, true, true, SV_SHARE_READONLY },
		{ SHARED, READ | SV_PERM_SHARED, true, false, SV_SHARE_OUTGOING },
		{ SHARED, WRITE, true, false, SV_SHARE_OUTGOING },
		{ READ, SHARED, true, false, SV_SHARE_WRITABLE },
		{ WRITE, SHARED, true, false, SV_SHARE_WRITABLE },
		{ SHARED, SHARED, true, false, SV_SHARE_WRITABLE },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		const struct sv_vma own = { .perms = cases[i].own },
				    there = { .perms = cases[i].other };

		assert_int_equal(sv_share_kind_of(&own, &there, cases[i].file, cases[i].merged),
			cases[i].kind);
	}
	assert_string_equal(sv_share_verdict(SV_SHARE_WRITABLE, false), "bleeding-outside");
	assert_string_equal(sv_share_verdict(SV_SHARE_WRITABLE, true), "bleeding");
	assert_string_equal(sv_share_verdict(SV_SHARE_OUTGOING, false), "outgoing");
	assert_string_equal(sv_share_verdict(SV_SHARE_KSM, false), "expected");
}

/* Four pages, of which another process maps two that are apart. */
static safevma_observation *two_of_four(unsigned int own, unsigned int there)
{
	safevma_observation *obs = one(own, 4);

	for (uint64_t i = 0; i < 4; i++) {
		memory_page(obs, i, OF_FILE(100 + i));
		count_is(obs, 100 + i, FILE_FLAGS, i % 2 ? 2 : 1);
	}
	other(obs, 77, there, 4);
	memory_page(obs, 1001, OF_FILE(101));
	memory_page(obs, 1003, OF_FILE(103));
	set_aside(obs);
	freeze(obs);
	return obs;
}

static void a_pair_is_counted_to_the_page(void **state)
{
	safevma_observation *obs = two_of_four(SHARED, SHARED);
	struct sv_share_view v = measure(obs, false);

	(void)state;
	assert_int_equal(v.rows.len, 1);
	assert_int_equal(v.rows.ptr[0].pages, 2);
	assert_int_equal(v.rows.ptr[0].vaddr, AT(1));
	assert_int_equal(v.rows.ptr[0].other_vaddr, AT(1001));
	assert_int_equal(v.rows.ptr[0].kind, SV_SHARE_WRITABLE);
	assert_int_equal(v.rows.ptr[0].other->pid, 77);
	assert_false(v.rows.ptr[0].in_group);
	assert_int_equal(v.sums.present, 4);
	assert_int_equal(v.sums.shared, 2);
	assert_int_equal(v.sums.bleeding, 2);
	assert_int_equal(v.sums.outside, 2);
	assert_int_equal(v.sums.alone, 2);
	assert_int_equal(v.sums.others, 1);
	assert_int_equal(v.sums.beyond, 0);
	assert_true(sv_share_known(obs, &v.sums));
	sv_share_view_fini(&v);
	v = measure(obs, true); /* they are no stretch */
	assert_int_equal(v.rows.len, 2);
	assert_int_equal(v.rows.ptr[1].vaddr, AT(3));
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void whoever_is_declared_is_not_outside(void **state)
{
	safevma_observation *obs = two_of_four(SHARED, SHARED);
	pid_t *slot = sv_vec_push(&obs->share.group);
	struct sv_share_view v;

	(void)state;
	assert_non_null(slot);
	*slot = 77;
	v = measure(obs, false);
	assert_true(v.rows.ptr[0].in_group);
	assert_int_equal(v.sums.bleeding, 2);
	assert_int_equal(v.sums.outside, 0);
	sv_share_view_fini(&v);
	*slot = 78; /* declared, and 77 has its memory */
	obs->share.others.ptr[0].memory_of = 42;
	v = measure(obs, false);
	assert_int_equal(v.rows.len, 0); /* ours: nothing is shared */
	assert_int_equal(v.sums.shared, 0);
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void what_is_mapped_more_often_is_unexplained(void **state)
{
	safevma_observation *obs = two_of_four(READ, READ);
	struct sv_share_view v;

	(void)state;
	count_is(obs, 100, FILE_FLAGS, 4);
	count_is(obs, 101, FILE_FLAGS, 3);
	freeze(obs);
	v = measure(obs, false);
	assert_int_equal(v.sums.beyond, 2);
	assert_int_equal(v.sums.excess, 4);
	assert_int_equal(v.sums.alone, 1);
	assert_true(sv_share_known(obs, &v.sums)); /* every process was read */
	obs->share.read--;
	assert_false(sv_share_known(obs, &v.sums)); /* it may be the one that was not */
	obs->share.read++;
	obs->share.listed = false;
	assert_false(sv_share_known(obs, &v.sums));
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void a_count_that_moved_is_changed_and_not_unexplained(void **state)
{
	safevma_observation *obs = two_of_four(READ, READ);
	struct sv_share_view v;

	(void)state;
	count_is(obs, 100, FILE_FLAGS, 2); /* one before */
	v = measure(obs, false);
	assert_int_equal(v.sums.beyond, 0);
	assert_int_equal(v.sums.changed, 1);
	assert_int_equal(v.sums.alone, 1);
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void without_counts_nothing_is_alone(void **state)
{
	safevma_observation *obs = two_of_four(READ, READ);
	struct sv_share_view v;

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		memory_frame(obs, 100 + i, FILE_FLAGS)->known = SV_FRAME_FLAGS;
	memory_settle(obs);
	v = measure(obs, false);
	assert_int_equal(v.sums.uncounted, 4);
	assert_int_equal(v.sums.alone, 0);
	assert_int_equal(v.sums.shared, 2);
	assert_false(sv_share_known(obs, &v.sums));
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void one_memory_has_one_entry(void **state)
{
	safevma_observation *obs = two_of_four(READ, READ);
	struct sv_share_view v;

	(void)state;
	other(obs, 78, READ, 4); /* with the memory of 77 */
	memory_page(obs, 1001, OF_FILE(101));
	set_aside(obs)->memory_of = 77;
	v = measure(obs, false);
	assert_int_equal(v.rows.len, 2);
	assert_int_equal(v.sums.beyond, 0);
	assert_int_equal(v.sums.changed, 0);
	sv_share_view_fini(&v);
	obs->share.others.ptr[1].memory_doubt = true;
	v = measure(obs, false);
	assert_int_equal(v.sums.uncounted, 1);
	assert_false(sv_share_known(obs, &v.sums));
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

static void zeros_belong_to_nobody(void **state)
{
	safevma_observation *obs = one(WRITE, 2);
	struct sv_share_view v;

	(void)state;
	memory_page(obs, 0, PRESENT(100));
	count_is(obs, 100, SV_KPF_ZERO, 0);
	memory_page(obs, 1, PRESENT(101));
	count_is(obs, 101, ANON_FLAGS, 1);
	other(obs, 77, WRITE, 1);
	memory_page(obs, 1000, PRESENT(100));
	set_aside(obs);
	freeze(obs);
	v = measure(obs, false);
	assert_int_equal(v.rows.len, 0);
	assert_int_equal(v.sums.zero, 1);
	assert_int_equal(v.sums.alone, 1);
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

/* A flag that every anonymous frame has says nothing of any. */
static void the_flag_of_ksm_where_it_tells(void **state)
{
	for (int tells = 0; tells < 2; tells++) {
		safevma_observation *obs = one(WRITE, 2);
		struct sv_share_view v;

		memory_page(obs, 0, PRESENT(100));
		count_is(obs, 100, ANON_FLAGS | SV_KPF_KSM, 2);
		memory_page(obs, 1, PRESENT(101));
		count_is(obs, 101, tells ? ANON_FLAGS : ANON_FLAGS | SV_KPF_KSM, 1);
		other(obs, 77, WRITE, 1);
		memory_page(obs, 1000, PRESENT(100));
		set_aside(obs);
		freeze(obs);
		v = measure(obs, false);
		assert_int_equal(v.rows.ptr[0].kind, tells ? SV_SHARE_KSM : SV_SHARE_COW);
		assert_int_equal(v.sums.ksm.known, tells);
		assert_int_equal(v.sums.expected, 1);
		sv_share_view_fini(&v);
		safevma_observation_free(obs);
	}
	(void)state;
}

static void hidden_frames_are_no_frames(void **state)
{
	safevma_observation *obs = one(WRITE, 1);
	struct sv_share_view v;

	(void)state;
	memory_page(obs, 0, PRESENT(0));
	v = measure(obs, false);
	assert_int_equal(v.sums.hidden, 1);
	assert_int_equal(v.sums.alone, 0);
	assert_false(sv_share_known(obs, &v.sums));
	sv_share_view_fini(&v);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_permissions),
		cmocka_unit_test(a_pair_is_counted_to_the_page),
		cmocka_unit_test(whoever_is_declared_is_not_outside),
		cmocka_unit_test(what_is_mapped_more_often_is_unexplained),
		cmocka_unit_test(a_count_that_moved_is_changed_and_not_unexplained),
		cmocka_unit_test(without_counts_nothing_is_alone),
		cmocka_unit_test(one_memory_has_one_entry),
		cmocka_unit_test(zeros_belong_to_nobody),
		cmocka_unit_test(the_flag_of_ksm_where_it_tells),
		cmocka_unit_test(hidden_frames_are_no_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
