/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Would a process get so much private anonymous memory, and what stands in the way first? The
 * limits in the order in which the kernel meets them: when it is mapped, mmap() says ENOMEM or
 * EAGAIN; when it is touched, the process waits, or something is killed.
 */
#ifndef SV_MEASURE_FIT_H
#define SV_MEASURE_FIT_H

#include "oom.h"
#include "vma.h"

enum sv_fit_verdict {
	SV_FIT_FITS,
	SV_FIT_LIKELY, /* after reclaim, by the kernel's own estimate */
	SV_FIT_THROTTLED,
	SV_FIT_KILLED,
	SV_FIT_REFUSED,
	SV_FIT_UNKNOWN,
};

const char *sv_fit_verdict_name(enum sv_fit_verdict v);

enum sv_fit_basis { SV_FIT_OBSERVED, SV_FIT_INFERRED };

struct sv_fit_row {
	const char *limit;
	bool touch;	       /* else when it is mapped */
	struct sv_num limited; /* 0: no such limit holds */
	struct sv_num room;    /* so many bytes pass for certain */
	struct sv_num most;    /* more do not, for certain */
	enum sv_fit_verdict verdict;
	bool ends; /* beyond it the process goes no further: killed, or waiting without end */
	enum sv_fit_basis basis;
	const char *reason;
	const struct sv_memcg *group; /* whose limit it is; or NULL */
};

enum { SV_FIT_ROWS = 128 };

struct sv_fit {
	enum sv_fit_verdict verdict;
	const struct sv_fit_row *first; /* what decides it; NULL: nothing stands in the way */
	struct sv_num room;		/* so many bytes fit for certain */
	struct sv_num victim;		/* who is killed; 0: the system panics */
	size_t len;
	struct sv_fit_row rows[SV_FIT_ROWS];
};

/* -1: memory is out. */
int sv_measure_fit(const safevma_observation *obs, const struct sv_process *p, struct sv_fit *ret);

/* In processes: those of which it can be told. */
void sv_fit_coverage(const safevma_observation *obs, struct sv_coverage *ret);

#endif
