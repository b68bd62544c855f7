// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_kernel;

static void more_help(const struct command *command)
{
	print_columns(command);
	print_fixed_columns("Columns of known issues", "issues");
}

const struct command command_kernel = {
	.name = "kernel",
	.summary = "what the kernel's settings mean for accidental corruption and determinism",
	.usage = "[OPTION...]",
	.about = "What the running kernel's configuration, boot parameters, sysctls and files of "
		 "its state\n"
		 "mean for corruption by accident, for determinism, for what happens after a fault "
		 "and for\n"
		 "who else reaches memory. The state at run time counts before the command line, "
		 "and that\n"
		 "before the configuration; NOTE tells where they contradict. What none of them "
		 "tells is\n"
		 "unknown, never off. In each group what is not as advised comes first. Then known "
		 "issues.\n"
		 "Exits with 3 when a row is unknown.",
	.options = OPTIONS_OUTPUT | OPTIONS_ROOT,
	.needs = SAFEVMA_NEED_HARDENING,
	.run = run_report,
	.more_help = more_help,
};
