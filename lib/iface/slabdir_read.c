// SPDX-License-Identifier: LGPL-2.1-or-later
/* The opener's part: reads the tree, and understands nothing of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "slabdir.h"

/*
 * What is cheap to read: settings, and counts that the kernel keeps. objects, objects_partial and
 * the like make it go through all partial slabs under a lock with interrupts off; alloc_calls and
 * free_calls through all objects.
 */
static const char *const attributes[] = { "aliases", "align", "cache_dma", "cpu_partial",
	"cpu_slabs", "ctor", "destroy_by_rcu", "hwcache_align", "min_partial", "object_size",
	"objs_per_slab", "order", "partial", "poison", "reclaim_account", "red_zone",
	"remote_node_defrag_ratio", "sanity_checks", "sheaf_capacity", "slab_size", "slabs",
	"slabs_cpu_partial", "store_user", "total_objects", "trace", "usersize" };

enum { SYSFS_MAGIC = 0x62656572 };

/* Names are what modules chose: one that would not stand in a line is left out. */
static bool printable(const char *name)
{
	for (const char *s = name; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return *name && *name != '.';
}

static int add_attribute(int dir, const char *name, struct sv_strbuf *ret)
{
	char text[256];
	ssize_t n = -1;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW), rc = errno;

	if (fd < 0 && rc == ENOENT)
		return 0;
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		rc = errno;
		close(fd);
	}
	if (n < 0)
		return sv_strbuf_printf(ret, " %s !%d\n", name, rc);
	n = (ssize_t)strnlen(text, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\n')
			n = i;
	return sv_strbuf_printf(ret, " %s %.*s\n", name, (int)n, text);
}

static int add_cache(int dir, const char *name, struct sv_strbuf *ret)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = 0;

	if (fd < 0) /* it went away */
		return 0;
	rc = sv_strbuf_printf(ret, "cache %s\n", name);
	for (size_t i = 0; i < sv_array_size(attributes) && !rc; i++)
		rc = add_attribute(fd, attributes[i], ret);
	close(fd);
	return rc;
}

static int add_alias(int dir, const char *name, struct sv_strbuf *ret)
{
	char target[256];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n <= 0)
		return 0;
	target[n] = 0;
	return printable(target) && !strpbrk(target, " /")
		       ? sv_strbuf_printf(ret, "alias %s %s\n", name, target)
		       : 0;
}

static int add_entry(int dir, const char *name, struct sv_strbuf *ret)
{
	struct stat st;

	if (!printable(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISLNK(st.st_mode))
		return add_alias(dir, name, ret);
	return S_ISDIR(st.st_mode) ? add_cache(dir, name, ret) : 0;
}

int sv_slabdir_read(const char *path, struct sv_strbuf *ret)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct statfs st;

	if (!d) {
		rc = errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (fstatfs(fd, &st) || (uint32_t)st.f_type != SYSFS_MAGIC)
		rc = ENODEV;
	while (!rc && (errno = 0, e = readdir(d)))
		rc = add_entry(fd, e->d_name, ret) ? ENOMEM : 0;
	rc = rc ? rc : errno;
	closedir(d);
	return rc;
}
