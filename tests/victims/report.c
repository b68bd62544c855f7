// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the victim says of its regions: what it did to them, and what its own pagemap shows. */
#include "victim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PM_PRESENT   (UINT64_C(1) << 63)
#define PM_EXCLUSIVE (UINT64_C(1) << 56)
#define PM_PFN	     ((UINT64_C(1) << 55) - 1)

/* What /proc/self/smaps says of a VMA. */
struct vma_truth {
	char flags[192];
	size_t huge_kb;
	size_t rss_kb;
};

static uint64_t *read_pagemap(const struct region *r)
{
	size_t size = r->pages * sizeof(uint64_t);
	uint64_t *entries = calloc(r->pages, sizeof(uint64_t));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t offset = (off_t)((uintptr_t)r->start / page_size() * sizeof(uint64_t));
	bool whole = entries && fd >= 0 && pread(fd, entries, size, offset) == (ssize_t)size;

	if (fd >= 0)
		close(fd);
	if (whole)
		return entries;
	free(entries);
	return NULL;
}

static void vma_truth_line(struct vma_truth *t, const char *line)
{
	if (!strncmp(line, "AnonHugePages:", 14))
		t->huge_kb = strtoul(line + 14, NULL, 10);
	else if (!strncmp(line, "Rss:", 4))
		t->rss_kb = strtoul(line + 4, NULL, 10);
	else if (!strncmp(line, "VmFlags: ", 9))
		snprintf(
			t->flags, sizeof(t->flags), "%.*s", (int)strcspn(line + 9, "\n"), line + 9);
}

static void read_smaps(const struct region *r, struct vma_truth *t)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char *line = NULL, start[32];
	size_t room = 0;
	bool ours = false;

	*t = (struct vma_truth) { 0 };
	if (!f)
		return;
	snprintf(start, sizeof(start), "%" PRIxPTR "-", (uintptr_t)r->start);
	while (getline(&line, &room, f) > 0) {
		if (strchr("0123456789abcdef", line[0]))
			ours = !strncmp(line, start, strlen(start));
		else if (ours)
			vma_truth_line(t, line);
	}
	free(line);
	fclose(f);
}

void report_list(const char *name, const unsigned char *marks, size_t count)
{
	const char *comma = "";
	size_t i;

	printf(",\"%s\":[", name);
	for (i = 0; i < count; i++) {
		if (!marks[i])
			continue;
		printf("%s%zu", comma, i);
		comma = ",";
	}
	printf("]");
}

static void report_entries(const char *name, const uint64_t *entries, size_t count, uint64_t bit)
{
	unsigned char *marks = calloc(count, 1);
	size_t i;

	if (!marks)
		return;
	for (i = 0; i < count; i++)
		marks[i] = (entries[i] & bit) != 0;
	report_list(name, marks, count);
	free(marks);
}

/* PFNs of the present pages, in order; null when the kernel hides them: a present page without. */
static void report_pfns(const uint64_t *entries, size_t count)
{
	const char *comma = "";
	size_t i;

	printf(",\"pfns\":");
	for (i = 0; i < count && !(entries[i] & PM_PFN); i++)
		;
	if (i == count) {
		printf("null");
		return;
	}
	printf("[");
	for (i = 0; i < count; i++) {
		if (!(entries[i] & PM_PRESENT))
			continue;
		printf("%s\"0x%" PRIx64 "\"", comma, entries[i] & PM_PFN);
		comma = ",";
	}
	printf("]");
}

static size_t count_present(const uint64_t *entries, size_t count)
{
	size_t i, n = 0;

	for (i = 0; entries && i < count; i++)
		n += (entries[i] & PM_PRESENT) != 0;
	return n;
}

static void report_json(
	const struct region *r, const uint64_t *entries, const struct vma_truth *t, bool mlocked)
{
	printf("{\"name\":\"%s\",\"kind\":\"%s\",\"start\":\"0x%" PRIxPTR "\",\"end\":\"0x%" PRIxPTR
	       "\",\"page_size\":%zu,\"mlocked\":%s",
		r->kind->name, r->kind->kind, (uintptr_t)r->start,
		(uintptr_t)r->start + r->pages * page_size(), page_size(),
		mlocked ? "true" : "false");
	printf(",\"class\":\"%s\",\"vm_flags\":\"%s\",\"rss_bytes\":%zu,\"huge_bytes\":%zu",
		r->class, t->flags, t->rss_kb * 1024, t->huge_kb * 1024);
	report_list("touched_pages", r->touched, r->pages);
	report_list("guard_pages", r->guard, r->pages);
	if (entries) {
		report_entries("present_pages", entries, r->pages, PM_PRESENT);
		report_entries("exclusive_pages", entries, r->pages, PM_EXCLUSIVE);
		report_pfns(entries, r->pages);
	}
	printf(",\"note\":\"%s\"}\n", r->note);
}

static void report_human(
	const struct region *r, const uint64_t *entries, const struct vma_truth *t, bool mlocked)
{
	printf("%-13s 0x%012" PRIxPTR "  %5zu KiB  %4zu of %4zu pages there  %-8s  %s%s%s%s\n",
		r->kind->name, (uintptr_t)r->start, r->pages * page_size() / 1024,
		count_present(entries, r->pages), r->pages, mlocked ? "locked" : "unlocked",
		r->kind->about, t->huge_kb ? " (the kernel gave a huge page)" : "",
		r->note[0] ? "; " : "", r->note);
}

void report_skipped(const char *name, const char *why)
{
	if (settings.human)
		printf("%-13s not made here: %s\n", name, why);
	else
		printf("{\"name\":\"%s\",\"skipped\":\"%s\"}\n", name, why);
}

void report_region(const struct region *r)
{
	uint64_t *entries;
	struct vma_truth t;
	bool mlocked = r->mlocked;

	if (r->skipped[0]) {
		report_skipped(r->kind->name, r->skipped);
		return;
	}
	entries = read_pagemap(r);
	read_smaps(r, &t);
	/* Whether secretmem sets VM_LOCKED is a matter of the kernel's version. */
	if (!strcmp(r->kind->kind, "secretmem"))
		mlocked = strstr(t.flags, " lo ") != NULL;
	if (settings.human)
		report_human(r, entries, &t, mlocked);
	else
		report_json(r, entries, &t, mlocked);
	free(entries);
}

void report_ready(pid_t pid, pid_t ns_pid)
{
	if (settings.human)
		printf("ready: process %d, ends with its standard input or SIGTERM\n", (int)pid);
	else if (ns_pid)
		printf("{\"ready\":true,\"pid\":%d,\"ns_pid\":%d}\n", (int)pid, (int)ns_pid);
	else
		printf("{\"ready\":true,\"pid\":%d}\n", (int)pid);
	fflush(stdout);
}
