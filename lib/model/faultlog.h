/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page faults as they happened: each with what it was about, sums that outlast them, and losses. */
#ifndef SV_MODEL_FAULTLOG_H
#define SV_MODEL_FAULTLOG_H

#include <sys/types.h>

#include "base/parse.h"
#include "base/vec.h"

enum sv_fault_kind {
	SV_FAULT_MINOR, /* resolved without a device */
	SV_FAULT_MAJOR, /* waited for one */
	SV_FAULT_ANY,	/* a fault of which the event does not tell: PAGE-FAULTS */
	SV_FAULT_OTHER, /* no fault: another event that was asked for */
	SV_FAULT_KIND_COUNT,
};

const char *sv_fault_kind_name(enum sv_fault_kind kind);

/* Why, as far as what is known of the page tells. Inferred, never observed. */
enum sv_fault_cause {
	SV_CAUSE_UNKNOWN,
	SV_CAUSE_FIRST_TOUCH, /* the page was not there, of memory without a file */
	SV_CAUSE_FILE,	      /* the page was not there, of a file or shared memory */
	SV_CAUSE_WRITE, /* it was there: copy on write, the page of zeros, or a file's write notice
			 */
	SV_CAUSE_AGAIN, /* it faulted before meanwhile: read then written, given back, moved */
	SV_CAUSE_COUNT,
};

const char *sv_fault_cause_name(enum sv_fault_cause cause);

#define SV_NO_STRING UINT32_MAX

struct sv_fault {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t addr, ip;
	pid_t pid, tid;
	uint32_t event; /* index of the log's events */
	enum sv_fault_kind kind;
	enum sv_fault_cause cause;
	bool kernel;		     /* taken by the kernel, on the way of a system call */
	bool placed;		     /* the mapping below is known */
	bool by_event;		     /* it was told by an event, not read in maps */
	bool file;		     /* it has one: offset is in it */
	uint64_t start, end, offset; /* of the mapping; of the address in its file */
	unsigned int perms;
	uint32_t path, code; /* strings: of the mapping, of what ran there */
	uint64_t code_offset;
	uint32_t comm;
};

/* Of one mapping of a process, or of all addresses that could not be placed. */
struct sv_fault_sum {
	pid_t pid;
	bool placed;
	uint64_t start, end;
	unsigned int perms;
	uint32_t path;
	uint64_t kinds[SV_FAULT_KIND_COUNT], causes[SV_CAUSE_COUNT], kernel;
	uint64_t pages_first, pages_last; /* lowest and highest address that faulted */
};

struct sv_fault_process {
	pid_t pid;
	uint32_t comm;
	bool followed; /* it was forked meanwhile */
	bool ended;
	uint64_t kinds[SV_FAULT_KIND_COUNT], unplaced;
	struct sv_num minor, major; /* counted by the kernel over the time, by stat */
};

struct sv_fault_event {
	char name[96];
	enum sv_fault_kind kind;
	bool each; /* every single one is sampled */
	uint64_t sampled;
	struct sv_num counted, lost; /* by the kernel; lost of them */
};

struct sv_faultlog {
	bool made;
	sv_vec(struct sv_fault_event) events;
	uint64_t start_monotonic_ns, start_boottime_ns, end_monotonic_ns;
	bool kernel; /* faults in the kernel are told, too */
	bool until_fault, hit;
	uint64_t ring_bytes;
	uint64_t threads, threads_failed; /* opened at the start; not all of them */
	uint64_t lost_records;		  /* that records say were lost */
	uint64_t throttled;
	uint64_t unplaced;
	struct sv_num command, command_status, command_signal;
	sv_vec(struct sv_fault) faults;
	uint64_t told;	  /* faults before those in the list: given to whoever wanted them */
	uint64_t dropped; /* faults behind those in the list: there was no room */
	sv_vec(struct sv_fault_sum) sums;
	sv_vec(struct sv_fault_process) processes;
	struct {
		char **ptr;
		size_t len, cap;
	} strings;
	uint32_t *buckets; /* of a hash over sums: index + 1 */
	size_t buckets_len;
};

/* Number of a string, the same for the same bytes; SV_NO_STRING: memory is out. */
uint32_t sv_faultlog_string(struct sv_faultlog *log, const char *ptr, size_t len);

/* Counts a fault in its sum and its process; keeps it while fewer than keep are there. */
int sv_faultlog_add(struct sv_faultlog *log, const struct sv_fault *fault, size_t keep);

struct sv_fault_process *sv_faultlog_process(struct sv_faultlog *log, pid_t pid);

/* By process, then unplaced first, then by address. */
void sv_faultlog_sort(struct sv_faultlog *log);

void sv_faultlog_fini(struct sv_faultlog *log);

#endif
