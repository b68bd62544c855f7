/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Caches of the kernel's slab allocator, as it shows them. */
#ifndef SV_MODEL_SLAB_H
#define SV_MODEL_SLAB_H

#include "base/strbuf.h"
#include "base/vec.h"
#include "iface/slabinfo.h"
#include "slabs.h"

/* A number is unknown where the kernel has no such file, or does not show it: never 0. */
struct sv_slab_cache {
	struct sv_span id;   /* its directory; of merged caches a name of the kernel's */
	struct sv_span name; /* whoever asked for it first, by slabinfo; else an alias, or id */
	struct sv_span ctor; /* empty: none */
	bool ctor_known;
	struct sv_num align, object_size, slab_size, usersize, order,
		objs_per_slab; /* of objects */
	struct sv_num slabs, objects, partial, cpu_slabs, cpu_partial, cpu_partial_slabs,
		min_partial, sheaf_capacity, aliases;
	struct sv_num red_zone, poison, store_user, sanity_checks, trace, hwcache_align,
		reclaim_account, cache_dma, rcu; /* 0 or 1 */
	bool listed;				 /* slabinfo has it */
	struct sv_slabinfo info;		 /* name: see above */
	bool unreadable;			 /* some of its files */
	const struct sv_seen_cache *seen;	 /* of the view; NULL: none of its frames was met */
};

struct sv_slab_alias {
	struct sv_span name, id;
	size_t cache; /* which one; SIZE_MAX: none that was seen */
};

struct sv_slabs {
	bool made;
	struct sv_strbuf text, info_text; /* what the spans point into */
	struct sv_strbuf cmdline;	  /* of the kernel */
	bool cmdline_known;
	struct {
		struct sv_slab_cache *ptr;
		size_t len, cap;
	} caches; /* by memory, the largest first; then by name */
	struct {
		struct sv_slab_alias *ptr;
		size_t len, cap;
	} aliases;		  /* by name */
	uint64_t unlisted;	  /* lines of slabinfo that no cache was found for */
	struct sv_slab_view view; /* where their frames lie */
};

/* The same once more, after a time. */
struct sv_slab_growth {
	bool made;
	uint64_t from_ns, to_ns; /* CLOCK_BOOTTIME between the two */
	struct sv_slabs end;
};

void sv_slabs_fini(struct sv_slabs *slabs);

/*
 * Frames that its slabs take, those too that are of fewer frames than its order says. Unknown where
 * the order is not 0 and the room for objects is unknown.
 */
struct sv_num sv_slab_frames(const struct sv_slab_cache *cache);

/*
 * Caches and aliases out of slabs->text, joined with slabs->info_text, which may be empty. 0; 1: a
 * text is not what it should be, *why; -1: memory is out.
 */
int sv_slabs_parse(struct sv_slabs *slabs, struct safevma_error *why);

/*
 * Joins caches with those that frames were found of; one that the kernel does not list gets a row
 * of its own. From then on they are in order of exposure: edges to memory of processes, then to
 * page tables, then memory. -1: memory is out.
 */
int sv_slabs_place(struct sv_slabs *slabs);

#endif
