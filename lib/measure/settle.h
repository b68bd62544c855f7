/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Did what was watched stay as it was? Settled is a claim about all of the time and everything that
 * was to be looked at: one change refutes it, and whatever could not be seen leaves it unknown.
 */
#ifndef SV_MEASURE_SETTLE_H
#define SV_MEASURE_SETTLE_H

#include "model/observation.h"

/* Why it is unknown. */
enum sv_unsettled {
	SV_UNSETTLED_NOT,
	SV_UNSETTLED_CHANGED,	/* something changed: a failure */
	SV_UNSETTLED_NOTHING,	/* nothing was selected, or none of it could be read */
	SV_UNSETTLED_ONE_LOOK,	/* there is nothing to compare with */
	SV_UNSETTLED_MISSED,	/* a look could not read all of it */
	SV_UNSETTLED_HIDDEN,	/* frame numbers are hidden: moves cannot be seen */
	SV_UNSETTLED_NO_FRAMES, /* what its frames are cannot be read: lost locks are not seen */
	SV_UNSETTLED_GAP,	/* something else that was asked for is missing */
};

struct sv_settled {
	enum safevma_verdict verdict; /* PASS, FAIL, UNKNOWN */
	enum sv_unsettled reason;
	const struct sv_change *culprit; /* with CHANGED: what unsettled it first; or NULL */
};

/* In words, for people; NULL for NOT. */
const char *sv_unsettled_text(enum sv_unsettled reason);

void sv_measure_settled(
	const safevma_observation *obs, const struct sv_watched *watched, struct sv_settled *ret);

/* Of all of them together. */
void sv_measure_all_settled(const safevma_observation *obs, struct sv_settled *ret);

/* How much a counter of the kernel grew since the look before; unknown at the first. */
struct sv_num sv_measure_counter(
	const struct sv_series *series, size_t look, enum sv_counter counter);

/* Over the whole time. */
struct sv_series_sums {
	struct sv_num span_ns; /* from the first look to the last */
	struct sv_num counters[SV_COUNTER_COUNT];
	struct sv_num cpu_us, lock_reads, bytes_read;			 /* of all looks */
	struct sv_num most_lock_reads, longest_read_us, longest_look_us; /* of one look */
	uint64_t pages, most_pages;
};

void sv_measure_series(const struct sv_series *series, struct sv_series_sums *ret);

#endif
