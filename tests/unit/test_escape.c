// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "report/escape.h"

static struct sv_strbuf out;

static const char *escaped_len(const char *ptr, size_t len, enum sv_escape how)
{
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	if (len)
		memcpy(exact, ptr, len);
	sv_strbuf_fini(&out);
	assert_int_equal(sv_escape(exact, len, how, &out), 0);
	free(exact);
	return out.ptr ? out.ptr : "";
}

static const char *escaped(const char *s, enum sv_escape how)
{
	return escaped_len(s, strlen(s), how);
}

/* As \xNN, a byte at a time. */
static const char *in_hex(const char *s, size_t len)
{
	static char text[256];
	size_t at = 0;

	for (size_t i = 0; i < len; i++)
		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "\\x%02x", (unsigned int)(unsigned char)s[i]);
	return text;
}

static size_t encode(uint32_t cp, char *ret)
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (size_t i = n; --i > 0; cp >>= 6)
		ret[i] = (char)(0x80 | (cp & 0x3f));
	ret[0] = (char)(n == 1 ? cp : (0xf00u >> n & 0xf0u) | cp);
	return n;
}

static void plain_text_stays(void **state)
{
	static const char *const plain[] = { "a", "/usr/bin/x", "a\\0ab", "Grüße", "日本語",
		"\xf0\x9f\x98\x80", "'<>&%$" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(plain); i++)
		for (int how = SV_ESCAPE_TERMINAL; how <= SV_ESCAPE_UTF8; how++)
			if (how != SV_ESCAPE_ASCII)
				assert_string_equal(
					escaped(plain[i], (enum sv_escape)how), plain[i]);
	assert_string_equal(escaped("Grüße", SV_ESCAPE_ASCII), "Gr\\xc3\\xbc\\xc3\\x9fe");
	assert_string_equal(escaped("a b", SV_ESCAPE_TERMINAL), "a b");
	assert_string_equal(escaped("a b", SV_ESCAPE_UTF8), "a b");
}

/* What is not UTF-8 is hexadecimal whatever it is for. */
static const char *const malformed[] = {
	"\x80", "\xbf", "\xfe", "\xff", "\xc0\x80", "\xc1\xbf",	    /* overlong in two bytes */
	"\xe0\x80\x80", "\xe0\x9f\xbf",				    /* in three */
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",			    /* in four */
	"\xed\xa0\x80", "\xed\xbf\xbf",				    /* surrogates */
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80",			    /* above U+10FFFF */
	"\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", /* cut off */
};

static void malformed_sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++)
		for (int how = SV_ESCAPE_TERMINAL; how <= SV_ESCAPE_UTF8; how++)
			assert_string_equal(escaped(malformed[i], (enum sv_escape)how),
				in_hex(malformed[i], strlen(malformed[i])));
	/* What follows a broken sequence is read anew. */
	assert_string_equal(escaped("\xc3(", SV_ESCAPE_UTF8), "\\xc3(");
	assert_string_equal(escaped("\xe2\x82\xc3\xbc", SV_ESCAPE_UTF8), "\\xe2\\x82\xc3\xbc");
	assert_string_equal(escaped("\xff\xffz", SV_ESCAPE_TERMINAL), "\\xff\\xffz");
}

static void edges_of_utf8(void **state)
{
	static const uint32_t ends[] = { 0x7e, 0xa1, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000,
		0x10ffff };
	char s[5];

	(void)state;
	for (size_t i = 0; i < sv_array_size(ends); i++) {
		s[encode(ends[i], s)] = 0;
		assert_string_equal(escaped(s, SV_ESCAPE_TERMINAL), s);
	}
}

static bool steers(uint32_t cp)
{
	static const uint32_t ranges[][2] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb } };

	for (size_t i = 0; i < sv_array_size(ranges); i++)
		if (cp >= ranges[i][0] && cp <= ranges[i][1])
			return true;
	return false;
}

/* Controls, C1, marks of direction, invisible characters: no terminal is to see them. */
static void every_character(void **state)
{
	char s[4];

	(void)state;
	for (uint32_t cp = 0; cp < 0x11000; cp++) {
		size_t n = encode(cp, s);

		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		escaped_len(s, n, SV_ESCAPE_TERMINAL);
		if (steers(cp))
			assert_string_equal(out.ptr, in_hex(s, n));
		else
			assert_memory_equal(out.ptr, s, n);
		escaped_len(s, n, SV_ESCAPE_UTF8);
		if (cp)
			assert_memory_equal(out.ptr, s, n);
		else
			assert_string_equal(out.ptr, "\\x00");
	}
}

static void a_terminal_cannot_be_steered(void **state)
{
	(void)state;
	assert_string_equal(escaped("\x1b[31mred", SV_ESCAPE_TERMINAL), "\\x1b[31mred");
	assert_string_equal(escaped("a\nb\tc\r", SV_ESCAPE_TERMINAL), "a\\x0ab\\x09c\\x0d");
	assert_string_equal(escaped("\xc2\x9b"
				    "31m",
				    SV_ESCAPE_TERMINAL),
		"\\xc2\\x9b31m");
	assert_string_equal(escaped("x\xe2\x80\xae"
				    "exe.txt",
				    SV_ESCAPE_TERMINAL),
		"x\\xe2\\x80\\xaeexe.txt");
	assert_string_equal(escaped_len("a\0b", 3, SV_ESCAPE_TERMINAL), "a\\x00b");
	assert_string_equal(escaped_len("a\0b", 3, SV_ESCAPE_UTF8), "a\\x00b");
}

static void json_has_its_own_escapes(void **state)
{
	(void)state;
	assert_string_equal(
		escaped("\x1b\n\"\xe2\x80\xae", SV_ESCAPE_UTF8), "\x1b\n\"\xe2\x80\xae");
}

/* Everything that a reader may take for a separator of words. */
static const uint32_t blanks[] = { ' ', 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
	0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x202f, 0x205f, 0x3000 };

static void raw_is_one_word(void **state)
{
	char s[4];

	(void)state;
	for (size_t i = 0; i < sv_array_size(blanks); i++) {
		size_t n = encode(blanks[i], s);

		escaped_len(s, n, SV_ESCAPE_RAW);
		assert_string_equal(out.ptr, in_hex(s, n));
		escaped_len(s, n, SV_ESCAPE_TERMINAL);
		assert_memory_equal(out.ptr, s, n);
	}
	assert_string_equal(escaped("a b\tc", SV_ESCAPE_RAW), "a\\x20b\\x09c");
}

/* What looks like an escape is told apart from one, so that the bytes can be told back. */
static void looks_escaped(void **state)
{
	(void)state;
	for (int how = SV_ESCAPE_TERMINAL; how <= SV_ESCAPE_UTF8; how++) {
		assert_string_equal(escaped("a\\x0ab", (enum sv_escape)how), "a\\x5cx0ab");
		assert_string_equal(escaped("a\\", (enum sv_escape)how), "a\\");
	}
	assert_string_equal(escaped("-", SV_ESCAPE_RAW), "\\x2d");
	assert_string_equal(escaped("\"\"", SV_ESCAPE_RAW), "\\x22\\x22");
}

static void empty(void **state)
{
	(void)state;
	assert_string_equal(escaped("", SV_ESCAPE_RAW), "\"\"");
	assert_string_equal(escaped("", SV_ESCAPE_TERMINAL), "");
	assert_string_equal(escaped("", SV_ESCAPE_UTF8), "");
}

static void appends(void **state)
{
	struct sv_strbuf b = { 0 };

	(void)state;
	assert_int_equal(sv_escape("a", 1, SV_ESCAPE_RAW, &b), 0);
	assert_int_equal(sv_escape("\x01", 1, SV_ESCAPE_RAW, &b), 0);
	assert_int_equal(sv_escape("", 0, SV_ESCAPE_RAW, &b), 0);
	assert_string_equal(b.ptr, "a\\x01\"\"");
	sv_strbuf_fini(&b);
}

static int teardown(void **state)
{
	(void)state;
	sv_strbuf_fini(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(malformed_sequences),
		cmocka_unit_test(edges_of_utf8),
		cmocka_unit_test(every_character),
		cmocka_unit_test(a_terminal_cannot_be_steered),
		cmocka_unit_test(json_has_its_own_escapes),
		cmocka_unit_test(raw_is_one_word),
		cmocka_unit_test(looks_escaped),
		cmocka_unit_test(empty),
		cmocka_unit_test(appends),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
