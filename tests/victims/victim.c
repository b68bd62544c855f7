// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * victim: a process with memory of every sort, which knows what is true of it.
 *
 *   victim [OPTION...]              the regions, one line of truth each
 *   victim [OPTION...] many [N]     N VMAs of one page each (60000)
 *   victim [OPTION...] sparse [GiB] a reservation (16 TiB) with 1000 pages touched
 *   victim [OPTION...] fragment [MiB]  fills memory and gives back every other page
 *   victim [OPTION...] files [N]    N empty files in DIR (10000)
 *   victim [OPTION...] obey         a settled loop that is upset on demand (obey.c)
 *   victim [OPTION...] compact [MS] has the kernel compact memory every MS (500): root
 *   victim [OPTION...] toucher      faults of which every address is known (faulter.c)
 *   victim [OPTION...] flood [N]    N faults (1000000) as fast as they come
 *   victim [OPTION...] churn [S]    forks, executes, maps and unmaps for S seconds (10)
 *   victim [OPTION...] hostile      names full of control characters
 *   victim [OPTION...] pidns        a child in a PID namespace of its own
 *   victim [OPTION...] share        a child with memory in common, and which (share.c)
 *   victim [OPTION...] slab [N]     N sockets, pipes and names (12000) on order (slab.c)
 *   victim [OPTION...] ask          asks for memory as DIR/ask says, tells in DIR/answers (ask.c)
 *
 *   --only NAME,...  these regions alone      --list        names of the regions
 *   --pages N        pages of a region (8)    --dir DIR     where mapped files go (/tmp)
 *   --spoof          also a deleted file /secretmem (root)
 *   --rt             SCHED_FIFO, priority 1   --threads N   N more threads, asleep
 *   --human          lines for people         --stay        end at SIGTERM alone
 *   --stacks         every other thread has no guard; says where their stacks are
 *   --lockall HOW    mlockall() before the regions are made: current, or future as well
 *
 * Lines of JSON come first, then {"ready":true,"pid":N}; after that it changes nothing and waits
 * until standard input closes or SIGTERM comes. A shell gives background jobs /dev/null, which is
 * closed from the start: use --stay there. At SIGUSR1 it writes a byte of each page of its regions
 * that may be written, reads one of the others, and says at which pages it took a fault: lines with
 * "write_faults" or "read_faults", then {"touched":true}. Exit status: 0, 64 usage, 77 cannot be
 * had here. Needs libc alone:
 *
 *   cc -std=gnu11 -D_GNU_SOURCE -O2 -pthread [-static] -o victim FILES
 *
 * where FILES are the .c files of this directory.
 */
#include "victim.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_USAGE 64

struct settings settings = { .pages = 8, .dir = "/tmp" };

static volatile sig_atomic_t ended, usr1;
void (*on_usr1)(void);

static void on_term(int signo)
{
	(void)signo;
	ended = 1;
}

static void note_usr1(int signo)
{
	(void)signo;
	usr1 = 1;
}

/* SIGTERM is blocked from the start and opened only while we wait, so that none is lost. */
static void block_term(void)
{
	struct sigaction sa = { .sa_handler = on_term }, touch = { .sa_handler = note_usr1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGUSR1, &touch, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void open_signals(void)
{
	sigset_t none;

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* For those who work instead of waiting. */
bool end_asked(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT));
}

void wait_for_end(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char text[64];
	sigset_t none;

	sigemptyset(&none);
	while (!ended) {
		int rc = ppoll(&in, settings.stay ? 0 : 1, NULL, &none);

		if (usr1 && on_usr1)
			on_usr1();
		usr1 = 0;
		if (rc <= 0)
			continue;
		if (read(STDIN_FILENO, text, sizeof(text)) <= 0)
			return;
	}
}

/* A child that sleeps until we end. It drops our descriptors: nobody should wait for it. */
pid_t fork_sleeper(void (*before_sleep)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_signals();
	/* In a PID namespace of its own the child sees no parent: 0. */
	if (getppid() && getppid() != parent)
		_exit(0);
	if (before_sleep)
		before_sleep(arg);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	for (;;)
		pause();
}

int be_realtime(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (!settings.rt || !sched_setscheduler(0, SCHED_FIFO, &param))
		return 0;
	fprintf(stderr, "victim: SCHED_FIFO: %s\n", strerror(errno));
	return -1;
}

static bool named_in(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == len && !strncmp(list, name, len))
			return true;
	return false;
}

static bool kind_wanted(const struct region_kind *kind)
{
	if (settings.only)
		return named_in(settings.only, kind->name);
	return !kind->on_request;
}

static bool spoof_wanted(const struct region_kind *kind)
{
	return settings.spoof && !strcmp(kind->name, "spoof");
}

/*
 * Stacks of threads come first: a later one could land beside a region and merge with its VMA.
 * All regions are made before any is described: a later one must not change an earlier one.
 */
static struct region regions[48];
static size_t regions_count;

static void touch_all(void)
{
	touch_regions(regions, regions_count);
}

static int victim_regions(void)
{
	size_t i, count = 0;

	if (start_threads() || (settings.lockall && lock_all(settings.lockall)))
		return EXIT_FAILURE;
	for (i = 0; i < region_kinds_count; i++)
		if (kind_wanted(&region_kinds[i]) || spoof_wanted(&region_kinds[i]))
			region_new(&regions[count++], &region_kinds[i]);
	if (be_realtime())
		return EXIT_FAILURE;
	for (i = 0; i < count; i++)
		report_region(&regions[i]);
	report_stacks();
	regions_count = count;
	on_usr1 = touch_all;
	report_ready(getpid(), 0);
	wait_for_end();
	for (i = 0; i < count; i++)
		region_free(&regions[i]);
	return EXIT_SUCCESS;
}

static int list_kinds(void)
{
	size_t i;

	for (i = 0; i < region_kinds_count; i++)
		printf("%-13s %s%s\n", region_kinds[i].name, region_kinds[i].about,
			region_kinds[i].on_request ? " (on request)" : "");
	return EXIT_SUCCESS;
}

static int usage(void)
{
	fputs("usage: victim [--only NAME,...] [--pages N] [--dir DIR] [--spoof] [--rt]\n"
	      "              [--threads N] [--stacks] [--lockall current|future] [--human]\n"
	      "              [--stay] [--list]\n"
	      "              [many [N] | sparse [GiB] | fragment [MiB] | files [N] | churn [S] | "
	      "obey |\n"
	      "               compact [MS] | toucher | flood [N] | hostile | pidns |\n"
	      "               ask | share | slab [N]]\n",
		stderr);
	return EXIT_USAGE;
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || n > max)
		return false;
	*ret = n;
	return true;
}

static bool names_known(const char *list)
{
	size_t i, found = 0, asked = 1;
	const char *p;

	for (p = list; *p; p++)
		asked += *p == ',';
	for (i = 0; i < region_kinds_count; i++)
		found += named_in(list, region_kinds[i].name);
	return found == asked;
}

enum { OPT_LOCKALL = 256 };

static const struct option long_options[] = {
	{ "only", required_argument, NULL, 'o' },
	{ "pages", required_argument, NULL, 'p' },
	{ "dir", required_argument, NULL, 'd' },
	{ "threads", required_argument, NULL, 't' },
	{ "lockall", required_argument, NULL, OPT_LOCKALL },
	{ "stacks", no_argument, NULL, 'k' },
	{ "spoof", no_argument, NULL, 's' },
	{ "rt", no_argument, NULL, 'r' },
	{ "human", no_argument, NULL, 'h' },
	{ "stay", no_argument, NULL, 'y' },
	{ "list", no_argument, NULL, 'l' },
	{ NULL, 0, NULL, 0 },
};

static bool set_value(int option, const char *value)
{
	uint64_t n = 0;

	if (option == 'o' && !names_known(value))
		return false;
	if (option == 'p' && (!number(value, 1 << 20, &n) || n < 4))
		return false;
	if (option == 't' && !number(value, 10000, &n))
		return false;
	if (option == OPT_LOCKALL && strcmp(value, "current") && strcmp(value, "future"))
		return false;
	if (option == OPT_LOCKALL)
		settings.lockall = value;
	else if (option == 'o')
		settings.only = value;
	else if (option == 'd')
		settings.dir = value;
	else if (option == 'p')
		settings.pages = (size_t)n;
	else
		settings.threads = (unsigned int)n;
	return true;
}

static bool set_switch(int option)
{
	switch (option) {
	case 's':
		settings.spoof = true;
		return true;
	case 'k':
		settings.stacks = true;
		return true;
	case 'r':
		settings.rt = true;
		return true;
	case 'h':
		settings.human = true;
		return true;
	case 'y':
		settings.stay = true;
		return true;
	default:
		return false;
	}
}

static int run(int argc, char **argv)
{
	const char *what = argc ? argv[0] : "";

	if (!argc)
		return victim_regions();
	if (argc > 2 || (argc == 2 && !number(argv[1], UINT64_C(1) << 40, &settings.amount)))
		return usage();
	if (!strcmp(what, "many"))
		return victim_many();
	if (!strcmp(what, "sparse"))
		return victim_sparse();
	if (!strcmp(what, "fragment"))
		return victim_fragment();
	if (!strcmp(what, "files"))
		return victim_files();
	if (!strcmp(what, "churn"))
		return victim_churn();
	if (!strcmp(what, "toucher") && argc == 1)
		return victim_toucher();
	if (!strcmp(what, "flood"))
		return victim_flood();
	if (!strcmp(what, "compact"))
		return victim_compact();
	if (!strcmp(what, "ask") && argc == 1)
		return victim_ask();
	if (!strcmp(what, "share") && argc == 1)
		return victim_share();
	if (!strcmp(what, "slab"))
		return victim_slab();
	if (!strcmp(what, "pidns") && argc == 1)
		return victim_pidns();
	if (!strcmp(what, "obey") && argc == 1)
		return victim_obey();
	return usage();
}

int main(int argc, char **argv)
{
	int option;

	block_term();
	while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		if (option == 'l')
			return list_kinds();
		if (!(optarg ? set_value(option, optarg) : set_switch(option)))
			return usage();
	}
	/* It executes itself once more under another name, and so needs all arguments. */
	if (optind + 1 == argc && !strcmp(argv[optind], "hostile"))
		return victim_hostile(argv);
	return run(argc - optind, argv + optind);
}
