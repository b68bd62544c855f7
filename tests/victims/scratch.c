// SPDX-License-Identifier: LGPL-2.1-or-later
/* The files that the victim maps: in one directory of its own, gone when it ends. */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[256];
static char *files[16];
static size_t files_count;
static pid_t owner; /* children inherit atexit handlers, and must not remove anything */

static void scratch_remove(void)
{
	size_t i;

	if (getpid() != owner)
		return;
	for (i = 0; i < files_count; i++)
		unlink(files[i]);
	rmdir(directory);
}

int scratch_path(const char *name, char *buf, size_t size)
{
	if (!directory[0]) {
		snprintf(directory, sizeof(directory), "%s/victim-XXXXXX", settings.dir);
		if (!mkdtemp(directory)) {
			directory[0] = 0;
			return -1;
		}
		owner = getpid();
		atexit(scratch_remove);
	}
	return snprintf(buf, size, "%s/%s", directory, name) < (int)size ? 0 : -1;
}

static int fill(int fd, size_t pages)
{
	char *text = malloc(page_size());
	size_t i;
	int rc = text ? 0 : -1;

	if (text)
		memset(text, 'v', page_size());
	for (i = 0; !rc && i < pages; i++)
		rc = write(fd, text, page_size()) == (ssize_t)page_size() ? 0 : -1;
	free(text);
	return rc;
}

int scratch_file(const char *name, size_t pages)
{
	char path[600];
	int fd;

	if (files_count == sizeof(files) / sizeof(files[0]) ||
		scratch_path(name, path, sizeof(path)))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	files[files_count] = strdup(path);
	if (files[files_count])
		files_count++;
	if (!fill(fd, pages))
		return fd;
	close(fd);
	return -1;
}
