/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of a VMA: what is there, what is locked, what the linear map reaches, what lies beside.
 * Every figure is known only when all that it rests on was read.
 */
#ifndef SV_MEASURE_VMA_H
#define SV_MEASURE_VMA_H

#include "model/reach.h"

/* What an overrun into us would do, given our own alias in the linear map. */
enum sv_effect { SV_EFFECT_UNKNOWN, SV_EFFECT_SILENT, SV_EFFECT_TRAPPED };

const char *sv_effect_name(enum sv_effect effect);
enum sv_effect sv_effect_of(struct sv_reached reached);

/*
 * Edges: sources directly below (over: an overflow of theirs runs into us) and above (under).
 * strong: certainly kernel memory. unclassified: perhaps; strong + unclassified is the upper bound.
 * silent + trapped + unknown is the sum of the four.
 */
struct sv_edges {
	uint64_t over_strong, over_unclassified, under_strong, under_unclassified;
	uint64_t silent, trapped, unknown;
	uint64_t unread; /* neighbours that could not be read */
};

/* Counts a neighbour of a frame; over: it lies below. False when it is no source. */
bool sv_edges_count(
	struct sv_edges *edges, enum sv_class neighbour, bool over, enum sv_effect effect);

/* Pages of which everything asked for was read; the rest by reason. */
struct sv_coverage {
	uint64_t examined, total, unreadable, changed;
};

struct sv_reach_bytes {
	uint64_t mapped, removed, unknown;
	uint64_t observed, inferred, assumed;
	uint64_t readonly;	/* of mapped: the linear map may read there, not write */
	uint64_t other;		/* mapped at further kernel addresses */
	uint64_t other_unknown; /* whether they are was not looked for, or could not be told */
};

enum sv_presence {
	SV_PRESENT,
	SV_SWAPPED,
	SV_GUARD,
	SV_MARKER,     /* not present, not empty, not swap: migration, hwpoison, userfaultfd */
	SV_NONPRESENT, /* not present, not empty, and it cannot be told which */
	SV_GONE,       /* empty by the second look */
};

const char *sv_presence_name(enum sv_presence presence);

/*
 * What an entry that was kept says. Real swap names its area by a type below all pseudo types: of
 * 32 types up to 9 at the top are device-private, migration, hwpoison and markers, whatever the
 * kernel's configuration. The number of areas would not do: swapoff leaves holes in the types.
 */
enum sv_presence sv_presence_of(const safevma_observation *obs, uint64_t entry);

struct sv_vma_figures {
	struct sv_num size; /* known once the mappings were read */
	/* resident + absent + swapped = size; marker and special are parts of absent */
	struct sv_num resident, absent, swapped, marker, special;
	struct sv_num locked,
		unlocked; /* parts of resident: reclaim must leave it, or may take it */
	struct sv_num zero, exclusive, shared, huge;
	bool reach_known;
	struct sv_reach_bytes reach; /* parts of resident */
	bool edges_known;
	struct sv_edges edges;
	struct sv_coverage coverage;
};

void sv_measure_vma(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, struct sv_vma_figures *ret);

/* Sums over all VMAs; a figure is known when it is known of each. */
void sv_measure_process(
	const safevma_observation *obs, const struct sv_process *p, struct sv_vma_figures *ret);

/* Frames that belong to the process: not the zero page, not kernel memory that it only sees. */
bool sv_frame_of_interest(enum sv_class class);

/* What a page's frame is, and what lies beside it; UNKNOWN where not read. */
struct sv_surroundings {
	bool found;	       /* its frame was looked up */
	size_t slot;	       /* the frame's; the next page's is looked for from here on */
	struct sv_frame frame; /* with found */
	enum sv_class class;
	const struct sv_vma *vma; /* that the page lies in */
	struct sv_reached reached;
};

/* ret: zeroed before the first page, then what the page before gave. */
void sv_page_surroundings(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_vma *v, const struct sv_page *pg, struct sv_surroundings *ret);

/* Whether some process locked the frame; unknown when not read. */
struct sv_num sv_page_mlocked(const struct sv_surroundings *s);

#endif
