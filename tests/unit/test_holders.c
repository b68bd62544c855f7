// SPDX-License-Identifier: LGPL-2.1-or-later
#include "system.h"

#define MAPS                                                                                       \
	"00400000-00401000 r-xp 00000000 00:02 7 /victim\n"                                        \
	"7f65ff3a0000-7f65ff3a4000 rw-s 00000000 00:0c 2071 /secretmem (deleted)\n"
#define RANGE "/proc/42/map_files/7f65ff3a0000-7f65ff3a4000"
#define MAGIC "0x5345434d\n"

/* Process 42 holds one mapping and descriptor 3. */
static struct system *one_holder(void)
{
	struct system *s = system_new("x86_64");

	system_process(s, 42);
	system_say(s, SV_OP_PIN, "/proc/42/stat", "");
	system_say(s, FILES, "/proc/42/maps", MAPS);
	system_say(s, SV_OP_MAGIC, RANGE, MAGIC);
	system_say(s, SV_OP_LIST, "/proc/42/fd", "0\n3\n");
	system_say(s, SV_OP_LINK, "/proc/42/fd/0", "/dev/null");
	system_say(s, SV_OP_LINK, "/proc/42/fd/3", "/secretmem (deleted)");
	system_say(s, SV_OP_MAGIC, "/proc/42/fd/3", MAGIC);
	system_say(s, FILES, "/proc/42/fdinfo/3",
		"pos:\t0\nflags:\t02100002\nmnt_id:\t13\nino:\t2071\n");
	return s;
}

static const struct sv_holder *look(struct system *s, size_t expected)
{
	assert_int_equal(sv_capture_holders(&s->capture, NULL), 0);
	assert_int_equal(s->capture.obs->holders.len, expected);
	return s->capture.obs->holders.ptr;
}

static void assert_gap(struct system *s, const char *interface, pid_t pid)
{
	assert_false(s->capture.obs->holders_known);
	assert_int_equal(s->capture.obs->gaps.len, 1);
	assert_string_equal(s->capture.obs->gaps.ptr[0].interface, interface);
	assert_int_equal(s->capture.obs->gaps.ptr[0].pid, pid);
	assert_false(s->capture.obs->gaps.ptr[0].counts); /* the holders alone are not known */
}

static void a_mapping_and_a_descriptor(void **state)
{
	struct system *s = one_holder();
	const struct sv_holder *h = look(s, 2);

	(void)state;
	assert_true(s->capture.obs->holders_known);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	assert_true(h[0].mapping);
	assert_int_equal(h[0].pid, 42);
	assert_string_equal(h[0].comm, "comm42");
	assert_int_equal(h[0].start, 0x7f65ff3a0000);
	assert_int_equal(h[0].end, 0x7f65ff3a4000);
	assert_int_equal(h[0].secret, SV_SECRET_YES);
	assert_unknown(h[0].cloexec);
	assert_false(h[1].mapping);
	assert_int_equal(h[1].number, 3);
	assert_int_equal(h[1].secret, SV_SECRET_YES);
	assert_num(h[1].cloexec, 1);
	system_free(s);
}

/* Only the filesystem behind it proves what it is; a file may be called like that. */
static void what_is_only_called_so(void **state)
{
	struct system *s = one_holder();
	const struct sv_holder *h;

	(void)state;
	system_say(s, SV_OP_MAGIC, RANGE, "0x1021994\n");
	system_say(s, SV_OP_MAGIC, "/proc/42/fd/3", "0xef53\n");
	h = look(s, 2);
	assert_int_equal(h[0].secret, SV_SECRET_NO);
	assert_int_equal(h[1].secret, SV_SECRET_NO);
	assert_true(s->capture.obs->holders_known);
	system_free(s);
}

static void what_cannot_be_proved(void **state)
{
	struct system *s = one_holder();
	const struct sv_holder *h;

	(void)state;
	system_fail(s, SV_OP_MAGIC, RANGE, EPERM);
	h = look(s, 2);
	assert_int_equal(h[0].secret, SV_SECRET_UNKNOWN);
	assert_gap(s, "map_files", 42);
	system_free(s);
	s = one_holder();
	system_fail(s, SV_OP_MAGIC, "/proc/42/fd/3", EACCES);
	h = look(s, 2);
	assert_int_equal(h[1].secret, SV_SECRET_UNKNOWN);
	assert_gap(s, "fd/N", 42);
	system_free(s);
}

static void names_of_descriptors(void **state)
{
	static const struct {
		const char *target;
		size_t holders;
	} cases[] = { { "/secretmem", 1 }, { "/secretmem (deleted)", 1 }, { "/secretmem2", 0 },
		{ "/secretme", 0 }, { "", 0 }, { "/mnt/secretmem", 0 },
		{ "anon_inode:[eventfd]", 0 } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = one_holder();

		system_say(s, FILES, "/proc/42/maps", "");
		system_say(s, SV_OP_LINK, "/proc/42/fd/3", cases[i].target);
		look(s, cases[i].holders);
		system_free(s);
	}
}

static void close_on_exec(void **state)
{
	static const struct {
		const char *text;
		struct sv_num cloexec;
	} cases[] = {
		{ "flags:\t02100002\n", { 1, true } },
		{ "flags:\t0100002\n", { 0, true } },
		{ "pos:\t0\nflags:\t02000000", { 1, true } },
		{ "flags:\t02100008\n", { 0 } },
		{ "pos:\t0\n", { 0 } },
		{ "", { 0 } },
		{ " flags:\t02100002\n", { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = one_holder();
		const struct sv_holder *h;

		system_say(s, FILES, "/proc/42/fdinfo/3", cases[i].text);
		h = look(s, 2);
		assert_int_equal(h[1].cloexec.known, cases[i].cloexec.known);
		assert_int_equal(h[1].cloexec.value, cases[i].cloexec.value);
		system_free(s);
	}
}

/* Not of the question who holds it, and so no gap of it. */
static void fdinfo_that_cannot_be_read(void **state)
{
	struct system *s = one_holder();

	(void)state;
	system_fail(s, FILES, "/proc/42/fdinfo/3", EACCES);
	assert_unknown(look(s, 2)[1].cloexec);
	assert_true(s->capture.obs->holders_known);
	system_free(s);
}

static void what_may_hide_a_holder(void **state)
{
	static const struct {
		int op;
		const char *path, *interface;
		size_t holders;
	} cases[] = {
		{ SV_OP_PIN, "/proc/42/stat", "stat", 0 },
		{ FILES, "/proc/42/maps", "maps", 1 },
		{ SV_OP_LIST, "/proc/42/fd", "fd", 1 },
		/* denied once is denied for all: the others are not asked */
		{ SV_OP_LINK, "/proc/42/fd/0", "fd/N", 1 },
		{ SV_OP_LINK, "/proc/42/fd/3", "fd/N", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = one_holder();

		system_fail(s, cases[i].op, cases[i].path, EACCES);
		look(s, cases[i].holders);
		assert_gap(s, cases[i].interface, 42);
		system_free(s);
	}
}

/* A process that ended, or a descriptor that was closed, hides nothing. */
static void what_is_gone_is_no_gap(void **state)
{
	static const struct {
		int op;
		const char *path;
		int errnum;
		size_t holders;
	} cases[] = {
		{ SV_OP_PIN, "/proc/42/stat", ESRCH, 0 },
		{ FILES, "/proc/42/maps", ESRCH, 1 },
		{ SV_OP_LIST, "/proc/42/fd", ENOENT, 1 },
		{ SV_OP_LINK, "/proc/42/fd/3", ENOENT, 1 },
		{ SV_OP_MAGIC, "/proc/42/fd/3", ENOENT, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct system *s = one_holder();

		system_fail(s, cases[i].op, cases[i].path, cases[i].errnum);
		look(s, cases[i].holders);
		assert_true(s->capture.obs->holders_known);
		assert_int_equal(s->capture.obs->gaps.len, 0);
		system_free(s);
	}
}

static void maps_that_are_malformed(void **state)
{
	struct system *s = one_holder();

	(void)state;
	system_say(s, FILES, "/proc/42/maps", MAPS "7f65ff3a5000 rw-s\n");
	look(s, 2); /* what stood before counts */
	assert_gap(s, "maps", 42);
	system_free(s);
}

static void whom_nobody_asks(void **state)
{
	struct system *s = system_new("x86_64");

	(void)state;
	system_process(s, 2)->kernel_thread = true;
	system_process(s, 43)->state = 'Z';
	look(s, 0);
	assert_true(s->capture.obs->holders_known);
	assert_int_equal(s->capture.obs->gaps.len, 0);
	system_free(s);
}

static void several_processes(void **state)
{
	struct system *s = one_holder();
	const struct sv_holder *h;

	(void)state;
	system_process(s, 7);
	system_say(s, SV_OP_PIN, "/proc/7/stat", "");
	system_say(s, FILES, "/proc/7/maps", "");
	system_say(s, SV_OP_LIST, "/proc/7/fd", "11\n");
	system_say(s, SV_OP_LINK, "/proc/7/fd/11", "/secretmem (deleted)");
	system_say(s, SV_OP_MAGIC, "/proc/7/fd/11", MAGIC);
	h = look(s, 3);
	assert_int_equal(h[2].pid, 7);
	assert_int_equal(h[2].number, 11);
	assert_unknown(h[2].cloexec);
	system_free(s);
}

static void memory_is_out(void **state)
{
	static const struct {
		int op;
		const char *path;
	} cases[] = { { SV_OP_PIN, "/proc/42/stat" }, { FILES, "/proc/42/maps" },
		{ SV_OP_MAGIC, RANGE }, { SV_OP_LIST, "/proc/42/fd" },
		{ SV_OP_LINK, "/proc/42/fd/3" }, { SV_OP_MAGIC, "/proc/42/fd/3" },
		{ FILES, "/proc/42/fdinfo/3" } };

	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct safevma_error err = { 0 };
		struct system *s = one_holder();

		system_fail(s, cases[i].op, cases[i].path, ENOMEM);
		assert_int_equal(sv_capture_holders(&s->capture, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_NOMEM);
		system_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_and_a_descriptor),
		cmocka_unit_test(what_is_only_called_so),
		cmocka_unit_test(what_cannot_be_proved),
		cmocka_unit_test(names_of_descriptors),
		cmocka_unit_test(close_on_exec),
		cmocka_unit_test(fdinfo_that_cannot_be_read),
		cmocka_unit_test(what_may_hide_a_holder),
		cmocka_unit_test(what_is_gone_is_no_gap),
		cmocka_unit_test(maps_that_are_malformed),
		cmocka_unit_test(whom_nobody_asks),
		cmocka_unit_test(several_processes),
		cmocka_unit_test(memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
