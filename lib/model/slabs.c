// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabs.h"

#include <stdlib.h>

/* There are some hundred, and frames beside each other have the same. */
uint32_t sv_slab_view_find(struct sv_slab_view *v, uint64_t address)
{
	for (size_t k = 0; k < v->caches.len; k++) {
		size_t i = (v->last + k) % v->caches.len;

		if (v->caches.ptr[i].address != address)
			continue;
		v->last = i;
		return (uint32_t)i;
	}
	return SV_NO_CACHE;
}

void sv_slab_view_fini(struct sv_slab_view *v)
{
	for (size_t i = 0; i < v->caches.len; i++) {
		free(v->caches.ptr[i].name);
		free(v->caches.ptr[i].label);
	}
	sv_vec_fini(&v->caches);
}
