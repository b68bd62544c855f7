// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading through the root, with what failed set apart from what ends everything. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"

int sv_capture_text(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	memset(why, 0, sizeof(*why));
	if (!sv_root_read_all(c->root, place, ret, why))
		return 1;
	if (!sv_error_fatal(why))
		return 0;
	*err = *why;
	return -1;
}

int sv_capture_call(struct sv_capture *c, const struct sv_call *call, struct sv_strbuf *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	memset(why, 0, sizeof(*why));
	if (!sv_root_call(c->root, call, ret, why))
		return 1;
	if (!sv_error_fatal(why))
		return 0;
	*err = *why;
	return -1;
}

int sv_capture_stat(struct sv_capture *c, pid_t pid, const char *tag, struct sv_strbuf *text,
	struct sv_stat *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_STAT, .pid = pid, .tag = tag };
	struct sv_call pin = { .op = SV_OP_PIN, .place = place };
	int rc = sv_capture_call(c, &pin, text, why, err);

	text->len = 0;
	if (rc > 0)
		rc = sv_capture_text(c, &place, text, why, err);
	if (rc <= 0)
		return rc;
	return !sv_stat_parse(sv_text_init(text->ptr, text->len, "stat"), ret, why);
}

enum sv_secret sv_secret_by_magic(const struct sv_strbuf *magic)
{
	struct sv_span text = { .ptr = magic->ptr, .len = magic->len };
	uint64_t type;

	if (!sv_take_lit(&text, "0x") || !sv_take_hex(&text, &type))
		return SV_SECRET_UNKNOWN;
	return type == SV_SECRETMEM_MAGIC ? SV_SECRET_YES : SV_SECRET_NO;
}

struct sv_vma sv_vma_of_entry(const struct sv_maps_entry *e)
{
	return (struct sv_vma) { .start = e->start,
		.end = e->end,
		.offset = e->offset,
		.dev_major = e->dev_major,
		.dev_minor = e->dev_minor,
		.inode = e->inode,
		.perms = e->perms,
		.path = e->path };
}

int sv_capture_secret(struct sv_capture *c, pid_t pid, struct sv_vma *v, const char *tag,
	struct safevma_error *why, struct safevma_error *err)
{
	char range[40];
	struct sv_call call = { .op = SV_OP_MAGIC,
		.place = { .iface = SV_IFACE_MAP_FILES, .pid = pid, .arg = range, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf magic = { 0 };
	int rc;

	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, v->start, v->end);
	v->secret = SV_SECRET_UNKNOWN;
	rc = sv_capture_call(c, &call, &magic, why, err);
	if (rc <= 0)
		return rc;
	v->secret = sv_secret_by_magic(&magic);
	return 1;
}

bool sv_note_value(const struct sv_strbuf *text, const char *key, struct sv_span *ret)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "");
	struct sv_span line, word;

	while (sv_text_line(&t, &line))
		if (sv_take_until(&line, ' ', &word) && sv_span_is(word, key)) {
			*ret = line;
			return true;
		}
	return false;
}

struct sv_num sv_note_number(const struct sv_strbuf *text, const char *key)
{
	struct sv_span v;
	uint64_t n;

	if (!sv_note_value(text, key, &v))
		return (struct sv_num) { 0 };
	if (sv_take_lit(&v, "0x") ? sv_take_hex(&v, &n) : sv_take_dec(&v, &n))
		return sv_known(n);
	return (struct sv_num) { 0 };
}

bool sv_is_gone(const struct safevma_error *why)
{
	return why->code == SAFEVMA_E_SYSTEM && (why->errnum == ESRCH || why->errnum == ENOENT);
}

/* 1: nothing of this process can be looked at; the next descriptor would be no better. */
static int look_at_fd(struct sv_capture *c, const struct sv_process *p, const struct sv_fd_walk *w,
	const char *fd, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LINK,
		.place = { .iface = SV_IFACE_FD_LINK, .pid = p->pid, .arg = fd, .tag = w->tag } };
	sv_auto_strbuf struct sv_strbuf target = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &target, &why, err);

	if (rc < 0)
		return -1;
	if (!rc)
		return w->gap(c, SV_IFACE_FD_LINK, p->pid, &why, err) ? -1 : !sv_is_gone(&why);
	return w->each(c, p, fd, &target, err);
}

int sv_capture_fds(struct sv_capture *c, const struct sv_process *p, const struct sv_fd_walk *w,
	struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST,
		.place = { .iface = SV_IFACE_FD, .pid = p->pid, .tag = w->tag } };
	sv_auto_strbuf struct sv_strbuf list = { 0 };
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	char fd[24];
	int rc = sv_capture_call(c, &call, &list, &why, err);

	if (rc <= 0)
		return rc < 0 ? -1 : w->gap(c, SV_IFACE_FD, p->pid, &why, err);
	t = sv_text_init(list.ptr, list.len, "fd");
	rc = 0;
	while (!rc && sv_text_line(&t, &line)) {
		snprintf(fd, sizeof(fd), "%.*s", (int)line.len, line.ptr);
		rc = look_at_fd(c, p, w, fd, err);
	}
	return rc < 0 ? -1 : 0;
}
