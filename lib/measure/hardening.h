/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's settings mean for accidental corruption and for determinism. A row of a table
 * says where a setting can be read; what it is now is told by the run-time state before the command
 * line, and by that before the configuration. What none of them tells is unknown, never off.
 */
#ifndef SV_MEASURE_HARDENING_H
#define SV_MEASURE_HARDENING_H

#include "model/observation.h"

enum sv_hard_group {
	SV_HARD_CORRUPTION,
	SV_HARD_DETERMINISM,
	SV_HARD_REACTION,
	SV_HARD_ACCESS,
	SV_HARD_GROUPS,
};

enum sv_hard_state {
	SV_HARD_UNKNOWN,
	SV_HARD_ON,
	SV_HARD_OFF,
	SV_HARD_VALUE,	/* neither: the value says it */
	SV_HARD_ABSENT, /* this kernel has no such thing */
};

/* Where the state is from. */
enum sv_hard_how {
	SV_HOW_NONE,
	SV_HOW_CONFIG,
	SV_HOW_CMDLINE,
	SV_HOW_SYSCTL,
	SV_HOW_SYSFS,
	SV_HOW_DEBUGFS,
	SV_HOW_INFERRED,
};

enum {
	SV_PREVENTS = 1 << 0,
	SV_DETECTS = 1 << 1,
	SV_DISTURBS = 1 << 2, /* adds nondeterminism */
	SV_COSTS = 1 << 3,
};

/* How a run-time file is understood. */
enum sv_hard_read {
	SV_READ_SWITCH,	 /* 0 N n inactive: off; else on, with the text as value */
	SV_READ_CHOICE,	 /* "always [madvise] never": the one in brackets (or parentheses) */
	SV_READ_PRESENT, /* that it is there */
	SV_READ_VALUE,	 /* a number or words for which on and off mean nothing */
	SV_READ_LEADS,	 /* on when the text begins with the item's word */
};

/* How a boot parameter is understood. */
enum sv_hard_takes {
	SV_TAKES_SWITCH, /* on 1 y, off 0 n; without a value: on */
	SV_TAKES_ON,	 /* that it is there means on */
	SV_TAKES_OFF,	 /* that it is there means off */
	SV_TAKES_OFF_IF, /* off when its value is the one given, else nothing */
	SV_TAKES_ON_IF,
	SV_TAKES_VALUE, /* any value is one, "-" (and what is off) means off */
};

struct sv_hard_param {
	const char *name; /* NULL: none */
	enum sv_hard_takes takes;
	const char *value; /* of OFF_IF and ON_IF */
};

enum sv_hard_want {
	SV_WANT_ON,
	SV_WANT_OFF,
	SV_WANT_GOOD,	 /* one of the words in good */
	SV_WANT_DEPENDS, /* no answer is right for every safety function */
};

struct sv_hard;

struct sv_hard_item {
	const char *id, *what;
	enum sv_hard_group group;
	/* Any of these, without CONFIG_, builds it; none: every kernel has it. */
	const char *options[4];
	const char *on_by;  /* option by which it starts on; NULL: built is on */
	const char *off_by; /* option by which it starts off */
	bool on_by_new;	    /* kernels that do not know on_by start with it on */
	bool starts_off;    /* built and not asked for, it is off */
	struct sv_hard_param params[4];
	bool has_setting;
	enum sv_setting_id setting;
	enum sv_hard_read read;
	const char *word;	 /* of READ_CHOICE: what is off, blanks between; of READ_LEADS */
	bool boot_only;		 /* nothing can change it after boot: the file only shows it */
	bool absent_says_little; /* the file can be missing though the kernel has the thing */
	/* For what the columns above cannot say; they are not looked at then. */
	void (*tell)(const safevma_observation *obs, struct sv_hard *ret);
	const char *moot; /* option without which there is nothing to set */
	/* Effects when it is on, and when it is off. Of a value: off when it is as advised. */
	unsigned int on, off;
	enum sv_hard_want want;
	const char *good;
	const char *set; /* for a safety function */
	const char *trace;
};

struct sv_hard {
	const struct sv_hard_item *item;
	enum sv_hard_state state;
	enum sv_hard_how how;
	struct sv_num met; /* 1: as advised; unknown: not known, or it depends */
	unsigned int effects;
	char value[96];
	char read[160]; /* option, parameter or path that told it */
	char note[224]; /* contradictions and what is uncertain */
};

struct sv_hard_table {
	const struct sv_hard_item *items;
	size_t count;
};

extern const struct sv_hard_table sv_hard_lists, sv_hard_slab, sv_hard_detectors, sv_hard_pages,
	sv_hard_timing, sv_hard_memory, sv_hard_reaction, sv_hard_watchdogs, sv_hard_access;

enum { SV_HARD_MOST = 128 };

/* All rows: by group, in it what is not as advised first, then unknown, then what depends. */
size_t sv_hard_all(const safevma_observation *obs, struct sv_hard ret[static SV_HARD_MOST]);

/* One row. */
void sv_hard_evaluate(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret);

/* Of special rows: */
enum sv_option { SV_OPTION_UNKNOWN, SV_OPTION_UNNAMED, SV_OPTION_NOT_SET, SV_OPTION_SET };

/* name without CONFIG_; value: as written, may be NULL. */
enum sv_option sv_hard_option(
	const safevma_observation *obs, const char *name, struct sv_span *value);

/* The last value of a boot parameter (empty without "="). times: how often it is given. */
bool sv_hard_boot(
	const safevma_observation *obs, const char *name, struct sv_span *value, size_t *times);

const char *sv_hard_group_name(enum sv_hard_group group);
const char *sv_hard_state_name(enum sv_hard_state state); /* NULL: never */
const char *sv_hard_how_name(enum sv_hard_how how);	  /* NULL: none */

/* ---- known issues ---------------------------------------------------------------------------- */

struct sv_issue {
	const char *id, *title, *range, *source, *trace;
	void (*judge)(const safevma_observation *obs, const struct sv_issue *issue,
		enum safevma_verdict *verdict, char *reason, size_t size);
};

extern const struct sv_issue sv_issues[];
extern const size_t sv_issues_count;

/* Of special rows too. */
void sv_hard_note(struct sv_hard *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sv_hard_value(struct sv_hard *h, struct sv_span s);
bool sv_hard_one_of(struct sv_span s, const char *words);
/* "always [madvise] never"; sched/preempt has parentheses instead. */
struct sv_span sv_hard_chosen(struct sv_span text);
void sv_hard_say_option(struct sv_hard *h, enum sv_hard_state state, const char *name,
	enum sv_option option, struct sv_span value);

/* The number a release begins with; plain: nothing follows it, so that no vendor says his own. */
struct sv_release {
	bool known, plain;
	unsigned int major, minor, patch;
};
struct sv_release sv_release_parse(const char *text);

#endif
