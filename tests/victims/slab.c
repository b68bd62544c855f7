// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Slab that moves on order. Its locked memory has a hole beside each page, all over the machine, so
 * that slab has to go there. Orders come through DIR/ask, answers go to DIR/answers (ask.c), a line
 * of JSON each:
 *
 *   fill       makes N sockets, N pipes and N names in DIR/names, turn by turn, and gives back
 *              every other one of each: {"ask":"fill","outcome":"filled","made":N,"sockets":KEPT,
 *              "pipes":KEPT,"names":KEPT}
 *   empty      gives back all: the same with "emptied"
 *
 * Its memory stays as it is. The kernel may still move locked pages, unless
 * vm.compact_unevictable_allowed is 0.
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXIT_SKIP = 77, SETS = 12000, ONFAULT = 1 /* MLOCK_ONFAULT */, SPARE = 64 };

/* Descriptors of a set: sockets come in pairs, a pipe has two. */
struct set {
	int sockets[2], pipe[2];
	bool name;
};

static struct set *sets;
static size_t count;

static int skip(const char *what)
{
	char why[128];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	report_skipped("slab", why);
	fflush(stdout);
	return EXIT_SKIP;
}

static void name_of(size_t i, char *ret, size_t size)
{
	snprintf(ret, size, "%s/names/%zu", settings.dir, i);
}

/* ---- what it makes and gives back ------------------------------------------------------------ */

/* Every other pair of sockets is made of two sets: N sockets, not 2 N. */
static bool make(size_t i)
{
	struct set *s = &sets[i];
	char name[256];
	int fd;

	s->sockets[0] = s->sockets[1] = -1;
	if (i % 4 < 2 && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s->sockets))
		return false;
	if (pipe2(s->pipe, O_CLOEXEC))
		return false;
	name_of(i, name, sizeof(name));
	fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	s->name = true;
	return true;
}

static void close_both(int *fds)
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static void give_back(size_t i)
{
	char name[256];

	close_both(sets[i].sockets);
	close_both(sets[i].pipe);
	name_of(i, name, sizeof(name));
	if (sets[i].name)
		unlink(name);
	sets[i].name = false;
}

static void answer(FILE *to, const char *ask, const char *outcome, size_t made)
{
	size_t sockets = 0, pipes = 0, names = 0;

	for (size_t i = 0; i < count; i++) {
		sockets += sets[i].sockets[0] >= 0 ? 2 : 0;
		pipes += sets[i].pipe[0] >= 0;
		names += sets[i].name;
	}
	fprintf(to,
		"{\"ask\":\"%s\",\"outcome\":\"%s\",\"made\":%zu,\"sockets\":%zu,\"pipes\":%zu,"
		"\"names\":%zu}\n",
		ask, outcome, made, sockets, pipes, names);
	fflush(to);
}

static void fill(FILE *to)
{
	size_t made = 0;

	while (made < count && make(made))
		made++;
	if (made < count) {
		answer(to, "fill", strerror(errno), made);
		return;
	}
	for (size_t i = 0; i < count; i += 2)
		give_back(i);
	answer(to, "fill", "filled", made);
}

static void empty(FILE *to)
{
	for (size_t i = 0; i < count; i++)
		give_back(i);
	answer(to, "empty", "emptied", 0);
}

/* ---- before it ------------------------------------------------------------------------------- */

/* Locked where a page is; the holes stay empty. */
static unsigned char *lay_out(size_t size)
{
	size_t page = page_size();
	unsigned char *start =
		map_apart(size, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!start)
		return NULL;
	madvise(start, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += page)
		start[at] = 0x5a;
	for (size_t at = 0; at < size; at += 2 * page)
		madvise(start + at, page, MADV_DONTNEED);
	return syscall(SYS_mlock2, start, size, ONFAULT) ? NULL : start;
}

/* Tables for descriptors are memory too, and there is one already when the holes are made. */
static bool prepare(void)
{
	const struct rlimit many = { 4 * count + SPARE, 4 * count + SPARE };
	char dir[256];
	int high;

	snprintf(dir, sizeof(dir), "%s/names", settings.dir);
	sets = calloc(count, sizeof(*sets));
	if (!sets || mkdir(dir, 0700) || setrlimit(RLIMIT_NOFILE, &many))
		return false;
	for (size_t i = 0; i < count; i++)
		sets[i] = (struct set) { .sockets = { -1, -1 }, .pipe = { -1, -1 } };
	high = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, (int)many.rlim_cur - 1);
	if (high >= 0)
		close(high);
	return high >= 0;
}

int victim_slab(void)
{
	char ask[256], line[256];
	unsigned char *start;
	size_t size;
	FILE *to;

	count = settings.amount ? (size_t)settings.amount : SETS;
	to = open_desk(ask, sizeof(ask));
	if (!to || !prepare())
		return skip("descriptors and a directory");
	size = (size_t)(available_bytes() / 100 * 94);
	size -= size % (2 * page_size());
	start = lay_out(size);
	if (!start)
		return skip("locked memory");
	printf("{\"name\":\"slab\",\"kind\":\"anon\",\"start\":\"0x%" PRIxPTR
	       "\",\"end\":\"0x%" PRIxPTR "\",\"sets\":%zu}\n",
		(uintptr_t)start, (uintptr_t)start + size, count);
	report_ready(getpid(), 0);
	end_by_term();
	for (;;) {
		if (!take_line(ask, line, sizeof(line)))
			continue;
		if (!strncmp(line, "fill", 4))
			fill(to);
		else
			empty(to);
	}
}
