// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole of the kernel's page tables, and what the frames are that the linear map lacks. */
#include "base/error.h"
#include "iface/kpage.h"
#include "kernel.h"

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

int sv_capture_linear(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why = { 0 };
	int rc;

	if (c->request->page_tables == SAFEVMA_PAGE_TABLES_NONE)
		return 0;
	rc = sv_capture_whole_kernel(c, "kernel", &c->obs->kernel, &why, err);
	if (rc > 0)
		return read_pools(c, err);
	return rc < 0 ? -1
		      : sv_gap_add_cost(c->obs, SV_IFACE_KCORE, 0, &why, true,
				"coverage of the linear map, its holes, other kernel mappings",
				err);
}
