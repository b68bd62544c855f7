/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading text that somebody else wrote: spans of bytes, never assumed to be NUL-terminated, and
 * takers that eat from the front of a span and say whether they found what they wanted.
 */
#ifndef SV_BASE_PARSE_H
#define SV_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct safevma_error;

/* Borrowed bytes; valid as long as the text they point into. */
struct sv_span {
	const char *ptr;
	size_t len;
};

/* A number that may not have been there: unknown is a value, and it is not zero. */
struct sv_num {
	uint64_t value;
	bool known;
};

/* A text being read line by line; name is what errors quote as the place. */
struct sv_text {
	struct sv_span rest;
	const char *name;
	uint64_t line; /* number of the line last returned, from 1 */
};

struct sv_text sv_text_init(const void *ptr, size_t len, const char *name);

/* Next line without its newline; false at the end. The last line may lack the newline. */
bool sv_text_line(struct sv_text *t, struct sv_span *ret) sv_must_check;

/* Fails at the text's current line: "expected WHAT, got 'LINE'". Returns -1. */
int sv_text_error(const struct sv_text *t, struct safevma_error *err, const char *expected,
	struct sv_span got);

bool sv_take_dec(struct sv_span *s, uint64_t *ret) sv_must_check;
bool sv_take_hex(struct sv_span *s, uint64_t *ret) sv_must_check;
bool sv_take_int(struct sv_span *s, int64_t *ret) sv_must_check; /* optional minus sign */
bool sv_take_lit(struct sv_span *s, const char *lit) sv_must_check;
/* Up to the next blank or the end; false when empty. Does not skip blanks first. */
bool sv_take_word(struct sv_span *s, struct sv_span *ret) sv_must_check;
/* Up to (and eating) the first SEP; false when SEP is not there. */
bool sv_take_until(struct sv_span *s, char sep, struct sv_span *ret) sv_must_check;
void sv_skip_blanks(struct sv_span *s);
struct sv_span sv_trim(struct sv_span s);

bool sv_span_is(struct sv_span s, const char *lit);
bool sv_span_eq(struct sv_span a, struct sv_span b);
bool sv_span_ends(struct sv_span s, const char *lit);
struct sv_span sv_span_of(const char *str);

static inline struct sv_num sv_known(uint64_t value)
{
	return (struct sv_num) { .value = value, .known = true };
}

/* A sum is known when each of its parts is; value then still has those that are. */
static inline void sv_num_add(struct sv_num *sum, struct sv_num n)
{
	sum->known &= n.known;
	sum->value += n.value;
}

/* What a counter rose by; unknown when it fell: then it is another one. */
static inline struct sv_num sv_num_since(struct sv_num now, struct sv_num before)
{
	return now.known && before.known && now.value >= before.value
		       ? sv_known(now.value - before.value)
		       : (struct sv_num) { 0 };
}

#endif
