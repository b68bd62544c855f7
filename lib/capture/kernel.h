/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking frames up in the kernel's own page tables. */
#ifndef SV_CAPTURE_KERNEL_H
#define SV_CAPTURE_KERNEL_H

#include "capture.h"
#include "iface/vmcoreinfo.h"
#include "model/walk.h"

/*
 * Looks up the ranges (sorted, disjoint) in the linear map and, for the ranges in others, every
 * further mapping in the kernel's half. Reads through /proc/kcore only the tables that this takes,
 * each once. tag tells apart the looks of one run.
 *
 * 1: *ret is made. 0: the tables cannot be read here, *why says how. -1: memory is out.
 */
int sv_capture_lookup(struct sv_capture *c, const struct sv_frame_range *ranges, size_t n,
	const struct sv_frame_range *others, size_t others_n, const char *tag,
	struct sv_kernelmap *ret, struct safevma_error *why, struct safevma_error *err);

/* The whole of it: all RAM in the linear map, every mapping outside. As sv_capture_lookup(). */
int sv_capture_whole_kernel(struct sv_capture *c, const char *tag, struct sv_kernel_view *ret,
	struct safevma_error *why, struct safevma_error *err);

/*
 * Reads len bytes at a kernel address through /proc/kcore: for memory of our own alone, to see
 * whether a marker that we wrote can be read there. What the kernel cannot read it shows as zeros.
 * 1, 0 with *why, -1.
 */
int sv_capture_kernel_bytes(struct sv_capture *c, uint64_t vaddr, void *buf, size_t len,
	const char *tag, struct safevma_error *why, struct safevma_error *err);

/*
 * Structures of the kernel through /proc/kcore, never memory of processes. What is read twice is
 * read in the same order, so that a recording can tell the readings apart. Opening and reading: 1,
 * 0 with *why, -1.
 */
struct sv_kernel_memory;
int sv_kernel_memory_open(struct sv_capture *c, const char *tag, struct sv_kernel_memory **ret,
	struct safevma_error *why, struct safevma_error *err);
void sv_kernel_memory_close(struct sv_kernel_memory *m);
const struct sv_kcore *sv_kernel_memory_kcore(const struct sv_kernel_memory *m);
const struct sv_vmcoreinfo *sv_kernel_memory_info(const struct sv_kernel_memory *m);
const struct sv_pgtable *sv_kernel_memory_tables(const struct sv_kernel_memory *m);
int sv_kernel_memory_read(struct sv_kernel_memory *m, uint64_t vaddr, void *buf, size_t len,
	struct safevma_error *why, struct safevma_error *err);

/* Memory was neither added nor removed since: what was read is what was meant. */
int sv_kernel_memory_same(
	struct sv_kernel_memory *m, struct safevma_error *why, struct safevma_error *err);

/*
 * A gap for a look that failed. Where the kernel gives us no page tables at all, reach is inferred
 * or assumed, which its basis says; where it gives some that make no sense, an answer that was
 * asked for is missing.
 */
int sv_capture_tables_gap(struct sv_capture *c, const struct safevma_error *why, const char *costs,
	struct safevma_error *err);

/* Distance of the linear map, by kcore's headers. 1, 0 it cannot be told, -1. */
int sv_capture_delta(
	struct sv_capture *c, const char *tag, uint64_t *delta, struct safevma_error *err);

/*
 * Self-check of every look: an ordinary page of the observer is looked up with the rest and must
 * come out mapped and writable. If it does not, the tables were misread, and nothing that they say
 * is believed.
 */
struct sv_self_check {
	struct sv_capture *c;
	const char *tag;
	struct sv_frame_range *ranges; /* those asked for, and the page's frame */
	size_t len;
	struct sv_num before; /* frame; unknown where frames are hidden */
};

int sv_self_check_begin(struct sv_self_check *check, struct sv_capture *c,
	const struct sv_frame_range *ranges, size_t n, const char *tag, struct safevma_error *err);

/* rc: of the look. Frees. 1, 0 with *why, -1. */
int sv_self_check_end(struct sv_self_check *check, struct sv_kernelmap *map, int rc,
	struct safevma_error *why, struct safevma_error *err);

#endif
