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
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
