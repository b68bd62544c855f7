// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include <strings.h>

#include "report/table.h"

static const char *const names[] = { "ps", "maps", "frames", "adjacency", "doctor" };

/* Shown beside others, or with an option. */
static const char *const further[] = { "frames-pfn", "exposure", "page-tables", "zones", "mixing" };

static const enum safevma_level levels[] = { SAFEVMA_LEVEL_GROUP, SAFEVMA_LEVEL_ROW };

static void found_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		const safevma_table *t = safevma_table_find(names[i]);

		assert_non_null(t);
		assert_string_equal(t->name, names[i]);
		assert_ptr_equal(safevma_table_find(names[i]), t);
	}
	for (size_t i = 0; i < sv_array_size(further); i++)
		assert_string_equal(safevma_table_find(further[i])->name, further[i]);
	assert_null(safevma_table_find("nosuch"));
	assert_null(safevma_table_find(""));
	assert_null(safevma_table_find("map"));
	assert_null(safevma_table_find("MAPS"));
}

static void columns_up_to_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++)
		for (size_t l = 0; l < sv_array_size(levels); l++) {
			const safevma_table *t = safevma_table_find(names[i]);
			size_t n = safevma_table_columns_count(t, levels[l]);

			for (size_t c = 0; c < n; c++)
				assert_non_null(safevma_table_column(t, levels[l], c));
			assert_null(safevma_table_column(t, levels[l], n));
			assert_null(safevma_table_column(t, levels[l], SIZE_MAX));
		}
}

static void a_level_that_is_not_there(void **state)
{
	const safevma_table *t = safevma_table_find("ps");

	(void)state;
	assert_int_equal(safevma_table_columns_count(t, SAFEVMA_LEVEL_GROUP), 0);
	assert_null(safevma_table_column(t, SAFEVMA_LEVEL_GROUP, 0));
	assert_null(safevma_table_member(t, SAFEVMA_LEVEL_GROUP));
	assert_non_null(safevma_table_member(t, SAFEVMA_LEVEL_ROW));
	assert_string_equal(
		safevma_table_member(safevma_table_find("maps"), SAFEVMA_LEVEL_ROW), "vmas");
}

static void check_column(const struct safevma_column *c)
{
	assert_true(c->name && *c->name && c->help && *c->help);
	assert_int_equal(strcspn(c->name, " ,+"), strlen(c->name));
	assert_true(c->name[0] != '-');
	assert_true(c->type != SAFEVMA_TYPE_UNKNOWN);
	if (c->json)
		assert_int_equal(
			strspn(c->json, "abcdefghijklmnopqrstuvwxyz_.0123456789"), strlen(c->json));
}

/* Two columns of one name could not be told apart in --output, two members not in JSON. */
static void columns_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++)
		for (size_t l = 0; l < sv_array_size(levels); l++) {
			const safevma_table *t = safevma_table_find(names[i]);
			const struct safevma_column *c, *d;

			for (size_t k = 0; (c = safevma_table_column(t, levels[l], k)); k++) {
				check_column(c);
				for (size_t m = 0; m < k; m++) {
					d = safevma_table_column(t, levels[l], m);
					assert_int_not_equal(strcasecmp(c->name, d->name), 0);
					if (c->json && d->json)
						assert_string_not_equal(c->json, d->json);
				}
			}
		}
}

static size_t column(const safevma_table *t, enum safevma_level level, const char *name)
{
	const struct safevma_column *c;
	size_t i = 0;

	for (; (c = safevma_table_column(t, level, i)); i++)
		if (!strcmp(c->name, name))
			return i;
	fail_msg("no column %s", name);
	return i;
}

static void cursor_over_vmas(void **state)
{
	const safevma_table *t = safevma_table_find("maps");
	size_t start = column(t, SAFEVMA_LEVEL_ROW, "START");
	safevma_observation *obs = memory_new();
	struct safevma_value v;
	safevma_cursor *c;

	(void)state;
	memory_vma(obs, 0, 2);
	memory_vma(obs, 8, 2);
	assert_int_equal(safevma_cursor_new(obs, t, false, &c, NULL), 0);
	assert_true(safevma_cursor_next_group(c));
	v = safevma_cursor_value(c, SAFEVMA_LEVEL_GROUP, column(t, SAFEVMA_LEVEL_GROUP, "PID"));
	assert_int_equal(v.type, SAFEVMA_TYPE_U64);
	assert_int_equal(v.u64, 42);
	for (uint64_t n = 0; n < 2; n++) {
		assert_true(safevma_cursor_next_row(c));
		v = safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, start);
		assert_int_equal(v.type, SAFEVMA_TYPE_HEX);
		assert_int_equal(v.u64, AT(8 * n));
	}
	assert_false(safevma_cursor_next_row(c));
	assert_false(safevma_cursor_next_group(c));
	v = safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, SIZE_MAX);
	assert_int_equal(v.type, SAFEVMA_TYPE_UNKNOWN);
	safevma_cursor_free(c);
	safevma_cursor_free(NULL);
	safevma_observation_free(obs);
}

/* Every value has its column's type or is unknown: JSON types depend on nothing else. */
static void values_have_their_columns_type(void **state)
{
	safevma_observation *obs = memory_new();

	(void)state;
	memory_vma(obs, 0, 4);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, 0);
	memory_page(obs, 1, PRESENT(0));
	memory_page(obs, 2, SWAPPED(0));
	memory_vma(obs, 8, 4)->pages_read = false;
	obs->ifaces[SV_IFACE_MAPS].tried = true;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		const safevma_table *t = safevma_table_find(names[i]);
		const struct safevma_column *col;
		safevma_cursor *c;
		size_t rows = 0;

		assert_int_equal(safevma_cursor_new(obs, t, false, &c, NULL), 0);
		if (t->next_group)
			assert_true(safevma_cursor_next_group(c));
		for (; safevma_cursor_next_row(c); rows++)
			for (size_t k = 0; (col = safevma_table_column(t, SAFEVMA_LEVEL_ROW, k));
				k++) {
				struct safevma_value v =
					safevma_cursor_value(c, SAFEVMA_LEVEL_ROW, k);

				assert_true(v.type == SAFEVMA_TYPE_UNKNOWN || v.type == col->type);
			}
		assert_true(rows > 0);
		safevma_cursor_free(c);
	}
	safevma_observation_free(obs);
}

static void only_selected_processes(void **state)
{
	safevma_observation *obs = memory_new();
	safevma_cursor *c;

	(void)state;
	assert_true(safevma_observation_selected(obs));
	obs->processes.ptr[0].selected = false;
	assert_false(safevma_observation_selected(obs));
	assert_int_equal(safevma_cursor_new(obs, safevma_table_find("maps"), false, &c, NULL), 0);
	assert_false(safevma_cursor_next_group(c));
	safevma_cursor_free(c);
	safevma_observation_free(obs);
}

static void complete_only_without_gaps(void **state)
{
	const safevma_table *maps = safevma_table_find("maps");
	struct safevma_error why = { .code = SAFEVMA_E_SYSTEM };
	safevma_observation *obs = memory_new();

	(void)state;
	memory_vma(obs, 0, 4);
	memory_anon(obs, 0, 100, SV_KPF_SLAB, 0);
	assert_true(safevma_observation_complete(obs, maps));
	assert_int_equal(sv_gap_add(obs, SV_IFACE_VMSTAT, 0, &why, false, NULL), 0);
	assert_true(safevma_observation_complete(obs, maps));
	assert_int_equal(sv_gap_add(obs, SV_IFACE_SMAPS, 42, &why, true, NULL), 0);
	assert_false(safevma_observation_complete(obs, maps));
	obs->gaps.ptr[1].counts = false;
	assert_true(safevma_observation_complete(obs, maps));
	memory_changed(obs, 0, true);
	assert_false(safevma_observation_complete(obs, maps));
	memory_changed(obs, 0, false);
	memory_process(obs)->vmas.ptr[0].pages_read = false;
	assert_false(safevma_observation_complete(obs, maps));
	memory_process(obs)->vmas.ptr[0].pages_read = true;
	memory_process(obs)->selected = false;
	assert_false(safevma_observation_complete(obs, maps));
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_name),
		cmocka_unit_test(columns_up_to_the_end),
		cmocka_unit_test(a_level_that_is_not_there),
		cmocka_unit_test(columns_differ),
		cmocka_unit_test(cursor_over_vmas),
		cmocka_unit_test(values_have_their_columns_type),
		cmocka_unit_test(only_selected_processes),
		cmocka_unit_test(complete_only_without_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
