// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slablist.h"

#include "base/error.h"

int sv_slablist_next(
	struct sv_text *t, struct sv_span *name, struct sv_span *target, struct safevma_error *err)
{
	struct sv_span line;

	if (!sv_text_line(t, &line))
		return 0;
	*target = line;
	if (!sv_take_until(target, '\t', name)) {
		*name = line;
		target->len = 0;
	} else if (!target->len) {
		return sv_text_error(t, err, "what a link points to, behind a tab", line);
	}
	if (!name->len)
		return sv_text_error(t, err, "the name of a slab cache", line);
	return 1;
}
