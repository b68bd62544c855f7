// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel itself counts of its slab caches, without the library. Runs in a guest.
 *
 *   slabcount counts     of every directory in /sys/kernel/slab: name slabs objects partial
 *                        total_objects order; -1 where there is no such figure. objects makes the
 *                        kernel count the objects of each partial slab.
 *   slabcount shrink     has every cache give back its empty slabs, and those of CPUs
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/sys/kernel/slab"

static FILE *attribute(const char *cache, const char *name, const char *mode)
{
	char path[512];

	snprintf(path, sizeof(path), ROOT "/%s/%s", cache, name);
	return fopen(path, mode);
}

static long figure(const char *cache, const char *name)
{
	FILE *f = attribute(cache, name, "r");
	char line[256] = "", *end = line;
	long value = -1;

	if (!f)
		return -1;
	if (fgets(line, sizeof(line), f))
		value = strtol(line, &end, 10);
	fclose(f);
	return end == line ? -1 : value;
}

static void print(const char *cache)
{
	printf("%s %ld %ld %ld %ld %ld\n", cache, figure(cache, "slabs"), figure(cache, "objects"),
		figure(cache, "partial"), figure(cache, "total_objects"), figure(cache, "order"));
}

static void shrink(const char *cache)
{
	FILE *f = attribute(cache, "shrink", "w");

	if (!f)
		return;
	fputs("1\n", f);
	fclose(f);
}

int main(int argc, char **argv)
{
	void (*each)(const char *) = argc == 2 && !strcmp(argv[1], "shrink") ? shrink : print;
	DIR *d = opendir(ROOT);
	const struct dirent *e;

	if (argc != 2 || (each == print && strcmp(argv[1], "counts") != 0)) {
		fputs("usage: slabcount counts|shrink\n", stderr);
		return 64;
	}
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			each(e->d_name);
	if (d)
		closedir(d);
	return !d;
}
