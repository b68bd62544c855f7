// SPDX-License-Identifier: LGPL-2.1-or-later
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void place(struct safevma_error *err, const char *path, uint64_t line)
{
	snprintf(err->path, sizeof(err->path), "%s", path ? path : "");
	err->line = line;
}

int sv_error_set(struct safevma_error *err, enum safevma_code code, int errnum, const char *path,
	uint64_t line, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->errnum = errnum;
	place(err, path, line);
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -1;
}

int sv_error_sys(struct safevma_error *err, int errnum, const char *path, const char *what)
{
	return sv_error_set(
		err, SAFEVMA_E_SYSTEM, errnum, path, 0, "%s: %s", what, strerror(errnum));
}

int sv_error_pass(struct safevma_error *err, const struct safevma_error *from)
{
	if (err)
		*err = *from;
	return -1;
}

int sv_error_nomem(struct safevma_error *err)
{
	return sv_error_set(err, SAFEVMA_E_NOMEM, ENOMEM, NULL, 0, "out of memory");
}

size_t safevma_error_format(const struct safevma_error *err, char *buf, size_t size)
{
	int n;

	if (err->path[0] && err->line)
		n = snprintf(buf, size, "%s:%llu: %s", err->path, (unsigned long long)err->line,
			err->message);
	else if (err->path[0])
		n = snprintf(buf, size, "%s: %s", err->path, err->message);
	else
		n = snprintf(buf, size, "%s", err->message);
	return n < 0 ? 0 : (size_t)n;
}
