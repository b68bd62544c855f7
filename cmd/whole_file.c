// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file is written beside its name and then takes it: who reads it finds the old one or the new
 * one, whole. Capabilities are dropped before anything is observed, and with them root's right to
 * write into directories of others, home directories say: a child that reads nothing but its
 * parent's bytes keeps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

struct whole_file {
	char *path;
	int fd;
	pid_t child;
};

static bool read_full(int fd, void *buf, size_t size)
{
	char *at = buf;

	while (size) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool write_full(int fd, const void *buf, size_t size)
{
	const char *at = buf;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* ---- the child ------------------------------------------------------------------------------- */

/* Bytes of the parent into the file; 0 or an errno. All of them, or it is no file. */
static int copy(int from, int to)
{
	char buf[65536];
	uint64_t size;

	if (!read_full(from, &size, sizeof(size)))
		return ECANCELED;
	while (size) {
		size_t n = size < sizeof(buf) ? (size_t)size : sizeof(buf);

		if (!read_full(from, buf, n))
			return ECANCELED;
		if (!write_full(to, buf, n))
			return errno ? errno : EIO;
		size -= n;
	}
	return fsync(to) && errno != EINVAL && errno != ENOSYS ? errno : 0;
}

static mode_t mode_of_new(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* Signals that end the parent end what it wanted: the end of its bytes tells, and cleans up. */
static void be_deaf(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

static _Noreturn void child(int fd, const char *path, char *temporary)
{
	int file, error;

	be_deaf();
	file = mkostemp(temporary, O_CLOEXEC);
	error = file < 0 ? errno : 0;
	if (!write_full(fd, &error, sizeof(error)) || error) {
		if (file >= 0)
			unlink(temporary);
		_exit(1);
	}
	error = copy(fd, file);
	if (!error && (fchmod(file, mode_of_new()) || rename(temporary, path)))
		error = errno;
	if (error)
		unlink(temporary);
	_exit(!write_full(fd, &error, sizeof(error)) || error);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static int fail(const char *path, int error)
{
	char shown[200];

	snprintf(shown, sizeof(shown), "%s", printable(path));
	complain("%s: write: %s", shown, strerror(error));
	return EXIT_RUNTIME;
}

/* A directory or a device is not replaced by a file. */
static int replaceable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == EACCES ? 0 : errno;
	return S_ISREG(st.st_mode) ? 0 : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
}

static void end(struct whole_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	while (waitpid(f->child, NULL, 0) < 0 && errno == EINTR)
		;
	f->fd = -1;
	f->child = 0;
}

static int start(struct whole_file *f, char *temporary)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return errno;
	fflush(NULL);
	f->child = fork();
	if (f->child < 0) {
		error = errno;
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	if (!f->child) {
		close(pair[0]);
		child(pair[1], f->path, temporary);
	}
	close(pair[1]);
	f->fd = pair[0];
	if (!read_full(f->fd, &error, sizeof(error)))
		error = EIO;
	if (error)
		end(f);
	return error;
}

int whole_file_begin(const char *path, struct whole_file **ret)
{
	struct whole_file *f = calloc(1, sizeof(*f));
	char *temporary = NULL;
	int error;

	if (!f || asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		free(f);
		return fail(path, ENOMEM);
	}
	f->fd = -1;
	f->path = strdup(path);
	error = f->path ? replaceable(path) : ENOMEM;
	if (!error)
		error = start(f, temporary);
	free(temporary);
	if (error) {
		free(f->path);
		free(f);
		return fail(path, error);
	}
	*ret = f;
	return -1;
}

int whole_file_commit(struct whole_file *f, const char *text, size_t size)
{
	uint64_t n = size;
	int error = 0;

	if (!write_full(f->fd, &n, sizeof(n)) || !write_full(f->fd, text, size) ||
		!read_full(f->fd, &error, sizeof(error)))
		error = error ? error : EIO;
	end(f);
	return error ? fail(f->path, error) : -1;
}

void whole_file_cancel(struct whole_file *f)
{
	if (f->child)
		end(f);
	free(f->path);
	free(f);
}

unsigned int screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	char *rest;
	long n;

	if (columns && *columns >= '1' && *columns <= '9') {
		n = strtol(columns, &rest, 10);
		if (!*rest && n < 10000)
			return (unsigned int)n;
	}
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}
