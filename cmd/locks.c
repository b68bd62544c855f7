// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_locks;

static int run(const struct command *command, struct arguments *args)
{
	return args->report.each ? run_table("locks-each", args) : run_report(command, args);
}

static void more_help(const struct command *command)
{
	print_columns(command);
	print_table_columns("Columns with --each", "locks-each");
	print_table_columns("Columns of the stacks of threads", "stacks");
}

const struct command command_locks = {
	.name = "locks",
	.summary = "resident, locked, lazy, to be copied: what can still fault, and why",
	.usage = "[OPTION...]",
	.about = "\"Locked\" is several properties: for each VMA what is there, what is locked by "
		 "its "
		 "flag and\n"
		 "what by its frames, and, as the last column, what can still fault and why. "
		 "Behind it the\n"
		 "stacks of the threads with their guards. With --each the pages themselves, in "
		 "runs of\n"
		 "one state.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_SMAPS | OPTIONS_EACH |
		   OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_LOCKS,
	.run = run,
	.more_help = more_help,
};
