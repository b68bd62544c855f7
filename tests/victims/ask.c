// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who asks for memory, and what becomes of it. A keeper makes DIR/ask, a FIFO, and takes a line at
 * a time from it; another process, called "asker", does it, and the keeper writes what came of it
 * into DIR/answers, a line of JSON each. When the asker is killed there is a new one, with the same
 * settings. Sizes are bytes, with K, M or G behind them.
 *
 *   map SIZE           mapped, ENOMEM, EAGAIN
 *   touch SIZE         maps it and writes every page: touched, ENOMEM, EAGAIN, killed
 *   most SIZE          "bytes": the most that can be mapped, up to SIZE
 *   rlimit NAME SIZE   as, data or memlock, from here on
 *   cgroup DIR         it is in this group from here on
 *   plain              without capabilities from here on
 *   future             mlockall(MCL_CURRENT | MCL_FUTURE) from here on
 *   fresh              a new asker, without any of these
 *   nop
 *
 * Who writes a line closes the FIFO and waits for the answer before the next one.
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 512, SETTINGS = 16 };

static struct {
	pid_t pid;
	int to, from;
} asker;

static char kept[SETTINGS][LINE];
static size_t kept_count;

/* ---- the asker ------------------------------------------------------------------------------- */

static size_t size_of(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	switch (*end) {
	case 'G':
		n <<= 10; /* fall through */
	case 'M':
		n <<= 10; /* fall through */
	case 'K':
		n <<= 10;
	}
	return (size_t)n;
}

static const char *outcome_of(int error)
{
	return error == ENOMEM ? "ENOMEM" : error == EAGAIN ? "EAGAIN" : strerror(error);
}

static unsigned char *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static const char *try_size(size_t size, bool touch)
{
	unsigned char *p = map(size);

	if (!p)
		return outcome_of(errno);
	for (size_t i = 0; touch && i < size; i += page_size())
		((volatile unsigned char *)p)[i] = 1;
	munmap(p, size);
	return touch ? "touched" : "mapped";
}

/* In whole pages: low can be mapped, high cannot. */
static size_t most_mapped(size_t up_to)
{
	size_t low = 0, high = up_to / page_size() + 1;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		unsigned char *p = map(middle * page_size());

		if (p)
			munmap(p, middle * page_size());
		if (p)
			low = middle;
		else
			high = middle;
	}
	return low * page_size();
}

static const char *set_limit(const char *name, const char *size)
{
	int which = !strcmp(name, "as")	       ? RLIMIT_AS
		    : !strcmp(name, "data")    ? RLIMIT_DATA
		    : !strcmp(name, "memlock") ? RLIMIT_MEMLOCK
					       : -1;
	struct rlimit limit = { .rlim_cur = size_of(size), .rlim_max = RLIM_INFINITY };

	if (which >= 0)
		getrlimit((__rlimit_resource_t)which, &limit);
	limit.rlim_cur = size_of(size);
	return which < 0 || setrlimit((__rlimit_resource_t)which, &limit) ? outcome_of(errno)
									  : "set";
}

static const char *enter(const char *dir)
{
	char path[LINE + 32];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	rc = fd < 0 || write(fd, "0", 1) != 1 ? errno : 0;
	if (fd >= 0)
		close(fd);
	return rc ? outcome_of(rc) : "set";
}

static const char *be_plain(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &head, none) ? outcome_of(errno) : "set";
}

static void answer(const char *what, size_t bytes, const char *outcome)
{
	dprintf(asker.from, "{\"ask\":\"%s\",\"bytes\":%zu,\"outcome\":\"%s\",\"pid\":%d}\n", what,
		bytes, outcome, (int)getpid());
}

static void obey(char *line)
{
	char *save, *words[3] = { 0 };
	const char *what;
	size_t size;

	for (int i = 0; i < 3; i++)
		words[i] = strtok_r(i ? NULL : line, " \n", &save);
	what = words[0] ? words[0] : "";
	size = words[1] ? size_of(words[1]) : 0;
	if (!strcmp(what, "map") || !strcmp(what, "touch"))
		answer(what, size, try_size(size, *what == 't'));
	else if (!strcmp(what, "most"))
		answer(what, most_mapped(size), "found");
	else if (!strcmp(what, "rlimit") && words[2])
		answer(what, size_of(words[2]), set_limit(words[1], words[2]));
	else if (!strcmp(what, "cgroup") && words[1])
		answer(what, 0, enter(words[1]));
	else if (!strcmp(what, "plain"))
		answer(what, 0, be_plain());
	else if (!strcmp(what, "future"))
		answer(what, 0, mlockall(MCL_CURRENT | MCL_FUTURE) ? outcome_of(errno) : "set");
	else
		answer(what, 0, "nothing");
}

/* The OOM killer should have the asker, and the keeper tell of it. */
static void set_adj(const char *adj)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, adj, strlen(adj)) < 0)
		fputs("victim: the keeper can be killed as well\n", stderr);
	close(fd);
}

/* Lines come whole: the keeper writes each at once, and waits for the answer. */
static void serve(int in, int out)
{
	char line[LINE];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "asker");
	set_adj("0");
	asker.from = out;
	while ((n = read(in, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		obey(line);
	}
	_exit(0);
}

/* ---- the keeper ------------------------------------------------------------------------------ */

static bool setting(const char *line)
{
	static const char *const names[] = { "rlimit", "cgroup", "plain", "future" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(line, names[i], strlen(names[i])))
			return true;
	return false;
}

/* One line to the asker, its answer back; false: it died. */
static bool tell(const char *line, char *ret, size_t size)
{
	ssize_t n;

	if (write(asker.to, line, strlen(line)) < 0)
		return false;
	n = read(asker.from, ret, size - 1);
	ret[n > 0 ? n : 0] = 0;
	return n > 0;
}

static int start_asker(void)
{
	int to[2], from[2];
	char nobody_cares[LINE];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -1;
	asker.pid = fork();
	if (asker.pid == 0) {
		close(to[1]);
		close(from[0]);
		serve(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	asker.to = to[1];
	asker.from = from[0];
	for (size_t i = 0; i < kept_count; i++)
		tell(kept[i], nobody_cares, sizeof(nobody_cares));
	return asker.pid < 0 ? -1 : 0;
}

static int end_asker(void)
{
	int status = 0;

	close(asker.to);
	close(asker.from);
	waitpid(asker.pid, &status, 0);
	return status;
}

static void killed(const char *line, FILE *answers)
{
	pid_t pid = asker.pid;
	int status = end_asker();
	const char *size = strchr(line, ' ');

	fprintf(answers,
		"{\"ask\":\"%.*s\",\"bytes\":%zu,\"outcome\":\"killed\",\"signal\":%d,"
		"\"pid\":%d}\n",
		(int)strcspn(line, " \n"), line, size ? size_of(size + 1) : 0,
		WIFSIGNALED(status) ? WTERMSIG(status) : 0, (int)pid);
	start_asker();
}

static void one(const char *line, FILE *answers)
{
	char text[LINE * 2];

	if (!strncmp(line, "fresh", 5)) {
		kept_count = 0;
		end_asker();
		start_asker();
	}
	if (setting(line) && kept_count < SETTINGS)
		snprintf(kept[kept_count++], LINE, "%s", line);
	if (tell(line, text, sizeof(text)))
		fputs(text, answers);
	else
		killed(line, answers);
	fflush(answers);
}

/* Up to its end, so that nobody has the FIFO open while the line is obeyed. */
bool take_line(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while (at + 1 < size && (n = read(fd, ret + at, size - 1 - at)) > 0)
		at += (size_t)n;
	close(fd);
	ret[at] = 0;
	return at > 0;
}

/* It waits in open(), which nothing else would end; the asker ends with it. */
void end_by_term(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

FILE *open_desk(char *ask, size_t size)
{
	char answers[LINE];

	snprintf(ask, size, "%s/ask", settings.dir);
	snprintf(answers, sizeof(answers), "%s/answers", settings.dir);
	if ((mkdir(settings.dir, 0700) && errno != EEXIST) || mkfifo(ask, 0600))
		return NULL;
	return fopen(answers, "we");
}

int victim_ask(void)
{
	char ask[LINE], line[LINE];
	FILE *out = open_desk(ask, sizeof(ask));

	if (!out || start_asker())
		return EXIT_FAILURE;
	set_adj("-1000");
	report_ready(asker.pid, 0);
	end_by_term();
	for (;;)
		if (take_line(ask, line, sizeof(line)))
			one(line, out);
}
