/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pages of which processes map the frames that were asked for. */
#ifndef SV_MEASURE_OWNERS_H
#define SV_MEASURE_OWNERS_H

#include "model/observation.h"
#include "model/reach.h"
#include "vma.h"

struct sv_owner {
	uint64_t pfn, vaddr;
	const struct sv_process *process;
	const struct sv_vma *vma;
	bool changed;
};

struct sv_owners {
	struct sv_owner *ptr;
	size_t len, cap;
};

/* By frame, process, address. -1: memory is out. */
int sv_measure_owners(const safevma_observation *obs, struct sv_owners *ret);
void sv_owners_fini(struct sv_owners *owners);

/* Those of one frame: the first of them, *n how many. */
const struct sv_owner *sv_owners_of(const struct sv_owners *owners, uint64_t pfn, size_t *n);

/* Where a frame number lies. */
enum sv_place_of { SV_PLACE_UNKNOWN, SV_PLACE_MEMORY, SV_PLACE_HOLE, SV_PLACE_BEYOND };
enum sv_place_of sv_place_of_frame(const safevma_observation *obs, const struct sv_frame *frame);
const char *sv_place_name(enum sv_place_of place);

/*
 * Reach of a frame that n pages were found to map. It may be secretmem that a process holds which
 * could not be read: memory of files that more map than were found is unknown.
 */
struct sv_reached sv_owned_reach(const safevma_observation *obs, const struct sv_frame *frame,
	const struct sv_owner *owners, size_t n);

/*
 * How many of n found page-table entries there are: processes that have one memory have one entry.
 * Unknown where it could not be told whether two have.
 */
struct sv_num sv_owners_entries(const struct sv_owner *owners, size_t n);

/* Page-table entries that map the frame beyond those found. */
struct sv_num sv_unexplained(const struct sv_frame *frame, struct sv_num found);

#endif
