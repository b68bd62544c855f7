// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recording.h"

static void answers_as_the_system_did(void **state)
{
	sv_auto_strbuf struct sv_strbuf live = record("rec", false), again = { 0 };
	safevma_root *root = open_replay("rec", NULL);

	(void)state;
	assert_non_null(root);
	session(root, &again);
	assert_string_equal(again.ptr, live.ptr);
	close_root(root);
}

/* Files lie where the system has them, as `cat` would show them. */
static void readable_by_people(void **state)
{
	char text[16384];

	(void)state;
	make("rec", false);
	scratch_read("rec/proc/42/maps@1", text, sizeof(text));
	assert_string_equal(text, texts[0].text);
	scratch_read("rec/proc/42/maps@2", text, sizeof(text));
	assert_string_equal(text, texts[1].text);
	scratch_read("rec/proc/42/exe", text, sizeof(text));
	assert_string_equal(text, "/usr/bin/secret");
	scratch_read("rec/proc@list", text, sizeof(text));
	assert_string_equal(text, "1\n42\n");
	assert_int_equal(scratch_mode("rec"), 0700);
	scratch_read("rec/recording.json", text, sizeof(text));
	assert_memory_equal(text, "{\"schema\":\"safevma.recording/1\",", 32);
	assert_non_null(strstr(text, "\"contains_page_contents\":false"));
	assert_non_null(strstr(text, "\"redacted\":false"));
	assert_non_null(strstr(text,
		"{\"op\":\"open\",\"path\":\"/proc/42/smaps\",\"tag\":\"1\",\"errno\":13},\n"));
	assert_non_null(strstr(text, "\nnull],\"complete\":true}\n"));
}

static void redacted(void **state)
{
	sv_auto_strbuf struct sv_strbuf log = { 0 };
	safevma_root *root = replay_of("rec", true);
	char text[16384];

	(void)state;
	assert_int_equal(access(scratch_path("rec/proc/42/cmdline"), F_OK), -1);
	assert_int_equal(access(scratch_path("rec/proc/42/exe"), F_OK), -1);
	scratch_read("rec/proc/42/maps@1", text, sizeof(text));
	assert_string_equal(text, "7f00-7f2a r--p 00000000 00:02 7 /redacted/1\n");
	scratch_read("rec/recording.json", text, sizeof(text));
	assert_non_null(strstr(text, "\"redacted\":true"));
	assert_null(strstr(text, "exe"));
	assert_null(strstr(text, "cmdline"));
	assert_null(strstr(text, "command lines"));
	/* It replays, the redacted text to its end. */
	whole(root, &log, SV_IFACE_MAPS, "2");
	assert_memory_equal(log.ptr, "44: ", 4);
	log.len = 0;
	whole(root, &log, SV_IFACE_CMDLINE, NULL);
	assert_memory_equal(log.ptr, "errno 0: left out of the recording by --redact", 46);
	close_root(root);
}

/* A recording that could not be written whole says so at its end, with the first reason. */
static void a_failed_recording(void **state)
{
	safevma_root root = { .ops = &fake_ops };
	sv_auto_strbuf struct sv_strbuf log = { 0 };
	struct safevma_error err = { 0 };

	(void)state;
	root.recorder = sv_recorder_new(scratch_path("rec"), NULL, false, NULL);
	whole(&root, &log, SV_IFACE_MAPS, "1");
	whole(&root, &log, SV_IFACE_MAPS, "1"); /* one name for two members */
	whole(&root, &log, SV_IFACE_MAPS, "2");
	assert_int_equal(sv_recorder_finish(root.recorder, &err), -1);
	assert_int_equal(err.errnum, EEXIST);
	assert_string_equal(err.path, "proc/42/maps@1");
	assert_null(open_replay("rec", &err));
	assert_int_equal(err.code, SAFEVMA_E_RECORDING);
}

static void an_abandoned_recording_is_none(void **state)
{
	safevma_root root = { .ops = &fake_ops };
	sv_auto_strbuf struct sv_strbuf log = { 0 };
	struct safevma_error err = { 0 };

	(void)state;
	root.recorder = sv_recorder_new(scratch_path("rec"), NULL, false, NULL);
	session(&root, &log);
	sv_recorder_abandon(root.recorder);
	assert_null(open_replay("rec", &err));
	assert_int_equal(err.code, SAFEVMA_E_RECORDING);
	assert_int_equal(sv_recorder_finish(NULL, NULL), 0);
	sv_recorder_abandon(NULL);
}

/* A file as large as the address space, as kcore is: each byte is the one below its offset's. */
static int vast_open(safevma_root *root, struct sv_file *f, struct safevma_error *err)
{
	(void)root;
	(void)f;
	(void)err;
	return 0;
}

static int vast_read(struct sv_file *f, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	(void)f;
	(void)err;
	for (*got = 0; *got < len && off + *got < UINT64_MAX - 7; ++*got)
		((unsigned char *)buf)[*got] = (unsigned char)(off + *got - 1);
	return 0;
}

static const struct sv_root_ops vast_ops = {
	.open = vast_open, .read = vast_read, .close = fake_close, .free = fake_free
};

static const uint64_t vast[] = { 0, (UINT64_C(1) << 53) - 8, UINT64_C(1) << 53,
	(UINT64_C(1) << 53) + 8, UINT64_C(0x37f662c0005000), UINT64_C(0xffffffba004000),
	UINT64_MAX - 15, UINT64_MAX - 7 };

static void read_vast(safevma_root *root, struct sv_strbuf *log)
{
	struct sv_place place = { .iface = SV_IFACE_KCORE };
	sv_auto_file struct sv_file *f = NULL;

	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	for (size_t i = 0; i < sv_array_size(vast); i++)
		words(f, log, vast[i], 8);
}

/* Numbers above 2^53 are text in the journal: readers of JSON would round them. */
static void vast_offsets(void **state)
{
	safevma_root live = { .ops = &vast_ops }, *root;
	sv_auto_strbuf struct sv_strbuf log = { 0 }, again = { 0 };
	char text[4096];

	(void)state;
	live.recorder = sv_recorder_new(scratch_path("rec"), NULL, false, NULL);
	read_vast(&live, &log);
	assert_int_equal(sv_recorder_finish(live.recorder, NULL), 0);
	scratch_read("rec/recording.json", text, sizeof(text));
	assert_non_null(
		strstr(text, "\"extents\":[[0,8],[9007199254740984,24],[\"0x37f662c0005000\",8],"
			     "[\"0xffffffba004000\",8],[\"0xfffffffffffffff0\",8]],"
			     "\"ends\":[[\"0xfffffffffffffff8\",0]]"));
	root = open_replay("rec", NULL);
	assert_non_null(root);
	read_vast(root, &again);
	assert_string_equal(again.ptr, log.ptr);
	close_root(root);
}

static void our_reading_is_accounted(void **state)
{
	safevma_root root = { .ops = &fake_ops };
	sv_auto_strbuf struct sv_strbuf log = { 0 };

	(void)state;
	whole(&root, &log, SV_IFACE_MAPS, "1");
	assert_int_equal(root.cost.bytes_read, strlen(texts[0].text));
	whole(&root, &log, SV_IFACE_VMSTAT, NULL);
	assert_int_equal(root.cost.bytes_read, strlen(texts[0].text) + SHORT);
}

static void member_names(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(sv_member_name("/proc/42/maps", NULL, "", name, sizeof(name)), 0);
	assert_string_equal(name, "proc/42/maps");
	assert_int_equal(sv_member_name("/proc/42/maps", NULL, "2", name, sizeof(name)), 0);
	assert_string_equal(name, "proc/42/maps@2");
	assert_int_equal(sv_member_name("/proc/42/exe", "link", "", name, sizeof(name)), 0);
	assert_string_equal(name, "proc/42/exe");
	assert_int_equal(sv_member_name("/proc", "list", "a", name, sizeof(name)), 0);
	assert_string_equal(name, "proc@list@a");
	assert_int_equal(sv_member_name("/proc/42/maps", NULL, "2", name, 15), 0);
	assert_int_equal(sv_member_name("/proc/42/maps", NULL, "2", name, 14), -1);
}

static void options_that_exclude_each_other(void **state)
{
	struct safevma_root_options o = { .record_dir = "x", .record_stream = stdout };
	struct safevma_error err = { 0 };
	safevma_root *root = NULL;

	(void)state;
	assert_code(safevma_root_open(&o, &root, &err), &err, SAFEVMA_E_USAGE);
	o = (struct safevma_root_options) { .recording = "x", .record_dir = "y" };
	assert_code(safevma_root_open(&o, &root, &err), &err, SAFEVMA_E_USAGE);
	o = (struct safevma_root_options) { .recording = "x", .record_stream = stdout };
	assert_code(safevma_root_open(&o, &root, &err), &err, SAFEVMA_E_USAGE);
	assert_null(root);
	assert_int_equal(safevma_root_close(NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(answers_as_the_system_did),
		scratch_test(readable_by_people),
		scratch_test(redacted),
		scratch_test(a_failed_recording),
		scratch_test(an_abandoned_recording_is_none),
		scratch_test(vast_offsets),
		cmocka_unit_test(our_reading_is_accounted),
		cmocka_unit_test(member_names),
		cmocka_unit_test(options_that_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
