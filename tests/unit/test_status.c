// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/status.h"

/* Read with grep from the fixtures; sizes in kB. */
static const struct {
	const char *path, *name;
	uint64_t tgid, ppid, size, rss, locked, data, hugetlb, caps;
} cases[] = {
	{ .path = "deb61cloud/status",
		.name = "t",
		.tgid = 94,
		.ppid = 1,
		.size = 15040,
		.rss = 3224,
		.locked = 64,
		.data = 13032,
		.hugetlb = 2048,
		.caps = 0x1ffffffffff },
	{ .path = "deb61arm64/status",
		.name = "t",
		.tgid = 94,
		.ppid = 1,
		.size = 14888,
		.rss = 3048,
		.locked = 64,
		.data = 13028,
		.hugetlb = 2048,
		.caps = 0x1ffffffffff },
	{ .path = "deb61-686pae/status",
		.name = "t",
		.tgid = 95,
		.ppid = 1,
		.size = 15020,
		.rss = 3120,
		.locked = 96,
		.data = 13012,
		.hugetlb = 2048,
		.caps = 0x1ffffffffff },
	{ .path = "c612/status",
		.name = "t",
		.tgid = 53,
		.ppid = 1,
		.size = 15040,
		.rss = 3312,
		.locked = 64,
		.data = 13032,
		.hugetlb = 2048,
		.caps = 0x1ffffffffff },
	{ .path = "deb72cloud/status",
		.name = "t",
		.tgid = 111,
		.ppid = 1,
		.size = 15048,
		.rss = 3308,
		.locked = 64,
		.data = 13032,
		.hugetlb = 2048,
		.caps = 0x1ffffffffff },
	{ .path = "host618/status",
		.name = "a) R\\n\\\\\tb ( ",
		.tgid = 7560,
		.ppid = 7160,
		.size = 2344,
		.rss = 1140,
		.data = 92,
		.caps = 0x1fffeffffff },
};

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_status st;

		assert_int_equal(sv_status_parse(fixture(cases[i].path), &st, NULL), 0);
		assert_span(st.name, cases[i].name);
		assert_num(st.tgid, cases[i].tgid);
		assert_num(st.ppid, cases[i].ppid);
		assert_num(st.ns_tgid_inner, cases[i].tgid);
		assert_num(st.ns_levels, 1);
		assert_num(st.vm_size_bytes, cases[i].size * KB);
		assert_num(st.vm_rss_bytes, cases[i].rss * KB);
		assert_num(st.vm_locked_bytes, cases[i].locked * KB);
		assert_num(st.vm_pinned_bytes, 0);
		assert_num(st.vm_swap_bytes, 0);
		assert_num(st.vm_data_bytes, cases[i].data * KB);
		assert_num(st.vm_stack_bytes, 132 * KB);
		assert_num(st.hugetlb_bytes, cases[i].hugetlb * KB);
		assert_num(st.threads, 1);
		assert_num(st.cap_effective, cases[i].caps);
		assert_num(st.uid_real, 0);
		assert_num(st.uid_effective, 0);
	}
}

static void kernel_thread_has_no_vm(void **state)
{
	struct sv_status st;

	(void)state;
	assert_int_equal(sv_status_parse(fixture("host618-kthread/status"), &st, NULL), 0);
	assert_span(st.name, "kthreadd");
	assert_num(st.tgid, 2);
	assert_num(st.ppid, 0);
	assert_num(st.threads, 1);
	assert_unknown(st.vm_size_bytes);
	assert_unknown(st.vm_rss_bytes);
	assert_unknown(st.vm_locked_bytes);
	assert_unknown(st.vm_swap_bytes);
	assert_unknown(st.hugetlb_bytes);
}

static void namespaces_and_ids(void **state)
{
	struct sv_text t = TEXT("Name:\tx\nUid:\t1000\t0\t1001\t1002\nNSpid:\t4242\t17\t1\n");
	struct sv_status st;

	(void)state;
	assert_int_equal(sv_status_parse(t, &st, NULL), 0);
	assert_num(st.uid_real, 1000);
	assert_num(st.uid_effective, 0);
	assert_num(st.ns_tgid_inner, 1);
	assert_num(st.ns_levels, 3);
	assert_unknown(st.tgid);
	assert_unknown(st.cap_effective);
}

static void any_name(void **state)
{
	struct sv_text blank = TEXT("Name:\t  x \n"), none = TEXT("Name:\t"),
		       key = TEXT("Name:\tVmRSS:\t4 kB\n");
	struct sv_status st;

	(void)state;
	assert_int_equal(sv_status_parse(blank, &st, NULL), 0);
	assert_span(st.name, "  x ");
	assert_int_equal(sv_status_parse(none, &st, NULL), 0);
	assert_span(st.name, "");
	assert_int_equal(sv_status_parse(key, &st, NULL), 0);
	assert_span(st.name, "VmRSS:\t4 kB");
	assert_unknown(st.vm_rss_bytes);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} malformed[] = {
	{ "", 0, "'Name:', got ''" },
	{ "\n", 1, "'Name:'" },
	{ "Umask:\t0022\n", 1, "'Name:'" },
	{ "Name: x\n", 1, "'Name:'" },
	{ "Name:\tx\n\n", 2, "'Key: value'" },
	{ "Name:\tx\nVmRSS\n", 2, "'Key: value'" },
	{ "Name:\tx\nVm RSS:\t4 kB\n", 2, "'Key: value'" },
	{ "Name:\tx\nVmRSS:\t4 MB\n", 2, "'kB', got 'MB'" },
	{ "Name:\tx\nVmRSS:\t4\n", 2, "'kB', got ''" },
	{ "Name:\tx\nVmRSS:\n", 2, "a number of kB" },
	{ "Name:\tx\nVmRSS:\t36893488147419103232 kB\n", 2, "a number of kB below 2^64" },
	{ "Name:\tx\nVmRSS:\t18014398509481984 kB\n", 2, "a size below 2^64 bytes" },
	{ "Name:\tx\nVmRSS:\t4 kB\nVmRSS:\t4 kB\n", 3, "a key that was not there before" },
	{ "Name:\tx\nTgid:\t\n", 2, "a decimal number below 2^64" },
	{ "Name:\tx\nTgid:\t1 2\n", 2, "a decimal number below 2^64" },
	{ "Name:\tx\nTgid:\t-1\n", 2, "a decimal number below 2^64" },
	{ "Name:\tx\nTgid:\t18446744073709551616\n", 2, "a decimal number below 2^64" },
	{ "Name:\tx\nUid:\t1\t2\t3\n", 2, "more numbers" },
	{ "Name:\tx\nUid:\n", 2, "more numbers" },
	{ "Name:\tx\nUid:\t1\tx\t3\t4\n", 2, "a decimal number below 2^64, got 'x'" },
	{ "Name:\tx\nNSpid:\t\n", 2, "more numbers" },
	{ "Name:\tx\nCapEff:\t1g\n", 2, "a hexadecimal number below 2^64" },
	{ "Name:\tx\nCapEff:\t10000000000000000\n", 2, "a hexadecimal number below 2^64" },
};

static void malformed_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		const char *text = malformed[i].text;
		struct safevma_error err = { 0 };
		struct sv_status st = { .tgid = { .value = 99 } };

		assert_int_equal(
			sv_status_parse(sv_text_init(text, strlen(text), "test"), &st, &err), -1);
		assert_place(&err, malformed[i].line, malformed[i].message);
		assert_int_equal(st.tgid.value, 99);
	}
}

static void read_all(struct sv_text text)
{
	struct sv_status st;

	if (sv_status_parse(text, &st, NULL) == 0)
		assert_inside(text, st.name);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("host618/status"), 2000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(kernel_thread_has_no_vm),
		cmocka_unit_test(namespaces_and_ids),
		cmocka_unit_test(any_name),
		cmocka_unit_test(malformed_texts),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
