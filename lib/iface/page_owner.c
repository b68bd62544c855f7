// SPDX-License-Identifier: LGPL-2.1-or-later
#include "page_owner.h"

#include <string.h>

#include "base/error.h"

enum { ORDERS = 64 };

/* "Page allocated via order 0, mask 0x140dc2(GFP_HIGHUSER|...), pid ..." */
static bool take_first(struct sv_span line, struct sv_page_owner *ret)
{
	uint64_t order, mask;

	if (!sv_take_lit(&line, "Page allocated via order ") || !sv_take_dec(&line, &order) ||
		order >= ORDERS || !sv_take_lit(&line, ", mask 0x") || !sv_take_hex(&line, &mask))
		return false;
	ret->order = (unsigned int)order;
	if (sv_take_lit(&line, "("))
		return sv_take_until(&line, ')', &ret->mask);
	return true;
}

/* "PFN 0x14de type ..." */
static bool take_second(struct sv_span line, uint64_t *pfn)
{
	if (!sv_take_lit(&line, "PFN "))
		return false;
	if (sv_take_lit(&line, "0x") ? !sv_take_hex(&line, pfn) : !sv_take_dec(&line, pfn))
		return false;
	return sv_take_lit(&line, " type ");
}

/* "Charged [(via objcg) ]to [offline ]memcg NAME" */
static void take_charge(struct sv_span line, struct sv_page_owner *ret)
{
	if (!sv_take_lit(&line, "Charged "))
		return;
	if (sv_take_lit(&line, "(via objcg) ") && !line.len)
		return;
	if (!sv_take_lit(&line, "to "))
		return;
	if (sv_take_lit(&line, "offline ") && !line.len)
		return;
	if (sv_take_lit(&line, "memcg "))
		ret->group = sv_trim(line);
}

static void take_rest(struct sv_text *t, struct sv_page_owner *ret)
{
	struct sv_span line;

	ret->stack = (struct sv_span) { .ptr = t->rest.ptr };
	while (sv_text_line(t, &line)) {
		if (line.len && line.ptr[0] == ' ')
			ret->stack.len = (size_t)(line.ptr + line.len - ret->stack.ptr);
		else if (sv_span_is(line, "Slab cache page"))
			ret->slab = true;
		else
			take_charge(line, ret);
	}
}

int sv_page_owner_parse(struct sv_span record, struct sv_page_owner *ret, struct safevma_error *err)
{
	struct sv_text t = sv_text_init(record.ptr, record.len, "page_owner");
	struct sv_span line = { 0 };
	struct sv_page_owner r = { 0 };

	if (!sv_text_line(&t, &line) || !take_first(line, &r))
		return sv_text_error(&t, err, "'Page allocated via order N, mask 0x...'", line);
	if (!sv_text_line(&t, &line) || !take_second(line, &r.pfn))
		return sv_text_error(&t, err, "'PFN N type ...'", line);
	take_rest(&t, &r);
	*ret = r;
	return 0;
}

bool sv_page_owner_function(struct sv_span *stack, struct sv_span *ret)
{
	struct sv_text t = sv_text_init(stack->ptr, stack->len, "stack");
	struct sv_span line, name;

	while (sv_text_line(&t, &line)) {
		*stack = t.rest;
		line = sv_trim(line);
		if (!line.len || !sv_take_word(&line, &name))
			continue;
		*ret = name;
		if (sv_take_until(&name, '+', &line))
			*ret = line;
		if (ret->len)
			return true;
	}
	*stack = t.rest;
	return false;
}

bool sv_page_owner_answer(struct sv_span *answers, uint64_t *position, struct sv_span *record)
{
	uint64_t len;

	if (!sv_take_lit(answers, "@ ") || !sv_take_dec(answers, position) ||
		!sv_take_lit(answers, " ") || !sv_take_dec(answers, &len) ||
		!sv_take_lit(answers, "\n") || len > answers->len)
		return false;
	*record = (struct sv_span) { .ptr = answers->ptr, .len = (size_t)len };
	answers->ptr += len;
	answers->len -= (size_t)len;
	return true;
}
