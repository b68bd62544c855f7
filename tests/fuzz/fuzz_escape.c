// SPDX-License-Identifier: LGPL-2.1-or-later
/* What was escaped is UTF-8 to a decoder that is not ours, steers nothing, and can be told back. */
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

static unsigned int digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The bytes can be told back: each \xNN is one, all else stands for itself. */
static void promise_told_back(const struct sv_strbuf *b, const uint8_t *data, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < b->len; at++) {
		unsigned int c = (unsigned char)b->ptr[i++];

		if (c == '\\' && b->len - i >= 3 && b->ptr[i] == 'x') {
			c = digit(b->ptr[i + 1]) << 4 | digit(b->ptr[i + 2]);
			i += 3;
		}
		promise(at < size && data[at] == c);
	}
	promise(at == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int how = SV_ESCAPE_TERMINAL; how <= SV_ESCAPE_UTF8; how++) {
		sv_auto_strbuf struct sv_strbuf once = { 0 };

		promise(!sv_escape((const char *)data, size, (enum sv_escape)how, &once));
		promise(once.len <= 4 * size + 2 && once.len >= size);
		promise(how != SV_ESCAPE_RAW || once.len);
		promise_utf8(&once, (enum sv_escape)how);
		if (size)
			promise_told_back(&once, data, size);
	}
	return 0;
}
