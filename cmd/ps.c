// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_ps;

const struct command command_ps = {
	.name = "ps",
	.summary = "processes, critical ones first, one line each",
	.usage = "[OPTION...]",
	.about = "Lists processes and what makes them critical: a real-time scheduling class, "
		 "locked\n"
		 "memory, exemption from the OOM killer, secretmem. Kernel threads and safevma "
		 "itself\n"
		 "are left out.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT,
	.needs = SAFEVMA_NEED_PROCESSES,
	.all_by_default = true,
	.run = run_report,
	.more_help = print_columns,
};
