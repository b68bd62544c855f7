// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pace.h"

#include <sys/prctl.h>
#include <time.h>

static uint64_t within(const struct sv_pace *p, uint64_t size)
{
	return size < p->least ? p->least : size > p->most ? p->most : size;
}

struct sv_pace sv_pace_of(uint64_t hold_ns, uint64_t least, uint64_t size, uint64_t most)
{
	struct sv_pace p = { .hold_ns = hold_ns, .least = least, .most = most };

	p.size = within(&p, size);
	return p;
}

void sv_pace_learn(struct sv_pace *p, uint64_t did, uint64_t took_ns)
{
	if (took_ns > p->hold_ns)
		p->size = within(p, (did < p->size ? did : p->size) / 2);
	else if (did < p->size) /* less than it might have been: says nothing of more */
		return;
	else if (took_ns < p->hold_ns / 8)
		p->size = within(p, p->size * 2);
	else if (took_ns < p->hold_ns / 4 * 3)
		p->size = within(p, p->size + p->size / 8 + 1);
}

/*
 * pagemap: the kernel lets go of the lock at the end of each page-middle-directory entry, so that
 * more than its 512 pages at once (with pages of 4 KiB) save system calls alone.
 * maps, smaps: seq_file fills a buffer of one page, or more for a longer record, and takes no
 * further record once it has as much as was asked for (seq_read_iter() in fs/seq_file.c). The least
 * is one record of smaps. The walk of one VMA for smaps cannot be cut at all.
 */
struct sv_pacing sv_pacing_of(unsigned int max_hold_us)
{
	uint64_t hold = (max_hold_us ? max_hold_us : 100) * UINT64_C(1000);

	/* Half of it, as the clock runs on both sides of the lock and the next read may be dearer.
	 */
	return (struct sv_pacing) {
		.text = sv_pace_of(hold / 2, 512, 1024, 65536),
		.pages = sv_pace_of(hold / 2, 8, 64, 512),
		.found = sv_pace_of(hold / 2, 64, 512, 65536),
		.span_hold_ns = hold,
	};
}

bool sv_pacing_due(struct sv_pacing *p, uint64_t took_ns)
{
	p->held_ns += took_ns;
	if (p->held_ns < p->span_hold_ns)
		return false;
	p->held_ns = 0;
	return true;
}

/* Timers of ordinary threads may be 50 us late, which would be most of the time that we take. */
void sv_pacing_pause(void)
{
	int slack = prctl(PR_GET_TIMERSLACK);
	struct timespec t = { .tv_nsec = 20000 };

	prctl(PR_SET_TIMERSLACK, 1);
	nanosleep(&t, NULL);
	prctl(PR_SET_TIMERSLACK, slack > 0 ? (unsigned long)slack : 0);
}
