// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fit.h"

#include <string.h>

#include "fit_rows.h"

static const struct sv_num unknown = { 0 };

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

struct sv_fit_row *sv_fit_add(struct sv_fitting *f, const char *limit, bool touch)
{
	struct sv_fit_row *r = &f->ret->rows[f->ret->len];

	if (f->ret->len + 1 < SV_FIT_ROWS)
		f->ret->len++;
	*r = (struct sv_fit_row) { .limit = limit, .touch = touch, .verdict = SV_FIT_UNKNOWN };
	return r;
}

void sv_fit_free(struct sv_fit_row *r, const char *reason)
{
	r->limited = sv_known(0);
	r->verdict = SV_FIT_FITS;
	r->reason = reason;
}

void sv_fit_judge(struct sv_fit_row *r, uint64_t need_most, uint64_t need_least, uint64_t room,
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

struct sv_fit_observers sv_fit_observers(const safevma_observation *obs)
{
	struct sv_fit_observers ret = { 0 };

	for (size_t i = 0; i < obs->processes.len; i++) {
		const struct sv_process *p = &obs->processes.ptr[i];

		if (p->pid != obs->observers[0] && p->pid != obs->observers[1])
			continue;
		ret.address_space += p->vsize.value;
		ret.resident += p->rss.value + p->vm_pte.value;
	}
	return ret;
}

/* ---- who is killed --------------------------------------------------------------------------- */

static bool panics(const struct sv_fitting *f, const struct sv_fit_row *r)
{
	struct sv_num n = sv_setting_number(&f->obs->pressure, SV_SETTING_PANIC_ON_OOM);

	return n.known && (n.value == 2 || (n.value == 1 && !r->group));
}

/*
 * By then the process has what fitted: its points have grown by at least the room. It is known who
 * is killed only where no error of the points could make it another one.
 */
static void choose(struct sv_fitting *f, const struct sv_oom_list *l, const struct sv_fit_row *r)
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

static int find_victim(struct sv_fitting *f)
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

static const struct sv_fit_row *first_of(
	const struct sv_fit *fit, enum sv_fit_verdict v, bool touch)
{
	for (size_t i = 0; i < fit->len; i++)
		if (fit->rows[i].verdict == v && fit->rows[i].touch == touch)
			return &fit->rows[i];
	return NULL;
}

/* Memory is touched a page at a time: of limits that end it, the one with the least room. */
static const struct sv_fit_row *first_end(const struct sv_fit *fit)
{
	const struct sv_fit_row *first = NULL;

	for (size_t i = 0; i < fit->len; i++) {
		const struct sv_fit_row *r = &fit->rows[i];

		if (r->ends && (r->verdict == SV_FIT_KILLED || r->verdict == SV_FIT_THROTTLED) &&
			(!first || r->room.value < first->room.value))
			first = r;
	}
	return first;
}

/* What is refused is never touched; what may be refused may never be. */
static void decide(struct sv_fit *ret)
{
	const struct sv_fit_row *const order[] = { first_of(ret, SV_FIT_REFUSED, false),
		first_of(ret, SV_FIT_UNKNOWN, false), first_end(ret),
		first_of(ret, SV_FIT_UNKNOWN, true), first_of(ret, SV_FIT_THROTTLED, true),
		first_of(ret, SV_FIT_LIKELY, true) };

	for (size_t i = 0; i < sv_array_size(order) && !ret->first; i++)
		ret->first = order[i];
	ret->verdict = ret->first ? ret->first->verdict : SV_FIT_FITS;
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

static void settle_size(struct sv_fitting *f)
{
	uint64_t page = f->obs->host.page_size ? f->obs->host.page_size : 1;

	f->size = sv_fit_plus(f->obs->fit_bytes, page - 1) / page * page;
	/* A word of eight bytes a page, the tables above them, and pages that come along. */
	f->need = sv_fit_plus(f->size, sv_fit_plus(f->size / page * 8, 32 * page));
}

int sv_measure_fit(const safevma_observation *obs, const struct sv_process *p, struct sv_fit *ret)
{
	struct sv_fitting f = { .obs = obs, .p = p, .ret = ret };

	memset(ret, 0, sizeof(*ret));
	settle_size(&f);
	sv_fit_map(&f);
	sv_fit_touch(&f);
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
