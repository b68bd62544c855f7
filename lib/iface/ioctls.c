// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ioctls.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

struct pm_scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

#define OUR_PAGEMAP_SCAN  _IOWR('f', 16, struct pm_scan_arg)
#define OUR_PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)
#define COVERING_OR_NEXT  0x10u

_Static_assert(sizeof(struct pm_scan_arg) == 96, "the kernel accepts this size alone");
_Static_assert(sizeof(struct procmap_query) == 104, "as in the kernel");

enum { REGIONS = 512 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t account(struct sv_cost *cost, uint64_t began)
{
	uint64_t took = now_ns() - began;

	sv_cost_lock_read(cost, took / 1000);
	return took;
}

static int keep(struct sv_strbuf *ret, size_t base, const struct sv_region *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sv_region last;

		if (ret->len >= base + sizeof(last)) {
			memcpy(&last, ret->ptr + ret->len - sizeof(last), sizeof(last));
			if (last.end == r[i].start && last.categories == r[i].categories) {
				last.end = r[i].end;
				memcpy(ret->ptr + ret->len - sizeof(last), &last, sizeof(last));
				continue;
			}
		}
		if (sv_strbuf_add(ret, &r[i], sizeof(r[i])))
			return -1;
	}
	return 0;
}

/*
 * Address space of one walk. Where nothing is, 512 GiB are one step; where tables were emptied, 2
 * MiB are 512. Hence from small to large in few steps while it costs next to nothing, anew for each
 * range.
 */
static struct sv_pace span_pace(const struct sv_pacing *pacing)
{
	return sv_pace_of(
		pacing->span_hold_ns / 2, UINT64_C(2) << 20, UINT64_C(32) << 20, UINT64_C(1) << 46);
}

static void learn_span(struct sv_pace *span, uint64_t walked, uint64_t took)
{
	bool nothing = walked == span->size && took < span->hold_ns / 64;

	sv_pace_learn(span, walked, took);
	for (int i = 0; i < 2 && nothing; i++) /* eight times as much takes less than an eighth */
		sv_pace_learn(span, span->size, took);
}

/* One call. *at: how far it came. The number of regions, or -1 with errno. */
static int walk(int fd, uint64_t *at, uint64_t end, uint64_t most, struct sv_region *regions)
{
	struct pm_scan_arg a = { .size = sizeof(a),
		.start = *at,
		.end = end,
		.vec = (uintptr_t)regions,
		.vec_len = REGIONS,
		.max_pages = most,
		.category_anyof_mask = SV_SCAN_PRESENT | SV_SCAN_SWAPPED,
		.return_mask = SV_SCAN_PRESENT | SV_SCAN_SWAPPED };
	int n = ioctl(fd, OUR_PAGEMAP_SCAN, &a);

	if (n >= 0 && (a.walk_end <= *at || n > REGIONS)) {
		errno = EPROTO;
		return -1;
	}
	*at = a.walk_end;
	return n;
}

int sv_ioctl_scan(int fd, uint64_t start, uint64_t end, struct sv_pacing *pacing,
	struct sv_strbuf *ret, struct sv_cost *cost)
{
	struct sv_pace span = span_pace(pacing);
	struct sv_region regions[REGIONS];
	size_t base = ret->len;

	while (start < end) {
		uint64_t from = start, to = end - start > span.size ? start + span.size : end;
		uint64_t began = now_ns(), took;
		int n = walk(fd, &start, to, pacing->found.size, regions), rc = n < 0 ? errno : 0;

		took = account(cost, began);
		if (rc)
			return rc;
		if (keep(ret, base, regions, (size_t)n))
			return ENOMEM;
		if (start < to)
			sv_pace_learn(&pacing->found, pacing->found.size, took);
		else
			learn_span(&span, to - from, took);
		if (sv_pacing_due(pacing, took))
			sv_pacing_pause();
	}
	return 0;
}

int sv_ioctl_query(int fd, uint64_t start, uint64_t end, struct sv_pacing *pacing,
	struct sv_strbuf *ret, struct sv_cost *cost)
{
	while (start < end) {
		struct procmap_query q = {
			.size = sizeof(q), .query_flags = COVERING_OR_NEXT, .query_addr = start
		};
		uint64_t began = now_ns();
		struct sv_query_vma v;
		int rc = ioctl(fd, OUR_PROCMAP_QUERY, &q) ? errno : 0;

		if (sv_pacing_due(pacing, account(cost, began)))
			sv_pacing_pause();
		if (rc)
			return rc == ENOENT ? 0 : rc;
		if (q.vma_start >= end)
			return 0;
		if (q.vma_end <= start)
			return EPROTO;
		v = (struct sv_query_vma) { .start = q.vma_start,
			.end = q.vma_end,
			.flags = q.vma_flags,
			.page_size = q.vma_page_size,
			.offset = q.vma_offset,
			.inode = q.inode,
			.dev_major = q.dev_major,
			.dev_minor = q.dev_minor };
		if (sv_strbuf_add(ret, &v, sizeof(v)))
			return ENOMEM;
		start = q.vma_end;
	}
	return 0;
}
