// SPDX-License-Identifier: LGPL-2.1-or-later
/* A program that is looked at from its first instruction on: forked early, run when told to. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perf_live.h"

static void wait_and_run(int go, int failed, char *const *argv)
{
	int rc;
	char c;

	while ((rc = (int)read(go, &c, 1)) < 0 && errno == EINTR)
		;
	if (rc != 1)
		_exit(127); /* nobody wants it any more */
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	rc = errno;
	if (write(failed, &rc, sizeof(rc)) < 0)
		_exit(126);
	_exit(127);
}

int sv_program_prepare(struct sv_program *p, char *const *argv)
{
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC))
		return errno;
	if (pipe2(failed, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return errno;
	}
	p->pid = fork();
	if (!p->pid) {
		close(go[1]);
		close(failed[0]);
		wait_and_run(go[0], failed[1], argv);
	}
	close(go[0]);
	close(failed[1]);
	p->go = go[1];
	p->failed = failed[0];
	if (p->pid > 0)
		return 0;
	p->pid = 0;
	close(p->go);
	close(p->failed);
	return errno;
}

int sv_program_release(struct sv_program *p)
{
	int errnum = 0;
	ssize_t n;

	if (p->released)
		return 0;
	p->released = true;
	if (write(p->go, "g", 1) != 1)
		return errno;
	while ((n = read(p->failed, &errnum, sizeof(errnum))) < 0 && errno == EINTR)
		;
	return n == (ssize_t)sizeof(errnum) ? errnum : 0;
}

bool sv_program_ended(struct sv_program *p)
{
	if (p->pid && !p->ended)
		p->ended = waitpid(p->pid, &p->status, WNOHANG) == p->pid;
	return p->ended;
}

/* Two seconds to put things in order; a program that will not end is not waited for. */
static void end_program(struct sv_program *p)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	kill(p->pid, SIGTERM);
	for (int i = 0; i < 200 && !sv_program_ended(p); i++)
		nanosleep(&moment, NULL);
	if (!p->ended)
		kill(p->pid, SIGKILL);
}

void sv_program_fini(struct sv_program *p)
{
	if (!p->pid)
		return;
	close(p->go);
	close(p->failed);
	if (!sv_program_ended(p)) {
		if (p->released)
			end_program(p);
		while (!p->ended && waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
			;
	}
	p->pid = 0;
}
