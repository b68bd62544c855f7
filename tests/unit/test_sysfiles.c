// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/sysfiles.h"

typedef int next_fn(struct sv_text *text, struct sv_keyval *ret, struct safevma_error *err);

/* Reads to the end; returns how many, and the value of KEY, which must be there. */
static size_t read_keys(struct sv_text t, next_fn *next, const char *key, uint64_t *ret)
{
	struct sv_keyval kv;
	bool found = false;
	size_t n = 0;
	int rc;

	for (; (rc = next(&t, &kv, NULL)) == 1; n++)
		if (sv_span_is(kv.key, key)) {
			*ret = kv.value;
			found = true;
		}
	assert_int_equal(rc, 0);
	assert_true(found);
	return n;
}

/* Counted with wc -l and read with grep. */
static const struct {
	const char *path;
	next_fn *next;
	size_t count;
	const char *key;
	uint64_t value;
} keyvals[] = {
	{ "deb61cloud/meminfo", sv_meminfo_next, 51, "MemTotal", 480284 * KB },
	{ "deb61cloud/meminfo", sv_meminfo_next, 51, "HugePages_Total", 4 },
	{ "deb61cloud/meminfo", sv_meminfo_next, 51, "CommitLimit", 236044 * KB },
	{ "deb61arm64/meminfo", sv_meminfo_next, 51, "MemTotal", 1004668 * KB },
	{ "deb61-686pae/meminfo", sv_meminfo_next, 57, "MemTotal", 2059996 * KB },
	{ "deb61-armmp-lpae/meminfo", sv_meminfo_next, 56, "MemTotal", 2058292 * KB },
	{ "deb612riscv/meminfo", sv_meminfo_next, 50, "MemTotal", 965020 * KB },
	{ "c612/meminfo", sv_meminfo_next, 51, "DirectMap4k", 18304 * KB },
	{ "c72/meminfo", sv_meminfo_next, 54, "MemTotal", 499916 * KB },
	{ "deb72cloud/meminfo", sv_meminfo_next, 60, "MemTotal", 468812 * KB },
	{ "deb61cloud/smaps_rollup", sv_meminfo_next, 21, "Rss", 3312 * KB },
	{ "c72/smaps_rollup", sv_meminfo_next, 22, "Pss", 3053 * KB },
	{ "deb61-686pae/smaps_rollup", sv_meminfo_next, 21, "Pss", 957 * KB },
	{ "deb61cloud/vmstat", sv_vmstat_next, 171, "pgfault", 3429 },
	{ "deb61-686pae/vmstat", sv_vmstat_next, 155, "nr_mlock", 17 },
	{ "deb612riscv/vmstat", sv_vmstat_next, 178, "nr_free_pages", 235259 },
	{ "c72/vmstat", sv_vmstat_next, 173, "pgmajfault", 0 },
	{ "deb72cloud/vmstat", sv_vmstat_next, 198, "nr_free_pages", 105921 },
};

static void keyval_fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(keyvals); i++) {
		uint64_t value = 0;
		size_t n = read_keys(
			fixture(keyvals[i].path), keyvals[i].next, keyvals[i].key, &value);

		assert_int_equal(n, keyvals[i].count);
		assert_int_equal(value, keyvals[i].value);
	}
}

static void keys_with_brackets(void **state)
{
	struct sv_text t = TEXT("Active(anon):  5 kB\nHugePages_Free:   3");
	struct sv_keyval kv;

	(void)state;
	assert_int_equal(sv_meminfo_next(&t, &kv, NULL), 1);
	assert_span(kv.key, "Active(anon)");
	assert_int_equal(kv.value, 5 * KB);
	assert_int_equal(sv_meminfo_next(&t, &kv, NULL), 1);
	assert_int_equal(kv.value, 3);
	assert_int_equal(sv_meminfo_next(&t, &kv, NULL), 0);
}

static const struct {
	next_fn *next;
	const char *text, *message;
} bad_keyvals[] = {
	{ sv_meminfo_next, "\n", "'Name: N kB', got ''" },
	{ sv_meminfo_next, "MemTotal 5 kB", "'Name: N kB'" },
	{ sv_meminfo_next, ": 5 kB", "'Name: N kB'" },
	{ sv_meminfo_next, "MemTotal:", "a number of kB" },
	{ sv_meminfo_next, "MemTotal: 5", "'kB', got ''" },
	{ sv_meminfo_next, "MemTotal: 5 k", "'kB', got 'k'" },
	{ sv_meminfo_next, "MemTotal: 5 MB", "'kB', got 'MB'" },
	{ sv_meminfo_next, "MemTotal: 5 kb", "'kB', got 'kb'" },
	{ sv_meminfo_next, "MemTotal: -5 kB", "a number of kB" },
	{ sv_meminfo_next, "MemTotal: 5.5 kB", "'kB', got '.5 kB'" },
	{ sv_meminfo_next, "MemTotal: 18014398509481984 kB", "a size below 2^64 bytes" },
	{ sv_meminfo_next, "MemTotal: 18446744073709551616 kB", "a number of kB below 2^64" },
	{ sv_meminfo_next, "HugePages_Total: 4 kB", "a decimal number below 2^64" },
	{ sv_meminfo_next, "HugePages_Total:", "a decimal number below 2^64" },
	{ sv_vmstat_next, "\n", "'name N', got ''" },
	{ sv_vmstat_next, " x 1", "'name N'" },
	{ sv_vmstat_next, "pgfault", "a decimal number below 2^64, got ''" },
	{ sv_vmstat_next, "pgfault ", "a decimal number below 2^64" },
	{ sv_vmstat_next, "pgfault x", "a decimal number below 2^64" },
	{ sv_vmstat_next, "pgfault -1", "a decimal number below 2^64" },
	{ sv_vmstat_next, "pgfault 1 2", "a decimal number below 2^64" },
	{ sv_vmstat_next, "pgfault 18446744073709551616", "a decimal number below 2^64" },
};

static void keyval_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(bad_keyvals); i++) {
		const char *text = bad_keyvals[i].text;
		struct sv_text t = sv_text_init(text, strlen(text), "test");
		struct sv_keyval kv = { .value = 99 };
		struct safevma_error err = { 0 };

		assert_int_equal(bad_keyvals[i].next(&t, &kv, &err), -1);
		assert_place(&err, 1, bad_keyvals[i].message);
		assert_int_equal(kv.value, 99);
	}
}

static void keyval_empty(void **state)
{
	struct sv_text t = TEXT("");
	struct sv_keyval kv;

	(void)state;
	assert_int_equal(sv_meminfo_next(&t, &kv, NULL), 0);
	assert_int_equal(sv_vmstat_next(&t, &kv, NULL), 0);
}

static void number(void **state)
{
	int64_t n;

	(void)state;
	assert_int_equal(sv_number_parse(TEXT("-1000\n"), &n, NULL), 0);
	assert_true(n == -1000);
	assert_int_equal(sv_number_parse(TEXT("0"), &n, NULL), 0);
	assert_true(n == 0);
	assert_int_equal(sv_number_parse(TEXT(" 9223372036854775807\t\n"), &n, NULL), 0);
	assert_true(n == INT64_MAX);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} bad_numbers[] = {
	{ "", 0, "a number, got ''" },
	{ "\n", 1, "a number within 64 bits, got ''" },
	{ "max\n", 1, "a number within 64 bits, got 'max'" },
	{ "-\n", 1, "a number within 64 bits" },
	{ "+1\n", 1, "a number within 64 bits" },
	{ "0x10\n", 1, "a number within 64 bits" },
	{ "1 2\n", 1, "a number within 64 bits" },
	{ "9223372036854775808\n", 1, "a number within 64 bits" },
	{ "99999999999999999999999\n", 1, "a number within 64 bits" },
	{ "1\n2\n", 2, "the end after one number, got '2'" },
	{ "1\n\n", 2, "the end after one number" },
};

static void number_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(bad_numbers); i++) {
		const char *text = bad_numbers[i].text;
		struct safevma_error err = { 0 };
		int64_t n = 99;

		assert_int_equal(
			sv_number_parse(sv_text_init(text, strlen(text), "test"), &n, &err), -1);
		assert_place(&err, bad_numbers[i].line, bad_numbers[i].message);
		assert_true(n == 99);
	}
	assert_int_equal(sv_number_parse(TEXT("1\0\n"), &(int64_t) { 0 }, NULL), -1);
}

static void limits_fixtures(void **state)
{
	static const char *const paths[] = { "deb61cloud/limits", "deb61-686pae/limits",
		"deb612arm64-mte/limits", "c72/limits", "host618/limits" };
	struct sv_limit l;

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		struct sv_text t = fixture(paths[i]);

		assert_int_equal(sv_limits_find(t, "Max locked memory", &l, NULL), 0);
		assert_num(l.soft, 8388608);
		assert_num(l.hard, 8388608);
		assert_int_equal(sv_limits_find(t, "Max stack size", &l, NULL), 0);
		assert_num(l.soft, 8388608);
		assert_num(l.hard, UINT64_MAX);
		assert_int_equal(sv_limits_find(t, "Max realtime priority", &l, NULL), 0);
		assert_num(l.soft, 0);
		assert_num(l.hard, 0);
		assert_int_equal(sv_limits_find(t, "Max realtime timeout", &l, NULL), 0);
		assert_num(l.soft, UINT64_MAX);
	}
}

static void limits_that_are_not_there(void **state)
{
	static const char *const names[] = { "Max", "Max locked", "Max locked memor",
		"locked memory", "Limit", "max locked memory", "8388608" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		struct sv_limit l = { .soft = sv_known(99) };

		assert_int_equal(
			sv_limits_find(fixture("deb61cloud/limits"), names[i], &l, NULL), 0);
		assert_unknown(l.soft);
		assert_unknown(l.hard);
	}
	assert_int_equal(sv_limits_find(TEXT(""), "Max", &(struct sv_limit) { 0 }, NULL), 0);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} bad_limits[] = {
	{ "\n", 1, "the head of the table" },
	{ "Max x   1   2\n", 1, "the head of the table" },
	{ "Limit  \nMax x  \n", 2, "a name and two limits" },
	{ "Limit  \nMax x   1\n", 2, "a name and two limits" },
	{ "Limit  \nMax x   1  bytes\n", 2, "a name and two limits" },
	{ "Limit  \nMax x   1k  2\n", 2, "a name and two limits" },
	{ "Limit  \nMax x   -1  2\n", 2, "a name and two limits" },
	{ "Limit  \nMax x   Unlimited 2\n", 2, "a name and two limits" },
	{ "Limit  \nMax x   18446744073709551616 2\n", 2, "a name and two limits" },
};

static void limits_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(bad_limits); i++) {
		const char *text = bad_limits[i].text;
		struct sv_limit l = { .soft = sv_known(99) };
		struct safevma_error err = { 0 };

		assert_int_equal(
			sv_limits_find(sv_text_init(text, strlen(text), "test"), "Max x", &l, &err),
			-1);
		assert_place(&err, bad_limits[i].line, bad_limits[i].message);
		assert_int_equal(l.soft.value, 99);
	}
}

static void swaps(void **state)
{
	uint64_t n = 99;

	(void)state;
	assert_int_equal(sv_swaps_count(fixture("deb61cloud/swaps"), &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(sv_swaps_count(fixture("c612/swaps"), &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(sv_swaps_count(TEXT("Filename\tType\n"
					     "/a\\040b\\040(deleted)  file\t\t9\t\t1\t\t-2\n"
					     "/dev/sda2 partition 9 0 32767"),
				 &n, NULL),
		0);
	assert_int_equal(n, 2);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} bad_swaps[] = {
	{ "", 0, "the head of the table" },
	{ "\n", 1, "the head of the table" },
	{ "/dev/sda2 partition 9 0 -2\n", 1, "the head of the table" },
	{ "Filename\tType\n\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2 partition\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2 partition 9\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2 partition 9 0\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2 partition 9 x -2\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/dev/sda2 partition 9 0 -2 x\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
	{ "Filename\tType\n/a b partition 9 0 -2\n", 2, "'FILE TYPE SIZE USED PRIORITY'" },
};

static void swaps_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(bad_swaps); i++) {
		const char *text = bad_swaps[i].text;
		struct safevma_error err = { 0 };
		uint64_t n = 99;

		assert_int_equal(
			sv_swaps_count(sv_text_init(text, strlen(text), "test"), &n, &err), -1);
		assert_place(&err, bad_swaps[i].line, bad_swaps[i].message);
		assert_int_equal(n, 99);
	}
}

static const struct {
	const char *text, *path;
} cgroups[] = {
	{ "", "" },
	{ "0::/\n", "/" },
	{ "0::/a b:c\\x (deleted)\n", "/a b:c\\x (deleted)" },
	{ "5:memory:/m\n1:name=systemd:/s\n0::/u\n", "/u" },
	{ "5:cpu,memory,pids:/m\n1:name=systemd:/s\n", "/m" },
	{ "1:name=systemd:/s\n5:memory:/m\n", "/m" },
	{ "1:name=systemd:/s\n5:memoryx:/m\n", "/s" },
	{ "3:cpu:/c\n2:name=elogind:/e\n", "" },
	{ "4:memory:/m\n0::/\n", "/m" },
	{ "4:memory:/\n1:name=systemd:/s\n0::/\n", "/s" },
	{ "4:memory:/\n0::/\n", "/" },
};

static void cgroup(void **state)
{
	struct sv_span path;

	(void)state;
	for (size_t i = 0; i < sv_array_size(cgroups); i++) {
		const char *text = cgroups[i].text;

		assert_int_equal(
			sv_cgroup_path(sv_text_init(text, strlen(text), "test"), &path, NULL), 0);
		assert_span(path, cgroups[i].path);
	}
	assert_int_equal(sv_cgroup_path(fixture("host618/cgroup"), &path, NULL), 0);
	assert_span(path, "/lab/a b:c");
	assert_int_equal(sv_cgroup_path(fixture("unified/cgroup"), &path, NULL), 0);
	assert_span(path, "/system.slice/ssh.service");
}

static void cgroup_malformed(void **state)
{
	static const char *const bad[] = { "\n", "0\n", "0:\n", "0:/\n", "0::\n", "0::x\n", "::/\n",
		"-1::/\n", "x::/\n", "18446744073709551616::/\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct safevma_error err = { 0 };
		struct sv_span path = { .len = 99 };

		assert_int_equal(
			sv_cgroup_path(sv_text_init(bad[i], strlen(bad[i]), "test"), &path, &err),
			-1);
		assert_place(&err, 1, "'ID:CONTROLLERS:/PATH'");
		assert_int_equal(path.len, 99);
	}
}

static void read_keyvals(struct sv_text text, next_fn *next)
{
	struct sv_text t = text;
	struct sv_keyval kv;

	while (next(&t, &kv, NULL) == 1)
		assert_inside(text, kv.key);
}

static void read_all(struct sv_text text)
{
	struct sv_limit limit;
	struct sv_span path;
	uint64_t count;
	int64_t n;
	int rc;

	read_keyvals(text, sv_meminfo_next);
	read_keyvals(text, sv_vmstat_next);
	rc = sv_number_parse(text, &n, NULL);
	assert_true(rc == 0 || rc == -1);
	rc = sv_limits_find(text, "Max locked memory", &limit, NULL);
	assert_true(rc == -1 || limit.soft.known == limit.hard.known);
	rc = sv_swaps_count(text, &count, NULL);
	assert_true(rc == -1 || count <= text.rest.len);
	if (sv_cgroup_path(text, &path, NULL) == 0)
		assert_inside(text, path);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("c72/meminfo"), 900, read_all);
	each_damage(fixture("c72/smaps_rollup"), 700, read_all);
	each_damage(fixture("c72/vmstat"), 500, read_all);
	each_damage(fixture("c72/limits"), 900, read_all);
	each_damage(fixture("c72/swaps"), 900, read_all);
	each_damage(fixture("host618/cgroup"), 900, read_all);
	each_damage(TEXT("-1000\n"), 900, read_all);
}

static void choices(void **state)
{
	static const struct {
		const char *text, *word;
	} all[] = { { "always [madvise] never\n", "madvise" }, { "[always]", "always" },
		{ "always madvise [never]", "never" }, { "always madvise never\n", NULL },
		{ "", NULL }, { "[] a\n", NULL }, { "x\n[always]\n", NULL } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(all); i++) {
		struct sv_text t = sv_text_init(all[i].text, strlen(all[i].text), "enabled");
		struct safevma_error err = { 0 };
		struct sv_span word = { 0 };
		int rc = sv_choice_parse(t, &word, &err);

		assert_int_equal(rc, all[i].word ? 0 : -1);
		assert_true(!all[i].word || sv_span_is(word, all[i].word));
		assert_int_equal(err.code, all[i].word ? SAFEVMA_OK : SAFEVMA_E_FORMAT);
	}
}

static void stack_pointers(void **state)
{
	static const struct {
		const char *text;
		int rc;
		bool known;
		uint64_t sp;
	} all[] = {
		{ "running\n", 0, false, 0 },
		{ "34 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd5a0e6f58 0x7f3f5c6d4a5d\n", 0, true,
			0x7ffd5a0e6f58 },
		{ "-1 0xbe0fd0f0 0xb6e5a9c4\n", 0, true, 0xbe0fd0f0 },
		{ "", -1, false, 0 },
		{ "34 0x1 0x2 0x3 0x4\n", -1, false, 0 },
		{ "-1 be0fd0f0 0xb6e5a9c4\n", -1, false, 0 },
		{ "-1 0x 0xb6e5a9c4\n", -1, false, 0 },
		{ "-1 0x1g 0xb6e5a9c4\n", -1, false, 0 },
		{ "runningx\n", -1, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(all); i++) {
		struct sv_text t = sv_text_init(all[i].text, strlen(all[i].text), "syscall");
		struct safevma_error err = { 0 };
		struct sv_num sp = { 0 };

		assert_int_equal(sv_syscall_parse(t, &sp, &err), all[i].rc);
		assert_int_equal(sp.known, all[i].known);
		assert_int_equal(sp.value, all[i].sp);
		assert_int_equal(err.code, all[i].rc ? SAFEVMA_E_FORMAT : SAFEVMA_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyval_fixtures),
		cmocka_unit_test(keys_with_brackets),
		cmocka_unit_test(keyval_malformed),
		cmocka_unit_test(keyval_empty),
		cmocka_unit_test(number),
		cmocka_unit_test(number_malformed),
		cmocka_unit_test(limits_fixtures),
		cmocka_unit_test(limits_that_are_not_there),
		cmocka_unit_test(limits_malformed),
		cmocka_unit_test(swaps),
		cmocka_unit_test(swaps_malformed),
		cmocka_unit_test(cgroup),
		cmocka_unit_test(cgroup_malformed),
		cmocka_unit_test(damaged),
		cmocka_unit_test(choices),
		cmocka_unit_test(stack_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
