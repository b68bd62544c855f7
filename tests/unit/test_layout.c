// SPDX-License-Identifier: LGPL-2.1-or-later
/* Long tables: laid out as the library does it, in pieces, whatever their length. */
#include "memory.h"

#include <locale.h>

#include "report/layout.h"
#include "report/render.h"

static void add(struct sv_layout *l, const char *text, const char *color)
{
	assert_int_equal(sv_layout_cell(l, text, strlen(text), color), 0);
}

static char *printed(struct sv_layout *l)
{
	char *ret = NULL;
	size_t len;
	FILE *out = open_memstream(&ret, &len);

	assert_non_null(out);
	assert_int_equal(sv_layout_print(l, out), 0);
	fclose(out);
	return ret;
}

static void aligned(void **state)
{
	struct sv_layout l = { .columns = 3, .right = { false, true, false } };
	sv_auto_free char *got = NULL;

	(void)state;
	add(&l, "a", NULL);
	add(&l, "1", NULL);
	add(&l, "x", NULL);
	add(&l, "long", NULL);
	add(&l, "100", NULL);
	add(&l, "", NULL);
	assert_int_equal(sv_layout_lines(&l), 2);
	got = printed(&l);
	assert_string_equal(got, "a      1 x\nlong 100 \n");
	assert_int_equal(sv_layout_lines(&l), 0);
	sv_layout_fini(&l);
}

static void widths_only_grow(void **state)
{
	struct sv_layout l = { .columns = 2, .width = { 3, 0 } };
	sv_auto_free char *one = NULL, *two = NULL, *three = NULL;

	(void)state;
	add(&l, "a", NULL);
	add(&l, "b", NULL);
	one = printed(&l);
	assert_string_equal(one, "a   b\n");
	add(&l, "aaaaa", NULL);
	add(&l, "b", NULL);
	two = printed(&l);
	assert_string_equal(two, "aaaaa b\n");
	add(&l, "a", NULL);
	add(&l, "b", NULL);
	three = printed(&l);
	assert_string_equal(three, "a     b\n");
	sv_layout_fini(&l);
}

static void colour_covers_the_padding(void **state)
{
	struct sv_layout l = {
		.columns = 3, .width = { 3, 3, 3 }, .right = { false, true, false }
	};
	sv_auto_free char *got = NULL;

	(void)state;
	for (int i = 0; i < 3; i++)
		add(&l, "-", "\033[35m");
	got = printed(&l);
	assert_string_equal(got, "\033[35m-  \033[0m \033[35m  -\033[0m \033[35m-\033[0m\n");
	sv_layout_fini(&l);
}

static void places_on_the_screen(void **state)
{
	(void)state;
	assert_int_equal(sv_layout_width("", 0), 0);
	assert_int_equal(sv_layout_width("abc", 3), 3);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(sv_layout_width("\xc3\xa4", 2), 1);	 /* a letter of two bytes */
	assert_int_equal(sv_layout_width("\xe4\xb8\xad", 3), 2); /* a wide one */
	assert_int_equal(sv_layout_width("a\xcc\x88", 3), 1);	 /* a mark over the one before */
	assert_int_equal(sv_layout_width("\xff\xfe", 2), 2);	 /* none at all */
	assert_int_equal(sv_layout_width("a\xe4\xb8", 3), 3);	 /* cut off */
	setlocale(LC_CTYPE, "C");
}

/* ---- a whole report ------------------------------------------------------------------------- */

static char *report(size_t vmas, const struct safevma_report_options *o)
{
	safevma_observation *obs = memory_new();
	char *ret = NULL;
	size_t len;
	FILE *out = open_memstream(&ret, &len);

	assert_non_null(out);
	for (size_t i = 0; i < vmas; i++)
		memory_vma(obs, i * 4, 1 + i % 3);
	assert_int_equal(safevma_report_write(obs, safevma_table_find("maps"), o, out, NULL), 0);
	fclose(out);
	safevma_observation_free(obs);
	return ret;
}

/* Around the lengths where the ways part: the first lines are the same, and each is there once. */
static void the_same_on_both_sides_of_a_border(void **state)
{
	static const size_t lengths[] = { 999, 1000, 1001, 9999, 10000, 10001, 20001 };
	const struct safevma_report_options options[] = { { .no_headings = false },
		{ .no_headings = true }, { .color = true } };

	(void)state;
	for (size_t k = 0; k < sv_array_size(options); k++) {
		sv_auto_free char *few = report(900, &options[k]);
		size_t head = options[k].no_headings ? 0 : 2;

		for (size_t i = 0; i < sv_array_size(lengths); i++) {
			sv_auto_free char *many = report(lengths[i], &options[k]);
			const char *a = head ? strchr(few, '\n') : few;
			const char *b = head ? strchr(many, '\n') : many;
			size_t lines = 0;

			assert_memory_equal(a, b, strlen(a));
			for (const char *at = many; (at = strchr(at, '\n')); at++)
				lines++;
			assert_int_equal(lines, lengths[i] + head);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned),
		cmocka_unit_test(widths_only_grow),
		cmocka_unit_test(colour_covers_the_padding),
		cmocka_unit_test(places_on_the_screen),
		cmocka_unit_test(the_same_on_both_sides_of_a_border),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
