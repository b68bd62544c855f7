/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of control groups. Where they are is made of the mount of a hierarchy and the path of a
 * group, whose name is bytes of somebody's choice: in a place, and in a recording, every byte that
 * is not plain stands as "%XX", so that a name is one text and never leads elsewhere.
 */
#ifndef SV_IFACE_CGROUPFILE_H
#define SV_IFACE_CGROUPFILE_H

#include "base/parse.h"
#include "base/strbuf.h"

/* "/a/b" below "/mount" and a file: "mount/a/b/file", coded. 0, or -1 when memory is out. */
int sv_cgroup_file_code(struct sv_span mount, struct sv_span group, const char *file,
	struct sv_strbuf *ret) sv_must_check;

/*
 * Whether it is such a text: coded in the one way there is, no part empty, "." or "..", none too
 * long for a name in a recording, the last one a file of the memory controller, or the list of
 * controllers.
 */
bool sv_cgroup_file_valid(const char *coded);

/*
 * The directory with its first slash, and the file. Both buffers are as large as the text and two.
 * -1: it is not valid.
 */
int sv_cgroup_file_decode(const char *coded, char *dir, const char **file);

/*
 * Which group a process's memory is charged to, by /proc/PID/cgroup: "5:memory:/path" where the
 * memory controller is in a hierarchy of its own (v1), else "0::/path" (v2). version 0: in none.
 */
struct sv_cgroup_memory {
	unsigned int version;
	struct sv_span path;
};
int sv_cgroup_memory_of(
	struct sv_text text, struct sv_cgroup_memory *ret, struct safevma_error *err);

/* A limit: a number of bytes, or "max", which is UINT64_MAX. */
int sv_cgroup_limit(struct sv_text text, uint64_t *ret, struct safevma_error *err);

#endif
