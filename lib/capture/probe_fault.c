// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What still faults or moves although it is locked. Hazard: a deadline that was met with locked
 * memory is missed for a copy, a zero page or a migration.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "iface/pagemap.h"
#include "probe.h"

static int do_nothing(struct sv_trial *t, uint64_t *held, const void *arg)
{
	(void)t;
	(void)held;
	(void)arg;
	return 0;
}

static char *locked_page(struct sv_trial *t)
{
	char *page = sv_pages(t, 1);

	if (!page)
		return NULL;
	*page = 1;
	if (!sv_mlock(page, sv_page_size()))
		return page;
	sv_could_not(t, "mlock");
	return NULL;
}

/* Faults that one write to the page takes, and the frame before and after. */
struct write_seen {
	long faults;
	uint64_t before, after;
};

static bool write_once(struct sv_trial *t, volatile char *page, struct write_seen *ret)
{
	long faults;

	if (!sv_frame_of(t, 0, (const void *)page, &ret->before))
		return false;
	faults = sv_minor_faults();
	*page = 2;
	ret->faults = sv_minor_faults() - faults;
	return sv_frame_of(t, 0, (const void *)page, &ret->after);
}

static void judge_write(struct sv_trial *t, const struct write_seen *w, const char *what)
{
	if (w->faults || w->before != w->after)
		sv_refuted(t, "%s: %ld minor fault%s, frame 0x%llx -> 0x%llx", what, w->faults,
			w->faults == 1 ? "" : "s", (unsigned long long)w->before,
			(unsigned long long)w->after);
	else
		sv_holds(
			t, "%s: no fault, frame 0x%llx stays", what, (unsigned long long)w->before);
}

static void mlock_no_fault(struct sv_trial *t)
{
	struct write_seen control, w;
	struct sv_keeper child;
	char *page = locked_page(t);

	if (!page || !write_once(t, page, &control))
		return;
	if (control.faults) {
		sv_unknown(t, SV_REASON_CONTROL, "a write before fork took %ld faults already",
			control.faults);
		return;
	}
	if (!sv_hold(t, do_nothing, NULL, &child) && write_once(t, page, &w))
		judge_write(t, &w, "write to a locked page after fork");
	sv_release(&child);
}

static void locked_zero_page(struct sv_trial *t)
{
	volatile char *page = sv_pages(t, 1);
	struct write_seen w;

	if (!page)
		return;
	if (mlock2((const void *)page, sv_page_size(), MLOCK_ONFAULT)) {
		sv_could_not(t, "mlock2 with MLOCK_ONFAULT");
		return;
	}
	(void)*page;
	if (write_once(t, page, &w))
		judge_write(t, &w, "write to a locked zero page");
}

/* ---- first touch ----------------------------------------------------------------------------- */

enum { TOUCHED = 512 };

struct pass {
	long faults;
	uint64_t worst_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct pass touch_all(volatile char *pages)
{
	long faults = sv_minor_faults();
	struct pass p = { 0 };

	for (size_t i = 0; i < TOUCHED; i++) {
		uint64_t began = now_ns(), took;

		pages[i * sv_page_size()] = 1;
		took = now_ns() - began;
		p.worst_ns = took > p.worst_ns ? took : p.worst_ns;
	}
	p.faults = sv_minor_faults() - faults;
	return p;
}

static void first_touch(struct sv_trial *t)
{
	char *pages = sv_pages(t, TOUCHED);
	struct pass first, second;

	if (!pages)
		return;
	madvise(pages, TOUCHED * sv_page_size(), MADV_NOHUGEPAGE);
	first = touch_all(pages);
	second = touch_all(pages);
	if (first.faults > second.faults)
		sv_refuted(t,
			"%d pages: %ld faults at first touch, worst %.1f us; then %ld, %.1f us",
			TOUCHED, first.faults, (double)first.worst_ns / 1000, second.faults,
			(double)second.worst_ns / 1000);
	else
		sv_holds(t, "%d pages: %ld faults at first touch, %ld at the second", TOUCHED,
			first.faults, second.faults);
}

/* ---- frames that move ------------------------------------------------------------------------ */

enum { WATCHED = 512, LOOKS = 20, PAUSE_MS = 10 };

static bool read_frames(struct sv_trial *t, const char *pages, uint64_t *ret)
{
	for (size_t i = 0; i < WATCHED; i++)
		if (!sv_frame_of(t, 0, pages + i * sv_page_size(), &ret[i]))
			return false;
	return true;
}

static size_t differences(const uint64_t *a, const uint64_t *b)
{
	size_t n = 0;

	for (size_t i = 0; i < WATCHED; i++)
		n += a[i] != b[i];
	return n;
}

static void tell_stay(struct sv_trial *t, size_t moved)
{
	static const char knob[] = "/proc/sys/vm/compact_unevictable_allowed";
	sv_auto_strbuf struct sv_strbuf allowed = { 0 };
	const char *says = sv_read_text(knob, &allowed) ? allowed.ptr : "?";

	if (moved)
		sv_refuted(t, "%zu frames changed below %d locked pages", moved, WATCHED);
	else
		sv_unknown(t, SV_REASON_NOT_PROVOKED,
			"not reproduced in %d looks at %d pages; compact_unevictable_allowed %.1s",
			LOOKS, WATCHED, says);
}

static void frames_stay(struct sv_trial *t)
{
	static uint64_t first[WATCHED], now[WATCHED];
	struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	char *pages = sv_pages(t, WATCHED);
	size_t moved = 0;

	if (!pages)
		return;
	if (sv_mlock(pages, WATCHED * sv_page_size())) {
		sv_could_not(t, "mlock");
		return;
	}
	memset(pages, 1, WATCHED * sv_page_size());
	if (!read_frames(t, pages, first))
		return;
	for (int i = 0; i < LOOKS && !moved; i++) {
		nanosleep(&pause, NULL);
		if (!read_frames(t, pages, now))
			return;
		moved = differences(first, now);
	}
	tell_stay(t, moved);
}

static const struct sv_claim claims[] = {
	{ .id = "mlock-no-fault",
		.statement = "mlock() makes access deterministic: a locked page takes no fault",
		.source = "deck 23",
		.expected = "a write to a locked, resident page takes no fault and moves nothing",
		.experiment = "lock a written page, fork, write to it in the parent; count faults, "
			      "compare frames",
		.limits = "one cause of several: migration and write-notify are others",
		.cost = "one page",
		.run = mlock_no_fault },
	{ .id = "locked-zero-page",
		.statement = "a locked and resident page can be written without a fault",
		.source = "deck 23, 25",
		.expected = "no fault at the first write, and the same frame",
		.experiment = "mlock2(MLOCK_ONFAULT), read the page (zero page), then write it",
		.limits = "does not happen to pages that were written before",
		.cost = "one page",
		.run = locked_zero_page },
	{ .id = "first-touch",
		.statement = "commit only when first touched, adding temporal determinism",
		.source = "deck 53",
		.expected = "the first touch is no slower and faults no more than later ones",
		.experiment = "write to 512 pages twice; faults and the slowest write of each pass",
		.limits = "times hold for this run; what counts is that the first pass faults",
		.cost = "512 pages",
		.run = first_touch },
	{ .id = "locked-frames-stay",
		.statement = "locked pages keep their frames",
		.source = "mlock(2) as commonly read; deck 23",
		.expected = "no frame number changes while the pages are locked",
		.experiment =
			"watch frame numbers of 512 locked pages for 200 ms; nothing is done to "
			"move them",
		.limits = "a window without migration proves nothing: never pass",
		.cost = "512 pages, 20 readings of pagemap",
		.run = frames_stay },
};

SV_LEDGER(sv_claims_fault, claims);
