// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values: a guest with Debian's 6.1.0-56-cloud-amd64, and one with 6.1.0-50-686-pae. */
#include "unit.h"

#include <elf.h>

#include "iface/kcore.h"

#define ALL_ONES UINT64_MAX
#define DELTA	 UINT64_C(0xff37f662c0000000)

static unsigned char file[16384];
static struct safevma_error err;

/* ---- making a file --------------------------------------------------------------------------- */

static size_t wide_file(const Elf64_Phdr *p, size_t n)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(*p),
		.e_phnum = (Elf64_Half)n };

	memset(file, 0, sizeof(file));
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), p, n * sizeof(*p));
	memset(&err, 0, sizeof(err));
	return sizeof(h) + n * sizeof(*p);
}

static size_t narrow_file(const Elf32_Phdr *p, size_t n)
{
	Elf32_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_386,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(*p),
		.e_phnum = (Elf32_Half)n };

	memset(file, 0, sizeof(file));
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), p, n * sizeof(*p));
	memset(&err, 0, sizeof(err));
	return sizeof(h) + n * sizeof(*p);
}

static Elf64_Phdr load(uint64_t offset, uint64_t vaddr, uint64_t paddr, uint64_t size)
{
	return (Elf64_Phdr) { .p_type = PT_LOAD,
		.p_offset = offset,
		.p_vaddr = vaddr,
		.p_paddr = paddr,
		.p_filesz = size,
		.p_memsz = size };
}

static size_t real_file(void)
{
	const Elf64_Phdr p[] = {
		{ .p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = 0x2f74 },
		load(0xffffffba004000, 0xffffffffba000000, 0xe400000, 0x2830000),
		load(0x5f93bd00004000, 0xff5f93bd00000000, ALL_ONES, 0x31ffffffffffff),
		load(0xffffffc0004000, 0xffffffffc0000000, ALL_ONES, 0x3f000000),
		load(0x37f662c0005000, 0xff37f662c0001000, 0x1000, 0x9e000),
		load(0xa79ff1c0004000, 0xffa79ff1c0000000, ALL_ONES, 0x3000),
		load(0x37f662c0104000, 0xff37f662c0100000, 0x100000, 0x3fee0000),
	};

	return wide_file(p, sv_array_size(p));
}

static struct sv_kcore parsed(size_t len)
{
	struct sv_kcore k;

	assert_int_equal(sv_kcore_parse(file, len, &k, &err), 0);
	return k;
}

/* ---- headers --------------------------------------------------------------------------------- */

static void a_real_file(void **state)
{
	size_t len = real_file();
	struct sv_kcore k = parsed(len);
	uint64_t size;

	(void)state;
	assert_int_equal(sv_kcore_header_size(file, SV_KCORE_HEADER, &size, &err), 0);
	assert_int_equal(size, len);
	assert_true(k.wide);
	assert_int_equal(k.machine, EM_X86_64);
	assert_int_equal(k.note_offset, 0x200);
	assert_int_equal(k.note_size, 0x2f74);
	assert_int_equal(k.segments.len, 6);
	assert_true(k.segments.ptr[0].has_paddr);
	assert_false(k.segments.ptr[1].has_paddr);
	assert_int_equal(k.segments.ptr[1].size, 0x31ffffffffffff);
	assert_int_equal(k.segments.ptr[5].vaddr, 0xff37f662c0100000);
	sv_kcore_fini(&k);
}

/* The header wants 64 bytes to be read even where 52 and one program header are fewer. */
static void the_least_size(void **state)
{
	uint64_t size;

	(void)state;
	wide_file(&(Elf64_Phdr) { .p_type = PT_NULL }, 1);
	assert_int_equal(sv_kcore_header_size(file, 64, &size, NULL), 0);
	assert_int_equal(size, 120);
	narrow_file(&(Elf32_Phdr) { .p_type = PT_NULL }, 1);
	assert_int_equal(sv_kcore_header_size(file, 64, &size, NULL), 0);
	assert_int_equal(size, 84);
}

static void narrow(void **state)
{
	const Elf32_Phdr p[] = {
		{ .p_type = PT_LOAD,
			.p_vaddr = 0xf77fe000,
			.p_paddr = 0xffffffff,
			.p_memsz = 0x7ff000 },
		{ .p_type = PT_LOAD,
			.p_vaddr = 0xc0000000,
			.p_memsz = 0x36ffe000,
			.p_offset = 0x2000 },
	};
	struct sv_kcore k = parsed(narrow_file(p, 2));
	uint64_t delta = 0, off;

	(void)state;
	assert_false(k.wide);
	assert_int_equal(k.machine, EM_386);
	assert_false(k.segments.ptr[0].has_paddr);
	assert_true(sv_kcore_delta(&k, &delta));
	assert_int_equal(delta, 0xc0000000);
	assert_null(sv_kcore_image(&k, delta));
	assert_true(sv_kcore_find_ram(&k, delta, 0x1000, 4096, &off));
	assert_int_equal(off, 0x3000);
	sv_kcore_fini(&k);
}

/* A distance that is negative in 32 bits. */
static void narrow_distance_wraps(void **state)
{
	struct sv_kcore_segment s = { .vaddr = 0x40000000, .paddr = 0x80000000, .has_paddr = true };
	struct sv_kcore k = { .segments = { &s, 1, 1 } };
	uint64_t delta = 0;

	(void)state;
	assert_true(sv_kcore_delta(&k, &delta));
	assert_int_equal(delta, 0xc0000000);
}

static void what_is_no_memory_is_left_out(void **state)
{
	const Elf64_Phdr p[] = { load(0, 4096, 0, 0), { .p_type = PT_DYNAMIC, .p_memsz = 1 },
		load(0, DELTA, 0, 4096) };
	struct sv_kcore k = parsed(wide_file(p, 3));

	(void)state;
	assert_int_equal(k.segments.len, 1);
	assert_int_equal(k.note_size, 0);
	sv_kcore_fini(&k);
}

static void put16(size_t at, uint16_t v)
{
	memcpy(file + at, &v, sizeof(v));
}

static void put64(size_t at, uint64_t v)
{
	memcpy(file + at, &v, sizeof(v));
}

static void assert_refused(size_t len, enum safevma_code code, const char *message)
{
	struct sv_kcore k = { .machine = 77 };
	uint64_t size = 99;

	memset(&err, 0, sizeof(err));
	assert_int_equal(sv_kcore_header_size(file, len, &size, &err), -1);
	assert_int_equal(size, 99);
	assert_int_equal(err.code, code);
	assert_string_equal(err.path, "/proc/kcore");
	assert_string_equal(err.message, message);
	assert_int_equal(sv_kcore_parse(file, len, &k, &err), -1);
	assert_int_equal(k.machine, 77);
}

static void no_such_file(void **state)
{
	size_t len = real_file();

	(void)state;
	assert_refused(
		63, SAFEVMA_E_FORMAT, "expected a file header of at least 64 bytes, got 0x3f");
	assert_refused(0, SAFEVMA_E_FORMAT, "expected a file header of at least 64 bytes, got 0x0");
	file[1] = 'e';
	assert_refused(len, SAFEVMA_E_FORMAT, "expected the magic number of ELF, got 0x464c657f");
	real_file();
	file[EI_CLASS] = 3;
	assert_refused(len, SAFEVMA_E_FORMAT, "expected ELF of 32 or 64 bits, got 0x3");
	real_file();
	file[EI_DATA] = ELFDATA2MSB;
	assert_refused(len, SAFEVMA_E_UNSUPPORTED,
		"a big-endian kernel: its page tables are not known here");
}

static void no_such_program_headers(void **state)
{
	size_t len = real_file();

	(void)state;
	put16(offsetof(Elf64_Ehdr, e_phentsize), 32);
	assert_refused(len, SAFEVMA_E_FORMAT,
		"expected program headers of the size that their class has, got 0x20");
	real_file();
	put16(offsetof(Elf64_Ehdr, e_phnum), 0);
	assert_refused(len, SAFEVMA_E_FORMAT, "expected 1 to 65534 program headers, got 0x0");
	put16(offsetof(Elf64_Ehdr, e_phnum), 0xffff);
	assert_refused(len, SAFEVMA_E_FORMAT, "expected 1 to 65534 program headers, got 0xffff");
	real_file();
	put64(offsetof(Elf64_Ehdr, e_phoff), 51);
	assert_refused(
		len, SAFEVMA_E_FORMAT, "expected program headers in the first 4 MiB, got 0x33");
	put64(offsetof(Elf64_Ehdr, e_phoff), (4 << 20) - 7 * sizeof(Elf64_Phdr) + 1);
	assert_refused(
		len, SAFEVMA_E_FORMAT, "expected program headers in the first 4 MiB, got 0x3ffe79");
	put64(offsetof(Elf64_Ehdr, e_phoff), ALL_ONES);
	assert_refused(len, SAFEVMA_E_FORMAT,
		"expected program headers in the first 4 MiB, got 0xffffffffffffffff");
}

static void the_largest_header(void **state)
{
	uint64_t size;

	(void)state;
	real_file();
	put16(offsetof(Elf64_Ehdr, e_phnum), 0xfffe);
	put64(offsetof(Elf64_Ehdr, e_phoff), (4 << 20) - 0xfffe * sizeof(Elf64_Phdr));
	assert_int_equal(sv_kcore_header_size(file, 64, &size, NULL), 0);
	assert_int_equal(size, 4 << 20);
}

/* Each look-up goes through all of them: a file with tens of thousands would take for ever. */
static void too_many_segments(void **state)
{
	enum { MANY = 8193 };
	const size_t size = sizeof(Elf64_Ehdr) + MANY * sizeof(Elf64_Phdr);
	unsigned char *large = calloc(1, size);
	Elf64_Phdr p = load(0x1000, 0xff37f662c0001000, 0x1000, 0x1000);
	struct sv_kcore k;

	(void)state;
	assert_non_null(large);
	real_file();
	put16(offsetof(Elf64_Ehdr, e_phnum), MANY);
	memcpy(large, file, sizeof(Elf64_Ehdr));
	for (size_t i = 0; i < MANY; i++)
		memcpy(large + sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
	assert_int_equal(sv_kcore_parse(large, size, &k, &err), -1);
	assert_non_null(strstr(err.message, "at most 8192 segments"));
	free(large);
}

static void cut_off(void **state)
{
	size_t len = real_file();
	struct sv_kcore k = { .machine = 77 };

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		unsigned char *copy = malloc(cut ? cut : 1);

		assert_non_null(copy);
		memcpy(copy, file, cut);
		assert_int_equal(sv_kcore_parse(copy, cut, &k, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		free(copy);
	}
	assert_int_equal(k.machine, 77);
	assert_string_equal(err.message,
		"expected all program headers, but the file ends before them, got 0x1c7");
}

/* Sums of these do not fit into an address, or lie where no machine has memory. */
static void absurd_segments(void **state)
{
	const Elf64_Phdr bad[] = {
		load(0, DELTA, 0, (UINT64_C(1) << 52) + 1),
		load(0, DELTA, UINT64_C(1) << 52, 1),
		load(0, DELTA, ALL_ONES - 1, 4096),
		load(0, ALL_ONES - 4094, 0, 4096),
		load(0, ALL_ONES - 4094, ALL_ONES, 4097),
		load(0, UINT64_C(1) << 63, ALL_ONES, (UINT64_C(1) << 63) + 10),
		load(0, 2, ALL_ONES, ALL_ONES),
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct sv_kcore k = { .machine = 77 };

		assert_int_equal(sv_kcore_parse(file, wide_file(&bad[i], 1), &k, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		assert_int_equal(k.machine, 77);
	}
}

/* The last byte of the space may be covered. */
static void segments_up_to_the_end(void **state)
{
	const Elf64_Phdr p[] = { load(0, 0, ALL_ONES, ALL_ONES),
		load(0, UINT64_C(1) << 63, ALL_ONES, UINT64_C(1) << 63) };
	struct sv_kcore k = parsed(wide_file(p, 2));

	(void)state;
	assert_int_equal(k.segments.len, 2);
	sv_kcore_fini(&k);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static size_t add_note(size_t at, const char *name, uint32_t namesz, const void *data, uint32_t n)
{
	const uint32_t head[] = { namesz, n, 0 };

	memcpy(file + at, head, sizeof(head));
	at += sizeof(head);
	memcpy(file + at, name, namesz);
	at += (namesz + 3) & ~3u;
	memcpy(file + at, data, n);
	return at + ((n + 3) & ~3u);
}

static size_t real_notes(void)
{
	static const char status[336];
	size_t at;

	memset(file, 0, sizeof(file));
	memset(&err, 0, sizeof(err));
	at = add_note(0, "CORE", 5, status, 336);
	at = add_note(at, "CORE", 5, status, 7);
	return add_note(at, "VMCOREINFO", 11, "PAGESIZE=4096\n", 14);
}

static void the_note_among_others(void **state)
{
	size_t len = real_notes();
	struct sv_span text;

	(void)state;
	assert_int_equal(sv_kcore_vmcoreinfo(file, len, &text, &err), 0);
	assert_span(text, "PAGESIZE=4096\n");
}

static void no_note(void **state)
{
	struct sv_span text = { .len = 99 };
	size_t len = real_notes();

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(sv_kcore_vmcoreinfo(file, cut, &text, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	}
	len = add_note(0, "VMCOREINFX", 11, "a", 1);
	assert_int_equal(sv_kcore_vmcoreinfo(file, len, &text, &err), -1);
	len = add_note(0, "VMCOREINFO", 10, "a", 1); /* the NUL belongs to the name */
	assert_int_equal(sv_kcore_vmcoreinfo(file, len, &text, &err), -1);
	assert_int_equal(text.len, 99);
	assert_string_equal(err.message,
		"expected a note named VMCOREINFO among the notes, bytes left, got 0x0");
}

static void notes_that_claim_too_much(void **state)
{
	static const uint32_t sizes[][2] = { { 65, 0 }, { 0xffffffff, 0 }, { 5, 0xffffffff },
		{ 0xffffffff, 0xffffffff }, { 11, 400 } };
	struct sv_span text;

	(void)state;
	for (size_t i = 0; i < sv_array_size(sizes); i++) {
		size_t len = real_notes();

		memcpy(file, sizes[i], 8);
		assert_int_equal(sv_kcore_vmcoreinfo(file, len, &text, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	}
}

/* ---- looking up ------------------------------------------------------------------------------ */

static void the_linear_map_and_the_image(void **state)
{
	struct sv_kcore k = parsed(real_file());
	const struct sv_kcore_segment *s;
	uint64_t delta = 0;

	(void)state;
	assert_true(sv_kcore_delta(&k, &delta));
	assert_int_equal(delta, DELTA);
	s = sv_kcore_image(&k, delta);
	assert_ptr_equal(s, &k.segments.ptr[0]);
	k.segments.ptr[0].has_paddr = false;
	assert_null(sv_kcore_image(&k, delta));
	for (size_t i = 0; i < k.segments.len; i++)
		k.segments.ptr[i].has_paddr = false;
	delta = 7;
	assert_false(sv_kcore_delta(&k, &delta));
	assert_int_equal(delta, 7);
	sv_kcore_fini(&k);
}

static void ram_in_the_file(void **state)
{
	static const struct {
		uint64_t paddr, size, offset; /* 0: not there */
	} cases[] = {
		{ 0x1000, 4096, 0x37f662c0005000 },
		{ 0x1000, 0x9e000, 0x37f662c0005000 },
		{ 0x1000, 0x9e001, 0 },
		{ 0xfff, 4096, 0 },
		{ 0x9e000, 4096, 0x37f662c00a2000 },
		{ 0x9f000, 4096, 0 },
		{ 0x9e800, 4096, 0 },
		{ 0x100000, 4096, 0x37f662c0104000 },
		{ 0xe400000, 4096, 0x37f662ce404000 }, /* not through the image's segment */
		{ 0x3ffdffff, 1, 0x37f662fffe3fff },
		{ 0x3ffe0000, 1, 0 },
		{ 0x100000, ALL_ONES, 0 },
		{ ALL_ONES, 4096, 0 },
	};
	struct sv_kcore k = parsed(real_file());

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		uint64_t off = 99;

		assert_int_equal(sv_kcore_find_ram(&k, DELTA, cases[i].paddr, cases[i].size, &off),
			cases[i].offset != 0);
		assert_int_equal(off, cases[i].offset ? cases[i].offset : 99);
	}
	sv_kcore_fini(&k);
}

static void ram_by_frame(void **state)
{
	static const struct {
		uint64_t pfn;
		bool ram;
		uint64_t until;
	} cases[] = { { 0, false, 1 }, { 1, true, 0x9f }, { 0x9e, true, 0x9f },
		{ 0x9f, false, 0x100 }, { 0x100, true, 0x3ffe0 }, { 0x3ffdf, true, 0x3ffe0 },
		{ 0x3ffe0, false, ALL_ONES >> 12 } };
	struct sv_kcore k = parsed(real_file());

	(void)state;
	k.segments.ptr[0].has_paddr = false; /* the image is RAM as well */
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		uint64_t until = 0;

		assert_int_equal(sv_kcore_ram_at(&k, 12, cases[i].pfn, &until), cases[i].ram);
		assert_int_equal(until, cases[i].until);
	}
	sv_kcore_fini(&k);
}

static void kernel_addresses(void **state)
{
	struct sv_kcore k = parsed(real_file());
	uint64_t off = 99, len = 99;

	(void)state;
	assert_true(sv_kcore_find_vaddr(&k, 0xffffffffbba10000, &off, &len));
	assert_int_equal(off, 0xffffffbba14000);
	assert_int_equal(len, 0xe20000);
	assert_true(sv_kcore_find_vaddr(&k, 0xffffffffbc82ffff, &off, &len));
	assert_int_equal(len, 1);
	off = 99;
	assert_false(sv_kcore_find_vaddr(&k, 0xffffffffbc830000, &off, &len));
	assert_false(sv_kcore_find_vaddr(&k, 0, &off, &len));
	assert_false(sv_kcore_find_vaddr(&k, ALL_ONES, &off, &len));
	assert_int_equal(off, 99);
	assert_true(sv_kcore_find_vaddr(&k, 0xff5f93bd00000000, &off, &len)); /* vmalloc too */
	sv_kcore_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_file),
		cmocka_unit_test(the_least_size),
		cmocka_unit_test(narrow),
		cmocka_unit_test(narrow_distance_wraps),
		cmocka_unit_test(what_is_no_memory_is_left_out),
		cmocka_unit_test(no_such_file),
		cmocka_unit_test(no_such_program_headers),
		cmocka_unit_test(the_largest_header),
		cmocka_unit_test(too_many_segments),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(absurd_segments),
		cmocka_unit_test(segments_up_to_the_end),
		cmocka_unit_test(the_note_among_others),
		cmocka_unit_test(no_note),
		cmocka_unit_test(notes_that_claim_too_much),
		cmocka_unit_test(the_linear_map_and_the_image),
		cmocka_unit_test(ram_in_the_file),
		cmocka_unit_test(ram_by_frame),
		cmocka_unit_test(kernel_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
