// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings that move locked memory, and the stacks of threads. */
#include "system.h"

#define SYSCTL	 "/proc/sys/vm/compact_unevictable_allowed"
#define NUMA	 "/proc/sys/kernel/numa_balancing"
#define THP	 "/sys/kernel/mm/transparent_hugepage/enabled"
#define THP_SIZE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define DEFRAG	 "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag"
#define KSM	 "/sys/kernel/mm/ksm/run"
#define STAT	 "/proc/42/stat"
#define TASK	 "/proc/42/task"
#define FIRST	 "/proc/42/task/42/syscall"
#define SECOND	 "/proc/42/task/43/syscall"

static struct system *machine(void)
{
	struct system *s = system_new("x86_64");

	system_say(s, FILES, SYSCTL, "1\n");
	system_say(s, FILES, NUMA, "0\n");
	system_say(s, FILES, THP, "always [madvise] never\n");
	system_say(s, FILES, THP_SIZE, "2097152\n");
	system_say(s, FILES, DEFRAG, "1\n");
	system_say(s, FILES, KSM, "2\n");
	return s;
}

static struct system *threads(void)
{
	struct system *s = machine();

	system_process(s, 42)->selected = true;
	system_say(s, SV_OP_PIN, STAT, "");
	system_say(s, SV_OP_LIST, TASK, "42\n43\n");
	system_say(s, SV_OP_SHORT, FIRST, "7 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffd10 0x7f20\n");
	system_say(s, SV_OP_SHORT, SECOND, "-1 0x5510 0x7f20\n");
	return s;
}

static const struct sv_movers *capture(struct system *s, size_t gaps)
{
	assert_int_equal(sv_capture_locks(&s->capture, NULL), 0);
	assert_int_equal(s->capture.obs->gaps.len, gaps);
	return &s->capture.obs->movers;
}

static const struct sv_process *process(struct system *s)
{
	return &s->capture.obs->processes.ptr[0];
}

static void settings_as_they_are(void **state)
{
	struct system *s = machine();
	const struct sv_movers *m = capture(s, 0);

	(void)state;
	assert_num(m->compaction, 1);
	assert_num(m->compact_unevictable, 1);
	assert_num(m->numa_balancing, 0);
	assert_num(m->ksm_run, 2);
	assert_num(m->thp_bytes, 2097152);
	assert_num(m->khugepaged_defrag, 1);
	assert_int_equal(m->thp, SV_THP_MADVISE);
	system_free(s);
}

/* A file that is not there says that the kernel has no such thing, as long as others are there. */
static void what_the_kernel_lacks(void **state)
{
	struct system *s = machine();
	const struct sv_movers *m;

	(void)state;
	s->capture.obs->system.overcommit_memory = sv_known(0);
	system_fail(s, FILES, SYSCTL, ENOENT);
	system_fail(s, FILES, NUMA, ENOENT);
	system_fail(s, FILES, THP, ENOENT);
	system_fail(s, FILES, THP_SIZE, ENOENT);
	system_fail(s, FILES, DEFRAG, ENOENT);
	m = capture(s, 0);
	assert_num(m->compaction, 0);
	assert_num(m->compact_unevictable, 0);
	assert_num(m->numa_balancing, 0);
	assert_int_equal(m->thp, SV_THP_NEVER);
	assert_num(m->thp_bytes, 0);
	system_free(s);
}

/* With all of /proc/sys and /sys hidden that says nothing. */
static void what_is_hidden(void **state)
{
	struct system *s = system_new("x86_64");
	const struct sv_movers *m = capture(s, 6);

	(void)state;
	assert_false(m->compaction.known);
	assert_false(m->numa_balancing.known);
	assert_false(m->ksm_run.known);
	assert_int_equal(m->thp, SV_THP_UNKNOWN);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	system_free(s);
}

/* The configuration goes first: an option that is set and has no file is hidden. */
static void what_the_configuration_says(void **state)
{
	struct system *s = machine();
	safevma_observation *obs = s->capture.obs;
	const struct sv_movers *m;

	(void)state;
	obs->config_known = true;
	assert_int_equal(sv_strbuf_printf(&obs->config, "CONFIG_KSM=y\nCONFIG_COMPACTION=y\n"), 0);
	system_fail(s, FILES, KSM, ENOENT);
	system_fail(s, FILES, NUMA, ENOENT);
	m = capture(s, 1);
	assert_false(m->ksm_run.known);
	assert_num(m->numa_balancing, 0);
	system_free(s);
}

static void settings_that_make_no_sense(void **state)
{
	struct system *s = machine();
	const struct sv_movers *m;

	(void)state;
	system_say(s, FILES, THP, "always madvise never\n");
	system_say(s, FILES, KSM, "yes\n");
	system_fail(s, FILES, SYSCTL, EACCES);
	m = capture(s, 3);
	assert_int_equal(m->thp, SV_THP_UNKNOWN);
	assert_false(m->ksm_run.known);
	assert_false(m->compact_unevictable.known);
	system_free(s);
}

static void stacks(void **state)
{
	struct system *s = threads();
	const struct sv_process *p;

	(void)state;
	capture(s, 0);
	p = process(s);
	assert_true(p->stacks_known);
	assert_int_equal(p->stacks.len, 2);
	assert_int_equal(p->stacks.ptr[0].tid, 42);
	assert_num(p->stacks.ptr[0].sp, 0x7ffd10);
	assert_int_equal(p->stacks.ptr[1].tid, 43);
	assert_num(p->stacks.ptr[1].sp, 0x5510);
	system_free(s);
}

static void a_thread_that_runs_has_no_stack_to_show(void **state)
{
	struct system *s = threads();

	(void)state;
	system_say(s, SV_OP_SHORT, SECOND, "running\n");
	capture(s, 1);
	assert_int_equal(process(s)->stacks.len, 2);
	assert_false(process(s)->stacks.ptr[1].sp.known);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	system_free(s);
}

static void a_thread_that_ended_is_none(void **state)
{
	struct system *s = threads();

	(void)state;
	system_fail(s, SV_OP_SHORT, SECOND, ENOENT);
	capture(s, 0);
	assert_int_equal(process(s)->stacks.len, 1);
	system_free(s);
}

/* A missing interface is a gap, and costs no more than its column. */
static void a_kernel_without_the_file(void **state)
{
	struct system *s = threads();

	(void)state;
	system_fail(s, SV_OP_SHORT, FIRST, ENOENT);
	system_fail(s, SV_OP_SHORT, SECOND, ENOENT);
	capture(s, 1);
	assert_int_equal(process(s)->stacks.len, 0);
	assert_false(s->capture.obs->gaps.ptr[0].counts);
	system_free(s);
}

static void what_may_not_be_read_is_a_gap(void **state)
{
	struct system *s = threads();

	(void)state;
	system_fail(s, SV_OP_SHORT, SECOND, EPERM);
	capture(s, 1);
	assert_int_equal(process(s)->stacks.len, 2);
	assert_false(process(s)->stacks.ptr[1].sp.known);
	system_fail(s, SV_OP_LIST, TASK, EACCES);
	assert_int_equal(sv_capture_locks(&s->capture, NULL), 0);
	assert_int_equal(s->capture.obs->gaps.len, 2);
	system_free(s);
}

static void a_process_that_is_gone(void **state)
{
	struct system *s = threads();

	(void)state;
	system_fail(s, SV_OP_PIN, STAT, ESRCH);
	capture(s, 0);
	assert_int_equal(process(s)->stacks.len, 0);
	assert_false(process(s)->stacks_known);
	system_free(s);
}

static void memory_is_out(void **state)
{
	struct system *s = threads();
	struct safevma_error err = { 0 };

	(void)state;
	system_fail(s, SV_OP_SHORT, SECOND, ENOMEM);
	assert_int_equal(sv_capture_locks(&s->capture, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_NOMEM);
	system_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_as_they_are),
		cmocka_unit_test(what_the_kernel_lacks),
		cmocka_unit_test(what_is_hidden),
		cmocka_unit_test(what_the_configuration_says),
		cmocka_unit_test(settings_that_make_no_sense),
		cmocka_unit_test(stacks),
		cmocka_unit_test(a_thread_that_runs_has_no_stack_to_show),
		cmocka_unit_test(a_thread_that_ended_is_none),
		cmocka_unit_test(a_kernel_without_the_file),
		cmocka_unit_test(what_may_not_be_read_is_a_gap),
		cmocka_unit_test(a_process_that_is_gone),
		cmocka_unit_test(memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
