// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls that are given secretmem as their buffer. Hazard: a design counts on contents not
 * leaving secretmem, or on calls failing that work. The kernel copies through the owner's mapping,
 * which is there; what fails is what pins pages (get_user_pages).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "probe.h"

#define COST "1 page of secretmem: the linear map stays split (x86)"

enum { LEN = SV_MARK_LEN };

/* EFAULT alone says that the memory was refused; a disk that is full does not. */
static void not_copied(struct sv_trial *t, ssize_t n, const char *what)
{
	if (n < 0)
		sv_refused(t, errno, EFAULT, what);
	else
		sv_unknown(t, SV_REASON_FAILED, "%s: %zd bytes, without the marker", what, n);
}

/* A page of secretmem that holds the marker. */
static char *marked_secret(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL);

	if (page)
		sv_mark(page, 1);
	return page;
}

static int file_with_marker(struct sv_trial *t)
{
	sv_auto_free char *buf = aligned_alloc(4096, 4096);
	int fd = sv_temp_file(t, 0);

	if (fd < 0 || !buf)
		return -1;
	memset(buf, 0, 4096);
	memcpy(buf, sv_marker(), LEN);
	if (pwrite(fd, buf, 4096, 0) == 4096)
		return fd;
	sv_could_not(t, "write a temporary file");
	close(fd);
	return -1;
}

static bool arrived(const char *at)
{
	return !memcmp(at, sv_marker(), LEN);
}

static void read_into(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL);
	sv_auto_fd int fd = page ? file_with_marker(t) : -1;
	ssize_t n;

	if (fd < 0)
		return;
	n = pread(fd, page, LEN, 0);
	if (n == LEN && arrived(page))
		sv_refuted(t, "read of a file into secretmem: %zd bytes, marker arrived", n);
	else
		not_copied(t, n, "read of a file into secretmem");
}

static void write_from(struct sv_trial *t)
{
	char *page = marked_secret(t), seen[LEN] = "";
	sv_auto_fd int fd = page ? sv_temp_file(t, 0) : -1;
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, page, LEN);
	if (n == LEN && pread(fd, seen, LEN, 0) == LEN && arrived(seen))
		sv_refuted(t, "write from secretmem to a file: %zd bytes, marker in the page cache",
			n);
	else
		not_copied(t, n, "write from secretmem to a file");
}

/* Out of secretmem into a pipe and from there into other secretmem. */
static void kernel_access(struct sv_trial *t)
{
	char *from = marked_secret(t), *to = from ? sv_secret_pages(t, 1, NULL) : NULL;
	ssize_t out, in = -1;
	int pair[2];

	if (!to)
		return;
	if (pipe2(pair, O_NONBLOCK | O_CLOEXEC)) {
		sv_could_not(t, "make a pipe");
		return;
	}
	out = write(pair[1], from, LEN);
	if (out == LEN)
		in = read(pair[0], to, LEN);
	if (in == LEN && arrived(to))
		sv_refuted(t, "the kernel copied %zd bytes out through a pipe and %zd back in", out,
			in);
	else
		not_copied(t, out == LEN ? in : out,
			out == LEN ? "read of a pipe into secretmem" : "write to a pipe");
}

/* ---- what pins pages ------------------------------------------------------------------------- */

/* tmpfs takes O_DIRECT (6.6) and copies all the same: there nothing is learnt of what pins pages.
 */
static bool pins(struct sv_trial *t, int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st)) {
		sv_could_not(t, "statfs");
		return false;
	}
	if (st.f_type != TMPFS_MAGIC && st.f_type != RAMFS_MAGIC)
		return true;
	sv_unknown(
		t, SV_REASON_SETTING, "temporary files lie in memory here: O_DIRECT copies them");
	return false;
}

/* The same read into ordinary memory must work, else the filesystem and not secretmem refused. */
static void direct_read(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL), *plain = page ? sv_pages(t, 1) : NULL;
	sv_auto_fd int fd = plain ? file_with_marker(t) : -1;
	ssize_t n;

	if (fd < 0 || !pins(t, fd))
		return;
	if (fcntl(fd, F_SETFL, O_DIRECT)) {
		sv_unknown(t, SV_REASON_UNSUPPORTED, "no O_DIRECT on temporary files: %s",
			strerrorname_np(errno));
		return;
	}
	if (pread(fd, plain, 4096, 0) != 4096) {
		sv_unknown(t, SV_REASON_CONTROL, "O_DIRECT into ordinary memory: %s",
			strerrorname_np(errno));
		return;
	}
	n = pread(fd, page, 4096, 0);
	if (n < 0)
		sv_refused(
			t, errno, EFAULT, "O_DIRECT read: ordinary memory 4096 bytes, secretmem");
	else
		sv_refuted(t, "O_DIRECT read into secretmem: %zd bytes", n);
}

static void splice_pages(struct sv_trial *t)
{
	char *page = marked_secret(t), *plain = page ? sv_pages(t, 1) : NULL;
	struct iovec secret = { .iov_base = page, .iov_len = LEN };
	struct iovec control = { .iov_base = plain, .iov_len = LEN };
	ssize_t n;
	int pair[2];

	if (!plain)
		return;
	*plain = 1;
	if (pipe2(pair, O_NONBLOCK | O_CLOEXEC)) {
		sv_could_not(t, "make a pipe");
		return;
	}
	if (vmsplice(pair[1], &control, 1, SPLICE_F_NONBLOCK) != LEN) {
		sv_unknown(t, SV_REASON_CONTROL, "vmsplice of ordinary memory: %s",
			strerrorname_np(errno));
		return;
	}
	n = vmsplice(pair[1], &secret, 1, SPLICE_F_NONBLOCK);
	if (n < 0)
		sv_refused(t, errno, EFAULT, "vmsplice: ordinary memory taken, secretmem");
	else
		sv_refuted(t, "vmsplice of secretmem: %zd bytes", n);
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-read",
		.statement = "copy_to_user() fails on secretmem: calls cannot fill it",
		.source = "deck 49; memfd_secret(2)",
		.expected = "read(2) into secretmem fails",
		.experiment = "read a temporary file with a marker into secretmem",
		.limits = "buffered reading; see secretmem-direct for what pins pages",
		.cost = COST,
		.costly = true,
		.run = read_into },
	{ .id = "secretmem-write",
		.statement = "copy_from_user() fails on secretmem: calls cannot take from it",
		.source = "deck 49; memfd_secret(2)",
		.expected = "write(2) from secretmem fails",
		.experiment = "write a marker in secretmem to a temporary file, read the file",
		.limits = "by the owner; shows that contents can leave, not that they do",
		.cost = COST,
		.costly = true,
		.run = write_from },
	{ .id = "secretmem-kernel",
		.statement = "even privileged code cannot access secretmem",
		.source = "deck 47",
		.expected = "the kernel cannot copy it to a pipe, nor back",
		.experiment = "write from secretmem to a pipe, read the pipe into secretmem",
		.limits = "the kernel on behalf of the owner, through the owner's mapping",
		.cost = "2 pages of secretmem: the linear map stays split (x86)",
		.costly = true,
		.run = kernel_access },
	{ .id = "secretmem-direct",
		.statement = "O_DIRECT cannot use secretmem as its buffer",
		.source = "memfd_secret(2)",
		.expected = "EFAULT, where ordinary memory works",
		.experiment = "read a temporary file with O_DIRECT into both",
		.limits = "one filesystem; other users of DMA are not tried",
		.cost = COST,
		.costly = true,
		.run = direct_read },
	{ .id = "secretmem-vmsplice",
		.statement = "vmsplice() cannot pass pages of secretmem on",
		.source = "memfd_secret(2)",
		.expected = "EFAULT, where ordinary memory works",
		.experiment = "vmsplice a marker out of both into a pipe",
		.limits = "one call of those that pin pages",
		.cost = COST,
		.costly = true,
		.run = splice_pages },
};

SV_LEDGER(sv_claims_secret_io, claims);
