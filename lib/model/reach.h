/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel's linear map reaches a frame, and how we know. */
#ifndef SV_MODEL_REACH_H
#define SV_MODEL_REACH_H

#include "observation.h"

enum sv_reach { SV_REACH_UNKNOWN, SV_REACH_MAPPED, SV_REACH_REMOVED };
enum sv_basis { SV_BASIS_NONE, SV_BASIS_OBSERVED, SV_BASIS_INFERRED, SV_BASIS_ASSUMED };

/* What the linear map lets the kernel do there. */
enum sv_alias_perm { SV_ALIAS_PERM_UNKNOWN, SV_ALIAS_PERM_RW, SV_ALIAS_PERM_RO };

struct sv_reached {
	enum sv_reach reach;
	enum sv_basis basis;	 /* NONE with UNKNOWN */
	enum sv_alias_perm perm; /* of what is observed to be mapped */
	struct sv_num alias;	 /* its linear address, where the page tables were read */
	struct sv_num others;	 /* how many further kernel addresses map it */
	enum sv_alias_why why;	 /* why the page tables do not tell */
};

const char *sv_reach_name(enum sv_reach reach);
const char *sv_basis_name(enum sv_basis basis);

const char *sv_perm_name(enum sv_alias_perm perm); /* "rw", "ro"; NULL: unknown */

/*
 * frame may be NULL: not read. vma: one that maps it. kernel: what the kernel's page tables say of
 * the process's frames; NULL or not made: nothing. What they say goes before everything else; where
 * they were read and contradict themselves the answer is unknown, and no assumption takes its
 * place.
 */
struct sv_reached sv_reach_of(const safevma_observation *obs, const struct sv_kernelmap *kernel,
	const struct sv_vma *vma, const struct sv_frame *frame);

/*
 * Architectures where a secretmem page is certain to be gone from the linear map: the kernel there
 * always can remove pages. arm64 can only in some configurations, and some kernels gave out
 * secretmem without removing anything.
 */
bool sv_reach_secret_certain(const char *machine);

#endif
