// SPDX-License-Identifier: LGPL-2.1-or-later
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static void print_help(FILE *out)
{
	fputs("Usage: safevma COMMAND [OPTION...]\n\n"
	      "Can the memory that a process depends on be disturbed, and by what?\n\nCommands:\n",
		out);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\n  -h, --help     this text; safevma COMMAND --help says more\n"
	      "  -V, --version  print the version\n\n"
	      "Exit status: 0 complete, 1 it failed, 3 a figure is unknown or nothing was "
	      "selected,\n"
	      "64 usage; of probe: 0 pass, 1 warn, 2 fail, 3 unknown or error.\n"
	      "Start with: safevma "
	      "doctor; safevma ps; safevma maps -p PID\n",
		out);
}

static int usage(const char *what)
{
	complain("%s; the commands are listed by safevma --help", what);
	return EXIT_USAGE;
}

/* judges: 1 is a verdict there, and what could not be written is none. */
static int flushed(int status, bool judges)
{
	if ((status == EXIT_RUNTIME && !judges) || (!fflush(stdout) && !ferror(stdout)))
		return status;
	complain("write to standard output failed");
	return judges ? EXIT_INCOMPLETE : EXIT_RUNTIME;
}

static int run(int argc, char **argv)
{
	const struct command *command = command_find(argv[0]);
	struct arguments args;
	char message[200];
	int status;

	if (!command) {
		snprintf(message, sizeof(message), "'%s' is no command", printable(argv[0]));
		return usage(message);
	}
	status = arguments_read(command, argc, argv, &args);
	if (status < 0)
		status = command->run(command, &args);
	arguments_free(&args);
	return flushed(status, command->judges);
}

int main(int argc, char **argv)
{
	settle_process(); /* a reader that has seen enough ends us quietly, as other filters */
	setlocale(LC_CTYPE, "");
	if (argc < 2)
		return usage("a command is missing");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		print_help(stdout);
		return flushed(EXIT_OK, false);
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		printf("safevma %s\n", safevma_version());
		return flushed(EXIT_OK, false);
	}
	return run(argc - 1, argv + 1);
}
