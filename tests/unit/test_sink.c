// SPDX-License-Identifier: LGPL-2.1-or-later
#include "scratch.h"

#include <errno.h>

#include "iface/sink.h"

static void put(struct sv_sink *s, const char *name, const char *text)
{
	assert_int_equal(sv_sink_put(s, name, text, strlen(text), NULL), 0);
}

static void directories_and_files(void **state)
{
	struct sv_sink *s = sv_sink_dir(scratch_path("rec"), NULL);
	char text[16];

	(void)state;
	assert_non_null(s);
	put(s, "proc/42/maps", "one");
	put(s, "proc/42/smaps", "two");
	put(s, "proc/43/maps", "");
	put(s, "top", "three");
	assert_int_equal(sv_sink_put(s, "nothing", NULL, 0, NULL), 0);
	assert_int_equal(sv_sink_end(s, NULL), 0);
	sv_sink_free(s);
	scratch_read("rec/proc/42/maps", text, sizeof(text));
	assert_string_equal(text, "one");
	scratch_read("rec/proc/42/smaps", text, sizeof(text));
	assert_string_equal(text, "two");
	assert_int_equal(scratch_read("rec/proc/43/maps", text, sizeof(text)), 0);
	scratch_read("rec/top", text, sizeof(text));
	assert_string_equal(text, "three");
	/* Nobody else may read what was disclosed to us. */
	assert_int_equal(scratch_mode("rec"), 0700);
	assert_int_equal(scratch_mode("rec/proc"), 0700);
	assert_int_equal(scratch_mode("rec/proc/42"), 0700);
	assert_int_equal(scratch_mode("rec/proc/42/maps"), 0600);
}

static void an_empty_directory_will_do(void **state)
{
	struct sv_sink *s;

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0755), 0);
	s = sv_sink_dir(scratch_path("rec"), NULL);
	assert_non_null(s);
	assert_int_equal(scratch_mode("rec"), 0700);
	sv_sink_free(s);
}

/* A directory that is not ours stays as it is, its mode too. */
static void a_directory_in_use_will_not(void **state)
{
	struct safevma_error err = { 0 };
	char text[16];

	(void)state;
	assert_int_equal(mkdir(scratch_path("used"), 0755), 0);
	assert_int_equal(chmod(scratch_path("used"), 0755), 0);
	scratch_write("used/.hidden", "x", 1);
	assert_null(sv_sink_dir(scratch_path("used"), &err));
	assert_int_equal(err.code, SAFEVMA_E_USAGE);
	assert_int_equal(scratch_mode("used"), 0755);
	assert_int_equal(scratch_read("used/.hidden", text, sizeof(text)), 1);
}

static void no_directory(void **state)
{
	struct safevma_error err = { 0 };

	(void)state;
	scratch_write("file", "x", 1);
	assert_null(sv_sink_dir(scratch_path("file"), &err));
	assert_int_equal(err.code, SAFEVMA_E_SYSTEM);
	assert_int_equal(err.errnum, ENOTDIR);
	assert_null(sv_sink_dir(scratch_path("a/b"), &err));
	assert_int_equal(err.errnum, ENOENT);
	assert_null(sv_sink_dir("", NULL));
}

static void never_over_an_existing_file(void **state)
{
	struct sv_sink *s = sv_sink_dir(scratch_path("rec"), NULL);
	struct safevma_error err = { 0 };
	char text[16];

	(void)state;
	put(s, "a", "one");
	assert_int_equal(sv_sink_put(s, "a", "two", 3, &err), -1);
	assert_int_equal(err.errnum, EEXIST);
	assert_int_equal(symlink(scratch_path("outside"), scratch_path("rec/link")), 0);
	assert_int_equal(sv_sink_put(s, "link", "two", 3, &err), -1);
	assert_int_equal(sv_sink_put(s, "a/b", "two", 3, &err), -1);
	assert_int_equal(err.errnum, ENOTDIR);
	sv_sink_free(s);
	scratch_read("rec/a", text, sizeof(text));
	assert_string_equal(text, "one");
	assert_int_equal(access(scratch_path("outside"), F_OK), -1);
}

static void name_too_long(void **state)
{
	struct sv_sink *s = sv_sink_dir(scratch_path("rec"), NULL);
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(sv_sink_put(s, name, "x", 1, NULL), -1);
	sv_sink_free(s);
}

/* ---- tar ------------------------------------------------------------------------------------- */

static const char *const members[] = { "proc/42/maps", "proc/42/pagemap@1", "recording.json" };
static const size_t sizes[] = { 0, 512, 1000 };

static void write_tar(const char *name)
{
	FILE *f = fopen(scratch_path(name), "w");
	struct sv_sink *s = sv_sink_tar(f);
	char data[1000];

	assert_non_null(s);
	memset(data, 0xff, sizeof(data));
	for (size_t i = 0; i < sv_array_size(members); i++)
		assert_int_equal(sv_sink_put(s, members[i], data, sizes[i], NULL), 0);
	assert_int_equal(sv_sink_end(s, NULL), 0);
	sv_sink_free(s);
	assert_int_equal(fclose(f), 0);
}

static size_t output_of(const char *command, char *buf, size_t size)
{
	FILE *f = popen(command, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = 0;
	assert_int_equal(pclose(f), 0);
	return n;
}

/* Checked by a program that is not ours: checksums, padding, the end. */
static void tar_reads_it(void **state)
{
	char command[512], out[4096];

	(void)state;
	if (system("tar --version >/dev/null 2>&1"))
		skip();
	write_tar("rec.tar");
	snprintf(command, sizeof(command), "tar -tf %s 2>&1", scratch_path("rec.tar"));
	output_of(command, out, sizeof(out));
	assert_string_equal(out, "proc/42/maps\nproc/42/pagemap@1\nrecording.json\n");
	for (size_t i = 0; i < sv_array_size(members); i++) {
		size_t n;

		snprintf(command, sizeof(command), "tar -xOf %s %s", scratch_path("rec.tar"),
			members[i]);
		n = output_of(command, out, sizeof(out));
		assert_int_equal(n, sizes[i]);
		for (size_t k = 0; k < n; k++)
			assert_int_equal((unsigned char)out[k], 0xff);
	}
}

static void tar_by_hand(void **state)
{
	unsigned int sum = 0;
	char all[8192];
	size_t n;

	(void)state;
	write_tar("rec.tar");
	n = scratch_read("rec.tar", all, sizeof(all));
	assert_int_equal(n, 512 + (512 + 512) + (512 + 1024) + 1024);
	assert_memory_equal(all + 257,
		"ustar\0"
		"00",
		8);
	assert_string_equal(all + 512 + 124, "00000001000");
	for (size_t i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)all[512 + i];
	assert_int_equal(strtoul(all + 512 + 148, NULL, 8), sum);
	for (size_t i = n - 1024 - 24; i < n; i++)
		assert_int_equal(all[i], 0);
}

/* The header has room for 99 bytes of a name: paths of control groups are longer. */
static void tar_long_names(void **state)
{
	static const size_t lengths[] = { 98, 99, 100, 101, 250 };
	char name[256], command[1024], out[4096], expected[2048] = "";
	FILE *f = fopen(scratch_path("long.tar"), "w");
	struct sv_sink *s = sv_sink_tar(f);

	(void)state;
	assert_true(f && s);
	if (system("tar --version >/dev/null 2>&1"))
		skip();
	for (size_t i = 0; i < sv_array_size(lengths); i++) {
		memset(name, (int)('a' + i), lengths[i]);
		name[lengths[i]] = 0;
		assert_int_equal(sv_sink_put(s, name, name, lengths[i], NULL), 0);
		strcat(strcat(expected, name), "\n");
	}
	assert_int_equal(sv_sink_end(s, NULL), 0);
	sv_sink_free(s);
	fclose(f);
	snprintf(command, sizeof(command), "tar -tf %s 2>&1", scratch_path("long.tar"));
	output_of(command, out, sizeof(out));
	assert_string_equal(out, expected);
	snprintf(command, sizeof(command), "tar -xOf %s %s", scratch_path("long.tar"), name);
	assert_int_equal(output_of(command, out, sizeof(out)), 250);
	assert_memory_equal(out, name, 250);
}

static void tar_errors(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct sv_sink *s = sv_sink_tar(full);
	struct safevma_error err = { 0 };

	(void)state;
	assert_int_equal(sv_sink_put(s, "name", "x", 1, &err), 0);
	assert_int_equal(sv_sink_end(s, &err), -1);
	assert_int_equal(err.errnum, ENOSPC);
	sv_sink_free(s);
	fclose(full);
	sv_sink_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(directories_and_files),
		scratch_test(an_empty_directory_will_do),
		scratch_test(a_directory_in_use_will_not),
		scratch_test(no_directory),
		scratch_test(never_over_an_existing_file),
		scratch_test(name_too_long),
		scratch_test(tar_reads_it),
		scratch_test(tar_by_hand),
		scratch_test(tar_long_names),
		cmocka_unit_test(tar_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
