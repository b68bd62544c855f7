/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all unit tests share: fixture files, texts cut or damaged at each byte, expected errors. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/parse.h"

#ifndef FIXTURES
#define FIXTURES "tests/fixtures"
#endif

#define KB UINT64_C(1024)

/* A literal as a text named "test"; the literal may hold NUL bytes. */
#define TEXT(lit) sv_text_init("" lit, sizeof(lit) - 1, "test")

/* "KERNEL/FILE" below FIXTURES; the test fails without it. Freed by the next call. */
struct sv_text fixture(const char *path);

typedef void unit_reader(struct sv_text text);

/*
 * Calls READ with each prefix of the text, then with each byte of it replaced by bytes that parsers
 * stumble on. Every variant lies in a block of its own length, so that checkers see reads past it.
 * Only the first MAX bytes are used.
 */
void each_damage(struct sv_text text, size_t max, unit_reader *read);

/* The error is "test:LINE: expected EXPECTED", or begins like that. */
void assert_place(const struct safevma_error *err, uint64_t line, const char *message);

void assert_span(struct sv_span span, const char *expected);
void assert_num(struct sv_num num, uint64_t expected);
void assert_unknown(struct sv_num num);
/* INNER lies within the text, so a borrowed span cannot point elsewhere. */
void assert_inside(struct sv_text text, struct sv_span inner);

/* Numbers that look random and are the same each time. */
static inline uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

#endif
