// SPDX-License-Identifier: LGPL-2.1-or-later
#include "psi.h"

#include "base/error.h"

/* "12.34": two digits behind the point. */
static bool take_share(struct sv_span *s, struct sv_num *ret)
{
	uint64_t whole, part;
	size_t before;

	if (!sv_take_dec(s, &whole) || whole > 100 || !sv_take_lit(s, "."))
		return false;
	before = s->len;
	if (!sv_take_dec(s, &part) || before - s->len != 2)
		return false;
	*ret = sv_known(whole * 100 + part);
	return true;
}

static bool take_line(struct sv_span s, struct sv_psi_line *ret)
{
	uint64_t total;

	if (!sv_take_lit(&s, " avg10=") || !take_share(&s, &ret->avg10) ||
		!sv_take_lit(&s, " avg60=") || !take_share(&s, &ret->avg60) ||
		!sv_take_lit(&s, " avg300=") || !take_share(&s, &ret->avg300) ||
		!sv_take_lit(&s, " total=") || !sv_take_dec(&s, &total) || s.len)
		return false;
	ret->total_us = sv_known(total);
	return true;
}

int sv_psi_parse(struct sv_text text, struct sv_psi *ret, struct safevma_error *err)
{
	struct sv_psi psi = { 0 };
	struct sv_span line;
	bool any = false;

	while (sv_text_line(&text, &line)) {
		struct sv_span rest = line;
		struct sv_psi_line *to = sv_take_lit(&rest, "some")   ? &psi.some
					 : sv_take_lit(&rest, "full") ? &psi.full
								      : NULL;

		if (!to || !take_line(rest, to))
			return sv_text_error(&text, err,
				"'some avg10=N avg60=N avg300=N total=N' or the same of 'full'",
				line);
		any = true;
	}
	if (!any)
		return sv_text_error(&text, err, "a line 'some' or 'full'", text.rest);
	*ret = psi;
	return 0;
}
