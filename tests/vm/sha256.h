/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FIPS 180-4, for a guest that has no other way to say what it sent. */
#ifndef VM_SHA256_H
#define VM_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t size);
/* Writes 64 hexadecimal digits and a NUL. */
void sha256_end(struct sha256 *s, char hex[static 65]);

#endif
