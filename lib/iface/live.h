/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live system behind a root. */
#ifndef SV_IFACE_LIVE_H
#define SV_IFACE_LIVE_H

#include "root.h"

/* Forks the opener and makes root its client. */
int sv_live_start(
	safevma_root *root, const struct safevma_root_options *options, struct safevma_error *err);

#endif
