/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/maps: one line a VMA, written by show_map_vma() in fs/proc/task_mmu.c.
 *
 *	7f2c90a00000-7f2c90a28000 r-xp 00002000 fe:00 131 /usr/lib/ld.so (deleted)
 *
 * The same since 2.6. The path is everything after the blanks that follow the inode; a newline in
 * it is printed as \012, other bytes as they are. No path: anonymous memory.
 */
#ifndef SV_IFACE_MAPS_H
#define SV_IFACE_MAPS_H

#include "base/parse.h"

enum sv_perm {
	SV_PERM_READ = 1u << 0,
	SV_PERM_WRITE = 1u << 1,
	SV_PERM_EXEC = 1u << 2,
	SV_PERM_SHARED = 1u << 3,
};

struct sv_maps_entry {
	uint64_t start, end; /* addresses; end is exclusive and above start */
	unsigned int perms;  /* enum sv_perm */
	uint64_t offset;     /* bytes into the file */
	uint64_t dev_major, dev_minor;
	uint64_t inode;
	struct sv_span path; /* borrowed from the text; may hold any byte but newline */
};

/* 1: *ret is the next line; 0: end; -1: the line is malformed (err has file and line). */
int sv_maps_next(struct sv_text *text, struct sv_maps_entry *ret, struct safevma_error *err);

/* Just the header of a line, as smaps begins each VMA with; 0 when the line is no such header. */
int sv_maps_parse_line(struct sv_span line, struct sv_maps_entry *ret);

#endif
