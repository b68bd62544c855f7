// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reading.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "crew.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * A read that takes a lock of an observed process, cut to what it should hold it for. unit: bytes
 * that the pace counts by.
 */
static ssize_t read_gently(struct sv_pacing *pacing, struct sv_pace *pace, size_t unit, int fd,
	void *buf, size_t len, uint64_t off, struct sv_cost *cost)
{
	size_t most = (size_t)pace->size * unit;
	uint64_t began = now_ns(), took;
	ssize_t n = sv_read_at(fd, buf, len < most ? len : most, (off_t)off);
	int errnum = errno;

	took = now_ns() - began;
	sv_cost_lock_read(cost, took / 1000);
	if (n > 0)
		sv_pace_learn(pace, (uint64_t)n / unit, took);
	if (sv_pacing_due(pacing, took))
		sv_pacing_pause();
	errno = errnum;
	return n;
}

int sv_reading_init(
	struct sv_reading *r, const struct safevma_root_options *o, struct safevma_error *err)
{
	*r = (struct sv_reading) { .pacing = sv_pacing_of(o->max_hold_us) };
	if (o->jobs < 2)
		return 0;
	r->crew = sv_crew_new(o->jobs);
	return r->crew ? 0 : sv_error_nomem(err);
}

void sv_reading_fini(struct sv_reading *r)
{
	sv_crew_free(r->crew);
	r->crew = NULL;
}

static bool of_all_frames(enum sv_iface iface)
{
	return iface == SV_IFACE_KPAGEFLAGS || iface == SV_IFACE_KPAGECOUNT ||
	       iface == SV_IFACE_KPAGECGROUP;
}

ssize_t sv_reading_read(struct sv_reading *r, enum sv_iface iface, int fd, void *buf, size_t len,
	uint64_t off, struct sv_cost *cost)
{
	struct sv_pacing *p = &r->pacing;

	if (iface == SV_IFACE_PAGEMAP)
		return read_gently(p, &p->pages, sizeof(uint64_t), fd, buf, len, off, cost);
	if (sv_iface_info(iface)->locks)
		return read_gently(p, &p->text, 1, fd, buf, len, off, cost);
	if (r->crew && of_all_frames(iface))
		return sv_crew_read(r->crew, fd, buf, len, (off_t)off);
	return sv_read_at(fd, buf, len, (off_t)off);
}

enum { RECORD_AT_MOST = 65536 };

int sv_read_records(const struct sv_call *call, struct sv_strbuf *ret, struct sv_cost *cost)
{
	sv_auto_free char *buf = malloc(RECORD_AT_MOST);

	if (!buf)
		return ENOMEM;
	for (size_t i = 0; i < call->positions_count; i++) {
		ssize_t n = pread(call->file->fd, buf, RECORD_AT_MOST, (off_t)call->positions[i]);

		if (n < 0)
			return errno;
		cost->bytes_read += (uint64_t)n;
		if (sv_strbuf_printf(ret, "@ %" PRIu64 " %zd\n", call->positions[i], n) ||
			sv_strbuf_add(ret, buf, (size_t)n))
			return ENOMEM;
	}
	return 0;
}
