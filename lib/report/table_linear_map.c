// SPDX-License-Identifier: LGPL-2.1-or-later
/* The linear map in figures, one a row, each with how it is known. */
#include "iface/kconfig.h"
#include "table.h"

enum known_by { BY_TABLES, BY_COUNTER, BY_ZONES };

struct figure {
	const char *name, *meaning;
	enum known_by by;
	struct safevma_value (*get)(const safevma_cursor *c);
};

static const struct sv_kernel_view *view(const safevma_cursor *c)
{
	return &c->obs->kernel;
}

static struct safevma_value bytes_if_known(const safevma_cursor *c, uint64_t v)
{
	return view(c)->known ? sv_value_u64(SAFEVMA_TYPE_BYTES, v) : sv_value_unknown();
}

/* Without a list of RAM nothing is of it: a sum of 0 would be none. */
static struct safevma_value of_ram(const safevma_cursor *c, uint64_t v)
{
	return view(c)->kcore.segments.len ? bytes_if_known(c, v) : sv_value_unknown();
}

/* A dump tells nothing of tables. */
static bool walked(const safevma_cursor *c)
{
	return view(c)->known && view(c)->pg.levels;
}

static struct safevma_value count_if(bool known, uint64_t v)
{
	return known ? sv_value_u64(SAFEVMA_TYPE_U64, v) : sv_value_unknown();
}

static struct safevma_value leaves(const safevma_cursor *c, unsigned int up)
{
	const struct sv_pgtable *pg = &view(c)->pg;

	if (!view(c)->known || up >= pg->levels)
		return sv_value_unknown();
	return sv_value_u64(
		SAFEVMA_TYPE_BYTES, sv_measure_leaves(view(c), pg->shift[pg->levels - 1 - up]));
}

static struct safevma_value others_bytes(const safevma_cursor *c)
{
	const struct sv_kernelmap *m = &view(c)->map;
	uint64_t frames = 0;

	if (!view(c)->known || !m->others_known || m->others_cut)
		return sv_value_unknown();
	for (size_t i = 0; i < m->others.len; i++)
		frames += m->others.ptr[i].zone != SV_KZONE_LINEAR ? m->others.ptr[i].frames : 0;
	return sv_value_u64(SAFEVMA_TYPE_BYTES, frames << m->page_shift);
}

static struct safevma_value compared(const safevma_cursor *c, uint64_t v)
{
	return count_if(view(c)->compared.made, v);
}

/* VMSPLIT: by the page tables, else by the kernel's configuration. */
static struct safevma_value page_offset(const safevma_cursor *c)
{
	const struct sv_strbuf *config = &c->obs->config;
	struct sv_span value;
	uint64_t n;

	if (walked(c))
		return sv_value_u64(SAFEVMA_TYPE_HEX, view(c)->pg.start);
	if (!c->obs->config_known ||
		sv_kconfig_find(sv_text_init(config->ptr, config->len, "config"),
			"CONFIG_PAGE_OFFSET", &value, NULL) ||
		!sv_take_lit(&value, "0x") || !sv_take_hex(&value, &n))
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_HEX, n);
}

#define FIGURE(name, expr)                                                                         \
	static struct safevma_value get_##name(const safevma_cursor *c)                            \
	{                                                                                          \
		return expr;                                                                       \
	}
FIGURE(source, view(c)->known ? sv_value_text(view(c)->source) : sv_value_unknown())
FIGURE(base,
	view(c)->known ? sv_value_u64(SAFEVMA_TYPE_HEX, view(c)->map.delta) : sv_value_unknown())
FIGURE(levels, count_if(walked(c), view(c)->pg.levels))
FIGURE(ram, of_ram(c, c->linear.ram))
FIGURE(rw, of_ram(c, c->linear.rw))
FIGURE(ro, of_ram(c, c->linear.ro))
FIGURE(absent, of_ram(c, c->linear.absent))
FIGURE(unknown, of_ram(c, c->linear.unknown))
FIGURE(beside, of_ram(c, c->linear.beside))
FIGURE(exec, of_ram(c, c->linear.exec))
FIGURE(leaf0, leaves(c, 0))
FIGURE(leaf1, leaves(c, 1))
FIGURE(leaf2, leaves(c, 2))
FIGURE(direct_4k, sv_value_num(SAFEVMA_TYPE_BYTES, c->obs->system.direct_4k))
FIGURE(direct_2m,
	sv_value_num(SAFEVMA_TYPE_BYTES, c->obs->system.direct_2m.known ? c->obs->system.direct_2m
									: c->obs->system.direct_4m))
FIGURE(direct_1g, sv_value_num(SAFEVMA_TYPE_BYTES, c->obs->system.direct_1g))
FIGURE(splits_2m, sv_value_num(SAFEVMA_TYPE_U64, c->obs->system.level2_splits))
FIGURE(splits_1g, sv_value_num(SAFEVMA_TYPE_U64, c->obs->system.level3_splits))
FIGURE(regions, count_if(walked(c), c->linear.split_regions))
FIGURE(others, others_bytes(c))
FIGURE(page_offset, page_offset(c))
FIGURE(lowmem, sv_value_num(SAFEVMA_TYPE_BYTES, c->obs->system.low_total))
FIGURE(highmem, sv_value_num(SAFEVMA_TYPE_U64, c->obs->highmem_frames))
FIGURE(tables, count_if(walked(c), view(c)->map.cost.tables))
FIGURE(references, count_if(walked(c), view(c)->map.cost.references))
FIGURE(self, view(c)->known ? sv_value_bool(view(c)->map.self_checked) : sv_value_unknown())
FIGURE(compared, compared(c, view(c)->compared.frames))
FIGURE(differ, compared(c, view(c)->compared.differ))
FIGURE(changed, compared(c, view(c)->compared.changed))

static const struct figure figures[] = {
	{ "source", "interface that the page tables were read through", BY_TABLES, get_source },
	{ "distance", "linear address less physical address", BY_TABLES, get_base },
	{ "levels", "levels of the page tables", BY_TABLES, get_levels },
	{ "ram", "RAM that the kernel lists", BY_TABLES, get_ram },
	{ "mapped-rw", "of it, writable through the linear map", BY_TABLES, get_rw },
	{ "mapped-ro", "of it, only readable there", BY_TABLES, get_ro },
	{ "removed", "of it, taken out of the linear map", BY_TABLES, get_absent },
	{ "unknown", "of it, not decided", BY_TABLES, get_unknown },
	{ "beside-ram", "mapped, though not listed as RAM", BY_TABLES, get_beside },
	{ "executable", "of what is mapped, the kernel may execute it", BY_TABLES, get_exec },
	{ "small-entries", "mapped or removed by entries of one page", BY_TABLES, get_leaf0 },
	{ "large-entries", "by entries of the next size (2 MiB on x86)", BY_TABLES, get_leaf1 },
	{ "huge-entries", "by entries of the size after that (1 GiB on x86)", BY_TABLES,
		get_leaf2 },
	{ "DirectMap4k", "the kernel's own count of the first (x86); removed pages count too",
		BY_COUNTER, get_direct_4k },
	{ "DirectMap2M", "of the second (4M on 32-bit without PAE)", BY_COUNTER, get_direct_2m },
	{ "DirectMap1G", "of the third; some kernels count one entry twice", BY_COUNTER,
		get_direct_1g },
	{ "splits-2M", "large entries split since boot (x86), of the kernel image too", BY_COUNTER,
		get_splits_2m },
	{ "splits-1G", "huge entries split since boot", BY_COUNTER, get_splits_1g },
	{ "split-where-removed", "large entries that are split where something is removed",
		BY_TABLES, get_regions },
	{ "other-mappings", "RAM and devices mapped elsewhere by the kernel", BY_TABLES,
		get_others },
	{ "page-offset", "first address of the kernel (32-bit: how the space is split)", BY_ZONES,
		get_page_offset },
	{ "lowmem", "RAM that a 32-bit kernel can map", BY_COUNTER, get_lowmem },
	{ "highmem-frames", "frames above the linear map (32-bit)", BY_ZONES, get_highmem },
	{ "tables-read", "pages of tables read, each once", BY_TABLES, get_tables },
	{ "table-references", "entries that led to them (the root has none); more where shared",
		BY_TABLES, get_references },
	{ "self-check", "a page of the observer came out mapped, as it must; no: none to be had",
		BY_TABLES, get_self },
	{ "frames-compared", "looked up in a second source too (--page-tables both)", BY_TABLES,
		get_compared },
	{ "frames-differing", "where the two contradict each other", BY_TABLES, get_differ },
	{ "frames-changed", "that changed meanwhile: nothing follows from them", BY_TABLES,
		get_changed },
};

static bool next_row(safevma_cursor *c)
{
	if (!c->next_index && c->obs->kernel.known)
		sv_measure_linear(&c->obs->kernel, &c->linear);
	c->item = c->next_index++;
	return c->item < sv_array_size(figures);
}

static const struct figure *current(const safevma_cursor *c)
{
	return &figures[c->item];
}

static struct safevma_value get_name(safevma_cursor *c)
{
	return sv_value_text(current(c)->name);
}

static struct safevma_value get_value(safevma_cursor *c)
{
	return sv_figure_text(c, current(c)->get(c));
}

static struct safevma_value get_number(safevma_cursor *c)
{
	return sv_figure_number(current(c)->get(c));
}

static struct safevma_value get_unit(safevma_cursor *c)
{
	return sv_figure_unit(current(c)->get(c));
}

static struct safevma_value get_basis(safevma_cursor *c)
{
	struct safevma_value v = current(c)->get(c);

	if (v.type == SAFEVMA_TYPE_UNKNOWN)
		return v;
	return sv_value_text(
		sv_basis_name(current(c)->by == BY_ZONES ? SV_BASIS_INFERRED : SV_BASIS_OBSERVED));
}

static struct safevma_value get_meaning(safevma_cursor *c)
{
	return sv_value_text(current(c)->meaning);
}

static const struct sv_column columns[] = {
	SV_COL("FIGURE", "figure", "name of the figure", STRING, true, get_name),
	SV_COL("VALUE", "value", "what it is here, as text", STRING, true, get_value),
	SV_COL("NUMBER", "number", "the same as a number, where it is one", U64, false, get_number),
	SV_COL("UNIT", "unit", "bytes or count, of numbers", STRING, false, get_unit),
	SV_COL("BASIS", "basis", "how it is known", STRING, true, get_basis),
	SV_COL("MEANING", "meaning", "what it says", STRING, true, get_meaning),
};

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_KERNEL;
}

const struct safevma_table sv_table_linear_map = {
	.name = "linear-map",
	.row_member = "linear_map",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.wanted = wanted,
	.also = &sv_table_pools,
	.none = "nothing is known of the linear map",
};
