/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Headers of /proc/kcore: an ELF core file of the kernel's memory. fs/proc/kcore.c,
 * read_kcore_iter(); CONFIG_PROC_KCORE. Opening it takes CAP_SYS_RAWIO and no
 * lockdown=confidentiality.
 *
 *	PT_NOTE  ... a note named VMCOREINFO, since 4.19
 *	PT_LOAD  vaddr 0xffffffff88400000  paddr 0x16400000   the kernel image
 *	PT_LOAD  vaddr 0xff46fe0000000000  paddr all ones     vmalloc: no physical address
 *	PT_LOAD  vaddr 0xff1b1fc000001000  paddr 0x1000       RAM, in the linear map
 *
 * One RAM segment for each "System RAM" range of iomem; that one is listed says nothing of whether
 * it is mapped. Reads never fail: what the kernel cannot read it fills with zeros. p_offset is
 * computed anew by the kernel at each read from the list of segments as it is then.
 */
#ifndef SV_IFACE_KCORE_H
#define SV_IFACE_KCORE_H

#include "base/parse.h"
#include "base/vec.h"

struct sv_kcore_segment {
	uint64_t vaddr, paddr, size, offset; /* offset: in the file */
	bool has_paddr;
};

struct sv_kcore {
	bool wide;	      /* ELFCLASS64 */
	unsigned int machine; /* EM_* */
	struct {
		struct sv_kcore_segment *ptr;
		size_t len, cap;
	} segments;
	uint64_t note_offset, note_size; /* of PT_NOTE; 0 where there is none */
};

void sv_kcore_fini(struct sv_kcore *k);

enum { SV_KCORE_HEADER = 64 }; /* bytes that sv_kcore_header_size() wants to see */

/* How many bytes the file header and the program headers take; never above 4 MiB. */
int sv_kcore_header_size(
	const void *data, size_t len, uint64_t *ret, struct safevma_error *err) sv_must_check;

/* The headers, all of them in data. */
int sv_kcore_parse(const void *data, size_t len, struct sv_kcore *ret,
	struct safevma_error *err) sv_must_check;

/* The text of the VMCOREINFO note among the notes in data. */
int sv_kcore_vmcoreinfo(
	const void *data, size_t len, struct sv_span *ret, struct safevma_error *err) sv_must_check;

/* Where in the file a stretch of RAM is. False: no segment of the linear map covers it whole. */
bool sv_kcore_find_ram(
	const struct sv_kcore *k, uint64_t delta, uint64_t paddr, uint64_t size, uint64_t *offset);

/* Is a frame RAM, as the kernel lists it? *until: the next frame where the answer may differ. */
bool sv_kcore_ram_at(
	const struct sv_kcore *k, unsigned int page_shift, uint64_t pfn, uint64_t *until);

/* Where in the file a kernel address is; len: at most that many bytes lie there. */
bool sv_kcore_find_vaddr(const struct sv_kcore *k, uint64_t vaddr, uint64_t *offset, uint64_t *len);

/*
 * The linear map: of the segments with a physical address the one at the lowest address. The
 * kernel image has one too, at another distance. False when there is none.
 */
bool sv_kcore_delta(const struct sv_kcore *k, uint64_t *delta);

/* The kernel image: a segment with a physical address and another distance than delta. */
const struct sv_kcore_segment *sv_kcore_image(const struct sv_kcore *k, uint64_t delta);

#endif
