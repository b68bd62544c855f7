/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Physical memory as cells of 2^order frames, and how often each flag of kpageflags was seen. Cells
 * without memory are not kept, and when there are too many, each two become one: it takes the same
 * memory on every machine, however large it is and wherever its memory lies.
 */
#ifndef SV_MODEL_RASTER_H
#define SV_MODEL_RASTER_H

#include "base/vec.h"
#include "exposure.h"

enum {
	SV_RASTER_CELLS = 4096,	      /* at most, where nobody says another number */
	SV_RASTER_CELLS_MOST = 65536, /* that can be asked for */
	SV_RASTER_ORDER_MOST = 24,    /* that can be asked for */
};

struct sv_raster_cell {
	uint64_t index;			/* its first frame is index << order */
	uint64_t class[SV_CLASS_COUNT]; /* frames; those that are no memory are not counted */
	uint64_t mapped;		/* memory of processes that is mapped */
};

struct sv_raster {
	bool made;
	unsigned int order;
	size_t most;	     /* cells */
	uint64_t first, end; /* frames that were looked at; end: the first behind them */
	uint64_t looked;     /* frames, holes too */
	uint64_t flags[64];  /* frames with that bit of kpageflags */
	struct {
		struct sv_raster_cell *ptr;
		size_t len, cap;
	} cells; /* by index; each holds memory */
};

/* Empty, of frames from first on. order: that was asked for; most: cells, 0 the usual. */
void sv_raster_init(struct sv_raster *r, uint64_t first, unsigned int order, size_t most);

/* Adds a classified piece; pieces come upwards. -1: memory is out. */
int sv_raster_add(struct sv_raster *r, const struct sv_exposure_piece *piece);

void sv_raster_fini(struct sv_raster *r);

/* Frames of a cell that were looked at: [first, first + frames). */
uint64_t sv_raster_first(const struct sv_raster *r, const struct sv_raster_cell *c);
uint64_t sv_raster_frames(const struct sv_raster *r, const struct sv_raster_cell *c);

/* Frames of it that are memory. */
uint64_t sv_raster_memory(const struct sv_raster_cell *c);

/* The class that most of its memory is of; of equals the first of enum sv_class. */
enum sv_class sv_raster_class(const struct sv_raster_cell *c);

/* It holds mapped memory of processes and a strong source of overruns. */
bool sv_raster_mixed(const struct sv_raster_cell *c);

#endif
