/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns that say who has a frame, for tables that name one in each row. */
#ifndef SV_REPORT_TABLE_HOLDING_H
#define SV_REPORT_TABLE_HOLDING_H

#include "measure/holding.h"
#include "table.h"

/* All of these are unknown where h is NULL. */
struct safevma_value sv_held_kind_value(const struct sv_holding *h);
struct safevma_value sv_held_owner_value(safevma_cursor *c, const struct sv_holding *h);
struct safevma_value sv_held_basis_value(const struct sv_holding *h);
struct safevma_value sv_held_head_value(const struct sv_holding *h);
struct safevma_value sv_held_order_value(const struct sv_holding *h);
struct safevma_value sv_held_detail_value(safevma_cursor *c, const struct sv_holding *h);
struct safevma_value sv_held_doubt_value(const struct sv_holding *h);

/* Getters over a function that gives the holding of the cursor's row. */
#define SV_HOLDING_COLUMNS(prefix, of)                                                             \
	static struct safevma_value prefix##_kind(safevma_cursor *c)                               \
	{                                                                                          \
		return sv_held_kind_value(of(c));                                                  \
	}                                                                                          \
	static struct safevma_value prefix##_owner(safevma_cursor *c)                              \
	{                                                                                          \
		return sv_held_owner_value(c, of(c));                                              \
	}                                                                                          \
	static struct safevma_value prefix##_basis(safevma_cursor *c)                              \
	{                                                                                          \
		return sv_held_basis_value(of(c));                                                 \
	}                                                                                          \
	static struct safevma_value prefix##_head(safevma_cursor *c)                               \
	{                                                                                          \
		return sv_held_head_value(of(c));                                                  \
	}                                                                                          \
	static struct safevma_value prefix##_order(safevma_cursor *c)                              \
	{                                                                                          \
		return sv_held_order_value(of(c));                                                 \
	}                                                                                          \
	static struct safevma_value prefix##_detail(safevma_cursor *c)                             \
	{                                                                                          \
		return sv_held_detail_value(c, of(c));                                             \
	}                                                                                          \
	static struct safevma_value prefix##_doubt(safevma_cursor *c)                              \
	{                                                                                          \
		return sv_held_doubt_value(of(c));                                                 \
	}

#define SV_HOLDING_ROWS(prefix, json, owner, shown)                                                \
	SV_COL("HELD", json "kind", "what it was found to be held for", STRING, shown,             \
		prefix##_kind),                                                                    \
		SV_COL("OWNER", owner, "cache or function that has it", STRING, shown,             \
			prefix##_owner),                                                           \
		SV_COL("OWNER-BASIS", json "basis", "what says who has it", STRING, false,         \
			prefix##_basis),                                                           \
		SV_COL("HEAD", json "head", "first frame of its allocation", HEX, false,           \
			prefix##_head),                                                            \
		SV_COL("ORDER", json "order", "pages of its allocation, as a power of two", U64,   \
			false, prefix##_order),                                                    \
		SV_COL("DETAIL", json "detail", "what else is told of it", STRING, false,          \
			prefix##_detail),                                                          \
		SV_COL("DOUBT", json "contradiction", "two that tell contradict each other", BOOL, \
			false, prefix##_doubt)

#endif
