// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_maps;

const struct command command_maps = {
	.name = "maps",
	.summary = "VMAs of a process: residency, locking, reach, neighbours",
	.usage = "[OPTION...]",
	.about = "For each VMA: what is resident, absent and locked, what the kernel's linear map "
		 "reaches,\n"
		 "and how many frames have kernel memory right beside them. Without a selection "
		 "the\n"
		 "critical processes are taken.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_SMAPS | OPTIONS_TABLES |
		   OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_REACH | SAFEVMA_NEED_SMAPS,
	.all_by_default = false,
	.run = run_report,
	.more_help = print_columns,
};
