/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gzip (RFC 1951, 1952) for a guest whose way out is a serial port: a hundred kilobytes a second.
 * Recordings shrink to a tenth with the fixed codes and the nearest match alone.
 */
#ifndef VM_GZIP_H
#define VM_GZIP_H

#include <stddef.h>
#include <stdint.h>

#define GZIP_BLOCK 32768 /* matches stay inside, so no distance is too large */

struct gzip {
	void (*put)(void *arg, const unsigned char *p, size_t size);
	void *arg;
	uint32_t crc, bytes, bits;
	unsigned int bits_held;
	size_t in_held, out_held;
	uint16_t last[1 << 12]; /* where a hash was seen last, 1 more */
	unsigned char in[GZIP_BLOCK], out[4096];
};

/* put() gets what is packed, in pieces. */
void gzip_init(
	struct gzip *g, void (*put)(void *arg, const unsigned char *p, size_t size), void *arg);
void gzip_add(struct gzip *g, const unsigned char *p, size_t size);
void gzip_end(struct gzip *g);

#endif
