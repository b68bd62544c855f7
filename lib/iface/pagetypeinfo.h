/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/pagetypeinfo begins with the size of a pageblock, pagetypeinfo_show() in mm/vmstat.c:
 *
 *	Page block order: 9
 *	Pages per block:  512
 */
#ifndef SV_IFACE_PAGETYPEINFO_H
#define SV_IFACE_PAGETYPEINFO_H

#include "base/parse.h"

/* Just those two lines. pages is two to the power of order, or the text is malformed. */
int sv_pagetypeinfo_block(
	struct sv_text text, uint64_t *order, uint64_t *pages, struct safevma_error *err);

#endif
