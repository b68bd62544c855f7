// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recording.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "capture/probe.h"

/* ---- the ledger ------------------------------------------------------------------------------ */

static bool a_line(const char *text)
{
	return text && *text && !strpbrk(text, "\n\t");
}

static void every_claim_is_whole(void **state)
{
	const struct sv_claim *c;
	size_t n = 0;

	(void)state;
	for (; (c = sv_claim_at(n)); n++) {
		assert_true(a_line(c->id) && a_line(c->statement) && a_line(c->source));
		assert_true(a_line(c->expected) && a_line(c->experiment));
		assert_true(a_line(c->limits) && a_line(c->cost));
		assert_true(!c->run != !c->look);
		assert_int_equal(strspn(c->id, "abcdefghijklmnopqrstuvwxyz-"), strlen(c->id));
		assert_true(strlen(c->id) < 24);
	}
	assert_true(n >= 32);
	assert_null(sv_claim_at(n + 100));
}

static void names_are_unique(void **state)
{
	const struct sv_claim *a, *b;

	(void)state;
	for (size_t i = 0; (a = sv_claim_at(i)); i++)
		for (size_t k = i + 1; (b = sv_claim_at(k)); k++)
			assert_string_not_equal(a->id, b->id);
}

/* Who says that an experiment costs pages of secretmem also asks before it is run. */
static void what_costs_asks(void **state)
{
	const struct sv_claim *c;

	(void)state;
	for (size_t i = 0; (c = sv_claim_at(i)); i++)
		assert_int_equal(c->costly, strstr(c->cost, "stays split") != NULL);
}

/* ---- names of a request ---------------------------------------------------------------------- */

static void check_name(const char *name, const char *expected)
{
	struct safevma_request request = { .probe = { .names = &name, .names_count = 1 } };
	struct safevma_error err = { 0 };

	assert_int_equal(safevma_request_check(&request, &err), expected ? -1 : 0);
	assert_string_equal(err.message, expected ? expected : "");
	assert_int_equal(err.code, expected ? SAFEVMA_E_USAGE : SAFEVMA_OK);
}

static void names(void **state)
{
	(void)state;
	check_name("fork-cow", NULL);
	check_name("fork-cwo",
		"'fork-cwo' is no claim of the ledger; is 'fork-cow' meant?; safevma probe --list "
		"names them");
	check_name("xyzzyxyzzyxyzzy",
		"'xyzzyxyzzyxyzzy' is no claim of the ledger; safevma probe --list names them");
	check_name("", "'' is no claim of the ledger; is 'linear-alias' meant?; safevma probe "
		       "--list names them");
}

static void long_names(void **state)
{
	char name[5000];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;

	struct safevma_request request = { .probe = { .names = (const char *[]) { name },
						   .names_count = 1 } };
	assert_int_equal(safevma_request_check(&request, NULL), -1);
}

/* ---- results --------------------------------------------------------------------------------- */

static void reasons_of_errors(void **state)
{
	struct sv_trial t = { 0 };

	(void)state;
	errno = ENOSYS;
	assert_int_equal(sv_could_not(&t, "memfd_secret"), -1);
	assert_int_equal(t.verdict, SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(t.reason, SV_REASON_UNSUPPORTED);
	assert_string_equal(t.observed, "memfd_secret: Function not implemented");
	errno = EPERM;
	(void)sv_could_not(&t, "open");
	assert_int_equal(t.reason, SV_REASON_PRIVILEGE);
	sv_holds(&t, "%d of %d", 2, 2);
	assert_int_equal(t.verdict, SAFEVMA_VERDICT_PASS);
	assert_int_equal(t.reason, SV_REASON_NONE);
}

static enum safevma_verdict refused(int errnum)
{
	struct sv_trial t = { 0 };

	sv_refused(&t, errnum, EFAULT, "write");
	return t.verdict;
}

/* That a disk is full, or a limit reached, is no evidence of a mechanism. */
static void the_wrong_refusal(void **state)
{
	(void)state;
	assert_int_equal(refused(EFAULT), SAFEVMA_VERDICT_PASS);
	assert_int_equal(refused(ENOSPC), SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(refused(EAGAIN), SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(refused(0), SAFEVMA_VERDICT_UNKNOWN);
}

static enum safevma_verdict isolation(const char *meltdown, const char *cpuinfo)
{
	struct sv_trial t = { 0 };

	sv_tell_isolation(&t, meltdown, cpuinfo);
	return t.verdict;
}

/* pti=on isolates where the processor does not need it, and the kernel says "Not affected". */
static void page_table_isolation(void **state)
{
	const char *plain = "processor\t: 0\nflags\t\t: fpu ptif pts\nbugs\t: pti \n";
	const char *first = "processor\t: 0\nflags\t\t: fpu pti nx\nbugs\t:\n";
	const char *last = "processor\t: 0\nflags\t\t: fpu pti\nbugs\t:\n";
	const char *arm = "processor\t: 0\nFeatures\t: fp asimd\n";

	(void)state;
	assert_int_equal(isolation("Mitigation: PTI\n", plain), SAFEVMA_VERDICT_FAIL);
	assert_int_equal(isolation("Not affected\n", first), SAFEVMA_VERDICT_FAIL);
	assert_int_equal(isolation("Not affected\n", last), SAFEVMA_VERDICT_FAIL);
	assert_int_equal(isolation("Not affected\n", plain), SAFEVMA_VERDICT_PASS);
	assert_int_equal(isolation("Vulnerable\n", arm), SAFEVMA_VERDICT_PASS);
	assert_int_equal(isolation("Not affected\n", arm), SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(
		isolation("Unknown (XEN PV detected, hypervisor mitigation required)\n", plain),
		SAFEVMA_VERDICT_UNKNOWN);
	assert_int_equal(isolation("", plain), SAFEVMA_VERDICT_UNKNOWN);
}

/* ---- children -------------------------------------------------------------------------------- */

static void a_child_that_hangs(void **state)
{
	pid_t pid = sv_trial_fork();
	int status;

	(void)state;
	if (!pid)
		for (;;)
			pause();
	assert_int_equal(sv_trial_wait(pid, 50, &status), -1);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static void a_child_that_ends(void **state)
{
	pid_t pid = sv_trial_fork();
	int status;

	(void)state;
	if (!pid)
		_exit(5);
	assert_int_equal(sv_trial_wait(pid, SV_TRIAL_MS, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 5);
}

static int leave_a_word(struct sv_trial *t, uint64_t *held, const void *arg)
{
	if (!arg)
		return sv_could_not(t, "leave a word");
	held[0] = *(const uint64_t *)arg;
	return 0;
}

static int crash(struct sv_trial *t, uint64_t *held, const void *arg)
{
	(void)held;
	(void)arg;
	snprintf(t->step, sizeof(t->step), "falling");
	raise(SIGKILL);
	return 0;
}

static void a_holder(void **state)
{
	struct sv_trial *t =
		mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t word = 42;
	struct sv_keeper h;

	(void)state;
	assert_int_equal(sv_hold(t, leave_a_word, &word, &h), 0);
	assert_int_equal(h.held[0], 42);
	assert_int_equal(kill(h.pid, 0), 0);
	sv_release(&h);
	assert_int_equal(kill(h.pid, 0), -1);
	errno = EPERM;
	assert_int_equal(sv_hold(t, leave_a_word, NULL, &h), -1);
	assert_int_equal(t->reason, SV_REASON_PRIVILEGE);
	sv_release(&h);
	t->verdict = SAFEVMA_VERDICT_ERROR;
	assert_int_equal(sv_hold(t, crash, NULL, &h), -1);
	assert_int_equal(t->reason, SV_REASON_CRASHED);
	assert_string_equal(t->observed, "it ended while: falling");
	sv_release(&h);
	sv_release(&(struct sv_keeper) { 0 }); /* one that never began */
	munmap(t, sizeof(*t));
}

/* ---- through the root ------------------------------------------------------------------------ */

static int reads_on_its_way(void *arg, struct sv_strbuf *ret)
{
	struct sv_place place = { .iface = SV_IFACE_SWAPS, .tag = "meanwhile" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	if (sv_root_read_all(arg, &place, &text, NULL))
		return EIO;
	return sv_strbuf_printf(ret, "said\n") ? ENOMEM : 0;
}

static safevma_root *recorded_root(void)
{
	struct safevma_root_options options = { .record_dir = scratch_path("rec") };
	safevma_root *root;

	assert_int_equal(safevma_root_open(&options, &root, NULL), 0);
	return root;
}

/* What an experiment says is in the recording; what it read is not, what others read is. */
static void deaf_meanwhile(void **state)
{
	safevma_root *root = recorded_root();
	struct sv_call call = { .op = SV_OP_EXPERIMENT,
		.place = { .iface = SV_IFACE_PROC, .tag = "trial" },
		.run = reads_on_its_way,
		.arg = root };
	struct sv_place after = { .iface = SV_IFACE_SWAPS, .tag = "after" };
	sv_auto_strbuf struct sv_strbuf text = { 0 }, more = { 0 };

	(void)state;
	assert_int_equal(sv_root_call(root, &call, &text, NULL), 0);
	assert_string_equal(text.ptr, "said\n");
	assert_int_equal(sv_root_read_all(root, &after, &more, NULL), 0);
	assert_int_equal(safevma_root_close(root, NULL), 0);
	assert_int_equal(access(scratch_path("rec/proc/swaps@meanwhile"), F_OK), -1);
	assert_int_equal(access(scratch_path("rec/proc/swaps@after"), F_OK), 0);
	root = open_replay("rec", NULL);
	call.run = NULL; /* not called */
	text.len = 0;
	assert_int_equal(sv_root_call(root, &call, &text, NULL), 0);
	assert_string_equal(text.ptr, "said\n");
	close_root(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_claim_is_whole),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(what_costs_asks),
		cmocka_unit_test(names),
		cmocka_unit_test(long_names),
		cmocka_unit_test(reasons_of_errors),
		cmocka_unit_test(the_wrong_refusal),
		cmocka_unit_test(page_table_isolation),
		cmocka_unit_test(a_child_that_hangs),
		cmocka_unit_test(a_child_that_ends),
		cmocka_unit_test(a_holder),
		scratch_test(deaf_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
