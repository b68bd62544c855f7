// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Faults of which every address is known: everything else is locked and there before it begins.
 *
 *   toucher   at a line on standard input touches pages of each sort and then says which: a line
 *             {"touch":ADDRESS,"what":SORT,"pid":N,"tid":N,"start":ADDRESS,"end":ADDRESS} each
 *   flood N   at a line, N faults (1000000) as fast as they come, on two threads, and then
 *             {"faults":N} as the kernel counted them for it
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 8, TOUCHES = 256, STACK = 256 << 10 };

struct touch {
	const unsigned char *at, *start;
	const char *what;
	pid_t pid, tid;
};

/* Shared with the child, and there before all else: writing the list must not fault. */
static struct list {
	size_t len;
	struct touch touches[TOUCHES];
} * list;

static void touched(const unsigned char *at, const unsigned char *start, const char *what)
{
	list->touches[list->len++] = (struct touch) { .at = at,
		.start = start,
		.what = what,
		.pid = (pid_t)syscall(SYS_getpid),
		.tid = (pid_t)syscall(SYS_gettid) };
}

static void touch_pages(volatile unsigned char *start, size_t first, size_t n, const char *what)
{
	for (size_t i = first; i < first + n; i++) {
		touched((unsigned char *)start + i * page_size(), (unsigned char *)start, what);
		start[i * page_size()] = 1;
	}
}

static void look_pages(volatile unsigned char *start, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++) {
		touched((unsigned char *)start + i * page_size(), (unsigned char *)start, what);
		(void)start[i * page_size()];
	}
}

static unsigned char *map_one(int flags, int fd)
{
	return map_apart(PAGES * page_size(), page_size(), PROT_READ | PROT_WRITE, flags, fd);
}

/* All that is there now, but for regions that are not to be: those begin after this call. */
static int lock_present(void)
{
	return mlockall(MCL_CURRENT);
}

static void *in_thread(void *arg)
{
	touch_pages(arg, 0, 3, "thread");
	return NULL;
}

static void *wait_and_touch(void *arg)
{
	struct {
		volatile int go;
		unsigned char *start;
	} *w = arg;

	while (!w->go)
		sched_yield();
	touch_pages(w->start, 0, 2, "old-thread");
	return NULL;
}

static void wait_for_line(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
}

static void say_list(void)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct touch *t = &list->touches[i];

		printf("{\"touch\":\"0x%" PRIxPTR "\",\"what\":\"%s\",\"pid\":%d,\"tid\":%d,"
		       "\"start\":\"0x%" PRIxPTR "\",\"end\":\"0x%" PRIxPTR "\"}\n",
			(uintptr_t)t->at, t->what, t->pid, t->tid, (uintptr_t)t->start,
			(uintptr_t)t->start + PAGES * page_size());
	}
	printf("{\"listed\":%zu}\n", list->len);
	fflush(stdout);
}

int victim_toucher(void)
{
	struct {
		volatile int go;
		unsigned char *start;
	} old = { 0 };
	unsigned char *stack, *early, *for_thread, *for_child, *zero, *later;
	pthread_t thread, waiting;
	pthread_attr_t attr;
	int fd = scratch_file("faulter", PAGES);
	pid_t child;

	list = mmap(NULL, sizeof(*list), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || list == MAP_FAILED || stack == MAP_FAILED)
		return EXIT_FAILURE;
	early = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	zero = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for_thread = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for_child = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	old.start = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK);
	if (pthread_create(&waiting, NULL, wait_and_touch, &old) || lock_present()) {
		report_skipped("toucher", strerror(errno));
		return 77;
	}
	/* Given back after the lock: these are the ones that fault. */
	munlockall();
	madvise(early, PAGES * page_size(), MADV_DONTNEED);
	madvise(zero, PAGES * page_size(), MADV_DONTNEED);
	madvise(for_thread, PAGES * page_size(), MADV_DONTNEED);
	madvise(old.start, PAGES * page_size(), MADV_DONTNEED);
	printf("{\"warm\":1}\n");
	report_ready(getpid(), 0);
	wait_for_line();
	touch_pages(early, 2, 3, "early");
	look_pages(zero, 2, "zero-read");
	touch_pages(zero, 0, 2, "zero-write");
	old.go = 1;
	pthread_join(waiting, NULL);
	later = map_one(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch_pages(later, 0, 4, "later");
	later = map_one(MAP_SHARED, fd);
	touch_pages(later, 0, 1, "file");
	if (pthread_create(&thread, &attr, in_thread, for_thread))
		return EXIT_FAILURE;
	pthread_join(thread, NULL);
	child = fork();
	if (!child) {
		touch_pages(for_child, 0, 2, "child-copy");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	wait_for_line();
	say_list();
	wait_for_end();
	return EXIT_SUCCESS;
}

/* ---- flood ----------------------------------------------------------------------------------- */

enum { FLOOD_PAGES = 4096 };

static void *flood(void *arg)
{
	size_t n = (size_t)(uintptr_t)arg, size = FLOOD_PAGES * page_size();
	volatile unsigned char *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)(uintptr_t)p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++) {
		if (i && i % FLOOD_PAGES == 0)
			madvise((void *)(uintptr_t)p, size, MADV_DONTNEED);
		p[i % FLOOD_PAGES * page_size()] = 1;
	}
	return NULL;
}

int victim_flood(void)
{
	size_t n = settings.amount ? (size_t)settings.amount : 1000000;
	struct rusage before, after;
	pthread_t threads[2];

	printf("{\"warm\":1}\n");
	report_ready(getpid(), 0);
	wait_for_line();
	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, flood, (void *)(uintptr_t)(n / 2)))
			return EXIT_FAILURE;
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	getrusage(RUSAGE_SELF, &after);
	printf("{\"faults\":%ld}\n", after.ru_minflt - before.ru_minflt);
	fflush(stdout);
	wait_for_end();
	return EXIT_SUCCESS;
}
