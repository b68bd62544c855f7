/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of a table, collected so that its columns can be given their widths. Those of a long table
 * are printed from here, as libsmartcols would at many times the cost (it keeps a line object with
 * a copy of each cell), in pieces whose columns only ever grow.
 */
#ifndef SV_REPORT_LAYOUT_H
#define SV_REPORT_LAYOUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "base/vec.h"

enum { SV_LAYOUT_COLUMNS = 128 };

struct sv_cell {
	uint32_t len, width; /* bytes; places on the screen */
	const char *color;   /* escape sequence, static, or NULL */
};

struct sv_layout {
	size_t columns;
	size_t width[SV_LAYOUT_COLUMNS];
	bool right[SV_LAYOUT_COLUMNS];
	struct sv_strbuf text; /* of the cells, one behind the other, each with a NUL */
	sv_vec(struct sv_cell) cells;
	struct sv_strbuf out;
};

void sv_layout_fini(struct sv_layout *layout);

/* The next cell of the line. -1: memory is out. */
int sv_layout_cell(
	struct sv_layout *layout, const char *text, size_t len, const char *color) sv_must_check;

/* Lines that are collected, the last perhaps not whole. */
size_t sv_layout_lines(const struct sv_layout *layout);

/* Writes them and forgets them. -1: memory is out; 0 else: errors of out stay with it. */
int sv_layout_print(struct sv_layout *layout, FILE *out) sv_must_check;

/* Places that UTF-8 text takes on the screen. */
size_t sv_layout_width(const char *text, size_t len);

#endif
