// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rows.h"

#include <string.h>

#include "base/error.h"

/* Where a row begins: the cursor's state before the step to it. */
struct row {
	struct safevma_value key;
	char *text; /* owned copy of a string key */
	size_t order, next_process, next_index, next_page;
};

struct rows {
	struct row *ptr;
	size_t len, cap;
};

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = sv_value_compare(&x->key, &y->key);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int by_key_down(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = sv_value_compare(&y->key, &x->key);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int keep_string(struct row *r)
{
	if (r->key.type != SAFEVMA_TYPE_STRING && r->key.type != SAFEVMA_TYPE_WORDS &&
		r->key.type != SAFEVMA_TYPE_PAIRS)
		return 0;
	r->text = malloc(r->key.string.len + 1);
	if (!r->text)
		return -1;
	if (r->key.string.len)
		memcpy(r->text, r->key.string.ptr, r->key.string.len);
	r->key.string.ptr = r->text;
	return 0;
}

static int collect(const struct sv_plan *plan, safevma_cursor *c, struct rows *ret)
{
	struct row at = { 0 };

	for (;;) {
		struct row *slot;

		at.next_process = c->next_process;
		at.next_index = c->next_index;
		at.next_page = c->next_page;
		at.order = ret->len;
		if (!safevma_cursor_next_row(c))
			return 0;
		slot = sv_vec_push(ret);
		if (!slot)
			return -1;
		*slot = at;
		slot->key = safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, plan->sort_column);
		if (keep_string(slot))
			return -1;
	}
}

static int visit(
	safevma_cursor *c, const struct row *r, sv_row_fn fn, void *arg, struct safevma_error *err)
{
	c->next_process = r->next_process;
	c->next_index = r->next_index;
	c->next_page = r->next_page;
	return safevma_cursor_next_row(c) ? fn(c, arg, err) : 0;
}

static int each_sorted(const struct sv_plan *plan, safevma_cursor *c, sv_row_fn fn, void *arg,
	struct safevma_error *err)
{
	struct rows rows = { 0 };
	size_t next_process;
	int rc = collect(plan, c, &rows) ? sv_error_nomem(err) : 0;

	next_process = c->next_process;
	if (rows.len)
		qsort(rows.ptr, rows.len, sizeof(*rows.ptr), plan->reverse ? by_key_down : by_key);
	for (size_t i = 0; i < rows.len && !rc; i++)
		rc = visit(c, &rows.ptr[i], fn, arg, err);
	c->next_process = next_process;
	for (size_t i = 0; i < rows.len; i++)
		free(rows.ptr[i].text);
	sv_vec_fini(&rows);
	return rc;
}

int sv_rows_each(const struct sv_plan *plan, safevma_cursor *cursor, sv_row_fn fn, void *arg,
	struct safevma_error *err)
{
	if (plan->sorted)
		return each_sorted(plan, cursor, fn, arg, err);
	while (safevma_cursor_next_row(cursor))
		if (fn(cursor, arg, err))
			return -1;
	return 0;
}
