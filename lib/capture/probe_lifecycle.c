// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What fork() and execve() do to a process's memory. Hazard: locks, descriptors and mappings that a
 * safety function counts on are gone, or are still there, after either.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "iface/pagemap.h"
#include "probe.h"

/* ---- fork ------------------------------------------------------------------------------------ */

static int do_nothing(struct sv_trial *t, uint64_t *held, const void *arg)
{
	(void)t;
	(void)held;
	(void)arg;
	return 0;
}

static void fork_cow(struct sv_trial *t)
{
	char *page = sv_pages(t, 1);
	struct sv_keeper child;
	uint64_t ours, theirs;

	if (!page)
		return;
	*page = 1;
	if (!sv_hold(t, do_nothing, NULL, &child) && sv_frame_of(t, 0, page, &ours) &&
		sv_frame_of(t, child.pid, page, &theirs)) {
		if (ours == theirs)
			sv_holds(t, "after fork both have frame 0x%llx", (unsigned long long)ours);
		else
			sv_refuted(t, "parent has frame 0x%llx, child 0x%llx",
				(unsigned long long)ours, (unsigned long long)theirs);
	}
	sv_release(&child);
}

static bool locked_kb(struct sv_trial *t, pid_t pid, uint64_t *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (sv_read_key(path, "VmLck", ret))
		return true;
	sv_could_not(t, "read VmLck");
	return false;
}

static char *locked_pages(struct sv_trial *t, size_t pages)
{
	char *at = sv_pages(t, pages);

	if (at && !sv_mlock(at, pages * sv_page_size()))
		return at;
	if (at)
		sv_could_not(t, "mlock");
	return NULL;
}

static void fork_locks(struct sv_trial *t)
{
	char *pages = locked_pages(t, 4);
	struct sv_keeper child;
	uint64_t ours, theirs;

	if (!pages)
		return;
	if (!sv_hold(t, do_nothing, NULL, &child) && locked_kb(t, getpid(), &ours) &&
		locked_kb(t, child.pid, &theirs)) {
		if (!ours)
			sv_unknown(t, SV_REASON_CONTROL, "VmLck of the parent is 0 after mlock");
		else if (!theirs)
			sv_holds(t, "VmLck: parent %llu kB, child 0 kB", (unsigned long long)ours);
		else
			sv_refuted(t, "VmLck: parent %llu kB, child %llu kB",
				(unsigned long long)ours, (unsigned long long)theirs);
	}
	sv_release(&child);
}

/* A page that both write to: private by no means. */
static void private_vmas(struct sv_trial *t)
{
	char *page = mmap(
		NULL, sv_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	if (page == MAP_FAILED) {
		sv_could_not(t, "map shared memory");
		return;
	}
	*page = 1;
	pid = sv_trial_fork();
	if (!pid) {
		*page = 2;
		_exit(0);
	}
	if (pid < 0 || sv_trial_wait(pid, SV_TRIAL_MS, &status))
		sv_could_not(t, "fork");
	else if (*page == 2)
		sv_refuted(t, "a child wrote 2 into a MAP_SHARED page and the parent reads 2");
	else
		sv_holds(t, "the parent reads %d after the child wrote 2", *page);
}

/* ---- execve ---------------------------------------------------------------------------------- */

/*
 * A child that stands right behind its execve(), before the first instruction of the new program:
 * tracing stops it there. Which program does not matter, and nothing of it runs.
 */
static pid_t stopped_after_exec(struct sv_trial *t, int (*before)(struct sv_trial *t))
{
	pid_t pid = sv_trial_fork();
	int status;

	if (!pid) {
		char *const argv[] = { (char[]) { "safevma-probe" }, NULL };
		char *const envp[] = { NULL };

		if (!before(t) && !ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	if (pid < 0) {
		sv_could_not(t, "fork");
		return -1;
	}
	if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		return pid;
	if (t->verdict == SAFEVMA_VERDICT_ERROR)
		sv_unknown(t, SV_REASON_PRIVILEGE, "a child could not be stopped after execve");
	return -1;
}

static void end_stopped(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static int map_shared(struct sv_trial *t)
{
	int fd = memfd_create("safevma-exec", 0);
	char *at = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)sv_page_size()))
		at = mmap(NULL, sv_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return sv_could_not(t, "map a memfd");
	*at = 1;
	return sv_mlock(at, sv_page_size()) ? sv_could_not(t, "mlock") : 0;
}

static int mappings_of(pid_t pid, const char *name)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (!sv_read_text(path, &text))
		return -1;
	for (const char *at = text.ptr; (at = strstr(at, name)); at++)
		n++;
	return n;
}

static void execve_shared(struct sv_trial *t)
{
	pid_t pid = stopped_after_exec(t, map_shared);
	int n;

	if (pid < 0)
		return;
	n = mappings_of(pid, "safevma-exec");
	end_stopped(pid);
	if (n < 0)
		sv_could_not(t, "read maps of a child");
	else if (n)
		sv_holds(t, "after execve %d MAP_SHARED mapping is still there", n);
	else
		sv_refuted(t, "a MAP_SHARED memfd: mapped before execve, no mapping after it");
}

static void execve_locks(struct sv_trial *t)
{
	pid_t pid = stopped_after_exec(t, map_shared);
	uint64_t kb;
	bool known;

	if (pid < 0)
		return;
	known = locked_kb(t, pid, &kb);
	end_stopped(pid);
	if (known && !kb)
		sv_holds(t, "VmLck: locked before execve, 0 kB after it");
	else if (known)
		sv_refuted(t, "VmLck: %llu kB after execve", (unsigned long long)kb);
}

enum { HIGH_FD = 200 };

static int keep_fd(struct sv_trial *t)
{
	int fd = memfd_create("safevma-kept", 0);

	if (fd < 0 || dup2(fd, HIGH_FD) < 0)
		return sv_could_not(t, "make a memfd");
	return 0;
}

static void cloexec_default(struct sv_trial *t)
{
	int fd = memfd_create("safevma-flag", 0), flags = fd < 0 ? -1 : fcntl(fd, F_GETFD);
	pid_t pid = flags < 0 ? sv_could_not(t, "make a memfd") : stopped_after_exec(t, keep_fd);
	char path[64];
	bool open;

	if (pid < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, HIGH_FD);
	open = !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
	end_stopped(pid);
	if (flags & FD_CLOEXEC && !open)
		sv_holds(t, "a memfd is made with FD_CLOEXEC and gone after execve");
	else
		sv_refuted(t, "a memfd made without flags: FD_CLOEXEC %s, %s after execve",
			flags & FD_CLOEXEC ? "set" : "not set", open ? "still open" : "closed");
}

static const struct sv_claim claims[] = {
	{ .id = "fork-cow",
		.statement = "fork() clones mm and VMAs, sharing frames until one side writes",
		.source = "deck 18; fork(2)",
		.expected = "parent and child have the same frame of a page that both only hold",
		.experiment = "write a page, fork, read pagemap of both",
		.limits = "one anonymous page; says nothing of huge pages",
		.cost = "one page",
		.run = fork_cow },
	{ .id = "fork-locks",
		.statement = "memory locks are not inherited by a child of fork()",
		.source = "mlock(2)",
		.expected = "VmLck of the child is 0",
		.experiment = "lock four pages, fork, read VmLck of both",
		.limits = "the child's copies stay resident until reclaim comes for them",
		.cost = "four pages",
		.run = fork_locks },
	{ .id = "private-vmas",
		.statement = "the VMAs of a process are private to it",
		.source = "deck 12",
		.expected = "what a child writes is never seen by its parent",
		.experiment = "a child of fork() writes to a MAP_SHARED page of both",
		.limits = "shows that the exception exists, not how common it is",
		.cost = "one page",
		.run = private_vmas },
	{ .id = "execve-shared",
		.statement = "execve() tears down the old VMAs except shared ones",
		.source = "deck 19",
		.expected = "a MAP_SHARED mapping is still in maps after execve()",
		.experiment =
			"map a memfd shared, execve under ptrace, read maps at the first stop",
		.limits = "the object behind a mapping lives on in inherited descriptors",
		.cost = "one child that is traced and ended",
		.run = execve_shared },
	{ .id = "execve-locks",
		.statement = "memory locks are removed by execve()",
		.source = "mlock(2)",
		.expected = "VmLck is 0 after execve()",
		.experiment = "lock a page, execve under ptrace, read VmLck at the first stop",
		.limits = "the new program may lock again",
		.cost = "one child that is traced and ended",
		.run = execve_locks },
	{ .id = "cloexec-default",
		.statement = "defaults like O_CLOEXEC limit what execve() carries over",
		.source = "deck 20",
		.expected = "a descriptor made without flags is closed by execve()",
		.experiment = "memfd_create() without flags, execve under ptrace, look for it",
		.limits = "programs and libraries may set the flag by habit",
		.cost = "one child that is traced and ended",
		.run = cloexec_default },
};

SV_LEDGER(sv_claims_lifecycle, claims);
