// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sort.h"

#include <stdbool.h>
#include <string.h>

enum { BITS = 11, DIGITS = 1 << BITS };

/* Whether they are in order; the bits in which any two neighbours differ. */
static bool sorted(const uint64_t *a, size_t n, unsigned int skip, uint64_t *differ)
{
	bool up = true;

	*differ = 0;
	for (size_t i = 1; i < n; i++) {
		*differ |= a[i] ^ a[i - 1];
		up &= a[i - 1] >> skip <= a[i] >> skip;
	}
	return up;
}

static void pass(const uint64_t *from, uint64_t *to, size_t n, unsigned int shift)
{
	size_t start[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		start[from[i] >> shift & (DIGITS - 1)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = start[d];

		start[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void sv_sort_u64(uint64_t *numbers, size_t n, unsigned int skip, uint64_t *scratch)
{
	uint64_t *from = numbers, *to = scratch, differ;

	if (sorted(numbers, n, skip, &differ))
		return;
	for (unsigned int shift = skip; shift < 64 && differ >> shift; shift += BITS) {
		uint64_t *swap = from;

		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		pass(from, to, n, shift);
		from = to;
		to = swap;
	}
	if (from != numbers)
		memcpy(numbers, from, n * sizeof(*numbers));
}
