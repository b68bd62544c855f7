// SPDX-License-Identifier: LGPL-2.1-or-later
/* mountinfo, buddyinfo, swap areas, lists of numbers, watermarks. */
#include "unit.h"

#include "iface/buddyinfo.h"
#include "iface/mountinfo.h"
#include "iface/sysfiles.h"
#include "iface/zoneinfo.h"

static void mounts(void **state)
{
	struct sv_text t = TEXT("35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 master:1 - cgroup "
				"cgroup rw,memory\n"
				"36 31 0:33 /a\\040b /mnt/c\\134 rw - cgroup2 none rw\n");
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_mount m;

	(void)state;
	assert_int_equal(sv_mountinfo_next(&t, &m, NULL), 1);
	assert_span(m.type, "cgroup");
	assert_span(m.point, "/sys/fs/cgroup/memory");
	assert_true(sv_mount_has_option(m.options, "memory"));
	assert_false(sv_mount_has_option(m.options, "mem"));
	assert_int_equal(sv_mountinfo_next(&t, &m, NULL), 1);
	assert_int_equal(sv_mountinfo_decode(m.root, &b), 0);
	assert_int_equal(sv_mountinfo_decode(m.point, &b), 0);
	assert_string_equal(b.ptr, "/a b/mnt/c\\");
	assert_int_equal(sv_mountinfo_next(&t, &m, NULL), 0);
	t = TEXT("35 31 0:32 / /x rw cgroup cgroup rw\n");
	assert_int_equal(sv_mountinfo_next(&t, &m, NULL), -1);
}

static void free_blocks(void **state)
{
	struct sv_text t = TEXT("Node 0, zone    DMA32      2      0    752 \n");
	struct sv_buddy_zone z;

	(void)state;
	assert_int_equal(sv_buddyinfo_next(&t, &z, NULL), 1);
	assert_span(z.name, "DMA32");
	assert_int_equal(z.orders, 3);
	assert_int_equal(z.free[2], 752);
	assert_int_equal(sv_buddyinfo_next(&t, &z, NULL), 0);
	t = TEXT("Node 0, zone DMA32\n");
	assert_int_equal(sv_buddyinfo_next(&t, &z, NULL), -1);
	t = TEXT("Node 0, zone DMA32 1 x\n");
	assert_int_equal(sv_buddyinfo_next(&t, &z, NULL), -1);
}

static void areas(void **state)
{
	struct sv_text t = TEXT("Filename\tType\tSize\tUsed\tPriority\n"
				"/dev/zram0 partition 1024 16 -2\n");
	struct sv_swap_area a;

	(void)state;
	assert_int_equal(sv_swaps_next(&t, &a, NULL), 1);
	assert_span(a.file, "/dev/zram0");
	assert_int_equal(a.size_bytes, 1024 * KB);
	assert_int_equal(a.used_bytes, 16 * KB);
	assert_int_equal(a.priority, -2);
	assert_int_equal(sv_swaps_next(&t, &a, NULL), 0);
}

static void lists(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(sv_list_count(TEXT("0-3,5\n"), &n, NULL), 0);
	assert_int_equal(n, 5);
	assert_int_equal(sv_list_count(TEXT("0\n"), &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(sv_list_count(TEXT("\n"), &n, NULL), -1);
	assert_int_equal(sv_list_count(TEXT("3-1\n"), &n, NULL), -1);
	assert_int_equal(sv_list_count(TEXT("1,,2\n"), &n, NULL), -1);
}

/* "high:" of the per-CPU lists is another number than "high" of the zone. */
static void watermarks(void **state)
{
	struct sv_text t = TEXT("Node 0, zone   Normal\n  pages free     100\n        min      10\n"
				"        low      20\n        high     30\n        managed  900\n"
				"        protection: (0, 7, 5)\n  pagesets\n    cpu: 0\n"
				"              count:    3\n              high:     77\n");
	struct sv_zone z;

	(void)state;
	assert_int_equal(sv_zoneinfo_next(&t, &z, NULL), 1);
	assert_num(z.min_pages, 10);
	assert_num(z.low_pages, 20);
	assert_num(z.high_pages, 30);
	assert_num(z.reserve_pages, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts),
		cmocka_unit_test(free_blocks),
		cmocka_unit_test(areas),
		cmocka_unit_test(lists),
		cmocka_unit_test(watermarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
