// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who else comes to hold secretmem, and what tells it from other memory. Hazard: a second holder
 * that nobody counted, a look-alike, a neighbour in RAM.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "iface/kpage.h"
#include "probe.h"

#define COST "1 page of secretmem: the linear map stays split (x86)"

/* How a child ends that could read the marker, and one that was refused it. */
enum { SAW = 7, REFUSED = 8 };

/* A child that was never made, or that failed at something else, says nothing. */
static int saw(struct sv_trial *t, pid_t pid)
{
	int status;

	if (pid < 0)
		return sv_could_not(t, "fork");
	if (!sv_trial_wait(pid, SV_TRIAL_MS, &status) && WIFEXITED(status) &&
		(WEXITSTATUS(status) == SAW || WEXITSTATUS(status) == REFUSED))
		return WEXITSTATUS(status) == SAW;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return 0; /* at the page: it is not mapped there */
	sv_unknown(t, SV_REASON_FAILED, "the other process ended with status 0x%x", status);
	return -1;
}

static void by_fork(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL);
	int seen;
	pid_t pid;

	if (!page)
		return;
	sv_mark(page, 1);
	pid = sv_trial_fork();
	if (!pid) {
		bool there = sv_marked(page, 0);

		page[100] = 1;
		_exit(there ? SAW : REFUSED);
	}
	seen = saw(t, pid);
	if (seen > 0)
		sv_refuted(t, "a child of fork() read the marker%s",
			page[100] ? " and wrote a byte that the parent sees" : "");
	else if (!seen)
		sv_holds(t, "a child of fork() did not get at it");
}

/* ---- a descriptor handed on ------------------------------------------------------------------ */

static int send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Forked before there was any secretmem: it has nothing but what it is sent. */
static int stranger(int sock)
{
	int fd = receive_fd(sock);
	char *page = mmap(NULL, sv_page_size(), PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) /* nor for want of a descriptor or of locked memory */
		return fd >= 0 && (errno == EACCES || errno == EPERM) ? REFUSED : 1;
	return sv_marked(page, 0) ? SAW : REFUSED;
}

static void by_descriptor(struct sv_trial *t)
{
	int pair[2], fd = -1, seen;
	char *page;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		sv_could_not(t, "make a socket");
		return;
	}
	pid = sv_trial_fork();
	if (!pid) {
		close(pair[0]);
		_exit(stranger(pair[1]));
	}
	close(pair[1]);
	page = sv_secret_pages(t, 1, &fd);
	if (page) {
		sv_mark(page, 1);
		if (send_fd(pair[0], fd))
			sv_could_not(t, "send a descriptor");
		else if ((seen = saw(t, pid)) > 0)
			sv_refuted(
				t, "a process that was sent the descriptor mapped it and read it");
		else if (!seen)
			sv_holds(t, "a process that was sent the descriptor could not read it");
	}
	close(pair[0]);
}

/* ---- core dumps ------------------------------------------------------------------------------ */

/* A tmpfs that is mounted nowhere: what lies in it is seen by us alone, and gone when we are. */
static int detached_tmpfs(struct sv_trial *t)
{
	sv_auto_fd int fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
	int fd = -1;

	if (fs >= 0 && !syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	return fd >= 0 ? fd : sv_could_not(t, "make a tmpfs of our own");
}

static void crash_here(char *plain, char *secret)
{
	struct rlimit limit;

	sv_mark(plain, 1);
	sv_mark(secret, 1);
	/* A tag after the marker tells the two apart in the dump. */
	memcpy(plain + 64, "plain", 5);
	memcpy(secret + 64, "secret", 6);
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	madvise(secret, sv_page_size(), MADV_DODUMP);
	raise(SIGABRT);
}

/* Once for the page that must be there, once for the one that must not. */
static bool dumped(const struct sv_strbuf *core, const char *tag)
{
	const char *at = core->ptr, *end = core->ptr + core->len;

	while ((at = memmem(at, (size_t)(end - at), sv_marker(), SV_MARK_LEN))) {
		if (end - at > 80 && !memcmp(at + 64, tag, strlen(tag)))
			return true;
		at++;
	}
	return false;
}

static void tell_core(struct sv_trial *t, const struct sv_strbuf *core)
{
	bool plain = dumped(core, "plain"), secret = dumped(core, "secret");

	if (secret)
		sv_refuted(t, "a core of %zu kB holds the marker of secretmem", core->len / 1024);
	else if (plain)
		sv_holds(t,
			"a core of %zu kB holds the marker of ordinary memory, not of secretmem",
			core->len / 1024);
	else
		sv_unknown(t, SV_REASON_CONTROL, "a core of %zu kB holds neither marker",
			core->len / 1024);
}

static bool pattern_usable(struct sv_trial *t)
{
	sv_auto_strbuf struct sv_strbuf pattern = { 0 };

	if (!sv_read_text("/proc/sys/kernel/core_pattern", &pattern)) {
		sv_could_not(t, "read core_pattern");
		return false;
	}
	if (pattern.ptr[0] != '|' && pattern.ptr[0] != '@' && !strchr(pattern.ptr, '/'))
		return true;
	sv_unknown(
		t, SV_REASON_SETTING, "core_pattern sends cores elsewhere: '%.40s'", pattern.ptr);
	return false;
}

/* The one file in the directory that we are in, whatever the settings call it. */
static bool find_core(struct sv_strbuf *ret)
{
	DIR *dir = opendir(".");
	const struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir)))
		found = e->d_name[0] != '.' && sv_read_text(e->d_name, ret);
	if (dir)
		closedir(dir);
	return found;
}

static void core_dump(struct sv_trial *t)
{
	char *plain = sv_pages(t, 1), *secret = plain ? sv_secret_pages(t, 1, NULL) : NULL;
	sv_auto_fd int dir = secret && pattern_usable(t) ? detached_tmpfs(t) : -1;
	sv_auto_strbuf struct sv_strbuf core = { 0 };
	int status = 0;
	pid_t pid;

	if (dir < 0)
		return;
	if (fchdir(dir)) {
		sv_could_not(t, "enter a tmpfs of our own");
		return;
	}
	pid = sv_trial_fork();
	if (!pid)
		crash_here(plain, secret);
	if (pid < 0 || sv_trial_wait(pid, SV_TRIAL_MS, &status))
		sv_could_not(t, "fork");
	else if (!WCOREDUMP(status))
		sv_unknown(t, SV_REASON_SETTING, "no core was written (RLIMIT_CORE?)");
	else if (!find_core(&core))
		sv_unknown(t, SV_REASON_UNREADABLE, "the core could not be found by its name");
	else
		tell_core(t, &core);
}

/* ---- names and neighbours -------------------------------------------------------------------- */

/* Maps one page of a file and says how maps calls it, its path alone. */
static bool shown_as(struct sv_trial *t, int fd, char *buf, size_t size)
{
	char *at = mmap(NULL, sv_page_size(), PROT_READ, MAP_SHARED, fd, 0);
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_text lines;
	struct sv_span line;
	char start[24];

	if (at == MAP_FAILED || !sv_read_text("/proc/self/maps", &text)) {
		sv_could_not(t, "map a file and read maps");
		return false;
	}
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)at);
	lines = sv_text_init(text.ptr, text.len, "maps");
	while (sv_text_line(&lines, &line)) {
		const char *path = memchr(line.ptr, '/', line.len);

		if (!sv_take_lit(&line, start) || !path)
			continue;
		snprintf(buf, size, "%.*s", (int)(line.ptr + line.len - path), path);
		return true;
	}
	sv_unknown(t, SV_REASON_UNREADABLE, "a mapping of ours is not in maps");
	return false;
}

static int look_alike(struct sv_trial *t)
{
	sv_auto_fd int dir = detached_tmpfs(t);
	int fd = dir < 0 ? -1 : openat(dir, "secretmem", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (dir < 0)
		return -1;
	if (fd < 0 || unlinkat(dir, "secretmem", 0) || ftruncate(fd, (off_t)sv_page_size()))
		return sv_could_not(t, "make a file named secretmem");
	return fd;
}

static void name_spoof(struct sv_trial *t)
{
	sv_auto_fd int real = sv_memfd_secret(0), other = -1;
	char name[64], same[64];
	struct statfs a, b;

	if (real < 0 || ftruncate(real, (off_t)sv_page_size())) {
		sv_could_not(t, "memfd_secret");
		return;
	}
	other = look_alike(t);
	if (other < 0 || !shown_as(t, real, name, sizeof(name)) ||
		!shown_as(t, other, same, sizeof(same)))
		return;
	if (fstatfs(real, &a) || fstatfs(other, &b))
		sv_could_not(t, "statfs");
	else if (strcmp(name, same) != 0)
		sv_holds(t, "secretmem is '%s', a file of that name '%s'", name, same);
	else
		sv_refuted(t, "'%s' is the name of both; f_type 0x%lx and 0x%lx", name,
			(unsigned long)a.f_type, (unsigned long)b.f_type);
}

enum { NEIGHBOURS = 64 };

static void beside_slab(struct sv_trial *t)
{
	char *pages = sv_secret_pages(t, NEIGHBOURS, NULL);
	size_t below = 0, above = 0;

	if (!pages)
		return;
	sv_mark(pages, NEIGHBOURS);
	for (size_t i = 0; i < NEIGHBOURS; i++) {
		uint64_t pfn, under, over;

		if (!sv_frame_of(t, 0, pages + i * sv_page_size(), &pfn) ||
			!sv_frame_flags(t, pfn - 1, &under) || !sv_frame_flags(t, pfn + 1, &over))
			return;
		below += !!(under & SV_KPF_SLAB);
		above += !!(over & SV_KPF_SLAB);
	}
	if (below + above)
		sv_refuted(t, "of %d frames %zu have slab right below, %zu right above", NEIGHBOURS,
			below, above);
	else
		sv_unknown(t, SV_REASON_NOT_PROVOKED,
			"none of %d frames lies beside slab this time", NEIGHBOURS);
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-fork",
		.statement = "only the owner can access secretmem",
		.source = "deck 50",
		.expected = "a child of fork() cannot read it",
		.experiment = "write a marker, fork, read and write it in the child",
		.limits = "MADV_DONTFORK would keep it from the child",
		.cost = COST,
		.costly = true,
		.run = by_fork },
	{ .id = "secretmem-fd-passing",
		.statement = "secretmem stays with the process that made it",
		.source = "deck 50",
		.expected = "a process that is handed the descriptor cannot map it",
		.experiment = "send the descriptor by SCM_RIGHTS to a process forked before, map "
			      "it there",
		.limits = "the owner must hand it on, or be made to (pidfd_getfd)",
		.cost = COST,
		.costly = true,
		.run = by_descriptor },
	{ .id = "secretmem-core",
		.statement = "core dumps do not hold secretmem",
		.source = "memfd_secret(2)",
		.expected = "a core without the marker, even after MADV_DODUMP",
		.experiment =
			"a child with a marker in both kinds of memory aborts; search its core",
		.limits = "the kernel's own dump; not where core_pattern names a program",
		.cost = COST "; a core file",
		.costly = true,
		.run = core_dump },
	{ .id = "secretmem-path",
		.statement = "a mapping named /secretmem is secretmem",
		.source = "tools that go by the name in maps",
		.expected = "no other file is shown by that name",
		.experiment = "map a deleted file 'secretmem' of a tmpfs of our own, compare names",
		.limits = "shows that names lie, and that f_type does not; no page is touched",
		.cost = "none: no page of secretmem is touched",
		.run = name_spoof },
	{ .id = "secretmem-physical",
		.statement = "secretmem gives isolation at the physical level",
		.source = "deck 48",
		.expected = "no frame of secretmem beside kernel memory",
		.experiment = "touch 64 pages, read the flags of the frames below and above each",
		.limits = "frame numbers of this system; below a hypervisor DRAM differs",
		.cost = "64 pages of secretmem: the linear map stays split (x86)",
		.costly = true,
		.run = beside_slab },
};

SV_LEDGER(sv_claims_secret_share, claims);
