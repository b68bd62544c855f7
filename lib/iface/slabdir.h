/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /sys/kernel/slab: a directory a cache, its settings and counts each a file; mm/slub.c. Caches
 * that were merged are one directory with a name of the kernel's (":A-0000192"), and a link to it
 * for each that was asked for. The opener reads the whole tree, which is thousands of files of a
 * few bytes, as one text of ours:
 *
 *	cache :0000048
 *	 align 8
 *	 slabs 25 N0=25
 *	alias Acpi-Namespace :0000048
 *
 * A file that may not be read (0400 since 5.5) has "!" and the errno for its value. Which files
 * there are depends on the version: cpu_partial and slabs_cpu_partial (to 6.x), sheaf_capacity
 * (6.18 on), usersize (4.16 on), and on CONFIG_SLUB_DEBUG.
 */
#ifndef SV_IFACE_SLABDIR_H
#define SV_IFACE_SLABDIR_H

#include "base/parse.h"
#include "base/strbuf.h"

/* The tree as that text; 0 or an errno. For the opener. */
int sv_slabdir_read(const char *path, struct sv_strbuf *ret);

enum sv_slabdir_what { SV_SLABDIR_CACHE, SV_SLABDIR_ATTRIBUTE, SV_SLABDIR_ALIAS };

/* name: of the cache, attribute or alias. value: of an attribute, or the target of an alias. */
struct sv_slabdir_line {
	enum sv_slabdir_what what;
	struct sv_span name, value; /* borrowed */
};

/* 1: *ret is the next line; 0: end; -1: malformed. */
int sv_slabdir_next(struct sv_text *text, struct sv_slabdir_line *ret, struct safevma_error *err);

/* The number that a value begins with; unknown where there is none, or it could not be read. */
struct sv_num sv_slabdir_number(struct sv_span value);

#endif
