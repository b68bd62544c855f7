// SPDX-License-Identifier: LGPL-2.1-or-later
#include "recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "redact.h"
#include "sink.h"

struct extent {
	uint64_t off, len;
};

struct mark {
	uint64_t off;
	int errnum; /* 0: end of file */
};

/* One open file while it is being read. */
struct stream {
	struct sv_strbuf data;
	sv_vec(struct extent) extents;
	sv_vec(struct mark) marks;
};

struct sv_recorder {
	struct sv_sink *sink;
	struct sv_redactor *redactor; /* NULL: nothing is left out */
	struct sv_strbuf journal;
	bool failed;
	struct safevma_error first;
};

static const char journal_head[] =
	"{\"schema\":\"safevma.recording/"
	"1\",\"tool\":{\"name\":\"safevma\",\"version\":\"" SAFEVMA_VERSION
	"\"},\"redacted\":%s,\"discloses\":[\"names and control groups of processes\",%s"
	"\"virtual addresses\",\"system calls of threads\",\"physical frame numbers and flags\","
	"\"kernel addresses and page tables\",\"kernel configuration\"],"
	"\"contains_page_contents\":false,\"ops\":[\n";

static void fail(struct sv_recorder *r, const struct safevma_error *why)
{
	if (r->failed)
		return;
	r->failed = true;
	r->first = *why;
}

static void no_memory(struct sv_recorder *r)
{
	struct safevma_error err;

	sv_error_nomem(&err);
	fail(r, &err);
}

struct sv_recorder *sv_recorder_new(
	const char *dir, FILE *stream, bool redact, struct safevma_error *err)
{
	struct sv_recorder *r = calloc(1, sizeof(*r));

	if (!r) {
		sv_error_nomem(err);
		return NULL;
	}
	r->sink = dir ? sv_sink_dir(dir, err) : sv_sink_tar(stream);
	r->redactor = redact ? sv_redactor_new() : NULL;
	if (!r->sink || (redact && !r->redactor)) {
		if (r->sink)
			sv_error_nomem(err);
		sv_sink_free(r->sink);
		sv_redactor_free(r->redactor);
		free(r);
		return NULL;
	}
	if (sv_strbuf_printf(&r->journal, journal_head, redact ? "true" : "false",
		    redact ? "" : "\"command lines\",\"boot parameters\",\"paths of files\","))
		no_memory(r);
	return r;
}

int sv_member_name(const char *path, const char *op, const char *tag, char *buf, size_t size)
{
	bool link = op && !strcmp(op, sv_op_names[SV_OP_LINK]);
	const char *suffix = op && !link ? op : "";
	int n = snprintf(buf, size, "%s%s%s%s%s", path + 1, *suffix ? "@" : "", suffix,
		*tag ? "@" : "", tag);

	return n > 0 && (size_t)n < size ? 0 : -1;
}

static void journal(struct sv_recorder *r, int rc)
{
	if (rc)
		no_memory(r);
}

static void member(struct sv_recorder *r, const char *name, const void *data, size_t len)
{
	struct safevma_error err = { 0 };

	if (!r->failed && sv_sink_put(r->sink, name, data, len, &err))
		fail(r, &err);
}

static bool left_out(const struct sv_recorder *r, const struct sv_place *place)
{
	return r->redactor && sv_iface_info(place->iface)->private;
}

void sv_recorder_open(struct sv_recorder *r, struct sv_file *f, int errnum)
{
	if (left_out(r, &f->place))
		return;
	if (errnum) {
		journal(r,
			sv_strbuf_printf(&r->journal,
				"{\"op\":\"open\",\"path\":\"%s\",\"tag\":\"%s\",\"errno\":%d},\n",
				f->path, f->tag, errnum));
		return;
	}
	f->stream = calloc(1, sizeof(struct stream));
	if (!f->stream)
		no_memory(r);
}

static int note_mark(struct stream *s, uint64_t off, int errnum)
{
	struct mark *m = sv_vec_push(&s->marks);

	if (!m)
		return -1;
	*m = (struct mark) { .off = off, .errnum = errnum };
	return 0;
}

static int note_extent(struct stream *s, uint64_t off, size_t len)
{
	struct extent *last = s->extents.len ? &s->extents.ptr[s->extents.len - 1] : NULL;

	if (last && last->off + last->len == off) {
		last->len += len;
		return 0;
	}
	last = sv_vec_push(&s->extents);
	if (!last)
		return -1;
	*last = (struct extent) { .off = off, .len = len };
	return 0;
}

void sv_recorder_read(struct sv_recorder *r, struct sv_file *f, const void *buf, size_t got,
	uint64_t off, int errnum)
{
	struct stream *s = f->stream;
	int rc;

	if (!s)
		return;
	if (errnum || !got)
		rc = note_mark(s, off, errnum);
	else
		rc = note_extent(s, off, got) || sv_strbuf_add(&s->data, buf, got);
	if (rc)
		no_memory(r);
}

/* Readers of JSON keep 53 bits of a number: what needs more is written as text. */
static int journal_number(struct sv_recorder *r, uint64_t n)
{
	return sv_strbuf_printf(&r->journal, n >> 53 ? "\"0x%" PRIx64 "\"" : "%" PRIu64, n);
}

static int journal_marks(struct sv_recorder *r, const struct stream *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->marks.len && !rc; i++)
		rc = sv_strbuf_printf(&r->journal, i ? ",[" : "[") ||
		     journal_number(r, s->marks.ptr[i].off) ||
		     sv_strbuf_printf(&r->journal, ",%d]", s->marks.ptr[i].errnum);
	return rc;
}

static int journal_stream(
	struct sv_recorder *r, const struct sv_file *f, const struct stream *s, const char *name)
{
	int rc = sv_strbuf_printf(&r->journal,
		"{\"op\":\"open\",\"path\":\"%s\",\"tag\":\"%s\",\"errno\":0,\"file\":\"%s\","
		"\"extents\":[",
		f->path, f->tag, name);

	for (size_t i = 0; i < s->extents.len && !rc; i++)
		rc = sv_strbuf_printf(&r->journal, i ? ",[" : "[") ||
		     journal_number(r, s->extents.ptr[i].off) ||
		     sv_strbuf_printf(&r->journal, ",%" PRIu64 "]", s->extents.ptr[i].len);
	return rc || sv_strbuf_printf(&r->journal, "],\"ends\":[") || journal_marks(r, s) ||
			       sv_strbuf_printf(&r->journal, "]},\n")
		       ? -1
		       : 0;
}

static bool names_paths(enum sv_iface iface)
{
	return iface == SV_IFACE_MAPS || iface == SV_IFACE_SMAPS || iface == SV_IFACE_MOUNTINFO;
}

/* A text with its paths replaced has other offsets: it is one extent then, read to its end. */
static int redact_stream(struct sv_recorder *r, enum sv_iface iface, struct stream *s)
{
	struct sv_strbuf out = { 0 };

	if (iface == SV_IFACE_MOUNTINFO
			? sv_redact_mounts(s->data.ptr, s->data.len, &out)
			: sv_redact_maps(r->redactor, s->data.ptr, s->data.len, &out)) {
		sv_strbuf_fini(&out);
		return -1;
	}
	sv_strbuf_fini(&s->data);
	s->data = out;
	s->extents.len = s->marks.len = 0;
	return (out.len && note_extent(s, 0, out.len)) || note_mark(s, out.len, 0) ? -1 : 0;
}

void sv_recorder_close(struct sv_recorder *r, struct sv_file *f)
{
	struct stream *s = f->stream;
	char name[SV_PLACE_PATH + 128];

	if (!s)
		return;
	if (r->redactor && names_paths(f->place.iface) && redact_stream(r, f->place.iface, s))
		no_memory(r);
	if (sv_member_name(f->path, NULL, f->tag, name, sizeof(name)) ||
		journal_stream(r, f, s, name))
		no_memory(r);
	else
		member(r, name, s->data.ptr, s->data.len);
	sv_strbuf_fini(&s->data);
	sv_vec_fini(&s->extents);
	sv_vec_fini(&s->marks);
	free(s);
	f->stream = NULL;
}

static int journal_call(struct sv_recorder *r, const struct sv_call *call, const char *path,
	const char *tag, int errnum)
{
	return sv_strbuf_printf(&r->journal,
		"{\"op\":\"%s\",\"path\":\"%s\",\"tag\":\"%s\",\"start\":\"0x%" PRIx64
		"\",\"end\":\"0x%" PRIx64 "\",\"errno\":%d",
		sv_op_names[call->op], path, tag, call->start, call->end, errnum);
}

enum { DRAIN_HEAD = 24 };

static void record_call(
	struct sv_recorder *r, const struct sv_call *call, const void *data, size_t len, int errnum)
{
	const struct sv_place *place = call->file ? &call->file->place : &call->place;
	const char *tag = place->tag ? place->tag : "";
	char path[SV_PLACE_PATH], name[SV_PLACE_PATH + 128], full_tag[96];

	if (left_out(r, place))
		return;
	snprintf(full_tag, sizeof(full_tag), "%s%s%" PRIx64, tag, *tag ? "." : "", call->start);
	if (sv_place_path(place, path, sizeof(path)) ||
		sv_member_name(path, sv_op_names[call->op], call->file ? full_tag : tag, name,
			sizeof(name))) {
		no_memory(r);
		return;
	}
	if (journal_call(r, call, path, tag, errnum) ||
		(!errnum && sv_strbuf_printf(
				    &r->journal, ",\"file\":\"%s\",\"length\":%zu", name, len)) ||
		sv_strbuf_printf(&r->journal, "},\n"))
		no_memory(r);
	else if (!errnum)
		member(r, name, data, len);
}

/* Events name the files of mappings, as maps does. */
void sv_recorder_call(
	struct sv_recorder *r, const struct sv_call *call, const void *data, size_t len, int errnum)
{
	sv_auto_strbuf struct sv_strbuf redacted = { 0 };

	if (!r->redactor || errnum || call->op != SV_OP_PERF_DRAIN)
		record_call(r, call, data, len, errnum);
	else if (sv_redact_events(r->redactor, data, len, DRAIN_HEAD, &redacted))
		no_memory(r);
	else
		record_call(r, call, redacted.ptr, redacted.len, errnum);
}

void sv_recorder_abandon(struct sv_recorder *r)
{
	if (!r)
		return;
	sv_sink_free(r->sink);
	sv_redactor_free(r->redactor);
	sv_strbuf_fini(&r->journal);
	free(r);
}

int sv_recorder_finish(struct sv_recorder *r, struct safevma_error *err)
{
	struct safevma_error why = { 0 };
	int rc = 0;

	if (!r)
		return 0;
	journal(r, sv_strbuf_printf(&r->journal, "null],\"complete\":true}\n"));
	member(r, "recording.json", r->journal.ptr, r->journal.len);
	if (!r->failed && sv_sink_end(r->sink, &why))
		fail(r, &why);
	if (r->failed) {
		if (err)
			*err = r->first;
		rc = -1;
	}
	sv_recorder_abandon(r);
	return rc;
}
