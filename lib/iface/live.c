// SPDX-License-Identifier: LGPL-2.1-or-later
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "btf.h"
#include "ioctls.h"
#include "opener.h"
#include "pagemap.h"
#include "perf_live.h"
#include "privilege.h"
#include "reading.h"

enum { BTF_CHUNK = 1 << 20, BTF_MAX = 64 << 20 };

struct live {
	int sock;
	pid_t opener;
	int pidfd;	 /* of the pinned process, or -1 */
	int own_pagemap; /* -1: not opened, or not to be had */
	struct sv_reading reading;
	struct sv_perf_live *perf; /* NULL: no event was opened */
	struct sv_program program;
};

/* ---- talking to the opener ------------------------------------------------------------------- */

static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static ssize_t receive(int sock, struct sv_opener_reply *reply, int *fd, bool *cut)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = n > 0 ? take_fd(&msg) : -1;
	*cut = n > 0 && (msg.msg_flags & MSG_CTRUNC);
	return n;
}

enum { OPENER_LOST = -1 };

/*
 * One request; bytes of the answer go to ret, a descriptor to *fd. 0, errno, or OPENER_LOST. An
 * answer is read to its end whatever becomes of it: the next one would be taken for it otherwise.
 */
static int ask(
	const struct live *l, const struct sv_opener_request *q, struct sv_strbuf *ret, int *fd)
{
	struct sv_opener_reply r;
	bool cut = false;
	int rc = 0;

	*fd = -1;
	if (send(l->sock, q, sizeof(*q), MSG_NOSIGNAL) < 0)
		return OPENER_LOST;
	do {
		if (receive(l->sock, &r, fd, &cut) <
			(ssize_t)offsetof(struct sv_opener_reply, data))
			return OPENER_LOST;
		if (r.len && ret && !rc && sv_strbuf_add(ret, r.data, r.len))
			rc = ENOMEM;
		if (cut && *fd < 0)
			rc = EMFILE; /* the answer's descriptor found no place here */
	} while (r.more);
	return r.errnum ? r.errnum : rc;
}

static int lost(struct safevma_error *err)
{
	return sv_error_set(err, SAFEVMA_E_OPENER, 0, NULL, 0,
		"the opener (the child process that holds the privilege) ended: nothing more can "
		"be "
		"read");
}

static struct sv_opener_request request(enum sv_opener_op op, const struct sv_place *place)
{
	struct sv_opener_request q = {
		.op = op, .iface = place->iface, .pid = place->pid, .tid = place->tid
	};

	snprintf(q.arg, sizeof(q.arg), "%s", place->arg ? place->arg : "");
	return q;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int live_open(safevma_root *root, struct sv_file *file, struct safevma_error *err)
{
	struct sv_opener_request q = request(SV_OPENER_OPEN, &file->place);
	int rc = ask(root->backend, &q, NULL, &file->fd);

	if (rc == OPENER_LOST)
		return lost(err);
	if (!rc && file->fd < 0)
		rc = EBADF;
	return rc ? sv_error_sys(err, rc, file->path, "open") : 0;
}

static int live_read(struct sv_file *file, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	struct live *l = file->root->backend;
	ssize_t n = sv_reading_read(
		&l->reading, file->place.iface, file->fd, buf, len, off, &file->root->cost);

	if (n < 0)
		return sv_error_sys(err, errno, file->path, "read");
	*got = (size_t)n;
	return 0;
}

static void live_close(struct sv_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
}

/* ---- notes: what is no file ------------------------------------------------------------------ */

static int note_system(struct sv_strbuf *ret)
{
	struct utsname u;

	if (uname(&u))
		return errno;
	return sv_strbuf_printf(ret, "release %s\nmachine %s\npage_size %ld\nclock_ticks %ld\n",
		       u.release, u.machine, sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK))
		       ? ENOMEM
		       : 0;
}

static int note_clock(struct sv_strbuf *ret)
{
	struct timespec real, boot;

	if (clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_BOOTTIME, &boot))
		return errno;
	return sv_strbuf_printf(ret, "realtime_ns %lld%09ld\nboottime_ns %lld%09ld\n",
		       (long long)real.tv_sec, real.tv_nsec, (long long)boot.tv_sec, boot.tv_nsec)
		       ? ENOMEM
		       : 0;
}

static long cpu_us(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec +
	       u->ru_stime.tv_usec;
}

/* The opener's share of the CPU time is counted when it has ended: not here. */
static int note_cost(safevma_root *root, struct sv_strbuf *ret)
{
	struct sv_cost *c = &root->cost;
	uint64_t since = c->longest_since_us;
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u))
		return errno;
	c->longest_since_us = 0;
	return sv_strbuf_printf(ret,
		       "cpu_us %ld\nmax_rss_kb %ld\nbytes_read %" PRIu64 "\nlock_reads %" PRIu64
		       "\nlongest_read_us %" PRIu64 "\nlongest_since_us %" PRIu64 "\n",
		       cpu_us(&u), u.ru_maxrss, c->bytes_read, c->lock_reads, c->longest_read_us,
		       since)
		       ? ENOMEM
		       : 0;
}

static int own_file(const struct live *l, enum sv_iface iface)
{
	struct sv_place place = { .iface = iface, .pid = getpid() };
	struct sv_opener_request pin = request(SV_OPENER_PIN, &place),
				 open = request(SV_OPENER_OPEN, &place);
	int fd;

	if (ask(l, &pin, NULL, &fd))
		return -1;
	if (fd >= 0)
		close(fd);
	return ask(l, &open, NULL, &fd) ? -1 : fd;
}

/*
 * What this kernel offers and shows us, tried out on our own memory: -1 cannot be told. Ends the
 * pin of the process looked at.
 */
static int note_features(struct live *l, struct sv_strbuf *ret)
{
	int pagemap = own_file(l, SV_IFACE_PAGEMAP);
	sv_auto_fd int maps = own_file(l, SV_IFACE_MAPS);
	uint64_t here = (uintptr_t)&pagemap, page = (uint64_t)sysconf(_SC_PAGESIZE), entry = 0;
	sv_auto_strbuf struct sv_strbuf scratch = { 0 };
	struct sv_pacing pacing = sv_pacing_of(0);
	struct sv_cost none = { 0 };
	int pfn = -1, scan = -1, query = -1;

	if (pagemap >= 0) {
		uint64_t base = here / page * page;

		if (pread(pagemap, &entry, sizeof(entry), (off_t)(here / page * sizeof(entry))) ==
				sizeof(entry) &&
			sv_pagemap_present(entry))
			pfn = sv_pagemap_has_pfn(entry);
		scan = !sv_ioctl_scan(pagemap, base, base + page, &pacing, &scratch, &none);
	}
	if (l->own_pagemap >= 0)
		close(l->own_pagemap);
	l->own_pagemap = pagemap;
	if (maps >= 0)
		query = !sv_ioctl_query(maps, here, here + 1, &pacing, &scratch, &none);
	return sv_strbuf_printf(
		       ret, "pfn_visible %d\npagemap_scan %d\nprocmap_query %d\n", pfn, scan, query)
		       ? ENOMEM
		       : 0;
}

/*
 * The frame of an ordinary page of ours, kept for checks of what is said of frames. The pagemap is
 * the one that "features" opened: opening it now would end the pin of the process looked at.
 */
static int note_frame(const struct live *l, struct sv_strbuf *ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	static volatile unsigned char *own;
	uint64_t entry = 0;

	if (!own) {
		void *p = mmap(
			NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		own = p == MAP_FAILED ? NULL : p;
	}
	if (!own || l->own_pagemap < 0)
		return 0;
	*own = 1; /* present, and not the page of zeros */
	if (pread(l->own_pagemap, &entry, sizeof(entry),
		    (off_t)((uintptr_t)own / page * sizeof(entry))) != sizeof(entry) ||
		!sv_pagemap_has_pfn(entry))
		return 0;
	return sv_strbuf_printf(ret, "pfn %" PRIu64 "\n", sv_pagemap_pfn(entry)) ? ENOMEM : 0;
}

static int note_privileges(const struct live *l, struct sv_strbuf *ret)
{
	struct sv_opener_request q = { .op = SV_OPENER_PRIVILEGES };
	int fd;

	return ask(l, &q, ret, &fd);
}

static int note_self(const struct live *l, struct sv_strbuf *ret)
{
	return sv_strbuf_printf(ret, "pid %d\nopener %d\n", getpid(), l->opener) ? ENOMEM : 0;
}

static int note_command(struct live *l, bool end, struct sv_strbuf *ret)
{
	const struct sv_program *p = &l->program;

	if (!end)
		return sv_strbuf_printf(ret, "pid %d\n", p->pid) ? ENOMEM : 0;
	if (!p->pid || !sv_program_ended(&l->program))
		return sv_strbuf_printf(ret, "running %d\n", p->pid != 0) ? ENOMEM : 0;
	return sv_strbuf_printf(ret, WIFEXITED(p->status) ? "status %d\n" : "signal %d\n",
		       WIFEXITED(p->status) ? WEXITSTATUS(p->status) : WTERMSIG(p->status))
		       ? ENOMEM
		       : 0;
}

/* The file is not kept: see btf.h. */
static int note_btf(safevma_root *root, struct sv_strbuf *ret)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 };
	struct sv_place place = { .iface = SV_IFACE_BTF };
	struct sv_opener_request q = request(SV_OPENER_OPEN, &place);
	struct safevma_error why = { 0 };
	int fd, rc = ask(root->backend, &q, NULL, &fd);
	ssize_t n = 1;

	if (rc || fd < 0)
		return rc ? rc : EBADF;
	while (!rc && n && data.len < BTF_MAX) {
		rc = sv_strbuf_reserve(&data, BTF_CHUNK) ? ENOMEM : 0;
		n = rc ? 0 : read(fd, data.ptr + data.len, BTF_CHUNK);
		rc = n < 0 ? errno : rc;
		data.len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	root->cost.bytes_read += data.len;
	if (rc || !sv_btf_resolve(data.ptr, data.len, ret, &why))
		return rc;
	return why.code == SAFEVMA_E_NOMEM ? ENOMEM : EINVAL;
}

static int live_note(safevma_root *root, const char *what, struct sv_strbuf *ret)
{
	if (!strcmp(what, "system"))
		return note_system(ret);
	if (!strncmp(what, "clock", 5))
		return note_clock(ret);
	if (!strncmp(what, "self", 4))
		return note_self(root->backend, ret);
	if (!strncmp(what, "cost", 4))
		return note_cost(root, ret);
	if (!strncmp(what, "frame.", 6))
		return note_frame(root->backend, ret);
	if (!strcmp(what, "features"))
		return note_features(root->backend, ret);
	if (!strncmp(what, "command", 7))
		return note_command(root->backend, !strcmp(what, "command.end"), ret);
	if (!strcmp(what, "privileges"))
		return note_privileges(root->backend, ret);
	if (!strcmp(what, "btf"))
		return note_btf(root, ret);
	return EINVAL;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int pin(struct live *l, const struct sv_place *place)
{
	struct sv_opener_request q = request(SV_OPENER_PIN, place);

	if (l->pidfd >= 0)
		close(l->pidfd);
	return ask(l, &q, NULL, &l->pidfd);
}

/* Where the kernel has no pidfds the answer is that it cannot be told. */
static int alive(const struct live *l, struct sv_strbuf *ret)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	if (l->pidfd < 0)
		return ENOSYS;
	if (poll(&p, 1, 0) < 0)
		return errno;
	return sv_strbuf_add(ret, p.revents & POLLIN ? "0\n" : "1\n", 2) ? ENOMEM : 0;
}

static int forward(
	struct live *l, enum sv_opener_op op, const struct sv_place *place, struct sv_strbuf *ret)
{
	struct sv_opener_request q = request(op, place);
	int fd;

	return ask(l, &q, ret, &fd);
}

/* What an experiment reads on its way is deaf to the recorder: it may hold contents of pages. */
static int experiment(safevma_root *root, const struct sv_call *c, struct sv_strbuf *ret)
{
	struct sv_recorder *kept = root->recorder;
	int rc;

	root->recorder = NULL;
	rc = c->run(c->arg, ret);
	root->recorder = kept;
	return rc;
}

static int ask_perf(void *arg, const struct sv_perf_spec *spec, pid_t tid, int *fd)
{
	struct sv_opener_request q = { .op = SV_OPENER_PERF, .tid = tid, .perf = *spec };
	int rc = ask(arg, &q, NULL, fd);

	return !rc && *fd < 0 ? EBADF : rc;
}

static uint64_t boottime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * In naps, because a signal that comes between asking whether to stop and going to sleep would be
 * slept through.
 */
static int wait_for_look(const struct sv_wait *w, struct sv_strbuf *ret)
{
	const uint64_t nap_ns = 100000000;
	uint64_t now = boottime_ns();
	bool last = w->end_ns && w->end_ns < w->look_ns;
	uint64_t until = last ? w->end_ns : w->look_ns;
	const char *turn;

	if (w->end_ns && w->looked_ns >= w->end_ns)
		until = now;
	while (!(w->stop && *w->stop) && now < until) {
		uint64_t ns = until - now < nap_ns ? until - now : nap_ns;
		struct timespec t = { .tv_nsec = (long)ns };

		nanosleep(&t, NULL);
		now = boottime_ns();
	}
	turn = w->end_ns && w->looked_ns >= w->end_ns ? "end"
	       : last || (w->stop && *w->stop)	      ? "last"
						      : "look";
	return sv_strbuf_printf(ret, "turn %s\ninterval_ns %" PRIu64 "\n", turn, w->interval_ns)
		       ? ENOMEM
		       : 0;
}

static int dispatch(safevma_root *root, const struct sv_call *c, struct sv_strbuf *ret)
{
	struct live *l = root->backend;

	switch (c->op) {
	case SV_OP_LIST:
		return forward(l, SV_OPENER_LIST, &c->place, ret);
	case SV_OP_LINK:
		return forward(l, SV_OPENER_LINK, &c->place, ret);
	case SV_OP_MAGIC:
		return forward(l, SV_OPENER_MAGIC, &c->place, ret);
	case SV_OP_SHORT:
		return forward(l, SV_OPENER_SHORT, &c->place, ret);
	case SV_OP_PIN:
		return pin(l, &c->place);
	case SV_OP_ALIVE:
		return alive(l, ret);
	case SV_OP_SCAN:
		return sv_ioctl_scan(
			c->file->fd, c->start, c->end, &l->reading.pacing, ret, &root->cost);
	case SV_OP_QUERY:
		return sv_ioctl_query(
			c->file->fd, c->start, c->end, &l->reading.pacing, ret, &root->cost);
	case SV_OP_NOTE:
		return live_note(root, c->place.tag, ret);
	case SV_OP_EXPERIMENT:
		return experiment(root, c, ret);
	case SV_OP_WAIT:
		return wait_for_look(c->wait, ret);
	case SV_OP_PERF_OPEN:
		return sv_perf_live_open(&l->perf, c->perf, ask_perf, l, ret);
	case SV_OP_PERF_START:
		return sv_perf_live_start(l->perf, &l->program, ret);
	case SV_OP_PERF_DRAIN:
		return sv_perf_live_drain(l->perf, &l->program, c->wait, ret);
	case SV_OP_PERF_COUNT:
		return sv_perf_live_count(l->perf, ret);
	case SV_OP_RECORDS:
		return sv_read_records(c, ret, &root->cost);
	case SV_OP_COUNT:
		break;
	}
	return EINVAL;
}

static int live_call(safevma_root *root, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	size_t start = ret->len;
	int rc = dispatch(root, call, ret);
	char path[SV_PLACE_PATH] = "";

	if (!rc)
		return 0;
	ret->len = start; /* no half answers */
	if (rc == OPENER_LOST)
		return lost(err);
	sv_place_path(call->file ? &call->file->place : &call->place, path, sizeof(path));
	return sv_error_sys(err, rc, path, sv_op_phrases[call->op]);
}

static void live_free(safevma_root *root)
{
	struct live *l = root->backend;

	close(l->sock);
	if (l->pidfd >= 0)
		close(l->pidfd);
	if (l->own_pagemap >= 0)
		close(l->own_pagemap);
	sv_perf_live_free(l->perf);
	sv_program_fini(&l->program);
	sv_reading_fini(&l->reading);
	while (waitpid(l->opener, NULL, 0) < 0 && errno == EINTR)
		;
	free(l);
}

static const struct sv_root_ops live_ops = {
	.open = live_open,
	.read = live_read,
	.close = live_close,
	.call = live_call,
	.free = live_free,
};

/* ---- start ----------------------------------------------------------------------------------- */

static void run_opener(int sock)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	prctl(PR_SET_NAME, "safevma-opener");
	if (!sv_privilege_limit(SV_PRIVILEGE_OPENER, NULL))
		sv_opener_serve(sock);
	_exit(0);
}

int sv_live_start(
	safevma_root *root, const struct safevma_root_options *o, struct safevma_error *err)
{
	struct live *l = calloc(1, sizeof(*l));
	int pair[2], rc;

	if (!l)
		return sv_error_nomem(err);
	rc = o->command ? sv_program_prepare(&l->program, o->command) : 0;
	if (rc) {
		free(l);
		return sv_error_sys(err, rc, NULL, "start a process for the command");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		rc = errno;
		sv_program_fini(&l->program);
		free(l);
		return sv_error_sys(err, rc, NULL, "make a socket for the opener");
	}
	l->opener = fork();
	if (l->opener == 0) {
		close(pair[0]);
		run_opener(pair[1]);
	}
	close(pair[1]);
	l->sock = pair[0];
	l->pidfd = l->own_pagemap = -1;
	root->backend = l;
	if (l->opener < 0) {
		close(l->sock);
		sv_program_fini(&l->program);
		free(l);
		return sv_error_sys(err, errno, NULL, "start the opener");
	}
	root->ops = &live_ops;
	if (sv_reading_init(&l->reading, o, err) ||
		(o->drop_privileges && sv_privilege_limit(0, err))) {
		live_free(root);
		return -1;
	}
	return 0;
}
