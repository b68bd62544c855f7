// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "maps.h"

/* Not in the headers of every system this is built on. */
#define FORMAT_LOST (UINT64_C(1) << 4)

enum {
	SAMPLES = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
		  PERF_SAMPLE_ADDR
};

static bool is_number(int dir, const char *path, uint32_t number)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strtoul(text, NULL, 10) == number;
}

/*
 * Numbers behind the fixed ones are given out at boot: to the counters of CPUs of several sorts
 * (big.LITTLE), which name their CPUs in a file, and to much that is no counter. kprobe and uprobe
 * change code, and read a name at an address that stands in config1; intel_pt and its like trace.
 */
static bool is_of_cpus(uint32_t type)
{
	DIR *d = opendir("/sys/bus/event_source/devices");
	const struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		char path[sizeof(e->d_name) + 8];

		snprintf(path, sizeof(path), "%s/type", e->d_name);
		if (!is_number(dirfd(d), path, type))
			continue;
		snprintf(path, sizeof(path), "%s/cpus", e->d_name);
		found = !faccessat(dirfd(d), path, F_OK, 0);
	}
	if (d)
		closedir(d);
	return found;
}

/* Tracepoints tell more of the kernel than faults, breakpoints change what they watch. */
static bool may_be_opened(uint32_t type)
{
	if (type == PERF_TYPE_TRACEPOINT || type == PERF_TYPE_BREAKPOINT)
		return false;
	return type <= PERF_TYPE_RAW || is_of_cpus(type);
}

int sv_perf_open(const struct sv_perf_spec *s, pid_t tid)
{
	struct perf_event_attr a = { .size = sizeof(a),
		.type = s->type,
		.config = s->config,
		.config1 = s->config1,
		.config2 = s->config2,
		.sample_period = s->period,
		.sample_type = SAMPLES,
		.read_format = s->lost_is_read ? FORMAT_LOST : 0,
		.disabled = 1,
		.inherit = 1, /* threads and children, from their first instruction on */
		.exclude_kernel = !s->kernel,
		.exclude_hv = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.enable_on_exec = s->on_exec != 0,
		.watermark = 1,
		.wakeup_watermark = 1 << 15,
		.task = s->tasks != 0,
		.comm = s->tasks != 0,
		.comm_exec = s->tasks != 0,
		.mmap = s->tasks != 0,
		.mmap2 = s->tasks != 0,
		.mmap_data = s->tasks != 0 };

	if (tid <= 0 || !may_be_opened(s->type)) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_perf_event_open, &a, tid, s->cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

bool sv_perf_event_is_fault(const struct sv_perf_event *e)
{
	return e->type == PERF_TYPE_SOFTWARE &&
	       (e->config == PERF_COUNT_SW_PAGE_FAULTS ||
		       e->config == PERF_COUNT_SW_PAGE_FAULTS_MIN ||
		       e->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ);
}

/* ---- records --------------------------------------------------------------------------------- */

/* The body of one record, from which fields are taken in order. */
struct body {
	const char *at;
	size_t left;
	bool short_of; /* something was not there */
};

static uint64_t take64(struct body *b)
{
	uint64_t v = 0;

	if (b->left < sizeof(v)) {
		b->short_of = true;
		return 0;
	}
	memcpy(&v, b->at, sizeof(v));
	b->at += sizeof(v);
	b->left -= sizeof(v);
	return v;
}

static uint32_t take32(struct body *b)
{
	uint32_t v = 0;

	if (b->left < sizeof(v)) {
		b->short_of = true;
		return 0;
	}
	memcpy(&v, b->at, sizeof(v));
	b->at += sizeof(v);
	b->left -= sizeof(v);
	return v;
}

/* NUL-terminated, and filled up with NULs. */
static struct sv_span take_name(struct body *b)
{
	const char *end = memchr(b->at, 0, b->left);
	struct sv_span name = { .ptr = b->at, .len = end ? (size_t)(end - b->at) : 0 };

	b->short_of |= !end;
	b->left = 0;
	return name;
}

static void take_sample(struct body *b, struct sv_perf_record *r)
{
	r->id = take64(b);
	r->ip = take64(b);
	r->pid = (pid_t)take32(b);
	r->tid = (pid_t)take32(b);
	r->time_ns = take64(b);
	r->addr = take64(b);
}

static void take_mapping(struct body *b, struct sv_perf_record *r)
{
	uint32_t prot, flags;
	uint64_t len;

	take64(b); /* pid and tid: the trailer has them too */
	r->start = take64(b);
	len = take64(b);
	b->short_of |= __builtin_add_overflow(r->start, len, &r->end);
	r->offset = take64(b);
	r->dev_major = take32(b);
	r->dev_minor = take32(b);
	r->inode = take64(b);
	take64(b); /* generation of the inode */
	prot = take32(b);
	flags = take32(b);
	r->perms = (prot & 1 ? SV_PERM_READ : 0) | (prot & 2 ? SV_PERM_WRITE : 0) |
		   (prot & 4 ? SV_PERM_EXEC : 0) | (flags & 1 ? SV_PERM_SHARED : 0);
	r->name = take_name(b);
}

static void take_task(struct body *b, struct sv_perf_record *r)
{
	r->pid = (pid_t)take32(b);
	r->ppid = (pid_t)take32(b);
	r->tid = (pid_t)take32(b);
	r->ptid = (pid_t)take32(b);
}

static void take_body(struct body *b, struct sv_perf_record *r)
{
	switch (r->type) {
	case SV_PERF_SAMPLE:
		take_sample(b, r);
		break;
	case SV_PERF_MMAP2:
		take_mapping(b, r);
		break;
	case SV_PERF_FORK:
	case SV_PERF_EXIT:
		take_task(b, r);
		break;
	case SV_PERF_COMM:
		take64(b);
		r->name = take_name(b);
		break;
	case SV_PERF_LOST:
		take64(b);
		r->lost = take64(b);
		break;
	case SV_PERF_LOST_SAMPLES:
		r->lost = take64(b);
		break;
	case SV_PERF_THROTTLE:
	case SV_PERF_OTHER:
		break;
	}
}

static enum sv_perf_type type_of(uint32_t type)
{
	static const enum sv_perf_type known[] = { SV_PERF_LOST, SV_PERF_COMM, SV_PERF_EXIT,
		SV_PERF_THROTTLE, SV_PERF_FORK, SV_PERF_SAMPLE, SV_PERF_MMAP2,
		SV_PERF_LOST_SAMPLES };

	for (size_t i = 0; i < sv_array_size(known); i++)
		if ((uint32_t)known[i] == type)
			return known[i];
	return SV_PERF_OTHER;
}

/* Of which task and when; forks say it themselves which task they are about. */
static void take_trailer(struct body *b, struct sv_perf_record *r)
{
	pid_t pid = (pid_t)take32(b), tid = (pid_t)take32(b);

	if (r->type != SV_PERF_FORK && r->type != SV_PERF_EXIT) {
		r->pid = pid;
		r->tid = tid;
	}
	r->time_ns = take64(b);
	r->id = take64(b);
}

static int malformed(struct safevma_error *err)
{
	return sv_error_set(err, SAFEVMA_E_FORMAT, 0, "perf", 0,
		"expected a record of perf_event_open as it was asked for, got one that is too "
		"short");
}

int sv_perf_next(struct sv_span *bytes, struct sv_perf_record *ret, struct safevma_error *err)
{
	struct sv_perf_record r = { 0 };
	struct perf_event_header h;
	struct body b, trailer;

	if (!bytes->len)
		return 0;
	if (bytes->len < sizeof(h))
		return malformed(err);
	memcpy(&h, bytes->ptr, sizeof(h));
	if (h.size < sizeof(h) || h.size > bytes->len || h.size % 8)
		return malformed(err);
	b = (struct body) { .at = bytes->ptr + sizeof(h), .left = h.size - sizeof(h) };
	r.type = type_of(h.type);
	r.kernel = (h.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
	r.exec = r.type == SV_PERF_COMM && (h.misc & PERF_RECORD_MISC_COMM_EXEC);
	if (r.type != SV_PERF_SAMPLE) {
		if (b.left < SV_PERF_TRAILER)
			return malformed(err);
		b.left -= SV_PERF_TRAILER;
		trailer = (struct body) { .at = b.at + b.left, .left = SV_PERF_TRAILER };
	}
	take_body(&b, &r);
	if (r.type != SV_PERF_SAMPLE)
		take_trailer(&trailer, &r);
	if (b.short_of)
		return malformed(err);
	bytes->ptr += h.size;
	bytes->len -= h.size;
	*ret = r;
	return 1;
}
