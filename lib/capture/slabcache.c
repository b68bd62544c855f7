// SPDX-License-Identifier: LGPL-2.1-or-later
/* Slab caches behind the pointers of struct pages, and their names. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "iface/kpage.h"
#include "iface/slabinfo.h"
#include "iface/slablist.h"
#include "structpage.h"

enum { NAME_MAX_LEN = 96, PIECE = 16 };

/* ---- names that the kernel knows ------------------------------------------------------------- */

static int add_known(struct sv_structpages *s, struct sv_span name)
{
	char *copy = strndup(name.ptr, name.len), **fresh;

	if (!copy)
		return -1;
	fresh = sv_vec_push(&s->known);
	if (!fresh) {
		free(copy);
		return -1;
	}
	*fresh = copy;
	return 0;
}

static int add_link(struct sv_structpages *s, struct sv_span name, struct sv_span target)
{
	struct sv_slab_name link = { strndup(name.ptr, name.len), strndup(target.ptr, target.len) };
	struct sv_slab_name *fresh = NULL;

	if (link.name && link.target)
		fresh = sv_vec_push(&s->links);
	if (!fresh) {
		free(link.name);
		free(link.target);
		return -1;
	}
	*fresh = link;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool is_known(const struct sv_structpages *s, const char *name)
{
	return s->known.len &&
	       bsearch(&name, s->known.ptr, s->known.len, sizeof(*s->known.ptr), by_text);
}

static int read_slabinfo(struct sv_structpages *s, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_SLABINFO, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_slabinfo e;
	struct safevma_error why;
	struct sv_text t;
	int rc = sv_capture_text(s->c, &place, &text, &why, err);

	t = sv_text_init(text.ptr, text.len, "/proc/slabinfo");
	while (rc > 0 && sv_slabinfo_next(&t, &e, &why) > 0)
		if (add_known(s, e.name))
			return sv_error_nomem(err);
	return rc < 0 ? -1 : 0;
}

static int read_links(struct sv_structpages *s, const char *tag, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_SLAB, .tag = tag } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_span name, target;
	struct safevma_error why;
	struct sv_text t;
	int rc = sv_capture_call(s->c, &call, &text, &why, err);

	t = sv_text_init(text.ptr, text.len, "/sys/kernel/slab");
	while (rc > 0 && sv_slablist_next(&t, &name, &target, &why) > 0)
		if ((name.ptr[0] != ':' && add_known(s, name)) ||
			(target.len && add_link(s, name, target)))
			return sv_error_nomem(err);
	return rc < 0 ? -1 : 0;
}

int sv_slab_names_read(struct sv_structpages *s, const char *tag, struct safevma_error *err)
{
	if (read_slabinfo(s, tag, err) || read_links(s, tag, err))
		return -1;
	if (s->known.len)
		qsort(s->known.ptr, s->known.len, sizeof(*s->known.ptr), by_text);
	return 0;
}

void sv_slab_names_fini(struct sv_structpages *s)
{
	for (size_t i = 0; i < s->known.len; i++)
		free(s->known.ptr[i]);
	for (size_t i = 0; i < s->links.len; i++) {
		free(s->links.ptr[i].name);
		free(s->links.ptr[i].target);
	}
	sv_vec_fini(&s->known);
	sv_vec_fini(&s->links);
}

/* ---- following pointers ---------------------------------------------------------------------- */

/* In the linear map or the kernel image: nowhere else do caches and their names lie. */
static bool mapped(const struct sv_structpages *s, uint64_t vaddr, uint64_t len)
{
	const struct sv_kcore *k = sv_kernel_memory_kcore(s->memory);

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *x = &k->segments.ptr[i];

		if (x->has_paddr && vaddr >= x->vaddr && vaddr - x->vaddr < x->size)
			return x->size - (vaddr - x->vaddr) >= len;
	}
	return false;
}

/* 1, 0: it cannot be read, -1. */
static int read_at(
	struct sv_structpages *s, uint64_t vaddr, void *buf, size_t len, struct safevma_error *err)
{
	struct safevma_error why;

	return mapped(s, vaddr, len) ? sv_kernel_memory_read(s->memory, vaddr, buf, len, &why, err)
				     : 0;
}

static bool is_name(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text;
}

/*
 * The text at a pointer, in small pieces: what lies behind it is not ours to read. 1: a name that
 * the kernel knows or, where it shows none, one that could be; 0; -1.
 */
static int read_name(struct sv_structpages *s, uint64_t vaddr, char name[static NAME_MAX_LEN + 1],
	struct safevma_error *err)
{
	memset(name, 0, NAME_MAX_LEN + 1);
	for (size_t at = 0; at < NAME_MAX_LEN && !memchr(name, 0, at);) {
		size_t len = PIECE - (size_t)((vaddr + at) % PIECE);
		int rc;

		if (len > NAME_MAX_LEN - at)
			len = NAME_MAX_LEN - at;
		rc = read_at(s, vaddr + at, name + at, len, err);
		if (rc <= 0)
			return rc;
		at += len;
	}
	if (!is_name(name))
		return 0;
	return !s->known.len || is_known(s, name);
}

static int read_pointer(
	struct sv_structpages *s, uint64_t vaddr, uint64_t *ret, struct safevma_error *err)
{
	unsigned char bytes[8] = { 0 };
	int rc = read_at(s, vaddr, bytes, s->layout.wide ? 8 : 4, err);

	*ret = sv_page_pointer(&s->layout, bytes, 0);
	return rc;
}

/* ---- caches ---------------------------------------------------------------------------------- */

static const char *target_of(const struct sv_structpages *s, const char *name)
{
	for (size_t i = 0; i < s->links.len; i++)
		if (!strcmp(s->links.ptr[i].name, name))
			return s->links.ptr[i].target;
	return NULL;
}

/* "cred_jar (also: ...)": every name that stands for the same cache. */
static char *label_of(const struct sv_structpages *s, const char *name)
{
	const char *target = target_of(s, name);
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	size_t others = 0;
	int rc = sv_strbuf_printf(&text, "%s", name);

	for (size_t i = 0; target && !rc && i < s->links.len; i++)
		if (!strcmp(s->links.ptr[i].target, target) &&
			strcmp(s->links.ptr[i].name, name) != 0)
			rc = sv_strbuf_printf(
				&text, "%s%s", others++ ? ", " : " (also: ", s->links.ptr[i].name);
	if (rc || (others && sv_strbuf_add(&text, ")", 1)))
		return NULL;
	return strdup(text.ptr);
}

static int read_number(struct sv_structpages *s, uint64_t cache, struct sv_num at,
	struct sv_num *ret, struct safevma_error *err)
{
	unsigned char bytes[4];
	int rc = at.known ? read_at(s, cache + at.value, bytes, sizeof(bytes), err) : 0;

	if (rc > 0)
		*ret = sv_known((uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 |
				(uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24);
	return rc < 0 ? -1 : 0;
}

/* Order in the upper half of the word, objects in the lower (OO_SHIFT). */
static int read_sizes(struct sv_structpages *s, struct sv_seen_cache *k, struct safevma_error *err)
{
	const struct sv_page_layout *l = &s->layout;

	if (read_number(s, k->address, l->cache_size, &k->size, err) ||
		read_number(s, k->address, l->cache_object_size, &k->object_size, err) ||
		read_number(s, k->address, l->cache_oo, &k->order, err))
		return -1;
	k->order.value >>= 16;
	return 0;
}

static int read_cache(struct sv_structpages *s, struct sv_seen_cache *k, struct safevma_error *err)
{
	char name[NAME_MAX_LEN + 1];
	uint64_t at;
	int rc = read_pointer(s, k->address + s->layout.cache_name.value, &at, err);

	if (rc > 0)
		rc = read_name(s, at, name, err);
	if (rc <= 0)
		return rc;
	k->name = strdup(name);
	k->label = k->name ? label_of(s, name) : NULL;
	return k->label ? read_sizes(s, k, err) : sv_error_nomem(err);
}

int sv_slab_cache_at(
	struct sv_structpages *s, uint64_t address, uint32_t *ret, struct safevma_error *err)
{
	struct sv_seen_cache *k;

	*ret = sv_slab_view_find(s->view, address);
	if (*ret == SV_NO_CACHE) {
		if (!address || address % sizeof(uint32_t) || s->view->caches.len >= UINT16_MAX)
			return 0;
		k = sv_vec_push(&s->view->caches);
		if (!k)
			return sv_error_nomem(err);
		k->address = address;
		*ret = (uint32_t)(s->view->caches.len - 1);
		if (read_cache(s, k, err) < 0)
			return -1;
	}
	if (!s->view->caches.ptr[*ret].name)
		*ret = SV_NO_CACHE;
	return 0;
}

/* ---- without BTF ----------------------------------------------------------------------------- */

enum {
	SAMPLE = 96,	  /* slabs that are looked at */
	PLACES = 64,	  /* where they are looked for */
	PLACE = 512,	  /* frames at each */
	DISTINCT = 24,	  /* caches that are tried */
	ENOUGH = 3,	  /* caches with different names that settle it */
	CACHE_HEAD = 192, /* bytes of a kmem_cache in which its name is looked for */
};

struct sample {
	uint64_t pfns[SAMPLE];
	size_t n;
};

/* Not too many from one place: slabs beside each other are often of one cache. */
static void take_slabs(struct sample *x, uint64_t first, const uint64_t *words, size_t n)
{
	size_t most = x->n + SAMPLE / 8 < SAMPLE ? x->n + SAMPLE / 8 : SAMPLE;

	for (size_t i = 0; i < n; i++)
		if ((words[i] & SV_KPF_SLAB) &&
			!(words[i] & (SV_KPF_COMPOUND_TAIL | SV_KPF_RESERVED | SV_KPF_NOPAGE)) &&
			x->n < most)
			x->pfns[x->n++] = first + i;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Slabs from all over the machine; a few of them, and the same ones each time. */
static int find_slabs(
	struct sv_structpages *s, const char *tag, struct sample *x, struct safevma_error *err)
{
	uint64_t end = sv_zone_spans_end(&s->c->obs->zones), words[PLACE];
	sv_auto_file struct sv_file *f = NULL;
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS };
	struct safevma_error why;
	char full[48];

	snprintf(full, sizeof(full), "%s-sample", tag);
	place.tag = full;
	if (sv_root_open(s->c->root, &place, &f, &why))
		return sv_error_fatal(&why) ? sv_error_pass(err, &why) : 0;
	for (uint64_t k = 0; k < PLACES && x->n < SAMPLE; k++) {
		uint64_t first = end / PLACES * ((k * 37) % PLACES);
		size_t have;
		int rc = sv_capture_words(f, first, PLACE, words, &have, &why, err);

		if (rc < 0)
			return -1;
		if (rc)
			take_slabs(x, first, words, have);
	}
	return 0;
}

/* Different pointers at this place of the struct pages; 0: not all of them are any. */
static size_t pointers_at(const struct sv_structpages *s, const unsigned char *pages, size_t n,
	uint64_t offset, uint64_t ret[static DISTINCT])
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = sv_page_pointer(&s->layout, pages + i * s->layout.size, offset);
		size_t k = 0;

		if (v % sizeof(uint64_t) || !mapped(s, v, CACHE_HEAD))
			return 0;
		while (k < found && ret[k] != v)
			k++;
		if (k == found && found < DISTINCT)
			ret[found++] = v;
	}
	return found;
}

/* How many different names lie behind this place of what the pointers lead to; 0: not behind all.
 */
static int names_at(struct sv_structpages *s, const unsigned char *heads, size_t n, uint64_t offset,
	size_t *ret, struct safevma_error *err)
{
	char names[DISTINCT][NAME_MAX_LEN + 1];

	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t at = sv_page_pointer(&s->layout, heads + i * CACHE_HEAD, offset);
		int rc = read_name(s, at, names[i], err);

		if (rc < 0)
			return -1;
		for (size_t k = 0; rc && k < i; k++)
			if (!strcmp(names[k], names[i]))
				rc = 0;
		if (!rc) {
			*ret = 0;
			return 0;
		}
		(*ret)++;
	}
	return 0;
}

static int try_place(struct sv_structpages *s, const uint64_t *pointers, size_t n, uint64_t offset,
	struct safevma_error *err)
{
	sv_auto_free unsigned char *heads = calloc(n, CACHE_HEAD);
	uint64_t word = s->layout.wide ? 8 : 4;
	size_t names;

	if (!heads)
		return sv_error_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (read_at(s, pointers[i], heads + i * CACHE_HEAD, CACHE_HEAD, err) < 0)
			return -1;
	for (uint64_t at = 0; at < CACHE_HEAD && !s->caches_told; at += word) {
		if (names_at(s, heads, n, at, &names, err))
			return -1;
		if (names < ENOUGH)
			continue;
		s->layout.slab_cache = sv_known(offset);
		s->layout.cache_name = sv_known(at);
		s->layout.learned = s->caches_told = true;
	}
	return 0;
}

/* Those that were freed since are left out. */
static size_t still_slabs(
	const struct sv_structpages *s, const struct sample *x, unsigned char *pages)
{
	size_t size = (size_t)s->layout.size, out = 0;

	for (size_t i = 0; i < x->n; i++) {
		struct sv_page_view v;

		sv_page_decode(&s->layout, x->pfns[i], pages + i * size, &v);
		if (v.type == SV_PAGE_SLAB)
			memmove(pages + out++ * size, pages + i * size, size);
	}
	return out;
}

/* pages: room for SAMPLE of them. */
static int learn(
	struct sv_structpages *s, const char *tag, unsigned char *pages, struct safevma_error *err)
{
	uint64_t word = s->layout.wide ? 8 : 4, pointers[DISTINCT];
	struct sample x = { .n = 0 };
	struct safevma_error why;
	int rc;

	if (find_slabs(s, tag, &x, err))
		return -1;
	qsort(x.pfns, x.n, sizeof(*x.pfns), by_number);
	rc = sv_structpages_read(s, x.pfns, x.n, pages, &why, err);
	if (rc > 0)
		x.n = still_slabs(s, &x, pages);
	for (uint64_t at = word; rc > 0 && at + word <= s->layout.size && !s->caches_told;
		at += word) {
		size_t n = pointers_at(s, pages, x.n, at, pointers);

		if (n >= ENOUGH && try_place(s, pointers, n, at, err))
			rc = -1;
	}
	return rc < 0 ? -1 : 0;
}

int sv_slab_learn(struct sv_structpages *s, const char *tag, struct safevma_error *err)
{
	unsigned char *pages;
	int rc;

	if (!s->known.len)
		return 0;
	pages = calloc(SAMPLE, (size_t)s->layout.size);
	if (!pages)
		return sv_error_nomem(err);
	rc = learn(s, tag, pages, err);
	free(pages);
	return rc;
}
