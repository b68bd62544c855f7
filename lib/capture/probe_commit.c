// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the overcommit policy refuses and grants. Hazard: memory that was promised is not there when
 * it is touched, and the OOM killer chooses. Mappings here are never touched: they take address
 * space of a child for a moment and no memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "probe.h"

static bool mode_now(struct sv_trial *t, uint64_t *ret)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_span v;

	if (!sv_read_text("/proc/sys/vm/overcommit_memory", &text)) {
		sv_could_not(t, "read vm.overcommit_memory");
		return false;
	}
	v = sv_trim((struct sv_span) { text.ptr, text.len });
	if (sv_take_dec(&v, ret))
		return true;
	sv_unknown(t, SV_REASON_UNREADABLE, "vm.overcommit_memory is no number");
	return false;
}

/* True when the mode is the one that the claim is about; else it does not apply. */
static bool mode_is(struct sv_trial *t, uint64_t wanted)
{
	uint64_t mode;

	if (!mode_now(t, &mode))
		return false;
	if (mode != wanted)
		sv_not_here(t, SV_REASON_SETTING, "vm.overcommit_memory is %llu, not %llu",
			(unsigned long long)mode, (unsigned long long)wanted);
	return mode == wanted;
}

static bool memory_kb(struct sv_trial *t, const char *key, uint64_t *ret)
{
	if (sv_read_key("/proc/meminfo", key, ret))
		return true;
	sv_could_not(t, "read meminfo");
	return false;
}

/* RAM and swap together, in bytes: what heuristic mode holds one request against. */
static bool all_memory(struct sv_trial *t, uint64_t *ret)
{
	uint64_t ram, swap;

	if (!memory_kb(t, "MemTotal", &ram) || !memory_kb(t, "SwapTotal", &swap))
		return false;
	*ret = (ram + swap) * 1024;
	return true;
}

/* Where address space itself is short, its want looks like the policy's refusal. */
static bool roomy(struct sv_trial *t)
{
	struct rlimit limit;

	if (sizeof(void *) >= 8 && !getrlimit(RLIMIT_AS, &limit) &&
		limit.rlim_cur == RLIM_INFINITY && !getrlimit(RLIMIT_DATA, &limit) &&
		limit.rlim_cur == RLIM_INFINITY)
		return true;
	sv_unknown(t, SV_REASON_SETTING,
		"address space is limited: 32 bits, RLIMIT_AS or RLIMIT_DATA");
	return false;
}

static char *promise(uint64_t size, int flags)
{
	return mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
		-1, 0);
}

static unsigned long long mib(uint64_t bytes)
{
	return (unsigned long long)(bytes >> 20);
}

static void default_mode(struct sv_trial *t)
{
	static const char *const names[] = { "heuristic", "always", "never" };
	uint64_t mode;

	if (!mode_now(t, &mode))
		return;
	if (!mode)
		sv_holds(t, "vm.overcommit_memory is 0 (heuristic)");
	else
		sv_refuted(t, "vm.overcommit_memory is %llu (%s)", (unsigned long long)mode,
			mode < sv_array_size(names) ? names[mode] : "?");
}

static void refuses_obvious(struct sv_trial *t)
{
	uint64_t all;
	char *at;

	if (!mode_is(t, 0) || !roomy(t) || !all_memory(t, &all))
		return;
	at = promise(all + all / 4, 0);
	if (at == MAP_FAILED && errno == ENOMEM)
		sv_holds(t, "one request of %llu MiB against %llu MiB RAM + swap: ENOMEM",
			mib(all + all / 4), mib(all));
	else if (at == MAP_FAILED)
		sv_could_not(t, "map memory");
	else
		sv_refuted(t, "one request of %llu MiB against %llu MiB RAM + swap was granted",
			mib(all + all / 4), mib(all));
}

static void noreserve_granted(struct sv_trial *t)
{
	uint64_t all;
	char *at;

	if (!mode_is(t, 0) || !roomy(t) || !all_memory(t, &all))
		return;
	at = promise(all + all / 4, MAP_NORESERVE);
	if (at != MAP_FAILED)
		sv_holds(t, "%llu MiB with MAP_NORESERVE against %llu MiB RAM + swap: granted",
			mib(all + all / 4), mib(all));
	else if (errno == ENOMEM)
		sv_refuted(t, "%llu MiB with MAP_NORESERVE: ENOMEM", mib(all + all / 4));
	else
		sv_could_not(t, "map memory");
}

/*
 * Heuristic mode holds each request against all memory, and their sum against nothing. It also does
 * not care how much others have been promised: nobody is refused anything because of these.
 */
static void promises_exceed(struct sv_trial *t)
{
	uint64_t all, part, granted = 0;

	if (!mode_is(t, 0) || !roomy(t) || !all_memory(t, &all))
		return;
	part = all / 2;
	for (int i = 0; i < 3 && promise(part, 0) != MAP_FAILED; i++)
		granted += part;
	if (granted > all)
		sv_holds(t,
			"%llu MiB granted to one process in three requests, RAM + swap %llu MiB",
			mib(granted), mib(all));
	else
		sv_refuted(t, "%llu MiB granted, RAM + swap %llu MiB", mib(granted), mib(all));
}

static void never_refuses(struct sv_trial *t)
{
	uint64_t limit, used;
	char *at;

	if (!mode_is(t, 2) || !roomy(t) || !memory_kb(t, "CommitLimit", &limit) ||
		!memory_kb(t, "Committed_AS", &used))
		return;
	at = promise((limit + 1024) * 1024, 0);
	if (at == MAP_FAILED && errno == ENOMEM)
		sv_holds(t, "%llu kB beyond a commit limit of %llu kB: ENOMEM",
			(unsigned long long)limit + 1024, (unsigned long long)limit);
	else
		sv_refuted(t, "%llu kB beyond a commit limit of %llu kB: granted",
			(unsigned long long)limit + 1024, (unsigned long long)limit);
}

static void never_noreserve(struct sv_trial *t)
{
	uint64_t limit;
	char *at;

	if (!mode_is(t, 2) || !roomy(t) || !memory_kb(t, "CommitLimit", &limit))
		return;
	at = promise((limit + 1024) * 1024, MAP_NORESERVE);
	if (at == MAP_FAILED && errno == ENOMEM)
		sv_holds(t, "%llu kB with MAP_NORESERVE: ENOMEM, counted all the same",
			(unsigned long long)limit + 1024);
	else
		sv_refuted(t, "%llu kB with MAP_NORESERVE beyond the commit limit: granted",
			(unsigned long long)limit + 1024);
}

static const struct sv_claim claims[] = {
	{ .id = "overcommit-default",
		.statement = "heuristic overcommit is the default",
		.source = "deck 5, 57",
		.expected = "vm.overcommit_memory is 0",
		.experiment = "read vm.overcommit_memory",
		.limits = "shows the mode in force, not who chose it",
		.cost = "none",
		.run = default_mode },
	{ .id = "overcommit-obvious",
		.statement = "heuristic overcommit refuses obvious overcommits of address space",
		.source = "proc_sys_vm(5); deck 57",
		.expected = "one request beyond RAM and swap fails with ENOMEM",
		.experiment = "map 1.25 times RAM + swap, private and writable, never touched",
		.limits = "one request alone: see overcommit-promise",
		.cost = "address space of a child, for a moment",
		.run = refuses_obvious },
	{ .id = "overcommit-noreserve",
		.statement = "MAP_NORESERVE is not counted under heuristic overcommit",
		.source = "mmap(2); proc_sys_vm(5)",
		.expected = "one request beyond RAM and swap is granted",
		.experiment = "map 1.25 times RAM + swap with MAP_NORESERVE, never touched",
		.limits = "granted is not backed: the first touch decides",
		.cost = "address space of a child, for a moment",
		.run = noreserve_granted },
	{ .id = "overcommit-promise",
		.statement = "heuristic overcommit promises more than there is",
		.source = "deck 5, 6",
		.expected = "requests that add up to more than RAM and swap are granted",
		.experiment = "map half of RAM + swap three times in one process, never touched",
		.limits = "says nothing of what happens when it is touched",
		.cost = "address space of a child, for a moment",
		.run = promises_exceed },
	{ .id = "never-refuses",
		.statement = "never-overcommit refuses what exceeds the commit limit",
		.source = "deck 6, 57",
		.expected = "a request beyond CommitLimit fails with ENOMEM",
		.experiment = "where the mode is 2: map CommitLimit + 1 MiB, never touched",
		.limits = "what is not counted is not refused: see secretmem-commit",
		.cost = "address space of a child, for a moment",
		.run = never_refuses },
	{ .id = "never-noreserve",
		.statement = "never-overcommit counts MAP_NORESERVE like any other memory",
		.source = "mmap(2)",
		.expected = "a request beyond CommitLimit with MAP_NORESERVE fails with ENOMEM",
		.experiment = "where the mode is 2: map CommitLimit + 1 MiB with MAP_NORESERVE",
		.limits = "private anonymous memory alone",
		.cost = "address space of a child, for a moment",
		.run = never_noreserve },
};

SV_LEDGER(sv_claims_commit, claims);
