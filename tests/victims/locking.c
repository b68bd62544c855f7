// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory that is locked and yet faults, stacks of threads, and the truth about faults: which pages
 * took one, by the process's own count.
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/* ---- memory ---------------------------------------------------------------------------------- */

/* Its entries stay write-protected when the child is gone. Later children do not get it. */
int make_alone(struct region *r)
{
	int status;
	pid_t pid;

	if (region_map_anon(r) || region_lock(r, 0))
		return -1;
	region_touch(r, 0, r->pages);
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return region_skip(r, "fork: %s", strerror(errno));
	madvise(r->start, r->pages * page_size(), MADV_DONTFORK);
	region_touch(r, 0, r->pages / 4);
	snprintf(r->note, sizeof(r->note), "pages up to %zu were written since", r->pages / 4);
	return 0;
}

/*
 * mlock() sets the flag of all mappings first, then faults their pages in and stops at the first
 * that it cannot have: a page without access right before the region.
 */
int make_lock_failed(struct region *r)
{
	size_t size = r->pages * page_size();
	unsigned char *p = map_apart(size + page_size(), page_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!p || mprotect(p, page_size(), PROT_NONE))
		return region_skip(r, "mmap: %s", strerror(errno));
	if (!mlock(p, size + page_size()))
		return region_skip(r, "mlock of a page without access succeeded");
	snprintf(r->note, sizeof(r->note), "mlock failed: %s", strerror(errno));
	r->start = p + page_size();
	r->mlocked = true;
	return 0;
}

/* The lock splits the mapping, and the huge page is mapped by single entries from then on. */
int make_huge_half_locked(struct region *r)
{
	if (region_map_huge(r))
		return -1;
	region_touch(r, 0, r->pages);
	if (madvise(r->start, r->pages * page_size(), MADV_NOHUGEPAGE))
		return region_skip(r, "MADV_NOHUGEPAGE: %s", strerror(errno));
	if (mlock(r->start, r->pages / 2 * page_size()))
		return region_skip(r, "mlock: %s", strerror(errno));
	return 0;
}

static size_t in_swap(const struct region *r)
{
	uint64_t entry;
	size_t i, n = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	for (i = 0; fd >= 0 && i < r->pages; i++) {
		off_t at = (off_t)(((uintptr_t)r->start / page_size() + i) * sizeof(entry));

		if (pread(fd, &entry, sizeof(entry), at) == sizeof(entry) && (entry >> 62 & 1)) {
			r->touched[i] = 0;
			n++;
		}
	}
	if (fd >= 0)
		close(fd);
	return n;
}

/* What is given to swap is read back when touched, and nothing of the region is huge. */
int make_swapped(struct region *r)
{
	size_t half = r->pages / 2;

	if (region_map_anon(r))
		return -1;
	madvise(r->start, r->pages * page_size(), MADV_NOHUGEPAGE);
	region_touch(r, 0, r->pages);
	if (madvise(r->start, half * page_size(), MADV_PAGEOUT))
		return region_skip(r, "MADV_PAGEOUT: %s", strerror(errno));
	if (!in_swap(r))
		return region_skip(r, "nothing went to swap");
	return 0;
}

int make_file_shared(struct region *r)
{
	if (region_map_file(r, PROT_READ | PROT_WRITE, MAP_SHARED) || region_lock(r, 0))
		return -1;
	region_touch(r, 0, r->pages);
	if (msync(r->start, r->pages * page_size(), MS_SYNC))
		return region_skip(r, "msync: %s", strerror(errno));
	return 0;
}

int make_file_private(struct region *r)
{
	if (region_map_file(r, PROT_READ | PROT_WRITE, MAP_PRIVATE))
		return -1;
	region_look(r, 0, r->pages);
	return 0;
}

/* struct io_uring_params is 120 bytes; of its offsets we need none. */
int make_ring(struct region *r)
{
	unsigned int params[30] = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 64, params);

	if (fd < 0)
		return region_skip(r, "io_uring_setup: %s", strerror(errno));
	r->reads = true;
	r->start = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (r->start == MAP_FAILED) {
		r->start = NULL;
		return region_skip(r, "mmap of a ring: %s", strerror(errno));
	}
	if (region_resize(r, 1))
		return -1;
	region_look(r, 0, 1);
	return 0;
}

int lock_all(const char *how)
{
	if (!mlockall(strcmp(how, "future") ? MCL_CURRENT : MCL_CURRENT | MCL_FUTURE))
		return 0;
	fprintf(stderr, "victim: mlockall: %s\n", strerror(errno));
	return -1;
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { STACKS_MAX = 64, STACK_BYTES = 1 << 20 };

static struct {
	long tid;
	uintptr_t start;
	size_t size, guard;
} stacks[STACKS_MAX];
static volatile unsigned int stacks_count;

static void *sleep_forever(void *arg)
{
	size_t n = (uintptr_t)arg;
	pthread_attr_t attr;
	void *start;

	if (n < STACKS_MAX && !pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &start, &stacks[n].size);
		pthread_attr_getguardsize(&attr, &stacks[n].guard);
		pthread_attr_destroy(&attr);
		stacks[n].start = (uintptr_t)start;
	}
	if (n < STACKS_MAX)
		stacks[n].tid = syscall(SYS_gettid);
	__atomic_add_fetch(&stacks_count, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

/* Every other stack is our own memory, which has no guard, with more of our own right below it. */
static int bare_stack(pthread_attr_t *attr)
{
	unsigned char *p = map_apart(STACK_BYTES + page_size(), page_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1);

	/* Read-only below, so that the two do not become one mapping. */
	if (!p || mprotect(p, page_size(), PROT_READ))
		return errno;
	return pthread_attr_setstack(attr, p + page_size(), STACK_BYTES);
}

static int start_thread(unsigned int n)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc = pthread_attr_init(&attr);

	if (!rc && settings.stacks)
		rc = n % 2 ? bare_stack(&attr) : pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (!rc)
		rc = pthread_create(&thread, &attr, sleep_forever, (void *)(uintptr_t)n);
	pthread_attr_destroy(&attr);
	return rc;
}

int start_threads(void)
{
	unsigned int i;

	for (i = 0; i < settings.threads; i++) {
		int rc = start_thread(i);

		if (!rc)
			continue;
		fprintf(stderr, "victim: thread %u: %s\n", i, strerror(rc));
		return -1;
	}
	while (settings.stacks && __atomic_load_n(&stacks_count, __ATOMIC_SEQ_CST) < i)
		usleep(1000);
	return 0;
}

/* The guard is at the low end of what pthread_getattr_np() leaves out. */
void report_stacks(void)
{
	unsigned int i;

	for (i = 0; settings.stacks && !settings.human && i < settings.threads && i < STACKS_MAX;
		i++)
		printf("{\"thread\":%ld,\"stack\":\"0x%lx\",\"stack_bytes\":%zu,\"guard_bytes\":%"
		       "zu}"
		       "\n",
			stacks[i].tid, (unsigned long)stacks[i].start, stacks[i].size,
			i % 2 ? 0 : stacks[i].guard);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_minflt + u.ru_majflt;
}

static bool out_of_bounds(const struct region *r)
{
	return !strcmp(r->kind->name, "prot_none") || !strcmp(r->kind->name, "locked_none");
}

/* The marks are written before the first page is looked at: they must not fault themselves. */
static void touch_region(struct region *r, unsigned char *marks)
{
	volatile unsigned char *p = r->start;
	size_t i;

	memset(marks, 1, r->pages);
	for (i = 0; i < r->pages; i++) {
		long before = faults();

		before = faults();
		if (r->guard[i])
			;
		else if (r->reads)
			(void)p[i * page_size()];
		else
			p[i * page_size()] = 0x3c;
		marks[i] = faults() != before;
	}
}

void touch_regions(struct region *regions, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct region *r = &regions[i];
		unsigned char *marks;

		if (r->skipped[0] || out_of_bounds(r))
			continue;
		marks = malloc(r->pages);
		if (!marks)
			continue;
		touch_region(r, marks);
		printf("{\"faulted\":\"%s\",\"start\":\"0x%lx\"", r->kind->name,
			(unsigned long)(uintptr_t)r->start);
		report_list(r->reads ? "read_faults" : "write_faults", marks, r->pages);
		printf("}\n");
		free(marks);
	}
	printf("{\"touched\":true}\n");
	fflush(stdout);
}
