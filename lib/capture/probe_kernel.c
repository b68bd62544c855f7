// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the running kernel consists of. Hazard: an argument is built on a mechanism that this kernel
 * does not have any more, or has in another shape. Each looks for the thing, never at a version.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "probe.h"

/* Symbols of the running kernel whose names hold a text, and whether there are any symbols. */
static bool symbols(struct sv_trial *t, const char *name, size_t *ret)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	*ret = 0;
	if (!sv_read_text("/proc/kallsyms", &text) || text.len < 1000) {
		sv_unknown(t, SV_REASON_UNREADABLE, "/proc/kallsyms holds no symbols");
		return false;
	}
	for (const char *at = text.ptr; (at = strstr(at, name)); at++)
		++*ret;
	return true;
}

/* Control: find_vma stands in every kernel that the cache was ever in. */
static void vmacache(struct sv_trial *t)
{
	size_t cache, control;

	if (!symbols(t, "vmacache_", &cache) || !symbols(t, " find_vma\n", &control))
		return;
	if (cache)
		sv_holds(t, "%zu symbols of the VMA cache in this kernel", cache);
	else if (!control)
		sv_unknown(t, SV_REASON_CONTROL, "find_vma is not among the symbols either");
	else
		sv_refuted(t, "no symbol vmacache_* among the kernel's: there is no VMA cache");
}

static void secretmem_name(struct sv_trial *t)
{
	size_t deck, real;

	if (!symbols(t, "sys_secretmemfd", &deck) || !symbols(t, "sys_memfd_secret", &real))
		return;
	if (deck)
		sv_holds(t, "the kernel has %zu symbols sys_secretmemfd", deck);
	else if (!real)
		sv_unknown(t, SV_REASON_UNSUPPORTED, "no symbol of either name in this kernel");
	else
		sv_refuted(t, "the kernel has sys_memfd_secret, and no sys_secretmemfd");
}

static void slab_allocator(struct sv_trial *t)
{
	bool slub = !access("/sys/kernel/slab/kmalloc-64/object_size", F_OK) ||
		    !access("/sys/kernel/slab", X_OK);
	size_t n;

	if (slub) {
		sv_refuted(t, "/sys/kernel/slab is there: SLUB serves the slabs, not SLAB");
		return;
	}
	if (!symbols(t, " cache_reap\n", &n))
		return;
	if (n)
		sv_holds(t, "cache_reap among the kernel's symbols: the SLAB allocator");
	else
		sv_unknown(t, SV_REASON_NOT_VISIBLE, "neither SLUB's files nor SLAB's symbols");
}

/* Every line of the file is a time that somebody stood still. */
static void psi_reclaim(struct sv_trial *t)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_text lines;
	struct sv_span line;
	int stalls = 0, other = 0;

	if (!sv_read_text("/proc/pressure/memory", &text)) {
		sv_could_not(t, "read /proc/pressure/memory");
		return;
	}
	lines = sv_text_init(text.ptr, text.len, "pressure");
	while (sv_text_line(&lines, &line)) {
		bool stall = sv_take_lit(&line, "some avg10=") || sv_take_lit(&line, "full avg10=");

		stalls += stall;
		other += !stall;
	}
	if (other)
		sv_holds(t, "%d lines that are no stall times", other);
	else if (!stalls)
		sv_unknown(t, SV_REASON_UNREADABLE, "/proc/pressure/memory is empty");
	else
		sv_refuted(
			t, "%d lines, stall times alone (some, full): no count of reclaim", stalls);
}

/*
 * The kernel's own word. On a processor without Meltdown it says "Not affected" even where
 * isolation is on all the same (pti=on; arm64 with a randomised kernel): then the flag of cpuinfo
 * decides, and where cpuinfo has no such flags nothing does.
 */
void sv_tell_isolation(struct sv_trial *t, const char *meltdown, const char *cpuinfo)
{
	int n = (int)strcspn(meltdown, "\n");
	const char *flags = strstr(cpuinfo, "\nflags\t");
	int len = flags ? (int)strcspn(flags + 1, "\n") + 1 : 0;

	n = n < 60 ? n : 60;
	if (strstr(meltdown, "Mitigation: PTI"))
		sv_refuted(t, "meltdown: '%.*s': most of it is unmapped in user mode", n, meltdown);
	else if (flags && (memmem(flags, (size_t)len, " pti ", 5) ||
				  (len > 4 && !memcmp(flags + len - 4, " pti", 4))))
		sv_refuted(t, "flag pti of cpuinfo (meltdown: '%.*s'): most of it is unmapped", n,
			meltdown);
	else if (!strncmp(meltdown, "Vulnerable", 10) ||
		 (flags && !strncmp(meltdown, "Not affected", 12)))
		sv_holds(t, "meltdown: '%.*s'%s: no page-table isolation", n, meltdown,
			flags ? ", no flag pti" : "");
	else
		sv_unknown(t, SV_REASON_NOT_VISIBLE,
			"meltdown: '%.*s': says nothing of isolation for other reasons", n,
			meltdown);
}

static void kernel_shared(struct sv_trial *t)
{
	sv_auto_strbuf struct sv_strbuf meltdown = { 0 }, cpuinfo = { 0 };

	if (!sv_read_text("/sys/devices/system/cpu/vulnerabilities/meltdown", &meltdown))
		sv_could_not(t, "read vulnerabilities/meltdown");
	else if (!sv_read_text("/proc/cpuinfo", &cpuinfo))
		sv_could_not(t, "read cpuinfo");
	else
		sv_tell_isolation(t, meltdown.ptr, cpuinfo.ptr);
}

static void highmem(struct sv_trial *t)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	if (!sv_read_text("/proc/zoneinfo", &text)) {
		sv_could_not(t, "read zoneinfo");
		return;
	}
	if (!strstr(text.ptr, "zone"))
		sv_unknown(t, SV_REASON_UNREADABLE, "zoneinfo names no zone");
	else if (!strstr(text.ptr, "zone  HighMem"))
		sv_not_here(
			t, SV_REASON_ABSENT, "zoneinfo has no HighMem zone: no such memory here");
	else
		sv_holds(t, "a HighMem zone: its frames have no address in the linear map");
}

/* ---- /dev/mem -------------------------------------------------------------------------------- */

/*
 * A missing node in /dev proves nothing, since anybody with CAP_MKNOD makes another: then a node of
 * our own asks the driver itself, in a directory of ours that is gone again at once.
 */
static int open_mem(const char **how)
{
	static const char *const parents[] = { "/var/tmp", "/tmp", "/run" };
	int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);

	*how = "/dev/mem";
	if (fd >= 0 || errno != ENOENT)
		return fd;
	*how = "a node of our own (1:1)";
	for (size_t i = 0; i < sv_array_size(parents); i++) {
		char dir[64], node[80];
		int errnum;

		snprintf(dir, sizeof(dir), "%s/safevma-XXXXXX", parents[i]);
		if (!mkdtemp(dir))
			continue;
		snprintf(node, sizeof(node), "%s/mem", dir);
		fd = mknod(node, S_IFCHR | 0600, makedev(1, 1)) ? -1 : open(node, O_RDONLY);
		errnum = errno;
		unlink(node);
		rmdir(dir);
		errno = errnum;
		if (fd >= 0 || errno != EACCES) /* a mount without devices says nothing */
			break;
	}
	return fd;
}

static void read_own_frame(struct sv_trial *t, int fd, const char *how)
{
	char *page = sv_pages(t, 1);
	char seen[64] = "";
	uint64_t pfn, after;
	int errnum;
	ssize_t n;

	if (!page)
		return;
	sv_mark(page, 1);
	if (!sv_frame_of(t, 0, page, &pfn))
		return;
	n = pread(fd, seen, sizeof(seen), (off_t)(pfn * sv_page_size()));
	errnum = errno;
	if (!sv_frame_of(t, 0, page, &after))
		return;
	if (after != pfn)
		sv_unknown(t, SV_REASON_NOISE, "a page of ours moved while it was looked for");
	else if (n == (ssize_t)sizeof(seen) && sv_marked(seen, 0))
		sv_refuted(t, "%s read our marker in frame 0x%llx", how, (unsigned long long)pfn);
	else if (n < 0)
		sv_holds(t, "read of our frame through %s: %s", how, strerrorname_np(errnum));
	else
		sv_holds(t, "%s shows no marker of ours in frame 0x%llx (%zd bytes)", how,
			(unsigned long long)pfn, n);
}

static void devmem(struct sv_trial *t)
{
	const char *how;
	sv_auto_fd int fd = open_mem(&how);

	if (fd >= 0)
		read_own_frame(t, fd, how);
	else if (errno == ENXIO || errno == ENODEV)
		sv_holds(t, "no /dev/mem; %s: %s, no such driver", how, strerrorname_np(errno));
	else
		sv_could_not(t, how);
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-name",
		.statement = "secretmemfd() is the call that makes secret memory",
		.source = "deck 46",
		.expected = "a system call of that name in the kernel",
		.experiment = "look for sys_secretmemfd and sys_memfd_secret in /proc/kallsyms",
		.limits = "names of symbols; a C library could have a wrapper of any name",
		.cost = "none",
		.run = secretmem_name },
	{ .id = "vmacache",
		.statement = "the per-thread VMA cache is an integrity risk of this kernel",
		.source = "deck 60, 61",
		.expected = "functions of the VMA cache (gone since 6.1) in the kernel",
		.experiment = "look for vmacache_* in /proc/kallsyms, with find_vma as control",
		.limits = "says nothing of what took its place (maple tree, locks of VMAs)",
		.cost = "none",
		.run = vmacache },
	{ .id = "slab-allocator",
		.statement = "the SLAB allocator serves kernel memory, and hardening shuffles it",
		.source = "deck 55",
		.expected = "no /sys/kernel/slab, which SLUB alone has; symbols of SLAB",
		.experiment = "look for /sys/kernel/slab, else for cache_reap in /proc/kallsyms",
		.limits = "which allocator, not how it is hardened",
		.cost = "none",
		.run = slab_allocator },
	{ .id = "psi-reclaim",
		.statement = "PSI monitors stalls and reclaim",
		.source = "deck 58",
		.expected = "a figure of reclaim beside the stall times",
		.experiment = "read the lines of /proc/pressure/memory",
		.limits = "vmstat counts reclaim; DAMON is not looked at",
		.cost = "none",
		.run = psi_reclaim },
	{ .id = "kernel-mappings",
		.statement = "the kernel's mappings are global and shared by all processes",
		.source = "deck 13",
		.expected = "user mode has the kernel's half mapped: no page-table isolation",
		.experiment = "read vulnerabilities/meltdown, and the flags of cpuinfo (pti)",
		.limits = "the kernel's own word, not its page tables; init_mm has no VMAs at all",
		.cost = "none",
		.run = kernel_shared },
	{ .id = "highmem-barrier",
		.statement = "HighMem is memory beyond the linear map that can serve as a barrier",
		.source = "deck 32, 42",
		.expected = "a HighMem zone",
		.experiment = "read the names of zones in /proc/zoneinfo",
		.limits = "kmap() reaches such frames all the same, for moments",
		.cost = "none",
		.run = highmem },
	{ .id = "devmem-ram",
		.statement = "/dev/mem does not reach RAM of processes",
		.source = "deck 44",
		.expected = "the driver is not there, or reading a frame of ours fails",
		.experiment =
			"open /dev/mem (or a node of our own), read a frame that holds a marker",
		.limits = "one frame, as this user; not ports, kcore or drivers that map memory",
		.cost = "one page; perhaps a device node in a temporary directory, for a moment",
		.run = devmem },
};

SV_LEDGER(sv_claims_kernel, claims);
