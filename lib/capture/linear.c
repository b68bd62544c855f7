// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole of the kernel's page tables, and what the frames are that the linear map lacks. */
#include <stdio.h>

#include "base/error.h"
#include "iface/iomem.h"
#include "iface/kpage.h"
#include "dump.h"

enum { WORDS = 8192 };

static void count_pools(struct sv_capture *c, const uint64_t *words, size_t n)
{
	const struct sv_system *s = &c->obs->system;

	for (size_t i = 0; i < n; i++) {
		struct sv_frame f = { .flags = words[i], .known = SV_FRAME_FLAGS };

		c->obs->kernel.pool_frames[sv_pool_of(
			sv_class_of(&f), s->debug_pagealloc.value, s->kfence.value)]++;
	}
}

static int explain_extent(struct sv_capture *c, struct sv_file *f, const struct sv_linear_extent *x,
	uint64_t *words, struct safevma_error *why, struct safevma_error *err)
{
	for (uint64_t at = 0; at < x->frames; at += WORDS) {
		size_t n = x->frames - at < WORDS ? (size_t)(x->frames - at) : WORDS;
		int rc = sv_capture_flags(f, x->pfn + at, n, words, why, err);

		if (rc <= 0)
			return rc;
		count_pools(c, words, n);
	}
	return 1;
}

static int explain_absent(struct sv_capture *c, struct sv_file *f, struct safevma_error *why,
	struct safevma_error *err)
{
	const struct sv_linear_extents *list = &c->obs->kernel.map.linear;
	sv_auto_free uint64_t *words = malloc(WORDS * sizeof(*words));
	int rc = words ? 1 : sv_error_nomem(err);

	for (size_t i = 0; i < list->len && rc > 0; i++)
		if (list->ptr[i].alias == SV_ALIAS_ABSENT)
			rc = explain_extent(c, f, &list->ptr[i], words, why, err);
	return rc;
}

static int read_pools(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = "pools" };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	int rc;

	if (sv_root_open(c->root, &place, &f, &why))
		rc = sv_error_fatal(&why) ? sv_error_pass(err, &why) : 0;
	else
		rc = explain_absent(c, f, &why, err);
	c->obs->kernel.pools_known = rc > 0;
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true,
		"what the frames are that the linear map lacks", err);
}

enum { RECHECKS = 3 };

/* Frames that are undecided now are not in the new list: the old one stays, to look once more. */
static void take_over(struct sv_comparison *k, struct sv_comparison *again)
{
	k->changed += k->differ - again->differ - again->undecided;
	k->differ = again->differ + again->undecided;
	if (again->undecided)
		return;
	sv_comparison_fini(k);
	k->where = again->where;
	again->where.ptr = NULL;
}

/*
 * Frames that differ are looked at again, they alone: our own memory and the kernel's buffers come
 * and go while the whole is read, and take the same frames again. A misread entry stays misread.
 */
static int recheck(
	struct sv_capture *c, int round, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_comparison *k = &c->obs->kernel.compared, again = { 0 };
	struct sv_kernelmap before = { 0 }, between = { 0 }, after = { 0 };
	const struct sv_frame_range *list = k->where.ptr;
	sv_auto_file struct sv_file *keep = NULL;
	size_t n = k->where.len;
	char tag[40];
	int rc;

	snprintf(tag, sizeof(tag), "kernel-again-%d", round);
	rc = sv_capture_lookup(c, list, n, NULL, 0, tag, &before, why, err);
	if (rc > 0)
		rc = sv_capture_dump(c, list, n, tag, &keep, &between, why, err);
	snprintf(tag, sizeof(tag), "kernel-again-%d-after", round);
	if (rc > 0)
		rc = sv_capture_lookup(c, list, n, NULL, 0, tag, &after, why, err);
	if (rc > 0 && sv_kernelmap_compare(&before, &between, &after, &again))
		rc = sv_error_nomem(err);
	if (rc > 0 && again.differ + again.undecided < k->differ)
		take_over(k, &again);
	sv_comparison_fini(&again);
	sv_kernelmap_fini(&before);
	sv_kernelmap_fini(&between);
	sv_kernelmap_fini(&after);
	return rc;
}

/* Two walks with the dump between them: what changed meanwhile is told from what differs. */
static int compare_dump(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_kernel_view *k = &c->obs->kernel;
	const struct sv_linear_extents *l = &k->map.linear;
	struct sv_kernelmap dump = { 0 }, first = k->map;
	struct sv_frame_range all = { 0 };
	sv_auto_file struct sv_file *keep = NULL;
	struct safevma_error why;
	int rc;

	if (l->len)
		all.count = l->ptr[l->len - 1].pfn + l->ptr[l->len - 1].frames;
	rc = sv_capture_dump(c, &all, 1, "kernel-dump", &keep, &dump, &why, err);
	if (rc > 0) {
		k->map = (struct sv_kernelmap) { 0 };
		rc = sv_capture_whole_kernel(c, "kernel-second", k, &why, err);
		if (rc > 0 && sv_kernelmap_compare(&first, &dump, &k->map, &k->compared))
			rc = sv_error_nomem(err);
		if (rc > 0)
			sv_kernelmap_fini(&first);
		else
			k->map = first;
	}
	sv_kernelmap_fini(&dump);
	for (int i = 1; i <= RECHECKS && rc > 0 && k->compared.differ; i++)
		rc = recheck(c, i, &why, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(c->obs, sv_dump_iface(c), 0, &why, true,
		"the comparison of two sources of page tables", err);
}

static int tell_difference(struct sv_capture *c, struct safevma_error *err)
{
	const struct sv_comparison *k = &c->obs->kernel.compared;
	struct safevma_error why;

	if (!k->differ)
		return 0;
	sv_error_set(&why, SAFEVMA_E_FORMAT, 0, NULL, 0,
		"the walk through kcore and the dump contradict each other on %llu of %llu "
		"frames, first on frame 0x%llx: one of them is misread",
		(unsigned long long)k->differ, (unsigned long long)k->frames,
		(unsigned long long)(k->where.len ? k->where.ptr[0].first : 0));
	return sv_gap_add_cost(
		c->obs, sv_dump_iface(c), 0, &why, true, "trust in observed reach", err);
}

/* 1; 0 with *why: a list that is hidden or not understood is none; -1. */
static int ram_of(struct sv_kernel_view *k, struct sv_text t, struct safevma_error *why,
	struct safevma_error *err)
{
	struct sv_iomem_range r;
	int rc;

	if (sv_iomem_shown(t, why))
		return 0;
	while ((rc = sv_iomem_next(&t, &r, why)) > 0) {
		struct sv_kcore_segment *s;

		if (!sv_iomem_is_ram(&r))
			continue;
		s = sv_vec_push(&k->kcore.segments);
		if (!s)
			return sv_error_nomem(err);
		*s = (struct sv_kcore_segment) { .vaddr = r.start + k->map.delta,
			.paddr = r.start,
			.size = r.end - r.start + 1,
			.has_paddr = true };
	}
	return !rc;
}

/* What kcore lists otherwise. */
static int list_ram(struct sv_capture *c, struct sv_kernel_view *k, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_IOMEM, .tag = "kernel-ram" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc > 0)
		rc = ram_of(k, sv_text_init(text.ptr, text.len, "/proc/iomem"), &why, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_gap_add_cost(
		c->obs, SV_IFACE_IOMEM, 0, &why, true, "coverage of the linear map", err);
}

/* Of a dump the linear map alone is taken over. */
static int tell_limits(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"of a dump of page tables only the linear map is looked at");
	return sv_gap_add_cost(c->obs, sv_dump_iface(c), 0, &why, false,
		"regions of the kernel's address space, other kernel mappings", err);
}

/* RAM by the dump alone: without kcore the frames that there are follow from iomem. */
static int whole_dump(struct sv_capture *c, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_kernel_view *k = &c->obs->kernel;
	struct sv_frame_range all = { 0, UINT64_C(1) << 40 };
	int rc = sv_capture_dump(c, &all, 1, "kernel-dump", NULL, &k->map, why, err);

	if (rc > 0 && (list_ram(c, k, err) || tell_limits(c, err)))
		return -1;
	k->known = rc > 0;
	k->source = sv_iface_info(sv_dump_iface(c))->name;
	k->pg.page_shift = k->map.page_shift;
	return rc;
}

static int whole(struct sv_capture *c, struct safevma_error *why, struct safevma_error *err)
{
	enum safevma_page_tables source = c->request->page_tables;
	struct safevma_error second;
	int rc;

	if (source == SAFEVMA_PAGE_TABLES_DUMP)
		return whole_dump(c, why, err);
	rc = sv_capture_whole_kernel(c, "kernel", &c->obs->kernel, why, err);
	if (rc > 0 && source == SAFEVMA_PAGE_TABLES_BOTH)
		return compare_dump(c, err) || tell_difference(c, err) ? -1 : 1;
	if (rc || source != SAFEVMA_PAGE_TABLES_AUTO || !sv_is_gone(why))
		return rc;
	return whole_dump(c, &second, err);
}

int sv_capture_linear(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why = { 0 };
	int rc;

	if (c->request->page_tables == SAFEVMA_PAGE_TABLES_NONE)
		return sv_gap_add_standing(c->obs, SV_IFACE_KCORE,
			"the kernel's page tables were not to be read (--page-tables none)",
			"coverage of the linear map, its holes, other kernel mappings", err);
	rc = whole(c, &why, err);
	if (rc > 0)
		return read_pools(c, err);
	if (rc < 0)
		return -1;
	return sv_capture_tables_gap(
		c, &why, "coverage of the linear map, its holes, other kernel mappings", err);
}
