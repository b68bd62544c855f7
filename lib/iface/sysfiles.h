/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small system-wide texts that are no more than numbers by name. */
#ifndef SV_IFACE_SYSFILES_H
#define SV_IFACE_SYSFILES_H

#include "base/parse.h"

/*
 * "Name:   N kB" (/proc/meminfo, smaps_rollup) and "name N" (/proc/vmstat) lines. Sizes in kB are
 * returned in bytes. 1, 0 at the end, -1 malformed. meminfo: si_mem lines of fs/proc/meminfo.c,
 * HugePages_* lines have no unit, any other has to have it. The first line of smaps_rollup, which
 * looks like one of maps, is skipped.
 */
struct sv_keyval {
	struct sv_span key;
	uint64_t value;
};
int sv_meminfo_next(struct sv_text *text, struct sv_keyval *ret, struct safevma_error *err);
int sv_vmstat_next(struct sv_text *text, struct sv_keyval *ret, struct safevma_error *err);

/* The values of some keys out of such a text; a key that is not there stays unknown. */
struct sv_keyval_wanted {
	const char *key;
	struct sv_num *to;
};
int sv_keyval_collect(struct sv_text text,
	int (*next)(struct sv_text *, struct sv_keyval *, struct safevma_error *),
	const struct sv_keyval_wanted *wanted, size_t n, struct safevma_error *err);

/* A file that is one number with an optional sign: sysctls, oom_score_adj, ... */
int sv_number_parse(struct sv_text text, int64_t *ret, struct safevma_error *err);

/* "always [madvise] never": the word in brackets. Switches under /sys/kernel/mm. */
int sv_choice_parse(struct sv_text text, struct sv_span *ret, struct safevma_error *err);

/*
 * /proc/PID/task/TID/syscall: "running", or the number of the system call (-1: none), its six
 * arguments where there is one, stack pointer and program counter; proc_pid_syscall() in
 * fs/proc/base.c. The stack pointer; unknown of a thread that runs.
 *
 *	34 0x7ffd4 0x0 0x0 0x0 0x0 0x0 0x7ffd5a0e6f58 0x7f3f5c6d4a5d
 */
int sv_syscall_parse(struct sv_text text, struct sv_num *ret, struct safevma_error *err);

/*
 * /proc/PID/limits: a table of fixed columns; fs/proc/base.c proc_pid_limits(). unlimited is
 * UINT64_MAX. The limit's name can hold blanks ("Max locked memory").
 */
struct sv_limit {
	struct sv_num soft, hard;
};
int sv_limits_find(struct sv_text text, const char *name, struct sv_limit *ret,
	struct safevma_error *err); /* not in the file: ret->soft.known is false, still 0 */

/*
 * /proc/swaps: the number of active areas; swap_show() in mm/swapfile.c. Swap types count up from
 * zero, but swapoff leaves a hole that this file does not show: a type at or above the number is
 * no real swap entry only when no area was ever taken away.
 */
int sv_swaps_count(struct sv_text text, uint64_t *ret, struct safevma_error *err);

/* Its areas one by one, the table's head skipped. 1, 0 at the end, -1 malformed. */
struct sv_swap_area {
	struct sv_span file, type; /* file: blanks in octal; type: partition or file */
	uint64_t size_bytes, used_bytes;
	int64_t priority;
};
int sv_swaps_next(struct sv_text *text, struct sv_swap_area *ret, struct safevma_error *err);

/* "0-3,5": how many numbers such a list names; cpumask and nodemask files. */
int sv_list_count(struct sv_text text, uint64_t *ret, struct safevma_error *err);

/*
 * /proc/PID/cgroup: "0::/path" (v2) and "5:memory:/path" lines; proc_cgroup_show() in
 * kernel/cgroup/cgroup.c. Finds the v2 path, else that of the v1 controller memory, else that of
 * name=systemd; ret->len 0 when none. Where both hierarchies are in
 * use one may hold nothing but its root "/": a path that names a group goes first.
 */
int sv_cgroup_path(struct sv_text text, struct sv_span *ret, struct safevma_error *err);

#endif
