/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording behind a root: answers what was recorded, and says of all else that it was not. */
#ifndef SV_IFACE_REPLAY_H
#define SV_IFACE_REPLAY_H

#include "root.h"

int sv_replay_start(safevma_root *root, const char *dir, struct safevma_error *err);

#endif
