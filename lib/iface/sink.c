// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "interfaces.h"

enum { BLOCK = 512 };

struct sv_sink {
	int dir;	/* or -1 */
	FILE *stream;	/* or NULL */
	char name[256]; /* of the directory, for messages */
};

/* By the time it is written to, no capability is left that would write to others' directories. */
static int check_owner(int dir, const char *name, struct safevma_error *err)
{
	struct stat st;

	if (fstat(dir, &st))
		return sv_error_sys(err, errno, name, "look at the directory for the recording");
	if (st.st_uid == geteuid())
		return 0;
	return sv_error_set(err, SAFEVMA_E_USAGE, 0, name, 0,
		"a recording needs a directory of our own (user %u), and this one is user %u's",
		(unsigned int)geteuid(), (unsigned int)st.st_uid);
}

static int check_empty(int dir, const char *name, struct safevma_error *err)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int others = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return sv_error_sys(err, errno, name, "list the directory for the recording");
	}
	while (!others && (e = readdir(d)))
		others = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	if (others)
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, name, 0,
			"a recording needs a new or empty directory, and this one holds files (an "
			"unfinished recording has no recording.json and can be removed)");
	return 0;
}

struct sv_sink *sv_sink_dir(const char *dir, struct safevma_error *err)
{
	struct sv_sink *s = calloc(1, sizeof(*s));

	if (!s) {
		sv_error_nomem(err);
		return NULL;
	}
	snprintf(s->name, sizeof(s->name), "%s", dir);
	s->dir = -1;
	if (mkdir(dir, 0700) && errno != EEXIST)
		sv_error_sys(err, errno, dir, "create the directory for the recording");
	else if ((s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		sv_error_sys(err, errno, dir, "open the directory for the recording");
	else if (!check_owner(s->dir, dir, err) && !check_empty(s->dir, dir, err)) {
		if (!fchmod(s->dir, 0700))
			return s;
		sv_error_sys(err, errno, dir, "make the directory private");
	}
	if (s->dir >= 0)
		close(s->dir);
	free(s);
	return NULL;
}

struct sv_sink *sv_sink_tar(FILE *stream)
{
	struct sv_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->dir = -1;
	s->stream = stream;
	snprintf(s->name, sizeof(s->name), "tar stream");
	return s;
}

static int make_parents(const struct sv_sink *s, const char *name, struct safevma_error *err)
{
	char path[SV_PLACE_PATH];

	for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(at - name), name);
		if (mkdirat(s->dir, path, 0700) && errno != EEXIST)
			return sv_error_sys(
				err, errno, path, "create a directory of the recording");
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put_file(struct sv_sink *s, const char *name, const void *data, size_t len,
	struct safevma_error *err)
{
	int fd;

	if (make_parents(s, name, err))
		return -1;
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sv_error_sys(err, errno, name, "create a file of the recording");
	if (write_all(fd, data, len)) {
		int e = errno;

		close(fd);
		return sv_error_sys(err, e, name, "write the recording");
	}
	if (close(fd))
		return sv_error_sys(err, errno, name, "write the recording");
	return 0;
}

/* POSIX.1-1988 ustar: sizes in octal, checksum over the header with blanks in its own place. */
static void tar_header(char *h, const char *name, size_t len, char type)
{
	unsigned int sum = 0;

	memset(h, 0, BLOCK);
	snprintf(h, 100, "%.99s", name);
	snprintf(h + 100, 8, "%07o", 0600);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	snprintf(h + 124, 12, "%011llo", (unsigned long long)len);
	snprintf(h + 136, 12, "%011o", 0);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 7, "%06o", sum);
}

static int put_entry(struct sv_sink *s, const char *name, char type, const void *data, size_t len,
	struct safevma_error *err)
{
	static const char zeros[BLOCK];
	size_t pad = (BLOCK - len % BLOCK) % BLOCK;
	char h[BLOCK];

	tar_header(h, name, len, type);
	if (fwrite(h, 1, BLOCK, s->stream) != BLOCK || fwrite(data, 1, len, s->stream) != len ||
		fwrite(zeros, 1, pad, s->stream) != pad)
		return sv_error_sys(err, errno, "standard output", "write the recording");
	return 0;
}

/* A name that the header has no room for comes before it, as GNU tar began and all others read. */
static int put_tar(struct sv_sink *s, const char *name, const void *data, size_t len,
	struct safevma_error *err)
{
	if (strlen(name) >= 100 && put_entry(s, "././@LongLink", 'L', name, strlen(name) + 1, err))
		return -1;
	return put_entry(s, name, '0', data, len, err);
}

int sv_sink_put(struct sv_sink *s, const char *name, const void *data, size_t len,
	struct safevma_error *err)
{
	return s->stream ? put_tar(s, name, data ? data : "", len, err)
			 : put_file(s, name, data ? data : "", len, err);
}

int sv_sink_end(struct sv_sink *s, struct safevma_error *err)
{
	static const char zeros[2 * BLOCK];

	if (!s->stream)
		return 0;
	if (fwrite(zeros, 1, sizeof(zeros), s->stream) != sizeof(zeros) || fflush(s->stream))
		return sv_error_sys(err, errno, "standard output", "write the recording");
	return 0;
}

void sv_sink_free(struct sv_sink *s)
{
	if (!s)
		return;
	if (s->dir >= 0)
		close(s->dir);
	free(s);
}
