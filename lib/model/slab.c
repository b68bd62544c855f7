// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slab.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "iface/slabdir.h"

void sv_slabs_fini(struct sv_slabs *s)
{
	sv_strbuf_fini(&s->text);
	sv_strbuf_fini(&s->info_text);
	sv_strbuf_fini(&s->cmdline);
	sv_vec_fini(&s->caches);
	sv_vec_fini(&s->aliases);
	sv_slab_view_fini(&s->view);
}

/* A slab is a power of 2 with room for so many objects and no more: that tells the page as well. */
static uint64_t page_of(uint64_t objects, uint64_t size, uint64_t order)
{
	uint64_t bytes = 1;

	while (bytes < objects * size)
		bytes <<= 1;
	return bytes >> order;
}

/*
 * allocate_slab() of mm/slub.c takes 2^order frames or, where memory has no such piece, the least
 * that hold an object, and nothing in between: how much room there is tells how many are small.
 */
static uint64_t small_slabs(const struct sv_slab_cache *c, uint64_t *least)
{
	uint64_t most = c->objs_per_slab.value, size = c->slab_size.value, few, lacking;
	uint64_t page = page_of(most, size, c->order.value);

	for (*least = 0; *least < c->order.value && page << *least < size; ++*least)
		;
	few = (page << *least) / size;
	lacking = c->slabs.value * most;
	lacking = c->objects.value < lacking ? lacking - c->objects.value : 0;
	if (few >= most)
		return 0;
	return lacking / (most - few) < c->slabs.value ? lacking / (most - few) : c->slabs.value;
}

struct sv_num sv_slab_frames(const struct sv_slab_cache *c)
{
	uint64_t small, least;

	if (!c->slabs.known || !c->order.known || c->order.value > 20 || c->slabs.value >> 32)
		return (struct sv_num) { 0 };
	if (!c->order.value || !c->slabs.value)
		return c->slabs;
	if (!c->objects.known || !c->slab_size.known || !c->objs_per_slab.known ||
		!c->slab_size.value || c->slab_size.value >> 32 || !c->objs_per_slab.value ||
		c->objs_per_slab.value >> 16)
		return (struct sv_num) { 0 };
	small = small_slabs(c, &least);
	return sv_known(((c->slabs.value - small) << c->order.value) + (small << least));
}

#define NUM(name, member)                                                                          \
	{                                                                                          \
		name, offsetof(struct sv_slab_cache, member)                                       \
	}

static const struct {
	const char *name;
	size_t where;
} numbers[] = { NUM("align", align), NUM("object_size", object_size), NUM("slab_size", slab_size),
	NUM("usersize", usersize), NUM("order", order), NUM("objs_per_slab", objs_per_slab),
	NUM("slabs", slabs), NUM("total_objects", objects), NUM("partial", partial),
	NUM("cpu_slabs", cpu_slabs), NUM("cpu_partial", cpu_partial),
	NUM("slabs_cpu_partial", cpu_partial_slabs), NUM("min_partial", min_partial),
	NUM("sheaf_capacity", sheaf_capacity), NUM("aliases", aliases), NUM("red_zone", red_zone),
	NUM("poison", poison), NUM("store_user", store_user), NUM("sanity_checks", sanity_checks),
	NUM("trace", trace), NUM("hwcache_align", hwcache_align),
	NUM("reclaim_account", reclaim_account), NUM("cache_dma", cache_dma),
	NUM("destroy_by_rcu", rcu) };

static void set(struct sv_slab_cache *c, const struct sv_slabdir_line *l)
{
	if (l->value.len && *l->value.ptr == '!') {
		c->unreadable = true;
		return;
	}
	if (sv_span_is(l->name, "ctor")) {
		c->ctor = l->value;
		c->ctor_known = true;
	}
	for (size_t i = 0; i < sv_array_size(numbers); i++)
		if (sv_span_is(l->name, numbers[i].name))
			*(struct sv_num *)((char *)c + numbers[i].where) =
				sv_slabdir_number(l->value);
}

/* 0; 1: malformed; -1. */
static int parse_tree(struct sv_slabs *s, struct safevma_error *why)
{
	struct sv_text t = sv_text_init(s->text.ptr, s->text.len, "slab");
	struct sv_slab_alias *a;
	struct sv_slab_cache *c = NULL;
	struct sv_slabdir_line l;
	int rc;

	while ((rc = sv_slabdir_next(&t, &l, why)) > 0) {
		if (l.what == SV_SLABDIR_ATTRIBUTE && c)
			set(c, &l);
		if (l.what == SV_SLABDIR_CACHE) {
			c = sv_vec_push(&s->caches);
			if (!c)
				return -1;
			c->id = c->name = l.name;
		}
		if (l.what == SV_SLABDIR_ALIAS) {
			a = sv_vec_push(&s->aliases);
			if (!a)
				return -1;
			*a = (struct sv_slab_alias) { .name = l.name, .id = l.value };
		}
	}
	return rc < 0;
}

static int compare(struct sv_span a, struct sv_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int by_alias(const void *a, const void *b)
{
	const struct sv_slab_alias *x = a, *y = b;

	return compare(x->name, y->name);
}

static int by_memory(const void *a, const void *b)
{
	const struct sv_slab_cache *x = a, *y = b;
	uint64_t m = sv_slab_frames(x).value, n = sv_slab_frames(y).value;

	return m != n ? (m < n) - (m > n) : compare(x->name, y->name);
}

static struct sv_slab_cache *find(struct sv_slabs *s, struct sv_span id)
{
	for (size_t i = 0; i < s->caches.len; i++)
		if (sv_span_eq(s->caches.ptr[i].id, id))
			return &s->caches.ptr[i];
	return NULL;
}

static struct sv_slab_cache *find_named(struct sv_slabs *s, struct sv_span name)
{
	for (size_t i = 0; i < s->aliases.len; i++)
		if (sv_span_eq(s->aliases.ptr[i].name, name))
			return find(s, s->aliases.ptr[i].id);
	return find(s, name);
}

static int join_info(struct sv_slabs *s, struct safevma_error *why)
{
	struct sv_text t = sv_text_init(s->info_text.ptr, s->info_text.len, "slabinfo");
	struct sv_slabinfo i;
	int rc;

	while ((rc = sv_slabinfo_next(&t, &i, why)) > 0) {
		struct sv_slab_cache *c = find_named(s, i.name);

		if (c && !c->listed) {
			c->listed = true;
			c->info = i;
			c->name = i.name;
		} else {
			s->unlisted++;
		}
	}
	return rc < 0;
}

/* Without slabinfo, the first of the names that a cache has. */
static void join_aliases(struct sv_slabs *s)
{
	for (size_t i = 0; i < s->aliases.len; i++) {
		struct sv_slab_alias *a = &s->aliases.ptr[i];
		struct sv_slab_cache *c = find(s, a->id);

		a->cache = c ? (size_t)(c - s->caches.ptr) : SIZE_MAX;
		if (c && c->name.ptr == c->id.ptr)
			c->name = a->name;
	}
}

int sv_slabs_parse(struct sv_slabs *s, struct safevma_error *why)
{
	int rc = parse_tree(s, why);

	if (rc)
		return rc;
	if (s->aliases.len)
		qsort(s->aliases.ptr, s->aliases.len, sizeof(*s->aliases.ptr), by_alias);
	rc = join_info(s, why);
	join_aliases(s);
	if (s->caches.len)
		qsort(s->caches.ptr, s->caches.len, sizeof(*s->caches.ptr), by_memory);
	join_aliases(s);
	s->made = true;
	return rc;
}

/* ---- where their frames lie ------------------------------------------------------------------ */

static int by_exposure(const void *a, const void *b)
{
	static const struct sv_slab_edges none;
	const struct sv_slab_cache *x = a, *y = b;
	const struct sv_slab_edges *e = x->seen ? &x->seen->place.edges : &none;
	const struct sv_slab_edges *f = y->seen ? &y->seen->place.edges : &none;
	uint64_t m = e->user_over + e->user_under, n = f->user_over + f->user_under;

	if (m == n) {
		m = e->table_over + e->table_under;
		n = f->table_over + f->table_under;
	}
	return m != n ? (m < n) - (m > n) : by_memory(a, b);
}

/* Not on the kernel's list, or by the name of one that is: what its own structure tells of it. */
static int add_seen(struct sv_slabs *s, const struct sv_seen_cache *k)
{
	struct sv_slab_cache *c = sv_vec_push(&s->caches);

	if (!c)
		return -1;
	c->name = (struct sv_span) { k->name, strlen(k->name) };
	c->object_size = k->object_size;
	c->slab_size = k->size;
	c->order = k->order;
	c->slabs = sv_known(k->slabs);
	c->seen = k;
	return 0;
}

int sv_slabs_place(struct sv_slabs *s)
{
	if (!s->view.told)
		return 0;
	for (size_t i = 0; i < s->view.caches.len; i++) {
		const struct sv_seen_cache *k = &s->view.caches.ptr[i];
		struct sv_slab_cache *c =
			k->name ? find_named(s, (struct sv_span) { k->name, strlen(k->name) })
				: NULL;

		if (c && !c->seen)
			c->seen = k;
		else if (k->name && k->place.frames && add_seen(s, k))
			return -1;
	}
	if (s->caches.len)
		qsort(s->caches.ptr, s->caches.len, sizeof(*s->caches.ptr), by_exposure);
	join_aliases(s);
	return 0;
}
