/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/fdinfo/N: "key:\tvalue" lines, seq_show() in fs/proc/fd.c; what a sort of file adds of
 * its own (eventfd, io_uring, dma-buf) comes behind and is not looked at.
 *
 *	pos:	0
 *	flags:	02100002		octal: O_CLOEXEC is 02000000 on every architecture here
 *	mnt_id:	13
 *	ino:	1031			from 5.14 on
 */
#ifndef SV_IFACE_FDINFO_H
#define SV_IFACE_FDINFO_H

#include "base/parse.h"

/* Unknown where there is no such line. */
struct sv_fdinfo {
	struct sv_num cloexec;	/* 1: exec closes it */
	struct sv_num writable; /* 1: opened for writing */
	struct sv_num inode;
};

int sv_fdinfo_parse(struct sv_text text, struct sv_fdinfo *ret, struct safevma_error *err);

/*
 * What a descriptor is open on, by the target of its link, as far as that gives access to memory.
 * Names alone: who makes a file may call it so.
 */
enum sv_fd_kind {
	SV_FD_OTHER, /* nothing of ours */
	SV_FD_MEMFD,
	SV_FD_SECRETMEM,
	SV_FD_SHM, /* POSIX shared memory: a file in /dev/shm */
	SV_FD_DMABUF,
	SV_FD_GUEST,   /* guest_memfd of a virtual machine */
	SV_FD_MEM,     /* /dev/mem: physical memory */
	SV_FD_KMEM,    /* /dev/kmem, up to 5.12 */
	SV_FD_PORT,    /* /dev/port: I/O ports, with which devices are told to write */
	SV_FD_KCORE,   /* /proc/kcore: kernel memory, for reading */
	SV_FD_PROCMEM, /* /proc/PID/mem of some process */
	SV_FD_VFIO,    /* a device given to user space */
	SV_FD_RDMA,
	SV_FD_UDMABUF, /* makes dma-bufs of memfds */
	SV_FD_KIND_COUNT,
};

const char *sv_fd_kind_name(enum sv_fd_kind kind);

/* Is it memory that its holder can map, or hand on; else it is a way to memory of others. */
bool sv_fd_is_memory(enum sv_fd_kind kind);

/* *pid: of PROCMEM, whose memory; -1: the number is none. */
enum sv_fd_kind sv_fd_kind_of(struct sv_span target, int *pid);

#endif
