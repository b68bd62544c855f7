// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is read of processes that were not selected, and which of them share one memory. */
#include "system.h"

#include "iface/pagemap.h"

#define BODY(rss)                                                                                  \
	"Rss: " rss " kB\nAnonymous: " rss " kB\nSwap: 0 kB\nKernelPageSize: 4 kB\n"               \
	"VmFlags: rd wr mr mw me ac\n"
#define STACK(rss) "00001000-00003000 rw-p 00000000 00:00 0 [stack]\n" BODY(rss)
#define SECRET                                                                                     \
	"00008000-0000a000 rw-s 00000000 00:0c 2071 /secretmem (deleted)\n"                        \
	"Rss: 4 kB\nAnonymous: 0 kB\nSwap: 0 kB\nVmFlags: rd wr sh mr mw ms lo dd\n"
#define MEMINFO                                                                                    \
	"MemTotal: 1000 kB\nSwapTotal: 8 kB\nCommitted_AS: 60 kB\nCommitLimit: 500 kB\n"           \
	"Shmem: 12 kB\nPageTables: 20 kB\nSecPageTables: 4 kB\nKernelStack: 16 kB\n"               \
	"SUnreclaim: 24 kB\nPercpu: 28 kB\n"
#define HUGE	   "HugePages_Total: 3\nHugepagesize: 2048 kB\n"

#define ALONE(pfn) (SV_PAGEMAP_PRESENT | SV_PAGEMAP_EXCLUSIVE | (pfn))

/* Entries of pages 0 to 2; the stack is pages 1 and 2. */
static const uint64_t first[] = { 0, ALONE(0x51), ALONE(0x52) },
		      same[] = { 0, ALONE(0x51), ALONE(0x52) },
		      other[] = { 0, ALONE(0x61), ALONE(0x62) },
		      hidden[] = { 0, ALONE(0), ALONE(0) },
		      mapped_twice[] = { 0, SV_PAGEMAP_PRESENT | 0x51, SV_PAGEMAP_PRESENT | 0x52 };

static void process(
	struct system *s, pid_t pid, const char *stat, const char *smaps_path, const char *smaps)
{
	system_process(s, pid)->vm_pte = sv_known(40 * KB);
	system_say(s, SV_OP_PIN, stat, "");
	system_say(s, FILES, smaps_path, smaps);
}

static void pagemap(struct system *s, const char *path, const uint64_t *words, size_t n)
{
	struct answer *a;

	system_say(s, FILES, path, "");
	a = system_find(s, FILES, path);
	a->data = words;
	a->len = n;
}

static struct system *machine(const char *smaps)
{
	struct system *s = system_new("x86_64");

	system_process(s, 2)->kernel_thread = true;
	system_say(s, FILES, "/proc/meminfo", MEMINFO HUGE);
	system_say(s, FILES, "/proc/sys/vm/admin_reserve_kbytes", "8192\n");
	system_say(s, FILES, "/proc/sys/vm/user_reserve_kbytes", "131072\n");
	process(s, 42, "/proc/42/stat", "/proc/42/smaps", smaps);
	return s;
}

static struct system *twins(const char *smaps, const uint64_t *words)
{
	struct system *s = machine(STACK("8"));

	process(s, 43, "/proc/43/stat", "/proc/43/smaps", smaps);
	pagemap(s, "/proc/42/pagemap", first, sizeof(first));
	if (words)
		pagemap(s, "/proc/43/pagemap", words, sizeof(first));
	return s;
}

static const struct sv_process *capture(struct system *s, size_t gaps)
{
	assert_int_equal(sv_capture_commit(&s->capture, NULL), 0);
	assert_int_equal(s->capture.obs->gaps.len, gaps);
	return s->capture.obs->processes.ptr;
}

static void one_that_was_not_selected(void **state)
{
	struct system *s = machine(STACK("8") SECRET);
	const struct sv_process *p;

	(void)state;
	system_say(s, SV_OP_MAGIC, "/proc/42/map_files/8000-a000", "0x5345434d\n");
	p = capture(s, 0) + 1;
	assert_int_equal(p->fate, SV_FATE_STABLE);
	assert_int_equal(p->vmas.len, 2);
	assert_int_equal(p->vmas.ptr[0].kind, SV_VMA_STACK);
	assert_num(p->vmas.ptr[0].flags, SV_VMFLAG_ACCOUNT);
	assert_num(p->vmas.ptr[0].anonymous, 8 * KB);
	assert_span(p->vmas.ptr[0].path, "[stack]");
	assert_span(p->vmas.ptr[1].path, "/secretmem (deleted)");
	assert_int_equal(p->vmas.ptr[1].kind, SV_VMA_SECRETMEM);
	assert_int_equal(p->memory_of, 0);
	system_free(s);
}

/* Not what it is called: what could not be asked is a gap, and no secretmem. */
static void secretmem_that_cannot_be_asked(void **state)
{
	struct system *s = machine(STACK("8") SECRET);

	(void)state;
	system_fail(s, SV_OP_MAGIC, "/proc/42/map_files/8000-a000", EPERM);
	assert_int_equal(capture(s, 1)[1].vmas.ptr[1].secret, SV_SECRET_UNKNOWN);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	system_free(s);
}

static void figures_of_the_system(void **state)
{
	struct system *s = machine(STACK("8"));
	const struct sv_system *f = &s->capture.obs->system;

	(void)state;
	capture(s, 0);
	assert_num(f->admin_reserve, 8192 * KB);
	assert_num(f->user_reserve, 131072 * KB);
	assert_num(f->swap_total, 8 * KB);
	assert_num(f->committed_as, 60 * KB);
	assert_num(f->committed_before, 60 * KB);
	assert_num(f->shmem, 12 * KB);
	assert_num(f->page_tables, 24 * KB);
	assert_num(f->kernel_stacks, 16 * KB);
	assert_num(f->slab_unreclaimable, 24 * KB);
	assert_num(f->percpu, 28 * KB);
	assert_num(f->hugetlb, 3 * 2048 * KB);
	system_free(s);
}

static void huge_pages_of_all_sizes_and_none(void **state)
{
	struct system *s = machine(STACK("8"));

	(void)state;
	system_say(s, FILES, "/proc/meminfo", MEMINFO HUGE "Hugetlb: 1054720 kB\n");
	capture(s, 0);
	assert_num(s->capture.obs->system.hugetlb, 1054720 * KB);
	system_free(s);
	s = machine(STACK("8"));
	system_say(s, FILES, "/proc/meminfo", MEMINFO);
	capture(s, 0);
	assert_num(s->capture.obs->system.hugetlb, 0); /* a kernel without them */
	system_free(s);
	s = machine(STACK("8"));
	system_say(s, FILES, "/proc/meminfo", MEMINFO "HugePages_Total: 3\n");
	capture(s, 0);
	assert_unknown(s->capture.obs->system.hugetlb);
	system_free(s);
}

static void what_cannot_be_read(void **state)
{
	struct system *s = machine(STACK("8"));

	(void)state;
	system_fail(s, FILES, "/proc/42/smaps", EACCES);
	assert_int_equal(capture(s, 1)[1].fate, SV_FATE_UNREAD);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	assert_string_equal(s->capture.obs->gaps.ptr[0].interface, "smaps");
	system_free(s);

	s = machine(STACK("8"));
	system_say(s, FILES, "/proc/42/smaps", "no mapping at all\n");
	assert_int_equal(capture(s, 1)[1].fate, SV_FATE_UNREAD);
	system_free(s);

	s = machine(STACK("8"));
	system_fail(s, FILES, "/proc/sys/vm/admin_reserve_kbytes", ENOENT);
	system_fail(s, FILES, "/proc/meminfo", EACCES);
	capture(s, 2);
	assert_unknown(s->capture.obs->system.admin_reserve);
	assert_unknown(s->capture.obs->system.committed_as);
	system_free(s);
}

static void what_has_no_memory_any_more(void **state)
{
	struct system *s = machine("");

	(void)state;
	assert_int_equal(capture(s, 0)[1].fate, SV_FATE_VANISHED);
	system_free(s);
	s = machine(STACK("8"));
	system_fail(s, SV_OP_PIN, "/proc/42/stat", ESRCH);
	assert_int_equal(capture(s, 0)[1].fate, SV_FATE_VANISHED);
	system_free(s);
	s = machine(STACK("8"));
	s->capture.obs->processes.ptr[1].state = 'Z';
	s->capture.obs->processes.ptr[1].threads = 2; /* they live on with its memory */
	assert_int_equal(capture(s, 1)[1].fate, SV_FATE_UNREAD);
	system_free(s);
}

static void hidden_processes(void **state)
{
	struct system *s = machine(STACK("8"));

	(void)state;
	s->capture.obs->processes.ptr[0].kernel_thread = false;
	s->capture.obs->processes.ptr[0].fate = SV_FATE_VANISHED;
	capture(s, 1);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	assert_string_equal(s->capture.obs->gaps.ptr[0].interface, "proc");
	system_free(s);
}

static void without_smaps(void **state)
{
	struct system *s = machine(STACK("8"));

	(void)state;
	s->capture.obs->no_smaps = true;
	assert_int_equal(capture(s, 1)[1].vmas.len, 0);
	assert_true(s->capture.obs->gaps.ptr[0].counts);
	system_free(s);
}

/* ---- one memory, two processes --------------------------------------------------------------- */

static void assert_shared(struct system *s, pid_t with, bool observed)
{
	const struct sv_process *p = capture(s, 0) + 2;

	assert_int_equal(p->memory_of, with);
	assert_int_equal(p->memory_of_observed, observed);
	system_free(s);
}

static void one_frame_mapped_once(void **state)
{
	(void)state;
	assert_shared(twins(STACK("8"), same), 42, true);
	/* Its figures may have changed between the two readings. */
	assert_shared(twins(STACK("4"), same), 42, true);
}

/* A child after fork() has equal mappings and equal figures, and frames of its own. */
static void frames_of_their_own(void **state)
{
	(void)state;
	assert_shared(twins(STACK("8"), other), 0, false);
}

static void what_frames_do_not_settle(void **state)
{
	(void)state;
	assert_shared(twins(STACK("8"), hidden), 42, false);
	assert_shared(twins(STACK("8"), mapped_twice), 42, false);
	assert_shared(twins(STACK("8"), NULL), 42, false);
	assert_shared(twins(STACK("4"), hidden), 0, false);
	assert_shared(twins(STACK("4"), NULL), 0, false);
}

static void other_mappings(void **state)
{
	(void)state;
	assert_shared(
		twins("00001000-00003000 rw-p 00000000 00:00 0 \n" BODY("8"), same), 0, false);
	assert_shared(
		twins(STACK("8") "00005000-00006000 rw-p 00000000 00:00 0 \n" BODY("4"), same), 0,
		false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_was_not_selected),
		cmocka_unit_test(secretmem_that_cannot_be_asked),
		cmocka_unit_test(figures_of_the_system),
		cmocka_unit_test(huge_pages_of_all_sizes_and_none),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(what_has_no_memory_any_more),
		cmocka_unit_test(hidden_processes),
		cmocka_unit_test(without_smaps),
		cmocka_unit_test(one_frame_mapped_once),
		cmocka_unit_test(frames_of_their_own),
		cmocka_unit_test(what_frames_do_not_settle),
		cmocka_unit_test(other_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
