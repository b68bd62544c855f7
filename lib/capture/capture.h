/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making an observation. Rounds: the host, the processes and which are selected, then for each
 * selected one maps -> smaps -> pagemap -> kpage* -> pagemap -> maps. The only layer above iface
 * that touches the root.
 *
 * Functions return 0, or -1 for what ends everything (memory is out). What could not be read is a
 * gap in the observation.
 */
#ifndef SV_CAPTURE_CAPTURE_H
#define SV_CAPTURE_CAPTURE_H

#include "iface/maps.h"
#include "iface/root.h"
#include "iface/smaps.h"
#include "iface/stat.h"
#include "model/observation.h"

struct sv_capture {
	safevma_root *root;
	safevma_observation *obs;
	const struct safevma_request *request;
	pid_t self, opener; /* the observer's own processes; 0 not known */
	pid_t command;	    /* a program that waits to be run, and is selected; 0: none */
	bool filled;	    /* a pass over all frames has looked up those of the processes */
	/*
	 * While processes are read that were not selected: pages in these frames alone are kept,
	 * and nothing is read of them but mappings and pages. NULL: all of what was asked for is.
	 */
	const struct sv_frame_index *wanted;
};

/* Where we are, when, with which rights; swap areas and zones. */
int sv_capture_host(struct sv_capture *c, struct safevma_error *err);
int sv_capture_clock(
	struct sv_capture *c, const char *which, struct sv_times *ret, struct safevma_error *err);
int sv_capture_cost(struct sv_capture *c, struct safevma_error *err);

/* Kernel configuration and overcommit policy. */
int sv_capture_system(struct sv_capture *c, struct safevma_error *err);

/* Processes, and why each is selected. */
int sv_capture_processes(struct sv_capture *c, struct safevma_error *err);

/* Fills in why a process is selected, if it is; asks whether it holds secretmem. */
int sv_capture_select(struct sv_capture *c, struct sv_process *p, struct safevma_error *err);
bool sv_selection_named(const struct safevma_selection *s);

/* A real-time class of the scheduler. */
bool sv_policy_real_time(struct sv_num policy);

/* The process is not there any more; false of all that a recording lost. */
bool sv_is_gone(const struct safevma_error *why);

/*
 * VMAs, pages and frames of one selected process. In two steps where frames are looked up in one
 * pass for all: begin lists the pages, end looks whether they stayed the same.
 */
int sv_capture_memory(struct sv_capture *c, struct sv_process *p, struct safevma_error *err);
int sv_capture_memory_begin(struct sv_capture *c, struct sv_process *p, struct safevma_error *err);
int sv_capture_memory_end(struct sv_capture *c, struct sv_process *p, struct safevma_error *err);

/* Flags and sizes of p's VMAs by smaps; by PROCMAP_QUERY where that is not to be read. */
int sv_capture_smaps(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err);
int sv_capture_query(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err);

/* Pages of p's VMAs: first look, second look. tag tells the looks apart. */
int sv_capture_pages(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err);
int sv_capture_pages_again(struct sv_capture *c, struct sv_process *p, const char *tag,
	size_t *changed, struct safevma_error *err);

/* Frames of p's pages and what lies beside them. Files opened once a try; look may be repeated. */
enum { SV_HEAD_BLOCK = 512 }; /* frames read at once on the way back to a compound head */

struct sv_head_block {
	uint64_t first;
	size_t have; /* 0: nothing read */
	uint64_t words[SV_HEAD_BLOCK];
};

struct sv_kpages {
	struct sv_file *flags, *count, *cgroup;
	bool tails_repeat;	   /* tails were seen to show the flags of their heads */
	uint64_t tail, head_flags; /* the last tail whose head was found */
	struct sv_head_block block;
};
int sv_capture_frames_open(struct sv_capture *c, struct sv_kpages *k, const char *flags_tag,
	const char *tag, struct safevma_error *err);
void sv_capture_frames_close(struct sv_kpages *k);
int sv_capture_frames(struct sv_capture *c, struct sv_kpages *k, struct sv_process *p,
	bool changed_only, struct safevma_error *err);

/* How the kernel's page tables have the frames of p's pages. Fills p->kernel where it can. */
int sv_capture_reach(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err);

/* The kernel's own page tables, all of them, and what explains the frames that they lack. */
int sv_capture_linear(struct sv_capture *c, struct safevma_error *err);

/* Who holds secretmem, by mappings and by descriptors, of all processes. */
int sv_capture_holders(struct sv_capture *c, struct safevma_error *err);

/*
 * Words of frames [pfn, pfn + n) of one of these files. *have: how many there are; fewer than n
 * only past the last frame of the machine. 1, 0 with *why, -1.
 */
int sv_capture_words(struct sv_file *f, uint64_t pfn, size_t n, uint64_t *buf, size_t *have,
	struct safevma_error *why, struct safevma_error *err);

/*
 * Whether a file of words that ended at frame end was cut: the zones go on. Then why says so. What
 * is not there is unread, and no hole.
 */
bool sv_capture_cut(const struct sv_capture *c, const struct sv_file *f, uint64_t end,
	struct safevma_error *why);

/*
 * Looks at the frames of p's pages once more that have something unclassified beside them, for what
 * one pass over the flags does not tell.
 */
int sv_capture_frames_refine(
	struct sv_capture *c, struct sv_kpages *k, struct sv_process *p, struct safevma_error *err);

/* What the frames that are in p's index are. */
int sv_capture_frames_refill(
	struct sv_capture *c, struct sv_kpages *k, struct sv_process *p, struct safevma_error *err);

/* Pageblocks of the frames in an index, read from f: distance to sources, mixing. */
int sv_capture_around(struct sv_capture *c, struct sv_file *f, struct sv_frame_index *index,
	struct safevma_error *err);

/* The size of a pageblock, without which there is no exposure; a gap where it is not known. */
int sv_capture_block_order(struct sv_capture *c, struct safevma_error *err);

/*
 * Which processes have the memory of another (CLONE_VM, vfork), among those that have pages or,
 * with everyone, all: fills in memory_of.
 */
int sv_capture_find_shared(struct sv_capture *c, bool everyone, struct safevma_error *err);

/* The same among these, in order of number. tag: begins the tags of what is read for it. */
int sv_capture_find_twins(struct sv_capture *c, struct sv_process *const *all, size_t n,
	const char *tag, struct safevma_error *err);

/*
 * Pages of all other processes in the frames of the selected, once those of the selected were
 * listed; then, when these were looked at again, which processes have one memory, and descriptors.
 */
int sv_capture_share(struct sv_capture *c, struct safevma_error *err);
int sv_capture_share_end(struct sv_capture *c, struct safevma_error *err);

/* Descriptors of memory, or of ways to it, of all processes. */
int sv_capture_descriptors(struct sv_capture *c, struct safevma_error *err);

/* The frames that were asked for by number. */
int sv_capture_owners(struct sv_capture *c, struct safevma_error *err);

/* Makes the index of p's frames without reading anything. */
int sv_capture_frames_index(struct sv_process *p, struct safevma_error *err);

/*
 * Flag words of the frames [first, first + n) for f, a kpageflags. 1; 0 with *why; -1. Frames past
 * the machine's last one come out as no memory.
 */
int sv_capture_flags(struct sv_file *f, uint64_t first, size_t n, uint64_t *words,
	struct safevma_error *why, struct safevma_error *err);

/* The selected again and again, for a time. */
int sv_capture_watch(struct sv_capture *c, struct safevma_error *err);

/* Page faults of the selected as they happen, for a time. */
int sv_capture_faults(struct sv_capture *c, struct safevma_error *err);

/* What every process was promised, and the budget that is to keep it. */
int sv_capture_commit(struct sv_capture *c, struct safevma_error *err);

/* Stalls, zones, swap, settings; the groups of the selected processes and their limits. */
int sv_capture_pressure(struct sv_capture *c, struct safevma_error *err);
int sv_capture_groups(struct sv_capture *c, struct safevma_error *err);

/* Settings, command line and CPU features that say how the kernel behaves. */
int sv_capture_hardening(struct sv_capture *c, struct safevma_error *err);

/* How a file answered that may well not be there; a gap where it should have answered. */
int sv_capture_answer(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	enum sv_answer *answer, struct safevma_error *err);

/* Settings of the budget that nothing else needs; totals once more, under a tag of their own. */
int sv_capture_reserves(struct sv_capture *c, struct safevma_error *err);
int sv_capture_meminfo(struct sv_capture *c, const char *tag, struct safevma_error *err);

/*
 * What tells of a lock that it is none: settings that move locked memory, stacks of the threads of
 * the selected.
 */
int sv_capture_locks(struct sv_capture *c, struct safevma_error *err);

/* Caches of the slab allocator. */
int sv_capture_slab(struct sv_capture *c, struct safevma_error *err);

/* The same once more when the window of the request is over. */
int sv_capture_slab_growth(struct sv_capture *c, struct safevma_error *err);

/* Which interfaces can be read here. */
int sv_capture_interfaces(struct sv_capture *c, struct safevma_error *err);

/*
 * One pass over all frames, for the exposure of the whole machine and of each selected process; for
 * totals between two readings of meminfo. fill: the processes' frames were not looked up otherwise.
 */
int sv_capture_pass(struct sv_capture *c, bool fill, struct safevma_error *err);

/* What smaps says of a VMA. */
void sv_capture_merge_smaps(struct sv_vma *v, const struct sv_smaps_entry *entry);

/* VMAs out of the text in p->maps. */
int sv_capture_parse_maps(struct sv_process *p, const char *name, struct safevma_error *err);

/*
 * A whole text file. 1: it is in ret; 0: it could not be read, *why says how; -1: memory is out.
 */
int sv_capture_text(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	struct safevma_error *why, struct safevma_error *err);

/*
 * stat of a process, which is pinned: from then on its number means no other one. text: what
 * ret->comm points into. 1: it is in ret; 0: it could not be read, *why says how; -1.
 */
int sv_capture_stat(struct sv_capture *c, pid_t pid, const char *tag, struct sv_strbuf *text,
	struct sv_stat *ret, struct safevma_error *why, struct safevma_error *err);

/*
 * Open descriptors of a process: each is called with what the link of a descriptor says, gap with
 * what could not be read. Both return 0, or -1 to end it.
 */
struct sv_fd_walk {
	const char *tag;
	int (*gap)(struct sv_capture *c, enum sv_iface iface, pid_t pid,
		const struct safevma_error *why, struct safevma_error *err);
	int (*each)(struct sv_capture *c, const struct sv_process *p, const char *fd,
		const struct sv_strbuf *target, struct safevma_error *err);
};

int sv_capture_fds(struct sv_capture *c, const struct sv_process *p, const struct sv_fd_walk *w,
	struct safevma_error *err);

/* The same for the other operations. */
int sv_capture_call(struct sv_capture *c, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *why, struct safevma_error *err);

/*
 * Asks for the filesystem behind a mapping and sets v->secret by its magic number. 1; 0: it could
 * not be told, *why, and v->secret is UNKNOWN; -1.
 */
int sv_capture_secret(struct sv_capture *c, pid_t pid, struct sv_vma *v, const char *tag,
	struct safevma_error *why, struct safevma_error *err);

/* Whether a filesystem is secretmem's, by the answer of SV_OP_MAGIC. */
enum sv_secret sv_secret_by_magic(const struct sv_strbuf *magic);

/* A VMA as a line of maps has it; the path points into the text. */
struct sv_vma sv_vma_of_entry(const struct sv_maps_entry *entry);

/* Value after "KEY " at a line's start in the text of a note, as text or as a number. */
bool sv_note_value(const struct sv_strbuf *text, const char *key, struct sv_span *ret);
struct sv_num sv_note_number(const struct sv_strbuf *text, const char *key);

#endif
