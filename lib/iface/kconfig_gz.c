// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kconfig_gz.h"

#include <zlib.h>

#include "base/error.h"

enum { LIMIT = 16 << 20, CHUNK = 64 << 10, GZIP_WINDOW = 15 + 16 };

static int inflate_all(z_stream *z, struct sv_strbuf *ret)
{
	int rc = Z_OK;

	while (rc == Z_OK && ret->len < LIMIT) {
		if (sv_strbuf_reserve(ret, CHUNK))
			return Z_MEM_ERROR;
		z->next_out = (Bytef *)ret->ptr + ret->len;
		z->avail_out = CHUNK;
		rc = inflate(z, Z_NO_FLUSH);
		ret->len += CHUNK - z->avail_out;
		ret->ptr[ret->len] = 0;
		if (rc == Z_OK && z->avail_out == CHUNK)
			return Z_BUF_ERROR; /* no progress: the data ends too early */
	}
	return rc;
}

int sv_gunzip(const void *data, size_t len, const char *name, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	z_stream z = { .next_in = (z_const Bytef *)data, .avail_in = (uInt)len };
	size_t start = ret->len;
	int rc;

	if (len > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return sv_error_nomem(err);
	rc = inflate_all(&z, ret);
	inflateEnd(&z);
	if (rc == Z_STREAM_END)
		return 0;
	ret->len = start;
	if (ret->ptr)
		ret->ptr[start] = 0;
	if (rc == Z_MEM_ERROR)
		return sv_error_nomem(err);
	return sv_error_set(err, SAFEVMA_E_FORMAT, 0, name, 0,
		"expected a complete gzip file, got %zu bytes that do not unpack", len);
}
