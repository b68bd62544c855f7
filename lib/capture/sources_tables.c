// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel's page tables say of frames: those that are mapped outside the linear map too are
 * used at that address, in areas with guard pages around them.
 */
#include "base/error.h"
#include "kernel.h"
#include "sources.h"

static int ranges_of(const struct sv_holdings *h, struct sv_frame_range **ret, size_t *n)
{
	struct sv_frame_range *r = calloc(h->each.len, sizeof(*r));

	if (!r)
		return -1;
	*ret = r;
	*n = 0;
	for (size_t i = 0; i < h->each.len; i++) {
		uint64_t pfn = h->each.ptr[i].pfn;

		if (*n && r[*n - 1].first + r[*n - 1].count == pfn)
			r[*n - 1].count++;
		else
			r[(*n)++] = (struct sv_frame_range) { pfn, 1 };
	}
	return 0;
}

/*
 * The kernel image keeps mappings of init memory that was freed, and fixmaps linger: they say
 * nothing of who has the frame.
 */
static enum sv_holder_kind kind_of(enum sv_kzone zone)
{
	return zone == SV_KZONE_VMALLOC	  ? SV_HELD_VMALLOC
	       : zone == SV_KZONE_MODULES ? SV_HELD_MODULE
					  : SV_HELD_UNKNOWN;
}

static void say_mapped(struct sv_holdings *h, const struct sv_kernelmap *map, uint64_t pfn)
{
	struct sv_holding what = { .pfn = pfn,
		.basis = SV_HELD_BY_TABLES,
		.name = SV_NO_NAME,
		.detail = SV_NO_NAME,
		.head = pfn,
		.order = -1 };
	const struct sv_kmapping *m;
	size_t at = 0;

	while ((m = sv_kernelmap_other(map, pfn, &at))) {
		what.kind = kind_of(m->zone);
		if (what.kind != SV_HELD_UNKNOWN) {
			sv_holdings_say(h, &what);
			return;
		}
	}
}

int sv_sources_kernel_tables(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err)
{
	sv_auto_free struct sv_frame_range *ranges = NULL;
	struct sv_kernelmap map = { 0 };
	struct safevma_error why;
	size_t n;
	int rc;

	(void)flags;
	if (c->request->page_tables == SAFEVMA_PAGE_TABLES_NONE || !h->each.len ||
		sv_source_unwanted(c, SV_IFACE_KCORE))
		return 0;
	if (ranges_of(h, &ranges, &n))
		return sv_error_nomem(err);
	rc = sv_capture_lookup(c, ranges, n, ranges, n, "sources", &map, &why, err);
	if (rc > 0 && map.others_known)
		for (size_t i = 0; i < h->each.len; i++)
			say_mapped(h, &map, h->each.ptr[i].pfn);
	else if (!rc)
		rc = sv_gap_add_cost(c->obs, SV_IFACE_KCORE, 0, &why, false,
			"which sources are mapped by vmalloc", err);
	sv_kernelmap_fini(&map);
	return rc < 0 ? -1 : 0;
}
