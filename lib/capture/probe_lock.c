// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What mlock(2) and its kin leave behind. Hazard: "locked" is read as resident, present and
 * without faults; it is a flag of a VMA.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

enum { PAGES = 8 };

static size_t size_of(size_t pages)
{
	return pages * sv_page_size();
}

static bool has(const char *flags, const char *flag)
{
	return strstr(flags, flag) != NULL;
}

/* False when it cannot be told, which is said then. */
static bool resident(struct sv_trial *t, char *at, long *ret)
{
	*ret = sv_resident(at, PAGES);
	if (*ret < 0)
		sv_could_not(t, "mincore");
	return *ret >= 0;
}

static void mlock_resident(struct sv_trial *t)
{
	char *at = sv_pages(t, PAGES);
	long before, after;

	if (!at)
		return;
	if (!resident(t, at, &before))
		return;
	if (sv_mlock(at, size_of(PAGES))) {
		sv_could_not(t, "mlock");
		return;
	}
	if (!resident(t, at, &after))
		return;
	if (after == PAGES)
		sv_holds(t, "resident of %d pages: %ld before mlock, %ld after", PAGES, before,
			after);
	else
		sv_refuted(t, "resident of %d pages after mlock: %ld", PAGES, after);
}

static char *locked_on_fault(struct sv_trial *t, size_t pages)
{
	char *at = sv_pages(t, pages);

	if (at && !mlock2(at, size_of(pages), MLOCK_ONFAULT))
		return at;
	if (at)
		sv_could_not(t, "mlock2 with MLOCK_ONFAULT");
	return NULL;
}

static void locked_is_resident(struct sv_trial *t)
{
	char flags[256] = "", *at = locked_on_fault(t, PAGES);
	long there;

	if (!at || !sv_vma_flags(t, 0, at, flags, sizeof(flags)))
		return;
	if (!resident(t, at, &there))
		return;
	if (!has(flags, " lo "))
		sv_unknown(t, SV_REASON_CONTROL, "the mapping does not show the lock flag");
	else if (there == PAGES)
		sv_holds(t, "all %d pages of a mapping with flag lo are resident", PAGES);
	else
		sv_refuted(t, "a mapping with flag lo (MLOCK_ONFAULT): %ld of %d pages resident",
			there, PAGES);
}

static void onfault_absent(struct sv_trial *t)
{
	char *at = locked_on_fault(t, PAGES);
	long before, after;

	if (!at)
		return;
	if (!resident(t, at, &before))
		return;
	*at = 1;
	if (!resident(t, at, &after))
		return;
	if (!before && after == 1)
		sv_holds(t, "0 of %d pages resident after mlock2, 1 after one touch", PAGES);
	else
		sv_refuted(t, "%ld of %d pages resident after mlock2, %ld after one touch", before,
			PAGES, after);
}

static void failed_lock(struct sv_trial *t)
{
	char flags[256] = "", *at = sv_pages(t, PAGES);
	const char *said;
	int rc;

	if (!at || mprotect(at, size_of(PAGES), PROT_NONE))
		return;
	rc = sv_mlock(at, size_of(PAGES));
	said = rc ? strerrorname_np(errno) : "success";
	if (!sv_vma_flags(t, 0, at, flags, sizeof(flags)))
		return;
	if (!rc)
		sv_unknown(t, SV_REASON_CONTROL, "mlock of PROT_NONE memory did not fail");
	else if (has(flags, " lo "))
		sv_refuted(t,
			"mlock of PROT_NONE fails with %s, VmFlags keep lo, %ld of %d resident",
			said, sv_resident(at, PAGES), PAGES);
	else
		sv_holds(t, "mlock of PROT_NONE fails with %s and no lock stays", said);
}

static bool own_kb(struct sv_trial *t, const char *key, uint64_t *ret)
{
	if (sv_read_key("/proc/self/status", key, ret))
		return true;
	sv_could_not(t, "read /proc/self/status");
	return false;
}

static void munlock_ends(struct sv_trial *t)
{
	char *at = sv_pages(t, PAGES);
	uint64_t locked, after;

	if (!at)
		return;
	if (sv_mlock(at, size_of(PAGES))) {
		sv_could_not(t, "mlock");
		return;
	}
	if (!own_kb(t, "VmLck", &locked) || sv_munlock(at, size_of(PAGES)) ||
		!own_kb(t, "VmLck", &after))
		return;
	if (!locked)
		sv_unknown(t, SV_REASON_CONTROL, "VmLck is 0 after mlock");
	else if (after < locked)
		sv_holds(t, "VmLck %llu kB after mlock, %llu kB after munlock",
			(unsigned long long)locked, (unsigned long long)after);
	else
		sv_refuted(t, "VmLck stays at %llu kB after munlock", (unsigned long long)after);
}

/* Twice what is resident, so that the one cannot be hidden in the other. */
static void locked_in_rss(struct sv_trial *t)
{
	uint64_t locked, rss;

	if (!own_kb(t, "VmRSS", &rss) || !locked_on_fault(t, (size_t)rss * 2048 / sv_page_size()) ||
		!own_kb(t, "VmLck", &locked) || !own_kb(t, "VmRSS", &rss))
		return;
	if (locked > rss)
		sv_refuted(t, "VmLck %llu kB, VmRSS %llu kB", (unsigned long long)locked,
			(unsigned long long)rss);
	else
		sv_holds(t, "VmLck %llu kB within VmRSS %llu kB", (unsigned long long)locked,
			(unsigned long long)rss);
}

static void future_locked(struct sv_trial *t)
{
	char flags[256] = "", *at;
	long there;

	if (sv_mlockall(MCL_FUTURE)) {
		sv_could_not(t, "mlockall(MCL_FUTURE)");
		return;
	}
	at = sv_pages(t, PAGES);
	if (!at || !sv_vma_flags(t, 0, at, flags, sizeof(flags)))
		return;
	if (!resident(t, at, &there))
		return;
	if (there == PAGES && has(flags, " lo "))
		sv_holds(t, "a mapping made later: flag lo, %ld of %d pages resident at once",
			there, PAGES);
	else
		sv_refuted(t, "a mapping made later: flag lo %s, %ld of %d pages resident",
			has(flags, " lo ") ? "set" : "not set", there, PAGES);
}

static const struct sv_claim claims[] = {
	{ .id = "mlock-resident",
		.statement = "mlock() returns when all pages of the range are resident",
		.source = "mlock(2); deck 23, 25",
		.expected = "mincore shows every page right after mlock()",
		.experiment = "map eight pages, mlock, mincore",
		.limits = "resident at that moment; see mlock-no-fault and locked-frames-stay",
		.cost = "eight pages",
		.run = mlock_resident },
	{ .id = "locked-is-resident",
		.statement = "memory with a lock is in memory",
		.source = "deck 23, 25 as commonly read",
		.expected = "every page of a mapping with VmFlags lo is resident",
		.experiment = "mlock2(MLOCK_ONFAULT) on eight pages, VmFlags, mincore",
		.limits = "shows the exception by lock on fault; failed locks are another",
		.cost = "eight pages",
		.run = locked_is_resident },
	{ .id = "onfault-absent",
		.statement = "MLOCK_ONFAULT locks pages as they are touched, and fetches none",
		.source = "mlock2(2)",
		.expected = "no page resident after the call, one after one touch",
		.experiment = "mlock2(MLOCK_ONFAULT) on eight pages, mincore, touch one, mincore",
		.limits = "anonymous memory; fault-around of files is not looked at",
		.cost = "eight pages",
		.run = onfault_absent },
	{ .id = "mlock-failed-clean",
		.statement = "when mlock() fails, no lock in the address space has changed",
		.source = "mlock(2)",
		.expected = "no VmFlags lo after mlock() has failed",
		.experiment = "mlock PROT_NONE memory, read VmFlags",
		.limits = "one way to fail of several",
		.cost = "eight pages, never touched",
		.run = failed_lock },
	{ .id = "munlock-ends",
		.statement = "munlock() ends the lock",
		.source = "munlock(2)",
		.expected = "VmLck falls",
		.experiment = "mlock and munlock eight pages, VmLck after each",
		.limits = "not of secretmem: see secretmem-munlock",
		.cost = "eight pages",
		.run = munlock_ends },
	{ .id = "vmlck-in-vmrss",
		.statement = "VmLck counts memory that is locked in RAM, a part of VmRSS",
		.source = "proc(5) as commonly read",
		.expected = "VmLck is no more than VmRSS",
		.experiment = "mlock2(MLOCK_ONFAULT) on twice VmRSS, untouched; read both",
		.limits = "how far they differ is up to the process",
		.cost = "address space alone",
		.run = locked_in_rss },
	{ .id = "mlockall-future",
		.statement = "mlockall(MCL_FUTURE) locks and fetches what is mapped later",
		.source = "mlockall(2); deck 25",
		.expected = "a later mapping has VmFlags lo and is resident at once",
		.experiment = "mlockall(MCL_FUTURE), map eight pages, VmFlags, mincore",
		.limits = "not stacks of threads to come, not growth of the stack",
		.cost = "a child locks what it maps, for milliseconds",
		.run = future_locked },
};

SV_LEDGER(sv_claims_lock, claims);
