// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/maps.h"
#include "iface/smaps.h"
#include "model/process.h"

static struct sv_vma vma_of(const char *path, uint64_t inode)
{
	return (struct sv_vma) { .path = sv_span_of(path), .inode = inode };
}

static const struct {
	const char *path;
	uint64_t inode, flags;
	enum sv_kind kind;
} kinds[] = {
	{ "", 0, 0, SV_VMA_ANON },
	{ "", 7, 0, SV_VMA_FILE },
	{ "[heap]", 0, 0, SV_VMA_HEAP },
	{ "[heapx]", 0, 0, SV_VMA_ANON },
	{ "[stack]", 0, 0, SV_VMA_STACK },
	{ "[stack:42]", 0, 0, SV_VMA_STACK },
	{ "[anon:malloc]", 0, 0, SV_VMA_ANON },
	{ "[anon_shmem:x]", 0, 0, SV_VMA_SHMEM },
	{ "[anon_shmem:x]", 9, 0, SV_VMA_SHMEM },
	{ "[vdso]", 0, 0, SV_VMA_VDSO },
	{ "[sigpage]", 0, 0, SV_VMA_VDSO },
	{ "[vvar]", 0, 0, SV_VMA_VVAR },
	{ "[vvar_vclock]", 0, 0, SV_VMA_VVAR },
	{ "[vsyscall]", 0, 0, SV_VMA_VSYSCALL },
	{ "[vectors]", 0, 0, SV_VMA_VSYSCALL },
	{ "/usr/bin/x", 5, 0, SV_VMA_FILE },
	{ "/memfd:ring (deleted)", 5, 0, SV_VMA_MEMFD },
	{ "/mnt/memfd:ring", 5, 0, SV_VMA_FILE },
	{ "/SYSV00000000 (deleted)", 5, 0, SV_VMA_SHMEM },
	{ "/dev/shm/ring", 5, 0, SV_VMA_SHMEM },
	{ "/dev/zero (deleted)", 5, 0, SV_VMA_SHMEM },
	{ "/dev/zero", 5, 0, SV_VMA_FILE },
	/* A file may be called like what the kernel names itself. */
	{ "[heap]", 5, 0, SV_VMA_FILE },
	{ "[vdso]", 5, 0, SV_VMA_FILE },
	{ "/secretmem (deleted)", 5, 0, SV_VMA_FILE },
	/* Flags say what paths cannot. */
	{ "/anon_hugepage (deleted)", 5, SV_VMFLAG_HUGETLB, SV_VMA_HUGETLB },
	{ "", 0, SV_VMFLAG_HUGETLB | SV_VMFLAG_PFNMAP, SV_VMA_HUGETLB },
	{ "/dev/mem", 5, SV_VMFLAG_PFNMAP | SV_VMFLAG_IO, SV_VMA_DEVICE },
	{ "[vvar]", 0, SV_VMFLAG_PFNMAP, SV_VMA_VVAR },
	{ "[vdso]", 0, SV_VMFLAG_PFNMAP, SV_VMA_VDSO },
	{ "/dev/x", 5, SV_VMFLAG_MIXEDMAP, SV_VMA_FILE },
};

static void kinds_by_path_and_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(kinds); i++) {
		struct sv_vma v = vma_of(kinds[i].path, kinds[i].inode);

		v.flags = sv_known(kinds[i].flags);
		assert_int_equal(sv_vma_classify(&v), kinds[i].kind);
	}
}

/* Flags that were not read decide nothing. */
static void unknown_flags_are_not_looked_at(void **state)
{
	struct sv_vma v = vma_of("", 0);

	(void)state;
	v.flags.value = SV_VMFLAG_HUGETLB | SV_VMFLAG_PFNMAP;
	assert_int_equal(sv_vma_classify(&v), SV_VMA_ANON);
}

static void secretmem_only_when_certain(void **state)
{
	struct sv_vma v = vma_of("/secretmem (deleted)", 5);

	(void)state;
	v.secret = SV_SECRET_UNKNOWN;
	assert_int_equal(sv_vma_classify(&v), SV_VMA_FILE);
	v.secret = SV_SECRET_YES;
	assert_int_equal(sv_vma_classify(&v), SV_VMA_SECRETMEM);
	v.flags = sv_known(SV_VMFLAG_HUGETLB | SV_VMFLAG_PFNMAP);
	assert_int_equal(sv_vma_classify(&v), SV_VMA_SECRETMEM);
}

static void secret_candidates(void **state)
{
	struct sv_vma v = vma_of("/secretmem (deleted)", 5);

	(void)state;
	assert_false(sv_vma_secret_candidate(&v)); /* private */
	v.perms = SV_PERM_SHARED | SV_PERM_READ;
	assert_true(sv_vma_secret_candidate(&v));
	v.inode = 0;
	assert_false(sv_vma_secret_candidate(&v));
	v.inode = 5;
	v.path = sv_span_of("/mnt/x/secretmem (deleted)"); /* seen through another mount */
	assert_true(sv_vma_secret_candidate(&v));
	v.path = sv_span_of("/secretmem");
	assert_false(sv_vma_secret_candidate(&v));
	v.path = sv_span_of("/notsecretmem (deleted)");
	assert_false(sv_vma_secret_candidate(&v));
	v.path = sv_span_of("");
	assert_false(sv_vma_secret_candidate(&v));
}

static void kept_by_flags(void **state)
{
	static const uint64_t keeping[] = { SV_VMFLAG_LOCKED, SV_VMFLAG_HUGETLB, SV_VMFLAG_PFNMAP,
		SV_VMFLAG_MIXEDMAP, SV_VMFLAG_IO, SV_VMFLAG_DONTEXPAND };
	struct sv_vma v = vma_of("", 0);

	(void)state;
	assert_unknown(sv_vma_kept(&v));
	v.flags = sv_known(SV_VMFLAG_ACCOUNT | SV_VMFLAG_LOCKONFAULT | SV_VMFLAG_UNNAMED);
	assert_num(sv_vma_kept(&v), 0);
	for (size_t i = 0; i < sv_array_size(keeping); i++) {
		v.flags = sv_known(keeping[i]);
		assert_num(sv_vma_kept(&v), 1);
		v.secret = SV_SECRET_UNKNOWN; /* whatever it is, it is kept */
		assert_num(sv_vma_kept(&v), 1);
		v.secret = SV_SECRET_NO;
		v.flags.known = false;
		v.flags.value = 0;
		assert_unknown(sv_vma_kept(&v));
	}
}

static void kept_by_kind(void **state)
{
	static const enum sv_kind kernels[] = { SV_VMA_VDSO, SV_VMA_VVAR, SV_VMA_VSYSCALL };
	struct sv_vma v = vma_of("", 0);

	(void)state;
	for (size_t i = 0; i < sv_array_size(kernels); i++) {
		v.kind = kernels[i];
		assert_num(sv_vma_kept(&v), 1);
	}
	v.kind = SV_VMA_SECRETMEM;
	v.secret = SV_SECRET_YES;
	assert_num(sv_vma_kept(&v), 1);
	v.secret = SV_SECRET_UNKNOWN;
	assert_unknown(sv_vma_kept(&v));
	v.flags = sv_known(0);
	assert_unknown(sv_vma_kept(&v));
	v.secret = SV_SECRET_NO;
	assert_num(sv_vma_kept(&v), 0);
}

static void special(void **state)
{
	struct sv_vma v = { .kind = SV_VMA_VVAR };

	(void)state;
	assert_true(sv_vma_special(&v));
	v.pages = 1; /* kernels whose vvar pagemap shows */
	assert_false(sv_vma_special(&v));
	for (int k = 0; k < SV_VMA_KIND_COUNT; k++) {
		v = (struct sv_vma) { .kind = (enum sv_kind)k };
		assert_int_equal(sv_vma_special(&v),
			k == SV_VMA_VSYSCALL || k == SV_VMA_DEVICE || k == SV_VMA_VVAR);
	}
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	for (int k = 0; k < SV_VMA_KIND_COUNT; k++) {
		assert_non_null(sv_kind_name((enum sv_kind)k));
		for (int d = 0; d < k; d++)
			assert_string_not_equal(
				sv_kind_name((enum sv_kind)k), sv_kind_name((enum sv_kind)d));
	}
}

static void forgetting_keeps_who_it_is(void **state)
{
	const struct sv_page page = { .vaddr = 0x1000, .entry = 1 };
	struct sv_process p = { .pid = 42 };

	(void)state;
	assert_int_equal(sv_strbuf_printf(&p.comm, "x"), 0);
	assert_int_equal(sv_strbuf_printf(&p.maps, "y"), 0);
	assert_non_null(sv_vec_push(&p.vmas));
	assert_non_null(sv_vec_push(&p.ranges));
	assert_int_equal(sv_pages_add(&p.pages, 4096, &page), 0);
	assert_non_null(sv_frames_room(&p.frames, 1));
	p.frames.ptr[0].pfn = 1;
	p.frames.len = 1;
	sv_process_forget_memory(&p);
	assert_int_equal(p.maps.len + p.vmas.len + p.ranges.len + p.pages.len + p.frames.len, 0);
	assert_null(p.vmas.ptr);
	assert_string_equal(p.comm.ptr, "x");
	assert_int_equal(p.pid, 42);
	sv_process_fini(&p);
	assert_null(p.comm.ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_path_and_flags),
		cmocka_unit_test(unknown_flags_are_not_looked_at),
		cmocka_unit_test(secretmem_only_when_certain),
		cmocka_unit_test(secret_candidates),
		cmocka_unit_test(kept_by_flags),
		cmocka_unit_test(kept_by_kind),
		cmocka_unit_test(special),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(forgetting_keeps_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
