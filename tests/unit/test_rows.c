// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "report/rows.h"

/* A table over a plain list: names that live only until the next step, and numbers. */
static const struct item {
	const char *name;
	struct sv_num number;
} items[] = {
	{ "pear", { 3, true } },
	{ "fig", { 0 } },
	{ "apple", { 3, true } },
	{ "", { 1, true } },
	{ "pear", { UINT64_MAX, true } },
	{ "fig tree", { 0, true } },
};

static size_t items_count;

static bool next_row(safevma_cursor *c)
{
	if (c->next_index >= items_count)
		return false;
	c->item = c->next_index++;
	return true;
}

static struct safevma_value get_name(safevma_cursor *c)
{
	snprintf(c->text, sizeof(c->text), "%s", items[c->item].name);
	return sv_value_text(c->text);
}

static struct safevma_value get_number(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_U64, items[c->item].number);
}

static const struct sv_column columns[] = {
	SV_COL("NAME", "name", "its name", STRING, true, get_name),
	SV_COL("NUMBER", "number", "its number", U64, true, get_number),
};

static const struct safevma_table table = {
	.name = "items",
	.row_member = "items",
	.row_columns = columns,
	.row_count = 2,
	.next_row = next_row,
};

struct visits {
	size_t order[16], count, stop_at;
};

static int visit(safevma_cursor *c, void *arg, struct safevma_error *err)
{
	struct visits *v = arg;

	v->order[v->count++] = c->item;
	return v->count == v->stop_at ? sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0, "stop") : 0;
}

static int each(struct sv_plan plan, struct visits *v, struct safevma_error *err)
{
	safevma_cursor *c;
	int rc;

	plan.table = &table;
	assert_int_equal(safevma_cursor_new(NULL, &table, false, &c, NULL), 0);
	rc = sv_rows_each(&plan, c, visit, v, err);
	if (!rc)
		assert_false(safevma_cursor_next_group(c));
	safevma_cursor_free(c);
	return rc;
}

static void assert_order(struct sv_plan plan, const size_t *order, size_t count)
{
	struct visits v = { 0 };

	assert_int_equal(each(plan, &v, NULL), 0);
	assert_int_equal(v.count, count);
	if (count)
		assert_memory_equal(v.order, order, count * sizeof(*order));
}

static int all_items(void **state)
{
	(void)state;
	items_count = sv_array_size(items);
	return 0;
}

static void natural_order(void **state)
{
	static const size_t order[] = { 0, 1, 2, 3, 4, 5 };

	(void)state;
	assert_order((struct sv_plan) { 0 }, order, 6);
}

/* Rows that are equal keep their order, whichever way the others go. */
static void by_string(void **state)
{
	static const size_t up[] = { 3, 2, 1, 5, 0, 4 }, down[] = { 0, 4, 5, 1, 2, 3 };

	(void)state;
	assert_order((struct sv_plan) { .sorted = true }, up, 6);
	assert_order((struct sv_plan) { .sorted = true, .reverse = true }, down, 6);
}

static void unknown_comes_first(void **state)
{
	static const size_t up[] = { 1, 5, 3, 0, 2, 4 }, down[] = { 4, 0, 2, 3, 5, 1 };

	(void)state;
	assert_order((struct sv_plan) { .sorted = true, .sort_column = 1 }, up, 6);
	assert_order(
		(struct sv_plan) { .sorted = true, .sort_column = 1, .reverse = true }, down, 6);
}

static void no_rows(void **state)
{
	(void)state;
	items_count = 0;
	assert_order((struct sv_plan) { 0 }, NULL, 0);
	assert_order((struct sv_plan) { .sorted = true }, NULL, 0);
}

static void a_failing_visit_ends_it(void **state)
{
	(void)state;
	for (int sorted = 0; sorted < 2; sorted++) {
		struct visits v = { .stop_at = 2 };
		struct safevma_error err = { 0 };

		assert_int_equal(each((struct sv_plan) { .sorted = sorted }, &v, &err), -1);
		assert_string_equal(err.message, "stop");
		assert_int_equal(v.count, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(natural_order, all_items),
		cmocka_unit_test_setup(by_string, all_items),
		cmocka_unit_test_setup(unknown_comes_first, all_items),
		cmocka_unit_test_setup(no_rows, all_items),
		cmocka_unit_test_setup(a_failing_visit_ends_it, all_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
