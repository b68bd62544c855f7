// SPDX-License-Identifier: LGPL-2.1-or-later
/* The takers themselves: the first byte of a line says which one reads the rest of it. */
#include "fuzz.h"

/* What is left after a taker is the end of what it got; all of it when the taker refused. */
static void promise_rest(struct sv_span before, struct sv_span after, bool took)
{
	promise(after.len <= before.len);
	promise(after.ptr + after.len == before.ptr + before.len);
	promise(took || after.len == before.len);
}

static bool take_number(struct sv_span *s, char how)
{
	uint64_t u = 7;
	int64_t i = 7;
	bool took = how == 'd'	 ? sv_take_dec(s, &u)
		    : how == 'x' ? sv_take_hex(s, &u)
				 : sv_take_int(s, &i);

	promise(took || (u == 7 && i == 7));
	return took;
}

static bool take_span(struct sv_span *s, char how)
{
	struct sv_span before = *s, got = { 0 };
	bool took = how == 'w' ? sv_take_word(s, &got) : sv_take_until(s, ':', &got);

	promise(!took || got.ptr == before.ptr);
	promise(got.len <= before.len);
	return took;
}

static void check_line(struct sv_span line)
{
	struct sv_span s = line, trimmed = sv_trim(line);
	char how;
	bool took;

	promise(trimmed.len <= line.len && sv_span_eq(sv_trim(trimmed), trimmed));
	if (!line.len)
		return;
	how = s.ptr[0];
	s = line = (struct sv_span) { .ptr = line.ptr + 1, .len = line.len - 1 };
	took = how == 'l'		  ? sv_take_lit(&s, "Node ")
	       : how == 'w' || how == ':' ? take_span(&s, how)
					  : take_number(&s, how);
	promise_rest(line, s, took);
	promise(!took || s.len < line.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), t = text;
	struct safevma_error err = { 0 };
	struct sv_span line;
	size_t total = 0;

	for (; sv_text_line(&t, &line); total += line.len + 1) {
		promise_line(text, line);
		check_line(line);
		sv_text_error(&t, &err, "x", line);
		promise_error(text, &err);
	}
	promise(total == size || total == size + 1);
	return 0;
}
