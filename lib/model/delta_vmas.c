// SPDX-License-Identifier: LGPL-2.1-or-later
#include "delta.h"

/* Where the mapped object would begin, if all of it were mapped. */
static uint64_t origin(const struct sv_vma *v)
{
	return v->inode ? v->start - v->offset : 0;
}

bool sv_vma_same_backing(const struct sv_vma *a, const struct sv_vma *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && origin(a) == origin(b) &&
	       sv_span_eq(a->path, b->path);
}

const struct sv_vma *sv_vma_at(const struct sv_process *p, uint64_t vaddr)
{
	size_t lo = 0, hi = p->vmas.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->vmas.ptr[mid].end <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < p->vmas.len && p->vmas.ptr[lo].start <= vaddr ? &p->vmas.ptr[lo] : NULL;
}

/* Both lists of VMAs walked together, from border to border. */
struct sweep {
	const struct sv_delta *d;
	size_t b, a; /* first VMAs that do not end below at */
	uint64_t at;
	const struct sv_vma *before, *after; /* that hold at, or NULL */
	struct sv_change pending;	     /* a stretch that the next one may go on with */
	bool is_pending;
	struct sv_span path;
};

static const struct sv_vma *holds(const struct sv_process *p, size_t *i, uint64_t at)
{
	while (*i < p->vmas.len && p->vmas.ptr[*i].end <= at)
		++*i;
	return *i < p->vmas.len && p->vmas.ptr[*i].start <= at ? &p->vmas.ptr[*i] : NULL;
}

/* The next border above at, of the VMA that holds it or of the one that follows. */
static uint64_t border(const struct sv_process *p, size_t i, const struct sv_vma *v)
{
	if (v)
		return v->end;
	return i < p->vmas.len ? p->vmas.ptr[i].start : UINT64_MAX;
}

static int flush(struct sweep *s)
{
	if (!s->is_pending)
		return 0;
	s->is_pending = false;
	return s->d->emit(s->d->arg, &s->pending, s->path);
}

/* What is about a VMA: the one that is there now, or was. */
static void about(struct sweep *s, struct sv_change *c)
{
	const struct sv_vma *v = s->after ? s->after : s->before;

	c->of_vma = true;
	c->kind_of_vma = v->kind;
	s->path = v->path;
}

static bool alike(const struct sv_vma *a, const struct sv_vma *b)
{
	return a && b && a->perms == b->perms && sv_vma_same_backing(a, b);
}

/* Whether a part of whole, which the other look has beside [start, end), was there before. */
static bool goes_on(
	const struct sv_process *other, const struct sv_vma *whole, uint64_t start, uint64_t end)
{
	const struct sv_vma *below = start > whole->start ? sv_vma_at(other, start - 1) : NULL;
	const struct sv_vma *above = end < whole->end ? sv_vma_at(other, end) : NULL;

	return alike(below, whole) || alike(above, whole);
}

static enum sv_change_kind grown(const struct sv_vma *v, bool larger)
{
	if (v->kind == SV_VMA_HEAP)
		return larger ? SV_CHANGE_HEAP_GREW : SV_CHANGE_HEAP_SHRANK;
	if (v->kind == SV_VMA_STACK && larger)
		return SV_CHANGE_STACK_GREW;
	return larger ? SV_CHANGE_VMA_GREW : SV_CHANGE_VMA_SHRANK;
}

/* Sizes of the part that was and the part that is: the rest of the VMA is the same in both. */
static void sizes(struct sv_change *c, uint64_t rest, bool larger)
{
	c->before = sv_known(larger ? rest : rest + (c->end - c->start));
	c->after = sv_known(larger ? rest + (c->end - c->start) : rest);
}

/* Only one look has something here. */
static void one_sided(struct sweep *s, struct sv_change *c)
{
	bool larger = s->after;
	const struct sv_vma *v = larger ? s->after : s->before;
	const struct sv_process *other = larger ? s->d->before : s->d->after;
	uint64_t size = c->end - c->start;

	if (goes_on(other, v, c->start, c->end)) {
		c->kind = grown(v, larger);
		sizes(c, v->end - v->start - size, larger);
		return;
	}
	c->kind = larger ? SV_CHANGE_VMA_ADDED : SV_CHANGE_VMA_REMOVED;
	sizes(c, 0, larger);
}

/* What became of [s->at, end); false: nothing. */
static bool judge(struct sweep *s, uint64_t end, struct sv_change *c)
{
	*c = (struct sv_change) { .start = s->at, .end = end };
	if (!s->before && !s->after)
		return false;
	if (!s->before || !s->after) {
		one_sided(s, c);
	} else if (!sv_vma_same_backing(s->before, s->after)) {
		c->kind = SV_CHANGE_VMA_REPLACED;
	} else if (s->before->perms != s->after->perms) {
		c->kind = SV_CHANGE_VMA_REPROTECTED;
		c->before = sv_known(s->before->perms);
		c->after = sv_known(s->after->perms);
	} else {
		return false;
	}
	return true;
}

static bool joins(const struct sv_change *a, const struct sv_change *b)
{
	return a->kind == b->kind && a->end == b->start &&
	       (a->kind == SV_CHANGE_VMA_REPLACED || a->kind == SV_CHANGE_VMA_REPROTECTED) &&
	       a->before.value == b->before.value && a->after.value == b->after.value;
}

static int put(struct sweep *s, const struct sv_change *c)
{
	if (s->is_pending && joins(&s->pending, c)) {
		s->pending.end = c->end;
		return 0;
	}
	if (flush(s))
		return -1;
	s->pending = *c;
	s->is_pending = true;
	about(s, &s->pending);
	return 0;
}

/*
 * A border inside a stretch that is otherwise the same in both looks: at it one VMA became two, or
 * two became one.
 */
static int put_border(struct sweep *s)
{
	const struct sv_vma *b = sv_vma_at(s->d->before, s->at - 1);
	const struct sv_vma *a = sv_vma_at(s->d->after, s->at - 1);
	bool was = b != s->before, is = a != s->after;
	struct sv_change c = { .start = s->at, .end = s->at };

	if (was == is || !alike(b, a) || !alike(s->before, s->after) || !alike(a, s->after))
		return 0;
	if (flush(s))
		return -1;
	c.kind = is ? SV_CHANGE_VMA_SPLIT : SV_CHANGE_VMA_MERGED;
	about(s, &c);
	c.start = s->after->start;
	c.end = s->after->end;
	return s->d->emit(s->d->arg, &c, s->path);
}

int sv_delta_vmas(const struct sv_delta *d)
{
	struct sweep s = { .d = d };
	struct sv_change c;

	for (;;) {
		uint64_t end, other;

		s.before = holds(d->before, &s.b, s.at);
		s.after = holds(d->after, &s.a, s.at);
		end = border(d->before, s.b, s.before);
		other = border(d->after, s.a, s.after);
		end = other < end ? other : end;
		if (s.at && s.before && s.after && put_border(&s))
			return -1;
		if (end == UINT64_MAX)
			return flush(&s);
		if (judge(&s, end, &c) && put(&s, &c))
			return -1;
		s.at = end;
	}
}
