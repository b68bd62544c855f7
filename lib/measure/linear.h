/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of the kernel's address space: coverage of RAM, sizes of entries, regions. */
#ifndef SV_MEASURE_LINEAR_H
#define SV_MEASURE_LINEAR_H

#include "model/observation.h"
#include "model/reach.h"
#include "model/walk.h"

/* By what the linear map makes of it; bytes. */
struct sv_linear_sums {
	uint64_t ram;	 /* that the kernel lists */
	uint64_t rw, ro; /* parts of ram, as are the next three */
	uint64_t absent;
	uint64_t unknown;
	uint64_t beside;	/* mapped, though the kernel does not list it as RAM */
	uint64_t exec;		/* of rw and ro: the kernel may execute there */
	uint64_t split_regions; /* stretches of a large entry's size that hold removed frames */
};

void sv_measure_linear(const struct sv_kernel_view *k, struct sv_linear_sums *ret);

/* Bytes of the linear map behind entries of 2^shift bytes, present or removed. */
uint64_t sv_measure_leaves(const struct sv_kernel_view *k, unsigned int shift);

/* A stretch of the kernel's address space. */
struct sv_region_row {
	enum sv_kzone zone;
	uint64_t start, end;	   /* end: address after the last, 0 for the end of the space */
	enum sv_basis basis;	   /* of its extent: all listed by kcore, or documented */
	uint64_t mapped, rw, exec; /* bytes */
	uint64_t mappings;
};

struct sv_region_rows {
	struct sv_region_row *ptr;
	size_t len, cap;
};

/* In order of address; those without a name only where something is mapped there. -1: memory. */
int sv_measure_regions(const struct sv_kernel_view *k, struct sv_region_rows *ret);

#endif
