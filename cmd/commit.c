// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_commit;

const struct command command_commit = {
	.name = "commit",
	.summary = "what was promised to processes, and what there is to keep it with",
	.usage = "[OPTION...]",
	.about = "The overcommit policy and what it refuses; the budget: the limit as the kernel "
		 "has it and\n"
		 "by its formula, what is promised, and what the kernel's account leaves out "
		 "(secretmem,\n"
		 "huge pages, page tables, slab); then of each process how much it was promised, "
		 "what of\n"
		 "that is there, and what can still fail. The sums are over all processes, "
		 "whichever are\n"
		 "selected. Then what can delay, refuse or kill: stalls (PSI), reclaim, "
		 "watermarks, swap,\n"
		 "settings, limits of control groups with those above them, and who is killed "
		 "first.\n"
		 "--would-fit asks of each selected process whether it would get so much more.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_HOLD | OPTIONS_FIT,
	.needs = SAFEVMA_NEED_COMMIT | SAFEVMA_NEED_PRESSURE,
	.run = run_report,
	.more_help = print_columns,
};
