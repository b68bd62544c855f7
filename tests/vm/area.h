/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small things that the first process of a guest does with bytes. */
#ifndef VM_AREA_H
#define VM_AREA_H

#include <stddef.h>

/* A line of base64 on standard output. */
void print_base64(const unsigned char *in, size_t size);

/* Makes a swap area of a device, and uses it; -1 with errno. */
int swap_make_and_use(const char *device);

#endif
