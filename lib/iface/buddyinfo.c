// SPDX-License-Identifier: LGPL-2.1-or-later
#include "buddyinfo.h"

#include "base/error.h"

static bool take_head(struct sv_span *s, struct sv_buddy_zone *z)
{
	if (!sv_take_lit(s, "Node ") || !sv_take_dec(s, &z->node) || !sv_take_lit(s, ", zone "))
		return false;
	sv_skip_blanks(s);
	return sv_take_word(s, &z->name);
}

static bool take_counts(struct sv_span s, struct sv_buddy_zone *z)
{
	struct sv_span word;

	for (sv_skip_blanks(&s); sv_take_word(&s, &word); sv_skip_blanks(&s))
		if (z->orders == SV_BUDDY_ORDERS || !sv_take_dec(&word, &z->free[z->orders++]) ||
			word.len)
			return false;
	return z->orders > 0;
}

int sv_buddyinfo_next(struct sv_text *text, struct sv_buddy_zone *ret, struct safevma_error *err)
{
	struct sv_buddy_zone z = { 0 };
	struct sv_span line, s;

	if (!sv_text_line(text, &line))
		return 0;
	s = line;
	if (!take_head(&s, &z) || !take_counts(s, &z))
		return sv_text_error(text, err, "'Node N, zone NAME COUNT...'", line);
	*ret = z;
	return 1;
}
