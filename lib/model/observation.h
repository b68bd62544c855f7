/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that one look at a system gave, with everything that it did not give. Constant once made. */
#ifndef SV_MODEL_OBSERVATION_H
#define SV_MODEL_OBSERVATION_H

#include "claim.h"
#include "exposure.h"
#include "faultlog.h"
#include "hardening.h"
#include "iface/interfaces.h"
#include "iface/kcore.h"
#include "pgtable.h"
#include "pool.h"
#include "pressure.h"
#include "process.h"
#include "raster.h"
#include "safevma.h"
#include "series.h"
#include "source.h"
#include "slab.h"
#include "share.h"

struct sv_gap {
	const char *interface; /* name, static */
	pid_t pid;	       /* 0: no process */
	enum safevma_code code;
	int errnum;
	char *reason;	   /* owned */
	const char *costs; /* static; NULL: no claim */
	bool folded;	   /* in words, an earlier gap of its sort speaks for it */
	bool standing;	   /* of this version, not of this system: in JSON alone */
	bool counts;	   /* a requested figure is missing because of it */
	char *line;	   /* owned: the whole in words */
};

struct sv_host {
	char release[128], machine[32], boot_id[64], hypervisor[64];
	bool hypervisor_known;
	uint64_t page_size, clock_ticks;
};

struct sv_features {
	int pfn_visible, pagemap_scan, procmap_query; /* 1, 0, -1 cannot be told */
};

struct sv_times {
	uint64_t realtime_ns, boottime_ns;
};

struct sv_observed_cost {
	struct sv_num cpu_us, max_rss_kb, bytes_read, lock_reads, longest_read_us;
};

/* Settings and totals; sizes in bytes. Unknown where not read or where the kernel does not say. */
struct sv_system {
	struct sv_num overcommit_memory, overcommit_ratio, overcommit_bytes;
	struct sv_num admin_reserve, user_reserve;
	struct sv_num mem_total, commit_limit, committed_as, system_ram;
	struct sv_num committed_before; /* committed_as before all processes were read */
	struct sv_num swap_total, shmem, hugetlb, page_tables, kernel_stacks, slab_unreclaimable,
		percpu;
	struct sv_num block_pages;    /* pages of a pageblock */
	struct sv_num reserved_bytes; /* of the physical address map, beside RAM */
	struct sv_num hwpoison_bytes, low_total;
	struct sv_num direct_4k, direct_2m, direct_4m, direct_1g; /* x86: by size of entry, bytes */
	struct sv_num kfence; /* 1: the kernel samples with KFENCE; 0: it has none, or it is off */
	struct sv_num debug_pagealloc; /* 1: free memory is taken out of the linear map */
	struct sv_num level2_splits,
		level3_splits; /* of large pages of the linear map, since boot */
};

enum sv_thp { SV_THP_UNKNOWN, SV_THP_NEVER, SV_THP_MADVISE, SV_THP_ALWAYS };

/* What moves or unmaps memory that is locked. 0 where the kernel has no such thing. */
struct sv_movers {
	struct sv_num compaction;	   /* the kernel has it */
	struct sv_num compact_unevictable; /* and it takes locked memory too */
	struct sv_num numa_balancing, ksm_run;
	struct sv_num khugepaged_defrag, thp_bytes; /* thp_bytes: size of a huge page */
	enum sv_thp thp;
};

/* How one interface answered here. */
struct sv_iface_state {
	bool tried;
	bool readable;
	bool useful; /* readable, and not with its content hidden */
	enum safevma_code code;
	int errnum;
	char note[160];
};

/* Totals of one pass over every frame, and the kernel's own. */
struct sv_totals {
	bool made;
	uint64_t frames, by_class[SV_CLASS_COUNT], mlocked, unevictable;
	struct sv_num meminfo_slab, meminfo_mlocked, meminfo_pagetables,
		meminfo_unevictable; /* bytes, before the pass */
	struct sv_num after_slab, after_mlocked, after_pagetables, after_unevictable;
};

/* The whole of the kernel's page tables. */
struct sv_kernel_view {
	bool known;	    /* they were read */
	const char *source; /* interface that gave them; static */
	struct sv_kcore kcore;
	struct sv_pgtable pg;
	struct sv_kernelmap map; /* linear: all RAM; others: every mapping */
	bool pools_known;
	uint64_t pool_frames[SV_POOL_COUNT]; /* frames that are absent, by what explains it */
	struct sv_comparison compared;
};

/*
 * Results of layers above that are wanted again and again, made when first asked for. The one thing
 * of an observation that is not constant.
 */
struct sv_memo {
	void *figures; /* measure/figures.c: of each process */
};

struct safevma_observation {
	struct sv_memo *memo; /* owned; NULL: nothing is kept */
	unsigned int needs;
	bool no_smaps, aliases;
	struct sv_host host;
	struct sv_features features;
	struct sv_times from, to;
	struct sv_num euid, capabilities;
	struct sv_observed_cost cost;
	bool selection_named;

	struct sv_num swap_areas;
	struct sv_num highmem_start_pfn; /* known on machines with HighMem */
	struct sv_num highmem_frames;
	bool zones_known;
	struct sv_zone_spans zones; /* with memory */
	struct sv_system system;
	struct sv_movers movers;
	bool config_known;
	struct sv_strbuf config; /* text of the kernel configuration */
	char config_source[64];

	struct {
		struct sv_process *ptr;
		size_t len, cap;
	} processes;
	struct {
		struct sv_gap *ptr;
		size_t len, cap;
	} gaps;
	struct sv_kernel_view kernel;
	bool holders_known;
	struct {
		struct sv_holder *ptr;
		size_t len, cap;
	} holders; /* by process, mappings first */
	struct sv_iface_state ifaces[SV_IFACE_COUNT];
	struct sv_totals totals;
	struct sv_exposure exposure;
	struct sv_raster raster;
	struct sv_block_types block_types;
	struct sv_slabs slabs;
	struct sv_slab_growth slab_growth;
	struct sv_series series; /* the selected, look by look */
	struct sv_faultlog faults;
	struct sv_pressure pressure;
	struct sv_hardening hardening;
	struct sv_sharing share;
	pid_t observers[2];	     /* the observer's own processes; 0: not known */
	uint64_t fit_bytes;	     /* would so much fit; 0: not asked */
	struct sv_holdings holdings; /* of frames beside those of the selected */
	struct sv_process target;    /* no process: the frames that were asked for by number */
	struct {
		struct sv_claim_result *ptr;
		size_t len, cap;
	} claims; /* worst first, then in order of the ledger */
};

/*
 * A kernel thread is listed. They are in the first PID namespace and hidden like any process of
 * others: so all processes are listed, and process 1 is that of all.
 */
bool sv_first_namespace(const safevma_observation *obs);

/*
 * Adds a gap. why tells code, errno and reason. counts: a figure that was asked for is missing
 * because of it. Memory being out is the only failure.
 */
int sv_gap_add(safevma_observation *obs, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, bool counts, struct safevma_error *err);

/* A limit of this version: what it does not look for yet. */
int sv_gap_add_standing(safevma_observation *obs, enum sv_iface iface, const char *reason,
	const char *costs, struct safevma_error *err);

/*
 * In words, gaps that differ in the process alone become one line. Last of all: the gaps' texts
 * change.
 */
int sv_gaps_fold(safevma_observation *obs, struct safevma_error *err);

/*
 * The gaps from number first on are about what was read beside the request: no figure that was
 * asked for is missing because of them, but costs (static). -1: memory is out.
 */
int sv_gaps_beside(
	safevma_observation *obs, size_t first, const char *costs, struct safevma_error *err);

/* Forgets the gaps from number first on: what they are about is not missed. */
void sv_gaps_drop(safevma_observation *obs, size_t first);

/* As sv_gap_add(), with what it costs in the caller's words (static). */
int sv_gap_add_cost(safevma_observation *obs, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, bool counts, const char *costs, struct safevma_error *err);

#endif
