/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live list of processes, as numbers. */
#ifndef SV_IFACE_PROCLIST_H
#define SV_IFACE_PROCLIST_H

#include "base/strbuf.h"

/* Thread group ids in decimal, one a line. 0, or an errno. */
int sv_proclist(struct sv_strbuf *ret);

#endif
