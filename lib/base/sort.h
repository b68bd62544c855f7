/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sorting of numbers in place of qsort(), which takes several times as long and, for that, as much
 * memory again: frame numbers come by the million, and nearly in order.
 */
#ifndef SV_BASE_SORT_H
#define SV_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Upwards, by all bits but the lowest so many: numbers that differ in those alone stay as they
 * were. scratch: room for n more, of any content.
 */
void sv_sort_u64(uint64_t *numbers, size_t n, unsigned int skip, uint64_t *scratch);

/* Where in sorted numbers this one is, or would be. */
static inline size_t sv_lower_bound(const uint64_t *sorted, size_t n, uint64_t number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* For qsort() and bsearch() of process and thread numbers, which are few. */
static inline int sv_compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

#endif
