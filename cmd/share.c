// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_share;

static void more_help(const struct command *command)
{
	print_columns(command);
	print_fixed_columns("Columns of descriptors", "descriptors");
	print_fixed_columns("Columns of ways around mappings", "ways");
	print_fixed_columns("Columns of what stands between", "access");
}

const struct command command_share = {
	.name = "share",
	.summary =
		"frames mapped by more than one process, and descriptors that carry memory across",
	.usage = "[OPTION...]",
	.about =
		"Which frames of the selected processes other processes map too, VMA by VMA: "
		"expected\n"
		"(read-only for both, or copied at the first write), outgoing (they read what it\n"
		"writes) or bleeding (they may write it, and --group names those who may). Frames\n"
		"that are mapped more often than all processes account for are unexplained. Then\n"
		"descriptors that carry memory across exec or to others, ways to memory around "
		"its\n"
		"mappings, and what stands between: who may trace, whether there is an IOMMU.\n"
		"One pass over all processes; processes with one memory, as threads have, share\n"
		"nothing.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_EACH | OPTIONS_HOLD |
		   OPTIONS_SHARE,
	.needs = SAFEVMA_NEED_SHARE,
	.run = run_report,
	.more_help = more_help,
};
