// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_linear;

static int run(const struct command *command, struct arguments *args)
{
	if (selects(args))
		args->request.needs |= SAFEVMA_NEED_REACH;
	if (args->pools)
		args->request.needs |= SAFEVMA_NEED_POOLS;
	if (args->map)
		args->request.needs |= SAFEVMA_NEED_EXTENTS;
	return run_report(command, args);
}

const struct command command_linear = {
	.name = "linear",
	.summary = "the kernel's address space, coverage of the linear map, protected pools",
	.usage = "[--pools] [--map] [OPTION...]",
	.about = "Walks the whole of the kernel's own page tables: its regions and what is mapped "
		 "there,\n"
		 "how much of RAM the linear map reaches and with which permission, the pools that "
		 "it\n"
		 "does not reach. --pools names who holds secretmem, --map lists every mapping. "
		 "With a\n"
		 "selection of processes, their bytes by reach, VMA by VMA.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_TABLES |
		   OPTIONS_LINEAR | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_KERNEL,
	.run = run,
	.more_help = print_columns,
};
