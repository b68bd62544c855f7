// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kconfig.h"

#include "base/error.h"

/* "# CONFIG_X is not set" is a comment like others: not set and not there are one to us. */
static bool is_comment(struct sv_span line)
{
	struct sv_span s = sv_trim(line);

	return !s.len || s.ptr[0] == '#';
}

static bool is_name(struct sv_span s)
{
	struct sv_span word = { 0 };

	return sv_take_word(&s, &word) && !s.len;
}

static bool is_value(struct sv_span s)
{
	if (s.len && s.ptr[0] == '"')
		return s.len >= 2 && s.ptr[s.len - 1] == '"';
	return s.len > 0;
}

int sv_kconfig_find(
	struct sv_text text, const char *name, struct sv_span *ret, struct safevma_error *err)
{
	struct sv_span line, value, key;

	while (sv_text_line(&text, &line)) {
		if (is_comment(line))
			continue;
		value = line;
		if (!sv_take_until(&value, '=', &key) || !is_name(key) || !is_value(value))
			return sv_text_error(&text, err, "'NAME=VALUE' or a comment", line);
		if (sv_span_is(key, name)) {
			*ret = value;
			return 0;
		}
	}
	*ret = (struct sv_span) { 0 };
	return 0;
}
