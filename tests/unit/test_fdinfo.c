// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/fdinfo.h"

static int parse(const char *text, struct sv_fdinfo *ret, struct safevma_error *err)
{
	return sv_fdinfo_parse(sv_text_init(text, strlen(text), "fdinfo"), ret, err);
}

static void a_descriptor(void **state)
{
	struct sv_fdinfo f;

	(void)state;
	assert_int_equal(
		parse("pos:\t0\nflags:\t02100002\nmnt_id:\t13\nino:\t1031\n", &f, NULL), 0);
	assert_num(f.cloexec, 1);
	assert_num(f.writable, 1);
	assert_num(f.inode, 1031);
	assert_int_equal(parse("pos:\t0\nflags:\t0100000\nmnt_id:\t13\n", &f, NULL), 0);
	assert_num(f.cloexec, 0);
	assert_num(f.writable, 0);
	assert_unknown(f.inode); /* up to 5.13 */
	assert_int_equal(parse("", &f, NULL), 0);
	assert_unknown(f.cloexec);
}

/* What a sort of file adds of its own does not count. */
static void the_first_line_of_a_key_counts(void **state)
{
	struct sv_fdinfo f;

	(void)state;
	assert_int_equal(
		parse("flags:\t02000000\nino:\t7\nflags:\t0\nino:\t8\nsize:\t4096\n", &f, NULL), 0);
	assert_num(f.cloexec, 1);
	assert_num(f.inode, 7);
}

static void malformed(void **state)
{
	static const char *const texts[] = { "flags:\t09\n", "flags:\t\n", "flags:\t-1\n",
		"ino:\tx\n", "ino:\t12 13\n", "flags:\t0777777777777777777777777\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct safevma_error err = { 0 };
		struct sv_fdinfo f = { .inode = { .value = 99 } };

		assert_int_equal(parse(texts[i], &f, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		assert_int_equal(err.line, 1);
		assert_int_equal(f.inode.value, 99);
	}
}

static void names_of_descriptors(void **state)
{
	static const struct {
		const char *target;
		enum sv_fd_kind kind;
		int pid;
	} cases[] = {
		{ "/memfd:x (deleted)", SV_FD_MEMFD, 0 },
		{ "/secretmem (deleted)", SV_FD_SECRETMEM, 0 },
		{ "/secretmem", SV_FD_SECRETMEM, 0 },
		{ "/secretmember", SV_FD_OTHER, 0 },
		{ "/dev/shm/a b", SV_FD_SHM, 0 },
		{ "/dmabuf:", SV_FD_DMABUF, 0 },
		{ "anon_inode:[kvm-gmem]", SV_FD_GUEST, 0 },
		{ "/dev/mem", SV_FD_MEM, 0 },
		{ "/dev/memory", SV_FD_OTHER, 0 },
		{ "/dev/kmem", SV_FD_KMEM, 0 },
		{ "/dev/port", SV_FD_PORT, 0 },
		{ "/proc/kcore", SV_FD_KCORE, 0 },
		{ "/proc/42/mem", SV_FD_PROCMEM, 42 },
		{ "/proc/42/task/43/mem", SV_FD_PROCMEM, 42 },
		{ "/proc/42/maps", SV_FD_OTHER, 0 },
		{ "/proc/99999999999/mem", SV_FD_PROCMEM, -1 },
		{ "/dev/vfio/12", SV_FD_VFIO, 0 },
		{ "/dev/infiniband/uverbs0", SV_FD_RDMA, 0 },
		{ "/dev/udmabuf", SV_FD_UDMABUF, 0 },
		{ "socket:[1]", SV_FD_OTHER, 0 },
		{ "", SV_FD_OTHER, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int pid = 7;

		assert_int_equal(sv_fd_kind_of(sv_span_of(cases[i].target), &pid), cases[i].kind);
		assert_int_equal(pid, cases[i].pid);
	}
}

static void memory_and_ways_to_it(void **state)
{
	(void)state;
	for (int kind = 0; kind < SV_FD_KIND_COUNT; kind++)
		assert_non_null(sv_fd_kind_name((enum sv_fd_kind)kind));
	assert_true(sv_fd_is_memory(SV_FD_SECRETMEM));
	assert_true(sv_fd_is_memory(SV_FD_GUEST));
	assert_false(sv_fd_is_memory(SV_FD_MEM));
	assert_false(sv_fd_is_memory(SV_FD_PROCMEM));
	assert_false(sv_fd_is_memory(SV_FD_OTHER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor),
		cmocka_unit_test(the_first_line_of_a_key_counts),
		cmocka_unit_test(malformed),
		cmocka_unit_test(names_of_descriptors),
		cmocka_unit_test(memory_and_ways_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
