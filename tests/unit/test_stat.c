// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>

#include "iface/stat.h"

#define REST " S 1 42 42 0 -1 4194560 10 0 12 0 14 15 0 0 20 0 7 0 22 23 24 18446744073709551615"

static void comm_with_a_newline(void **state)
{
	struct sv_stat st;

	(void)state;
	assert_int_equal(sv_stat_parse(fixture("host618/stat"), &st, NULL), 0);
	assert_int_equal(st.pid, 7560);
	assert_span(st.comm, "a) R\n\\\tb ( ");
	assert_int_equal(st.state, 'R');
	assert_int_equal(st.ppid, 7160);
	assert_int_equal(st.flags, 4194304);
	assert_int_equal(st.minflt, 100);
	assert_int_equal(st.majflt, 0);
	assert_int_equal(st.threads, 1);
	assert_int_equal(st.start_ticks, 141966);
	assert_int_equal(st.vsize_bytes, 2400256);
	assert_int_equal(st.rss_pages, 242);
	assert_num(st.rt_priority, 0);
	assert_num(st.policy, 0);
}

static void kernel_thread(void **state)
{
	struct sv_stat st;

	(void)state;
	assert_int_equal(sv_stat_parse(fixture("host618-kthread/stat"), &st, NULL), 0);
	assert_int_equal(st.pid, 2);
	assert_span(st.comm, "kthreadd");
	assert_int_equal(st.ppid, 0);
	assert_true(st.flags & 0x00200000);
	assert_int_equal(st.start_ticks, 12);
	assert_int_equal(st.vsize_bytes, 0);
}

static void every_field(void **state)
{
	struct sv_text t =
		TEXT("42 (x)" REST " 26 27 28 29 30 31 32 33 34 35 36 37 17 39 50 2 42\n");
	struct sv_stat st;

	(void)state;
	assert_int_equal(sv_stat_parse(t, &st, NULL), 0);
	assert_int_equal(st.pid, 42);
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.ppid, 1);
	assert_int_equal(st.flags, 4194560);
	assert_int_equal(st.minflt, 10);
	assert_int_equal(st.majflt, 12);
	assert_int_equal(st.threads, 7);
	assert_int_equal(st.start_ticks, 22);
	assert_int_equal(st.vsize_bytes, 23);
	assert_int_equal(st.rss_pages, 24);
	assert_num(st.rt_priority, 50);
	assert_num(st.policy, 2);
}

static void fields_that_are_not_there(void **state)
{
	struct sv_text t = TEXT("42 (x)" REST);
	struct sv_stat st;

	(void)state;
	assert_int_equal(sv_stat_parse(t, &st, NULL), 0);
	assert_unknown(st.rt_priority);
	assert_unknown(st.policy);
}

static void any_comm(void **state)
{
	static const char *const comms[] = { "", " ", ")", "(", "))", ") R 1 1", "a b) c", "\n",
		"a\\nb", "x) S 1\n43 (y) R 1", "\x01\xff\x1b[2J",
		"kworker/u16:3-events_unbound_a_very_long_name_of_63_bytes_in_it" };
	char text[300];

	(void)state;
	for (size_t i = 0; i < sv_array_size(comms); i++) {
		int n = snprintf(text, sizeof(text), "42 (%s)" REST "\n", comms[i]);
		struct sv_stat st;

		assert_int_equal(
			sv_stat_parse(sv_text_init(text, (size_t)n, "test"), &st, NULL), 0);
		assert_span(st.comm, comms[i]);
		assert_int_equal(st.ppid, 1);
	}
}

static const struct {
	const char *text, *message;
} malformed[] = {
	{ "", "'PID (COMM) ...', got ''" },
	{ "\n", "'PID (COMM) ...'" },
	{ "42", "'PID (COMM) ...'" },
	{ "42 x S 1", "'PID (COMM) ...'" },
	{ "42 (x S 1", "'PID (COMM) ...'" },
	{ "-1 (x)" REST, "'PID (COMM) ...'" },
	{ "18446744073709551616 (x)" REST, "'PID (COMM) ...'" },
	{ "42 (x)", "24 fields or more" },
	{ "42 (x)\n", "24 fields or more" },
	{ "42 (x) S", "24 fields or more" },
	{ "42 (x) S 1 42 42 0 -1 4194560 10 0 12 0 14 15 0 0 20 0 7 0 22 23", "24 fields or more" },
	{ "42 (x) SS 1 42", "a state of one letter, got 'SS'" },
	{ "42 (x) S x 42", "a process ID, got 'x'" },
	{ "42 (x) S 9223372036854775808 42", "a process ID" },
	{ "42 (x) S 1 42 42 0 -1 -5", "a decimal number below 2^64, got '-5'" },
	{ "42 (x) S 1 42 42 0 -1 18446744073709551616", "a decimal number below 2^64" },
	{ "42 (x)  S 1", "fields with one blank between them" },
	{ "42 (x)S 1", "fields with one blank between them" },
	{ "42 (x)" REST " \n", "fields with one blank between them" },
	{ "42 (x)" REST "\n\n", "one line after the comm" },
	{ "42 (x)" REST "\n1\n", "one line after the comm" },
};

static void malformed_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(malformed); i++) {
		const char *text = malformed[i].text;
		struct safevma_error err = { 0 };
		struct sv_stat st = { .pid = 99 };

		assert_int_equal(
			sv_stat_parse(sv_text_init(text, strlen(text), "test"), &st, &err), -1);
		assert_place(&err, 1, malformed[i].message);
		assert_int_equal(st.pid, 99);
	}
}

static void read_all(struct sv_text text)
{
	struct sv_stat st;

	if (sv_stat_parse(text, &st, NULL) == 0)
		assert_inside(text, st.comm);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("host618/stat"), 1000, read_all);
	each_damage(fixture("host618-kthread/stat"), 1000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comm_with_a_newline),
		cmocka_unit_test(kernel_thread),
		cmocka_unit_test(every_field),
		cmocka_unit_test(fields_that_are_not_there),
		cmocka_unit_test(any_comm),
		cmocka_unit_test(malformed_texts),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
