/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How cells of the raster look, on a terminal and in a picture: never by colour alone. */
#ifndef SV_REPORT_RASTER_H
#define SV_REPORT_RASTER_H

#include "render.h"

struct sv_class_look {
	char letter;	   /* of a cell that this class dominates */
	char mixed;	   /* the same, of a cell in which slab lies beside memory of processes */
	const char *ansi;  /* of letters on a terminal */
	const char *color; /* of cells in a picture */
};

const struct sv_class_look *sv_class_look(enum sv_class class);

char sv_raster_letter(const struct sv_raster_cell *cell);

/* The picture in text. */
int sv_raster_draw(const struct sv_plan *plan, FILE *out, struct safevma_error *err);

/* "16M" */
int sv_raster_size(const safevma_observation *obs, uint64_t frames, struct sv_strbuf *ret);

#endif
