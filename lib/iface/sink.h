/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the members of a recording go: files below a directory, or a tar (ustar) stream. */
#ifndef SV_IFACE_SINK_H
#define SV_IFACE_SINK_H

#include <stddef.h>
#include <stdio.h>

struct safevma_error;
struct sv_sink;

/* Creates dir with mode 0700; it may exist when it is empty. */
struct sv_sink *sv_sink_dir(const char *dir, struct safevma_error *err);
struct sv_sink *sv_sink_tar(FILE *stream); /* not owned; NULL when memory is out */

/* name: relative, of plain components. Each name once. */
int sv_sink_put(struct sv_sink *s, const char *name, const void *data, size_t len,
	struct safevma_error *err);
int sv_sink_end(struct sv_sink *s, struct safevma_error *err);
void sv_sink_free(struct sv_sink *s);

#endif
