// SPDX-License-Identifier: LGPL-2.1-or-later
#include "psi.h"

#include "base/error.h"

enum { HUNDREDTHS = 100 };

/* "12.34": the kernel always prints two digits behind the point. */
static bool take_percent(struct sv_span *s, struct sv_num *ret)
{
	uint64_t whole, part;
	size_t before;

	if (!sv_take_dec(s, &whole) || !sv_take_lit(s, "."))
		return false;
	before = s->len;
	if (!sv_take_dec(s, &part) || before - s->len != 2)
		return false;
	if (__builtin_mul_overflow(whole, (uint64_t)HUNDREDTHS, &whole) ||
		__builtin_add_overflow(whole, part, &whole))
		return false;
	*ret = sv_known(whole);
	return true;
}

static bool take_line(struct sv_span s, struct sv_psi_line *ret)
{
	struct sv_psi_line l = { 0 };

	if (!sv_take_lit(&s, " avg10=") || !take_percent(&s, &l.avg10) ||
		!sv_take_lit(&s, " avg60=") || !take_percent(&s, &l.avg60) ||
		!sv_take_lit(&s, " avg300=") || !take_percent(&s, &l.avg300) ||
		!sv_take_lit(&s, " total=") || !sv_take_dec(&s, &l.total_us.value) || s.len)
		return false;
	l.total_us.known = true;
	*ret = l;
	return true;
}

int sv_psi_parse(struct sv_text text, struct sv_psi *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, s;
	struct sv_psi psi = { 0 };

	while (sv_text_line(&text, &line)) {
		struct sv_psi_line *to = NULL;

		s = line;
		if (sv_take_lit(&s, "some"))
			to = &psi.some;
		else if (sv_take_lit(&s, "full"))
			to = &psi.full;
		if (!to || to->total_us.known || !take_line(s, to))
			return sv_text_error(&text, err,
				"'some|full avg10=N.NN avg60=N.NN avg300=N.NN total=N', each once",
				line);
	}
	if (!psi.some.total_us.known)
		return sv_text_error(&text, err, "a line 'some'", line);
	*ret = psi;
	return 0;
}
