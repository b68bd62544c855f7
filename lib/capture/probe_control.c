// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Controls of the tool itself: a defect is planted in a child, and safevma must find it there. A
 * tool that misses what is known to be there says nothing when it finds nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "iface/smaps.h"
#include "probe.h"

enum { PAGES = 32, PLANTED = 13 };

/* A region that is locked but for one page in the middle. */
static int plant_unlocked(struct sv_trial *t, uint64_t *held, const void *arg)
{
	char *pages = sv_pages(t, PAGES);

	(void)arg;
	if (!pages)
		return -1;
	memset(pages, 1, PAGES * sv_page_size());
	if (sv_mlock(pages, PAGES * sv_page_size()))
		return sv_could_not(t, "mlock");
	if (sv_munlock(pages + PLANTED * sv_page_size(), sv_page_size()))
		return sv_could_not(t, "munlock");
	held[0] = (uintptr_t)pages;
	return 0;
}

/* What the observation has between two addresses: unlocked pages, and the first of them. */
struct found {
	size_t locked, unlocked;
	uint64_t first;
};

static bool locked(const struct sv_vma *v)
{
	return v->flags.known && v->flags.value & SV_VMFLAG_LOCKED;
}

static void count_pages(const struct sv_process *p, uint64_t start, uint64_t end, struct found *ret)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];

		for (size_t k = v->page; k < v->page + v->pages; k++) {
			const struct sv_page *page = &p->pages.ptr[k];

			if (page->vaddr < start || page->vaddr >= end)
				continue;
			if (!locked(v) && !ret->unlocked++)
				ret->first = page->vaddr;
			ret->locked += locked(v);
		}
	}
}

static int observe_child(struct sv_probe *p, pid_t pid, safevma_observation **ret)
{
	struct safevma_request request = { .selection = { .pids = &pid, .pids_count = 1 },
		.needs = SAFEVMA_NEED_PAGES | SAFEVMA_NEED_SMAPS };
	struct safevma_error err = { 0 };

	if (!safevma_observe(p->capture.root, &request, ret, &err))
		return 0;
	sv_unknown(p->trial, SV_REASON_FAILED, "observe a child: %.200s", err.message);
	return -1;
}

static void tell_found(struct sv_trial *t, const struct found *f, uint64_t start)
{
	uint64_t at = start + PLANTED * sv_page_size();

	if (f->unlocked == 1 && f->first == at && f->locked == PAGES - 1)
		sv_holds(t, "the one unlocked page (0x%llx) was found among %d locked",
			(unsigned long long)at, PAGES - 1);
	else
		sv_refuted(t, "planted at 0x%llx; found %zu unlocked, first 0x%llx, and %zu locked",
			(unsigned long long)at, f->unlocked, (unsigned long long)f->first,
			f->locked);
}

static void unlocked_page(struct sv_probe *p)
{
	sv_auto_keeper struct sv_keeper child = { 0 };
	safevma_observation *obs;
	struct found f = { 0 };

	if (sv_hold(p->trial, plant_unlocked, NULL, &child) || observe_child(p, child.pid, &obs))
		return;
	for (size_t i = 0; i < obs->processes.len; i++)
		if (obs->processes.ptr[i].pid == child.pid)
			count_pages(&obs->processes.ptr[i], child.held[0],
				child.held[0] + PAGES * sv_page_size(), &f);
	if (!f.locked && !f.unlocked)
		sv_unknown(p->trial, SV_REASON_UNREADABLE, "no page of the child could be read");
	else
		tell_found(p->trial, &f, child.held[0]);
	safevma_observation_free(obs);
}

static const struct sv_claim claims[] = {
	{ .id = "control-unlocked-page",
		.statement = "safevma finds one unlocked page in locked memory",
		.source = "safevma (control of the tool)",
		.expected = "the planted page is found, and no other in the region",
		.experiment = "a child locks 32 pages and unlocks one in the middle; observe it",
		.limits = "one defect of those that the tool looks for",
		.cost = "32 pages, locked for milliseconds",
		.look = unlocked_page },
};

SV_LEDGER(sv_claims_control, claims);
