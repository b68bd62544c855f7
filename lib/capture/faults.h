/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between faults_open.c, which opens events, faults.c, which keeps the time, and faults_log.c,
 * which reads what they say. */
#ifndef SV_CAPTURE_FAULTS_H
#define SV_CAPTURE_FAULTS_H

#include "capture.h"
#include "iface/perf.h"
#include "space.h"

struct sv_event_id {
	uint64_t id;
	size_t event;
	pid_t tid; /* the thread that it was opened for: others inherit it */
};

struct sv_following {
	struct sv_capture *c;
	struct safevma_error *err;
	sv_vec(struct sv_perf_event) events;
	sv_vec(struct sv_event_id) ids; /* in order of id once all are there */
	sv_vec(pid_t) tids;		/* threads whose events were opened, or tried to be */
	sv_vec(struct sv_space) spaces;
	struct sv_strbuf late; /* records that belong behind those that are still to come */
	uint64_t drains;
	uint64_t now_ns; /* CLOCK_MONOTONIC of the last drain */
	uint64_t tasks;	 /* threads that live, as far as events tell */
	uint64_t looked_ns;
	size_t keep;
};

/* The events that are asked for; those of all threads of the selected. 0, -1. */
int sv_faults_choose(struct sv_following *f);
int sv_faults_open(struct sv_following *f);

/* Everything of one drain: bytes behind the head. over: nothing follows. */
int sv_faults_take(struct sv_following *f, const struct sv_strbuf *bytes, bool over);

/* The address space of a process, made when first asked for; NULL: memory is out. */
struct sv_space *sv_faults_space(struct sv_following *f, pid_t pid);

/* Reads its maps anew. 0, or -1 for what ends everything. */
int sv_faults_read_maps(struct sv_following *f, struct sv_space *s);

#endif
