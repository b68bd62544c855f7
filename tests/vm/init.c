// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first process of a guest: does what /jobs says, a line each, and leaves. See boot.sh.
 *
 *   channel DEVICE             streams go there, raw; without it to the console, as base64
 *   write PATH WORD...         writes the words, and a newline, into a file
 *   victim NAME WORD...        starts /victim WORD... and waits until it says that it is ready;
 *                              what it said is the stream NAME.jsonl
 *   touch NAME                 sends SIGUSR1 to that victim; what it says then, until it has
 *                              touched all, is the stream NAME.touched.jsonl
 *   swap DEVICE                makes a swap area of it, and uses it
 *   stop NAME                  ends that victim, and waits until it is gone
 *   run NAME PROGRAM WORD...   standard output of a program is the stream NAME
 *   read NAME PATH             what a file holds is the stream NAME
 *   mount TYPE WHERE [OPTIONS]  makes the folder as well
 *   mkdir PATH
 *   ask DIR WORD...            a line for a victim that does what it is asked in DIR, and waits for
 *                              its answer (tests/victims/ask.c)
 *   sleep MILLISECONDS
 *
 * A word "@NAME" is the number of the victim NAME. Streams are sent as gzip. The console carries
 * lines that begin with "safevma-vm: "; at the end of each stream
 *
 *   safevma-vm: stream NAME status STATUS bytes N sha256 HEX
 *
 * where N and HEX are of what was sent. On a console, "safevma-vm: begin NAME" and "end NAME" stand
 * around the base64.
 * STATUS is that of the program, 256 and its signal, or 512 and the errno that kept it from that.
 */
#include "area.h"
#include "gzip.h"
#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STATUS_SIGNAL 256
#define STATUS_ERRNO  512
#define READY_MS      60000
#define LINE_BYTES    57 /* 76 letters */
#define CONSOLE_LEVEL 8	 /* of syslog(2) */

struct stream {
	const char *name;
	struct gzip *gzip;
	struct sha256 sum;
	unsigned char line[LINE_BYTES];
	size_t held;
};

struct victim {
	char name[32];
	pid_t pid;
	int out;
};

static int channel = -1;
static struct victim victims[8];

static void say(const char *what, const char *text)
{
	printf("safevma-vm: %s %s\n", what, text);
	fflush(stdout);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void write_all(int fd, const unsigned char *p, size_t size)
{
	ssize_t n;

	for (; size; p += n, size -= (size_t)n) {
		n = write(fd, p, size);
		if (n < 0 && errno != EINTR) {
			say("channel:", strerror(errno));
			return;
		}
		n = n < 0 ? 0 : n;
	}
}

/* A stream behind its packing. */
static void stream_send(void *arg, const unsigned char *p, size_t size)
{
	struct stream *s = arg;

	sha256_add(&s->sum, p, size);
	if (channel >= 0) {
		write_all(channel, p, size);
		return;
	}
	for (; size; size--) {
		s->line[s->held++] = *p++;
		if (s->held == LINE_BYTES) {
			print_base64(s->line, s->held);
			s->held = 0;
		}
	}
}

static void stream_begin(struct stream *s, const char *name)
{
	static struct gzip gzip; /* large, and one stream at a time */

	*s = (struct stream) { .name = name, .gzip = &gzip };
	sha256_init(&s->sum);
	if (channel < 0)
		say("begin", name);
	gzip_init(s->gzip, stream_send, s);
}

static void stream_end(struct stream *s, int status)
{
	unsigned long long bytes;
	char hex[65];

	gzip_end(s->gzip);
	bytes = s->sum.bytes;
	if (channel >= 0) {
		tcdrain(channel);
	} else {
		if (s->held)
			print_base64(s->line, s->held);
		say("end", s->name);
	}
	sha256_end(&s->sum, hex);
	printf("safevma-vm: stream %s status %d bytes %llu sha256 %s\n", s->name, status, bytes,
		hex);
	fflush(stdout);
}

/* Until the end; 0 or an errno. */
static int stream_copy(struct stream *s, int fd)
{
	static unsigned char buf[1 << 16];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		gzip_add(s->gzip, buf, (size_t)n);
	return n < 0 ? errno : 0;
}

/* ---- programs -------------------------------------------------------------------------------- */

static void error_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "/tmp/%s.err", name);
}

/* The child's standard output is a pipe, its standard error a file: nothing may spoil a stream. */
static void become(const char *name, char **argv, int out)
{
	char path[64];
	int err, in = open("/dev/null", O_RDONLY);

	error_path(name, path, sizeof(path));
	err = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static pid_t start(const char *name, char **argv, int *ret_out)
{
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid)
		become(name, argv, pipes[1]);
	close(pipes[1]);
	*ret_out = pipes[0];
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return STATUS_ERRNO + errno;
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static void say_errors(const char *name)
{
	char path[64], line[512], what[64];
	FILE *f;

	error_path(name, path, sizeof(path));
	snprintf(what, sizeof(what), "%s said:", name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		say(what, line);
	}
	if (f)
		fclose(f);
}

/* ---- victims --------------------------------------------------------------------------------- */

static struct victim *victim_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(victims) / sizeof(victims[0]); i++)
		if (!strcmp(victims[i].name, name))
			return &victims[i];
	return NULL;
}

/* What it says, until it says a last word, ends, or takes too long; 0 or an errno. */
static int victim_listen(struct victim *v, struct stream *s, const char *last)
{
	static char text[1 << 16];
	struct pollfd in = { .fd = v->out, .events = POLLIN };
	size_t held = 0;
	ssize_t n;

	while (held < sizeof(text) - 1) {
		if (poll(&in, 1, READY_MS) <= 0)
			return ETIMEDOUT;
		n = read(v->out, text + held, sizeof(text) - 1 - held);
		if (n <= 0)
			return ECHILD;
		gzip_add(s->gzip, (unsigned char *)text + held, (size_t)n);
		held += (size_t)n;
		text[held] = 0;
		if (strstr(text, last) && text[held - 1] == '\n')
			return 0;
	}
	return EOVERFLOW;
}

static int job_victim(char **words)
{
	static char program[] = "/victim";
	struct victim *v = victim_find("");
	const char *name = words[0];
	char stream[64];
	struct stream s;
	int error;

	if (!v || strlen(name) >= sizeof(v->name))
		return -1;
	words[0] = program;
	v->pid = start(name, words, &v->out);
	if (v->pid < 0)
		return -1;
	strcpy(v->name, name);
	snprintf(stream, sizeof(stream), "%s.jsonl", name);
	stream_begin(&s, stream);
	error = victim_listen(v, &s, "\"ready\":true");
	stream_end(&s, error ? STATUS_ERRNO + error : 0);
	say_errors(name);
	return 0;
}

static int job_touch(char **words)
{
	struct victim *v = victim_find(words[0]);
	char stream[64];
	struct stream s;
	int error;

	if (!v)
		return -1;
	snprintf(stream, sizeof(stream), "%s.touched.jsonl", words[0]);
	stream_begin(&s, stream);
	error = kill(v->pid, SIGUSR1) ? errno : victim_listen(v, &s, "\"touched\":true");
	stream_end(&s, error ? STATUS_ERRNO + error : 0);
	return 0;
}

static int job_stop(char **words)
{
	struct victim *v = victim_find(words[0]);
	int status;

	if (!v)
		return -1;
	kill(v->pid, SIGTERM);
	status = status_of(v->pid);
	close(v->out);
	v->name[0] = 0;
	printf("safevma-vm: stopped %s status %d\n", words[0], status);
	fflush(stdout);
	return 0;
}

/* ---- other jobs ------------------------------------------------------------------------------ */

static int job_run(char **words)
{
	struct stream s;
	int out;
	pid_t pid = start(words[0], words + 1, &out);

	if (pid < 0)
		return -1;
	stream_begin(&s, words[0]);
	stream_copy(&s, out);
	stream_end(&s, status_of(pid));
	close(out);
	say_errors(words[0]);
	return 0;
}

static int job_read(char **words)
{
	struct stream s;
	int error, fd = open(words[1], O_RDONLY | O_CLOEXEC);

	error = fd < 0 ? errno : 0;
	stream_begin(&s, words[0]);
	if (fd >= 0) {
		error = stream_copy(&s, fd);
		close(fd);
	}
	stream_end(&s, error ? STATUS_ERRNO + error : 0);
	return 0;
}

static int job_write(char **words)
{
	FILE *f = fopen(words[0], "we");
	size_t i;
	int bad;

	if (!f)
		return -1;
	for (i = 1; words[i]; i++)
		fprintf(f, "%s%s", i > 1 ? " " : "", words[i]);
	fputc('\n', f);
	bad = ferror(f);
	return fclose(f) || bad ? -1 : 0;
}

static int job_swap(char **words)
{
	return swap_make_and_use(words[0]);
}

static int job_sleep(char **words)
{
	return usleep((useconds_t)strtoul(words[0], NULL, 10) * 1000);
}

static int lines_of(const char *path)
{
	FILE *f = fopen(path, "re");
	int c, n = 0;

	while (f && (c = fgetc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static int job_ask(char **words)
{
	char answers[128], ask[128];
	int before, waited = 0;

	snprintf(answers, sizeof(answers), "%s/answers", words[0]);
	snprintf(ask, sizeof(ask), "%s/ask", words[0]);
	before = lines_of(answers);
	words[0] = ask;
	if (job_write(words))
		return -1;
	for (; lines_of(answers) == before; waited += 10) {
		if (waited > READY_MS) {
			errno = ETIMEDOUT;
			return -1;
		}
		usleep(10000);
	}
	return 0;
}

static int job_mount(char **words)
{
	mkdir(words[1], 0755);
	return mount(words[0], words[1], words[0], 0, words[2]);
}

static int job_mkdir(char **words)
{
	return mkdir(words[0], 0755);
}

static int job_channel(char **words)
{
	struct termios raw;

	channel = open(words[0], O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (channel < 0 || tcgetattr(channel, &raw))
		return -1;
	cfmakeraw(&raw);
	return tcsetattr(channel, TCSANOW, &raw);
}

static const struct job {
	const char *name;
	int words; /* at least */
	int (*run)(char **words);
} jobs[] = {
	{ .name = "channel", .words = 1, .run = job_channel },
	{ .name = "write", .words = 2, .run = job_write },
	{ .name = "victim", .words = 1, .run = job_victim },
	{ .name = "touch", .words = 1, .run = job_touch },
	{ .name = "swap", .words = 1, .run = job_swap },
	{ .name = "stop", .words = 1, .run = job_stop },
	{ .name = "run", .words = 2, .run = job_run },
	{ .name = "read", .words = 2, .run = job_read },
	{ .name = "ask", .words = 2, .run = job_ask },
	{ .name = "mount", .words = 2, .run = job_mount },
	{ .name = "mkdir", .words = 1, .run = job_mkdir },
	{ .name = "sleep", .words = 1, .run = job_sleep },
};

/* "@NAME" becomes the number of that victim; one that never was stays as it is. */
static char *word_expand(char *word)
{
	static char numbers[8][16];
	struct victim *v = word[0] == '@' && word[1] ? victim_find(word + 1) : NULL;
	char *number = v ? numbers[v - victims] : word;

	if (v)
		snprintf(number, sizeof(numbers[0]), "%d", (int)v->pid);
	return number;
}

static int split(char *line, char **words, int max)
{
	char *save, *word = strtok_r(line, " \t\n", &save);
	int n = 0;

	for (; word && n < max - 1; word = strtok_r(NULL, " \t\n", &save))
		words[n++] = word_expand(word);
	words[n] = NULL;
	return n;
}

static void do_job(char *line)
{
	char *words[64], whole[512];
	size_t i;
	int n;

	snprintf(whole, sizeof(whole), "%.*s", (int)strcspn(line, "\n"), line);
	n = split(line, words, 64);
	if (!n || words[0][0] == '#')
		return;
	errno = EINVAL; /* no such job, or too few words */
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (!strcmp(jobs[i].name, words[0]) && n > jobs[i].words && !jobs[i].run(words + 1))
			return;
	printf("safevma-vm: failed %s: %s\n", whole, strerror(errno));
	fflush(stdout);
}

/* ---- the guest ------------------------------------------------------------------------------- */

static const struct {
	const char *type, *where;
} mounts[] = {
	{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
	{ "debugfs", "/sys/kernel/debug" }, { "tmpfs", "/tmp" },
	{ "ramfs", "/tmp/files" }, /* page cache: pages of tmpfs would be shmem */
};

static void mount_all(void)
{
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL);
	}
}

/* A message of the kernel in the middle of a line would spoil it. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	klogctl(CONSOLE_LEVEL, NULL, 1);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* a write a line would be a thousand a second */
}

static void introduce(void)
{
	char cmdline[1024] = "";
	struct utsname u;
	FILE *f = fopen("/proc/cmdline", "re");

	uname(&u);
	say("kernel", u.release);
	say("machine", u.machine);
	if (f && fgets(cmdline, sizeof(cmdline), f))
		cmdline[strcspn(cmdline, "\n")] = 0;
	say("cmdline", cmdline);
	if (f)
		fclose(f);
}

int main(void)
{
	char line[512];
	FILE *f;

	mount_all();
	open_console();
	introduce();
	f = fopen("/jobs", "re");
	while (f && fgets(line, sizeof(line), f))
		do_job(line);
	say("done", f ? "" : "without /jobs");
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
