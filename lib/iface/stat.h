/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/stat and /proc/PID/task/TID/stat: one line, do_task_stat() in fs/proc/array.c.
 *
 *	42 (a b) c) S 1 42 42 0 -1 4194560 ...
 *
 * comm is up to 15 bytes of anything (63 of a kernel thread), brackets, blanks and newlines
 * included: 6.18 prints it raw here, unlike in status, so this file may have more than one line. It
 * ends at the LAST ')'.
 */
#ifndef SV_IFACE_STAT_H
#define SV_IFACE_STAT_H

#include "base/parse.h"

struct sv_stat {
	uint64_t pid;
	struct sv_span comm; /* borrowed, as written: may hold any byte */
	char state;
	int64_t ppid;
	uint64_t flags;		 /* field 9; 0x00200000 is PF_KTHREAD */
	uint64_t minflt, majflt; /* fields 10, 12 */
	/* Fields 11, 13: of children that it waited for, and of theirs. */
	uint64_t children_minflt, children_majflt;
	uint64_t threads;		   /* field 20 */
	uint64_t start_ticks;		   /* field 22, clock ticks after boot */
	uint64_t vsize_bytes;		   /* field 23 */
	uint64_t rss_pages;		   /* field 24 */
	struct sv_num rt_priority, policy; /* fields 40, 41 */
};

/* Fields up to 24 have to be there. */
int sv_stat_parse(struct sv_text text, struct sv_stat *ret, struct safevma_error *err);

#endif
