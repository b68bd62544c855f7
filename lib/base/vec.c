// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vec.h"

#include <string.h>

void *sv_vec_push_(void *ptr_to_ptr, size_t *len, size_t *cap, size_t size)
{
	char *p;

	memcpy(&p, ptr_to_ptr, sizeof(p));
	if (*len == *cap) {
		size_t more = *cap ? *cap + *cap / 2 + 1 : 8;
		char *grown = reallocarray(p, more, size);

		if (!grown)
			return NULL;
		p = grown;
		*cap = more;
		memcpy(ptr_to_ptr, &p, sizeof(p));
	}
	p += (*len)++ * size;
	memset(p, 0, size);
	return p;
}
