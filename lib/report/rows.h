/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows in the order asked for. Without sorting they stream; with it, the keys of a group's rows are
 * collected first and the rows visited by number.
 */
#ifndef SV_REPORT_ROWS_H
#define SV_REPORT_ROWS_H

#include "render.h"

typedef int (*sv_row_fn)(safevma_cursor *cursor, void *arg, struct safevma_error *err);

/* Calls fn on each row of the current group (or of the table). */
int sv_rows_each(const struct sv_plan *plan, safevma_cursor *cursor, sv_row_fn fn, void *arg,
	struct safevma_error *err);

#endif
