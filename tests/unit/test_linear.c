// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures of the kernel's address space. */
#include "kernel.h"

#include "measure/linear.h"

/* The machine of kernel_x86() as an observation has it; RAM: frames 1 to 0x9e, 0x100 to 0x3ffff. */
static struct sv_kernel_view view(void)
{
	struct kernel k = kernel_x86();

	return (struct sv_kernel_view) { .known = true,
		.kcore = k.kcore,
		.pg = k.pg,
		.map = { .made = true, .page_shift = 12, .delta = X86_DELTA } };
}

static void view_fini(struct sv_kernel_view *v)
{
	sv_kernelmap_fini(&v->map);
	sv_kcore_fini(&v->kcore);
}

static struct sv_linear_extent *add(struct sv_kernel_view *v, uint64_t pfn, uint64_t frames,
	enum sv_alias alias, unsigned int leaf_shift)
{
	struct sv_linear_extent *x = sv_vec_push(&v->map.linear);

	assert_non_null(x);
	*x = (struct sv_linear_extent) {
		.pfn = pfn, .frames = frames, .alias = alias, .leaf_shift = leaf_shift
	};
	return x;
}

static struct sv_kmapping *add_other(
	struct sv_kernel_view *v, uint64_t vaddr, uint64_t frames, enum sv_kzone zone)
{
	struct sv_kmapping *m = sv_vec_push(&v->map.others);

	assert_non_null(m);
	*m = (struct sv_kmapping) {
		.vaddr = vaddr, .frames = frames, .zone = zone, .leaf_shift = 12
	};
	return m;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void each_answer(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_linear_sums s;

	(void)state;
	add(&v, 0x100, 10, SV_ALIAS_RW, 12);
	add(&v, 0x10a, 5, SV_ALIAS_RO, 12)->exec = true;
	add(&v, 0x10f, 2, SV_ALIAS_ABSENT, 12);
	add(&v, 0x111, 3, SV_ALIAS_UNKNOWN, 0);
	add(&v, 0x114, 1, SV_ALIAS_NONE, 0);
	sv_measure_linear(&v, &s);
	assert_int_equal(s.ram, 21 * 4096);
	assert_int_equal(s.rw, 10 * 4096);
	assert_int_equal(s.ro, 5 * 4096);
	assert_int_equal(s.absent, 2 * 4096);
	assert_int_equal(s.unknown, 4 * 4096); /* nothing known of what should be there */
	assert_int_equal(s.exec, 5 * 4096);
	assert_int_equal(s.beside, 0);
	assert_int_equal(s.rw + s.ro + s.absent + s.unknown, s.ram);
	view_fini(&v);
}

/* An extent over a hole of RAM: below 1 MiB x86 maps what it does not list. */
static void what_is_no_ram(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_linear_sums s;

	(void)state;
	add(&v, 0, 0x200, SV_ALIAS_RW, 12);
	add(&v, 0x40000, 7, SV_ALIAS_NONE, 0);
	sv_measure_linear(&v, &s);
	assert_int_equal(s.ram, (0x9e + 0x100) * 4096);
	assert_int_equal(s.rw, s.ram);
	assert_int_equal(s.beside, 98 * 4096); /* frame 0, 0x9f to 0xff */
	assert_int_equal(s.unknown, 0);
	view_fini(&v);
}

/* Stretches of 2 MiB that hold removed frames, each once. */
static void split_regions(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_linear_sums s;

	(void)state;
	add(&v, 0x200, 1, SV_ALIAS_ABSENT, 12);
	add(&v, 0x210, 1, SV_ALIAS_ABSENT, 12); /* the same */
	add(&v, 0x3ff, 2, SV_ALIAS_ABSENT, 12); /* the same and the next */
	add(&v, 0x500, 1, SV_ALIAS_ABSENT, 12); /* that next */
	add(&v, 0x600, 0x401, SV_ALIAS_ABSENT, 12);
	add(&v, 0x2000, 0x200, SV_ALIAS_ABSENT, 21); /* removed as a whole */
	add(&v, 0x4000, 1, SV_ALIAS_RW, 12);
	sv_measure_linear(&v, &s);
	assert_int_equal(s.split_regions, 2 + 3);
	v.pg.levels = 0; /* a dump names no sizes */
	sv_measure_linear(&v, &s);
	assert_int_equal(s.split_regions, 0);
	view_fini(&v);
}

static void nothing(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_linear_sums s;

	(void)state;
	sv_measure_linear(&v, &s);
	assert_int_equal(s.ram + s.unknown + s.beside, 0);
	view_fini(&v);
}

/* Present and removed entries, and those beyond the RAM that kcore lists: as DirectMap counts. */
static void leaves_by_size(void **state)
{
	struct sv_kernel_view v = view();

	(void)state;
	add(&v, 0x100, 10, SV_ALIAS_RW, 12);
	add(&v, 0x10a, 3, SV_ALIAS_ABSENT, 12);
	add(&v, 0x10d, 3, SV_ALIAS_UNKNOWN, 0);
	add(&v, 0x200, 0x400, SV_ALIAS_RO, 21);
	add_other(&v, X86_DELTA + GIB, 7, SV_KZONE_LINEAR);
	add_other(&v, X86_VMALLOC, 9, SV_KZONE_VMALLOC);
	assert_int_equal(sv_measure_leaves(&v, 12), 20 * 4096);
	assert_int_equal(sv_measure_leaves(&v, 21), 4 * MIB);
	assert_int_equal(sv_measure_leaves(&v, 30), 0);
	view_fini(&v);
}

/* ---- regions --------------------------------------------------------------------------------- */

static const struct sv_region_row *row_of(const struct sv_region_rows *rows, enum sv_kzone zone)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->ptr[i].zone == zone)
			return &rows->ptr[i];
	fail_msg("no region %s", sv_kzone_name(zone));
	return NULL;
}

static void assert_ordered(const struct sv_region_rows *rows)
{
	for (size_t i = 0; i + 1 < rows->len; i++) {
		assert_true(rows->ptr[i].start < rows->ptr[i + 1].start);
		assert_true(rows->ptr[i].end - 1 < rows->ptr[i + 1].start);
	}
}

static void listed_and_documented(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_region_rows rows = { 0 };
	const struct sv_region_row *r;

	(void)state;
	add_other(&v, 0xffffff0000000000, 1, SV_KZONE_ESPFIX);
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_ordered(&rows);
	r = row_of(&rows, SV_KZONE_LINEAR); /* two pieces of RAM are one */
	assert_int_equal(r->start, X86_DELTA + 0x1000);
	assert_int_equal(r->end, X86_DELTA + GIB);
	assert_int_equal(r->basis, SV_BASIS_OBSERVED);
	r = row_of(&rows, SV_KZONE_ESPFIX);
	assert_int_equal(r->basis, SV_BASIS_INFERRED);
	assert_int_equal(r->mappings, 1);
	/* documented, and nothing is mapped there: it need not be there at all */
	for (size_t i = 0; i < rows.len; i++) {
		assert_int_not_equal(rows.ptr[i].zone, SV_KZONE_UNNAMED);
		assert_int_not_equal(rows.ptr[i].zone, SV_KZONE_KASAN);
	}
	sv_vec_fini(&rows);
	view_fini(&v);
}

static void bytes_of_regions(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_region_rows rows = { 0 };
	const struct sv_region_row *r;
	struct sv_kmapping *m;

	(void)state;
	add(&v, 0x100, 10, SV_ALIAS_RW, 12);
	add(&v, 0x10a, 4, SV_ALIAS_RO, 12)->exec = true;
	add(&v, 0x10e, 5, SV_ALIAS_ABSENT, 12);
	m = add_other(&v, X86_VMALLOC + MIB, 3, SV_KZONE_VMALLOC);
	m->writable = true;
	m = add_other(&v, X86_VMALLOC, 2, SV_KZONE_VMALLOC);
	m->exec = true;
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	r = row_of(&rows, SV_KZONE_LINEAR);
	assert_int_equal(r->mappings, 2);
	assert_int_equal(r->mapped, 14 * 4096);
	assert_int_equal(r->rw, 10 * 4096);
	assert_int_equal(r->exec, 4 * 4096);
	r = row_of(&rows, SV_KZONE_VMALLOC);
	assert_int_equal(r->mappings, 2);
	assert_int_equal(r->mapped, 5 * 4096);
	assert_int_equal(r->rw, 3 * 4096);
	assert_int_equal(r->exec, 2 * 4096);
	sv_vec_fini(&rows);
	view_fini(&v);
}

/* Frame 0 is mapped and no RAM: the stretch that begins with it counts all the same. */
static void linear_map_beside_ram(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_region_rows rows = { 0 };
	const struct sv_region_row *r;

	(void)state;
	add(&v, 0, 152, SV_ALIAS_RW, 12);
	add(&v, 152, 1, SV_ALIAS_RO, 12);
	add(&v, GIB / 4096 - 1, 3, SV_ALIAS_RW, 12);
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_ordered(&rows);
	r = row_of(&rows, SV_KZONE_LINEAR);
	assert_int_equal(r->start, X86_DELTA);
	assert_int_equal(r->end, X86_DELTA + GIB + 0x2000);
	assert_int_equal(r->mapped, 156 * 4096);
	assert_int_equal(r->rw, 155 * 4096);
	sv_vec_fini(&rows);
	view_fini(&v);
}

/* Mapped where nothing is documented: it shows, and what lies within 1 GiB is one row. */
static void mappings_without_a_name(void **state)
{
	const uint64_t at = 0xffff800010000000;
	struct sv_kernel_view v = view();
	struct sv_region_rows rows = { 0 };

	(void)state;
	add_other(&v, at + MIB, 2, SV_KZONE_UNNAMED);
	add_other(&v, at, 1, SV_KZONE_UNNAMED);
	add_other(&v, at + 2 * GIB, 1, SV_KZONE_UNNAMED);
	add_other(&v, UINT64_MAX - 0xfff, 1, SV_KZONE_UNNAMED);
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_ordered(&rows);
	assert_int_equal(rows.ptr[0].zone, SV_KZONE_UNNAMED);
	assert_int_equal(rows.ptr[0].start, at);
	assert_int_equal(rows.ptr[0].end, at + MIB + 0x2000);
	assert_int_equal(rows.ptr[0].mappings, 2);
	assert_int_equal(rows.ptr[0].basis, SV_BASIS_OBSERVED);
	assert_int_equal(rows.ptr[1].start, at + 2 * GIB);
	assert_int_equal(rows.ptr[rows.len - 1].start, UINT64_MAX - 0xfff);
	assert_int_equal(rows.ptr[rows.len - 1].end, 0); /* the end of the space */
	sv_vec_fini(&rows);
	view_fini(&v);
}

static void regions_of_32_bits(void **state)
{
	struct sv_kernel_view v = { .pg = { .arch = SV_PG_I386,
					    .levels = 3,
					    .page_shift = 12,
					    .start = 0xc0000000,
					    .delta = 0xc0000000 } };
	struct sv_region_rows rows = { 0 };

	(void)state;
	kernel_segment(&v.kcore, 0xc0000000, 0, 0x36ffe000, 0);
	kernel_segment(&v.kcore, 0xf77fe000, NO_PADDR, 0x8000000, 0);
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_int_equal(rows.len, 2);
	assert_int_equal(rows.ptr[0].zone, SV_KZONE_LINEAR);
	assert_int_equal(rows.ptr[1].zone, SV_KZONE_VMALLOC);
	assert_int_equal(rows.ptr[1].end, 0xff7fe000);
	sv_vec_fini(&rows);
	v.kcore.segments.ptr[1].size = UINT64_C(1) << 40; /* more than there is */
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_int_equal(rows.ptr[1].end, UINT64_C(1) << 32);
	sv_vec_fini(&rows);
	view_fini(&v);
}

static void a_dump_tells_no_regions(void **state)
{
	struct sv_kernel_view v = view();
	struct sv_region_rows rows = { 0 };

	(void)state;
	v.pg.levels = 0;
	add(&v, 0x100, 10, SV_ALIAS_RW, 0);
	assert_int_equal(sv_measure_regions(&v, &rows), 0);
	assert_int_equal(rows.len, 0);
	view_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer),
		cmocka_unit_test(what_is_no_ram),
		cmocka_unit_test(split_regions),
		cmocka_unit_test(nothing),
		cmocka_unit_test(leaves_by_size),
		cmocka_unit_test(listed_and_documented),
		cmocka_unit_test(bytes_of_regions),
		cmocka_unit_test(linear_map_beside_ram),
		cmocka_unit_test(mappings_without_a_name),
		cmocka_unit_test(regions_of_32_bits),
		cmocka_unit_test(a_dump_tells_no_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
