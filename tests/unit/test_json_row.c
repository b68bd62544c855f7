// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values and rows as JSON. */
#include "memory.h"

#include <cjson/cJSON.h>

#include "report/json_row.h"

static void assert_json(struct safevma_value v, const char *expected)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	assert_int_equal(sv_json_value(&v, "within frames", &b), 0);
	assert_string_equal(b.ptr, expected);
}

static void every_type(void **state)
{
	(void)state;
	assert_json(sv_value_unknown(), "null");
	assert_json(sv_value_u64(SAFEVMA_TYPE_U64, 0), "0");
	assert_json(sv_value_u64(SAFEVMA_TYPE_BYTES, UINT64_MAX), "18446744073709551615");
	assert_json(sv_value_i64(INT64_MIN), "-9223372036854775808");
	assert_json(sv_value_u64(SAFEVMA_TYPE_HEX, 0), "\"0x0\"");
	assert_json(sv_value_u64(SAFEVMA_TYPE_HEX, UINT64_MAX), "\"0xffffffffffffffff\"");
	assert_json(sv_value_bool(true), "true");
	assert_json(sv_value_bool(false), "false");
	assert_json(sv_value_real(0.5), "0.5");
	assert_json(sv_value_real(1234567.0), "1.23457e+06");
	assert_json(sv_value_text("abc"), "\"abc\"");
	assert_json(sv_value_text(""), "\"\"");
	assert_json(sv_value_words(""), "[]");
	assert_json(sv_value_words(" rw  removed "), "[\"rw\",\"removed\"]");
	assert_json(sv_value_pairs(""), "[]");
	assert_json(sv_value_pairs("1:3 2:18446744073709551615"),
		"[{\"within\":1,\"frames\":3},{\"within\":2,\"frames\":18446744073709551615}]");
}

/* Every string of two bytes: what JSON readers take for the same as cJSON's own writing. */
static void strings_as_cjson_has_them(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 65536; n++) {
		char text[] = { 'a', (char)(n >> 8), (char)n, 'z' };
		struct safevma_value v = sv_value_span((struct sv_span) { text, sizeof(text) });
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		cJSON *parsed;

		assert_int_equal(sv_json_value(&v, NULL, &b), 0);
		parsed = cJSON_ParseWithLength(b.ptr, b.len);
		assert_true(cJSON_IsString(parsed));
		if (n < 0x8000 && !(n & 0x80) && n > 0xff && (n & 0xff)) {
			char *again = cJSON_PrintUnformatted(parsed);

			assert_string_equal(again, b.ptr);
			free(again);
		}
		cJSON_Delete(parsed);
	}
}

static void a_shape_with_its_gaps(void **state)
{
	const safevma_table *t = safevma_table_find("maps");
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_shape s = { .level = SAFEVMA_LEVEL_ROW };
	safevma_observation *obs = memory_new();
	safevma_cursor *c;

	(void)state;
	memory_vma(obs, 0, 2);
	assert_int_equal(safevma_cursor_new(obs, t, false, &c, NULL), 0);
	assert_true(safevma_cursor_next_group(c) && safevma_cursor_next_row(c));
	assert_int_equal(sv_shape_parse(&s, "{\"a\":\x01"
					    "1\x01,\"b\":{\"pid\":\x01"
					    "65536\x01}}"),
		0);
	assert_int_equal(sv_shape_write(&s, c, &b), 0);
	assert_string_equal(b.ptr, "{\"a\":\"0x10000000\",\"b\":{\"pid\":42}}");
	sv_shape_fini(&s);
	safevma_cursor_free(c);
	safevma_observation_free(obs);
}

static void a_shape_without_gaps(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_shape s = { 0 };

	(void)state;
	assert_int_equal(sv_shape_parse(&s, "{}"), 0);
	assert_int_equal(sv_shape_write(&s, NULL, &b), 0);
	assert_string_equal(b.ptr, "{}");
	sv_shape_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type),
		cmocka_unit_test(strings_as_cjson_has_them),
		cmocka_unit_test(a_shape_with_its_gaps),
		cmocka_unit_test(a_shape_without_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
