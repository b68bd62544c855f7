/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /sys/kernel/btf/vmlinux: the kernel's own types, as BTF (Documentation/bpf/btf.rst). Kernels from
 * 5.4 on that were built with CONFIG_DEBUG_INFO_BTF; 4 to 7 MB, readable by everybody.
 *
 * Of all that we need where a dozen members lie. That is what a recording keeps, as text, and not
 * the file:
 *
 *	page.flags 0
 *	slab.slab_cache 8
 *	kmem_cache.name 96
 *	PGTY_slab 245
 */
#ifndef SV_IFACE_BTF_H
#define SV_IFACE_BTF_H

#include <stddef.h>

#include "base/strbuf.h"
#include "safevma.h"

/* What is looked for: a member of a structure, at any depth of nameless ones in it. */
struct sv_btf_member {
	const char *structure, *member;
};

/* These and no more (structpage.c). Enumerators are those with this prefix. */
extern const struct sv_btf_member sv_btf_members[];
extern const size_t sv_btf_members_count;
#define SV_BTF_ENUMERATORS "PGTY_"

/*
 * Appends a line for each member and enumerator that is there: offset in bytes, value. What is not
 * there is left out. -1: it is no BTF.
 */
int sv_btf_resolve(const void *data, size_t len, struct sv_strbuf *ret, struct safevma_error *err);

#endif
