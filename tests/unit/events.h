/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records of perf_event_open(2), built by hand as the manual page lays them out for events that are
 * opened as perf.h says: not as the parser reads them.
 */
#ifndef TESTS_EVENTS_H
#define TESTS_EVENTS_H

#include "unit.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include "iface/perf.h"

struct events {
	_Alignas(8) char bytes[8192];
	size_t len, begun;
};

static inline void put(struct events *e, const void *data, size_t len)
{
	assert_true(len <= sizeof(e->bytes) - e->len);
	memcpy(e->bytes + e->len, data, len);
	e->len += len;
}

static inline void put32(struct events *e, uint32_t v)
{
	put(e, &v, sizeof(v));
}

static inline void put64(struct events *e, uint64_t v)
{
	put(e, &v, sizeof(v));
}

/* With its NUL, up to a multiple of eight, as the kernel does it. */
static inline void put_name(struct events *e, const char *name)
{
	static const char nuls[8];
	size_t len = strlen(name) + 1;

	put(e, name, len);
	put(e, nuls, (8 - len % 8) % 8);
}

static inline void begin_record(struct events *e, uint32_t type, uint16_t misc)
{
	struct perf_event_header h = { .type = type, .misc = misc };

	e->begun = e->len;
	put(e, &h, sizeof(h));
}

static inline void set_size(struct events *e, size_t at, uint16_t size)
{
	memcpy(e->bytes + at + offsetof(struct perf_event_header, size), &size, sizeof(size));
}

static inline void end_record(struct events *e)
{
	set_size(e, e->begun, (uint16_t)(e->len - e->begun));
}

/* struct sample_id: of which task, when, of which event. */
static inline void trailer(struct events *e, uint32_t pid, uint32_t tid, uint64_t time)
{
	put32(e, pid);
	put32(e, tid);
	put64(e, time);
	put64(e, 900);
	end_record(e);
}

static inline void put_sample(struct events *e, uint16_t misc, uint64_t time, uint64_t addr)
{
	begin_record(e, PERF_RECORD_SAMPLE, misc);
	put64(e, 900);
	put64(e, 0x401234);
	put32(e, 42);
	put32(e, 43);
	put64(e, time);
	put64(e, addr);
	end_record(e);
}

struct mapped {
	uint64_t start, len, offset, inode;
	uint32_t prot, flags;
	const char *name;
};

static inline void put_mapping(struct events *e, uint64_t time, const struct mapped *m)
{
	begin_record(e, PERF_RECORD_MMAP2, 0);
	put32(e, 42);
	put32(e, 43);
	put64(e, m->start);
	put64(e, m->len);
	put64(e, m->offset);
	put32(e, 8);
	put32(e, 1);
	put64(e, m->inode);
	put64(e, 77);
	put32(e, m->prot);
	put32(e, m->flags);
	put_name(e, m->name);
	trailer(e, 42, 43, time);
}

static inline void put_task(struct events *e, uint32_t type, uint64_t time)
{
	begin_record(e, type, 0);
	put32(e, 50); /* pid, ppid, tid, ptid, time */
	put32(e, 42);
	put32(e, 51);
	put32(e, 43);
	put64(e, time);
	trailer(e, 42, 43, time);
}

static inline void put_comm(struct events *e, uint16_t misc, uint64_t time, const char *name)
{
	begin_record(e, PERF_RECORD_COMM, misc);
	put32(e, 42);
	put32(e, 43);
	put_name(e, name);
	trailer(e, 42, 43, time);
}

static inline void put_lost(struct events *e, uint64_t time, uint64_t n)
{
	begin_record(e, PERF_RECORD_LOST, 0);
	put64(e, 900);
	put64(e, n);
	trailer(e, 42, 43, time);
}

static inline void put_lost_samples(struct events *e, uint64_t time, uint64_t n)
{
	begin_record(e, PERF_RECORD_LOST_SAMPLES, 0);
	put64(e, n);
	trailer(e, 42, 43, time);
}

static inline void put_throttle(struct events *e, uint64_t time)
{
	begin_record(e, PERF_RECORD_THROTTLE, 0);
	put64(e, time);
	put64(e, 900);
	put64(e, 901);
	trailer(e, 42, 43, time);
}

static inline struct sv_span bytes_of(const struct events *e)
{
	return (struct sv_span) { .ptr = e->bytes, .len = e->len };
}

#endif
