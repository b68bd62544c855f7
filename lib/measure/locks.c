// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pages and VMAs: their states, and the reasons that follow from them. */
#include "locks.h"

#include <string.h>

#include "iface/kpage.h"
#include "iface/maps.h"
#include "iface/pagemap.h"
#include "iface/smaps.h"

#define REASON(r) (1u << SV_LOCK_REASON_##r)

/* ---- the VMA --------------------------------------------------------------------------------- */

static bool may(const struct sv_vma *v, unsigned int perms)
{
	return v->perms & perms;
}

static bool accessible(const struct sv_vma *v)
{
	return may(v, SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC);
}

static enum sv_hold hold_by_flags(uint64_t flags)
{
	if (flags & SV_VMFLAG_HUGETLB)
		return SV_HOLD_HUGETLB;
	if (flags & (SV_VMFLAG_IO | SV_VMFLAG_PFNMAP | SV_VMFLAG_MIXEDMAP | SV_VMFLAG_DONTEXPAND))
		return SV_HOLD_DRIVER;
	if (flags & SV_VMFLAG_DROPPABLE)
		return SV_HOLD_DROPPABLE;
	if (!(flags & SV_VMFLAG_LOCKED))
		return SV_HOLD_UNLOCKED;
	if (flags & SV_VMFLAG_LOCKONFAULT)
		return SV_HOLD_ONFAULT;
	return flags & SV_VMFLAG_UNNAMED ? SV_HOLD_EITHER : SV_HOLD_LOCKED;
}

/*
 * What mlock() leaves alone (mlock_fixup() in mm/mlock.c) is not blamed for having no lock: VM_IO,
 * VM_PFNMAP, VM_DONTEXPAND, VM_MIXEDMAP, hugetlb, the gate, secretmem, droppable memory. secretmem
 * has the flag on some kernels and not on others, and is never reclaimed or moved on any.
 */
static enum sv_hold hold_of(const struct sv_vma *v)
{
	if (v->secret == SV_SECRET_YES)
		return SV_HOLD_SECRETMEM;
	if (v->kind == SV_VMA_VDSO || v->kind == SV_VMA_VVAR || v->kind == SV_VMA_VSYSCALL)
		return SV_HOLD_KERNEL;
	if (v->kind == SV_VMA_HUGETLB)
		return SV_HOLD_HUGETLB;
	if (v->kind == SV_VMA_DEVICE)
		return SV_HOLD_DRIVER;
	return v->flags.known ? hold_by_flags(v->flags.value) : SV_HOLD_UNKNOWN;
}

static bool flag(const struct sv_vma *v, uint64_t flag)
{
	return v->flags.known && (v->flags.value & flag);
}

/* Memory of its own alone: no file behind it. */
static bool anonymous(const struct sv_vma *v)
{
	return !may(v, SV_PERM_SHARED) && !v->inode &&
	       (v->kind == SV_VMA_ANON || v->kind == SV_VMA_HEAP || v->kind == SV_VMA_STACK);
}

/* It holds a whole huge page, aligned. */
static bool roomy(const struct sv_vma *v, uint64_t huge)
{
	uint64_t first;

	if (!huge)
		return false;
	first = (v->start + huge - 1) / huge * huge;
	return first >= v->start && first + huge > first && first + huge <= v->end;
}

static unsigned int khugepaged(const struct sv_lock_view *w, unsigned int *unknown)
{
	const struct sv_movers *m = &w->obs->movers;
	const struct sv_vma *v = w->v;

	if (!anonymous(v) || m->thp == SV_THP_NEVER || flag(v, SV_VMFLAG_NOHUGEPAGE) ||
		(w->p->thp_enabled.known && !w->p->thp_enabled.value))
		return 0;
	if (m->thp == SV_THP_UNKNOWN || !m->thp_bytes.known) {
		*unknown |= SV_UNKNOWN_MOVERS;
		return 0;
	}
	if (m->thp == SV_THP_MADVISE && !flag(v, SV_VMFLAG_HUGEPAGE))
		return 0;
	return roomy(v, m->thp_bytes.value) ? REASON(KHUGEPAGED) : 0;
}

static unsigned int if_set(struct sv_num setting, unsigned int reason, unsigned int *unknown)
{
	*unknown |= setting.known ? 0 : SV_UNKNOWN_MOVERS;
	return setting.known && setting.value ? reason : 0;
}

static unsigned int ksm(const struct sv_lock_view *w, unsigned int *unknown)
{
	const struct sv_vma *v = w->v;

	if (v->ksm.known && v->ksm.value)
		return REASON(KSM);
	if (!flag(v, SV_VMFLAG_MERGEABLE))
		return 0;
	*unknown |= w->obs->movers.ksm_run.known ? 0 : SV_UNKNOWN_MOVERS;
	/* 1: it scans. 0 and 2: it does not, and after 0 what was merged stays so. */
	return w->obs->movers.ksm_run.value == 1 ||
			       (!v->ksm.known && w->obs->movers.ksm_run.value == 0)
		       ? REASON(KSM)
		       : 0;
}

/* Read-only pages of files are left alone: task_numa_work(). */
static bool numa_scanned(const struct sv_vma *v)
{
	return accessible(v) && (may(v, SV_PERM_WRITE) || !v->inode);
}

static unsigned int movers_of(const struct sv_lock_view *w, unsigned int *unknown)
{
	const struct sv_movers *m = &w->obs->movers;
	bool locked = w->hold == SV_HOLD_LOCKED || w->hold == SV_HOLD_ONFAULT ||
		      w->hold == SV_HOLD_EITHER;
	unsigned int reasons = 0;

	if (!locked && w->hold != SV_HOLD_UNLOCKED && w->hold != SV_HOLD_UNKNOWN &&
		w->hold != SV_HOLD_DROPPABLE)
		return 0;
	reasons |= if_set(
		locked ? m->compact_unevictable : m->compaction, REASON(COMPACTION), unknown);
	if (numa_scanned(w->v))
		reasons |= if_set(m->numa_balancing, REASON(NUMA), unknown);
	return reasons | khugepaged(w, unknown) | ksm(w, unknown);
}

void sv_lock_view_vma(struct sv_lock_view *w, const struct sv_vma *v)
{
	bool private = !may(v, SV_PERM_SHARED), writable = may(v, SV_PERM_WRITE);

	w->v = v;
	w->hold = hold_of(v);
	w->anon_writable = private && writable;
	w->file_copied = private && writable;
	w->notified = !private && writable;
	w->unknown = w->hold == SV_HOLD_UNKNOWN ? SV_UNKNOWN_FLAGS : 0;
	w->unknown |= v->secret == SV_SECRET_UNKNOWN ? SV_UNKNOWN_SECRETMEM : 0;
	w->unknown |= v->changed ? SV_UNKNOWN_CHANGED : 0;
	w->movers = accessible(v) ? movers_of(w, &w->unknown) : 0;
	w->around = (struct sv_surroundings) { 0 };
}

/*
 * Bit 34 of kpageflags says of a frame of anonymous memory that no fork shared it (from 5.19 on:
 * PG_anon_exclusive has the place of PG_mappedtodisk, later of PG_owner_2). A kernel that has it
 * shows it of nearly every page of a program that was just executed.
 */
static bool shows_exclusive(const safevma_observation *obs)
{
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_frame_index *x = &obs->processes.ptr[i].frames;

		for (size_t k = 0; k < x->sorts.len; k++)
			if (x->sorts.ptr[k].class == SV_CLASS_ANON &&
				(x->sorts.ptr[k].flags & SV_KPF_ANON_EXCLUSIVE))
				return true;
	}
	return false;
}

void sv_lock_view_process(
	struct sv_lock_view *view, const safevma_observation *obs, const struct sv_process *p)
{
	*view = (struct sv_lock_view) {
		.obs = obs, .p = p, .exclusive_shown = shows_exclusive(obs)
	};
}

/* ---- pages that are not there ---------------------------------------------------------------- */

static void absent(const struct sv_lock_view *w, struct sv_lock_page *r)
{
	r->states |= SV_STATE_ABSENT;
	if (!accessible(w->v)) {
		r->reasons |= flag(w->v, SV_VMFLAG_LOCKED) ? REASON(NO_ACCESS) : 0;
		return;
	}
	if (sv_vma_special(w->v) || (w->hold == SV_HOLD_KERNEL && w->v->kind != SV_VMA_VDSO) ||
		flag(w->v, SV_VMFLAG_PFNMAP)) {
		r->unknown |= w->v->kind == SV_VMA_VSYSCALL ? 0 : SV_UNKNOWN_HIDDEN;
		return;
	}
	r->read_faults = true;
	switch (w->hold) {
	case SV_HOLD_LOCKED:
		r->reasons |= REASON(LOCK_FAILED);
		break;
	case SV_HOLD_ONFAULT:
		r->reasons |= REASON(ONFAULT);
		break;
	case SV_HOLD_EITHER:
		r->reasons |= REASON(LOCK_EITHER);
		r->unknown |= SV_UNKNOWN_ONFAULT;
		break;
	case SV_HOLD_UNKNOWN:
	case SV_HOLD_UNLOCKED:
	case SV_HOLD_SECRETMEM:
	case SV_HOLD_HUGETLB:
	case SV_HOLD_KERNEL:
	case SV_HOLD_DRIVER:
	case SV_HOLD_DROPPABLE:
		r->reasons |= REASON(FIRST_TOUCH);
		break;
	}
}

/*
 * The marker of a guard, PTE_MARKER_GUARD, where no bit of pagemap tells (6.13 and 6.14): type 31
 * of swap entries, offset 4. No other kernel puts a page of a process there: what it would mean in
 * older ones is a frame of the first pages of RAM.
 */
static bool guard_marker(const safevma_observation *obs, uint64_t entry)
{
	return obs->features.pfn_visible == 1 && !(entry & SV_PAGEMAP_GUARD) &&
	       (entry & SV_PAGEMAP_PFN_MASK) == (UINT64_C(4) << 5 | 31);
}

static void not_present(
	const struct sv_lock_view *w, enum sv_presence presence, struct sv_lock_page *r)
{
	bool open = accessible(w->v);

	switch (presence) {
	case SV_SWAPPED:
		r->states |= SV_STATE_SWAPPED;
		r->reasons |= open ? REASON(SWAPPED) : 0;
		break;
	case SV_GUARD:
		r->states |= SV_STATE_GUARD;
		r->reasons |= REASON(GUARD);
		return;
	case SV_MARKER:
		r->states |= SV_STATE_MARKER;
		r->reasons |= open ? REASON(MARKER) : 0;
		break;
	case SV_NONPRESENT:
		r->states |= SV_STATE_NONPRESENT;
		r->reasons |= open ? REASON(NONPRESENT) : 0;
		r->unknown |= SV_UNKNOWN_SWAP;
		break;
	case SV_PRESENT:
	case SV_GONE:
		break;
	}
	r->read_faults = open;
}

/* ---- pages that are there -------------------------------------------------------------------- */

/* Private memory of the process: who else has it, or had it. */
static void anon_write(
	const struct sv_lock_view *w, const struct sv_page *pg, struct sv_lock_page *r)
{
	const struct sv_frame *f = &w->around.frame;

	if (!(pg->entry & SV_PAGEMAP_EXCLUSIVE)) {
		r->states |= SV_STATE_COW;
		r->reasons |= REASON(COW);
		r->write_faults = true;
		return;
	}
	if (w->around.class != SV_CLASS_ANON)
		return;
	if (!w->exclusive_shown) {
		r->unknown |= SV_UNKNOWN_FORK;
	} else if (!(sv_folio_flags(f) & SV_KPF_ANON_EXCLUSIVE) &&
		   !(f->known & SV_FRAME_HEADLESS)) {
		r->states |= SV_STATE_ALONE;
		r->reasons |= REASON(ALONE);
		r->write_faults = true;
	}
}

static void file_write(const struct sv_lock_view *w, struct sv_lock_page *r)
{
	uint64_t flags = sv_folio_flags(&w->around.frame);

	if (w->file_copied) {
		r->states |= SV_STATE_COPY;
		r->reasons |= REASON(COPY);
		r->write_faults = true;
	} else if (w->notified && w->around.class == SV_CLASS_FILE &&
		   w->hold != SV_HOLD_SECRETMEM && w->hold != SV_HOLD_DRIVER) {
		bool clean = !(flags & SV_KPF_DIRTY);

		r->states |= SV_STATE_NOTIFY | (clean ? SV_STATE_CLEAN : 0);
		r->reasons |= REASON(NOTIFY);
		r->write_faults = clean;
	}
}

static void on_write(const struct sv_lock_view *w, const struct sv_page *pg, struct sv_lock_page *r)
{
	if (w->around.class == SV_CLASS_ZERO) {
		r->states |= SV_STATE_ZERO;
		r->reasons |= w->anon_writable ? REASON(ZERO) : 0;
		r->write_faults = w->anon_writable;
	} else if (pg->entry & SV_PAGEMAP_FILE) {
		file_write(w, r);
	} else if (w->anon_writable) {
		anon_write(w, pg, r);
	}
}

static bool flagged(const struct sv_lock_view *w)
{
	return flag(w->v, SV_VMFLAG_LOCKED);
}

static void frame_lock(const struct sv_lock_view *w, struct sv_lock_page *r)
{
	struct sv_num mlocked = sv_page_mlocked(&w->around);

	if (w->around.class == SV_CLASS_ZERO || !sv_class_info(w->around.class)->user)
		return;
	if (mlocked.known && mlocked.value)
		r->states |= SV_STATE_MLOCKED;
	else if (mlocked.known && flagged(w) && w->hold != SV_HOLD_HUGETLB &&
		 w->hold != SV_HOLD_SECRETMEM)
		r->states |= SV_STATE_UNMARKED;
}

/* Present, and reclaim may take it: files at any time, the rest where there is swap. */
static void keeping(const struct sv_lock_view *w, struct sv_lock_page *r)
{
	const struct sv_frame *f = &w->around.frame;
	bool swap = !w->obs->swap_areas.known || w->obs->swap_areas.value;

	if ((w->hold != SV_HOLD_UNLOCKED && w->hold != SV_HOLD_DROPPABLE) ||
		w->around.class == SV_CLASS_ZERO)
		return;
	if ((r->states & SV_STATE_MLOCKED) || (w->around.found && sv_frame_unevictable(f)))
		r->reasons |= REASON(UNLOCKED);
	else if (swap || w->around.class == SV_CLASS_FILE || w->hold == SV_HOLD_DROPPABLE)
		r->reasons |= REASON(RECLAIM);
	else
		r->reasons |= REASON(UNLOCKED);
}

static void moving(const struct sv_lock_view *w, struct sv_lock_page *r)
{
	enum sv_class class = w->around.class;
	unsigned int reasons = w->movers;

	if (class != SV_CLASS_ANON && class != SV_CLASS_FILE && class != SV_CLASS_SHMEM)
		return;
	if (class != SV_CLASS_ANON)
		reasons &= ~REASON(KSM);
	if (class != SV_CLASS_ANON || (r->states & SV_STATE_HUGE))
		reasons &= ~REASON(KHUGEPAGED);
	/* Locked by another process alone: compaction leaves it as it leaves ours. */
	if (w->hold == SV_HOLD_UNLOCKED && (r->states & SV_STATE_MLOCKED) &&
		!w->obs->movers.compact_unevictable.value)
		reasons &= ~REASON(COMPACTION);
	r->states |= reasons ? SV_STATE_MOVABLE : 0;
	r->reasons |= reasons;
}

static void present(struct sv_lock_view *w, const struct sv_page *pg, struct sv_lock_page *r)
{
	sv_page_surroundings(w->obs, w->p, w->v, pg, &w->around);
	r->states |= SV_STATE_PRESENT;
	if (w->around.class == SV_CLASS_UNKNOWN)
		r->unknown |= SV_UNKNOWN_FRAMES;
	else if (sv_folio_flags(&w->around.frame) & SV_KPF_THP)
		r->states |= SV_STATE_HUGE;
	frame_lock(w, r);
	if (!accessible(w->v) || w->hold == SV_HOLD_KERNEL)
		return;
	on_write(w, pg, r);
	keeping(w, r);
	moving(w, r);
}

void sv_lock_page(struct sv_lock_view *w, const struct sv_page *pg, struct sv_lock_page *r)
{
	enum sv_presence presence = pg ? sv_presence_of(w->obs, pg->entry) : SV_GONE;

	*r = (struct sv_lock_page) { .unknown = w->unknown };
	if (pg && presence != SV_PRESENT && presence != SV_GONE && guard_marker(w->obs, pg->entry))
		presence = SV_GUARD;
	if (presence == SV_PRESENT)
		present(w, pg, r);
	else if (presence == SV_GONE)
		absent(w, r);
	else
		not_present(w, presence, r);
	r->write_faults |= r->read_faults;
	r->write_faults &= may(w->v, SV_PERM_WRITE);
	if (pg && pg->changed) {
		r->states |= SV_STATE_CHANGED;
		r->unknown |= SV_UNKNOWN_CHANGED;
	}
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void add(const struct sv_lock_view *w, const struct sv_lock_page *r, uint64_t n,
	struct sv_lock_figures *f)
{
	for (unsigned int i = 0; i < SV_STATE_COUNT; i++)
		f->by_state[i] += r->states >> i & 1 ? n : 0;
	for (unsigned int i = 0; i < SV_LOCK_REASON_COUNT; i++)
		f->by_reason[i] += r->reasons >> i & 1 ? n : 0;
	f->reasons |= r->reasons;
	f->unknown |= r->unknown;
	f->read_faults += r->read_faults ? n : 0;
	f->write_faults += r->write_faults ? n : 0;
	f->zero_writable += r->reasons & REASON(ZERO) ? n : 0;
	f->file_write += r->states & (SV_STATE_COPY | SV_STATE_NOTIFY) ? n : 0;
	if (w->hold == SV_HOLD_LOCKED || w->hold == SV_HOLD_ONFAULT)
		f->flag_only +=
			(r->states & SV_STATE_UNMARKED) ||
					(w->hold == SV_HOLD_LOCKED && (r->states & SV_STATE_ABSENT))
				? n
				: 0;
}

/* Of the mapping, whatever its pages are. */
static void of_mapping(const struct sv_lock_view *w, struct sv_lock_figures *f)
{
	const struct sv_vma *v = w->v;

	f->unknown |= w->unknown;
	f->reasons |= v->kind == SV_VMA_STACK ? REASON(STACK) : 0;
	f->reasons |= v->kind == SV_VMA_HEAP ? REASON(HEAP) : 0;
	f->huge = v->huge;
	f->ksm = v->ksm;
	f->flagged = v->flags;
	f->flagged.value = flagged(w) ? f->size : 0;
	if (sv_vma_special(v) && v->kind != SV_VMA_VSYSCALL)
		f->unknown |= SV_UNKNOWN_HIDDEN;
}

void sv_measure_locks_vma(struct sv_lock_view *w, struct sv_lock_figures *ret)
{
	struct sv_page_walk pages = sv_pages_walk(&w->p->pages, w->v->page, w->v->pages);
	uint64_t page = w->obs->host.page_size, size = (w->v->end - w->v->start) / page;
	struct sv_lock_page r;
	struct sv_page pg;

	*ret = (struct sv_lock_figures) { .read = true, .size = w->v->end - w->v->start };
	of_mapping(w, ret);
	while (sv_page_next(&pages, &pg)) {
		sv_lock_page(w, &pg, &r);
		ret->guard_marker += (r.states & SV_STATE_GUARD) && !(pg.entry & SV_PAGEMAP_GUARD);
		add(w, &r, 1, ret);
		size--;
	}
	if (!w->v->pages_read && w->v->kind != SV_VMA_VSYSCALL) {
		ret->unknown |= SV_UNKNOWN_PAGES;
	} else if (size) {
		sv_lock_page(w, NULL, &r);
		add(w, &r, size, ret);
	}
}
