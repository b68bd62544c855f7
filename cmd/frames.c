// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_frames;

static int run(const struct command *command, struct arguments *args)
{
	if (!args->request.pfns)
		return run_report(command, args);
	if (selects(args)) {
		complain("--pfn looks for the frames in all processes: it excludes selections");
		return EXIT_USAGE;
	}
	args->request.selection.all = true;
	args->request.needs = SAFEVMA_NEED_OWNERS | SAFEVMA_NEED_SOURCES;
	return run_table("frames-pfn", args);
}

static void more_help(const struct command *command)
{
	print_columns(command);
	print_table_columns("Columns with --pfn", "frames-pfn");
}

const struct command command_frames = {
	.name = "frames",
	.summary = "pages of each VMA and the frames behind them; who maps a frame",
	.usage = "[OPTION...]",
	.about = "For each stretch of pages: the physical frames, what they are, whether they are "
		 "locked\n"
		 "and exclusive, how often they are mapped, and what lies right below and above.\n"
		 "With --pfn the reverse: what these frames are, where, and every page that maps "
		 "them.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_EACH | OPTIONS_TABLES |
		   OPTIONS_PFN | OPTIONS_HOLD | OPTIONS_SOURCES,
	.needs = SAFEVMA_NEED_REACH,
	.all_by_default = false,
	.run = run,
	.more_help = more_help,
};
