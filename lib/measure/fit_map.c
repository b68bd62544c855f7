// SPDX-License-Identifier: LGPL-2.1-or-later
/* Limits that mmap() meets, in the order of do_mmap() and what it calls. */
#include "fit_rows.h"
#include "iface/smaps.h"

#define CAP_SYS_ADMIN 21
#define CAP_IPC_LOCK  14

static const struct sv_num unknown = { 0 };

/* ---- when it is mapped ----------------------------------------------------------------------- */

/* do_mmap(): "map_count > max_map_count". The gate page is listed, and counts as none. */
static void map_count(struct sv_fitting *f)
{
	struct sv_num max = sv_setting_number(&f->obs->pressure, SV_SETTING_MAX_MAP_COUNT);
	struct sv_fit_row *r = sv_fit_add(f, "max_map_count", false);
	uint64_t n = 0;

	if (!max.known || !sv_process_was_read(f->p) || !f->p->vmas.len) {
		r->reason = "mappings or their limit are not known";
		return;
	}
	for (size_t i = 0; i < f->p->vmas.len; i++)
		n += f->p->vmas.ptr[i].kind != SV_VMA_VSYSCALL;
	r->limited = sv_known(1);
	r->verdict = n > max.value ? SV_FIT_REFUSED : SV_FIT_FITS;
	r->reason = n > max.value ? "it has more mappings than may be" : "it has mappings left";
}

enum { GUARD_PAGES = 256 }; /* below a stack; stack_guard_gap can be set otherwise at boot */

static uint64_t largest_hole(const struct sv_fitting *f)
{
	uint64_t guard = GUARD_PAGES * f->obs->host.page_size, largest = 0;

	for (size_t i = 1; i < f->p->vmas.len; i++) {
		const struct sv_vma *v = &f->p->vmas.ptr[i];
		uint64_t hole = sv_fit_beyond(v->start, f->p->vmas.ptr[i - 1].end);

		if (v->kind == SV_VMA_VSYSCALL) /* between it and the rest is the kernel's half */
			continue;
		largest = hole > largest ? hole : largest;
	}
	return sv_fit_beyond(largest, 2 * guard);
}

/* Above the last mapping may be more room than between any two: that is not seen. */
static void address_space(struct sv_fitting *f)
{
	struct sv_fit_row *r = sv_fit_add(f, "address-space", false);

	if (!sv_process_was_read(f->p) || !f->p->vmas.len) {
		r->reason = "mappings are not known";
		return;
	}
	sv_fit_judge(r, f->size, f->size, largest_hole(f), UINT64_MAX, SV_FIT_REFUSED);
	r->most = unknown;
	r->reason = "the largest hole between two mappings";
}

/* A capability holds for limits of the system when it is one of the first user namespace. */
static struct sv_num capable(const struct sv_process *p, unsigned int cap)
{
	if (!p->capabilities.known)
		return unknown;
	if (!(p->capabilities.value >> cap & 1))
		return sv_known(0);
	return p->user_ns_initial;
}

struct locks {
	uint64_t with, without;
};

static struct locks count_locks(const struct sv_process *p)
{
	struct locks l = { 0 };

	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];

		if (!v->flags.known || sv_vma_special(v) || v->kind == SV_VMA_VDSO ||
			v->kind == SV_VMA_HUGETLB || v->kind == SV_VMA_SECRETMEM)
			continue;
		if (v->flags.value & SV_VMFLAG_LOCKED)
			l.with++;
		else
			l.without++;
	}
	return l;
}

/*
 * What is mapped after mlockall(MCL_FUTURE) is locked, and counts: mmap() says EAGAIN. Whether it
 * was called no file shows. Where every mapping is locked it probably was, where none is not.
 */
static void locked(struct sv_fitting *f)
{
	struct sv_fit_row *r = sv_fit_add(f, "RLIMIT_MEMLOCK", false);
	struct sv_num limit = f->p->memlock_soft, cap = capable(f->p, CAP_IPC_LOCK);
	struct locks l = count_locks(f->p);
	uint64_t room;

	r->reason = "holds where mlockall(MCL_FUTURE) was called";
	if ((limit.known && limit.value == SV_UNLIMITED) || (cap.known && cap.value)) {
		sv_fit_free(r, "no limit, or CAP_IPC_LOCK");
		return;
	}
	if (!limit.known || !f->p->locked.known)
		return;
	room = sv_fit_beyond(limit.value, f->p->locked.value);
	sv_fit_judge(r, f->size, f->size, room, room, SV_FIT_REFUSED);
	if (r->verdict == SV_FIT_FITS)
		return;
	r->basis = SV_FIT_INFERRED;
	if (l.without && !l.with) {
		r->verdict = SV_FIT_FITS;
		r->reason = "no mapping is locked: mlockall(MCL_FUTURE) was probably not called";
	} else if (!l.with || l.without || !cap.known) {
		r->verdict = SV_FIT_UNKNOWN;
		r->reason = "whether mlockall(MCL_FUTURE) was called is not shown";
	} else {
		r->reason = "every mapping is locked: mlockall(MCL_FUTURE) was probably called";
	}
}

/* may_expand_vm(): in whole pages. */
static void against(
	struct sv_fitting *f, struct sv_fit_row *r, struct sv_num limit, struct sv_num used)
{
	uint64_t page = f->obs->host.page_size, room;

	if (limit.known && limit.value == SV_UNLIMITED) {
		sv_fit_free(r, "no limit");
		return;
	}
	if (!limit.known || !used.known || !page)
		return;
	room = sv_fit_beyond(limit.value / page * page, used.value);
	sv_fit_judge(r, f->size, f->size, room, room, SV_FIT_REFUSED);
}

static void address_limit(struct sv_fitting *f)
{
	struct sv_fit_row *r = sv_fit_add(f, "RLIMIT_AS", false);

	r->reason = "address space of the process";
	against(f, r, f->p->as_soft, f->p->vsize);
}

/* A limit of 0 is taken for none up to the hard one; ignore_rlimit_data at boot switches it off. */
static void data_limit(struct sv_fitting *f)
{
	const struct sv_setting *off = &f->obs->pressure.settings[SV_SETTING_IGNORE_RLIMIT_DATA];
	struct sv_fit_row *r = sv_fit_add(f, "RLIMIT_DATA", false);

	if (off->answer == SV_ANSWER_READ && off->text.len && off->text.ptr[0] == 'Y') {
		sv_fit_free(r, "ignore_rlimit_data");
		return;
	}
	r->reason = "private writable memory of the process";
	against(f, r, f->p->data_soft, f->p->vdata);
	if (f->p->data_soft.known && !f->p->data_soft.value)
		r->verdict = SV_FIT_UNKNOWN;
}

/* ---- overcommit ------------------------------------------------------------------------------ */

/*
 * __vm_enough_memory() compares a sum that each CPU may be a batch away from, mm_compute_batch():
 * a 256th of RAM in all, and no less than two pages a CPU and 32 for each.
 */
static struct sv_num committed_slack(const safevma_observation *obs)
{
	struct sv_num cpus = sv_cpus(obs), least;
	uint64_t share = obs->pressure.memory.mem_total.value / 256;

	if (!cpus.known || !obs->pressure.memory.mem_total.known)
		return unknown;
	least = sv_percpu_slack(obs, cpus.value * 2 > 32 ? cpus.value * 2 : 32);
	return sv_known(share > least.value ? share : least.value);
}

/* What of the limit this process may not use: known only between two values where rights are not.
 */
static bool reserves(const struct sv_fitting *f, uint64_t *least, uint64_t *most)
{
	const struct sv_system *s = &f->obs->system;
	struct sv_num admin = capable(f->p, CAP_SYS_ADMIN);
	uint64_t user;

	if (!s->admin_reserve.known || !s->user_reserve.known || !f->p->vsize.known)
		return false;
	user = f->p->vsize.value / 32;
	user = user < s->user_reserve.value ? user : s->user_reserve.value;
	*least = user + (admin.known && !admin.value ? s->admin_reserve.value : 0);
	*most = user + (admin.known && admin.value ? 0 : s->admin_reserve.value);
	return true;
}

static void strict(struct sv_fitting *f, struct sv_fit_row *r)
{
	struct sv_num limit = f->obs->system.commit_limit, used = f->obs->pressure.memory.committed;
	struct sv_num slack = committed_slack(f->obs);
	uint64_t least, most, own = sv_fit_observers(f->obs).address_space;

	r->reason = "something that the limit is made of is not known";
	if (!limit.known || !used.known || !slack.known || !reserves(f, &least, &most))
		return;
	r->reason = "the commit limit without its reserves, as exactly as the kernel counts";
	sv_fit_judge(r, f->size, f->size,
		sv_fit_beyond(limit.value,
			sv_fit_plus(sv_fit_plus(used.value, most), sv_fit_plus(slack.value, 1))),
		sv_fit_beyond(sv_fit_plus(limit.value, sv_fit_plus(slack.value, own)),
			sv_fit_plus(used.value, least)),
		SV_FIT_REFUSED);
}

static void overcommit(struct sv_fitting *f)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	struct sv_num mode = f->obs->system.overcommit_memory;
	struct sv_fit_row *r = sv_fit_add(f, "overcommit", false);

	r->reason = "the policy is not known";
	if (!mode.known)
		return;
	if (mode.value == 1) {
		sv_fit_free(r, "vm.overcommit_memory is 1: nothing is refused");
	} else if (mode.value == 2) {
		strict(f, r);
	} else if (m->mem_total.known && m->swap_total.known) {
		uint64_t all = m->mem_total.value + m->swap_total.value;

		sv_fit_judge(r, f->size, f->size, all, all, SV_FIT_REFUSED);
		r->reason = "one request above RAM and swap";
	}
}

void sv_fit_map(struct sv_fitting *f)
{
	map_count(f);
	address_space(f);
	locked(f);
	address_limit(f);
	data_limit(f);
	overcommit(f);
}
