// SPDX-License-Identifier: LGPL-2.1-or-later
/* slab: caches of the kernel's allocator, those with most memory first; settings that they obey. */
#include <stdio.h>
#include <string.h>

#include "iface/kconfig.h"
#include "table.h"
#include "table_slab.h"

static bool wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_SLAB;
}

static bool complete(const safevma_observation *obs)
{
	return obs->slabs.made && obs->slabs.caches.len && !safevma_observation_lost(obs);
}

/* In caches. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { .total = obs->slabs.caches.len };
	for (size_t i = 0; i < obs->slabs.caches.len; i++)
		ret->unreadable += obs->slabs.caches.ptr[i].unreadable;
	ret->examined = ret->total - ret->unreadable;
}

/* ---- caches ---------------------------------------------------------------------------------- */

static bool next_cache(safevma_cursor *c)
{
	if (c->next_index >= c->obs->slabs.caches.len)
		return false;
	c->item = c->next_index++;
	c->slab = &c->obs->slabs.caches.ptr[c->item];
	c->slab_place = sv_slab_place_of(c->obs, c->slab);
	return true;
}

static struct safevma_value get_name(safevma_cursor *c)
{
	return sv_value_span(c->slab->name);
}

/* Of a cache that the kernel does not list there is none. */
static struct safevma_value get_id(safevma_cursor *c)
{
	return c->slab->id.ptr ? sv_value_span(c->slab->id) : sv_value_unknown();
}

static struct safevma_value get_ctor(safevma_cursor *c)
{
	return c->slab->ctor_known ? sv_value_span(c->slab->ctor) : sv_value_unknown();
}

static struct safevma_value get_memory(safevma_cursor *c)
{
	struct sv_num frames = sv_slab_frames(c->slab);

	return frames.known
		       ? sv_value_u64(SAFEVMA_TYPE_BYTES, frames.value * c->obs->host.page_size)
		       : sv_value_unknown();
}

static struct safevma_value listed(const safevma_cursor *c, uint64_t v)
{
	return c->slab->listed ? sv_value_u64(SAFEVMA_TYPE_U64, v) : sv_value_unknown();
}

static struct safevma_value get_active(safevma_cursor *c)
{
	return listed(c, c->slab->info.active_objects);
}

static struct safevma_value get_listed(safevma_cursor *c)
{
	return listed(c, c->slab->info.slabs);
}

static struct safevma_value get_names(safevma_cursor *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->obs->slabs.aliases.len; i++)
		n += c->obs->slabs.aliases.ptr[i].cache == c->item;
	if (!c->slab->id.ptr)
		return sv_value_unknown();
	return sv_value_u64(SAFEVMA_TYPE_U64, n ? n : 1);
}

#define NUM(name, type)                                                                            \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return sv_value_num(SAFEVMA_TYPE_##type, c->slab->name);                           \
	}
NUM(object_size, U64)
NUM(slab_size, U64)
NUM(usersize, U64)
NUM(align, U64)
NUM(order, U64)
NUM(objs_per_slab, U64)
NUM(slabs, U64)
NUM(objects, U64)
NUM(partial, U64)
NUM(cpu_slabs, U64)
NUM(cpu_partial, U64)
NUM(cpu_partial_slabs, U64)
NUM(min_partial, U64)
NUM(sheaf_capacity, U64)

#define FLAG(name)                                                                                 \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		return sv_value_bool_num(c->slab->name);                                           \
	}
FLAG(red_zone)
FLAG(poison)
FLAG(store_user)
FLAG(sanity_checks)
FLAG(trace)
FLAG(hwcache_align)
FLAG(reclaim_account)
FLAG(cache_dma)
FLAG(rcu)

/* Those that are on, as one letter each. */
static struct safevma_value get_letters(safevma_cursor *c)
{
	const struct sv_slab_cache *s = c->slab;
	const struct {
		struct sv_num on;
		char letter;
	} flags[] = { { s->red_zone, 'Z' }, { s->poison, 'P' }, { s->store_user, 'U' },
		{ s->sanity_checks, 'F' }, { s->trace, 'T' }, { s->hwcache_align, 'h' },
		{ s->reclaim_account, 'a' }, { s->cache_dma, 'd' }, { s->rcu, 'r' } };
	size_t at = 0;

	for (size_t i = 0; i < sv_array_size(flags); i++) {
		if (!flags[i].on.known)
			return sv_value_unknown();
		if (flags[i].on.value)
			c->text[at++] = flags[i].letter;
	}
	c->text[at] = 0;
	return sv_value_text(c->text);
}

static const struct sv_column cache_columns[] = {
	SV_COL("NAME", "name", "who asked for it first, by slabinfo; else its first alias", STRING,
		true, get_name),
	SV_COL("ID", "id", "its directory in /sys/kernel/slab", STRING, false, get_id),
	SV_COL("NAMES", "names", "caches that were merged into it", U64, true, get_names),
	SV_COL("OBJECT", "object_bytes", "size of an object as it was asked for", U64, true,
		get_object_size),
	SV_COL("TAKES", "slab_bytes", "what an object takes with all that is added", U64, true,
		get_slab_size),
	SV_COL("USERSIZE", "user_bytes", "part of it that may be copied to and from user space",
		U64, false, get_usersize),
	SV_COL("ALIGN", "align_bytes", "alignment of objects", U64, false, get_align),
	SV_COL("ORDER", "order", "a slab is 2^ORDER frames", U64, true, get_order),
	SV_COL("PER-SLAB", "objects_per_slab", "objects of a slab", U64, false, get_objs_per_slab),
	SV_COL("SLABS", "slabs", "slabs", U64, true, get_slabs),
	SV_COL("MEMORY", "bytes", "what they take", BYTES, true, get_memory),
	SV_COL("OBJECTS", "objects", "room for objects", U64, true, get_objects),
	SV_COL("ACTIVE", "active_objects", "objects in use, by slabinfo", U64, true, get_active),
	SV_COL("PARTIAL", "partial_slabs", "slabs on the lists of nodes, with room left", U64, true,
		get_partial),
	SV_COL("CPU-SLABS", "cpu_slabs", "slabs that CPUs hold", U64, false, get_cpu_slabs),
	SV_COL("CPU-PARTIAL", "cpu_partial", "objects that a CPU may keep in partial slabs", U64,
		false, get_cpu_partial),
	SV_COL("CPU-KEPT", "cpu_partial_objects", "objects in partial slabs of CPUs, about", U64,
		false, get_cpu_partial_slabs),
	SV_COL("MIN-PARTIAL", "min_partial", "partial slabs that a node keeps", U64, false,
		get_min_partial),
	SV_COL("SHEAF", "sheaf_capacity", "objects of a sheaf, a CPU's array of free ones (6.18)",
		U64, false, get_sheaf_capacity),
	SV_COL("FLAGS", NULL,
		"Z red zones, P poison, U users stored, F checks, T traced, h cache lines, "
		"a reclaimable, d DMA, r freed by RCU",
		STRING, true, get_letters),
	SV_COL("RED-ZONE", "red_zone", "objects have red zones around them", BOOL, false,
		get_red_zone),
	SV_COL("POISON", "poison", "free objects are filled with a pattern", BOOL, false,
		get_poison),
	SV_COL("STORE-USER", "store_user", "who allocated and freed an object is stored", BOOL,
		false, get_store_user),
	SV_COL("CHECKS", "sanity_checks", "each allocation and free is checked", BOOL, false,
		get_sanity_checks),
	SV_COL("TRACED", "trace", "each allocation and free is printed", BOOL, false, get_trace),
	SV_COL("HWALIGN", "hwcache_align", "objects are aligned to lines of the CPU's cache", BOOL,
		false, get_hwcache_align),
	SV_COL("RECLAIM", "reclaim_account", "counted as reclaimable", BOOL, false,
		get_reclaim_account),
	SV_COL("DMA", "cache_dma", "of memory that old devices reach", BOOL, false, get_cache_dma),
	SV_COL("RCU", "destroy_by_rcu", "its slabs are freed after a grace period", BOOL, false,
		get_rcu),
	SV_COL("CTOR", "ctor", "function that prepares its objects; empty: none", STRING, false,
		get_ctor),
	SV_COL("LISTED", "slabinfo_slabs", "slabs that slabinfo lists, to compare", U64, false,
		get_listed),
	SV_SLAB_PLACE_COLUMNS,
};

const struct safevma_table sv_table_slab = {
	.name = "slab",
	.row_member = "caches",
	.row_columns = cache_columns,
	.row_count = sv_array_size(cache_columns),
	.next_row = next_cache,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_slab_frames,
	.alone = true,
	.none = "no slab caches could be read",
};

/* ---- names ----------------------------------------------------------------------------------- */

/* Hundreds: in text there is how many names a cache has. */
static bool next_alias(safevma_cursor *c)
{
	if (c->cells || c->next_index >= c->obs->slabs.aliases.len)
		return false;
	c->item = c->next_index++;
	return true;
}

static struct safevma_value get_alias_name(safevma_cursor *c)
{
	return sv_value_span(c->obs->slabs.aliases.ptr[c->item].name);
}

static struct safevma_value get_alias_id(safevma_cursor *c)
{
	return sv_value_span(c->obs->slabs.aliases.ptr[c->item].id);
}

static const struct sv_column alias_columns[] = {
	SV_COL("NAME", "name", "a cache that was asked for", STRING, true, get_alias_name),
	SV_COL("ID", "id", "the directory of the cache that it is in", STRING, true, get_alias_id),
};

const struct safevma_table sv_table_slab_aliases = {
	.name = "slab-aliases",
	.row_member = "aliases",
	.row_columns = alias_columns,
	.row_count = sv_array_size(alias_columns),
	.next_row = next_alias,
	.wanted = wanted,
	.also = &sv_table_slab_settings,
};

/* ---- settings -------------------------------------------------------------------------------- */

/* Of the kernel's configuration, and words of its command line. */
static const struct {
	const char *name;
	bool boot;
	const char *help;
} settings[] = {
	{ "CONFIG_SLAB_MERGE_DEFAULT", false, "caches of like objects are merged" },
	{ "slab_nomerge", true, "no caches are merged" },
	{ "slub_nomerge", true, "the same" },
	{ "slab_merge", true, "caches are merged" },
	{ "CONFIG_SLUB_DEBUG", false, "checks can be switched on, cache by cache" },
	{ "CONFIG_SLUB_DEBUG_ON", false, "they are on at boot" },
	{ "slub_debug", true, "which checks, of which caches" },
	{ "slab_debug", true, "the same, since 6.10" },
	{ "CONFIG_SLAB_FREELIST_RANDOM", false, "objects of a slab are given out in random order" },
	{ "CONFIG_SLAB_FREELIST_HARDENED", false,
		"pointers in free objects are coded; a wrong one or a double free is mostly met" },
	{ "CONFIG_RANDOM_KMALLOC_CACHES", false, "kmalloc has copies of each cache (6.6)" },
	{ "CONFIG_SLAB_BUCKETS", false, "sizes that user space chooses have caches apart (6.11)" },
	{ "CONFIG_SLUB_CPU_PARTIAL", false, "CPUs keep partial slabs" },
	{ "CONFIG_INIT_ON_ALLOC_DEFAULT_ON", false, "objects are cleared when given out" },
	{ "CONFIG_INIT_ON_FREE_DEFAULT_ON", false, "objects are cleared when freed" },
	{ "init_on_alloc", true, "the former, at boot" },
	{ "init_on_free", true, "the latter, at boot" },
};

static bool next_setting(safevma_cursor *c)
{
	if (c->next_index >= sv_array_size(settings))
		return false;
	c->item = c->next_index++;
	return true;
}

static struct safevma_value get_setting(safevma_cursor *c)
{
	return sv_value_text(settings[c->item].name);
}

static struct safevma_value of_config(const safevma_cursor *c, const char *name)
{
	const struct sv_strbuf *config = &c->obs->config;
	struct sv_span value;

	if (!c->obs->config_known)
		return sv_value_unknown();
	return sv_kconfig_find(sv_text_init(config->ptr, config->len, "config"), name, &value, NULL)
		       ? sv_value_text("n")
		       : sv_value_span(value);
}

/* A word alone is "yes"; one that is not there, "no". The last of several counts. */
static struct safevma_value of_boot(const safevma_cursor *c, const char *name)
{
	const struct sv_strbuf *line = &c->obs->slabs.cmdline;
	struct sv_span rest = { line->ptr, line->len }, word;
	struct safevma_value v = sv_value_text("no");

	if (!c->obs->slabs.cmdline_known)
		return sv_value_unknown();
	rest = sv_trim(rest);
	for (sv_skip_blanks(&rest); sv_take_word(&rest, &word); sv_skip_blanks(&rest)) {
		if (sv_span_is(word, name))
			v = sv_value_text("yes");
		else if (sv_take_lit(&word, name) && sv_take_lit(&word, "="))
			v = sv_value_span(word);
	}
	return v;
}

static struct safevma_value get_value(safevma_cursor *c)
{
	const char *name = settings[c->item].name;

	return settings[c->item].boot ? of_boot(c, name) : of_config(c, name);
}

static struct safevma_value get_help(safevma_cursor *c)
{
	return sv_value_text(settings[c->item].help);
}

static const struct sv_column setting_columns[] = {
	SV_COL("SETTING", "setting", "option of the configuration, or word of the command line",
		STRING, true, get_setting),
	SV_COL("VALUE", "value", "y or n, yes or no, or what was given", STRING, true, get_value),
	SV_COL("MEANING", "meaning", "what it does", STRING, true, get_help),
};

const struct safevma_table sv_table_slab_settings = {
	.name = "slab-settings",
	.row_member = "slab_settings",
	.row_columns = setting_columns,
	.row_count = sv_array_size(setting_columns),
	.next_row = next_setting,
	.wanted = wanted,
};
