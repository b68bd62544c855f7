/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel's linear map reaches a frame, and how we know. */
#ifndef SV_MODEL_REACH_H
#define SV_MODEL_REACH_H

#include "observation.h"

enum sv_reach { SV_REACH_UNKNOWN, SV_REACH_MAPPED, SV_REACH_REMOVED };
enum sv_basis { SV_BASIS_NONE, SV_BASIS_OBSERVED, SV_BASIS_INFERRED, SV_BASIS_ASSUMED };

struct sv_reached {
	enum sv_reach reach;
	enum sv_basis basis; /* NONE with UNKNOWN */
};

const char *sv_reach_name(enum sv_reach reach);
const char *sv_basis_name(enum sv_basis basis);

/* frame may be NULL: not read. vma: one that maps it. */
struct sv_reached sv_reach_of(
	const safevma_observation *obs, const struct sv_vma *vma, const struct sv_frame *frame);

/*
 * Architectures where a secretmem page is certain to be gone from the linear map: the kernel there
 * always can remove pages. arm64 can only in some configurations, and some kernels gave out
 * secretmem without removing anything.
 */
bool sv_reach_secret_certain(const char *machine);

#endif
