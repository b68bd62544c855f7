// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabinfo.h"

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

static bool take_entry(struct sv_span line, struct sv_slabinfo *e)
{
	static const char tunables[] = " : tunables ", slabdata[] = " : slabdata ";
	struct sv_span data, limits;
	uint64_t unused;

	if (!split(&line, slabdata, sizeof(slabdata) - 1, &data) ||
		!split(&line, tunables, sizeof(tunables) - 1, &limits))
		return false;
	for (int i = 0; i < 3; i++)
		if (!take_last(&limits, &unused))
			return false;
	if (sv_trim(limits).len)
		return false;
	if (!take_last(&data, &unused) || !take_last(&data, &e->slabs) ||
		!take_last(&data, &e->active_slabs) || sv_trim(data).len)
		return false;
	if (!take_last(&line, &e->pages_per_slab) || !take_last(&line, &e->objects_per_slab) ||
		!take_last(&line, &e->object_bytes) || !take_last(&line, &e->objects) ||
		!take_last(&line, &e->active_objects))
		return false;
	e->name = sv_trim(line);
	return e->name.len > 0;
}

int sv_slabinfo_next(struct sv_text *t, struct sv_slabinfo *ret, struct safevma_error *err)
{
	struct sv_span line, head;

	while (sv_text_line(t, &line)) {
		head = line;
		if (sv_take_lit(&head, "# name") || sv_take_lit(&head, "slabinfo - version"))
			continue;
		if (!take_entry(line, ret))
			return sv_text_error(t, err, "a slab cache with its counts", line);
		return 1;
	}
	return 0;
}
