// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * share: memory that a child has in common, of every sort, and which pages of it. Pages are shared
 * by what the two did: fork() copies the page tables of anonymous memory, so that all its pages are
 * shared until one writes; of files and shared memory the child has what it touched itself, and
 * where it reads what the kernel maps around: there it touches all.
 *
 * Lines of JSON: a region each, with "shared" (the kind that it is, and the numbers of the pages);
 * "child" (forked), "twin" (with our memory as a whole, CLONE_VM as in vfork()); then ready.
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { HUGE_BYTES = 2 << 20, STACK = 1 << 16 };

/* What both do with a page: the parent before the fork, the child behind it. */
enum act { NOTHING, READ, WRITE };

struct common {
	const char *name;
	const char *kind; /* read-only, cow, outgoing, writable; "": nothing is shared */
	int (*map)(struct common *c);
	int (*child)(struct common *c); /* remaps it there, or NULL */
	bool copied;			/* by fork: anonymous and private */
	size_t pages;			/* 0: of the settings */
	enum act parent_act;
	/* The child does this with pages from first on, so many of four quarters. */
	enum act child_act;
	size_t first, quarters;
	unsigned char *start;
	size_t page; /* size of a page that is touched */
	char skipped[96];
};

static int skipped(struct common *c, const char *why)
{
	snprintf(c->skipped, sizeof(c->skipped), "%s: %s", why, strerror(errno));
	return -1;
}

static int map_as(struct common *c, int prot, int flags, int fd)
{
	c->start = map_apart(c->pages * page_size(), page_size(), prot, flags, fd);
	return c->start ? 0 : skipped(c, "mmap");
}

static int map_anon(struct common *c)
{
	if (map_as(c, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1))
		return -1;
	madvise(c->start, c->pages * page_size(), MADV_NOHUGEPAGE);
	return 0;
}

static int map_memfd(struct common *c)
{
	int fd = memfd_create(c->name, 0);

	if (fd < 0 || ftruncate(fd, (off_t)(c->pages * page_size())))
		return skipped(c, "memfd_create");
	return map_as(c, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

static int map_file_ro(struct common *c)
{
	int fd = scratch_file(c->name, c->pages);

	return fd < 0 ? skipped(c, "a file") : map_as(c, PROT_READ, MAP_PRIVATE, fd);
}

static int map_file_private(struct common *c)
{
	int fd = scratch_file(c->name, c->pages);

	return fd < 0 ? skipped(c, "a file") : map_as(c, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
}

static int map_thp(struct common *c)
{
	c->pages = HUGE_BYTES / page_size();
	c->start = map_apart(
		HUGE_BYTES, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!c->start)
		return skipped(c, "mmap");
	madvise(c->start, HUGE_BYTES, MADV_HUGEPAGE);
	return 0;
}

static int map_hugetlb_as(struct common *c, int flags)
{
	c->pages = HUGE_BYTES / page_size();
	c->page = HUGE_BYTES;
	c->start = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
		flags | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (c->start != MAP_FAILED)
		return 0;
	c->start = NULL;
	return skipped(c, "MAP_HUGETLB");
}

static int map_hugetlb(struct common *c)
{
	return map_hugetlb_as(c, MAP_PRIVATE);
}

static int map_hugetlb_shared(struct common *c)
{
	return map_hugetlb_as(c, MAP_SHARED);
}

static int only_reads(struct common *c)
{
	return mprotect(c->start, c->pages * page_size(), PROT_READ);
}

static struct common commons[] = {
	{ .name = "writable",
		.kind = "writable",
		.map = map_memfd,
		.parent_act = WRITE,
		.child_act = WRITE,
		.first = 1,
		.quarters = 2 },
	{ .name = "outgoing",
		.kind = "outgoing",
		.map = map_memfd,
		.child = only_reads,
		.parent_act = WRITE,
		.child_act = READ,
		.quarters = 4 },
	{ .name = "cow",
		.kind = "cow",
		.map = map_anon,
		.copied = true,
		.parent_act = WRITE,
		.child_act = WRITE,
		.first = 2,
		.quarters = 1 },
	{ .name = "text",
		.kind = "read-only",
		.map = map_file_ro,
		.parent_act = READ,
		.child_act = READ,
		.quarters = 4 },
	{ .name = "data",
		.kind = "cow",
		.map = map_file_private,
		.parent_act = READ,
		.child_act = READ,
		.quarters = 4 },
	{ .name = "thp",
		.kind = "cow",
		.map = map_thp,
		.copied = true,
		.parent_act = WRITE,
		.child_act = WRITE,
		.first = 7,
		.quarters = 0 },
	{ .name = "hugetlb",
		.kind = "cow",
		.map = map_hugetlb,
		.copied = true,
		.parent_act = WRITE },
	{ .name = "hugetlb_shared",
		.kind = "writable",
		.map = map_hugetlb_shared,
		.parent_act = WRITE,
		.child_act = WRITE,
		.quarters = 4 },
	{ .name = "left", .kind = "", .map = map_memfd, .parent_act = WRITE },
};

enum { COMMONS = sizeof(commons) / sizeof(commons[0]) };

static void do_with(struct common *c, enum act act, size_t first, size_t count)
{
	volatile unsigned char *at = c->start;

	for (size_t i = first; i < first + count && act != NOTHING; i++) {
		if (act == WRITE)
			at[i * page_size()] = 0x5a;
		else
			(void)at[i * page_size()];
	}
}

/* Of quarters 0 it is one page. */
static size_t child_pages(const struct common *c)
{
	if (c->child_act == NOTHING)
		return 0;
	return c->quarters ? c->pages * c->quarters / 4 : 1;
}

/* By what was done: written by the child, a page that fork copied is its own. */
static bool is_shared(const struct common *c, size_t page)
{
	bool touched = page >= c->first && page < c->first + child_pages(c);

	return c->copied ? !(touched && c->child_act == WRITE) : touched;
}

static void report_common(const struct common *c)
{
	unsigned char *marks = calloc(c->pages, 1);

	if (c->skipped[0] || !marks) {
		report_skipped(c->name, c->skipped);
		free(marks);
		return;
	}
	for (size_t i = 0; i < c->pages; i++)
		marks[i] = *c->kind && is_shared(c, i);
	printf("{\"name\":\"%s\",\"kind\":\"%s\",\"start\":\"0x%" PRIxPTR "\",\"end\":\"0x%" PRIxPTR
	       "\",\"page_size\":%zu",
		c->name, c->kind, (uintptr_t)c->start, (uintptr_t)c->start + c->pages * page_size(),
		page_size());
	report_list("shared", marks, c->pages);
	printf("}\n");
	free(marks);
}

static int done[2];

static void in_child(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COMMONS; i++) {
		struct common *c = &commons[i];

		if (c->skipped[0])
			continue;
		if (c->child && c->child(c))
			_exit(1);
		do_with(c, c->child_act, c->first, child_pages(c));
	}
	close(done[0]);
	close(done[1]);
}

/* It has our memory and nothing else of ours, as a child of vfork() before it executes. */
static int twin(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pause())
		;
	return 0;
}

static pid_t make_twin(void)
{
	unsigned char *stack = map_apart(
		STACK, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return stack ? clone(twin, stack + STACK, CLONE_VM | SIGCHLD, NULL) : -1;
}

int victim_share(void)
{
	pid_t child, same;
	char c;

	for (size_t i = 0; i < COMMONS; i++) {
		commons[i].pages = settings.pages;
		if (!commons[i].map(&commons[i]))
			do_with(&commons[i], commons[i].parent_act, 0, commons[i].pages);
	}
	if (start_threads() || pipe2(done, O_CLOEXEC))
		return EXIT_FAILURE;
	child = fork_sleeper(in_child, NULL);
	close(done[1]);
	while (read(done[0], &c, 1) < 0 && errno == EINTR)
		;
	same = make_twin();
	for (size_t i = 0; i < COMMONS; i++)
		report_common(&commons[i]);
	printf("{\"child\":%d,\"twin\":%d}\n", (int)child, (int)same);
	report_ready(getpid(), 0);
	wait_for_end();
	kill(child, SIGKILL);
	if (same > 0)
		kill(same, SIGKILL);
	return EXIT_SUCCESS;
}
