// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slablist.h"

#include "base/error.h"

/* The last number of a line, and the line without it: names may hold anything. */
static bool take_last(struct sv_span *s, uint64_t *ret)
{
	struct sv_span word;

	*s = sv_trim(*s);
	word = (struct sv_span) { .ptr = s->ptr + s->len };
	while (s->len && s->ptr[s->len - 1] != ' ' && s->ptr[s->len - 1] != '\t') {
		s->len--;
		word.ptr--;
		word.len++;
	}
	return sv_take_dec(&word, ret) && !word.len;
}

/* Up to the last place where the line says so. */
static bool split(struct sv_span *s, const char *lit, size_t len, struct sv_span *behind)
{
	for (size_t at = s->len; at-- > 0;) {
		struct sv_span rest = { s->ptr + at, s->len - at };

		if (!sv_take_lit(&rest, lit))
			continue;
		*behind = (struct sv_span) { s->ptr + at + len, s->len - at - len };
		s->len = at;
		return true;
	}
	return false;
}

static bool take_entry(struct sv_span line, struct sv_slabinfo_entry *e)
{
	static const char tunables[] = " : tunables ", slabdata[] = " : slabdata ";
	struct sv_span data, ignored;
	uint64_t shared;

	if (!split(&line, slabdata, sizeof(slabdata) - 1, &data) ||
		!split(&line, tunables, sizeof(tunables) - 1, &ignored))
		return false;
	if (!take_last(&data, &shared) || !take_last(&data, &e->slabs) ||
		!take_last(&data, &e->active_slabs) || sv_trim(data).len)
		return false;
	if (!take_last(&line, &e->pages_per_slab) || !take_last(&line, &e->objects_per_slab) ||
		!take_last(&line, &e->object_size) || !take_last(&line, &e->objects) ||
		!take_last(&line, &e->active_objects))
		return false;
	e->name = sv_trim(line);
	return e->name.len > 0;
}

int sv_slabinfo_next(struct sv_text *t, struct sv_slabinfo_entry *ret, struct safevma_error *err)
{
	struct sv_span line, head;

	while (sv_text_line(t, &line)) {
		head = line;
		if (!line.len || line.ptr[0] == '#' || sv_take_lit(&head, "slabinfo - "))
			continue;
		if (!take_entry(line, ret))
			return sv_text_error(t, err, "a slab cache with its counts", line);
		return 1;
	}
	return 0;
}

int sv_slablist_next(
	struct sv_text *t, struct sv_span *name, struct sv_span *target, struct safevma_error *err)
{
	struct sv_span line;

	if (!sv_text_line(t, &line))
		return 0;
	*target = line;
	if (!sv_take_until(target, '\t', name)) {
		*name = line;
		target->len = 0;
	} else if (!target->len) {
		return sv_text_error(t, err, "what a link points to, behind a tab", line);
	}
	if (!name->len)
		return sv_text_error(t, err, "the name of a slab cache", line);
	return 1;
}
