/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools: frames that a mechanism keeps out of the linear map, and who holds them. */
#ifndef SV_MODEL_POOL_H
#define SV_MODEL_POOL_H

#include <sys/types.h>

#include "frame.h"
#include "process.h"

enum sv_pool {
	SV_POOL_SECRETMEM,
	SV_POOL_HIGHMEM,
	SV_POOL_NOMAP,
	SV_POOL_HWPOISON,
	SV_POOL_KFENCE,
	SV_POOL_DEBUG_PAGEALLOC,
	SV_POOL_UNEXPLAINED,
	SV_POOL_COUNT,
};

struct sv_pool_info {
	const char *name;
	const char *protects; /* against what being in it protects */
	const char *leaves;   /* and against what not */
};

const struct sv_pool_info *sv_pool_info(enum sv_pool pool);

/*
 * Which pool explains that the linear map lacks a frame, by what the frame is used for: of memory
 * of processes only secretmem is removed; free memory by debug_pagealloc alone.
 * free_removed: debug_pagealloc is on. kfence: the kernel has KFENCE.
 */
enum sv_pool sv_pool_of(enum sv_class class, bool free_removed, bool kfence);

/* A mapping or a descriptor through which a process holds secretmem, or seems to. */
struct sv_holder {
	pid_t pid;
	char comm[64];
	bool mapping;	       /* else a descriptor */
	uint64_t start, end;   /* of a mapping */
	uint64_t number;       /* of a descriptor */
	enum sv_secret secret; /* NO: only its name says so */
	struct sv_num cloexec; /* of a descriptor */
};

#endif
