// SPDX-License-Identifier: LGPL-2.1-or-later
/* What was escaped is UTF-8 to a decoder that is not ours, and steers nothing. */
#include "fuzz.h"

#include <iconv.h>

#include "report/escape.h"

static void promise_harmless(uint32_t cp, enum sv_escape how)
{
	promise(cp && cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff));
	if (how == SV_ESCAPE_UTF8)
		return;
	promise(cp >= 0x20 && (cp < 0x7f || cp > 0x9f));
	promise(cp < 0x202a || cp > 0x202e);
	promise(cp < 0x2066 || cp > 0x2069);
	promise(how != SV_ESCAPE_RAW || (cp != ' ' && cp != 0xa0 && cp != 0x2003));
}

static void promise_utf8(struct sv_strbuf *b, enum sv_escape how)
{
	iconv_t cd = iconv_open("UCS-4LE", "UTF-8");
	char *in = b->ptr;
	size_t left = b->len;

	promise(cd != (iconv_t)-1);
	while (left) {
		unsigned char cp[4];
		char *out = (char *)cp;
		size_t room = sizeof(cp);

		iconv(cd, &in, &left, &out, &room);
		promise(room == 0);
		promise_harmless(cp[0] | (uint32_t)cp[1] << 8 | (uint32_t)cp[2] << 16 |
					 (uint32_t)cp[3] << 24,
			how);
	}
	iconv_close(cd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int how = SV_ESCAPE_TERMINAL; how <= SV_ESCAPE_UTF8; how++) {
		sv_auto_strbuf struct sv_strbuf once = { 0 }, twice = { 0 };

		promise(!sv_escape((const char *)data, size, (enum sv_escape)how, &once));
		promise(once.len <= 4 * size + 1 && once.len >= size);
		promise(how != SV_ESCAPE_RAW || once.len);
		promise_utf8(&once, (enum sv_escape)how);
		promise(!sv_escape(once.ptr, once.len, (enum sv_escape)how, &twice));
		promise(once.len == twice.len && !memcmp(once.ptr, twice.ptr, once.len));
	}
	return 0;
}
