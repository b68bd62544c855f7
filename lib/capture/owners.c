// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The reverse question: what given frames are. Which pages map them is found by the rounds over all
 * processes, which keep no other pages then; here the frames themselves are read. Their flags are
 * in every recording of a whole machine, with those of its pass over all frames.
 */
#include <stdio.h>

#include "base/error.h"
#include "capture.h"

static int index_range(const struct safevma_request *q, struct sv_frame_index *ret)
{
	uint64_t *room = sv_frames_room(ret, (size_t)q->pfns);

	if (!room)
		return -1;
	for (uint64_t i = 0; i < q->pfns; i++)
		room[i] = q->first_pfn + i;
	return sv_frames_settle(ret, (size_t)q->pfns);
}

int sv_capture_owners(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_process *target = &c->obs->target;
	struct sv_kpages k = { 0 };
	int rc;

	if (index_range(c->request, &target->frames) ||
		sv_exposure_init(&c->obs->exposure, &c->obs->zones))
		return sv_error_nomem(err);
	rc = sv_capture_frames_open(c, &k, "all", "target", err) ||
			     sv_capture_frames_refill(c, &k, target, err) ||
			     (k.flags && sv_capture_around(c, k.flags, &target->frames, err)) ||
			     sv_capture_reach(c, target, "target", err)
		     ? -1
		     : 0;
	sv_capture_frames_close(&k);
	return rc;
}
