/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much one read that takes a lock of an observed process may ask for, and when to let go for a
 * moment. No clock in here: the caller measures and tells.
 *
 * Sizes are in the reader's own unit (bytes of a file, pages of a walk). What took too long is
 * halved at once, again and again while it does; growth is slow unless far from the limit. A reader
 * that was preempted measures too long, and only loses a few steps: it is never misled to grow.
 *
 * Pauses: a writer that waits for the lock is woken when a reader lets go of it, but a reader that
 * comes back before the writer runs takes the lock again (rwsem_down_read_slowpath() in
 * kernel/locking/rwsem.c, "reader optimistic lock stealing"); only after 4 ms or more is the lock
 * handed over. Short reads alone do not help then: measured on 6.18, a target that maps and unmaps
 * in a loop (p99.9 alone 20 us) had 9.8 ms under reads of 512 pages, 3.5 ms under reads of 64, and
 * 0.1 ms or less under either with a pause, long enough to wake up in, after every 0.1 ms of
 * reading. sched_yield() helps a little where processors are short, and not at all elsewhere.
 */
#ifndef SV_IFACE_PACE_H
#define SV_IFACE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct sv_pace {
	uint64_t hold_ns;     /* one read should hold the lock this long at most; not 0 */
	uint64_t least, most; /* bounds of size */
	uint64_t size;	      /* what the next read may ask for */
};

/* size is what the first read asks for. */
struct sv_pace sv_pace_of(uint64_t hold_ns, uint64_t least, uint64_t size, uint64_t most);

/* Told after each read: how much it did, and how long that took. */
void sv_pace_learn(struct sv_pace *p, uint64_t did, uint64_t took_ns);

/* All that is kept for the reads of one root. */
struct sv_pacing {
	struct sv_pace text;   /* maps, smaps: bytes in one read */
	struct sv_pace pages;  /* pagemap: words in one read */
	struct sv_pace found;  /* PAGEMAP_SCAN: pages found in one call */
	uint64_t span_hold_ns; /* PAGEMAP_SCAN: time of one call, whatever it finds */
	uint64_t held_ns;      /* time that reads took since the last pause */
};

/* max_hold_us 0: the default. */
struct sv_pacing sv_pacing_of(unsigned int max_hold_us);

/* Told after each read. True: it is time for a pause. */
bool sv_pacing_due(struct sv_pacing *p, uint64_t took_ns);

/* Long enough for a writer to wake up in and take the lock. */
void sv_pacing_pause(void);

#endif
