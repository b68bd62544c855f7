/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the victim share; victim.c says what it is and how to build it. */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct region;

/* One sort of memory. make() builds it, or returns -1 after region_skip() said why not. */
struct region_kind {
	const char *name;
	const char *kind;  /* anon, shmem, file, secretmem, hugetlb */
	const char *class; /* frame class of its present pages; NULL: depends, make() fills it */
	const char *about; /* one sentence for people */
	bool on_request;   /* only when named */
	int (*make)(struct region *r);
};

struct region {
	const struct region_kind *kind;
	unsigned char *start;
	size_t pages;
	unsigned char *touched; /* a byte a page: 1 where it was read or written, and still holds */
	unsigned char *guard;	/* a byte a page: 1 where MADV_GUARD_INSTALL succeeded */
	bool reads;		/* it may not be written */
	bool mlocked;		/* an mlock call that covers it succeeded, or VM_LOCKED was left */
	const char *class;
	char note[192];
	char skipped[192];
};

struct settings {
	bool human;
	bool stay; /* do not end with stdin */
	bool rt;
	unsigned int threads;
	size_t pages;	  /* of an ordinary region */
	const char *dir;  /* holds the files that are mapped */
	const char *only; /* names separated by commas; NULL: all but those on request */
	bool spoof;
	bool stacks;	     /* every other thread without a guard, and say where they are */
	const char *lockall; /* current, future: mlockall() before the regions are made */
	uint64_t amount;     /* argument of many, sparse, churn; 0: its default */
};

extern struct settings settings;
extern const struct region_kind region_kinds[];
extern const size_t region_kinds_count;

size_t page_size(void);
unsigned char *map_apart(size_t size, size_t align, int prot, int flags, int fd);
int region_new(struct region *r, const struct region_kind *kind);
__attribute__((format(printf, 2, 3))) int region_skip(struct region *r, const char *fmt, ...);
void region_free(struct region *r); /* what it knows; the memory stays */
int region_resize(struct region *r, size_t pages);
int region_map(struct region *r, int prot, int flags, int fd);
int region_map_anon(struct region *r);
int region_lock(struct region *r, unsigned int flags);
/* Writes, or reads, a byte of each of these pages. */
void region_touch(struct region *r, size_t first, size_t count);
void region_look(struct region *r, size_t first, size_t count);

/* A file of this many pages in a directory that is removed at exit; -1 with errno. */
int scratch_file(const char *name, size_t pages);
int scratch_path(const char *name, char *buf, size_t size);

void report_region(const struct region *r);
void report_ready(pid_t pid, pid_t ns_pid);
void report_skipped(const char *name, const char *why);
void report_list(const char *name, const unsigned char *marks, size_t count);

extern void (*on_usr1)(void); /* called while it waits */
void wait_for_end(void);
void open_signals(void);
bool end_asked(void);
pid_t fork_sleeper(void (*before_sleep)(void *arg), void *arg);
int be_realtime(void);

/* Of locking.c. */
int make_alone(struct region *r);
int make_lock_failed(struct region *r);
int make_huge_half_locked(struct region *r);
int make_swapped(struct region *r);
int make_file_shared(struct region *r);
int make_file_private(struct region *r);
int make_ring(struct region *r);
int region_map_huge(struct region *r);
int region_map_file(struct region *r, int prot, int flags);
int lock_all(const char *how);
int start_threads(void);
void report_stacks(void);
/* Writes, or where it may not, reads each page of these regions; says at which it faulted. */
void touch_regions(struct region *regions, size_t count);

/* Of ask.c: DIR/ask is made, its path given back, and DIR/answers opened; NULL with errno. */
FILE *open_desk(char *ask, size_t size);
bool take_line(const char *path, char *ret, size_t size);
void end_by_term(void);

uint64_t available_bytes(void); /* MemAvailable */

int victim_many(void);
int victim_sparse(void);
int victim_fragment(void);
int victim_files(void);
int victim_churn(void);
int victim_hostile(char **argv);
int victim_pidns(void);
int victim_obey(void);
int victim_compact(void);
int victim_toucher(void);
int victim_flood(void);
int victim_ask(void);
int victim_share(void);
int victim_slab(void);

#endif
