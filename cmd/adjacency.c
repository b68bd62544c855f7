// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_adjacency;

const struct command command_adjacency = {
	.name = "adjacency",
	.summary = "frames with kernel memory right beside them; exposure of the machine",
	.usage = "[OPTION...]",
	.about = "Lists each edge: a frame of the process with a source of overruns at the next "
		 "lower frame\n"
		 "(over) or the next higher one (under), what the source is, and what an overrun "
		 "would\n"
		 "do. The truth lies between the strong edges and strong + unclassified. One pass "
		 "over\n"
		 "all frames says of the whole machine, zone by zone, how near memory of "
		 "processes and\n"
		 "page tables lie to such sources, and how chance would have it.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_TABLES |
		   OPTIONS_EXPOSURE | OPTIONS_HOLD | OPTIONS_SOURCES,
	.needs = SAFEVMA_NEED_REACH | SAFEVMA_NEED_EXPOSURE | SAFEVMA_NEED_SOURCES,
	.all_by_default = false,
	.run = run_report,
	.more_help = print_columns,
};
