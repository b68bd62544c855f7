// SPDX-License-Identifier: LGPL-2.1-or-later
/* Recorder, root and replay together: a system of a few files behind a root of the test's own. */
#include "scratch.h"

#include <errno.h>
#include <inttypes.h>

#include "iface/recorder.h"
#include "iface/replay.h"

/* ---- the system ------------------------------------------------------------------------------ */

enum { SHORT = 7, WORDS = 64 };

static uint64_t reading_no; /* what the words of the binary file begin with, for each reading */

/* Texts by path and tag; they come SHORT bytes at a time. */
static const struct {
	const char *path, *tag, *text;
} texts[] = {
	{ "/proc/42/maps", "1", "7f00-7f2a r--p 00000000 00:02 7 /first\n" },
	{ "/proc/42/maps", "2", "7f00-7f2b r--p 00000000 00:02 7 /second and longer\n" },
	{ "/proc/42/cmdline", "", "secret\0command\0line" },
	{ "/proc/meminfo", "", "" },
	{ "/proc/vmstat", "", "nr_free_pages 1\n" },
};

static const char *text_of(const struct sv_file *f)
{
	for (size_t i = 0; i < sv_array_size(texts); i++)
		if (!strcmp(f->path, texts[i].path) && !strcmp(f->tag, texts[i].tag))
			return texts[i].text;
	return NULL;
}

static int fake_open(safevma_root *root, struct sv_file *f, struct safevma_error *err)
{
	(void)root;
	if (f->place.iface == SV_IFACE_SMAPS)
		return sv_error_sys(err, EACCES, f->path, "open");
	return f->place.iface == SV_IFACE_PAGEMAP || text_of(f)
		       ? 0
		       : sv_error_sys(err, ENOENT, f->path, "open");
}

/* Each word says where it lies and in which reading. Past the last: the end; far past: EIO. */
static int read_words(void *buf, size_t len, uint64_t off, size_t *got, const char *path,
	struct safevma_error *err)
{
	uint64_t *words = buf;

	if (off >= 4096)
		return sv_error_sys(err, EIO, path, "read");
	for (*got = 0; *got + 8 <= len && off + *got < WORDS * 8; *got += 8)
		*words++ = reading_no << 32 | (off + *got);
	return 0;
}

static int fake_read(struct sv_file *f, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	const char *text = text_of(f);
	size_t n = f->place.iface == SV_IFACE_CMDLINE ? 19 : strlen(text ? text : "");

	if (!text)
		return read_words(buf, len, off, got, f->path, err);
	if (f->place.iface == SV_IFACE_VMSTAT && off)
		return sv_error_sys(err, EINTR, f->path, "read");
	n = off < n ? n - (size_t)off : 0;
	n = n < len ? n : len;
	*got = n < SHORT ? n : SHORT;
	memcpy(buf, text + off, *got);
	return 0;
}

static void fake_close(struct sv_file *f)
{
	(void)f;
}

static int fake_call(safevma_root *root, const struct sv_call *c, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	struct sv_region r[2] = { { 4096, 8192, SV_SCAN_PRESENT }, { c->start, c->end, 1 } };

	(void)root;
	switch (c->op) {
	case SV_OP_LIST:
		return sv_strbuf_add(ret, "1\n42\n", 5);
	case SV_OP_LINK:
		return sv_strbuf_add(ret, "/usr/bin/secret", 15);
	case SV_OP_MAGIC:
		return sv_strbuf_add(ret, "0x5345434d\n", 11);
	case SV_OP_SCAN:
		return sv_strbuf_add(ret, r, sizeof(r));
	case SV_OP_NOTE:
		return sv_strbuf_printf(ret, "note %s\n", c->place.tag);
	case SV_OP_PIN:
		return 0; /* nothing to say */
	case SV_OP_ALIVE:
		return sv_error_sys(err, ENOSYS, "", sv_op_phrases[c->op]);
	case SV_OP_QUERY:
	case SV_OP_COUNT:
		break;
	}
	return sv_error_sys(err, EINVAL, "", sv_op_phrases[c->op]);
}

static void fake_free(safevma_root *root)
{
	(void)root;
}

static const struct sv_root_ops fake_ops = {
	.open = fake_open,
	.read = fake_read,
	.close = fake_close,
	.call = fake_call,
	.free = fake_free,
};

/* ---- what is asked of it --------------------------------------------------------------------- */

static void log_result(struct sv_strbuf *log, int rc, const struct safevma_error *err,
	const void *data, size_t len)
{
	const unsigned char *p = data;

	if (rc) {
		assert_int_equal(
			sv_strbuf_printf(log, "errno %d: %s\n", err->errnum, err->message), 0);
		return;
	}
	assert_int_equal(sv_strbuf_printf(log, "%zu:", len), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(sv_strbuf_printf(log, " %02x", (unsigned int)p[i]), 0);
	assert_int_equal(sv_strbuf_printf(log, "\n"), 0);
}

static void whole(safevma_root *root, struct sv_strbuf *log, enum sv_iface iface, const char *tag)
{
	struct sv_place place = { .iface = iface, .pid = 42, .tag = tag };
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct safevma_error err = { 0 };
	int rc = sv_root_read_all(root, &place, &b, &err);

	log_result(log, rc, &err, b.ptr, b.len);
}

static void words(struct sv_file *f, struct sv_strbuf *log, uint64_t off, size_t len)
{
	struct safevma_error err = { 0 };
	uint64_t buf[WORDS] = { 0 };
	size_t got = 99;
	int rc = sv_file_read(f, buf, len, off, &got, &err);

	assert_true(!rc || got == 99);
	log_result(log, rc, &err, buf, rc ? 0 : got);
}

static void call(safevma_root *root, struct sv_strbuf *log, enum sv_op op, struct sv_file *f,
	const char *tag, uint64_t start)
{
	struct sv_call c = { .op = op, .file = f, .start = start, .end = start ? start + 8192 : 0 };
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct safevma_error err = { 0 };
	int rc;

	if (!f)
		c.place = (struct sv_place) { .iface = op == SV_OP_LINK	   ? SV_IFACE_EXE
						       : op == SV_OP_MAGIC ? SV_IFACE_MAP_FILES
						       : op == SV_OP_PIN || op == SV_OP_ALIVE
							       ? SV_IFACE_STAT
							       : SV_IFACE_PROC,
			.pid = 42,
			.arg = op == SV_OP_MAGIC ? "7f00-7f2a" : NULL,
			.tag = tag };
	rc = sv_root_call(root, &c, &b, &err);
	log_result(log, rc, &err, b.ptr, b.len);
}

/* Two readings at once, gaps, ends and errors on one file, and one place read twice. */
static void binary(safevma_root *root, struct sv_strbuf *log)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = 42, .tag = "1" };
	sv_auto_file struct sv_file *one = NULL, *two = NULL;

	assert_int_equal(sv_root_open(root, &place, &one, NULL), 0);
	place.tag = "2";
	assert_int_equal(sv_root_open(root, &place, &two, NULL), 0);
	reading_no = 1;
	words(one, log, 0, 16);
	words(one, log, 16, 8);
	words(one, log, 64, 24);
	reading_no = 2;
	words(two, log, 0, 16);
	words(one, log, WORDS * 8 - 8, 64); /* less than asked for */
	words(one, log, WORDS * 8, 64);	    /* the end */
	words(one, log, 4096, 8);	    /* an error */
	reading_no = 3;
	words(one, log, 8, 8); /* the same place once more, and backwards */
	words(one, log, 64, 24);
	reading_no = 4;
	words(one, log, 64, 24);
	call(root, log, SV_OP_SCAN, one, NULL, 4096);
	call(root, log, SV_OP_SCAN, one, NULL, 1 << 20);
	call(root, log, SV_OP_QUERY, one, NULL, 4096);
}

static void session(safevma_root *root, struct sv_strbuf *log)
{
	call(root, log, SV_OP_NOTE, NULL, "clock.begin", 0);
	call(root, log, SV_OP_LIST, NULL, NULL, 0);
	call(root, log, SV_OP_PIN, NULL, "memory", 0);
	whole(root, log, SV_IFACE_MAPS, "1");
	whole(root, log, SV_IFACE_SMAPS, "1");
	whole(root, log, SV_IFACE_MAPS, "2");
	whole(root, log, SV_IFACE_CMDLINE, NULL);
	whole(root, log, SV_IFACE_MEMINFO, NULL);
	whole(root, log, SV_IFACE_VMSTAT, NULL);
	whole(root, log, SV_IFACE_ZONEINFO, NULL);
	call(root, log, SV_OP_LINK, NULL, NULL, 0);
	call(root, log, SV_OP_MAGIC, NULL, "1", 0);
	binary(root, log);
	call(root, log, SV_OP_ALIVE, NULL, "memory", 0);
	call(root, log, SV_OP_NOTE, NULL, "clock.end", 0);
}

/* ---- recording and replaying ----------------------------------------------------------------- */

static struct sv_strbuf record(const char *dir, bool redact)
{
	safevma_root root = { .ops = &fake_ops };
	struct sv_strbuf log = { 0 };

	root.recorder = sv_recorder_new(scratch_path(dir), NULL, redact, NULL);
	assert_non_null(root.recorder);
	session(&root, &log);
	assert_int_equal(sv_recorder_finish(root.recorder, NULL), 0);
	return log;
}

static safevma_root *open_replay(const char *dir, struct safevma_error *err)
{
	struct safevma_root_options o = { .recording = scratch_path(dir) };
	safevma_root *root = NULL;
	int rc = safevma_root_open(&o, &root, err);

	assert_true(rc == 0 ? root != NULL : rc == -1 && root == NULL);
	return root;
}

static void make(const char *dir, bool redact)
{
	struct sv_strbuf log = record(dir, redact);

	sv_strbuf_fini(&log);
}

static safevma_root *replay_of(const char *dir, bool redact)
{
	safevma_root *root;

	make(dir, redact);
	root = open_replay(dir, NULL);
	assert_non_null(root);
	return root;
}

static void close_root(safevma_root *root)
{
	assert_int_equal(safevma_root_close(root, NULL), 0);
}

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

static void assert_code(int rc, const struct safevma_error *err, enum safevma_code code)
{
	assert_int_equal(rc, -1);
	assert_int_equal(err->code, code);
}

/* What nobody asked then has no answer now; it is never empty and never zero. */
static void not_recorded(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = 42, .tag = "1" };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC, .tag = "9" } };
	safevma_root *root = replay_of("rec", false);
	static const uint64_t holes[] = { 24, 32, 56, 88, 256, WORDS * 8 - 16, WORDS * 8 + 8, 4088,
		4104, UINT64_MAX - 7 };
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL, *none = NULL;
	uint64_t word = 7;
	size_t got = 99;

	(void)state;
	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	for (size_t i = 0; i < sv_array_size(holes); i++) {
		memset(&err, 0, sizeof(err));
		assert_code(sv_file_read(f, &word, 8, holes[i], &got, &err), &err,
			SAFEVMA_E_NOT_RECORDED);
		assert_string_equal(err.path, "/proc/42/pagemap");
	}
	assert_int_equal(word, 7);
	assert_int_equal(got, 99);
	c = (struct sv_call) { .op = SV_OP_SCAN, .file = f, .start = 4096, .end = 8192 };
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	sv_file_close(f);
	c = (struct sv_call) { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC, .tag = "9" } };
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_int_equal(b.len, 0);
	place.tag = "3";
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place.pid = 43;
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place = (struct sv_place) { .iface = SV_IFACE_SWAPS };
	assert_code(sv_root_open(root, &place, &none, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_null(none);
	close_root(root);
}

/* Each entry is one answer; those of one key come in their order. */
static void an_entry_answers_once(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };
	struct sv_place place = { .iface = SV_IFACE_SMAPS, .pid = 42, .tag = "1" };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_int_equal(sv_root_call(root, &c, &b, NULL), 0);
	b.len = 0;
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_NOT_RECORDED);
	assert_int_equal(b.len, 0);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_SYSTEM);
	assert_int_equal(err.errnum, EACCES);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_NOT_RECORDED);
	place.iface = SV_IFACE_MAPS;
	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	sv_file_close(f);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_NOT_RECORDED);
	close_root(root);
}

static void bad_places_reach_no_root(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_place place = { .iface = SV_IFACE_BOOT_CONFIG, .arg = "../x" };
	struct sv_call c = { .op = SV_OP_MAGIC, .place = place };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_USAGE);
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_USAGE);
	close_root(root);
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

static void our_reading_is_accounted(void **state)
{
	safevma_root root = { .ops = &fake_ops };
	sv_auto_strbuf struct sv_strbuf log = { 0 };

	(void)state;
	whole(&root, &log, SV_IFACE_MAPS, "1");
	assert_int_equal(root.cost.bytes_read, strlen(texts[0].text));
	assert_int_equal(root.cost.lock_reads, (strlen(texts[0].text) + SHORT - 1) / SHORT + 1);
	whole(&root, &log, SV_IFACE_VMSTAT, NULL);
	assert_int_equal(root.cost.bytes_read, strlen(texts[0].text) + SHORT);
	assert_int_equal(root.cost.lock_reads, (strlen(texts[0].text) + SHORT - 1) / SHORT + 1);
}

static void a_path_of_any_length(void **state)
{
	sv_auto_strbuf struct sv_strbuf live = record("rec", false), again = { 0 };
	struct safevma_error err = { 0 };
	char name[400];
	safevma_root *root;
	size_t n = 0;

	(void)state;
	/* "./" over and over: the same directory, by a name of more than 300 bytes. */
	while (n < 300)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "./");
	snprintf(name + n, sizeof(name) - n, "rec");
	root = open_replay(name, &err);
	assert_non_null(root);
	session(root, &again);
	assert_string_equal(again.ptr, live.ptr);
	close_root(root);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void remove_member(void)
{
	assert_int_equal(unlink(scratch_path("rec/proc/42/maps@1")), 0);
}

static void empty_member(void)
{
	scratch_write("rec/proc/42/maps@1", "", 0);
}

static void shorter_member(void)
{
	scratch_write("rec/proc/42/maps@1", texts[0].text, strlen(texts[0].text) - 1);
}

static void longer_member(void)
{
	char text[200];

	scratch_write("rec/proc/42/maps@1", text,
		(size_t)snprintf(text, sizeof(text), "%s ", texts[0].text));
}

static void directory_for_member(void)
{
	remove_member();
	assert_int_equal(mkdir(scratch_path("rec/proc/42/maps@1"), 0700), 0);
}

static void fifo_for_member(void)
{
	remove_member();
	assert_int_equal(mkfifo(scratch_path("rec/proc/42/maps@1"), 0600), 0);
}

/* Of the right length, but elsewhere. */
static void link_for_member(void)
{
	assert_int_equal(rename(scratch_path("rec/proc/42/maps@1"), scratch_path("outside")), 0);
	assert_int_equal(symlink("../../../outside", scratch_path("rec/proc/42/maps@1")), 0);
}

static void link_for_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc/42"), scratch_path("outside")), 0);
	assert_int_equal(symlink("../../outside", scratch_path("rec/proc/42")), 0);
}

static void link_for_top_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc"), scratch_path("outside")), 0);
	assert_int_equal(symlink(scratch_path("outside"), scratch_path("rec/proc")), 0);
}

static void file_for_directory(void)
{
	assert_int_equal(rename(scratch_path("rec/proc"), scratch_path("outside")), 0);
	scratch_write("rec/proc", "x", 1);
}

static void damaged_members(void **state)
{
	static void (*const damage[])(void) = { remove_member, empty_member, shorter_member,
		longer_member, directory_for_member, fifo_for_member, link_for_member,
		link_for_directory, link_for_top_directory, file_for_directory };

	for (size_t i = 0; i < sv_array_size(damage); i++) {
		struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = 42, .tag = "1" };
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		struct safevma_error err = { 0 };
		safevma_root *root;

		if (i)
			assert_int_equal(scratch_setup(state), 0);
		make("rec", false);
		damage[i]();
		root = open_replay("rec", NULL);
		assert_code(sv_root_read_all(root, &place, &b, &err), &err, SAFEVMA_E_RECORDING);
		assert_int_equal(b.len, 0);
		assert_non_null(strstr(err.path, "rec/proc/42/maps@1"));
		close_root(root);
		if (i + 1 < sv_array_size(damage))
			assert_int_equal(scratch_teardown(state), 0);
	}
}

/* Empty as recorded, and yet no file. */
static void fifo_for_an_empty_member(void **state)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;

	(void)state;
	assert_int_equal(unlink(scratch_path("rec/proc/meminfo")), 0);
	assert_int_equal(mkfifo(scratch_path("rec/proc/meminfo"), 0600), 0);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	assert_null(f);
	close_root(root);
}

static void damaged_answer_of_a_call(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct sv_call c = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };
	safevma_root *root = replay_of("rec", false);
	struct safevma_error err = { 0 };

	(void)state;
	scratch_write("rec/proc@list", "1\n", 2);
	assert_code(sv_root_call(root, &c, &b, &err), &err, SAFEVMA_E_RECORDING);
	assert_int_equal(b.len, 0);
	close_root(root);
}

static void assert_no_recording(const char *dir)
{
	struct safevma_error err = { 0 };

	assert_null(open_replay(dir, &err));
	assert_int_equal(err.code, SAFEVMA_E_RECORDING);
	assert_true(err.message[0]);
}

static void journal_cut_off(void **state)
{
	char text[16384];
	size_t len;

	(void)state;
	make("rec", false);
	len = scratch_read("rec/recording.json", text, sizeof(text));
	assert_true(len > 2000);
	for (size_t cut = 0; cut + 1 < len; cut += 37) {
		scratch_write("rec/recording.json", text, cut);
		assert_no_recording("rec");
	}
	for (size_t cut = len - 60; cut + 1 < len; cut++) {
		scratch_write("rec/recording.json", text, cut);
		assert_no_recording("rec");
	}
	scratch_write("rec/recording.json", text, len);
	close_root(open_replay("rec", NULL));
}

static void no_journal(void **state)
{
	(void)state;
	make("rec", false);
	assert_no_recording("nosuch");
	assert_int_equal(unlink(scratch_path("rec/recording.json")), 0);
	assert_no_recording("rec");
	assert_int_equal(mkdir(scratch_path("rec/recording.json"), 0700), 0);
	assert_no_recording("rec");
	assert_int_equal(rmdir(scratch_path("rec/recording.json")), 0);
	assert_int_equal(symlink("/dev/null", scratch_path("rec/recording.json")), 0);
	assert_no_recording("rec");
	scratch_write("file", "x", 1);
	assert_no_recording("file");
}

static const char head[] = "{\"schema\":\"safevma.recording/1\",\"ops\":[\n";
static const char tail[] = "null],\"complete\":true}\n";

static void write_journal(const char *line)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s%s\n%s", head, line, tail);

	scratch_write("rec/recording.json", text, (size_t)n);
}

#define OPEN(rest) "{\"op\":\"open\",\"path\":\"/proc/meminfo\",\"tag\":\"\"," rest "},"

static const char *const bad_lines[] = {
	"",
	"x",
	"{",
	"{},",
	"[],",
	"42,",
	"null,",
	OPEN("\"file\":\"m\",\"extents\":[],\"ends\":[]"),
	OPEN("\"errno\":0"),
	OPEN("\"errno\":-1"),
	OPEN("\"errno\":1.5"),
	OPEN("\"errno\":4096"),
	OPEN("\"errno\":\"13\""),
	OPEN("\"errno\":0,\"file\":7"),
	OPEN("\"errno\":0,\"file\":\"\""),
	OPEN("\"errno\":0,\"file\":\"/etc/passwd\""),
	OPEN("\"errno\":0,\"file\":\"..\""),
	OPEN("\"errno\":0,\"file\":\"../m\""),
	OPEN("\"errno\":0,\"file\":\"a/../../m\""),
	OPEN("\"errno\":0,\"file\":\"a/..\""),
	OPEN("\"errno\":0,\"file\":\"a//../m\""),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[7]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,-1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,1.5]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,1e30]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[\"0\",1]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[],\"ends\":[[0]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[],\"ends\":[[0,5000]]"),
	OPEN("\"errno\":0,\"file\":\"m\",\"start\":\"0x0\""),
	"{\"path\":\"/proc/meminfo\",\"tag\":\"\",\"errno\":2},",
	"{\"op\":\"open\",\"tag\":\"\",\"errno\":2},",
	"{\"op\":\"open\",\"path\":\"/proc/meminfo\",\"errno\":2},",
};

static void malformed_lines(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("m", "outside", 7);
	for (size_t i = 0; i < sv_array_size(bad_lines); i++) {
		struct safevma_error err = { 0 };

		write_journal(bad_lines[i]);
		assert_null(open_replay("rec", &err));
		assert_int_equal(err.code, SAFEVMA_E_RECORDING);
		assert_int_equal(err.line, 2);
	}
	write_journal(OPEN("\"errno\":2"));
	close_root(open_replay("rec", NULL));
}

static void name_too_long(void **state)
{
	char line[600], name[300];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	snprintf(line, sizeof(line), OPEN("\"errno\":0,\"file\":\"%s\""), name);
	write_journal(line);
	assert_no_recording("rec");
}

static void other_schemas(void **state)
{
	static const char *const firsts[] = { "", "\n", "{}\n",
		"{\"schema\":\"safevma.recording/2\",\n", "{\"schema\":\"safevma.maps/1\",\n",
		" {\"schema\":\"safevma.recording/1\",\n" };
	char text[200];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	for (size_t i = 0; i < sv_array_size(firsts); i++) {
		int n = snprintf(text, sizeof(text), "%s%s", firsts[i], tail);

		scratch_write("rec/recording.json", text, (size_t)n);
		assert_no_recording("rec");
	}
}

static struct sv_file *open_by_hand(safevma_root *root)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	struct sv_file *f = NULL;

	assert_int_equal(sv_root_open(root, &place, &f, NULL), 0);
	return f;
}

/* Extents written by hand: overlapping, out of order, empty; the member holds "abcdefgh". */
static void extents_in_any_order(void **state)
{
	static const struct {
		const char *extents;
		uint64_t off;
		const char *expected; /* NULL: not recorded */
	} readings[] = {
		{ "[[0,8]]", 0, "abcdefgh" },
		{ "[[0,8]]", 7, "h" },
		{ "[[0,8]]", 8, NULL },
		{ "[[8,8]]", 7, NULL },
		{ "[[100,4],[0,4]]", 0, "efgh" },
		{ "[[100,4],[0,4]]", 103, "d" },
		{ "[[0,4],[4,0],[4,4]]", 4, "efgh" },
		{ "[[0,2],[10,2],[20,2],[30,2]]", 31, "h" },
		{ "[[0,2],[10,2],[20,2],[30,2]]", 12, NULL },
		{ "[[0,4],[2,4]]", 2, "cd" },
		{ "[[0,4],[2,4]]", 5, "h" },
		{ "[[9007199254740984,8]]", UINT64_C(9007199254740984), "abcdefgh" },
		{ "[[9007199254740984,8]]", UINT64_MAX, NULL },
	};
	char line[200], buf[16];

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("rec/m", "abcdefgh", 8);
	for (size_t i = 0; i < sv_array_size(readings); i++) {
		struct safevma_error err = { 0 };
		safevma_root *root;
		struct sv_file *f;
		size_t got = 0;

		snprintf(line, sizeof(line), OPEN("\"errno\":0,\"file\":\"m\",\"extents\":%s"),
			readings[i].extents);
		write_journal(line);
		root = open_replay("rec", NULL);
		f = open_by_hand(root);
		if (readings[i].expected) {
			assert_int_equal(
				sv_file_read(f, buf, sizeof(buf), readings[i].off, &got, NULL), 0);
			assert_int_equal(got, strlen(readings[i].expected));
			assert_memory_equal(buf, readings[i].expected, got);
		} else {
			assert_code(sv_file_read(f, buf, sizeof(buf), readings[i].off, &got, &err),
				&err, SAFEVMA_E_NOT_RECORDED);
		}
		sv_file_close(f);
		close_root(root);
	}
}

static void extents_beyond_the_member(void **state)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	struct safevma_error err = { 0 };
	struct sv_file *f = NULL;
	safevma_root *root;

	(void)state;
	assert_int_equal(mkdir(scratch_path("rec"), 0700), 0);
	scratch_write("rec/m", "abcdefgh", 8);
	write_journal(OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,8],[8,1]]"));
	root = open_replay("rec", NULL);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	close_root(root);
	write_journal(OPEN("\"errno\":0,\"file\":\"m\",\"extents\":[[0,9007199254740992],[0,8]]"));
	root = open_replay("rec", NULL);
	assert_code(sv_root_open(root, &place, &f, &err), &err, SAFEVMA_E_RECORDING);
	close_root(root);
	assert_null(f);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(answers_as_the_system_did),
		scratch_test(readable_by_people),
		scratch_test(not_recorded),
		scratch_test(an_entry_answers_once),
		scratch_test(bad_places_reach_no_root),
		scratch_test(redacted),
		scratch_test(a_failed_recording),
		scratch_test(an_abandoned_recording_is_none),
		cmocka_unit_test(options_that_exclude_each_other),
		cmocka_unit_test(our_reading_is_accounted),
		scratch_test(a_path_of_any_length),
		scratch_test(damaged_members),
		scratch_test(fifo_for_an_empty_member),
		scratch_test(damaged_answer_of_a_call),
		scratch_test(journal_cut_off),
		scratch_test(no_journal),
		scratch_test(malformed_lines),
		scratch_test(name_too_long),
		scratch_test(other_schemas),
		scratch_test(extents_in_any_order),
		scratch_test(extents_beyond_the_member),
		cmocka_unit_test(member_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
