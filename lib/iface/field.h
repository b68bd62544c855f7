/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fields of a kernel's text: a row of a table says which key goes where and how its value is read.
 * Keys that no table knows are skipped: kernels add them at will.
 */
#ifndef SV_IFACE_FIELD_H
#define SV_IFACE_FIELD_H

#include "base/parse.h"

/* Reads VALUE, blanks around it aside, to its end. 0; or -1 with an error at TEXT's line. */
typedef int sv_field_reader(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err);

sv_field_reader sv_field_dec, sv_field_hex;
sv_field_reader sv_field_kb; /* "N kB", returned in bytes */

struct sv_field {
	const char *key; /* NULL ends a table */
	size_t len;	 /* of the key; 0: it is counted each time */
	sv_field_reader *read;
	size_t offset; /* of the struct sv_num in the object */
};

/*
 * Stores VALUE in every row of KEY. A field that is known already is an error: a key that comes
 * twice in one object means that the line which begins the next object was lost.
 */
int sv_field_store(const struct sv_field *fields, const struct sv_text *text, struct sv_span key,
	struct sv_span value, void *object, struct safevma_error *err);

/* A line "Key: value" with a key of letters, digits and underscores; stored as above. */
int sv_field_line(const struct sv_field *fields, const struct sv_text *text, struct sv_span line,
	void *object, struct safevma_error *err);

#endif
