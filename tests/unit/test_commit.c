// SPDX-License-Identifier: LGPL-2.1-or-later
/* Promise against backing, and the budget. */
#include "memory.h"

#include "measure/commit.h"

#define AC SV_VMFLAG_ACCOUNT

static void set(struct sv_vma *v, enum sv_kind kind, uint64_t flags, uint64_t rss, uint64_t anon)
{
	v->kind = kind;
	v->flags = sv_known(flags);
	v->perms = SV_PERM_READ | SV_PERM_WRITE;
	v->rss = sv_known(rss * PAGE);
	v->anonymous = sv_known(anon * PAGE);
	v->swap = sv_known(0);
}

static struct sv_commit_vma measured(const struct sv_vma *v)
{
	struct sv_commit_vma f;

	sv_measure_commit_vma(v, &f);
	return f;
}

/* ---- VMA ------------------------------------------------------------------------------------- */

static void an_accounted_mapping(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(10) };
	struct sv_commit_vma f;

	(void)state;
	set(&v, SV_VMA_ANON, AC, 4, 4);
	v.swap = sv_known(2 * PAGE);
	f = measured(&v);
	assert_int_equal(f.accounting, SV_ACCOUNTING_ACCOUNTED);
	assert_num(f.promised, 10 * PAGE);
	assert_num(f.backed, 6 * PAGE);
	assert_num(f.unbacked, 4 * PAGE);
}

/* Page cache under a private mapping keeps no promise: its first write needs a frame. */
static void page_cache_backs_no_promise(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(10), .inode = 7 };
	struct sv_commit_vma f;

	(void)state;
	set(&v, SV_VMA_FILE, AC, 10, 3);
	f = measured(&v);
	assert_num(f.promised, 10 * PAGE);
	assert_num(f.backed, 3 * PAGE);
	assert_num(f.unbacked, 7 * PAGE);
}

static void what_no_account_has(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(10) };
	struct sv_commit_vma f;

	(void)state;
	set(&v, SV_VMA_ANON, SV_VMFLAG_NORESERVE, 1, 1);
	f = measured(&v);
	assert_int_equal(f.accounting, SV_ACCOUNTING_NORESERVE);
	assert_num(f.promised, 0);
	assert_num(f.backed, PAGE);
	assert_num(f.unbacked, 9 * PAGE);

	set(&v, SV_VMA_HUGETLB, SV_VMFLAG_HUGETLB | SV_VMFLAG_NORESERVE, 0, 0);
	v.huge = sv_known(4 * PAGE);
	f = measured(&v);
	assert_int_equal(f.accounting, SV_ACCOUNTING_HUGETLB);
	assert_num(f.promised, 0);
	assert_num(f.backed, 4 * PAGE);

	set(&v, SV_VMA_SECRETMEM, SV_VMFLAG_LOCKED, 3, 0);
	v.perms |= SV_PERM_SHARED;
	v.secret = SV_SECRET_YES;
	f = measured(&v);
	assert_int_equal(f.accounting, SV_ACCOUNTING_SECRETMEM);
	assert_num(f.promised, 0);
	assert_num(f.backed, 3 * PAGE);
}

static void shared_memory_is_its_makers(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(10) };

	(void)state;
	set(&v, SV_VMA_SHMEM, 0, 5, 0);
	v.perms |= SV_PERM_SHARED;
	assert_int_equal(measured(&v).accounting, SV_ACCOUNTING_SHARED);
	assert_num(measured(&v).promised, 0);
	assert_num(measured(&v).backed, 5 * PAGE);
	v.kind = SV_VMA_FILE;
	assert_int_equal(measured(&v).accounting, SV_ACCOUNTING_NONE);
	/* A shared mapping of a file needs no memory of its own, reserved or not. */
	v.flags = sv_known(SV_VMFLAG_NORESERVE);
	assert_int_equal(measured(&v).accounting, SV_ACCOUNTING_NONE);
}

static void without_flags_nothing_is_known(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(10) };
	struct sv_commit_vma f = measured(&v);

	(void)state;
	assert_int_equal(f.accounting, SV_ACCOUNTING_UNKNOWN);
	assert_null(sv_accounting_name(f.accounting));
	assert_unknown(f.promised);
	assert_unknown(f.backed);
	assert_unknown(f.unbacked);
}

/* Counted while it grew: never more than the mapping has room for. */
static void backing_beyond_the_size(void **state)
{
	struct sv_vma v = { .start = AT(0), .end = AT(2) };

	(void)state;
	set(&v, SV_VMA_ANON, AC, 5, 5);
	assert_num(measured(&v).backed, 2 * PAGE);
	assert_num(measured(&v).unbacked, 0);
}

/* ---- processes and the system ---------------------------------------------------------------- */

/* With figures of meminfo, in pages, and a kernel thread: the list is whole. */
static safevma_observation *machine(void)
{
	safevma_observation *obs = memory_new();
	struct sv_system *s = &obs->system;
	struct sv_process *k;

	s->overcommit_memory = sv_known(2);
	s->overcommit_ratio = sv_known(50);
	s->overcommit_bytes = sv_known(0);
	s->mem_total = sv_known(1001 * PAGE);
	s->swap_total = sv_known(100 * PAGE);
	s->hugetlb = sv_known(200 * PAGE);
	s->commit_limit = sv_known(500 * PAGE);
	s->committed_as = sv_known(300 * PAGE);
	s->shmem = sv_known(10 * PAGE);
	s->page_tables = sv_known(4 * PAGE);
	s->kernel_stacks = sv_known(3 * PAGE);
	s->slab_unreclaimable = sv_known(20 * PAGE);
	s->percpu = sv_known(2 * PAGE);
	k = sv_vec_push(&obs->processes);
	assert_non_null(k);
	*k = obs->processes.ptr[0];
	k->pid = 43;
	obs->processes.ptr[0] = (struct sv_process) { .pid = 2, .kernel_thread = true };
	return obs;
}

static struct sv_process *another(safevma_observation *obs, pid_t pid)
{
	struct sv_process *p = sv_vec_push(&obs->processes);

	assert_non_null(p);
	p->pid = pid;
	return p;
}

static struct sv_vma *secret(safevma_observation *obs, uint64_t at, uint64_t first, uint64_t n,
	uint64_t inode, uint64_t rss)
{
	struct sv_vma *v = memory_vma(obs, at, n);

	set(v, SV_VMA_SECRETMEM, 0, rss, 0);
	v->secret = SV_SECRET_YES;
	v->perms |= SV_PERM_SHARED;
	v->inode = inode;
	v->offset = first * PAGE;
	return v;
}

static struct sv_commit_budget budget(const safevma_observation *obs)
{
	struct sv_commit_budget b;

	assert_int_equal(sv_measure_commit(obs, &b), 0);
	return b;
}

static void the_limit_and_its_formula(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b = budget(obs);

	(void)state;
	assert_num(b.recomputed, 500 * PAGE); /* (1001 - 200) * 50 / 100 = 400, and swap */
	assert_num(b.enforced, 1);
	assert_num(b.headroom, 200 * PAGE);
	assert_num(b.over, 0);
	assert_num(b.capacity, 1101 * PAGE);
	obs->system.overcommit_bytes = sv_known(64 * PAGE + 1024);
	obs->system.overcommit_memory = sv_known(0);
	obs->system.committed_as = sv_known(507 * PAGE);
	b = budget(obs);
	assert_num(b.recomputed, 164 * PAGE);
	assert_num(b.enforced, 0);
	assert_num(b.headroom, 0);
	assert_num(b.over, 7 * PAGE);
	obs->system.overcommit_memory.known = false;
	obs->system.swap_total.known = false;
	b = budget(obs);
	assert_unknown(b.enforced);
	assert_unknown(b.recomputed);
	assert_unknown(b.capacity);
	safevma_observation_free(obs);
}

static void sums_of_all_processes(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b;
	struct sv_coverage c;

	(void)state;
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	another(obs, 44);
	set(memory_vma(obs, 0, 190), SV_VMA_ANON, AC, 190, 190);
	set(memory_vma(obs, 500, 9), SV_VMA_ANON, SV_VMFLAG_NORESERVE, 5, 5);
	secret(obs, 600, 0, 8, 7, 6);
	b = budget(obs);
	assert_num(b.promised, 290 * PAGE);
	assert_num(b.unbacked, 60 * PAGE);
	assert_num(b.accounted, 300 * PAGE);
	assert_num(b.noreserve, 9 * PAGE);
	assert_num(b.noreserve_backed, 5 * PAGE);
	assert_num(b.secretmem, 8 * PAGE);
	assert_num(b.secretmem_resident, 6 * PAGE);
	assert_num(b.unaccounted, (8 + 5 + 200 + 4 + 3 + 20 + 2) * PAGE);
	assert_num(b.worst, (300 + 242) * PAGE);
	assert_num(b.worst_over, 0);
	sv_commit_coverage(obs, &c);
	assert_int_equal(c.total, 2); /* the kernel thread has no memory */
	assert_int_equal(c.examined, 2);
	obs->system.committed_as = sv_known(1000 * PAGE);
	assert_num(budget(obs).worst_over, 141 * PAGE);
	safevma_observation_free(obs);
}

/* A part that is not known leaves no sum that could pass for the whole. */
static void a_process_that_could_not_be_read(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b;
	struct sv_coverage c;

	(void)state;
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	secret(obs, 600, 0, 8, 7, 6);
	another(obs, 44)->fate = SV_FATE_UNREAD;
	b = budget(obs);
	assert_unknown(b.promised);
	assert_unknown(b.unbacked);
	assert_unknown(b.accounted);
	assert_unknown(b.secretmem);
	assert_unknown(b.secretmem_resident);
	assert_unknown(b.unaccounted);
	assert_unknown(b.worst);
	assert_num(b.promised_seen, 100 * PAGE);
	assert_num(b.secretmem_seen, 8 * PAGE);
	sv_commit_coverage(obs, &c);
	assert_int_equal(c.total, 2);
	assert_int_equal(c.examined, 1);
	assert_int_equal(c.unreadable, 1);
	/* One that ended is promised nothing. */
	memory_process(obs)->fate = SV_FATE_VANISHED;
	assert_num(budget(obs).promised, 100 * PAGE);
	safevma_observation_free(obs);
}

static void a_list_that_hides_processes(void **state)
{
	safevma_observation *obs = machine();

	(void)state;
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	obs->processes.ptr[0].fate = SV_FATE_VANISHED;
	obs->processes.ptr[0].kernel_thread = false;
	assert_unknown(budget(obs).promised);
	assert_unknown(budget(obs).secretmem);
	assert_num(budget(obs).promised_seen, 100 * PAGE);
	safevma_observation_free(obs);
}

static void what_the_kernel_does_not_say(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b;

	(void)state;
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	obs->system.percpu.known = false;
	b = budget(obs);
	assert_num(b.promised, 100 * PAGE);
	assert_unknown(b.unaccounted);
	assert_unknown(b.worst);
	assert_unknown(b.worst_over);
	obs->system.committed_as.known = false;
	b = budget(obs);
	assert_unknown(b.headroom);
	assert_unknown(b.over);
	safevma_observation_free(obs);
}

/* What looks like secretmem and could not be asked: its promise is known, what it is is not. */
static void what_may_be_secretmem(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_process f;
	struct sv_vma *v;

	(void)state;
	v = secret(obs, 600, 0, 8, 7, 6);
	v->secret = SV_SECRET_UNKNOWN;
	v->kind = SV_VMA_FILE;
	sv_measure_commit_process(memory_process(obs), &f);
	assert_num(f.promised, 0);
	assert_num(f.hugetlb, 0);
	assert_unknown(f.secretmem);
	assert_unknown(budget(obs).secretmem);
	assert_num(budget(obs).promised, 0);
	safevma_observation_free(obs);
}

/* By object and place in it, not by mapping. */
static void secretmem_counts_once(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b;

	(void)state;
	secret(obs, 0, 0, 8, 7, 3);
	secret(obs, 100, 4, 8, 7, 2);
	another(obs, 44);
	secret(obs, 0, 0, 8, 7, 8);
	secret(obs, 200, 20, 4, 7, 0);
	secret(obs, 300, 0, 5, 9, 1);
	b = budget(obs);
	assert_num(b.secretmem, (12 + 4 + 5) * PAGE);
	assert_num(b.secretmem_resident, (8 + 1) * PAGE); /* the most that one process shows */
	safevma_observation_free(obs);
}

static void one_memory_counts_once(void **state)
{
	safevma_observation *obs = machine();
	struct sv_commit_budget b;
	struct sv_process *p;

	(void)state;
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	p = another(obs, 44);
	set(memory_vma(obs, 0, 100), SV_VMA_ANON, AC, 40, 40);
	assert_num(budget(obs).promised, 200 * PAGE);
	p->memory_of = 43;
	b = budget(obs);
	assert_num(b.promised, 100 * PAGE);
	assert_int_equal(b.duplicates, 1);
	assert_int_equal(b.inferred, 1);
	p->memory_of_observed = true;
	assert_int_equal(budget(obs).inferred, 0);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_accounted_mapping),
		cmocka_unit_test(page_cache_backs_no_promise),
		cmocka_unit_test(what_no_account_has),
		cmocka_unit_test(shared_memory_is_its_makers),
		cmocka_unit_test(without_flags_nothing_is_known),
		cmocka_unit_test(backing_beyond_the_size),
		cmocka_unit_test(the_limit_and_its_formula),
		cmocka_unit_test(sums_of_all_processes),
		cmocka_unit_test(a_process_that_could_not_be_read),
		cmocka_unit_test(a_list_that_hides_processes),
		cmocka_unit_test(what_the_kernel_does_not_say),
		cmocka_unit_test(what_may_be_secretmem),
		cmocka_unit_test(secretmem_counts_once),
		cmocka_unit_test(one_memory_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
