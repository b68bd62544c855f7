// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame.h"

#include "iface/kpage.h"

static const struct sv_class_info infos[SV_CLASS_COUNT] = {
	[SV_CLASS_UNKNOWN] = { "unknown", SV_SOURCE_UNKNOWN, false, "the frame could not be read" },
	[SV_CLASS_NOPAGE] = { "nopage", SV_SOURCE_NO, false,
		"no memory that the kernel manages: a hole, a device, offline memory" },
	[SV_CLASS_HWPOISON] = { "hwpoison", SV_SOURCE_NO, false,
		"taken out of use after a memory error" },
	[SV_CLASS_OFFLINE] = { "offline", SV_SOURCE_NO, false,
		"logically offline, as held by a balloon driver" },
	[SV_CLASS_FREE] = { "free", SV_SOURCE_NO, false, "free, in the buddy allocator" },
	[SV_CLASS_SLAB] = { "slab", SV_SOURCE_STRONG, false,
		"kernel objects of the slab allocator: where kmalloc overruns start" },
	[SV_CLASS_PGTABLE] = { "pgtable", SV_SOURCE_NO, false, "page tables" },
	[SV_CLASS_ZERO] = { "zero", SV_SOURCE_NO, false,
		"the shared page of zeros: read, never yet written" },
	[SV_CLASS_HUGETLB] = { "hugetlb", SV_SOURCE_NO, true, "a page of the hugetlb pool" },
	[SV_CLASS_ANON] = { "anon", SV_SOURCE_NO, true, "anonymous memory of processes" },
	[SV_CLASS_FILE] = { "file", SV_SOURCE_NO, true,
		"contents of a file; secretmem appears so as well" },
	[SV_CLASS_SHMEM] = { "shmem", SV_SOURCE_NO, true, "shared memory, tmpfs, memfd" },
	[SV_CLASS_RESERVED] = { "reserved", SV_SOURCE_UNCLASSIFIED, false,
		"kernel image, memory given out at boot (per-CPU data too), firmware, vdso" },
	[SV_CLASS_KERNEL_COMPOUND] = { "kernel-compound", SV_SOURCE_STRONG, false,
		"compound kernel memory without flags of user memory: large kmalloc looks so" },
	[SV_CLASS_KERNEL_CHARGED] = { "kernel-charged", SV_SOURCE_UNCLASSIFIED, false,
		"kernel memory charged to a control group: stacks, pipe buffers" },
	[SV_CLASS_UNCLASSIFIED] = { "unclassified", SV_SOURCE_UNCLASSIFIED, false,
		"nothing tells: vmalloc, per-CPU, drivers, or free on a per-CPU list" },
};

const struct sv_class_info *sv_class_info(enum sv_class c)
{
	return &infos[c];
}

uint64_t sv_folio_flags(const struct sv_frame *f)
{
	return f->flags | (f->known & SV_FRAME_HEAD ? f->head_flags : 0);
}

static enum sv_class user_class(uint64_t flags)
{
	if (flags & SV_KPF_ANON)
		return SV_CLASS_ANON;
	if (flags & SV_KPF_SWAPBACKED)
		return SV_CLASS_SHMEM;
	/*
	 * Off the LRU lists for a moment a page of a file still holds current data. What is only
	 * mapped is memory of the kernel that processes see: rings of io_uring, perf and sockets,
	 * and with RESERVED the vdso.
	 */
	if ((flags & SV_KPF_LRU) || (flags & (SV_KPF_MMAP | SV_KPF_UPTODATE | SV_KPF_RESERVED)) ==
					    (SV_KPF_MMAP | SV_KPF_UPTODATE))
		return SV_CLASS_FILE;
	return SV_CLASS_UNKNOWN;
}

static enum sv_class certain_class(uint64_t flags)
{
	static const struct {
		uint64_t flag;
		enum sv_class class;
	} order[] = {
		{ SV_KPF_NOPAGE, SV_CLASS_NOPAGE },
		{ SV_KPF_HWPOISON, SV_CLASS_HWPOISON },
		{ SV_KPF_OFFLINE, SV_CLASS_OFFLINE },
		{ SV_KPF_BUDDY, SV_CLASS_FREE },
		{ SV_KPF_SLAB, SV_CLASS_SLAB },
		{ SV_KPF_PGTABLE, SV_CLASS_PGTABLE },
		{ SV_KPF_ZERO, SV_CLASS_ZERO },
		{ SV_KPF_HUGE, SV_CLASS_HUGETLB },
	};

	for (size_t i = 0; i < sv_array_size(order); i++)
		if (flags & order[i].flag)
			return order[i].class;
	return SV_CLASS_UNKNOWN;
}

static bool compound(uint64_t flags)
{
	return flags & (SV_KPF_COMPOUND_HEAD | SV_KPF_COMPOUND_TAIL);
}

enum sv_class sv_class_of(const struct sv_frame *f)
{
	uint64_t flags = sv_folio_flags(f);
	enum sv_class c;

	if (!(f->known & SV_FRAME_FLAGS))
		return SV_CLASS_UNKNOWN;
	c = certain_class(f->flags);
	if (c == SV_CLASS_UNKNOWN)
		c = certain_class(flags & ~SV_KPF_HWPOISON); /* poison is each frame's own */
	if (c == SV_CLASS_UNKNOWN)
		c = user_class(flags);
	if (c != SV_CLASS_UNKNOWN || (f->known & SV_FRAME_HEADLESS))
		return c;
	if (flags & SV_KPF_RESERVED)
		return SV_CLASS_RESERVED;
	if (compound(f->flags))
		return SV_CLASS_KERNEL_COMPOUND;
	if (!f->flags && (f->known & SV_FRAME_CGROUP) && f->cgroup)
		return SV_CLASS_KERNEL_CHARGED;
	return SV_CLASS_UNCLASSIFIED;
}

bool sv_frame_mlocked(const struct sv_frame *f)
{
	return sv_folio_flags(f) & SV_KPF_MLOCKED;
}

bool sv_frame_unevictable(const struct sv_frame *f)
{
	const uint64_t both = SV_KPF_UNEVICTABLE | SV_KPF_LRU;

	return (sv_folio_flags(f) & both) == both;
}

bool sv_frame_wants_head(const struct sv_frame *f)
{
	return (f->known & SV_FRAME_FLAGS) && !(f->known & SV_FRAME_HEAD) &&
	       (f->flags & SV_KPF_COMPOUND_TAIL) && certain_class(f->flags) == SV_CLASS_UNKNOWN;
}
