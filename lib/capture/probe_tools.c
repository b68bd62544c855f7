// SPDX-License-Identifier: LGPL-2.1-or-later
/* What experiments share: results, children, memory and files of our own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "iface/pagemap.h"
#include "iface/smaps.h"
#include "probe.h"

/* ---- results --------------------------------------------------------------------------------- */

static void say(struct sv_trial *t, enum safevma_verdict verdict, enum sv_reason reason,
	const char *fmt, va_list ap)
{
	vsnprintf(t->observed, sizeof(t->observed), fmt, ap);
	t->reason = reason;
	t->verdict = verdict;
}

#define SAY(t, verdict, reason)                                                                    \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		say(t, verdict, reason, fmt, ap_);                                                 \
		va_end(ap_);                                                                       \
	} while (0)

void sv_holds(struct sv_trial *t, const char *fmt, ...)
{
	SAY(t, SAFEVMA_VERDICT_PASS, SV_REASON_NONE);
}

void sv_refuted(struct sv_trial *t, const char *fmt, ...)
{
	SAY(t, SAFEVMA_VERDICT_FAIL, SV_REASON_NONE);
}

void sv_unknown(struct sv_trial *t, enum sv_reason reason, const char *fmt, ...)
{
	SAY(t, SAFEVMA_VERDICT_UNKNOWN, reason);
}

void sv_not_here(struct sv_trial *t, enum sv_reason reason, const char *fmt, ...)
{
	SAY(t, SAFEVMA_VERDICT_NOTAPPLICABLE, reason);
}

static enum sv_reason reason_of(int errnum)
{
	switch (errnum) {
	case ENOSYS:
	case EOPNOTSUPP:
		return SV_REASON_UNSUPPORTED;
	case EPERM:
	case EACCES:
		return SV_REASON_PRIVILEGE;
	case ENOENT:
		return SV_REASON_UNREADABLE;
	default:
		return SV_REASON_FAILED;
	}
}

int sv_could_not(struct sv_trial *t, const char *what)
{
	int errnum = errno;

	sv_unknown(t, reason_of(errnum), "%s: %s", what, strerror(errnum));
	return -1;
}

void sv_refused(struct sv_trial *t, int errnum, int expected, const char *what)
{
	if (errnum == expected)
		sv_holds(t, "%s: %s", what, strerrorname_np(errnum));
	else
		sv_unknown(t, SV_REASON_FAILED, "%s: %s, not %s: something else failed", what,
			strerrorname_np(errnum), strerrorname_np(expected));
}

/* ---- children -------------------------------------------------------------------------------- */

pid_t sv_trial_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	return 0;
}

static int remaining(uint64_t until)
{
	uint64_t now = sv_now_us();

	return now >= until ? 0 : (int)((until - now) / 1000) + 1;
}

/* Without pidfds (before 5.3) the end is looked for once a millisecond. */
static bool ended(pid_t pid, int ms)
{
	sv_auto_fd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t until = sv_now_us() + (uint64_t)ms * 1000;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	siginfo_t info = { 0 };
	int rc;

	do
		if (fd >= 0)
			rc = poll(&p, 1, remaining(until));
		else
			rc = poll(NULL, 0, 1),
			rc = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
			     info.si_pid;
	while (rc <= 0 && remaining(until));
	return rc > 0;
}

int sv_trial_wait(pid_t pid, int ms, int *status)
{
	bool in_time = ended(pid, ms);

	*status = 0; /* also for who has its children reaped by others */
	if (!in_time)
		kill(pid, SIGKILL); /* its own children end with it */
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return in_time ? 0 : -1;
}

struct hold_pipes {
	int ready[2], go[2];
};

static void close_pair(const int *pair)
{
	close(pair[0]);
	close(pair[1]);
}

static void held_child(const struct hold_pipes *p, struct sv_trial *t, uint64_t *held,
	int (*prepare)(struct sv_trial *t, uint64_t *held, const void *arg), const void *arg)
{
	char c = 1;

	close(p->ready[0]);
	close(p->go[1]);
	if (!prepare(t, held, arg) && write(p->ready[1], &c, 1) == 1)
		(void)!read(p->go[0], &c, 1); /* until the other end is closed */
	_exit(0);
}

static int await_ready(const struct sv_keeper *h, struct sv_trial *t, int ready)
{
	struct pollfd p = { .fd = ready, .events = POLLIN };
	char c;

	if (poll(&p, 1, SV_TRIAL_MS) <= 0) {
		sv_unknown(t, SV_REASON_TIMED_OUT, "process %d did not get ready", h->pid);
		return -1;
	}
	if (read(ready, &c, 1) == 1)
		return 0;
	if (t->verdict == SAFEVMA_VERDICT_ERROR) /* it did not come to say why */
		sv_unknown(t, SV_REASON_CRASHED, "it ended while: %.60s", t->step);
	return -1;
}

int sv_hold(struct sv_trial *t, int (*prepare)(struct sv_trial *t, uint64_t *held, const void *arg),
	const void *arg, struct sv_keeper *ret)
{
	struct hold_pipes p;
	int rc;

	*ret = (struct sv_keeper) { .pid = -1, .go = -1 };
	ret->held = mmap(NULL, SV_HELD_MAX * sizeof(*ret->held), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret->held == MAP_FAILED) {
		ret->held = NULL;
		return sv_could_not(t, "map shared memory");
	}
	if (pipe2(p.ready, O_CLOEXEC))
		return sv_could_not(t, "make a pipe");
	if (pipe2(p.go, O_CLOEXEC)) {
		close_pair(p.ready);
		return sv_could_not(t, "make a pipe");
	}
	ret->pid = sv_trial_fork();
	if (!ret->pid)
		held_child(&p, t, ret->held, prepare, arg);
	close(p.ready[1]);
	close(p.go[0]);
	ret->go = p.go[1];
	rc = ret->pid < 0 ? sv_could_not(t, "fork") : await_ready(ret, t, p.ready[0]);
	close(p.ready[0]);
	return rc;
}

void sv_release(struct sv_keeper *h)
{
	int status;

	if (!h->held)
		return; /* it never began */
	if (h->go >= 0)
		close(h->go);
	if (h->pid > 0)
		(void)!sv_trial_wait(h->pid, SV_TRIAL_MS, &status);
	if (h->held)
		munmap(h->held, SV_HELD_MAX * sizeof(*h->held));
}

/* ---- memory ---------------------------------------------------------------------------------- */

size_t sv_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

char *sv_pages(struct sv_trial *t, size_t pages)
{
	char *at = mmap(NULL, pages * sv_page_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED)
		return at;
	sv_could_not(t, "map memory");
	return NULL;
}

int sv_mlock(const void *addr, size_t size)
{
	return (int)syscall(SYS_mlock, addr, size);
}

int sv_munlock(const void *addr, size_t size)
{
	return (int)syscall(SYS_munlock, addr, size);
}

int sv_mlockall(int flags)
{
	return (int)syscall(SYS_mlockall, flags);
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* the same on every architecture */
#endif

int sv_memfd_secret(unsigned int flags)
{
	return (int)syscall(SYS_memfd_secret, flags);
}

char *sv_secret_pages(struct sv_trial *t, size_t pages, int *fd)
{
	size_t size = pages * sv_page_size();
	int own = sv_memfd_secret(0);
	char *at = MAP_FAILED;

	if (own < 0) {
		sv_could_not(t, "memfd_secret");
		return NULL;
	}
	if (!ftruncate(own, (off_t)size))
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
	if (at == MAP_FAILED)
		sv_could_not(t, "map secretmem");
	if (fd && at != MAP_FAILED)
		*fd = own;
	else
		close(own);
	snprintf(t->step, sizeof(t->step), "touching secretmem");
	return at == MAP_FAILED ? NULL : at;
}

static char marker[SV_MARK_LEN];

/* Of each experiment its own: what an earlier one left somewhere is then not taken for it. */
void sv_marker_renew(void)
{
	uint64_t now = sv_now_us();

	if (getrandom(marker, sizeof(marker), GRND_NONBLOCK) == (ssize_t)sizeof(marker))
		return;
	memcpy(marker, "safevma probe 00", 16);
	memcpy(marker + 16, &now, sizeof(now));
}

const char *sv_marker(void)
{
	return marker;
}

void sv_mark(char *pages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(pages + i * sv_page_size(), sv_marker(), SV_MARK_LEN);
		memcpy(pages + i * sv_page_size() + SV_MARK_LEN, &i, sizeof(i));
	}
}

bool sv_marked(const void *page, size_t number)
{
	return !memcmp(page, sv_marker(), SV_MARK_LEN) &&
	       !memcmp((const char *)page + SV_MARK_LEN, &number, sizeof(number));
}

int sv_temp_file(struct sv_trial *t, int flags)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp", "/run", "/dev/shm" };
	int fd = -1;

	for (size_t i = 0; i < sv_array_size(dirs) && fd < 0; i++)
		fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);
	return fd >= 0 ? fd : sv_could_not(t, "make a temporary file");
}

long sv_resident(char *addr, size_t pages)
{
	sv_auto_free unsigned char *seen = malloc(pages);
	long n = 0;

	if (!seen || mincore(addr, pages * sv_page_size(), seen))
		return -1;
	for (size_t i = 0; i < pages; i++)
		n += seen[i] & 1;
	return n;
}

/* ---- what the kernel shows ------------------------------------------------------------------- */

static const char *proc_path(pid_t pid, const char *name, char *buf, size_t size)
{
	if (pid)
		snprintf(buf, size, "/proc/%d/%s", pid, name);
	else
		snprintf(buf, size, "/proc/self/%s", name);
	return buf;
}

static bool read_word(const char *path, uint64_t index, uint64_t *ret)
{
	sv_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 &&
	       pread(fd, ret, sizeof(*ret), (off_t)(index * sizeof(*ret))) == (ssize_t)sizeof(*ret);
}

bool sv_entry_of(pid_t pid, uint64_t addr, uint64_t *ret)
{
	char path[64];

	return read_word(proc_path(pid, "pagemap", path, sizeof(path)), addr / sv_page_size(), ret);
}

bool sv_frame_of(struct sv_trial *t, pid_t pid, const void *addr, uint64_t *ret)
{
	uint64_t entry;

	if (!sv_entry_of(pid, (uintptr_t)addr, &entry)) {
		sv_could_not(t, "read pagemap");
		return false;
	}
	if (sv_pagemap_present(entry) && !sv_pagemap_has_pfn(entry))
		sv_unknown(t, SV_REASON_PRIVILEGE, "the kernel hides frame numbers from us");
	else if (!sv_pagemap_present(entry))
		sv_unknown(t, SV_REASON_FAILED, "a page of ours is not present");
	*ret = sv_pagemap_pfn(entry);
	return sv_pagemap_has_pfn(entry);
}

bool sv_frame_flags(struct sv_trial *t, uint64_t pfn, uint64_t *ret)
{
	if (read_word("/proc/kpageflags", pfn, ret))
		return true;
	sv_could_not(t, "read kpageflags");
	return false;
}

bool sv_read_text(const char *path, struct sv_strbuf *ret)
{
	sv_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ret->len = 0;
	if (fd < 0)
		return false;
	do {
		if (sv_strbuf_reserve(ret, 65536))
			return false;
		n = read(fd, ret->ptr + ret->len, 65535);
		ret->len += n > 0 ? (size_t)n : 0;
		ret->ptr[ret->len] = 0;
	} while (n > 0);
	return !n;
}

bool sv_read_key(const char *path, const char *key, uint64_t *ret)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_text lines;
	struct sv_span line, word;

	if (!sv_read_text(path, &text))
		return false;
	lines = sv_text_init(text.ptr, text.len, path);
	while (sv_text_line(&lines, &line)) {
		if (!sv_take_word(&line, &word))
			continue;
		word.len -= word.ptr[word.len - 1] == ':';
		sv_skip_blanks(&line);
		if (sv_span_is(word, key))
			return sv_take_dec(&line, ret);
	}
	errno = ENOENT;
	return false;
}

bool sv_vma_flags(struct sv_trial *t, pid_t pid, const void *addr, char *buf, size_t size)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	uint64_t at = (uintptr_t)addr;
	struct sv_smaps_entry e;
	struct sv_text lines;
	char path[64];

	if (!sv_read_text(proc_path(pid, "smaps", path, sizeof(path)), &text)) {
		sv_could_not(t, "read smaps");
		return false;
	}
	lines = sv_text_init(text.ptr, text.len, "smaps");
	while (sv_smaps_next(&lines, &e, NULL) > 0) {
		if (at < e.vma.start || at >= e.vma.end || !e.flags_text.len)
			continue;
		snprintf(buf, size, " %.*s ", (int)e.flags_text.len, e.flags_text.ptr);
		return true;
	}
	sv_unknown(t, SV_REASON_UNREADABLE, "smaps shows no flags of a mapping of ours");
	return false;
}

long sv_minor_faults(void)
{
	struct rusage u;

	return getrusage(RUSAGE_SELF, &u) ? 0 : u.ru_minflt;
}

uint64_t sv_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
