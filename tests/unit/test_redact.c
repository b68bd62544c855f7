// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events.h"

#include "iface/maps.h"
#include "iface/redact.h"
#include "model/process.h"

static void assert_redacted(struct sv_redactor *r, const char *text, const char *expected)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	assert_int_equal(sv_redact_maps(r, text, strlen(text), &b), 0);
	assert_string_equal(b.ptr ? b.ptr : "", expected);
}

#define LINE(path) "7f00-7f2a rw-p 00000000 fe:01 7                    " path "\n"

static void paths_go(void **state)
{
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	assert_redacted(r, LINE("/home/secret/x"), LINE("/redacted/1"));
	assert_redacted(r, LINE("/b c (deleted)"), LINE("/redacted/2"));
	assert_redacted(r, LINE("[anon:my secret]"), LINE("[anon:redacted-3]"));
	assert_redacted(r, "", "");
	sv_redactor_free(r);
}

static void equal_paths_stay_equal(void **state)
{
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	assert_redacted(r, LINE("/a") LINE("/b") LINE("/a"),
		LINE("/redacted/1") LINE("/redacted/2") LINE("/redacted/1"));
	/* In another file of the same recording too. */
	assert_redacted(r, LINE("/b") LINE("/ab") LINE("/a"),
		LINE("/redacted/2") LINE("/redacted/3") LINE("/redacted/1"));
	sv_redactor_free(r);
}

static void what_the_kernel_names_stays(void **state)
{
	static const char *const named[] = { LINE("[heap]"), LINE("[stack]"), LINE("[vdso]"),
		LINE("[vvar_vclock]"), LINE("[vsyscall]"), LINE("/secretmem (deleted)"),
		"7f00-7f2a rw-p 00000000 00:00 0 \n", "7f00-7f2a rw-p 00000000 00:00 0\n" };
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	for (size_t i = 0; i < sv_array_size(named); i++)
		assert_redacted(r, named[i], named[i]);
	sv_redactor_free(r);
}

static void other_lines_of_smaps_stay(void **state)
{
	static const char lines[] = "Size:                  4 kB\nVmFlags: rd wr mr \n";
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	assert_redacted(r, LINE("/a") "Size:                  4 kB\nVmFlags: rd wr mr \n",
		LINE("/redacted/1") "Size:                  4 kB\nVmFlags: rd wr mr \n");
	assert_redacted(r, lines, lines);
	sv_redactor_free(r);
}

static enum sv_kind kind_of(struct sv_text text)
{
	struct sv_maps_entry e;
	struct sv_vma v = { 0 };

	assert_int_equal(sv_maps_next(&text, &e, NULL), 1);
	v.path = e.path;
	v.inode = e.inode;
	return sv_vma_classify(&v);
}

/* What kind of memory it is is no secret, and every figure rests on it. */
static void kinds_stay(void **state)
{
	static const char *const lines[] = { LINE("/usr/bin/x"), LINE("/memfd:a b (deleted)"),
		LINE("/dev/shm/a"), LINE("/SYSV00000000 (deleted)"), LINE("/dev/zero (deleted)"),
		LINE("[anon_shmem:a]"), LINE("/secretmem (deleted)"), LINE("[a:b]"),
		"7f00-7f2a rw-p 00000000 00:00 0 [anon:a]\n",
		"7f00-7f2a rw-p 00000000 00:00 0 [anon_shmem:a]\n",
		"7f00-7f2a rw-p 00000000 00:00 0 [heap]\n" };
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	for (size_t i = 0; i < sv_array_size(lines); i++) {
		sv_auto_strbuf struct sv_strbuf b = { 0 };

		assert_int_equal(sv_redact_maps(r, lines[i], strlen(lines[i]), &b), 0);
		assert_int_equal(kind_of(sv_text_init(b.ptr, b.len, "test")),
			kind_of(sv_text_init(lines[i], strlen(lines[i]), "test")));
		assert_null(strstr(b.ptr, "a b"));
		assert_null(strstr(b.ptr, "bin"));
	}
	sv_redactor_free(r);
}

static void redact_all(struct sv_text text)
{
	struct sv_redactor *r = sv_redactor_new();
	sv_auto_strbuf struct sv_strbuf b = { 0 };

	assert_int_equal(sv_redact_maps(r, text.rest.ptr, text.rest.len, &b), 0);
	sv_redactor_free(r);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("deb61cloud/maps"), 400, redact_all);
	sv_redactor_free(NULL);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_named(struct events *e, const char *name)
{
	struct mapped m = { .start = 0x1000, .len = 0x2000, .inode = 4, .prot = 5, .name = name };

	put_mapping(e, 7, &m);
}

/* Both name the same, so that a mapping is the same in maps and in events. */
static void events_have_the_names_of_maps(void **state)
{
	static const char *const names[][2] = { { "/home/secret/x", "/redacted/1" },
		{ "/b c (deleted)", "/redacted/2" }, { "[stack]", "[stack]" },
		{ "//anon", "//anon" }, { "", "" },
		{ "/memfd:hidden (deleted)", "/memfd:redacted-3 (deleted)" },
		{ "/home/secret/x", "/redacted/1" } };
	struct sv_redactor *r = sv_redactor_new();

	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		struct events e = { .len = 0 };
		struct sv_perf_record got;
		struct sv_span rest;

		put_sample(&e, 0, 3, 0x1010);
		put_named(&e, names[i][0]);
		put_sample(&e, 0, 9, 0x1020);
		assert_int_equal(sv_redact_events(r, e.bytes, e.len, 0, &b), 0);
		rest = (struct sv_span) { .ptr = b.ptr, .len = b.len };
		assert_int_equal(sv_perf_next(&rest, &got, NULL), 1);
		assert_int_equal(got.addr, 0x1010);
		assert_int_equal(sv_perf_next(&rest, &got, NULL), 1);
		assert_span(got.name, names[i][1]);
		assert_int_equal(got.start, 0x1000);
		assert_int_equal(got.end, 0x3000);
		assert_int_equal(got.inode, 4);
		assert_int_equal(got.time_ns, 7);
		assert_int_equal(got.tid, 43);
		assert_int_equal(sv_perf_next(&rest, &got, NULL), 1);
		assert_int_equal(got.addr, 0x1020);
		assert_int_equal(rest.len, 0);
		assert_null(memmem(b.ptr, b.len, "secret", 6));
		assert_null(memmem(b.ptr, b.len, "hidden", 6));
	}
	assert_redacted(r, LINE("/b c (deleted)"), LINE("/redacted/2"));
	sv_redactor_free(r);
}

static void heads_of_events_stay(void **state)
{
	struct sv_redactor *r = sv_redactor_new();
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct events e = { .len = 0 };

	(void)state;
	put(&e, "a head of twenty-four  b", 24);
	put_sample(&e, 0, 3, 0x1010);
	assert_int_equal(sv_redact_events(r, e.bytes, e.len, 24, &b), 0);
	assert_int_equal(b.len, e.len);
	assert_memory_equal(b.ptr, e.bytes, e.len);
	sv_redactor_free(r);
}

/* What cannot be read goes, and whoever reads the copy finds that out, as without redaction. */
static void malformed_events_go(void **state)
{
	struct events e = { .len = 0 };
	size_t whole;

	(void)state;
	put_sample(&e, 0, 3, 0x1010);
	whole = e.len;
	put_named(&e, "/home/secret/x");
	for (size_t len = whole + 1; len < e.len; len++) {
		struct sv_redactor *r = sv_redactor_new();
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		struct sv_perf_record got;
		struct sv_span rest;

		assert_int_equal(sv_redact_events(r, e.bytes, len, 0, &b), 0);
		assert_null(memmem(b.ptr, b.len, "secret", 6));
		rest = (struct sv_span) { .ptr = b.ptr, .len = b.len };
		assert_int_equal(sv_perf_next(&rest, &got, NULL), 1);
		assert_int_equal(sv_perf_next(&rest, &got, NULL), -1);
		sv_redactor_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_go),
		cmocka_unit_test(equal_paths_stay_equal),
		cmocka_unit_test(what_the_kernel_names_stays),
		cmocka_unit_test(other_lines_of_smaps_stay),
		cmocka_unit_test(kinds_stay),
		cmocka_unit_test(damaged),
		cmocka_unit_test(events_have_the_names_of_maps),
		cmocka_unit_test(heads_of_events_stay),
		cmocka_unit_test(malformed_events_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
