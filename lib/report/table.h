/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table: columns with getters over a cursor, and how the cursor walks. One column table drives
 * text, JSON, help, the man page's list and the schema's check. Columns without a JSON member are
 * for text alone: they repeat something of the group beside each row.
 */
#ifndef SV_REPORT_TABLE_H
#define SV_REPORT_TABLE_H

#include "measure/commit.h"
#include "measure/edges.h"
#include "measure/exposure.h"
#include "measure/faults.h"
#include "measure/figures.h"
#include "measure/fit.h"
#include "measure/hardening.h"
#include "measure/linear.h"
#include "measure/locks.h"
#include "measure/owners.h"
#include "measure/phys.h"
#include "measure/runs.h"
#include "measure/settle.h"
#include "measure/share.h"
#include "measure/slabgrowth.h"
#include "measure/vma.h"

struct sv_column {
	struct safevma_column pub;
	struct safevma_value (*get)(safevma_cursor *cursor);
};

#define SV_COL(n, j, h, t, s, g)                                                                   \
	{                                                                                          \
		.pub = { .name = n, .json = j, .help = h, .type = SAFEVMA_TYPE_##t, .shown = s },  \
		.get = g                                                                           \
	}

/* A column that is coloured when there is some of it. */
#define SV_ALARM(n, j, h, t, s, g)                                                                 \
	{                                                                                          \
		.pub = { .name = n,                                                                \
			.json = j,                                                                 \
			.help = h,                                                                 \
			.type = SAFEVMA_TYPE_##t,                                                  \
			.shown = s,                                                                \
			.alarm = true },                                                           \
		.get = g                                                                           \
	}

/* Pairs of counts; m names the two in JSON. */
#define SV_PAIRS(n, j, h, s, g, m)                                                                 \
	{                                                                                          \
		.pub = { .name = n,                                                                \
			.json = j,                                                                 \
			.help = h,                                                                 \
			.type = SAFEVMA_TYPE_PAIRS,                                                \
			.shown = s,                                                                \
			.members = m },                                                            \
		.get = g                                                                           \
	}

struct sv_plan;

struct safevma_table {
	const char *name;	  /* of the command */
	const char *group_member; /* NULL: no groups */
	const char *row_member;
	const struct sv_column *group_columns, *row_columns;
	size_t group_count, row_count;
	bool (*next_group)(safevma_cursor *cursor);
	bool (*next_row)(safevma_cursor *cursor);
	/* The table is without gaps in what it promises. */
	bool (*complete)(const safevma_observation *obs);
	void (*coverage)(const safevma_observation *obs, struct sv_coverage *ret);
	/* A further table of the same report, or NULL; shown when wanted() says so. */
	const struct safevma_table *also;
	/* Tables of one row that stand before it (chained by also): what all its rows rest on. */
	const struct safevma_table *before;
	bool (*wanted)(const safevma_observation *obs);
	/* It has one row, shown upright: a line a column, in JSON an object. */
	bool upright;
	bool alone;	  /* in text for scripts it stands without those of also */
	const char *none; /* what to say when there is nothing to show */
	/* A picture in place of the rows, in text of which no columns were chosen; or NULL. */
	int (*draw)(const struct sv_plan *plan, FILE *out, struct safevma_error *err);
};

struct safevma_cursor {
	const safevma_observation *obs;
	const struct safevma_table *table;
	bool each;
	bool failed; /* memory ran out on the way */
	size_t next_process, next_index, next_page;
	const struct sv_process *process;
	const struct sv_vma *vma;
	struct sv_vma_figures group_figures, figures;
	struct sv_run run;
	struct sv_edge_list edges;
	const struct sv_edge *edge;
	struct sv_machine_exposure exposure;
	const struct sv_zone_exposure *zone;
	unsigned int order; /* of blocks */
	struct sv_frame frame;
	struct sv_owners owners;
	const struct sv_owner *owner; /* those of the frame */
	size_t owners_found;
	size_t item; /* of tables that are plain lists */
	struct sv_region_rows regions;
	struct sv_linear_sums linear;
	struct sv_commit_budget budget;
	struct sv_commit_process commit_process;
	struct sv_commit_vma commit_vma;
	const struct sv_watched *watched;
	struct sv_settled settled;
	const struct sv_change *change;
	struct sv_series_sums series_sums;
	const struct sv_fault *fault;
	const struct sv_fault_process *fault_process;
	const struct sv_fault_sum *fault_sum;
	struct sv_faults_sums faults_sums;
	struct sv_lock_view lock_view;
	struct sv_lock_figures locks;
	struct sv_lock_process lock_process;
	struct sv_lock_run lock_run;
	struct sv_lock_stack lock_stack;
	const struct sv_psi_reading *psi;
	const struct sv_zone_state *zone_state;
	const struct sv_swap *swap;
	const struct sv_zram *zram;
	const struct sv_memcg *memcg, *memcg_next;
	struct sv_memcg_limits limits;
	struct sv_oom_list oom;
	const struct sv_oom_entry *oom_entry;
	const struct sv_raster_cell *raster_cell;
	uint64_t *selected; /* frames of the selected in each cell of the raster; made when asked */
	struct sv_composition composition, whole;
	uint64_t node;
	const struct sv_block_type *block_type;
	const struct sv_slab_cache *slab;
	const struct sv_slab_place *slab_place; /* NULL: not told */
	struct sv_slab_growths growths;
	const struct sv_slab_grown *grown;
	uint64_t zone_blocks;
	struct sv_pfns pfns;
	struct sv_placement placement, process_placement;
	struct sv_sharers sharers;
	struct sv_share_view share; /* of the process */
	const struct sv_share_row *share_row;
	const struct sv_descriptor *descriptor;
	const struct sv_memory_map *memory_map;
	struct sv_fit fit;
	const struct sv_fit_row *fit_row;
	struct sv_hard *hard; /* owned */
	size_t hard_count;
	enum safevma_verdict verdict;
	const struct safevma_report_options *cells; /* in text: how figures are written; or NULL */
	char text[256];
	struct sv_strbuf scratch;
};

/* Values. */
static inline struct safevma_value sv_value_unknown(void)
{
	return (struct safevma_value) { .type = SAFEVMA_TYPE_UNKNOWN };
}
struct safevma_value sv_value_num(enum safevma_type type, struct sv_num n);
struct safevma_value sv_value_u64(enum safevma_type type, uint64_t v);
struct safevma_value sv_value_i64(int64_t v);
struct safevma_value sv_value_bool(bool v);
struct safevma_value sv_value_bool_num(struct sv_num n);
struct safevma_value sv_value_real(double v);
struct safevma_value sv_value_pairs(const char *s);
struct safevma_value sv_value_text(const char *s); /* NULL: unknown */
struct safevma_value sv_value_words(const char *s);
struct safevma_value sv_value_bytes_text(const struct sv_strbuf *b);
struct safevma_value sv_value_span(struct sv_span s);

/* A figure of any type: as text (in a text report as a cell of its type), as a number, its unit. */
struct safevma_value sv_figure_text(safevma_cursor *cursor, struct safevma_value v);
struct safevma_value sv_figure_number(struct safevma_value v);
struct safevma_value sv_figure_unit(struct safevma_value v);

/* Walks shared by the tables of processes: selected ones in order of number. */
bool sv_next_selected(safevma_cursor *cursor);
bool sv_memory_complete(const safevma_observation *obs);

/* A count of pages of the current process; unknown when its memory was not read. */
struct safevma_value sv_value_pages(const safevma_cursor *cursor, uint64_t pages);

/* Columns that say who the process is; the same in every table. */
struct safevma_value sv_get_pid(safevma_cursor *c);
struct safevma_value sv_get_comm(safevma_cursor *c);
struct safevma_value sv_get_exe(safevma_cursor *c);
struct safevma_value sv_get_start_ticks(safevma_cursor *c);
struct safevma_value sv_get_why(safevma_cursor *c);
struct safevma_value sv_get_fate(safevma_cursor *c);

/* Frames within 1, 2, 4, ... of a strong source below, up to a pageblock; pairs. */
struct safevma_value sv_curve(safevma_cursor *c, const uint64_t *within);

/* Words for the further kernel addresses of a frame, "zone:rw:0xffffffff9339a000" each. */
struct safevma_value sv_other_mappings(
	safevma_cursor *c, const struct sv_kernelmap *map, struct sv_num pfn, struct sv_num others);

/* "rw-p" */
struct safevma_value sv_perms_text(safevma_cursor *c, unsigned int perms);

/* UNKNOWN is unknown. */
struct safevma_value sv_value_class(enum sv_class class);

/* Of what the cursor's run says is reached. */
struct safevma_value sv_get_reach(safevma_cursor *c);
struct safevma_value sv_get_basis(safevma_cursor *c);
struct safevma_value sv_get_alias(safevma_cursor *c);
struct safevma_value sv_get_alias_perm(safevma_cursor *c);

/* Columns that say which VMA a row is of. */
struct safevma_value sv_get_vma(safevma_cursor *c);
struct safevma_value sv_get_vma_end(safevma_cursor *c);
struct safevma_value sv_get_perms(safevma_cursor *c);
/* Of c->zone. */
struct safevma_value sv_get_zone(safevma_cursor *c);
struct safevma_value sv_get_zone_first(safevma_cursor *c);
struct safevma_value sv_get_zone_last(safevma_cursor *c);
/* Of c->group_figures. */
struct safevma_value sv_get_examined(safevma_cursor *c);
struct safevma_value sv_get_total(safevma_cursor *c);
struct safevma_value sv_get_unreadable(safevma_cursor *c);
struct safevma_value sv_get_changed(safevma_cursor *c);
struct safevma_value sv_get_kind(safevma_cursor *c);
struct safevma_value sv_get_path(safevma_cursor *c);

#define SV_PROCESS_COLUMNS                                                                         \
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),                             \
		SV_COL("COMM", "comm", "name that the process gave itself", STRING, true,          \
			sv_get_comm),                                                              \
		SV_COL("EXE", "exe", "path of its executable", STRING, false, sv_get_exe),         \
		SV_COL("START", "start_ticks", "when it started, in clock ticks after boot", U64,  \
			false, sv_get_start_ticks),                                                \
		SV_COL("WHY", "why_selected", "why it was selected", WORDS, true, sv_get_why),     \
		SV_COL("STATE", "reading",                                                         \
			"how the reading of its memory went: stable, changed, vanished, unread",   \
			STRING, false, sv_get_fate)

/* What was read of a process; shown: the pages and those that changed are. */
#define SV_COVERAGE_COLUMNS(shown)                                                                 \
	SV_COL("EXAMINED", "coverage.examined", "pages of which all was read", U64, false,         \
		sv_get_examined),                                                                  \
		SV_COL("PAGES", "coverage.total", "pages there were to read", U64, shown,          \
			sv_get_total),                                                             \
		SV_COL("UNREADABLE", "coverage.unreadable", "pages whose frame could not be read", \
			U64, false, sv_get_unreadable),                                            \
		SV_COL("CHANGED", "coverage.changed", "pages that changed while read", U64, shown, \
			sv_get_changed)

/* The usual members of a table: what the file calls by these names. */
#define SV_GROUPS_OF_ROWS                                                                          \
	.group_columns = group_columns, .group_count = sv_array_size(group_columns),               \
	.row_columns = row_columns, .row_count = sv_array_size(row_columns),                       \
	.next_group = next_group, .next_row = next_row

#define SV_NONE_SELECTED "no process was selected: name one with -p PID, or take all with -a"

extern const struct safevma_table sv_table_ps, sv_table_maps, sv_table_frames, sv_table_adjacency,
	sv_table_doctor, sv_table_facts, sv_table_reconcile, sv_table_linear, sv_table_linear_map,
	sv_table_pools, sv_table_holders, sv_table_extents, sv_table_linear_processes,
	sv_table_probe, sv_table_exposure, sv_table_page_tables, sv_table_zones, sv_table_mixing,
	sv_table_owners, sv_table_commit, sv_table_policy, sv_table_budget, sv_table_locks,
	sv_table_locks_each, sv_table_movers, sv_table_stacks, sv_table_watch, sv_table_watched,
	sv_table_changes, sv_table_looks, sv_table_settled, sv_table_faults, sv_table_faulted,
	sv_table_fault_events, sv_table_sampling, sv_table_pressure, sv_table_reclaim,
	sv_table_watermarks, sv_table_swap, sv_table_settings, sv_table_cgroups,
	sv_table_cgroup_limits, sv_table_oom_policy, sv_table_oom_order, sv_table_oom_standing,
	sv_table_fit, sv_table_fit_limits, sv_table_phys, sv_table_raster, sv_table_phys_classes,
	sv_table_phys_nodes, sv_table_phys_zones, sv_table_phys_blocks, sv_table_phys_mixing,
	sv_table_phys_flags, sv_table_phys_processes, sv_table_slab, sv_table_slab_aliases,
	sv_table_slab_settings, sv_table_slab_frames, sv_table_slab_growth, sv_table_slab_window,
	sv_table_share, sv_table_memory_fds, sv_table_ways, sv_table_access, sv_table_kernel,
	sv_table_issues;

/* Words of bits. */
struct safevma_value sv_lock_reasons(safevma_cursor *c, unsigned int reasons);
struct safevma_value sv_lock_unknowns(safevma_cursor *c, unsigned int unknown);
bool sv_locks_complete(const safevma_observation *obs);

#endif
