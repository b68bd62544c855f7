// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_slab;

/* The column of the selection is shown where there is one. */
static int run(const struct command *command, struct arguments *args)
{
	if (selects(args)) {
		args->request.needs |= SAFEVMA_NEED_PAGES;
		if (!args->report.columns)
			args->report.columns = "+SELECTED";
	}
	return run_table(command->name, args);
}

static void more_help(const struct command *command)
{
	print_columns(command);
	print_fixed_columns("Columns of slab memory", "slab-frames");
	print_fixed_columns("Columns of settings", "slab-settings");
}

const struct command command_slab = {
	.name = "slab",
	.summary = "caches of the kernel's allocator: sizes, merging, checks, and what lies beside",
	.usage = "[OPTION...]",
	.about = "A row for each cache of the slab allocator: sizes, slabs, what nodes and CPUs "
		 "keep, which\n"
		 "caches were merged into one, which checks are on, and where its frames stand: "
		 "pageblocks,\n"
		 "those shared with memory of processes, and edges to such memory and to page "
		 "tables, where\n"
		 "an overrun would land. Those with most edges come first; where the kernel's "
		 "struct pages\n"
		 "cannot be read, those with most memory. Then all slab memory by what is told of "
		 "it, and\n"
		 "the settings that all caches obey. What a kernel does not show is unknown, never "
		 "0.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_SLAB | SAFEVMA_NEED_SLAB_FRAMES,
	.run = run,
	.more_help = more_help,
};
