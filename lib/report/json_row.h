/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of a table as JSON objects. What is the same in every row (names, nesting, punctuation) is a
 * shape that is made once; a row is the shape with the row's values written in its gaps.
 *
 * Why no object of a JSON library for each row: maps --json of 60 000 VMAs with 51 members took 3.2
 * s and more with one, and 0.7 s so, parsing included.
 */
#ifndef SV_REPORT_JSON_ROW_H
#define SV_REPORT_JSON_ROW_H

#include "table.h"

enum {
	/* Instead of a column: the number of the group's process. */
	SV_SHAPE_PID = 1 << 16,
	/* The end of the shape. */
	SV_SHAPE_END,
};

struct sv_gap_in_shape {
	size_t end;    /* of the text before it */
	size_t column; /* or one of the above */
};

struct sv_shape {
	enum safevma_level level;
	struct sv_strbuf text;
	sv_vec(struct sv_gap_in_shape) gaps;
};

/*
 * Text of an object that has "\x01N\x01" for the value of column N; N may also be SV_SHAPE_PID. A
 * shape is zeroed before. -1: memory is out.
 */
int sv_shape_parse(struct sv_shape *shape, const char *text) sv_must_check;
void sv_shape_fini(struct sv_shape *shape);

/* Appends the current group or row. -1: memory is out. */
int sv_shape_write(
	const struct sv_shape *shape, safevma_cursor *cursor, struct sv_strbuf *ret) sv_must_check;

/* Appends a value as JSON; members: as in struct safevma_column. -1: memory is out. */
int sv_json_value(const struct safevma_value *value, const char *members,
	struct sv_strbuf *ret) sv_must_check;

#endif
