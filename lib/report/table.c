// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding tables, and the cursor: the public way into them. */
#include "table.h"

#include <string.h>

#include "base/error.h"

static const struct safevma_table *const tables[] = { &sv_table_ps, &sv_table_maps,
	&sv_table_frames, &sv_table_adjacency, &sv_table_doctor, &sv_table_facts,
	&sv_table_reconcile, &sv_table_linear, &sv_table_linear_map, &sv_table_pools,
	&sv_table_holders, &sv_table_extents, &sv_table_linear_processes, &sv_table_probe,
	&sv_table_owners, &sv_table_exposure, &sv_table_page_tables, &sv_table_zones,
	&sv_table_mixing, &sv_table_commit, &sv_table_policy, &sv_table_budget, &sv_table_locks,
	&sv_table_locks_each, &sv_table_movers, &sv_table_stacks, &sv_table_watch,
	&sv_table_watched, &sv_table_changes, &sv_table_looks, &sv_table_settled, &sv_table_faults,
	&sv_table_faulted, &sv_table_fault_events, &sv_table_sampling, &sv_table_pressure,
	&sv_table_reclaim, &sv_table_watermarks, &sv_table_swap, &sv_table_settings,
	&sv_table_cgroups, &sv_table_cgroup_limits, &sv_table_oom_policy, &sv_table_oom_order,
	&sv_table_oom_standing, &sv_table_fit, &sv_table_fit_limits, &sv_table_phys,
	&sv_table_raster, &sv_table_phys_classes, &sv_table_phys_nodes, &sv_table_phys_zones,
	&sv_table_phys_blocks, &sv_table_phys_mixing, &sv_table_phys_flags,
	&sv_table_phys_processes, &sv_table_slab, &sv_table_slab_aliases, &sv_table_slab_settings,
	&sv_table_slab_frames, &sv_table_slab_growth, &sv_table_slab_window, &sv_table_share,
	&sv_table_memory_fds, &sv_table_ways, &sv_table_access, &sv_table_kernel,
	&sv_table_issues };

const safevma_table *safevma_table_find(const char *name)
{
	for (size_t i = 0; i < sv_array_size(tables); i++)
		if (!strcmp(tables[i]->name, name))
			return tables[i];
	return NULL;
}

size_t safevma_table_columns_count(const safevma_table *table, enum safevma_level level)
{
	return level == SAFEVMA_LEVEL_GROUP ? table->group_count : table->row_count;
}

const struct safevma_column *safevma_table_column(
	const safevma_table *table, enum safevma_level level, size_t index)
{
	const struct sv_column *c =
		level == SAFEVMA_LEVEL_GROUP ? table->group_columns : table->row_columns;

	return index < safevma_table_columns_count(table, level) ? &c[index].pub : NULL;
}

const char *safevma_table_member(const safevma_table *table, enum safevma_level level)
{
	return level == SAFEVMA_LEVEL_GROUP ? table->group_member : table->row_member;
}

int safevma_cursor_new(const safevma_observation *obs, const safevma_table *table, bool each,
	safevma_cursor **ret, struct safevma_error *err)
{
	safevma_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return sv_error_nomem(err);
	c->obs = obs;
	c->table = table;
	c->each = each;
	*ret = c;
	return 0;
}

void safevma_cursor_free(safevma_cursor *cursor)
{
	if (!cursor)
		return;
	sv_edge_list_fini(&cursor->edges);
	sv_vec_fini(&cursor->regions);
	sv_owners_fini(&cursor->owners);
	sv_oom_list_fini(&cursor->oom);
	sv_pfns_fini(&cursor->pfns);
	free(cursor->selected);
	sv_slab_growths_fini(&cursor->growths);
	sv_sharers_fini(&cursor->sharers);
	sv_share_view_fini(&cursor->share);
	free(cursor->hard);
	sv_strbuf_fini(&cursor->scratch);
	free(cursor);
}

bool safevma_cursor_next_group(safevma_cursor *cursor)
{
	return cursor->table->next_group && cursor->table->next_group(cursor);
}

bool safevma_cursor_next_row(safevma_cursor *cursor)
{
	return cursor->table->next_row(cursor);
}

struct safevma_value safevma_cursor_value(
	safevma_cursor *cursor, enum safevma_level level, size_t column)
{
	const struct sv_column *c = level == SAFEVMA_LEVEL_GROUP ? cursor->table->group_columns
								 : cursor->table->row_columns;

	if (column >= safevma_table_columns_count(cursor->table, level))
		return sv_value_unknown();
	return c[column].get(cursor);
}

bool safevma_observation_complete(const safevma_observation *obs, const safevma_table *table)
{
	return !table->complete || table->complete(obs);
}
