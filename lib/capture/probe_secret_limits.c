// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What can and cannot be done with secretmem. Hazard: a plan for it (to grow it, to lock it again,
 * to share it copy-on-write, to hibernate) that this kernel does not follow.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "iface/kpage.h"
#include "probe.h"

#define COST "1 page of secretmem: the linear map stays split (x86)"
#define FREE "none: no page of secretmem is touched"

static char *touched(struct sv_trial *t, size_t pages)
{
	char *at = sv_secret_pages(t, pages, NULL);

	if (at)
		memset(at, 1, pages * sv_page_size());
	return at;
}

static void lock_it(struct sv_trial *t)
{
	char *page = touched(t, 1);

	if (!page)
		return;
	if (!sv_mlock(page, sv_page_size()))
		sv_holds(t, "mlock of a touched page: success");
	else
		sv_refuted(t, "mlock of a touched page: %s", strerrorname_np(errno));
}

/* Its pages are on no list that reclaim walks, whatever the flags of the VMA say. */
static void unlock_it(struct sv_trial *t)
{
	char before[256] = "", after[256] = "", *page = touched(t, 1);
	uint64_t pfn, flags;
	int rc;

	if (!page || !sv_vma_flags(t, 0, page, before, sizeof(before)))
		return;
	rc = sv_munlock(page, sv_page_size());
	if (!sv_vma_flags(t, 0, page, after, sizeof(after)) || !sv_frame_of(t, 0, page, &pfn) ||
		!sv_frame_flags(t, pfn, &flags))
		return;
	if (rc)
		sv_refuted(t, "munlock: %s", strerrorname_np(errno));
	else if (strstr(after, " lo ") || flags & (SV_KPF_UNEVICTABLE | SV_KPF_MLOCKED))
		sv_refuted(t, "munlock: success; flag lo %s, frame %s",
			strstr(after, " lo ")	 ? "stays"
			: strstr(before, " lo ") ? "gone"
						 : "never was",
			flags & SV_KPF_UNEVICTABLE ? "unevictable"
			: flags & SV_KPF_MLOCKED   ? "mlocked"
						   : "without flag");
	else
		sv_holds(t, "munlock: success; no lock flag on the mapping or the frame");
}

static void make_executable(struct sv_trial *t)
{
	char *page = sv_secret_pages(t, 1, NULL);

	if (!page)
		return;
	if (!mprotect(page, sv_page_size(), PROT_READ | PROT_EXEC))
		sv_refuted(t, "mprotect(PROT_EXEC): success");
	else
		sv_refused(t, errno, EACCES, "mprotect(PROT_EXEC)");
}

static int sized(struct sv_trial *t)
{
	int fd = sv_memfd_secret(0);

	if (fd < 0)
		return sv_could_not(t, "memfd_secret");
	if (ftruncate(fd, (off_t)sv_page_size())) {
		close(fd);
		return sv_could_not(t, "ftruncate");
	}
	return fd;
}

static void map_private(struct sv_trial *t)
{
	sv_auto_fd int fd = sized(t);
	char *at;

	if (fd < 0)
		return;
	at = mmap(NULL, sv_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		sv_refused(t, errno, EINVAL, "mmap(MAP_PRIVATE)");
	else
		sv_refuted(t, "mmap(MAP_PRIVATE): success");
}

static void grow(struct sv_trial *t)
{
	sv_auto_fd int fd = sized(t);
	int rc;

	if (fd < 0)
		return;
	rc = ftruncate(fd, (off_t)(2 * sv_page_size()));
	if (rc)
		sv_refused(t, errno, EINVAL, "a second ftruncate");
	else
		sv_refuted(t, "a second ftruncate to twice the size: success");
}

static void read_the_file(struct sv_trial *t)
{
	sv_auto_fd int fd = sized(t);
	char byte;

	if (fd < 0)
		return;
	if (read(fd, &byte, 1) < 0)
		sv_holds(t, "read(2) on the descriptor: %s", strerrorname_np(errno));
	else
		sv_refuted(t, "read(2) on the descriptor: success");
}

enum { MERGED = 4 };

static void merge(struct sv_trial *t)
{
	char flags[256] = "", *at = touched(t, MERGED);
	size_t size = MERGED * sv_page_size();
	int same, huge;
	uint64_t found = 0;

	if (!at)
		return;
	same = madvise(at, size, MADV_MERGEABLE);
	huge = madvise(at, size, MADV_HUGEPAGE);
	if (!sv_vma_flags(t, 0, at, flags, sizeof(flags)))
		return;
	for (size_t i = 0; i < MERGED; i++) {
		uint64_t pfn, bits;

		if (!sv_frame_of(t, 0, at + i * sv_page_size(), &pfn) ||
			!sv_frame_flags(t, pfn, &bits))
			return;
		found |= bits & (SV_KPF_THP | SV_KPF_KSM | SV_KPF_HUGE);
	}
	if (strstr(flags, " mg ") || found)
		sv_refuted(t, "MADV_MERGEABLE %d, flag mg %s, frame flags 0x%llx", same,
			strstr(flags, " mg ") ? "set" : "not set", (unsigned long long)found);
	else
		sv_holds(t, "MADV_MERGEABLE %d without flag mg, MADV_HUGEPAGE %d, single frames",
			same, huge);
}

/* Counts while a descriptor is open; no page needs to be there. */
static void hibernation(struct sv_trial *t)
{
	sv_auto_strbuf struct sv_strbuf before = { 0 }, during = { 0 };
	sv_auto_fd int fd = -1;

	if (!sv_read_text("/sys/power/disk", &before)) {
		sv_unknown(
			t, SV_REASON_NOT_VISIBLE, "no /sys/power/disk: no hibernation to look at");
		return;
	}
	fd = sized(t);
	if (fd < 0)
		return;
	if (!sv_read_text("/sys/power/disk", &during))
		sv_could_not(t, "read /sys/power/disk");
	else if (strstr(before.ptr, "[disabled]"))
		sv_unknown(t, SV_REASON_SETTING, "hibernation is off without secretmem already");
	else if (strstr(during.ptr, "[disabled]"))
		sv_holds(t, "/sys/power/disk says disabled while a descriptor is open");
	else
		sv_refuted(t, "/sys/power/disk does not change while a descriptor is open");
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-mlock",
		.statement = "mlock() works on secretmem as on any memory",
		.source = "mlock(2)",
		.expected = "mlock() of a touched page succeeds",
		.experiment = "touch a page of secretmem, mlock it",
		.limits = "secretmem is not swapped or reclaimed, locked or not",
		.cost = COST,
		.costly = true,
		.run = lock_it },
	{ .id = "secretmem-munlock",
		.statement = "munlock() makes memory evictable again",
		.source = "munlock(2)",
		.expected = "no lock flag on mapping or frame after munlock() of secretmem",
		.experiment = "touch a page, munlock it, read VmFlags and the flags of its frame",
		.limits = "where nothing refutes it, whether reclaim takes it is not tried",
		.cost = COST,
		.costly = true,
		.run = unlock_it },
	{ .id = "secretmem-exec",
		.statement = "secretmem cannot be made executable",
		.source = "mm/secretmem.c",
		.expected = "mprotect(PROT_EXEC) fails",
		.experiment = "mprotect a mapping that was never touched",
		.limits = "code can be copied out of it and run elsewhere",
		.cost = FREE,
		.run = make_executable },
	{ .id = "secretmem-private",
		.statement = "secretmem is mapped MAP_SHARED only",
		.source = "memfd_secret(2); deck 51",
		.expected = "mmap(MAP_PRIVATE) fails",
		.experiment = "map a sized descriptor MAP_PRIVATE",
		.limits = "one flag",
		.cost = FREE,
		.run = map_private },
	{ .id = "secretmem-grow",
		.statement = "secretmem has one size for good",
		.source = "deck 51",
		.expected = "a second ftruncate() fails",
		.experiment = "ftruncate a descriptor twice",
		.limits = "mremap of a mapping is another matter",
		.cost = FREE,
		.run = grow },
	{ .id = "secretmem-no-read",
		.statement = "read(2) on a descriptor of secretmem gives nothing",
		.source = "deck 51",
		.expected = "an error",
		.experiment = "read one byte of a sized descriptor",
		.limits = "mapping it is how it is read",
		.cost = FREE,
		.run = read_the_file },
	{ .id = "secretmem-merge",
		.statement = "KSM and huge pages leave secretmem alone",
		.source = "deck 51",
		.expected = "no flag mg after MADV_MERGEABLE, no huge or merged frame",
		.experiment = "ask for both on four equal pages, read VmFlags and flags of frames",
		.limits = "at once; khugepaged and ksmd are not waited for",
		.cost = "4 pages of secretmem: the linear map stays split (x86)",
		.costly = true,
		.run = merge },
	{ .id = "secretmem-hibernation",
		.statement = "hibernation is not possible while secretmem is open",
		.source = "commit 9a436f8ff631; deck 51",
		.expected = "/sys/power/disk says [disabled]",
		.experiment = "read it before and while a descriptor is open; nothing is written",
		.limits = "what the kernel offers, no hibernation is tried",
		.cost = FREE,
		.run = hibernation },
};

SV_LEDGER(sv_claims_secret_limits, claims);
