/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unpacking /proc/config.gz (zlib). */
#ifndef SV_IFACE_KCONFIG_GZ_H
#define SV_IFACE_KCONFIG_GZ_H

#include "base/strbuf.h"
#include "safevma.h"

/* Appends the unpacked text, at most 16 MiB of it. name: for errors. */
int sv_gunzip(const void *data, size_t len, const char *name, struct sv_strbuf *ret,
	struct safevma_error *err);

#endif
