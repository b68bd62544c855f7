// SPDX-License-Identifier: LGPL-2.1-or-later
/* Caches of the slab allocator: sysfs, with slabinfo as what it is held against. */
#include "base/error.h"
#include "capture.h"

/* 1; 0: a gap was added; -1. */
static int read_info(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_SLABINFO, .tag = "slab" };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &c->obs->slabs.info_text, &why, err);

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

static int tell_unreadable(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;
	size_t n = 0;

	for (size_t i = 0; i < c->obs->slabs.caches.len; i++)
		n += c->obs->slabs.caches.ptr[i].unreadable;
	if (!n)
		return 0;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, "/sys/kernel/slab", 0,
		"files of %zu caches could not be read: they are 0400 root", n);
	return sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err);
}

/* 0 with what could be read; -1. */
static int read_caches(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_SHORT,
		.place = { .iface = SV_IFACE_SLAB, .tag = "slab" } };
	struct safevma_error why = { 0 };
	int rc = sv_capture_call(c, &call, &c->obs->slabs.text, &why, err);

	if (rc < 0 || read_info(c, err) < 0 || read_cmdline(c, err))
		return -1;
	if (!rc)
		return sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err);
	rc = sv_slabs_parse(&c->obs->slabs, &why);
	if (rc < 0)
		return sv_error_nomem(err);
	if (rc && sv_gap_add(c->obs, SV_IFACE_SLAB, 0, &why, true, err))
		return -1;
	return tell_unreadable(c, err);
}

int sv_capture_slab(struct sv_capture *c, struct safevma_error *err)
{
	if (read_caches(c, err))
		return -1;
	return sv_slabs_place(&c->obs->slabs) ? sv_error_nomem(err) : 0;
}
