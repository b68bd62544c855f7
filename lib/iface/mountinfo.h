/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/self/mountinfo; show_mountinfo() in fs/proc_namespace.c:
 *
 *	35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
 *
 * Blanks, tabs, newlines and backslashes within a field are written in octal: "\040".
 */
#ifndef SV_IFACE_MOUNTINFO_H
#define SV_IFACE_MOUNTINFO_H

#include "base/parse.h"
#include "base/strbuf.h"

struct sv_mount {
	struct sv_span root;	/* what of its filesystem is mounted; coded */
	struct sv_span point;	/* where; coded */
	struct sv_span type;	/* of the filesystem */
	struct sv_span options; /* of the filesystem: of a v1 hierarchy, its controllers */
};

/* 1, 0 at the end, -1 malformed. */
int sv_mountinfo_next(struct sv_text *text, struct sv_mount *ret, struct safevma_error *err);

/* The bytes of a field. 0, or -1 when memory is out. */
int sv_mountinfo_decode(struct sv_span field, struct sv_strbuf *ret) sv_must_check;

/* Is it one of the words between the commas? */
bool sv_mount_has_option(struct sv_span options, const char *word);

#endif
