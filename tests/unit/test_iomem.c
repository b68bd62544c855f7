// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/iomem.h"

/* Counted with grep and read with tail. */
static const struct {
	const char *path;
	size_t levels[3], ram;
	uint64_t last_start, last_end;
	const char *last_name;
} cases[] = {
	{ "deb61cloud/iomem", { 16, 8, 0 }, 2, 0xfd00000000, 0xffffffffff, "Reserved" },
	{ "deb61arm64/iomem", { 7, 15, 0 }, 1, 0x8000000000, 0xffffffffff, "pcie@10000000" },
	{ "deb61-686pae/iomem", { 15, 9, 0 }, 2, 0x100000000, 0x17fffffff, "PCI Bus 0000:00" },
	{ "deb61-armmp-lpae/iomem", { 7, 5, 0 }, 1, 0x8000000000, 0xffffffffff, "pcie@10000000" },
	{ "deb612riscv/iomem", { 6, 13, 4 }, 1, 0x400000000, 0x7ffffffff, "pci@30000000" },
	{ "c72/iomem", { 7, 5, 0 }, 2, 0x0dc1b000, 0x0dc6cfff, "Kernel bss" },
};

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_text t = fixture(cases[i].path), again = t;
		size_t levels[3] = { 0 }, ram = 0;
		struct sv_iomem_range r;
		bool hidden = true;

		while (sv_iomem_next(&t, &r, NULL) == 1) {
			assert_true(r.level < 3);
			levels[r.level]++;
			ram += sv_span_is(r.name, "System RAM");
		}
		assert_int_equal(t.rest.len, 0);
		assert_memory_equal(levels, cases[i].levels, sizeof(levels));
		assert_int_equal(ram, cases[i].ram);
		assert_int_equal(r.start, cases[i].last_start);
		assert_int_equal(r.end, cases[i].last_end);
		assert_span(r.name, cases[i].last_name);
		assert_int_equal(sv_iomem_hidden(again, &hidden, NULL), 0);
		assert_false(hidden);
	}
}

static void hidden_addresses(void **state)
{
	struct sv_text t = TEXT("00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n"
				"  00000000-00000000 : Kernel code\n");
	struct sv_iomem_range r;
	bool hidden = false;

	(void)state;
	assert_int_equal(sv_iomem_hidden(t, &hidden, NULL), 0);
	assert_true(hidden);
	assert_int_equal(sv_iomem_next(&t, &r, NULL), 1);
	assert_int_equal(r.start + r.end, 0);
	assert_span(r.name, "Reserved");
}

static void one_address_is_enough(void **state)
{
	bool hidden = true;

	(void)state;
	assert_int_equal(sv_iomem_hidden(TEXT("00000000-00000000 : a\n00000000-00000001 : b"),
				 &hidden, NULL),
		0);
	assert_false(hidden);
}

static void names_are_any_bytes(void **state)
{
	struct sv_text t = TEXT("        0-ffffffffffffffff : a : b \xff (1)\n1-1 : \n");
	struct sv_iomem_range r;

	(void)state;
	assert_int_equal(sv_iomem_next(&t, &r, NULL), 1);
	assert_int_equal(r.level, 4);
	assert_int_equal(r.end, UINT64_MAX);
	assert_span(r.name, "a : b \xff (1)");
	assert_int_equal(sv_iomem_next(&t, &r, NULL), 1);
	assert_span(r.name, "");
	assert_int_equal(sv_iomem_next(&t, &r, NULL), 0);
}

static const char *const malformed[] = { "\n", "System RAM\n", "0-1\n", "0-1 :\n", "0-1 x : y\n",
	" 0-1 : y\n", "   0-1 : y\n", "\t0-1 : y\n", "2-1 : y\n", "-1 : y\n", "0- : y\n",
	"0x0-0x1 : y\n", "0-10000000000000000 : y\n" };

static void malformed_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		struct sv_text t = sv_text_init(malformed[i], strlen(malformed[i]), "test");
		struct sv_iomem_range r = { .level = 99 };
		struct safevma_error err = { 0 };
		bool hidden = true;

		assert_int_equal(sv_iomem_hidden(t, &hidden, &err), -1);
		assert_place(&err, 1, "'START-END : NAME' with START not above END");
		assert_true(hidden);
		assert_int_equal(sv_iomem_next(&t, &r, NULL), -1);
		assert_int_equal(r.level, 99);
	}
}

static void empty_is_neither_hidden_nor_shown(void **state)
{
	struct safevma_error err = { 0 };
	struct sv_text t = TEXT("");
	struct sv_iomem_range r;
	bool hidden;

	(void)state;
	assert_int_equal(sv_iomem_hidden(t, &hidden, &err), -1);
	assert_place(&err, 0, "a range of addresses");
	assert_int_equal(sv_iomem_next(&t, &r, NULL), 0);
}

static void read_all(struct sv_text text)
{
	struct sv_text t = text;
	struct sv_iomem_range r;
	bool hidden;
	int rc = sv_iomem_hidden(text, &hidden, NULL);

	assert_true(rc == 0 || rc == -1);
	while (sv_iomem_next(&t, &r, NULL) == 1) {
		assert_true(r.start <= r.end);
		assert_inside(text, r.name);
	}
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("deb612riscv/iomem"), 1000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(hidden_addresses),
		cmocka_unit_test(one_address_is_enough),
		cmocka_unit_test(names_are_any_bytes),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(empty_is_neither_hidden_nor_shown),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
