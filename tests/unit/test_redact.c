// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_go),
		cmocka_unit_test(equal_paths_stay_equal),
		cmocka_unit_test(what_the_kernel_names_stays),
		cmocka_unit_test(other_lines_of_smaps_stay),
		cmocka_unit_test(kinds_stay),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
