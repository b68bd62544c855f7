// SPDX-License-Identifier: LGPL-2.1-or-later
/* The log of faults: strings, sums by mapping and by process, what is kept and what is dropped. */
#include "memory.h"

#include "model/faultlog.h"

static struct sv_fault fault(pid_t pid, uint64_t first, uint64_t behind, uint64_t addr)
{
	return (struct sv_fault) { .pid = pid,
		.tid = pid,
		.kind = SV_FAULT_MINOR,
		.cause = SV_CAUSE_FIRST_TOUCH,
		.placed = true,
		.start = AT(first),
		.end = AT(behind),
		.perms = SV_PERM_READ,
		.path = SV_NO_STRING,
		.comm = SV_NO_STRING,
		.code = SV_NO_STRING,
		.addr = addr };
}

static void add(struct sv_faultlog *log, struct sv_fault f)
{
	assert_int_equal(sv_faultlog_add(log, &f, 1000), 0);
}

static void strings_are_numbered(void **state)
{
	struct sv_faultlog log = { 0 };
	uint32_t a, b, none;

	(void)state;
	a = sv_faultlog_string(&log, "libx.so", 7);
	b = sv_faultlog_string(&log, "libx.so and more", 8); /* not ended by a NUL */
	none = sv_faultlog_string(&log, "", 0);
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, none);
	assert_int_equal(sv_faultlog_string(&log, "libx.so", 7), a);
	assert_int_equal(sv_faultlog_string(&log, "", 0), none);
	assert_string_equal(log.strings.ptr[a], "libx.so");
	assert_string_equal(log.strings.ptr[b], "libx.so ");
	assert_int_equal(log.strings.len, 3);
	sv_faultlog_fini(&log);
}

static void names(void **state)
{
	(void)state;
	for (int i = 0; i < SV_FAULT_KIND_COUNT; i++)
		assert_non_null(sv_fault_kind_name((enum sv_fault_kind)i));
	assert_null(sv_fault_cause_name(SV_CAUSE_UNKNOWN));
	for (int i = SV_CAUSE_UNKNOWN + 1; i < SV_CAUSE_COUNT; i++)
		assert_non_null(sv_fault_cause_name((enum sv_fault_cause)i));
}

static void a_sum(void **state)
{
	struct sv_faultlog log = { 0 };
	struct sv_fault f = fault(42, 0, 10, AT(3));

	(void)state;
	add(&log, f);
	f.addr = AT(1) + 8;
	f.kind = SV_FAULT_MAJOR;
	f.cause = SV_CAUSE_FILE;
	f.kernel = true;
	add(&log, f);
	f.addr = AT(7);
	f.kind = SV_FAULT_ANY;
	f.cause = SV_CAUSE_UNKNOWN;
	add(&log, f);
	assert_int_equal(log.sums.len, 1);
	assert_int_equal(log.sums.ptr[0].kinds[SV_FAULT_MINOR], 1);
	assert_int_equal(log.sums.ptr[0].kinds[SV_FAULT_MAJOR], 1);
	assert_int_equal(log.sums.ptr[0].kinds[SV_FAULT_ANY], 1);
	assert_int_equal(log.sums.ptr[0].causes[SV_CAUSE_FIRST_TOUCH], 1);
	assert_int_equal(log.sums.ptr[0].causes[SV_CAUSE_FILE], 1);
	assert_int_equal(log.sums.ptr[0].kernel, 2);
	assert_int_equal(log.sums.ptr[0].pages_first, AT(1) + 8);
	assert_int_equal(log.sums.ptr[0].pages_last, AT(7));
	assert_int_equal(log.processes.len, 1);
	assert_int_equal(log.processes.ptr[0].kinds[SV_FAULT_MAJOR], 1);
	assert_int_equal(log.faults.len, 3);
	sv_faultlog_fini(&log);
}

/* Of another process, with another end, other permissions, or another file: another sum. */
static void what_makes_a_mapping(void **state)
{
	struct sv_faultlog log = { 0 };
	struct sv_fault f = fault(42, 0, 10, AT(3)), other = f;

	(void)state;
	add(&log, f);
	other.pid = 43;
	add(&log, other);
	other = f;
	other.end = AT(11);
	add(&log, other);
	other = f;
	other.perms = SV_PERM_WRITE;
	add(&log, other);
	other = f;
	other.path = 0;
	add(&log, other);
	other = f;
	other.addr = AT(9);
	other.tid = 77; /* of another thread: the same */
	add(&log, other);
	assert_int_equal(log.sums.len, 5);
	assert_int_equal(log.processes.len, 2);
	sv_faultlog_fini(&log);
}

/* All of a process that cannot be placed are one, and no mapping at address 0. */
static void what_could_not_be_placed(void **state)
{
	struct sv_faultlog log = { 0 };
	struct sv_fault f = fault(42, 0, 10, AT(3)), lost = { .pid = 42, .addr = 0x999 };

	(void)state;
	lost.start = 0x1234; /* means nothing */
	lost.path = lost.comm = lost.code = SV_NO_STRING;
	add(&log, lost);
	lost.addr = 0x111;
	lost.start = 0x9999;
	add(&log, lost);
	f.start = f.addr = 0;
	add(&log, f);
	assert_int_equal(log.sums.len, 2);
	assert_false(log.sums.ptr[0].placed);
	assert_int_equal(log.sums.ptr[0].start, 0);
	assert_int_equal(log.sums.ptr[0].pages_first, 0x111);
	assert_int_equal(log.sums.ptr[0].pages_last, 0x999);
	assert_int_equal(log.unplaced, 2);
	assert_int_equal(log.processes.ptr[0].unplaced, 2);
	sv_faultlog_fini(&log);
}

/* The list is bounded, the sums are not; what was told makes room. */
static void no_more_than_are_kept(void **state)
{
	struct sv_faultlog log = { 0 };
	struct sv_fault f = fault(42, 0, 10, AT(3));

	(void)state;
	for (uint64_t i = 0; i < 7; i++) {
		f.time_ns = i;
		assert_int_equal(sv_faultlog_add(&log, &f, 3), 0);
	}
	assert_int_equal(log.faults.len, 3);
	assert_int_equal(log.faults.ptr[2].time_ns, 2); /* the first ones */
	assert_int_equal(log.dropped, 4);
	assert_int_equal(log.sums.ptr[0].kinds[SV_FAULT_MINOR], 7);
	log.faults.len = 0;
	assert_int_equal(sv_faultlog_add(&log, &f, 3), 0);
	assert_int_equal(log.faults.len, 1);
	sv_faultlog_fini(&log);
}

/* Thousands of mappings in any order: each keeps its own count, and all come out in order. */
static void many_sums_in_order(void **state)
{
	enum { FAULTS = 20000, MAPPINGS = 700, PIDS = 7 };
	static uint64_t counts[PIDS][MAPPINGS];
	struct sv_faultlog log = { 0 };
	uint64_t seed = 0xfa17, sum = 0;

	(void)state;
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < FAULTS; i++) {
		uint64_t p = next_random(&seed) % PIDS, m = next_random(&seed) % MAPPINGS;

		counts[p][m]++;
		add(&log, fault((pid_t)(100 - p), m * 2, m * 2 + 1 + p, AT(m * 2)));
	}
	sv_faultlog_sort(&log);
	for (size_t i = 0; i < log.sums.len; i++) {
		const struct sv_fault_sum *s = &log.sums.ptr[i], *b = s - 1;
		size_t m = (size_t)((s->start - AT(0)) / PAGE / 2);

		assert_true(!i || b->pid < s->pid || (b->pid == s->pid && b->start < s->start));
		assert_int_equal(s->kinds[SV_FAULT_MINOR], counts[100 - s->pid][m]);
		sum += s->kinds[SV_FAULT_MINOR];
	}
	assert_int_equal(sum, FAULTS);
	assert_int_equal(log.processes.len, PIDS);
	for (size_t i = 1; i < log.processes.len; i++)
		assert_true(log.processes.ptr[i - 1].pid < log.processes.ptr[i].pid);
	assert_int_equal(log.dropped, FAULTS - 1000);
	sv_faultlog_fini(&log);
}

static void those_without_a_place_come_first(void **state)
{
	struct sv_faultlog log = { 0 };
	struct sv_fault lost = { .pid = 42, .addr = UINT64_MAX };

	(void)state;
	add(&log, fault(42, 5, 6, AT(5)));
	add(&log, fault(42, 5, 9, AT(5)));
	add(&log, fault(41, 9, 10, AT(9)));
	add(&log, lost);
	sv_faultlog_sort(&log);
	assert_int_equal(log.sums.ptr[0].pid, 41);
	assert_false(log.sums.ptr[1].placed);
	assert_int_equal(log.sums.ptr[2].end, AT(6));
	assert_int_equal(log.sums.ptr[3].end, AT(9));
	sv_faultlog_fini(&log);
}

static void an_empty_log(void **state)
{
	struct sv_faultlog log = { 0 };

	(void)state;
	sv_faultlog_sort(&log);
	sv_faultlog_fini(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_numbered),
		cmocka_unit_test(names),
		cmocka_unit_test(a_sum),
		cmocka_unit_test(what_makes_a_mapping),
		cmocka_unit_test(what_could_not_be_placed),
		cmocka_unit_test(no_more_than_are_kept),
		cmocka_unit_test(many_sums_in_order),
		cmocka_unit_test(those_without_a_place_come_first),
		cmocka_unit_test(an_empty_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
