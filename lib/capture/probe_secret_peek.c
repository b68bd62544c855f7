// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ways for another process, or for another context, to get at secretmem. Hazard: a debugger, a
 * monitor or a ring that is trusted to be shut out. Each has ordinary memory as its control.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "probe.h"

#define COST "1 page of secretmem: the linear map stays split (x86)"

enum { LEN = SV_MARK_LEN };

/* ---- a child that holds a page of each kind -------------------------------------------------- */

enum { PLAIN, SECRET };

static int hold_both(struct sv_trial *t, uint64_t *held, const void *arg)
{
	char *plain = sv_pages(t, 1), *secret = plain ? sv_secret_pages(t, 1, NULL) : NULL;

	(void)arg;
	if (!secret)
		return -1;
	sv_mark(plain, 1);
	sv_mark(secret, 1);
	held[PLAIN] = (uintptr_t)plain;
	held[SECRET] = (uintptr_t)secret;
	return 0;
}

/* Reads LEN bytes at an address of the child; 0 or an errno. */
typedef int (*peek_fn)(const struct sv_keeper *child, uint64_t addr, char *buf);

static void peek(struct sv_trial *t, const char *what, peek_fn read_it)
{
	char seen[LEN] = "";
	sv_auto_keeper struct sv_keeper child = { 0 };
	int rc;

	if (sv_hold(t, hold_both, NULL, &child))
		return;
	errno = read_it(&child, child.held[PLAIN], seen);
	if (errno || memcmp(seen, sv_marker(), LEN) != 0) {
		sv_could_not(t, what);
		if (!errno)
			sv_unknown(t, SV_REASON_CONTROL, "%s did not show ordinary memory", what);
		return;
	}
	memset(seen, 0, sizeof(seen));
	rc = read_it(&child, child.held[SECRET], seen);
	if (!rc && !memcmp(seen, sv_marker(), LEN))
		sv_refuted(t, "%s shows the marker in another process's secretmem", what);
	else
		sv_holds(t, "%s: ordinary memory of a child shown, secretmem %s", what,
			rc ? strerrorname_np(rc) : "without the marker");
}

static int by_vm_readv(const struct sv_keeper *child, uint64_t addr, char *buf)
{
	struct iovec to = { .iov_base = buf, .iov_len = LEN };
	struct iovec from = { .iov_base = (void *)(uintptr_t)addr, .iov_len = LEN };

	return process_vm_readv(child->pid, &to, 1, &from, 1, 0) == LEN ? 0 : errno;
}

static int by_proc_mem(const struct sv_keeper *child, uint64_t addr, char *buf)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/mem", child->pid);
	sv_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	n = pread(fd, buf, LEN, (off_t)addr);
	return n == LEN ? 0 : n < 0 ? errno : EIO;
}

/* Attached without a stop of its own; interrupted, looked at, and let go again. */
static int by_ptrace(const struct sv_keeper *child, uint64_t addr, char *buf)
{
	int status, rc = 0;

	if (ptrace(PTRACE_SEIZE, child->pid, NULL, NULL))
		return errno;
	if (ptrace(PTRACE_INTERRUPT, child->pid, NULL, NULL) ||
		waitpid(child->pid, &status, __WALL) != child->pid)
		rc = errno ? errno : ESRCH;
	for (size_t at = 0; at < LEN && !rc; at += sizeof(long)) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, child->pid, (void *)(uintptr_t)(addr + at), NULL);
		rc = errno;
		memcpy(buf + at, &word, sizeof(word));
	}
	ptrace(PTRACE_DETACH, child->pid, NULL, NULL);
	return rc;
}

static void vm_readv(struct sv_trial *t)
{
	peek(t, "process_vm_readv", by_vm_readv);
}

static void proc_mem(struct sv_trial *t)
{
	peek(t, "/proc/PID/mem", by_proc_mem);
}

static void peek_data(struct sv_trial *t)
{
	peek(t, "PTRACE_PEEKDATA", by_ptrace);
}

/* ---- io_uring: raw system calls, one request at a time --------------------------------------- */

struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

static void *ring_map(int fd, size_t size, uint64_t off)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)off);

	return at == MAP_FAILED ? NULL : at;
}

static int ring_open(struct sv_trial *t, struct ring *r)
{
	*r = (struct ring) { 0 };
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->p);
	if (r->fd < 0)
		return sv_could_not(t, "io_uring_setup");
	r->sq = ring_map(
		r->fd, r->p.sq_off.array + r->p.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	r->cq = ring_map(r->fd, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe),
		IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, r->p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return r->sq && r->cq && r->sqes ? 0 : sv_could_not(t, "map a ring");
}

static uint32_t *ring_word(char *base, uint32_t off)
{
	return (uint32_t *)(void *)(base + off);
}

/* Result of reading LEN bytes of a file, as the ring has it: a count or -errno. */
static int ring_read(struct ring *r, int fd, void *buf)
{
	uint32_t *tail = ring_word(r->sq, r->p.sq_off.tail), at = *tail & (r->p.sq_entries - 1);
	uint32_t *head = ring_word(r->cq, r->p.cq_off.head);
	const struct io_uring_cqe *cqes = (void *)(r->cq + r->p.cq_off.cqes);
	int result;

	memset(&r->sqes[at], 0, sizeof(r->sqes[at]));
	r->sqes[at].opcode = IORING_OP_READ;
	r->sqes[at].fd = fd;
	r->sqes[at].addr = (uintptr_t)buf;
	r->sqes[at].len = LEN;
	ring_word(r->sq, r->p.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	if (__atomic_load_n(ring_word(r->cq, r->p.cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		return -EAGAIN;
	result = cqes[*head & (r->p.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static void uring_read(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL);
	sv_auto_fd int fd = page ? sv_temp_file(t, 0) : -1;
	struct ring r;
	int n;

	if (fd < 0 || ring_open(t, &r))
		return;
	if (pwrite(fd, sv_marker(), LEN, 0) != LEN) {
		sv_could_not(t, "write a temporary file");
		return;
	}
	n = ring_read(&r, fd, page);
	if (n == LEN && !memcmp(page, sv_marker(), LEN))
		sv_refuted(t, "IORING_OP_READ into secretmem: %d bytes, marker arrived", n);
	else if (n < 0)
		sv_refused(t, -n, EFAULT, "IORING_OP_READ into secretmem");
	else
		sv_unknown(t, SV_REASON_FAILED, "IORING_OP_READ gave %d bytes", n);
}

static int register_buffer(const struct ring *r, void *page)
{
	struct iovec v = { .iov_base = page, .iov_len = sv_page_size() };

	if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_BUFFERS, &v, 1))
		return errno;
	syscall(SYS_io_uring_register, r->fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
	return 0;
}

static void uring_buffer(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL), *plain = page ? sv_pages(t, 1) : NULL;
	struct ring r;
	int rc;

	if (!plain || ring_open(t, &r))
		return;
	*page = *plain = 1;
	errno = register_buffer(&r, plain);
	if (errno) {
		sv_could_not(t, "register ordinary memory");
		return;
	}
	rc = register_buffer(&r, page);
	if (rc)
		sv_refused(t, rc, EFAULT, "a registered buffer: ordinary memory taken, secretmem");
	else
		sv_refuted(t, "secretmem was taken as a registered buffer");
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-vm-readv",
		.statement = "process_vm_readv() cannot read secretmem of another process",
		.source = "memfd_secret(2); deck 47, 50",
		.expected = "an error, where ordinary memory of the same process is read",
		.experiment = "read a marker in each kind of memory of a child",
		.limits = "as this user; one call of several",
		.cost = COST,
		.costly = true,
		.run = vm_readv },
	{ .id = "secretmem-proc-mem",
		.statement = "/proc/PID/mem does not show secretmem",
		.source = "memfd_secret(2); deck 47, 50",
		.expected = "an error, where ordinary memory of the same process is read",
		.experiment = "read a marker in each kind of memory of a child",
		.limits = "as this user",
		.cost = COST,
		.costly = true,
		.run = proc_mem },
	{ .id = "secretmem-ptrace",
		.statement = "a debugger cannot read secretmem",
		.source = "memfd_secret(2); deck 47, 50",
		.expected = "PTRACE_PEEKDATA fails, where it reads ordinary memory",
		.experiment = "seize a child, peek at a marker in each kind of memory",
		.limits = "a debugger can make the process itself copy it elsewhere",
		.cost = COST,
		.costly = true,
		.run = peek_data },
	{ .id = "secretmem-uring-read",
		.statement = "io_uring cannot fill secretmem",
		.source = "deck 49; memfd_secret(2)",
		.expected = "IORING_OP_READ into it fails",
		.experiment = "read a temporary file with a marker into secretmem by a ring",
		.limits = "one request that completes at once, not by a worker",
		.cost = COST,
		.costly = true,
		.run = uring_read },
	{ .id = "secretmem-uring-buffer",
		.statement = "secretmem cannot be a registered buffer of io_uring",
		.source = "memfd_secret(2)",
		.expected = "EFAULT, where ordinary memory is taken",
		.experiment = "register a page of each kind",
		.limits = "one interface of those that pin pages for long",
		.cost = COST,
		.costly = true,
		.run = uring_buffer },
};

SV_LEDGER(sv_claims_secret_peek, claims);
