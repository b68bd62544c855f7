// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pressure.h"

#include <string.h>

#include "iface/sysfiles.h"

static const struct sv_num unknown = { 0 };

const struct sv_memcg *sv_memcg_parent(const safevma_observation *obs, const struct sv_memcg *group)
{
	return group->parent.known ? &obs->pressure.groups.ptr[group->parent.value] : NULL;
}

const struct sv_memcg *sv_memcg_of(const safevma_observation *obs, const struct sv_process *p)
{
	return p->memcg_index.known ? &obs->pressure.groups.ptr[p->memcg_index.value] : NULL;
}

bool sv_memcg_holds(const struct sv_memcg *group, const struct sv_process *p)
{
	size_t len = group->path.len;

	if (p->memcg_version != group->version || p->memcg.len < len ||
		memcmp(p->memcg.ptr, group->path.ptr, len) != 0)
		return false;
	return len == 1 || p->memcg.len == len || p->memcg.ptr[len] == '/';
}

uint64_t sv_memcg_processes(const safevma_observation *obs, const struct sv_memcg *group)
{
	uint64_t n = 0;

	for (size_t i = 0; i < obs->processes.len; i++)
		n += !obs->processes.ptr[i].kernel_thread &&
		     sv_memcg_holds(group, &obs->processes.ptr[i]);
	return n;
}

/* The smaller one; of a limit that is not known nothing follows. */
static void lower(struct sv_bound *b, struct sv_num n, const struct sv_memcg *by)
{
	if (!b->value.known)
		return;
	if (!n.known)
		*b = (struct sv_bound) { 0 };
	else if (n.value < b->value.value)
		*b = (struct sv_bound) { .value = n, .by = by };
}

static struct sv_num room(const struct sv_memcg *m)
{
	if (!m->max.known || !m->current.known)
		return unknown;
	if (m->max.value == SV_UNLIMITED)
		return m->max;
	return sv_known(m->max.value > m->current.value ? m->max.value - m->current.value : 0);
}

/* Of another version, or of a kernel without the feature: it limits nothing. */
static struct sv_num or_none(struct sv_num n)
{
	return n.known ? n : sv_known(SV_UNLIMITED);
}

static void add_level(struct sv_memcg_limits *l, const struct sv_memcg *m)
{
	bool two = m->version == 2;

	lower(&l->max, m->read ? m->max : unknown, m);
	lower(&l->headroom, m->read ? room(m) : unknown, m);
	lower(&l->high, m->read ? or_none(two ? m->high : unknown) : unknown, m);
	lower(&l->swap_max, m->read ? or_none(m->swap_max) : unknown, m);
	lower(&l->low, m->read ? (two ? m->low : sv_known(0)) : unknown, m);
	lower(&l->min, m->read ? (two ? m->min : sv_known(0)) : unknown, m);
}

void sv_measure_memcg(
	const safevma_observation *obs, const struct sv_memcg *group, struct sv_memcg_limits *ret)
{
	const struct sv_bound none = { .value = sv_known(SV_UNLIMITED) };
	const struct sv_memcg *m = group, *above = NULL;

	*ret = (struct sv_memcg_limits) { .max = none,
		.high = none,
		.swap_max = none,
		.low = none,
		.min = none,
		.headroom = none };
	for (; m; m = above) {
		above = sv_memcg_parent(obs, m);
		ret->to_root = m->root;
		if (m->root)
			break;
		if (!m->no_controller)
			add_level(ret, m);
		/* Without hierarchy a group does not count in the one above it. */
		if (above && above->ends) {
			ret->to_root = true;
			break;
		}
	}
	if (group->root)
		ret->low.value = ret->min.value = sv_known(0);
}

struct sv_num sv_cpus(const safevma_observation *obs)
{
	const struct sv_setting *s = &obs->pressure.settings[SV_SETTING_CPUS_PRESENT];
	uint64_t n;

	if (s->answer != SV_ANSWER_READ ||
		sv_list_count(sv_text_init(s->text.ptr, s->text.len, "present"), &n, NULL))
		return unknown;
	return sv_known(n);
}

struct sv_num sv_percpu_slack(const safevma_observation *obs, uint64_t pages_each)
{
	struct sv_num cpus = sv_cpus(obs);

	return cpus.known ? sv_known(cpus.value * pages_each * obs->host.page_size) : unknown;
}
