// SPDX-License-Identifier: LGPL-2.1-or-later
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>

/* Length of the well-formed sequence at p (RFC 3629), 0 when there is none; *cp its character. */
static size_t sequence(const unsigned char *p, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80			 ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	if (!n || n > len)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

static bool steers(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x61c || cp == 0xfeff ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || (cp >= 0xfff9 && cp <= 0xfffb);
}

/* Zs of Unicode: what some reader takes for the end of a word. */
static bool blank(uint32_t cp)
{
	return cp == ' ' || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

static bool passes(uint32_t cp, enum sv_escape how)
{
	if (how == SV_ESCAPE_UTF8)
		return cp != 0;
	if (how == SV_ESCAPE_RAW && (blank(cp) || cp == '"'))
		return false;
	if (how == SV_ESCAPE_ASCII && cp > 0x7e)
		return false;
	return !steers(cp);
}

static int hex(const unsigned char *p, size_t n, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < n; i++)
		if (sv_strbuf_printf(ret, "\\x%02x", p[i]))
			return -1;
	return 0;
}

static bool looks_escaped(const unsigned char *p, size_t len)
{
	return len > 1 && p[0] == '\\' && p[1] == 'x';
}

/* Letters, digits and what else means nothing to anyone: most of what is shown is of these. */
static bool plain(const unsigned char *p, size_t len)
{
	unsigned int odd = 0;

	for (size_t i = 0; i < len; i++)
		odd |= p[i] <= ' ' || p[i] >= 0x7f || p[i] == '\\' || p[i] == '"';
	return !odd;
}

int sv_escape(const char *ptr, size_t len, enum sv_escape how, struct sv_strbuf *ret)
{
	const unsigned char *p = (const unsigned char *)ptr;
	size_t n;

	if (!len && how == SV_ESCAPE_RAW)
		return sv_strbuf_add(ret, "\"\"", 2);
	if (len == 1 && *ptr == '-' && how == SV_ESCAPE_RAW)
		return hex(p, 1, ret);
	if (plain(p, len))
		return sv_strbuf_add(ret, ptr, len);
	if (sv_strbuf_reserve(ret, len))
		return -1;
	for (size_t i = 0; i < len; i += n) {
		uint32_t cp = 0;
		size_t whole = sequence(p + i, len - i, &cp);

		n = whole ? whole : 1;
		if (whole && passes(cp, how) && !looks_escaped(p + i, len - i)
				? sv_strbuf_add(ret, ptr + i, n)
				: hex(p + i, n, ret))
			return -1;
	}
	return 0;
}
