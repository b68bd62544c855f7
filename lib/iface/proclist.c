// SPDX-License-Identifier: LGPL-2.1-or-later
/* With libproc2 (procps-ng 4). proclist_libc.c is the same for the recorder. */
#include "proclist.h"

#include <errno.h>
#include <libproc2/pids.h>

/* PIDS_VAL lost an argument in 4.0.7: the value is reached by its place among our items. */
#define FIRST_VALUE(stack, type) ((stack)->head[0].result.type)

static void unref(struct pids_info **info)
{
	if (*info)
		procps_pids_unref(info);
}

int sv_proclist(struct sv_strbuf *ret)
{
	enum pids_item items[] = { PIDS_ID_TGID };
	sv_cleanup(unref) struct pids_info *info = NULL;
	struct pids_stack *s;
	int rc = procps_pids_new(&info, items, 1);

	if (rc < 0)
		return -rc;
	errno = 0;
	while ((s = procps_pids_get(info, PIDS_FETCH_TASKS_ONLY)))
		if (sv_strbuf_printf(ret, "%d\n", FIRST_VALUE(s, s_int)))
			return ENOMEM;
	return 0;
}
