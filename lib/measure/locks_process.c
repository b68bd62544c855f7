// SPDX-License-Identifier: LGPL-2.1-or-later
/* What locks of a process as a whole: limits, MCL_FUTURE, where it grows, stacks of threads. */
#include "locks.h"

#include "iface/maps.h"
#include "iface/smaps.h"

#define CAP_IPC_LOCK_BIT 14

static const struct sv_num unknown = { 0 };

const char *sv_future_name(enum sv_future future)
{
	static const char *const names[] = { NULL, "none", "partly", "covered" };

	return names[future];
}

const char *sv_stack_guard_name(enum sv_stack_guard guard)
{
	static const char *const names[] = { NULL, "gap", "vma", "region", "hole", "none" };

	return names[guard];
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void add(struct sv_lock_figures *sum, const struct sv_lock_figures *f)
{
	for (int i = 0; i < SV_STATE_COUNT; i++)
		sum->by_state[i] += f->by_state[i];
	for (int i = 0; i < SV_LOCK_REASON_COUNT; i++)
		sum->by_reason[i] += f->by_reason[i];
	sum->size += f->size;
	sum->flag_only += f->flag_only;
	sum->guard_marker += f->guard_marker;
	sum->zero_writable += f->zero_writable;
	sum->file_write += f->file_write;
	sum->read_faults += f->read_faults;
	sum->write_faults += f->write_faults;
	sum->reasons |= f->reasons;
	sum->unknown |= f->unknown;
	sv_num_add(&sum->flagged, f->flagged);
	sv_num_add(&sum->huge, f->huge);
	sv_num_add(&sum->ksm, f->ksm);
}

/* ---- MCL_FUTURE ------------------------------------------------------------------------------ */

static void count_lockable(const struct sv_lock_view *w, struct sv_lock_process *ret)
{
	if (w->hold < SV_HOLD_UNLOCKED || w->hold > SV_HOLD_EITHER)
		return;
	ret->lockable++;
	if (w->hold != SV_HOLD_UNLOCKED)
		return;
	if (!ret->unflagged++)
		ret->lowest_unflagged = sv_known(w->v->start);
}

static enum sv_future future_of(const struct sv_lock_process *r)
{
	if (!r->sum.read || (r->sum.unknown & SV_UNKNOWN_FLAGS) || !r->lockable)
		return SV_FUTURE_UNKNOWN;
	if (r->unflagged == r->lockable)
		return SV_FUTURE_NONE;
	return r->unflagged ? SV_FUTURE_PARTLY : SV_FUTURE_COVERED;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static struct sv_num beyond(struct sv_num a, struct sv_num b)
{
	if (a.known && a.value == UINT64_MAX)
		return a;
	if (!a.known || !b.known)
		return unknown;
	return sv_known(a.value > b.value ? a.value - b.value : 0);
}

/* Each file once: it is charged by its pages, however often it is mapped. */
static bool met(const struct sv_process *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (p->vmas.ptr[k].secret == SV_SECRET_YES &&
			p->vmas.ptr[k].inode == p->vmas.ptr[i].inode)
			return true;
	return false;
}

/*
 * Up to a fix of 2026 secretmem was charged to the process by mappings, as mlock() is, and had the
 * flag; since then to the user, by the page. A mapping without the flag shows the later rule; one
 * with it may be either, since MCL_FUTURE sets the flag under both.
 */
static void secretmem(const struct sv_process *p, uint64_t page, struct sv_lock_process *r)
{
	uint64_t used = 0;

	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];

		if (v->secret != SV_SECRET_YES)
			continue;
		used += met(p, i) ? 0 : v->pages * page;
		if (v->flags.known && !(v->flags.value & SV_VMFLAG_LOCKED))
			r->rule = SV_SECRET_RULE_USER;
	}
	if (r->sum.read && !(r->sum.unknown & (SV_UNKNOWN_SECRETMEM | SV_UNKNOWN_PAGES)))
		r->secret_used = sv_known(used);
	r->secret_left = beyond(r->limit, r->secret_used);
}

static void limits(const struct sv_process *p, uint64_t page, struct sv_lock_process *r)
{
	r->limit = p->memlock_soft;
	r->left = beyond(r->limit, p->locked);
	if (p->capabilities.known)
		r->exempt = sv_known(p->capabilities.value >> CAP_IPC_LOCK_BIT & 1);
	secretmem(p, page, r);
}

/* ---- growth ---------------------------------------------------------------------------------- */

enum { STACK_GAP_PAGES = 256 }; /* the default of the boot parameter stack_guard_gap */

static struct sv_num least(struct sv_num a, struct sv_num b)
{
	if (!a.known || !b.known)
		return unknown;
	return a.value < b.value ? a : b;
}

/* As far as the limit and what lies below let it. */
static void stack(const struct sv_process *p, size_t i, uint64_t page, struct sv_lock_process *r)
{
	const struct sv_vma *v = &p->vmas.ptr[i];
	uint64_t below = i ? p->vmas.ptr[i - 1].end : 0, gap = STACK_GAP_PAGES * page;
	uint64_t free = v->start > below + gap ? v->start - below - gap : 0;

	r->stack = sv_known(v->end - v->start);
	r->stack_room = least(beyond(r->stack_limit, r->stack), sv_known(free));
}

static void growth(const struct sv_process *p, uint64_t page, struct sv_lock_process *r)
{
	r->stack_limit = p->stack_limit;
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];

		if (v->kind == SV_VMA_STACK)
			stack(p, i, page, r);
		if (v->kind == SV_VMA_HEAP) {
			r->heap = sv_known(v->end - v->start);
			if (i + 1 < p->vmas.len)
				r->heap_room = sv_known(p->vmas.ptr[i + 1].start - v->end);
		}
	}
}

void sv_measure_locks_process(
	const safevma_observation *obs, const struct sv_process *p, struct sv_lock_process *ret)
{
	bool read = sv_process_was_read(p) && p->vmas.len;
	struct sv_num zero = { .known = read };
	struct sv_lock_view w;

	*ret = (struct sv_lock_process) {
		.sum = { .read = read, .flagged = zero, .huge = zero, .ksm = zero }
	};
	sv_lock_view_process(&w, obs, p);
	for (size_t i = 0; read && i < p->vmas.len; i++) {
		struct sv_lock_figures f;

		sv_lock_view_vma(&w, &p->vmas.ptr[i]);
		sv_measure_locks_vma(&w, &f);
		add(&ret->sum, &f);
		count_lockable(&w, ret);
	}
	ret->future = future_of(ret);
	limits(p, obs->host.page_size, ret);
	if (read)
		growth(p, obs->host.page_size, ret);
}

/* ---- stacks of threads ----------------------------------------------------------------------- */

static size_t holding(const struct sv_process *p, uint64_t sp)
{
	for (size_t i = 0; i < p->vmas.len; i++)
		if (p->vmas.ptr[i].start < sp && sp <= p->vmas.ptr[i].end)
			return i;
	return SIZE_MAX;
}

static bool accessible(const struct sv_vma *v)
{
	return v->perms & (SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC);
}

/*
 * Guard pages at the low end of the mapping (glibc from 2.42 on), a mapping without access below,
 * or the kernel's own gap below what grows.
 */
static void guard_of(const struct sv_process *p, size_t i, uint64_t low, struct sv_lock_stack *r)
{
	const struct sv_vma *v = &p->vmas.ptr[i], *below = i ? v - 1 : NULL;

	r->guard = SV_STACK_GUARD_HOLE;
	r->guard_bytes = sv_known(0);
	if (low) {
		r->guard = SV_STACK_GUARD_REGION;
		r->guard_bytes = sv_known(low);
	} else if (v->kind == SV_VMA_STACK || (v->flags.value & SV_VMFLAG_GROWSDOWN)) {
		r->guard = SV_STACK_GUARD_GAP;
		r->guard_bytes = unknown;
	} else if (below && below->end == v->start) {
		r->guard = accessible(below) ? SV_STACK_GUARD_NONE : SV_STACK_GUARD_VMA;
		r->guard_bytes = sv_known(accessible(below) ? 0 : below->end - below->start);
	}
}

/* Runs of the stack below the pointer: guards at the low end, then what is to fault. */
static void below_pointer(
	struct sv_lock_view *w, uint64_t sp, uint64_t page, uint64_t *low, struct sv_lock_stack *r)
{
	struct sv_lock_run run;
	uint64_t faults = 0;
	size_t at = 0;
	bool known = true;

	while (sv_lock_run_next(w, false, &at, &run) && run.vaddr < sp) {
		uint64_t end = run.vaddr + run.pages * page, last = sp / page * page;

		end = end < last ? end : last;
		if ((run.page.states & SV_STATE_GUARD) && run.vaddr == w->v->start + *low)
			*low += run.pages * page;
		faults += run.page.write_faults && end > run.vaddr ? end - run.vaddr : 0;
		known &= !(run.page.unknown & ~(unsigned int)SV_UNKNOWN_MOVERS);
	}
	if (known && w->v->pages_read)
		r->to_fault = sv_known(faults);
}

void sv_measure_lock_stack(const safevma_observation *obs, const struct sv_process *p,
	const struct sv_thread *t, struct sv_lock_stack *ret)
{
	size_t i = t->sp.known ? holding(p, t->sp.value) : SIZE_MAX;
	struct sv_lock_view w;
	uint64_t low = 0;

	*ret = (struct sv_lock_stack) { .tid = t->tid, .sp = t->sp };
	if (i == SIZE_MAX || p->vmas.ptr[i].changed)
		return;
	ret->v = &p->vmas.ptr[i];
	sv_lock_view_process(&w, obs, p);
	sv_lock_view_vma(&w, ret->v);
	below_pointer(&w, t->sp.value, obs->host.page_size, &low, ret);
	guard_of(p, i, low, ret);
	ret->room = sv_known(t->sp.value - ret->v->start - low);
}
