/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subcommand: one file each, its descriptor at the bottom; options.c reads what all share. */
#ifndef SV_CMD_COMMAND_H
#define SV_CMD_COMMAND_H

#include <stdbool.h>

#include "safevma.h"

/* Exit statuses; the same in every command. */
enum {
	EXIT_OK = 0,
	EXIT_RUNTIME = 1, /* of commands that judge nothing */
	EXIT_WARN = 1,	  /* of those that judge: there a failure of the tool is EXIT_INCOMPLETE */
	EXIT_FAIL = 2,
	EXIT_INCOMPLETE = 3,
	EXIT_USAGE = 64,
};

/* Groups of options; a letter means the same in every command. */
enum {
	OPTIONS_SELECT = 1 << 0, /* which processes */
	OPTIONS_OUTPUT = 1 << 1, /* how it is shown */
	OPTIONS_ROOT = 1 << 2,	 /* --root, --record */
	OPTIONS_SMAPS = 1 << 3,	 /* --no-smaps */
	OPTIONS_EACH = 1 << 4,
	OPTIONS_RECONCILE = 1 << 5,
	OPTIONS_REDACT = 1 << 6,
	OPTIONS_TABLES = 1 << 7, /* --page-tables, --aliases */
	OPTIONS_LINEAR = 1 << 8,
	OPTIONS_PROBE = 1 << 9,	    /* --list, --yes */
	OPTIONS_HOLD = 1 << 10,	    /* --max-hold, --jobs */
	OPTIONS_PFN = 1 << 11,	    /* --pfn */
	OPTIONS_EXPOSURE = 1 << 12, /* --sample */
	OPTIONS_WINDOW = 1 << 13,   /* --duration */
	OPTIONS_FAULTS = 1 << 14,   /* -e, --until-fault */
	OPTIONS_WATCH = 1 << 15,    /* --interval, --expect-settled */
	OPTIONS_FIT = 1 << 16,	    /* --would-fit */
	OPTIONS_SHARE = 1 << 17,    /* --group */
	OPTIONS_SOURCES = 1 << 18,  /* --without */
	OPTIONS_PHYS = 1 << 19,	    /* --svg, --zoom, --range */
	OPTIONS_SLAB = 1 << 20,	    /* --grow */
};

struct words {
	const char **ptr;
	size_t len;
};

struct arguments {
	struct safevma_root_options root;
	struct safevma_request request;
	struct safevma_report_options report;
	bool reconcile, lean, pools, map, probe, grow;
	bool critical;
	const char *svg;
	struct words positional;
	/* storage behind the selection */
	pid_t *pids, *group;
	struct words comms, exes, cgroups, units, events, without;
};

struct command {
	const char *name;
	const char *summary;
	const char *usage;  /* what follows the name */
	const char *about;  /* a paragraph for --help */
	int options;	    /* OPTIONS_* */
	unsigned int needs; /* enum safevma_need, or-ed */
	bool all_by_default;
	bool judges;	/* its exit status is a verdict */
	int positional; /* how many words it takes at most */
	bool command;	/* what follows "--" is a command to run: positional, ended by NULL */
	int (*run)(const struct command *command, struct arguments *args);
	void (*more_help)(const struct command *command); /* or NULL */
};

extern const struct command *const commands[];

const struct command *command_find(const char *name);

/* One option of the table in options.c. */
struct option_info {
	int letter; /* or a number above 255 */
	const char *name;
	const char *argument; /* NULL: takes none */
	int group;	      /* OPTIONS_*; 0: every command */
	const char *help;
	/* What it sets by itself: a bool, or a pointer to its argument, in struct arguments. */
	enum { SETS_NOTHING, SETS_FLAG, SETS_TEXT } sets;
	size_t where;
};
extern const struct option_info option_infos[];
extern const size_t option_infos_count;

/*
 * Reads argv (argv[0] is the command's name). Returns -1 to go on, else an exit status: help was
 * printed, or a message about what is wrong.
 */
int arguments_read(const struct command *command, int argc, char **argv, struct arguments *ret);
void arguments_free(struct arguments *args);

/* Observes and reports the table with the command's name, or another. Exit status. */
int run_report(const struct command *command, struct arguments *args);
int run_table(const char *table, struct arguments *args);

/*
 * A file that takes the place of its name when it is whole. It is made by a child with the rights
 * that we have when it is begun: later we have given them up. begin: at once, so that what cannot
 * be written is known before anything is read; -1 to go on. commit: text of size bytes. cancel:
 * nothing is left. Exit statuses, with a message.
 */
struct whole_file;
int whole_file_begin(const char *path, struct whole_file **ret);
int whole_file_commit(struct whole_file *file, const char *text, size_t size);
void whole_file_cancel(struct whole_file *file);

/* Characters of a line of standard output. */
unsigned int screen_width(void);

/* Observes and hands over to fn, then reports. */
typedef int (*with_observation)(const safevma_observation *obs, void *arg);
int run_table_and(const char *table, struct arguments *args, with_observation fn, void *arg);

/* Whether processes were selected by an option. */
bool selects(const struct arguments *args);

/*
 * The same for commands that judge: the exit status is the verdict, EXIT_OK of what only lists.
 */
int run_judgement(const struct command *command, struct arguments *args, bool list);
int run_judged_table(const char *table, struct arguments *args, bool list);

/*
 * For commands that look for a time: the first SIGINT or SIGTERM sets *stop, so that what was seen
 * is reported; a second one kills.
 */
void stop_on_signals(volatile int *stop);

/*
 * First of all in main(): standard descriptors that are closed get /dev/null, so that no file of
 * ours takes their numbers; writing to a closed standard output still fails. A file that grows too
 * large is an error of its write, and no signal.
 */
void settle_process(void);

/* The columns of the table with the command's name, or of another. */
void print_columns(const struct command *command);
void print_table_columns(const char *heading, const char *table);
/* Of a table whose columns cannot be chosen: completion offers those that can alone. */
void print_fixed_columns(const char *heading, const char *table);

/* "safevma: ..." on standard error; what came from outside is made fit for a terminal. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int complain_error(const struct safevma_error *err, int status);

/* Text made fit for a terminal, in a static buffer. */
const char *printable(const char *text);

#endif
