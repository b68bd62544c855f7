// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slabdir.h"

#include "base/error.h"

static bool take_line(struct sv_span line, struct sv_slabdir_line *ret)
{
	struct sv_span s = line;

	ret->value = (struct sv_span) { .ptr = line.ptr + line.len };
	if (sv_take_lit(&s, "cache ")) {
		ret->what = SV_SLABDIR_CACHE;
		ret->name = s;
		return s.len;
	}
	if (sv_take_lit(&s, "alias ")) {
		size_t at = s.len;

		ret->what = SV_SLABDIR_ALIAS;
		while (at && s.ptr[at - 1] != ' ') /* targets hold no blank: the kernel made them */
			at--;
		if (at < 2 || at == s.len)
			return false;
		ret->name = (struct sv_span) { s.ptr, at - 1 };
		ret->value = (struct sv_span) { s.ptr + at, s.len - at };
		return true;
	}
	ret->what = SV_SLABDIR_ATTRIBUTE;
	if (!sv_take_lit(&s, " ") || !sv_take_word(&s, &ret->name))
		return false;
	sv_skip_blanks(&s);
	ret->value = s;
	return true;
}

int sv_slabdir_next(struct sv_text *text, struct sv_slabdir_line *ret, struct safevma_error *err)
{
	struct sv_slabdir_line found;
	struct sv_span line;

	if (!sv_text_line(text, &line))
		return 0;
	if (!take_line(line, &found))
		return sv_text_error(text, err, "a cache, an attribute or an alias", line);
	*ret = found;
	return 1;
}

struct sv_num sv_slabdir_number(struct sv_span value)
{
	struct sv_num n = { 0 };

	n.known = sv_take_dec(&value, &n.value) &&
		  (!value.len || *value.ptr == ' ' || *value.ptr == '(');
	return n;
}
