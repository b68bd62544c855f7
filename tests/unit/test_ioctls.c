// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this kernel does on our own memory; skipped where it is too old. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iface/ioctls.h"

enum { PAGES = 5000 };

static uint64_t page;

/* N pages of address space, none of them there. */
static char *map(size_t n)
{
	char *at;

	page = (uint64_t)sysconf(_SC_PAGESIZE);
	at = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	madvise(at, n * page, MADV_NOHUGEPAGE);
	return at;
}

static void skip_on(int rc, const char *what, const char *since)
{
	if (rc != ENOTTY)
		return;
	print_message("# %s needs Linux %s\n", what, since);
	skip();
}

static int open_own(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The regions found, page by page: exactly those that were touched. */
static void assert_found(
	const struct sv_strbuf *found, const char *at, size_t pages, const bool *touched)
{
	sv_auto_free bool *seen = calloc(pages, sizeof(*seen));
	uint64_t last = 0;

	assert_int_equal(found->len % sizeof(struct sv_region), 0);
	for (size_t i = 0; i < found->len; i += sizeof(struct sv_region)) {
		struct sv_region r;

		memcpy(&r, found->ptr + i, sizeof(r));
		assert_true(r.start < r.end && r.start >= last);
		assert_true(r.start >= (uintptr_t)at && r.end <= (uintptr_t)at + pages * page);
		assert_true(r.categories & SV_SCAN_PRESENT);
		assert_false(r.categories & ~(SV_SCAN_PRESENT | SV_SCAN_SWAPPED));
		for (uint64_t a = r.start; a < r.end; a += page)
			seen[(a - (uintptr_t)at) / page] = true;
		last = r.end;
	}
	assert_memory_equal(seen, touched, pages * sizeof(*seen));
}

static int scan(const char *at, size_t pages, struct sv_strbuf *ret, struct sv_cost *cost)
{
	struct sv_pacing pacing = sv_pacing_of(0);
	int fd = open_own("/proc/self/pagemap");
	int rc = sv_ioctl_scan(fd, (uintptr_t)at, (uintptr_t)at + pages * page, &pacing, ret, cost);

	close(fd);
	return rc;
}

static void scan_finds_what_was_touched(void **state)
{
	static const size_t few[] = { 0, 1, 2, 700, 702, PAGES - 1 };
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	bool touched[PAGES] = { false };
	struct sv_cost cost = { 0 };
	char *at = map(PAGES);
	int rc;

	(void)state;
	for (size_t i = 0; i < sv_array_size(few); i++) {
		at[few[i] * page] = 1;
		touched[few[i]] = true;
	}
	mlock(at, page); /* nothing of it swaps out while we look */
	rc = scan(at, PAGES, &found, &cost);
	skip_on(rc, "PAGEMAP_SCAN", "6.7");
	assert_int_equal(rc, 0);
	assert_found(&found, at, PAGES, touched);
	assert_int_equal(found.len / sizeof(struct sv_region), 4);
	assert_true(cost.lock_reads >= 1);
	munmap(at, PAGES * page);
}

/* More regions than one call returns. */
static void scan_goes_on_when_full(void **state)
{
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	bool touched[PAGES] = { false };
	struct sv_cost cost = { 0 };
	char *at = map(PAGES);
	int rc;

	(void)state;
	for (size_t i = 0; i < PAGES; i += 2) {
		at[i * page] = 1;
		touched[i] = true;
	}
	rc = scan(at, PAGES, &found, &cost);
	skip_on(rc, "PAGEMAP_SCAN", "6.7");
	assert_int_equal(rc, 0);
	assert_found(&found, at, PAGES, touched);
	assert_int_equal(found.len / sizeof(struct sv_region), PAGES / 2);
	assert_true(cost.lock_reads > 1);
	munmap(at, PAGES * page);
}

/* Walked in pieces, a region is still one; what the buffer held before is left alone. */
static void scan_appends_and_joins(void **state)
{
	const size_t pages = (UINT64_C(96) << 20) / (uint64_t)sysconf(_SC_PAGESIZE);
	struct sv_region before = { 0 };
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct sv_cost cost = { 0 };
	char *at = map(pages);
	int rc;

	(void)state;
	for (size_t i = 0; i < pages; i++)
		at[i * page] = 1;
	before.start = (uintptr_t)at - page;
	before.end = (uintptr_t)at;
	before.categories = SV_SCAN_PRESENT;
	assert_int_equal(sv_strbuf_add(&found, &before, sizeof(before)), 0);
	rc = scan(at, pages, &found, &cost);
	skip_on(rc, "PAGEMAP_SCAN", "6.7");
	assert_int_equal(rc, 0);
	assert_memory_equal(found.ptr, &before, sizeof(before));
	assert_int_equal(found.len, 2 * sizeof(before));
	assert_true(cost.lock_reads >= 3); /* 32 MiB at first */
	munmap(at, pages * page);
}

/* 16 TiB of which little is there: neither many calls, nor many pages in one. */
static void scan_of_much_that_is_not_there(void **state)
{
	const uint64_t size = UINT64_C(1) << 44, here = UINT64_C(1) << 40;
	struct sv_pacing pacing = sv_pacing_of(1000000);
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct sv_cost cost = { 0 };
	struct sv_region r;
	int fd, rc;
	char *at;

	(void)state;
	if (sizeof(void *) < 8)
		skip();
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (at == MAP_FAILED) /* too strict a limit, or too few bits of address */
		skip();
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	madvise(at, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < 2000; i++)
		at[here + i * page] = 1;
	fd = open_own("/proc/self/pagemap");
	rc = sv_ioctl_scan(fd, (uintptr_t)at, (uintptr_t)at + size, &pacing, &found, &cost);
	close(fd);
	skip_on(rc, "PAGEMAP_SCAN", "6.7");
	assert_int_equal(rc, 0);
	assert_int_equal(found.len, sizeof(r));
	memcpy(&r, found.ptr, sizeof(r));
	assert_int_equal(r.start, (uintptr_t)at + here);
	assert_int_equal(r.end, (uintptr_t)at + here + 2000 * page);
	assert_in_range(cost.lock_reads, 4, 30);
	munmap(at, size);
}

static void scan_of_nothing(void **state)
{
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct sv_cost cost = { 0 };
	char *at = map(16);
	int rc = scan(at, 16, &found, &cost);

	(void)state;
	skip_on(rc, "PAGEMAP_SCAN", "6.7");
	assert_int_equal(rc, 0);
	assert_int_equal(found.len, 0);
	munmap(at, 16 * page);
	assert_int_equal(scan(at, 0, &found, &cost), 0);
	assert_int_equal(found.len, 0);
}

static void query_finds_the_mapping(void **state)
{
	char *at = map(16);
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct sv_pacing pacing = sv_pacing_of(0);
	struct sv_cost cost = { 0 };
	int fd = open_own("/proc/self/maps"), rc;
	struct sv_query_vma v;

	(void)state;
	/* Three mappings with borders that we know: the middle one is read-only. */
	assert_int_equal(mprotect(at + 4 * page, 8 * page, PROT_READ), 0);
	rc = sv_ioctl_query(
		fd, (uintptr_t)at + 4 * page, (uintptr_t)at + 12 * page, &pacing, &found, &cost);
	skip_on(rc, "PROCMAP_QUERY", "6.11");
	assert_int_equal(rc, 0);
	assert_int_equal(found.len, sizeof(v));
	memcpy(&v, found.ptr, sizeof(v));
	assert_int_equal(v.start, (uintptr_t)at + 4 * page);
	assert_int_equal(v.end, (uintptr_t)at + 12 * page);
	assert_int_equal(v.flags, 1);
	assert_int_equal(v.page_size, page);
	assert_int_equal(v.inode, 0);
	assert_int_equal(cost.lock_reads, 1);
	/* All that touch the range, in order. */
	found.len = 0;
	assert_int_equal(sv_ioctl_query(fd, (uintptr_t)at + 3 * page, (uintptr_t)at + 12 * page + 1,
				 &pacing, &found, &cost),
		0);
	assert_int_equal(found.len, 3 * sizeof(v));
	/* None at the end of the address space. */
	found.len = 0;
	assert_int_equal(sv_ioctl_query(fd, UINT64_MAX - 1, UINT64_MAX, &pacing, &found, &cost), 0);
	assert_int_equal(found.len, 0);
	close(fd);
	munmap(at, 16 * page);
}

static void other_files_have_neither(void **state)
{
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	struct sv_pacing pacing = sv_pacing_of(0);
	struct sv_cost cost = { 0 };
	int fd = open_own("/proc/self/stat");

	(void)state;
	assert_int_equal(sv_ioctl_scan(fd, 0, 4096, &pacing, &found, &cost), ENOTTY);
	assert_int_equal(sv_ioctl_query(fd, 0, 4096, &pacing, &found, &cost), ENOTTY);
	assert_int_equal(sv_ioctl_scan(-1, 0, 4096, &pacing, &found, &cost), EBADF);
	assert_int_equal(found.len, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_finds_what_was_touched),
		cmocka_unit_test(scan_goes_on_when_full),
		cmocka_unit_test(scan_appends_and_joins),
		cmocka_unit_test(scan_of_much_that_is_not_there),
		cmocka_unit_test(scan_of_nothing),
		cmocka_unit_test(query_finds_the_mapping),
		cmocka_unit_test(other_files_have_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
