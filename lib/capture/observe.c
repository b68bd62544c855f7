// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "probe.h"
#include "sources.h"

static unsigned int with_foundations(unsigned int needs)
{
	if (needs & SAFEVMA_NEED_LOCKS)
		needs |= SAFEVMA_NEED_FRAMES | SAFEVMA_NEED_SMAPS | SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_KERNEL)
		needs |= SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_POOLS)
		needs |= SAFEVMA_NEED_PROCESSES;
	if (needs & (SAFEVMA_NEED_REACH | SAFEVMA_NEED_SHARE))
		needs |= SAFEVMA_NEED_FRAMES;
	if ((needs & SAFEVMA_NEED_SOURCES) && !(needs & SAFEVMA_NEED_OWNERS))
		needs |= SAFEVMA_NEED_FRAMES;
	if (needs & (SAFEVMA_NEED_FRAMES | SAFEVMA_NEED_OWNERS))
		needs |= SAFEVMA_NEED_PAGES;
	if (needs & (SAFEVMA_NEED_OWNERS | SAFEVMA_NEED_SHARE))
		needs |= SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_FAULTS)
		needs |= SAFEVMA_NEED_PAGES;
	if (needs & SAFEVMA_NEED_PAGES)
		needs |= SAFEVMA_NEED_VMAS;
	if (needs & SAFEVMA_NEED_SLAB_GROWTH)
		needs |= SAFEVMA_NEED_SLAB_FRAMES;
	if (needs & SAFEVMA_NEED_SLAB_FRAMES)
		needs |= SAFEVMA_NEED_SLAB;
	if (needs & (SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_PHYS | SAFEVMA_NEED_SLAB))
		needs |= SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_COMMIT)
		needs |= SAFEVMA_NEED_SMAPS | SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_WATCH)
		needs |= SAFEVMA_NEED_SMAPS;
	if (needs & SAFEVMA_NEED_PRESSURE)
		needs |= SAFEVMA_NEED_PROCESSES | SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_HARDENING)
		needs |= SAFEVMA_NEED_SYSTEM;
	if (needs & SAFEVMA_NEED_SMAPS)
		needs |= SAFEVMA_NEED_VMAS;
	if (needs & SAFEVMA_NEED_VMAS)
		needs |= SAFEVMA_NEED_PROCESSES;
	return needs;
}

static int each_selected(struct sv_capture *c,
	int (*fn)(struct sv_capture *c, struct sv_process *p, struct safevma_error *err),
	struct safevma_error *err)
{
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (p->selected && fn(c, p, err))
			return -1;
	}
	return 0;
}

/* A recording looks twice at each process as well: what it keeps serves every command. */
static int in_one_go(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	if (!c->request->everything)
		return sv_capture_memory(c, p, err);
	return sv_capture_memory_begin(c, p, err) || sv_capture_memory_end(c, p, err) ? -1 : 0;
}

/*
 * Where every frame is looked at anyway, those of the processes are with it: first all pages are
 * listed, at last looked at again. A recording and a sample have the frames looked up process by
 * process: for the other commands, and because nothing of a process is left to chance.
 */
static int all_memory(struct sv_capture *c, struct safevma_error *err)
{
	unsigned int needs = c->obs->needs;
	bool exposure = needs & SAFEVMA_NEED_EXPOSURE, owners = needs & SAFEVMA_NEED_OWNERS;
	bool phys = needs & (SAFEVMA_NEED_PHYS | SAFEVMA_NEED_SLAB_FRAMES);
	bool fill = exposure && (needs & SAFEVMA_NEED_FRAMES) && !c->request->everything &&
		    !c->request->sample_percent;
	bool share = needs & SAFEVMA_NEED_SHARE, halves = fill || owners || share;

	if ((exposure || owners || phys) && sv_capture_block_order(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_VMAS) &&
		each_selected(c, halves ? sv_capture_memory_begin : in_one_go, err))
		return -1;
	if ((exposure || phys || (needs & SAFEVMA_NEED_RECONCILE)) && sv_capture_pass(c, fill, err))
		return -1;
	c->filled = fill && c->obs->exposure.made;
	if ((owners && sv_capture_owners(c, err)) || (share && sv_capture_share(c, err)))
		return -1;
	if (halves && each_selected(c, sv_capture_memory_end, err))
		return -1;
	if (share && sv_capture_share_end(c, err))
		return -1;
	return owners ? sv_capture_find_shared(c, false, err) : 0;
}

/* What is not looked for, so that each unknown has its reason beside it. */
static bool looked(const struct sv_capture *c)
{
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].kernel.made)
			return true;
	return false;
}

static int limits(struct sv_capture *c, struct safevma_error *err)
{
	bool tables = c->request->page_tables != SAFEVMA_PAGE_TABLES_NONE;

	if ((c->obs->needs & (SAFEVMA_NEED_REACH | SAFEVMA_NEED_OWNERS)) && !tables &&
		sv_gap_add_standing(c->obs, SV_IFACE_KCORE,
			"the kernel's page tables were not to be read (--page-tables none)",
			"observed reach, linear-map addresses and permissions, other kernel "
			"mappings",
			err))
		return -1;
	if (looked(c) && !c->request->aliases &&
		sv_gap_add_standing(c->obs, SV_IFACE_KCORE,
			"further kernel mappings are looked for of frames in pools alone, of "
			"others with --aliases",
			"other kernel mappings of ordinary frames", err))
		return -1;
	if (c->obs->needs & SAFEVMA_NEED_SOURCES)
		return 0;
	return sv_gap_add_standing(c->obs, SV_IFACE_PAGE_OWNER,
		"who has the frames beside is looked up by adjacency and frames --pfn",
		"owners of the sources of edges", err);
}

static int rounds(struct sv_capture *c, struct safevma_error *err)
{
	unsigned int needs = c->obs->needs;

	if (sv_capture_host(c, err) || sv_capture_clock(c, "clock.from", &c->obs->from, err))
		return -1;
	if ((needs & SAFEVMA_NEED_SYSTEM) && sv_capture_system(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_INTERFACES) && sv_capture_interfaces(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_PROCESSES) && sv_capture_processes(c, err))
		return -1;
	/* Before the descriptors of any process, for each of which the kernel makes objects. */
	if ((needs & SAFEVMA_NEED_SLAB) && sv_capture_slab(c, err))
		return -1;
	if (all_memory(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_SLAB) && sv_slabs_place(&c->obs->slabs))
		return sv_error_nomem(err);
	if ((needs & SAFEVMA_NEED_VMAS) && limits(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_SOURCES) && sv_capture_sources(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_LOCKS) && sv_capture_locks(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_COMMIT) && sv_capture_commit(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_PRESSURE) && sv_capture_pressure(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_HARDENING) && sv_capture_hardening(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_KERNEL) && sv_capture_linear(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_POOLS) && sv_capture_holders(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_PROBE) && sv_capture_probe(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_WATCH) && sv_capture_watch(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_FAULTS) && sv_capture_faults(c, err))
		return -1;
	if ((needs & SAFEVMA_NEED_SLAB_GROWTH) && sv_capture_slab_growth(c, err))
		return -1;
	if (sv_capture_clock(c, "clock.to", &c->obs->to, err))
		return -1;
	return sv_capture_cost(c, err) || sv_gaps_fold(c->obs, err) ? -1 : 0;
}

int safevma_observe(safevma_root *root, const struct safevma_request *request,
	safevma_observation **ret, struct safevma_error *err)
{
	struct sv_capture c = { .root = root, .request = request };
	struct safevma_error local = { 0 };

	if (safevma_request_check(request, err))
		return -1;
	c.obs = calloc(1, sizeof(*c.obs));
	if (c.obs)
		c.obs->memo = calloc(1, sizeof(*c.obs->memo));
	if (!c.obs || !c.obs->memo) {
		free(c.obs);
		return sv_error_nomem(err);
	}
	c.obs->needs = with_foundations(request->needs);
	c.obs->no_smaps = request->no_smaps || !(c.obs->needs & SAFEVMA_NEED_SMAPS);
	c.obs->fit_bytes = request->fit_bytes;
	c.obs->aliases = request->aliases || (c.obs->needs & SAFEVMA_NEED_OWNERS);
	if (rounds(&c, err ? err : &local)) {
		safevma_observation_free(c.obs);
		root->failed = true;
		return -1;
	}
	*ret = c.obs;
	return 0;
}
