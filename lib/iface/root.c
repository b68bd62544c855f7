// SPDX-License-Identifier: LGPL-2.1-or-later
#include "root.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "recorder.h"

const char *const sv_op_names[SV_OP_COUNT] = {
	[SV_OP_LIST] = "list",
	[SV_OP_LINK] = "link",
	[SV_OP_MAGIC] = "magic",
	[SV_OP_SHORT] = "short",
	[SV_OP_PIN] = "pin",
	[SV_OP_ALIVE] = "alive",
	[SV_OP_SCAN] = "scan",
	[SV_OP_QUERY] = "query",
	[SV_OP_NOTE] = "note",
	[SV_OP_EXPERIMENT] = "experiment",
	[SV_OP_WAIT] = "wait",
	[SV_OP_PERF_OPEN] = "perf-open",
	[SV_OP_PERF_START] = "perf-start",
	[SV_OP_PERF_DRAIN] = "perf-drain",
	[SV_OP_PERF_COUNT] = "perf-count",
	[SV_OP_RECORDS] = "records",
};

const char *const sv_op_phrases[SV_OP_COUNT] = {
	[SV_OP_LIST] = "list",
	[SV_OP_LINK] = "read the link",
	[SV_OP_MAGIC] = "look up the filesystem",
	[SV_OP_SHORT] = "read",
	[SV_OP_PIN] = "find the process",
	[SV_OP_ALIVE] = "ask whether it lives",
	[SV_OP_SCAN] = "scan for pages",
	[SV_OP_QUERY] = "query mappings",
	[SV_OP_NOTE] = "look at the system",
	[SV_OP_EXPERIMENT] = "run the experiment",
	[SV_OP_WAIT] = "wait",
	[SV_OP_PERF_OPEN] = "open events",
	[SV_OP_PERF_START] = "start",
	[SV_OP_PERF_DRAIN] = "read events",
	[SV_OP_PERF_COUNT] = "count events",
	[SV_OP_RECORDS] = "read records",
};

static int file_init(struct sv_file *f, safevma_root *root, const struct sv_place *place,
	struct safevma_error *err)
{
	f->root = root;
	f->fd = -1;
	f->place = *place;
	snprintf(f->tag, sizeof(f->tag), "%s", place->tag ? place->tag : "");
	f->place.tag = f->tag;
	if (sv_place_path(place, f->path, sizeof(f->path)))
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, sv_iface_info(place->iface)->path, 0,
			"not a path that may be opened: argument '%s'",
			place->arg ? place->arg : "");
	return 0;
}

int sv_root_open(safevma_root *root, const struct sv_place *place, struct sv_file **ret,
	struct safevma_error *err)
{
	struct safevma_error local = { 0 };
	struct sv_file *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return sv_error_nomem(err);
	err = err ? err : &local;
	if (file_init(f, root, place, err)) {
		free(f);
		return -1;
	}
	rc = root->ops->open(root, f, err);
	if (root->recorder && !(rc && sv_error_fatal(err)))
		sv_recorder_open(root->recorder, f, rc ? err->errnum : 0);
	if (rc) {
		free(f);
		return -1;
	}
	*ret = f;
	return 0;
}

int sv_file_read(struct sv_file *file, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	struct safevma_error local = { 0 };
	safevma_root *root = file->root;
	size_t n = 0;
	int rc;

	err = err ? err : &local;
	rc = root->ops->read(file, buf, len, off, &n, err);
	root->cost.bytes_read += n;
	if (root->recorder)
		sv_recorder_read(root->recorder, file, buf, n, off, rc ? err->errnum : 0);
	if (!rc)
		*got = n;
	return rc;
}

int sv_file_read_all(struct sv_file *file, struct sv_strbuf *ret, struct safevma_error *err)
{
	size_t chunk = 1 << 16, start = ret->len, got;

	do {
		if (sv_strbuf_reserve(ret, chunk))
			return sv_error_nomem(err);
		if (sv_file_read(file, ret->ptr + ret->len, chunk, ret->len - start, &got, err))
			return -1;
		ret->len += got;
		ret->ptr[ret->len] = 0;
	} while (got);
	return 0;
}

void sv_file_close(struct sv_file *file)
{
	if (!file)
		return;
	if (file->root->recorder)
		sv_recorder_close(file->root->recorder, file);
	file->root->ops->close(file);
	free(file);
}

int sv_root_call(safevma_root *root, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	struct safevma_error local = { 0 };
	size_t start = ret->len;
	int rc;

	err = err ? err : &local;
	rc = root->ops->call(root, call, ret, err);
	root->cost.bytes_read += rc ? 0 : ret->len - start;
	if (root->recorder && !(rc && sv_error_fatal(err)))
		sv_recorder_call(root->recorder, call, rc || !ret->ptr ? NULL : ret->ptr + start,
			rc ? 0 : ret->len - start, rc ? err->errnum : 0);
	return rc;
}

int sv_root_read_all(safevma_root *root, const struct sv_place *place, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	sv_auto_file struct sv_file *f = NULL;

	if (sv_root_open(root, place, &f, err))
		return -1;
	return sv_file_read_all(f, ret, err);
}
