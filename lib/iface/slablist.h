/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slab caches as the kernel lists them.
 *
 * /proc/slabinfo, version 2.1 (mm/slab_common.c, cache_show()); one line for each cache, of merged
 * ones for the first that was made:
 *
 *	slabinfo - version: 2.1
 *	# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
 *... kmalloc-64          1920   1920     64   64    1 : tunables    0    0    0 : slabdata     30
 *30      0
 *
 * /sys/kernel/slab (mm/slub.c): a directory for each, and for a cache that can be merged a link
 *with each of its names to a directory that is called by what they have in common. As the opener
 *lists it, a link with what it points to behind a tab:
 *
 *	:A-0000192
 *	cred_jar	:A-0000192
 *	dentry
 */
#ifndef SV_IFACE_SLABLIST_H
#define SV_IFACE_SLABLIST_H

#include "base/parse.h"

struct sv_slabinfo_entry {
	struct sv_span name;
	uint64_t active_objects, objects, object_size, objects_per_slab, pages_per_slab;
	uint64_t active_slabs, slabs;
};

/* 1, 0 at the end, -1. Lines of its head are passed over. */
int sv_slabinfo_next(
	struct sv_text *t, struct sv_slabinfo_entry *ret, struct safevma_error *err) sv_must_check;

/* target is empty for a directory. 1, 0 at the end, -1. */
int sv_slablist_next(struct sv_text *t, struct sv_span *name, struct sv_span *target,
	struct safevma_error *err) sv_must_check;

#endif
