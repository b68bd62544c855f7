// SPDX-License-Identifier: LGPL-2.1-or-later
/* Victims that are hard on a reader by number, extent, pace or name. */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIP 77

static int skip(const char *name, const char *what, int errnum)
{
	char why[256];

	snprintf(why, sizeof(why), "%s%s%s", what, errnum ? ": " : "",
		errnum ? strerror(errnum) : "");
	report_skipped(name, why);
	fflush(stdout);
	return EXIT_SKIP;
}

static int ready_and_wait(void)
{
	if (be_realtime())
		return EXIT_FAILURE;
	report_ready(getpid(), 0);
	wait_for_end();
	return EXIT_SUCCESS;
}

static void begin_line(const char *name, const char *kind, const void *start, size_t size)
{
	printf("{\"name\":\"%s\",\"kind\":\"%s\",\"start\":\"0x%" PRIxPTR "\",\"end\":\"0x%" PRIxPTR
	       "\",\"page_size\":%zu,\"mlocked\":false",
		name, kind, (uintptr_t)start, (uintptr_t)start + size, page_size());
}

/* ---- many: one VMA a page, because every other page has other permissions ---- */

static uint64_t max_map_count(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	char text[32] = "";

	if (!f)
		return UINT64_MAX;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	return strtoull(text, NULL, 10);
}

static int split_many(unsigned char *start, size_t count)
{
	size_t i;

	for (i = 1; i < count; i += 2)
		if (mprotect(start + i * page_size(), page_size(), PROT_READ | PROT_WRITE))
			return -1;
	for (i = 1; i < count; i += 16)
		start[i * page_size()] = 0x5a;
	return 0;
}

int victim_many(void)
{
	size_t count = settings.amount ? (size_t)settings.amount : 60000, i;
	size_t size = count * page_size();
	unsigned char *start, *marks;

	if (count + 100 > max_map_count())
		return skip("many", "vm.max_map_count is too low for so many VMAs", 0);
	marks = calloc(count, 1);
	start = map_apart(size, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!marks || !start || split_many(start, count))
		return skip("many", "mmap", errno);
	for (i = 1; i < count; i += 16)
		marks[i] = 1;
	begin_line("many", "anon", start, size);
	printf(",\"class\":\"anon\",\"vmas\":%zu", count);
	report_list("touched_pages", marks, count);
	printf("}\n");
	free(marks);
	return ready_and_wait();
}

/* ---- sparse: more address space than any reader can walk page by page ---- */

#define SPARSE_PAGES 1000

/* One page in each of 1000 equal parts, at a place that looks random and is always the same. */
static size_t sparse_page(size_t i, size_t pages)
{
	uint64_t random = (i + 1) * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	size_t part = pages / SPARSE_PAGES;

	return i * part + (size_t)((random >> 20) % part);
}

static void sparse_touch(unsigned char *start, size_t pages)
{
	size_t i;

	printf(",\"touched\":[");
	for (i = 0; i < SPARSE_PAGES; i++) {
		unsigned char *p = start + sparse_page(i, pages) * page_size();

		*p = 0x5a;
		printf("%s\"0x%" PRIxPTR "\"", i ? "," : "", (uintptr_t)p);
	}
	printf("]}\n");
}

int victim_sparse(void)
{
	size_t size = (size_t)(settings.amount ? settings.amount : 16384) << 30;
	unsigned char *start;

	if (sizeof(size_t) < 8)
		return skip("sparse", "needs a 64-bit address space", 0);
	start = map_apart(size, page_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	if (!start)
		return skip("sparse", "mmap", errno);
	madvise(start, size, MADV_NOHUGEPAGE);
	begin_line("sparse", "anon", start, size);
	printf(",\"class\":\"anon\"");
	sparse_touch(start, size / page_size());
	return ready_and_wait();
}

/* ---- fragment: memory that is free a page at a time, as after long uptime ---- */

uint64_t available_bytes(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kb = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "MemAvailable:", 13))
			kb = strtoull(line + 13, NULL, 10);
	fclose(f);
	return kb * 1024;
}

#define PIPE_PAGES 256

/* Every second page is lent to a pipe as well: compaction leaves such pages where they are. */
static bool keep_in_place(unsigned char *start, size_t size)
{
	struct iovec one = { .iov_len = page_size() };
	size_t page = page_size(), in_pipe = PIPE_PAGES;
	int ends[2];

	for (size_t at = page; at < size; at += 2 * page, in_pipe++) {
		if (in_pipe == PIPE_PAGES) {
			if (pipe2(ends, O_CLOEXEC) ||
				fcntl(ends[1], F_SETPIPE_SZ, (int)(PIPE_PAGES * page)) < 0)
				return false;
			in_pipe = 0;
		}
		one.iov_base = start + at;
		if (vmsplice(ends[1], &one, 1, 0) != (ssize_t)page)
			return false;
	}
	return true;
}

/* Every other page is given back, one by one: nothing larger is left behind. */
static size_t make_holes(unsigned char *start, size_t size)
{
	const struct rlimit many = { 65536, 65536 };
	size_t page = page_size(), given = 0;

	for (size_t at = 0; at < size; at += page)
		start[at] = 0x5a;
	if (setrlimit(RLIMIT_NOFILE, &many) || !keep_in_place(start, size))
		return 0;
	for (size_t at = 0; at < size; at += 2 * page, given += page)
		madvise(start + at, page, MADV_DONTNEED);
	return given;
}

int victim_fragment(void)
{
	size_t size = settings.amount ? (size_t)settings.amount << 20
				      : (size_t)(available_bytes() / 100 * 94);
	unsigned char *start;

	size -= size % page_size();
	start = map_apart(
		size, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!size || !start)
		return skip("fragment", "mmap", errno);
	madvise(start, size, MADV_NOHUGEPAGE);
	if (!make_holes(start, size))
		return skip("fragment", "pipes that keep its pages in place", errno);
	begin_line("fragment", "anon", start, size);
	printf(",\"class\":\"anon\"}\n");
	return ready_and_wait();
}

/* ---- files: empty ones are inodes and names, which are slab ---- */

int victim_files(void)
{
	size_t count = 0, most = settings.amount ? (size_t)settings.amount : 10000;
	char name[256];
	int fd = 0;

	mkdir(settings.dir, 0700);
	for (; count < most && fd >= 0; count++) {
		snprintf(name, sizeof(name), "%s/%zu", settings.dir, count);
		fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
	}
	printf("{\"name\":\"files\",\"files\":%zu}\n", count);
	return ready_and_wait();
}

/* ---- churn: nothing stays as it was read ---- */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Every second child executes a program before it ends, so that a PID changes its memory. */
static void churn_child(unsigned int round)
{
	pid_t pid = fork();

	if (!pid) {
		if (round % 2)
			execl("/proc/self/exe", "victim", "--list", (char *)NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void churn_memory(unsigned char **maps, size_t *sizes, unsigned int round)
{
	unsigned int slot = round % 64;

	if (maps[slot])
		munmap(maps[slot], sizes[slot]);
	sizes[slot] = (1 + round % 37) * page_size();
	maps[slot] =
		mmap(NULL, sizes[slot], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (maps[slot] == MAP_FAILED)
		maps[slot] = NULL;
	else
		memset(maps[slot], 0x5a, sizes[slot]);
	if (maps[slot] && round % 5 == 0)
		mlock(maps[slot], sizes[slot]);
	if (maps[slot] && round % 7 == 0)
		mprotect(maps[slot], page_size(), PROT_READ);
}

static void quiet_stdout(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dup2(fd, STDOUT_FILENO);
}

int victim_churn(void)
{
	uint64_t end = now_ms() + (settings.amount ? settings.amount : 10) * 1000;
	static unsigned char *maps[64];
	static size_t sizes[64];
	unsigned int round;

	if (be_realtime())
		return EXIT_FAILURE;
	report_ready(getpid(), 0);
	quiet_stdout();
	for (round = 0; now_ms() < end && !end_asked(); round++) {
		churn_memory(maps, sizes, round);
		if (round % 8 == 0)
			churn_child(round / 8);
	}
	fprintf(stderr, "victim: %u rounds\n", round);
	return EXIT_SUCCESS;
}

/* ---- hostile: every name that the kernel repeats is chosen to mislead ---- */

#define HOSTILE_ARGV "v\nState:\tZ\n\x1b[31m\xff"
#define HOSTILE_COMM "x) R 1\n\x1b[2J\xff)"

struct hostile_file {
	const char *label;
	const char *name;
	bool deleted;
};

static const struct hostile_file hostile_files[] = {
	{ "escape", "a b\n\x1b]0;owned\x07\x1b[2J\r\xff\xfe\xc3( (deleted)", false },
	{ "escape_deleted", "c\td\n\x1b[1;31m\x9b\xed\xa0\x80 (deleted)", true },
	{ "backslash", "octal\\012 and \\\\ and \"quote\"", false },
	{ "looks_like_vma", "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 [stack]", false },
	{ "newline_vma", "x\n7f0000000000-7f0000001000 rw-p 00000000 00:00 0", false },
	{ "bidi",
		"\xe2\x80\xae"
		"txt.exe\xe2\x80\xac\xc2\x9b",
		false },
};

static void print_hex(const char *name, const char *text)
{
	printf(",\"%s\":\"", name);
	for (; *text; text++)
		printf("%02x", (unsigned char)*text);
	printf("\"");
}

static int hostile_map(const struct hostile_file *h)
{
	size_t size = settings.pages * page_size();
	char path[600];
	unsigned char *start;
	int fd = scratch_file(h->name, settings.pages);

	if (fd < 0 || scratch_path(h->name, path, sizeof(path)))
		return skip(h->label, "a file with such a name", errno);
	start = map_apart(size, page_size(), PROT_READ, MAP_SHARED, fd);
	close(fd);
	if (!start)
		return skip(h->label, "mmap", errno);
	(void)*(volatile unsigned char *)start;
	if (h->deleted)
		unlink(path);
	begin_line(h->label, "file", start, size);
	printf(",\"deleted\":%s", h->deleted ? "true" : "false");
	print_hex("path_hex", path);
	printf("}\n");
	return 0;
}

/* The command line is hostile too: it executes itself once more with another argv[0]. */
int victim_hostile(char **argv)
{
	size_t i;

	if (strcmp(argv[0], HOSTILE_ARGV)) {
		argv[0] = (char *)(uintptr_t)HOSTILE_ARGV;
		execv("/proc/self/exe", argv);
		return skip("hostile", "exec", errno);
	}
	if (prctl(PR_SET_NAME, HOSTILE_COMM))
		return skip("hostile", "PR_SET_NAME", errno);
	for (i = 0; i < sizeof(hostile_files) / sizeof(hostile_files[0]); i++)
		hostile_map(&hostile_files[i]);
	printf("{\"name\":\"names\",\"kind\":\"process\"");
	print_hex("comm_hex", HOSTILE_COMM);
	print_hex("argv0_hex", HOSTILE_ARGV);
	printf("}\n");
	return ready_and_wait();
}

/* ---- pidns: a process whose number is another one inside ---- */

static void pidns_child(void *arg)
{
	int *pipe_fd = arg;
	struct region r = { 0 };
	size_t i;

	for (i = 0; strcmp(region_kinds[i].name, "locked") != 0; i++)
		;
	region_new(&r, &region_kinds[i]);
	be_realtime();
	report_region(&r);
	region_free(&r);
	fflush(stdout);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

int victim_pidns(void)
{
	int fd[2];
	pid_t pid;
	char c;

	if (unshare(CLONE_NEWPID))
		return skip("pidns", "unshare", errno);
	if (pipe2(fd, O_CLOEXEC))
		return skip("pidns", "pipe", errno);
	pid = fork_sleeper(pidns_child, fd);
	if (pid < 0)
		return skip("pidns", "fork", errno);
	close(fd[1]);
	while (read(fd[0], &c, 1) < 0 && errno == EINTR)
		;
	report_ready(pid, 1);
	wait_for_end();
	return EXIT_SUCCESS;
}

/* ---- compact: the kernel moves what can be moved, again and again ---- */

static void compact_now(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		fprintf(stderr, "victim: compact_memory: %s\n", strerror(errno));
	close(fd);
}

/* Not a victim but what befalls one: amount is the time in ms between two rounds. */
int victim_compact(void)
{
	uint64_t ms = settings.amount ? settings.amount : 500;
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	if (access("/proc/sys/vm/compact_memory", W_OK))
		return skip("compact", "compact_memory", errno);
	report_ready(getpid(), 0);
	while (!end_asked()) {
		nanosleep(&t, NULL);
		compact_now();
	}
	return EXIT_SUCCESS;
}
