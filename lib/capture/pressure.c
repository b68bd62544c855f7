// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stalls, event counters, zones and what is free in them, swap, settings. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/sysfiles.h"
#include "iface/zoneinfo.h"

#define TAG   "pressure"
#define COSTS "stalls, reclaim, limits of control groups, who is killed first"

/* A recording of before there were such questions lacks all of it: that is said once. */
static int unanswered(struct sv_capture *c, const struct sv_place *place,
	const struct safevma_error *why, struct safevma_error *err)
{
	struct safevma_error once;

	if (why->code != SAFEVMA_E_NOT_RECORDED)
		return sv_gap_add_cost(c->obs, place->iface, place->pid, why, false, COSTS, err);
	sv_error_set(&once, SAFEVMA_E_NOT_RECORDED, 0, NULL, 0,
		"the recording does not hold all that pressure is told by");
	return sv_gap_add_cost(c->obs, SV_IFACE_PRESSURE_MEMORY, 0, &once, false, COSTS, err);
}

int sv_capture_answer(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	enum sv_answer *answer, struct safevma_error *err)
{
	struct safevma_error why;
	int rc = sv_capture_text(c, place, ret, &why, err);

	*answer = SV_ANSWER_NONE;
	if (rc < 0)
		return -1;
	if (rc)
		*answer = SV_ANSWER_READ;
	else if (why.code == SAFEVMA_E_SYSTEM && why.errnum == ENOENT)
		*answer = SV_ANSWER_ABSENT;
	else if (why.code == SAFEVMA_E_SYSTEM && why.errnum == EOPNOTSUPP)
		*answer = SV_ANSWER_DISABLED;
	else
		return unanswered(c, place, &why, err);
	return 0;
}

static int malformed(struct sv_capture *c, enum sv_iface iface, const struct safevma_error *why,
	struct safevma_error *err)
{
	return sv_gap_add_cost(c->obs, iface, 0, why, true, COSTS, err);
}

/* A text of the whole system. 1: there it is; 0; -1. */
static int text_of(struct sv_capture *c, enum sv_iface iface, const char *arg,
	struct sv_strbuf *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .arg = arg, .tag = TAG };
	enum sv_answer answer;

	if (sv_capture_answer(c, &place, ret, &answer, err))
		return -1;
	return answer == SV_ANSWER_READ;
}

/* ---- stalls ---------------------------------------------------------------------------------- */

static int read_psi(struct sv_capture *c, enum sv_iface iface, struct sv_psi_reading *ret,
	struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;

	if (sv_capture_answer(c, &place, &text, &ret->answer, err))
		return -1;
	if (ret->answer != SV_ANSWER_READ ||
		!sv_psi_parse(sv_text_init(text.ptr, text.len, "pressure"), &ret->psi, &why))
		return 0;
	ret->answer = SV_ANSWER_NONE;
	return malformed(c, iface, &why, err);
}

static int read_stalls(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_psi_reading *to = c->obs->pressure.system;

	return read_psi(c, SV_IFACE_PRESSURE_MEMORY, &to[SV_RESOURCE_MEMORY], err) ||
			       read_psi(c, SV_IFACE_PRESSURE_IO, &to[SV_RESOURCE_IO], err) ||
			       read_psi(c, SV_IFACE_PRESSURE_CPU, &to[SV_RESOURCE_CPU], err)
		       ? -1
		       : 0;
}

/* ---- counters and totals --------------------------------------------------------------------- */

/* "allocstall_normal" and its kin: one for each zone that an allocation was meant for. */
static int sum_allocstall(struct sv_text text, struct sv_num *ret, struct safevma_error *why)
{
	struct sv_keyval kv;
	int rc;

	while ((rc = sv_vmstat_next(&text, &kv, why)) > 0)
		if (sv_take_lit(&kv.key, "allocstall"))
			*ret = sv_known(ret->value + kv.value);
	return rc;
}

static int parse_counters(
	struct sv_text text, struct sv_reclaim_counters *k, struct safevma_error *why)
{
	const struct sv_keyval_wanted wanted[] = { { "compact_stall", &k->compact_stall },
		{ "compact_fail", &k->compact_fail }, { "compact_success", &k->compact_success },
		{ "compact_migrate_scanned", &k->compact_migrated },
		{ "pgscan_direct", &k->scan_direct }, { "pgscan_kswapd", &k->scan_kswapd },
		{ "pgsteal_direct", &k->steal_direct }, { "pgsteal_kswapd", &k->steal_kswapd },
		{ "oom_kill", &k->oom_kill }, { "pswpin", &k->swap_in },
		{ "pswpout", &k->swap_out }, { "workingset_refault_anon", &k->refault_anon },
		{ "workingset_refault_file", &k->refault_file },
		{ "kswapd_low_wmark_hit_quickly", &k->kswapd_hit_low },
		{ "kswapd_high_wmark_hit_quickly", &k->kswapd_hit_high },
		{ "drop_pagecache", &k->drop_pagecache },
		{ "thp_fault_fallback", &k->thp_fault_fallback },
		{ "unevictable_pgs_culled", &k->unevictable_culled } };

	return sum_allocstall(text, &k->allocstall, why) ||
			       sv_keyval_collect(
				       text, sv_vmstat_next, wanted, sv_array_size(wanted), why)
		       ? -1
		       : 0;
}

static int read_counters(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_reclaim_counters k = { 0 };
	struct safevma_error why;
	int rc = text_of(c, SV_IFACE_VMSTAT, NULL, &text, err);

	if (rc <= 0)
		return rc;
	if (parse_counters(sv_text_init(text.ptr, text.len, "vmstat"), &k, &why))
		return malformed(c, SV_IFACE_VMSTAT, &why, err);
	c->obs->pressure.counters = k;
	return 0;
}

static int parse_memory(struct sv_text text, struct sv_free_memory *m, struct safevma_error *why)
{
	const struct sv_keyval_wanted wanted[] = { { "MemTotal", &m->mem_total },
		{ "MemFree", &m->free }, { "MemAvailable", &m->available },
		{ "Buffers", &m->buffers }, { "Cached", &m->cached },
		{ "SwapCached", &m->swap_cached }, { "Active(file)", &m->active_file },
		{ "Inactive(file)", &m->inactive_file }, { "Active(anon)", &m->active_anon },
		{ "Inactive(anon)", &m->inactive_anon }, { "Unevictable", &m->unevictable },
		{ "Shmem", &m->shmem }, { "KReclaimable", &m->reclaimable },
		{ "SwapTotal", &m->swap_total }, { "SwapFree", &m->swap_free },
		{ "Committed_AS", &m->committed } };

	return sv_keyval_collect(text, sv_meminfo_next, wanted, sv_array_size(wanted), why);
}

static int read_memory(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_free_memory m = { 0 };
	struct safevma_error why;
	int rc = text_of(c, SV_IFACE_MEMINFO, NULL, &text, err);

	if (rc <= 0)
		return rc;
	if (parse_memory(sv_text_init(text.ptr, text.len, "meminfo"), &m, &why))
		return malformed(c, SV_IFACE_MEMINFO, &why, err);
	c->obs->pressure.memory = m;
	return 0;
}

/* ---- zones ----------------------------------------------------------------------------------- */

static int add_zone(struct sv_pressure *p, const struct sv_zone *z)
{
	struct sv_zone_state *s;

	if (!z->managed_pages.value) /* the kernel shows those without memory as well */
		return 0;
	s = sv_vec_push(&p->zones);
	if (!s)
		return -1;
	*s = (struct sv_zone_state) { .node = z->node,
		.free = z->free_pages,
		.min = z->min_pages,
		.low = z->low_pages,
		.high = z->high_pages,
		.managed = z->managed_pages,
		.reserve = z->reserve_pages,
		.percpu = z->pcp_count_pages };
	snprintf(s->name, sizeof(s->name), "%.*s", (int)z->name.len, z->name.ptr);
	return 0;
}

static int read_zones(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_zone z;
	struct sv_text t;
	int rc = text_of(c, SV_IFACE_ZONEINFO, NULL, &text, err);

	if (rc <= 0)
		return rc;
	t = sv_text_init(text.ptr, text.len, "zoneinfo");
	while ((rc = sv_zoneinfo_next(&t, &z, &why)) > 0)
		if (add_zone(&c->obs->pressure, &z))
			return sv_error_nomem(err);
	c->obs->pressure.zones_known = !rc;
	return rc ? malformed(c, SV_IFACE_ZONEINFO, &why, err) : 0;
}

static void fill_orders(struct sv_pressure *p, const struct sv_buddy_zone *b)
{
	for (size_t i = 0; i < p->zones.len; i++) {
		struct sv_zone_state *z = &p->zones.ptr[i];

		if (z->node != b->node || !sv_span_is(b->name, z->name))
			continue;
		memcpy(z->blocks, b->free, sizeof(z->blocks));
		z->orders = b->orders;
	}
}

static int read_orders(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_buddy_zone b;
	struct sv_text t;
	int rc = text_of(c, SV_IFACE_BUDDYINFO, NULL, &text, err);

	if (rc <= 0)
		return rc;
	t = sv_text_init(text.ptr, text.len, "buddyinfo");
	while ((rc = sv_buddyinfo_next(&t, &b, &why)) > 0)
		fill_orders(&c->obs->pressure, &b);
	return rc ? malformed(c, SV_IFACE_BUDDYINFO, &why, err) : 0;
}

/* ---- swap ------------------------------------------------------------------------------------ */

static int add_swap(struct sv_pressure *p, const struct sv_swap_area *a)
{
	struct sv_swap *s = sv_vec_push(&p->swaps);

	if (!s)
		return -1;
	snprintf(s->type, sizeof(s->type), "%.*s", (int)(a->type.len < 15 ? a->type.len : 15),
		a->type.ptr);
	s->size_bytes = a->size_bytes;
	s->used_bytes = a->used_bytes;
	s->priority = a->priority;
	return sv_strbuf_add(&s->file, a->file.ptr, a->file.len);
}

static int read_swaps(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_swap_area a;
	struct sv_text t;
	int rc = text_of(c, SV_IFACE_SWAPS, NULL, &text, err);

	if (rc <= 0)
		return rc;
	t = sv_text_init(text.ptr, text.len, "swaps");
	while ((rc = sv_swaps_next(&t, &a, &why)) > 0)
		if (add_swap(&c->obs->pressure, &a))
			return sv_error_nomem(err);
	c->obs->pressure.swaps_known = !rc;
	return rc ? malformed(c, SV_IFACE_SWAPS, &why, err) : 0;
}

/* mm_stat: orig_data_size compr_data_size mem_used_total mem_limit ... (mm_stat_show() of zram) */
static void parse_mm_stat(struct sv_span s, struct sv_zram *z)
{
	struct sv_num *const to[] = { &z->stored, NULL, &z->used, &z->limit };
	uint64_t n;

	for (size_t i = 0; i < sv_array_size(to); i++) {
		sv_skip_blanks(&s);
		if (!sv_take_dec(&s, &n))
			return;
		if (to[i])
			*to[i] = sv_known(n);
	}
}

static struct sv_span span_of(const struct sv_strbuf *b)
{
	return (struct sv_span) { .ptr = b->ptr ? b->ptr : "", .len = b->len };
}

/* 1: there is one of that number; 0; -1. One that nobody has set up yet has size 0. */
static int read_zram(struct sv_capture *c, uint64_t number, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf size = { 0 }, stat = { 0 };
	struct sv_zram z = { .number = number }, *to;
	struct sv_span s;
	char arg[24];
	int rc;

	snprintf(arg, sizeof(arg), "%llu", (unsigned long long)number);
	rc = text_of(c, SV_IFACE_ZRAM_DISKSIZE, arg, &size, err);
	if (rc <= 0 || text_of(c, SV_IFACE_ZRAM_MM_STAT, arg, &stat, err) < 0)
		return rc ? -1 : 0;
	s = span_of(&size);
	z.size.known = sv_take_dec(&s, &z.size.value);
	parse_mm_stat(span_of(&stat), &z);
	to = sv_vec_push(&c->obs->pressure.zrams);
	if (!to)
		return sv_error_nomem(err);
	*to = z;
	return 1;
}

enum { MOST_ZRAMS = 64 };

static int read_zrams(struct sv_capture *c, struct safevma_error *err)
{
	int rc = 1;

	for (uint64_t i = 0; i < MOST_ZRAMS && rc > 0; i++)
		rc = read_zram(c, i, err);
	return rc < 0 ? -1 : 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Lists come with tabs between them; what a text report would have to escape says no more. */
static void plain_blanks(struct sv_strbuf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->ptr[i] == '\t')
			b->ptr[i] = ' ';
}

static int read_setting(struct sv_capture *c, enum sv_setting_id id, struct safevma_error *err)
{
	struct sv_setting *s = &c->obs->pressure.settings[id];
	struct sv_place place = {
		.iface = SV_IFACE_SETTING, .arg = sv_setting_info(id)->path, .tag = TAG
	};
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_span line;

	if (sv_capture_answer(c, &place, &text, &s->answer, err))
		return -1;
	plain_blanks(&text);
	line = sv_trim(span_of(&text));
	while (line.len && line.ptr[line.len - 1] == '\n')
		line.len--;
	return sv_strbuf_add(&s->text, line.ptr, line.len) ? sv_error_nomem(err) : 0;
}

static int read_settings(struct sv_capture *c, struct safevma_error *err)
{
	for (int i = 0; i < SV_SETTING_PRESSURE_COUNT; i++)
		if (read_setting(c, (enum sv_setting_id)i, err))
			return -1;
	return 0;
}

/* Groups, zones and totals last and together: an answer to what fits rests on all of them. */
int sv_capture_pressure(struct sv_capture *c, struct safevma_error *err)
{
	c->obs->pressure.made = true;
	if (!(c->obs->needs & SAFEVMA_NEED_COMMIT) && sv_capture_reserves(c, err))
		return -1;
	return read_settings(c, err) || read_swaps(c, err) || read_zrams(c, err) ||
			       read_stalls(c, err) || read_counters(c, err) ||
			       sv_capture_groups(c, err) || read_zones(c, err) ||
			       read_orders(c, err) || read_memory(c, err)
		       ? -1
		       : 0;
}
