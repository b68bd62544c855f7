// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What each pageblock is kept for (its migratetype). The kernel lists how many there are of each
 * kind, and not which; that stands in bits beside the struct pages, section by section:
 *
 *	mem_section[root][n].usage -> { ..., pageblock_flags[] }, 4 or 8 bits a block, of which the
 *	lowest three are the type (include/linux/mmzone.h, pageblock-flags.h)
 *
 * Where the bits begin in usage has moved (6.8: behind an rcu_head), as has how many there are (8
 * from 6.17 on where memory can be isolated). So each way is tried, and the one believed whose
 * counts, zone by zone, are those of /proc/pagetypeinfo.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "structpage.h"

enum {
	USAGE_AT = 8,	  /* of a mem_section, behind section_mem_map, ever since 5.3 */
	PRESENT = 3,	  /* SECTION_MARKED_PRESENT, SECTION_HAS_MEM_MAP */
	OFFSET_MOST = 40, /* where the bits may begin */
	KINDS_MOST = 8,
};

struct ways {
	struct sv_structpages *s;
	const struct sv_vmcoreinfo *info;
	unsigned int order;   /* of a pageblock */
	uint64_t per_section; /* blocks */
	uint64_t sections;    /* that there can be */
	size_t bytes;	      /* of a section's bits, with room for each offset */
	unsigned char *flags; /* of all sections, bytes each */
	bool *there;
};

static uint64_t block_size(const struct ways *w)
{
	return UINT64_C(1) << w->order;
}

/* 1, 0 with *why, -1. */
static int read_section(struct ways *w, uint64_t root, uint64_t section, struct safevma_error *why,
	struct safevma_error *err)
{
	uint64_t size = w->info->section_struct.value, per_root, map, usage;
	unsigned char bytes[16];
	int rc;

	per_root = (UINT64_C(1) << w->s->page_shift) / size;
	rc = sv_kernel_memory_read(
		w->s->memory, root + section % per_root * size, bytes, sizeof(bytes), why, err);
	if (rc <= 0)
		return rc;
	map = sv_page_pointer(&w->s->layout, bytes, 0);
	usage = sv_page_pointer(&w->s->layout, bytes, USAGE_AT);
	if ((map & PRESENT) != PRESENT || !usage)
		return 1;
	w->there[section] = true;
	return sv_kernel_memory_read(
		w->s->memory, usage, w->flags + section * w->bytes, w->bytes, why, err);
}

static int read_sections(struct ways *w, struct safevma_error *why, struct safevma_error *err)
{
	uint64_t per_root = (UINT64_C(1) << w->s->page_shift) / w->info->section_struct.value;
	uint64_t root = 0;
	int rc = 1;

	for (uint64_t i = 0; i < w->sections && rc > 0; i++) {
		unsigned char bytes[8];

		if (!(i % per_root)) {
			rc = sv_kernel_memory_read(w->s->memory,
				w->info->mem_section.value + i / per_root * sizeof(bytes), bytes,
				sizeof(bytes), why, err);
			root = rc > 0 ? sv_page_pointer(&w->s->layout, bytes, 0) : 0;
		}
		if (rc > 0 && root)
			rc = read_section(w, root, i, why, err);
	}
	return rc;
}

/* ---- one way of reading them ----------------------------------------------------------------- */

static uint8_t kind_of(const struct ways *w, uint64_t block, unsigned int offset, unsigned int bits)
{
	uint64_t section = block / w->per_section, bit = block % w->per_section * bits;
	unsigned char byte;

	if (section >= w->sections || !w->there[section])
		return SV_BLOCK_NONE;
	byte = w->flags[section * w->bytes + offset + bit / 8];
	return byte >> bit % 8 & 7;
}

/* The kernel goes over a zone in such steps from its first frame on, whatever that is. */
static void count_zone(const struct ways *w, const struct sv_zone_exposure *z, unsigned int offset,
	unsigned int bits, uint64_t counts[static KINDS_MOST])
{
	const struct sv_exposure *x = &w->s->c->obs->exposure;

	memset(counts, 0, KINDS_MOST * sizeof(*counts));
	for (uint64_t pfn = z->span.start_pfn; pfn < z->span.end_pfn; pfn += block_size(w)) {
		uint8_t kind = kind_of(w, pfn >> w->order, offset, bits);

		if (kind != SV_BLOCK_NONE && sv_exposure_zone(x, pfn) == z)
			counts[kind]++;
	}
}

/* How many blocks are of other kinds than the kernel counts. */
static uint64_t differences(const struct ways *w, unsigned int offset, unsigned int bits)
{
	const safevma_observation *obs = w->s->c->obs;
	uint64_t n = 0;

	for (size_t i = 0; i < obs->exposure.zones.len; i++) {
		const struct sv_zone_exposure *z = &obs->exposure.zones.ptr[i];
		uint64_t counts[KINDS_MOST];
		size_t kind = 0;

		count_zone(w, z, offset, bits, counts);
		for (size_t k = 0; k < obs->block_types.len && kind < KINDS_MOST; k++) {
			const struct sv_block_type *t = &obs->block_types.ptr[k];

			if (t->node != z->span.node || strcmp(t->zone, z->span.name) != 0)
				continue;
			n += counts[kind] > t->blocks ? counts[kind] - t->blocks
						      : t->blocks - counts[kind];
			kind++;
		}
		for (; kind < KINDS_MOST; kind++)
			n += counts[kind];
	}
	return n;
}

static uint64_t blocks_listed(const safevma_observation *obs)
{
	uint64_t n = 0;

	for (size_t i = 0; i < obs->block_types.len; i++)
		n += obs->block_types.ptr[i].blocks;
	return n;
}

/* The kernel's list is a moment older: some blocks may have changed. */
static bool choose(const struct ways *w, unsigned int *offset, unsigned int *bits)
{
	uint64_t best = UINT64_MAX, second = UINT64_MAX;

	for (unsigned int b = 4; b <= 8; b += 4)
		for (unsigned int at = 0; at <= OFFSET_MOST; at += 8) {
			uint64_t n = differences(w, at, b);

			if (n < best) {
				second = best;
				best = n;
				*offset = at;
				*bits = b;
			} else if (n < second) {
				second = n;
			}
		}
	return best < second && best <= 2 + blocks_listed(w->s->c->obs) / 50;
}

static int keep(
	const struct ways *w, unsigned int offset, unsigned int bits, struct sv_block_kinds *ret)
{
	ret->len = (size_t)(w->sections * w->per_section);
	ret->ptr = malloc(ret->len + 1);
	if (!ret->ptr)
		return -1;
	for (size_t i = 0; i < ret->len; i++)
		ret->ptr[i] = kind_of(w, i, offset, bits);
	ret->known = true;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool told(const struct ways *w, struct safevma_error *why)
{
	const struct sv_vmcoreinfo *i = w->info;
	unsigned int shift = w->s->page_shift;

	if (!w->s->c->obs->block_types.len)
		sv_error_set(why, SAFEVMA_E_UNSUPPORTED, 0, "/proc/pagetypeinfo", 0,
			"there are no counts of pageblocks to hold them against");
	else if (!w->s->layout.wide || !i->mem_section.known || !i->section_struct.known ||
		 !i->section_bits.known || i->section_struct.value < 16 ||
		 i->section_struct.value > 64 || i->section_bits.value < shift + w->order ||
		 i->section_bits.value > 36)
		sv_error_set(why, SAFEVMA_E_UNSUPPORTED, 0, "/proc/kcore", 0,
			"the kernel does not say where it keeps what pageblocks are for");
	else
		return true;
	return false;
}

static int look(struct ways *w, struct sv_block_kinds *ret, struct safevma_error *why,
	struct safevma_error *err)
{
	unsigned int offset, bits;
	int rc;

	w->flags = calloc(w->sections + 1, w->bytes);
	w->there = calloc(w->sections + 1, sizeof(*w->there));
	if (!w->flags || !w->there)
		return sv_error_nomem(err);
	rc = read_sections(w, why, err);
	if (rc <= 0)
		return rc;
	if (!choose(w, &offset, &bits)) {
		sv_error_set(why, SAFEVMA_E_FORMAT, 0, "/proc/kcore", 0,
			"what pageblocks are kept for does not agree with /proc/pagetypeinfo");
		return 0;
	}
	return keep(w, offset, bits, ret) ? sv_error_nomem(err) : 1;
}

int sv_block_kinds_read(struct sv_structpages *s, struct sv_block_kinds *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	struct ways w = { .s = s,
		.info = sv_kernel_memory_info(s->memory),
		.order = s->c->obs->exposure.block_order };
	uint64_t pages;
	int rc;

	if (!told(&w, why))
		return 0;
	pages = UINT64_C(1) << (w.info->section_bits.value - s->page_shift);
	w.per_section = pages >> w.order;
	w.sections = (sv_zone_spans_end(&s->c->obs->zones) + pages - 1) / pages;
	w.bytes = OFFSET_MOST + (size_t)w.per_section + 8;
	rc = look(&w, ret, why, err);
	free(w.flags);
	free(w.there);
	return rc;
}
