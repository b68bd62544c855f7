/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of perf_event_open(2), as its ring buffers hold them: perf_event_output() and its like in
 * kernel/events/core.c. A record is a header, a body by its type, and (but for samples) a trailer
 * that says of which task and when; what is in it follows from how the event was opened, and here
 * it is always opened the same way:
 *
 *	sample:   header, id, ip, pid, tid, time, addr
 *	the rest: header, body, pid, tid, time, id
 *
 * No contents of memory and no registers are ever asked for.
 */
#ifndef SV_IFACE_PERF_H
#define SV_IFACE_PERF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "base/vec.h"

/* What to open: all that the opener lets anybody choose. */
struct sv_perf_spec {
	uint32_t type; /* PERF_TYPE_*; tracepoints and breakpoints are not opened */
	uint64_t config, config1, config2;
	uint64_t period;       /* a sample every so many; 0: count alone */
	uint32_t kernel;       /* also in the kernel, where that is allowed */
	uint32_t tasks;	       /* also forks, names and mappings of the task */
	uint32_t on_exec;      /* begin at the next exec */
	int32_t cpu;	       /* number; the task is looked at while it runs there */
	uint32_t lost_is_read; /* how many were lost is in what is read (6.0) */
};

/* A descriptor, or -1 with errno. Called in the opener. */
int sv_perf_open(const struct sv_perf_spec *spec, pid_t tid);

/* An event by its name, as libpfm4 knows it. */
struct sv_perf_event {
	char name[96];
	uint32_t type;
	uint64_t config, config1, config2;
	uint64_t period; /* out of the name, or what suits it */
};

/* -1: there is no such event on this machine, or the name is malformed: the message says so. */
int sv_perf_event_find(const char *name, struct sv_perf_event *ret, struct safevma_error *err);

/* Whether each single one is sampled: page faults, as the software counts them. */
bool sv_perf_event_is_fault(const struct sv_perf_event *event);

enum sv_perf_type {
	SV_PERF_LOST = 2,
	SV_PERF_COMM = 3,
	SV_PERF_EXIT = 4,
	SV_PERF_THROTTLE = 5,
	SV_PERF_FORK = 7,
	SV_PERF_SAMPLE = 9,
	SV_PERF_MMAP2 = 10,
	SV_PERF_LOST_SAMPLES = 13,
	SV_PERF_OTHER, /* anything else: passed over */
};

/* Bytes behind the body of all but samples. */
enum { SV_PERF_TRAILER = 24 };

struct sv_perf_record {
	enum sv_perf_type type;
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	pid_t pid, tid;
	uint64_t id;
	bool kernel;			    /* SAMPLE: taken in the kernel */
	bool exec;			    /* COMM: the name is of a new program */
	uint64_t ip, addr;		    /* SAMPLE */
	uint64_t lost;			    /* LOST, LOST_SAMPLES */
	pid_t ppid, ptid;		    /* FORK, EXIT: the parent's */
	uint64_t start, end, offset, inode; /* MMAP2 */
	uint64_t dev_major, dev_minor;
	unsigned int perms;  /* enum sv_perm */
	struct sv_span name; /* MMAP2, COMM: borrowed from the bytes */
};

/*
 * The next record of *bytes, which is moved behind it: 1; 0 at the end; -1 malformed. Bytes have to
 * be aligned to eight.
 */
int sv_perf_next(struct sv_span *bytes, struct sv_perf_record *ret, struct safevma_error *err);

#endif
