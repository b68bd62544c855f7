/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Geometries out of the segments of kcore and what VMCOREINFO says. */
#ifndef TESTS_GEOMETRY_H
#define TESTS_GEOMETRY_H

#include "kernel.h"

static struct safevma_error err;

static inline struct sv_kcore segments(uint64_t delta, uint64_t image, uint64_t image_paddr)
{
	struct sv_kcore k = { .wide = true };

	if (image)
		kernel_segment(&k, image, image_paddr, 64 * MIB, 0);
	kernel_segment(&k, delta, 0, GIB, 0);
	return k;
}

static inline int init(struct sv_kcore k, const struct sv_vmcoreinfo *v, const char *machine,
	uint64_t page_size, struct sv_pgtable *ret)
{
	int rc;

	memset(&err, 0, sizeof(err));
	memset(ret, 0x5a, sizeof(*ret));
	rc = sv_pgtable_init(&k, v, machine, page_size, ret, &err);
	if (rc)
		assert_int_equal(ret->levels, 0x5a5a5a5a);
	sv_kcore_fini(&k);
	return rc;
}

static inline struct sv_vmcoreinfo x86_info(uint64_t top, int64_t phys_base, uint64_t l5)
{
	return (struct sv_vmcoreinfo) { .init_top_pgt = sv_known(top),
		.phys_base = sv_known((uint64_t)phys_base),
		.l5_enabled = sv_known(l5),
		.sme_mask = sv_known(0) };
}

#endif
