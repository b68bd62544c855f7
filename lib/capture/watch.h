/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between watch.c, which keeps the time, and watch_process.c, which looks at one process. */
#ifndef SV_CAPTURE_WATCH_H
#define SV_CAPTURE_WATCH_H

#include "capture.h"
#include "model/delta.h"

/* What one look saw of a process. */
struct sv_side {
	struct sv_process list;	  /* its VMAs, all, with the text of maps */
	struct sv_process memory; /* VMAs whose pages are looked at, pages, frames; borrows paths */
	bool listed, paged;	  /* which of the two could be read */
	uint64_t minflt, majflt, children, threads;
	struct sv_num rss, locked, swap;
	bool counted; /* stat and status could be read */
};

/* A process while it is watched. */
struct sv_watch {
	struct sv_process *process; /* the observation's: who it is; VMAs with flags, of smaps */
	size_t watched;		    /* its index in the series */
	struct sv_side last;	    /* what each part looked like when it was read last */
};

/* Which look it is, and the tag that its readings have. */
struct sv_look_now {
	size_t number;
	uint64_t boottime_ns;
	char tag[24];
	uint64_t pages;	  /* entries of page tables read */
	uint64_t changes; /* told */
};

int sv_watch_look(struct sv_capture *c, struct sv_watch *w, struct sv_look_now *look,
	struct safevma_error *err);

void sv_watch_fini(struct sv_watch *w);

/*
 * Adds a change of a process, in full while there is room, and counts it. path: copied; ptr NULL:
 * none.
 */
int sv_watch_change(struct sv_capture *c, struct sv_watch *w, struct sv_look_now *look,
	const struct sv_change *change, struct sv_span path, struct safevma_error *err);

#endif
