// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/smaps.h"

static void check(struct sv_text text, const struct sv_smaps_entry *e)
{
	promise(e->vma.start < e->vma.end);
	promise_line(text, e->vma.path);
	promise_line(text, e->flags_text);
	promise(e->flags.value < SV_VMFLAG_UNNAMED << 1);
	promise(e->flags.known || !e->flags_text.len);
	promise_kb(e->size);
	promise_kb(e->rss);
	promise_kb(e->pss);
	promise_kb(e->locked);
	promise_kb(e->private_hugetlb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text, heads = text;
	struct safevma_error err = { 0 };
	struct sv_smaps_entry e;
	struct sv_maps_entry head;
	struct sv_span line;
	int rc;

	while ((rc = sv_smaps_next(&t, &e, &err)) == 1) {
		check(text, &e);
		/* No VMA gets lost: each entry is the next line that looks like one. */
		do
			promise(sv_text_line(&heads, &line));
		while (!sv_maps_parse_line(line, &head));
		promise(head.start == e.vma.start && head.end == e.vma.end);
	}
	if (rc < 0) {
		promise_error(text, &err);
		return 0;
	}
	promise(!t.rest.len);
	while (sv_text_line(&heads, &line))
		promise(!sv_maps_parse_line(line, &head));
	return 0;
}
