// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <limits.h>

#include "iface/interfaces.h"

static const struct {
	struct sv_place place;
	const char *path;
} good[] = {
	{ { .iface = SV_IFACE_PROC }, "/proc" },
	{ { .iface = SV_IFACE_MAPS, .pid = 42 }, "/proc/42/maps" },
	{ { .iface = SV_IFACE_MAPS, .pid = 42, .tag = "../tag" }, "/proc/42/maps" },
	{ { .iface = SV_IFACE_TASK_STAT, .pid = 42, .tid = 43 }, "/proc/42/task/43/stat" },
	{ { .iface = SV_IFACE_STAT, .pid = INT_MAX }, "/proc/2147483647/stat" },
	{ { .iface = SV_IFACE_MAP_FILES, .pid = 42, .arg = "7f00-7f2a" },
		"/proc/42/map_files/7f00-7f2a" },
	{ { .iface = SV_IFACE_BOOT_CONFIG, .arg = "6.1.0-18-amd64+x:y~1_2" },
		"/boot/config-6.1.0-18-amd64+x:y~1_2" },
	{ { .iface = SV_IFACE_BOOT_CONFIG, .arg = "a..b" }, "/boot/config-a..b" },
	{ { .iface = SV_IFACE_MEMINFO, .arg = "/ignored" }, "/proc/meminfo" },
};

static void good_places(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < sv_array_size(good); i++) {
		assert_int_equal(sv_place_path(&good[i].place, path, sizeof(path)), 0);
		assert_string_equal(path, good[i].path);
	}
}

/* An argument cannot lead anywhere else. */
static const char *const bad[] = { NULL, "", "/", "a/b", "..", "../etc/passwd", ".", ".hidden",
	"a b", "a\n", "a\tb", "%p", "a%", "a\x7f", "a\xc3\xbc", "a\"", "a\\b", "a*", "a$b" };

static void bad_arguments(void **state)
{
	static const enum sv_iface takers[] = { SV_IFACE_MAP_FILES, SV_IFACE_BOOT_CONFIG };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++)
		for (size_t k = 0; k < sv_array_size(takers); k++) {
			struct sv_place place = { .iface = takers[k], .pid = 1, .arg = bad[i] };

			assert_int_equal(sv_place_path(&place, path, sizeof(path)), -1);
		}
}

/* A path that does not fit is none: it is never cut short. */
static void every_size_of_buffer(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < sv_array_size(good); i++) {
		size_t need = strlen(good[i].path) + 1;

		for (size_t size = 0; size < need; size++) {
			memset(path, 'x', sizeof(path));
			assert_int_equal(sv_place_path(&good[i].place, path, size), -1);
			assert_int_equal(path[size], 'x');
		}
		memset(path, 'x', sizeof(path));
		assert_int_equal(sv_place_path(&good[i].place, path, need), 0);
		assert_int_equal(path[need], 'x');
	}
}

static void argument_too_long(void **state)
{
	char arg[300], path[256];
	struct sv_place place = { .iface = SV_IFACE_BOOT_CONFIG, .arg = arg };

	(void)state;
	memset(arg, 'a', sizeof(arg) - 1);
	arg[sizeof(arg) - 1] = 0;
	assert_int_equal(sv_place_path(&place, path, sizeof(path)), -1);
}

/* What the list says of each interface holds together. */
static void every_interface(void **state)
{
	(void)state;
	for (int i = 0; i < SV_IFACE_COUNT; i++) {
		const struct sv_iface_info *info = sv_iface_info((enum sv_iface)i);

		assert_non_null(info->name);
		assert_non_null(info->tells);
		assert_non_null(info->how);
		assert_int_equal(info->path[0], '/');
		assert_int_equal(info->process, strstr(info->path, "/proc/%p/") == info->path);
		assert_true(!info->locks || info->process);
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(info->name, sv_iface_info((enum sv_iface)k)->name);
			assert_string_not_equal(info->path, sv_iface_info((enum sv_iface)k)->path);
		}
	}
}

/* A redacted recording leaves these out. */
static void private_ones(void **state)
{
	(void)state;
	assert_true(sv_iface_info(SV_IFACE_CMDLINE)->private);
	assert_true(sv_iface_info(SV_IFACE_EXE)->private);
	assert_false(sv_iface_info(SV_IFACE_MAPS)->private);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_places),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(every_size_of_buffer),
		cmocka_unit_test(argument_too_long),
		cmocka_unit_test(every_interface),
		cmocka_unit_test(private_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
