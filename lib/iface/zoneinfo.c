// SPDX-License-Identifier: LGPL-2.1-or-later
#include "zoneinfo.h"

#include "base/error.h"
#include "field.h"

static int add_pages(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct sv_num n;

	if (sv_field_dec(text, value, &n, err))
		return -1;
	if (__builtin_add_overflow(n.value, ret->value, &n.value))
		return sv_text_error(text, err, "a sum below 2^64", value);
	*ret = n;
	return 0;
}

/* "(0, 2998, 31991)": one number for each zone that an allocation can have been meant for. */
static int most_of_list(const struct sv_text *text, struct sv_span value, struct sv_num *ret,
	struct safevma_error *err)
{
	struct sv_span s = sv_trim(value);
	uint64_t most = 0, n;
	bool good = sv_take_lit(&s, "(");

	while (good && sv_take_dec(&s, &n)) {
		most = n > most ? n : most;
		good = !s.len || s.ptr[0] == ')' || sv_take_lit(&s, ", ");
	}
	if (!good || !sv_span_is(s, ")"))
		return sv_text_error(text, err, "'(N, N, ...)'", value);
	*ret = sv_known(most);
	return 0;
}

static bool blank_or_end(struct sv_span s)
{
	return !s.len || s.ptr[0] == ' ' || s.ptr[0] == '\t';
}

static bool take_key(struct sv_span *s, const char *key)
{
	struct sv_span rest = *s;

	if (!sv_take_lit(&rest, key) || !blank_or_end(rest))
		return false;
	*s = rest;
	return true;
}

#define FIELD(name, reader, member)                                                                \
	{                                                                                          \
		.key = (name), .read = (reader), .offset = offsetof(struct sv_zone, member)        \
	}

static const struct sv_field fields[] = {
	FIELD("pages free", sv_field_dec, free_pages),
	FIELD("min", sv_field_dec, min_pages),
	FIELD("low", sv_field_dec, low_pages),
	FIELD("high", sv_field_dec, high_pages),
	FIELD("protection:", most_of_list, reserve_pages),
	FIELD("spanned", sv_field_dec, spanned_pages),
	FIELD("present", sv_field_dec, present_pages),
	FIELD("managed", sv_field_dec, managed_pages),
	FIELD("start_pfn:", sv_field_dec, start_pfn),
	FIELD("count:", add_pages, pcp_count_pages),
	{ .key = NULL },
};

/* Keys of this file may hold a blank or end in ':', so they are matched from the line's front. */
static int read_line(const struct sv_text *text, struct sv_span line, struct sv_zone *zone,
	struct safevma_error *err)
{
	struct sv_span s = sv_trim(line);

	for (const struct sv_field *f = fields; f->key; f++) {
		struct sv_num *num = (struct sv_num *)((char *)zone + f->offset);

		if (!take_key(&s, f->key))
			continue;
		if (num->known && f->read != add_pages)
			return sv_text_error(text, err, "each number once a zone", line);
		return f->read(text, s, num, err);
	}
	return 0;
}

static bool take_head(struct sv_span s, struct sv_zone *zone)
{
	if (!sv_take_lit(&s, "Node ") || !sv_take_dec(&s, &zone->node) ||
		!sv_take_lit(&s, ", zone "))
		return false;
	sv_skip_blanks(&s);
	return sv_take_word(&s, &zone->name) && !sv_trim(s).len;
}

static int read_body(struct sv_text *text, struct sv_zone *zone, struct safevma_error *err)
{
	struct sv_text ahead = *text;
	struct sv_span line, head;

	for (; sv_text_line(&ahead, &line); *text = ahead) {
		head = line;
		if (sv_take_lit(&head, "Node"))
			return 0;
		if (read_line(&ahead, line, zone, err))
			return -1;
	}
	return 0;
}

int sv_zoneinfo_next(struct sv_text *text, struct sv_zone *ret, struct safevma_error *err)
{
	struct sv_zone zone = { 0 };
	struct sv_span line;

	if (!sv_text_line(text, &line))
		return 0;
	if (!take_head(line, &zone))
		return sv_text_error(text, err, "'Node N, zone NAME'", line);
	if (read_body(text, &zone, err))
		return -1;
	*ret = zone;
	return 1;
}
