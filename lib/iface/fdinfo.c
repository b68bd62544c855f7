// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fdinfo.h"

#include <limits.h>

#include "base/error.h"

enum { CLOEXEC = 02000000, ACCESS = 03 };

static bool take_octal(struct sv_span s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len || s.len > 21)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '7')
			return false;
		v = v * 8 + (uint64_t)(s.ptr[i] - '0');
	}
	*ret = v;
	return true;
}

int sv_fdinfo_parse(struct sv_text text, struct sv_fdinfo *ret, struct safevma_error *err)
{
	struct sv_fdinfo f = { 0 };
	struct sv_span line;
	uint64_t v;

	while (sv_text_line(&text, &line)) {
		struct sv_span rest = line;

		if (sv_take_lit(&rest, "flags:") && !f.cloexec.known) {
			if (!take_octal(sv_trim(rest), &v))
				return sv_text_error(&text, err, "octal flags", line);
			f.cloexec = sv_known((v & CLOEXEC) != 0);
			f.writable = sv_known((v & ACCESS) != 0);
		} else if (sv_take_lit(&rest, "ino:") && !f.inode.known) {
			rest = sv_trim(rest);
			if (!sv_take_dec(&rest, &v) || rest.len)
				return sv_text_error(&text, err, "an inode", line);
			f.inode = sv_known(v);
		}
	}
	*ret = f;
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct name {
	const char *name;
	const char *target; /* NULL: none of one name */
	bool prefix;	    /* it goes on behind that */
	bool memory;
} names[SV_FD_KIND_COUNT] = {
	[SV_FD_OTHER] = { .name = "other" },
	[SV_FD_MEMFD] = { "memfd", "/memfd:", true, true },
	[SV_FD_SECRETMEM] = { "secretmem", "/secretmem", true, true },
	[SV_FD_SHM] = { "shm", "/dev/shm/", true, true },
	[SV_FD_DMABUF] = { "dma-buf", "/dmabuf:", true, true },
	[SV_FD_GUEST] = { "guest-memfd", "anon_inode:[kvm-gmem]", true, true },
	[SV_FD_MEM] = { .name = "dev-mem", .target = "/dev/mem" },
	[SV_FD_KMEM] = { .name = "dev-kmem", .target = "/dev/kmem" },
	[SV_FD_PORT] = { .name = "dev-port", .target = "/dev/port" },
	[SV_FD_KCORE] = { .name = "kcore", .target = "/proc/kcore" },
	[SV_FD_PROCMEM] = { .name = "proc-mem" },
	[SV_FD_VFIO] = { .name = "vfio", .target = "/dev/vfio/", .prefix = true },
	[SV_FD_RDMA] = { .name = "rdma", .target = "/dev/infiniband/uverbs", .prefix = true },
	[SV_FD_UDMABUF] = { .name = "udmabuf", .target = "/dev/udmabuf" },
};

const char *sv_fd_kind_name(enum sv_fd_kind kind)
{
	return names[kind].name;
}

bool sv_fd_is_memory(enum sv_fd_kind kind)
{
	return names[kind].memory;
}

/* "/proc/42/mem", and the same through a thread: "/proc/42/task/43/mem". */
static bool proc_mem(struct sv_span s, int *pid)
{
	uint64_t n, tid;

	if (!sv_take_lit(&s, "/proc/") || !sv_take_dec(&s, &n))
		return false;
	if (sv_take_lit(&s, "/task/") && !sv_take_dec(&s, &tid))
		return false;
	*pid = n <= INT_MAX ? (int)n : -1;
	return sv_span_is(s, "/mem");
}

/* secretmem is "/secretmem", with " (deleted)" behind it where the kernel says so. */
static bool is_named(enum sv_fd_kind kind, struct sv_span target)
{
	const struct name *n = &names[kind];

	if (!n->target || !sv_take_lit(&target, n->target))
		return false;
	if (kind == SV_FD_SECRETMEM)
		return !target.len || sv_span_is(target, " (deleted)");
	return n->prefix || !target.len;
}

enum sv_fd_kind sv_fd_kind_of(struct sv_span target, int *pid)
{
	*pid = 0;
	if (proc_mem(target, pid))
		return SV_FD_PROCMEM;
	*pid = 0;
	for (int kind = 0; kind < SV_FD_KIND_COUNT; kind++)
		if (is_named((enum sv_fd_kind)kind, target))
			return (enum sv_fd_kind)kind;
	return SV_FD_OTHER;
}
