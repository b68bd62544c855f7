// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/parse.h"

struct extent {
	uint64_t off, len, at; /* at: where in the member */
};

struct mark {
	uint64_t off;
	int errnum;
};

/* One line of the journal. Lines with the same key answer one after the other. */
struct entry {
	char *key, *member;
	size_t order;
	int errnum;
	bool used;
	uint64_t length; /* bytes the member must hold */
	sv_vec(struct extent) extents;
	sv_vec(struct mark) marks;
};

struct replay {
	int dir;
	char name[256]; /* for messages: perhaps cut */
	bool redacted;
	sv_vec(struct entry) entries;
};

/* A member being read, as an open file. */
struct reading {
	const struct entry *entry;
	int fd;	     /* its member: read as it is asked for, a machine's worth of words is large */
	size_t last; /* extent that gave the last answer */
	uint64_t next; /* offset behind that answer */
};

static int damaged(
	const struct replay *r, uint64_t line, struct safevma_error *err, const char *why)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/recording.json", r->name);
	return sv_error_set(err, SAFEVMA_E_RECORDING, 0, path, line, "%s", why);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static const char *text_of(const cJSON *op, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(op, name));
}

/*
 * A whole number that a double holds exactly, or "0x..." for the larger ones, as offsets in kcore
 * are.
 */
static bool number_of(const cJSON *item, uint64_t *ret)
{
	double d = cJSON_IsNumber(item) ? item->valuedouble : -1;
	const char *text = cJSON_GetStringValue(item);
	struct sv_span hex = text ? sv_span_of(text) : (struct sv_span) { 0 };

	if (text)
		return sv_take_lit(&hex, "0x") && sv_take_hex(&hex, ret) && !hex.len;

	if (!(d >= 0 && d <= 9007199254740992.0) || (double)(uint64_t)d != d)
		return false;
	*ret = (uint64_t)d;
	return true;
}

static bool safe_member(const char *name)
{
	if (!name || !*name || *name == '/' || strlen(name) > 250)
		return false;
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, "../", 3) || !strcmp(at, ".."))
			return false;
	}
	return true;
}

static int add_extents(struct entry *e, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		struct extent *x = sv_vec_push(&e->extents);

		if (!x)
			return -1;
		x->at = e->length;
		if (!number_of(cJSON_GetArrayItem(item, 0), &x->off) ||
			!number_of(cJSON_GetArrayItem(item, 1), &x->len) ||
			__builtin_add_overflow(e->length, x->len, &e->length))
			return -1;
	}
	return 0;
}

static int add_marks(struct entry *e, const cJSON *list)
{
	const cJSON *item;
	uint64_t errnum;

	cJSON_ArrayForEach(item, list)
	{
		struct mark *m = sv_vec_push(&e->marks);

		if (!m || !number_of(cJSON_GetArrayItem(item, 0), &m->off) ||
			!number_of(cJSON_GetArrayItem(item, 1), &errnum) || errnum > 4095)
			return -1;
		m->errnum = (int)errnum;
	}
	return 0;
}

static char *make_key(
	const char *op, const char *path, const char *tag, const char *start, const char *end)
{
	char *key;

	return asprintf(&key, "%s %s %s %s %s", op, path, tag, start, end) < 0 ? NULL : key;
}

static int fill_entry(struct entry *e, const cJSON *op)
{
	const char *name = text_of(op, "op"), *path = text_of(op, "path"),
		   *tag = text_of(op, "tag");
	const char *start = text_of(op, "start"), *end = text_of(op, "end");
	const char *member = text_of(op, "file");
	uint64_t errnum;

	if (!name || !path || !tag ||
		!number_of(cJSON_GetObjectItemCaseSensitive(op, "errno"), &errnum) || errnum > 4095)
		return -1;
	e->errnum = (int)errnum;
	e->key = make_key(name, path, tag, start ? start : "-", end ? end : "-");
	if (!e->key)
		return -1;
	if (e->errnum)
		return 0;
	if (!safe_member(member) || !(e->member = strdup(member)))
		return -1;
	if (start)
		return number_of(cJSON_GetObjectItemCaseSensitive(op, "length"), &e->length) ? 0
											     : -1;
	return add_extents(e, cJSON_GetObjectItemCaseSensitive(op, "extents")) ||
			       add_marks(e, cJSON_GetObjectItemCaseSensitive(op, "ends"))
		       ? -1
		       : 0;
}

static int add_entry(
	struct replay *r, struct sv_span line, uint64_t number, struct safevma_error *err)
{
	struct entry *e;
	cJSON *op;
	int rc;

	if (line.len && line.ptr[line.len - 1] == ',')
		line.len--;
	op = cJSON_ParseWithLength(line.ptr, line.len);
	if (!op)
		return damaged(r, number, err, "expected one operation a line, as JSON");
	e = sv_vec_push(&r->entries);
	rc = e ? fill_entry(e, op) : -1;
	cJSON_Delete(op);
	if (!e)
		return sv_error_nomem(err);
	e->order = r->entries.len;
	return rc ? damaged(r, number, err, "this operation lacks a member, or one is malformed")
		  : 0;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int parse_journal(struct replay *r, struct sv_text *t, struct safevma_error *err)
{
	struct sv_span line;
	bool complete = false;

	if (!sv_text_line(t, &line) || !sv_take_lit(&line, "{\"schema\":\"safevma.recording/1\","))
		return damaged(r, 1, err, "expected a journal of schema safevma.recording/1");
	r->redacted = memmem(line.ptr, line.len, "\"redacted\":true", 15);
	while (!complete && sv_text_line(t, &line)) {
		complete = sv_span_is(line, "null],\"complete\":true}");
		if (!complete && add_entry(r, line, t->line, err))
			return -1;
	}
	if (!complete)
		return damaged(r, t->line, err, "the journal ends too early: it was cut off");
	if (r->entries.len)
		qsort(r->entries.ptr, r->entries.len, sizeof(*r->entries.ptr), by_key);
	return 0;
}

/* ---- members --------------------------------------------------------------------------------- */

static int member_error(const struct replay *r, const char *member, struct safevma_error *err,
	int errnum, const char *why)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", r->name, member);
	return sv_error_set(err, SAFEVMA_E_RECORDING, errnum, path, 0, "%s%s%s", why,
		errnum ? ": " : "", errnum ? strerror(errnum) : "");
}

static int read_fd(int fd, char *buf, size_t len, uint64_t off)
{
	while (len) {
		ssize_t n = pread(fd, buf, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		buf += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Part by part, so that no link on the way leads out of the recording. */
static int open_member(int dir, const char *member)
{
	const char *slash;
	char part[256];
	int at = dir, fd;

	while ((slash = strchr(member, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - member), member);
		fd = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != dir)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
		member = slash + 1;
	}
	fd = openat(at, member, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (at != dir)
		close(at);
	return fd;
}

/* length: what it must hold; UINT64_MAX: whatever it holds. Returns a descriptor, or -1. */
static int open_whole(const struct replay *r, const char *member, uint64_t length, uint64_t *size,
	struct safevma_error *err)
{
	sv_auto_fd int fd = open_member(r->dir, member);
	struct stat st;
	int ret;

	if (fd < 0)
		return member_error(
			r, member, err, errno, "part of the recording cannot be opened");
	if (fstat(fd, &st))
		return member_error(r, member, err, errno, "part of the recording cannot be read");
	if (!S_ISREG(st.st_mode))
		return member_error(
			r, member, err, 0, "part of the recording is not a regular file any more");
	if (length != UINT64_MAX && (uint64_t)st.st_size != length)
		return member_error(r, member, err, 0,
			"part of the recording has not the length that the journal says");
	*size = (uint64_t)st.st_size;
	ret = fd;
	fd = -1;
	return ret;
}

static int load(const struct replay *r, const char *member, uint64_t length, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	uint64_t size;
	sv_auto_fd int fd = open_whole(r, member, length, &size, err);

	if (fd < 0)
		return -1;
	if (sv_strbuf_reserve(ret, (size_t)size))
		return sv_error_nomem(err);
	if (read_fd(fd, ret->ptr + ret->len, (size_t)size, 0))
		return member_error(r, member, err, errno, "part of the recording cannot be read");
	ret->len += (size_t)size;
	ret->ptr[ret->len] = 0;
	return 0;
}

/* The next unused entry with this key. */
static struct entry *take_entry(struct replay *r, const char *key)
{
	size_t lo = 0, hi = r->entries.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(r->entries.ptr[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < r->entries.len && !strcmp(r->entries.ptr[lo].key, key); lo++)
		if (!r->entries.ptr[lo].used) {
			r->entries.ptr[lo].used = true;
			return &r->entries.ptr[lo];
		}
	return NULL;
}

static int not_recorded(const struct replay *r, const struct sv_place *place, const char *path,
	struct safevma_error *err)
{
	if (r->redacted && sv_iface_info(place->iface)->private)
		return sv_error_set(err, SAFEVMA_E_NOT_RECORDED, 0, path, 0,
			"left out of the recording by --redact");
	return sv_error_set(
		err, SAFEVMA_E_NOT_RECORDED, 0, path, 0, "the recording does not hold this");
}

/* ---- operations ------------------------------------------------------------------------------ */

static int replay_open(safevma_root *root, struct sv_file *file, struct safevma_error *err)
{
	struct replay *r = root->backend;
	sv_auto_free char *key = make_key("open", file->path, file->tag, "-", "-");
	struct reading *reading;
	struct entry *e;
	uint64_t size;

	if (!key)
		return sv_error_nomem(err);
	e = take_entry(r, key);
	if (!e)
		return not_recorded(r, &file->place, file->path, err);
	if (e->errnum)
		return sv_error_sys(err, e->errnum, file->path, "open");
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return sv_error_nomem(err);
	reading->entry = e;
	reading->fd = open_whole(r, e->member, e->length, &size, err);
	if (reading->fd < 0) {
		free(reading);
		return -1;
	}
	file->backend = reading;
	return 0;
}

/*
 * Extents stand in the order of the readings, and one that a reading went on with is one. A place
 * that was read again lies in a later extent as well, with what was there then: hence the search
 * goes on from the last answer, and turns to the beginning only at the end.
 */
static const struct extent *find_extent(struct reading *r, uint64_t off)
{
	size_t n = r->entry->extents.len;

	for (size_t k = 0; n && k <= n; k++) {
		size_t i = (r->last + k) % n;
		const struct extent *x = &r->entry->extents.ptr[i];

		if (off < x->off || off - x->off >= x->len || (!k && off < r->next))
			continue;
		r->last = i;
		return x;
	}
	return NULL;
}

static int replay_read(struct sv_file *file, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	struct reading *reading = file->backend;
	const struct entry *e = reading->entry;
	const struct extent *x = find_extent(reading, off);

	if (x) {
		*got = len < x->len - (off - x->off) ? len : (size_t)(x->len - (off - x->off));
		if (read_fd(reading->fd, buf, *got, x->at + (off - x->off)))
			return member_error(file->root->backend, e->member, err, errno,
				"part of the recording cannot be read");
		reading->next = off + *got;
		return 0;
	}
	for (size_t i = 0; i < e->marks.len; i++) {
		if (e->marks.ptr[i].off != off)
			continue;
		if (e->marks.ptr[i].errnum)
			return sv_error_sys(err, e->marks.ptr[i].errnum, file->path, "read");
		*got = 0;
		return 0;
	}
	return not_recorded(file->root->backend, &file->place, file->path, err);
}

static void replay_close(struct sv_file *file)
{
	struct reading *reading = file->backend;

	close(reading->fd);
	free(reading);
}

static int replay_call(safevma_root *root, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	const struct sv_place *place = call->file ? &call->file->place : &call->place;
	struct replay *r = root->backend;
	char path[SV_PLACE_PATH], start[24], end[24];
	sv_auto_free char *key = NULL;
	struct entry *e;

	if (sv_place_path(place, path, sizeof(path)))
		return sv_error_set(
			err, SAFEVMA_E_USAGE, 0, NULL, 0, "not a path that may be opened");
	snprintf(start, sizeof(start), "0x%" PRIx64, call->start);
	snprintf(end, sizeof(end), "0x%" PRIx64, call->end);
	key = make_key(sv_op_names[call->op], path, place->tag ? place->tag : "", start, end);
	if (!key)
		return sv_error_nomem(err);
	e = take_entry(r, key);
	if (!e)
		return not_recorded(r, place, path, err);
	if (e->errnum)
		return sv_error_sys(err, e->errnum, path, sv_op_phrases[call->op]);
	return load(r, e->member, e->length, ret, err);
}

static void replay_free(safevma_root *root)
{
	struct replay *r = root->backend;

	for (size_t i = 0; i < r->entries.len; i++) {
		struct entry *e = &r->entries.ptr[i];

		free(e->key);
		free(e->member);
		sv_vec_fini(&e->extents);
		sv_vec_fini(&e->marks);
	}
	sv_vec_fini(&r->entries);
	if (r->dir >= 0)
		close(r->dir);
	free(r);
}

static const struct sv_root_ops replay_ops = {
	.open = replay_open,
	.read = replay_read,
	.close = replay_close,
	.call = replay_call,
	.free = replay_free,
};

static int open_recording(struct replay *r, const char *dir, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf journal = { 0 };
	struct sv_text t;

	r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0)
		return sv_error_set(err, SAFEVMA_E_RECORDING, errno, r->name, 0,
			"expected a directory that holds a recording: %s", strerror(errno));
	if (load(r, "recording.json", UINT64_MAX, &journal, err))
		return -1;
	t = sv_text_init(journal.ptr, journal.len, "recording.json");
	return parse_journal(r, &t, err);
}

int sv_replay_start(safevma_root *root, const char *dir, struct safevma_error *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return sv_error_nomem(err);
	snprintf(r->name, sizeof(r->name), "%s", dir);
	r->dir = -1;
	root->backend = r;
	root->ops = &replay_ops;
	if (!open_recording(r, dir, err))
		return 0;
	replay_free(root);
	return -1;
}
