// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings and totals of the system: overcommit, RAM, pageblocks, the kernel's configuration. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/iomem.h"
#include "iface/kconfig.h"
#include "iface/kconfig_gz.h"
#include "iface/pagetypeinfo.h"
#include "iface/sysfiles.h"

/* config.gz first: it belongs to the running kernel without doubt. */
static int read_config(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf packed = { 0 };
	struct sv_place gz = { .iface = SV_IFACE_CONFIG_GZ };
	struct sv_place boot = { .iface = SV_IFACE_BOOT_CONFIG, .arg = c->obs->host.release };
	struct safevma_error why, second;
	int rc = sv_capture_text(c, &gz, &packed, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !sv_gunzip(packed.ptr, packed.len, "/proc/config.gz", &c->obs->config, &why)) {
		c->obs->config_known = true;
		snprintf(c->obs->config_source, sizeof(c->obs->config_source), "config.gz");
		return 0;
	}
	rc = sv_capture_text(c, &boot, &c->obs->config, &second, err);
	if (rc < 0)
		return -1;
	c->obs->config_known = rc;
	if (rc)
		snprintf(c->obs->config_source, sizeof(c->obs->config_source), "boot-config");
	return rc ? 0 : sv_gap_add(c->obs, SV_IFACE_CONFIG_GZ, 0, &why, false, err);
}

/* A text and its parser's result; a gap when either fails. */
typedef int (*parse_fn)(struct sv_system *s, struct sv_text text, struct safevma_error *why);

/* 1; 0: it could not be read or parsed, *why; -1. */
static int try_one(struct sv_capture *c, enum sv_iface iface, const char *tag, parse_fn parse,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = iface, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int rc = sv_capture_text(c, &place, &text, why, err);

	if (rc <= 0)
		return rc;
	return !parse(
		&c->obs->system, sv_text_init(text.ptr, text.len, sv_iface_info(iface)->name), why);
}

static int read_one(
	struct sv_capture *c, enum sv_iface iface, parse_fn parse, struct safevma_error *err)
{
	struct safevma_error why;
	int rc = try_one(c, iface, "system", parse, &why, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add(c->obs, iface, 0, &why, false, err);
}

static int positive(
	struct sv_text text, uint64_t unit, struct sv_num *ret, struct safevma_error *why)
{
	int64_t v;

	if (sv_number_parse(text, &v, why))
		return -1;
	if (v >= 0)
		*ret = sv_known((uint64_t)v * unit);
	return 0;
}

static int parse_memory(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	return positive(text, 1, &s->overcommit_memory, why);
}

static int parse_ratio(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	return positive(text, 1, &s->overcommit_ratio, why);
}

static int parse_kbytes(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	return positive(text, 1024, &s->overcommit_bytes, why);
}

static int parse_admin(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	return positive(text, 1024, &s->admin_reserve, why);
}

static int parse_user(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	return positive(text, 1024, &s->user_reserve, why);
}

struct huge {
	struct sv_num all, pages, page_bytes;
};

/*
 * "Hugetlb:" (4.19) has the pages of all sizes; without it the default size has to do. A kernel
 * without hugetlb has none of these lines.
 */
static struct sv_num hugetlb_of(const struct huge *h)
{
	if (h->all.known || !h->pages.known)
		return sv_known(h->all.value);
	return h->page_bytes.known ? sv_known(h->pages.value * h->page_bytes.value)
				   : (struct sv_num) { 0 };
}

static int parse_meminfo(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	struct sv_num secondary = { 0 };
	struct huge huge = { 0 };
	const struct sv_keyval_wanted wanted[] = { { "MemTotal", &s->mem_total },
		{ "SwapTotal", &s->swap_total }, { "Shmem", &s->shmem }, { "Hugetlb", &huge.all },
		{ "HugePages_Total", &huge.pages }, { "Hugepagesize", &huge.page_bytes },
		{ "PageTables", &s->page_tables }, { "SecPageTables", &secondary },
		{ "KernelStack", &s->kernel_stacks }, { "SUnreclaim", &s->slab_unreclaimable },
		{ "Percpu", &s->percpu }, { "CommitLimit", &s->commit_limit },
		{ "Committed_AS", &s->committed_as }, { "HardwareCorrupted", &s->hwpoison_bytes },
		{ "LowTotal", &s->low_total }, { "DirectMap4k", &s->direct_4k },
		{ "DirectMap2M", &s->direct_2m }, { "DirectMap4M", &s->direct_4m },
		{ "DirectMap1G", &s->direct_1g } };

	if (sv_keyval_collect(text, sv_meminfo_next, wanted, sv_array_size(wanted), why))
		return -1;
	s->hugetlb = hugetlb_of(&huge);
	s->page_tables.value += secondary.value; /* from 6.1 on a line of their own */
	return 0;
}

/* x86 counts how often it had to split large pages of the linear map; other kernels do not say. */
static int parse_vmstat(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	const struct sv_keyval_wanted wanted[] = { { "direct_map_level2_splits",
							   &s->level2_splits },
		{ "direct_map_level3_splits", &s->level3_splits } };

	return sv_keyval_collect(text, sv_vmstat_next, wanted, sv_array_size(wanted), why);
}

static int parse_blocks(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	uint64_t order, pages;

	if (sv_pagetypeinfo_block(text, &order, &pages, why))
		return -1;
	s->block_pages = sv_known(pages);
	return 0;
}

static struct sv_block_type *find_type(
	struct sv_block_types *list, const struct sv_pagetype_count *n)
{
	for (size_t i = 0; i < list->len; i++) {
		struct sv_block_type *b = &list->ptr[i];

		if (b->node == n->node && sv_span_is(n->zone, b->zone) &&
			sv_span_is(n->type, b->type))
			return b;
	}
	return NULL;
}

/* 0; 1: the text is not what it should be, *why; -1. */
static int count_blocks(struct sv_block_types *list, struct sv_text text, struct safevma_error *why,
	struct safevma_error *err)
{
	struct sv_pagetype_counts counts = { .text = text };
	struct sv_pagetype_count n;
	struct sv_block_type *b;
	int rc;

	while ((rc = sv_pagetypeinfo_next(&counts, &n, why)) > 0) {
		if (n.mixed) {
			b = find_type(list, &n);
			if (b)
				b->mixed = sv_known(n.blocks);
			continue;
		}
		b = sv_vec_push(list);
		if (!b)
			return sv_error_nomem(err);
		b->node = n.node;
		b->blocks = n.blocks;
		snprintf(b->zone, sizeof(b->zone), "%.*s", (int)n.zone.len, n.zone.ptr);
		snprintf(b->type, sizeof(b->type), "%.*s", (int)n.type.len, n.type.ptr);
	}
	return rc < 0;
}

/* The size of a pageblock, and how many there are of each kind. */
static int read_blocks(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGETYPEINFO, .tag = "system" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc > 0) {
		struct sv_text t = sv_text_init(text.ptr, text.len, "pagetypeinfo");

		rc = parse_blocks(&c->obs->system, t, &why)
			     ? 1
			     : count_blocks(&c->obs->block_types, t, &why, err);
		rc = rc < 0 ? -1 : !rc;
	}
	if (rc)
		return rc < 0 ? -1 : 0;
	c->obs->block_types.len = 0;
	return sv_gap_add(c->obs, SV_IFACE_PAGETYPEINFO, 0, &why, false, err);
}

/* Reserved ranges below the end of RAM: above lie windows of devices, which are no memory. */
static int sum_reserved(
	struct sv_text text, uint64_t ram_end, uint64_t *ret, struct safevma_error *why)
{
	struct sv_iomem_range r;
	int rc;

	while ((rc = sv_iomem_next(&text, &r, why)) > 0)
		if (r.level == 0 && r.end < ram_end &&
			(sv_span_is(r.name, "reserved") || sv_span_is(r.name, "Reserved")))
			*ret += r.end - r.start + 1;
	return rc;
}

static int parse_iomem(struct sv_system *s, struct sv_text text, struct safevma_error *why)
{
	uint64_t sum = 0, ram_end = 0, reserved = 0;
	struct sv_text whole = text;
	struct sv_iomem_range r;
	int rc;

	if (sv_iomem_shown(text, why))
		return -1;
	while ((rc = sv_iomem_next(&text, &r, why)) > 0)
		if (sv_iomem_is_ram(&r)) {
			sum += r.end - r.start + 1;
			ram_end = r.end;
		}
	if (rc || sum_reserved(whole, ram_end, &reserved, why))
		return -1;
	s->system_ram = sv_known(sum);
	s->reserved_bytes = sv_known(reserved);
	return 0;
}

static bool configured(const safevma_observation *obs, const char *option)
{
	struct sv_span value;

	return obs->config_known &&
	       !sv_kconfig_find(sv_text_init(obs->config.ptr, obs->config.len, "config"), option,
		       &value, NULL) &&
	       sv_span_is(value, "y");
}

/* Where the configuration is not known, its file in debugfs shows that the kernel has KFENCE. */
static int kfence_by_file(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KFENCE_STATS, .tag = "system" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc > 0)
		c->obs->system.kfence = sv_known(1);
	return rc < 0 ? -1 : 0;
}

/*
 * What removes frames of the kernel's own accord. The boot parameter decides where the feature is
 * built in; without the kernel's configuration neither can be told.
 */
static int removers(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KERNEL_CMDLINE, .tag = "system" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_system *s = &c->obs->system;
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!c->obs->config_known)
		return kfence_by_file(c, err);
	s->kfence = sv_known(configured(c->obs, "CONFIG_KFENCE"));
	s->debug_pagealloc = sv_known(configured(c->obs, "CONFIG_DEBUG_PAGEALLOC"));
	if (!s->debug_pagealloc.value ||
		configured(c->obs, "CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT"))
		return 0;
	s->debug_pagealloc.known = rc;
	s->debug_pagealloc.value = rc && strstr(text.ptr, "debug_pagealloc=on") != NULL;
	return 0;
}

int sv_capture_system(struct sv_capture *c, struct safevma_error *err)
{
	static const struct {
		enum sv_iface iface;
		parse_fn parse;
	} files[] = {
		{ SV_IFACE_OVERCOMMIT_MEMORY, parse_memory },
		{ SV_IFACE_OVERCOMMIT_RATIO, parse_ratio },
		{ SV_IFACE_OVERCOMMIT_KBYTES, parse_kbytes },
		{ SV_IFACE_MEMINFO, parse_meminfo },
		{ SV_IFACE_VMSTAT, parse_vmstat },
		{ SV_IFACE_IOMEM, parse_iomem },
	};

	for (size_t i = 0; i < sv_array_size(files); i++)
		if (read_one(c, files[i].iface, files[i].parse, err))
			return -1;
	return read_blocks(c, err) || read_config(c, err) || removers(c, err) ? -1 : 0;
}

static int read_costing(struct sv_capture *c, enum sv_iface iface, const char *tag, parse_fn parse,
	const char *costs, struct safevma_error *err)
{
	struct safevma_error why;
	int rc = try_one(c, iface, tag, parse, &why, err);

	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(c->obs, iface, 0, &why, !c->request->everything, costs, err);
}

int sv_capture_reserves(struct sv_capture *c, struct safevma_error *err)
{
	const char *costs = "what the commit limit keeps back";

	return read_costing(c, SV_IFACE_ADMIN_RESERVE, "commit", parse_admin, costs, err) ||
			       read_costing(
				       c, SV_IFACE_USER_RESERVE, "commit", parse_user, costs, err)
		       ? -1
		       : 0;
}

int sv_capture_meminfo(struct sv_capture *c, const char *tag, struct safevma_error *err)
{
	return read_costing(c, SV_IFACE_MEMINFO, tag, parse_meminfo,
		"totals of the time when the processes were read", err);
}
