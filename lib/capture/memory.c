// SPDX-License-Identifier: LGPL-2.1-or-later
/* One process's memory: maps -> smaps -> pagemap -> kpage* -> pagemap -> maps, until it agrees. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/ioctls.h"
#include "iface/pagemap.h"
#include "iface/smaps.h"
#include "iface/stat.h"

enum { TRIES = 3 };

enum outcome {
	FATAL = -1, /* err is filled */
	STABLE,
	CHANGED,
	GONE,
	UNREAD,
};

static enum outcome unread(struct sv_capture *c, struct sv_process *p, enum sv_iface iface,
	const struct safevma_error *why, struct safevma_error *err)
{
	if (sv_is_gone(why))
		return GONE;
	return sv_gap_add(c->obs, iface, p->pid, why, true, err) ? FATAL : UNREAD;
}

/* ---- VMAs ------------------------------------------------------------------------------------ */

int sv_capture_parse_maps(struct sv_process *p, const char *name, struct safevma_error *err)
{
	struct sv_text t = sv_text_init(p->maps.ptr, p->maps.len, name);
	struct sv_maps_entry e;
	int rc;

	p->vmas.len = 0;
	while ((rc = sv_maps_next(&t, &e, err)) > 0) {
		struct sv_vma *v = sv_vec_push(&p->vmas);

		if (!v)
			return sv_error_nomem(err);
		if (p->vmas.len > 1 && e.start < v[-1].end)
			return sv_error_set(err, SAFEVMA_E_FORMAT, 0, name, t.line,
				"expected addresses that go up, got a mapping at 0x%" PRIx64
				" below the end of the one before",
				e.start);
		*v = sv_vma_of_entry(&e);
	}
	return rc;
}

static enum outcome read_maps(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = p->pid, .tag = tag };
	struct safevma_error why;
	char name[40];
	int rc;

	p->maps.len = 0;
	rc = sv_capture_text(c, &place, &p->maps, &why, err);
	if (rc < 0)
		return FATAL;
	if (!rc)
		return unread(c, p, SV_IFACE_MAPS, &why, err);
	if (!p->maps.len) /* no memory any more: it is ending, or it just called exec */
		return CHANGED;
	snprintf(name, sizeof(name), "/proc/%d/maps", p->pid);
	if (!sv_capture_parse_maps(p, name, &why))
		return STABLE;
	if (sv_error_fatal(&why)) {
		*err = why;
		return FATAL;
	}
	return unread(c, p, SV_IFACE_MAPS, &why, err);
}

static int ask_secret(struct sv_capture *c, struct sv_process *p, struct sv_vma *v, const char *tag,
	struct safevma_error *err)
{
	struct safevma_error why;
	int rc = sv_capture_secret(c, p->pid, v, tag, &why, err);

	if (rc < 0)
		return -1;
	return rc ? 0 : sv_gap_add(c->obs, SV_IFACE_MAP_FILES, p->pid, &why, true, err);
}

static int ask_secrets(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	for (size_t i = 0; i < p->vmas.len; i++)
		if (sv_vma_secret_candidate(&p->vmas.ptr[i]) &&
			ask_secret(c, p, &p->vmas.ptr[i], tag, err))
			return -1;
	return 0;
}

static enum outcome read_vmas(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	char query_tag[40];
	enum outcome rc = read_maps(c, p, tag, err);

	if (rc != STABLE)
		return rc;
	snprintf(query_tag, sizeof(query_tag), "%s-query", tag);
	if (ask_secrets(c, p, tag, err) || sv_capture_smaps(c, p, tag, err) ||
		sv_capture_query(c, p, query_tag, err))
		return FATAL;
	for (size_t i = 0; i < p->vmas.len; i++)
		p->vmas.ptr[i].kind = sv_vma_classify(&p->vmas.ptr[i]);
	return STABLE;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/*
 * The pages whose entry changed while their frame was looked up are looked up once more; what
 * changes again stays marked.
 */
static int settle_pages(struct sv_capture *c, struct sv_process *p, struct sv_kpages *k,
	int attempt, struct safevma_error *err)
{
	char tag[24];
	size_t changed;

	snprintf(tag, sizeof(tag), "%d-second", attempt);
	if (sv_capture_pages_again(c, p, tag, &changed, err))
		return -1;
	if (!changed)
		return 0;
	if (!c->wanted && (c->obs->needs & SAFEVMA_NEED_FRAMES) &&
		sv_capture_frames(c, k, p, true, err))
		return -1;
	if (!c->wanted && sv_capture_reach(c, p, tag, err))
		return -1;
	snprintf(tag, sizeof(tag), "%d-third", attempt);
	return sv_capture_pages_again(c, p, tag, &changed, err);
}

/* Where smaps was not read, the frames tell which mappings are of the hugetlb pool. */
static void kinds_by_frames(struct sv_process *p)
{
	for (size_t i = 0; i < p->vmas.len; i++) {
		struct sv_vma *v = &p->vmas.ptr[i];
		struct sv_page_walk w = sv_pages_walk(&p->pages, v->page, v->pages);
		struct sv_page pg;
		size_t at;

		if (!sv_page_next(&w, &pg) || !sv_pagemap_has_pfn(pg.entry))
			continue;
		at = sv_frames_find(&p->frames, sv_pagemap_pfn(pg.entry), 0);
		if (at != SV_FRAMES_NONE && sv_frames_class(&p->frames, at) == SV_CLASS_HUGETLB)
			v->kind = SV_VMA_HUGETLB;
	}
}

/* A pass met the frames of the first attempt alone; later ones have their blocks looked at. */
static int around_again(struct sv_capture *c, struct sv_process *p, struct sv_kpages *k,
	int attempt, struct safevma_error *err)
{
	if (attempt == 1 || !k->flags || !(c->obs->needs & SAFEVMA_NEED_EXPOSURE))
		return 0;
	return sv_capture_around(c, k->flags, &p->frames, err);
}

/* What follows the first look at the pages; filled: a pass looked their frames up. */
static int read_frames(struct sv_capture *c, struct sv_process *p, int attempt, bool filled,
	struct safevma_error *err)
{
	struct sv_kpages k = { 0 };
	char tag[24], kpage_tag[40];
	int rc;

	if (!(c->obs->needs & SAFEVMA_NEED_PAGES))
		return 0;
	if (!(c->obs->needs & SAFEVMA_NEED_FRAMES) || c->wanted)
		return settle_pages(c, p, &k, attempt, err);
	snprintf(tag, sizeof(tag), "%d", attempt);
	snprintf(kpage_tag, sizeof(kpage_tag), "%d.%d", p->pid, attempt);
	rc = sv_capture_frames_open(c, &k, kpage_tag, kpage_tag, err) ||
			     (filled ? sv_capture_frames_refine(c, &k, p, err)
				     : sv_capture_frames(c, &k, p, false, err)) ||
			     around_again(c, p, &k, attempt, err) ||
			     sv_capture_reach(c, p, tag, err) ||
			     settle_pages(c, p, &k, attempt, err)
		     ? -1
		     : 0;
	kinds_by_frames(p);
	sv_capture_frames_close(&k);
	return rc;
}

static int read_pages(
	struct sv_capture *c, struct sv_process *p, int attempt, struct safevma_error *err)
{
	char tag[24];

	if (!(c->obs->needs & SAFEVMA_NEED_PAGES))
		return 0;
	snprintf(tag, sizeof(tag), "%d", attempt);
	return sv_capture_pages(c, p, tag, err);
}

/* ---- the whole, and whether it stayed the same ----------------------------------------------- */

static void mark_changed_vmas(struct sv_process *p, const struct sv_strbuf *now)
{
	struct sv_text t = sv_text_init(now->ptr, now->len, "maps");
	struct sv_maps_entry e;
	size_t i = 0;

	for (size_t k = 0; k < p->vmas.len; k++)
		p->vmas.ptr[k].changed = true;
	while (sv_maps_next(&t, &e, NULL) > 0) {
		struct sv_vma v = sv_vma_of_entry(&e);

		while (i < p->vmas.len && p->vmas.ptr[i].start < e.start)
			i++;
		if (i < p->vmas.len && sv_vma_same(&p->vmas.ptr[i], &v))
			p->vmas.ptr[i].changed = false;
	}
}

static enum outcome compare_maps(
	struct sv_capture *c, struct sv_process *p, int attempt, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = p->pid };
	sv_auto_strbuf struct sv_strbuf now = { 0 };
	struct safevma_error why;
	char tag[24];
	int rc;

	snprintf(tag, sizeof(tag), "%d-second", attempt);
	place.tag = tag;
	rc = sv_capture_text(c, &place, &now, &why, err);
	if (rc < 0)
		return FATAL;
	if (!rc)
		return unread(c, p, SV_IFACE_MAPS, &why, err);
	if (now.len == p->maps.len && !memcmp(now.ptr, p->maps.ptr, now.len))
		return STABLE;
	mark_changed_vmas(p, &now);
	return CHANGED;
}

/* The first half of an attempt: which pages there are. */
static enum outcome list_memory(
	struct sv_capture *c, struct sv_process *p, int attempt, struct safevma_error *err)
{
	enum outcome rc;
	char tag[24];

	sv_process_forget_memory(p);
	snprintf(tag, sizeof(tag), "%d", attempt);
	rc = read_vmas(c, p, tag, err);
	if (rc != STABLE)
		return rc;
	return read_pages(c, p, attempt, err) ? FATAL : STABLE;
}

static enum outcome attempt_memory(
	struct sv_capture *c, struct sv_process *p, int attempt, struct safevma_error *err)
{
	enum outcome rc = list_memory(c, p, attempt, err);

	if (rc != STABLE)
		return rc;
	if (read_frames(c, p, attempt, false, err))
		return FATAL;
	return compare_maps(c, p, attempt, err);
}

/* Still the process that was listed? The pin keeps the number from meaning another one. */
static enum outcome same_process(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_stat s;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return FATAL;
	if (!rc)
		return sv_is_gone(&why) ? GONE : unread(c, p, SV_IFACE_STAT, &why, err);
	if (sv_stat_parse(sv_text_init(text.ptr, text.len, "stat"), &s, &why))
		return unread(c, p, SV_IFACE_STAT, &why, err);
	return s.start_ticks == p->start_ticks ? STABLE : GONE;
}

static enum outcome pin(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &nothing, &why, err);

	if (rc < 0)
		return FATAL;
	return rc ? same_process(c, p, tag, err) : unread(c, p, SV_IFACE_STAT, &why, err);
}

/* A pidfd tells an end that came just now, before its traces in /proc are gone. */
static enum outcome still_alive(
	struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_ALIVE,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = "memory" } };
	sv_auto_strbuf struct sv_strbuf answer = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &call, &answer, &why, err);

	if (rc < 0)
		return FATAL;
	if (rc && answer.len && answer.ptr[0] == '0')
		return GONE;
	return same_process(c, p, "end", err);
}

/* Attempts from the first on, until one is stable; then whether the process lives still. */
static enum outcome until_stable(struct sv_capture *c, struct sv_process *p, int first,
	enum outcome rc, struct safevma_error *err)
{
	for (int attempt = first; attempt <= TRIES && rc == CHANGED; attempt++)
		rc = attempt_memory(c, p, attempt, err);
	if (rc == STABLE || rc == CHANGED) {
		enum outcome end = still_alive(c, p, err);

		rc = end == STABLE ? rc : end;
	}
	return rc;
}

static int conclude(struct sv_capture *c, struct sv_process *p, enum sv_fate fate,
	enum safevma_code code, bool counts, const char *text, struct safevma_error *err)
{
	const char *costs = fate == SV_FATE_CHANGED ? "the figures of these mappings"
						    : sv_iface_info(SV_IFACE_MAPS)->costs;
	struct safevma_error why;

	p->fate = fate;
	if (fate != SV_FATE_CHANGED)
		sv_process_forget_memory(p);
	sv_error_set(&why, code, 0, NULL, 0, "%s", text);
	return sv_gap_add_cost(c->obs, SV_IFACE_MAPS, p->pid, &why, counts, costs, err);
}

/* What cannot be looked into. 1: it was concluded; 0: go on; -1. */
static int out_of_question(
	struct sv_capture *c, struct sv_process *p, bool must, struct safevma_error *err)
{
	int rc = 0;

	if (p->kernel_thread)
		rc = conclude(c, p, SV_FATE_UNREAD, SAFEVMA_E_UNSUPPORTED, must,
			"a kernel thread has no memory of its own", err);
	else if (p->state == 'Z' && p->threads > 1)
		rc = conclude(c, p, SV_FATE_UNREAD, SAFEVMA_E_UNSUPPORTED, true,
			"its first thread ended and others live on with its memory, which the "
			"kernel shows through them alone",
			err);
	else if (p->state == 'Z')
		rc = conclude(c, p, SV_FATE_VANISHED, SAFEVMA_E_VANISHED, must,
			"it has ended and waits for its parent to ask (a zombie)", err);
	else
		return 0;
	return rc ? -1 : 1;
}

static int conclude_outcome(
	struct sv_capture *c, struct sv_process *p, enum outcome outcome, struct safevma_error *err)
{
	bool must = c->obs->selection_named;

	switch (outcome) {
	case FATAL:
		return -1;
	case STABLE:
		p->fate = SV_FATE_STABLE;
		return 0;
	case CHANGED:
		if (p->vmas.len)
			return conclude(c, p, SV_FATE_CHANGED, SAFEVMA_E_CHANGED, true,
				"its mappings kept changing while they were read; those that did "
				"are marked",
				err);
		return conclude(c, p, SV_FATE_VANISHED, SAFEVMA_E_VANISHED, must,
			"it has no memory: it is ending", err);
	case GONE:
		return conclude(c, p, SV_FATE_VANISHED, SAFEVMA_E_VANISHED, must,
			"it ended while it was read", err);
	case UNREAD:
		p->fate = SV_FATE_UNREAD;
		sv_process_forget_memory(p);
		return 0;
	}
	return 0;
}

int sv_capture_memory(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	int rc = out_of_question(c, p, c->obs->selection_named, err);
	enum outcome outcome;

	if (rc)
		return rc < 0 ? -1 : 0;
	outcome = pin(c, p, "memory", err);
	if (outcome == STABLE)
		outcome = until_stable(c, p, 1, CHANGED, err);
	return conclude_outcome(c, p, outcome, err);
}

int sv_capture_memory_begin(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	int rc = out_of_question(c, p, c->obs->selection_named, err);
	enum outcome outcome;

	p->begun = false;
	if (rc)
		return rc < 0 ? -1 : 0;
	outcome = pin(c, p, "memory", err);
	if (outcome == STABLE)
		outcome = list_memory(c, p, 1, err);
	if (outcome == STABLE && sv_capture_frames_index(p, err))
		return -1;
	if (outcome != STABLE && outcome != CHANGED)
		return conclude_outcome(c, p, outcome, err);
	p->begun = true;
	return 0;
}

int sv_capture_memory_end(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	enum outcome outcome;

	if (!p->begun)
		return 0;
	outcome = pin(c, p, "memory-end", err);
	if (outcome == STABLE && !p->vmas.len)
		outcome = CHANGED;
	if (outcome == STABLE)
		outcome = read_frames(c, p, 1, c->filled, err) ? FATAL : compare_maps(c, p, 1, err);
	if (outcome == STABLE || outcome == CHANGED)
		outcome = until_stable(c, p, 2, outcome, err);
	return conclude_outcome(c, p, outcome, err);
}
