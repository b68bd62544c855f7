/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process, its VMAs and its pages, as they were observed. */
#ifndef SV_MODEL_PROCESS_H
#define SV_MODEL_PROCESS_H

#include "base/parse.h"
#include "base/strbuf.h"
#include "frame.h"
#include "kernelmap.h"
#include "pages.h"

enum sv_kind {
	SV_VMA_ANON,
	SV_VMA_HEAP,
	SV_VMA_STACK,
	SV_VMA_FILE,
	SV_VMA_SHMEM,
	SV_VMA_MEMFD,
	SV_VMA_SECRETMEM,
	SV_VMA_HUGETLB,
	SV_VMA_DEVICE, /* frames of a device or driver, which pagemap does not show */
	SV_VMA_VDSO,
	SV_VMA_VVAR,
	SV_VMA_VSYSCALL,
	SV_VMA_KIND_COUNT,
};

const char *sv_kind_name(enum sv_kind kind);

/* Is it secretmem? Only the magic number of the filesystem behind the mapping says yes. */
enum sv_secret { SV_SECRET_NO, SV_SECRET_YES, SV_SECRET_UNKNOWN };

#define SV_SECRETMEM_MAGIC UINT64_C(0x5345434d)

struct sv_vma {
	uint64_t start, end, offset;
	uint64_t dev_major, dev_minor, inode;
	unsigned int perms; /* enum sv_perm */
	enum sv_kind kind;
	enum sv_secret secret;
	struct sv_span path;			  /* points into the process's maps text */
	struct sv_num flags;			  /* enum sv_vmflag; unknown without smaps */
	struct sv_num rss, swap, huge, page_size; /* bytes, the kernel's own figures */
	struct sv_num anonymous;		  /* of rss: pages of its own, not of a file */
	struct sv_num ksm;			  /* of rss: merged with others (6.7) */
	bool changed;				  /* not the same VMA at the end of the reading */
	bool pages_read;			  /* all its pages were looked at */
	size_t page, pages; /* its pages among the process's: first, how many */
};

struct sv_range {
	uint64_t start, end; /* addresses */
};

/* Where a thread's stack pointer was when it was looked at; unknown while the thread runs. */
struct sv_thread {
	pid_t tid;
	struct sv_num sp;
};

enum sv_why {
	SV_WHY_NAMED = 1u << 0, /* by a selection option */
	SV_WHY_ALL = 1u << 1,
	SV_WHY_REALTIME = 1u << 2,
	SV_WHY_LOCKED = 1u << 3,
	SV_WHY_OOM_EXEMPT = 1u << 4,
	SV_WHY_SECRETMEM = 1u << 5,
};

enum sv_fate {
	SV_FATE_STABLE,
	SV_FATE_CHANGED,  /* it kept changing; what stayed the same is valid */
	SV_FATE_VANISHED, /* it ended or was replaced; nothing of its memory is claimed */
	SV_FATE_UNREAD,	  /* its memory could not be read */
};

struct sv_process {
	pid_t pid;
	int64_t ppid;
	uint64_t start_ticks;
	uint64_t threads;
	char state;
	bool kernel_thread;
	struct sv_strbuf comm, exe, cmdline, cgroup; /* bytes of any content */
	bool exe_known;
	struct sv_num tgid;			/* number of its group: another one for a thread */
	struct sv_num uid, policy, rt_priority; /* the most urgent thread's policy */
	struct sv_num rss, locked, swap, vsize; /* bytes, from status */
	struct sv_num vm_pte;			/* bytes of its page tables, from status */
	struct sv_num pinned;			/* bytes pinned for devices, from status */
	struct sv_num tracer;			/* process that traces it; 0: none */
	struct sv_num oom_score;
	bool oom_adj_known;
	int64_t oom_adj;
	struct sv_num memlock_soft, memlock_hard; /* bytes; UINT64_MAX: unlimited */
	struct sv_num stack_limit;		  /* soft RLIMIT_STACK, as memlock_soft */
	struct sv_num capabilities;		  /* effective, a bit mask */
	struct sv_num thp_enabled;		  /* 0: the process has asked for no huge pages */
	struct sv_num as_soft, data_soft;	  /* of its address space, of its data; the same */
	struct sv_num vdata;			  /* bytes, from status: what RLIMIT_DATA counts */
	struct sv_num user_ns_initial;		  /* 1: that is the first one */
	struct sv_strbuf memcg;	    /* path of the group that its memory is charged to */
	unsigned int memcg_version; /* 1, 2; 0: in none, or not known */
	struct sv_num memcg_index;  /* among the groups that were read */
	unsigned int why;	    /* enum sv_why */
	bool why_known;		    /* false: it may hold secretmem */
	bool selected;

	bool begun; /* its pages were listed, and are looked at again after a pass over all frames
		     */
	/* Whose memory it shares as a whole (CLONE_VM, vfork): an earlier process, or 0. */
	pid_t memory_of;
	bool memory_doubt;	 /* it may be another one's as a whole; nothing told */
	bool memory_of_observed; /* by their frames; else inferred from equal mappings */

	bool stacks_known; /* all its threads are in stacks */
	struct {
		struct sv_thread *ptr;
		size_t len, cap;
	} stacks;

	enum sv_fate fate;
	struct sv_strbuf maps; /* the text that the VMAs' paths point into */
	struct {
		struct sv_vma *ptr;
		size_t len, cap;
	} vmas;
	struct {
		struct sv_range *ptr;
		size_t len, cap;
	} ranges;		      /* which addresses were looked at, page by page */
	struct sv_pages pages;	      /* pages without an entry are absent and not kept */
	struct sv_frame_index frames; /* of the pages */
	struct sv_kernelmap kernel;   /* how the kernel maps these pages' frames */
};

/* Its memory was read, and what is known of it is valid but where it is marked as changed. */
bool sv_process_was_read(const struct sv_process *p);

void sv_process_fini(struct sv_process *p);

/* Drops what was read of its memory, keeps who it is. */
void sv_process_forget_memory(struct sv_process *p);

/* The same line of maps: addresses, permissions, file and name. */
bool sv_vma_same(const struct sv_vma *a, const struct sv_vma *b);

/* Kind by path, permissions and flags; secretmem only when secret is YES. */
enum sv_kind sv_vma_classify(const struct sv_vma *v);

/* True when the path is the one that secretmem mappings have: the question is then worth asking. */
bool sv_vma_secret_candidate(const struct sv_vma *v);

/* Do its frames belong to a pool, or may they? Their further mappings are always looked for. */
bool sv_vma_pooled(const struct sv_vma *v);

/*
 * Whether reclaim must leave its pages in memory: locked, secretmem, hugetlb, or memory that the
 * kernel itself provides. known is false without the VMA's flags.
 */
struct sv_num sv_vma_kept(const struct sv_vma *v);

/* Frames are not visible in pagemap: vvar, devices, the gate page. */
bool sv_vma_special(const struct sv_vma *v);

#endif
