// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pagetypeinfo.h"

#include <string.h>

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

/* A heading begins a part, any other line ends it: of each node the whole file is repeated. */
static void take_heading(struct sv_pagetype_counts *c, struct sv_span line)
{
	struct sv_span s = line;

	c->now.mixed = sv_take_lit(&s, "Number of mixed blocks");
	if (c->now.mixed || sv_take_lit(&s, "Number of blocks type"))
		c->types = sv_trim(s);
	else
		c->types.len = 0;
}

/* Lines of a part are "Node 0, zone    DMA32           11 ...", its numbers as many as kinds. */
static bool take_zone(struct sv_pagetype_counts *c, struct sv_span line)
{
	if (!sv_take_lit(&line, "Node ") || !sv_take_dec(&line, &c->now.node) ||
		!sv_take_lit(&line, ", zone "))
		return false;
	sv_skip_blanks(&line);
	if (!sv_take_word(&line, &c->now.zone))
		return false;
	c->types_left = c->types;
	c->counts_left = sv_trim(line);
	return true;
}

/* 1: a line with numbers; 0: end; -1. */
static int next_line(struct sv_pagetype_counts *c, struct safevma_error *err)
{
	struct sv_span line;

	while (sv_text_line(&c->text, &line)) {
		if (c->types.len && line.len >= 4 && !memcmp(line.ptr, "Node", 4)) {
			if (!take_zone(c, line))
				return sv_text_error(&c->text, err, "'Node N, zone NAME'", line);
			return 1;
		}
		take_heading(c, line);
	}
	return 0;
}

int sv_pagetypeinfo_next(
	struct sv_pagetype_counts *c, struct sv_pagetype_count *ret, struct safevma_error *err)
{
	struct sv_span before = c->counts_left;

	if (!c->types_left.len && !c->counts_left.len) {
		int rc = next_line(c, err);

		if (rc <= 0)
			return rc;
		before = c->counts_left;
	}
	if (!sv_take_word(&c->types_left, &c->now.type) ||
		!sv_take_dec(&c->counts_left, &c->now.blocks) ||
		(c->counts_left.len && *c->counts_left.ptr != ' '))
		return sv_text_error(&c->text, err, "a number for each kind of block", before);
	sv_skip_blanks(&c->types_left);
	sv_skip_blanks(&c->counts_left);
	*ret = c->now;
	return 1;
}
