// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stand-in for replay.c in the recorder, which only writes recordings. */
#include "replay.h"

#include "base/error.h"

int sv_replay_start(safevma_root *root, const char *dir, struct safevma_error *err)
{
	(void)root;
	return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, dir, 0,
		"this program only writes recordings; read them with safevma --root");
}
