// SPDX-License-Identifier: LGPL-2.1-or-later
#include "commit.h"

#include <string.h>

#include "iface/maps.h"
#include "iface/smaps.h"

static const struct sv_num unknown = { 0 };

const char *sv_accounting_name(enum sv_accounting accounting)
{
	static const char *const names[] = { [SV_ACCOUNTING_NONE] = "none",
		[SV_ACCOUNTING_ACCOUNTED] = "accounted",
		[SV_ACCOUNTING_NORESERVE] = "noreserve",
		[SV_ACCOUNTING_HUGETLB] = "hugetlb",
		[SV_ACCOUNTING_SECRETMEM] = "secretmem",
		[SV_ACCOUNTING_SHARED] = "shared",
		[SV_ACCOUNTING_UNKNOWN] = NULL };

	return names[accounting];
}

static struct sv_num plus(struct sv_num a, struct sv_num b)
{
	return a.known && b.known ? sv_known(a.value + b.value) : unknown;
}

/* a - b where that is above 0. */
static struct sv_num beyond(struct sv_num a, struct sv_num b)
{
	if (!a.known || !b.known)
		return unknown;
	return sv_known(a.value > b.value ? a.value - b.value : 0);
}

/* ---- VMA ------------------------------------------------------------------------------------- */

static enum sv_accounting accounting_of(const struct sv_vma *v)
{
	if (v->secret == SV_SECRET_YES)
		return SV_ACCOUNTING_SECRETMEM;
	if (!v->flags.known || v->secret == SV_SECRET_UNKNOWN)
		return SV_ACCOUNTING_UNKNOWN;
	if (v->flags.value & SV_VMFLAG_HUGETLB)
		return SV_ACCOUNTING_HUGETLB;
	if (v->flags.value & SV_VMFLAG_ACCOUNT)
		return SV_ACCOUNTING_ACCOUNTED;
	if ((v->perms & SV_PERM_SHARED) && (v->kind == SV_VMA_SHMEM || v->kind == SV_VMA_MEMFD))
		return SV_ACCOUNTING_SHARED;
	if ((v->flags.value & SV_VMFLAG_NORESERVE) && !(v->perms & SV_PERM_SHARED))
		return SV_ACCOUNTING_NORESERVE;
	return SV_ACCOUNTING_NONE;
}

/* Of a private mapping its own pages alone: page cache that it shows is no part of the promise. */
static struct sv_num backed_of(const struct sv_vma *v, enum sv_accounting accounting)
{
	switch (accounting) {
	case SV_ACCOUNTING_ACCOUNTED:
	case SV_ACCOUNTING_NORESERVE:
		return plus(v->perms & SV_PERM_SHARED ? v->rss : v->anonymous, v->swap);
	case SV_ACCOUNTING_HUGETLB:
		return v->huge;
	case SV_ACCOUNTING_SECRETMEM:
	case SV_ACCOUNTING_SHARED:
		return plus(v->rss, v->swap);
	case SV_ACCOUNTING_NONE:
	case SV_ACCOUNTING_UNKNOWN:
		break;
	}
	return unknown;
}

void sv_measure_commit_vma(const struct sv_vma *v, struct sv_commit_vma *ret)
{
	*ret = (struct sv_commit_vma) { .size = v->end - v->start, .accounting = accounting_of(v) };
	if (ret->accounting == SV_ACCOUNTING_ACCOUNTED)
		ret->promised = sv_known(ret->size);
	else if (v->flags.known)
		ret->promised = sv_known(0);
	ret->backed = backed_of(v, ret->accounting);
	if (ret->backed.value > ret->size) /* counted while it changed */
		ret->backed.value = ret->size;
	ret->unbacked = beyond(sv_known(ret->size), ret->backed);
}

/* ---- process --------------------------------------------------------------------------------- */

static void add_vma(struct sv_commit_process *p, const struct sv_commit_vma *v)
{
	struct sv_num size = sv_known(v->size);

	p->promised = plus(p->promised, v->promised);
	switch (v->accounting) {
	case SV_ACCOUNTING_ACCOUNTED:
		p->backed = plus(p->backed, v->backed);
		p->unbacked = plus(p->unbacked, v->unbacked);
		break;
	case SV_ACCOUNTING_NORESERVE:
		p->noreserve = plus(p->noreserve, size);
		p->noreserve_backed = plus(p->noreserve_backed, v->backed);
		break;
	case SV_ACCOUNTING_HUGETLB:
		p->hugetlb = plus(p->hugetlb, size);
		break;
	case SV_ACCOUNTING_SECRETMEM:
		p->secretmem = plus(p->secretmem, size);
		break;
	case SV_ACCOUNTING_SHARED:
		p->shared = plus(p->shared, size);
		break;
	case SV_ACCOUNTING_NONE:
		break;
	case SV_ACCOUNTING_UNKNOWN:
		p->secretmem = unknown;
		if (v->promised.known) /* what it is called leaves this alone open */
			break;
		p->backed = p->unbacked = p->noreserve = p->noreserve_backed = p->hugetlb =
			p->shared = unknown;
		break;
	}
}

void sv_measure_commit_process(const struct sv_process *p, struct sv_commit_process *ret)
{
	bool memory = sv_process_was_read(p) && p->vmas.len;
	struct sv_num zero = { .known = memory };

	*ret = (struct sv_commit_process) { .promised = zero,
		.backed = zero,
		.unbacked = zero,
		.noreserve = zero,
		.noreserve_backed = zero,
		.hugetlb = zero,
		.secretmem = zero,
		.shared = zero };
	for (size_t i = 0; i < p->vmas.len; i++) {
		struct sv_commit_vma v;

		sv_measure_commit_vma(&p->vmas.ptr[i], &v);
		add_vma(ret, &v);
	}
}

/* ---- system ---------------------------------------------------------------------------------- */

/* A process with memory, as far as was seen; kernel threads and those that ended have none. */
static bool counts(const struct sv_process *p)
{
	return !p->kernel_thread && p->fate != SV_FATE_VANISHED &&
	       !(p->state == 'Z' && p->threads <= 1);
}

void sv_commit_coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];
		struct sv_commit_process sums;

		if (!counts(p))
			continue;
		sv_measure_commit_process(p, &sums);
		ret->total++;
		if (p->fate == SV_FATE_CHANGED)
			ret->changed++;
		else if (sums.promised.known)
			ret->examined++;
		else
			ret->unreadable++;
	}
}

/* Kernel threads are hidden where others are: without one the list cannot be whole. */
static void add_process(struct sv_commit_budget *b, const struct sv_process *p)
{
	struct sv_commit_process sums;

	if (p->memory_of) {
		b->duplicates++;
		b->inferred += !p->memory_of_observed;
		return;
	}
	sv_measure_commit_process(p, &sums);
	b->promised = plus(b->promised, sums.promised);
	b->promised_seen.value += sums.promised.known ? sums.promised.value : 0;
	b->promised_seen.known |= sums.promised.known;
	b->unbacked = plus(b->unbacked, sums.unbacked);
	b->noreserve = plus(b->noreserve, sums.noreserve);
	b->noreserve_backed = plus(b->noreserve_backed, sums.noreserve_backed);
	if (!sums.secretmem.known)
		b->secretmem = b->secretmem_resident = unknown;
}

/* A piece of an object that is secretmem. */
struct piece {
	uint64_t major, minor, inode, start, end;
	struct sv_num resident;
	size_t process;
};

struct pieces {
	struct piece *ptr;
	size_t len, cap;
};

static int add_pieces(const struct sv_process *p, size_t number, struct pieces *ret)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];
		struct piece *x;

		if (v->secret != SV_SECRET_YES)
			continue;
		x = sv_vec_push(ret);
		if (!x)
			return -1;
		*x = (struct piece) { .major = v->dev_major,
			.minor = v->dev_minor,
			.inode = v->inode,
			.start = v->offset,
			.end = v->offset + (v->end - v->start),
			.resident = v->rss,
			.process = number };
	}
	return 0;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_object(const struct piece *a, const struct piece *b)
{
	int c = order(a->major, b->major);

	c = c ? c : order(a->minor, b->minor);
	return c ? c : order(a->inode, b->inode);
}

static int by_place(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;
	int c = by_object(a, b);

	c = c ? c : order(a->start, b->start);
	c = c ? c : order(a->end, b->end);
	return c ? c : order(a->process, b->process);
}

/* Bytes of [first, end) that some piece covers; in order of their starts. */
static uint64_t covered(const struct piece *first, const struct piece *end)
{
	uint64_t sum = 0, at = 0;

	for (; first < end; first++) {
		uint64_t start = first->start > at ? first->start : at;

		if (first->end <= start)
			continue;
		sum += first->end - start;
		at = first->end;
	}
	return sum;
}

/* Each process shows the pages that it touched itself: the most that one has is there at least. */
static struct sv_num most_resident(const struct piece *first, const struct piece *end)
{
	struct sv_num most = sv_known(0);

	for (const struct piece *p = first; p < end; p++) {
		struct sv_num sum = sv_known(0);

		for (const struct piece *q = first; q < end; q++)
			if (q->process == p->process)
				sum = plus(sum, q->resident);
		if (!sum.known)
			return unknown;
		most.value = sum.value > most.value ? sum.value : most.value;
	}
	return most;
}

static void add_objects(struct pieces *pieces, struct sv_commit_budget *b)
{
	const struct piece *end = pieces->ptr + pieces->len;

	b->secretmem_seen.known = b->promised_seen.known;
	if (pieces->len)
		qsort(pieces->ptr, pieces->len, sizeof(*pieces->ptr), by_place);
	for (const struct piece *p = pieces->ptr, *next; p < end; p = next) {
		for (next = p; next < end && !by_object(p, next);)
			next++;
		b->secretmem = plus(b->secretmem, sv_known(covered(p, next)));
		b->secretmem_seen.value += covered(p, next);
		b->secretmem_resident = plus(b->secretmem_resident, most_resident(p, next));
	}
}

static int sum_processes(const safevma_observation *obs, struct sv_commit_budget *b)
{
	struct sv_num zero = { .known = sv_first_namespace(obs) };
	struct pieces pieces = { 0 };
	int rc = 0;

	b->promised = b->unbacked = b->noreserve = b->noreserve_backed = b->secretmem =
		b->secretmem_resident = zero;
	for (size_t i = 0; i < obs->processes.len && !rc; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (!counts(p))
			continue;
		add_process(b, p);
		rc = add_pieces(p, i, &pieces);
	}
	if (!rc)
		add_objects(&pieces, b);
	sv_vec_fini(&pieces);
	return rc;
}

/* vm_commit_limit() in mm/util.c, the same from 5.10 to 7.3; it counts in pages. */
static struct sv_num limit_of(const safevma_observation *obs)
{
	const struct sv_system *s = &obs->system;
	uint64_t page = obs->host.page_size, pages;

	if (!s->overcommit_bytes.known || !s->swap_total.known || !page)
		return unknown;
	if (s->overcommit_bytes.value) {
		pages = s->overcommit_bytes.value / page;
	} else {
		struct sv_num ram = beyond(s->mem_total, s->hugetlb);

		if (!ram.known || !s->overcommit_ratio.known)
			return unknown;
		pages = ram.value / page * s->overcommit_ratio.value / 100;
	}
	return sv_known(pages * page + s->swap_total.value);
}

static void sum_system(const safevma_observation *obs, struct sv_commit_budget *b)
{
	const struct sv_system *s = &obs->system;
	const struct sv_num parts[] = { b->secretmem, b->noreserve_backed, s->hugetlb,
		s->page_tables, s->kernel_stacks, s->slab_unreclaimable, s->percpu };

	b->recomputed = limit_of(obs);
	if (s->overcommit_memory.known)
		b->enforced = sv_known(s->overcommit_memory.value == 2);
	b->headroom = beyond(s->commit_limit, s->committed_as);
	b->over = beyond(s->committed_as, s->commit_limit);
	b->capacity = plus(s->mem_total, s->swap_total);
	b->accounted = plus(b->promised, s->shmem);
	b->unaccounted = sv_known(0);
	for (size_t i = 0; i < sv_array_size(parts); i++)
		b->unaccounted = plus(b->unaccounted, parts[i]);
	b->worst = plus(s->committed_as, b->unaccounted);
	b->worst_over = beyond(b->worst, b->capacity);
}

int sv_measure_commit(const safevma_observation *obs, struct sv_commit_budget *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (sum_processes(obs, ret))
		return -1;
	sum_system(obs, ret);
	return 0;
}
