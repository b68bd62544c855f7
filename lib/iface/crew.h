/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that share one large read of a file that can be read at any place (kpageflags and the
 * like): each reads a part of it. They are made when first needed and do nothing else; what comes
 * out is what one pread() would have given.
 */
#ifndef SV_IFACE_CREW_H
#define SV_IFACE_CREW_H

#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

enum {
	SV_CREW_MOST = 64,
	/* Fewer bytes than this are not worth waking a thread for. A multiple of a word. */
	SV_CREW_PART = 32 << 10,
};

/* pread() that goes on after a signal. */
ssize_t sv_read_at(int fd, void *buf, size_t len, off_t off);

struct sv_crew;

/* threads: with the caller's; from 1 to SV_CREW_MOST. NULL: memory is out. */
struct sv_crew *sv_crew_new(unsigned int threads) sv_must_check;
void sv_crew_free(struct sv_crew *crew);

/*
 * As pread(), -1 with errno; where threads cannot be had, the caller reads alone. Parts behind one
 * that fell short do not count.
 */
ssize_t sv_crew_read(struct sv_crew *crew, int fd, void *buf, size_t len, off_t off);

#endif
