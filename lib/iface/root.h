/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only door to the observed system. Behind it is the live system (served by the opener) or a
 * recording; a recorder may listen at it. Each operation names a place (interfaces.h) and gives
 * bytes or an errno; everything above sees only those, so that a replay is the same to the byte.
 */
#ifndef SV_IFACE_ROOT_H
#define SV_IFACE_ROOT_H

#include <sys/types.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "interfaces.h"
#include "safevma.h"

/* Operations beside opening and reading. Their results are bytes, written here as text. */
enum sv_op {
	SV_OP_LIST,	  /* numbers, one a line: processes, threads */
	SV_OP_LINK,	  /* target of a symbolic link */
	SV_OP_MAGIC,	  /* f_type of the filesystem, hex */
	SV_OP_SHORT,	  /* a short text, read by the opener */
	SV_OP_PIN,	  /* from here on the pid means this process and no later one */
	SV_OP_ALIVE,	  /* "1" while the pinned process has not ended, "0" afterwards */
	SV_OP_SCAN,	  /* PAGEMAP_SCAN on an open file: struct sv_region, binary */
	SV_OP_QUERY,	  /* PROCMAP_QUERY on an open file: struct sv_query_vma, binary */
	SV_OP_NOTE,	  /* what is no file: clock, cost, privileges, system; arg says which */
	SV_OP_EXPERIMENT, /* something tried on memory of our own; tag says what */
	SV_OP_WAIT, /* "turn look" when it is time for another, "turn last" when time is over */
	SV_OP_PERF_OPEN,  /* opens events of threads: which ids they have, what failed */
	SV_OP_PERF_START, /* from here on they count; a program that waits is run */
	SV_OP_PERF_DRAIN, /* three words (over, monotonic time, 0), then records: binary */
	SV_OP_PERF_COUNT, /* what they counted in all, and what was lost */
	SV_OP_RECORDS,	  /* of a file whose position counts records: those at given positions */
	SV_OP_COUNT,
};

extern const char *const sv_op_names[SV_OP_COUNT];   /* in the journal */
extern const char *const sv_op_phrases[SV_OP_COUNT]; /* in messages: "PHRASE: Permission denied" */

/* One result of PAGEMAP_SCAN: a stretch of pages with the same categories. */
struct sv_region {
	uint64_t start, end; /* addresses */
	uint64_t categories;
};

#define SV_SCAN_PRESENT (UINT64_C(1) << 3)
#define SV_SCAN_SWAPPED (UINT64_C(1) << 4)

/* One result of PROCMAP_QUERY: a VMA without its name. */
struct sv_query_vma {
	uint64_t start, end;
	uint64_t flags; /* 1 r, 2 w, 4 x, 8 shared */
	uint64_t page_size;
	uint64_t offset, inode;
	uint32_t dev_major, dev_minor;
};

struct sv_file; /* an open interface */
struct sv_recorder;

/*
 * An experiment: fills in what it found, as text; 0 or an errno. A recording keeps the text, and
 * nothing that is read through the root meanwhile: contents of pages are never recorded.
 */
typedef int (*sv_experiment_fn)(void *arg, struct sv_strbuf *ret);

/* Until when to wait. A recording answers at once, as it was answered then. */
struct sv_wait {
	uint64_t look_ns, end_ns; /* CLOCK_BOOTTIME: the next look; the end, 0: none */
	uint64_t looked_ns;	  /* when the last look began */
	uint64_t interval_ns;	  /* what was asked for: kept in the answer */
	const volatile int *stop; /* not 0: end now; may be NULL */
};

/* Events of threads. */
struct sv_perf_event;
struct sv_perf_request {
	const struct sv_perf_event *events;
	size_t events_count;
	const pid_t *tids;
	size_t tids_count;
	bool on_exec; /* they begin when the thread runs a program */
};

struct sv_call {
	enum sv_op op;
	struct sv_place place;
	struct sv_file *file; /* for SCAN and QUERY */
	uint64_t start, end;  /* addresses, for SCAN and QUERY */
	sv_experiment_fn run; /* for EXPERIMENT, with its argument */
	void *arg;
	const struct sv_wait *wait;	    /* for WAIT and PERF_DRAIN */
	const struct sv_perf_request *perf; /* for PERF_OPEN */
	const uint64_t *positions;	    /* for RECORDS, upwards */
	size_t positions_count;
};

/* What a kind of root can do. Results: 0, or -1 with err filled. */
struct sv_root_ops {
	int (*open)(safevma_root *root, struct sv_file *file, struct safevma_error *err);
	int (*read)(struct sv_file *file, void *buf, size_t len, uint64_t off, size_t *got,
		struct safevma_error *err);
	void (*close)(struct sv_file *file);
	int (*call)(safevma_root *root, const struct sv_call *call, struct sv_strbuf *ret,
		struct safevma_error *err);
	void (*free)(safevma_root *root);
};

/* What our reading costs. */
struct sv_cost {
	uint64_t bytes_read;
	uint64_t lock_reads;	   /* reads that took a lock of a target */
	uint64_t longest_read_us;  /* longest of these */
	uint64_t longest_since_us; /* longest since the cost was asked for last */
};

/* Counts a read that took a lock of a target. */
static inline void sv_cost_lock_read(struct sv_cost *cost, uint64_t took_us)
{
	cost->lock_reads++;
	if (took_us > cost->longest_read_us)
		cost->longest_read_us = took_us;
	if (took_us > cost->longest_since_us)
		cost->longest_since_us = took_us;
}

struct safevma_root {
	const struct sv_root_ops *ops;
	void *backend;
	struct sv_recorder *recorder;
	bool failed; /* what was recorded is not whole: leave it without a journal */
	struct sv_cost cost;
};

struct sv_file {
	safevma_root *root;
	struct sv_place place;
	char path[SV_PLACE_PATH];
	char tag[48];
	int fd;	       /* live */
	void *backend; /* replay */
	void *stream;  /* recorder */
};

int sv_root_open(safevma_root *root, const struct sv_place *place, struct sv_file **ret,
	struct safevma_error *err) sv_must_check;

/*
 * Up to len bytes at off; *got may be less (0: end), and is less where the live system is read in
 * pieces that hold no lock for long: read on. Interfaces of u64 words: off and len must be
 * multiples of 8, and so is *got.
 */
int sv_file_read(struct sv_file *file, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err) sv_must_check;

/* From offset 0 to the end, in as many reads as it takes. */
int sv_file_read_all(
	struct sv_file *file, struct sv_strbuf *ret, struct safevma_error *err) sv_must_check;
void sv_file_close(struct sv_file *file);

int sv_root_call(safevma_root *root, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *err) sv_must_check;

/* Opens, reads all, closes. */
int sv_root_read_all(safevma_root *root, const struct sv_place *place, struct sv_strbuf *ret,
	struct safevma_error *err) sv_must_check;

static inline void sv_cleanup_file(struct sv_file **file)
{
	sv_file_close(*file);
}
#define sv_auto_file sv_cleanup(sv_cleanup_file)

#endif
