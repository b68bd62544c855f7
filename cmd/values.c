// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of options: what is wrong with one is said with what it has to be. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

static int out_of_memory(void)
{
	complain("out of memory");
	return EXIT_RUNTIME;
}

int words_add(struct words *w, const char *word)
{
	const char **p = reallocarray(w->ptr, w->len + 1, sizeof(*p));

	if (!p)
		return out_of_memory();
	w->ptr = p;
	w->ptr[w->len++] = word;
	return -1;
}

static int add_pid(pid_t **list, size_t *count, const char *text, char **end)
{
	size_t n = *count;
	long v;
	pid_t *p;

	errno = 0;
	v = strtol(text, end, 10);
	if (errno || *end == text || v < 1 || v > INT_MAX || (**end && **end != ',') ||
		*text < '0' || *text > '9') {
		complain("expected a process number from 1 to %d, got '%s'", INT_MAX, text);
		return EXIT_USAGE;
	}
	p = reallocarray(*list, n + 1, sizeof(*p));
	if (!p)
		return out_of_memory();
	p[n] = (pid_t)v;
	*list = p;
	*count = n + 1;
	return -1;
}

static int add_pids(pid_t **list, size_t *count, const char *text)
{
	char *end;
	int rc;

	for (;;) {
		rc = add_pid(list, count, text, &end);
		if (rc >= 0 || !*end)
			return rc;
		text = end + 1;
	}
}

/* auto: on a terminal that can, unless NO_COLOR says no (no-color.org). */
bool color_by_itself(void)
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

static bool frame_number(const char *text, char **rest, uint64_t *ret)
{
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, rest, !strncmp(text, "0x", 2) ? 16 : 10);
	return !errno && *ret < UINT64_C(1) << 52;
}

/* "0x100000-0x1fffff", both ends in it; "0x100000": from there on. */
static int set_range(struct arguments *a, const char *value)
{
	uint64_t first = 0, last = (UINT64_C(1) << 52) - 1;
	char *rest;

	if (!frame_number(value, &rest, &first) ||
		(*rest == '-' && !frame_number(rest + 1, &rest, &last)) || *rest || last < first) {
		complain("--range takes a frame number below 2^52, decimal or with 0x before it, "
			 "or two with - between them; got '%s'",
			value);
		return EXIT_USAGE;
	}
	a->request.phys.first_pfn = first;
	a->request.phys.pfns = last - first + 1;
	return -1;
}

static int set_zoom(struct arguments *a, const char *value)
{
	struct safevma_phys_request *r = &a->request.phys;
	uint64_t frames = 0;
	char *rest;

	r->order_given = strcmp(value, "fit") != 0;
	if (!r->order_given)
		return -1;
	if (!frame_number(value, &rest, &frames) || *rest || !frames || frames & (frames - 1) ||
		frames > 1 << 24) {
		complain("--zoom takes frames of a cell, a power of two from 1 to 16777216, or "
			 "fit; got '%s'",
			value);
		return EXIT_USAGE;
	}
	r->order = (unsigned int)__builtin_ctzll(frames);
	return -1;
}

static int set_color(struct arguments *a, const char *when)
{
	if (!strcmp(when, "always"))
		a->report.color = true;
	else if (!strcmp(when, "never"))
		a->report.color = false;
	else if (!strcmp(when, "auto"))
		a->report.color = color_by_itself();
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
int option_apply(struct arguments *a, const struct option_info *o, const char *value)
{
	void *where = (char *)a + o->where;

	if (o->sets == SETS_FLAG)
		*(bool *)where = true;
	else if (o->sets == SETS_TEXT)
		*(const char **)where = value;
	switch (o->letter) {
	case 'p':
		return add_pids(&a->pids, &a->request.selection.pids_count, value);
	case OPT_GROUP:
		return add_pids(&a->group, &a->request.group_count, value);
	case OPT_COMM:
		return words_add(&a->comms, value);
	case OPT_EXE:
		return words_add(&a->exes, value);
	case OPT_CGROUP:
		return words_add(&a->cgroups, value);
	case OPT_UNIT:
		return words_add(&a->units, value);
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
	case OPT_RANGE:
		return set_range(a, value);
	case OPT_ZOOM:
		return set_zoom(a, value);
	case OPT_SAMPLE:
		return set_sample(a, value);
	case OPT_PAGE_TABLES:
		return set_page_tables(a, value);
	case OPT_WOULD_FIT:
		return set_fit(a, value);
	case OPT_MAX_HOLD:
		return set_number("--max-hold", value, 1000000, &a->root.max_hold_us);
	case 'e':
		return words_add(&a->events, value);
	case OPT_WITHOUT:
		return words_add(&a->without, value);
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
