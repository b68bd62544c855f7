// SPDX-License-Identifier: LGPL-2.1-or-later
#include "maps.h"

#include "base/error.h"

static const struct {
	char on, off;
	unsigned int bit;
} perm_letters[] = {
	{ .on = 'r', .off = '-', .bit = SV_PERM_READ },
	{ .on = 'w', .off = '-', .bit = SV_PERM_WRITE },
	{ .on = 'x', .off = '-', .bit = SV_PERM_EXEC },
	{ .on = 's', .off = 'p', .bit = SV_PERM_SHARED },
};

static bool take_perms(struct sv_span *s, unsigned int *ret)
{
	size_t n = sv_array_size(perm_letters);
	unsigned int perms = 0;

	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->ptr[i] == perm_letters[i].on)
			perms |= perm_letters[i].bit;
		else if (s->ptr[i] != perm_letters[i].off)
			return false;
	}
	s->ptr += n;
	s->len -= n;
	*ret = perms;
	return true;
}

static bool take_range(struct sv_span *s, struct sv_maps_entry *e)
{
	return sv_take_hex(s, &e->start) && sv_take_lit(s, "-") && sv_take_hex(s, &e->end) &&
	       e->start < e->end;
}

static bool take_file(struct sv_span *s, struct sv_maps_entry *e)
{
	return sv_take_hex(s, &e->offset) && sv_take_lit(s, " ") && sv_take_hex(s, &e->dev_major) &&
	       sv_take_lit(s, ":") && sv_take_hex(s, &e->dev_minor) && sv_take_lit(s, " ") &&
	       sv_take_dec(s, &e->inode);
}

int sv_maps_parse_line(struct sv_span line, struct sv_maps_entry *ret)
{
	struct sv_maps_entry e = { 0 };

	if (!take_range(&line, &e) || !sv_take_lit(&line, " ") || !take_perms(&line, &e.perms) ||
		!sv_take_lit(&line, " ") || !take_file(&line, &e))
		return 0;
	/* A path keeps the blanks at its end: they may belong to the file's name. */
	e.path = line;
	sv_skip_blanks(&e.path);
	if (line.len && e.path.len == line.len)
		return 0;
	*ret = e;
	return 1;
}

int sv_maps_next(struct sv_text *text, struct sv_maps_entry *ret, struct safevma_error *err)
{
	struct sv_span line;

	if (!sv_text_line(text, &line))
		return 0;
	if (!sv_maps_parse_line(line, ret))
		return sv_text_error(text, err,
			"'START-END PERMS OFFSET MAJOR:MINOR INODE [PATH]' with START below END",
			line);
	return 1;
}
