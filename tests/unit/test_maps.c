// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "iface/maps.h"

/* Counted with wc -l and read with head and tail from the fixtures. */
static const struct {
	const char *path;
	size_t count;
	uint64_t last_start, last_end, inode;
	const char *first_path, *last_path;
} cases[] = {
	{ .path = "deb61cloud/maps",
		.count = 29,
		.last_start = 0x7fff565cb000,
		.last_end = 0x7fff565cd000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[vdso]" },
	{ .path = "deb61arm64/maps",
		.count = 27,
		.last_start = 0xffffdcb80000,
		.last_end = 0xffffdcba1000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[stack]" },
	{ .path = "deb61-686pae/maps",
		.count = 28,
		.last_start = 0xbfefc000,
		.last_end = 0xbff1d000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[stack]" },
	{ .path = "deb612arm64-mte/maps",
		.count = 26,
		.last_start = 0xffffefa11000,
		.last_end = 0xffffefa32000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[stack]" },
	{ .path = "c612/maps",
		.count = 28,
		.last_start = 0x7fff7d883000,
		.last_end = 0x7fff7d8a4000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[stack]" },
	{ .path = "host618/maps",
		.count = 29,
		.last_start = 0xffffffffff600000,
		.last_end = 0xffffffffff601000,
		.inode = 13625503,
		.first_path = "/opt/lab/t.x86_64",
		.last_path = "[vsyscall]" },
	{ .path = "c72/maps",
		.count = 29,
		.last_start = 0x7ffd487cf000,
		.last_end = 0x7ffd487f0000,
		.inode = 7,
		.first_path = "/t",
		.last_path = "[stack]" },
};

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_text t = fixture(cases[i].path);
		struct sv_maps_entry e;
		size_t n = 0;
		int rc;

		for (; (rc = sv_maps_next(&t, &e, NULL)) == 1; n++) {
			if (n)
				continue;
			assert_span(e.path, cases[i].first_path);
			assert_int_equal(e.inode, cases[i].inode);
		}
		assert_int_equal(rc, 0);
		assert_int_equal(n, cases[i].count);
		assert_int_equal(e.start, cases[i].last_start);
		assert_int_equal(e.end, cases[i].last_end);
		assert_span(e.path, cases[i].last_path);
	}
}

static struct sv_maps_entry one(struct sv_text text)
{
	struct safevma_error err = { 0 };
	struct sv_maps_entry e = { 0 };

	assert_int_equal(sv_maps_next(&text, &e, &err), 1);
	assert_int_equal(text.rest.len, 0);
	return e;
}

static void every_column(void **state)
{
	struct sv_maps_entry e = one(TEXT("7f00-7f2a ---s 0001d000 fe:1f 42   /x\n"));

	(void)state;
	assert_int_equal(e.start, 0x7f00);
	assert_int_equal(e.end, 0x7f2a);
	assert_int_equal(e.perms, SV_PERM_SHARED);
	assert_int_equal(e.offset, 0x1d000);
	assert_int_equal(e.dev_major, 0xfe);
	assert_int_equal(e.dev_minor, 0x1f);
	assert_int_equal(e.inode, 42);
	assert_span(e.path, "/x");
	e = one(TEXT("7f00-7f2a rwxp 00000000 00:00 0 \n"));
	assert_int_equal(e.perms, SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC);
	assert_span(e.path, "");
}

static void path_is_all_the_rest(void **state)
{
	static const char *const paths[] = { "/a b", "/a (deleted)", "/a\\012b  c\\ (deleted) ",
		"/a\tb", "[anon:  my (deleted) ]", "/memfd:x y (deleted)", "/\x01\x1b[31m\xff",
		"7f00-7f2a rwxp 00000000 00:00 0" };
	char line[200];

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		struct sv_maps_entry e = { 0 };
		int n = snprintf(
			line, sizeof(line), "1000-2000 r--p 00000000 00:02 7      %s", paths[i]);

		e = one(sv_text_init(line, (size_t)n, "test"));
		assert_span(e.path, paths[i]);
	}
}

static void no_newline_at_the_end(void **state)
{
	(void)state;
	assert_span(one(TEXT("1000-2000 r--p 00000000 00:02 7 /t")).path, "/t");
	assert_span(one(TEXT("1000-2000 r--p 00000000 00:02 7")).path, "");
}

static void nul_in_a_path_is_a_byte(void **state)
{
	(void)state;
	assert_int_equal(one(TEXT("1000-2000 r--p 00000000 00:02 7 /a\0b\n")).path.len, 4);
}

static void highest_addresses(void **state)
{
	struct sv_maps_entry e = one(TEXT("fffffffffffff000-ffffffffffffffff r--p ffffffffffffffff "
					  "ffffffff:ffffffff 18446744073709551615 \n"));

	(void)state;
	assert_int_equal(e.end, UINT64_MAX);
	assert_int_equal(e.offset, UINT64_MAX);
	assert_int_equal(e.inode, UINT64_MAX);
}

static void empty_text_is_the_end(void **state)
{
	struct sv_text t = TEXT("");
	struct sv_maps_entry e;

	(void)state;
	assert_int_equal(sv_maps_next(&t, &e, NULL), 0);
}

static const char *const malformed[] = {
	"",
	" ",
	"maps",
	"1000",
	"1000-",
	"1000-2000",
	"1000-2000 ",
	"1000-2000 r--p",
	"1000-2000 r--p 00000000",
	"1000-2000 r--p 00000000 00:02",
	"1000-2000 r--p 00000000 00:02 ",
	"1000-2000 r--p 00000000 00 7",
	"1000-2000 r--p 00000000 00:02 x",
	"1000-2000 r--p 00000000 00:02 7x",
	"1000-2000 r--p 00000000 00:02 7/t",
	"2000-1000 r--p 00000000 00:02 7 /t",
	"1000-1000 r--p 00000000 00:02 7 /t",
	"10000000000000000-20000000000000000 r--p 00000000 00:02 7 /t",
	"1000-2000 r--p 00000000 00:02 18446744073709551616 /t",
	"1000-2000 R--p 00000000 00:02 7 /t",
	"1000-2000 w--p 00000000 00:02 7 /t",
	"1000-2000 r--x 00000000 00:02 7 /t",
	"1000-2000 r-- 00000000 00:02 7 /t",
	"1000-2000 r--pp 00000000 00:02 7 /t",
	"1000 2000 r--p 00000000 00:02 7 /t",
	" 1000-2000 r--p 00000000 00:02 7 /t",
	"0x1000-0x2000 r--p 00000000 00:02 7 /t",
	"-1000-2000 r--p 00000000 00:02 7 /t",
	"1000-2000\tr--p 00000000 00:02 7 /t",
};

static void malformed_lines(void **state)
{
	char text[200];

	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_maps_entry e = { .inode = 99 };
		struct safevma_error err = { 0 };
		int n = snprintf(text, sizeof(text), "1000-2000 r--p 00000000 00:02 7 /t\n%s\n",
			malformed[i]);
		struct sv_text t = sv_text_init(text, (size_t)n, "test");

		assert_int_equal(sv_maps_next(&t, &e, &err), 1);
		e.inode = 99;
		assert_int_equal(sv_maps_next(&t, &e, &err), -1);
		assert_place(&err, 2, "'START-END PERMS");
		assert_int_equal(e.inode, 99);
		assert_int_equal(sv_maps_parse_line(sv_span_of(malformed[i]), &e), 0);
	}
}

static void error_quotes_the_line(void **state)
{
	struct sv_text t = TEXT("1000-2000 rwzp 00000000 00:02 7 /\x1b\n");
	struct safevma_error err = { 0 };
	struct sv_maps_entry e;

	(void)state;
	assert_int_equal(sv_maps_next(&t, &e, &err), -1);
	assert_place(&err, 1,
		"'START-END PERMS OFFSET MAJOR:MINOR INODE [PATH]' with START below END, "
		"got '1000-2000 rwzp 00000000 00:02 7 /?'");
}

static void read_all(struct sv_text text)
{
	struct sv_text t = text;
	struct sv_maps_entry e;

	while (sv_maps_next(&t, &e, NULL) == 1) {
		assert_true(e.start < e.end);
		assert_inside(text, e.path);
	}
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("deb61cloud/maps"), 700, read_all);
	each_damage(fixture("host618/maps"), 2000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(every_column),
		cmocka_unit_test(path_is_all_the_rest),
		cmocka_unit_test(no_newline_at_the_end),
		cmocka_unit_test(nul_in_a_path_is_a_byte),
		cmocka_unit_test(highest_addresses),
		cmocka_unit_test(empty_text_is_the_end),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(error_quotes_the_line),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
