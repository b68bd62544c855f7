// SPDX-License-Identifier: LGPL-2.1-or-later
/* share: whose pages lie in frames that other processes map too. */
#include "table.h"

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_share_view_fini(&c->share);
	if ((!c->sharers.made && sv_sharers_init(c->obs, &c->sharers)) ||
		sv_measure_share(c->obs, &c->sharers, c->process, c->each, &c->share)) {
		c->failed = true;
		return false;
	}
	return true;
}

static bool next_row(safevma_cursor *c)
{
	if (c->next_index >= c->share.rows.len)
		return false;
	c->share_row = &c->share.rows.ptr[c->next_index++];
	c->vma = c->share_row->vma;
	return true;
}

/* ---- a process ------------------------------------------------------------------------------- */

static bool was_read(const safevma_cursor *c)
{
	return sv_process_was_read(c->process) && c->obs->share.made && !c->share.sums.hidden;
}

/* What was found, whatever was not. */
static struct safevma_value seen(const safevma_cursor *c, uint64_t n)
{
	return was_read(c) ? sv_value_u64(SAFEVMA_TYPE_U64, n) : sv_value_unknown();
}

/* The same where it is all. */
static struct safevma_value all(const safevma_cursor *c, uint64_t n)
{
	return sv_share_known(c->obs, &c->share.sums) ? seen(c, n) : sv_value_unknown();
}

#define SUM(name, expr)                                                                            \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_share_sums *s = &c->share.sums;                                    \
		return expr;                                                                       \
	}

SUM(present, sv_value_pages(c, s->present))
SUM(zero, seen(c, s->zero))
SUM(kernel, seen(c, s->kernel))
SUM(alone, seen(c, s->alone))
SUM(shared, all(c, s->shared))
SUM(expected, all(c, s->expected))
SUM(outgoing, all(c, s->outgoing))
SUM(bleeding, all(c, s->bleeding))
SUM(outside, all(c, s->outside))
SUM(ksm, s->ksm.known ? seen(c, s->ksm.value) : sv_value_unknown())
SUM(others, seen(c, s->others))
SUM(shared_seen, seen(c, s->shared))
SUM(bleeding_seen, seen(c, s->bleeding))
SUM(outside_seen, seen(c, s->outside))
SUM(beyond, s->uncounted ? sv_value_unknown() : seen(c, s->beyond))
SUM(unexplained, all(c, s->beyond))
SUM(excess, all(c, s->excess))
SUM(changed, seen(c, s->changed))

static int add_pid(safevma_cursor *c, pid_t pid)
{
	return sv_strbuf_printf(&c->scratch, "%s%d", c->scratch.len ? " " : "", pid);
}

/* Processes that have this one's memory as a whole. */
static struct safevma_value get_twins(safevma_cursor *c)
{
	const safevma_observation *obs = c->obs;
	size_t n = obs->processes.len + obs->share.others.len;

	c->scratch.len = 0;
	if (c->process->memory_doubt || !was_read(c))
		return sv_value_unknown();
	for (size_t i = 0; i < n; i++) {
		const struct sv_process *q =
			i < obs->processes.len ? &obs->processes.ptr[i]
					       : &obs->share.others.ptr[i - obs->processes.len];

		if (q->pid != c->process->pid && sv_memory_id(q) == sv_memory_id(c->process) &&
			(i >= obs->processes.len || q->selected) && add_pid(c, q->pid))
			c->failed = true;
	}
	return sv_value_words(c->scratch.len ? c->scratch.ptr : "");
}

static struct safevma_value get_pinned(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->process->pinned);
}

static struct safevma_value get_tracer(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->process->tracer);
}

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	SV_COL("PRESENT", "present_pages", "pages that are there", U64, true, get_present),
	SV_COL("ALONE", "alone_pages",
		"of these, in frames that are mapped no more often than by its own pages", U64,
		true, get_alone),
	SV_COL("SHARED", "shared_pages", "in frames that another process maps too", U64, true,
		get_shared),
	SV_COL("EXPECTED", "expected_pages", "of SHARED: nobody can write what the other reads",
		U64, true, get_expected),
	SV_COL("OUTGOING", "outgoing_pages", "of SHARED: it may write what others read", U64, true,
		get_outgoing),
	SV_ALARM("BLEEDING", "bleeding_pages", "of SHARED: another process may write it", U64, true,
		get_bleeding),
	SV_ALARM("OUTSIDE", "outside_pages",
		"of BLEEDING: a process that is neither selected nor in --group may", U64, true,
		get_outside),
	SV_ALARM("UNEXPLAINED", "unexplained_frames",
		"frames that are mapped more often than all processes account for", U64, true,
		get_unexplained),
	SV_COL("EXCESS", "unexplained_entries", "how many page-table entries that is", U64, false,
		get_excess),
	SV_COL("BEYOND", "beyond_frames",
		"frames that are mapped more often than was found, whoever could not be read", U64,
		false, get_beyond),
	SV_COL("SHARED-SEEN", "shared_seen_pages", "of SHARED, what was found: at least", U64,
		false, get_shared_seen),
	SV_COL("BLEEDING-SEEN", "bleeding_seen_pages", "of BLEEDING, what was found: at least", U64,
		false, get_bleeding_seen),
	SV_COL("OUTSIDE-SEEN", "outside_seen_pages", "of OUTSIDE, what was found: at least", U64,
		false, get_outside_seen),
	SV_COL("ZERO", "zero_pages", "pages that are the kernel's page of zeros", U64, false,
		get_zero),
	SV_COL("KERNEL", "kernel_pages",
		"pages that the kernel provides to every process, as the vDSO", U64, false,
		get_kernel),
	SV_COL("KSM", "ksm_pages", "of SHARED: merged with equal pages of another process", U64,
		false, get_ksm),
	SV_COL("CHANGED", "changed_pages",
		"pages that did not stay the same while they were looked at", U64, false,
		get_changed),
	SV_COL("OTHERS", "other_processes", "processes found to share any of it", U64, true,
		get_others),
	SV_COL("TWINS", "same_memory", "processes that have its memory as a whole, as threads do",
		WORDS, false, get_twins),
	SV_ALARM("PINNED", "pinned_bytes", "pinned for a device, which may write it: VmPin", BYTES,
		true, get_pinned),
	SV_ALARM("TRACER", "tracer", "process that traces it; 0: none", U64, false, get_tracer),
};

/* ---- a pair of VMAs -------------------------------------------------------------------------- */

#define ROW(name, expr)                                                                            \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_share_row *r = c->share_row;                                       \
		return expr;                                                                       \
	}

#define HEX(v) sv_value_u64(SAFEVMA_TYPE_HEX, v)

ROW(verdict, sv_value_text(sv_share_verdict(r->kind, r->in_group)))
ROW(kind, sv_value_text(sv_share_kind_name(r->kind)))
ROW(pages, sv_value_u64(SAFEVMA_TYPE_U64, r->pages))
ROW(bytes, sv_value_u64(SAFEVMA_TYPE_BYTES, r->pages * c->obs->host.page_size))
ROW(row_changed, sv_value_u64(SAFEVMA_TYPE_U64, r->changed))
ROW(vaddr, HEX(r->vaddr))
ROW(pfn, HEX(r->pfn))
ROW(other_pid, sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)r->other->pid))
ROW(other_comm, sv_value_bytes_text(&r->other->comm))
ROW(other_exe, r->other->exe_known ? sv_value_bytes_text(&r->other->exe) : sv_value_unknown())
ROW(other_ticks, sv_value_u64(SAFEVMA_TYPE_U64, r->other->start_ticks))
ROW(in_group, sv_value_bool(r->in_group))
ROW(other_vma, HEX(r->other_vma->start))
ROW(other_end, HEX(r->other_vma->end))
ROW(other_vaddr, HEX(r->other_vaddr))
ROW(other_perms, sv_perms_text(c, r->other_vma->perms))
ROW(other_path, sv_value_span(r->other_vma->path))

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("VERDICT", "verdict",
		"expected; outgoing: it may write what the other reads; bleeding: the other may "
		"write it; bleeding-outside: and is neither selected nor in --group",
		STRING, true, get_verdict),
	SV_COL("KIND", "kind",
		"read-only, cow (copied at the first write), ksm, outgoing, writable", STRING, true,
		get_kind),
	SV_COL("PAGES", "pages", "pages of the two VMAs that are the same frame", U64, true,
		get_pages),
	SV_COL("BYTES", "bytes", "the same in bytes", BYTES, true, get_bytes),
	SV_COL("CHANGED", "changed_pages", "of these, not the same before and after", U64, false,
		get_row_changed),
	SV_COL("VMA", "vma", "first address of its VMA", HEX, true, sv_get_vma),
	SV_COL("END", "vma_end", "address after the last of its VMA", HEX, false, sv_get_vma_end),
	SV_COL("VADDR", "vaddr", "address of the first of these pages", HEX, false, get_vaddr),
	SV_COL("PFN", "pfn", "frame of that page", HEX, false, get_pfn),
	SV_COL("PERMS", "perms", "what the process may do there", STRING, true, sv_get_perms),
	SV_COL("PATH", "path", "file or name of its VMA", STRING, true, sv_get_path),
	SV_COL("OTHER", "other.pid", "number of the other process", U64, true, get_other_pid),
	SV_COL("OTHER-COMM", "other.comm", "name that it gave itself", STRING, true,
		get_other_comm),
	SV_COL("OTHER-EXE", "other.exe", "path of its executable", STRING, false, get_other_exe),
	SV_COL("OTHER-START", "other.start_ticks", "when it started, in clock ticks after boot",
		U64, false, get_other_ticks),
	SV_COL("GROUP", "other.in_group", "it is selected, or named with --group", BOOL, false,
		get_in_group),
	SV_COL("OTHER-VMA", "other.vma", "first address of the VMA there", HEX, true,
		get_other_vma),
	SV_COL("OTHER-END", "other.vma_end", "address after the last of it", HEX, false,
		get_other_end),
	SV_COL("OTHER-VADDR", "other.vaddr", "address of the first of these pages there", HEX,
		false, get_other_vaddr),
	SV_COL("OTHER-PERMS", "other.perms", "what the other process may do there", STRING, true,
		get_other_perms),
	SV_COL("OTHER-PATH", "other.path", "file or name of the VMA there", STRING, true,
		get_other_path),
};

/* ---- whether it is all ----------------------------------------------------------------------- */

/* A figure is complete when every page was read and what shares it is all known. */
static bool sums_known(const safevma_observation *obs)
{
	struct sv_sharers sharers;
	bool known = !sv_sharers_init(obs, &sharers);

	for (size_t i = 0; i < obs->processes.len && known; i++) {
		struct sv_share_view view;

		if (!obs->processes.ptr[i].selected)
			continue;
		known = !sv_measure_share(obs, &sharers, &obs->processes.ptr[i], false, &view) &&
			sv_share_known(obs, &view.sums) && !view.sums.changed;
		sv_share_view_fini(&view);
	}
	sv_sharers_fini(&sharers);
	return known;
}

static bool complete(const safevma_observation *obs)
{
	return sv_memory_complete(obs) && obs->features.pfn_visible == 1 && obs->share.made &&
	       obs->share.descriptors_whole && sums_known(obs);
}

const struct safevma_table sv_table_share = {
	.name = "share",
	.group_member = "processes",
	.row_member = "pairs",
	SV_GROUPS_OF_ROWS,
	.complete = complete,
	.coverage = sv_selected_coverage,
	.also = &sv_table_memory_fds,
	.alone = true,
	.none = SV_NONE_SELECTED,
};
