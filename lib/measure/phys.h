/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Physical memory: composition by node, and where the frames of the selected lie. */
#ifndef SV_MEASURE_PHYS_H
#define SV_MEASURE_PHYS_H

#include "model/observation.h"

/* Frames of what is one zone, one node, or all, by class. */
struct sv_composition {
	uint64_t frames; /* that are memory */
	uint64_t class[SV_CLASS_COUNT];
	uint64_t user; /* of processes, and mapped */
};

void sv_composition_add(struct sv_composition *sum, const struct sv_zone_exposure *zone);

/* By the raster: also frames in no zone. */
void sv_measure_composition(const struct sv_raster *raster, struct sv_composition *ret);

/* Frame numbers, upwards, each once. */
struct sv_pfns {
	uint64_t *ptr;
	size_t len;
};

/* Those that a process's pages lie in, as far as they were looked at. -1: memory is out. */
int sv_process_pfns(
	const safevma_observation *obs, const struct sv_process *p, struct sv_pfns *ret);
void sv_pfns_fini(struct sv_pfns *pfns);

/* The frames of a process can be known at all: its memory was read, and numbers are shown. */
bool sv_pfns_known(const safevma_observation *obs, const struct sv_process *p);

/* Where frames lie. */
struct sv_placement {
	uint64_t frames;
	uint64_t stretches; /* of frames one after the other */
	uint64_t blocks;    /* pageblocks with some of them */
	uint64_t cells;	    /* of the raster */
};

/* Of those that lie in a zone; NULL: of all. */
void sv_measure_placement(const safevma_observation *obs, const struct sv_pfns *pfns,
	const struct sv_zone_exposure *zone, struct sv_placement *ret);

/*
 * For each cell of the raster how many frames of the selected processes lie in it, each frame once
 * whoever has it; ret has room for as many numbers as there are cells. -1: memory is out.
 */
int sv_measure_selected(const safevma_observation *obs, uint64_t *ret);

/* Some frames of each selected process are known. */
bool sv_selected_known(const safevma_observation *obs);

#endif
