// SPDX-License-Identifier: LGPL-2.1-or-later
/* commit: the overcommit policy, the budget, and promise against backing of each process. */
#include <string.h>

#include "table.h"

#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)
#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)

/* A getter of one expression; s and b are at hand. */
#define GET(name, expr)                                                                            \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_system *s = &c->obs->system;                                       \
		const struct sv_commit_budget *b = &c->budget;                                     \
		(void)s;                                                                           \
		(void)b;                                                                           \
		return expr;                                                                       \
	}

/* ---- policy ---------------------------------------------------------------------------------- */

enum { MODES = 3 };

static struct safevma_value by_mode(const safevma_cursor *c, const char *const texts[static MODES])
{
	struct sv_num mode = c->obs->system.overcommit_memory;

	return mode.known && mode.value < MODES ? sv_value_text(texts[mode.value])
						: sv_value_unknown();
}

static struct safevma_value get_policy(safevma_cursor *c)
{
	static const char *const names[] = { "heuristic", "always", "never" };

	return by_mode(c, names);
}

static struct safevma_value get_refuses(safevma_cursor *c)
{
	static const char *const texts[] = { "one request above RAM and swap", "nothing",
		"what goes beyond the limit" };

	return by_mode(c, texts);
}

static struct safevma_value get_limit_by(safevma_cursor *c)
{
	struct sv_num size = c->obs->system.overcommit_bytes;

	return size.known ? sv_value_text(size.value ? "kbytes" : "ratio") : sv_value_unknown();
}

/* In mode 2 the kernel does not heed MAP_NORESERVE. */
static struct safevma_value get_not_covered(safevma_cursor *c)
{
	struct sv_num mode = c->obs->system.overcommit_memory;

	if (!mode.known)
		return sv_value_unknown();
	return sv_value_words(mode.value == 2
				      ? "secretmem hugetlb page-tables slab cgroups"
				      : "noreserve secretmem hugetlb page-tables slab cgroups");
}

GET(mode, COUNT(s->overcommit_memory))
GET(ratio, COUNT(s->overcommit_ratio))
GET(kbytes, BYTES(s->overcommit_bytes))
GET(admin, BYTES(s->admin_reserve))
GET(user, BYTES(s->user_reserve))
GET(swap_total, BYTES(s->swap_total))
GET(hugetlb, BYTES(s->hugetlb))

static bool next_policy(safevma_cursor *c)
{
	return !c->next_index++;
}

static const struct sv_column policy_columns[] = {
	SV_COL("MODE", "overcommit_memory", "vm.overcommit_memory", U64, true, get_mode),
	SV_COL("POLICY", "name", "heuristic (0), always (1) or never (2) overcommit", STRING, true,
		get_policy),
	SV_COL("REFUSES", "refuses", "what mmap, brk and fork are refused for", STRING, true,
		get_refuses),
	SV_COL("LIMIT-BY", "limit_by", "what sets the limit: ratio or kbytes", STRING, true,
		get_limit_by),
	SV_COL("RATIO", "overcommit_ratio", "percent of RAM without huge pages; 0: kbytes holds",
		U64, true, get_ratio),
	SV_COL("KBYTES", "overcommit_bytes", "vm.overcommit_kbytes; 0: the ratio holds", BYTES,
		true, get_kbytes),
	SV_COL("ADMIN-RESERVE", "admin_reserve_bytes",
		"never: kept of the limit from all but CAP_SYS_ADMIN", BYTES, true, get_admin),
	SV_COL("USER-RESERVE", "user_reserve_bytes",
		"never: kept at most from a process, or 1/32 of its size", BYTES, true, get_user),
	SV_COL("SWAP", "swap_total_bytes", "swap, which adds to the limit", BYTES, true,
		get_swap_total),
	SV_COL("HUGETLB", "hugetlb_bytes", "huge page pool, which the ratio leaves out", BYTES,
		true, get_hugetlb),
	SV_COL("NOT-COVERED", "not_covered",
		"in no account of this policy, and can run out all "
		"the same",
		WORDS, true, get_not_covered),
};

static bool always(const safevma_observation *obs)
{
	(void)obs;
	return true;
}

const struct safevma_table sv_table_policy = {
	.name = "policy",
	.row_member = "policy",
	.row_columns = policy_columns,
	.row_count = sv_array_size(policy_columns),
	.next_row = next_policy,
	.upright = true,
	.wanted = always,
	.also = &sv_table_budget,
	.none = "no policy is known",
};

/* ---- budget ---------------------------------------------------------------------------------- */

static bool next_budget(safevma_cursor *c)
{
	if (c->next_index++)
		return false;
	if (sv_measure_commit(c->obs, &c->budget)) {
		c->failed = true;
		return false;
	}
	return true;
}

static struct safevma_value get_ratio_of_sum(safevma_cursor *c)
{
	struct sv_num sum = c->budget.accounted, all = c->obs->system.committed_as;

	if (!sum.known || !all.known || !all.value)
		return sv_value_unknown();
	return sv_value_real((double)sum.value / (double)all.value);
}

static struct safevma_value get_difference(safevma_cursor *c)
{
	struct sv_num sum = c->budget.accounted, all = c->obs->system.committed_as;

	if (!sum.known || !all.known)
		return sv_value_unknown();
	return sv_value_i64((int64_t)(sum.value - all.value));
}

static struct safevma_value get_duplicates_basis(safevma_cursor *c)
{
	const struct sv_commit_budget *b = &c->budget;

	return sv_value_text(!b->duplicates ? "none" : b->inferred ? "inferred" : "observed");
}

GET(mem_total, BYTES(s->mem_total))
GET(limit, BYTES(s->commit_limit))
GET(recomputed, BYTES(b->recomputed))
GET(enforced, sv_value_bool_num(b->enforced))
GET(committed, BYTES(s->committed_as))
GET(committed_before, BYTES(s->committed_before))
GET(headroom, BYTES(b->headroom))
GET(over, BYTES(b->over))
GET(promised_sum, BYTES(b->promised))
GET(promised_seen, BYTES(b->promised_seen))
GET(secretmem_seen, BYTES(b->secretmem_seen))
GET(unbacked_sum, BYTES(b->unbacked))
GET(shmem, BYTES(s->shmem))
GET(accounted, BYTES(b->accounted))
GET(duplicates, sv_value_u64(SAFEVMA_TYPE_U64, b->duplicates))
GET(secretmem_sum, BYTES(b->secretmem))
GET(secretmem_resident, BYTES(b->secretmem_resident))
GET(page_tables, BYTES(s->page_tables))
GET(kernel_stacks, BYTES(s->kernel_stacks))
GET(slab, BYTES(s->slab_unreclaimable))
GET(percpu, BYTES(s->percpu))
GET(noreserve_sum, BYTES(b->noreserve))
GET(noreserve_backed, BYTES(b->noreserve_backed))
GET(unaccounted, BYTES(b->unaccounted))
GET(capacity, BYTES(b->capacity))
GET(worst, BYTES(b->worst))
GET(worst_over, BYTES(b->worst_over))

static const struct sv_column budget_columns[] = {
	SV_COL("RAM", "mem_total_bytes", "MemTotal", BYTES, true, get_mem_total),
	SV_COL("SWAP", "swap_total_bytes", "SwapTotal", BYTES, true, get_swap_total),
	SV_COL("LIMIT", "commit_limit_bytes", "CommitLimit, as the kernel has it", BYTES, true,
		get_limit),
	SV_COL("RECOMPUTED", "commit_limit_recomputed_bytes", "the same by its formula", BYTES,
		true, get_recomputed),
	SV_COL("ENFORCED", "enforced", "whether requests beyond the limit are refused", BOOL, true,
		get_enforced),
	SV_COL("COMMITTED", "committed_as_bytes", "Committed_AS: what is promised", BYTES, true,
		get_committed),
	SV_COL("COMMITTED-BEFORE", "committed_as_before_bytes",
		"the same, before the processes were read", BYTES, false, get_committed_before),
	SV_COL("HEADROOM", "headroom_bytes", "left below the limit, reserves included", BYTES, true,
		get_headroom),
	SV_ALARM("OVER", "over_bytes", "promised beyond the limit", BYTES, true, get_over),
	SV_COL("PROMISED", "promised_bytes", "promised to processes, by their mappings", BYTES,
		true, get_promised_sum),
	SV_COL("PROMISED-SEEN", "promised_seen_bytes",
		"the same of those that could be read: at least", BYTES, true, get_promised_seen),
	SV_COL("UNBACKED", "unbacked_bytes", "of PROMISED, not there yet: a touch can fail or kill",
		BYTES, true, get_unbacked_sum),
	SV_COL("SHMEM", "shmem_bytes", "shared memory, promised to whoever made it", BYTES, true,
		get_shmem),
	SV_COL("ACCOUNTED", "accounted_sum_bytes", "PROMISED + SHMEM: what COMMITTED should be",
		BYTES, true, get_accounted),
	SV_COL("DIFFERENCE", "accounted_difference_bytes",
		"ACCOUNTED - COMMITTED, in bytes; read at different moments", I64, false,
		get_difference),
	SV_COL("AGREEMENT", "accounted_ratio", "ACCOUNTED / COMMITTED; read at different moments",
		REAL, true, get_ratio_of_sum),
	SV_COL("SHARING", "duplicate_processes",
		"processes with the memory of another, left out of sums", U64, true,
		get_duplicates),
	SV_COL("SHARING-BASIS", "duplicate_basis", "how that is known", STRING, false,
		get_duplicates_basis),
	SV_COL("SECRETMEM", "secretmem_bytes", "outside COMMITTED: mapped secretmem, each once",
		BYTES, true, get_secretmem_sum),
	SV_COL("SECRETMEM-SEEN", "secretmem_seen_bytes",
		"the same of processes that could be read: at least", BYTES, true,
		get_secretmem_seen),
	SV_COL("SECRETMEM-RESIDENT", "secretmem_resident_bytes", "of SECRETMEM, there at least",
		BYTES, false, get_secretmem_resident),
	SV_COL("HUGETLB", "hugetlb_bytes", "outside COMMITTED: the pool of huge pages", BYTES, true,
		get_hugetlb),
	SV_COL("PAGE-TABLES", "page_tables_bytes", "outside COMMITTED", BYTES, true,
		get_page_tables),
	SV_COL("KERNEL-STACKS", "kernel_stack_bytes", "outside COMMITTED", BYTES, true,
		get_kernel_stacks),
	SV_COL("SLAB", "slab_unreclaimable_bytes", "outside COMMITTED: what cannot be reclaimed",
		BYTES, true, get_slab),
	SV_COL("PERCPU", "percpu_bytes", "outside COMMITTED", BYTES, true, get_percpu),
	SV_COL("NORESERVE", "noreserve_backed_bytes", "outside COMMITTED: MAP_NORESERVE, in use",
		BYTES, true, get_noreserve_backed),
	SV_COL("NORESERVE-SIZE", "noreserve_bytes", "MAP_NORESERVE, granted without any account",
		BYTES, true, get_noreserve_sum),
	SV_COL("UNACCOUNTED", "unaccounted_bytes", "sum of what is outside COMMITTED", BYTES, true,
		get_unaccounted),
	SV_COL("CAPACITY", "capacity_bytes", "RAM + SWAP", BYTES, true, get_capacity),
	SV_COL("WORST-CASE", "worst_case_bytes", "COMMITTED + UNACCOUNTED: all of it is touched",
		BYTES, true, get_worst),
	SV_ALARM("WORST-CASE-OVER", "worst_case_over_bytes",
		"of that, beyond CAPACITY: the OOM killer decides", BYTES, true, get_worst_over),
};

const struct safevma_table sv_table_budget = {
	.name = "budget",
	.row_member = "budget",
	.row_columns = budget_columns,
	.row_count = sv_array_size(budget_columns),
	.next_row = next_budget,
	.upright = true,
	.wanted = always,
	.none = "no budget is known",
};

/* ---- processes ------------------------------------------------------------------------------- */

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_measure_commit_process(c->process, &c->commit_process);
	return true;
}

static bool next_row(safevma_cursor *c)
{
	while (c->next_index < c->process->vmas.len) {
		c->vma = &c->process->vmas.ptr[c->next_index++];
		sv_measure_commit_vma(c->vma, &c->commit_vma);
		if (c->commit_vma.accounting != SV_ACCOUNTING_NONE)
			return true;
	}
	return false;
}

#define PROCESS(name, expr)                                                                        \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_process *p = c->process;                                           \
		const struct sv_commit_process *f = &c->commit_process;                            \
		(void)p;                                                                           \
		(void)f;                                                                           \
		return expr;                                                                       \
	}

PROCESS(promised, BYTES(f->promised))
PROCESS(backed, BYTES(f->backed))
PROCESS(unbacked, BYTES(f->unbacked))
PROCESS(noreserve, BYTES(f->noreserve))
PROCESS(secretmem, BYTES(f->secretmem))
PROCESS(huge, BYTES(f->hugetlb))
PROCESS(shared, BYTES(f->shared))
PROCESS(vm_pte, BYTES(p->vm_pte))
PROCESS(rss, BYTES(p->rss))
PROCESS(swap, BYTES(p->swap))
PROCESS(oom_adj, p->oom_adj_known ? sv_value_i64(p->oom_adj) : sv_value_unknown())
PROCESS(memory_of, f->promised.known ? sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)p->memory_of)
				     : sv_value_unknown())
PROCESS(memory_of_basis, !f->promised.known ? sv_value_unknown()
					    : sv_value_text(!p->memory_of	    ? "none"
							    : p->memory_of_observed ? "observed"
										    : "inferred"))

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	SV_COL("PROMISED", "promised_bytes", "what it adds to Committed_AS", BYTES, true,
		get_promised),
	SV_COL("BACKED", "backed_bytes", "of that, in memory or in swap", BYTES, true, get_backed),
	SV_ALARM("UNBACKED", "unbacked_bytes", "of that, not there yet: can still fail or kill",
		BYTES, true, get_unbacked),
	SV_COL("NORESERVE", "noreserve_bytes", "granted without any account", BYTES, true,
		get_noreserve),
	SV_COL("SECRETMEM", "secretmem_bytes", "mapped; in no account", BYTES, true, get_secretmem),
	SV_COL("HUGETLB", "hugetlb_bytes", "mapped of the pool of huge pages", BYTES, true,
		get_huge),
	SV_COL("SHARED", "shared_bytes",
		"shared memory mapped: promised to its maker, who is not known", BYTES, true,
		get_shared),
	SV_COL("PTE", "page_tables_bytes", "its page tables", BYTES, true, get_vm_pte),
	SV_COL("RSS", "rss_bytes", "memory present", BYTES, true, get_rss),
	SV_COL("SWAP", "swap_bytes", "memory in swap", BYTES, true, get_swap),
	SV_COL("OOM-ADJ", "oom_score_adj", "-1000: the OOM killer spares it", I64, true,
		get_oom_adj),
	SV_COL("MEMORY-OF", "memory_of", "process whose memory it shares as a whole; 0: its own",
		U64, false, get_memory_of),
	SV_COL("SHARING-BASIS", "memory_of_basis", "how that is known", STRING, false,
		get_memory_of_basis),
};

#define VMA(name, expr)                                                                            \
	static struct safevma_value get_vma_##name(safevma_cursor *c)                              \
	{                                                                                          \
		const struct sv_commit_vma *f = &c->commit_vma;                                    \
		return expr;                                                                       \
	}

VMA(accounting, sv_value_text(sv_accounting_name(f->accounting)))
VMA(size, sv_value_u64(SAFEVMA_TYPE_BYTES, f->size))
VMA(promised, BYTES(f->promised))
VMA(backed, BYTES(f->backed))
VMA(unbacked, BYTES(f->unbacked))

static struct safevma_value get_vma_end(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->end);
}

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("START", "start", "first address", HEX, true, sv_get_vma),
	SV_COL("END", "end", "first address behind it", HEX, false, get_vma_end),
	SV_COL("KIND", "kind", "what it is", STRING, true, sv_get_kind),
	SV_COL("ACCOUNTING", "accounting",
		"accounted, noreserve, secretmem, hugetlb or shared (accounted to its maker)",
		STRING, true, get_vma_accounting),
	SV_COL("SIZE", "size_bytes", "address space", BYTES, false, get_vma_size),
	SV_COL("PROMISED", "promised_bytes", "what it adds to Committed_AS", BYTES, true,
		get_vma_promised),
	SV_COL("BACKED", "backed_bytes", "in memory or in swap", BYTES, true, get_vma_backed),
	SV_COL("UNBACKED", "unbacked_bytes", "not there yet: the first touch can fail", BYTES, true,
		get_vma_unbacked),
	SV_COL("PATH", "path", "file or name", STRING, true, sv_get_path),
};

/* Processes were read in full, and of the budget all that the kernel gives everybody. */
static bool complete(const safevma_observation *obs)
{
	const struct sv_system *s = &obs->system;
	struct sv_commit_budget b;
	struct sv_coverage c;

	if (safevma_observation_lost(obs) || !safevma_observation_selected(obs))
		return false;
	if (obs->fit_bytes) {
		sv_fit_coverage(obs, &c);
		if (c.examined != c.total)
			return false;
	}
	sv_commit_coverage(obs, &c);
	if (c.examined != c.total || sv_measure_commit(obs, &b))
		return false;
	return s->overcommit_memory.known && s->admin_reserve.known && s->user_reserve.known &&
	       b.recomputed.known && b.headroom.known && b.worst_over.known && b.accounted.known;
}

const struct safevma_table sv_table_commit = {
	.name = "commit",
	.group_member = "processes",
	.row_member = "vmas",
	SV_GROUPS_OF_ROWS,
	.complete = complete,
	.coverage = sv_commit_coverage,
	.before = &sv_table_policy,
	.also = &sv_table_pressure,
	.alone = true,
	.none = SV_NONE_SELECTED,
};
