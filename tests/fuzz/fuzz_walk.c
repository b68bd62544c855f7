// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bytes become a small machine: a geometry, RAM, ranges of frames that are asked for, and entries
 * of page tables. Few addresses are in use, so that tables meet again and refer to each other.
 *
 *	geometry, RAM (upper bit: keep everything), ranges (4 x 2), others (2 x 2), then entries:
 *	table, index (2), what, frame
 */
#include "fuzz.h"

#include "model/walk.h"

enum { TABLES = 16, RANGES = 4, OTHERS = 2, HEAD = 2 + 2 * RANGES + 2 * OTHERS, ENTRY = 5 };

struct machine {
	struct sv_pgtable pg;
	struct sv_kcore kcore;
	struct sv_kcore_segment segments[4];
	struct sv_frame_range ranges[RANGES], others[OTHERS];
	size_t ranges_len, others_len;
	const uint8_t *entries;
	size_t len;
	unsigned int reads[TABLES];
};

/* ---- a machine ------------------------------------------------------------------------------- */

static const struct geometry {
	const char *machine;
	uint64_t page_size, delta, image;
	struct sv_vmcoreinfo info;
} geometries[] = {
#define KNOWN(v)                                                                                   \
	{                                                                                          \
		.value = (v), .known = true                                                        \
	}
#define X86(l5, sme)                                                                               \
	.info = { .init_top_pgt = KNOWN(0xffffffff80000000),                                       \
		.phys_base = KNOWN(sme),                                                           \
		.l5_enabled = KNOWN(l5),                                                           \
		.sme_mask = KNOWN(sme) }
#define ARM(t1sz_, size)                                                                           \
	.info = { .swapper_pg_dir = KNOWN(0xffff800080000000),                                     \
		.kimage_voffset = KNOWN(0xffff800080000000),                                       \
		.page_size = KNOWN(size),                                                          \
		.va_bits = KNOWN(52),                                                              \
		.t1sz = KNOWN(t1sz_) }
#define RISCV(bits)                                                                                \
	.info = { .swapper_pg_dir = KNOWN(0xffffffff80000000),                                     \
		.va_kernel_pa_offset = KNOWN(0xffffffff80000000),                                  \
		.va_bits = KNOWN(bits),                                                            \
		.vmalloc_start = KNOWN(0xffffffc800000000) }
	{ "x86_64", 4096, 0xffff888000000000, 0xffffffff80000000, X86(0, 0) },
	{ "x86_64", 4096, 0xff11000000000000, 0xffffffff80000000, X86(1, 0) },
	{ "x86_64", 4096, 0xffff888000000000, 0xffffffff80000000, X86(0, UINT64_C(1) << 47) },
	{ "i686", 4096, 0xc0000000, 0,
		.info = { .swapper_pg_dir = KNOWN(0xc0000000), .pae = true } },
	{ "i686", 4096, 0xc0000000, 0, .info = { .swapper_pg_dir = KNOWN(0xc0000000) } },
	{ "aarch64", 4096, 0xfff0000000000000, 0xffff800080000000, ARM(12, 4096) },
	{ "aarch64", 4096, 0xffff000000000000, 0xffff800080000000, ARM(16, 4096) },
	{ "aarch64", 16384, 0xfff0000000000000, 0xffff800080000000, ARM(12, 16384) },
	{ "aarch64", 16384, 0xffff800000000000, 0, ARM(17, 16384) },
	{ "aarch64", 65536, 0xffff000000000000, 0xffff800080000000, ARM(16, 65536) },
	{ "riscv64", 4096, 0xffffffd600000000, 0xffffffff80000000, RISCV(39) },
	{ "riscv64", 4096, 0xff60000000000000, 0xffffffff80000000, RISCV(57) },
};

static void make_segments(struct machine *m, const struct geometry *g, uint8_t ram)
{
	uint64_t size = (UINT64_C(1) << 12) << ((ram & 0x7f) % 24), hole = UINT64_C(1) << 20;

	m->segments[0] =
		(struct sv_kcore_segment) { .vaddr = g->delta, .size = size, .has_paddr = true };
	m->segments[1] = (struct sv_kcore_segment) { .vaddr = g->delta + size + hole,
		.paddr = size + hole,
		.size = size,
		.has_paddr = true };
	m->segments[2] = (struct sv_kcore_segment) { .vaddr = g->image - (UINT64_C(1) << 38),
		.size = UINT64_C(1) << 36 };
	m->segments[3] =
		(struct sv_kcore_segment) { .vaddr = g->image, .size = size, .has_paddr = true };
	m->kcore.wide = g->machine[0] != 'i';
	m->kcore.segments.ptr = m->segments;
	m->kcore.segments.len = g->image ? 4 : 2;
}

/* Sorted and disjoint, as callers give them: a gap and a length each. */
static size_t make_ranges(struct sv_frame_range *list, size_t n, const uint8_t *data)
{
	uint64_t at = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t gap = (UINT64_C(1) << data[2 * i] % 28) - 1;
		uint64_t count = (UINT64_C(1) << data[2 * i + 1] % 28) - 1;

		at += gap;
		if (count)
			list[len++] = (struct sv_frame_range) { at, count };
		at += count;
	}
	return len;
}

static void make(struct machine *m, const uint8_t *data, size_t size)
{
	const struct geometry *g = &geometries[data[0] % sv_array_size(geometries)];

	memset(m, 0, sizeof(*m));
	make_segments(m, g, data[1]);
	promise(!sv_pgtable_init(&m->kcore, &g->info, g->machine, g->page_size, &m->pg, NULL));
	m->ranges_len = make_ranges(m->ranges, RANGES, data + 2);
	m->others_len = make_ranges(m->others, OTHERS, data + 2 + 2 * RANGES);
	m->entries = data + HEAD;
	m->len = (size - HEAD) / ENTRY;
}

/* ---- its tables ------------------------------------------------------------------------------ */

/* Tables and leaves of each architecture, present and removed; else bits as they come. */
static uint64_t entry_of(const struct machine *m, uint8_t what, uint8_t frame)
{
	static const uint64_t x86[] = { 0x63, 0x61, 0x8000000000000163, 0x161, 0x80000000000001e3,
		0x60, 0x1e1, 0 };
	static const uint64_t arm[] = { 0x3, 0x4000000000000003, 0x00e8000000000f03,
		0x00e8000000000f83, 0x00e8000000000c01, 0x00e8000000000c02, 0x0800000000000003, 0 };
	static const uint64_t riscv[] = { 0x1, 0xe7, 0xe3, 0xef, 0xe6, 0x80000000000000e7, 0xe0,
		0 };
	bool table = what % 8 < 2;
	uint64_t paddr = (table ? (uint64_t)(frame % TABLES) : (uint64_t)frame << (what >> 3) % 20)
			 << m->pg.page_shift;
	bool x86_like = m->pg.arch == SV_PG_X86_64 || m->pg.arch == SV_PG_I386;

	if (x86_like && what % 8 == 5 && m->pg.entry_size == 8)
		paddr = ~paddr & UINT64_C(0x000ffffffffff000);
	if (m->pg.arch == SV_PG_RISCV64)
		return paddr >> 2 | riscv[what % 8];
	return paddr | (x86_like ? x86 : arm)[what % 8];
}

/* The table of a frame is zeros, but for the entries that name it. */
static void fill(
	const struct machine *m, uint64_t table, unsigned char *buf, uint64_t skip, size_t size)
{
	for (size_t i = 0; i < m->len; i++) {
		const uint8_t *e = m->entries + i * ENTRY;
		uint64_t at = (e[1] | (uint64_t)e[2] << 8) * m->pg.entry_size;
		uint64_t raw = entry_of(m, e[3], e[4]);

		if (e[0] % TABLES == table && at >= skip && at - skip + m->pg.entry_size <= size)
			memcpy(buf + (at - skip), &raw, m->pg.entry_size);
	}
}

static int read_table(
	void *context, uint64_t paddr, void *buf, size_t size, struct safevma_error *err)
{
	struct machine *m = context;
	uint64_t table = paddr >> m->pg.page_shift, page = UINT64_C(1) << m->pg.page_shift;

	(void)err;
	if (table >= TABLES)
		return 1;
	promise(paddr - table * page + size <= page);
	m->reads[table]++;
	memset(buf, 0, size);
	fill(m, table, buf, paddr - table * page, size);
	return 0;
}

/* ---- one address, by hand ---------------------------------------------------------------------
 */

struct translated {
	struct sv_entry entry; /* the last one on the way */
	uint64_t pfn;	       /* of this address, when the entry is a leaf or was one */
	bool writable, exec;
};

static uint64_t raw_at(const struct machine *m, uint64_t paddr)
{
	uint64_t page = UINT64_C(1) << m->pg.page_shift;
	unsigned char buf[8] = { 0 };

	if (paddr >> m->pg.page_shift >= TABLES)
		return 0;
	fill(m, paddr >> m->pg.page_shift, buf, paddr & (page - 1), m->pg.entry_size);
	return sv_pgtable_raw(&m->pg, buf, 0);
}

static struct translated translate(const struct machine *m, uint64_t vaddr)
{
	struct translated t = { .writable = true, .exec = true };
	uint64_t table = m->pg.root_paddr;

	for (unsigned int level = 0; level < m->pg.levels; level++) {
		uint64_t span = UINT64_C(1) << m->pg.shift[level];
		uint64_t index =
			vaddr >> m->pg.shift[level] & ((UINT64_C(1) << m->pg.bits[level]) - 1);

		t.entry = sv_pgtable_decode(&m->pg, level,
			raw_at(m, table + index * m->pg.entry_size), vaddr & ~(span - 1));
		t.writable &= t.entry.writable;
		t.exec &= t.entry.exec;
		t.pfn = (t.entry.paddr + (vaddr & (span - 1))) >> m->pg.page_shift;
		table = t.entry.paddr;
		if (t.entry.kind != SV_ENTRY_TABLE)
			break;
	}
	return t;
}

static void check_frame(const struct machine *m, const struct sv_linear_extent *x, uint64_t pfn)
{
	struct translated t = translate(m, (pfn << m->pg.page_shift) + m->pg.delta);

	if (x->alias == SV_ALIAS_RW || x->alias == SV_ALIAS_RO)
		promise(t.entry.kind == SV_ENTRY_LEAF && t.pfn == pfn && t.exec == x->exec &&
			t.writable == (x->alias == SV_ALIAS_RW));
	if (x->alias == SV_ALIAS_ABSENT)
		promise(t.entry.kind == SV_ENTRY_ABSENT && t.pfn == pfn);
	if (x->alias == SV_ALIAS_NONE)
		promise(t.entry.kind == SV_ENTRY_ZERO);
}

static void check_other(const struct machine *m, const struct sv_kmapping *x, uint64_t nth)
{
	struct translated t = translate(m, x->vaddr + (nth << m->pg.page_shift));

	promise(t.entry.kind == SV_ENTRY_LEAF && t.pfn == x->pfn + nth);
	promise(t.writable == x->writable && t.exec == x->exec);
}

/* ---- what is promised ------------------------------------------------------------------------ */

static bool within(const struct sv_frame_range *list, size_t n, uint64_t pfn, uint64_t frames)
{
	for (size_t i = 0; i < n && frames; i++) {
		uint64_t end = list[i].first + list[i].count;

		if (pfn < list[i].first || pfn >= end)
			continue;
		frames -= frames < end - pfn ? frames : end - pfn;
		pfn = end;
	}
	return !frames;
}

static void check_linear(const struct machine *m, const struct sv_kernelmap *map)
{
	uint64_t end = 0, until;

	for (size_t i = 0; i < map->linear.len; i++) {
		const struct sv_linear_extent *x = &map->linear.ptr[i];

		promise(x->frames && x->pfn >= end && x->pfn + x->frames > x->pfn);
		end = x->pfn + x->frames;
		promise(within(m->ranges, m->ranges_len, x->pfn, x->frames));
		promise((x->alias == SV_ALIAS_UNKNOWN) == (x->why != SV_ALIAS_WHY_NOTHING));
		promise(!x->exec || x->alias == SV_ALIAS_RW || x->alias == SV_ALIAS_RO);
		promise(x->alias != SV_ALIAS_NONE ||
			!sv_kcore_ram_at(&m->kcore, m->pg.page_shift, x->pfn, &until));
		promise(sv_kernelmap_find(map, x->pfn) == x &&
			sv_kernelmap_find(map, end - 1) == x);
		check_frame(m, x, x->pfn);
		check_frame(m, x, end - 1);
	}
}

/* Of very many, some are looked at. */
static void check_others(const struct machine *m, const struct sv_kernelmap *map, bool everything)
{
	size_t step = 1 + map->others.len / 1024;

	for (size_t i = 0; i < map->others.len; i += step) {
		const struct sv_kmapping *x = &map->others.ptr[i];
		uint64_t bytes = x->frames << m->pg.page_shift;

		promise(x->frames && x->frames <= map->others_span && x->zone < SV_KZONE_COUNT);
		promise(!i || x[-1].pfn <= x->pfn);
		promise(x->vaddr >= m->pg.start && x->vaddr + (bytes - 1) >= x->vaddr);
		promise(everything || within(m->others, m->others_len, x->pfn, x->frames));
		check_other(m, x, 0);
		check_other(m, x, x->frames - 1);
	}
}

/* Outside the linear map a table is read once for each level and pair of rights; inside, once. */
static void check_reads(const struct machine *m, const struct sv_kernelmap *map)
{
	uint64_t reads = 0;

	for (size_t i = 0; i < TABLES; i++) {
		promise(m->reads[i] <= 4 * m->pg.levels + 1);
		reads += m->reads[i];
	}
	promise(map->cost.tables == reads);
}

static void walk(struct machine *m, bool everything)
{
	struct sv_walk_request q = { .pg = &m->pg,
		.kcore = &m->kcore,
		.ranges = m->ranges,
		.ranges_len = m->ranges_len,
		.others = m->others,
		.others_len = m->others_len,
		.everything = everything,
		.load = read_table,
		.context = m };
	struct sv_kernelmap map = { 0 };

	memset(m->reads, 0, sizeof(m->reads));
	promise(!sv_walk(&q, &map, NULL));
	promise(map.made && map.page_shift == m->pg.page_shift);
	promise(everything || m->others_len || (!map.others_known && !map.others.len));
	check_linear(m, &map);
	check_others(m, &map, everything);
	check_reads(m, &map);
	sv_kernelmap_fini(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine m;

	if (size < HEAD)
		return 0;
	make(&m, data, size);
	walk(&m, data[1] & 0x80);
	return 0;
}
