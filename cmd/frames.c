// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_frames;

const struct command command_frames = {
	.name = "frames",
	.summary = "pages of each VMA and the frames behind them",
	.usage = "[OPTION...]",
	.about = "For each stretch of pages: the physical frames, what they are, whether they are "
		 "locked\n"
		 "and exclusive, how often they are mapped, and what lies right below and above.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_SMAPS | OPTIONS_EACH |
		   OPTIONS_TABLES | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_REACH,
	.all_by_default = false,
	.run = run_report,
	.more_help = print_columns,
};
