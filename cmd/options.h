/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between options.c, which has the table, and values.c, which reads what options are given. */
#ifndef SV_CMD_OPTIONS_H
#define SV_CMD_OPTIONS_H

#include "command.h"

/* Options without a letter. */
enum {
	OPT_COMM = 256,
	OPT_EXE,
	OPT_CGROUP,
	OPT_UNIT,
	OPT_CRITICAL,
	OPT_NDJSON,
	OPT_SORT,
	OPT_COLOR,
	OPT_ROOT,
	OPT_RECORD,
	OPT_NO_SMAPS,
	OPT_EACH,
	OPT_RECONCILE,
	OPT_REDACT,
	OPT_LEAN,
	OPT_PAGE_TABLES,
	OPT_ALIASES,
	OPT_POOLS,
	OPT_MAP,
	OPT_PROBE,
	OPT_LIST,
	OPT_YES,
	OPT_PFN,
	OPT_SAMPLE,
	OPT_MAX_HOLD,
	OPT_JOBS,
	OPT_DURATION,
	OPT_INTERVAL,
	OPT_EXPECT_SETTLED,
	OPT_WATCH,
	OPT_UNTIL_FAULT,
	OPT_WITHOUT,
	OPT_WOULD_FIT,
	OPT_RANGE,
	OPT_ZOOM,
	OPT_SVG,
	OPT_GROUP,
	OPT_GROW,
};

/* What the option sets, from its value. -1 to go on, else an exit status: a message was printed. */
int option_apply(struct arguments *args, const struct option_info *option, const char *value);

int words_add(struct words *words, const char *word);
bool color_by_itself(void);

#endif
