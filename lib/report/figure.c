// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables whose rows are figures of different sorts: each as text, as a number, and its unit. */
#include <stdio.h>

#include "render.h"
#include "table.h"

static bool is_number(const struct safevma_value *v)
{
	return v->type == SAFEVMA_TYPE_U64 || v->type == SAFEVMA_TYPE_BYTES;
}

/* In text as a cell of its own type would be. */
static struct safevma_value as_cell(safevma_cursor *c, const struct safevma_value *v)
{
	c->scratch.len = 0;
	if (sv_value_format(v, c->cells, &c->scratch)) {
		c->failed = true;
		return sv_value_unknown();
	}
	return sv_value_bytes_text(&c->scratch);
}

struct safevma_value sv_figure_text(safevma_cursor *c, struct safevma_value v)
{
	if (c->cells && v.type != SAFEVMA_TYPE_UNKNOWN)
		return as_cell(c, &v);
	if (v.type == SAFEVMA_TYPE_HEX)
		snprintf(c->text, sizeof(c->text), "0x%llx", (unsigned long long)v.u64);
	else if (is_number(&v))
		snprintf(c->text, sizeof(c->text), "%llu", (unsigned long long)v.u64);
	else if (v.type == SAFEVMA_TYPE_BOOL)
		snprintf(c->text, sizeof(c->text), "%s", v.boolean ? "yes" : "no");
	else
		return v;
	return sv_value_text(c->text);
}

struct safevma_value sv_figure_number(struct safevma_value v)
{
	return is_number(&v) ? sv_value_u64(SAFEVMA_TYPE_U64, v.u64) : sv_value_unknown();
}

struct safevma_value sv_figure_unit(struct safevma_value v)
{
	if (!is_number(&v))
		return sv_value_unknown();
	return sv_value_text(v.type == SAFEVMA_TYPE_BYTES ? "bytes" : "count");
}
