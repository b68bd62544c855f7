// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bytes as recording.json of a directory that is made once, with members "m" and "d/m". What a
 * journal can bring about is bytes of these members or an error; outside lies a bait.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "iface/replay.h"

static char top[] = "/tmp/safevma-fuzz-XXXXXX", dir[64];

static void put(const char *name, const void *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	promise(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void clean_up(void)
{
	static const char *const names[] = { "r/recording.json", "r/m", "r/d/m", "r/d", "r", "m",
		"" };
	char path[128];

	for (size_t i = 0; i < sv_array_size(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		remove(path);
	}
}

static void make_dir(void)
{
	char path[128];

	promise(mkdtemp(top) != NULL);
	atexit(clean_up);
	snprintf(dir, sizeof(dir), "%s/r", top);
	snprintf(path, sizeof(path), "%s/r/d", top);
	promise(!mkdir(dir, 0700) && !mkdir(path, 0700));
	put("m", "abcdefgh", 8);
	put("d/m", "ijkl", 4);
	put("../m", "BAITBAIT", 8);
}

static void promise_code(const struct safevma_error *err)
{
	promise(err->code == SAFEVMA_E_RECORDING || err->code == SAFEVMA_E_NOT_RECORDED ||
		(err->code == SAFEVMA_E_SYSTEM && err->errnum > 0 && err->errnum < 4096));
	promise(err->message[0]);
}

/* Of the members, and no bait. */
static void promise_data(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		promise(data[i] >= 'a' && data[i] <= 'l');
}

static void read_some(struct sv_file *f)
{
	static const uint64_t offs[] = { 0, 1, 8, 0, 4096, 9007199254740991, UINT64_MAX };
	struct safevma_error err = { 0 };
	char buf[16];

	for (size_t i = 0; i < sv_array_size(offs); i++) {
		size_t got = 99;

		if (sv_file_read(f, buf, sizeof(buf) - i, offs[i], &got, &err)) {
			promise_code(&err);
			continue;
		}
		promise(got <= sizeof(buf) - i);
		promise_data(buf, got);
	}
}

static void ask(safevma_root *root)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO };
	struct sv_call call = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_PROC } };

	for (int times = 0; times < 2; times++) {
		sv_auto_strbuf struct sv_strbuf b = { 0 };
		sv_auto_file struct sv_file *f = NULL;
		struct safevma_error err = { 0 };

		if (sv_root_open(root, &place, &f, &err))
			promise_code(&err);
		else
			read_some(f);
		if (sv_root_call(root, &call, &b, &err))
			promise_code(&err);
		promise_data(b.ptr, b.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	safevma_root root = { 0 };
	struct safevma_error err = { 0 };

	if (!dir[0])
		make_dir();
	put("recording.json", data, size);
	if (sv_replay_start(&root, dir, &err)) {
		promise(err.code == SAFEVMA_E_RECORDING);
		return 0;
	}
	ask(&root);
	root.ops->free(&root);
	return 0;
}
