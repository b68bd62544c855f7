// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records on standard output what `safevma slab` reads. Runs in a guest.
 *
 *   slabs look       of one look
 *   slabs grow N     of two, between which N empty files are made, each with a name and an inode
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "safevma.h"

static int make_files(long n)
{
	char path[64];

	if (mkdir("/tmp/grown", 0700))
		return -1;
	for (long i = 0; i < n; i++) {
		int fd;

		snprintf(path, sizeof(path), "/tmp/grown/%ld", i);
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 || close(fd))
			return -1;
	}
	return 0;
}

static volatile int stop;

/* After the first look: the files are made before the waiting begins, which is then over. */
static int each(const safevma_observation *so_far, void *arg)
{
	const long *n = arg;

	(void)so_far;
	if (make_files(*n))
		fprintf(stderr, "slabs: /tmp/grown: %s\n", strerror(errno));
	stop = 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct safevma_root_options options = { .record_stream = stdout };
	struct safevma_request request = { .needs = SAFEVMA_NEED_SLAB | SAFEVMA_NEED_SLAB_FRAMES };
	long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	struct safevma_error err = { 0 };
	safevma_observation *obs;
	safevma_root *root;

	if ((argc != 2 || strcmp(argv[1], "look") != 0) &&
		(argc != 3 || strcmp(argv[1], "grow") != 0)) {
		fprintf(stderr, "usage: slabs look | grow N\n");
		return 64;
	}
	if (argc == 3) {
		request.needs |= SAFEVMA_NEED_SLAB_GROWTH;
		request.window.stop = &stop;
		request.window.each = each;
		request.window.arg = &n;
	}
	if (safevma_root_open(&options, &root, &err) ||
		safevma_observe(root, &request, &obs, &err) || safevma_root_close(root, &err)) {
		fprintf(stderr, "slabs: %s\n", err.message);
		return 1;
	}
	for (size_t i = 0; safevma_observation_gap(obs, i); i++)
		fprintf(stderr, "slabs: gap: %s\n", safevma_observation_gap(obs, i));
	safevma_observation_free(obs);
	return 0;
}
