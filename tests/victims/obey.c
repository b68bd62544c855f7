// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A real-time loop as it should be: all memory locked and touched before it begins, then the same
 * pages again and again and no call but a wait. What upsets it is asked for on standard input, a
 * word a line:
 *
 *   malloc    4 MiB of heap              free      gives them back
 *   mmap      1 MiB of its own           touch     pages of a reservation, first touched now
 *   mprotect  one page of its buffer     munlock   its buffer is locked no more
 *   fork      a child that stays         forked    a child that is waited for
 *   thread    one more                   stack     256 KiB more of it than ever
 *   drop      a page of the reservation that was touched is given back
 *
 * Each is answered by a line {"did":WORD,"start":ADDRESS,"end":ADDRESS}; end of input ends it.
 */
#include "victim.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER_PAGES = 16, HEAP = 4 << 20, MAPPED = 1 << 20, STACK = 256 << 10 };

static struct {
	unsigned char *buffer, *reserve;
	unsigned char *heap;
} mine;

static void did(const char *what, const void *start, size_t size)
{
	printf("{\"did\":\"%s\",\"start\":\"0x%" PRIxPTR "\",\"end\":\"0x%" PRIxPTR "\"}\n", what,
		(uintptr_t)start, (uintptr_t)start + size);
	fflush(stdout);
}

static void do_malloc(void)
{
	mine.heap = malloc(HEAP);
	if (mine.heap)
		memset(mine.heap, 1, HEAP);
	did("malloc", mine.heap, mine.heap ? HEAP : 0);
}

static void do_free(void)
{
	volatile uintptr_t start =
		(uintptr_t)mine.heap; /* for no warning of its use: it is a number */

	free(mine.heap);
	mine.heap = NULL;
	malloc_trim(0);
	did("free", (const void *)start, HEAP);
}

static void do_mmap(void)
{
	void *p = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	did("mmap", p, MAPPED);
}

static void do_touch(void)
{
	size_t size = 4 * page_size();

	memset(mine.reserve, 1, size);
	did("touch", mine.reserve, size);
}

static void do_drop(void)
{
	madvise(mine.reserve, page_size(), MADV_DONTNEED);
	did("drop", mine.reserve, page_size());
}

static void do_mprotect(void)
{
	unsigned char *last = mine.buffer + (BUFFER_PAGES - 1) * page_size();

	mprotect(last, page_size(), PROT_READ);
	did("mprotect", last, page_size());
}

static void do_munlock(void)
{
	munlock(mine.buffer, BUFFER_PAGES * page_size());
	did("munlock", mine.buffer, BUFFER_PAGES * page_size());
}

static void do_fork(void)
{
	fork_sleeper(NULL, NULL);
	did("fork", mine.buffer, BUFFER_PAGES * page_size());
}

static void do_forked(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	did("forked", mine.buffer, 0);
}

static void *sleep_forever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void do_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_forever, NULL);
	did("thread", NULL, 0);
}

static __attribute__((noinline)) void do_stack(void)
{
	volatile unsigned char deep[STACK];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = 1;
	did("stack", (const void *)deep, sizeof(deep));
}

static const struct {
	const char *word;
	void (*run)(void);
} orders[] = {
	{ "malloc", do_malloc },
	{ "free", do_free },
	{ "mmap", do_mmap },
	{ "touch", do_touch },
	{ "drop", do_drop },
	{ "mprotect", do_mprotect },
	{ "munlock", do_munlock },
	{ "fork", do_fork },
	{ "forked", do_forked },
	{ "thread", do_thread },
	{ "stack", do_stack },
};

static void obey(const char *word)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (!strcmp(orders[i].word, word))
			orders[i].run();
}

/* The work: every page of the buffer that may be written. */
static void work(void)
{
	for (size_t i = 0; i + 1 < BUFFER_PAGES; i++)
		mine.buffer[i * page_size()]++;
}

static int loop(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[256];
	size_t held = 0;

	for (;;) {
		char *end;
		ssize_t n = 0;

		work();
		if (end_asked())
			return EXIT_SUCCESS;
		if (poll(&in, 1, 5) > 0)
			n = read(STDIN_FILENO, line + held, sizeof(line) - held - 1);
		if (in.revents && n <= 0)
			return EXIT_SUCCESS;
		held += (size_t)n;
		line[held] = 0;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			obey(line);
			held -= (size_t)(end + 1 - line);
			memmove(line, end + 1, held + 1);
		}
	}
}

static unsigned char *map_pages(size_t pages)
{
	void *p = mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Locked now and later; then the one part that is not: a reservation that nobody touched. Beside
 * each of the two lies a page that keeps its mapping from joining others.
 */
static int prepare(void)
{
	size_t page = page_size();
	unsigned char *all = map_pages(3 * BUFFER_PAGES);

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 64 << 10);
	if (!all || mlockall(MCL_CURRENT | MCL_FUTURE)) {
		report_skipped("obey", strerror(errno));
		return 77;
	}
	mine.buffer = all + page;
	mine.reserve = all + (BUFFER_PAGES + 2) * page;
	mprotect(all, page, PROT_NONE);
	mprotect(all + (BUFFER_PAGES + 1) * page, page, PROT_NONE);
	munlock(mine.reserve, BUFFER_PAGES * page);
	madvise(mine.reserve, BUFFER_PAGES * page, MADV_DONTNEED);
	memset(mine.buffer, 1, BUFFER_PAGES * page);
	return 0;
}

int victim_obey(void)
{
	int rc = prepare();

	if (rc || be_realtime())
		return rc ? rc : EXIT_FAILURE;
	did("nothing", mine.buffer, 0); /* what printing and working touch is touched before */
	work();
	report_ready(getpid(), 0);
	return loop();
}
