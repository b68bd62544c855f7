// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables of one row that come first in a report, with others behind them; ratios and pairs. */
#include "memory.h"

#include <cjson/cJSON.h>

#include "report/table.h"

static struct safevma_value get_mode(safevma_cursor *c)
{
	(void)c;
	return sv_value_text("never more");
}

static struct safevma_value get_ratio(safevma_cursor *c)
{
	(void)c;
	return sv_value_real(1.0 / 3);
}

static struct safevma_value get_distance(safevma_cursor *c)
{
	(void)c;
	return sv_value_pairs("1:3 2:5");
}

static struct safevma_value get_limit(safevma_cursor *c)
{
	(void)c;
	return sv_value_unknown();
}

static struct safevma_value get_bytes(safevma_cursor *c)
{
	(void)c;
	return sv_value_u64(SAFEVMA_TYPE_BYTES, 8192);
}

static bool one_row(safevma_cursor *c)
{
	return !c->item++;
}

static bool wanted(const safevma_observation *obs)
{
	(void)obs;
	return true;
}

static bool next_group(safevma_cursor *c)
{
	c->item = 0;
	return sv_next_selected(c);
}

static const struct sv_column process_columns[] = { SV_PROCESS_COLUMNS };
static const struct sv_column row_columns[] = {
	SV_COL("SIZE", "size_bytes", "how much", BYTES, true, get_bytes),
};
static const struct safevma_table processes = {
	.name = "promise",
	.group_member = "processes",
	.row_member = "parts",
	.group_columns = process_columns,
	.group_count = sv_array_size(process_columns),
	.row_columns = row_columns,
	.row_count = sv_array_size(row_columns),
	.next_group = next_group,
	.next_row = one_row,
	.wanted = wanted,
	.none = "nothing",
};

static const struct sv_column budget_columns[] = {
	SV_COL("SIZE", "size.bytes", "how much", BYTES, true, get_bytes),
	SV_COL("LIMIT", "size.limit", "of how much", BYTES, true, get_limit),
};
static const struct safevma_table budget = {
	.name = "promise",
	.row_member = "budget",
	.row_columns = budget_columns,
	.row_count = sv_array_size(budget_columns),
	.next_row = one_row,
	.upright = true,
	.wanted = wanted,
	.also = &processes,
	.none = "nothing",
};

static const struct sv_column policy_columns[] = {
	SV_COL("MODE", "mode", "what is promised", STRING, true, get_mode),
	SV_COL("RATIO", "ratio", "how much of it", REAL, true, get_ratio),
	SV_PAIRS("DISTANCE", "distance", "how far", true, get_distance, "within frames"),
	SV_COL("HIDDEN", "hidden", "shown in JSON", BYTES, false, get_bytes),
};
static const struct safevma_table policy = {
	.name = "promise",
	.row_member = "policy",
	.row_columns = policy_columns,
	.row_count = sv_array_size(policy_columns),
	.next_row = one_row,
	.upright = true,
	.also = &budget,
	.none = "nothing",
};

static char *written(struct safevma_report_options o)
{
	safevma_observation *obs = memory_new();
	char *ret = NULL;
	size_t len;
	FILE *out = open_memstream(&ret, &len);

	assert_non_null(out);
	assert_int_equal(safevma_report_write(obs, &policy, &o, out, NULL), 0);
	fclose(out);
	safevma_observation_free(obs);
	return ret;
}

static void as_text(void **state)
{
	sv_auto_free char *got = written((struct safevma_report_options) { 0 });
	sv_auto_free char *bare = written((struct safevma_report_options) { .no_headings = true });

	(void)state;
	assert_string_equal(got, "POLICY        VALUE MEANING\n"
				 "MODE     never more what is promised\n"
				 "RATIO         0.333 how much of it\n"
				 "DISTANCE    1:3 2:5 how far\n"
				 "\n"
				 "BUDGET VALUE MEANING\n"
				 "SIZE      8K how much\n"
				 "LIMIT      - of how much\n"
				 "\n"
				 "PID 42  COMM   WHY \n"
				 "SIZE\n"
				 "  8K\n");
	assert_null(strstr(bare, "VALUE"));
	assert_non_null(strstr(bare, "how far\n"));
}

/* A name and a value a line; blanks within the value are escaped. */
static void as_raw_text(void **state)
{
	sv_auto_free char *got =
		written((struct safevma_report_options) { .format = SAFEVMA_FORMAT_RAW });

	(void)state;
	assert_string_equal(got, "MODE never\\x20more\n"
				 "RATIO 0.333333\n"
				 "DISTANCE 1:3\\x202:5\n"
				 "SIZE 8192\n"
				 "LIMIT -\n"
				 "SIZE\n"
				 "8192\n");
}

static void columns_can_be_chosen(void **state)
{
	sv_auto_free char *got = written((struct safevma_report_options) {
		.format = SAFEVMA_FORMAT_RAW, .columns = "hidden,mode", .sort = "-RATIO" });

	(void)state;
	assert_ptr_equal(strstr(got, "HIDDEN 8192\nMODE never\\x20more\nSIZE 8192\n"), got);
}

static void as_json(void **state)
{
	sv_auto_free char *got =
		written((struct safevma_report_options) { .format = SAFEVMA_FORMAT_JSON });
	cJSON *o = cJSON_Parse(got);

	(void)state;
	assert_non_null(o);
	assert_non_null(strstr(got, ",\n\"policy\":{\"mode\":\"never more\",\"ratio\":0.333333,"
				    "\"distance\":[{\"within\":1,\"frames\":3},"
				    "{\"within\":2,\"frames\":5}],\"hidden\":8192},\n"
				    "\"budget\":{\"size\":{\"bytes\":8192,\"limit\":null}},"
				    "\"processes\":[\n{\"pid\":42,"));
	assert_non_null(strstr(got, ",\"parts\":[\n{\"size_bytes\":8192}\n]}\n]}\n"));
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItem(o, "schema")), "safevma.promise/1");
	cJSON_Delete(o);
}

static void as_lines(void **state)
{
	sv_auto_free char *got =
		written((struct safevma_report_options) { .format = SAFEVMA_FORMAT_NDJSON });
	static const char *const records[] = { "head", "policy", "budget", "processes", "parts" };
	char *line = got;

	(void)state;
	for (size_t i = 0; i < sv_array_size(records); i++) {
		char *end = strchr(line, '\n');
		cJSON *o;

		assert_non_null(end);
		o = cJSON_ParseWithLength(line, (size_t)(end - line));
		assert_non_null(o);
		assert_string_equal(
			cJSON_GetStringValue(cJSON_GetObjectItem(o, "record")), records[i]);
		if (i == 4)
			assert_int_equal(cJSON_GetObjectItem(o, "pid")->valueint, 42);
		cJSON_Delete(o);
		line = end + 1;
	}
	assert_string_equal(line, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_raw_text),
		cmocka_unit_test(columns_can_be_chosen),
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
