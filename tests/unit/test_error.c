// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <errno.h>

static const char *format(const struct safevma_error *err)
{
	static char buf[1200];

	size_t len = safevma_error_format(err, buf, sizeof(buf));

	assert_int_equal(len, strlen(buf));
	return buf;
}

static void path_line_message(void **state)
{
	struct safevma_error err;

	(void)state;
	assert_int_equal(
		sv_error_set(&err, SAFEVMA_E_FORMAT, 0, "/proc/42/smaps", 117, "bad %d", 5), -1);
	assert_string_equal(format(&err), "/proc/42/smaps:117: bad 5");
	assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	assert_int_equal(err.errnum, 0);
	assert_int_equal(err.line, 117);
}

static void parts_that_are_missing(void **state)
{
	struct safevma_error err;

	(void)state;
	sv_error_set(&err, SAFEVMA_E_FORMAT, 0, "/x", 0, "bad");
	assert_string_equal(format(&err), "/x: bad");
	sv_error_set(&err, SAFEVMA_E_FORMAT, 0, NULL, 7, "bad");
	assert_string_equal(format(&err), "bad");
}

static void a_new_error_leaves_nothing_of_the_old(void **state)
{
	struct safevma_error err;

	(void)state;
	sv_error_set(&err, SAFEVMA_E_FORMAT, EIO, "/x", 9, "bad");
	assert_int_equal(sv_error_nomem(&err), -1);
	assert_string_equal(format(&err), "out of memory");
	assert_int_equal(err.code, SAFEVMA_E_NOMEM);
	assert_int_equal(err.errnum, ENOMEM);
	assert_int_equal(err.line, 0);
}

static void system_error_names_errno(void **state)
{
	struct safevma_error err;

	(void)state;
	assert_int_equal(sv_error_sys(&err, ENOENT, "/x", "open"), -1);
	assert_string_equal(format(&err), "/x: open: No such file or directory");
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(err.code, SAFEVMA_E_SYSTEM);
}

static void nobody_wants_to_know(void **state)
{
	(void)state;
	assert_int_equal(sv_error_set(NULL, SAFEVMA_E_FORMAT, 0, "/x", 1, "bad"), -1);
	assert_int_equal(sv_error_sys(NULL, ENOENT, "/x", "open"), -1);
	assert_int_equal(sv_error_nomem(NULL), -1);
}

static void long_parts_are_cut(void **state)
{
	struct safevma_error err;
	char big[2000], small[8];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	sv_error_set(&err, SAFEVMA_E_FORMAT, 0, big, 1, "%s", big);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_int_equal(safevma_error_format(&err, small, sizeof(small)), 511 + 4 + 511);
	assert_string_equal(small, "xxxxxxx");
	assert_int_equal(safevma_error_format(&err, NULL, 0), 511 + 4 + 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_line_message),
		cmocka_unit_test(parts_that_are_missing),
		cmocka_unit_test(a_new_error_leaves_nothing_of_the_old),
		cmocka_unit_test(system_error_names_errno),
		cmocka_unit_test(nobody_wants_to_know),
		cmocka_unit_test(long_parts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
