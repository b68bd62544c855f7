// SPDX-License-Identifier: LGPL-2.1-or-later
/* The sorts of memory that the victim makes, each with what is true of it by construction. */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#define TMPFS_MAGIC_NUMBER 0x01021994
#define SPOOF_PATH	   "/secretmem"
#define VMA_NAME	   "safety state (deleted)"

/* The child shares every page that the parent wrote before; it only sleeps. */
static int make_cow(struct region *r)
{
	if (region_map_anon(r) || region_lock(r, 0))
		return -1;
	region_touch(r, 0, r->pages);
	if (fork_sleeper(NULL, NULL) < 0)
		return region_skip(r, "fork: %s", strerror(errno));
	region_touch(r, 0, r->pages / 4);
	snprintf(r->note, sizeof(r->note),
		"pages from %zu on wait to be copied at the next write; those before were copied",
		r->pages / 4);
	return 0;
}

static int make_locked(struct region *r)
{
	if (region_map_anon(r) || region_lock(r, 0))
		return -1;
	region_touch(r, 0, r->pages);
	return 0;
}

static int make_unlocked(struct region *r)
{
	if (region_map_anon(r))
		return -1;
	region_touch(r, 0, r->pages);
	return 0;
}

static int make_reserved(struct region *r)
{
	return region_map_anon(r);
}

static int make_onfault(struct region *r)
{
	if (region_map_anon(r) || region_lock(r, MLOCK_ONFAULT))
		return -1;
	region_touch(r, 1, 2);
	return 0;
}

/* mlock of memory without access fails with ENOMEM and yet leaves VM_LOCKED set. */
static int make_locked_none(struct region *r)
{
	if (region_map(r, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1))
		return -1;
	if (!mlock(r->start, r->pages * page_size()))
		snprintf(r->note, sizeof(r->note), "mlock succeeded");
	else
		snprintf(r->note, sizeof(r->note), "mlock failed: %s", strerror(errno));
	r->mlocked = true;
	return 0;
}

static int make_zero(struct region *r)
{
	if (region_map_anon(r))
		return -1;
	region_look(r, 0, r->pages / 2);
	return 0;
}

static int make_locked_zero(struct region *r)
{
	if (region_map_anon(r) || region_lock(r, MLOCK_ONFAULT))
		return -1;
	region_look(r, 0, r->pages / 2);
	return 0;
}

static int make_prot_none(struct region *r)
{
	if (region_map_anon(r))
		return -1;
	region_touch(r, 0, r->pages);
	if (mprotect(r->start, r->pages * page_size(), PROT_NONE))
		return region_skip(r, "mprotect: %s", strerror(errno));
	return 0;
}

static int make_guard(struct region *r)
{
	size_t first = r->pages / 2, count = r->pages / 4 ? r->pages / 4 : 1;

	if (region_map_anon(r))
		return -1;
	region_touch(r, 0, r->pages);
	if (madvise(r->start + first * page_size(), count * page_size(), MADV_GUARD_INSTALL))
		return region_skip(r, "MADV_GUARD_INSTALL: %s", strerror(errno));
	memset(r->touched + first, 0, count);
	memset(r->guard + first, 1, count);
	return 0;
}

static int make_named(struct region *r)
{
	if (make_locked(r))
		return -1;
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, r->start, r->pages * page_size(), VMA_NAME))
		return region_skip(r, "PR_SET_VMA_ANON_NAME: %s", strerror(errno));
	return 0;
}

static int make_secret_sized(struct region *r, int fd)
{
	if (ftruncate(fd, (off_t)(r->pages * page_size())))
		return region_skip(r, "ftruncate of secretmem: %s", strerror(errno));
	if (region_map(r, PROT_READ | PROT_WRITE, MAP_SHARED, fd))
		return -1;
	region_touch(r, 0, r->pages / 2);
	return 0;
}

static int make_secret(struct region *r)
{
	int fd = (int)syscall(SYS_memfd_secret, 0), rc;

	if (fd < 0)
		return region_skip(r, "memfd_secret: %s", strerror(errno));
	rc = make_secret_sized(r, fd);
	close(fd);
	return rc;
}

static size_t huge_size(void)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
	char text[32] = "";
	FILE *f = fopen(path, "re");

	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = 0;
		fclose(f);
	}
	return strtoul(text, NULL, 10);
}

int region_map_huge(struct region *r)
{
	size_t size = huge_size();

	if (!size || size > (size_t)64 << 20)
		return region_skip(r, "no transparent huge pages of a fitting size here");
	r->start = map_apart(size, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!r->start)
		return region_skip(r, "mmap: %s", strerror(errno));
	if (region_resize(r, size / page_size()))
		return -1;
	if (madvise(r->start, size, MADV_HUGEPAGE))
		return region_skip(r, "MADV_HUGEPAGE: %s", strerror(errno));
	return 0;
}

/* khugepaged would make one huge page of it within seconds; it does not undo what is huge. */
static void leave_alone(struct region *r)
{
	madvise(r->start, r->pages * page_size(), MADV_NOHUGEPAGE);
}

static int make_huge(struct region *r)
{
	if (region_map_huge(r))
		return -1;
	region_touch(r, 0, 1);
	leave_alone(r);
	return 0;
}

static int make_huge_locked(struct region *r)
{
	if (make_huge(r))
		return -1;
	return region_lock(r, 0);
}

/* Dropping one page maps the rest by single entries: a huge folio that no PMD maps. */
static int make_huge_partial(struct region *r)
{
	size_t hole;

	if (region_map_huge(r))
		return -1;
	region_touch(r, 0, r->pages);
	hole = r->pages - 1;
	if (madvise(r->start + hole * page_size(), page_size(), MADV_DONTNEED))
		return region_skip(r, "MADV_DONTNEED: %s", strerror(errno));
	r->touched[hole] = 0;
	leave_alone(r);
	return 0;
}

static int make_hugetlb(struct region *r)
{
	size_t size = huge_size() ? huge_size() : (size_t)2 << 20;

	r->start = map_apart(
		size, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	if (!r->start)
		return region_skip(r, "mmap of MAP_HUGETLB: %s", strerror(errno));
	if (region_resize(r, size / page_size()))
		return -1;
	region_touch(r, 0, 1);
	memset(r->touched, 1, r->pages);
	return 0;
}

static int make_shmem(struct region *r)
{
	int fd = memfd_create("victim", MFD_CLOEXEC), rc;

	if (fd < 0 || ftruncate(fd, (off_t)(r->pages * page_size())))
		return region_skip(r, "memfd_create: %s", strerror(errno));
	rc = region_map(r, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	close(fd);
	if (rc)
		return -1;
	region_touch(r, 0, r->pages / 2);
	return 0;
}

int region_map_file(struct region *r, int prot, int flags)
{
	int fd = scratch_file(r->kind->name, r->pages), rc;
	struct statfs fs;

	if (fd < 0)
		return region_skip(r, "a file in %s: %s", settings.dir, strerror(errno));
	r->class = !fstatfs(fd, &fs) && fs.f_type == TMPFS_MAGIC_NUMBER ? "shmem" : "file";
	rc = region_map(r, prot, flags, fd);
	close(fd);
	return rc;
}

static int make_file(struct region *r)
{
	r->reads = true;
	if (region_map_file(r, PROT_READ, MAP_PRIVATE))
		return -1;
	region_look(r, 0, r->pages);
	return 0;
}

static int make_file_written(struct region *r)
{
	if (region_map_file(r, PROT_READ | PROT_WRITE, MAP_PRIVATE))
		return -1;
	r->class = "anon";
	region_touch(r, 0, r->pages);
	return 0;
}

static int make_file_deleted(struct region *r)
{
	char path[512];

	r->reads = true;
	if (region_map_file(r, PROT_READ, MAP_SHARED))
		return -1;
	region_look(r, 0, r->pages);
	if (scratch_path(r->kind->name, path, sizeof(path)) || unlink(path))
		return region_skip(r, "unlink: %s", strerror(errno));
	return 0;
}

static int make_spoof_of(struct region *r, int fd)
{
	struct statfs fs;

	if (ftruncate(fd, (off_t)(r->pages * page_size())) || fstatfs(fd, &fs))
		return region_skip(r, "%s: %s", SPOOF_PATH, strerror(errno));
	r->class = fs.f_type == TMPFS_MAGIC_NUMBER ? "shmem" : "file";
	if (region_map(r, PROT_READ | PROT_WRITE, MAP_SHARED, fd))
		return -1;
	region_touch(r, 0, r->pages);
	return 0;
}

static int make_spoof(struct region *r)
{
	int fd, rc;

	if (geteuid())
		return region_skip(r, "only root can create %s", SPOOF_PATH);
	fd = open(SPOOF_PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return region_skip(r, "%s: %s", SPOOF_PATH, strerror(errno));
	rc = make_spoof_of(r, fd);
	unlink(SPOOF_PATH);
	close(fd);
	return rc;
}

/* cow and alone come first: a fork makes every page that exists by then wait to be copied. */
const struct region_kind region_kinds[] = {
	{ .name = "cow",
		.kind = "anon",
		.class = "anon",
		.about =
			"locked and present, but a sleeping child shares it: the next write faults",
		.make = make_cow },
	{ .name = "alone",
		.kind = "anon",
		.class = "anon",
		.about = "locked, and shared with a child that is gone: the next write faults",
		.on_request = true,
		.make = make_alone },
	{ .name = "locked",
		.kind = "anon",
		.class = "anon",
		.about = "locked, present, private: as critical memory should be",
		.make = make_locked },
	{ .name = "unlocked",
		.kind = "anon",
		.class = "anon",
		.about = "present, but nothing keeps it there",
		.make = make_unlocked },
	{ .name = "reserved",
		.kind = "anon",
		.class = "anon",
		.about = "promised, never touched: every first access faults",
		.make = make_reserved },
	{ .name = "onfault",
		.kind = "anon",
		.class = "anon",
		.about = "locked as it is touched: locked, and most of it not there",
		.make = make_onfault },
	{ .name = "locked_none",
		.kind = "anon",
		.class = "anon",
		.about = "the lock failed, yet the flag says locked",
		.make = make_locked_none },
	{ .name = "zero",
		.kind = "anon",
		.class = "zero",
		.about = "only read: the shared zero page, a write faults",
		.make = make_zero },
	{ .name = "locked_zero",
		.kind = "anon",
		.class = "zero",
		.about = "locked on fault and only read: the zero page in locked memory",
		.make = make_locked_zero },
	{ .name = "prot_none",
		.kind = "anon",
		.class = "anon",
		.about = "present, but no access is allowed",
		.make = make_prot_none },
	{ .name = "guard",
		.kind = "anon",
		.class = "anon",
		.about = "with guard pages in the middle that no VMA shows",
		.make = make_guard },
	{ .name = "named",
		.kind = "anon",
		.class = "anon",
		.about = "locked, with a name chosen by the process",
		.make = make_named },
	{ .name = "secret",
		.kind = "secretmem",
		.class = "file",
		.about = "memfd_secret: touched frames left the linear map, the others are not "
			 "there",
		.make = make_secret },
	{ .name = "huge",
		.kind = "anon",
		.class = "anon",
		.about = "one byte written where the kernel may give a huge page",
		.make = make_huge },
	{ .name = "huge_locked",
		.kind = "anon",
		.class = "anon",
		.about =
			"the same, locked: kernels up to 6.8 show the lock at the first page alone",
		.make = make_huge_locked },
	{ .name = "huge_partial",
		.kind = "anon",
		.class = "anon",
		.about = "a huge folio of which one page was given back",
		.make = make_huge_partial },
	{ .name = "hugetlb",
		.kind = "hugetlb",
		.class = "hugetlb",
		.about = "a page of the huge page pool",
		.make = make_hugetlb },
	{ .name = "shmem",
		.kind = "shmem",
		.class = "shmem",
		.about = "shared memory, half of it touched",
		.make = make_shmem },
	{ .name = "file",
		.kind = "file",
		.about = "a file mapped privately and read: page cache",
		.make = make_file },
	{ .name = "file_written",
		.kind = "file",
		.class = "anon",
		.about = "a file mapped privately and written: copies of its pages",
		.make = make_file_written },
	{ .name = "file_deleted",
		.kind = "file",
		.about = "a mapped file that has been deleted",
		.make = make_file_deleted },
	{ .name = "lock_failed",
		.kind = "anon",
		.class = "anon",
		.about = "the lock failed before it came to this memory; the flag stayed",
		.on_request = true,
		.make = make_lock_failed },
	{ .name = "huge_half",
		.kind = "anon",
		.class = "anon",
		.about = "a huge page of which the lower half is locked",
		.on_request = true,
		.make = make_huge_half_locked },
	{ .name = "swapped",
		.kind = "anon",
		.class = "anon",
		.about = "half of it in swap",
		.on_request = true,
		.make = make_swapped },
	{ .name = "file_shared",
		.kind = "file",
		.about = "a file mapped shared, locked, written and written back: the next write "
			 "tells the filesystem",
		.on_request = true,
		.make = make_file_shared },
	{ .name = "file_private",
		.kind = "file",
		.about = "a file mapped privately to be written, only read so far",
		.on_request = true,
		.make = make_file_private },
	{ .name = "ring",
		.kind = "file",
		.class = "unclassified",
		.about = "a ring of io_uring: memory of a driver, which nobody can lock",
		.on_request = true,
		.make = make_ring },
	{ .name = "spoof",
		.kind = "file",
		.about = "a deleted ordinary file named /secretmem: not secret at all",
		.on_request = true,
		.make = make_spoof },
};
const size_t region_kinds_count = sizeof(region_kinds) / sizeof(region_kinds[0]);
