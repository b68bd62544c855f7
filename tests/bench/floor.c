// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel's files cost when nothing is made of them: the floor that safevma is held
 * against.
 *
 *   floor pagemap PID          pages of a process: ranges from maps, and PAGEMAP_SCAN where large
 *   floor frames PID [again]   and kpageflags, kpagecount, kpagecgroup of their frames and of the
 *                              frames beside them; then, with "again", pagemap a second time
 *   floor adjacency            kpageflags of all frames, and the pages of every process
 *   floor read PATH            one file to its end
 *
 * Reads the words that safevma reads, each as many at a time as the kernel is quick with, and no
 * text but maps. Prints sums, a line each, so that a test can see that both read the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PRESENT	    (UINT64_C(1) << 63)
#define SWAPPED	    (UINT64_C(1) << 62)
#define PFN_MASK    ((UINT64_C(1) << 55) - 1)
#define KPF_ANON    (UINT64_C(1) << 12)

#define BUF_WORDS   ((size_t)1 << 16)
#define RUN_GAP	    32	 /* frames read through rather than jumped over, as safevma does */
#define WHOLE_PAGES 2048 /* mappings up to this are read whole, as safevma does */

/*
 * Regions asked for at once. The kernel gathers up to 512; when asked for more it begins anew,
 * finds the rest, and still says in walk_end where it was full for the first time (6.18): going on
 * from there would read twice.
 */
#define SCAN_REGIONS 512

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, wanted;
};

struct region {
	uint64_t start, end, categories;
};

#define SCAN	     _IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT (UINT64_C(1) << 3)
#define SCAN_SWAPPED (UINT64_C(1) << 4)

/* Of addresses, or of frames: [start, end). */
struct list {
	struct region *ptr;
	size_t len, cap;
};

struct numbers {
	uint64_t *ptr;
	size_t len, cap;
};

struct sums {
	uint64_t pages, swapped, frames, pfn, count, cgroup, anon, words;
};

static uint64_t page_size;
static uint64_t buf[BUF_WORDS];

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *grown(void *ptr, size_t len, size_t *cap, size_t each)
{
	if (len < *cap)
		return ptr;
	*cap = *cap ? *cap * 2 : 1024;
	ptr = realloc(ptr, *cap * each);
	if (!ptr)
		die("memory");
	return ptr;
}

static void list_push(struct list *l, uint64_t start, uint64_t end)
{
	l->ptr = grown(l->ptr, l->len, &l->cap, sizeof(*l->ptr));
	l->ptr[l->len++] = (struct region) { .start = start, .end = end };
}

static void list_add(struct list *l, uint64_t start, uint64_t end)
{
	if (l->len && l->ptr[l->len - 1].end == start)
		l->ptr[l->len - 1].end = end;
	else
		list_push(l, start, end);
}

static void numbers_add(struct numbers *n, uint64_t value)
{
	n->ptr = grown(n->ptr, n->len, &n->cap, sizeof(*n->ptr));
	n->ptr[n->len++] = value;
}

static int open_proc(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* ---- which addresses ------------------------------------------------------------------------- */

/* False on kernels that cannot (before 6.7). */
static bool scan(int fd, uint64_t start, uint64_t end, struct list *ret)
{
	static struct region found[SCAN_REGIONS];

	while (start < end) {
		struct scan_arg a = { .size = sizeof(a), .start = start, .end = end };
		int n;

		a.vec = (uintptr_t)found;
		a.vec_len = SCAN_REGIONS;
		a.anyof = a.wanted = SCAN_PRESENT | SCAN_SWAPPED;
		n = ioctl(fd, SCAN, &a);
		if (n < 0)
			return false;
		for (int i = 0; i < n; i++)
			list_add(ret, found[i].start, found[i].end);
		if (a.walk_end <= start)
			return true;
		start = a.walk_end;
	}
	return true;
}

static void add_mapping(int pagemap, const char *line, struct list *ret)
{
	uint64_t start, end;
	char *at;

	start = strtoull(line, &at, 16);
	end = strtoull(at + 1, &at, 16);
	if (strstr(at, "[vsyscall]"))
		return;
	if ((end - start) / page_size <= WHOLE_PAGES || !scan(pagemap, start, end, ret))
		list_add(ret, start, end);
}

static void mapped_ranges(int pid, int pagemap, struct list *ret)
{
	int fd = open_proc(pid, "maps");
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;

	ret->len = 0;
	while (f && getline(&line, &cap, f) > 0)
		add_mapping(pagemap, line, ret);
	free(line);
	if (f)
		fclose(f);
}

/* ---- pagemap --------------------------------------------------------------------------------- */

static void take_pages(const uint64_t *words, size_t n, struct numbers *pfns, struct sums *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret->swapped += (words[i] & (PRESENT | SWAPPED)) == SWAPPED;
		if (!(words[i] & PRESENT))
			continue;
		ret->pages++;
		if (words[i] & PFN_MASK)
			numbers_add(pfns, words[i] & PFN_MASK);
	}
	ret->words += n;
}

static void read_pagemap(int fd, const struct list *ranges, struct numbers *pfns, struct sums *ret)
{
	for (size_t i = 0; i < ranges->len; i++) {
		uint64_t at = ranges->ptr[i].start / page_size;
		uint64_t end = ranges->ptr[i].end / page_size;

		while (at < end) {
			size_t want = end - at < BUF_WORDS ? (size_t)(end - at) : BUF_WORDS;
			ssize_t n = pread(fd, buf, want * sizeof(*buf), (off_t)(at * sizeof(*buf)));

			if (n <= 0)
				return;
			take_pages(buf, (size_t)n / sizeof(*buf), pfns, ret);
			at += (size_t)n / sizeof(*buf);
		}
	}
}

/* ---- frames ---------------------------------------------------------------------------------- */

#define DIGIT_BITS 11
#define DIGITS	   (1 << DIGIT_BITS)

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t n, unsigned int shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i] >> shift & (DIGITS - 1)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t here = at[d];

		at[d] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

static void sort_numbers(struct numbers *n)
{
	uint64_t *from = n->ptr, *to = malloc((n->len + 1) * sizeof(*to)), *swap, all = 0;

	if (!to)
		die("memory");
	for (size_t i = 0; i < n->len; i++)
		all |= n->ptr[i];
	for (unsigned int shift = 0; shift < 64 && all >> shift; shift += DIGIT_BITS) {
		sort_by_digit(from, to, n->len, shift);
		swap = from;
		from = to;
		to = swap;
	}
	n->ptr = from;
	n->cap = n->len + 1;
	free(to);
}

/* Frames and those beside them, in stretches that one read covers. */
static void frame_runs(const struct numbers *pfns, struct list *ret)
{
	for (size_t i = 0; i < pfns->len; i++) {
		uint64_t pfn = pfns->ptr[i];
		struct region *last = ret->len ? &ret->ptr[ret->len - 1] : NULL;

		if (last && pfn - 1 <= last->end + RUN_GAP && pfn + 2 - last->start <= BUF_WORDS)
			last->end = pfn + 2;
		else
			list_push(ret, last && last->end > pfn - 1 ? last->end : pfn - 1, pfn + 2);
	}
}

/* Words of one file for all runs; pfns are walked along and *sum is of their words. */
static void read_words(const char *path, const struct list *runs, const struct numbers *pfns,
	uint64_t *sum, uint64_t *anon, struct sums *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t k = 0;

	if (fd < 0)
		die(path);
	for (size_t i = 0; i < runs->len; i++) {
		uint64_t first = runs->ptr[i].start;
		size_t n = (size_t)(runs->ptr[i].end - first);
		ssize_t got = pread(fd, buf, n * sizeof(*buf), (off_t)(first * sizeof(*buf)));

		if (got < 0)
			die(path);
		n = (size_t)got / sizeof(*buf);
		ret->words += n;
		for (; k < pfns->len && pfns->ptr[k] < first + n; k++) {
			*sum += buf[pfns->ptr[k] - first];
			*anon += (buf[pfns->ptr[k] - first] & KPF_ANON) != 0;
		}
	}
	close(fd);
}

static void read_frames(struct numbers *pfns, struct sums *ret)
{
	struct list runs = { 0 };
	uint64_t flags = 0, not_used = 0;

	sort_numbers(pfns);
	frame_runs(pfns, &runs);
	read_words("/proc/kpageflags", &runs, pfns, &flags, &ret->anon, ret);
	read_words("/proc/kpagecount", &runs, pfns, &ret->count, &not_used, ret);
	read_words("/proc/kpagecgroup", &runs, pfns, &ret->cgroup, &not_used, ret);
	for (size_t i = 0; i < pfns->len; i++) {
		ret->pfn += pfns->ptr[i];
		ret->frames += !i || pfns->ptr[i] != pfns->ptr[i - 1];
	}
	free(runs.ptr);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void of_process(int pid, bool frames, bool again, struct sums *ret)
{
	int fd = open_proc(pid, "pagemap");
	struct list ranges = { 0 };
	struct numbers pfns = { 0 };

	if (fd < 0)
		die("pagemap");
	mapped_ranges(pid, fd, &ranges);
	read_pagemap(fd, &ranges, &pfns, ret);
	if (frames)
		read_frames(&pfns, ret);
	if (again) {
		struct sums second = { 0 };

		pfns.len = 0;
		read_pagemap(fd, &ranges, &pfns, &second);
		ret->words += second.words;
	}
	close(fd);
	free(pfns.ptr);
	free(ranges.ptr);
}

static void all_flags(struct sums *ret)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die("/proc/kpageflags");
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		ret->frames += (size_t)n / sizeof(*buf);
		ret->words += (size_t)n / sizeof(*buf);
		for (size_t i = 0; i < (size_t)n / sizeof(*buf); i++)
			ret->anon += (buf[i] & KPF_ANON) != 0;
	}
	close(fd);
}

static void all_pages(struct sums *ret)
{
	DIR *d = opendir("/proc");
	struct numbers pfns = { 0 };
	struct list ranges = { 0 };
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name), fd;

		if (pid <= 0 || pid == getpid())
			continue;
		fd = open_proc(pid, "pagemap");
		if (fd < 0)
			continue; /* it went away */
		mapped_ranges(pid, fd, &ranges);
		pfns.len = 0;
		read_pagemap(fd, &ranges, &pfns, ret);
		close(fd);
	}
	if (d)
		closedir(d);
	free(pfns.ptr);
	free(ranges.ptr);
}

static void whole_file(const char *path, struct sums *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		ret->words += (size_t)n / sizeof(*buf);
	if (n < 0)
		die(path);
	close(fd);
}

static void print_sums(const struct sums *s)
{
	printf("pages %" PRIu64 "\nswapped %" PRIu64 "\nframes %" PRIu64 "\npfn_sum %" PRIu64
	       "\ncount_sum %" PRIu64 "\ncgroup_sum %" PRIu64 "\nanon %" PRIu64 "\nwords %" PRIu64
	       "\n",
		s->pages, s->swapped, s->frames, s->pfn, s->count, s->cgroup, s->anon, s->words);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct sums s = { 0 };

	page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!strcmp(what, "pagemap") && argc == 3)
		of_process(atoi(argv[2]), false, false, &s);
	else if (!strcmp(what, "frames") && argc >= 3)
		of_process(atoi(argv[2]), true, argc > 3 && !strcmp(argv[3], "again"), &s);
	else if (!strcmp(what, "adjacency"))
		all_flags(&s), all_pages(&s);
	else if (!strcmp(what, "read") && argc == 3)
		whole_file(argv[2], &s);
	else
		return fprintf(stderr, "usage: floor pagemap PID | frames PID [again] | adjacency |"
				       " read PATH\n"),
		       64;
	print_sums(&s);
	return 0;
}
