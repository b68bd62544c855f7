/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed growing arrays: any struct with members ptr, len and cap.
 *
 *	struct { struct sv_vma *ptr; size_t len, cap; } vmas = { 0 };
 *	struct sv_vma *v = sv_vec_push(&vmas);	// zeroed element, NULL when memory is out
 */
#ifndef SV_BASE_VEC_H
#define SV_BASE_VEC_H

#include <stddef.h>

#include "cleanup.h"

#define sv_vec(type)                                                                               \
	struct {                                                                                   \
		type *ptr;                                                                         \
		size_t len, cap;                                                                   \
	}

/* Room for one more element of SIZE bytes; zeroes it and counts it. NULL when memory is out. */
void *sv_vec_push_(void *ptr_to_ptr, size_t *len, size_t *cap, size_t size);

#define sv_vec_push(v)                                                                             \
	((__typeof__((v)->ptr))sv_vec_push_(&(v)->ptr, &(v)->len, &(v)->cap, sizeof(*(v)->ptr)))

#define sv_vec_fini(v)                                                                             \
	do {                                                                                       \
		free((v)->ptr);                                                                    \
		(v)->ptr = NULL;                                                                   \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)

#endif
