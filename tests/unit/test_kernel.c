// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel's page tables through a whole /proc/kcore. */
#include "corefile.h"

#include "capture/kernel.h"

static struct safevma_error why, err;
static struct sv_kernelmap map;

static int lookup(struct system *s, uint64_t first, uint64_t count)
{
	const struct sv_frame_range r = { first, count };

	memset(&why, 0, sizeof(why));
	memset(&err, 0, sizeof(err));
	memset(&map, 0, sizeof(map));
	return sv_capture_lookup(&s->capture, &r, 1, &r, 1, "t", &map, &why, &err);
}

static void done(struct system *s)
{
	sv_kernelmap_fini(&map);
	system_free(s);
}

static void assert_alias(uint64_t pfn, enum sv_alias alias)
{
	const struct sv_linear_extent *x = sv_kernelmap_find(&map, pfn);

	assert_non_null(x);
	assert_int_equal(x->alias, alias);
}

static void assert_refused(int rc, enum safevma_code code, const char *message)
{
	assert_int_equal(rc, 0);
	assert_int_equal(why.code, code);
	assert_string_equal(why.message, message);
	assert_null(map.linear.ptr);
	assert_false(map.made);
}

static void a_look(void **state)
{
	struct system *s = core_system();
	size_t at = 0;

	(void)state;
	core_frame(0x201, core_gone(0x201));
	core_entry(CORE_ROOT, 511, 0x104063);
	core_entry(0x104000, 510, 0x105063);
	core_entry(0x105000, 1, 0x80000000002001e3);
	assert_int_equal(lookup(s, 0x200, 2), 1);
	assert_alias(0x200, SV_ALIAS_RW);
	assert_alias(0x201, SV_ALIAS_ABSENT);
	assert_int_equal(sv_kernelmap_other(&map, 0x201, &at)->vaddr, CORE_TEXT + 0x200000);
	assert_true(map.others_known);
	assert_false(map.self_checked); /* frames are hidden from us here */
	done(s);
}

/* ---- self-check ------------------------------------------------------------------------------ */

static struct system *with_own_frame(const char *before, const char *after)
{
	struct system *s = core_system();

	system_say(s, SV_OP_NOTE, "frame.t.before", before);
	system_say(s, SV_OP_NOTE, "frame.t.after", after);
	return s;
}

static void our_own_page(void **state)
{
	static const char *const own[] = { "pfn 512\n", "pfn 514\n", "pfn 516\n", "pfn 1\n",
		"pfn 1023\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(own); i++) {
		struct system *s = with_own_frame(own[i], own[i]);

		assert_int_equal(lookup(s, 513, 3), 1);
		assert_true(map.self_checked);
		assert_alias(513, SV_ALIAS_RW);
		assert_alias(515, SV_ALIAS_RW);
		done(s);
	}
}

static void our_own_page_misread(void **state)
{
	static const struct {
		uint64_t raw;
		const char *message;
	} cases[] = {
#define FAILED(as)                                                                                 \
	"self-check failed: an ordinary page of the observer, frame 0x210, came out as " as        \
	", expected rw; the kernel's page tables are not understood"
		{ 0x8000000000210161, FAILED("ro") },
		{ 0x800fffffffdef060, FAILED("absent") },
		{ 0x8000000000211163, FAILED("unknown") },
		{ 0, FAILED("unknown") },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = with_own_frame("pfn 528\n", "pfn 528\n");

		core_frame(0x210, cases[i].raw);
		assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT, cases[i].message);
		done(s);
	}
}

/* A page that moved meanwhile, or that nobody knows afterwards, tells nothing. */
static void our_own_page_moved(void **state)
{
	struct system *s = with_own_frame("pfn 528\n", "pfn 529\n");

	(void)state;
	core_frame(0x210, 0);
	assert_int_equal(lookup(s, 0x200, 1), 1);
	assert_false(map.self_checked);
	sv_kernelmap_fini(&map);
	system_say(s, SV_OP_NOTE, "frame.t.after", "");
	assert_int_equal(lookup(s, 0x200, 1), 1);
	assert_false(map.self_checked);
	done(s);
}

/* A frame that no RAM covers. */
static void our_own_page_elsewhere(void **state)
{
	struct system *s = with_own_frame("pfn 99999\n", "pfn 99999\n");

	(void)state;
	assert_int_equal(lookup(s, 0x200, 1), 0);
	assert_non_null(strstr(why.message, "came out as unknown"));
	done(s);
}

/* ---- what is not as expected ----------------------------------------------------------------- */

static void closed(void **state)
{
	static const int errnums[] = { EPERM, EACCES, ENOENT };

	(void)state;
	for (size_t i = 0; i < sv_array_size(errnums); i++) {
		struct system *s = core_system();

		system_fail(s, FILES, "/proc/kcore", errnums[i]);
		assert_int_equal(lookup(s, 0x200, 1), 0);
		assert_int_equal(why.code, SAFEVMA_E_SYSTEM);
		assert_int_equal(why.errnum, errnums[i]);
		done(s);
	}
}

static void put(size_t at, uint64_t v)
{
	memcpy(core + at, &v, sizeof(v));
}

#define PHDR(i, member)                                                                            \
	(sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, member))

static void headers(void **state)
{
	struct system *s = core_system();

	(void)state;
	system_find(s, FILES, "/proc/kcore")->len = 63;
	assert_refused(
		lookup(s, 0x200, 1), SAFEVMA_E_FORMAT, "expected 64 bytes at offset 0x0, got 63");
	system_find(s, FILES, "/proc/kcore")->len = 100;
	assert_refused(
		lookup(s, 0x200, 1), SAFEVMA_E_FORMAT, "expected 168 bytes at offset 0x40, got 36");
	system_find(s, FILES, "/proc/kcore")->len = sizeof(core);
	core[0] = 0;
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT,
		"expected the magic number of ELF, got 0x464c4500");
	core_make();
	put(PHDR(2, p_memsz), UINT64_MAX);
	assert_int_equal(lookup(s, 0x200, 1), 0);
	assert_int_equal(why.code, SAFEVMA_E_FORMAT);
	done(s);
}

static void notes(void **state)
{
	struct system *s = core_system();

	(void)state;
	put(PHDR(0, p_filesz), 0);
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT,
		"expected notes of 1 byte to 1 MiB, got 0 bytes");
	put(PHDR(0, p_filesz), (1 << 20) + 1);
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT,
		"expected notes of 1 byte to 1 MiB, got 1048577 bytes");
	put(PHDR(0, p_filesz), 100);
	put(PHDR(0, p_offset), sizeof(core) - 50);
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT,
		"expected 100 bytes at offset 0x400fce, got 50");
	core_make();
	core[CORE_NOTE + 12] = 'X';
	assert_int_equal(lookup(s, 0x200, 1), 0);
	assert_non_null(strstr(why.message, "a note named VMCOREINFO"));
	core_make();
	memcpy(core + CORE_NOTE + 24 + 19, "pagesize", 8);
	memcpy(memmem(core, 4096, "phys_base)=0", 12), "phys_base)=x", 12);
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_FORMAT,
		"expected a number after '=', got 'NUMBER(phys_base)=x'");
	memcpy(memmem(core, 4096, "phys_base)=x", 12), "phys_bass)=0", 12);
	assert_int_equal(lookup(s, 0x200, 1), 0);
	assert_non_null(strstr(why.message, "expected NUMBER(phys_base) in VMCOREINFO"));
	done(s);
}

static void another_machine(void **state)
{
	struct system *s = core_system();

	(void)state;
	snprintf(s->capture.obs->host.machine, sizeof(s->capture.obs->host.machine), "s390x");
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_UNSUPPORTED,
		"the page tables of 's390x' are not known here");
	done(s);
}

/* The kernel computes offsets anew at each read: with other segments they are others. */
static void memory_added_meanwhile(void **state)
{
	static unsigned char later[sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr)];
	struct system *s = core_system();
	struct answer *a = system_find(s, FILES, "/proc/kcore");

	(void)state;
	memcpy(later, core, sizeof(later));
	later[PHDR(2, p_memsz) + 3] ^= 1;
	a->later = later;
	a->later_len = sizeof(later);
	assert_refused(lookup(s, 0x200, 1), SAFEVMA_E_CHANGED,
		"memory was added or removed while the kernel's page tables were read");
	done(s);
}

static void tables_outside_of_ram(void **state)
{
	struct system *s = core_system();

	(void)state;
	core_entry(0x102000, 1, CORE_RAM | 0x63);
	assert_int_equal(lookup(s, 0x200, 1), 1);
	assert_alias(0x200, SV_ALIAS_UNKNOWN);
	assert_int_equal(map.linear.ptr[0].why, SV_ALIAS_WHY_UNREAD);
	done(s);
}

static void memory_is_out(void **state)
{
	static const struct {
		int op;
		const char *path;
	} cases[] = { { FILES, "/proc/kcore" }, { SV_OP_NOTE, "frame.t.before" },
		{ SV_OP_NOTE, "frame.t.after" } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = with_own_frame("pfn 528\n", "pfn 528\n");

		system_fail(s, cases[i].op, cases[i].path, ENOMEM);
		assert_int_equal(lookup(s, 0x200, 1), -1);
		assert_int_equal(err.code, SAFEVMA_E_NOMEM);
		done(s);
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void the_whole(void **state)
{
	struct sv_kernel_view view = { 0 };
	struct system *s = core_system();

	(void)state;
	for (int again = 0; again < 2; again++) { /* the second takes the first one's place */
		assert_int_equal(sv_capture_whole_kernel(&s->capture, "t", &view, &why, &err), 1);
		assert_true(view.known);
		assert_string_equal(view.source, "kcore");
		assert_int_equal(view.map.linear.len, 2); /* by the size of their entries */
		assert_int_equal(view.map.linear.ptr[1].frames, 0x200);
		assert_int_equal(view.kcore.segments.len, 2);
		assert_int_equal(view.pg.levels, 4);
	}
	system_fail(s, FILES, "/proc/kcore", EPERM);
	assert_int_equal(sv_capture_whole_kernel(&s->capture, "t", &view, &why, &err), 0);
	assert_int_equal(view.map.linear.len, 2);
	sv_kernelmap_fini(&view.map);
	sv_kcore_fini(&view.kcore);
	done(s);
}

static void the_distance(void **state)
{
	struct system *s = core_system();
	uint64_t delta = 7;

	(void)state;
	assert_int_equal(sv_capture_delta(&s->capture, "t", &delta, &err), 1);
	assert_int_equal(delta, CORE_DELTA);
	system_fail(s, FILES, "/proc/kcore", EPERM);
	delta = 7;
	assert_int_equal(sv_capture_delta(&s->capture, "t", &delta, &err), 0);
	assert_int_equal(delta, 7);
	done(s);
}

static int bytes_at(struct system *s, uint64_t vaddr, char *buf, size_t len)
{
	return sv_capture_kernel_bytes(&s->capture, vaddr, buf, len, "t", &why, &err);
}

static void bytes_at_a_kernel_address(void **state)
{
	struct system *s = core_system();
	char buf[8] = "";

	(void)state;
	memcpy(core + CORE_START + 0x1ffffc, "a marker", 8);
	assert_int_equal(bytes_at(s, CORE_DELTA + 0x1ffffc, buf, 8), 1);
	assert_memory_equal(buf, "a marker", 8);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(bytes_at(s, CORE_TEXT + 0x1ffffc, buf, 4), 1);
	assert_memory_equal(buf, "a ma", 4);
	assert_refused(bytes_at(s, CORE_TEXT + 0x1ffffc, buf, 5), SAFEVMA_E_UNSUPPORTED,
		"no segment of it covers the address 0xffffffff801ffffc");
	assert_refused(bytes_at(s, 0, buf, 1), SAFEVMA_E_UNSUPPORTED,
		"no segment of it covers the address 0x0");
	done(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look),
		cmocka_unit_test(our_own_page),
		cmocka_unit_test(our_own_page_misread),
		cmocka_unit_test(our_own_page_moved),
		cmocka_unit_test(our_own_page_elsewhere),
		cmocka_unit_test(closed),
		cmocka_unit_test(headers),
		cmocka_unit_test(notes),
		cmocka_unit_test(another_machine),
		cmocka_unit_test(memory_added_meanwhile),
		cmocka_unit_test(tables_outside_of_ram),
		cmocka_unit_test(memory_is_out),
		cmocka_unit_test(the_whole),
		cmocka_unit_test(the_distance),
		cmocka_unit_test(bytes_at_a_kernel_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
