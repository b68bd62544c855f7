/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How files of the live system are read: in short pieces with pauses where a read takes a lock of
 * an observed process, by several threads where that was asked for and the file is a table of all
 * frames, else as they come.
 */
#ifndef SV_IFACE_READING_H
#define SV_IFACE_READING_H

#include "pace.h"
#include "root.h"

struct sv_reading {
	struct sv_pacing pacing;
	struct sv_crew *crew; /* NULL: the caller reads alone */
};

int sv_reading_init(struct sv_reading *r, const struct safevma_root_options *options,
	struct safevma_error *err) sv_must_check;
void sv_reading_fini(struct sv_reading *r);

/* As pread(), perhaps less. Reads that take a lock, and the longest of them, are counted in cost.
 */
ssize_t sv_reading_read(struct sv_reading *r, enum sv_iface iface, int fd, void *buf, size_t len,
	uint64_t off, struct sv_cost *cost);

/*
 * SV_OP_RECORDS: one read at each position; for each a line "@ POSITION LENGTH", then the bytes. 0
 * or errno.
 */
int sv_read_records(const struct sv_call *call, struct sv_strbuf *ret, struct sv_cost *cost);

#endif
