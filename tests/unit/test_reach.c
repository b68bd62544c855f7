// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "iface/kpage.h"
#include "model/reach.h"

static safevma_observation on(const char *machine)
{
	safevma_observation obs = { 0 };

	snprintf(obs.host.machine, sizeof(obs.host.machine), "%s", machine);
	return obs;
}

static const struct sv_frame anon = {
	.pfn = 1000, .flags = SV_KPF_ANON | SV_KPF_MMAP, .known = SV_FRAME_FLAGS
};

static void assert_reached(struct sv_reached r, enum sv_reach reach, enum sv_basis basis)
{
	assert_int_equal(r.reach, reach);
	assert_int_equal(r.basis, basis);
}

static void assert_unreached(struct sv_reached r)
{
	assert_reached(r, SV_REACH_UNKNOWN, SV_BASIS_NONE);
}

static void wide_machines_map_all_ram(void **state)
{
	static const char *const wide[] = { "x86_64", "aarch64", "riscv64", "s390x", "loongarch64",
		"ppc64", "ppc64le" };
	struct sv_vma v = { 0 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(wide); i++) {
		safevma_observation obs = on(wide[i]);

		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_MAPPED, SV_BASIS_ASSUMED);
	}
}

static void other_machines_need_their_zones(void **state)
{
	static const char *const narrow[] = { "i686", "armv7l", "riscv32", "mips", "", "X86_64" };
	struct sv_vma v = { 0 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(narrow); i++) {
		safevma_observation obs = on(narrow[i]);

		obs.highmem_start_pfn.value = 500; /* not known: not looked at */
		assert_unreached(sv_reach_of(&obs, NULL, &v, &anon));
		obs.zones_known = true;
		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_MAPPED, SV_BASIS_ASSUMED);
		obs.highmem_start_pfn = sv_known(1001);
		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_MAPPED, SV_BASIS_ASSUMED);
		obs.highmem_start_pfn = sv_known(1000);
		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_REMOVED, SV_BASIS_INFERRED);
		obs.highmem_start_pfn = sv_known(999);
		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_REMOVED, SV_BASIS_INFERRED);
		obs.zones_known = false;
		assert_unreached(sv_reach_of(&obs, NULL, &v, &anon));
	}
}

static void secretmem_where_removal_is_certain(void **state)
{
	static const char *const certain[] = { "x86_64", "i386", "i486", "i586", "i686", "riscv64",
		"s390x", "loongarch64" };
	struct sv_vma v = { .secret = SV_SECRET_YES };

	(void)state;
	for (size_t i = 0; i < sv_array_size(certain); i++) {
		safevma_observation obs = on(certain[i]);

		assert_true(sv_reach_secret_certain(certain[i]));
		assert_reached(
			sv_reach_of(&obs, NULL, &v, &anon), SV_REACH_REMOVED, SV_BASIS_INFERRED);
	}
}

static void secretmem_elsewhere_is_unknown(void **state)
{
	static const char *const others[] = { "aarch64", "armv7l", "ppc64le", "riscv32", "" };
	struct sv_vma v = { .secret = SV_SECRET_YES };

	(void)state;
	for (size_t i = 0; i < sv_array_size(others); i++) {
		safevma_observation obs = on(others[i]);

		obs.zones_known = true;
		obs.highmem_start_pfn = sv_known(0);
		assert_false(sv_reach_secret_certain(others[i]));
		assert_unreached(sv_reach_of(&obs, NULL, &v, &anon));
	}
}

static void perhaps_secretmem_is_unknown(void **state)
{
	static const char *const machines[] = { "x86_64", "aarch64", "armv7l" };
	struct sv_vma v = { .secret = SV_SECRET_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < sv_array_size(machines); i++) {
		safevma_observation obs = on(machines[i]);

		obs.zones_known = true;
		assert_unreached(sv_reach_of(&obs, NULL, &v, &anon));
	}
}

/* The kernel takes poisoned frames out of the map only sometimes; the others are not its memory. */
static void classes_that_tell_nothing(void **state)
{
	static const uint64_t flags[] = { SV_KPF_HWPOISON, SV_KPF_NOPAGE, SV_KPF_OFFLINE };
	safevma_observation obs = on("x86_64");

	(void)state;
	for (size_t i = 0; i < sv_array_size(flags); i++)
		for (int secret = SV_SECRET_NO; secret <= SV_SECRET_UNKNOWN; secret++) {
			struct sv_vma v = { .secret = (enum sv_secret)secret };
			struct sv_frame f = anon;

			f.flags |= flags[i];
			assert_unreached(sv_reach_of(&obs, NULL, &v, &f));
		}
}

static void unread_is_unknown(void **state)
{
	safevma_observation obs = on("x86_64");
	struct sv_frame f = anon;

	(void)state;
	f.known = SV_FRAME_COUNT | SV_FRAME_CGROUP | SV_FRAME_HEAD;
	for (int secret = SV_SECRET_NO; secret <= SV_SECRET_UNKNOWN; secret++) {
		struct sv_vma v = { .secret = (enum sv_secret)secret };

		assert_unreached(sv_reach_of(&obs, NULL, &v, NULL));
		assert_unreached(sv_reach_of(&obs, NULL, &v, &f));
	}
}

/* ---- what the kernel's page tables say --------------------------------------------------------
 */

static struct sv_linear_extent extent;
static struct sv_kmapping others[2];

/* Frame 1000 and the nine after it. */
static struct sv_kernelmap kernel_of(enum sv_alias alias)
{
	extent = (struct sv_linear_extent) { .pfn = 1000, .frames = 10, .alias = alias };
	return (struct sv_kernelmap) { .made = true,
		.delta = 0xffff888000000000,
		.page_shift = 12,
		.linear = { &extent, 1, 1 } };
}

static void observed_goes_before_all_else(void **state)
{
	static const struct {
		enum sv_alias alias;
		enum sv_reach reach;
		enum sv_alias_perm perm;
	} cases[] = { { SV_ALIAS_RW, SV_REACH_MAPPED, SV_ALIAS_PERM_RW },
		{ SV_ALIAS_RO, SV_REACH_MAPPED, SV_ALIAS_PERM_RO },
		{ SV_ALIAS_ABSENT, SV_REACH_REMOVED, SV_ALIAS_PERM_UNKNOWN } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++)
		for (int secret = SV_SECRET_NO; secret <= SV_SECRET_UNKNOWN; secret++) {
			struct sv_kernelmap k = kernel_of(cases[i].alias);
			struct sv_vma v = { .secret = (enum sv_secret)secret };
			safevma_observation obs = on("aarch64");
			struct sv_reached r = sv_reach_of(&obs, &k, &v, &anon);

			assert_reached(r, cases[i].reach, SV_BASIS_OBSERVED);
			assert_int_equal(r.perm, cases[i].perm);
			assert_num(r.alias, 0xffff888000000000 + 1000 * 4096);
			assert_int_equal(r.why, SV_ALIAS_WHY_NOTHING);
		}
}

/* No assumption takes the place of a contradiction. */
static void contradictions_are_unknown(void **state)
{
	safevma_observation obs = on("x86_64");
	struct sv_kernelmap k = kernel_of(SV_ALIAS_UNKNOWN);
	struct sv_vma v = { 0 };
	struct sv_reached r;

	(void)state;
	extent.why = SV_ALIAS_WHY_MISMATCH;
	r = sv_reach_of(&obs, &k, &v, &anon);
	assert_unreached(r);
	assert_int_equal(r.why, SV_ALIAS_WHY_MISMATCH);
	extent = (struct sv_linear_extent) { .pfn = 1000, .frames = 1, .alias = SV_ALIAS_NONE };
	r = sv_reach_of(&obs, &k, &v, &anon);
	assert_unreached(r);
	assert_int_equal(r.why, SV_ALIAS_WHY_UNLISTED);
}

/* On a wide machine no RAM lies there; on a narrow one HighMem does. */
static void beyond_the_linear_map(void **state)
{
	safevma_observation obs = on("x86_64");
	struct sv_kernelmap k = kernel_of(SV_ALIAS_RW);
	struct sv_vma v = { 0 };
	struct sv_frame f = anon;
	struct sv_reached r;

	(void)state;
	f.pfn = 1010;
	r = sv_reach_of(&obs, &k, &v, &f);
	assert_unreached(r);
	assert_int_equal(r.why, SV_ALIAS_WHY_OUTSIDE);
	assert_unknown(r.alias);
	obs = on("i686");
	obs.zones_known = true;
	obs.highmem_start_pfn = sv_known(1010);
	assert_reached(sv_reach_of(&obs, &k, &v, &f), SV_REACH_REMOVED, SV_BASIS_INFERRED);
	obs.highmem_start_pfn = sv_known(1011);
	assert_reached(sv_reach_of(&obs, &k, &v, &f), SV_REACH_MAPPED, SV_BASIS_ASSUMED);
}

static void tables_that_were_not_read(void **state)
{
	safevma_observation obs = on("x86_64");
	struct sv_kernelmap k = kernel_of(SV_ALIAS_ABSENT);
	struct sv_vma v = { 0 };
	struct sv_reached r;

	(void)state;
	k.made = false;
	r = sv_reach_of(&obs, &k, &v, &anon);
	assert_reached(r, SV_REACH_MAPPED, SV_BASIS_ASSUMED);
	assert_unknown(r.alias);
	assert_unknown(r.others);
	assert_int_equal(r.perm, SV_ALIAS_PERM_UNKNOWN);
}

/* Poisoned and offline frames are looked up as others are; what is no page is not. */
static void classes_that_are_looked_up(void **state)
{
	safevma_observation obs = on("x86_64");
	struct sv_kernelmap k = kernel_of(SV_ALIAS_RW);
	struct sv_vma v = { 0 };
	struct sv_frame f = anon;

	(void)state;
	f.flags = SV_KPF_HWPOISON;
	assert_reached(sv_reach_of(&obs, &k, &v, &f), SV_REACH_MAPPED, SV_BASIS_OBSERVED);
	f.flags = SV_KPF_OFFLINE;
	assert_reached(sv_reach_of(&obs, &k, &v, &f), SV_REACH_MAPPED, SV_BASIS_OBSERVED);
	f.flags = SV_KPF_NOPAGE;
	assert_unreached(sv_reach_of(&obs, &k, &v, &f));
	assert_unreached(sv_reach_of(&obs, &k, &v, NULL));
}

static struct sv_num others_of(
	struct sv_kernelmap *k, uint64_t pfn, enum sv_secret secret, bool aliases)
{
	safevma_observation obs = on("x86_64");
	struct sv_vma v = { .secret = secret };
	struct sv_frame f = anon;

	obs.aliases = aliases;
	f.pfn = pfn;
	return sv_reach_of(&obs, k, &v, &f).others;
}

/* Frames of pools are looked for always, others only when that was asked for. */
static void further_mappings(void **state)
{
	struct sv_kernelmap k = kernel_of(SV_ALIAS_RW);

	(void)state;
	assert_unknown(others_of(&k, 1000, SV_SECRET_YES, true)); /* not looked for at all */
	k.others_known = true;
	assert_num(others_of(&k, 1000, SV_SECRET_YES, false), 0);
	assert_num(others_of(&k, 1000, SV_SECRET_UNKNOWN, false), 0);
	assert_num(others_of(&k, 1000, SV_SECRET_NO, true), 0);
	assert_unknown(others_of(&k, 1000, SV_SECRET_NO, false));
	others[0] = (struct sv_kmapping) { .pfn = 1000, .frames = 2, .zone = SV_KZONE_IMAGE };
	others[1] = (struct sv_kmapping) { .pfn = 1001, .frames = 1, .zone = SV_KZONE_VMALLOC };
	k.others = (struct sv_kmappings) { others, 2, 2 };
	k.others_span = 2;
	assert_num(others_of(&k, 1000, SV_SECRET_YES, false), 1);
	assert_num(others_of(&k, 1001, SV_SECRET_YES, false), 2);
	assert_num(others_of(&k, 1001, SV_SECRET_NO, false), 2); /* found all the same */
	assert_num(others_of(&k, 1002, SV_SECRET_YES, false), 0);
	k.others_cut = true; /* there were more, perhaps of this frame */
	assert_unknown(others_of(&k, 1002, SV_SECRET_YES, false));
	assert_num(others_of(&k, 1001, SV_SECRET_YES, false), 2);
	k.others_cut = k.others_known = false;
	assert_num(others_of(&k, 1000, SV_SECRET_YES, false), 1);
	assert_unknown(others_of(&k, 1002, SV_SECRET_YES, false));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(sv_reach_name(SV_REACH_UNKNOWN), "unknown");
	assert_string_equal(sv_reach_name(SV_REACH_MAPPED), "mapped");
	assert_string_equal(sv_reach_name(SV_REACH_REMOVED), "removed");
	assert_string_equal(sv_basis_name(SV_BASIS_NONE), "");
	assert_string_equal(sv_basis_name(SV_BASIS_OBSERVED), "observed");
	assert_string_equal(sv_basis_name(SV_BASIS_INFERRED), "inferred");
	assert_string_equal(sv_basis_name(SV_BASIS_ASSUMED), "assumed");
	assert_string_equal(sv_perm_name(SV_ALIAS_PERM_RW), "rw");
	assert_string_equal(sv_perm_name(SV_ALIAS_PERM_RO), "ro");
	assert_null(sv_perm_name(SV_ALIAS_PERM_UNKNOWN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_machines_map_all_ram),
		cmocka_unit_test(other_machines_need_their_zones),
		cmocka_unit_test(secretmem_where_removal_is_certain),
		cmocka_unit_test(secretmem_elsewhere_is_unknown),
		cmocka_unit_test(perhaps_secretmem_is_unknown),
		cmocka_unit_test(classes_that_tell_nothing),
		cmocka_unit_test(unread_is_unknown),
		cmocka_unit_test(observed_goes_before_all_else),
		cmocka_unit_test(contradictions_are_unknown),
		cmocka_unit_test(beyond_the_linear_map),
		cmocka_unit_test(tables_that_were_not_read),
		cmocka_unit_test(classes_that_are_looked_up),
		cmocka_unit_test(further_mappings),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
