// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/sysfiles.h"
#include "iface/zoneinfo.h"

static void copy_text(char *to, size_t size, struct sv_span from)
{
	snprintf(to, size, "%.*s", (int)(from.len < size ? from.len : size - 1), from.ptr);
}

/* 1, 0 (gap noted), -1. */
static int note(
	struct sv_capture *c, const char *what, struct sv_strbuf *ret, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = what } };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, ret, &why, err);

	if (!rc &&
		sv_gap_add_cost(c->obs, SV_IFACE_PROC, 0, &why, true, "what system this is", err))
		return -1;
	return rc;
}

static int system_note(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_host *h = &c->obs->host;
	struct sv_span v;
	int rc = note(c, "system", &text, err);

	if (rc < 0)
		return -1;
	if (sv_note_value(&text, "release", &v))
		copy_text(h->release, sizeof(h->release), v);
	if (sv_note_value(&text, "machine", &v))
		copy_text(h->machine, sizeof(h->machine), v);
	h->page_size = sv_note_number(&text, "page_size").value;
	h->clock_ticks = sv_note_number(&text, "clock_ticks").value;
	if (!h->page_size || (h->page_size & (h->page_size - 1)) || h->page_size < 512)
		return sv_error_set(err, SAFEVMA_E_RECORDING, 0, "page_size", 0,
			"expected a power of two for the page size, got %llu",
			(unsigned long long)h->page_size);
	return 0;
}

static int tristate(struct sv_num n)
{
	return n.known ? n.value != 0 : -1;
}

static int features_note(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_features *f = &c->obs->features;

	if (note(c, "features", &text, err) < 0)
		return -1;
	f->pfn_visible = tristate(sv_note_number(&text, "pfn_visible"));
	f->pagemap_scan = tristate(sv_note_number(&text, "pagemap_scan"));
	f->procmap_query = tristate(sv_note_number(&text, "procmap_query"));
	return 0;
}

static int privileges_note(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	if (note(c, "privileges", &text, err) < 0)
		return -1;
	c->obs->euid = sv_note_number(&text, "euid");
	c->obs->capabilities = sv_note_number(&text, "effective");
	return 0;
}

/* A small file that need not be there: empty then. What a recording lost is a gap all the same. */
static int optional(
	struct sv_capture *c, enum sv_iface iface, struct sv_strbuf *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, ret, &why, err);

	if (rc || why.code == SAFEVMA_E_SYSTEM)
		return rc;
	return sv_gap_add(c->obs, iface, 0, &why, false, err);
}

/*
 * x86 kernels show the CPU flag "hypervisor" in a guest and only there. Elsewhere nothing tells for
 * certain: then it stays unknown.
 */
static int find_hypervisor(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf cpu = { 0 }, type = { 0 }, dmi = { 0 };
	struct sv_host *h = &c->obs->host;
	const char *flags;
	struct sv_span name;

	if (optional(c, SV_IFACE_CPUINFO, &cpu, err) < 0 ||
		optional(c, SV_IFACE_HYPERVISOR, &type, err) < 0 ||
		optional(c, SV_IFACE_DMI_VENDOR, &dmi, err) < 0)
		return -1;
	flags = cpu.len ? strstr(cpu.ptr, "\nflags") : NULL;
	if (!flags && !type.len)
		return 0;
	h->hypervisor_known = true;
	name = sv_trim(
		(struct sv_span) { type.len ? type.ptr : dmi.ptr, type.len ? type.len : dmi.len });
	if (type.len || (flags && memmem(flags, strcspn(flags + 1, "\n") + 1, " hypervisor", 11)))
		copy_text(h->hypervisor, sizeof(h->hypervisor),
			name.len ? name : sv_span_of("unnamed"));
	else
		snprintf(h->hypervisor, sizeof(h->hypervisor), "none");
	return 0;
}

static void note_highmem(safevma_observation *obs, const struct sv_zone *z)
{
	obs->highmem_start_pfn = z->start_pfn;
	obs->highmem_frames = z->present_pages;
}

static int keep_zone(safevma_observation *obs, const struct sv_zone *z)
{
	struct sv_zone_span *span;

	if (!z->start_pfn.known || !z->spanned_pages.known || !z->spanned_pages.value ||
		z->spanned_pages.value > UINT64_MAX - z->start_pfn.value)
		return 0;
	span = sv_vec_push(&obs->zones);
	if (!span)
		return -1;
	*span = (struct sv_zone_span) { .node = z->node,
		.start_pfn = z->start_pfn.value,
		.end_pfn = z->start_pfn.value + z->spanned_pages.value };
	snprintf(span->name, sizeof(span->name), "%.*s", (int)z->name.len, z->name.ptr);
	return 0;
}

static int parse_zones(
	struct sv_capture *c, const struct sv_strbuf *text, struct safevma_error *why)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "/proc/zoneinfo");
	struct sv_zone z;
	int rc;

	while ((rc = sv_zoneinfo_next(&t, &z, why)) > 0) {
		c->obs->zones_known = true;
		if (sv_span_is(z.name, "HighMem") && z.start_pfn.known && z.spanned_pages.known &&
			z.spanned_pages.value)
			note_highmem(c->obs, &z);
		if (keep_zone(c->obs, &z))
			return sv_error_nomem(why);
	}
	if (rc < 0)
		c->obs->zones_known = false;
	return rc;
}

static int read_zones(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_place place = { .iface = SV_IFACE_ZONEINFO };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && parse_zones(c, &text, &why) == 0)
		return 0;
	if (sv_error_fatal(&why))
		return sv_error_pass(err, &why);
	return sv_gap_add(c->obs, SV_IFACE_ZONEINFO, 0, &why, false, err);
}

static int read_swaps(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_place place = { .iface = SV_IFACE_SWAPS };
	struct safevma_error why;
	uint64_t n;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !sv_swaps_count(sv_text_init(text.ptr, text.len, "/proc/swaps"), &n, &why)) {
		c->obs->swap_areas = sv_known(n);
		return 0;
	}
	return sv_gap_add(c->obs, SV_IFACE_SWAPS, 0, &why, true, err);
}

int sv_capture_host(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf id = { 0 };
	struct sv_host *h = &c->obs->host;

	if (system_note(c, err) || features_note(c, err) || privileges_note(c, err) ||
		optional(c, SV_IFACE_BOOT_ID, &id, err) < 0 || find_hypervisor(c, err))
		return -1;
	if (id.len)
		copy_text(h->boot_id, sizeof(h->boot_id),
			sv_trim((struct sv_span) { id.ptr, id.len }));
	return read_swaps(c, err) || read_zones(c, err) ? -1 : 0;
}

int sv_capture_clock(
	struct sv_capture *c, const char *which, struct sv_times *ret, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	if (note(c, which, &text, err) < 0)
		return -1;
	ret->realtime_ns = sv_note_number(&text, "realtime_ns").value;
	ret->boottime_ns = sv_note_number(&text, "boottime_ns").value;
	return 0;
}

int sv_capture_cost(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_observed_cost *k = &c->obs->cost;

	if (note(c, "cost", &text, err) < 0)
		return -1;
	k->cpu_us = sv_note_number(&text, "cpu_us");
	k->max_rss_kb = sv_note_number(&text, "max_rss_kb");
	k->bytes_read = sv_note_number(&text, "bytes_read");
	k->lock_reads = sv_note_number(&text, "lock_reads");
	k->longest_read_us = sv_note_number(&text, "longest_read_us");
	return 0;
}
