// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>

#include "command.h"

extern const struct command command_probe;

static const char warning[] =
	"--yes: some 1300 pages of secretmem are touched and freed again (5400 where one row has "
	"to "
	"be repeated), at most 4 MiB at a time. On x86 the kernel splits the large pages of its "
	"linear map that they come from (vmstat: direct_map_level2_splits) and does not join them "
	"again before the next boot; that costs some TLB reach, of all processes. Nothing else "
	"stays";

static int run(const struct command *command, struct arguments *args)
{
	struct safevma_probe_request *probe = &args->request.probe;

	probe->names = args->positional.ptr;
	probe->names_count = args->positional.len;
	/*
	 * Experiments need what they are about: mounting a tmpfs of our own, reading kcore for our
	 * own marker, seizing a child. A process that had given up its capabilities could not tell
	 * a refusal by the mechanism from one for want of privilege. What is read is of our own.
	 */
	args->root.drop_privileges = false;
	if (probe->list && !args->report.columns)
		args->report.columns = "CLAIM,NEEDS-YES,STATEMENT,SOURCE";
	if (probe->costly && !probe->list && !args->root.recording)
		complain("%s", warning);
	return run_judgement(command, args, probe->list);
}

const struct command command_probe = {
	.name = "probe",
	.summary = "experiments that settle what this kernel really does: the claims ledger",
	.usage = "[--list] [--yes] [OPTION...] [CLAIM...]",
	.about = "Holds what decks and manual pages say of Linux memory against this very kernel,\n"
		 "by experiments on memory and files of its own. fail means that an observation "
		 "here\n"
		 "refutes the claim, pass that it holds as far as the experiment goes. Many "
		 "claims\n"
		 "of the ledger are known to be wrong: exit status 2 is usual. Without --yes what\n"
		 "would touch secretmem is unknown. Keeps its privileges while it runs.",
	.options = OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_PROBE,
	.needs = SAFEVMA_NEED_PROBE,
	.judges = true,
	.positional = 256,
	.run = run,
	.more_help = print_columns,
};
