// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabinfo.h"

#include "base/error.h"

static bool take_number(struct sv_span *s, uint64_t *ret)
{
	sv_skip_blanks(s);
	return sv_take_dec(s, ret) && (!s->len || *s->ptr == ' ');
}

static bool take_word(struct sv_span *s, const char *word)
{
	sv_skip_blanks(s);
	return sv_take_lit(s, word);
}

/* Numbers up to the colon are five: what stands before them is the name, blanks and all. */
static bool split_name(struct sv_span line, struct sv_span *name, struct sv_span *rest)
{
	struct sv_span head;
	size_t at, words = 0;

	*rest = line;
	if (!sv_take_until(rest, ':', &head))
		return false;
	while (!sv_take_lit(rest, " tunables")) /* names hold colons, too: "request_queue:1" */
		if (!sv_take_until(rest, ':', &head))
			return false;
	head = sv_trim((struct sv_span) { line.ptr, (size_t)(head.ptr + head.len - line.ptr) });
	for (at = head.len; at && words < 5; at--)
		words += head.ptr[at - 1] == ' ' && head.ptr[at] != ' ';
	if (words < 5)
		return false;
	*name = sv_trim((struct sv_span) { head.ptr, at });
	rest->len += (size_t)(rest->ptr - (head.ptr + at));
	rest->ptr = head.ptr + at;
	return name->len;
}

static bool take_line(struct sv_span line, struct sv_slabinfo *r)
{
	uint64_t unused;
	struct sv_span s;

	return split_name(line, &r->name, &s) && take_number(&s, &r->active_objects) &&
	       take_number(&s, &r->objects) && take_number(&s, &r->object_bytes) &&
	       take_number(&s, &r->objects_per_slab) && take_number(&s, &r->pages_per_slab) &&
	       take_word(&s, ": tunables") && take_number(&s, &unused) &&
	       take_number(&s, &unused) && take_number(&s, &unused) &&
	       take_word(&s, ": slabdata") && take_number(&s, &r->active_slabs) &&
	       take_number(&s, &r->slabs) && take_number(&s, &unused);
}

int sv_slabinfo_next(struct sv_text *text, struct sv_slabinfo *ret, struct safevma_error *err)
{
	struct sv_slabinfo found;
	struct sv_span line, s;

	do {
		if (!sv_text_line(text, &line))
			return 0;
		s = line;
	} while (sv_take_lit(&s, "slabinfo - version") || sv_take_lit(&s, "# name"));
	if (!take_line(line, &found))
		return sv_text_error(text, err, "a name and the numbers of a slab cache", line);
	*ret = found;
	return 1;
}
