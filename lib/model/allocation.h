/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages were allocated for, by the functions that did it. */
#ifndef SV_MODEL_ALLOCATION_H
#define SV_MODEL_ALLOCATION_H

#include "iface/page_owner.h"
#include "source.h"

struct sv_allocation {
	enum sv_holder_kind kind;
	/* Who asked for it: the first function that is none of an allocator's; may be empty. */
	struct sv_span who;
};

/*
 * Names of functions are the kernel's and change: one that is not known is some part of the kernel
 * that took pages itself. What was allocated before page_owner began tells nothing.
 */
struct sv_allocation sv_allocation_of(const struct sv_page_owner *record);

#endif
