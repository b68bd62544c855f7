// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source.h"

#include <stdlib.h>
#include <string.h>

#define KIND(k) (1u << SV_HELD_##k)

/* What "pages that some part of the kernel took" can turn out to be. */
#define TAKEN                                                                                      \
	(KIND(SLAB) | KIND(LARGE) | KIND(TABLE) | KIND(STACK) | KIND(VMALLOC) | KIND(PERCPU) |     \
		KIND(MODULE) | KIND(KFENCE))

static const struct {
	const char *name;
	enum sv_source source;
	unsigned int broader_than; /* kinds that say the same more exactly */
} kinds[SV_HELD_COUNT] = {
	[SV_HELD_UNKNOWN] = { "unknown", SV_SOURCE_UNCLASSIFIED, ~0u },
	[SV_HELD_FREE] = { "free", SV_SOURCE_NO, 0 },
	[SV_HELD_USER] = { "user", SV_SOURCE_NO, 0 },
	/* KFENCE marks the pages of its objects as slab pages. */
	[SV_HELD_SLAB] = { "slab", SV_SOURCE_STRONG, KIND(KFENCE) },
	[SV_HELD_LARGE] = { "large-kmalloc", SV_SOURCE_STRONG, 0 },
	[SV_HELD_TABLE] = { "page-table", SV_SOURCE_NO, 0 },
	/* An overrun runs on in vmalloc's space: into a guard, never into the next frame. */
	[SV_HELD_STACK] = { "kernel-stack", SV_SOURCE_NO, 0 },
	[SV_HELD_VMALLOC] = { "vmalloc", SV_SOURCE_NO, KIND(STACK) | KIND(PERCPU) | KIND(MODULE) },
	[SV_HELD_PERCPU] = { "per-cpu", SV_SOURCE_NO, 0 },
	[SV_HELD_MODULE] = { "module", SV_SOURCE_NO, 0 },
	/*
	 * Where memory freed after boot is still mapped behind the image's data (x86-64 without
	 * page-table isolation), an overrun of the data lands there; elsewhere it faults.
	 */
	[SV_HELD_IMAGE] = { "kernel-image", SV_SOURCE_UNCLASSIFIED, 0 },
	[SV_HELD_KFENCE] = { "kfence", SV_SOURCE_NO, 0 },
	[SV_HELD_PAGES] = { "pages", SV_SOURCE_STRONG, TAKEN },
	[SV_HELD_RESERVED] = { "reserved", SV_SOURCE_UNCLASSIFIED,
		KIND(IMAGE) | KIND(KFENCE) | KIND(TABLE) | KIND(PERCPU) | KIND(STACK) },
};

static const char *const bases[SV_HELD_BY_COUNT] = {
	[SV_HELD_BY_NOTHING] = "none",
	[SV_HELD_BY_FLAGS] = "kpageflags",
	[SV_HELD_BY_MEMCG] = "memcg",
	[SV_HELD_BY_IOMEM] = "iomem",
	[SV_HELD_BY_TABLES] = "page-tables",
	[SV_HELD_BY_STRUCT_PAGE] = "struct-page",
	[SV_HELD_BY_PAGE_OWNER] = "page_owner",
};

const char *sv_held_name(enum sv_holder_kind kind)
{
	return kinds[kind].name;
}

const char *sv_held_basis_name(enum sv_held_basis basis)
{
	return bases[basis];
}

enum sv_source sv_held_source(enum sv_holder_kind kind)
{
	return kinds[kind].source;
}

/* ---- frames ---------------------------------------------------------------------------------- */

int sv_holdings_init(struct sv_holdings *h, const uint64_t *pfns, size_t n)
{
	*h = (struct sv_holdings) { 0 };
	h->each.ptr = calloc(n + 1, sizeof(*h->each.ptr));
	if (!h->each.ptr)
		return -1;
	h->each.len = h->each.cap = n;
	for (size_t i = 0; i < n; i++)
		h->each.ptr[i] = (struct sv_holding) { .pfn = pfns[i],
			.name = SV_NO_NAME,
			.detail = SV_NO_NAME,
			.head = pfns[i],
			.order = -1 };
	return 0;
}

void sv_holdings_fini(struct sv_holdings *h)
{
	for (size_t i = 0; i < h->names.len; i++)
		free(h->names.ptr[i]);
	sv_vec_fini(&h->names);
	sv_vec_fini(&h->each);
	free(h->buckets);
	*h = (struct sv_holdings) { 0 };
}

static struct sv_holding *find(const struct sv_holdings *h, uint64_t pfn)
{
	size_t low = 0, high = h->each.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (h->each.ptr[mid].pfn < pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low < h->each.len && h->each.ptr[low].pfn == pfn ? &h->each.ptr[low] : NULL;
}

const struct sv_holding *sv_holdings_of(const struct sv_holdings *h, uint64_t pfn)
{
	return find(h, pfn);
}

static bool broader(enum sv_holder_kind a, enum sv_holder_kind b)
{
	return a != b && (kinds[a].broader_than & 1u << b);
}

/* What the one leaves open, the other may say: both mean the same allocation. */
static void complete(struct sv_holding *to, const struct sv_holding *from)
{
	if (to->name == SV_NO_NAME)
		to->name = from->name;
	if (to->detail == SV_NO_NAME)
		to->detail = from->detail;
	if (to->order < 0) {
		to->order = from->order;
		to->head = from->head;
	}
}

/* They differ, and neither is the other said more exactly. */
static bool contradict(enum sv_holder_kind a, enum sv_holder_kind b)
{
	return a != b && !broader(a, b) && !broader(b, a);
}

void sv_holdings_say(struct sv_holdings *h, const struct sv_holding *what)
{
	struct sv_holding *now = find(h, what->pfn), win, lose;
	bool take;

	if (!now)
		return;
	if (what->kind == SV_HELD_UNKNOWN) { /* what belongs together may be known all the same */
		complete(now, what);
		return;
	}
	take = broader(now->kind, what->kind) ||
	       (!broader(what->kind, now->kind) && what->basis > now->basis);
	win = take ? *what : *now;
	lose = take ? *now : *what;
	win.contradiction = now->contradiction || contradict(now->kind, what->kind);
	if (!contradict(now->kind, what->kind))
		complete(&win, &lose);
	*now = win;
}

/* ---- names ----------------------------------------------------------------------------------- */

static uint64_t hash(const char *text, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return sum ^ sum >> 32;
}

/* The bucket of this text, or the empty one where it belongs. */
static uint32_t *bucket(const struct sv_holdings *h, const char *text, size_t len)
{
	size_t mask = h->buckets_len - 1, at = (size_t)hash(text, len) & mask;

	for (; h->buckets[at]; at = (at + 1) & mask) {
		const char *name = h->names.ptr[h->buckets[at] - 1];

		if (!strncmp(name, text, len) && !name[len])
			break;
	}
	return &h->buckets[at];
}

/* At most half of the buckets are taken. */
static int make_room(struct sv_holdings *h)
{
	struct sv_holdings grown = *h;

	if (h->names.len * 2 < h->buckets_len)
		return 0;
	grown.buckets_len = h->buckets_len ? h->buckets_len * 2 : 64;
	grown.buckets = calloc(grown.buckets_len, sizeof(*grown.buckets));
	if (!grown.buckets)
		return -1;
	for (size_t i = 0; i < h->names.len; i++)
		*bucket(&grown, h->names.ptr[i], strlen(h->names.ptr[i])) = (uint32_t)i + 1;
	free(h->buckets);
	h->buckets = grown.buckets;
	h->buckets_len = grown.buckets_len;
	return 0;
}

uint32_t sv_holdings_name(struct sv_holdings *h, const char *text, size_t len)
{
	const char *end = memchr(text, 0, len);
	char **fresh, *copy;
	uint32_t *b;

	len = end ? (size_t)(end - text) : len;
	if (make_room(h))
		return SV_NO_NAME;
	b = bucket(h, text, len);
	if (*b)
		return *b - 1;
	copy = strndup(text, len);
	if (!copy)
		return SV_NO_NAME;
	fresh = sv_vec_push(&h->names);
	if (!fresh) {
		free(copy);
		return SV_NO_NAME;
	}
	*fresh = copy;
	*b = (uint32_t)h->names.len;
	return *b - 1;
}

const char *sv_holdings_text(const struct sv_holdings *h, uint32_t name)
{
	return name < h->names.len ? h->names.ptr[name] : NULL;
}
