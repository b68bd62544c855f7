// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_slab;

static void more_help(const struct command *command)
{
	print_columns(command);
	print_fixed_columns("Columns of settings", "slab-settings");
}

const struct command command_slab = {
	.name = "slab",
	.summary = "caches of the kernel's allocator: sizes, slabs, merging, checks",
	.usage = "[OPTION...]",
	.about = "A row for each cache of the slab allocator, those that take most memory first: "
		 "sizes,\n"
		 "slabs, what nodes and CPUs keep, which caches were merged into one, and which "
		 "checks are\n"
		 "on; then the settings that all of them obey. An overrun starts in an object of "
		 "such a\n"
		 "cache. What a kernel does not show is unknown, never 0.",
	.options = OPTIONS_OUTPUT | OPTIONS_ROOT,
	.needs = SAFEVMA_NEED_SLAB,
	.run = run_report,
	.more_help = more_help,
};
