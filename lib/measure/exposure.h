/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exposure of the whole machine, out of one pass over its frames. */
#ifndef SV_MEASURE_EXPOSURE_H
#define SV_MEASURE_EXPOSURE_H

#include "model/observation.h"

/* A share, and between what it lies with 95 % certainty; the same three where all was looked at. */
struct sv_share {
	bool known;
	double value, low, high;
};

/* Frames of one sort, of processes or of page tables, and what lies beside them. */
struct sv_exposed {
	uint64_t frames;
	struct sv_edge_counts edges;
	struct sv_share over;  /* of the frames: those with a strong source right below */
	uint64_t mixed_frames; /* in pageblocks that hold a strong source */
	double expected;       /* over-edges that random placement in the zones would give */
};

struct sv_machine_exposure {
	uint64_t frames, class[SV_CLASS_COUNT];
	uint64_t strong, unclassified;
	struct sv_exposed user, tables;
	struct sv_mixing blocks;      /* of the order of a pageblock */
	uint64_t distance[SV_ORDERS]; /* cumulative: within 2^i below */
};

void sv_measure_exposure(const safevma_observation *obs, struct sv_machine_exposure *ret);

/* Strong sources and unclassified frames of a zone. */
uint64_t sv_zone_strong(const struct sv_zone_exposure *zone);
uint64_t sv_zone_unclassified(const struct sv_zone_exposure *zone);

/*
 * Share x of n with its interval. all: nothing was left out. Otherwise n came in units of which
 * looked of all were looked at; nn, nx, xx are sums over these.
 */
struct sv_share sv_share_of(uint64_t x, uint64_t n, const struct sv_sample *sample, uint64_t units,
	double nn, double nx, double xx);

#endif
