/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system for captures: answers by operation and path, behind a root of the test's own. */
#ifndef TESTS_SYSTEM_H
#define TESTS_SYSTEM_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/capture.h"

enum { ANSWERS = 40, FILES = SV_OP_COUNT }; /* FILES in place of an operation: opening it */

struct answer {
	int op;
	const char *path;
	int errnum;
	const void *data;
	size_t len;
	const void *later; /* what it begins with later on, where not NULL */
	size_t later_len;
	unsigned int begun; /* how often it was read from its beginning */
	unsigned int until; /* later: after so many beginnings; 0: after one */
};

struct system {
	struct answer answers[ANSWERS];
	size_t len;
	safevma_root root;
	struct safevma_request request;
	struct sv_capture capture;
};

static inline struct answer *system_find(struct system *s, int op, const char *path)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->answers[i].op == op && !strcmp(s->answers[i].path, path))
			return &s->answers[i];
	return NULL;
}

static inline int system_open(safevma_root *root, struct sv_file *f, struct safevma_error *err)
{
	struct answer *a = system_find(root->backend, FILES, f->path);

	if (a && a->errnum == ENOMEM)
		return sv_error_nomem(err);
	if (!a || a->errnum)
		return sv_error_sys(err, a ? a->errnum : ENOENT, f->path, "open");
	f->backend = a;
	return 0;
}

static inline int system_read(struct sv_file *f, void *buf, size_t len, uint64_t off, size_t *got,
	struct safevma_error *err)
{
	struct answer *a = f->backend;

	(void)err;
	a->begun += !off;
	*got = off < a->len ? a->len - (size_t)off : 0;
	*got = *got < len ? *got : len;
	memcpy(buf, (const char *)a->data + (*got ? off : 0), *got);
	if (a->later && a->begun > (a->until ? a->until : 1) && off + *got <= a->later_len)
		memcpy(buf, (const char *)a->later + off, *got);
	return 0;
}

static inline void system_close(struct sv_file *f)
{
	(void)f;
}

/* Notes are named by their tag, all else by its path. */
static inline int system_call(safevma_root *root, const struct sv_call *c, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	const struct answer *a;
	char path[128];

	assert_int_equal(sv_place_path(&c->place, path, sizeof(path)), 0);
	a = system_find(root->backend, (int)c->op, c->op == SV_OP_NOTE ? c->place.tag : path);
	if (a && a->errnum == ENOMEM)
		return sv_error_nomem(err);
	if (!a || a->errnum)
		return sv_error_sys(err, a ? a->errnum : ENOENT, path, sv_op_phrases[c->op]);
	return sv_strbuf_add(ret, a->data, a->len);
}

static const struct sv_root_ops system_ops = {
	.open = system_open, .read = system_read, .close = system_close, .call = system_call
};

/* Replaces what was said before. */
static inline void system_say(struct system *s, int op, const char *path, const char *text)
{
	struct answer *a = system_find(s, op, path);

	if (!a) {
		assert_true(s->len < ANSWERS);
		a = &s->answers[s->len++];
	}
	*a = (struct answer) { .op = op, .path = path, .data = text, .len = strlen(text) };
}

static inline void system_fail(struct system *s, int op, const char *path, int errnum)
{
	system_say(s, op, path, "");
	system_find(s, op, path)->errnum = errnum;
}

static inline struct sv_process *system_process(struct system *s, pid_t pid)
{
	struct sv_process *p = sv_vec_push(&s->capture.obs->processes);

	assert_non_null(p);
	p->pid = pid;
	assert_int_equal(sv_strbuf_printf(&p->comm, "comm%d", pid), 0);
	return p;
}

static inline struct system *system_new(const char *machine)
{
	struct system *s = calloc(1, sizeof(*s));
	safevma_observation *obs = calloc(1, sizeof(*obs));

	assert_true(s && obs);
	s->root.ops = &system_ops;
	s->root.backend = s;
	s->capture = (struct sv_capture) { .root = &s->root, .obs = obs, .request = &s->request };
	snprintf(obs->host.machine, sizeof(obs->host.machine), "%s", machine);
	obs->host.page_size = 4096;
	obs->needs = SAFEVMA_NEED_ALL;
	return s;
}

static inline void system_free(struct system *s)
{
	safevma_observation_free(s->capture.obs);
	free(s);
}

#endif
