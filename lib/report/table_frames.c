// SPDX-License-Identifier: LGPL-2.1-or-later
/* frames: the pages of each VMA and the frames behind them, as runs or one by one. */
#include "table.h"

static bool next_row(safevma_cursor *c)
{
	const struct sv_process *p = c->process;

	while (c->next_index < p->vmas.len) {
		const struct sv_vma *v = &p->vmas.ptr[c->next_index];

		if (c->next_page < v->page)
			c->next_page = v->page;
		if (c->next_page < v->page + v->pages) {
			c->vma = v;
			sv_measure_run(c->obs, p, v, c->each, c->run.slot, &c->next_page, &c->run);
			return true;
		}
		c->next_index++;
	}
	return false;
}

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_process_figures(c->obs, c->process, &c->group_figures);
	return true;
}

static struct safevma_value get_vaddr(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->run.vaddr);
}

static struct safevma_value get_pfn(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_HEX, c->run.pfn);
}

static struct safevma_value get_pages(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->run.pages);
}

static struct safevma_value get_presence(safevma_cursor *c)
{
	return sv_value_text(sv_presence_name(c->run.presence));
}

static struct safevma_value get_class(safevma_cursor *c)
{
	return sv_value_class(c->run.class);
}

static struct safevma_value get_locked(safevma_cursor *c)
{
	return sv_value_bool_num(c->run.locked);
}

static struct safevma_value get_mlocked(safevma_cursor *c)
{
	return sv_value_bool_num(c->run.mlocked);
}

static struct safevma_value get_exclusive(safevma_cursor *c)
{
	return c->run.presence == SV_PRESENT ? sv_value_bool(c->run.exclusive) : sv_value_unknown();
}

static struct safevma_value get_mapcount(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->run.mapcount);
}

static struct safevma_value get_cgroup(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, c->run.cgroup);
}

static struct safevma_value get_flags(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_HEX, c->run.flags);
}

static struct safevma_value get_why_unknown(safevma_cursor *c)
{
	return c->run.reached.why == SV_ALIAS_WHY_NOTHING
		       ? sv_value_unknown()
		       : sv_value_text(sv_alias_why_text(c->run.reached.why));
}

static struct safevma_value get_others(safevma_cursor *c)
{
	return sv_other_mappings(c, &c->process->kernel, c->run.pfn, c->run.reached.others);
}

static struct safevma_value get_below_pfn(safevma_cursor *c)
{
	return c->run.pfn.known ? sv_value_u64(SAFEVMA_TYPE_HEX, c->run.pfn.value - 1)
				: sv_value_unknown();
}

static struct safevma_value get_below_class(safevma_cursor *c)
{
	return sv_value_class(c->run.below_class);
}

static struct safevma_value get_above_pfn(safevma_cursor *c)
{
	return c->run.pfn.known ? sv_value_u64(SAFEVMA_TYPE_HEX, c->run.pfn.value + c->run.pages)
				: sv_value_unknown();
}

static struct safevma_value get_above_class(safevma_cursor *c)
{
	return sv_value_class(c->run.above_class);
}

static struct safevma_value get_changed(safevma_cursor *c)
{
	return sv_value_bool(c->run.changed);
}

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	SV_COVERAGE_COLUMNS(true),
};

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("VADDR", "vaddr", "address of the first page", HEX, true, get_vaddr),
	SV_COL("PFN", "pfn", "number of the first frame", HEX, true, get_pfn),
	SV_COL("PAGES", "pages", "pages in the run, consecutive in both address spaces", U64, true,
		get_pages),
	SV_COL("STATE", "state",
		"present, swapped, guard, marker, nonpresent (which is not known), gone", STRING,
		true, get_presence),
	SV_COL("CLASS", "class", "what the frame is used for", STRING, true, get_class),
	SV_COL("LOCKED", "locked",
		"reclaim cannot take it: mlocked by someone, unevictable, kernel memory", BOOL,
		true, get_locked),
	SV_COL("MLOCKED", "mlocked", "some process, this or another, locked the frame", BOOL, false,
		get_mlocked),
	SV_COL("EXCL", "exclusive", "mapped here alone", BOOL, true, get_exclusive),
	SV_COL("MAPCOUNT", "mapcount", "how many page-table entries map the frame", U64, true,
		get_mapcount),
	SV_COL("CGROUP", "cgroup_inode", "inode of the control group charged, 0 for none", U64,
		false, get_cgroup),
	SV_COL("FLAGS", "flags", "word of kpageflags, of single pages", HEX, false, get_flags),
	SV_COL("REACH", "reach", "whether the kernel's linear map reaches it", STRING, true,
		sv_get_reach),
	SV_COL("BASIS", "basis", "how that is known", STRING, true, sv_get_basis),
	SV_COL("APERM", "alias_perm", "what the linear map may do there: rw or ro", STRING, true,
		sv_get_alias_perm),
	SV_COL("ALIAS", "alias", "address of the first frame in the linear map", HEX, false,
		sv_get_alias),
	SV_COL("WHY", "reach_unknown_why", "why the page tables do not tell", STRING, false,
		get_why_unknown),
	SV_ALARM("OTHER", "other_mappings",
		"further kernel addresses of the first frame, as zone:rw:address", WORDS, true,
		get_others),
	SV_COL("BELOW-PFN", "below.pfn", "frame right below the run", HEX, false, get_below_pfn),
	SV_COL("BELOW", "below.class", "what lies right below the run", STRING, true,
		get_below_class),
	SV_COL("ABOVE-PFN", "above.pfn", "frame right above the run", HEX, false, get_above_pfn),
	SV_COL("ABOVE", "above.class", "what lies right above the run", STRING, true,
		get_above_class),
	SV_COL("CHANGED", "changed", "it did not stay the same while read", BOOL, false,
		get_changed),
	SV_COL("VMA", "vma", "first address of its VMA", HEX, false, sv_get_vma),
	SV_COL("KIND", "kind", "kind of its VMA", STRING, true, sv_get_kind),
	SV_COL("PATH", "path", "file or name of its VMA", STRING, true, sv_get_path),
};

const struct safevma_table sv_table_frames = {
	.name = "frames",
	.group_member = "processes",
	.row_member = "runs",
	SV_GROUPS_OF_ROWS,
	.complete = sv_memory_complete,
	.coverage = sv_selected_coverage,
	.none = SV_NONE_SELECTED,
};
