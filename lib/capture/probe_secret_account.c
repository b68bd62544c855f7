// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who counts secretmem. Hazard: a budget of memory that leaves the protected part out, and a limit
 * that strikes at another place than the one that is handled (EAGAIN of mmap, or SIGBUS of a
 * touch).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "iface/privilege.h"
#include "probe.h"

enum { PAGES_KB = 4096, TRIES = 5 };

static size_t pages_of(size_t kb)
{
	return kb * 1024 / sv_page_size();
}

/* ---- Committed_AS ---------------------------------------------------------------------------- */

static bool committed(struct sv_trial *t, int64_t *ret)
{
	uint64_t v;

	if (!sv_read_key("/proc/meminfo", "Committed_AS", &v)) {
		sv_could_not(t, "read Committed_AS");
		return false;
	}
	*ret = (int64_t)v;
	return true;
}

/* What others moved the figure by meanwhile, what ordinary memory and what secretmem did. */
struct growth {
	int64_t idle, plain, secret, freed;
};

static bool measure(struct sv_trial *t, struct growth *g)
{
	int64_t a, b, c, d, e;
	char *plain, *secret;

	if (!committed(t, &a) || !committed(t, &b))
		return false;
	plain = sv_pages(t, pages_of(PAGES_KB));
	if (!plain || !committed(t, &c))
		return false;
	secret = sv_secret_pages(t, pages_of(PAGES_KB), NULL);
	if (!secret)
		return false;
	memset(secret, 1, PAGES_KB * 1024);
	if (!committed(t, &d))
		return false;
	munmap(secret, PAGES_KB * 1024);
	if (!committed(t, &e))
		return false;
	munmap(plain, PAGES_KB * 1024);
	*g = (struct growth) { .idle = b - a, .plain = c - b, .secret = d - c, .freed = d - e };
	return true;
}

static bool near(int64_t v, int64_t to)
{
	return v >= to - PAGES_KB / 4 && v <= to + PAGES_KB / 4;
}

/*
 * Clear when nothing moved by itself and ordinary memory was counted: the control. What secretmem
 * brought must go with it: another process that maps as much at that moment is not taken for it.
 */
static bool clear(const struct growth *g)
{
	return near(g->idle, 0) && near(g->plain, PAGES_KB) &&
	       (near(g->secret, 0) || near(g->secret, PAGES_KB)) && near(g->freed, g->secret);
}

static void commit(struct sv_trial *t)
{
	struct growth g = { 0 };

	for (int i = 0; i < TRIES; i++) {
		if (!measure(t, &g))
			return;
		if (clear(&g))
			break;
	}
	if (!clear(&g))
		sv_unknown(t, SV_REASON_NOISE,
			"Committed_AS moved by %+lld kB idle, %+lld for 4096 kB ordinary, %+lld "
			"with secretmem, %+lld when it was freed",
			(long long)g.idle, (long long)g.plain, (long long)g.secret,
			-(long long)g.freed);
	else if (near(g.secret, 0))
		sv_refuted(t,
			"Committed_AS: %+lld kB for 4 MiB ordinary, %+lld kB for 4 MiB secretmem",
			(long long)g.plain, (long long)g.secret);
	else
		sv_holds(t,
			"Committed_AS: %+lld kB for 4 MiB ordinary, %+lld kB for 4 MiB secretmem",
			(long long)g.plain, (long long)g.secret);
}

/* ---- RLIMIT_MEMLOCK -------------------------------------------------------------------------- */

enum { LIMIT_PAGES = 4, WANTED_PAGES = 32 };

/* In shared memory: how far the child came. */
struct progress {
	int map_errno;
	size_t touched;
	bool mapped;
};

static void touch_beyond(struct progress *p, bool limited)
{
	struct rlimit limit = { LIMIT_PAGES * sv_page_size(), LIMIT_PAGES * sv_page_size() };
	int fd = sv_memfd_secret(0);
	char *at = MAP_FAILED;

	if ((limited && setrlimit(RLIMIT_MEMLOCK, &limit)) || sv_privilege_limit(0, NULL))
		_exit(1);
	if (fd >= 0 && !ftruncate(fd, (off_t)(WANTED_PAGES * sv_page_size())))
		at = mmap(NULL, WANTED_PAGES * sv_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	p->map_errno = at == MAP_FAILED ? errno : 0;
	p->mapped = at != MAP_FAILED;
	for (size_t i = 0; p->mapped && i < WANTED_PAGES; i++, p->touched++)
		at[i * sv_page_size()] = 1;
	_exit(0);
}

static void tell_limit(struct sv_trial *t, const struct progress *p, int status)
{
	int kb = (int)(LIMIT_PAGES * sv_page_size() / 1024);

	if (p->map_errno == EAGAIN)
		sv_holds(t, "limit %d kB: mmap of %d pages gives EAGAIN (counted at mmap)", kb,
			WANTED_PAGES);
	else if (p->mapped && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
		sv_holds(t, "limit %d kB: SIGBUS at page %zu (counted at the fault, for each user)",
			kb, p->touched + 1);
	else if (p->touched == WANTED_PAGES)
		sv_refuted(t, "limit %d kB: %d pages were mapped and touched", kb, WANTED_PAGES);
	else
		sv_unknown(t, SV_REASON_FAILED, "errno %d, %zu pages touched, status 0x%x",
			p->map_errno, p->touched, status);
}

/* A child that touches the pages, with the limit or as it is. -1: it could not be made, told. */
static int try_touch(struct sv_trial *t, struct progress *p, bool limited, int *status)
{
	pid_t pid;

	*p = (struct progress) { 0 };
	pid = sv_trial_fork();
	if (!pid)
		touch_beyond(p, limited);
	if (pid < 0 || sv_trial_wait(pid, SV_TRIAL_MS, status))
		return sv_could_not(t, "fork");
	return 0;
}

static void memlock(struct sv_trial *t)
{
	struct progress *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sv_auto_fd int fd = sv_memfd_secret(0); /* is it there at all? */
	int status = 0;

	if (fd < 0 || p == MAP_FAILED) {
		sv_could_not(t, "memfd_secret");
		return;
	}
	if (try_touch(t, p, false, &status))
		return;
	/* Without our limit it must work: another refusal would be taken for the limit's. */
	if (p->touched != WANTED_PAGES) {
		sv_unknown(t, SV_REASON_CONTROL,
			"without a limit of ours: errno %d, %zu of %d pages touched, status 0x%x",
			p->map_errno, p->touched, WANTED_PAGES, status);
		return;
	}
	if (!try_touch(t, p, true, &status))
		tell_limit(t, p, status);
}

static const struct sv_claim claims[] = {
	{ .id = "secretmem-commit",
		.statement = "commit accounting covers what a process may use, secretmem too",
		.source = "deck 6",
		.expected = "Committed_AS grows by what is mapped",
		.experiment = "map 4 MiB of ordinary memory, then touch 4 MiB of secretmem",
		.limits = "unknown when others move the figure by as much in five tries",
		.cost = "4 MiB of secretmem: the linear map stays split (x86)",
		.costly = true,
		.run = commit },
	{ .id = "secretmem-memlock",
		.statement = "RLIMIT_MEMLOCK bounds secretmem",
		.source = "memfd_secret(2)",
		.expected = "32 pages do not go beyond a limit of 4: EAGAIN of mmap, or SIGBUS",
		.experiment =
			"in a child without capabilities: map 32 pages and touch each, then again "
			"with a limit of 4",
		.limits = "with CAP_IPC_LOCK some kernels do not hold the limit",
		.cost = "64 pages of secretmem: the linear map stays split (x86)",
		.costly = true,
		.run = memlock },
};

SV_LEDGER(sv_claims_secret_account, claims);
