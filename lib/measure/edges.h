/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edges of a process one by one: each victim frame with the source beside it. */
#ifndef SV_MEASURE_EDGES_H
#define SV_MEASURE_EDGES_H

#include "holding.h"
#include "vma.h"

struct sv_edge {
	uint64_t vaddr, pfn, source_pfn;
	size_t vma; /* index */
	bool over;  /* the source lies below: its overflow runs into us */
	enum sv_class source_class;
	const struct sv_holding *held; /* who has the source; NULL: not told */
	enum sv_effect effect;
};

struct sv_edge_list {
	struct sv_edge *ptr;
	size_t len, cap;
	uint64_t frames; /* frames of interest, each once */
	struct sv_edges sums;
	/* The same with what is known of who has the sources. */
	struct sv_edge_counts attributed;
	uint64_t named;		      /* edges whose source has a holder */
	uint64_t around;	      /* of these: those whose block was looked at */
	uint64_t distance[SV_ORDERS]; /* of these: the nearest strong source below within 2^i */
	uint64_t mixed;		      /* of these: in a pageblock that holds a strong source */
	/*
	 * Over-edges to strong sources that chance alone would give: the sum over these frames of
	 * the share of strong sources in their zone.
	 */
	double expected;
	uint64_t zoned;		     /* of these: those whose zone is known */
	struct sv_coverage coverage; /* in frames, each once */
};

/*
 * A frame that is mapped at several addresses counts once, at the lowest. Order: strong before
 * unclassified, over before under, then by address. -1: memory is out.
 */
int sv_measure_edges(
	const safevma_observation *obs, const struct sv_process *p, struct sv_edge_list *ret);
void sv_edge_list_fini(struct sv_edge_list *list);

#endif
