// SPDX-License-Identifier: LGPL-2.1-or-later
/* One read by several threads gives what one thread would have read. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "iface/crew.h"
#include "iface/reading.h"

enum { SIZE = 40 * SV_CREW_PART + 1000 };

/* A file in memory whose every word says where it lies. */
static int file(void)
{
	int fd = memfd_create("crew", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (uint64_t i = 0; i < SIZE / 8; i++)
		assert_int_equal(pwrite(fd, &i, 8, (off_t)(i * 8)), 8);
	return fd;
}

static void assert_same(struct sv_crew *c, int fd, size_t len, off_t off)
{
	sv_auto_free char *one = malloc(len + 1), *many = malloc(len + 1);
	ssize_t n = pread(fd, one, len, off);

	assert_int_equal(sv_crew_read(c, fd, many, len, off), n);
	if (n > 0)
		assert_memory_equal(one, many, (size_t)n);
}

static void reads_what_one_would(void **state)
{
	int fd = file();

	(void)state;
	for (unsigned int threads = 0; threads < 6; threads++) {
		struct sv_crew *c = sv_crew_new(threads);

		assert_non_null(c);
		assert_same(c, fd, 8, 16);
		assert_same(c, fd, SIZE, 0);
		assert_same(c, fd, SIZE, 8);		    /* past the end in the last part */
		assert_same(c, fd, SIZE, SIZE / 2 / 8 * 8); /* parts that are past it */
		assert_same(c, fd, SIZE, SIZE - 800);	    /* all but the first are */
		assert_same(c, fd, SIZE, SIZE + SV_CREW_PART);
		assert_same(c, fd, 2 * SV_CREW_PART, 24);
		assert_same(c, fd, 3 * SV_CREW_PART - 8, 24);
		for (int i = 0; i < 200; i++)
			assert_same(c, fd, 4 * SV_CREW_PART, i * 8);
		sv_crew_free(c);
	}
	close(fd);
}

/* Threads are refused where no room is left for their stacks. */
static void reads_with_the_threads_that_there_are(void **state)
{
	struct sv_crew *c = sv_crew_new(4);
	static char buf[8 * SV_CREW_PART];
	int fd = file();
	struct rlimit old;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	sv_crew_free(c);
	close(fd);
	skip(); /* the sanitizer itself needs the address space that is taken away here */
#endif
	assert_non_null(c);
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &(struct rlimit) { 0, old.rlim_max }), 0);
	alarm(20); /* a part that nobody reads is waited for without end */
	for (int i = 0; i < 3; i++)
		assert_int_equal(sv_crew_read(c, fd, buf, sizeof(buf), 0), sizeof(buf));
	sv_crew_free(c);
	alarm(0);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	close(fd);
}

static void never_used(void **state)
{
	(void)state;
	sv_crew_free(sv_crew_new(4));
	sv_crew_free(NULL);
}

static void errors_are_those_of_the_read(void **state)
{
	struct sv_crew *c = sv_crew_new(4);
	static char buf[8 * SV_CREW_PART];

	(void)state;
	errno = 0;
	assert_int_equal(sv_crew_read(c, -1, buf, sizeof(buf), 0), -1);
	assert_int_equal(errno, EBADF);
	errno = 0;
	assert_int_equal(sv_crew_read(c, -1, buf, 8, 0), -1);
	assert_int_equal(errno, EBADF);
	sv_crew_free(c);
}

/* An error in a later part leaves what lies before it. */
static void an_error_behind_what_was_read(void **state)
{
	size_t half = 4 * SV_CREW_PART;
	struct sv_crew *c = sv_crew_new(4);
	int fd = file();
	char *buf =
		mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_int_equal(mprotect(buf + half, half, PROT_NONE), 0);
	assert_int_equal(sv_crew_read(c, fd, buf, 2 * half, 0), (ssize_t)half);
	assert_int_equal(sv_crew_read(c, fd, buf + half, half, 0), -1);
	assert_int_equal(errno, EFAULT);
	munmap(buf, 2 * half);
	close(fd);
	sv_crew_free(c);
}

/* Only the tables of all frames are read by many; what locks is read in pieces, and counted. */
static void which_files_are_read_how(void **state)
{
	const struct safevma_root_options o = { .jobs = 3 };
	static char buf[8 * SV_CREW_PART];
	struct sv_cost cost = { 0 };
	struct sv_reading r;
	int fd = file();

	(void)state;
	assert_int_equal(sv_reading_init(&r, &o, NULL), 0);
	assert_int_equal(sv_reading_read(&r, SV_IFACE_KPAGEFLAGS, fd, buf, sizeof(buf), 0, &cost),
		sizeof(buf));
	assert_int_equal(
		sv_reading_read(&r, SV_IFACE_KCORE, fd, buf, sizeof(buf), 0, &cost), sizeof(buf));
	assert_int_equal(cost.lock_reads, 0);
	assert_int_equal(
		sv_reading_read(&r, SV_IFACE_PAGEMAP, fd, buf, sizeof(buf), 0, &cost), 64 * 8);
	assert_int_equal(sv_reading_read(&r, SV_IFACE_PAGEMAP, fd, buf, 80, 0, &cost), 80);
	assert_int_equal(sv_reading_read(&r, SV_IFACE_SMAPS, fd, buf, sizeof(buf), 0, &cost), 1024);
	assert_int_equal(cost.lock_reads, 3);
	assert_int_equal(sv_reading_read(&r, SV_IFACE_MAPS, -1, buf, sizeof(buf), 0, &cost), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(cost.lock_reads, 4);
	sv_reading_fini(&r);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: stacks of threads that ended serve again. */
		cmocka_unit_test(reads_with_the_threads_that_there_are),
		cmocka_unit_test(reads_what_one_would),
		cmocka_unit_test(never_used),
		cmocka_unit_test(errors_are_those_of_the_read),
		cmocka_unit_test(an_error_behind_what_was_read),
		cmocka_unit_test(which_files_are_read_how),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
