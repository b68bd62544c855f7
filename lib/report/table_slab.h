/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns that say where slab memory lies, of caches and of all of it; of the cursor's slab_place.
 */
#ifndef SV_REPORT_TABLE_SLAB_H
#define SV_REPORT_TABLE_SLAB_H

#include "table.h"

/* NULL: it is not told whose the frames are. */
const struct sv_slab_place *sv_slab_place_of(
	const safevma_observation *obs, const struct sv_slab_cache *cache);

struct safevma_value sv_get_slab_frames(safevma_cursor *c);
struct safevma_value sv_get_slab_found(safevma_cursor *c);
struct safevma_value sv_get_slab_kfence(safevma_cursor *c);
struct safevma_value sv_get_slab_zones(safevma_cursor *c);
struct safevma_value sv_get_slab_nodes(safevma_cursor *c);
struct safevma_value sv_get_slab_blocks(safevma_cursor *c);
struct safevma_value sv_get_slab_shared(safevma_cursor *c);
struct safevma_value sv_get_slab_movable(safevma_cursor *c);
struct safevma_value sv_get_slab_user(safevma_cursor *c);
struct safevma_value sv_get_slab_user_over(safevma_cursor *c);
struct safevma_value sv_get_slab_tables(safevma_cursor *c);
struct safevma_value sv_get_slab_tables_over(safevma_cursor *c);
struct safevma_value sv_get_slab_selected(safevma_cursor *c);
struct safevma_value sv_get_slab_selected_over(safevma_cursor *c);

#define SV_SLAB_WHERE_COLUMNS                                                                      \
	SV_COL("BLOCKS", "blocks", "pageblocks that they stand in", U64, true,                     \
		sv_get_slab_blocks),                                                               \
		SV_COL("SHARED", "shared_blocks",                                                  \
			"of these, pageblocks that hold mapped memory of processes too", U64,      \
			true, sv_get_slab_shared),                                                 \
		SV_COL("MOVABLE", "movable_blocks",                                                \
			"pageblocks of these that are kept for movable memory", U64, false,        \
			sv_get_slab_movable),                                                      \
		SV_COL("USER", "edges.user",                                                       \
			"pairs of neighbours: one of these, one mapped memory of a process", U64,  \
			true, sv_get_slab_user),                                                   \
		SV_COL("USER-OVER", "edges.user_over",                                             \
			"of these, with the slab below: its overflow runs into the other", U64,    \
			false, sv_get_slab_user_over),                                             \
		SV_COL("TABLES", "edges.tables",                                                   \
			"pairs of neighbours: one of these, one a page table", U64, true,          \
			sv_get_slab_tables),                                                       \
		SV_COL("TABLES-OVER", "edges.tables_over", "of these, with the slab below", U64,   \
			false, sv_get_slab_tables_over),                                           \
		SV_COL("SELECTED", "edges.selected",                                               \
			"pairs of neighbours: one of these, one of a selected process", U64,       \
			false, sv_get_slab_selected),                                              \
		SV_COL("SEL-OVER", "edges.selected_over", "of these, with the slab below", U64,    \
			false, sv_get_slab_selected_over),                                         \
		SV_PAIRS("ZONES", "zones", "frames by zone", false, sv_get_slab_zones,             \
			"zone frames"),                                                            \
		SV_PAIRS("NODES", "nodes", "frames by node", false, sv_get_slab_nodes,             \
			"node frames")

#define SV_SLAB_PLACE_COLUMNS                                                                      \
	SV_COL("FRAMES", "frames", "frames of its slabs, by their struct pages", U64, false,       \
		sv_get_slab_frames),                                                               \
		SV_COL("FOUND", "found_slabs", "slabs of these frames, to compare", U64, false,    \
			sv_get_slab_found),                                                        \
		SV_COL("KFENCE", "kfence_objects",                                                 \
			"objects of it in KFENCE's pool, which are in no slab", U64, false,        \
			sv_get_slab_kfence),                                                       \
		SV_SLAB_WHERE_COLUMNS

#endif
