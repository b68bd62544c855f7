/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address space of a process over a time: as maps had it, changed by what events tell. Events
 * tell of mmap, mprotect, brk and exec, and not of munmap and mremap: maps has to be read anew now
 * and then.
 */
#ifndef SV_CAPTURE_SPACE_H
#define SV_CAPTURE_SPACE_H

#include "model/faultlog.h"
#include "model/process.h"

struct sv_area {
	uint64_t start, end, offset, inode;
	unsigned int perms;
	uint32_t path; /* a string of the log */
	bool by_event;
};

struct sv_areas {
	struct sv_area *ptr;
	size_t len, cap;
};

struct sv_space {
	pid_t pid;
	uint32_t comm;
	struct sv_areas areas; /* in order, apart */
	/* Pages that were there at the start, of a process that lives on or of the parent; or NULL.
	 */
	const struct sv_process *before;
	bool known;    /* before is all that was there; without it nothing was */
	bool forked;   /* fork leaves pages of files and shared memory to be faulted in anew */
	uint64_t *set; /* pages that faulted meanwhile: numbers + 1, a hash */
	size_t set_len, set_count;
	bool set_full;	  /* there are more */
	uint64_t read_ns; /* when maps was read last */
	bool gone;
	bool begins; /* it runs another program, and nothing of it was mapped yet */
};

void sv_space_fini(struct sv_space *space);
void sv_space_forget(struct sv_space *space); /* it runs another program now */

/* Puts an area where others may be. -1: memory is out. */
int sv_space_put(struct sv_space *space, const struct sv_area *area);
/*
 * Puts areas, in order and apart, where no other is: what is read now tells nothing of addresses
 * whose past is known, which a fault of that past may be about. -1: memory is out.
 */
int sv_space_fill(struct sv_space *space, const struct sv_areas *areas);
const struct sv_area *sv_space_find(const struct sv_space *space, uint64_t addr);

/* A child begins with a copy. -1: memory is out. */
int sv_space_copy(struct sv_space *to, const struct sv_space *from);

/* Why a page faults, and that it has. -1: memory is out. */
int sv_space_cause(struct sv_space *space, const struct sv_area *area, uint64_t addr,
	uint64_t page_size, enum sv_fault_cause *ret);

#endif
