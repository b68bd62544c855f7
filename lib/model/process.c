// SPDX-License-Identifier: LGPL-2.1-or-later
#include "process.h"

#include <string.h>

#include "iface/smaps.h"

static const char *const kind_names[SV_VMA_KIND_COUNT] = {
	[SV_VMA_ANON] = "anon",
	[SV_VMA_HEAP] = "heap",
	[SV_VMA_STACK] = "stack",
	[SV_VMA_FILE] = "file",
	[SV_VMA_SHMEM] = "shmem",
	[SV_VMA_MEMFD] = "memfd",
	[SV_VMA_SECRETMEM] = "secretmem",
	[SV_VMA_HUGETLB] = "hugetlb",
	[SV_VMA_DEVICE] = "device",
	[SV_VMA_VDSO] = "vdso",
	[SV_VMA_VVAR] = "vvar",
	[SV_VMA_VSYSCALL] = "vsyscall",
};

const char *sv_kind_name(enum sv_kind kind)
{
	return kind_names[kind];
}

bool sv_process_was_read(const struct sv_process *p)
{
	return p->fate == SV_FATE_STABLE || p->fate == SV_FATE_CHANGED;
}

void sv_process_forget_memory(struct sv_process *p)
{
	sv_strbuf_fini(&p->maps);
	sv_vec_fini(&p->vmas);
	sv_vec_fini(&p->ranges);
	sv_pages_fini(&p->pages);
	sv_frames_fini(&p->frames);
	sv_kernelmap_fini(&p->kernel);
}

void sv_process_fini(struct sv_process *p)
{
	sv_process_forget_memory(p);
	sv_strbuf_fini(&p->comm);
	sv_strbuf_fini(&p->exe);
	sv_strbuf_fini(&p->cmdline);
	sv_strbuf_fini(&p->cgroup);
	sv_vec_fini(&p->stacks);
	sv_strbuf_fini(&p->memcg);
}

bool sv_vma_same(const struct sv_vma *a, const struct sv_vma *b)
{
	return a->start == b->start && a->end == b->end && a->perms == b->perms &&
	       a->offset == b->offset && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && sv_span_eq(a->path, b->path);
}

static bool starts(struct sv_span s, const char *lit)
{
	return sv_take_lit(&s, lit);
}

static enum sv_kind bracket_kind(struct sv_span path)
{
	if (sv_span_is(path, "[heap]"))
		return SV_VMA_HEAP;
	if (starts(path, "[stack"))
		return SV_VMA_STACK;
	if (sv_span_is(path, "[vdso]") || sv_span_is(path, "[sigpage]"))
		return SV_VMA_VDSO;
	if (starts(path, "[vvar"))
		return SV_VMA_VVAR;
	if (sv_span_is(path, "[vsyscall]") || sv_span_is(path, "[vectors]"))
		return SV_VMA_VSYSCALL;
	return starts(path, "[anon_shmem:") ? SV_VMA_SHMEM : SV_VMA_ANON;
}

static enum sv_kind path_kind(const struct sv_vma *v)
{
	if (!v->path.len)
		return v->inode ? SV_VMA_FILE : SV_VMA_ANON;
	if (v->path.ptr[0] == '[' && !v->inode)
		return bracket_kind(v->path);
	if (starts(v->path, "/memfd:"))
		return SV_VMA_MEMFD;
	if (starts(v->path, "/SYSV") || starts(v->path, "/dev/shm/") ||
		sv_span_is(v->path, "/dev/zero (deleted)") || starts(v->path, "[anon_shmem:"))
		return SV_VMA_SHMEM;
	return SV_VMA_FILE;
}

enum sv_kind sv_vma_classify(const struct sv_vma *v)
{
	enum sv_kind kind = path_kind(v);
	uint64_t flags = v->flags.known ? v->flags.value : 0;

	if (v->secret == SV_SECRET_YES)
		return SV_VMA_SECRETMEM;
	if (kind == SV_VMA_VDSO || kind == SV_VMA_VVAR || kind == SV_VMA_VSYSCALL)
		return kind;
	if (flags & SV_VMFLAG_HUGETLB)
		return SV_VMA_HUGETLB;
	if (flags & SV_VMFLAG_PFNMAP)
		return SV_VMA_DEVICE;
	return kind;
}

bool sv_vma_secret_candidate(const struct sv_vma *v)
{
	return (v->perms & SV_PERM_SHARED) && v->inode &&
	       sv_span_ends(v->path, "/secretmem (deleted)");
}

bool sv_vma_pooled(const struct sv_vma *v)
{
	return v->secret != SV_SECRET_NO;
}

struct sv_num sv_vma_kept(const struct sv_vma *v)
{
	const uint64_t special = SV_VMFLAG_LOCKED | SV_VMFLAG_HUGETLB | SV_VMFLAG_PFNMAP |
				 SV_VMFLAG_MIXEDMAP | SV_VMFLAG_IO | SV_VMFLAG_DONTEXPAND;

	if (v->secret == SV_SECRET_YES || v->kind == SV_VMA_VDSO || v->kind == SV_VMA_VVAR ||
		v->kind == SV_VMA_VSYSCALL)
		return sv_known(1);
	if (v->flags.known && (v->flags.value & special))
		return sv_known(1);
	if (!v->flags.known || v->secret == SV_SECRET_UNKNOWN)
		return (struct sv_num) { 0 };
	return sv_known(0);
}

bool sv_vma_special(const struct sv_vma *v)
{
	return v->kind == SV_VMA_VSYSCALL || v->kind == SV_VMA_DEVICE ||
	       (v->kind == SV_VMA_VVAR && !v->pages);
}
