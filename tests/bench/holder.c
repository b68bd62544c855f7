// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Holds memory to be looked at, until it is killed or its parent ends:
 *
 *   holder resident MIB [shuffled]   in base pages; shuffled: touched in a random order, so that
 *                                    hardly two pages that follow each other have such frames
 *   holder sparse TIB PAGES          that much reserved, that many pages touched, spread over it
 *   holder vmas COUNT                that many mappings of one page each, which cannot merge
 *
 * Says "ready PID" when it has it.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static size_t page_size;

static char *reserve(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "holder: mmap of %zu MiB: %s\n", size >> 20, strerror(errno));
		exit(1);
	}
	madvise(p, size, MADV_NOHUGEPAGE); /* a kernel without huge pages refuses */
	return p;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void shuffle(uint32_t *order, size_t n)
{
	uint64_t state = 88172645463325252u;

	for (size_t i = n - 1; i > 0; i--) {
		size_t k = (size_t)(next_random(&state) % (i + 1));
		uint32_t kept = order[i];

		order[i] = order[k];
		order[k] = kept;
	}
}

static void resident(size_t mib, int shuffled)
{
	size_t n = (mib << 20) / page_size;
	uint32_t *order = malloc(n * sizeof(*order));
	char *p = reserve(mib << 20);

	if (!order || !n)
		exit(1);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	if (shuffled)
		shuffle(order, n);
	for (size_t i = 0; i < n; i++)
		p[order[i] * page_size] = 1;
	free(order);
}

static void sparse(size_t tib, size_t pages)
{
	char *p = reserve(tib << 40);
	size_t step = (tib << 40) / (pages ? pages : 1) / page_size * page_size;

	for (size_t i = 0; i < pages; i++)
		p[i * step] = 1;
}

static void vmas(size_t count)
{
	char *p = reserve(count * page_size);

	for (size_t i = 0; i < count; i++) {
		p[i * page_size] = 1;
		if (i % 2 && mprotect(p + i * page_size, page_size, PROT_READ)) {
			fprintf(stderr, "holder: mapping %zu: %s (vm.max_map_count)\n", i,
				strerror(errno));
			exit(1);
		}
	}
}

static size_t number(int argc, char **argv, int i)
{
	return i < argc ? (size_t)strtoull(argv[i], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (!strcmp(what, "resident"))
		resident(number(argc, argv, 2), argc > 3 && !strcmp(argv[3], "shuffled"));
	else if (!strcmp(what, "sparse"))
		sparse(number(argc, argv, 2), number(argc, argv, 3));
	else if (!strcmp(what, "vmas"))
		vmas(number(argc, argv, 2));
	else
		return fprintf(stderr, "usage: holder resident MIB [shuffled] | sparse TIB PAGES |"
				       " vmas COUNT\n"),
		       64;
	printf("ready %d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}
