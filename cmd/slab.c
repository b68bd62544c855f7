// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <unistd.h>

#include "command.h"

extern const struct command command_slab;

static volatile int stop;

/* What is said on standard error is for who sits before it. */
static int tell(const safevma_observation *obs, void *arg)
{
	const struct arguments *args = arg;

	(void)obs;
	if (!args->root.recording && isatty(STDERR_FILENO))
		complain("waiting; Ctrl-C ends it and shows what changed");
	return 0;
}

static int grow(struct arguments *args)
{
	args->request.needs |= SAFEVMA_NEED_SLAB_GROWTH;
	args->request.window.stop = &stop;
	stop_on_signals(&stop);
	args->request.window.each = tell;
	args->request.window.arg = args;
	return run_table("slab-grow", args);
}

/* The column of the selection is shown where there is one. */
static int run(const struct command *command, struct arguments *args)
{
	if (args->request.window.duration_ms && !args->grow) {
		complain("--duration says how long --grow lasts: it goes with it");
		return EXIT_USAGE;
	}
	if (args->grow)
		return grow(args);
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
	print_table_columns("Columns with --grow", "slab-grow");
	print_fixed_columns("Columns of settings", "slab-settings");
}

const struct command command_slab = {
	.name = "slab",
	.summary = "caches of the kernel's allocator: sizes, merging, checks, and what lies beside",
	.usage = "[--grow [--duration TIME]] [OPTION...]",
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
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_HOLD | OPTIONS_SLAB |
		   OPTIONS_WINDOW,
	.needs = SAFEVMA_NEED_SLAB | SAFEVMA_NEED_SLAB_FRAMES,
	.run = run,
	.more_help = more_help,
};
