// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One look at one watched process: its counters, its VMAs, and which frame each page has. Where
 * nothing changed that is one reading of maps, one of pagemap, and kpageflags of its frames, which
 * takes no lock of the process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "iface/pagemap.h"
#include "iface/status.h"
#include "watch.h"

enum {
	MAPS_TRIES = 3,
};

/* Of a process with more pages present than this, those of locked mappings alone are looked at. */
static const uint64_t pages_of_all = 65536;

/* How a part of a look went. */
enum outcome {
	FATAL = -1, /* err is filled */
	UNREAD,	    /* a gap was noted */
	READ,
	GONE,
};

static void side_fini(struct sv_side *s)
{
	sv_process_fini(&s->list);
	sv_process_fini(&s->memory);
	*s = (struct sv_side) { 0 };
}

void sv_watch_fini(struct sv_watch *w)
{
	side_fini(&w->last);
}

/* Everything of one look that its functions pass on. */
struct looking {
	struct sv_capture *c;
	struct sv_watch *w;
	struct sv_look_now *look;
	struct sv_watched *watched;
	struct sv_side now;
	struct safevma_error *err;
	size_t suspicious; /* changes that a second look has to confirm */
};

static enum outcome unread(struct looking *k, enum sv_iface iface, const struct safevma_error *why)
{
	if (sv_is_gone(why))
		return GONE;
	return sv_gap_add(k->c->obs, iface, k->watched->pid, why, true, k->err) ? FATAL : UNREAD;
}

static enum outcome text_of(
	struct looking *k, enum sv_iface iface, const char *tag, struct sv_strbuf *ret)
{
	struct sv_place place = { .iface = iface, .pid = k->watched->pid, .tag = tag };
	struct safevma_error why;
	int rc = sv_capture_text(k->c, &place, ret, &why, k->err);

	if (rc < 0)
		return FATAL;
	return rc ? READ : unread(k, iface, &why);
}

static enum outcome malformed(
	struct looking *k, enum sv_iface iface, const struct safevma_error *why)
{
	if (!sv_error_fatal(why))
		return unread(k, iface, why);
	*k->err = *why;
	return FATAL;
}

/* ---- counters -------------------------------------------------------------------------------- */

static enum outcome read_stat(struct looking *k)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_stat s;
	int rc = sv_capture_stat(k->c, k->watched->pid, k->look->tag, &text, &s, &why, k->err);

	if (rc <= 0)
		return rc ? FATAL : unread(k, SV_IFACE_STAT, &why);
	if (s.start_ticks != k->w->process->start_ticks || s.state == 'Z' || s.state == 'X')
		return GONE;
	k->now.minflt = s.minflt;
	k->now.majflt = s.majflt;
	k->now.children = s.children_minflt + s.children_majflt;
	k->now.threads = s.threads;
	return READ;
}

static enum outcome read_counters(struct looking *k)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	enum outcome got = read_stat(k);
	struct safevma_error why;
	struct sv_status s;

	if (got != READ)
		return got;
	got = text_of(k, SV_IFACE_STATUS, k->look->tag, &text);
	if (got != READ)
		return got;
	if (sv_status_parse(sv_text_init(text.ptr, text.len, "status"), &s, &why))
		return malformed(k, SV_IFACE_STATUS, &why);
	k->now.rss = s.vm_rss_bytes;
	k->now.locked = s.vm_locked_bytes;
	k->now.swap = s.vm_swap_bytes;
	k->now.counted = k->now.rss.known && k->now.locked.known && k->now.swap.known;
	if (k->now.counted)
		return READ;
	sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "status", 0,
		"expected lines VmLck, VmRSS and VmSwap: it is ending, or the text was cut");
	return malformed(k, SV_IFACE_STATUS, &why);
}

/* ---- VMAs ------------------------------------------------------------------------------------ */

static bool same_text(const struct sv_strbuf *a, const struct sv_strbuf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->ptr, b->ptr, a->len));
}

/*
 * A text in several reads is of no one moment. What is as at the last look needs no second reading;
 * a change is one when it is read twice alike, or still there after some tries.
 */
static enum outcome read_maps(struct looking *k)
{
	struct sv_strbuf *maps = &k->now.list.maps;
	sv_auto_strbuf struct sv_strbuf before = { 0 };
	enum outcome got;
	char tag[40];

	for (int i = 0; i < MAPS_TRIES; i++) {
		snprintf(tag, sizeof(tag), "%s.%d", k->look->tag, i);
		before.len = 0;
		if (i && sv_strbuf_add(&before, maps->ptr ? maps->ptr : "", maps->len))
			return sv_error_nomem(k->err), FATAL;
		maps->len = 0;
		got = text_of(k, SV_IFACE_MAPS, tag, maps);
		if (got != READ)
			return got;
		if (k->w->last.listed && same_text(maps, &k->w->last.list.maps))
			return READ;
		if (i && same_text(maps, &before))
			return READ;
	}
	return READ;
}

/* What maps does not tell of a VMA, from the one that had its place: the mapping is the same. */
static void inherit(struct sv_vma *v, const struct sv_process *from)
{
	const struct sv_vma *u = sv_vma_at(from, v->start);

	if (!u || !sv_vma_same_backing(u, v) || u->end < v->end)
		return;
	v->flags = u->flags;
	v->page_size = u->page_size;
	v->secret = u->secret;
	v->anonymous = u->anonymous;
}

static enum outcome ask_secret(struct looking *k, struct sv_vma *v)
{
	struct safevma_error why;
	int rc;

	if (!sv_vma_secret_candidate(v) || v->secret == SV_SECRET_YES)
		return READ;
	rc = sv_capture_secret(k->c, k->watched->pid, v, k->look->tag, &why, k->err);
	if (rc < 0)
		return FATAL;
	return rc ? READ : unread(k, SV_IFACE_MAP_FILES, &why);
}

static enum outcome read_vmas(struct looking *k)
{
	const struct sv_process *from = k->w->last.listed ? &k->w->last.list : k->w->process;
	struct sv_process *list = &k->now.list;
	enum outcome got = read_maps(k);
	struct safevma_error why;
	char name[40];

	if (got != READ)
		return got;
	if (!list->maps.len)
		return GONE; /* no memory any more: it is ending */
	snprintf(name, sizeof(name), "/proc/%d/maps", k->watched->pid);
	if (sv_capture_parse_maps(list, name, &why))
		return malformed(k, SV_IFACE_MAPS, &why);
	for (size_t i = 0; i < list->vmas.len; i++) {
		struct sv_vma *v = &list->vmas.ptr[i];

		inherit(v, from);
		if (ask_secret(k, v) == FATAL)
			return FATAL;
		v->kind = sv_vma_classify(v);
	}
	k->now.listed = true;
	return READ;
}

/* ---- pages and frames ------------------------------------------------------------------------ */

static bool wanted(const struct looking *k, const struct sv_vma *v)
{
	struct sv_num kept = sv_vma_kept(v);

	return !k->watched->partly || !kept.known || kept.value;
}

static int choose_vmas(struct looking *k)
{
	struct sv_process *to = &k->now.memory;

	to->pid = k->watched->pid;
	for (size_t i = 0; i < k->now.list.vmas.len; i++) {
		const struct sv_vma *v = &k->now.list.vmas.ptr[i];
		struct sv_vma *copy;

		if (!wanted(k, v))
			continue;
		copy = sv_vec_push(&to->vmas);
		if (!copy)
			return sv_error_nomem(k->err);
		*copy = *v;
	}
	return 0;
}

static void count_pages(struct looking *k)
{
	const struct sv_process *p = &k->now.memory;
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	uint64_t page = k->c->obs->host.page_size;
	struct sv_page pg;

	for (size_t i = 0; i < p->ranges.len; i++)
		k->look->pages += (p->ranges.ptr[i].end - p->ranges.ptr[i].start) / page;
	k->now.paged = true;
	for (size_t i = 0; i < p->vmas.len; i++)
		k->now.paged &= p->vmas.ptr[i].pages_read;
	while (sv_page_next(&w, &pg))
		if (sv_pagemap_present(pg.entry) && !sv_pagemap_has_pfn(pg.entry))
			k->watched->hidden = true;
}

/* Flags alone: how often a frame is mapped and who is charged for it does not unsettle anybody. */
static int read_frames(struct looking *k)
{
	char tag[40];
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = tag };
	struct safevma_error why = { 0 };
	struct sv_kpages files = { 0 };
	int rc;

	snprintf(tag, sizeof(tag), "%s.%d", k->look->tag, k->watched->pid);
	if (k->watched->hidden)
		return 0; /* pagemap's gap says it */
	if (sv_root_open(k->c->root, &place, &files.flags, &why)) {
		k->watched->frames_unread = true;
		if (sv_error_fatal(&why))
			return sv_error_pass(k->err, &why);
		return sv_gap_add(k->c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true, k->err);
	}
	rc = sv_capture_frames(k->c, &files, &k->now.memory, false, k->err);
	sv_capture_frames_close(&files);
	return rc;
}

static enum outcome read_memory(struct looking *k)
{
	if (choose_vmas(k) || sv_capture_pages(k->c, &k->now.memory, k->look->tag, k->err))
		return FATAL;
	count_pages(k);
	if (k->now.paged && read_frames(k))
		return FATAL;
	return k->now.paged ? READ : UNREAD;
}

/* ---- what changed ---------------------------------------------------------------------------- */

static int tell(void *arg, const struct sv_change *change, struct sv_span path)
{
	struct looking *k = arg;

	return sv_watch_change(k->c, k->w, k->look, change, path, k->err);
}

static int tell_number(
	struct looking *k, enum sv_change_kind kind, struct sv_num before, struct sv_num after)
{
	struct sv_change c = { .kind = kind, .before = before, .after = after };

	if (!before.known || !after.known || before.value == after.value)
		return 0;
	return tell(k, &c, (struct sv_span) { 0 });
}

static int compare_counters(struct looking *k)
{
	const struct sv_side *was = &k->w->last, *is = &k->now;

	return tell_number(
		       k, SV_CHANGE_FAULTS_MINOR, sv_known(was->minflt), sv_known(is->minflt)) ||
			       tell_number(k, SV_CHANGE_FAULTS_MAJOR, sv_known(was->majflt),
				       sv_known(is->majflt)) ||
			       tell_number(k, SV_CHANGE_FAULTS_CHILDREN, sv_known(was->children),
				       sv_known(is->children)) ||
			       tell_number(k, SV_CHANGE_THREADS, sv_known(was->threads),
				       sv_known(is->threads)) ||
			       tell_number(k, SV_CHANGE_RESIDENT, was->rss, is->rss) ||
			       tell_number(k, SV_CHANGE_LOCKED, was->locked, is->locked) ||
			       tell_number(k, SV_CHANGE_SWAPPED, was->swap, is->swap)
		       ? -1
		       : 0;
}

static int suspect(void *arg, const struct sv_change *change, struct sv_span path)
{
	struct looking *k = arg;

	(void)path;
	k->suspicious += change->kind == SV_CHANGE_LOCK_LOST || change->kind == SV_CHANGE_NEIGHBOUR;
	return 0;
}

/*
 * Flags are read after the entries of the page tables: a frame that its page left in between says
 * nothing of the page. What would be told of flags is told when the entries are still the same.
 */
static int confirm(struct looking *k)
{
	struct sv_delta d = {
		.before = &k->w->last.memory, .after = &k->now.memory, .emit = suspect, .arg = k
	};
	char tag[40];
	size_t changed;

	sv_delta_pages(&d);
	if (!k->suspicious)
		return 0;
	snprintf(tag, sizeof(tag), "%s.again", k->look->tag);
	return sv_capture_pages_again(k->c, &k->now.memory, tag, &changed, k->err);
}

static int compare_pages(struct looking *k)
{
	struct sv_delta d = {
		.before = &k->w->last.memory, .after = &k->now.memory, .emit = tell, .arg = k
	};

	if (confirm(k))
		return -1;
	return sv_delta_pages(&d);
}

static int compare(struct looking *k)
{
	struct sv_side *was = &k->w->last, *is = &k->now;
	struct sv_delta d = { .before = &was->list, .after = &is->list, .emit = tell, .arg = k };

	if (is->listed && !was->listed)
		d.before = k->w->process; /* as smaps had them, before the first look */
	if (is->listed && !same_text(&d.before->maps, &is->list.maps) && sv_delta_vmas(&d))
		return -1;
	if (was->paged && is->paged && compare_pages(k))
		return -1;
	return was->counted && is->counted ? compare_counters(k) : 0;
}

/* ---- together -------------------------------------------------------------------------------- */

static uint64_t present(const struct sv_process *p)
{
	struct sv_page_walk w = sv_pages_walk(&p->pages, 0, p->pages.len);
	struct sv_page pg;
	uint64_t n = 0;

	while (sv_page_next(&w, &pg))
		n += sv_pagemap_present(pg.entry);
	return n;
}

static struct sv_num sum(struct sv_num so_far, bool known, uint64_t before, uint64_t after)
{
	return known && so_far.known ? sv_known(so_far.value + (after - before))
				     : (struct sv_num) { 0 };
}

static void note_first(struct looking *k)
{
	struct sv_watched *to = k->watched;

	to->rss_first = k->now.rss;
	to->locked_first = k->now.locked;
	if (k->now.listed)
		to->vmas_first = sv_known(k->now.list.vmas.len);
	if (k->now.paged)
		to->pages_first = sv_known(present(&k->now.memory));
	if (k->now.counted)
		to->minor = to->major = to->children = sv_known(0);
}

static void note_last(struct looking *k)
{
	const struct sv_side *was = &k->w->last, *is = &k->now;
	struct sv_watched *to = k->watched;

	if (is->counted) {
		to->rss_last = is->rss;
		to->locked_last = is->locked;
	}
	if (is->listed)
		to->vmas_last = sv_known(is->list.vmas.len);
	if (!was->counted || !is->counted)
		return;
	to->minor = sum(to->minor, true, was->minflt, is->minflt);
	to->major = sum(to->major, true, was->majflt, is->majflt);
	to->children = sum(to->children, true, was->children, is->children);
}

/* What could not be read this time stays as it was read last: the next look compares with that. */
static void keep(struct looking *k)
{
	struct sv_side *was = &k->w->last, *is = &k->now;
	bool whole = is->counted && is->listed && is->paged;

	k->watched->looks += whole;
	k->watched->missed += !whole;
	if (whole || !was->counted) {
		side_fini(was);
		*was = *is;
		*is = (struct sv_side) { 0 };
		return;
	}
	side_fini(is);
}

static int ended(struct looking *k)
{
	struct sv_change c = { .kind = SV_CHANGE_ENDED };

	k->watched->ended = true;
	side_fini(&k->now);
	return tell(k, &c, (struct sv_span) { 0 });
}

static enum outcome read_all(struct looking *k)
{
	enum outcome got = read_counters(k);

	if (got == READ && !k->look->number && k->now.rss.known)
		k->watched->partly = k->now.rss.value / k->c->obs->host.page_size > pages_of_all;
	if (got == READ)
		got = read_vmas(k);
	if (got == READ)
		got = read_memory(k);
	return got;
}

int sv_watch_look(struct sv_capture *c, struct sv_watch *w, struct sv_look_now *look,
	struct safevma_error *err)
{
	struct looking k = { .c = c,
		.w = w,
		.look = look,
		.watched = &c->obs->series.watched.ptr[w->watched],
		.err = err };
	enum outcome got;
	int rc = 0;

	if (k.watched->ended)
		return 0;
	got = read_all(&k);
	if (got == GONE)
		return ended(&k);
	if (got != FATAL && !look->number)
		note_first(&k);
	if (got == FATAL || compare(&k))
		rc = -1;
	note_last(&k);
	if (!rc)
		keep(&k);
	side_fini(&k.now);
	return rc;
}
