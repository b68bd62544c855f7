/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of fit.c share: one row a limit. */
#ifndef SV_MEASURE_FIT_ROWS_H
#define SV_MEASURE_FIT_ROWS_H

#include "fit.h"

struct sv_fitting {
	const safevma_observation *obs;
	const struct sv_process *p;
	uint64_t size; /* whole pages */
	uint64_t need; /* with the page tables that it takes, and a little */
	struct sv_fit *ret;
};

/* A new row, with nothing known. */
struct sv_fit_row *sv_fit_add(struct sv_fitting *f, const char *limit, bool touch);

/* No such limit holds. */
void sv_fit_free(struct sv_fit_row *r, const char *reason);

/*
 * need_most bytes fit up to room, need_least do not above most; then it is what beyond_it says.
 * Between the two it cannot be told.
 */
void sv_fit_judge(struct sv_fit_row *r, uint64_t need_most, uint64_t need_least, uint64_t room,
	uint64_t most, enum sv_fit_verdict beyond_it);

/* The rows of each stage, in order. */
void sv_fit_map(struct sv_fitting *f);
void sv_fit_touch(struct sv_fitting *f);

/* What the observer itself takes while it looks, at most; it will be gone. */
struct sv_fit_observers {
	uint64_t address_space, resident;
};
struct sv_fit_observers sv_fit_observers(const safevma_observation *obs);

/* a - b where that is above 0; a + b, at most all. */
static inline uint64_t sv_fit_beyond(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t sv_fit_plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
