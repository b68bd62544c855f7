// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <unistd.h>

#include "command.h"

extern const struct command command_watch;

static volatile int stop;

struct following {
	const struct arguments *args;
	size_t told;
	bool begun;
};

/* Text shows changes as they come; what is said on standard error is for who sits before it. */
static int tell(const safevma_observation *obs, void *arg)
{
	struct following *f = arg;
	struct safevma_error err = { 0 };

	if (!f->begun && isatty(STDERR_FILENO))
		complain("watching; Ctrl-C ends it and shows the sum");
	f->begun = true;
	if (!safevma_report_follow(
		    obs, safevma_table_find("changes"), &f->args->report, &f->told, stdout, &err))
		return 0;
	complain_error(&err, EXIT_RUNTIME);
	return 1;
}

static int run(const struct command *command, struct arguments *args)
{
	bool text = args->report.format == SAFEVMA_FORMAT_TEXT ||
		    args->report.format == SAFEVMA_FORMAT_RAW;
	struct following following = { .args = args };
	const char *table = text ? "watched" : command->name;

	if (args->request.watch.expect_settled && !args->request.window.duration_ms &&
		!args->root.recording) {
		complain("--expect-settled needs --duration: for how long must it stay as it is?");
		return EXIT_USAGE;
	}
	args->request.window.stop = &stop;
	if (text && args->report.format == SAFEVMA_FORMAT_TEXT) {
		args->request.window.each = tell;
		args->request.window.arg = &following;
	}
	stop_on_signals(&stop);
	if (args->request.watch.expect_settled)
		return run_judged_table(table, args, false);
	return run_table(table, args);
}

static void more_help(const struct command *command)
{
	(void)command;
	print_table_columns("Columns of processes", "watched");
	print_fixed_columns("Columns of changes", "changes");
}

const struct command command_watch = {
	.name = "watch",
	.summary = "does it settle? VMA, page, lock and fault changes over a time",
	.usage = "[--interval TIME] [--duration TIME] [--expect-settled] [OPTION...]",
	.about = "Looks at the selected processes again and again and tells what changed from one "
		 "look to\n"
		 "the next: mappings, heap and stack, locks, frames of locked pages, pages that "
		 "wait for a\n"
		 "copy, faults, threads and children; beside them what the kernel counted (stalls, "
		 "reclaim,\n"
		 "migration) and what each look cost. smaps is read once, before the first look "
		 "(not with\n"
		 "--no-smaps); in the loop nothing is read that holds a lock for long.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_SMAPS | OPTIONS_HOLD |
		   OPTIONS_WINDOW | OPTIONS_WATCH,
	.needs = SAFEVMA_NEED_WATCH,
	.judges = true,
	.run = run,
	.more_help = more_help,
};
