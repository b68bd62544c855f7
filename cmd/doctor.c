// SPDX-License-Identifier: LGPL-2.1-or-later
#include "command.h"

extern const struct command command_doctor;

static int run(const struct command *command, struct arguments *args)
{
	if (args->reconcile)
		args->request.needs |=
			SAFEVMA_NEED_RECONCILE | SAFEVMA_NEED_FRAMES | SAFEVMA_NEED_SMAPS;
	return run_report(command, args);
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "what can be seen here, what each missing interface costs, how to get it",
	.usage = "[--reconcile] [OPTION...]",
	.about =
		"Tries every kernel interface that safevma reads. What is missing is said "
		"together\n"
		"with the claims that are lost and with what would make it readable. Interfaces "
		"of\n"
		"processes are tried on the one named with -p, else on safevma itself, which "
		"tells\n"
		"nothing of the processes of others. With --reconcile it also counts the frames "
		"of\n"
		"the whole machine and the pages of the selected processes, and compares with the\n"
		"kernel's own figures; it exits with 3 when they disagree or cannot be had.",
	.options =
		OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_RECONCILE | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_INTERFACES | SAFEVMA_NEED_SYSTEM,
	.run = run,
	.more_help = print_columns,
};
