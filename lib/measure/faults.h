/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the log of faults amounts to. Every fault is counted twice by the kernel: when it is sampled
 * into a ring, and when it is counted; what was counted and is in no ring was lost.
 */
#ifndef SV_MEASURE_FAULTS_H
#define SV_MEASURE_FAULTS_H

#include "model/observation.h"

enum sv_faults_doubt {
	SV_DOUBT_NONE,
	SV_DOUBT_NOTHING,   /* no event could be opened, or nothing was selected */
	SV_DOUBT_LOST,	    /* samples were lost */
	SV_DOUBT_THROTTLED, /* the kernel held events back */
	SV_DOUBT_THREADS,   /* not of all threads events could be opened */
	SV_DOUBT_COUNTS,    /* what was counted could not be read */
	SV_DOUBT_NOT_EACH,  /* a verdict was asked for, and no event tells each fault */
	SV_DOUBT_GAP,	    /* something else that was asked for is missing */
};

/* In words; NULL for NONE. */
const char *sv_faults_doubt_text(enum sv_faults_doubt doubt);

struct sv_faults_sums {
	uint64_t sampled; /* faults, of all events that are each sampled */
	struct sv_num counted, lost;
	uint64_t kinds[SV_FAULT_KIND_COUNT];
	enum sv_faults_doubt doubt;
	enum safevma_verdict verdict; /* of --until-fault: PASS, FAIL, UNKNOWN */
	struct sv_num span_ns;
};

void sv_measure_faults(const safevma_observation *obs, struct sv_faults_sums *ret);

#endif
