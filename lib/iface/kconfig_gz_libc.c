// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stand-in for kconfig_gz.c in the recorder: the packed file is recorded as it is. */
#include "kconfig_gz.h"

#include "base/error.h"

int sv_gunzip(const void *data, size_t len, const char *name, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	(void)data;
	(void)len;
	(void)ret;
	return sv_error_set(
		err, SAFEVMA_E_UNSUPPORTED, 0, name, 0, "this build cannot unpack gzip");
}
