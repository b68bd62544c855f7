// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kpage.h"

const struct sv_kpf_name sv_kpf_names[] = {
	{ 0, "locked", "locked for I/O just now (not mlock)" },
	{ 1, "error", "an I/O error happened (up to 6.8)" },
	{ 2, "referenced", "used since the reclaim scan last looked" },
	{ 3, "uptodate", "holds current data" },
	{ 4, "dirty", "written to and not yet saved" },
	{ 5, "lru", "on a reclaim list" },
	{ 6, "active", "on the active reclaim list" },
	{ 7, "slab", "belongs to the kernel's slab allocator" },
	{ 8, "writeback", "being written to its file or swap" },
	{ 9, "reclaim", "will be freed after writeback" },
	{ 10, "buddy", "free, in the buddy allocator" },
	{ 11, "mmap", "mapped by a page table of a process" },
	{ 12, "anon", "anonymous memory" },
	{ 13, "swapcache", "has a place in swap" },
	{ 14, "swapbacked", "its home is swap: anonymous or shared memory" },
	{ 15, "compound-head", "first frame of a compound page" },
	{ 16, "compound-tail", "further frame of a compound page" },
	{ 17, "huge", "hugetlb" },
	{ 18, "unevictable", "never reclaimed" },
	{ 19, "hwpoison", "the hardware reported a memory error here" },
	{ 20, "nopage", "there is no memory at this frame number" },
	{ 21, "ksm", "merged with equal pages of others" },
	{ 22, "thp", "part of a large folio; says nothing of how it is mapped" },
	{ 23, "offline", "logically offline, as a balloon holds it" },
	{ 24, "zero", "the shared page of zeros" },
	{ 25, "idle", "not used since marked idle" },
	{ 26, "pgtable", "holds page tables" },
	{ 32, "reserved", "reserved: kernel image, boot memory, firmware" },
	{ 33, "mlocked", "locked by mlock in some process" },
	{ 34, "owner-2", "mapped to disk (up to 6.8); of anonymous memory: exclusive" },
	{ 35, "private", "has private data" },
	{ 36, "private-2", "has more private data" },
	{ 37, "owner-private", "for the use of its owner" },
	{ 38, "arch", "for the use of the architecture" },
	{ 39, "uncached", "mapped uncached (up to 6.8)" },
	{ 40, "softdirty", "reserved for soft-dirty tracking" },
	{ 41, "arch-2", "for the architecture: on arm64 MTE tags are in use" },
	{ 42, "arch-3", "for the architecture (6.5 and later)" },
};

const size_t sv_kpf_names_count = sizeof(sv_kpf_names) / sizeof(sv_kpf_names[0]);

const char *sv_kpf_name(unsigned int bit)
{
	for (size_t i = 0; i < sv_kpf_names_count; i++)
		if (sv_kpf_names[i].bit == bit)
			return sv_kpf_names[i].name;
	return NULL;
}
