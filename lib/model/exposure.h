/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one pass over every frame tells of the whole machine: how memory of processes and page
 * tables lie among sources of overruns, by zone and by order of block. Counts alone are kept, so
 * that it takes the same memory on every machine. Frames come in pieces, upwards.
 */
#ifndef SV_MODEL_EXPOSURE_H
#define SV_MODEL_EXPOSURE_H

#include "base/parse.h"
#include "frame.h"

enum {
	SV_ORDERS = 17,		    /* of blocks, in powers of two frames */
	SV_EXPOSURE_FRAMES = 65536, /* in one piece, at most; a multiple of every block */
};

/* A zone of the page allocator, /proc/zoneinfo. */
struct sv_zone_span {
	uint64_t node;
	char name[16];
	uint64_t start_pfn, end_pfn; /* end: the first behind it */
};

struct sv_zone_spans {
	struct sv_zone_span *ptr;
	size_t len, cap;
};

/* Pageblocks of one kind in one zone, /proc/pagetypeinfo. */
struct sv_block_type {
	uint64_t node;
	char zone[16], type[16];
	uint64_t blocks;
	struct sv_num
		mixed; /* that the kernel itself calls mixed: it knows with page_owner alone */
};

struct sv_block_types {
	struct sv_block_type *ptr;
	size_t len, cap;
};

/* The first frame behind all of them; 0: none is known. */
uint64_t sv_zone_spans_end(const struct sv_zone_spans *zones);

/* Frames with a neighbour that is a source, by direction and certainty. */
struct sv_edge_counts {
	uint64_t over_strong, over_unclassified, under_strong, under_unclassified;
};

/* Blocks of one order: naturally aligned stretches of 2^order frames. */
struct sv_mixing {
	uint64_t blocks;      /* that hold memory at all */
	uint64_t user;	      /* with memory of processes that is mapped */
	uint64_t source;      /* with a strong source */
	uint64_t mixed;	      /* with both */
	uint64_t user_frames; /* mapped frames in mixed blocks */
};

struct sv_zone_exposure {
	struct sv_zone_span span;
	uint64_t frames; /* that there are */
	uint64_t class[SV_CLASS_COUNT];
	uint64_t user; /* frames of processes, mapped */
	struct sv_edge_counts user_edges;
	struct sv_edge_counts table_edges; /* of the frames of page tables */
	uint64_t tables_mixed;		   /* page tables in pageblocks that hold a strong source */
	struct sv_mixing mixing[SV_ORDERS];
};

/* Where only a part of the machine was looked at: units of frames, and how much they scatter. */
struct sv_sample {
	unsigned int percent;	   /* 0: everything was looked at */
	uint64_t units, units_all; /* looked at, and in all */
	/* Units with such frames; sums of n^2, n * x, x^2: n frames, of which x have an edge. */
	uint64_t user_units, table_units;
	double user_nn, user_nx, user_xx, table_nn, table_nx, table_xx;
};

struct sv_exposure {
	bool made;
	bool blocks_known;	  /* the order of a pageblock was read */
	unsigned int block_order; /* of a pageblock */
	struct {
		struct sv_zone_exposure *ptr;
		size_t len, cap;
	} zones;		      /* by first frame */
	uint64_t outside;	      /* frames in no zone */
	uint64_t distance[SV_ORDERS]; /* mapped frames whose nearest strong source below is within
					 2^i */
	struct sv_sample sample;
};

/* A piece of the machine while it is looked at. */
struct sv_exposure_piece {
	uint64_t first; /* frame */
	size_t n;	/* frames; those before and behind are context */
	size_t context; /* frames before the first one that are there too */
	/* Of [first - context, first + n + 1): flag words, then what is made of them. */
	const uint64_t *words;
	uint8_t *class;	    /* SV_PIECE_* */
	uint16_t *distance; /* down to the nearest strong source; 0: none near */
	uint64_t *sources;  /* a bit a frame, from first on: it is a strong source */
	/* Carried from one piece to the next that follows it. */
	uint64_t head; /* flags of the compound head that was met last */
	uint64_t last; /* the strong source that was met last; UINT64_MAX: none since a hole */
	uint64_t reach_back; /* how far down a source counts as near */
};

#define SV_PIECE_CLASS	0x0f
#define SV_PIECE_MAPPED 0x10 /* memory of processes that is mapped */
#define SV_PIECE_STRONG 0x20 /* a strong source */
#define SV_PIECE_MAYBE	0x40 /* unclassified */
#define SV_PIECE_HOLE	0x80 /* no overrun gets past it */

/* Makes class and distance of all frames of the piece. */
void sv_exposure_classify(struct sv_exposure_piece *piece);

/* Marks the strong sources of a classified piece; counting it does so too. */
void sv_exposure_mark(struct sv_exposure_piece *piece);

/* Counts a classified piece; of a sample it is one unit, whose scatter is kept. */
void sv_exposure_count(struct sv_exposure *x, struct sv_exposure_piece *piece);

/* Whether the pageblock of a frame of the piece, which was counted, holds a strong source. */
bool sv_exposure_mixed(
	const struct sv_exposure *x, const struct sv_exposure_piece *piece, uint64_t pfn);

/* Zones in order, none counted yet. -1: memory is out. */
int sv_exposure_init(struct sv_exposure *x, const struct sv_zone_spans *zones);
void sv_exposure_fini(struct sv_exposure *x);

/* The zone that a frame lies in, or NULL. */
const struct sv_zone_exposure *sv_exposure_zone(const struct sv_exposure *x, uint64_t pfn);

#endif
