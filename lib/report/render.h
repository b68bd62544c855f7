/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Renderers switch on the type of a value, never on the command. */
#ifndef SV_REPORT_RENDER_H
#define SV_REPORT_RENDER_H

#include "table.h"

/* Which columns, in which order; indexes into one level's columns. */
struct sv_columns {
	size_t index[128];
	size_t count;
};

struct sv_plan {
	const safevma_observation *obs;
	const struct safevma_table *table;
	const struct safevma_report_options *options;
	struct sv_columns row, group;
	bool sorted, reverse;
	size_t sort_column;
};

int sv_render_text(const struct sv_plan *plan, FILE *out, struct safevma_error *err);
int sv_render_json(const struct sv_plan *plan, FILE *out, struct safevma_error *err);

/* NDJSON lines of a plain list from row *from on, which is moved behind them. */
int sv_render_lines(const struct sv_plan *plan, size_t *from, FILE *out, struct safevma_error *err);

/* Value as text; bytes scaled unless plan->options->bytes. Escaped. -1: memory is out. */
int sv_value_format(const struct safevma_value *v, const struct safevma_report_options *options,
	struct sv_strbuf *ret);

/* Numbers stand at the right. */
bool sv_is_number(enum safevma_type type);

/* Order of two values: unknown first, then by value. */
int sv_value_compare(const struct safevma_value *a, const struct safevma_value *b);

#endif
