// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#define SPAN(lit) ((struct sv_span) { .ptr = "" lit, .len = sizeof(lit) - 1 })

static void lines_with_and_without_newline(void **state)
{
	struct sv_text t = TEXT("one\n\ntwo");
	struct sv_span line;

	(void)state;
	assert_true(sv_text_line(&t, &line));
	assert_span(line, "one");
	assert_int_equal(t.line, 1);
	assert_true(sv_text_line(&t, &line));
	assert_span(line, "");
	assert_true(sv_text_line(&t, &line));
	assert_span(line, "two");
	assert_int_equal(t.line, 3);
	assert_false(sv_text_line(&t, &line));
	assert_int_equal(t.line, 3);
}

static void no_text_has_no_line(void **state)
{
	struct sv_text empty = TEXT(""), null = sv_text_init(NULL, 0, "test");
	struct sv_span line;

	(void)state;
	assert_false(sv_text_line(&empty, &line));
	assert_false(sv_text_line(&null, &line));
}

static void line_keeps_nul_and_return(void **state)
{
	struct sv_text t = TEXT("a\0b\r\n");
	struct sv_span line;

	(void)state;
	assert_true(sv_text_line(&t, &line));
	assert_int_equal(line.len, 4);
	assert_memory_equal(line.ptr, "a\0b\r", 4);
}

static void errors_quote_without_control_bytes(void **state)
{
	struct sv_text t = TEXT("x\n");
	struct safevma_error err = { 0 };
	struct sv_span line;

	(void)state;
	assert_true(sv_text_line(&t, &line));
	assert_int_equal(sv_text_error(&t, &err, "'kB'", SPAN("a\x1b[0m\0\xff\n")), -1);
	assert_place(&err, 1,
		"'kB', got 'a?[0m??"
		"?'");
	assert_int_equal(sv_text_error(&t, NULL, "'kB'", line), -1);
}

static void errors_quote_a_part_of_long_lines(void **state)
{
	static char big[5000];
	struct sv_text t = TEXT("");
	struct safevma_error err = { 0 };

	(void)state;
	memset(big, 'x', sizeof(big));
	sv_text_error(&t, &err, "y", (struct sv_span) { .ptr = big, .len = sizeof(big) });
	assert_int_equal(strlen(err.message), strlen("expected y, got ''") + 80);
}

static void decimal(void **state)
{
	struct sv_span s = SPAN("18446744073709551615 x");
	uint64_t v = 7;

	(void)state;
	assert_true(sv_take_dec(&s, &v));
	assert_int_equal(v, UINT64_MAX);
	assert_span(s, " x");
	assert_false(sv_take_dec(&s, &v));
	assert_span(s, " x");
	assert_int_equal(v, UINT64_MAX);
}

static void decimal_refuses(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", "a", " 1", "18446744073709551616",
		"99999999999999999999999999", "184467440737095516150" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct sv_span s = sv_span_of(bad[i]);
		uint64_t v = 7;

		assert_false(sv_take_dec(&s, &v));
		assert_int_equal(v, 7);
		assert_span(s, bad[i]);
	}
}

static void decimal_stops_at_hex_digits(void **state)
{
	struct sv_span s = SPAN("12ab");
	uint64_t v;

	(void)state;
	assert_true(sv_take_dec(&s, &v));
	assert_int_equal(v, 12);
	assert_span(s, "ab");
}

static void hexadecimal(void **state)
{
	struct sv_span s = SPAN("ffffFFFFffffffff-0x1"), big = SPAN("10000000000000000");
	uint64_t v;

	(void)state;
	assert_true(sv_take_hex(&s, &v));
	assert_int_equal(v, UINT64_MAX);
	assert_span(s, "-0x1");
	assert_false(sv_take_hex(&s, &v));
	assert_false(sv_take_hex(&big, &v));
}

static void integer(void **state)
{
	struct sv_span min = SPAN("-9223372036854775807"), max = SPAN("9223372036854775807");
	struct sv_span over = SPAN("9223372036854775808"), minus = SPAN("-"), two = SPAN("--1");
	int64_t v;

	(void)state;
	assert_true(sv_take_int(&min, &v));
	assert_true(v == -INT64_MAX);
	assert_true(sv_take_int(&max, &v));
	assert_true(v == INT64_MAX);
	assert_false(sv_take_int(&over, &v));
	assert_false(sv_take_int(&minus, &v));
	assert_span(minus, "-");
	assert_false(sv_take_int(&two, &v));
}

static void literal(void **state)
{
	struct sv_span s = SPAN("Node 0"), null = { 0 };

	(void)state;
	assert_false(sv_take_lit(&s, "Node 01"));
	assert_false(sv_take_lit(&s, "node"));
	assert_true(sv_take_lit(&s, "Node "));
	assert_span(s, "0");
	assert_true(sv_take_lit(&s, ""));
	assert_true(sv_take_lit(&null, ""));
	assert_false(sv_take_lit(&null, "x"));
}

static void word_and_blanks(void **state)
{
	struct sv_span s = SPAN(" \tab\0c\td"), word;

	(void)state;
	assert_false(sv_take_word(&s, &word));
	sv_skip_blanks(&s);
	assert_true(sv_take_word(&s, &word));
	assert_int_equal(word.len, 4);
	assert_span(s, "\td");
	sv_skip_blanks(&s);
	assert_true(sv_take_word(&s, &word));
	assert_span(word, "d");
	assert_false(sv_take_word(&s, &word));
	sv_skip_blanks(&s);
}

static void until(void **state)
{
	struct sv_span s = SPAN("a:b"), null = { 0 }, part;

	(void)state;
	assert_true(sv_take_until(&s, ':', &part));
	assert_span(part, "a");
	assert_false(sv_take_until(&s, ':', &part));
	assert_span(s, "b");
	assert_false(sv_take_until(&null, ':', &part));
}

static void trim(void **state)
{
	(void)state;
	assert_span(sv_trim(SPAN(" \ta b \t\n")), "a b");
	assert_span(sv_trim(SPAN(" \t\n")), "");
	assert_span(sv_trim(SPAN("")), "");
	assert_span(sv_trim((struct sv_span) { 0 }), "");
}

static void compare(void **state)
{
	struct sv_span null = { 0 };

	(void)state;
	assert_true(sv_span_is(SPAN("ab"), "ab"));
	assert_false(sv_span_is(SPAN("ab"), "abc"));
	assert_false(sv_span_is(SPAN("ab\0"), "ab"));
	assert_true(sv_span_eq(null, SPAN("")));
	assert_true(sv_span_ends(SPAN("/x (deleted)"), " (deleted)"));
	assert_false(sv_span_ends(SPAN("d)"), " (deleted)"));
	assert_true(sv_span_ends(null, ""));
	assert_false(sv_span_ends(null, "x"));
}

static void known_zero_is_not_unknown(void **state)
{
	(void)state;
	assert_true(sv_known(0).known);
	assert_false((struct sv_num) { 0 }.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_with_and_without_newline),
		cmocka_unit_test(no_text_has_no_line),
		cmocka_unit_test(line_keeps_nul_and_return),
		cmocka_unit_test(errors_quote_without_control_bytes),
		cmocka_unit_test(errors_quote_a_part_of_long_lines),
		cmocka_unit_test(decimal),
		cmocka_unit_test(decimal_refuses),
		cmocka_unit_test(decimal_stops_at_hex_digits),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(integer),
		cmocka_unit_test(literal),
		cmocka_unit_test(word_and_blanks),
		cmocka_unit_test(until),
		cmocka_unit_test(trim),
		cmocka_unit_test(compare),
		cmocka_unit_test(known_zero_is_not_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
