// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf_live.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	RING_BYTES = 512 << 10, /* what perf_event_mlock_kb leaves to everybody, for each CPU */
	CPUS_AT_MOST = 4096,
	POLL_MS = 50,
	EMPTY_MS = 1000, /* without events an answer comes so often */
};

struct opened {
	int fd;
	size_t event;
	pid_t tid;
};

struct ring {
	int fd; /* of the event that it was mapped of; -1: none yet */
	int cpu;
	struct perf_event_mmap_page *page;
	size_t mapped, data;
	bool hung; /* its task ended: poll has nothing to say any more */
};

struct sv_perf_live {
	sv_vec(struct opened) fds;
	sv_vec(struct ring) rings;
	bool tried; /* the two below are settled */
	bool kernel, lost_is_read;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void sv_perf_live_free(struct sv_perf_live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < live->rings.len; i++)
		if (live->rings.ptr[i].page)
			munmap(live->rings.ptr[i].page, live->rings.ptr[i].mapped);
	for (size_t i = 0; i < live->fds.len; i++)
		close(live->fds.ptr[i].fd);
	sv_vec_fini(&live->rings);
	sv_vec_fini(&live->fds);
	free(live);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int map_ring(struct ring *r, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), data = RING_BYTES;
	void *p = MAP_FAILED;

	for (; data >= page && p == MAP_FAILED; data /= 2) {
		p = mmap(NULL, page + data, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED && errno != EPERM)
			break;
		r->mapped = page + data;
		r->data = data;
	}
	if (p == MAP_FAILED)
		return errno;
	r->page = p;
	r->fd = fd;
	return 0;
}

/* Its own ring for the first event of a CPU, that one's for all others. */
static int give_ring(struct ring *r, int fd)
{
	if (!r->page)
		return map_ring(r, fd);
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) ? errno : 0;
}

/*
 * In the kernel too where that is allowed; how many were lost read with the count where the kernel
 * knows that (6.0). Settled with the first event, then the same for all.
 */
static int ask_for(struct sv_perf_live *live, struct sv_perf_spec *spec, pid_t tid,
	sv_perf_ask_fn ask, void *arg, int *fd)
{
	int rc;

	if (live->tried) {
		spec->kernel = live->kernel;
		spec->lost_is_read = live->lost_is_read;
		return ask(arg, spec, tid, fd);
	}
	for (unsigned int i = 0; i < 4; i++) {
		spec->lost_is_read = !(i & 1);
		spec->kernel = !(i & 2);
		rc = ask(arg, spec, tid, fd);
		if (rc != EINVAL && rc != EACCES && rc != EPERM)
			break;
	}
	live->kernel = spec->kernel;
	live->lost_is_read = spec->lost_is_read;
	live->tried = !rc;
	return rc;
}

static int keep(struct sv_perf_live *live, struct ring *r, size_t event, pid_t tid, int fd,
	struct sv_strbuf *ret)
{
	struct opened *o;
	uint64_t id;
	int rc = give_ring(r, fd);

	if (!rc && ioctl(fd, PERF_EVENT_IOC_ID, &id))
		rc = errno;
	o = sv_vec_push(&live->fds); /* kept also where it fails: a ring may be mapped of it */
	if (!o) {
		close(fd);
		return ENOMEM;
	}
	*o = (struct opened) { .fd = fd, .event = event, .tid = tid };
	if (rc)
		return rc;
	return sv_strbuf_printf(ret, "id %" PRIu64 " %zu %d\n", id, event, tid) ? ENOMEM : 0;
}

/* All events of a thread on one CPU. ENODEV: the CPU is offline. */
static int open_on(struct sv_perf_live *live, const struct sv_perf_request *q, pid_t tid,
	struct ring *r, sv_perf_ask_fn ask, void *arg, size_t *which, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < q->events_count; i++) {
		const struct sv_perf_event *e = &q->events[i];
		struct sv_perf_spec spec = { .type = e->type,
			.config = e->config,
			.config1 = e->config1,
			.config2 = e->config2,
			.period = e->period,
			.tasks = !i,
			.on_exec = q->on_exec,
			.cpu = r->cpu };
		int fd = -1, rc = ask_for(live, &spec, tid, ask, arg, &fd);

		if (!rc)
			rc = keep(live, r, i, tid, fd, ret);
		*which = i;
		if (rc)
			return rc;
	}
	return 0;
}

static int add_rings(struct sv_perf_live *live)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	for (int i = 0; i < cpus && i < CPUS_AT_MOST; i++) {
		struct ring *r = sv_vec_push(&live->rings);

		if (!r)
			return ENOMEM;
		r->fd = -1;
		r->cpu = i;
	}
	return 0;
}

/* Two thousand threads on eight CPUs are many descriptors. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* "thread TID ERRNO EVENT": 0 where all of it was opened, else which event was not. */
static int open_thread(struct sv_perf_live *live, const struct sv_perf_request *q, pid_t tid,
	sv_perf_ask_fn ask, void *arg, struct sv_strbuf *ret)
{
	size_t which = 0;
	int rc = 0;

	for (size_t i = 0; i < live->rings.len; i++) {
		rc = open_on(live, q, tid, &live->rings.ptr[i], ask, arg, &which, ret);
		if (rc == ENODEV)
			rc = 0;
		if (rc)
			break;
	}
	if (rc < 0 || rc == ENOMEM)
		return rc;
	return sv_strbuf_printf(ret, "thread %d %d %zu\n", tid, rc, which) ? ENOMEM : 0;
}

static uint64_t ring_bytes(const struct sv_perf_live *live)
{
	uint64_t n = 0;

	for (size_t i = 0; i < live->rings.len; i++)
		n += live->rings.ptr[i].page ? live->rings.ptr[i].data : 0;
	return n;
}

int sv_perf_live_open(struct sv_perf_live **live, const struct sv_perf_request *q,
	sv_perf_ask_fn ask, void *arg, struct sv_strbuf *ret)
{
	int rc = 0;

	if (!*live) {
		*live = calloc(1, sizeof(**live));
		if (!*live)
			return ENOMEM;
		raise_limit();
		rc = add_rings(*live);
	}
	for (size_t i = 0; i < q->tids_count && !rc; i++)
		rc = open_thread(*live, q, q->tids[i], ask, arg, ret);
	if (rc)
		return rc;
	return sv_strbuf_printf(ret, "kernel %d\nlost_is_read %d\nring_bytes %" PRIu64 "\n",
		       (*live)->kernel, (*live)->lost_is_read, ring_bytes(*live))
		       ? ENOMEM
		       : 0;
}

int sv_perf_live_start(struct sv_perf_live *live, struct sv_program *program, struct sv_strbuf *ret)
{
	uint64_t monotonic = clock_ns(CLOCK_MONOTONIC), boottime = clock_ns(CLOCK_BOOTTIME);
	int rc = 0;

	if (!live)
		return ENOENT;
	if (program->pid)
		rc = sv_program_release(program);
	else
		for (size_t i = 0; i < live->fds.len; i++)
			ioctl(live->fds.ptr[i].fd, PERF_EVENT_IOC_ENABLE, 0);
	if (rc)
		return rc;
	return sv_strbuf_printf(ret, "monotonic_ns %" PRIu64 "\nboottime_ns %" PRIu64 "\n",
		       monotonic, boottime)
		       ? ENOMEM
		       : 0;
}

/* ---- draining -------------------------------------------------------------------------------- */

static int drain_ring(struct ring *r, struct sv_strbuf *ret)
{
	const char *data;
	uint64_t head, tail;

	if (!r->page)
		return 0;
	data = (const char *)r->page + (r->mapped - r->data);
	head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	tail = r->page->data_tail;
	while (tail < head) {
		size_t at = (size_t)(tail % r->data), n = r->data - at;

		n = n < head - tail ? n : (size_t)(head - tail);
		if (sv_strbuf_add(ret, data + at, n))
			return ENOMEM;
		tail += n;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
	return 0;
}

static int drain_all(struct sv_perf_live *live, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < live->rings.len; i++)
		if (drain_ring(&live->rings.ptr[i], ret))
			return ENOMEM;
	return 0;
}

/* Until one of the rings is well filled, or a moment has passed. */
static void wait_for_some(struct sv_perf_live *live)
{
	struct pollfd fds[64];
	struct ring *rings[64];
	nfds_t n = 0;

	for (size_t i = 0; i < live->rings.len && n < 64; i++) {
		struct ring *r = &live->rings.ptr[i];

		if (!r->page || r->hung)
			continue;
		rings[n] = r;
		fds[n++] = (struct pollfd) { .fd = r->fd, .events = POLLIN };
	}
	if (poll(fds, n, POLL_MS) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		rings[i]->hung = fds[i].revents & (POLLHUP | POLLERR);
}

/* Those of threads and children that they were inherited by end with them. */
static void disable_all(struct sv_perf_live *live)
{
	for (size_t i = 0; i < live->fds.len; i++)
		ioctl(live->fds.ptr[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

static bool is_over(struct sv_program *program, const struct sv_wait *w)
{
	return (w->stop && *w->stop) || (w->end_ns && clock_ns(CLOCK_BOOTTIME) >= w->end_ns) ||
	       (program->pid && sv_program_ended(program));
}

/*
 * What was written before the time that the answer says is in it or in an earlier one: whether it
 * is over is asked before the rings are read for the last time.
 */
int sv_perf_live_drain(struct sv_perf_live *live, struct sv_program *program,
	const struct sv_wait *w, struct sv_strbuf *ret)
{
	uint64_t head[3] = { 0 }, begun = clock_ns(CLOCK_MONOTONIC);
	size_t at = ret->len;

	if (!live)
		return ENOENT;
	if (sv_strbuf_add(ret, head, sizeof(head)))
		return ENOMEM;
	for (;;) {
		head[0] = is_over(program, w);
		if (head[0])
			disable_all(live); /* so that counts and samples end together */
		head[1] = clock_ns(CLOCK_MONOTONIC);
		if (drain_all(live, ret))
			return ENOMEM;
		if (head[0] || ret->len > at + sizeof(head) ||
			head[1] - begun > EMPTY_MS * UINT64_C(1000000))
			break;
		wait_for_some(live);
	}
	memcpy(ret->ptr + at, head, sizeof(head));
	return 0;
}

static long cpus_watched(const struct sv_perf_live *live)
{
	long n = 0;

	for (size_t i = 0; i < live->rings.len; i++)
		n += live->rings.ptr[i].page != NULL;
	return n;
}

int sv_perf_live_count(struct sv_perf_live *live, struct sv_strbuf *ret)
{
	if (!live)
		return ENOENT;
	/* One that was offline when events were opened has none. */
	if (sv_strbuf_printf(ret, "cpus_watched %ld\ncpus_online %ld\n", cpus_watched(live),
		    sysconf(_SC_NPROCESSORS_ONLN)))
		return ENOMEM;
	for (size_t i = 0; i < live->fds.len; i++) {
		const struct opened *o = &live->fds.ptr[i];
		uint64_t values[2] = { 0 };
		ssize_t want = live->lost_is_read ? 16 : 8;

		if (read(o->fd, values, sizeof(values)) != want)
			return errno ? errno : EIO;
		if ((values[0] || values[1]) &&
			sv_strbuf_printf(ret, "count %zu %d %" PRIu64 " %" PRIu64 "\n", o->event,
				o->tid, values[0], values[1]))
			return ENOMEM;
	}
	return sv_strbuf_printf(ret, "end\n") ? ENOMEM : 0;
}
