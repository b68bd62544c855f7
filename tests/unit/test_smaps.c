// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/smaps.h"

#define HEAD "1000-3000 rw-p 00000000 00:00 0 \n"

/* Counted with awk from the fixtures; sizes in kB. ksm: VMAs that have the line (6.7 and later). */
static const struct {
	const char *path;
	size_t count, lo, lf, unnamed, ac, ht, de, mm, ksm;
	uint64_t size, rss, pss, locked, hugetlb;
} cases[] = {
	{ .path = "deb61cloud/smaps",
		.count = 29,
		.lo = 2,
		.unnamed = 1,
		.ac = 16,
		.ht = 1,
		.de = 3,
		.size = 15040,
		.rss = 3312,
		.pss = 3057,
		.locked = 36,
		.hugetlb = 2048 },
	{ .path = "deb61arm64/smaps",
		.count = 27,
		.lo = 2,
		.unnamed = 1,
		.ac = 16,
		.ht = 1,
		.de = 3,
		.size = 14888,
		.rss = 3180,
		.pss = 2925,
		.locked = 36,
		.hugetlb = 2048 },
	{ .path = "deb61-686pae/smaps",
		.count = 28,
		.lo = 3,
		.unnamed = 1,
		.ac = 15,
		.ht = 1,
		.de = 3,
		.size = 15020,
		.rss = 3260,
		.pss = 957,
		.locked = 68,
		.hugetlb = 2048 },
	{ .path = "c612/smaps",
		.count = 28,
		.lo = 2,
		.lf = 1,
		.ac = 15,
		.ht = 1,
		.de = 3,
		.ksm = 28,
		.size = 15040,
		.rss = 3312,
		.pss = 3057,
		.locked = 36,
		.hugetlb = 2048 },
	{ .path = "deb612arm64-mte/smaps",
		.count = 26,
		.lo = 2,
		.lf = 1,
		.ac = 15,
		.ht = 1,
		.de = 3,
		.ksm = 26,
		.size = 14892,
		.rss = 3180,
		.pss = 2925,
		.locked = 36,
		.hugetlb = 2048 },
	{ .path = "host618/smaps",
		.count = 29,
		.lo = 3,
		.lf = 1,
		.ac = 15,
		.de = 3,
		.ksm = 29,
		.size = 12940,
		.rss = 3308,
		.pss = 3304,
		.locked = 68 },
	{ .path = "c72/smaps",
		.count = 29,
		.lo = 2,
		.lf = 1,
		.ac = 15,
		.ht = 1,
		.de = 4,
		.mm = 1,
		.ksm = 29,
		.size = 15048,
		.rss = 3308,
		.pss = 3053,
		.locked = 36,
		.hugetlb = 2048 },
	{ .path = "deb72cloud/smaps",
		.count = 29,
		.lo = 2,
		.lf = 1,
		.ac = 15,
		.ht = 1,
		.de = 4,
		.mm = 1,
		.ksm = 29,
		.size = 15048,
		.rss = 3308,
		.pss = 3053,
		.locked = 36,
		.hugetlb = 2048 },
};

struct sum {
	size_t count, flags[32], ksm;
	uint64_t size, rss, pss, locked, hugetlb;
};

static void add(struct sum *sum, const struct sv_smaps_entry *e)
{
	sum->count++;
	assert_true(e->flags.known && e->size.known && e->rss.known && e->pss.known);
	assert_int_equal(e->size.value, e->vma.end - e->vma.start);
	for (size_t bit = 0; bit < sv_array_size(sum->flags); bit++)
		sum->flags[bit] += (e->flags.value >> bit) & 1;
	sum->ksm += e->ksm.known;
	sum->size += e->size.value;
	sum->rss += e->rss.value;
	sum->pss += e->pss.value;
	sum->locked += e->locked.value;
	sum->hugetlb += e->private_hugetlb.value;
}

static size_t having(const struct sum *sum, enum sv_vmflag flag)
{
	return sum->flags[__builtin_ctz(flag)];
}

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_text t = fixture(cases[i].path);
		struct sv_smaps_entry e;
		struct sum sum = { 0 };
		int rc;

		while ((rc = sv_smaps_next(&t, &e, NULL)) == 1)
			add(&sum, &e);
		assert_int_equal(rc, 0);
		assert_int_equal(sum.count, cases[i].count);
		assert_int_equal(having(&sum, SV_VMFLAG_LOCKED), cases[i].lo);
		assert_int_equal(having(&sum, SV_VMFLAG_LOCKONFAULT), cases[i].lf);
		assert_int_equal(having(&sum, SV_VMFLAG_UNNAMED), cases[i].unnamed);
		assert_int_equal(having(&sum, SV_VMFLAG_ACCOUNT), cases[i].ac);
		assert_int_equal(having(&sum, SV_VMFLAG_HUGETLB), cases[i].ht);
		assert_int_equal(having(&sum, SV_VMFLAG_DONTEXPAND), cases[i].de);
		assert_int_equal(having(&sum, SV_VMFLAG_MIXEDMAP), cases[i].mm);
		assert_int_equal(sum.ksm, cases[i].ksm);
		assert_int_equal(sum.size, cases[i].size * KB);
		assert_int_equal(sum.rss, cases[i].rss * KB);
		assert_int_equal(sum.pss, cases[i].pss * KB);
		assert_int_equal(sum.locked, cases[i].locked * KB);
		assert_int_equal(sum.hugetlb, cases[i].hugetlb * KB);
	}
}

static void every_size(void **state)
{
	struct sv_text t =
		TEXT(HEAD "Size: 1 kB\nKernelPageSize: 2 kB\nMMUPageSize: 99 kB\n"
			  "Rss: 3 kB\nPss: 4 kB\nPss_Dirty: 99 kB\nShared_Clean: 5 kB\n"
			  "Shared_Dirty: 6 kB\nPrivate_Clean: 7 kB\nPrivate_Dirty: 8 kB\n"
			  "Anonymous: 9 kB\nKSM: 10 kB\nAnonHugePages: 11 kB\n"
			  "ShmemPmdMapped: 12 kB\nFilePmdMapped: 13 kB\n"
			  "Shared_Hugetlb: 14 kB\nPrivate_Hugetlb: 15 kB\nSwap: 16 kB\n"
			  "SwapPss: 99 kB\nLocked: 0 kB\nVmFlags: rd wr lo \n");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	const struct sv_num sizes[] = { e.size, e.kernel_page_size, e.rss, e.pss, e.shared_clean,
		e.shared_dirty, e.private_clean, e.private_dirty, e.anonymous, e.ksm, e.anon_huge,
		e.shmem_pmd, e.file_pmd, e.shared_hugetlb, e.private_hugetlb, e.swap };
	for (size_t i = 0; i < sv_array_size(sizes); i++)
		assert_num(sizes[i], (i + 1) * KB);
	assert_num(e.locked, 0);
	assert_num(e.flags, SV_VMFLAG_LOCKED);
	assert_span(e.flags_text, "rd wr lo");
}

static void every_flag(void **state)
{
	struct sv_text t = TEXT(HEAD "VmFlags: lo lf ac nr ht pf mm io de dd dc gd mg hg nh wf sl "
				     "gu ?? zz rd\n");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_num(e.flags, (1u << 19) - 1);
}

static void missing_is_not_zero(void **state)
{
	struct sv_text t = TEXT(HEAD "Rss: 0 kB\n" HEAD);
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_num(e.rss, 0);
	assert_unknown(e.pss);
	assert_unknown(e.ksm);
	assert_unknown(e.flags);
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_unknown(e.rss);
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 0);
}

static void no_flags_are_known_flags(void **state)
{
	struct sv_text t = TEXT(HEAD "VmFlags: \n");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_num(e.flags, 0);
	assert_span(e.flags_text, "");
}

static void unknown_keys_are_skipped(void **state)
{
	struct sv_text t = TEXT(HEAD "Future_Key2: whatever -1\nTHPeligible:    1\nRss: 4 kB");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_num(e.rss, 4 * KB);
}

static void a_path_that_looks_like_a_key(void **state)
{
	struct sv_text t = TEXT("1000-3000 rw-p 00000000 00:00 7 /Rss: 9 kB\nRss: 4 kB\n");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, NULL), 1);
	assert_span(e.vma.path, "/Rss: 9 kB");
	assert_num(e.rss, 4 * KB);
}

static const struct {
	const char *text;
	uint64_t line;
	const char *message;
} malformed[] = {
	{ "Rss: 4 kB\n", 1, "'START-END PERMS" },
	{ "\n", 1, "'START-END PERMS" },
	{ HEAD "Rss: 4 MB\n", 2, "'kB', got 'MB'" },
	{ HEAD "Rss: 4\n", 2, "'kB', got ''" },
	{ HEAD "Rss: 4 kBB\n", 2, "'kB', got 'kBB'" },
	{ HEAD "Rss: 4 kB 5\n", 2, "'kB', got 'kB 5'" },
	{ HEAD "Rss:\n", 2, "a number of kB below 2^64, got ''" },
	{ HEAD "Rss: -4 kB\n", 2, "a number of kB" },
	{ HEAD "Rss: 18446744073709551616 kB\n", 2, "a number of kB below 2^64" },
	{ HEAD "Rss: 18446744073709551615 kB\n", 2, "a size below 2^64 bytes" },
	{ HEAD "Rss: 18014398509481984 kB\n", 2, "a size below 2^64 bytes" },
	{ HEAD "Rss: 4 kB\nRss: 4 kB\n", 3, "a key that was not there before, got 'Rss'" },
	{ HEAD "VmFlags: rd\nVmFlags: rd\n", 3, "VmFlags once a VMA" },
	{ HEAD "VmFlags: rd wrr\n", 2, "a flag of two letters, got 'wrr'" },
	{ HEAD "VmFlags: r\n", 2, "a flag of two letters, got 'r'" },
	{ HEAD "\n", 2, "'Key: value', got ''" },
	{ HEAD "Rss 4 kB\n", 2, "'Key: value', got 'Rss 4 kB'" },
	{ HEAD ": 4 kB\n", 2, "'Key: value'" },
	{ HEAD " Rss: 4 kB\n", 2, "'Key: value'" },
	/* Not to be taken for an unknown key: then a VMA would be lost. */
	{ HEAD "Rss: 4 kB\n3000-4000 rwzp 00000000 00:00 0 \n", 3, "'Key: value'" },
	{ HEAD "Rss: 4 kB\n4000-3000 rw-p 00000000 00:00 0 \n", 3, "'Key: value'" },
};

static void malformed_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_text t =
			sv_text_init(malformed[i].text, strlen(malformed[i].text), "test");
		struct sv_smaps_entry e = { .rss = { .value = 99 } };
		struct safevma_error err = { 0 };

		assert_int_equal(sv_smaps_next(&t, &e, &err), -1);
		assert_place(&err, malformed[i].line, malformed[i].message);
		assert_int_equal(e.rss.value, 99);
	}
}

static void nul_bytes(void **state)
{
	struct sv_text value = TEXT(HEAD "Rss: 4 kB\0\n"), key = TEXT(HEAD "R\0s: 4 kB\n");
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&value, &e, NULL), -1);
	assert_int_equal(sv_smaps_next(&key, &e, NULL), -1);
}

static void line_numbers_go_on(void **state)
{
	struct sv_text t = TEXT(HEAD "Rss: 4 kB\n" HEAD "Rss: 4\n");
	struct safevma_error err = { 0 };
	struct sv_smaps_entry e;

	(void)state;
	assert_int_equal(sv_smaps_next(&t, &e, &err), 1);
	assert_int_equal(t.line, 2);
	assert_int_equal(sv_smaps_next(&t, &e, &err), -1);
	assert_place(&err, 4, "'kB', got ''");
}

static void read_all(struct sv_text text)
{
	struct sv_text t = text;
	struct sv_smaps_entry e;

	while (sv_smaps_next(&t, &e, NULL) == 1) {
		assert_true(e.vma.start < e.vma.end);
		assert_inside(text, e.vma.path);
		assert_inside(text, e.flags_text);
	}
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("c72/smaps"), 1600, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(every_size),
		cmocka_unit_test(every_flag),
		cmocka_unit_test(missing_is_not_zero),
		cmocka_unit_test(no_flags_are_known_flags),
		cmocka_unit_test(unknown_keys_are_skipped),
		cmocka_unit_test(a_path_that_looks_like_a_key),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(line_numbers_go_on),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
