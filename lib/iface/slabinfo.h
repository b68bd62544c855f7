/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/slabinfo: a line a cache; mm/slab_common.c cache_show(), version 2.1 since 2.6.16:
 *
 *	slabinfo - version: 2.1
 *	# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : ...
 *	kmalloc-64  2845 3008 64 64 1 : tunables 0 0 0 : slabdata 47 47 0
 *
 * A merged cache stands there once, by the name of who asked for it first. objsize is what an
 * object takes with all that the allocator adds (slab_size of sysfs).
 */
#ifndef SV_IFACE_SLABINFO_H
#define SV_IFACE_SLABINFO_H

#include "base/parse.h"

struct sv_slabinfo {
	struct sv_span name; /* borrowed; it may hold blanks */
	uint64_t active_objects, objects, object_bytes, objects_per_slab, pages_per_slab;
	uint64_t active_slabs, slabs;
};

/* 1: *ret is the next one; 0: end; -1: malformed. The two lines of heading are passed over. */
int sv_slabinfo_next(struct sv_text *text, struct sv_slabinfo *ret, struct safevma_error *err);

#endif
