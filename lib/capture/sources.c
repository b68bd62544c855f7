// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which frames are asked about, and the providers in turn. */
#include "sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "iface/kpage.h"

struct numbers {
	uint64_t *ptr;
	size_t len, cap;
};

bool sv_source_unwanted(const struct sv_capture *c, enum sv_iface iface)
{
	for (size_t i = 0; i < c->request->without_count; i++)
		if (!strcmp(c->request->without[i], sv_iface_info(iface)->name))
			return true;
	return false;
}

/* Without kcore neither page tables nor struct pages are read. */
int sv_sources_check(const struct safevma_request *request, struct safevma_error *err)
{
	static const enum sv_iface known[] = { SV_IFACE_PAGE_OWNER, SV_IFACE_KCORE, SV_IFACE_BTF,
		SV_IFACE_IOMEM };

	for (size_t i = 0; i < request->without_count; i++) {
		bool found = false;

		for (size_t k = 0; k < sv_array_size(known); k++)
			found |= !strcmp(request->without[i], sv_iface_info(known[k])->name);
		if (!found)
			return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
				"expected an interface that tells who has a frame (page_owner, "
				"kcore, btf, iomem), got '%s'",
				request->without[i]);
	}
	return 0;
}

/* ---- which frames ---------------------------------------------------------------------------- */

static int add(struct numbers *list, uint64_t pfn)
{
	uint64_t *slot = sv_vec_push(list);

	if (!slot)
		return -1;
	*slot = pfn;
	return 0;
}

static bool is_source(enum sv_class class)
{
	enum sv_source s = sv_class_info(class)->source;

	return s == SV_SOURCE_STRONG || s == SV_SOURCE_UNCLASSIFIED;
}

/* Those beside the frames of a process that may be sources; asked: those frames themselves too. */
static int collect(struct numbers *list, const struct sv_frame_index *frames, bool asked)
{
	for (size_t i = 0; i < frames->len; i++) {
		struct sv_frame f = sv_frames_at(frames, i);

		if (is_source(f.below) && f.pfn && add(list, f.pfn - 1))
			return -1;
		if (asked && is_source(sv_frames_class(frames, i)) && add(list, f.pfn))
			return -1;
		if (is_source(f.above) && add(list, f.pfn + 1))
			return -1;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void settle(struct numbers *list)
{
	size_t out = 0;

	if (!list->len)
		return;
	qsort(list->ptr, list->len, sizeof(*list->ptr), by_number);
	for (size_t i = 1; i < list->len; i++)
		if (list->ptr[i] != list->ptr[out])
			list->ptr[++out] = list->ptr[i];
	list->len = out + 1;
}

static int collect_all(struct sv_capture *c, struct numbers *list)
{
	safevma_observation *obs = c->obs;

	for (size_t i = 0; i < obs->processes.len; i++)
		if (obs->processes.ptr[i].selected &&
			collect(list, &obs->processes.ptr[i].frames, false))
			return -1;
	if (collect(list, &obs->target.frames, true))
		return -1;
	settle(list);
	return 0;
}

/* ---- their flags, before and after ----------------------------------------------------------- */

enum { GAP = 32, RUN = 1024 }; /* frames between two that are read with them; at most at once */

#define NOT_THERE UINT64_MAX /* no flags of a frame */

/*
 * A recording holds the frames that were asked about while it was made. By another of its readings
 * of the same frame another one may be beside it: that became another one meanwhile.
 */
static int read_one_by_one(struct sv_file *f, const uint64_t *pfns, size_t n, uint64_t *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = sv_capture_flags(f, pfns[i], 1, &ret[i], why, err);

		if (rc < 0 || (!rc && why->code != SAFEVMA_E_NOT_RECORDED))
			return rc;
		if (!rc)
			ret[i] = NOT_THERE;
	}
	return 1;
}

static int read_run(struct sv_file *f, const uint64_t *pfns, size_t n, uint64_t *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	uint64_t words[RUN];
	int rc = sv_capture_flags(f, pfns[0], (size_t)(pfns[n - 1] - pfns[0] + 1), words, why, err);

	for (size_t i = 0; i < n && rc > 0; i++)
		ret[i] = words[pfns[i] - pfns[0]];
	return rc || why->code != SAFEVMA_E_NOT_RECORDED
		       ? rc
		       : read_one_by_one(f, pfns, n, ret, why, err);
}

/* 1, 0 with *why, -1. */
static int read_flags(struct sv_capture *c, const struct numbers *list, const char *tag,
	uint64_t *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	int rc = 1;

	if (sv_root_open(c->root, &place, &f, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	for (size_t i = 0, end; i < list->len && rc > 0; i = end) {
		for (end = i + 1; end < list->len && list->ptr[end] - list->ptr[end - 1] <= GAP &&
				  list->ptr[end] - list->ptr[i] < RUN;
			end++)
			;
		rc = read_run(f, list->ptr + i, end - i, ret + i, why, err);
	}
	return rc;
}

/* Of those there is nothing to say. */
static void leave_out(struct numbers *list, uint64_t *flags)
{
	size_t out = 0;

	for (size_t i = 0; i < list->len; i++)
		if (flags[i] != NOT_THERE) {
			list->ptr[out] = list->ptr[i];
			flags[out++] = flags[i];
		}
	list->len = out;
}

static void note_flags(struct sv_holdings *h, const uint64_t *flags)
{
	for (size_t i = 0; i < h->each.len; i++)
		h->each.ptr[i].flags = flags[i];
}

/* What was said of a frame that became another one meanwhile is said of neither. */
static void forget_changed(struct sv_holdings *h, const uint64_t *before, const uint64_t *after)
{
	for (size_t i = 0; i < h->each.len; i++)
		if (before[i] != after[i])
			h->each.ptr[i] = (struct sv_holding) { .pfn = h->each.ptr[i].pfn,
				.head = h->each.ptr[i].pfn,
				.order = -1,
				.name = SV_NO_NAME,
				.detail = SV_NO_NAME,
				.changed = true };
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int no_flags(
	struct sv_capture *c, const struct safevma_error *why, struct safevma_error *err)
{
	return sv_gap_add_cost(
		c->obs, SV_IFACE_KPAGEFLAGS, 0, why, false, "who has the frames beside", err);
}

static int ask(struct sv_capture *c, struct numbers *list, uint64_t *before, uint64_t *after,
	struct safevma_error *err)
{
	static const struct {
		int (*fn)(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
			struct safevma_error *err);
	} providers[] = {
		{ sv_sources_iomem },
		{ sv_sources_kernel_tables },
		{ sv_sources_struct_page },
		{ sv_sources_page_owner },
	};
	struct sv_holdings *h = &c->obs->holdings;
	struct safevma_error why;
	int rc = read_flags(c, list, "sources.before", before, &why, err);

	if (rc <= 0)
		return rc ? -1 : no_flags(c, &why, err);
	leave_out(list, before);
	if (sv_holdings_init(h, list->ptr, list->len))
		return sv_error_nomem(err);
	for (size_t i = 0; i < sv_array_size(providers); i++)
		if (providers[i].fn(c, h, before, err))
			return -1;
	rc = read_flags(c, list, "sources.after", after, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		memset(after, 0xff, list->len * sizeof(*after));
	note_flags(h, before);
	forget_changed(h, before, after);
	h->made = true;
	return rc ? 0 : no_flags(c, &why, err);
}

int sv_capture_sources(struct sv_capture *c, struct safevma_error *err)
{
	sv_auto_free uint64_t *before = NULL, *after = NULL;
	struct numbers list = { 0 };
	int rc = collect_all(c, &list) ? sv_error_nomem(err) : 0;

	if (!rc && list.len) {
		before = calloc(list.len, sizeof(*before));
		after = calloc(list.len, sizeof(*after));
		rc = before && after ? ask(c, &list, before, after, err) : sv_error_nomem(err);
	} else if (!rc) {
		c->obs->holdings.made = true;
	}
	sv_vec_fini(&list);
	return rc;
}
