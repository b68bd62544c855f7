// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fit.h"

#include <string.h>

#include "iface/smaps.h"

#define CAP_SYS_ADMIN 21
#define CAP_IPC_LOCK  14

static const struct sv_num unknown = { 0 };

struct fitting {
	const safevma_observation *obs;
	const struct sv_process *p;
	uint64_t size; /* whole pages */
	uint64_t need; /* with the page tables that it takes, and a little */
	struct sv_fit *ret;
};

const char *sv_fit_verdict_name(enum sv_fit_verdict v)
{
	static const char *const names[] = { [SV_FIT_FITS] = "fits",
		[SV_FIT_LIKELY] = "likely",
		[SV_FIT_THROTTLED] = "throttled",
		[SV_FIT_KILLED] = "killed",
		[SV_FIT_REFUSED] = "refused",
		[SV_FIT_UNKNOWN] = "unknown" };

	return names[v];
}

static uint64_t beyond(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static struct sv_fit_row *add(struct fitting *f, const char *limit, bool touch)
{
	struct sv_fit_row *r = &f->ret->rows[f->ret->len];

	if (f->ret->len + 1 < SV_FIT_ROWS)
		f->ret->len++;
	*r = (struct sv_fit_row) { .limit = limit, .touch = touch, .verdict = SV_FIT_UNKNOWN };
	return r;
}

static void free_of_limit(struct sv_fit_row *r, const char *reason)
{
	r->limited = sv_known(0);
	r->verdict = SV_FIT_FITS;
	r->reason = reason;
}

/* Between room and most it cannot be told. */
static void judge(struct sv_fit_row *r, uint64_t need_most, uint64_t need_least, uint64_t room,
	uint64_t most, enum sv_fit_verdict beyond_it)
{
	r->limited = sv_known(1);
	r->room = sv_known(room);
	r->most = sv_known(most);
	if (need_most <= room)
		r->verdict = SV_FIT_FITS;
	else if (need_least > most)
		r->verdict = beyond_it;
	else
		r->verdict = SV_FIT_UNKNOWN;
}

/* ---- when it is mapped ----------------------------------------------------------------------- */

/* do_mmap(): "map_count > max_map_count". The gate page is listed, and counts as none. */
static void map_count(struct fitting *f)
{
	struct sv_num max = sv_setting_number(&f->obs->pressure, SV_SETTING_MAX_MAP_COUNT);
	struct sv_fit_row *r = add(f, "max_map_count", false);
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

static uint64_t largest_hole(const struct fitting *f)
{
	uint64_t guard = GUARD_PAGES * f->obs->host.page_size, largest = 0;

	for (size_t i = 1; i < f->p->vmas.len; i++) {
		const struct sv_vma *v = &f->p->vmas.ptr[i];
		uint64_t hole = beyond(v->start, f->p->vmas.ptr[i - 1].end);

		if (v->kind == SV_VMA_VSYSCALL) /* between it and the rest is the kernel's half */
			continue;
		largest = hole > largest ? hole : largest;
	}
	return beyond(largest, 2 * guard);
}

/* Above the last mapping may be more room than between any two: that is not seen. */
static void address_space(struct fitting *f)
{
	struct sv_fit_row *r = add(f, "address-space", false);

	if (!sv_process_was_read(f->p) || !f->p->vmas.len) {
		r->reason = "mappings are not known";
		return;
	}
	judge(r, f->size, f->size, largest_hole(f), UINT64_MAX, SV_FIT_REFUSED);
	r->most = unknown;
	r->reason = "the largest hole between two mappings";
}

/* A capability holds for limits of the system when it is one of the first user namespace. */
static struct sv_num capable(const struct sv_process *p, unsigned int cap)
{
	if (!p->cap_effective.known)
		return unknown;
	if (!(p->cap_effective.value >> cap & 1))
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
static void locked(struct fitting *f)
{
	struct sv_fit_row *r = add(f, "RLIMIT_MEMLOCK", false);
	struct sv_num limit = f->p->memlock_soft, cap = capable(f->p, CAP_IPC_LOCK);
	struct locks l = count_locks(f->p);
	uint64_t room;

	r->reason = "holds where mlockall(MCL_FUTURE) was called";
	if ((limit.known && limit.value == SV_UNLIMITED) || (cap.known && cap.value)) {
		free_of_limit(r, "no limit, or CAP_IPC_LOCK");
		return;
	}
	if (!limit.known || !f->p->locked.known)
		return;
	room = beyond(limit.value, f->p->locked.value);
	judge(r, f->size, f->size, room, room, SV_FIT_REFUSED);
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
	struct fitting *f, struct sv_fit_row *r, struct sv_num limit, struct sv_num used)
{
	uint64_t page = f->obs->host.page_size, room;

	if (limit.known && limit.value == SV_UNLIMITED) {
		free_of_limit(r, "no limit");
		return;
	}
	if (!limit.known || !used.known || !page)
		return;
	room = beyond(limit.value / page * page, used.value);
	judge(r, f->size, f->size, room, room, SV_FIT_REFUSED);
}

static void address_limit(struct fitting *f)
{
	struct sv_fit_row *r = add(f, "RLIMIT_AS", false);

	r->reason = "address space of the process";
	against(f, r, f->p->as_soft, f->p->vsize);
}

/* A limit of 0 is taken for none up to the hard one; ignore_rlimit_data at boot switches it off. */
static void data_limit(struct fitting *f)
{
	const struct sv_setting *off = &f->obs->pressure.settings[SV_SETTING_IGNORE_RLIMIT_DATA];
	struct sv_fit_row *r = add(f, "RLIMIT_DATA", false);

	if (off->answer == SV_ANSWER_READ && off->text.len && off->text.ptr[0] == 'Y') {
		free_of_limit(r, "ignore_rlimit_data");
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
static bool reserves(const struct fitting *f, uint64_t *least, uint64_t *most)
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

static void strict(struct fitting *f, struct sv_fit_row *r)
{
	struct sv_num limit = f->obs->system.commit_limit, used = f->obs->pressure.memory.committed;
	struct sv_num slack = committed_slack(f->obs);
	uint64_t least, most;

	r->reason = "something that the limit is made of is not known";
	if (!limit.known || !used.known || !slack.known || !reserves(f, &least, &most))
		return;
	r->reason = "the commit limit without its reserves, as exactly as the kernel counts";
	judge(r, f->size, f->size,
		beyond(limit.value, plus(plus(used.value, most), plus(slack.value, 1))),
		beyond(plus(limit.value, slack.value), plus(used.value, least)), SV_FIT_REFUSED);
}

static void overcommit(struct fitting *f)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	struct sv_num mode = f->obs->system.overcommit_memory;
	struct sv_fit_row *r = add(f, "overcommit", false);

	r->reason = "the policy is not known";
	if (!mode.known)
		return;
	if (mode.value == 1) {
		free_of_limit(r, "vm.overcommit_memory is 1: nothing is refused");
	} else if (mode.value == 2) {
		strict(f, r);
	} else if (m->mem_total.known && m->swap_total.known) {
		uint64_t all = m->mem_total.value + m->swap_total.value;

		judge(r, f->size, f->size, all, all, SV_FIT_REFUSED);
		r->reason = "one request above RAM and swap";
	}
}

/* ---- when it is touched ---------------------------------------------------------------------- */

/* Swap that groups up to the root and the machine leave; at most. */
static uint64_t swap_room(const struct fitting *f, const struct sv_memcg *from)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	uint64_t room = m->swap_free.known ? m->swap_free.value : UINT64_MAX;

	for (const struct sv_memcg *g = from; g; g = sv_memcg_parent(f->obs, g)) {
		uint64_t left;

		if (g->version != 2 || !g->swap_max.known || !g->swap_current.known)
			continue;
		left = beyond(g->swap_max.value, g->swap_current.value);
		room = left < room ? left : room;
	}
	return room;
}

/* What of a group surely stays in memory when nothing can be swapped out. */
static uint64_t held(const struct fitting *f, const struct sv_memcg *g)
{
	struct sv_num slack = sv_percpu_slack(f->obs, 4 * 64);
	uint64_t sum;

	if (!g->lru_anon.known || !g->unevictable.known || !slack.known)
		return 0;
	sum = g->lru_anon.value + g->unevictable.value;
	sum = sum < g->current.value ? sum : g->current.value;
	return beyond(sum, slack.value);
}

static void group_limit(struct fitting *f, const struct sv_memcg *g, const char *name,
	struct sv_num limit, enum sv_fit_verdict then, const char *reason)
{
	struct sv_fit_row *r;

	if (limit.known && limit.value == SV_UNLIMITED)
		return;
	r = add(f, name, true);
	r->group = g;
	r->reason = reason;
	if (!limit.known || !g->current.known)
		return;
	judge(r, f->need, f->size, beyond(limit.value, g->current.value),
		plus(beyond(limit.value, held(f, g)), swap_room(f, g)), then);
}

static void memsw_limit(struct fitting *f, const struct sv_memcg *g, enum sv_fit_verdict then)
{
	struct sv_fit_row *r;

	if (!g->swap_max.known || g->swap_max.value == SV_UNLIMITED)
		return;
	r = add(f, "memory.memsw.limit_in_bytes", true);
	r->group = g;
	r->reason = "memory and swap of the group";
	if (g->swap_current.known)
		judge(r, f->need, f->size, beyond(g->swap_max.value, g->swap_current.value),
			beyond(g->swap_max.value, held(f, g)), then);
}

/* v1 lets a group switch its OOM killer off: who needs memory then waits, until somebody helps. */
static void group_v1(struct fitting *f, const struct sv_memcg *g)
{
	bool off = g->oom_kill_disable.known && g->oom_kill_disable.value;
	enum sv_fit_verdict then = off ? SV_FIT_THROTTLED : SV_FIT_KILLED;

	group_limit(f, g, "memory.limit_in_bytes", g->max, then,
		off ? "the group's OOM killer is off: the process waits without end"
		    : "memory of the group");
	memsw_limit(f, g, then);
}

static void group_v2(struct fitting *f, const struct sv_memcg *g)
{
	group_limit(f, g, "memory.high", g->high, SV_FIT_THROTTLED, "the process is slowed down");
	group_limit(f, g, "memory.max", g->max, SV_FIT_KILLED, "memory of the group");
}

static void unknown_group(struct fitting *f, const struct sv_memcg *g, const char *reason)
{
	struct sv_fit_row *r = add(f, "cgroup", true);

	r->group = g;
	r->reason = reason;
}

static void groups(struct fitting *f)
{
	const struct sv_memcg *g = sv_memcg_of(f->obs, f->p), *above;
	struct sv_memcg_limits l;

	if (!g) {
		if (f->p->memcg_version || !f->p->cgroup.len)
			unknown_group(f, NULL, "its control group is not known");
		return;
	}
	sv_measure_memcg(f->obs, g, &l);
	for (; g && !g->root; g = above) {
		above = sv_memcg_parent(f->obs, g);
		if (!g->read)
			unknown_group(f, g, "limits of this group are not known");
		else if (!g->no_controller && g->version == 1)
			group_v1(f, g);
		else if (!g->no_controller)
			group_v2(f, g);
		if (above && above->ends)
			break;
	}
	if (!l.to_root)
		unknown_group(f, NULL, "limits may lie above the groups that are seen");
}

/* A policy or cpuset can keep a process to some nodes; what of a thread's policy is not shown. */
static void nodes(struct fitting *f)
{
	const struct sv_pressure *p = &f->obs->pressure;

	for (size_t i = 1; i < p->zones.len; i++)
		if (p->zones.ptr[i].node != p->zones.ptr[0].node) {
			add(f, "nodes", true)->reason =
				"memory policies may bind it to some of the nodes";
			return;
		}
}

/* Free above the watermarks where reclaim begins, of all zones. */
static struct sv_num free_memory(const struct fitting *f)
{
	const struct sv_pressure *p = &f->obs->pressure;
	uint64_t pages = 0;

	if (!p->zones_known)
		return unknown;
	for (size_t i = 0; i < p->zones.len; i++) {
		const struct sv_zone_state *z = &p->zones.ptr[i];

		if (!z->free.known || !z->high.known)
			return unknown;
		pages += beyond(
			z->free.value, z->high.value + (z->reserve.known ? z->reserve.value : 0));
	}
	return sv_known(pages * f->obs->host.page_size);
}

/* All that can be had at the very most: nothing of it may be needed by anybody else. */
static struct sv_num reclaimable_memory(const struct fitting *f)
{
	const struct sv_free_memory *m = &f->obs->pressure.memory;
	struct sv_num parts[] = { m->free, m->active_file, m->inactive_file, m->swap_cached,
		m->swap_free, m->reclaimable };
	struct sv_num slack = sv_percpu_slack(f->obs, 1024);
	uint64_t sum = slack.value;

	for (size_t i = 0; i < sv_array_size(parts); i++) {
		if (!parts[i].known)
			return unknown;
		sum = plus(sum, parts[i].value);
	}
	return slack.known ? sv_known(sum) : unknown;
}

static void memory(struct fitting *f)
{
	struct sv_num available = f->obs->pressure.memory.available;
	struct sv_num room = free_memory(f), most = reclaimable_memory(f);
	struct sv_fit_row *r = add(f, "memory", true);

	r->reason = "free memory, what can be reclaimed, and swap";
	if (!room.known || !most.known)
		return;
	judge(r, f->need, f->size, room.value, most.value, SV_FIT_KILLED);
	if (r->verdict == SV_FIT_UNKNOWN && available.known && f->need <= available.value) {
		r->verdict = SV_FIT_LIKELY;
		r->reason = "after reclaim, as MemAvailable estimates";
	}
}

/* ---- who is killed --------------------------------------------------------------------------- */

static bool panics(const struct fitting *f, const struct sv_fit_row *r)
{
	struct sv_num n = sv_setting_number(&f->obs->pressure, SV_SETTING_PANIC_ON_OOM);

	return n.known && (n.value == 2 || (n.value == 1 && !r->group));
}

/*
 * By then the process has what fitted: its points have grown by at least the room. It is known who
 * is killed only where no error of the points could make it another one.
 */
static void choose(struct fitting *f, const struct sv_oom_list *l, const struct sv_fit_row *r)
{
	struct sv_num slack = sv_oom_slack(f->obs);
	const struct sv_oom_entry *own = sv_oom_find(l, f->p), *best = NULL;
	int64_t own_points;

	if (!own || !own->points_known || !slack.known || !l->whole || !r->room.known)
		return;
	for (size_t i = 0; i < l->len; i++) {
		const struct sv_oom_entry *e = &l->ptr[i];

		if (e == own || e->exempt != SV_OOM_CANDIDATE)
			continue;
		if (!e->points_known)
			return;
		if (!best || e->points > best->points)
			best = e;
	}
	own_points = own->points + (int64_t)(r->room.value < INT64_MAX / 4 ? r->room.value : 0);
	if (own->exempt == SV_OOM_CANDIDATE &&
		(!best || own_points > best->points + 2 * (int64_t)slack.value))
		f->ret->victim = sv_known((uint64_t)f->p->pid);
}

static int find_victim(struct fitting *f)
{
	struct sv_num self = sv_setting_number(&f->obs->pressure, SV_SETTING_OOM_KILL_ALLOCATING);
	const struct sv_fit_row *r = f->ret->first;
	struct sv_oom_list l;

	if (f->ret->verdict != SV_FIT_KILLED)
		return 0;
	if (panics(f, r)) {
		f->ret->victim = sv_known(0);
		return 0;
	}
	if (self.known && self.value && !r->group)
		f->ret->victim = sv_known((uint64_t)f->p->pid);
	if (sv_measure_oom(f->obs, r->group, &l))
		return -1;
	choose(f, &l, r);
	sv_oom_list_fini(&l);
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* The first row with one of these, in this order, decides: what is refused is never touched. */
static void decide(struct sv_fit *ret)
{
	static const struct {
		enum sv_fit_verdict verdict;
		int touch; /* -1: whenever */
	} order[] = { { SV_FIT_REFUSED, -1 }, { SV_FIT_UNKNOWN, 0 }, { SV_FIT_KILLED, -1 },
		{ SV_FIT_UNKNOWN, -1 }, { SV_FIT_THROTTLED, -1 }, { SV_FIT_LIKELY, -1 } };

	for (size_t k = 0; k < sv_array_size(order); k++)
		for (size_t i = 0; i < ret->len; i++) {
			const struct sv_fit_row *r = &ret->rows[i];

			if (r->verdict != order[k].verdict ||
				(order[k].touch >= 0 && r->touch != order[k].touch))
				continue;
			ret->verdict = r->verdict;
			ret->first = r;
			return;
		}
}

/* What passes everywhere; unknown as soon as one limit is. */
static struct sv_num least_room(const struct sv_fit *fit)
{
	struct sv_num least = sv_known(UINT64_MAX);

	for (size_t i = 0; i < fit->len; i++) {
		const struct sv_fit_row *r = &fit->rows[i];

		if (r->limited.known && !r->limited.value)
			continue;
		if (!strcmp(r->limit, "max_map_count") && r->verdict == SV_FIT_FITS)
			continue;
		if (r->basis == SV_FIT_INFERRED && r->verdict == SV_FIT_FITS)
			continue;
		if (!r->room.known)
			return unknown;
		least.value = r->room.value < least.value ? r->room.value : least.value;
	}
	return least;
}

static void settle_size(struct fitting *f)
{
	uint64_t page = f->obs->host.page_size ? f->obs->host.page_size : 1;

	f->size = plus(f->obs->fit_bytes, page - 1) / page * page;
	/* A word of eight bytes a page, the tables above them, and pages that come along. */
	f->need = plus(f->size, plus(f->size / page * 8, 32 * page));
}

int sv_measure_fit(const safevma_observation *obs, const struct sv_process *p, struct sv_fit *ret)
{
	struct fitting f = { .obs = obs, .p = p, .ret = ret };

	memset(ret, 0, sizeof(*ret));
	settle_size(&f);
	map_count(&f);
	address_space(&f);
	locked(&f);
	address_limit(&f);
	data_limit(&f);
	overcommit(&f);
	groups(&f);
	nodes(&f);
	memory(&f);
	decide(ret);
	ret->room = least_room(ret);
	return find_victim(&f);
}

void sv_fit_coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	struct sv_fit fit;

	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (!p->selected || sv_measure_fit(obs, p, &fit))
			continue;
		ret->total++;
		if (fit.verdict == SV_FIT_UNKNOWN)
			ret->unreadable++;
		else
			ret->examined++;
	}
}
