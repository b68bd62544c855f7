// SPDX-License-Identifier: LGPL-2.1-or-later
/* ps: processes, critical ones first, one line each. */
#include <stdio.h>

#include "table.h"

static bool critical(const struct sv_process *p)
{
	return p->why & ~(unsigned int)(SV_WHY_ALL | SV_WHY_NAMED);
}

/* Two rounds over the list: the critical ones, then the others. next_index: which round. */
static bool next_row(safevma_cursor *c)
{
	for (;;) {
		if (c->next_process == c->obs->processes.len) {
			if (c->next_index++)
				return false;
			c->next_process = 0;
		}
		while (c->next_process < c->obs->processes.len) {
			const struct sv_process *p = &c->obs->processes.ptr[c->next_process++];

			if (!p->selected || critical(p) == (c->next_index != 0))
				continue;
			c->process = p;
			return true;
		}
	}
}

static struct safevma_value get_ppid(safevma_cursor *c)
{
	return sv_value_i64(c->process->ppid);
}

static struct safevma_value get_uid(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->process->uid);
}

static struct safevma_value get_policy(safevma_cursor *c)
{
	static const char *const names[] = { "other", "fifo", "rr", "batch", "iso", "idle",
		"deadline", "ext" };
	struct sv_num p = c->process->policy;

	if (!p.known)
		return sv_value_unknown();
	if (p.value < sv_array_size(names))
		return sv_value_text(names[p.value]);
	snprintf(c->text, sizeof(c->text), "policy-%llu", (unsigned long long)p.value);
	return sv_value_text(c->text);
}

static struct safevma_value get_priority(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->process->rt_priority);
}

static struct safevma_value get_threads(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->process->threads);
}

static struct safevma_value get_size(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->process->vsize);
}

static struct safevma_value get_rss(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->process->rss);
}

static struct safevma_value get_locked(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->process->locked);
}

static struct safevma_value get_swap(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->process->swap);
}

static struct safevma_value get_memlock(safevma_cursor *c)
{
	struct sv_num n = c->process->memlock_soft;

	if (n.known && n.value == UINT64_MAX)
		return sv_value_text("unlimited");
	if (!n.known)
		return sv_value_unknown();
	snprintf(c->text, sizeof(c->text), "%llu", (unsigned long long)n.value);
	return sv_value_text(c->text);
}

static struct safevma_value get_memlock_bytes(safevma_cursor *c)
{
	struct sv_num n = c->process->memlock_soft;

	return n.known && n.value == UINT64_MAX ? sv_value_unknown()
						: sv_value_num(SAFEVMA_TYPE_BYTES, n);
}

static struct safevma_value get_memlock_unlimited(safevma_cursor *c)
{
	struct sv_num n = c->process->memlock_soft;

	return n.known ? sv_value_bool(n.value == UINT64_MAX) : sv_value_unknown();
}

static struct safevma_value get_oom_adj(safevma_cursor *c)
{
	return c->process->oom_adj_known ? sv_value_i64(c->process->oom_adj) : sv_value_unknown();
}

static struct safevma_value get_oom_score(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->process->oom_score);
}

static struct safevma_value get_cgroup(safevma_cursor *c)
{
	return c->process->cgroup.len ? sv_value_bytes_text(&c->process->cgroup)
				      : sv_value_unknown();
}

/* Arguments as one text, with blanks between them. */
static struct safevma_value get_cmdline(safevma_cursor *c)
{
	const struct sv_strbuf *from = &c->process->cmdline;
	struct sv_strbuf *to = &c->scratch;

	to->len = 0;
	if (!from->len || sv_strbuf_add(to, from->ptr, from->len))
		return sv_value_unknown();
	while (to->len && !to->ptr[to->len - 1])
		to->len--;
	for (size_t i = 0; i < to->len; i++)
		if (!to->ptr[i])
			to->ptr[i] = ' ';
	return sv_value_bytes_text(to);
}

static struct safevma_value get_critical(safevma_cursor *c)
{
	return critical(c->process) || c->process->why_known ? sv_value_bool(critical(c->process))
							     : sv_value_unknown();
}

static const struct sv_column columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("PPID", "ppid", "number of its parent", I64, false, get_ppid),
	SV_COL("UID", "uid", "effective user", U64, true, get_uid),
	SV_COL("CRITICAL", "critical", "real-time, locked, OOM-exempt or holder of secretmem", BOOL,
		true, get_critical),
	SV_COL("POLICY", "policy", "scheduling policy of its most urgent thread", STRING, true,
		get_policy),
	SV_COL("PRIO", "rt_priority", "real-time priority of that thread, 0 for none", U64, true,
		get_priority),
	SV_COL("THREADS", "threads", "number of threads", U64, true, get_threads),
	SV_COL("SIZE", "size_bytes", "address space in use (VmSize)", BYTES, false, get_size),
	SV_COL("RSS", "rss_bytes", "memory present (VmRSS, which leaves hugetlb out)", BYTES, true,
		get_rss),
	SV_COL("LOCKED", "vm_locked_bytes",
		"size of its locked mappings (VmLck), present or not; not secretmem on newer "
		"kernels",
		BYTES, true, get_locked),
	SV_COL("SWAP", "swap_bytes", "in swap (VmSwap)", BYTES, true, get_swap),
	SV_COL("MEMLOCK", NULL, "RLIMIT_MEMLOCK, soft, in bytes, or unlimited", STRING, false,
		get_memlock),
	SV_COL("MEMLOCK-BYTES", "memlock_limit_bytes",
		"RLIMIT_MEMLOCK, soft; unknown when it is unlimited", BYTES, false,
		get_memlock_bytes),
	SV_COL("MEMLOCK-UNLIMITED", "memlock_unlimited", "RLIMIT_MEMLOCK does not limit", BOOL,
		false, get_memlock_unlimited),
	SV_COL("OOM-ADJ", "oom_score_adj", "-1000 exempts from the OOM killer", I64, true,
		get_oom_adj),
	SV_COL("OOM", "oom_score", "rank with the OOM killer: the highest is killed first", U64,
		false, get_oom_score),
	SV_COL("CGROUP", "cgroup", "control group", STRING, false, get_cgroup),
	SV_COL("START", "start_ticks", "when it started, in clock ticks after boot", U64, false,
		sv_get_start_ticks),
	SV_COL("WHY", "why_selected", "what makes it critical, or which option took it", WORDS,
		true, sv_get_why),
	SV_COL("EXE", "exe", "path of its executable", STRING, false, sv_get_exe),
	SV_COL("CMDLINE", "cmdline", "its arguments", STRING, false, get_cmdline),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
};

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < obs->processes.len; i++)
		ret->total += obs->processes.ptr[i].selected;
	ret->examined = ret->total;
	for (size_t i = 0; i < obs->gaps.len; i++)
		if (obs->gaps.ptr[i].counts) {
			ret->total++;
			ret->unreadable++;
		}
}

static bool complete(const safevma_observation *obs)
{
	struct sv_coverage c;

	coverage(obs, &c);
	return c.total && c.examined == c.total;
}

const struct safevma_table sv_table_ps = {
	.name = "ps",
	.row_member = "processes",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.complete = complete,
	.coverage = coverage,
	.none = "no process was selected",
};
