// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

/* A function of its own takes the value, below in apply(). */
#define CALL	     .sets = SETS_NOTHING
#define FLAG(member) .sets = SETS_FLAG, .where = offsetof(struct arguments, member)
#define TEXT(member) .sets = SETS_TEXT, .where = offsetof(struct arguments, member)

const struct option_info option_infos[] = {
	{ 'p', "pid", "PID", OPTIONS_SELECT,
		"take this process; may be given again, or as a list 1,2", CALL },
	{ OPT_COMM, "comm", "NAME", OPTIONS_SELECT, "take processes with this name", CALL },
	{ OPT_EXE, "exe", "PATH", OPTIONS_SELECT, "take processes that run this executable", CALL },
	{ OPT_CGROUP, "cgroup", "PATH", OPTIONS_SELECT,
		"take processes of this control group and those below it", CALL },
	{ OPT_UNIT, "unit", "NAME", OPTIONS_SELECT, "take processes of this systemd unit", CALL },
	{ OPT_CRITICAL, "critical", NULL, OPTIONS_SELECT,
		"take critical processes: real-time, locked memory, OOM-exempt, secretmem",
		FLAG(critical) },
	{ 'a', "all", NULL, OPTIONS_SELECT,
		"take all processes but kernel threads and safevma itself",
		FLAG(request.selection.all) },
	{ 'J', "json", NULL, OPTIONS_OUTPUT, "write JSON", CALL },
	{ OPT_NDJSON, "ndjson", NULL, OPTIONS_OUTPUT, "write JSON, an object a line", CALL },
	{ 'o', "output", "COLUMNS", OPTIONS_OUTPUT,
		"columns of the text table, with commas; +COLUMNS adds to the usual ones",
		TEXT(report.columns) },
	{ 'n', "noheadings", NULL, OPTIONS_OUTPUT, "no headings", FLAG(report.no_headings) },
	{ 'r', "raw", NULL, OPTIONS_OUTPUT, "text for scripts: no alignment, blanks escaped",
		CALL },
	{ 'b', "bytes", NULL, OPTIONS_OUTPUT, "sizes in bytes", FLAG(report.bytes) },
	{ OPT_SORT, "sort", "COLUMN", OPTIONS_OUTPUT, "sort rows by a column, -COLUMN downwards",
		TEXT(report.sort) },
	{ OPT_COLOR, "color", "WHEN", OPTIONS_OUTPUT,
		"auto (on a terminal, unless NO_COLOR is set), always or never", CALL },
	{ OPT_EACH, "each", NULL, OPTIONS_EACH,
		"one row a page; of locks and share, a run of equal ones", FLAG(report.each) },
	{ OPT_PFN, "pfn", "PFN[,N]", OPTIONS_PFN,
		"these N frames instead: what they are, and who of all processes maps them", CALL },
	{ OPT_SAMPLE, "sample", "PERCENT", OPTIONS_EXPOSURE,
		"look at this share of the machine's frames; what is stated has an error then",
		CALL },
	{ OPT_RECONCILE, "reconcile", NULL, OPTIONS_RECONCILE,
		"compare counted frames with meminfo, and pagemap with smaps", FLAG(reconcile) },
	{ OPT_NO_SMAPS, "no-smaps", NULL, OPTIONS_SMAPS,
		"spare the target the reading of smaps; locked figures become unknown",
		FLAG(request.no_smaps) },
	{ OPT_POOLS, "pools", NULL, OPTIONS_LINEAR,
		"look in every process for who holds secretmem, by mappings and descriptors",
		FLAG(pools) },
	{ OPT_MAP, "map", NULL, OPTIONS_LINEAR, "list every mapping of the kernel's half",
		FLAG(map) },
	{ OPT_PAGE_TABLES, "page-tables", "SOURCE", OPTIONS_TABLES,
		"where the kernel's page tables are read: auto, kcore, dump, both or none", CALL },
	{ OPT_ALIASES, "aliases", NULL, OPTIONS_TABLES,
		"look for further kernel addresses of every frame, not of pools alone",
		FLAG(request.aliases) },
	{ OPT_WITHOUT, "without", "INTERFACE", OPTIONS_SOURCES,
		"do not ask it who has a frame: page_owner, kcore, btf or iomem; may be given "
		"again",
		CALL },
	{ OPT_MAX_HOLD, "max-hold", "MICROSECONDS", OPTIONS_HOLD,
		"how long one read may hold a lock of the target (100)", CALL },
	{ OPT_JOBS, "jobs", "N", OPTIONS_HOLD,
		"threads that read the tables of all frames, at most 64 (1)", CALL },
	{ OPT_DURATION, "duration", "TIME", OPTIONS_WINDOW,
		"how long to look: 10 (seconds), 500ms, 2m, 1h; without it until interrupted",
		CALL },
	{ OPT_WATCH, "watch", "TIME", OPTIONS_REDACT,
		"also look again and again for so long, for safevma watch --root", CALL },
	{ 'e', "event", "EVENT", OPTIONS_FAULTS,
		"sample this event instead, by the name that libpfm4 has for it; may be given "
		"again",
		CALL },
	{ OPT_UNTIL_FAULT, "until-fault", NULL, OPTIONS_FAULTS,
		"judge: the first fault ends it with status 2; 0 when there was none, 3 unknown",
		FLAG(request.faults.until_fault) },
	{ OPT_INTERVAL, "interval", "TIME", OPTIONS_WATCH | OPTIONS_REDACT,
		"time between looks, from 10ms on (1s)", CALL },
	{ OPT_EXPECT_SETTLED, "expect-settled", NULL, OPTIONS_WATCH,
		"judge: exit status 0 when nothing changed, 2 when something did, 3 when unknown",
		FLAG(request.watch.expect_settled) },
	{ OPT_WOULD_FIT, "would-fit", "SIZE", OPTIONS_FIT,
		"also: would so many bytes more fit, K, M, G or T behind the number", CALL },
	{ OPT_RANGE, "range", "PFN[-PFN]", OPTIONS_PHYS,
		"look at these frames alone, decimal or with 0x; without an end at all from there "
		"on",
		CALL },
	{ OPT_ZOOM, "zoom", "FRAMES", OPTIONS_PHYS,
		"frames of a cell, a power of two up to 16777216; fit: so that a screen holds it",
		CALL },
	{ OPT_SVG, "svg", "FILE", OPTIONS_PHYS, "also draw the picture into this file, as SVG",
		TEXT(svg) },
	{ OPT_GROUP, "group", "PIDS", OPTIONS_SHARE,
		"processes that may share with the selected; may be given again, or as a list 1,2",
		CALL },
	{ OPT_GROW, "grow", NULL, OPTIONS_SLAB,
		"look twice, at both ends of --duration: which caches changed, and where",
		FLAG(grow) },
	{ OPT_ROOT, "root", "DIR", OPTIONS_ROOT, "look at a recording instead of this system",
		TEXT(root.recording) },
	{ OPT_RECORD, "record", "DIR", OPTIONS_ROOT,
		"also record what is read into this new directory", TEXT(root.record_dir) },
	{ OPT_REDACT, "redact", NULL, OPTIONS_ROOT | OPTIONS_REDACT,
		"leave command lines and paths out of the recording", FLAG(root.redact) },
	{ OPT_LEAN, "lean", NULL, OPTIONS_REDACT,
		"leave out what is read of the whole machine: frames, page tables, all smaps",
		FLAG(lean) },
	{ OPT_LIST, "list", NULL, OPTIONS_PROBE, "say which claims there are, and run none",
		FLAG(request.probe.list) },
	{ OPT_PROBE, "probe", NULL, OPTIONS_REDACT,
		"also run the experiments of safevma probe; with --yes the costly ones too",
		FLAG(probe) },
	{ OPT_YES, "yes", NULL, OPTIONS_PROBE | OPTIONS_REDACT,
		"also run experiments whose mark on the kernel stays (memfd_secret)",
		FLAG(request.probe.costly) },
	{ 'h', "help", NULL, 0, "this text", CALL },
	{ 'V', "version", NULL, 0, "print the version", CALL },
};

const size_t option_infos_count = sizeof(option_infos) / sizeof(option_infos[0]);

static bool takes(const struct command *c, const struct option_info *o)
{
	return !o->group || (o->group & c->options);
}

/* ---- help ------------------------------------------------------------------------------------ */

static void print_option(const struct option_info *o)
{
	char left[64], letter[8] = "    ";

	if (o->letter < 256)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->argument ? "=" : "",
		o->argument ? o->argument : "");
	printf("  %-24s %s\n", left, o->help);
}

static void print_help(const struct command *c)
{
	printf("Usage: safevma %s %s\n\n%s\n\nOptions:\n", c->name, c->usage, c->about);
	for (size_t i = 0; i < option_infos_count; i++)
		if (takes(c, &option_infos[i]))
			print_option(&option_infos[i]);
	if (c->more_help)
		c->more_help(c);
	printf("\nMore: man safevma-%s\n", c->name);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct getopt_tables {
	struct option longs[64];
	char shorts[128];
};

/* All options of all commands are known to the reader, so that a wrong place can be named. */
static void build(const struct command *c, struct getopt_tables *t)
{
	size_t at = 0;

	memset(t, 0, sizeof(*t));
	if (c->command) /* options behind the first word are the command's */
		t->shorts[at++] = '+';
	t->shorts[at++] = ':';
	for (size_t i = 0; i < option_infos_count; i++) {
		const struct option_info *o = &option_infos[i];

		t->longs[i] = (struct option) { .name = o->name,
			.has_arg = o->argument ? required_argument : no_argument,
			.val = o->letter };
		if (o->letter > 255)
			continue;
		t->shorts[at++] = (char)o->letter;
		if (o->argument)
			t->shorts[at++] = ':';
	}
}

static const struct option_info *info_of(int letter)
{
	for (size_t i = 0; i < option_infos_count; i++)
		if (option_infos[i].letter == letter)
			return &option_infos[i];
	return NULL;
}

static int bad_option(const struct command *c, int result, char **argv)
{
	const struct option_info *o = info_of(optopt);

	if (result == ':')
		complain("option '%s' needs %s; see safevma %s --help", argv[optind - 1],
			o && o->argument ? o->argument : "an argument", c->name);
	else
		complain("'%s' takes no option '%s'; see safevma %s --help", c->name,
			optopt && optopt < 256 ? (char[]) { '-', (char)optopt, 0 }
					       : argv[optind - 1],
			c->name);
	return EXIT_USAGE;
}

static int one_option(const struct command *c, struct arguments *a, int letter, char **argv)
{
	const struct option_info *o = info_of(letter);

	if (letter == '?' || letter == ':')
		return bad_option(c, letter, argv);
	if (!o || !takes(c, o)) {
		complain("'%s' takes no option '--%s'; see safevma %s --help", c->name,
			o ? o->name : "?", c->name);
		return EXIT_USAGE;
	}
	if (letter == 'h') {
		print_help(c);
		return EXIT_OK;
	}
	if (letter == 'V') {
		printf("safevma %s\n", safevma_version());
		return EXIT_OK;
	}
	return option_apply(a, o, optarg);
}

static int positional(const struct command *c, struct arguments *a, int argc, char **argv)
{
	int rc = -1;

	if (argc - optind > c->positional) {
		complain("'%s' does not know what to do with '%s'; see safevma %s --help", c->name,
			argv[optind + c->positional], c->name);
		return EXIT_USAGE;
	}
	if (c->command && optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		complain("'%s' does not know what to do with '%s': a command to run stands behind "
			 "--",
			c->name, argv[optind]);
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc && rc < 0; i++)
		rc = words_add(&a->positional, argv[i]);
	if (c->command && a->positional.len && rc < 0) {
		rc = words_add(&a->positional, NULL);
		a->positional.len--;
	}
	return rc;
}

static bool names_some(const struct safevma_selection *s)
{
	return s->pids_count || s->comms_count || s->exes_count || s->cgroups_count ||
	       s->units_count;
}

bool selects(const struct arguments *a)
{
	return a->request.selection.all || a->critical || names_some(&a->request.selection);
}

static int settle(const struct command *c, struct arguments *a)
{
	struct safevma_selection *s = &a->request.selection;
	bool named;

	s->pids = a->pids;
	a->request.group = a->group;
	s->comms = a->comms.ptr;
	s->comms_count = a->comms.len;
	s->exes = a->exes.ptr;
	s->exes_count = a->exes.len;
	s->cgroups = a->cgroups.ptr;
	s->cgroups_count = a->cgroups.len;
	s->units = a->units.ptr;
	s->units_count = a->units.len;
	named = names_some(s);
	if (a->critical && (s->all || named)) {
		complain("--critical takes the critical processes alone: it excludes other "
			 "selections");
		return EXIT_USAGE;
	}
	if (c->all_by_default && !named && !a->critical)
		s->all = true;
	if (a->root.redact && !a->root.record_dir && !(c->options & OPTIONS_REDACT)) {
		complain("--redact says what a recording leaves out: it goes with --record");
		return EXIT_USAGE;
	}
	a->request.without = a->without.ptr;
	a->request.without_count = a->without.len;
	a->request.faults.events = a->events.ptr;
	a->request.faults.events_count = a->events.len;
	a->request.needs = c->needs;
	a->root.drop_privileges = true;
	return -1;
}

int arguments_read(const struct command *command, int argc, char **argv, struct arguments *ret)
{
	struct getopt_tables t;
	int letter, rc;

	memset(ret, 0, sizeof(*ret));
	ret->report.color = color_by_itself();
	build(command, &t);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		rc = one_option(command, ret, letter, argv);
		if (rc >= 0)
			return rc;
	}
	rc = positional(command, ret, argc, argv);
	return rc >= 0 ? rc : settle(command, ret);
}

void arguments_free(struct arguments *a)
{
	free(a->pids);
	free(a->group);
	free(a->positional.ptr);
	free(a->comms.ptr);
	free(a->exes.ptr);
	free(a->cgroups.ptr);
	free(a->units.ptr);
	free(a->events.ptr);
	free(a->without.ptr);
}
