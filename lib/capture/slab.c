// SPDX-License-Identifier: LGPL-2.1-or-later
/* Caches of the slab allocator: sysfs, with slabinfo as what it is held against. */
#include "base/error.h"
#include "capture.h"
#include "structpage.h"

/* 1; 0: a gap was added; -1. */
static int read_info(
	struct sv_capture *c, struct sv_slabs *s, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_SLABINFO, .tag = tag };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &s->info_text, &why, err);

	if (rc)
		return rc;
	return sv_gap_add_cost(c->obs, SV_IFACE_SLABINFO, 0, &why, true,
		"active objects of slab caches, and what sysfs is held against", err);
}

/* What was said at boot: the only trace of some settings. */
static int read_cmdline(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KERNEL_CMDLINE, .tag = "slab" };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &c->obs->slabs.cmdline, &why, err);

	c->obs->slabs.cmdline_known = rc > 0;
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(c->obs, SV_IFACE_KERNEL_CMDLINE, 0, &why, false,
		"settings of the slab allocator that were given at boot", err);
}

static int tell_unreadable(
	struct sv_capture *c, const struct sv_slabs *s, struct safevma_error *err)
{
	struct safevma_error why;
	size_t n = 0;

	for (size_t i = 0; i < s->caches.len; i++)
		n += s->caches.ptr[i].unreadable;
	if (!n)
		return 0;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, "/sys/kernel/slab", 0,
		"files of %zu caches could not be read: they are 0400 root", n);
	return sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err);
}

static int read_caches(
	struct sv_capture *c, struct sv_slabs *s, const char *tag, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_SHORT,
		.place = { .iface = SV_IFACE_SLAB, .tag = tag } };
	struct safevma_error why = { 0 };
	int rc = sv_capture_call(c, &call, &s->text, &why, err);

	if (rc < 0 || read_info(c, s, tag, err) < 0)
		return -1;
	if (!rc)
		return sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err);
	rc = sv_slabs_parse(s, &why);
	if (rc < 0)
		return sv_error_nomem(err);
	if (rc && sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err))
		return -1;
	return tell_unreadable(c, s, err);
}

int sv_capture_slab(struct sv_capture *c, struct safevma_error *err)
{
	return read_caches(c, &c->obs->slabs, "slab", err) || read_cmdline(c, err) ? -1 : 0;
}

/* ---- once more, after a time ----------------------------------------------------------------- */

/* 1: the time is over, or somebody said stop; 0 with *why; -1. */
static int wait_for_end(
	struct sv_capture *c, uint64_t now_ns, struct safevma_error *why, struct safevma_error *err)
{
	const struct safevma_window *w = &c->request->window;
	struct sv_wait wait = { .look_ns = UINT64_MAX,
		.end_ns = w->duration_ms ? now_ns + w->duration_ms * 1000000 : 0,
		.interval_ns = w->duration_ms * 1000000,
		.looked_ns = now_ns,
		.stop = w->stop };
	struct sv_call call = { .op = SV_OP_WAIT,
		.place = { .iface = SV_IFACE_PROC, .tag = "slab.growth" },
		.wait = &wait };
	sv_auto_strbuf struct sv_strbuf answer = { 0 };

	return sv_capture_call(c, &call, &answer, why, err);
}

static int read_end(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_slab_growth *g = &c->obs->slab_growth;
	struct safevma_error why = { 0 };
	int rc;

	/* Blocks that are new are held against what they were kept for before. */
	g->end.view.plain = true;
	rc = sv_capture_slab_frames(c, "slab.frames-end", &g->end.view, &why, err);

	if (rc < 0)
		return -1;
	if (!rc && sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true,
			   "where the frames of slab caches lie at the end", err))
		return -1;
	if (read_caches(c, &g->end, "slab.end", err) || sv_slabs_place(&g->end))
		return -1;
	g->made = c->obs->slabs.caches.len && g->end.caches.len;
	return 0;
}

int sv_capture_slab_growth(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_slab_growth *g = &c->obs->slab_growth;
	struct sv_times from = { 0 }, to = { 0 };
	struct safevma_error why = { 0 };
	int rc;

	if (sv_capture_clock(c, "clock.slab.from", &from, err))
		return -1;
	if (c->request->window.each && c->request->window.each(c->obs, c->request->window.arg))
		return 0;
	rc = wait_for_end(c, from.boottime_ns, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return sv_gap_add_cost(
			c->obs, SV_IFACE_SLAB, 0, &why, true, "which caches grew, and where", err);
	if (sv_capture_clock(c, "clock.slab.to", &to, err))
		return -1;
	g->from_ns = from.boottime_ns;
	g->to_ns = to.boottime_ns;
	return read_end(c, err);
}
