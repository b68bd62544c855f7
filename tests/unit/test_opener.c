// SPDX-License-Identifier: LGPL-2.1-or-later
/* The opener in a child of its own, asked over its socket by hand. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "iface/interfaces.h"
#include "iface/opener.h"

static int sock;
static pid_t child;

static int start(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	child = fork();
	if (child == 0) {
		close(pair[0]);
		sv_opener_serve(pair[1]);
		_exit(7);
	}
	close(pair[1]);
	sock = pair[0];
	return child < 0 ? -1 : 0;
}

/* It ends by itself, and in order. */
static void assert_ends(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	child = -1;
}

static int stop(void **state)
{
	(void)state;
	close(sock);
	if (child > 0)
		assert_ends();
	return 0;
}

static int receive_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* Sends SIZE bytes of the request, gathers the whole answer; its errno, or -1 when it hung up. */
static int ask_size(const void *request, size_t size, struct sv_strbuf *ret, int *fd)
{
	struct sv_opener_reply r;
	char control[64];
	int sent = -1;

	assert_int_equal(send(sock, request, size, MSG_NOSIGNAL), size);
	do {
		struct iovec iov = { .iov_base = &r, .iov_len = sizeof(r) };
		struct msghdr msg = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

		if (n <= 0)
			return -1;
		assert_int_equal(n, offsetof(struct sv_opener_reply, data) + r.len);
		if (sent < 0)
			sent = receive_fd(&msg);
		if (ret)
			assert_int_equal(sv_strbuf_add(ret, r.data, r.len), 0);
	} while (r.more);
	if (fd)
		*fd = sent;
	else if (sent >= 0)
		close(sent);
	return r.errnum;
}

static struct sv_opener_request request(uint32_t op, uint32_t iface, int32_t pid, const char *arg)
{
	struct sv_opener_request q = { .op = op, .iface = iface, .pid = pid, .tid = pid };

	snprintf(q.arg, sizeof(q.arg), "%s", arg);
	return q;
}

static int ask(
	uint32_t op, uint32_t iface, int32_t pid, const char *arg, struct sv_strbuf *ret, int *fd)
{
	struct sv_opener_request q = request(op, iface, pid, arg);

	return ask_size(&q, sizeof(q), ret, fd);
}

/* Refused, and nothing comes along. */
static void assert_refused(uint32_t op, uint32_t iface, int32_t pid, const char *arg, int expected)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 };
	int fd;

	assert_int_equal(ask(op, iface, pid, arg, &data, &fd), expected);
	assert_int_equal(fd, -1);
	assert_int_equal(data.len, 0);
}

/* Read on the other side, and no descriptor comes; of other interfaces it reads nothing. */
static void short_texts(void **state)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int32_t self = (int32_t)getpid();
	int fd = -1;

	(void)state;
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, self, "", NULL, NULL), 0);
	assert_refused(SV_OPENER_SHORT, SV_IFACE_STAT, self, "", EINVAL);
	assert_refused(SV_OPENER_SHORT, SV_IFACE_KCORE, 0, "", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_TASK_SYSCALL, self, "", EINVAL);
	assert_refused(SV_OPENER_SHORT, SV_IFACE_TASK_SYSCALL, self + 1, "", ESRCH);
	if (access("/proc/self/syscall", R_OK))
		skip();
	assert_int_equal(ask(SV_OPENER_SHORT, SV_IFACE_TASK_SYSCALL, self, "", &text, &fd), 0);
	assert_int_equal(fd, -1);
	assert_true(text.len > 0 && text.ptr[text.len - 1] == '\n');
}

static void bad_requests(void **state)
{
	(void)state;
	assert_refused(SV_OPENER_OPEN, SV_IFACE_COUNT, 0, "", EINVAL);
	assert_refused(SV_OPENER_OPEN, UINT32_MAX, 0, "", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_MAPS, -1, "", EINVAL);
	assert_refused(SV_OPENER_PIN, SV_IFACE_STAT, INT32_MIN, "", EINVAL);
	assert_refused(0, SV_IFACE_MEMINFO, 0, "", EINVAL);
	assert_refused(SV_OPENER_PRIVILEGES + 1, SV_IFACE_MEMINFO, 0, "", EINVAL);
	assert_refused(UINT32_MAX, SV_IFACE_MEMINFO, 0, "", EINVAL);
	/* It still answers. */
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_MEMINFO, 0, "", NULL, NULL), 0);
}

/* Links and directories are not opened for reading, nor anything that an argument could reach. */
static void only_files_of_the_list(void **state)
{
	(void)state;
	assert_refused(SV_OPENER_OPEN, SV_IFACE_PROC, 0, "", EINVAL);
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, getpid(), "", NULL, NULL), 0);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_EXE, getpid(), "", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_TASK, getpid(), "", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_MAP_FILES, getpid(), "0-1", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_BOOT_CONFIG, 0, "../../etc/passwd", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_BOOT_CONFIG, 0, "", EINVAL);
	assert_refused(SV_OPENER_MAGIC, SV_IFACE_MAP_FILES, getpid(), "../maps", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_BOOT_CONFIG, 0, "no-such-release", ENOENT);
	assert_refused(SV_OPENER_LIST, SV_IFACE_MEMINFO, 0, "", ENOTDIR);
	assert_refused(SV_OPENER_LINK, SV_IFACE_MEMINFO, 0, "", EINVAL);
}

/* An argument without its NUL is cut, and read no further. */
static void argument_without_end(void **state)
{
	struct sv_opener_request q = request(SV_OPENER_OPEN, SV_IFACE_BOOT_CONFIG, 0, "");

	(void)state;
	memset(q.arg, 'a', sizeof(q.arg));
	assert_int_equal(ask_size(&q, sizeof(q), NULL, NULL), EINVAL); /* and fits in no path */
}

/* Wherever a hierarchy is mounted, but nothing that is no control group. */
static void control_groups_alone(void **state)
{
	(void)state;
	assert_refused(SV_OPENER_OPEN, SV_IFACE_CGROUP_FILE, 0, "etc/memory.max", ENODEV);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_CGROUP_FILE, 0, "no-such-place/memory.max", ENOENT);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_CGROUP_FILE, 0, "etc/passwd", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_CGROUP_FILE, 0, "etc/../memory.max", EINVAL);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_SETTING, 0, "proc/sys/vm/stat_refresh", EINVAL);
}

static void only_the_pinned_process(void **state)
{
	pid_t other = getppid();

	(void)state;
	assert_refused(SV_OPENER_OPEN, SV_IFACE_MAPS, getpid(), "", ESRCH);
	assert_refused(SV_OPENER_LINK, SV_IFACE_EXE, getpid(), "", ESRCH);
	assert_refused(SV_OPENER_LIST, SV_IFACE_TASK, getpid(), "", ESRCH);
	assert_refused(SV_OPENER_MAGIC, SV_IFACE_MAP_FILES, getpid(), "0-1", ESRCH);
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, getpid(), "", NULL, NULL), 0);
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_STAT, getpid(), "", NULL, NULL), 0);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_STAT, other, "", ESRCH);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_STAT, 0, "", ESRCH);
	/* A pin that fails holds nobody. */
	assert_refused(SV_OPENER_PIN, SV_IFACE_STAT, INT32_MAX, "", ENOENT);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_STAT, getpid(), "", ESRCH);
	assert_refused(SV_OPENER_OPEN, SV_IFACE_STAT, INT32_MAX, "", ESRCH);
}

/* The number never comes to mean a later process. */
static void a_pinned_process_that_ended(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, pid, "", NULL, NULL), 0);
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_STAT, pid, "", NULL, NULL), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_not_equal(ask(SV_OPENER_OPEN, SV_IFACE_STAT, pid, "", NULL, NULL), 0);
}

static void descriptors_are_the_files(void **state)
{
	char got[64] = "", want[64];
	struct stat a, b;
	int fd;

	(void)state;
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_BOOT_ID, 0, "", NULL, &fd), 0);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &a), 0);
	assert_int_equal(stat(sv_iface_info(SV_IFACE_BOOT_ID)->path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, getpid(), "", NULL, NULL), 0);
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_STAT, getpid(), "", NULL, &fd), 0);
	assert_true(read(fd, got, sizeof(got) - 1) > 0);
	close(fd);
	snprintf(want, sizeof(want), "%d (", getpid());
	assert_memory_equal(got, want, strlen(want));
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_TASK_STAT, getpid(), "", NULL, NULL), 0);
}

static void links_lists_and_the_rest(void **state)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 };
	char exe[4096], line[32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	(void)state;
	assert_int_equal(ask(SV_OPENER_PIN, SV_IFACE_STAT, getpid(), "", NULL, NULL), 0);
	assert_int_equal(ask(SV_OPENER_LINK, SV_IFACE_EXE, getpid(), "", &data, NULL), 0);
	assert_int_equal(data.len, n);
	assert_memory_equal(data.ptr, exe, data.len);
	data.len = 0;
	assert_int_equal(ask(SV_OPENER_LIST, SV_IFACE_TASK, getpid(), "", &data, NULL), 0);
	snprintf(line, sizeof(line), "%d\n", getpid());
	assert_string_equal(data.ptr, line);
	data.len = 0;
	assert_int_equal(ask(SV_OPENER_LIST, SV_IFACE_PROC, 0, "", &data, NULL), 0);
	assert_non_null(strstr(data.ptr, line));
	data.len = 0;
	assert_int_equal(ask(SV_OPENER_MAGIC, SV_IFACE_MEMINFO, 0, "", &data, NULL), 0);
	assert_string_equal(data.ptr, "0x9fa0\n"); /* PROC_SUPER_MAGIC */
	data.len = 0;
	assert_int_equal(ask(SV_OPENER_PRIVILEGES, 0, 0, "", &data, NULL), 0);
	snprintf(line, sizeof(line), "euid %u\neffective 0x", (unsigned int)geteuid());
	assert_memory_equal(data.ptr, line, strlen(line));
}

static void a_short_request_ends_it(void **state)
{
	struct sv_opener_request q = request(SV_OPENER_OPEN, SV_IFACE_MEMINFO, 0, "");

	(void)state;
	assert_int_equal(ask_size(&q, sizeof(q) - 1, NULL, NULL), -1);
	assert_ends();
}

static void a_long_request_ends_it(void **state)
{
	char q[sizeof(struct sv_opener_request) + 1] = { 0 };
	struct sv_opener_request good = request(SV_OPENER_OPEN, SV_IFACE_MEMINFO, 0, "");

	(void)state;
	memcpy(q, &good, sizeof(good));
	assert_int_equal(ask_size(q, sizeof(q), NULL, NULL), -1);
	assert_ends();
}

static void it_ends_with_its_socket(void **state)
{
	(void)state;
	assert_int_equal(ask(SV_OPENER_OPEN, SV_IFACE_MEMINFO, 0, "", NULL, NULL), 0);
	assert_int_equal(shutdown(sock, SHUT_RDWR), 0);
	assert_ends();
}

#define opener_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		opener_test(bad_requests),
		opener_test(only_files_of_the_list),
		opener_test(short_texts),
		opener_test(argument_without_end),
		opener_test(control_groups_alone),
		opener_test(only_the_pinned_process),
		opener_test(a_pinned_process_that_ended),
		opener_test(descriptors_are_the_files),
		opener_test(links_lists_and_the_rest),
		opener_test(a_short_request_ends_it),
		opener_test(a_long_request_ends_it),
		opener_test(it_ends_with_its_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
