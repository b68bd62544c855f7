// SPDX-License-Identifier: LGPL-2.1-or-later
#include "redact.h"

#include <linux/perf_event.h>
#include <string.h>

#include "base/error.h"
#include "base/parse.h"
#include "base/vec.h"
#include "maps.h"
#include "mountinfo.h"
#include "perf.h"

struct sv_redactor {
	sv_vec(char *) seen;
};

struct sv_redactor *sv_redactor_new(void)
{
	return calloc(1, sizeof(struct sv_redactor));
}

void sv_redactor_free(struct sv_redactor *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->seen.len; i++)
		free(r->seen.ptr[i]);
	sv_vec_fini(&r->seen);
	free(r);
}

static bool kernel_named(struct sv_span path)
{
	if (!path.len || sv_span_is(path, "/secretmem (deleted)") ||
		sv_span_is(path, "/dev/zero (deleted)"))
		return true;
	return path.ptr[0] == '[' && !memchr(path.ptr, ':', path.len);
}

/* Number of the path among those seen, from 1; 0 when memory is out. */
static size_t number_of(struct sv_redactor *r, struct sv_span path)
{
	char **slot;

	for (size_t i = 0; i < r->seen.len; i++)
		if (sv_span_is(path, r->seen.ptr[i]))
			return i + 1;
	slot = sv_vec_push(&r->seen);
	if (!slot)
		return 0;
	*slot = strndup(path.ptr, path.len);
	return *slot ? r->seen.len : 0;
}

/* What kind of memory it is must still be told from the path (model/process.c). */
static int add_name(struct sv_span path, size_t n, struct sv_strbuf *ret)
{
	static const struct {
		const char *prefix, *suffix;
	} kinds[] = {
		{ "/memfd:", " (deleted)" },
		{ "/dev/shm/", "" },
		{ "/SYSV", " (deleted)" },
		{ "[anon_shmem:", "]" },
		{ "[anon:", "]" },
	};

	for (size_t i = 0; i < sv_array_size(kinds); i++)
		if (sv_take_lit(&path, kinds[i].prefix))
			return sv_strbuf_printf(
				ret, "%sredacted-%zu%s\n", kinds[i].prefix, n, kinds[i].suffix);
	return sv_strbuf_printf(ret, "/redacted/%zu\n", n);
}

static int redact_line(struct sv_redactor *r, struct sv_span line, struct sv_strbuf *ret)
{
	struct sv_maps_entry e;
	size_t n;

	if (!sv_maps_parse_line(line, &e) || kernel_named(e.path))
		return sv_strbuf_add(ret, line.ptr, line.len) || sv_strbuf_add(ret, "\n", 1);
	n = number_of(r, e.path);
	if (!n || sv_strbuf_add(ret, line.ptr, (size_t)(e.path.ptr - line.ptr)))
		return -1;
	return add_name(e.path, n, ret);
}

int sv_redact_maps(struct sv_redactor *r, const char *text, size_t len, struct sv_strbuf *ret)
{
	struct sv_text t = sv_text_init(text, len, "");
	struct sv_span line;

	while (sv_text_line(&t, &line))
		if (redact_line(r, line, ret))
			return -1;
	return 0;
}

int sv_redact_mounts(const char *text, size_t len, struct sv_strbuf *ret)
{
	struct sv_text t = sv_text_init(text, len, ""), one;
	struct sv_span line;
	struct sv_mount m;

	while (sv_text_line(&t, &line)) {
		one = sv_text_init(line.ptr, line.len, "");
		if (sv_mountinfo_next(&one, &m, NULL) <= 0 ||
			(!sv_span_is(m.type, "cgroup") && !sv_span_is(m.type, "cgroup2")))
			continue;
		if (sv_strbuf_add(ret, line.ptr, line.len) || sv_strbuf_add(ret, "\n", 1))
			return -1;
	}
	return 0;
}

/* ---- events ---------------------------------------------------------------------------------- */

enum { NAME_AT_MOST = 128 };

/* The record with another name: what is before it, the name filled up with NULs, the trailer. */
static int rename_record(struct sv_span record, struct sv_span old, const char *name, size_t len,
	struct sv_strbuf *ret)
{
	char filled[NAME_AT_MOST] = { 0 };
	size_t before = (size_t)(old.ptr - record.ptr), room = (len / 8 + 1) * 8;
	const char *trailer = record.ptr + record.len - SV_PERF_TRAILER;
	struct perf_event_header h;

	if (room > sizeof(filled))
		return -1;
	memcpy(filled, name, len);
	memcpy(&h, record.ptr, sizeof(h));
	h.size = (uint16_t)(before + room + SV_PERF_TRAILER);
	if (sv_strbuf_add(ret, &h, sizeof(h)) ||
		sv_strbuf_add(ret, record.ptr + sizeof(h), before - sizeof(h)) ||
		sv_strbuf_add(ret, filled, room))
		return -1;
	return sv_strbuf_add(ret, trailer, SV_PERF_TRAILER);
}

static int redact_record(struct sv_redactor *r, struct sv_span bytes,
	const struct sv_perf_record *record, struct sv_strbuf *ret)
{
	sv_auto_strbuf struct sv_strbuf name = { 0 };
	size_t n;

	/* Anonymous memory has this name in events. */
	if (record->type != SV_PERF_MMAP2 || kernel_named(record->name) ||
		sv_span_is(record->name, "//anon"))
		return sv_strbuf_add(ret, bytes.ptr, bytes.len);
	n = number_of(r, record->name);
	if (!n || add_name(record->name, n, &name))
		return -1;
	return rename_record(bytes, record->name, name.ptr, name.len - 1, ret);
}

int sv_redact_events(
	struct sv_redactor *r, const char *bytes, size_t len, size_t head, struct sv_strbuf *ret)
{
	static const char malformed[sizeof(struct perf_event_header)] = { 0 };
	struct sv_span rest = { .ptr = bytes, .len = len };
	struct sv_perf_record record;
	int rc;

	if (len < head)
		return 0;
	rest.ptr += head;
	rest.len -= head;
	if (head && sv_strbuf_add(ret, bytes, head))
		return -1;
	for (;;) {
		struct sv_span one = rest;

		rc = sv_perf_next(&rest, &record, NULL);
		one.len = (size_t)(rest.ptr - one.ptr);
		if (rc < 0)
			return sv_strbuf_add(ret, malformed, sizeof(malformed));
		if (!rc || redact_record(r, one, &record, ret))
			return rc ? -1 : 0;
	}
}
