// SPDX-License-Identifier: LGPL-2.1-or-later
/* An address space that events change, and why a page of it faults. */
#include "memory.h"

#include "capture/space.h"

static struct sv_area area(uint64_t first, uint64_t behind, uint32_t path)
{
	return (struct sv_area) { .start = AT(first),
		.end = AT(behind),
		.perms = SV_PERM_READ | SV_PERM_WRITE,
		.path = path };
}

static void put(struct sv_space *s, uint64_t first, uint64_t behind, uint32_t path)
{
	struct sv_area a = area(first, behind, path);

	assert_int_equal(sv_space_put(s, &a), 0);
}

static void fill(struct sv_space *s, const struct sv_area *areas, size_t n)
{
	struct sv_areas all = { .len = n, .cap = n };

	all.ptr = malloc((n + 1) * sizeof(*areas));
	assert_non_null(all.ptr);
	for (size_t i = 0; i < n; i++)
		all.ptr[i] = areas[i];
	assert_int_equal(sv_space_fill(s, &all), 0);
	free(all.ptr);
}

/* "0-2:1 4-5:2": pages and path of all areas, which are in order and apart. */
static void assert_areas(const struct sv_space *s, const char *expected)
{
	char got[512] = "", one[64];
	uint64_t end = 0;

	for (size_t i = 0; i < s->areas.len; i++) {
		const struct sv_area *a = &s->areas.ptr[i];

		assert_true(a->start >= end && a->end > a->start);
		end = a->end;
		snprintf(one, sizeof(one), "%s%llu-%llu:%u", i ? " " : "",
			(unsigned long long)((a->start - AT(0)) / PAGE),
			(unsigned long long)((a->end - AT(0)) / PAGE), a->path);
		strcat(got, one);
	}
	assert_string_equal(got, expected);
}

/* ---- areas ----------------------------------------------------------------------------------- */

static void put_over_inside_across(void **state)
{
	static const struct {
		uint64_t first, behind;
		const char *expected;
	} cases[] = {
		{ 0, 1, "0-1:9 2-4:1 6-8:2" }, /* apart */
		{ 8, 9, "2-4:1 6-8:2 8-9:9" }, /* behind, touching */
		{ 4, 6, "2-4:1 4-6:9 6-8:2" }, /* just between */
		{ 2, 4, "2-4:9 6-8:2" },       /* over one, exactly */
		{ 1, 5, "1-5:9 6-8:2" },       /* over one, and more */
		{ 0, 9, "0-9:9" },	       /* over all */
		{ 3, 4, "2-3:1 3-4:9 6-8:2" }, /* the end of one */
		{ 2, 3, "2-3:9 3-4:1 6-8:2" }, /* its beginning */
		{ 3, 7, "2-3:1 3-7:9 7-8:2" }, /* across two */
		{ 1, 7, "1-7:9 7-8:2" },       /* over one, into the next */
		{ 3, 9, "2-3:1 3-9:9" },       /* out of one, over the next */
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_space s = { .pid = 42 };

		put(&s, 2, 4, 1);
		put(&s, 6, 8, 2);
		put(&s, cases[i].first, cases[i].behind, 9);
		assert_areas(&s, cases[i].expected);
		sv_space_fini(&s);
	}
}

/* In the middle of one: two are left of it, and each knows where in the file it begins. */
static void put_inside_keeps_both_ends(void **state)
{
	struct sv_space s = { .pid = 42 };
	struct sv_area file = area(0, 9, 1);

	(void)state;
	file.inode = 7;
	file.offset = 3 * PAGE;
	assert_int_equal(sv_space_put(&s, &file), 0);
	put(&s, 4, 5, 2);
	assert_areas(&s, "0-4:1 4-5:2 5-9:1");
	assert_int_equal(s.areas.ptr[0].offset, 3 * PAGE);
	assert_int_equal(s.areas.ptr[2].offset, 8 * PAGE);
	sv_space_fini(&s);
}

static void find(void **state)
{
	struct sv_space s = { .pid = 42 };

	(void)state;
	assert_null(sv_space_find(&s, AT(0)));
	put(&s, 2, 4, 1);
	put(&s, 4, 5, 2);
	put(&s, 7, 8, 3);
	assert_null(sv_space_find(&s, AT(2) - 1));
	assert_int_equal(sv_space_find(&s, AT(2))->path, 1);
	assert_int_equal(sv_space_find(&s, AT(4) - 1)->path, 1);
	assert_int_equal(sv_space_find(&s, AT(4))->path, 2);
	assert_null(sv_space_find(&s, AT(5)));
	assert_int_equal(sv_space_find(&s, AT(8) - 1)->path, 3);
	assert_null(sv_space_find(&s, AT(8)));
	assert_null(sv_space_find(&s, UINT64_MAX));
	sv_space_fini(&s);
}

/* What is known stays; what is read now goes where nothing is known. */
static void fill_keeps_what_is_known(void **state)
{
	const struct sv_area read[] = { area(0, 1, 11), area(3, 10, 12), area(10, 11, 13),
		area(12, 20, 14) };
	struct sv_space s = { .pid = 42 }, empty = { .pid = 43 };

	(void)state;
	put(&s, 2, 4, 1);
	put(&s, 6, 7, 2);
	put(&s, 9, 13, 3); /* across three of those that are read */
	put(&s, 30, 31, 4);
	fill(&s, read, sv_array_size(read));
	assert_areas(&s, "0-1:11 2-4:1 4-6:12 6-7:2 7-9:12 9-13:3 13-20:14 30-31:4");
	fill(&s, read, sv_array_size(read)); /* again: the same */
	assert_areas(&s, "0-1:11 2-4:1 4-6:12 6-7:2 7-9:12 9-13:3 13-20:14 30-31:4");
	fill(&s, NULL, 0);
	assert_int_equal(s.areas.len, 8);
	fill(&empty, read, sv_array_size(read));
	assert_areas(&empty, "0-1:11 3-10:12 10-11:13 12-20:14");
	sv_space_fini(&s);
	sv_space_fini(&empty);
}

static void fill_moves_offsets(void **state)
{
	struct sv_space s = { .pid = 42 };
	struct sv_area file = area(0, 9, 5);

	(void)state;
	file.inode = 7;
	file.offset = PAGE;
	put(&s, 2, 3, 1);
	fill(&s, &file, 1);
	assert_areas(&s, "0-2:5 2-3:1 3-9:5");
	assert_int_equal(s.areas.ptr[0].offset, PAGE);
	assert_int_equal(s.areas.ptr[2].offset, 4 * PAGE);
	sv_space_fini(&s);
}

/* Against a table with an entry for each page: whatever is put and filled, in any order. */
static void as_a_table_of_pages_would_be(void **state)
{
	enum { PAGES = 40 };
	uint64_t seed = 0x5eed;

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		struct sv_space s = { .pid = 42 };
		uint32_t table[PAGES] = { 0 };

		for (uint32_t step = 1; step < 20; step++) {
			uint64_t first = next_random(&seed) % (PAGES - 1);
			uint64_t n = 1 + next_random(&seed) % (PAGES - first - 1);
			struct sv_area a = area(first, first + n, step);
			bool filled = next_random(&seed) % 3 == 0;

			if (filled)
				fill(&s, &a, 1);
			else
				put(&s, first, first + n, step);
			for (uint64_t i = first; i < first + n; i++)
				table[i] = filled && table[i] ? table[i] : step;
			for (uint64_t i = 0; i < PAGES; i++) {
				const struct sv_area *found = sv_space_find(&s, AT(i) + 5);

				assert_int_equal(found ? found->path : 0, table[i]);
			}
		}
		sv_space_fini(&s);
	}
}

/* ---- causes ---------------------------------------------------------------------------------- */

static enum sv_fault_cause cause(struct sv_space *s, const struct sv_area *a, uint64_t addr)
{
	enum sv_fault_cause ret;

	assert_int_equal(sv_space_cause(s, a, addr, PAGE, &ret), 0);
	return ret;
}

/* Pages 0 and 1 were there, 2 was swapped out, the others were not. */
static safevma_observation *before(struct sv_space *s)
{
	safevma_observation *obs = memory_new();

	memory_vma(obs, 0, 10);
	memory_page(obs, 0, ALONE(100));
	memory_page(obs, 1, PRESENT(101));
	memory_page(obs, 2, SWAPPED(1));
	*s = (struct sv_space) { .pid = 42, .before = memory_process(obs), .known = true };
	return obs;
}

static void what_was_not_there(void **state)
{
	struct sv_area anon = area(0, 10, 1), file = anon, shared = anon;
	struct sv_space s;
	safevma_observation *obs = before(&s);

	(void)state;
	file.inode = 7;
	shared.perms |= SV_PERM_SHARED;
	assert_int_equal(cause(&s, &anon, AT(5) + 17), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(cause(&s, &file, AT(6)), SV_CAUSE_FILE);
	assert_int_equal(cause(&s, &shared, AT(7)), SV_CAUSE_FILE);
	assert_int_equal(cause(&s, &anon, AT(2)), SV_CAUSE_FIRST_TOUCH); /* swapped: not there */
	sv_space_fini(&s);
	safevma_observation_free(obs);
}

static void what_was_there(void **state)
{
	struct sv_area anon = area(0, 10, 1), code = anon;
	struct sv_space s;
	safevma_observation *obs = before(&s);

	(void)state;
	assert_int_equal(cause(&s, &anon, AT(1) - 1), SV_CAUSE_WRITE);
	code.perms = SV_PERM_READ | SV_PERM_EXEC; /* nobody may write: it went away */
	code.inode = 7;
	assert_int_equal(cause(&s, &code, AT(1)), SV_CAUSE_FILE);
	sv_space_fini(&s);
	safevma_observation_free(obs);
}

static void again(void **state)
{
	struct sv_area anon = area(0, 10, 1);
	struct sv_space s;
	safevma_observation *obs = before(&s);

	(void)state;
	assert_int_equal(cause(&s, &anon, AT(0)), SV_CAUSE_WRITE);
	assert_int_equal(cause(&s, &anon, AT(0) + 4095), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&s, &anon, AT(5)), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(cause(&s, &anon, AT(5)), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&s, NULL, AT(5)), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&s, &anon, 0), SV_CAUSE_FIRST_TOUCH); /* page 0 is a page */
	assert_int_equal(cause(&s, &anon, 1), SV_CAUSE_AGAIN);
	sv_space_fini(&s);
	safevma_observation_free(obs);
}

static void what_is_not_known(void **state)
{
	struct sv_area anon = area(0, 10, 1);
	struct sv_space s;
	safevma_observation *obs = before(&s);

	(void)state;
	assert_int_equal(cause(&s, NULL, AT(5)), SV_CAUSE_UNKNOWN); /* of no known mapping */
	s.known = false;					    /* pages could not be read */
	assert_int_equal(cause(&s, &anon, AT(0)), SV_CAUSE_UNKNOWN);
	assert_int_equal(cause(&s, &anon, AT(6)), SV_CAUSE_UNKNOWN);
	assert_int_equal(cause(&s, &anon, AT(6)), SV_CAUSE_AGAIN);
	sv_space_fini(&s);
	safevma_observation_free(obs);
}

/* So many pages, none of them twice: none is again, and all are when they come once more. */
static void many_pages(void **state)
{
	enum { PAGES = 5000 };
	struct sv_area all = { .end = UINT64_MAX, .perms = SV_PERM_READ | SV_PERM_WRITE };
	struct sv_space s = { .pid = 42, .known = true };

	(void)state;
	for (uint64_t i = 0; i < PAGES; i++)
		assert_int_equal(cause(&s, &all, i * 512 * PAGE), SV_CAUSE_FIRST_TOUCH);
	for (uint64_t i = 0; i < PAGES; i++)
		assert_int_equal(cause(&s, &all, i * 512 * PAGE), SV_CAUSE_AGAIN);
	sv_space_fini(&s);
}

/* When no more are remembered what is new is unknown, not a first touch. */
static void more_pages_than_are_remembered(void **state)
{
	struct sv_area all = { .end = UINT64_MAX, .perms = SV_PERM_READ | SV_PERM_WRITE };
	struct sv_space s = { .pid = 42, .known = true };
	uint64_t i = 0;

	(void)state;
	while (!s.set_full && i < 1 << 21)
		cause(&s, &all, i++ * PAGE);
	assert_true(s.set_full);
	assert_int_equal(cause(&s, &all, 0), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&s, &all, i * PAGE), SV_CAUSE_UNKNOWN);
	assert_int_equal(cause(&s, &all, i * PAGE), SV_CAUSE_UNKNOWN);
	sv_space_fini(&s);
}

/* ---- fork and exec --------------------------------------------------------------------------- */

/* Private pages of the parent wait for a copy; those of files and shared memory come anew. */
static void a_child(void **state)
{
	struct sv_area anon = area(0, 10, 1), shared = anon;
	struct sv_space parent, child = { .pid = 50 };
	safevma_observation *obs = before(&parent);

	(void)state;
	shared.perms |= SV_PERM_SHARED;
	put(&parent, 0, 10, 1);
	parent.comm = 5;
	assert_int_equal(cause(&parent, &anon, AT(5)), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(sv_space_copy(&child, &parent), 0);
	assert_areas(&child, "0-10:1");
	assert_int_equal(child.comm, 5);
	assert_int_equal(cause(&child, &anon, AT(0)), SV_CAUSE_WRITE);
	assert_int_equal(cause(&child, &shared, AT(1)), SV_CAUSE_FILE);
	assert_int_equal(cause(&child, &anon, AT(5)), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&child, &anon, AT(6)), SV_CAUSE_FIRST_TOUCH);
	/* The parent's does not follow. */
	assert_int_equal(cause(&parent, &anon, AT(6)), SV_CAUSE_FIRST_TOUCH);
	put(&child, 2, 3, 9);
	assert_areas(&parent, "0-10:1");
	/* Shared, and the parent has it still: it waits for the write. */
	assert_int_equal(cause(&parent, &shared, AT(1)), SV_CAUSE_WRITE);
	sv_space_fini(&child);
	sv_space_fini(&parent);
	safevma_observation_free(obs);
}

/* The number of a process that ended: nothing of that one is left. */
static void a_child_with_a_number_that_comes_again(void **state)
{
	struct sv_area anon = area(0, 99, 1);
	struct sv_space parent, child = { .pid = 50, .known = true };
	safevma_observation *obs = before(&parent);

	(void)state;
	put(&child, 4, 6, 7);
	put(&child, 20, 30, 8);
	assert_int_equal(cause(&child, &anon, AT(6)), SV_CAUSE_FIRST_TOUCH);
	child.gone = true;
	child.read_ns = 17;
	put(&parent, 0, 5, 1);
	put(&parent, 6, 10, 2);
	assert_int_equal(sv_space_copy(&child, &parent), 0);
	assert_areas(&child, "0-5:1 6-10:2");
	assert_false(child.gone); /* its maps can be read */
	assert_int_equal(child.read_ns, 0);
	assert_int_equal(cause(&child, &anon, AT(6)), SV_CAUSE_FIRST_TOUCH);
	/* With pages that both remember. */
	assert_int_equal(cause(&parent, &anon, AT(7)), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(sv_space_copy(&child, &parent), 0);
	assert_int_equal(cause(&child, &anon, AT(7)), SV_CAUSE_AGAIN);
	assert_int_equal(cause(&child, &anon, AT(6)), SV_CAUSE_FIRST_TOUCH);
	sv_space_fini(&child);
	sv_space_fini(&parent);
	safevma_observation_free(obs);
}

/* Another program: nothing was there, and that is known. */
static void another_program(void **state)
{
	struct sv_area anon = area(0, 10, 1);
	struct sv_space s;
	safevma_observation *obs = before(&s);

	(void)state;
	put(&s, 0, 10, 1);
	s.known = false;
	assert_int_equal(cause(&s, &anon, AT(5)), SV_CAUSE_UNKNOWN);
	sv_space_forget(&s);
	assert_areas(&s, "");
	assert_int_equal(cause(&s, &anon, AT(5)), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(cause(&s, &anon, AT(0)), SV_CAUSE_FIRST_TOUCH);
	assert_int_equal(cause(&s, &anon, AT(0)), SV_CAUSE_AGAIN);
	sv_space_fini(&s);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_over_inside_across),
		cmocka_unit_test(put_inside_keeps_both_ends),
		cmocka_unit_test(find),
		cmocka_unit_test(fill_keeps_what_is_known),
		cmocka_unit_test(fill_moves_offsets),
		cmocka_unit_test(as_a_table_of_pages_would_be),
		cmocka_unit_test(what_was_not_there),
		cmocka_unit_test(what_was_there),
		cmocka_unit_test(again),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(many_pages),
		cmocka_unit_test(more_pages_than_are_remembered),
		cmocka_unit_test(a_child),
		cmocka_unit_test(a_child_with_a_number_that_comes_again),
		cmocka_unit_test(another_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
