// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include "measure/locks.h"

#define RW (SV_PERM_READ | SV_PERM_WRITE)

static safevma_observation *one(uint64_t flags)
{
	safevma_observation *obs = memory_new();
	struct sv_vma *v = memory_vma(obs, 16, 16);

	v->perms = RW;
	v->flags = sv_known(flags);
	return obs;
}

static struct sv_vma *further(safevma_observation *obs, uint64_t first, uint64_t n, uint64_t flags)
{
	struct sv_vma *v = memory_vma(obs, first, n);

	v->perms = RW;
	v->flags = sv_known(flags);
	return v;
}

static struct sv_lock_process measure(const safevma_observation *obs)
{
	struct sv_lock_process r;

	sv_measure_locks_process(obs, memory_process(obs), &r);
	return r;
}

/* ---- what mlockall() covers ------------------------------------------------------------------ */

static void future(void **state)
{
	safevma_observation *obs = one(SV_VMFLAG_LOCKED);
	struct sv_vma *v;

	(void)state;
	further(obs, 40, 4, SV_VMFLAG_DONTEXPAND); /* a driver's counts on neither side */
	assert_int_equal(measure(obs).future, SV_FUTURE_COVERED);
	assert_int_equal(measure(obs).lockable, 1);
	v = further(obs, 60, 4, 0);
	assert_int_equal(measure(obs).future, SV_FUTURE_PARTLY);
	assert_int_equal(measure(obs).unflagged, 1);
	assert_int_equal(measure(obs).lowest_unflagged.value, AT(60));
	v->flags.known = false;
	assert_int_equal(measure(obs).future, SV_FUTURE_UNKNOWN);
	v->flags = sv_known(0);
	memory_process(obs)->vmas.ptr[0].flags = sv_known(0);
	assert_int_equal(measure(obs).future, SV_FUTURE_NONE);
	memory_process(obs)->fate = SV_FATE_UNREAD;
	assert_int_equal(measure(obs).future, SV_FUTURE_UNKNOWN);
	assert_false(measure(obs).sum.read);
	safevma_observation_free(obs);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void limits(void **state)
{
	safevma_observation *obs = one(0);
	struct sv_process *p = memory_process(obs);

	(void)state;
	assert_false(measure(obs).left.known);
	assert_false(measure(obs).exempt.known);
	p->memlock_soft = sv_known(10 * PAGE);
	assert_false(measure(obs).left.known);
	p->locked = sv_known(4 * PAGE);
	assert_int_equal(measure(obs).left.value, 6 * PAGE);
	p->locked = sv_known(40 * PAGE);
	assert_int_equal(measure(obs).left.value, 0);
	p->memlock_soft = sv_known(UINT64_MAX);
	assert_int_equal(measure(obs).left.value, UINT64_MAX);
	p->capabilities = sv_known(UINT64_C(1) << 14);
	assert_int_equal(measure(obs).exempt.value, 1);
	p->capabilities = sv_known(~(UINT64_C(1) << 14));
	assert_int_equal(measure(obs).exempt.value, 0);
	safevma_observation_free(obs);
}

/* A mapping without the flag shows the rule; one with it may be under either. */
static void secretmem_rules(void **state)
{
	safevma_observation *obs = one(SV_VMFLAG_LOCKED);
	struct sv_process *p = memory_process(obs);
	struct sv_vma *v = further(obs, 40, 4, SV_VMFLAG_LOCKED);

	(void)state;
	p->memlock_soft = sv_known(10 * PAGE);
	v->secret = SV_SECRET_YES;
	v->inode = 7;
	memory_page(obs, 40, SV_PAGEMAP_FILE | ALONE(100));
	memory_frame(obs, 100, SV_KPF_MMAP);
	assert_int_equal(measure(obs).rule, SV_SECRET_RULE_UNKNOWN);
	assert_int_equal(measure(obs).secret_used.value, PAGE);
	assert_int_equal(measure(obs).secret_left.value, 9 * PAGE);
	p->vmas.ptr[1].flags = sv_known(0);
	assert_int_equal(measure(obs).rule, SV_SECRET_RULE_USER);
	p->vmas.ptr[1].secret = SV_SECRET_UNKNOWN;
	assert_false(measure(obs).secret_used.known);
	assert_false(measure(obs).secret_left.known);
	safevma_observation_free(obs);
}

/* ---- growth ---------------------------------------------------------------------------------- */

static void stack_and_heap(void **state)
{
	safevma_observation *obs = one(0);
	struct sv_process *p = memory_process(obs);

	(void)state;
	p->vmas.ptr[0].kind = SV_VMA_HEAP;
	further(obs, 1032, 4, 0)->kind = SV_VMA_STACK;
	assert_int_equal(measure(obs).heap.value, 16 * PAGE);
	assert_int_equal(measure(obs).heap_room.value, 1000 * PAGE);
	assert_int_equal(measure(obs).stack.value, 4 * PAGE);
	assert_false(measure(obs).stack_room.known); /* without the limit */
	p->stack_limit = sv_known(104 * PAGE);
	assert_int_equal(measure(obs).stack_room.value, 100 * PAGE);
	p->stack_limit = sv_known(UINT64_MAX); /* then the gap above the heap is in the way */
	assert_int_equal(measure(obs).stack_room.value, (1000 - 256) * PAGE);
	assert_true(measure(obs).sum.reasons >> SV_LOCK_REASON_STACK & 1);
	assert_true(measure(obs).sum.reasons >> SV_LOCK_REASON_HEAP & 1);
	safevma_observation_free(obs);
}

/* ---- stacks of threads ----------------------------------------------------------------------- */

static struct sv_lock_stack stack_at(const safevma_observation *obs, uint64_t sp)
{
	struct sv_thread t = { .tid = 43, .sp = sv_known(sp) };
	struct sv_lock_stack r;

	sv_measure_lock_stack(obs, memory_process(obs), &t, &r);
	return r;
}

static void guards(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_process *p = memory_process(obs);
	struct sv_lock_stack r;

	(void)state;
	memory_vma(obs, 0, 2); /* no access */
	further(obs, 2, 8, 0);
	r = stack_at(obs, AT(8) + 16);
	assert_int_equal(r.guard, SV_STACK_GUARD_VMA);
	assert_int_equal(r.guard_bytes.value, 2 * PAGE);
	assert_int_equal(r.room.value, 6 * PAGE + 16);
	assert_true(r.to_fault.known);
	assert_int_equal(r.to_fault.value, 6 * PAGE);
	p->vmas.ptr[0].perms = SV_PERM_READ;
	assert_int_equal(stack_at(obs, AT(8)).guard, SV_STACK_GUARD_NONE);
	p->vmas.ptr[0].end -= PAGE;
	assert_int_equal(stack_at(obs, AT(8)).guard, SV_STACK_GUARD_HOLE);
	p->vmas.ptr[1].kind = SV_VMA_STACK;
	assert_int_equal(stack_at(obs, AT(8)).guard, SV_STACK_GUARD_GAP);
	assert_false(stack_at(obs, AT(8)).guard_bytes.known);
	safevma_observation_free(obs);
}

/* What is there already does not fault, and guard pages are no room. */
static void guard_pages_at_the_low_end(void **state)
{
	safevma_observation *obs = memory_new();
	struct sv_lock_stack r;

	(void)state;
	further(obs, 2, 8, 0);
	memory_page(obs, 2, GUARD);
	memory_page(obs, 3, GUARD);
	memory_page(obs, 7, ALONE(100));
	memory_frame(obs, 100, ANON_FLAGS | SV_KPF_ANON_EXCLUSIVE);
	memory_page(obs, 8, ALONE(101));
	memory_frame(obs, 101, ANON_FLAGS | SV_KPF_ANON_EXCLUSIVE);
	r = stack_at(obs, AT(8) + 64);
	assert_int_equal(r.guard, SV_STACK_GUARD_REGION);
	assert_int_equal(r.guard_bytes.value, 2 * PAGE);
	assert_int_equal(r.room.value, 4 * PAGE + 64);
	assert_int_equal(r.to_fault.value, 3 * PAGE);
	safevma_observation_free(obs);
}

static void stacks_that_are_not_known(void **state)
{
	safevma_observation *obs = one(0);
	struct sv_thread running = { .tid = 43 };
	struct sv_lock_stack r;

	(void)state;
	sv_measure_lock_stack(obs, memory_process(obs), &running, &r);
	assert_null(r.v);
	assert_int_equal(r.guard, SV_STACK_GUARD_UNKNOWN);
	assert_false(r.room.known);
	assert_null(stack_at(obs, AT(100)).v);	  /* in no mapping */
	assert_non_null(stack_at(obs, AT(32)).v); /* empty: right behind its end */
	memory_process(obs)->vmas.ptr[0].changed = true;
	assert_null(stack_at(obs, AT(20)).v);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(future),
		cmocka_unit_test(limits),
		cmocka_unit_test(secretmem_rules),
		cmocka_unit_test(stack_and_heap),
		cmocka_unit_test(guards),
		cmocka_unit_test(guard_pages_at_the_low_end),
		cmocka_unit_test(stacks_that_are_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
