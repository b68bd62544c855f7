// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "command.h"

extern const struct command command_explain;

enum { WIDTH = 78 };

static void print_wrapped(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column ? " " : "", (int)n, text);
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

static int list(void)
{
	const char *kind = "";

	for (size_t i = 0; i < safevma_topics_count(); i++) {
		const struct safevma_topic *t = safevma_topic(i);

		if (strcmp(kind, t->kind) != 0)
			printf("%s%s:\n", i ? "\n" : "", t->kind);
		kind = t->kind;
		printf("  %-18s %s\n", t->name, t->title);
	}
	return EXIT_OK;
}

static int explain(const char *name)
{
	bool found = false;

	for (size_t i = 0; i < safevma_topics_count(); i++) {
		const struct safevma_topic *t = safevma_topic(i);

		if (strcmp(t->name, name) != 0)
			continue;
		printf("%s%s (%s): %s\n", found ? "\n" : "", t->name, t->kind, t->title);
		print_wrapped(t->text);
		found = true;
	}
	if (found)
		return EXIT_OK;
	complain("'%s' is nothing that safevma explains; safevma explain lists what it does", name);
	return EXIT_USAGE;
}

static int run(const struct command *command, struct arguments *args)
{
	int status = EXIT_OK;

	(void)command;
	if (!args->positional.len)
		return list();
	for (size_t i = 0; i < args->positional.len; i++) {
		int one = explain(args->positional.ptr[i]);

		status = one == EXIT_OK ? status : one;
	}
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "a term, a class, a flag, in words",
	.usage = "[NAME...]",
	.about = "Explains the words that safevma uses; without a name it lists them.",
	.positional = 64,
	.run = run,
};
