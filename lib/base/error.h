/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling the public error value, once, at the origin of a failure. */
#ifndef SV_BASE_ERROR_H
#define SV_BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "safevma.h"

/*
 * All setters return -1, so that a failing function ends in one line. ERR may be NULL. PATH may be
 * NULL, LINE 0: then the message stands without a place.
 */
int sv_error_set(struct safevma_error *err, enum safevma_code code, int errnum, const char *path,
	uint64_t line, const char *fmt, ...) sv_printf(6, 7);

/* A failed system operation on PATH: the message is WHAT and the text of ERRNUM. */
int sv_error_sys(struct safevma_error *err, int errnum, const char *path, const char *what);

/* Ends everything; all other failures become gaps. */
static inline bool sv_error_fatal(const struct safevma_error *err)
{
	return err->code == SAFEVMA_E_NOMEM || err->code == SAFEVMA_E_OPENER;
}

/* Hands FROM on to the caller's error. Returns -1. */
int sv_error_pass(struct safevma_error *err, const struct safevma_error *from);

int sv_error_nomem(struct safevma_error *err);

#endif
