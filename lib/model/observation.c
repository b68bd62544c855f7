// SPDX-License-Identifier: LGPL-2.1-or-later
#include "observation.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

void safevma_observation_free(safevma_observation *obs)
{
	if (!obs)
		return;
	for (size_t i = 0; i < obs->processes.len; i++)
		sv_process_fini(&obs->processes.ptr[i]);
	sv_vec_fini(&obs->processes);
	for (size_t i = 0; i < obs->gaps.len; i++) {
		free(obs->gaps.ptr[i].reason);
		free(obs->gaps.ptr[i].line);
	}
	sv_vec_fini(&obs->gaps);
	sv_kcore_fini(&obs->kernel.kcore);
	sv_kernelmap_fini(&obs->kernel.map);
	sv_comparison_fini(&obs->kernel.compared);
	sv_vec_fini(&obs->holders);
	sv_vec_fini(&obs->claims);
	sv_strbuf_fini(&obs->config);
	sv_vec_fini(&obs->zones);
	sv_exposure_fini(&obs->exposure);
	sv_holdings_fini(&obs->holdings);
	sv_raster_fini(&obs->raster);
	sv_slabs_fini(&obs->slabs);
	sv_slabs_fini(&obs->slab_growth.end);
	sv_vec_fini(&obs->block_types);
	sv_pressure_fini(&obs->pressure);
	sv_share_fini(&obs->share);
	sv_hardening_fini(&obs->hardening);
	sv_process_fini(&obs->target);
	sv_series_fini(&obs->series);
	sv_faultlog_fini(&obs->faults);
	if (obs->memo)
		free(obs->memo->figures);
	free(obs->memo);
	free(obs);
}

/* The whole in words. */
static int tell_gap(struct sv_gap *g)
{
	char who[24] = "";
	char *line;

	if (g->pid)
		snprintf(who, sizeof(who), " of process %d", g->pid);
	if (asprintf(&line, "%s%s: %s%s%s", g->interface, who, g->reason,
		    g->costs ? "; costs: " : "", g->costs ? g->costs : "") < 0)
		return -1;
	free(g->line);
	g->line = line;
	return 0;
}

static int fill_gap(struct sv_gap *g, const struct safevma_error *why)
{
	char text[1100];

	safevma_error_format(why, text, sizeof(text));
	g->reason = strdup(text);
	return g->reason ? tell_gap(g) : -1;
}

/* Tries repeat what they could not read: once is enough to say it. */
static struct sv_gap *known_gap(const safevma_observation *obs, const struct sv_gap *g)
{
	for (size_t i = 0; i + 1 < obs->gaps.len; i++) {
		struct sv_gap *o = &obs->gaps.ptr[i];

		if (o->interface == g->interface && o->pid == g->pid && o->costs == g->costs &&
			!strcmp(o->reason, g->reason))
			return o;
	}
	return NULL;
}

static void drop_last_gap(safevma_observation *obs)
{
	struct sv_gap *g = &obs->gaps.ptr[--obs->gaps.len];

	free(g->reason);
	free(g->line);
}

int sv_gap_add_cost(safevma_observation *obs, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, bool counts, const char *costs, struct safevma_error *err)
{
	struct sv_gap *g = sv_vec_push(&obs->gaps), *known;

	if (!g)
		return sv_error_nomem(err);
	g->interface = sv_iface_info(iface)->name;
	g->pid = pid;
	g->code = why->code;
	g->errnum = why->errnum;
	g->costs = costs;
	g->counts = counts;
	if (fill_gap(g, why))
		return sv_error_nomem(err);
	known = known_gap(obs, g);
	if (known) {
		known->counts |= counts;
		drop_last_gap(obs);
	}
	return 0;
}

int sv_gap_add(safevma_observation *obs, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, bool counts, struct safevma_error *err)
{
	return sv_gap_add_cost(obs, iface, pid, why, counts, sv_iface_info(iface)->costs, err);
}

void sv_gaps_drop(safevma_observation *obs, size_t first)
{
	while (obs->gaps.len > first)
		drop_last_gap(obs);
}

int sv_gaps_beside(
	safevma_observation *obs, size_t first, const char *costs, struct safevma_error *err)
{
	for (size_t i = first; i < obs->gaps.len; i++) {
		obs->gaps.ptr[i].counts = false;
		obs->gaps.ptr[i].costs = costs;
		if (tell_gap(&obs->gaps.ptr[i]))
			return sv_error_nomem(err);
	}
	return 0;
}

int sv_gap_add_standing(safevma_observation *obs, enum sv_iface iface, const char *reason,
	const char *costs, struct safevma_error *err)
{
	struct safevma_error why;
	size_t before = obs->gaps.len;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0, "%s", reason);
	if (sv_gap_add_cost(obs, iface, 0, &why, false, costs, err))
		return -1;
	if (obs->gaps.len > before)
		obs->gaps.ptr[before].standing = true;
	return 0;
}

bool safevma_observation_selected(const safevma_observation *obs)
{
	for (size_t i = 0; i < obs->processes.len; i++)
		if (obs->processes.ptr[i].selected)
			return true;
	return false;
}

bool safevma_observation_lost(const safevma_observation *obs)
{
	for (size_t i = 0; i < obs->gaps.len; i++)
		if (obs->gaps.ptr[i].counts)
			return true;
	return false;
}

static bool same_sort(const struct sv_gap *a, const struct sv_gap *b)
{
	return a->pid && b->pid && a->interface == b->interface && a->costs == b->costs &&
	       a->code == b->code && a->errnum == b->errnum && a->errnum;
}

/* The first of several alike speaks for all of them. */
static int retell(struct sv_gap *g, size_t others)
{
	char *line;

	if (asprintf(&line, "%s of process %d and %zu others: %s%s%s", g->interface, g->pid, others,
		    strerror(g->errnum), g->costs ? "; costs: " : "", g->costs ? g->costs : "") < 0)
		return -1;
	free(g->line);
	g->line = line;
	return 0;
}

int sv_gaps_fold(safevma_observation *obs, struct safevma_error *err)
{
	for (size_t i = 0; i < obs->gaps.len; i++) {
		struct sv_gap *g = &obs->gaps.ptr[i];
		size_t others = 0;

		for (size_t k = i + 1; k < obs->gaps.len && !g->folded; k++) {
			if (!same_sort(g, &obs->gaps.ptr[k]))
				continue;
			obs->gaps.ptr[k].folded = true;
			others++;
		}
		if (others && retell(g, others))
			return sv_error_nomem(err);
	}
	return 0;
}

const char *safevma_observation_gap(const safevma_observation *obs, size_t index)
{
	for (size_t i = 0; i < obs->gaps.len; i++)
		if (!obs->gaps.ptr[i].standing && !obs->gaps.ptr[i].folded && !index--)
			return obs->gaps.ptr[i].line;
	return NULL;
}

bool sv_first_namespace(const safevma_observation *obs)
{
	for (size_t i = 0; i < obs->processes.len; i++)
		if (obs->processes.ptr[i].kernel_thread)
			return true;
	return false;
}
