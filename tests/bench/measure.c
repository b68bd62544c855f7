// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * measure [-m] OUTPUT COMMAND...: runs it once, its standard output into the file OUTPUT, and says
 *
 *   {"wall_ns":N,"cpu_us":N,"max_rss_kb":N,"helper_rss_kb":N,"status":N}
 *
 * from fork to exit. A program of its own, and small: what exec() begins with counts in ru_maxrss.
 * The CPU time and max_rss_kb are of the command and of the children it waited for, the larger of
 * them for the latter. -m: looks every few milliseconds how much its first child, safevma's opener,
 * holds at most; that disturbs, and such a run is not for its time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US 2000

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long us(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static int slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? 0 : -1;
}

static int parent_of(const char *pid)
{
	char path[300], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	at = slurp(path, text, sizeof(text)) ? NULL : strrchr(text, ')');
	return at ? atoi(at + 3) : -1;
}

/* A child of pid, or 0. */
static int child_of(int pid)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	int found = 0;

	while (d && !found && (e = readdir(d)))
		if (atoi(e->d_name) > pid && parent_of(e->d_name) == pid)
			found = atoi(e->d_name);
	if (d)
		closedir(d);
	return found;
}

static long peak_kb(int pid)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	at = slurp(path, text, sizeof(text)) ? NULL : strstr(text, "VmHWM:");
	return at ? atol(at + 6) : 0;
}

static void become(const char *output, char **argv)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static long wait_for(pid_t pid, bool look, int *status, struct rusage *u)
{
	long helper_kb = 0;
	int helper = 0;

	while (wait4(pid, status, look ? WNOHANG : 0, u) != pid) {
		long kb;

		if (errno == ECHILD && !look)
			return 0;
		helper = helper ? helper : child_of(pid);
		kb = helper ? peak_kb(helper) : 0;
		helper_kb = kb > helper_kb ? kb : helper_kb;
		usleep(LOOK_US);
	}
	return helper_kb;
}

int main(int argc, char **argv)
{
	bool look = argc > 1 && !strcmp(argv[1], "-m");
	char **words = argv + 1 + look;
	struct rusage u = { 0 };
	long long began, wall;
	long helper_kb;
	int status = 0;
	pid_t pid;

	if (argc - look < 3)
		return fprintf(stderr, "usage: measure [-m] OUTPUT COMMAND...\n"), 64;
	began = now_ns();
	pid = fork();
	if (!pid)
		become(words[0], words + 1);
	if (pid < 0)
		return 1;
	helper_kb = wait_for(pid, look, &status, &u);
	wall = now_ns() - began;
	printf("{\"wall_ns\":%lld,\"cpu_us\":%lld,\"max_rss_kb\":%ld,\"helper_rss_kb\":%ld,"
	       "\"status\":%d}\n",
		wall, us(u.ru_utime) + us(u.ru_stime), u.ru_maxrss, helper_kb,
		WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status));
	return 0;
}
