/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The live side of events: what was opened for which thread on which CPU, and a ring for each CPU
 * into which all of them write.
 *
 * An event is opened for each thread and CPU, because only so do threads and children that it makes
 * later inherit it without a race: the kernel maps no ring of an inherited event that is not bound
 * to a CPU.
 */
#ifndef SV_IFACE_PERF_LIVE_H
#define SV_IFACE_PERF_LIVE_H

#include "perf.h"
#include "root.h"

struct sv_perf_live;

/* Asks the opener: 0 and a descriptor, or errno, or below 0 when the opener is lost. */
typedef int (*sv_perf_ask_fn)(void *arg, const struct sv_perf_spec *spec, pid_t tid, int *fd);

/* A program that waits to be run, until it is released. */
struct sv_program {
	pid_t pid;	/* 0: none */
	int go, failed; /* pipes: a byte releases it; errno of an exec that failed comes back */
	bool released, ended;
	int status; /* of waitpid(), with ended */
};

/* Forks a process that will run argv. 0 or errno. Before capabilities are given up. */
int sv_program_prepare(struct sv_program *p, char *const *argv);
/* 0, or errno of the exec. */
int sv_program_release(struct sv_program *p);
/* Whether it has ended; asks without waiting. */
bool sv_program_ended(struct sv_program *p);
/* Ends it if it still runs, and waits for it. */
void sv_program_fini(struct sv_program *p);

void sv_perf_live_free(struct sv_perf_live *live);

/* SV_OP_PERF_OPEN, _START, _DRAIN, _COUNT: bytes into ret. 0, errno, or below 0: opener lost. */
int sv_perf_live_open(struct sv_perf_live **live, const struct sv_perf_request *request,
	sv_perf_ask_fn ask, void *arg, struct sv_strbuf *ret);
int sv_perf_live_start(
	struct sv_perf_live *live, struct sv_program *program, struct sv_strbuf *ret);
int sv_perf_live_drain(struct sv_perf_live *live, struct sv_program *program,
	const struct sv_wait *wait, struct sv_strbuf *ret);
int sv_perf_live_count(struct sv_perf_live *live, struct sv_strbuf *ret);

#endif
