// SPDX-License-Identifier: LGPL-2.1-or-later
/* What differs between two looks at a process. */
#include "memory.h"

#include "model/delta.h"

enum { MOST = 100 };

static struct {
	struct sv_change list[MOST];
	char paths[MOST][64];
	size_t len;
	size_t fail_at; /* 0: never */
} told;

static int tell(void *arg, const struct sv_change *change, struct sv_span path)
{
	(void)arg;
	assert_true(told.len < MOST);
	snprintf(told.paths[told.len], sizeof(told.paths[0]), "%.*s", (int)path.len,
		path.ptr ? path.ptr : "");
	told.list[told.len++] = *change;
	return told.fail_at && told.len == told.fail_at ? -1 : 0;
}

static safevma_observation *before, *after;

static int begin(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	before = memory_new();
	after = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	safevma_observation_free(before);
	safevma_observation_free(after);
	return 0;
}

/* The second look begins: frames of the first are forgotten, what it knows of them is not. */
static void next_look(void)
{
	after = memory_new();
}

static struct sv_vma *add(
	safevma_observation *obs, uint64_t first, uint64_t n, unsigned int perms, const char *path)
{
	struct sv_vma *v = memory_vma(obs, first, n);

	v->perms = perms;
	v->path = sv_span_of(path);
	v->kind = sv_vma_classify(v);
	return v;
}

static int compare(int (*fn)(const struct sv_delta *))
{
	struct sv_delta d = {
		.before = memory_process(before), .after = memory_process(after), .emit = tell
	};

	return fn(&d);
}

static void expect(size_t i, enum sv_change_kind kind, uint64_t first, uint64_t end_page)
{
	assert_true(i < told.len);
	assert_string_equal(sv_change_info(told.list[i].kind)->name, sv_change_info(kind)->name);
	assert_int_equal(told.list[i].start, AT(first));
	assert_int_equal(told.list[i].end, AT(end_page));
}

#define RW (SV_PERM_READ | SV_PERM_WRITE)

/* ---- VMAs ------------------------------------------------------------------------------------ */

static void nothing_changed(void **state)
{
	(void)state;
	add(before, 0, 4, RW, "");
	add(before, 4, 2, SV_PERM_READ, "/lib/a");
	next_look();
	add(after, 0, 4, RW, "");
	add(after, 4, 2, SV_PERM_READ, "/lib/a");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 0);
}

static void from_and_to_nothing(void **state)
{
	(void)state;
	next_look();
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 0);
	add(after, 3, 2, RW, "/a");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_VMA_ADDED, 3, 5);
	assert_string_equal(told.paths[0], "/a");
	assert_int_equal(told.list[0].after.value, 2 * PAGE);
}

static void added_and_removed(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	add(before, 10, 2, RW, "/gone");
	next_look();
	add(after, 0, 2, RW, "");
	add(after, 20, 3, SV_PERM_READ, "/new");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 2);
	expect(0, SV_CHANGE_VMA_REMOVED, 10, 12);
	assert_string_equal(told.paths[0], "/gone");
	assert_int_equal(told.list[0].before.value, 2 * PAGE);
	assert_int_equal(told.list[0].after.value, 0);
	expect(1, SV_CHANGE_VMA_ADDED, 20, 23);
}

/* Neighbours with other permissions are no part of what grew. */
static void heap_and_stack(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "[heap]");
	add(before, 20, 4, RW, "[stack]");
	next_look();
	add(after, 0, 5, RW, "[heap]");
	add(after, 18, 6, RW, "[stack]");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 2);
	expect(0, SV_CHANGE_HEAP_GREW, 2, 5);
	assert_int_equal(told.list[0].before.value, 2 * PAGE);
	assert_int_equal(told.list[0].after.value, 5 * PAGE);
	expect(1, SV_CHANGE_STACK_GREW, 18, 20);
	assert_int_equal(told.list[1].before.value, 4 * PAGE);
	assert_int_equal(told.list[1].after.value, 6 * PAGE);
}

static void shrank(void **state)
{
	(void)state;
	add(before, 0, 5, RW, "[heap]");
	add(before, 20, 6, RW, "");
	next_look();
	add(after, 0, 2, RW, "[heap]");
	add(after, 20, 2, RW, "");
	add(after, 24, 2, RW, "");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 2);
	expect(0, SV_CHANGE_HEAP_SHRANK, 2, 5);
	expect(1, SV_CHANGE_VMA_SHRANK, 22, 24);
}

static void permissions_of_a_part(void **state)
{
	(void)state;
	add(before, 0, 6, RW, "");
	next_look();
	add(after, 0, 2, RW, "");
	add(after, 2, 1, SV_PERM_READ, "");
	add(after, 3, 3, RW, "");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_VMA_REPROTECTED, 2, 3);
	assert_int_equal(told.list[0].before.value, RW);
	assert_int_equal(told.list[0].after.value, SV_PERM_READ);
}

/* Two VMAs that lie side by side and change alike are one stretch. */
static void permissions_across_a_border(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	add(before, 2, 2, RW, "");
	next_look();
	add(after, 0, 4, SV_PERM_READ, "");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_VMA_REPROTECTED, 0, 4);
}

static void another_file(void **state)
{
	(void)state;
	add(before, 0, 2, SV_PERM_READ, "/lib/a")->inode = 1;
	add(before, 2, 2, SV_PERM_READ, "/lib/b")->inode = 2;
	next_look();
	add(after, 0, 2, SV_PERM_READ, "/lib/c")->inode = 3;
	add(after, 2, 2, SV_PERM_READ, "/lib/b")->inode = 2;
	memory_process(after)->vmas.ptr[1].offset = PAGE; /* another part of the same file */
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_VMA_REPLACED, 0, 4);
}

/* mlock of a part: the pieces are as before, but for flags that maps does not show. */
static void split_and_merged(void **state)
{
	(void)state;
	add(before, 0, 4, RW, "");
	add(before, 10, 2, RW, "");
	add(before, 12, 2, RW, "");
	next_look();
	add(after, 0, 3, RW, "");
	add(after, 3, 1, RW, "");
	add(after, 10, 4, RW, "");
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 2);
	expect(0, SV_CHANGE_VMA_SPLIT, 3, 4);
	expect(1, SV_CHANGE_VMA_MERGED, 10, 14);
}

static void end_of_the_address_space(void **state)
{
	struct sv_vma *v;

	(void)state;
	next_look();
	v = add(after, 0, 1, SV_PERM_EXEC, "[vsyscall]");
	v->start = UINT64_C(0xffffffffff600000);
	v->end = UINT64_C(0xffffffffff601000);
	assert_int_equal(compare(sv_delta_vmas), 0);
	assert_int_equal(told.len, 1);
	assert_int_equal(told.list[0].start, v->start);
}

static void telling_fails(void **state)
{
	(void)state;
	add(before, 0, 1, RW, "/a");
	add(before, 4, 1, RW, "/b");
	next_look();
	told.fail_at = 1;
	assert_int_equal(compare(sv_delta_vmas), -1);
	assert_int_equal(told.len, 1);
}

/* ---- pages ----------------------------------------------------------------------------------- */

#define LOCKED_FLAGS (ANON_FLAGS | SV_KPF_MLOCKED)

static void page(safevma_observation *obs, uint64_t n, uint64_t pfn, uint64_t flags)
{
	memory_page(obs, n, ALONE(pfn));
	memory_frame(obs, pfn, flags);
}

static void locked_pages_that_moved(void **state)
{
	(void)state;
	add(before, 0, 6, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	for (uint64_t i = 0; i < 4; i++)
		page(before, i, 100 + i, LOCKED_FLAGS);
	next_look();
	add(after, 0, 6, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	page(after, 0, 200, LOCKED_FLAGS);
	page(after, 1, 201, LOCKED_FLAGS);
	page(after, 2, 300, LOCKED_FLAGS);
	page(after, 3, 103, LOCKED_FLAGS);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 2);
	expect(0, SV_CHANGE_PAGE_MOVED, 0, 2);
	assert_int_equal(told.list[0].pages.value, 2);
	assert_int_equal(told.list[0].before.value, 100);
	assert_int_equal(told.list[0].after.value, 200);
	expect(1, SV_CHANGE_PAGE_MOVED, 2, 3);
	assert_int_equal(told.list[1].before.value, 102);
	assert_int_equal(told.list[1].after.value, 300);
}

/* Nobody promised that they stay. */
static void other_pages_that_moved(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	page(before, 0, 100, ANON_FLAGS);
	page(before, 1, 101, LOCKED_FLAGS); /* locked by its frame, whatever the flags say */
	next_look();
	add(after, 0, 2, RW, "");
	page(after, 0, 200, ANON_FLAGS);
	page(after, 1, 201, LOCKED_FLAGS);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_PAGE_MOVED, 1, 2);
}

static void came_and_went(void **state)
{
	(void)state;
	add(before, 0, 8, RW, "");
	page(before, 0, 100, ANON_FLAGS);
	page(before, 1, 101, ANON_FLAGS);
	memory_page(before, 5, SWAPPED(0));
	next_look();
	add(after, 0, 8, RW, "");
	memory_page(after, 1, SWAPPED(0));
	page(after, 3, 300, ANON_FLAGS);
	page(after, 4, 500, ANON_FLAGS);
	page(after, 5, 301, ANON_FLAGS);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 3);
	expect(0, SV_CHANGE_PAGE_LOST, 0, 1);
	assert_string_equal(told.list[0].word, "absent");
	expect(1, SV_CHANGE_PAGE_LOST, 1, 2);
	assert_string_equal(told.list[1].word, "swap or migration");
	expect(2, SV_CHANGE_PAGE_ADDED, 3, 6);
	assert_int_equal(told.list[2].pages.value, 3);
	assert_false(told.list[2].before.known);
	assert_int_equal(told.list[2].after.value, 300);
}

static void shared_since(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	add(before, 4, 1, RW | SV_PERM_SHARED, "/dev/zero");
	memory_page(before, 0, ALONE(100));
	next_look();
	add(after, 0, 2, RW, "");
	add(after, 4, 1, RW | SV_PERM_SHARED, "/dev/zero");
	memory_page(after, 0, PRESENT(100));
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_COW_PENDING, 0, 1);
	/* A page that was shared and now has another frame was copied. */
	memory_process(before)->vmas.ptr[0].flags = sv_known(SV_VMFLAG_LOCKED);
	sv_pages_set(&memory_process(before)->pages, 0, PRESENT(99), false);
	told.len = 0;
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_PAGE_MOVED, 0, 1);
	assert_string_equal(told.list[0].word, "copied on write");
}

/* The page of zeros gives way to one of its own at the first write, and did not move. */
static void first_write(void **state)
{
	(void)state;
	add(before, 0, 1, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	memory_page(before, 0, PRESENT(7));
	memory_frame(before, 7, SV_KPF_ZERO);
	next_look();
	add(after, 0, 1, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	page(after, 0, 200, LOCKED_FLAGS);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 1);
	expect(0, SV_CHANGE_PAGE_ADDED, 0, 1);
	assert_string_equal(told.list[0].word, "was the zero page");
}

static void locks_and_neighbours(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	page(before, 0, 100, LOCKED_FLAGS);
	page(before, 1, 200, ANON_FLAGS);
	memory_frame(before, 199, SV_KPF_BUDDY);
	memory_frame(before, 201, SV_KPF_SLAB);
	next_look();
	add(after, 0, 2, RW, "");
	page(after, 0, 100, ANON_FLAGS);
	page(after, 1, 200, ANON_FLAGS);
	memory_frame(after, 199, SV_KPF_SLAB);
	memory_frame(after, 201, SV_KPF_SLAB);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 2);
	for (size_t i = 0; i < told.len; i++)
		if (told.list[i].kind == SV_CHANGE_NEIGHBOUR) {
			expect(i, SV_CHANGE_NEIGHBOUR, 1, 2);
			assert_string_equal(told.list[i].word, "below");
			assert_int_equal(told.list[i].before.value, SV_CLASS_FREE);
			assert_int_equal(told.list[i].after.value, SV_CLASS_SLAB);
		} else {
			expect(i, SV_CHANGE_LOCK_LOST, 0, 1);
		}
	/* Frames of a page that changed while they were looked up are not the page's. */
	told.len = 0;
	memory_changed(after, 0, true);
	memory_changed(after, 1, true);
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 0);
}

/* No number is no frame 0, and no move. */
static void hidden_numbers(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	memory_page(before, 0, ALONE(0));
	memory_page(before, 1, ALONE(50));
	next_look();
	add(after, 0, 2, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	memory_page(after, 0, ALONE(70));
	memory_page(after, 1, ALONE(0));
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 0);
}

/* Where one look could not read the pages nothing is said of them. */
static void not_read(void **state)
{
	(void)state;
	add(before, 0, 2, RW, "");
	page(before, 0, 100, ANON_FLAGS);
	next_look();
	add(after, 0, 2, RW, "")->pages_read = false;
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 0);
	/* Nor of addresses where something else lies now. */
	memory_process(after)->vmas.ptr[0].pages_read = true;
	memory_process(after)->vmas.ptr[0].inode = 5;
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, 0);
}

static void many_runs_become_one(void **state)
{
	uint64_t sum = 0;

	(void)state;
	add(before, 0, 200, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	for (uint64_t i = 0; i < 80; i++)
		memory_page(before, 2 * i, ALONE(1000 + i));
	next_look();
	add(after, 0, 200, RW, "")->flags = sv_known(SV_VMFLAG_LOCKED);
	for (uint64_t i = 0; i < 80; i++)
		memory_page(after, 2 * i, ALONE(3000 + i));
	assert_int_equal(compare(sv_delta_pages), 0);
	assert_int_equal(told.len, SV_DELTA_RUNS + 1);
	for (size_t i = 0; i < told.len; i++)
		sum += told.list[i].pages.value;
	assert_int_equal(sum, 80);
	assert_true(told.list[SV_DELTA_RUNS].more);
	assert_int_equal(told.list[SV_DELTA_RUNS].end, AT(159));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_changed),
		TEST(from_and_to_nothing),
		TEST(added_and_removed),
		TEST(heap_and_stack),
		TEST(shrank),
		TEST(permissions_of_a_part),
		TEST(permissions_across_a_border),
		TEST(another_file),
		TEST(split_and_merged),
		TEST(end_of_the_address_space),
		TEST(telling_fails),
		TEST(locked_pages_that_moved),
		TEST(other_pages_that_moved),
		TEST(came_and_went),
		TEST(shared_since),
		TEST(first_write),
		TEST(locks_and_neighbours),
		TEST(hidden_numbers),
		TEST(not_read),
		TEST(many_runs_become_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
