// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stat.h"

#include <string.h>

#include "base/error.h"
#include "field.h"

enum { FIELD_STATE = 3, FIELD_PPID = 4, FIELD_RSS = 24 };

#define U64(number, member)                                                                        \
	{                                                                                          \
		number, offsetof(struct sv_stat, member)                                           \
	}

/* Fields by the numbers that proc(5) gives them, from 1. */
static const struct {
	unsigned int number;
	size_t offset;
} numbers[] = {
	U64(9, flags),
	U64(10, minflt),
	U64(11, children_minflt),
	U64(12, majflt),
	U64(13, children_majflt),
	U64(20, threads),
	U64(22, start_ticks),
	U64(23, vsize_bytes),
	U64(FIELD_RSS, rss_pages),
};

static int read_state(const struct sv_text *text, struct sv_span word, struct sv_stat *st,
	struct safevma_error *err)
{
	if (word.len != 1)
		return sv_text_error(text, err, "a state of one letter", word);
	st->state = word.ptr[0];
	return 0;
}

static int read_ppid(const struct sv_text *text, struct sv_span word, struct sv_stat *st,
	struct safevma_error *err)
{
	struct sv_span s = word;

	if (!sv_take_int(&s, &st->ppid) || s.len)
		return sv_text_error(text, err, "a process ID", word);
	return 0;
}

static int read_number(const struct sv_text *text, unsigned int number, struct sv_span word,
	struct sv_stat *st, struct safevma_error *err)
{
	struct sv_num n;

	for (size_t i = 0; i < sv_array_size(numbers); i++) {
		if (numbers[i].number != number)
			continue;
		if (sv_field_dec(text, word, &n, err))
			return -1;
		memcpy((char *)st + numbers[i].offset, &n.value, sizeof(n.value));
	}
	return 0;
}

static int read_field(const struct sv_text *text, unsigned int number, struct sv_span word,
	struct sv_stat *st, struct safevma_error *err)
{
	switch (number) {
	case FIELD_STATE:
		return read_state(text, word, st, err);
	case FIELD_PPID:
		return read_ppid(text, word, st, err);
	case 40:
		return sv_field_dec(text, word, &st->rt_priority, err);
	case 41:
		return sv_field_dec(text, word, &st->policy, err);
	default:
		return read_number(text, number, word, st, err);
	}
}

/* "PID (COMM)": the comm may hold ") R 1" and newlines, what follows it never holds a ')'. */
static bool take_comm(struct sv_span *s, struct sv_stat *st)
{
	const char *close;

	if (!sv_take_dec(s, &st->pid) || !sv_take_lit(s, " ("))
		return false;
	close = s->len ? memrchr(s->ptr, ')', s->len) : NULL;
	if (!close)
		return false;
	st->comm = (struct sv_span) { .ptr = s->ptr, .len = (size_t)(close - s->ptr) };
	s->ptr += st->comm.len + 1;
	s->len -= st->comm.len + 1;
	return true;
}

/* The one line that follows the comm. */
static int read_fields(const struct sv_text *text, struct sv_span rest, struct sv_stat *st,
	struct safevma_error *err)
{
	unsigned int number = FIELD_STATE;
	struct sv_span word;

	for (; rest.len; number++) {
		if (!sv_take_lit(&rest, " ") || !sv_take_word(&rest, &word))
			return sv_text_error(text, err, "fields with one blank between them", rest);
		if (read_field(text, number, word, st, err))
			return -1;
	}
	if (number <= FIELD_RSS)
		return sv_text_error(text, err, "24 fields or more", text->rest);
	return 0;
}

int sv_stat_parse(struct sv_text text, struct sv_stat *ret, struct safevma_error *err)
{
	struct sv_span rest = text.rest, line = { 0 };
	struct sv_stat st = { 0 };
	struct sv_text tail;

	text.line = 1;
	if (!take_comm(&rest, &st))
		return sv_text_error(&text, err, "'PID (COMM) ...'", text.rest);
	tail = sv_text_init(rest.ptr, rest.len, text.name);
	if (sv_text_line(&tail, &line) && tail.rest.len)
		return sv_text_error(&text, err, "one line after the comm", tail.rest);
	if (read_fields(&text, line, &st, err))
		return -1;
	*ret = st;
	return 0;
}
