// SPDX-License-Identifier: LGPL-2.1-or-later
/* Facts of the system beside doctor's interfaces: settings, totals, the kernel's configuration. */
#include <string.h>

#include "iface/kconfig.h"
#include "table.h"

struct fact {
	const char *name, *meaning;
	struct safevma_value (*get)(const safevma_observation *obs); /* NULL: an option */
};

static struct safevma_value number(struct sv_num n)
{
	return sv_value_num(SAFEVMA_TYPE_U64, n);
}

static struct safevma_value bytes(struct sv_num n)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, n);
}

static struct safevma_value tristate(int v)
{
	return v < 0 ? sv_value_unknown() : sv_value_bool(v);
}

#define FACT(name, expr)                                                                           \
	static struct safevma_value get_##name(const safevma_observation *obs)                     \
	{                                                                                          \
		return expr;                                                                       \
	}
FACT(release, sv_value_text(obs->host.release))
FACT(machine, sv_value_text(obs->host.machine))
FACT(page_size, sv_value_u64(SAFEVMA_TYPE_BYTES, obs->host.page_size))
FACT(hypervisor,
	obs->host.hypervisor_known ? sv_value_text(obs->host.hypervisor) : sv_value_unknown())
FACT(pfn, tristate(obs->features.pfn_visible))
FACT(scan, tristate(obs->features.pagemap_scan))
FACT(query, tristate(obs->features.procmap_query))
FACT(mem_total, bytes(obs->system.mem_total))
FACT(system_ram, bytes(obs->system.system_ram))
FACT(block, number(obs->system.block_pages))
FACT(ratio, number(obs->system.overcommit_ratio))
FACT(limit_bytes, bytes(obs->system.overcommit_bytes))
FACT(commit_limit, bytes(obs->system.commit_limit))
FACT(committed, bytes(obs->system.committed_as))
FACT(swap_areas, number(obs->swap_areas))
FACT(level2, number(obs->system.level2_splits))
FACT(level3, number(obs->system.level3_splits))
FACT(source, obs->config_known ? sv_value_text(obs->config_source) : sv_value_unknown())

static struct safevma_value get_policy(const safevma_observation *obs)
{
	static const char *const names[] = { "heuristic", "always", "never" };
	struct sv_num n = obs->system.overcommit_memory;

	return n.known && n.value < sv_array_size(names) ? sv_value_text(names[n.value])
							 : sv_value_unknown();
}

static const struct fact facts[] = {
	{ "kernel", "release of the running kernel", get_release },
	{ "machine", "architecture", get_machine },
	{ "page-size", "size of a page and of a frame", get_page_size },
	{ "hypervisor", "none, or who runs below: frames are then the guest's", get_hypervisor },
	{ "frame-numbers", "the kernel shows frame numbers to this observer", get_pfn },
	{ "pagemap-scan", "PAGEMAP_SCAN finds pages in huge reservations (6.7)", get_scan },
	{ "procmap-query", "PROCMAP_QUERY tells of single mappings (6.11)", get_query },
	{ "ram", "RAM that the kernel uses (MemTotal)", get_mem_total },
	{ "system-ram", "RAM in the physical address map (iomem)", get_system_ram },
	{ "pageblock", "pages of a block that the allocator keeps to one kind", get_block },
	{ "overcommit", "heuristic (0), always (1) or never (2) promises more than there is",
		get_policy },
	{ "overcommit-ratio", "percent of RAM that count for the commit limit", get_ratio },
	{ "overcommit-size", "bytes that count for it instead, 0 for the ratio", get_limit_bytes },
	{ "commit-limit", "what may be promised when overcommit is never", get_commit_limit },
	{ "committed", "what is promised; secretmem and hugetlb are not in it", get_committed },
	{ "swap-areas", "active areas that pages can be moved to", get_swap_areas },
	{ "linear-map-splits-2m", "large pages of the linear map split since boot (x86)",
		get_level2 },
	{ "linear-map-splits-1g", "larger ones", get_level3 },
	{ "configuration", "where the kernel's configuration was read", get_source },
	{ "CONFIG_PROC_PAGE_MONITOR", "pagemap, smaps and kpage* files", NULL },
	{ "CONFIG_SECRETMEM", "memfd_secret", NULL },
	{ "CONFIG_PROC_KCORE", "the kernel's page tables on stock kernels", NULL },
	{ "CONFIG_PTDUMP_DEBUGFS", "a dump of the kernel's page tables", NULL },
	{ "CONFIG_PAGE_OWNER", "who allocated each frame", NULL },
	{ "CONFIG_MEMCG", "which control group a frame is charged to", NULL },
	{ "CONFIG_HIGHMEM", "RAM outside the linear map (32-bit)", NULL },
	{ "CONFIG_TRANSPARENT_HUGEPAGE", "huge pages that come and go by themselves", NULL },
	{ "CONFIG_KSM", "pages merged between processes", NULL },
	{ "CONFIG_COMPACTION", "pages moved to make room", NULL },
	{ "CONFIG_KFENCE", "samples overruns of kernel memory", NULL },
	{ "CONFIG_DEBUG_PAGEALLOC", "free pages taken out of the linear map", NULL },
	{ "CONFIG_STRICT_DEVMEM", "/dev/mem does not reach RAM", NULL },
	{ "CONFIG_PREEMPT_RT", "a real-time kernel", NULL },
};

static bool next_row(safevma_cursor *c)
{
	c->item = c->next_index++;
	return c->item < sv_array_size(facts);
}

static const struct fact *current(const safevma_cursor *c)
{
	return &facts[c->item];
}

/* An option that the configuration does not name is not set. */
static struct safevma_value option(safevma_cursor *c)
{
	const struct sv_strbuf *config = &c->obs->config;
	struct sv_span value;

	if (!c->obs->config_known ||
		sv_kconfig_find(sv_text_init(config->ptr, config->len, "config"), current(c)->name,
			&value, NULL))
		return sv_value_unknown();
	return value.len ? sv_value_span(value) : sv_value_text("n");
}

static struct safevma_value value_of(safevma_cursor *c)
{
	return current(c)->get ? current(c)->get(c->obs) : option(c);
}

static struct safevma_value get_fact(safevma_cursor *c)
{
	return sv_value_text(current(c)->name);
}

static struct safevma_value get_value(safevma_cursor *c)
{
	return sv_figure_text(c, value_of(c));
}

static struct safevma_value get_number(safevma_cursor *c)
{
	return sv_figure_number(value_of(c));
}

static struct safevma_value get_unit(safevma_cursor *c)
{
	return sv_figure_unit(value_of(c));
}

static struct safevma_value get_meaning(safevma_cursor *c)
{
	return sv_value_text(current(c)->meaning);
}

static const struct sv_column columns[] = {
	SV_COL("FACT", "fact", "name of the fact", STRING, true, get_fact),
	SV_COL("VALUE", "value", "what it is here, as text", STRING, true, get_value),
	SV_COL("NUMBER", "number", "the same as a number, where it is one", U64, false, get_number),
	SV_COL("UNIT", "unit", "bytes or count, of numbers", STRING, false, get_unit),
	SV_COL("MEANING", "meaning", "what it says", STRING, true, get_meaning),
};

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_SYSTEM;
}

const struct safevma_table sv_table_facts = {
	.name = "facts",
	.row_member = "facts",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.wanted = wanted,
	.also = &sv_table_reconcile,
	.none = "no facts were read",
};
