/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of slab caches, /sys/kernel/slab (mm/slub.c): a directory for each, and for a cache that
 * can be merged a link with each of its names to a directory that is called by what they have in
 * common. As the opener lists it, a link with what it points to behind a tab:
 *
 *	:A-0000192
 *	cred_jar	:A-0000192
 *	dentry
 */
#ifndef SV_IFACE_SLABLIST_H
#define SV_IFACE_SLABLIST_H

#include "base/parse.h"

/* target is empty for a directory. 1, 0 at the end, -1. */
int sv_slablist_next(struct sv_text *t, struct sv_span *name, struct sv_span *target,
	struct safevma_error *err) sv_must_check;

#endif
