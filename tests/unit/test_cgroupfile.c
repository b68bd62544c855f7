// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "iface/cgroupfile.h"
#include "iface/interfaces.h"

static struct sv_span span(const char *s)
{
	return (struct sv_span) { .ptr = s, .len = strlen(s) };
}

/* Any name there and back; what comes out is plain. */
static void there_and_back(void **state)
{
	static const char *const groups[] = { "/", "/a", "/a/b.slice/c@1.service", "/%2e%2E",
		"/a b\t\"\\\x1b[2J\xff", "/.hidden/...", "/a%" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(groups); i++) {
		sv_auto_strbuf struct sv_strbuf coded = { 0 };
		char dir[512], expected[512];
		const char *file;

		assert_int_equal(sv_cgroup_file_code(span("/sys/fs/cgroup"), span(groups[i]),
					 "memory.max", &coded),
			0);
		for (size_t k = 0; k < coded.len; k++)
			assert_true(coded.ptr[k] > ' ' && coded.ptr[k] < 0x7f &&
				    coded.ptr[k] != '"' && coded.ptr[k] != '\\');
		assert_int_equal(sv_cgroup_file_decode(coded.ptr, dir, &file), 0);
		assert_string_equal(file, "memory.max");
		snprintf(expected, sizeof(expected), "/sys/fs/cgroup%s/",
			strcmp(groups[i], "/") != 0 ? groups[i] : "");
		dir[strlen(dir) + 1] = 0;
		dir[strlen(dir)] = '/';
		assert_string_equal(dir, expected);
	}
}

static const char *const bad[] = { "", "/", "memory.max/", "a//memory.max", "/a/memory.max",
	"../memory.max", "a/../memory.max", "a/./memory.max", "a/..", "a/%2e%2e/memory.max",
	"a/%2E%2E/memory.max", "a/%00/memory.max", "a/%2/memory.max", "a/%zz/memory.max",
	"a b/memory.max", "a/tasks", "a/memory.", "a/memory.max%2F", "a/Memory.max",
	"a/memory.max\n", "etc/shadow", "a/%2fb/memory.max", "a/\"/memory.max", "a%41/memory.max" };

static void what_leads_elsewhere(void **state)
{
	char path[SV_PLACE_PATH], dir[512];
	const char *file;

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct sv_place place = { .iface = SV_IFACE_CGROUP_FILE, .arg = bad[i] };

		assert_false(sv_cgroup_file_valid(bad[i]));
		assert_int_equal(sv_cgroup_file_decode(bad[i], dir, &file), -1);
		assert_int_equal(sv_place_path(&place, path, sizeof(path)), -1);
	}
}

static void a_part_too_long(void **state)
{
	char arg[300] = "";

	(void)state;
	memset(arg, 'a', 200);
	strcpy(arg + 200, "/memory.max");
	assert_true(sv_cgroup_file_valid(arg));
	memset(arg, 'a', 201);
	strcpy(arg + 201, "/memory.max");
	assert_false(sv_cgroup_file_valid(arg));
}

/* A setting is one of the list or none. */
static void settings_are_listed(void **state)
{
	struct sv_place place = { .iface = SV_IFACE_SETTING, .arg = "proc/sys/vm/swappiness" };
	char path[SV_PLACE_PATH];

	(void)state;
	assert_int_equal(sv_place_path(&place, path, sizeof(path)), 0);
	assert_string_equal(path, "/proc/sys/vm/swappiness");
	place.arg = "proc/sys/vm/stat_refresh";
	assert_int_equal(sv_place_path(&place, path, sizeof(path)), -1);
	place.arg = "../etc/shadow";
	assert_int_equal(sv_place_path(&place, path, sizeof(path)), -1);
}

static void whose_memory(void **state)
{
	struct sv_cgroup_memory m;

	(void)state;
	assert_int_equal(sv_cgroup_memory_of(
				 TEXT("9:name=systemd:/s\n4:cpu,memory:/m/x\n0::/u\n"), &m, NULL),
		0);
	assert_int_equal(m.version, 1);
	assert_span(m.path, "/m/x");
	assert_int_equal(sv_cgroup_memory_of(TEXT("3:cpu:/c\n0::/u:v\n"), &m, NULL), 0);
	assert_int_equal(m.version, 2);
	assert_span(m.path, "/u:v");
	assert_int_equal(sv_cgroup_memory_of(TEXT("3:cpu:/c\n"), &m, NULL), 0);
	assert_int_equal(m.version, 0);
	assert_int_equal(sv_cgroup_memory_of(TEXT("0::relative\n"), &m, NULL), -1);
}

static void limits(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(sv_cgroup_limit(TEXT("max\n"), &n, NULL), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(sv_cgroup_limit(TEXT("1048576\n"), &n, NULL), 0);
	assert_int_equal(n, 1048576);
	assert_int_equal(sv_cgroup_limit(TEXT(""), &n, NULL), -1);
	assert_int_equal(sv_cgroup_limit(TEXT("-1\n"), &n, NULL), -1);
	assert_int_equal(sv_cgroup_limit(TEXT("1\n2\n"), &n, NULL), -1);
	assert_int_equal(sv_cgroup_limit(TEXT("maximum\n"), &n, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(what_leads_elsewhere),
		cmocka_unit_test(a_part_too_long),
		cmocka_unit_test(settings_are_listed),
		cmocka_unit_test(whose_memory),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
