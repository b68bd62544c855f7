// SPDX-License-Identifier: LGPL-2.1-or-later
/* Beside locks: runs of pages of one state, the settings that move memory, stacks of threads. */
#include <stdio.h>

#include "table.h"

/* ---- runs ------------------------------------------------------------------------------------ */

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_process_figures(c->obs, c->process, &c->group_figures);
	sv_lock_view_process(&c->lock_view, c->obs, c->process);
	return true;
}

static bool next_run(safevma_cursor *c)
{
	for (; c->next_index < c->process->vmas.len; c->next_index++, c->next_page = 0) {
		const struct sv_vma *v = &c->process->vmas.ptr[c->next_index];

		if (c->lock_view.v != v)
			sv_lock_view_vma(&c->lock_view, v);
		c->vma = v;
		if (sv_lock_run_next(&c->lock_view, false, &c->next_page, &c->lock_run))
			return true;
	}
	return false;
}

static struct safevma_value get_vaddr(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->lock_run.vaddr);
}

static struct safevma_value get_pages(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->lock_run.pages);
}

static struct safevma_value get_states(safevma_cursor *c)
{
	size_t at = 0;

	c->text[0] = 0;
	for (unsigned int i = 0; i < SV_STATE_COUNT; i++)
		if (c->lock_run.page.states >> i & 1)
			at += (size_t)snprintf(c->text + at, sizeof(c->text) - at, "%s%s",
				at ? " " : "", sv_lock_state_name(i));
	return sv_value_words(c->text);
}

static struct safevma_value get_reasons(safevma_cursor *c)
{
	return sv_lock_reasons(c, c->lock_run.page.reasons);
}

static struct safevma_value get_unknown(safevma_cursor *c)
{
	return sv_lock_unknowns(c, c->lock_run.page.unknown);
}

static struct safevma_value get_read(safevma_cursor *c)
{
	return sv_value_bool(c->lock_run.page.read_faults);
}

static struct safevma_value get_write(safevma_cursor *c)
{
	const unsigned int needs = SV_UNKNOWN_FRAMES | SV_UNKNOWN_FORK;

	return c->lock_run.page.unknown & needs && !c->lock_run.page.write_faults
		       ? sv_value_unknown()
		       : sv_value_bool(c->lock_run.page.write_faults);
}

static struct safevma_value get_hold(safevma_cursor *c)
{
	return sv_value_text(sv_hold_name(c->lock_view.hold));
}

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	SV_COVERAGE_COLUMNS(true),
};

static const struct sv_column run_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("VADDR", "vaddr", "address of the first page", HEX, true, get_vaddr),
	SV_COL("PAGES", "pages", "pages of one state, one behind the other", U64, true, get_pages),
	SV_COL("KIND", "kind", "kind of its VMA", STRING, true, sv_get_kind),
	SV_COL("LOCK", "lock", "lock of its VMA", STRING, true, get_hold),
	SV_COL("READ", "read_faults", "a read faults", BOOL, true, get_read),
	SV_COL("WRITE", "write_faults", "a write faults", BOOL, true, get_write),
	SV_COL("STATE", "state", "states of the pages; see explain", WORDS, true, get_states),
	SV_COL("REASONS", "reasons", "why they can fault, worst first; see explain", WORDS, true,
		get_reasons),
	SV_COL("UNKNOWN", "unknown", "what could not be told", WORDS, false, get_unknown),
	SV_COL("VMA", "vma", "first address of its VMA", HEX, false, sv_get_vma),
	SV_COL("PATH", "path", "file or name of its VMA", STRING, true, sv_get_path),
};

const struct safevma_table sv_table_locks_each = {
	.name = "locks-each",
	.group_member = "processes",
	.row_member = "runs",
	.group_columns = group_columns,
	.group_count = sv_array_size(group_columns),
	.row_columns = run_columns,
	.row_count = sv_array_size(run_columns),
	.next_group = next_group,
	.next_row = next_run,
	.complete = sv_locks_complete,
	.coverage = sv_selected_coverage,
	.none = SV_NONE_SELECTED,
};

/* ---- what moves memory ----------------------------------------------------------------------- */

static bool always(const safevma_observation *obs)
{
	(void)obs;
	return true;
}

static bool next_movers(safevma_cursor *c)
{
	return !c->next_index++;
}

#define MOVER(name, expr)                                                                          \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_movers *m = &c->obs->movers;                                       \
		return expr;                                                                       \
	}

static struct safevma_value thp_word(enum sv_thp thp)
{
	static const char *const words[] = { NULL, "never", "madvise", "always" };

	return sv_value_text(words[thp]);
}

MOVER(compaction, sv_value_bool_num(m->compaction))
MOVER(unevictable, sv_value_num(SAFEVMA_TYPE_U64, m->compact_unevictable))
MOVER(numa, sv_value_num(SAFEVMA_TYPE_U64, m->numa_balancing))
MOVER(thp, thp_word(m->thp))
MOVER(thp_bytes, sv_value_num(SAFEVMA_TYPE_BYTES, m->thp_bytes))
MOVER(khugepaged, sv_value_num(SAFEVMA_TYPE_U64, m->khugepaged_defrag))
MOVER(ksm, sv_value_num(SAFEVMA_TYPE_U64, m->ksm_run))

static struct safevma_value get_swap_areas(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->obs->swap_areas);
}

static const struct sv_column mover_columns[] = {
	SV_COL("COMPACTION", "compaction", "the kernel moves frames to make room", BOOL, true,
		get_compaction),
	SV_COL("COMPACT-UNEVICTABLE", "compact_unevictable_allowed", "1: locked ones too", U64,
		true, get_unevictable),
	SV_COL("NUMA-BALANCING", "numa_balancing", "not 0: memory is unmapped to see who uses it",
		U64, true, get_numa),
	SV_COL("THP", "thp", "huge pages: always, where madvise asks for them, never", STRING, true,
		get_thp),
	SV_COL("THP-SIZE", "thp_bytes", "size of one", BYTES, true, get_thp_bytes),
	SV_COL("KHUGEPAGED-DEFRAG", "khugepaged_defrag", "1: khugepaged may compact for one", U64,
		true, get_khugepaged),
	SV_COL("KSM-RUN", "ksm_run", "1: equal pages are merged; 2: they are taken apart", U64,
		true, get_ksm),
	SV_COL("SWAP-AREAS", "swap_areas", "swap areas in use", U64, true, get_swap_areas),
};

const struct safevma_table sv_table_movers = {
	.name = "movers",
	.row_member = "movers",
	.row_columns = mover_columns,
	.row_count = sv_array_size(mover_columns),
	.next_row = next_movers,
	.upright = true,
	.wanted = always,
	.none = "no setting is known",
};

/* ---- stacks of threads ----------------------------------------------------------------------- */

static bool next_stack(safevma_cursor *c)
{
	for (; c->next_process < c->obs->processes.len; c->next_process++, c->next_index = 0) {
		const struct sv_process *p = &c->obs->processes.ptr[c->next_process];

		if (!p->selected || c->next_index >= p->stacks.len)
			continue;
		c->process = p;
		sv_measure_lock_stack(c->obs, p, &p->stacks.ptr[c->next_index++], &c->lock_stack);
		return true;
	}
	return false;
}

static struct safevma_value get_tid(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)c->lock_stack.tid);
}

static struct safevma_value get_sp(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_HEX, c->lock_stack.sp);
}

static struct safevma_value get_start(safevma_cursor *c)
{
	const struct sv_vma *v = c->lock_stack.v;

	return v ? sv_value_u64(SAFEVMA_TYPE_HEX, v->start) : sv_value_unknown();
}

static struct safevma_value get_end(safevma_cursor *c)
{
	const struct sv_vma *v = c->lock_stack.v;

	return v ? sv_value_u64(SAFEVMA_TYPE_HEX, v->end) : sv_value_unknown();
}

static struct safevma_value get_guard(safevma_cursor *c)
{
	return sv_value_text(sv_stack_guard_name(c->lock_stack.guard));
}

static struct safevma_value get_guard_bytes(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->lock_stack.guard_bytes);
}

static struct safevma_value get_room(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->lock_stack.room);
}

static struct safevma_value get_to_fault(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->lock_stack.to_fault);
}

static const struct sv_column stack_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("TID", "tid", "thread", U64, true, get_tid),
	SV_COL("SP", "sp", "stack pointer where it sleeps; unknown of one that runs", HEX, true,
		get_sp),
	SV_COL("START", "start", "first address of the mapping that holds it", HEX, true,
		get_start),
	SV_COL("END", "end", "address after its last", HEX, false, get_end),
	SV_COL("GUARD", "guard",
		"vma, region, gap (kept by the kernel), hole (nothing mapped), none", STRING, true,
		get_guard),
	SV_COL("GUARD-SIZE", "guard_bytes", "size of it", BYTES, true, get_guard_bytes),
	SV_COL("ROOM", "room_bytes", "below the stack pointer, down to the guard", BYTES, true,
		get_room),
	SV_COL("TO-FAULT", "to_fault_bytes", "of that, memory at which a write faults", BYTES, true,
		get_to_fault),
};

const struct safevma_table sv_table_stacks = {
	.name = "stacks",
	.row_member = "stacks",
	.row_columns = stack_columns,
	.row_count = sv_array_size(stack_columns),
	.next_row = next_stack,
	.wanted = always,
	.none = "no stack of a thread was seen",
};
