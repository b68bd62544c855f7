/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a recording: a directory that people can read, or the same as a tar stream.
 *
 *	proc/42/stat                as `cat` would have shown it
 *	proc/42/maps@1              first reading of the mappings, first try
 *	proc/42/maps@1-second       second reading, to see whether it agrees
 *	proc/42/pagemap@1           the words that were read, one after the other
 *	proc/42/exe                 target of the link
 *	recording.json              what was asked, in order, with answers or errno
 *
 * recording.json is JSON, one operation a line. It is written last: a recording without it is not
 * one. Operations that gave bytes name the file, offset and length that hold them.
 */
#ifndef SV_IFACE_RECORDER_H
#define SV_IFACE_RECORDER_H

#include <stdio.h>

#include "root.h"

struct sv_recorder;

/* Exactly one of dir (must not exist, or be empty) and stream. */
struct sv_recorder *sv_recorder_new(
	const char *dir, FILE *stream, bool redact, struct safevma_error *err);

/*
 * The recorder's ear at the root. errnum: of the operation, or 0. A recording that cannot go on
 * keeps its first error until sv_recorder_finish().
 */
void sv_recorder_open(struct sv_recorder *r, struct sv_file *f, int errnum);
void sv_recorder_read(struct sv_recorder *r, struct sv_file *f, const void *buf, size_t got,
	uint64_t off, int errnum);
void sv_recorder_close(struct sv_recorder *r, struct sv_file *f);
void sv_recorder_call(struct sv_recorder *r, const struct sv_call *call, const void *data,
	size_t len, int errnum);

/* Writes the journal and frees r; -1 when anything of the recording could not be written. */
int sv_recorder_finish(struct sv_recorder *r, struct safevma_error *err);

/* Frees r and leaves what it has written as it is: no recording, for want of a journal. */
void sv_recorder_abandon(struct sv_recorder *r);

/* Path of the member that holds an operation's bytes, relative, into buf. op NULL: a reading. */
int sv_member_name(const char *path, const char *op, const char *tag, char *buf, size_t size);

#endif
