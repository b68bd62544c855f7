// SPDX-License-Identifier: LGPL-2.1-or-later
#include "opener.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cgroupfile.h"
#include "interfaces.h"
#include "privilege.h"
#include "proclist.h"
#include "slabdir.h"

struct opener {
	int sock;
	pid_t pinned;
	int dir; /* of the pinned process, or -1 */
};

static int send_reply(const struct opener *o, struct sv_opener_reply *reply, int fd)
{
	struct iovec iov = { .iov_base = reply,
		.iov_len = offsetof(struct sv_opener_reply, data) + reply->len };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(o->sock, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int send_errno(const struct opener *o, int errnum)
{
	struct sv_opener_reply r = { .errnum = errnum };

	return send_reply(o, &r, -1);
}

static int send_bytes(const struct opener *o, const char *data, size_t len)
{
	struct sv_opener_reply r = { 0 };

	do {
		size_t n = len < SV_OPENER_CHUNK ? len : SV_OPENER_CHUNK;

		if (n)
			memcpy(r.data, data, n);
		r.len = (uint32_t)n;
		data += n;
		len -= n;
		r.more = len > 0;
		if (send_reply(o, &r, -1))
			return -1;
	} while (len);
	return 0;
}

/*
 * The directory to open from and the path below it. A process's files are opened below the pinned
 * directory, which never comes to mean another process.
 */
static int locate(const struct opener *o, const struct sv_opener_request *q, char *buf, size_t size,
	int *dir, const char **path)
{
	struct sv_place place = { .iface = q->iface, .pid = q->pid, .tid = q->tid, .arg = q->arg };
	char prefix[32];

	if (sv_place_path(&place, buf, size))
		return EINVAL;
	*dir = AT_FDCWD;
	*path = buf;
	if (!sv_iface_info(q->iface)->process)
		return 0;
	if (o->dir < 0 || q->pid != o->pinned)
		return ESRCH;
	*dir = o->dir;
	*path = buf + snprintf(prefix, sizeof(prefix), "/proc/%d/", q->pid);
	return 0;
}

static int do_pin(struct opener *o, const struct sv_opener_request *q)
{
	struct sv_opener_reply r = { 0 };
	char path[32];
	int fd, rc;

	if (o->dir >= 0)
		close(o->dir);
	snprintf(path, sizeof(path), "/proc/%d", q->pid);
	o->pinned = q->pid;
	o->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (o->dir < 0)
		return send_errno(o, errno);
	fd = (int)syscall(SYS_pidfd_open, q->pid, 0);
	rc = send_reply(o, &r, fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Of cgroup v1 and v2, as statfs(2) has them. */
enum { CGROUP_MAGIC = 0x27e0eb, CGROUP2_MAGIC = 0x63677270 };

static bool is_cgroup(int fd)
{
	struct statfs st;

	return !fstatfs(fd, &st) &&
	       ((uint32_t)st.f_type == CGROUP_MAGIC || (uint32_t)st.f_type == CGROUP2_MAGIC);
}

/*
 * The directory may be anywhere: where hierarchies are mounted is the administrator's choice. So it
 * is held first, which opens nothing, and used only when it is one of a control group.
 */
static int open_cgroup(const char *coded)
{
	char dir[SV_PLACE_PATH + 2];
	const char *file;
	int at, fd;

	if (sv_cgroup_file_decode(coded, dir, &file)) {
		errno = EINVAL;
		return -1;
	}
	at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -1;
	fd = is_cgroup(at) ? openat(at, file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW) : -1;
	if (fd < 0 && !is_cgroup(at))
		errno = ENODEV;
	close(at);
	return fd;
}

static int do_open(struct opener *o, const struct sv_opener_request *q, int dir, const char *path)
{
	enum sv_iface_kind kind = sv_iface_info(q->iface)->kind;
	struct sv_opener_reply r = { 0 };
	int fd, rc;

	if (kind != SV_KIND_TEXT && kind != SV_KIND_BINARY && kind != SV_KIND_RECORDS)
		return send_errno(o, EINVAL);
	fd = q->iface == SV_IFACE_CGROUP_FILE ? open_cgroup(q->arg)
					      : openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return send_errno(o, errno);
	/* What is only tried stays here: nobody needs to hold the kernel's memory to know that. */
	rc = send_reply(o, &r, fd);
	close(fd);
	return rc;
}

static int do_link(struct opener *o, int dir, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(dir, path, target, sizeof(target));

	return n < 0 ? send_errno(o, errno) : send_bytes(o, target, (size_t)n);
}

static int do_magic(struct opener *o, int dir, const char *path)
{
	int fd = openat(dir, path, O_PATH | O_CLOEXEC), rc;
	struct statfs st;
	char text[32];

	if (fd < 0)
		return send_errno(o, errno);
	rc = fstatfs(fd, &st) ? errno : 0;
	close(fd);
	if (rc)
		return send_errno(o, rc);
	snprintf(text, sizeof(text), "0x%" PRIx64 "\n", (uint64_t)st.f_type & 0xffffffff);
	return send_bytes(o, text, strlen(text));
}

static bool printable(const char *name)
{
	return !name[strcspn(name, "\t\n")];
}

/* A name, and what it is a link to; names that would not fit a line are left out. */
static int add_name(int dir, const struct dirent *e, struct sv_strbuf *ret)
{
	char target[256];
	ssize_t n = readlinkat(dir, e->d_name, target, sizeof(target) - 1);

	if (e->d_name[0] == '.' || !printable(e->d_name))
		return 0;
	if (n < 0)
		return sv_strbuf_printf(ret, "%s\n", e->d_name);
	target[n] = 0;
	return printable(target) ? sv_strbuf_printf(ret, "%s\t%s\n", e->d_name, target) : 0;
}

static int add_number(int dir, const struct dirent *e, struct sv_strbuf *ret)
{
	(void)dir;
	return e->d_name[strspn(e->d_name, "0123456789")] == 0
		       ? sv_strbuf_printf(ret, "%s\n", e->d_name)
		       : 0;
}

static int list_dir(int dir, const char *path,
	int (*add)(int dir, const struct dirent *e, struct sv_strbuf *ret), struct sv_strbuf *ret)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		rc = errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (errno = 0, e = readdir(d)))
		rc = add(dirfd(d), e, ret) ? ENOMEM : 0;
	rc = rc ? rc : errno;
	closedir(d);
	return rc;
}

enum { PROC_MAGIC = 0x9fa0 };

static int list_processes(struct sv_strbuf *ret)
{
	struct statfs st;

	if (statfs("/proc", &st))
		return errno;
	return (uint32_t)st.f_type == PROC_MAGIC ? sv_proclist(ret) : ENODEV;
}

static int do_list(struct opener *o, const struct sv_opener_request *q, int dir, const char *path)
{
	sv_auto_strbuf struct sv_strbuf out = { 0 };
	bool names = sv_iface_info(q->iface)->kind == SV_KIND_NAMES;
	int rc = q->iface == SV_IFACE_PROC
			 ? list_processes(&out)
			 : list_dir(dir, path, names ? add_name : add_number, &out);

	return rc ? send_errno(o, rc) : send_bytes(o, out.ptr, out.len);
}

static int do_privileges(struct opener *o)
{
	char text[96];

	snprintf(text, sizeof(text), "euid %u\neffective 0x%" PRIx64 "\n", (unsigned int)geteuid(),
		sv_privilege_effective());
	return send_bytes(o, text, strlen(text));
}

/* Its attributes are made in perf.c: nobody else chooses what is sampled. */
static int do_perf(struct opener *o, const struct sv_opener_request *q)
{
	struct sv_opener_reply r = { 0 };
	int fd = sv_perf_open(&q->perf, q->tid), rc;

	if (fd < 0)
		return send_errno(o, errno);
	rc = send_reply(o, &r, fd);
	close(fd);
	return rc;
}

/* Thousands of files of a few bytes: one answer has them all. */
static int do_slab(struct opener *o, const char *path)
{
	sv_auto_strbuf struct sv_strbuf out = { 0 };
	int rc = sv_slabdir_read(path, &out);

	return rc ? send_errno(o, rc) : send_bytes(o, out.ptr, out.len);
}

/* The kernel looks at the rights of who reads such a file, not at those of who opened it. */
static int do_short(struct opener *o, const struct sv_opener_request *q, int dir, const char *path)
{
	char text[512];
	ssize_t n;
	int fd, rc;

	if (q->iface == SV_IFACE_SLAB)
		return do_slab(o, path);
	if (sv_iface_info(q->iface)->kind != SV_KIND_SHORT)
		return send_errno(o, EINVAL);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return send_errno(o, errno);
	n = read(fd, text, sizeof(text));
	rc = errno;
	close(fd);
	return n < 0 ? send_errno(o, rc) : send_bytes(o, text, (size_t)n);
}

static int answer(struct opener *o, const struct sv_opener_request *q)
{
	const char *path;
	char buf[SV_PLACE_PATH];
	int dir, rc;

	if (q->op == SV_OPENER_PIN)
		return do_pin(o, q);
	if (q->op == SV_OPENER_PRIVILEGES)
		return do_privileges(o);
	if (q->op == SV_OPENER_PERF)
		return do_perf(o, q);
	rc = locate(o, q, buf, sizeof(buf), &dir, &path);
	if (rc)
		return send_errno(o, rc);
	switch (q->op) {
	case SV_OPENER_OPEN:
		return do_open(o, q, dir, path);
	case SV_OPENER_LINK:
		return do_link(o, dir, path);
	case SV_OPENER_MAGIC:
		return do_magic(o, dir, path);
	case SV_OPENER_LIST:
		return do_list(o, q, dir, path);
	case SV_OPENER_SHORT:
		return do_short(o, q, dir, path);
	default:
		return send_errno(o, EINVAL);
	}
}

void sv_opener_serve(int sock)
{
	struct opener o = { .sock = sock, .dir = -1 };
	struct sv_opener_request q;

	for (;;) {
		ssize_t n = recv(sock, &q, sizeof(q), MSG_TRUNC); /* as long as it was sent */

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(q))
			return;
		q.arg[sizeof(q.arg) - 1] = 0;
		if (q.iface >= SV_IFACE_COUNT || q.pid < 0 || q.tid < 0) {
			if (send_errno(&o, EINVAL))
				return;
			continue;
		}
		if (answer(&o, &q))
			return;
	}
}
