// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What was promised to every process: the budget is the system's, so that of those that were not
 * selected smaps is read too, once each. Totals of the kernel are read right before and after.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "capture.h"
#include "iface/pagemap.h"

#define TAG   "commit"
#define COSTS "the sums over all processes: promises, secretmem"

/* A recording was not asked for the sums: what it is of may be read in full all the same. */
static int gap(struct sv_capture *c, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, struct safevma_error *err)
{
	return sv_gap_add_cost(c->obs, iface, pid, why, !c->request->everything, COSTS, err);
}

/* One process is pinned at a time; its number means no other one until the next. 1; 0, *why; -1. */
static int pin(struct sv_capture *c, pid_t pid, const char *tag, struct safevma_error *why,
	struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = pid, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 };

	return sv_capture_call(c, &call, &nothing, why, err);
}

/* ---- one that was not selected --------------------------------------------------------------- */

static int ask_secret(struct sv_capture *c, struct sv_process *p, struct sv_vma *v, const char *tag,
	struct safevma_error *err)
{
	struct safevma_error why;
	int rc = sv_capture_secret(c, p->pid, v, tag, &why, err);

	if (rc < 0)
		return -1;
	return rc || sv_is_gone(&why) ? 0 : gap(c, SV_IFACE_MAP_FILES, p->pid, &why, err);
}

/*
 * Of the text only the paths are looked at later. It comes in a buffer with room to read into: kept
 * of each process, it would make the observer itself grow by as much as it comes to count.
 */
static int keep_paths(struct sv_process *p)
{
	size_t at = 0;

	for (size_t i = 0; i < p->vmas.len; i++)
		if (sv_strbuf_add(&p->maps, p->vmas.ptr[i].path.ptr, p->vmas.ptr[i].path.len))
			return -1;
	for (size_t i = 0; i < p->vmas.len; i++) {
		p->vmas.ptr[i].path.ptr = p->maps.ptr ? p->maps.ptr + at : "";
		at += p->vmas.ptr[i].path.len;
	}
	return 0;
}

/* 0; 1: the text is not what it should be, *why; -1. */
static int parse(struct sv_capture *c, struct sv_process *p, const struct sv_strbuf *text,
	const char *tag, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, "smaps");
	struct sv_smaps_entry e;
	int rc;

	while ((rc = sv_smaps_next(&t, &e, why)) > 0) {
		struct sv_vma *v = sv_vec_push(&p->vmas);

		if (!v)
			return sv_error_nomem(err);
		*v = sv_vma_of_entry(&e.vma);
		sv_capture_merge_smaps(v, &e);
		if (sv_vma_secret_candidate(v) && ask_secret(c, p, v, tag, err))
			return -1;
		v->kind = sv_vma_classify(v);
	}
	if (rc < 0)
		return 1;
	return keep_paths(p) ? sv_error_nomem(err) : 0;
}

static int unread(struct sv_capture *c, struct sv_process *p, const struct safevma_error *why,
	struct safevma_error *err)
{
	sv_process_forget_memory(p);
	p->fate = sv_is_gone(why) ? SV_FATE_VANISHED : SV_FATE_UNREAD;
	return p->fate == SV_FATE_VANISHED ? 0 : gap(c, SV_IFACE_SMAPS, p->pid, why, err);
}

/* The kernel shows the memory of such a group through its other threads alone. */
static int headless(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"its first thread ended and others live on with its memory");
	return unread(c, p, &why, err);
}

/* In a recording a process may have been selected that is not so now: its first reading serves. */
static int read_smaps(struct sv_capture *c, const struct sv_process *p, const char **tag,
	struct sv_strbuf *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_SMAPS, .pid = p->pid };
	int rc = pin(c, p->pid, TAG, why, err);

	*tag = TAG;
	if (!rc && why->code == SAFEVMA_E_NOT_RECORDED) {
		*tag = "1";
		rc = pin(c, p->pid, "memory", why, err);
	}
	place.tag = *tag;
	return rc > 0 ? sv_capture_text(c, &place, ret, why, err) : rc;
}

static int read_other(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why = { 0 };
	const char *tag;
	int rc;

	if (p->state == 'Z' && p->threads > 1)
		return headless(c, p, err);
	rc = read_smaps(c, p, &tag, &text, &why, err);
	if (rc < 0)
		return -1;
	if (!rc)
		return unread(c, p, &why, err);
	if (!text.len) { /* it is ending */
		p->fate = SV_FATE_VANISHED;
		return 0;
	}
	rc = parse(c, p, &text, tag, &why, err);
	return rc > 0 ? unread(c, p, &why, err) : rc;
}

static int read_others(struct sv_capture *c, struct safevma_error *err)
{
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (!p->selected && !p->kernel_thread && read_other(c, p, err))
			return -1;
	}
	return 0;
}

/* ---- processes that share their memory as a whole -------------------------------------------- */

/*
 * CLONE_VM without CLONE_THREAD, and vfork(), make two processes with one memory: counted twice it
 * would be promised twice. Equal mappings are not enough, since fork() makes those too. But a page
 * that both have in one frame, which is mapped no more than once, is behind one page table.
 */
enum { LOOK_PAGES = 32 };

enum same { SAME_NO, SAME_YES, SAME_UNSETTLED };

static bool same_num(struct sv_num a, struct sv_num b)
{
	return a.known && b.known && a.value == b.value;
}

static bool same_mappings(const struct sv_process *a, const struct sv_process *b)
{
	if (!a->vmas.len || a->vmas.len != b->vmas.len)
		return false;
	for (size_t i = 0; i < a->vmas.len; i++)
		if (!sv_vma_same(&a->vmas.ptr[i], &b->vmas.ptr[i]))
			return false;
	return true;
}

static bool same_figures(const struct sv_process *a, const struct sv_process *b)
{
	for (size_t i = 0; i < a->vmas.len; i++)
		if (!same_num(a->vmas.ptr[i].rss, b->vmas.ptr[i].rss) ||
			!same_num(a->vmas.ptr[i].anonymous, b->vmas.ptr[i].anonymous) ||
			!same_num(a->vmas.ptr[i].swap, b->vmas.ptr[i].swap))
			return false;
	return same_num(a->vm_pte, b->vm_pte);
}

/*
 * The last one with pages of its own: the stack, whose end every process has written. Without
 * smaps, that by its name.
 */
static const struct sv_vma *telling_vma(const struct sv_process *p)
{
	for (size_t i = p->vmas.len; i-- > 0;)
		if (!p->vmas.ptr[i].anonymous.known && p->vmas.ptr[i].kind == SV_VMA_STACK)
			return &p->vmas.ptr[i];
	for (size_t i = p->vmas.len; i-- > 0;)
		if (p->vmas.ptr[i].anonymous.known && p->vmas.ptr[i].anonymous.value)
			return &p->vmas.ptr[i];
	return NULL;
}

/* Entries of the last pages of v; how many. 0 too where they cannot be read; -1. */
static int entries(struct sv_capture *c, pid_t pid, const struct sv_vma *v, const char *tag,
	uint64_t words[static LOOK_PAGES], struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PAGEMAP, .pid = pid, .tag = tag };
	uint64_t page = c->obs->host.page_size, end = v->end / page, all = end - v->start / page;
	size_t n = all < LOOK_PAGES ? (size_t)all : LOOK_PAGES, have = 0, got = 1;
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	int rc = pin(c, pid, tag, &why, err);

	if (rc <= 0)
		return rc;
	if (sv_root_open(c->root, &place, &f, &why))
		return sv_error_fatal(&why) ? sv_error_pass(err, &why) : 0;
	/* Reads may come back short, so that each holds the lock for no longer than it may. */
	while (have < n && got) {
		if (sv_file_read(f, words + have, (n - have) * sizeof(*words),
			    (end - n + have) * sizeof(*words), &got, &why))
			return sv_error_fatal(&why) ? sv_error_pass(err, &why) : (int)have;
		have += got / sizeof(*words);
	}
	return (int)have;
}

static bool telling(uint64_t entry)
{
	return sv_pagemap_has_pfn(entry) && (entry & SV_PAGEMAP_EXCLUSIVE);
}

/* One reading of b between two of a: what did not change did not move meanwhile. */
static enum same judge(const uint64_t *a, const uint64_t *b, const uint64_t *again, int n)
{
	for (int i = n; i-- > 0;)
		if (telling(a[i]) && telling(b[i]) && a[i] == again[i])
			return sv_pagemap_pfn(a[i]) == sv_pagemap_pfn(b[i]) ? SAME_YES : SAME_NO;
	return SAME_UNSETTLED;
}

static int look(struct sv_capture *c, const struct sv_process *a, const struct sv_process *b,
	const char *begin, enum same *ret, struct safevma_error *err)
{
	uint64_t words[3][LOOK_PAGES];
	const struct sv_vma *v = telling_vma(a);
	const pid_t of[3] = { a->pid, b->pid, a->pid };
	int n = v ? LOOK_PAGES : 0;
	char tag[32];

	for (int i = 0; i < 3 && n > 0; i++) {
		int got;

		snprintf(tag, sizeof(tag), "%s-%d-%d", begin, i == 1 ? a->pid : b->pid, i);
		got = entries(c, of[i], v, tag, words[i], err);
		n = got < n ? got : n;
	}
	if (n < 0)
		return -1;
	*ret = judge(words[0], words[1], words[2], n);
	return 0;
}

/* One sight of each: of many children of one parent not each pair is looked at. */
struct sight {
	bool taken;
	int n;
	uint64_t start; /* of the VMA */
	uint64_t words[LOOK_PAGES];
};

static int take_sight(struct sv_capture *c, const struct sv_process *p, const char *tag,
	struct sight *s, struct safevma_error *err)
{
	const struct sv_vma *v = telling_vma(p);
	char whole[32];

	if (s->taken || !v)
		return 0;
	snprintf(whole, sizeof(whole), "%s-sight", tag);
	s->taken = true;
	s->start = v->start;
	s->n = entries(c, p->pid, v, whole, s->words, err);
	return s->n < 0 ? -1 : 0;
}

/* Frames of their own and none in common: two memories. One alone may have moved meanwhile. */
static bool apart(const struct sight *a, const struct sight *b)
{
	int own = 0, n = a->n < b->n ? a->n : b->n;

	if (!a->taken || !b->taken || a->start != b->start)
		return false;
	for (int i = 0; i < n; i++) {
		if (!telling(a->words[i]) || !telling(b->words[i]))
			continue;
		if (sv_pagemap_pfn(a->words[i]) == sv_pagemap_pfn(b->words[i]))
			return false;
		own++;
	}
	return own > 1;
}

/*
 * Where pages of both are at hand they tell without a further reading: a page of one's own that
 * both have in one frame is behind one page table; one that the other lacks is not. Of shared
 * memory of the hugetlb pool two memories can have a page table in common: pages of files are left
 * aside.
 */
static enum same by_pages(const struct sv_process *a, const struct sv_process *b)
{
	struct sv_page_walk wa = sv_pages_walk(&a->pages, 0, a->pages.len);
	struct sv_page_walk wb = sv_pages_walk(&b->pages, 0, b->pages.len);
	struct sv_page x, y;
	bool more = sv_page_next(&wb, &y);
	size_t lacking = 0;

	while (sv_page_next(&wa, &x)) {
		if (x.changed || !telling(x.entry) || (x.entry & SV_PAGEMAP_FILE))
			continue;
		while (more && y.vaddr < x.vaddr)
			more = sv_page_next(&wb, &y);
		if (!more || y.vaddr != x.vaddr ||
			sv_pagemap_pfn(x.entry) != sv_pagemap_pfn(y.entry))
			lacking++;
		else if (!y.changed && telling(y.entry))
			return SAME_YES;
	}
	return lacking ? SAME_NO : SAME_UNSETTLED;
}

/* Processes that may have one memory. */
struct twins {
	struct sv_process *const *all;
	struct sight *sights;
	const char *tag;
};

/* Is the memory of number k that of the earlier number i? */
static int compare(
	struct sv_capture *c, const struct twins *t, size_t i, size_t k, struct safevma_error *err)
{
	struct sv_process *a = t->all[i], *b = t->all[k];
	enum same same;

	if (a->memory_of || !same_mappings(a, b))
		return 0;
	same = a->pages.len && b->pages.len ? by_pages(a, b) : SAME_UNSETTLED;
	if (same != SAME_UNSETTLED) {
		b->memory_of = same == SAME_YES ? a->pid : 0;
		b->memory_of_observed = same == SAME_YES;
		return 0;
	}
	if (take_sight(c, a, t->tag, &t->sights[i], err) ||
		take_sight(c, b, t->tag, &t->sights[k], err))
		return -1;
	if (apart(&t->sights[i], &t->sights[k]))
		return 0;
	if (look(c, a, b, t->tag, &same, err))
		return -1;
	if (same == SAME_UNSETTLED && c->obs->no_smaps)
		a->memory_doubt = b->memory_doubt = true;
	if (same == SAME_NO || (same == SAME_UNSETTLED && !same_figures(a, b)))
		return 0;
	b->memory_of = a->pid;
	b->memory_of_observed = same == SAME_YES;
	return 0;
}

int sv_capture_find_twins(struct sv_capture *c, struct sv_process *const *all, size_t n,
	const char *tag, struct safevma_error *err)
{
	sv_auto_free struct sight *sights = calloc(n + 1, sizeof(*sights));
	const struct twins t = { .all = all, .sights = sights, .tag = tag };

	if (!sights)
		return sv_error_nomem(err);
	for (size_t k = 1; k < n; k++)
		for (size_t i = 0; i < k && !all[k]->memory_of; i++)
			if (compare(c, &t, i, k, err))
				return -1;
	return 0;
}

int sv_capture_find_shared(struct sv_capture *c, bool everyone, struct safevma_error *err)
{
	sv_auto_free struct sv_process **all =
		reallocarray(NULL, c->obs->processes.len + 1, sizeof(struct sv_process *));
	size_t n = 0;

	if (!all)
		return sv_error_nomem(err);
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (everyone || c->obs->processes.ptr[i].pages.len)
			all[n++] = &c->obs->processes.ptr[i];
	return sv_capture_find_twins(c, all, n, TAG, err);
}

/* ---- together -------------------------------------------------------------------------------- */

static int listed_whole(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	if (sv_first_namespace(c->obs))
		return 0;
	sv_error_set(&why, SAFEVMA_E_SYSTEM, 0, "/proc", 0,
		"no kernel thread is listed: processes are hidden (hidepid), or this is a PID "
		"namespace of its own");
	return gap(c, SV_IFACE_PROC, 0, &why, err);
}

static int skipped(struct sv_capture *c, struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0, "smaps was not to be read");
	return gap(c, SV_IFACE_SMAPS, 0, &why, err);
}

int sv_capture_commit(struct sv_capture *c, struct safevma_error *err)
{
	if (c->obs->no_smaps)
		return skipped(c, err) || sv_capture_reserves(c, err) ? -1 : 0;
	if (sv_capture_reserves(c, err) || listed_whole(c, err) ||
		sv_capture_meminfo(c, TAG "-before", err))
		return -1;
	c->obs->system.committed_before = c->obs->system.committed_as;
	if (read_others(c, err) || sv_capture_meminfo(c, TAG "-after", err))
		return -1;
	return sv_capture_find_shared(c, true, err);
}
