// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pagetypeinfo.h"

#include "base/error.h"
#include "field.h"

static int take_block_line(
	struct sv_text *text, const char *key, struct sv_num *ret, struct safevma_error *err)
{
	struct sv_span line = { 0 }, value;

	if (!sv_text_line(text, &line))
		return sv_text_error(text, err, key, line);
	value = line;
	if (!sv_take_lit(&value, key))
		return sv_text_error(text, err, key, line);
	return sv_field_dec(text, value, ret, err);
}

int sv_pagetypeinfo_block(
	struct sv_text text, uint64_t *order, uint64_t *pages, struct safevma_error *err)
{
	struct sv_num o, p;

	if (take_block_line(&text, "Page block order:", &o, err) ||
		take_block_line(&text, "Pages per block:", &p, err))
		return -1;
	/* The kernel prints both from one constant: if they differ, the text was cut. */
	if (o.value > 63 || p.value != UINT64_C(1) << o.value)
		return sv_error_set(err, SAFEVMA_E_FORMAT, 0, text.name, text.line,
			"expected 2^order pages in a block of order %llu, got %llu",
			(unsigned long long)o.value, (unsigned long long)p.value);
	*order = o.value;
	*pages = p.value;
	return 0;
}
