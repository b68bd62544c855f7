// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the kernel reaches our memory, asked of its own page tables. Hazard: memory that is held
 * to be out of the kernel's reach is not, or not for the reason that is given. Evidence: the
 * entries of the tables through /proc/kcore, and a marker of ours read back at the address that
 * they give; kcore shows zeros for what it cannot read, so that only a marker proves, and zeros
 * never do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "iface/kpage.h"
#include "iface/pagemap.h"
#include "kernel.h"
#include "probe.h"

enum { SECRET_PAGES = 64, CONTROL_PAGES = 4 };

/* ---- pages that a child holds ---------------------------------------------------------------- */

static int publish(const char *pages, size_t n, uint64_t *held)
{
	for (size_t i = 0; i < n; i++)
		held[i] = (uintptr_t)(pages + i * sv_page_size());
	return 0;
}

static int hold_ordinary(struct sv_trial *t, uint64_t *held, const void *arg)
{
	size_t n = *(const size_t *)arg;
	char *pages = sv_pages(t, n);

	if (!pages)
		return -1;
	if (sv_mlock(pages, n * sv_page_size()))
		return sv_could_not(t, "mlock");
	sv_mark(pages, n);
	return publish(pages, n, held);
}

static int hold_secret(struct sv_trial *t, uint64_t *held, const void *arg)
{
	size_t n = *(const size_t *)arg;
	char *pages = sv_secret_pages(t, n, NULL);

	if (!pages)
		return -1;
	sv_mark(pages, n);
	return publish(pages, n, held);
}

/* Code of this very function: a page that user space has read-only. */
static int hold_text(struct sv_trial *t, uint64_t *held, const void *arg)
{
	volatile unsigned char *code = (volatile unsigned char *)(uintptr_t)hold_text;

	(void)t;
	(void)arg;
	(void)*code;
	held[0] = (uintptr_t)code / sv_page_size() * sv_page_size();
	return 0;
}

typedef int (*prepare_fn)(struct sv_trial *t, uint64_t *held, const void *arg);

/* Pages, where they lie, and what the kernel's tables say of that. */
struct look {
	struct sv_keeper holder;
	size_t n;
	uint64_t pfn[SECRET_PAGES];
	struct sv_kernelmap map;
};

static int by_first(const void *a, const void *b)
{
	const struct sv_frame_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int ask_kernel(struct sv_probe *p, struct look *l, bool others)
{
	struct sv_frame_range ranges[SECRET_PAGES] = { { 0 } };
	struct safevma_error why = { 0 }, err = { 0 };
	int rc;

	for (size_t i = 0; i < l->n; i++)
		ranges[i] = (struct sv_frame_range) { .first = l->pfn[i], .count = 1 };
	qsort(ranges, l->n, sizeof(ranges[0]), by_first);
	rc = sv_capture_lookup(
		&p->capture, ranges, l->n, ranges, others ? l->n : 0, "probe", &l->map, &why, &err);
	if (rc > 0)
		return 0;
	sv_unknown(p->trial, SV_REASON_UNREADABLE, "/proc/kcore: %.200s",
		rc ? err.message : why.message);
	return -1;
}

static int frames_of(struct sv_probe *p, struct look *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!sv_frame_of(p->trial, l->holder.pid, (void *)(uintptr_t)l->holder.held[i],
			    &l->pfn[i]))
			return -1;
	return 0;
}

/* The frames must be the same after the look: what was looked up is of them then. */
static int unmoved(struct sv_probe *p, const struct look *l)
{
	uint64_t now;

	for (size_t i = 0; i < l->n; i++) {
		if (!sv_frame_of(
			    p->trial, l->holder.pid, (void *)(uintptr_t)l->holder.held[i], &now))
			return -1;
		if (now == l->pfn[i])
			continue;
		sv_unknown(
			p->trial, SV_REASON_NOISE, "a page of ours moved while it was looked up");
		return -1;
	}
	return 0;
}

static void look_end(struct look *l)
{
	sv_kernelmap_fini(&l->map);
	sv_release(&l->holder);
}

#define auto_look sv_cleanup(look_end) struct look

static int look_at(struct sv_probe *p, prepare_fn prepare, size_t n, bool others, struct look *l)
{
	l->n = n;
	if (sv_hold(p->trial, prepare, &n, &l->holder))
		return -1;
	return frames_of(p, l) || ask_kernel(p, l, others) || unmoved(p, l) ? -1 : 0;
}

static const struct sv_linear_extent *alias_of(const struct look *l, size_t i)
{
	return sv_kernelmap_find(&l->map, l->pfn[i]);
}

static size_t count(const struct look *l, enum sv_alias alias)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct sv_linear_extent *e = alias_of(l, i);

		n += (e ? e->alias : SV_ALIAS_UNKNOWN) == alias;
	}
	return n;
}

static uint64_t linear_address(const struct look *l, size_t i)
{
	return l->pfn[i] * sv_page_size() + l->map.delta;
}

/* 1: the marker of page i stands at a kernel address; 0: it does not; -1: not readable, told. */
static int marker_at(struct sv_probe *p, uint64_t vaddr, size_t i)
{
	char seen[SV_MARK_LEN + sizeof(size_t)] = "";
	struct safevma_error why = { 0 }, err = { 0 };
	int rc = sv_capture_kernel_bytes(
		&p->capture, vaddr, seen, sizeof(seen), "probe", &why, &err);

	if (rc > 0)
		return sv_marked(seen, i);
	sv_unknown(p->trial, SV_REASON_UNREADABLE, "/proc/kcore at 0x%llx: %.200s",
		(unsigned long long)vaddr, rc ? err.message : why.message);
	return -1;
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void tell_alias(struct sv_trial *t, const struct look *l, bool marked)
{
	const struct sv_linear_extent *e = alias_of(l, 0);

	if (marked)
		sv_holds(t, "marker of frame 0x%llx read at 0x%llx, entry %s",
			(unsigned long long)l->pfn[0], (unsigned long long)linear_address(l, 0),
			sv_alias_name(e ? e->alias : SV_ALIAS_UNKNOWN));
	else if (e && e->alias == SV_ALIAS_ABSENT)
		sv_refuted(t, "ordinary frame 0x%llx is absent from the linear map",
			(unsigned long long)l->pfn[0]);
	else
		sv_unknown(t, SV_REASON_CONTROL, "no marker of frame 0x%llx at 0x%llx",
			(unsigned long long)l->pfn[0], (unsigned long long)linear_address(l, 0));
}

static void linear_alias(struct sv_probe *p)
{
	auto_look l = { 0 };
	int marked;

	if (look_at(p, hold_ordinary, 1, false, &l))
		return;
	marked = marker_at(p, linear_address(&l, 0), 0);
	if (marked >= 0)
		tell_alias(p->trial, &l, marked);
}

static void every_page_twin(struct sv_probe *p)
{
	auto_look l = { 0 };

	if (look_at(p, hold_secret, CONTROL_PAGES, false, &l))
		return;
	if (count(&l, SV_ALIAS_ABSENT))
		sv_refuted(p->trial,
			"%zu of %zu frames of secretmem have no entry in the linear map",
			count(&l, SV_ALIAS_ABSENT), l.n);
	else if (count(&l, SV_ALIAS_RW) + count(&l, SV_ALIAS_RO) == l.n)
		sv_holds(p->trial, "all %zu frames of secretmem are in the linear map", l.n);
	else
		sv_unknown(p->trial, SV_REASON_UNREADABLE,
			"the entries of %zu frames could not be told", count(&l, SV_ALIAS_UNKNOWN));
}

static void secret_absent(struct sv_probe *p)
{
	auto_look l = { 0 };
	size_t present;

	if (look_at(p, hold_secret, SECRET_PAGES, false, &l))
		return;
	present = count(&l, SV_ALIAS_RW) + count(&l, SV_ALIAS_RO);
	if (present)
		sv_refuted(p->trial, "%zu of %zu frames of secretmem are in the linear map",
			present, l.n);
	else if (count(&l, SV_ALIAS_ABSENT) == l.n)
		sv_holds(p->trial, "all %zu frames absent: non-zero entries that are not present",
			l.n);
	else
		sv_unknown(p->trial, SV_REASON_UNREADABLE, "%zu of %zu entries could not be told",
			l.n - count(&l, SV_ALIAS_ABSENT), l.n);
}

struct others {
	size_t frames, marked;
	size_t other;		  /* mappings at which something else was read */
	struct sv_kmapping first; /* the first that the marker was read at, else the first */
	uint64_t vaddr;		  /* of the frame in it */
};

static int count_others(struct sv_probe *p, const struct look *l, struct others *o)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct sv_kmapping *m;
		size_t at = 0, met = 0;

		while ((m = sv_kernelmap_other(&l->map, l->pfn[i], &at))) {
			uint64_t vaddr = m->vaddr + (l->pfn[i] - m->pfn) * sv_page_size();
			int marked = marker_at(p, vaddr, i);

			if (!o->vaddr || (marked > 0 && !o->marked)) {
				o->first = *m;
				o->vaddr = vaddr;
			}
			met++;
			o->marked += marked > 0;
			o->other += marked == 0;
		}
		o->frames += met > 0;
	}
	return 0;
}

static void tell_others(struct sv_trial *t, const struct look *l, const struct others *o)
{
	char where[96];

	snprintf(where, sizeof(where), "first at 0x%llx (%s %s)", (unsigned long long)o->vaddr,
		sv_kzone_name(o->first.zone), o->first.writable ? "rw" : "ro");
	if (o->marked)
		sv_refuted(t, "%zu/%zu mapped again, %s, marker read at %zu", o->frames, l->n,
			where, o->marked);
	else if (o->other)
		sv_unknown(t, SV_REASON_CONTROL,
			"%zu/%zu mapped again by the tables, %s; %zu show no marker there",
			o->frames, l->n, where, o->other);
	else if (o->frames)
		sv_refuted(t, "%zu/%zu mapped again, %s, which kcore does not show", o->frames,
			l->n, where);
	else if (!l->map.others_known || l->map.others_cut)
		sv_unknown(t, SV_REASON_UNREADABLE,
			"the rest of the kernel's address space was not walked whole");
	else
		sv_holds(t, "no other mapping of %zu frames in the kernel's half of the tables",
			l->n);
}

static void no_other_mapping(struct sv_probe *p)
{
	auto_look l = { 0 };
	struct others o = { 0 };

	if (look_at(p, hold_secret, SECRET_PAGES, true, &l) || count_others(p, &l, &o))
		return;
	tell_others(p->trial, &l, &o);
}

/* The ordinary page is the control: zeros of kcore alone would say nothing. */
static void kcore_secret(struct sv_probe *p)
{
	auto_look plain = { 0 }, secret = { 0 };
	int control, marked;

	if (look_at(p, hold_ordinary, 1, false, &plain) ||
		look_at(p, hold_secret, 1, false, &secret))
		return;
	control = marker_at(p, linear_address(&plain, 0), 0);
	marked = control < 0 ? -1 : marker_at(p, linear_address(&secret, 0), 0);
	if (marked < 0)
		return;
	if (marked)
		sv_refuted(p->trial, "kcore shows the marker of secretmem at 0x%llx",
			(unsigned long long)linear_address(&secret, 0));
	else if (!control)
		sv_unknown(p->trial, SV_REASON_CONTROL,
			"kcore shows no marker of ordinary memory either");
	else
		sv_holds(p->trial, "kcore shows the marker of an ordinary page, not of secretmem");
}

static void readonly_text(struct sv_probe *p)
{
	const struct sv_linear_extent *e;
	auto_look l = { 0 };

	if (look_at(p, hold_text, 1, false, &l))
		return;
	e = alias_of(&l, 0);
	if (e && e->alias == SV_ALIAS_RW)
		sv_refuted(p->trial, "our code in frame 0x%llx is writable at 0x%llx",
			(unsigned long long)l.pfn[0], (unsigned long long)linear_address(&l, 0));
	else if (e && e->alias != SV_ALIAS_UNKNOWN)
		sv_holds(p->trial, "our code in frame 0x%llx: linear map %s",
			(unsigned long long)l.pfn[0], sv_alias_name(e->alias));
	else
		sv_unknown(p->trial, SV_REASON_UNREADABLE, "the entry could not be told");
}

/* Memory of user processes by its flags: no source of an overrun. */
static bool user_memory(uint64_t flags)
{
	return !(flags & (SV_KPF_SLAB | SV_KPF_PGTABLE | SV_KPF_RESERVED | SV_KPF_NOPAGE)) &&
	       (flags & (SV_KPF_ANON | SV_KPF_LRU));
}

/* A frame of ours with user memory on both sides; its index, or -1 with t filled. */
static int quiet_frame(struct sv_probe *p, const struct look *l)
{
	uint64_t below, above;

	for (size_t i = 0; i < l->n; i++) {
		if (!l->pfn[i] || !sv_frame_flags(p->trial, l->pfn[i] - 1, &below) ||
			!sv_frame_flags(p->trial, l->pfn[i] + 1, &above))
			return -1;
		if (user_memory(below) && user_memory(above))
			return (int)i;
	}
	sv_unknown(p->trial, SV_REASON_NOISE, "none of %zu frames has user memory on both sides",
		l->n);
	return -1;
}

static void proximity_only(struct sv_probe *p)
{
	auto_look l = { 0 };
	const struct sv_linear_extent *e;
	int i;

	if (look_at(p, hold_ordinary, SECRET_PAGES, false, &l) || (i = quiet_frame(p, &l)) < 0)
		return;
	e = alias_of(&l, (size_t)i);
	if (e && e->alias == SV_ALIAS_RW)
		sv_refuted(p->trial, "frame 0x%llx between user memory is writable at 0x%llx",
			(unsigned long long)l.pfn[i],
			(unsigned long long)linear_address(&l, (size_t)i));
	else if (e && e->alias != SV_ALIAS_UNKNOWN)
		sv_holds(p->trial, "frame 0x%llx between user memory: linear map %s",
			(unsigned long long)l.pfn[i], sv_alias_name(e->alias));
	else
		sv_unknown(p->trial, SV_REASON_UNREADABLE, "the entry could not be told");
}

#define SECRET_COST "64 pages of secretmem: the linear map stays split (x86)"

static const struct sv_claim claims[] = {
	{ .id = "linear-alias",
		.statement = "the kernel can address user memory through the linear map",
		.source = "deck 14, 33, 34",
		.expected = "a marker of ours stands at the frame's linear address",
		.experiment = "write a marker, find its frame, read the address in the linear map "
			      "through kcore",
		.limits = "one page; that it can be written is what its entry says",
		.cost = "one page; some tables read through kcore",
		.look = linear_alias },
	{ .id = "every-page-twin",
		.statement = "every page has a fixed twin in the linear map",
		.source = "deck 14, 33",
		.expected = "secretmem has entries in the linear map too",
		.experiment = "look four pages of secretmem up in the kernel's page tables",
		.limits = "shows that there are exceptions, not how many",
		.cost = "4 pages of secretmem: the linear map stays split (x86)",
		.costly = true,
		.look = every_page_twin },
	{ .id = "secretmem-removed",
		.statement = "memfd_secret() takes its pages out of the linear map",
		.source = "memfd_secret(2); deck 47, 52",
		.expected = "every page of secretmem is absent",
		.experiment = "look 64 pages of secretmem up in the kernel's page tables",
		.limits = "tables, not TLBs; see secretmem-one-mapping for other addresses",
		.cost = SECRET_COST,
		.costly = true,
		.look = secret_absent },
	{ .id = "secretmem-one-mapping",
		.statement = "secretmem is mapped nowhere in the kernel",
		.source = "memfd_secret(2); deck 47, 48",
		.expected = "no entry of the kernel's half names one of its frames",
		.experiment =
			"look for 64 pages of secretmem in the whole kernel half, read the marker "
			"where one is found",
		.limits =
			"frames that the allocator gave this time; the kernel can map them when it "
			"wants to",
		.cost = SECRET_COST,
		.costly = true,
		.look = no_other_mapping },
	{ .id = "secretmem-kcore",
		.statement = "/proc/kcore does not show secretmem at its linear address",
		.source = "memfd_secret(2)",
		.expected =
			"no marker at the frame's linear address, where ordinary pages have theirs",
		.experiment = "read a marker in ordinary memory and one in secretmem through kcore",
		.limits = "the linear address alone: it was read at others, see "
			  "secretmem-one-mapping",
		.cost = "1 page of secretmem: the linear map stays split (x86)",
		.costly = true,
		.look = kcore_secret },
	{ .id = "readonly-protected",
		.statement = "code and constants are protected by the permissions of their pages",
		.source = "wg-lfscs note (wg-osep says no)",
		.expected = "the linear map does not have our code writable",
		.experiment = "look the frame of code of ours up in the kernel's page tables",
		.limits = "one page of the page cache",
		.cost = "some tables read through kcore",
		.look = readonly_text },
	{ .id = "proximity-only",
		.statement = "the risk is proximity: what lies beside kernel memory",
		.source = "deck 38",
		.expected = "a frame without such a neighbour cannot be written by the kernel",
		.experiment = "find a frame of ours between user memory, look it up in the tables",
		.limits = "says that a wild write can land there, not that one does",
		.cost = "64 pages; some tables read through kcore",
		.look = proximity_only },
};

SV_LEDGER(sv_claims_linear, claims);
