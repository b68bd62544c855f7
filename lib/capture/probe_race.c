// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Races that would break a mapping. Hazard: an address space that contradicts itself, a write that
 * lands where it must not. A race that does not come about in a second says nothing of the next
 * one: such a claim ends as unknown, never as pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "iface/ioctls.h"
#include "iface/maps.h"
#include "probe.h"

enum { THREADS = 3, BLOCK_PAGES = 16, RACE_MS = 1000 };

/* ---- a child that changes its mappings all the time --------------------------------------------
 */

struct churner {
	char *base; /* BLOCK_PAGES of its own */
	unsigned int seed;
	bool *go; /* once all threads have their stacks: these must not lie where we unmap */
};

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void churn_once(struct churner *c)
{
	size_t page = sv_page_size(), first = next(&c->seed) % BLOCK_PAGES;
	size_t n = 1 + next(&c->seed) % (BLOCK_PAGES - first);
	char *at = c->base + first * page;
	int prot = next(&c->seed) % 2 ? PROT_READ : PROT_READ | PROT_WRITE;

	switch (next(&c->seed) % 4) {
	case 0:
		munmap(at, n * page);
		break;
	case 1:
		mprotect(at, n * page, prot);
		break;
	case 2:
		(void)!mremap(at, n * page, n * page, MREMAP_MAYMOVE | MREMAP_FIXED,
			c->base + BLOCK_PAGES * page);
		break;
	default:
		mmap(at, n * page, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
			0);
	}
}

static void *churn(void *arg)
{
	struct churner *c = arg;

	while (!__atomic_load_n(c->go, __ATOMIC_ACQUIRE))
		sched_yield();
	for (;;)
		churn_once(c);
	return NULL;
}

/* Each thread in a stretch of its own, with room behind it to move to. */
static int start_churning(struct sv_trial *t, uint64_t *held, const void *arg)
{
	static struct churner churners[THREADS];
	static bool go;
	size_t block = 2 * BLOCK_PAGES * sv_page_size();
	char *area = mmap(NULL, THREADS * block, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_t thread;

	(void)arg;
	if (area == MAP_FAILED)
		return sv_could_not(t, "map memory");
	held[0] = (uintptr_t)area;
	held[1] = held[0] + THREADS * block;
	for (unsigned int i = 0; i < THREADS; i++) {
		churners[i] =
			(struct churner) { .base = area + i * block, .seed = i + 1, .go = &go };
		errno = pthread_create(&thread, NULL, churn, &churners[i]);
		if (errno)
			return sv_could_not(t, "start a thread");
	}
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	return 0;
}

/* ---- looking on ------------------------------------------------------------------------------ */

struct tally {
	unsigned long readings, vmas, queries;
	char wrong[128];   /* a VMA that ends before one that was shown earlier */
	char overlap[128]; /* one that begins there, which one that grew meanwhile does */
};

/*
 * A reading is many reads, and the lock is dropped between them. The next one goes on where the
 * last VMA ended, with the VMA that lies there by then: when that one has grown downwards it begins
 * before. It never ends there.
 */
static void check_line(const struct sv_maps_entry *e, uint64_t end, struct tally *n)
{
	unsigned long long start = e->start, last = e->end, before = end;

	n->vmas++;
	if (e->end <= end)
		snprintf(n->wrong, sizeof(n->wrong), "maps: 0x%llx-0x%llx after one to 0x%llx",
			start, last, before);
	else if (e->start < end)
		snprintf(n->overlap, sizeof(n->overlap), "maps: 0x%llx-0x%llx after one to 0x%llx",
			start, last, before);
}

static void check_maps(pid_t pid, struct tally *n)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_maps_entry e;
	struct sv_text lines;
	uint64_t end = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (!sv_read_text(path, &text))
		return;
	lines = sv_text_init(text.ptr, text.len, "maps");
	n->readings++;
	for (; sv_maps_next(&lines, &e, NULL) > 0; end = e.end)
		check_line(&e, end, n);
}

static void check_query(int maps, const uint64_t *held, struct tally *n)
{
	struct sv_pacing pacing = sv_pacing_of(UINT_MAX); /* no need to spare our own */
	sv_auto_strbuf struct sv_strbuf out = { 0 };
	struct sv_cost cost = { 0 };
	uint64_t end = 0;

	if (maps < 0 || sv_ioctl_query(maps, held[0], held[1], &pacing, &out, &cost))
		return;
	for (size_t at = 0; at < out.len; at += sizeof(struct sv_query_vma), n->queries++) {
		struct sv_query_vma v;

		memcpy(&v, out.ptr + at, sizeof(v));
		/* The one before may have grown since: only its end is behind us. */
		if (v.end <= v.start || v.end <= end)
			snprintf(n->wrong, sizeof(n->wrong), "PROCMAP_QUERY: 0x%llx-0x%llx",
				(unsigned long long)v.start, (unsigned long long)v.end);
		end = v.end;
	}
}

static int look_on(struct sv_trial *t, struct tally *n, const char *until_found)
{
	uint64_t until = sv_now_us() + RACE_MS * 1000;
	sv_auto_keeper struct sv_keeper child = { 0 };
	char path[64];

	if (sv_hold(t, start_churning, NULL, &child))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/maps", child.pid);
	sv_auto_fd int maps = open(path, O_RDONLY | O_CLOEXEC);

	while (sv_now_us() < until && !*until_found) {
		check_maps(child.pid, n);
		check_query(maps, child.held, n);
	}
	return 0;
}

static void not_provoked(struct sv_trial *t, const struct tally *n)
{
	sv_unknown(t, SV_REASON_NOT_PROVOKED,
		"not reproduced in %lu readings (%lu VMAs) and %lu queries in 1 s", n->readings,
		n->vmas, n->queries);
}

static void vma_race(struct sv_trial *t)
{
	struct tally n = { 0 };

	if (look_on(t, &n, n.wrong))
		return;
	if (n.wrong[0])
		sv_refuted(t, "%s", n.wrong);
	else
		not_provoked(t, &n);
}

static void maps_order(struct sv_trial *t)
{
	struct tally n = { 0 };

	if (look_on(t, &n, n.overlap))
		return;
	if (n.overlap[0])
		sv_refuted(t, "%s, in reading %lu", n.overlap, n.readings);
	else
		not_provoked(t, &n);
}

/* ---- Dirty COW (CVE-2016-5195) --------------------------------------------------------------- */

/*
 * Writes through /proc/self/mem to a private mapping of a read-only file of ours, while another
 * thread drops the private copy again and again. In a kernel with the defect the write lands in the
 * file. The file is ours and has no name.
 */
struct cow {
	char *map;
	size_t size;
	bool stop;
};

static void *drop(void *arg)
{
	struct cow *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
		madvise(c->map, c->size, MADV_DONTNEED);
	return NULL;
}

static unsigned long cow_attempts(struct cow *c, int mem, int file, bool *hit)
{
	uint64_t until = sv_now_us() + RACE_MS * 1000;
	unsigned long n = 0;
	char seen = 'a';

	for (; sv_now_us() < until && !*hit; n++) {
		(void)!pwrite(mem, "b", 1, (off_t)(uintptr_t)c->map);
		if (n % 64 == 0 && pread(file, &seen, 1, 0) == 1)
			*hit = seen != 'a';
	}
	if (pread(file, &seen, 1, 0) == 1)
		*hit = seen != 'a';
	return n;
}

static int file_of_as(struct sv_trial *t, size_t size)
{
	sv_auto_free char *as = malloc(size);
	int fd = sv_temp_file(t, 0);

	if (fd < 0 || !as)
		return fd;
	memset(as, 'a', size);
	if (pwrite(fd, as, size, 0) == (ssize_t)size)
		return fd;
	sv_could_not(t, "write a temporary file");
	close(fd);
	return -1;
}

static void dirty_cow(struct sv_trial *t)
{
	struct cow c = { .size = sv_page_size() };
	sv_auto_fd int file = file_of_as(t, c.size),
		       mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	bool hit = false;
	unsigned long n;
	pthread_t thread;

	if (file < 0)
		return;
	c.map = mmap(NULL, c.size, PROT_READ, MAP_PRIVATE, file, 0);
	if (c.map == MAP_FAILED || mem < 0) {
		sv_could_not(t, mem < 0 ? "open /proc/self/mem" : "map a file");
		return;
	}
	errno = pthread_create(&thread, NULL, drop, &c);
	if (errno) {
		sv_could_not(t, "start a thread");
		return;
	}
	n = cow_attempts(&c, mem, file, &hit);
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	if (hit)
		sv_refuted(
			t, "a write to a private mapping reached the file after %lu attempts", n);
	else
		sv_unknown(t, SV_REASON_NOT_PROVOKED, "not reproduced in %lu attempts in 1 s", n);
}

static const struct sv_claim claims[] = {
	{ .id = "vma-race",
		.statement = "VMAs stay consistent while they are changed from several threads",
		.source = "deck 11, 67",
		.expected =
			"no VMA in maps or by PROCMAP_QUERY ends before one with a lower address",
		.experiment =
			"three threads of a child map, unmap, protect and move for 1 s; another "
			"process reads",
		.limits = "a defect that shows in no reading, or not in this second: never pass",
		.cost = "1 s of CPU time on up to four CPUs",
		.run = vma_race },
	{ .id = "maps-order",
		.statement = "addresses in a reading of maps never go back: no two regions overlap",
		.source = "Documentation/filesystems/proc.rst",
		.expected = "no line begins before the one above it ended",
		.experiment = "as vma-race, until a line does",
		.limits = "of the reading, not of the address space; never pass",
		.cost = "up to 1 s of CPU time on up to four CPUs",
		.run = maps_order },
	{ .id = "dirty-cow",
		.statement = "a write to a private mapping never reaches the file (CVE-2016-5195)",
		.source = "deck 62",
		.expected = "the file holds what it held",
		.experiment =
			"write through /proc/self/mem against MADV_DONTNEED for 1 s, on a file of "
			"ours",
		.limits = "a race that is not won proves nothing: never pass. It was a race of "
			  "GUP, not "
			  "of the VMA cache",
		.cost = "1 s of CPU time on two CPUs; a temporary file without a name",
		.run = dirty_cow },
};

SV_LEDGER(sv_claims_race, claims);
