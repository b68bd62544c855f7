// SPDX-License-Identifier: LGPL-2.1-or-later
#include "walk_out.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
	CACHE_BYTES = 16 << 20, /* of tables of the linear map, while the walk lasts */
	BUCKET_BITS = 14,
};

/* A table that was met: read once, whatever refers to it. */
struct met {
	struct met *next;
	uint64_t paddr, vaddr; /* vaddr: where it was met first */
	unsigned int level;
	struct sv_rights rights;
	bool inside;		/* part of the linear map, where no table serves twice */
	bool open;		/* being walked: whoever refers to it now makes a circle */
	size_t first, len;	/* what it gave outside the linear map, among others */
	unsigned char *content; /* kept for tables of the linear map, as far as there is room */
};

struct walk {
	struct sv_walk_out out;
	struct met *met[1 << BUCKET_BITS];
	size_t cached;
	uint64_t window_start, window_last; /* addresses of the linear map */
	bool checking; /* a second, short walk: of the linear map alone, over tables met before */
	struct {
		uint64_t *ptr;
		size_t len, cap;
	} empty; /* frames of tables outside the linear map that hold nothing */
};

/* A table met before, at another address now: it gives the same again. */
static int repeat(struct walk *w, const struct met *met, uint64_t vaddr)
{
	for (size_t i = 0; i < met->len && !w->out.map->others_cut; i++) {
		struct sv_kmapping m = w->out.map->others.ptr[met->first + i];
		uint64_t end;

		m.vaddr += vaddr - met->vaddr;
		m.zone = sv_kzone_of(w->out.q->kcore, w->out.pg, m.vaddr, &end);
		if (sv_walk_add(&w->out, &m, false))
			return -1;
	}
	return 0;
}

/* ---- tables that were met -------------------------------------------------------------------- */

static struct met **bucket(struct walk *w, uint64_t paddr)
{
	uint64_t hash = (paddr >> w->out.pg->page_shift) * UINT64_C(0x9e3779b97f4a7c15);

	return &w->met[hash >> (64 - BUCKET_BITS)];
}

/* Outside the linear map the same table gives the same only at the same level with equal rights. */
static struct met *find_met(
	struct walk *w, uint64_t paddr, unsigned int level, bool inside, struct sv_rights r)
{
	for (struct met *m = *bucket(w, paddr); m; m = m->next)
		if (m->paddr == paddr &&
			(inside || m->inside ||
				(m->level == level && m->rights.writable == r.writable &&
					m->rights.exec == r.exec)))
			return m;
	return NULL;
}

static struct met *new_met(struct walk *w, const struct met *like)
{
	struct met *m = calloc(1, sizeof(*m)), **b = bucket(w, like->paddr);

	if (!m) {
		sv_error_nomem(w->out.err);
		return NULL;
	}
	*m = *like;
	m->next = *b;
	m->first = w->out.map->others.len;
	m->open = true;
	*b = m;
	return m;
}

static void forget_met(struct walk *w)
{
	for (size_t i = 0; i < sv_array_size(w->met); i++)
		while (w->met[i]) {
			struct met *m = w->met[i];

			w->met[i] = m->next;
			free(m->content);
			free(m);
		}
}

/* ---- the window of the linear map ------------------------------------------------------------ */

/* The part of [vaddr, last] that lies inside. */
static bool in_window(
	const struct walk *w, uint64_t vaddr, uint64_t last, uint64_t *from, uint64_t *frames)
{
	uint64_t to = last < w->window_last ? last : w->window_last;

	*from = vaddr > w->window_start ? vaddr : w->window_start;
	if (*from > to)
		return false;
	*frames = ((to - *from) >> w->out.pg->page_shift) + 1;
	return true;
}

static bool all_in_window(const struct walk *w, uint64_t vaddr, uint64_t last)
{
	return vaddr >= w->window_start && last <= w->window_last;
}

static bool wanted_linear(const struct walk *w, uint64_t from, uint64_t frames)
{
	return sv_ranges_touch(w->out.q->ranges, w->out.q->ranges_len,
		(from - w->out.pg->delta) >> w->out.pg->page_shift, frames);
}

static bool wants_others(const struct walk *w)
{
	return !w->checking && (w->out.q->everything || w->out.q->others_len);
}

/* ---- descent --------------------------------------------------------------------------------- */

static int walk_table(struct walk *w, struct met *m);

/* Nothing can be said of what lies below an entry. */
static int lose(struct walk *w, uint64_t vaddr, uint64_t last, enum sv_alias_why why)
{
	uint64_t from, frames;

	if (!all_in_window(w, vaddr, last))
		w->out.map->others_known = false;
	if (!in_window(w, vaddr, last, &from, &frames))
		return 0;
	return sv_walk_unknown(
		&w->out, (from - w->out.pg->delta) >> w->out.pg->page_shift, frames, why);
}

static int enter_new(struct walk *w, const struct met *like)
{
	struct met *m = new_met(w, like);

	if (!m)
		return -1;
	w->out.floor = w->out.map->others.len;
	if (walk_table(w, m))
		return -1;
	m->open = false;
	m->len = w->out.map->others.len - m->first;
	w->out.floor = w->out.map->others.len;
	return 0;
}

static int enter_table(struct walk *w, const struct met *like, uint64_t last)
{
	uint64_t from, frames;
	bool inside = in_window(w, like->vaddr, last, &from, &frames);
	struct met *m;

	if (!(inside && wanted_linear(w, from, frames)) &&
		(all_in_window(w, like->vaddr, last) || !wants_others(w)))
		return 0;
	m = find_met(w, like->paddr, like->level, inside, like->rights);
	if (!w->checking)
		w->out.map->cost.references++;
	if (!m)
		return enter_new(w, like);
	if (w->checking && m->level == like->level && m->vaddr == like->vaddr)
		return walk_table(w, m);
	if (m->open || m->inside || inside)
		return lose(w, like->vaddr, last, SV_ALIAS_WHY_MISMATCH);
	return repeat(w, m, like->vaddr);
}

/* At its own place in the linear map, though beyond the RAM that was asked for. */
static bool at_linear_place(const struct walk *w, uint64_t vaddr, uint64_t paddr)
{
	return vaddr - paddr == w->out.pg->delta && vaddr >= w->out.pg->delta;
}

static int take_leaf_outside(struct walk *w, const struct sv_entry *e, unsigned int level,
	uint64_t vaddr, struct sv_rights r)
{
	struct sv_kmapping m = { .vaddr = vaddr,
		.pfn = e->paddr >> w->out.pg->page_shift,
		.frames = UINT64_C(1) << (w->out.pg->shift[level] - w->out.pg->page_shift),
		.writable = r.writable,
		.exec = r.exec,
		.leaf_shift = w->out.pg->shift[level] };

	if (!at_linear_place(w, vaddr, e->paddr))
		return sv_walk_other(&w->out, m);
	m.zone = SV_KZONE_LINEAR;
	return w->out.q->everything ? sv_walk_add(&w->out, &m, true) : 0;
}

static int take_entry(struct walk *w, const struct sv_entry *e, unsigned int level, uint64_t vaddr,
	struct sv_rights above)
{
	uint64_t last = vaddr + ((UINT64_C(1) << w->out.pg->shift[level]) - 1), from, frames;
	struct sv_rights r = { above.writable && e->writable, above.exec && e->exec };

	if (e->kind == SV_ENTRY_TABLE) {
		struct met like = { .paddr = e->paddr,
			.vaddr = vaddr,
			.level = level + 1,
			.rights = r,
			.inside = in_window(w, vaddr, last, &from, &frames) };

		return enter_table(w, &like, last);
	}
	if (in_window(w, vaddr, last, &from, &frames) && wanted_linear(w, from, frames) &&
		sv_walk_linear(&w->out, e, level, vaddr, from, frames, r))
		return -1;
	if (e->kind != SV_ENTRY_LEAF || !wants_others(w) || all_in_window(w, vaddr, last))
		return 0;
	return take_leaf_outside(w, e, level, vaddr, r);
}

static bool all_zero(const unsigned char *p, size_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

/* A table of zeros may be one that was not read: outside the linear map that is looked into. */
static int note_empty(struct walk *w, const struct met *m)
{
	uint64_t *pfn = sv_vec_push(&w->empty);

	if (!pfn)
		return sv_error_nomem(w->out.err);
	*pfn = m->paddr >> w->out.pg->page_shift;
	return 0;
}

static unsigned int first_index(const struct walk *w, const struct met *m)
{
	return m->level ? 0 : w->out.pg->first_index;
}

static unsigned int entries(const struct walk *w, const struct met *m)
{
	return (1u << w->out.pg->bits[m->level]) - first_index(w, m);
}

/* Address of the last byte that a table maps. */
static uint64_t last_of(const struct walk *w, const struct met *m)
{
	return m->vaddr + ((entries(w, m) * (UINT64_C(1) << w->out.pg->shift[m->level])) - 1);
}

/* Also the root, and others that the linear map takes up in part only. */
static bool reaches_out(const struct walk *w, const struct met *m)
{
	return !all_in_window(w, m->vaddr, last_of(w, m));
}

/* 0 with the content, 1 it cannot be read, -1. */
static int load_table(struct walk *w, struct met *m, unsigned char **ret)
{
	size_t size = (size_t)entries(w, m) * w->out.pg->entry_size;
	uint64_t paddr = m->paddr + (uint64_t)first_index(w, m) * w->out.pg->entry_size;
	sv_auto_free unsigned char *buf = malloc(size);
	int rc;

	if (!buf)
		return sv_error_nomem(w->out.err);
	rc = w->out.q->load(w->out.q->context, paddr, buf, size, w->out.err);
	if (rc)
		return rc;
	w->out.map->cost.tables++;
	w->out.map->cost.bytes += size;
	if (reaches_out(w, m) && all_zero(buf, size) && note_empty(w, m))
		return -1;
	*ret = sv_take_ptr(buf);
	return 0;
}

static int take_entries(struct walk *w, const struct met *m, const unsigned char *table)
{
	uint64_t span = UINT64_C(1) << w->out.pg->shift[m->level];
	int rc = 0;

	for (unsigned int i = 0; i < entries(w, m) && !rc; i++) {
		uint64_t vaddr = m->vaddr + i * span;
		struct sv_entry e = sv_pgtable_decode(
			w->out.pg, m->level, sv_pgtable_raw(w->out.pg, table, i), vaddr);

		rc = take_entry(w, &e, m->level, vaddr, m->rights);
	}
	return rc;
}

static int walk_table(struct walk *w, struct met *m)
{
	sv_auto_free unsigned char *table = NULL;
	int rc;

	if (m->content)
		return take_entries(w, m, m->content);
	rc = load_table(w, m, &table);
	if (rc > 0)
		return lose(w, m->vaddr, last_of(w, m), SV_ALIAS_WHY_UNREAD);
	if (rc < 0 || take_entries(w, m, table))
		return -1;
	if (m->inside && w->cached < CACHE_BYTES) {
		w->cached += (size_t)entries(w, m) * w->out.pg->entry_size;
		m->content = sv_take_ptr(table);
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/*
 * From the first RAM to the last. On x86 the linear map begins with frame 0, RAM or not, and its
 * last entry may reach beyond RAM; elsewhere another region may lie right before it.
 */
static void find_window(struct walk *w)
{
	const struct sv_kcore *k = w->out.q->kcore;
	const struct sv_kcore_segment *image = sv_kcore_image(k, w->out.pg->delta);
	const uint64_t round = (UINT64_C(2) << 20) - 1;
	uint64_t start = UINT64_MAX, end = 0;

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (!s->has_paddr || s == image)
			continue;
		start = s->paddr < start ? s->paddr : start;
		end = s->paddr + s->size > end ? s->paddr + s->size : end;
	}
	if (w->out.pg->arch == SV_PG_X86_64) {
		start = 0;
		end = (end + round) & ~round;
	}
	w->window_start = w->out.pg->delta + start;
	if (w->window_start < w->out.pg->start)
		w->window_start = w->out.pg->start;
	w->window_last = w->out.pg->delta + end - 1;
}

static int walk_root(struct walk *w)
{
	struct met root = { .paddr = w->out.pg->root_paddr,
		.vaddr = w->out.pg->start,
		.rights = { true, true },
		.inside = true };
	struct met *m = find_met(w, root.paddr, 0, true, root.rights);

	if (m && w->checking)
		return walk_table(w, m);
	return enter_new(w, &root);
}

static int by_frame(const void *a, const void *b)
{
	const struct sv_kmapping *x = a, *y = b;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn ? -1 : 1;
	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static void sort_others(struct sv_kernelmap *map)
{
	if (map->others.len)
		qsort(map->others.ptr, map->others.len, sizeof(*map->others.ptr), by_frame);
	for (size_t i = 0; i < map->others.len; i++)
		if (map->others.ptr[i].frames > map->others_span)
			map->others_span = map->others.ptr[i].frames;
}

static int by_number(const void *a, const void *b)
{
	const struct sv_frame_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int empty_ranges(const struct walk *w, struct sv_frame_range **ret, size_t *n)
{
	struct sv_frame_range *list = calloc(w->empty.len, sizeof(*list));

	*n = 0;
	if (!list)
		return -1;
	for (size_t i = 0; i < w->empty.len; i++)
		list[i] = (struct sv_frame_range) { w->empty.ptr[i], 1 };
	qsort(list, w->empty.len, sizeof(*list), by_number);
	for (size_t i = 0; i < w->empty.len; i++)
		if (!i || list[i].first != list[*n - 1].first)
			list[(*n)++] = list[i];
	*ret = list;
	return 0;
}

/*
 * The kernel reads a table for us through its linear address: when that is mapped, a table of zeros
 * is one, and no mapping hides behind it.
 */
static int check_empty(struct walk *w)
{
	struct sv_walk_request q = *w->out.q;
	const struct sv_walk_request *own = w->out.q;
	struct sv_kernelmap *map = w->out.map, found = { 0 };
	struct sv_frame_range *list;
	int rc;

	if (!w->empty.len || !map->others_known)
		return 0;
	if (empty_ranges(w, &list, &q.ranges_len))
		return sv_error_nomem(w->out.err);
	map->empty_tables = q.ranges_len;
	q.ranges = list;
	w->out.q = &q;
	w->out.map = &found;
	w->checking = true;
	rc = walk_root(w);
	for (size_t i = 0; i < q.ranges_len && !rc; i++) {
		const struct sv_linear_extent *x = sv_kernelmap_find(&found, list[i].first);

		map->others_known &= x && (x->alias == SV_ALIAS_RW || x->alias == SV_ALIAS_RO);
	}
	map->cost.tables += found.cost.tables;
	map->cost.bytes += found.cost.bytes;
	w->out.q = own;
	w->out.map = map;
	sv_kernelmap_fini(&found);
	free(list);
	return rc;
}

int sv_walk(
	const struct sv_walk_request *request, struct sv_kernelmap *ret, struct safevma_error *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return sv_error_nomem(err);
	*w = (struct walk) { .out = { .q = request, .pg = request->pg, .map = ret, .err = err } };
	ret->made = true;
	ret->delta = request->pg->delta;
	ret->page_shift = request->pg->page_shift;
	ret->others_known = request->everything || request->others_len;
	find_window(w);
	rc = walk_root(w) || check_empty(w) ? -1 : 0;
	sort_others(ret);
	sv_vec_fini(&w->empty);
	forget_met(w);
	free(w);
	return rc;
}
