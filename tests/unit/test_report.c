// SPDX-License-Identifier: LGPL-2.1-or-later
#include "memory.h"

#include <errno.h>
#include <limits.h>

#include "report/render.h"

/* ---- values ---------------------------------------------------------------------------------- */

static const char *formatted(struct safevma_value v, const struct safevma_report_options *o)
{
	static char text[256];
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	assert_int_equal(sv_value_format(&v, o, &b), 0);
	snprintf(text, sizeof(text), "%s", b.ptr ? b.ptr : "");
	return text;
}

static const struct safevma_report_options text = { .format = SAFEVMA_FORMAT_TEXT };
static const struct safevma_report_options raw = { .format = SAFEVMA_FORMAT_RAW };
static const struct safevma_report_options in_full = { .bytes = true };

static struct safevma_value bytes(uint64_t n)
{
	return sv_value_u64(SAFEVMA_TYPE_BYTES, n);
}

static void scaled_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0B" },
		{ 1, "1B" },
		{ 1023, "1023B" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 4096, "4K" },
		{ 135168, "132K" },
		{ UINT64_C(1) << 20, "1M" },
		{ (UINT64_C(1) << 20) + (UINT64_C(1) << 19), "1.5M" },
		{ UINT64_C(100) << 20 | 1, "100M" },
		{ UINT64_C(1) << 30, "1G" },
		{ UINT64_C(1) << 40, "1T" },
		{ UINT64_C(1) << 50, "1P" },
		{ UINT64_C(1) << 60, "1E" },
		{ UINT64_MAX, "16E" },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(sizes); i++) {
		char full[32];

		assert_string_equal(formatted(bytes(sizes[i].bytes), &text), sizes[i].text);
		snprintf(full, sizeof(full), "%llu", (unsigned long long)sizes[i].bytes);
		assert_string_equal(formatted(bytes(sizes[i].bytes), &in_full), full);
		assert_string_equal(formatted(bytes(sizes[i].bytes), &raw), full);
	}
}

static void every_type(void **state)
{
	static const char name[] = "a \x1b";
	struct sv_span span = { .ptr = name, .len = 3 };

	(void)state;
	assert_string_equal(formatted(sv_value_unknown(), &text), "-");
	assert_string_equal(formatted(sv_value_unknown(), &raw), "-");
	assert_string_equal(formatted(sv_value_u64(SAFEVMA_TYPE_U64, UINT64_MAX), &text),
		"18446744073709551615");
	assert_string_equal(formatted(sv_value_u64(SAFEVMA_TYPE_HEX, 0x1a2b), &text), "0x1a2b");
	assert_string_equal(formatted(sv_value_i64(INT64_MIN), &text), "-9223372036854775808");
	assert_string_equal(formatted(sv_value_bool(true), &text), "yes");
	assert_string_equal(formatted(sv_value_bool(false), &text), "no");
	assert_string_equal(formatted(sv_value_span(span), &text), "a \\x1b");
	assert_string_equal(formatted(sv_value_span(span), &raw), "a\\x20\\x1b");
	assert_string_equal(formatted(sv_value_words("a b"), &raw), "a\\x20b");
	assert_string_equal(formatted(sv_value_words(""), &raw), "\"\"");
	assert_string_equal(formatted(sv_value_words(""), &text), "");
}

/* Unknown is a type: no number stands for it. */
static void values_out_of_unknowns(void **state)
{
	struct sv_num none = { .value = 7 };
	struct sv_strbuf nothing = { 0 };

	(void)state;
	assert_int_equal(sv_value_num(SAFEVMA_TYPE_BYTES, none).type, SAFEVMA_TYPE_UNKNOWN);
	assert_int_equal(sv_value_num(SAFEVMA_TYPE_BYTES, sv_known(0)).type, SAFEVMA_TYPE_BYTES);
	assert_int_equal(sv_value_bool_num(none).type, SAFEVMA_TYPE_UNKNOWN);
	assert_false(sv_value_bool_num(sv_known(0)).boolean);
	assert_true(sv_value_bool_num(sv_known(2)).boolean);
	assert_int_equal(sv_value_text(NULL).type, SAFEVMA_TYPE_UNKNOWN);
	assert_int_equal(sv_value_text("").type, SAFEVMA_TYPE_STRING);
	assert_non_null(sv_value_bytes_text(&nothing).string.ptr);
}

static void in_order(struct safevma_value a, struct safevma_value b)
{
	assert_true(sv_value_compare(&a, &b) < 0);
	assert_true(sv_value_compare(&b, &a) > 0);
	assert_int_equal(sv_value_compare(&a, &a), 0);
	assert_int_equal(sv_value_compare(&b, &b), 0);
}

static void comparison(void **state)
{
	static const char nul[] = "a\0b";

	(void)state;
	in_order(sv_value_unknown(), sv_value_u64(SAFEVMA_TYPE_U64, 0));
	in_order(sv_value_unknown(), sv_value_text(""));
	in_order(sv_value_u64(SAFEVMA_TYPE_U64, 1), sv_value_u64(SAFEVMA_TYPE_U64, UINT64_MAX));
	in_order(bytes(0), bytes(UINT64_C(1) << 63));
	in_order(sv_value_u64(SAFEVMA_TYPE_HEX, 0xf), sv_value_u64(SAFEVMA_TYPE_HEX, 0x10));
	in_order(sv_value_i64(INT64_MIN), sv_value_i64(INT64_MAX));
	in_order(sv_value_i64(-1), sv_value_i64(0));
	in_order(sv_value_bool(false), sv_value_bool(true));
	in_order(sv_value_text(""), sv_value_text("a"));
	in_order(sv_value_text("a"), sv_value_text("ab"));
	in_order(sv_value_text("ab"), sv_value_text("b"));
	in_order(sv_value_text("z"), sv_value_text("\xc3\xbc")); /* bytes, no locale */
	in_order(sv_value_words("a"), sv_value_words("b"));
	in_order(sv_value_span((struct sv_span) { .ptr = nul, .len = 1 }),
		sv_value_span((struct sv_span) { .ptr = nul, .len = 3 }));
}

/* ---- columns --------------------------------------------------------------------------------- */

static const struct {
	const char *columns, *sort, *message;
} choices[] = {
	{ "NOSUCH", NULL, "'maps' has no column 'NOSUCH'; it has " },
	{ "START,", NULL, "'maps' has no column ''; it has " },
	{ "", NULL, "'maps' has no column ''; it has " },
	{ "+", NULL, "'maps' has no column ''; it has " },
	{ ",START", NULL, "'maps' has no column ''; it has " },
	{ "START,END2", NULL, "'maps' has no column 'END2'; it has " },
	{ "STAR", NULL, "'maps' has no column 'STAR'; it has " },
	{ "START ", NULL, "'maps' has no column 'START '; it has " },
	{ NULL, "NOSUCH", "'maps' has no column 'NOSUCH'; it has " },
	{ NULL, "-", "'maps' has no column ''; it has " },
	{ NULL, "--START", "'maps' has no column '-START'; it has " },
	{ NULL, "", "'maps' has no column ''; it has " },
	{ "START", "END,START", "'maps' has no column 'END,START'; it has " },
};

static void no_such_column(void **state)
{
	const safevma_table *maps = safevma_table_find("maps");

	(void)state;
	for (size_t i = 0; i < sv_array_size(choices); i++) {
		struct safevma_report_options o = { .columns = choices[i].columns,
			.sort = choices[i].sort };
		struct safevma_error err = { 0 };
		size_t len = strlen(choices[i].message);

		assert_int_equal(safevma_report_check(maps, &o, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_USAGE);
		assert_memory_equal(err.message, choices[i].message, len);
		assert_int_equal(safevma_report_check(maps, &o, NULL), -1);
	}
}

static void good_columns(void **state)
{
	static const char *const lists[] = { "START", "start", "Start,END", "+END", "START,START",
		"+START" };
	const safevma_table *maps = safevma_table_find("maps");
	struct safevma_report_options o = { 0 };

	(void)state;
	assert_int_equal(safevma_report_check(maps, &o, NULL), 0);
	for (size_t i = 0; i < sv_array_size(lists); i++) {
		o.columns = lists[i];
		assert_int_equal(safevma_report_check(maps, &o, NULL), 0);
	}
	o.sort = "-resident";
	assert_int_equal(safevma_report_check(maps, &o, NULL), 0);
}

static void too_many_columns(void **state)
{
	const safevma_table *maps = safevma_table_find("maps");
	struct safevma_report_options o = { 0 };
	struct safevma_error err = { 0 };
	char list[129 * 4];

	(void)state;
	for (size_t i = 0; i < 129; i++)
		memcpy(list + 4 * i, "END,", 4);
	list[128 * 4 - 1] = 0;
	o.columns = list;
	assert_int_equal(safevma_report_check(maps, &o, NULL), 0);
	list[128 * 4 - 1] = ',';
	list[129 * 4 - 1] = 0;
	assert_int_equal(safevma_report_check(maps, &o, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_USAGE);
	assert_string_equal(err.message, "too many columns");
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char path[] = "/a b\\\x1b";

static safevma_observation *two_vmas(void)
{
	safevma_observation *obs = memory_new();
	struct sv_vma *v = memory_vma(obs, 0, 2);

	v->path = (struct sv_span) { .ptr = path, .len = sizeof(path) - 1 };
	v->inode = 5;
	v->flags.known = false;
	memory_page(obs, 0, PRESENT(0));
	memory_vma(obs, 16, 4);
	return obs;
}

static char *written(const struct safevma_report_options *o)
{
	safevma_observation *obs = two_vmas();
	char *ret = NULL;
	size_t len;
	FILE *out = open_memstream(&ret, &len);

	assert_non_null(out);
	assert_int_equal(safevma_report_write(obs, safevma_table_find("maps"), o, out, NULL), 0);
	fclose(out);
	safevma_observation_free(obs);
	return ret;
}

/* Each cell is one word, and escaped once. */
static void raw_lines(void **state)
{
	struct safevma_report_options o = { .format = SAFEVMA_FORMAT_RAW,
		.columns = "START,SIZE,RESIDENT,LOCKED,ZERO,PATH" };
	sv_auto_free char *got = written(&o), *bare = NULL;
	static const char lines[] = "START SIZE RESIDENT LOCKED ZERO PATH\n"
				    "0x10000000 8192 4096 - - /a\\x20b\\\\x1b\n"
				    "0x10010000 16384 0 0 0 \"\"\n";

	(void)state;
	assert_string_equal(got, lines);
	o.no_headings = true;
	bare = written(&o);
	assert_string_equal(bare, strchr(lines, '\n') + 1);
}

static void sorted_lines(void **state)
{
	struct safevma_report_options o = { .format = SAFEVMA_FORMAT_RAW,
		.columns = "START",
		.no_headings = true,
		.sort = "-SIZE" };
	sv_auto_free char *down = written(&o), *up = NULL;

	(void)state;
	assert_string_equal(down, "0x10010000\n0x10000000\n");
	o.sort = "ZERO"; /* unknown before zero */
	up = written(&o);
	assert_string_equal(up, "0x10000000\n0x10010000\n");
}

static void text_lines(void **state)
{
	struct safevma_report_options o = { .columns = "START,SIZE,PATH", .no_headings = true };
	sv_auto_free char *got = written(&o);

	(void)state;
	assert_non_null(strstr(got, "0x10000000   8K /a b\\\\x1b\n"));
	assert_non_null(strstr(got, "0x10010000  16K"));
}

/* JSON keeps the path's bytes and says null of what is not known. */
static void json(void **state)
{
	struct safevma_report_options o = { .format = SAFEVMA_FORMAT_JSON };
	sv_auto_free char *got = written(&o);

	(void)state;
	assert_non_null(strstr(got, "\"start\":\"0x10000000\""));
	assert_non_null(strstr(got, "\"path\":\"/a b\\\\\\u001b\""));
	assert_non_null(strstr(got, "\"zero_bytes\":null"));
	assert_null(strstr(got, "\"resident_bytes\":\""));
}

static void a_full_disk_is_an_error(void **state)
{
	static const enum safevma_format formats[] = { SAFEVMA_FORMAT_TEXT, SAFEVMA_FORMAT_RAW,
		SAFEVMA_FORMAT_JSON, SAFEVMA_FORMAT_NDJSON };
	safevma_observation *obs = two_vmas();

	(void)state;
	for (size_t i = 0; i < sv_array_size(formats); i++)
		for (int buffered = 0; buffered < 2; buffered++) {
			struct safevma_report_options o = { .format = formats[i] };
			struct safevma_error err = { 0 };
			FILE *full = fopen("/dev/full", "w");

			assert_non_null(full);
			if (!buffered)
				setvbuf(full, NULL, _IONBF, 0);
			assert_int_equal(safevma_report_write(
						 obs, safevma_table_find("maps"), &o, full, &err),
				-1);
			assert_int_equal(err.code, SAFEVMA_E_SYSTEM);
			assert_int_equal(err.errnum, ENOSPC);
			fclose(full);
		}
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scaled_bytes),
		cmocka_unit_test(every_type),
		cmocka_unit_test(values_out_of_unknowns),
		cmocka_unit_test(comparison),
		cmocka_unit_test(no_such_column),
		cmocka_unit_test(good_columns),
		cmocka_unit_test(too_many_columns),
		cmocka_unit_test(raw_lines),
		cmocka_unit_test(sorted_lines),
		cmocka_unit_test(text_lines),
		cmocka_unit_test(json),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
