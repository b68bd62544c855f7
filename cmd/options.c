// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

enum {
	OPT_COMM = 256,
	OPT_EXE,
	OPT_CGROUP,
	OPT_UNIT,
	OPT_CRITICAL,
	OPT_NDJSON,
	OPT_SORT,
	OPT_COLOR,
	OPT_ROOT,
	OPT_RECORD,
	OPT_NO_SMAPS,
	OPT_EACH,
	OPT_RECONCILE,
	OPT_REDACT,
	OPT_LEAN,
	OPT_PAGE_TABLES,
	OPT_ALIASES,
	OPT_POOLS,
	OPT_MAP,
	OPT_PROBE,
	OPT_LIST,
	OPT_YES,
	OPT_PFN,
	OPT_SAMPLE,
	OPT_MAX_HOLD,
	OPT_JOBS,
	OPT_DURATION,
	OPT_INTERVAL,
	OPT_EXPECT_SETTLED,
	OPT_WATCH,
	OPT_UNTIL_FAULT,
	OPT_WOULD_FIT,
};

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
	{ OPT_EACH, "each", NULL, OPTIONS_EACH, "one row a page; of locks, a run of equal ones",
		FLAG(report.each) },
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

/* ---- values ---------------------------------------------------------------------------------- */

static int out_of_memory(void)
{
	complain("out of memory");
	return EXIT_RUNTIME;
}

static int add_word(struct words *w, const char *word)
{
	const char **p = reallocarray(w->ptr, w->len + 1, sizeof(*p));

	if (!p)
		return out_of_memory();
	w->ptr = p;
	w->ptr[w->len++] = word;
	return -1;
}

static int add_pid(struct arguments *a, const char *text, char **end)
{
	size_t n = a->request.selection.pids_count;
	long v;
	pid_t *p;

	errno = 0;
	v = strtol(text, end, 10);
	if (errno || *end == text || v < 1 || v > INT_MAX || (**end && **end != ',') ||
		*text < '0' || *text > '9') {
		complain("expected a process number from 1 to %d, got '%s'", INT_MAX, text);
		return EXIT_USAGE;
	}
	p = reallocarray(a->pids, n + 1, sizeof(*p));
	if (!p)
		return out_of_memory();
	p[n] = (pid_t)v;
	a->pids = p;
	a->request.selection.pids_count = n + 1;
	return -1;
}

static int add_pids(struct arguments *a, const char *text)
{
	char *end;
	int rc;

	for (;;) {
		rc = add_pid(a, text, &end);
		if (rc >= 0 || !*end)
			return rc;
		text = end + 1;
	}
}

/* auto: on a terminal that can, unless NO_COLOR says no (no-color.org). */
static bool auto_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static int set_page_tables(struct arguments *a, const char *value)
{
	static const char *const names[] = { [SAFEVMA_PAGE_TABLES_AUTO] = "auto",
		[SAFEVMA_PAGE_TABLES_KCORE] = "kcore",
		[SAFEVMA_PAGE_TABLES_DUMP] = "dump",
		[SAFEVMA_PAGE_TABLES_BOTH] = "both",
		[SAFEVMA_PAGE_TABLES_NONE] = "none" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(value, names[i])) {
			a->request.page_tables = (enum safevma_page_tables)i;
			return -1;
		}
	complain("--page-tables is auto, kcore, dump, both or none, not '%s'", value);
	return EXIT_USAGE;
}

/* "0x12ab,8": frames are numbered below 2^52 on every machine. */
static int set_pfn(struct arguments *a, const char *value)
{
	const uint64_t end = UINT64_C(1) << 52, most = UINT64_C(1) << 20;
	unsigned long long first, n = 1;
	char *rest;

	errno = 0;
	first = strtoull(value, &rest, !strncmp(value, "0x", 2) ? 16 : 10);
	if (*rest == ',' && rest[1] >= '0' && rest[1] <= '9')
		n = strtoull(rest + 1, &rest, 10);
	if (errno || *rest || *value < '0' || *value > '9' || first >= end || !n || n > most) {
		complain("--pfn takes a frame number below 2^52, decimal or with 0x before it, and "
			 "after a comma how many, up to %llu; got '%s'",
			(unsigned long long)most, value);
		return EXIT_USAGE;
	}
	a->request.first_pfn = first;
	a->request.pfns = n;
	return -1;
}

static int set_color(struct arguments *a, const char *when)
{
	if (!strcmp(when, "always"))
		a->report.color = true;
	else if (!strcmp(when, "never"))
		a->report.color = false;
	else if (!strcmp(when, "auto"))
		a->report.color = auto_color();
	else {
		complain("--color takes auto, always or never, got '%s'", when);
		return EXIT_USAGE;
	}
	return -1;
}

/* From 1 to most: no sign, no blanks, nothing behind it. */
static bool whole_number(const char *text, unsigned int most, unsigned int *ret)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || v < 1 || v > most)
		return false;
	*ret = (unsigned int)v;
	return true;
}

static int set_number(const char *option, const char *text, unsigned int most, unsigned int *ret)
{
	if (whole_number(text, most, ret))
		return -1;
	complain("%s takes a whole number from 1 to %u, not '%s'", option, most, text);
	return EXIT_USAGE;
}

static int set_sample(struct arguments *a, const char *value)
{
	if (whole_number(value, 99, &a->request.sample_percent))
		return -1;
	complain("--sample takes a share from 1 to 99 percent, got '%s'", value);
	return EXIT_USAGE;
}

/* "1.5", "500ms", "2m": milliseconds, from least to ten years. */
static bool time_span(const char *text, uint64_t least, uint64_t *ret)
{
	static const struct {
		const char *suffix;
		double ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 } };
	const double most = 10 * 365.0 * 24 * 3600000;
	const char *end = text + strspn(text, "0123456789.");
	double v = *text >= '0' && *text <= '9' ? strtod(text, NULL) : -1;

	if (end != text + strspn(text, "0123456789") &&
		strchr(strchr(text, '.') + 1, '.')) /* a second point */
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double ms = v * units[i].ms;

		if (strcmp(end, units[i].suffix) != 0)
			continue;
		*ret = ms >= (double)least && ms <= most ? (uint64_t)ms : 0;
		return *ret;
	}
	return false;
}

static int set_time(const char *option, const char *text, uint64_t least, uint64_t *ret)
{
	if (time_span(text, least, ret))
		return -1;
	complain("%s takes a time as 10, 0.5, 500ms, 2m or 1h, from %llums on, not '%s'", option,
		(unsigned long long)least, text);
	return EXIT_USAGE;
}

/* "64M": a power of 1024 behind a whole number. */
static bool size_of(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	unsigned long long v;
	const char *at;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9')
		return false;
	at = *end ? strchr(suffixes, *end) : NULL;
	if (*end && (!at || end[1]))
		return false;
	for (long i = at ? at - suffixes + 1 : 0; i > 0; i--)
		if (__builtin_mul_overflow(v, 1024ULL, &v))
			return false;
	*ret = v;
	return v > 0;
}

static int set_fit(struct arguments *a, const char *value)
{
	if (size_of(value, &a->request.fit_bytes))
		return -1;
	complain("--would-fit takes a size from 1 to below 2^64 bytes, with K, M, G or T behind it "
		 "or nothing; got '%s'",
		value);
	return EXIT_USAGE;
}

static int set_format(struct arguments *a, enum safevma_format format)
{
	if (a->report.format != SAFEVMA_FORMAT_TEXT && a->report.format != format) {
		complain("--json, --ndjson and --raw exclude each other");
		return EXIT_USAGE;
	}
	a->report.format = format;
	return -1;
}

/* What the table says that it sets; the rest has a function. */
static int apply(struct arguments *a, const struct option_info *o, const char *value)
{
	void *where = (char *)a + o->where;

	if (o->sets == SETS_FLAG)
		*(bool *)where = true;
	else if (o->sets == SETS_TEXT)
		*(const char **)where = value;
	switch (o->letter) {
	case 'p':
		return add_pids(a, value);
	case OPT_COMM:
		return add_word(&a->comms, value);
	case OPT_EXE:
		return add_word(&a->exes, value);
	case OPT_CGROUP:
		return add_word(&a->cgroups, value);
	case OPT_UNIT:
		return add_word(&a->units, value);
	case 'J':
		return set_format(a, SAFEVMA_FORMAT_JSON);
	case OPT_NDJSON:
		return set_format(a, SAFEVMA_FORMAT_NDJSON);
	case 'r':
		return set_format(a, SAFEVMA_FORMAT_RAW);
	case OPT_COLOR:
		return set_color(a, value);
	case OPT_PFN:
		return set_pfn(a, value);
	case OPT_SAMPLE:
		return set_sample(a, value);
	case OPT_PAGE_TABLES:
		return set_page_tables(a, value);
	case OPT_WOULD_FIT:
		return set_fit(a, value);
	case OPT_MAX_HOLD:
		return set_number("--max-hold", value, 1000000, &a->root.max_hold_us);
	case 'e':
		return add_word(&a->events, value);
	case OPT_WATCH:
		return set_time("--watch", value, 1, &a->request.window.duration_ms);
	case OPT_DURATION:
		return set_time("--duration", value, 1, &a->request.window.duration_ms);
	case OPT_INTERVAL:
		return set_time("--interval", value, 10, &a->request.watch.interval_ms);
	case OPT_JOBS:
		return set_number("--jobs", value, 64, &a->root.jobs);
	default:
		return -1;
	}
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
	return apply(a, o, optarg);
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
		rc = add_word(&a->positional, argv[i]);
	if (c->command && a->positional.len && rc < 0) {
		rc = add_word(&a->positional, NULL);
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
	ret->report.color = auto_color();
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
	free(a->positional.ptr);
	free(a->comms.ptr);
	free(a->exes.ptr);
	free(a->cgroups.ptr);
	free(a->units.ptr);
	free(a->events.ptr);
}
