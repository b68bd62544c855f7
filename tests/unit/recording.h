/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings of a system of a few files, which stands behind a root of the test's own. */
#ifndef TESTS_RECORDING_H
#define TESTS_RECORDING_H

#include "scratch.h"

#include <errno.h>

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

static inline int fake_open(safevma_root *root, struct sv_file *f, struct safevma_error *err)
{
	(void)root;
	if (f->place.iface == SV_IFACE_SMAPS)
		return sv_error_sys(err, EACCES, f->path, "open");
	return f->place.iface == SV_IFACE_PAGEMAP || text_of(f)
		       ? 0
		       : sv_error_sys(err, ENOENT, f->path, "open");
}

/* Each word says where it lies and in which reading. Past the last: the end; far past: EIO. */
static inline int read_words(void *buf, size_t len, uint64_t off, size_t *got, const char *path,
	struct safevma_error *err)
{
	uint64_t *words = buf;

	if (off >= 4096)
		return sv_error_sys(err, EIO, path, "read");
	for (*got = 0; *got + 8 <= len && off + *got < WORDS * 8; *got += 8)
		*words++ = reading_no << 32 | (off + *got);
	return 0;
}

static inline int fake_read(struct sv_file *f, void *buf, size_t len, uint64_t off, size_t *got,
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

static inline void fake_close(struct sv_file *f)
{
	(void)f;
}

static inline int fake_call(safevma_root *root, const struct sv_call *c, struct sv_strbuf *ret,
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
	case SV_OP_SHORT:
		return sv_strbuf_add(ret, "running\n", 8);
	case SV_OP_SCAN:
		return sv_strbuf_add(ret, r, sizeof(r));
	case SV_OP_NOTE:
		return sv_strbuf_printf(ret, "note %s\n", c->place.tag);
	case SV_OP_PIN:
		return 0; /* nothing to say */
	case SV_OP_ALIVE:
		return sv_error_sys(err, ENOSYS, "", sv_op_phrases[c->op]);
	case SV_OP_EXPERIMENT:
		return c->run(c->arg, ret) ? sv_error_nomem(err) : 0;
	case SV_OP_QUERY:
	case SV_OP_WAIT:
	case SV_OP_PERF_OPEN:
	case SV_OP_PERF_START:
	case SV_OP_PERF_DRAIN:
	case SV_OP_PERF_COUNT:
	case SV_OP_RECORDS:
	case SV_OP_COUNT:
		break;
	}
	return sv_error_sys(err, EINVAL, "", sv_op_phrases[c->op]);
}

static inline void fake_free(safevma_root *root)
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

static inline void log_result(struct sv_strbuf *log, int rc, const struct safevma_error *err,
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

static inline void whole(
	safevma_root *root, struct sv_strbuf *log, enum sv_iface iface, const char *tag)
{
	struct sv_place place = { .iface = iface, .pid = 42, .tag = tag };
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct safevma_error err = { 0 };
	int rc = sv_root_read_all(root, &place, &b, &err);

	log_result(log, rc, &err, b.ptr, b.len);
}

static inline void words(struct sv_file *f, struct sv_strbuf *log, uint64_t off, size_t len)
{
	struct safevma_error err = { 0 };
	uint64_t buf[WORDS] = { 0 };
	size_t got = 99;
	int rc = sv_file_read(f, buf, len, off, &got, &err);

	assert_true(!rc || got == 99);
	log_result(log, rc, &err, buf, rc ? 0 : got);
}

static inline void call(safevma_root *root, struct sv_strbuf *log, enum sv_op op, struct sv_file *f,
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
static inline void binary(safevma_root *root, struct sv_strbuf *log)
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

static inline void session(safevma_root *root, struct sv_strbuf *log)
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

static inline struct sv_strbuf record(const char *dir, bool redact)
{
	safevma_root root = { .ops = &fake_ops };
	struct sv_strbuf log = { 0 };

	root.recorder = sv_recorder_new(scratch_path(dir), NULL, redact, NULL);
	assert_non_null(root.recorder);
	session(&root, &log);
	assert_int_equal(sv_recorder_finish(root.recorder, NULL), 0);
	return log;
}

static inline safevma_root *open_replay(const char *dir, struct safevma_error *err)
{
	struct safevma_root_options o = { .recording = scratch_path(dir) };
	safevma_root *root = NULL;
	int rc = safevma_root_open(&o, &root, err);

	assert_true(rc == 0 ? root != NULL : rc == -1 && root == NULL);
	return root;
}

static inline void make(const char *dir, bool redact)
{
	struct sv_strbuf log = record(dir, redact);

	sv_strbuf_fini(&log);
}

static inline safevma_root *replay_of(const char *dir, bool redact)
{
	safevma_root *root;

	make(dir, redact);
	root = open_replay(dir, NULL);
	assert_non_null(root);
	return root;
}

static inline void close_root(safevma_root *root)
{
	assert_int_equal(safevma_root_close(root, NULL), 0);
}

static inline void assert_code(int rc, const struct safevma_error *err, enum safevma_code code)
{
	assert_int_equal(rc, -1);
	assert_int_equal(err->code, code);
}

#endif
