// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the commands that observe and report have in common. */
#include <signal.h>
#include <stdio.h>

#include "command.h"

/* Gaps belong to the result: in text they follow it on standard error, so that a table stays one.
 */
static void tell_gaps(const safevma_observation *obs)
{
	const char *gap;

	fflush(stdout);
	for (size_t i = 0; (gap = safevma_observation_gap(obs, i)); i++)
		complain("gap: %s", gap);
}

static bool named(const struct arguments *a)
{
	return a->request.selection.pids_count;
}

static int write_report(const safevma_observation *obs, const safevma_table *table,
	struct arguments *a, struct safevma_error *err)
{
	bool text =
		a->report.format == SAFEVMA_FORMAT_TEXT || a->report.format == SAFEVMA_FORMAT_RAW;

	if (safevma_report_write(obs, table, &a->report, stdout, err))
		return complain_error(err, EXIT_RUNTIME);
	if (text)
		tell_gaps(obs);
	if (safevma_observation_complete(obs, table))
		return EXIT_OK;
	if (text && !a->request.pfns && !safevma_observation_selected(obs) &&
		(a->request.needs &
			(SAFEVMA_NEED_PROCESSES | SAFEVMA_NEED_FRAMES | SAFEVMA_NEED_REACH |
				SAFEVMA_NEED_COMMIT | SAFEVMA_NEED_LOCKS | SAFEVMA_NEED_SHARE)))
		complain(named(a) ? "none of the processes named could be looked at"
				  : "nothing was selected: name a process with -p PID, or take all "
				    "with "
				    "-a");
	return EXIT_INCOMPLETE;
}

static void print_list(const char *heading, const char *table, const char *star)
{
	const safevma_table *t = safevma_table_find(table);

	printf("\n%s (* %s):\n", heading, star);
	for (size_t i = 0; i < safevma_table_columns_count(t, SAFEVMA_LEVEL_ROW); i++) {
		const struct safevma_column *c = safevma_table_column(t, SAFEVMA_LEVEL_ROW, i);

		printf("  %c %-12s %s\n", c->shown ? '*' : ' ', c->name, c->help);
	}
}

void print_table_columns(const char *heading, const char *table)
{
	print_list(heading, table, "shown when none are named");
}

void print_fixed_columns(const char *heading, const char *table)
{
	print_list(heading, table, "shown; the others are in JSON");
}

void print_columns(const struct command *command)
{
	print_table_columns("Columns", command->name);
}

/* Observes; -1 to go on, else an exit status: a message was printed. */
static int observe(const safevma_table *table, struct arguments *a, safevma_observation **ret)
{
	struct safevma_error err = { 0 };
	safevma_root *root;
	int status;

	if (safevma_report_check(table, &a->report, &err) ||
		safevma_request_check(&a->request, &err) ||
		safevma_root_open(&a->root, &root, &err))
		return complain_error(&err, EXIT_RUNTIME);
	if (safevma_observe(root, &a->request, ret, &err)) {
		status = complain_error(&err, EXIT_RUNTIME);
		safevma_root_close(root, NULL);
		return status;
	}
	if (!safevma_root_close(root, &err))
		return -1;
	safevma_observation_free(*ret);
	return complain_error(&err, EXIT_RUNTIME);
}

int run_table_and(const char *name, struct arguments *a, with_observation fn, void *arg)
{
	const safevma_table *table = safevma_table_find(name);
	struct safevma_error err = { 0 };
	safevma_observation *obs;
	int status = observe(table, a, &obs);

	if (status >= 0)
		return status;
	status = fn ? fn(obs, arg) : -1;
	if (status < 0)
		status = write_report(obs, table, a, &err);
	safevma_observation_free(obs);
	return status;
}

int run_table(const char *name, struct arguments *a)
{
	return run_table_and(name, a, NULL, NULL);
}

int run_report(const struct command *command, struct arguments *a)
{
	return run_table(command->name, a);
}

static int status_of(enum safevma_verdict verdict)
{
	switch (verdict) {
	case SAFEVMA_VERDICT_FAIL:
		return EXIT_FAIL;
	case SAFEVMA_VERDICT_WARN:
		return EXIT_WARN;
	case SAFEVMA_VERDICT_PASS:
	case SAFEVMA_VERDICT_NOTAPPLICABLE:
		return EXIT_OK;
	case SAFEVMA_VERDICT_ERROR:
	case SAFEVMA_VERDICT_UNKNOWN:
	case SAFEVMA_VERDICT_NOTCHECKED:
		break;
	}
	return EXIT_INCOMPLETE;
}

int run_judged_table(const char *name, struct arguments *a, bool list)
{
	const safevma_table *table = safevma_table_find(name);
	struct safevma_error err = { 0 };
	safevma_observation *obs;
	int status = observe(table, a, &obs);

	if (status >= 0)
		return status == EXIT_RUNTIME ? EXIT_INCOMPLETE : status;
	if (write_report(obs, table, a, &err) == EXIT_RUNTIME)
		status = EXIT_INCOMPLETE;
	else
		status = list ? EXIT_OK : status_of(safevma_observation_verdict(obs));
	safevma_observation_free(obs);
	return status;
}

int run_judgement(const struct command *command, struct arguments *a, bool list)
{
	return run_judged_table(command->name, a, list);
}

static volatile int *to_stop;

static void on_signal(int signo)
{
	(void)signo;
	*to_stop = 1;
}

void stop_on_signals(volatile int *stop)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	to_stop = stop;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
