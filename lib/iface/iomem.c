// SPDX-License-Identifier: LGPL-2.1-or-later
#include "iomem.h"

#include "base/error.h"

/* Two blanks a level; an odd blank is left in the span, where the address is then missing. */
static unsigned int take_level(struct sv_span *s)
{
	unsigned int level = 0;

	while (sv_take_lit(s, "  "))
		level++;
	return level;
}

static bool take_iomem(struct sv_span s, struct sv_iomem_range *r)
{
	r->level = take_level(&s);
	if (!sv_take_hex(&s, &r->start) || !sv_take_lit(&s, "-") || !sv_take_hex(&s, &r->end) ||
		!sv_take_lit(&s, " : "))
		return false;
	r->name = s;
	return r->start <= r->end;
}

int sv_iomem_next(struct sv_text *text, struct sv_iomem_range *ret, struct safevma_error *err)
{
	struct sv_iomem_range r;
	struct sv_span line;

	if (!sv_text_line(text, &line))
		return 0;
	if (!take_iomem(line, &r))
		return sv_text_error(
			text, err, "'START-END : NAME' with START not above END", line);
	*ret = r;
	return 1;
}

bool sv_iomem_is_ram(const struct sv_iomem_range *range)
{
	return !range->level && sv_span_is(range->name, "System RAM");
}

int sv_iomem_hidden(struct sv_text text, bool *ret, struct safevma_error *err)
{
	struct sv_iomem_range r;
	bool hidden = true, any = false;
	int rc;

	while ((rc = sv_iomem_next(&text, &r, err)) > 0) {
		any = true;
		hidden &= !r.start && !r.end;
	}
	if (rc < 0)
		return -1;
	/* No kernel prints an empty one, and "nothing is hidden" must not follow from nothing. */
	if (!any)
		return sv_text_error(&text, err, "a range of addresses", text.rest);
	*ret = hidden;
	return 0;
}

int sv_iomem_shown(struct sv_text text, struct safevma_error *err)
{
	bool hidden;

	if (sv_iomem_hidden(text, &hidden, err))
		return -1;
	if (!hidden)
		return 0;
	return sv_error_set(err, SAFEVMA_E_SYSTEM, 0, text.name, 0,
		"the kernel shows every address as zero: the reader lacks CAP_SYS_ADMIN");
}
