// SPDX-License-Identifier: LGPL-2.1-or-later
#include "structpage.h"

#include <endian.h>
#include <string.h>

#include "base/error.h"
#include "btf.h"

const struct sv_btf_member sv_btf_members[] = {
	{ "page", "slab_cache" },
	{ "slab", "slab_cache" },
	{ "page", "page_type" },
	{ "kmem_cache", "name" },
	{ "kmem_cache", "size" },
	{ "kmem_cache", "object_size" },
	{ "kmem_cache", "oo" },
};
const size_t sv_btf_members_count = sv_array_size(sv_btf_members);

/* As enum pagetype has them since 6.12; a kernel with BTF says itself. */
static const struct {
	const char *name;
	uint8_t value;
} types[SV_PAGE_TYPE_COUNT] = {
	[SV_PAGE_BUDDY] = { "PGTY_buddy", 0xf0 },
	[SV_PAGE_OFFLINE] = { "PGTY_offline", 0xf1 },
	[SV_PAGE_TABLE] = { "PGTY_table", 0xf2 },
	[SV_PAGE_GUARD] = { "PGTY_guard", 0xf3 },
	[SV_PAGE_HUGETLB] = { "PGTY_hugetlb", 0xf4 },
	[SV_PAGE_SLAB] = { "PGTY_slab", 0xf5 },
	[SV_PAGE_ZSMALLOC] = { "PGTY_zsmalloc", 0xf6 },
	[SV_PAGE_UNACCEPTED] = { "PGTY_unaccepted", 0xf7 },
	[SV_PAGE_LARGE] = { "PGTY_large_kmalloc", 0xf8 },
};

/* ---- layout ---------------------------------------------------------------------------------- */

static void take_line(struct sv_page_layout *l, struct sv_span name, uint64_t value)
{
	struct {
		const char *name;
		struct sv_num *ret;
	} members[] = {
		{ "page.slab_cache", &l->slab_cache },
		{ "slab.slab_cache", &l->slab_cache },
		{ "kmem_cache.name", &l->cache_name },
		{ "kmem_cache.size", &l->cache_size },
		{ "kmem_cache.object_size", &l->cache_object_size },
		{ "kmem_cache.oo", &l->cache_oo },
	};

	for (size_t i = 0; i < sv_array_size(members); i++)
		if (sv_span_is(name, members[i].name) && value < 4096)
			*members[i].ret = sv_known(value);
	for (size_t i = 0; i < SV_PAGE_TYPE_COUNT; i++)
		if (types[i].name && sv_span_is(name, types[i].name) && value <= UINT8_MAX)
			l->types[i] = (uint8_t)value;
}

void sv_page_layout_btf(struct sv_page_layout *l, struct sv_text text)
{
	struct sv_span line, name;
	uint64_t value;

	memset(l->types, 0, sizeof(l->types));
	while (sv_text_line(&text, &line))
		if (sv_take_until(&line, ' ', &name) && sv_take_dec(&line, &value) && !line.len)
			take_line(l, name, value);
}

/* Types that the kernel does not name: as they have been since there are types. */
static void default_types(struct sv_page_layout *l)
{
	if (l->types[SV_PAGE_BUDDY])
		return;
	for (size_t i = 0; i < SV_PAGE_TYPE_COUNT; i++)
		l->types[i] = types[i].value;
}

/* A byte of its own (0xf0000000), or a bit that is cleared in what has others set (-129). */
static void take_types(struct sv_page_layout *l, const struct sv_vmcoreinfo *info)
{
	uint32_t buddy = (uint32_t)info->buddy_value.value;
	uint32_t slab = (uint32_t)info->slab_value.value;

	l->slab_bit = info->pg_slab;
	if (!info->buddy_value.known)
		return;
	if (!(buddy & 0xffffff)) {
		default_types(l);
		l->types_known = l->types[SV_PAGE_BUDDY] == buddy >> 24 &&
				 (!info->slab_value.known || l->types[SV_PAGE_SLAB] == slab >> 24);
		return;
	}
	l->type_base = ~buddy >> 24 ? 0x80000000 : 0xf0000000;
	l->buddy_mask = sv_known(l->type_base | ~buddy);
	if (info->slab_value.known)
		l->slab_mask = sv_known(l->type_base | ~slab);
}

/*
 * To 6.8 the kernel does not say on x86 where the array begins, but kcore has a segment for the
 * part that describes each range of RAM, in whole pages. All must say the same.
 */
static bool base_of(struct sv_page_layout *l, const struct sv_kcore *k,
	const struct sv_kcore_segment *ram, unsigned int page_shift)
{
	uint64_t page = UINT64_C(1) << page_shift, pfn = ram->paddr >> page_shift;
	uint64_t first = pfn * l->size & ~(page - 1);
	uint64_t size =
		(((pfn + (ram->size >> page_shift)) * l->size + page - 1) & ~(page - 1)) - first;

	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (s->has_paddr || s->size != size)
			continue;
		l->vmemmap = s->vaddr - first;
		return true;
	}
	return false;
}

static bool confirmed(const struct sv_page_layout *l, const struct sv_kcore *k, uint64_t delta,
	unsigned int page_shift)
{
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];
		uint64_t offset, len, last;

		if (!s->has_paddr || s->vaddr - s->paddr != delta)
			continue;
		last = ((s->paddr + s->size) >> page_shift) - 1;
		if (!sv_kcore_find_vaddr(
			    k, l->vmemmap + (s->paddr >> page_shift) * l->size, &offset, &len) ||
			!sv_kcore_find_vaddr(k, l->vmemmap + last * l->size, &offset, &len) ||
			len < l->size)
			return false;
	}
	return true;
}

static bool find_vmemmap(struct sv_page_layout *l, const struct sv_vmcoreinfo *info,
	const struct sv_kcore *k, uint64_t delta, unsigned int page_shift)
{
	if (info->vmemmap.known) {
		l->vmemmap = info->vmemmap.value;
		return confirmed(l, k, delta, page_shift);
	}
	for (size_t i = 0; i < k->segments.len; i++) {
		const struct sv_kcore_segment *s = &k->segments.ptr[i];

		if (s->has_paddr && s->vaddr - s->paddr == delta && base_of(l, k, s, page_shift) &&
			confirmed(l, k, delta, page_shift))
			return true;
	}
	return false;
}

static uint64_t ram_start(const struct sv_kcore *k, uint64_t delta)
{
	for (size_t i = 0; i < k->segments.len; i++)
		if (k->segments.ptr[i].has_paddr &&
			k->segments.ptr[i].vaddr - k->segments.ptr[i].paddr == delta)
			return k->segments.ptr[i].paddr;
	return 0;
}

int sv_page_layout_init(struct sv_page_layout *l, const struct sv_vmcoreinfo *info,
	const struct sv_kcore *kcore, uint64_t delta, unsigned int page_shift,
	struct safevma_error *err)
{
	struct sv_num compound = info->page_compound_head.known ? info->page_compound_head
								: info->page_compound_info;
	const char *missing = !info->page_struct.known	   ? "SIZE(page)"
			      : !info->page_flags.known	   ? "OFFSET(page.flags)"
			      : !compound.known		   ? "OFFSET(page.compound_head)"
			      : !info->page_mapcount.known ? "OFFSET(page._mapcount)"
			      : !info->pg_head_mask.known  ? "NUMBER(PG_head_mask)"
							   : NULL;
	uint64_t word = kcore->wide ? 8 : 4, offset, len;

	if (missing)
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, "/proc/kcore", 0,
			"its VMCOREINFO lacks %s: the layout of struct page is not known", missing);
	l->wide = kcore->wide;
	l->size = info->page_struct.value;
	l->flags = info->page_flags.value;
	l->compound = compound.value;
	l->type = info->page_mapcount.value;
	l->head_mask = info->pg_head_mask.value;
	if (l->size < 32 || l->size > SV_PAGE_SIZE_MAX || l->size % word ||
		l->flags > l->size - word || l->compound > l->size - word || l->type > l->size - 4)
		return sv_error_set(err, SAFEVMA_E_FORMAT, 0, "/proc/kcore", 0,
			"expected a struct page of 32 to 256 bytes, got one of %llu that its "
			"members do not fit",
			(unsigned long long)l->size);
	if (info->page_refcount.known && info->page_refcount.value <= l->size - 4)
		l->refcount = info->page_refcount;
	if (l->slab_cache.known && l->slab_cache.value > l->size - word)
		l->slab_cache.known = false;
	take_types(l, info);
	if (!find_vmemmap(l, info, kcore, delta, page_shift))
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, "/proc/kcore", 0,
			"no segment of it holds the struct pages of RAM (SYMBOL(vmemmap))");
	/* riscv: the offset in the file is an address, and no read takes one that is negative. */
	if (sv_kcore_find_vaddr(kcore,
		    l->vmemmap + (ram_start(kcore, delta) >> page_shift) * l->size, &offset,
		    &len) &&
		offset >> 63)
		return sv_error_set(err, SAFEVMA_E_UNSUPPORTED, 0, "/proc/kcore", 0,
			"its segment of struct pages lies at an offset that no file has "
			"(0x%llx)",
			(unsigned long long)offset);
	return 0;
}

/* ---- one struct page ------------------------------------------------------------------------- */

static uint32_t word32(const void *bytes, uint64_t offset)
{
	uint32_t v;

	memcpy(&v, (const char *)bytes + offset, sizeof(v));
	return le32toh(v);
}

uint64_t sv_page_pointer(const struct sv_page_layout *l, const void *bytes, uint64_t offset)
{
	uint64_t v;

	if (!l->wide)
		return word32(bytes, offset);
	memcpy(&v, (const char *)bytes + offset, sizeof(v));
	return le64toh(v);
}

static bool is_blank(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* A mask has all its ones at the top. */
static bool is_mask(const struct sv_page_layout *l, uint64_t v)
{
	uint64_t low = ~v & (l->wide ? UINT64_MAX : UINT32_MAX);

	return v && !(low & (low + 1));
}

static void by_mask(
	const struct sv_page_layout *l, uint64_t pfn, uint64_t mask, struct sv_page_view *ret)
{
	uint64_t unit = ~mask & (l->wide ? UINT64_MAX : UINT32_MAX);
	uint64_t head = (l->vmemmap + pfn * l->size) & mask;

	ret->head = (head - l->vmemmap) / l->size;
	ret->broken = head < l->vmemmap || (head - l->vmemmap) % l->size || unit < l->size ||
		      ret->head >= pfn;
	if (!ret->broken)
		ret->order = __builtin_ctzll((unit + 1) / l->size);
}

static void take_head(
	const struct sv_page_layout *l, uint64_t pfn, uint64_t word, struct sv_page_view *ret)
{
	uint64_t at = (word & ~UINT64_C(1)) - l->vmemmap;

	ret->tail = word & 1;
	if (!ret->tail)
		return;
	ret->head = at / l->size;
	if (at % l->size == 0 && ret->head < pfn)
		return;
	if (is_mask(l, word & ~UINT64_C(1)))
		by_mask(l, pfn, word & ~UINT64_C(1), ret);
	else
		ret->broken = true;
	if (ret->broken)
		ret->head = pfn;
}

static enum sv_page_type type_of(const struct sv_page_layout *l, const void *bytes)
{
	uint32_t type = word32(bytes, l->type);
	uint64_t flags = sv_page_pointer(l, bytes, l->flags);

	if (l->slab_bit.known && l->slab_bit.value < 64 && (flags >> l->slab_bit.value & 1))
		return SV_PAGE_SLAB;
	if (l->types_known) {
		for (int t = 1; t < SV_PAGE_TYPE_COUNT; t++)
			if (l->types[t] && l->types[t] == type >> 24)
				return (enum sv_page_type)t;
		return type >> 24 >= l->types[SV_PAGE_BUDDY] && type >> 24 < 0xff ? SV_PAGE_OTHER
										  : SV_PAGE_PLAIN;
	}
	if (l->slab_mask.known && (type & l->slab_mask.value) == l->type_base)
		return SV_PAGE_SLAB;
	if (l->buddy_mask.known && (type & l->buddy_mask.value) == l->type_base)
		return SV_PAGE_BUDDY;
	return SV_PAGE_PLAIN;
}

void sv_page_decode(
	const struct sv_page_layout *l, uint64_t pfn, const void *bytes, struct sv_page_view *ret)
{
	*ret = (struct sv_page_view) { .head = pfn, .order = -1 };
	ret->blank = is_blank(bytes, (size_t)l->size);
	if (ret->blank)
		return;
	take_head(l, pfn, sv_page_pointer(l, bytes, l->compound), ret);
	if (ret->tail)
		return;
	ret->has_tails = sv_page_pointer(l, bytes, l->flags) & l->head_mask;
	ret->type = type_of(l, bytes);
	ret->held = l->refcount.known && word32(bytes, l->refcount.value);
	if (ret->type == SV_PAGE_SLAB && l->slab_cache.known)
		ret->cache = sv_page_pointer(l, bytes, l->slab_cache.value);
}
