// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <unistd.h>

#include "command.h"

extern const struct command command_faults;

static volatile int stop;

struct following {
	const struct arguments *args;
	bool begun;
};

/* Rows as they come. Those that were told are dropped, hence each time from the first on. */
static int tell(const safevma_observation *obs, void *arg)
{
	struct following *f = arg;
	struct safevma_report_options options = f->args->report;
	struct safevma_error err = { 0 };
	size_t from = 0;

	options.no_headings |= f->begun;
	if (safevma_report_follow(
		    obs, safevma_table_find("fault-events"), &options, &from, stdout, &err)) {
		complain_error(&err, EXIT_RUNTIME);
		return 1;
	}
	f->begun |= from > 0;
	return 0;
}

static int check(const struct arguments *a)
{
	if (a->positional.len && selects(a)) {
		complain("a command is looked at alone: it excludes selections");
		return EXIT_USAGE;
	}
	if (a->positional.len && a->root.recording) {
		complain("a recording runs no command");
		return EXIT_USAGE;
	}
	if (a->request.faults.until_fault && !a->request.window.duration_ms && !a->positional.len &&
		!a->root.recording && !isatty(STDOUT_FILENO)) {
		complain("--until-fault needs --duration: without a fault it would never end");
		return EXIT_USAGE;
	}
	return -1;
}

static int run(const struct command *command, struct arguments *a)
{
	struct following following = { .args = a };
	bool streams = a->report.format != SAFEVMA_FORMAT_JSON;
	bool lines = a->report.format == SAFEVMA_FORMAT_NDJSON;
	const char *table = streams && !lines ? "faulted" : command->name;
	int status = check(a);

	if (status >= 0)
		return status;
	if (a->positional.len)
		a->root.command = (char *const *)a->positional.ptr;
	a->request.window.stop = &stop;
	if (streams) {
		a->request.window.each = tell;
		a->request.window.arg = &following;
	}
	stop_on_signals(&stop);
	if (a->request.faults.until_fault)
		return run_judged_table(table, a, false);
	return run_table(table, a);
}

static void more_help(const struct command *command)
{
	(void)command;
	print_table_columns("Columns of mappings", "faults");
	print_fixed_columns("Columns of faults", "fault-events");
}

const struct command command_faults = {
	.name = "faults",
	.summary = "page faults as they happen: where, by whom, why",
	.usage =
		"[--duration TIME] [--until-fault] [-e EVENT]... [OPTION...] [-- COMMAND [ARG...]]",
	.about =
		"Tells each page fault of the selected processes, their threads and children, as "
		"it happens:\n"
		"thread, address, mapping and offset, the instruction, and why as far as it can "
		"be inferred;\n"
		"at the end the sums by mapping, and how many the kernel counted: what was lost is "
		"said, and\n"
		"makes the result incomplete. With a command, that one is looked at from its first "
		"instruction on.\n"
		"One's own processes need no privilege.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_WINDOW |
		   OPTIONS_FAULTS | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_FAULTS,
	.judges = true,
	.positional = 4096,
	.command = true,
	.run = run,
	.more_help = more_help,
};
