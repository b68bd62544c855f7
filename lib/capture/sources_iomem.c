// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the physical address map says of frames: the kernel's own text and data. */
#include <string.h>

#include "base/error.h"
#include "iface/iomem.h"
#include "sources.h"

static bool of_kernel(struct sv_span name)
{
	return name.len > 7 && !memcmp(name.ptr, "Kernel ", 7);
}

/* Frames that lie in a range as a whole: at its ends others may begin. */
static int say_range(struct sv_capture *c, struct sv_holdings *h, const struct sv_iomem_range *r)
{
	uint64_t size = c->obs->host.page_size;
	struct sv_holding what = {
		.kind = SV_HELD_IMAGE, .basis = SV_HELD_BY_IOMEM, .detail = SV_NO_NAME, .order = -1
	};

	what.name = sv_holdings_name(h, r->name.ptr, r->name.len);
	if (what.name == SV_NO_NAME)
		return -1;
	for (size_t i = 0; i < h->each.len; i++) {
		uint64_t pfn = h->each.ptr[i].pfn;

		if (pfn < (r->start + size - 1) / size || pfn >= (r->end + 1) / size)
			continue;
		what.pfn = what.head = pfn;
		sv_holdings_say(h, &what);
	}
	return 0;
}

int sv_sources_iomem(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_IOMEM, .tag = "sources" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_iomem_range r;
	struct sv_text t;
	int rc;

	(void)flags;
	if (sv_source_unwanted(c, SV_IFACE_IOMEM) || !h->each.len)
		return 0;
	rc = sv_capture_text(c, &place, &text, &why, err);
	if (rc < 0)
		return -1;
	t = sv_text_init(text.ptr, text.len, "iomem");
	if (!rc || sv_iomem_shown(t, &why))
		return sv_gap_add_cost(c->obs, SV_IFACE_IOMEM, 0, &why, false,
			"which sources are the kernel's own image", err);
	while ((rc = sv_iomem_next(&t, &r, &why)) > 0)
		if (of_kernel(r.name) && say_range(c, h, &r))
			return sv_error_nomem(err);
	return rc ? sv_gap_add(c->obs, SV_IFACE_IOMEM, 0, &why, false, err) : 0;
}
