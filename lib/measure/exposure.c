// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exposure.h"

#include <math.h>
#include <string.h>

static uint64_t of_source(const struct sv_zone_exposure *z, enum sv_source source)
{
	uint64_t n = 0;

	for (int c = 0; c < SV_CLASS_COUNT; c++)
		n += sv_class_info((enum sv_class)c)->source == source ? z->class[c] : 0;
	return n;
}

uint64_t sv_zone_strong(const struct sv_zone_exposure *z)
{
	return of_source(z, SV_SOURCE_STRONG);
}

uint64_t sv_zone_unclassified(const struct sv_zone_exposure *z)
{
	return of_source(z, SV_SOURCE_UNCLASSIFIED);
}

/* Wilson's interval for a share p of n independent ones. */
static void wilson(double p, double n, struct sv_share *ret)
{
	const double z = 1.959964, zz = z * z;
	double middle = (p + zz / (2 * n)) / (1 + zz / n);
	double half = z / (1 + zz / n) * sqrt(p * (1 - p) / n + zz / (4 * n * n));

	ret->low = fmax(0, middle - half);
	ret->high = fmin(1, middle + half);
}

/*
 * Frames of one unit are alike: they count as fewer than they are, by how much the units scatter.
 * Where no frame has an edge, or each has, nothing scatters: each unit then counts as one.
 */
struct sv_share sv_share_of(uint64_t x, uint64_t n, const struct sv_sample *s, uint64_t units,
	double nn, double nx, double xx)
{
	struct sv_share r = { .known = n != 0 };
	double p = n ? (double)x / (double)n : 0, scatter, left, effective = (double)units;

	r.value = r.low = r.high = p;
	if (!n || !s->percent || s->units == s->units_all)
		return r;
	left = 1 - (double)s->units / (double)s->units_all;
	scatter = xx - 2 * p * nx + p * p * nn;
	if (x && x < n && scatter > 0 && units > 1) {
		double variance = left * scatter * (double)units /
				  ((double)(units - 1) * (double)n * (double)n);

		effective = fmin((double)n, p * (1 - p) / variance);
	}
	wilson(p, fmax(1, effective), &r);
	return r;
}

static void add_edges(struct sv_edge_counts *sum, const struct sv_edge_counts *e)
{
	sum->over_strong += e->over_strong;
	sum->over_unclassified += e->over_unclassified;
	sum->under_strong += e->under_strong;
	sum->under_unclassified += e->under_unclassified;
}

static void add_blocks(struct sv_mixing *sum, const struct sv_mixing *m)
{
	sum->blocks += m->blocks;
	sum->user += m->user;
	sum->source += m->source;
	sum->mixed += m->mixed;
	sum->user_frames += m->user_frames;
}

static void add_zone(const struct sv_exposure *x, const struct sv_zone_exposure *z,
	struct sv_machine_exposure *r)
{
	uint64_t tables = z->class[SV_CLASS_PGTABLE];
	double share = z->frames ? (double)sv_zone_strong(z) / (double)z->frames : 0;

	r->frames += z->frames;
	for (int c = 0; c < SV_CLASS_COUNT; c++)
		r->class[c] += z->class[c];
	r->strong += sv_zone_strong(z);
	r->unclassified += sv_zone_unclassified(z);
	r->user.frames += z->user;
	r->tables.frames += tables;
	add_edges(&r->user.edges, &z->user_edges);
	add_edges(&r->tables.edges, &z->table_edges);
	r->user.expected += share * (double)z->user;
	r->tables.expected += share * (double)tables;
	r->tables.mixed_frames += z->tables_mixed;
	add_blocks(&r->blocks, &z->mixing[x->block_order]);
}

void sv_measure_exposure(const safevma_observation *obs, struct sv_machine_exposure *r)
{
	const struct sv_exposure *x = &obs->exposure;
	const struct sv_sample *s = &x->sample;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < x->zones.len; i++)
		add_zone(x, &x->zones.ptr[i], r);
	r->user.mixed_frames = r->blocks.user_frames;
	for (uint64_t i = 0, sum = 0; i < SV_ORDERS; i++) {
		sum += x->distance[i];
		r->distance[i] = sum;
	}
	r->user.over = sv_share_of(r->user.edges.over_strong, r->user.frames, s, s->user_units,
		s->user_nn, s->user_nx, s->user_xx);
	r->tables.over = sv_share_of(r->tables.edges.over_strong, r->tables.frames, s,
		s->table_units, s->table_nn, s->table_nx, s->table_xx);
}
