/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who else has memory of the selected processes: by mappings of the same frames, by descriptors of
 * the same memory, by ways around mappings.
 */
#ifndef SV_MODEL_SHARE_H
#define SV_MODEL_SHARE_H

#include <sys/types.h>

#include "iface/fdinfo.h"
#include "process.h"

/* A descriptor of memory, or of a way to memory of others. */
struct sv_descriptor {
	pid_t pid;
	struct sv_strbuf comm, target; /* owned; bytes of any content */
	bool selected;		       /* of a selected process */
	uint64_t number;
	enum sv_fd_kind kind;
	struct sv_num genuine; /* 1: the filesystem behind it says so too, and not its name alone */
	struct sv_num cloexec, writable, inode;
	pid_t whose; /* of /proc/PID/mem: of whom; 0: none; -1: of one that has no number here */
};

/* A mapping of memory that descriptors can hand on, in any process. */
struct sv_memory_map {
	pid_t pid;
	bool selected;
	enum sv_fd_kind kind; /* OTHER: System V shared memory, which has no descriptor */
	uint64_t start, end, inode, dev_major, dev_minor;
	unsigned int perms;
	struct sv_strbuf path;
};

struct sv_sharing {
	bool made;
	struct sv_process before; /* no process: the frames of the selected, as they were before */
	struct {
		struct sv_process *ptr; /* not selected; their pages in these frames alone */
		size_t len, cap;
	} others;
	struct {
		pid_t *ptr;
		size_t len, cap;
	} group;
	uint64_t processes, read; /* with memory of their own, the selected included */
	bool listed;		  /* all processes of the machine can be in the list */
	bool descriptors_whole;	  /* so were their descriptors */
	struct {
		struct sv_descriptor *ptr;
		size_t len, cap;
	} descriptors; /* by process and number */
	struct {
		struct sv_memory_map *ptr;
		size_t len, cap;
	} maps;
	bool yama_known, yama; /* Yama is there; without it the classic rule holds */
	struct sv_num ptrace_scope;
	struct sv_num iommu_groups, identity_groups; /* identity: devices that bypass it */
};

void sv_share_fini(struct sv_sharing *share);

/* Whose memory it is: processes with one memory have the same number. */
static inline pid_t sv_memory_id(const struct sv_process *p)
{
	return p->memory_of ? p->memory_of : p->pid;
}

/* Every process was looked into, so that what maps a frame beyond those found is none of them. */
static inline bool sv_share_whole(const struct sv_sharing *s)
{
	return s->made && s->listed && s->read == s->processes;
}

#endif
