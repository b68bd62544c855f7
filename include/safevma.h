/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file safevma.h
 * libsafevma: can the memory that a process depends on be disturbed, and by what?
 *
 * The flow is root -> observation -> report. A root is a door to a system: the live one, or a
 * recording of one. An observation is what was read through it at one time, with everything that
 * could not be read (gaps). A report is a table over an observation, read value by value through a
 * cursor or written as text, JSON or NDJSON.
 *
 * Conventions
 * - Functions that can fail return 0 or -1 and fill the caller's struct safevma_error (which may be
 *   NULL). Output parameters come last but for the error and are untouched on failure.
 * - Strings and arrays returned by getters belong to the object they came from and are valid as
 *   long as it lives; they must not be freed.
 * - NULL object pointers are not accepted, except by *_free and *_close.
 * - Objects are not locked: use one from one thread at a time. Different objects are independent.
 * - The library never prints, never exits, and reads no environment variables.
 * - Nothing here writes to the observed system. 0.x: no ABI promise yet.
 */
#ifndef SAFEVMA_H
#define SAFEVMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAFEVMA_VERSION "0.1.0"

/* Version of the library that is linked, which may differ from the header's. */
const char *safevma_version(void);

/* ---- errors ---------------------------------------------------------------------------------- */

enum safevma_code {
	SAFEVMA_OK = 0,
	SAFEVMA_E_NOMEM,	/* memory is out */
	SAFEVMA_E_SYSTEM,	/* a system operation failed; errnum says how */
	SAFEVMA_E_FORMAT,	/* a file's content is not what its interface promises */
	SAFEVMA_E_NOT_RECORDED, /* the recording does not hold what was asked for */
	SAFEVMA_E_RECORDING,	/* the recording is damaged: a file missing, short or malformed */
	SAFEVMA_E_VANISHED,	/* the process ended, or another one took its number */
	SAFEVMA_E_CHANGED,	/* it kept changing while it was read */
	SAFEVMA_E_USAGE,	/* an argument makes no sense */
	SAFEVMA_E_OPENER,	/* the opener ended: nothing more can be read */
	SAFEVMA_E_UNSUPPORTED,	/* this kernel or this build has no such thing */
};

/**
 * What failed, where, and why. Filled once, at the origin.
 * errnum is the errno of the failed operation or 0; path the file it was about or empty; line the
 * line in that file, from 1, or 0.
 */
struct safevma_error {
	enum safevma_code code;
	int errnum;
	uint64_t line;
	char path[512];
	char message[512];
};

/**
 * "path:line: message" in at most size bytes (NUL included); returns the length that it needs.
 * Paths and messages can hold bytes chosen by an observed process: quote before a terminal sees it.
 */
size_t safevma_error_format(const struct safevma_error *err, char *buf, size_t size);

/* ---- root ------------------------------------------------------------------------------------ */

typedef struct safevma_root safevma_root;

/**
 * recording: a directory made by a recording; NULL for the live system.
 * record_dir: also record all that is read into this new directory (created 0700); or NULL.
 * record_stream: also record all that is read as a tar stream on this file; or NULL. Not owned.
 * redact: drop command lines and paths from what is recorded.
 * drop_privileges: after the opener (a child process that keeps the capabilities and does nothing
 *   but open files of a closed list) has started, drop every capability of the calling process for
 *   good. Programs want this; a library user may not.
 * max_hold_us: a read that takes a lock of an observed process is made so short that it should hold
 *   it no longer than this; 0: the default, 100. What was reached is in the report's cost.
 * command: a program with its arguments, ending with NULL, that NEED_FAULTS looks at from its first
 *   instruction on: a process for it is forked now, with the privileges that the caller has, and
 *   runs it when all is ready. It ends with the root at the latest (SIGTERM, SIGKILL two
 *   seconds later). NULL: none.
 * jobs: threads that read the tables of all frames (kpageflags and the like), which take no lock of
 *   a process; 0 or 1: none beside the caller.
 */
struct safevma_root_options {
	const char *recording;
	const char *record_dir;
	FILE *record_stream;
	bool redact;
	bool drop_privileges;
	unsigned int max_hold_us;
	unsigned int jobs;
	char *const *command;
};

/** Opens the live system (forks the opener) or a recording. */
int safevma_root_open(
	const struct safevma_root_options *options, safevma_root **ret, struct safevma_error *err);

/** Ends the opener and completes the recording; -1 when that could not be written whole. */
int safevma_root_close(safevma_root *root, struct safevma_error *err);

/* ---- observation ----------------------------------------------------------------------------- */

typedef struct safevma_observation safevma_observation;

/**
 * Which processes. pids, comm, exe, cgroup and unit add up (a process is taken if any matches);
 * with none of them and not all, the critical ones are taken: real-time scheduling class, locked
 * memory, exempt from the OOM killer, holder of secretmem; kernel threads excluded.
 * comm: exact name. exe: path of the executable. cgroup: a path, subgroups included. unit: name of
 * a systemd unit, a component of such a path.
 */
struct safevma_selection {
	bool all;
	const pid_t *pids;
	size_t pids_count;
	const char *const *comms;
	size_t comms_count;
	const char *const *exes;
	size_t exes_count;
	const char *const *cgroups;
	size_t cgroups_count;
	const char *const *units;
	size_t units_count;
};

/* What to read; each includes what it rests on. */
enum safevma_need {
	SAFEVMA_NEED_PROCESSES = 1u << 0,  /* the process list and what selects */
	SAFEVMA_NEED_VMAS = 1u << 1,	   /* maps of the selected */
	SAFEVMA_NEED_PAGES = 1u << 2,	   /* their pagemap */
	SAFEVMA_NEED_FRAMES = 1u << 3,	   /* kpageflags, kpagecount, kpagecgroup with neighbours */
	SAFEVMA_NEED_SYSTEM = 1u << 4,	   /* meminfo, zones, sysctls, kernel configuration */
	SAFEVMA_NEED_INTERFACES = 1u << 5, /* which interfaces can be read here, and why not */
	SAFEVMA_NEED_RECONCILE = 1u << 6,  /* one pass over every frame, to compare with meminfo */
	SAFEVMA_NEED_REACH = 1u << 7,	  /* the kernel's page tables, for frames of the selected */
	SAFEVMA_NEED_KERNEL = 1u << 8,	  /* the kernel's page tables, all of them; its regions */
	SAFEVMA_NEED_POOLS = 1u << 9,	  /* who holds secretmem, by mappings and descriptors */
	SAFEVMA_NEED_EXTENTS = 1u << 10,  /* with NEED_KERNEL: report its mappings one by one */
	SAFEVMA_NEED_SMAPS = 1u << 11,	  /* their smaps: what is locked; takes a lock for long */
	SAFEVMA_NEED_EXPOSURE = 1u << 12, /* one pass over every frame: exposure, of all and each */
	SAFEVMA_NEED_COMMIT = 1u << 13,	  /* what is promised, and what there is to keep it with */
	SAFEVMA_NEED_OWNERS = 1u << 14,	  /* given frames: what they are, and all that map them */
	SAFEVMA_NEED_LOCKS = 1u << 17,	  /* of each page what can still make it fault */
	SAFEVMA_NEED_PRESSURE = 1u << 18, /* stalls, reclaim, limits, who is killed first */
	SAFEVMA_NEED_SHARE = 1u << 21,	  /* who else maps their frames; descriptors of memory */
	SAFEVMA_NEED_SOURCES = 1u << 22,  /* who has the kernel memory beside their frames */
	SAFEVMA_NEED_PHYS = 1u << 23,	  /* one pass over every frame, as a raster */
	SAFEVMA_NEED_SLAB = 1u << 24,	  /* caches of the kernel's allocator */
	SAFEVMA_NEED_HARDENING = 1u << 25,   /* settings of the kernel, and what they mean */
	SAFEVMA_NEED_SLAB_FRAMES = 1u << 26, /* and one pass over every frame: where theirs lie */
	SAFEVMA_NEED_SLAB_GROWTH = 1u << 27, /* the same once more, after a time */
	/* Of what is read: NEED_EXTENTS reads no more, experiments are asked for apart. */
	SAFEVMA_NEED_ALL = ((1u << 10) - 1) | SAFEVMA_NEED_SMAPS | SAFEVMA_NEED_EXPOSURE |
			   SAFEVMA_NEED_COMMIT | SAFEVMA_NEED_LOCKS | SAFEVMA_NEED_PRESSURE |
			   SAFEVMA_NEED_SHARE | SAFEVMA_NEED_SOURCES | SAFEVMA_NEED_SLAB |
			   SAFEVMA_NEED_HARDENING | SAFEVMA_NEED_SLAB_FRAMES,
	SAFEVMA_NEED_PROBE = 1u << 16,	/* experiments on memory of our own: the ledger */
	SAFEVMA_NEED_FAULTS = 1u << 19, /* page faults as they happen, for a time */
	SAFEVMA_NEED_WATCH = 1u << 20,	/* the selected again and again, for a time */
};

/* Where the kernel's page tables are read. */
enum safevma_page_tables {
	SAFEVMA_PAGE_TABLES_AUTO,  /* kcore; the dump where the kernel has no kcore at all */
	SAFEVMA_PAGE_TABLES_KCORE, /* walked through /proc/kcore: no lock of the kernel is taken */
	SAFEVMA_PAGE_TABLES_DUMP,  /* debugfs; the kernel holds a lock of its own while it writes it
				    */
	SAFEVMA_PAGE_TABLES_BOTH,  /* both, compared where the whole is read (NEED_KERNEL) */
	SAFEVMA_PAGE_TABLES_NONE,  /* neither: reach is inferred or assumed */
};

/*
 * Which claims to settle: names, or all with none. Experiments touch memory and files of our own
 * alone. costly: also those whose mark on the kernel stays (memfd_secret splits large pages of the
 * linear map for good); without it they are unknown. list: run none, say what there is.
 */
struct safevma_probe_request {
	const char *const *names;
	size_t names_count;
	bool costly, list;
};

/*
 * Looking for a time: NEED_FAULTS, NEED_WATCH. It ends after duration_ms (0: not by itself), when
 * every selected process has ended, or when *stop is not 0 (a signal handler may set it; NULL:
 * never).
 */
struct safevma_window {
	uint64_t duration_ms;
	const volatile int *stop;
	/*
	 * Called after each look (NEED_WATCH; NEED_SLAB_GROWTH: after the first) with what there is
	 * so far, which it may report and must not keep; NULL: not called. What it returns ends the
	 * looking when it is not 0.
	 */
	int (*each)(const safevma_observation *so_far, void *arg);
	void *arg;
};

/*
 * NEED_FAULTS. events: names as libpfm4 has them; none: perf::MINOR-FAULTS and perf::MAJOR-FAULTS,
 * which between them have every fault that was resolved. until_fault: the first fault ends it, and
 * is a failure. keep: how many events the observation keeps at most; with window.each it keeps none
 * that was told. With a root that has a command, that one is looked at and the selection is not.
 */
struct safevma_faults_request {
	const char *const *events;
	size_t events_count;
	bool until_fault;
	size_t keep; /* 0: 200 000 */
};

/* NEED_WATCH. expect_settled: what changes is a failure. */
struct safevma_watch_request {
	uint64_t interval_ms; /* 0: 1000 */
	bool expect_settled;
};

/*
 * NEED_PHYS. first_pfn, pfns: the part to look at; pfns 0: all of it. A cell of the raster is
 * 2^order frames; with order_given as many as that says, else as few as cells allows. cells: that
 * hold memory, at most, up to 65536; 0: 4096, with order_given 65536.
 */
struct safevma_phys_request {
	uint64_t first_pfn, pfns;
	size_t cells;
	unsigned int order; /* up to 24 */
	bool order_given;
};

struct safevma_request {
	struct safevma_selection selection;
	unsigned int needs; /* enum safevma_need, or-ed */
	bool everything;    /* also who the processes are that were not selected: for recordings */
	bool no_smaps;	    /* spare the target the smaps read; what needs it becomes unknown */
	enum safevma_page_tables page_tables;
	bool aliases; /* look for further kernel addresses of every frame, not of pool frames alone
		       */
	uint64_t first_pfn, pfns; /* with NEED_OWNERS: which frames to look for in all processes */
	unsigned int
		sample_percent; /* NEED_EXPOSURE: look at this share of the blocks; 0: at all */
	struct safevma_probe_request probe;
	struct safevma_window window;
	struct safevma_faults_request faults;
	struct safevma_watch_request watch;
	struct safevma_phys_request phys;
	/* Names of interfaces ("page_owner") that are left alone as if they were not there. */
	const char *const *without;
	size_t without_count;
	/* NEED_SHARE: processes that may share with the selected; none: the selected among
	   themselves. */
	const pid_t *group;
	size_t group_count;
	uint64_t fit_bytes; /* NEED_COMMIT and NEED_PRESSURE: would an allocation of this size fit;
			       0: not asked */
};

/** Checks the names in a request before anything is read. */
int safevma_request_check(const struct safevma_request *request, struct safevma_error *err);

/** Reads. What cannot be read becomes a gap in the result, not a failure. */
int safevma_observe(safevma_root *root, const struct safevma_request *request,
	safevma_observation **ret, struct safevma_error *err);
void safevma_observation_free(safevma_observation *obs);

/* ---- tables and values ----------------------------------------------------------------------- */

enum safevma_type {
	SAFEVMA_TYPE_UNKNOWN = 0,
	SAFEVMA_TYPE_U64, /* a count */
	SAFEVMA_TYPE_I64,
	SAFEVMA_TYPE_BYTES, /* a count of bytes */
	SAFEVMA_TYPE_HEX,   /* address, PFN or flag word */
	SAFEVMA_TYPE_BOOL,
	SAFEVMA_TYPE_STRING, /* bytes of any content */
	SAFEVMA_TYPE_WORDS,  /* a list of words of ours, as one string separated by spaces */
	SAFEVMA_TYPE_REAL,   /* a ratio or an expectation; finite */
	/* pairs of a count, or a word of ours, and a count, as one string: "1:3 2:5", "slab:5" */
	SAFEVMA_TYPE_PAIRS,
};

/** type UNKNOWN: the value is not known; the observation's gaps say why. */
struct safevma_value {
	enum safevma_type type;
	union {
		uint64_t u64;
		int64_t i64;
		bool boolean;
		double real;
		struct {
			const char *ptr;
			size_t len;
		} string;
	};
};

struct safevma_column {
	const char *name; /* as in --output and in headings */
	const char *json; /* member name; a dot nests */
	const char *help; /* one sentence */
	enum safevma_type type;
	bool shown; /* by default, in text */
	bool alarm; /* worth a look when it is neither 0 nor empty: coloured where colours are on */
	const char *members; /* of PAIRS: what the two are called in JSON, "within frames" */
};

typedef struct safevma_table safevma_table;

/** Table of a command ("maps", "frames", ...), or NULL. Static: never freed. */
const safevma_table *safevma_table_find(const char *name);

/* A table has groups (processes, say) with rows (VMAs, say); some have rows alone. */
enum safevma_level { SAFEVMA_LEVEL_GROUP, SAFEVMA_LEVEL_ROW };

size_t safevma_table_columns_count(const safevma_table *table, enum safevma_level level);
const struct safevma_column *safevma_table_column(
	const safevma_table *table, enum safevma_level level, size_t index);
/* JSON member that holds the groups or rows; NULL when the table has no such level. */
const char *safevma_table_member(const safevma_table *table, enum safevma_level level);

typedef struct safevma_cursor safevma_cursor;

/* each: rows one page at a time where a table merges (frames). */
int safevma_cursor_new(const safevma_observation *obs, const safevma_table *table, bool each,
	safevma_cursor **ret, struct safevma_error *err);
void safevma_cursor_free(safevma_cursor *cursor);
/** Next group, then its rows. True while there is one. Total order: pid, then address. */
bool safevma_cursor_next_group(safevma_cursor *cursor);
bool safevma_cursor_next_row(safevma_cursor *cursor);
/** Value of a column of the current group or row; strings are valid until the next step. */
struct safevma_value safevma_cursor_value(
	safevma_cursor *cursor, enum safevma_level level, size_t column);

/* ---- reports --------------------------------------------------------------------------------- */

enum safevma_format {
	SAFEVMA_FORMAT_TEXT,
	SAFEVMA_FORMAT_RAW, /* text without alignment, one space between, blanks escaped */
	SAFEVMA_FORMAT_JSON,
	SAFEVMA_FORMAT_NDJSON,
};

struct safevma_report_options {
	enum safevma_format format;
	const char
		*columns; /* for text: names separated by commas, "+NAME,..." adds; NULL: default */
	const char *sort; /* column of the rows, "-" before it reverses; NULL: natural order */
	bool no_headings;
	bool bytes; /* numbers of bytes in full, not 4.1M */
	bool color;
	bool each;
	unsigned int width; /* of pictures in text, in characters; 0: 80 */
};

/** Writes the report of a table. Write errors on out are errors here. */
int safevma_report_write(const safevma_observation *obs, const safevma_table *table,
	const struct safevma_report_options *options, FILE *out, struct safevma_error *err);

/**
 * Draws the raster of an observation with NEED_PHYS as SVG, which needs no other file. Where no
 * raster could be made, that is what the picture says.
 */
int safevma_svg_write(const safevma_observation *obs, FILE *out, struct safevma_error *err);

/**
 * As they come: writes the rows of a table that is a plain list ("changes") from number *from on
 * and moves *from behind them. Headings go before the first. In text every column has a width of
 * its own from the start. Not for SAFEVMA_FORMAT_JSON, which is one object.
 */
int safevma_report_follow(const safevma_observation *obs, const safevma_table *table,
	const struct safevma_report_options *options, size_t *from, FILE *out,
	struct safevma_error *err);

/** Checks column and sort names before anything is read. */
int safevma_report_check(const safevma_table *table, const struct safevma_report_options *options,
	struct safevma_error *err);

/** True when every figure that the table promises was read in full and something was selected. */
bool safevma_observation_complete(const safevma_observation *obs, const safevma_table *table);

/** True when at least one process was selected. */
bool safevma_observation_selected(const safevma_observation *obs);

/** True when a gap costs a figure that was asked for. */
bool safevma_observation_lost(const safevma_observation *obs);

/* What is said of a claim. Of several, the first of this list that occurs is the verdict of all. */
enum safevma_verdict {
	SAFEVMA_VERDICT_FAIL,  /* an observation here contradicts it */
	SAFEVMA_VERDICT_ERROR, /* looking at it failed in a way that it should not */
	SAFEVMA_VERDICT_UNKNOWN,
	SAFEVMA_VERDICT_WARN,
	SAFEVMA_VERDICT_PASS,	       /* it holds here, as far as the experiment goes */
	SAFEVMA_VERDICT_NOTAPPLICABLE, /* proved to be about something that is not here */
	SAFEVMA_VERDICT_NOTCHECKED,
};

/** Verdict of all claims together; NOTCHECKED when there are none. */
enum safevma_verdict safevma_observation_verdict(const safevma_observation *obs);

/* Gaps in words, one at a time, for messages: NULL past the end. */
const char *safevma_observation_gap(const safevma_observation *obs, size_t index);

/* ---- explanations ---------------------------------------------------------------------------- */

struct safevma_topic {
	const char *name;
	const char *kind; /* term, pool, finding, class, flag */
	const char *title;
	const char *text;
};

size_t safevma_topics_count(void);
const struct safevma_topic *safevma_topic(size_t index);

#ifdef __cplusplus
}
#endif
#endif
