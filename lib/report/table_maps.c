// SPDX-License-Identifier: LGPL-2.1-or-later
/* maps: the VMAs of each selected process with residency, locking, reach and neighbours. */
#include <stdio.h>

#include "iface/maps.h"
#include "iface/smaps.h"
#include "table.h"

static bool next_group(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_process_figures(c->obs, c->process, &c->group_figures);
	return true;
}

static bool next_row(safevma_cursor *c)
{
	if (c->next_index == c->process->vmas.len)
		return false;
	c->vma = &c->process->vmas.ptr[c->next_index++];
	sv_measure_vma(c->obs, c->process, c->vma, &c->figures);
	return true;
}

/* Each figure twice: of the group and of the row. */
#define FIGURE(name, expr)                                                                         \
	static struct safevma_value row_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_vma_figures *f = &c->figures;                                      \
		return expr;                                                                       \
	}                                                                                          \
	static struct safevma_value group_##name(safevma_cursor *c)                                \
	{                                                                                          \
		const struct sv_vma_figures *f = &c->group_figures;                                \
		return expr;                                                                       \
	}

#define BYTES(n)	   sv_value_num(SAFEVMA_TYPE_BYTES, n)
#define IF(known, type, v) ((known) ? sv_value_u64(type, v) : sv_value_unknown())
#define REACH(v)	   IF(f->reach_known, SAFEVMA_TYPE_BYTES, f->reach.v)
#define EDGES(v)	   IF(f->edges_known, SAFEVMA_TYPE_U64, f->edges.v)

FIGURE(size, BYTES(f->size))
FIGURE(resident, BYTES(f->resident))
FIGURE(absent, BYTES(f->absent))
FIGURE(locked, BYTES(f->locked))
FIGURE(unlocked, BYTES(f->unlocked))
FIGURE(swapped, BYTES(f->swapped))
FIGURE(marker, BYTES(f->marker))
FIGURE(special, BYTES(f->special))
FIGURE(zero, BYTES(f->zero))
FIGURE(exclusive, BYTES(f->exclusive))
FIGURE(shared, BYTES(f->shared))
FIGURE(huge, BYTES(f->huge))
FIGURE(reach_mapped, REACH(mapped))
FIGURE(reach_readonly, REACH(readonly))
FIGURE(reach_removed, REACH(removed))
FIGURE(other_unknown, REACH(other_unknown))
FIGURE(reach_unknown, REACH(unknown))
FIGURE(observed, REACH(observed))
FIGURE(inferred, REACH(inferred))
FIGURE(assumed, REACH(assumed))
FIGURE(over_strong, EDGES(over_strong))
FIGURE(over_unclassified, EDGES(over_unclassified))
FIGURE(under_strong, EDGES(under_strong))
FIGURE(under_unclassified, EDGES(under_unclassified))
FIGURE(silent, EDGES(silent))
FIGURE(trapped, EDGES(trapped))
FIGURE(unknown, EDGES(unknown))
FIGURE(examined, sv_value_pages(c, f->coverage.examined))
FIGURE(total, sv_value_pages(c, f->coverage.total))
FIGURE(unreadable, sv_value_pages(c, f->coverage.unreadable))
FIGURE(changed, sv_value_pages(c, f->coverage.changed))

/* What was found counts also where not all could be looked for; "none" needs all of it. */
static struct safevma_value other_mapped(const struct sv_vma_figures *f)
{
	if (!f->reach_known || (f->reach.other_unknown && !f->reach.other))
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_BYTES, f->reach.other);
}
FIGURE(other_mapped, other_mapped(f))

/* Which sorts of reach there are, in words: "rw", "removed", "removed rw". */
static struct safevma_value get_reach_words(safevma_cursor *c)
{
	const struct sv_reach_bytes *r = &c->figures.reach;
	/* Of what is mapped by assumption nobody has seen the permission. */
	uint64_t seen = r->mapped < r->observed ? r->mapped : r->observed;
	bool rw = seen > r->readonly && r->mapped > r->readonly;

	if (!c->figures.reach_known)
		return sv_value_unknown();
	snprintf(c->text, sizeof(c->text), "%s%s%s%s%s", r->removed ? " removed" : "",
		rw ? " rw" : "", r->readonly ? " ro" : "", r->mapped > seen ? " mapped" : "",
		r->unknown ? " unknown" : "");
	return sv_value_words(c->text + (c->text[0] == ' '));
}

static struct safevma_value get_start(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->start);
}

static struct safevma_value get_offset(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_HEX, c->vma->offset);
}

static struct safevma_value get_device(safevma_cursor *c)
{
	snprintf(c->text, sizeof(c->text), "%02llx:%02llx", (unsigned long long)c->vma->dev_major,
		(unsigned long long)c->vma->dev_minor);
	return sv_value_text(c->text);
}

static struct safevma_value get_inode(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->vma->inode);
}

static struct safevma_value get_row_changed(safevma_cursor *c)
{
	return sv_value_bool(c->vma->changed);
}

static struct safevma_value get_rss(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->vma->rss);
}

static struct safevma_value get_page_size(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, c->vma->page_size);
}

static struct safevma_value flag(safevma_cursor *c, uint64_t flag)
{
	return c->vma->flags.known ? sv_value_bool(c->vma->flags.value & flag) : sv_value_unknown();
}

static struct safevma_value get_lock_flag(safevma_cursor *c)
{
	return flag(c, SV_VMFLAG_LOCKED);
}

static struct safevma_value get_onfault(safevma_cursor *c)
{
	/* Up to 6.1 the kernel has no letters for this flag: "??" beside lo may be it. */
	if (c->vma->flags.known && (c->vma->flags.value & SV_VMFLAG_UNNAMED) &&
		(c->vma->flags.value & SV_VMFLAG_LOCKED))
		return sv_value_unknown();
	return flag(c, SV_VMFLAG_LOCKONFAULT);
}

static struct safevma_value get_account(safevma_cursor *c)
{
	return flag(c, SV_VMFLAG_ACCOUNT);
}

/* The marks that make a reader look twice, in one short word each. */
static struct safevma_value get_flags(safevma_cursor *c)
{
	const struct sv_vma_figures *f = &c->figures;
	bool user = !sv_vma_special(c->vma) && c->vma->kind != SV_VMA_VDSO;
	const struct {
		bool on;
		const char *word;
	} marks[] = {
		{ f->reach.other, "kernel-alias" },
		{ c->vma->secret == SV_SECRET_YES && f->reach_known && f->reach.mapped,
			"not-removed" },
		{ f->edges_known && f->edges.over_strong && f->edges.silent, "slab-below" },
		{ user && f->unlocked.known && f->unlocked.value, "unlocked" },
		{ user && f->absent.known && f->marker.known && f->absent.value > f->marker.value &&
				(c->vma->perms & SV_PERM_WRITE),
			"lazy" },
		{ f->swapped.known && f->swapped.value, "swapped" },
		{ f->zero.known && f->zero.value && (c->vma->perms & SV_PERM_WRITE), "zero-page" },
		{ f->shared.known && f->shared.value > (f->zero.known ? f->zero.value : 0) &&
				(c->vma->perms & (SV_PERM_WRITE | SV_PERM_SHARED)) == SV_PERM_WRITE,
			"cow-pending" },
		{ (c->vma->perms & (SV_PERM_WRITE | SV_PERM_EXEC)) ==
				(SV_PERM_WRITE | SV_PERM_EXEC),
			"write-exec" },
		{ c->vma->changed, "changed" },
	};
	size_t at = 0;

	c->text[0] = 0;
	for (size_t i = 0; i < sv_array_size(marks); i++)
		if (marks[i].on)
			at += (size_t)snprintf(c->text + at, sizeof(c->text) - at, "%s%s",
				at ? " " : "", marks[i].word);
	return sv_value_words(c->text);
}

/* wide: shown for the group, where there is room, and not in each row. */
#define FIGURE_COLUMNS(level, wide)                                                                \
	SV_COL("SIZE", "size_bytes", "address space", BYTES, true, level##_size),                  \
		SV_COL("RESIDENT", "resident_bytes", "present in memory", BYTES, true,             \
			level##_resident),                                                         \
		SV_COL("ABSENT", "absent_bytes", "not there: size less resident and swapped",      \
			BYTES, true, level##_absent),                                              \
		SV_COL("LOCKED", "locked_bytes",                                                   \
			"resident and kept there: locked, secretmem, hugetlb, kernel-provided",    \
			BYTES, true, level##_locked),                                              \
		SV_ALARM("UNLOCKED", "unlocked_bytes", "resident, and reclaim may take it", BYTES, \
			wide, level##_unlocked),                                                   \
		SV_ALARM("SWAPPED", "swapped_bytes", "in a swap area", BYTES, false,               \
			level##_swapped),                                                          \
		SV_COL("MARKER", "marker_bytes",                                                   \
			"of absent: entries of guards, migration, poisoned pages", BYTES, false,   \
			level##_marker),                                                           \
		SV_COL("SPECIAL", "special_bytes",                                                 \
			"of absent: memory whose frames the kernel does not show: devices, vvar",  \
			BYTES, false, level##_special),                                            \
		SV_COL("ZERO", "zero_bytes", "present as the shared page of zeros", BYTES, false,  \
			level##_zero),                                                             \
		SV_COL("EXCLUSIVE", "exclusive_bytes", "resident and mapped here alone", BYTES,    \
			false, level##_exclusive),                                                 \
		SV_COL("SHARED", "shared_bytes", "resident and mapped elsewhere too", BYTES,       \
			false, level##_shared),                                                    \
		SV_COL("HUGE", "huge_bytes", "mapped by huge page-table entries", BYTES, false,    \
			level##_huge),                                                             \
		SV_COL("MAPPED", "reach.mapped_bytes", "resident and reached by the linear map",   \
			BYTES, wide, level##_reach_mapped),                                        \
		SV_COL("REMOVED", "reach.removed_bytes",                                           \
			"resident and taken out of the linear map", BYTES, true,                   \
			level##_reach_removed),                                                    \
		SV_COL("REACH?", "reach.unknown_bytes", "resident, and it is not known which",     \
			BYTES, false, level##_reach_unknown),                                      \
		SV_COL("READONLY", "reach.readonly_bytes",                                         \
			"of what is mapped: the linear map may read there, not write", BYTES,      \
			false, level##_reach_readonly),                                            \
		SV_ALARM("OTHER", "reach.other_mapped_bytes",                                      \
			"resident and mapped at further kernel addresses", BYTES, true,            \
			level##_other_mapped),                                                     \
		SV_COL("OTHER?", "reach.other_unknown_bytes",                                      \
			"resident; whether it is mapped elsewhere was not looked for", BYTES,      \
			false, level##_other_unknown),                                             \
		SV_COL("OBSERVED", "reach.basis.observed_bytes",                                   \
			"reach read from this system's page tables", BYTES, false,                 \
			level##_observed),                                                         \
		SV_COL("INFERRED", "reach.basis.inferred_bytes",                                   \
			"reach that follows from a documented mechanism", BYTES, false,            \
			level##_inferred),                                                         \
		SV_COL("ASSUMED", "reach.basis.assumed_bytes",                                     \
			"reach that is the architecture's default", BYTES, false,                  \
			level##_assumed),                                                          \
		SV_ALARM("OVER", "edges.over.strong",                                              \
			"pages whose frame has slab or the like right below", U64, true,           \
			level##_over_strong),                                                      \
		SV_COL("OVER?", "edges.over.unclassified",                                         \
			"pages whose frame has perhaps kernel memory below", U64, true,            \
			level##_over_unclassified),                                                \
		SV_COL("UNDER", "edges.under.strong",                                              \
			"pages whose frame has slab or the like right above", U64, false,          \
			level##_under_strong),                                                     \
		SV_COL("UNDER?", "edges.under.unclassified",                                       \
			"pages whose frame has perhaps kernel memory above", U64, false,           \
			level##_under_unclassified),                                               \
		SV_COL("SILENT", "edges.silent", "edges where an overrun would land unnoticed",    \
			U64, false, level##_silent),                                               \
		SV_COL("TRAPPED", "edges.trapped", "edges where an overrun would fault", U64,      \
			false, level##_trapped),                                                   \
		SV_COL("EFFECT?", "edges.unknown", "edges whose effect is not known", U64, false,  \
			level##_unknown),                                                          \
		SV_COL("EXAMINED", "coverage.examined", "pages of which all was read", U64, false, \
			level##_examined),                                                         \
		SV_COL("PAGES", "coverage.total", "pages there were to read", U64, false,          \
			level##_total),                                                            \
		SV_COL("UNREADABLE", "coverage.unreadable", "pages that could not be read", U64,   \
			false, level##_unreadable),                                                \
		SV_COL("CHANGED", "coverage.changed", "pages that changed while read", U64, false, \
			level##_changed)

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	FIGURE_COLUMNS(group, true),
};

static const struct sv_column row_columns[] = {
	SV_COL("PID", NULL, "process number", U64, false, sv_get_pid),
	SV_COL("START", "start", "first address", HEX, true, get_start),
	SV_COL("END", "end", "address after the last", HEX, false, sv_get_vma_end),
	SV_COL("PERMS", "perms", "read, write, execute, shared or private", STRING, true,
		sv_get_perms),
	SV_COL("OFFSET", "offset", "where in the file it begins, in bytes", HEX, false, get_offset),
	SV_COL("DEVICE", "device", "device of the file, major:minor", STRING, false, get_device),
	SV_COL("INODE", "inode", "inode of the file, 0 for none", U64, false, get_inode),
	SV_COL("KIND", "kind", "what kind of memory", STRING, true, sv_get_kind),
	SV_COL("REACH", "reach.words",
		"how the linear map has it: rw, ro, removed, unknown; mapped where assumed", WORDS,
		true, get_reach_words),
	FIGURE_COLUMNS(row, false),
	SV_COL("RSS", "smaps.rss_bytes", "the kernel's own figure, which leaves hugetlb out", BYTES,
		false, get_rss),
	SV_COL("PAGESIZE", "smaps.page_size_bytes", "size of its pages", BYTES, false,
		get_page_size),
	SV_COL("VM-LOCKED", "smaps.locked", "the VMA carries the lock flag", BOOL, false,
		get_lock_flag),
	SV_COL("ONFAULT", "smaps.lock_on_fault", "locked only once touched", BOOL, false,
		get_onfault),
	SV_COL("ACCOUNTED", "smaps.accounted", "counted against the commit limit", BOOL, false,
		get_account),
	SV_COL("VMA-CHANGED", "changed", "it was another VMA by the end of the reading", BOOL,
		false, get_row_changed),
	SV_ALARM("NOTE", "findings", "what is worth a second look", WORDS, true, get_flags),
	SV_COL("PATH", "path", "file or name of the mapping", STRING, true, sv_get_path),
};

const struct safevma_table sv_table_maps = {
	.name = "maps",
	.group_member = "processes",
	.row_member = "vmas",
	SV_GROUPS_OF_ROWS,
	.complete = sv_memory_complete,
	.coverage = sv_selected_coverage,
	.none = SV_NONE_SELECTED,
};

/* ---- linear -p: the same figures, of reach alone --------------------------------------------- */

#define REACH_COLUMNS(level)                                                                       \
	SV_COL("RESIDENT", "resident_bytes", "present in memory", BYTES, true, level##_resident),  \
		SV_COL("MAPPED", "reach.mapped_bytes", "reached by the linear map", BYTES, true,   \
			level##_reach_mapped),                                                     \
		SV_COL("READONLY", "reach.readonly_bytes",                                         \
			"of that, the linear map may read, not write", BYTES, true,                \
			level##_reach_readonly),                                                   \
		SV_COL("REMOVED", "reach.removed_bytes", "taken out of the linear map", BYTES,     \
			true, level##_reach_removed),                                              \
		SV_COL("REACH?", "reach.unknown_bytes", "it is not known which", BYTES, true,      \
			level##_reach_unknown),                                                    \
		SV_ALARM("OTHER", "reach.other_mapped_bytes",                                      \
			"mapped at further kernel addresses", BYTES, true, level##_other_mapped),  \
		SV_COL("OTHER?", "reach.other_unknown_bytes",                                      \
			"whether it is mapped elsewhere was not looked for", BYTES, false,         \
			level##_other_unknown),                                                    \
		SV_COL("OBSERVED", "reach.basis.observed_bytes",                                   \
			"known from this system's page tables", BYTES, true, level##_observed),    \
		SV_COL("INFERRED", "reach.basis.inferred_bytes",                                   \
			"follows from a documented mechanism", BYTES, true, level##_inferred),     \
		SV_COL("ASSUMED", "reach.basis.assumed_bytes", "the architecture's default",       \
			BYTES, true, level##_assumed)

static struct safevma_value group_tables(safevma_cursor *c)
{
	return c->process->kernel.made
		       ? sv_value_u64(SAFEVMA_TYPE_U64, c->process->kernel.cost.tables)
		       : sv_value_unknown();
}

static const struct sv_column linear_group_columns[] = {
	SV_PROCESS_COLUMNS,
	REACH_COLUMNS(group),
	SV_COL("TABLES", "tables_read", "pages of the kernel's tables read for it", U64, true,
		group_tables),
};

static const struct sv_column linear_row_columns[] = {
	SV_COL("START", "start", "first address", HEX, true, get_start),
	SV_COL("PERMS", "perms", "what the process may do", STRING, true, sv_get_perms),
	SV_COL("KIND", "kind", "what kind of memory", STRING, true, sv_get_kind),
	SV_COL("REACH", "reach.words",
		"how the linear map has it: rw, ro, removed, unknown; mapped where assumed", WORDS,
		true, get_reach_words),
	REACH_COLUMNS(row),
	SV_COL("PATH", "path", "file or name of the mapping", STRING, true, sv_get_path),
};

static bool with_processes(const safevma_observation *obs)
{
	return (obs->needs & SAFEVMA_NEED_KERNEL) && (obs->needs & SAFEVMA_NEED_REACH);
}

const struct safevma_table sv_table_linear_processes = {
	.name = "linear-processes",
	.group_member = "processes",
	.row_member = "vmas",
	.group_columns = linear_group_columns,
	.group_count = sv_array_size(linear_group_columns),
	.row_columns = linear_row_columns,
	.row_count = sv_array_size(linear_row_columns),
	.next_group = next_group,
	.next_row = next_row,
	.wanted = with_processes,
	.none = "no process was selected",
};
