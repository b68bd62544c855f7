/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The claims ledger: what decks and manual pages say of the kernel's memory, each beside an
 * experiment that settles it here. Experiments touch memory and files of our own alone, never a
 * setting of the system.
 *
 * A claim has either run(), which is called in a child of its own, so that a crash, a SIGBUS or a
 * hang of the experiment is its result and no end of the observer; or look(), which is called in
 * the observer, for what takes the root: it looks at pages that a child of ours holds.
 */
#ifndef SV_CAPTURE_PROBE_H
#define SV_CAPTURE_PROBE_H

#include "capture.h"

/* What an experiment found. Lies in memory that the experiment's processes share. */
struct sv_trial {
	enum safevma_verdict verdict;
	enum sv_reason reason;
	char step[64]; /* what is being done, for when a signal ends it */
	char observed[384];
};

struct sv_probe {
	struct sv_capture capture; /* with an observation of its own, so that no gap gets out */
	struct sv_trial *trial;
};

struct sv_claim {
	const char *id;
	const char *statement;
	const char *source;	/* who says so */
	const char *expected;	/* what would be seen if it were true */
	const char *experiment; /* what is done */
	const char *limits;	/* what the result does not show */
	const char *cost;
	bool costly; /* its mark on the kernel stays: asks for --yes */
	void (*run)(struct sv_trial *t);
	void (*look)(struct sv_probe *p);
};

struct sv_ledger {
	const struct sv_claim *claims;
	size_t len;
};

extern const struct sv_ledger sv_claims_linear, sv_claims_secret_io, sv_claims_secret_peek,
	sv_claims_secret_share, sv_claims_secret_limits, sv_claims_secret_account,
	sv_claims_lifecycle, sv_claims_lock, sv_claims_fault, sv_claims_commit, sv_claims_kernel,
	sv_claims_race, sv_claims_control;

#define SV_LEDGER(name, table)                                                                     \
	const struct sv_ledger name = { .claims = table, .len = sv_array_size(table) }

/* The claim of that number over all parts of the ledger, or NULL past the last. */
const struct sv_claim *sv_claim_at(size_t index);

/* Runs what the request names, one after the other, and sorts the results. */
int sv_capture_probe(struct sv_capture *c, struct safevma_error *err);

/* ---- results; each may be said once, the last one counts ------------------------------------- */

void sv_holds(struct sv_trial *t, const char *fmt, ...) sv_printf(2, 3);
void sv_refuted(struct sv_trial *t, const char *fmt, ...) sv_printf(2, 3);
void sv_unknown(struct sv_trial *t, enum sv_reason reason, const char *fmt, ...) sv_printf(3, 4);
void sv_not_here(struct sv_trial *t, enum sv_reason reason, const char *fmt, ...) sv_printf(3, 4);

/*
 * A step failed with errno: unknown, with the reason that the errno gives. Returns -1, so that a
 * helper that fails can end in one line.
 */
int sv_could_not(struct sv_trial *t, const char *what);

/* A call was refused: that the claim holds only with the errno that the mechanism gives. */
void sv_refused(struct sv_trial *t, int errnum, int expected, const char *what);

/* Whether user mode has the kernel's half mapped, from the texts of two files. */
void sv_tell_isolation(struct sv_trial *t, const char *meltdown, const char *cpuinfo);

/* ---- children -------------------------------------------------------------------------------- */

/* As fork(); the child is ended when its parent ends. */
pid_t sv_trial_fork(void);

enum { SV_TRIAL_MS = 15000 };

/* Waits until the child ends, or ends it after ms. 0 with *status as of waitpid(); -1 too late. */
int sv_trial_wait(pid_t pid, int ms, int *status) sv_must_check;

/* A child that holds memory still while others look at it. */
struct sv_keeper {
	pid_t pid;
	int go;		/* closing it lets the child go */
	uint64_t *held; /* in shared memory: what prepare() left, see below */
};

enum { SV_HELD_MAX = 1024 };

/*
 * Forks a child that calls prepare(t, held, arg) and then waits; held is room for SV_HELD_MAX words
 * that both see. -1: prepare() failed or ended, and t says how.
 */
int sv_hold(struct sv_trial *t, int (*prepare)(struct sv_trial *t, uint64_t *held, const void *arg),
	const void *arg, struct sv_keeper *ret) sv_must_check;
void sv_release(struct sv_keeper *h);

#define sv_auto_keeper sv_cleanup(sv_release)

/* ---- memory and files of our own ------------------------------------------------------------- */

size_t sv_page_size(void);

/* Private anonymous memory, untouched; NULL: t says why. */
char *sv_pages(struct sv_trial *t, size_t pages);

/* Straight to the kernel: what is asked is it, and a sanitizer's library takes these for itself. */
int sv_mlock(const void *addr, size_t size);
int sv_munlock(const void *addr, size_t size);
int sv_mlockall(int flags);

/* Mapped secretmem, untouched; *fd gets its descriptor when fd is not NULL. NULL: t says why. */
char *sv_secret_pages(struct sv_trial *t, size_t pages, int *fd);
int sv_memfd_secret(unsigned int flags);

/* Writes a marker with the page's number into each page. Random: it can be found nowhere else. */
void sv_mark(char *pages, size_t count);
bool sv_marked(const void *page, size_t number);
enum { SV_MARK_LEN = 24 };
void sv_marker_renew(void);
const char *sv_marker(void);

/* A file of ours without a name, in a directory for temporary files; -1: t says why. */
int sv_temp_file(struct sv_trial *t, int flags);

/* Entry of /proc/PID/pagemap; pid 0: our own. False: it could not be read. */
bool sv_entry_of(pid_t pid, uint64_t addr, uint64_t *ret) sv_must_check;

/* Frame number; false with t filled when it cannot be had. */
bool sv_frame_of(struct sv_trial *t, pid_t pid, const void *addr, uint64_t *ret) sv_must_check;

/* Flags of a frame (SV_KPF_*). */
bool sv_frame_flags(struct sv_trial *t, uint64_t pfn, uint64_t *ret) sv_must_check;

/* Resident pages by mincore(2), or -1. */
long sv_resident(char *addr, size_t pages);

/* VmFlags of the VMA at addr in /proc/PID/smaps, with blanks around: " rd wr lo ". */
bool sv_vma_flags(
	struct sv_trial *t, pid_t pid, const void *addr, char *buf, size_t size) sv_must_check;

/* A file's text, NUL-terminated and perhaps cut; false with errno set. */
bool sv_read_text(const char *path, struct sv_strbuf *ret) sv_must_check;

/* "KEY: N kB" or "KEY N" of a file, the number as it stands. */
bool sv_read_key(const char *path, const char *key, uint64_t *ret) sv_must_check;

/* Minor faults that this process has taken so far. */
long sv_minor_faults(void);
uint64_t sv_now_us(void);

#endif
