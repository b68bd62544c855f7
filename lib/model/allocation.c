// SPDX-License-Identifier: LGPL-2.1-or-later
#include "allocation.h"

#include <string.h>

#include "base/cleanup.h"

/*
 * Functions that tell, from the innermost on; the first that is met decides. A name ending in '*'
 * is the beginning of a name. What the compiler makes of a function (.isra.0, .constprop.0) and the
 * twins of allocation profiling (_noprof) belong to it.
 */
struct told {
	const char *name;
	enum sv_holder_kind kind;
};

static const struct told tells[] = {
	{ "register_early_stack", SV_HELD_UNKNOWN },
	{ "init_pages_in_zone", SV_HELD_UNKNOWN },
	{ "allocate_slab", SV_HELD_SLAB },
	{ "alloc_slab_page", SV_HELD_SLAB },
	{ "new_slab", SV_HELD_SLAB },
	{ "___slab_alloc", SV_HELD_SLAB },
	{ "__slab_alloc", SV_HELD_SLAB },
	{ "kmem_cache_alloc*", SV_HELD_SLAB },
	{ "__kmem_cache_alloc*", SV_HELD_SLAB },
	{ "kmalloc_large*", SV_HELD_LARGE },
	{ "__kmalloc_large*", SV_HELD_LARGE },
	{ "___kmalloc_large*", SV_HELD_LARGE },
	{ "kmalloc_order*", SV_HELD_LARGE },
	{ "pagetable_alloc", SV_HELD_TABLE },
	{ "pte_alloc_one*", SV_HELD_TABLE },
	{ "__pte_alloc*", SV_HELD_TABLE },
	{ "pmd_alloc_one*", SV_HELD_TABLE },
	{ "__pmd_alloc", SV_HELD_TABLE },
	{ "__pud_alloc", SV_HELD_TABLE },
	{ "__p4d_alloc", SV_HELD_TABLE },
	{ "pgd_alloc", SV_HELD_TABLE },
	{ "_pgd_alloc", SV_HELD_TABLE },
	{ "__change_page_attr*", SV_HELD_TABLE },
	{ "split_large_page", SV_HELD_TABLE },
	{ "alloc_thread_stack_node", SV_HELD_STACK },
	{ "vm_area_alloc_pages", SV_HELD_VMALLOC },
	{ "__vmalloc_area_node", SV_HELD_VMALLOC },
	{ "__vmalloc_node*", SV_HELD_VMALLOC },
	{ "pcpu_alloc_pages*", SV_HELD_PERCPU },
	{ "pcpu_populate_chunk", SV_HELD_PERCPU },
	{ "pcpu_create_chunk", SV_HELD_PERCPU },
	{ "kfence_alloc_pool*", SV_HELD_KFENCE },
	{ "do_anonymous_page", SV_HELD_USER },
	{ "alloc_anon_folio", SV_HELD_USER },
	{ "vma_alloc_folio", SV_HELD_USER },
	{ "vma_alloc_zeroed_movable_folio", SV_HELD_USER },
	{ "do_huge_pmd_*", SV_HELD_USER },
	{ "vma_alloc_anon_folio_pmd", SV_HELD_USER },
	{ "wp_page_copy", SV_HELD_USER },
	{ "do_wp_page", SV_HELD_USER },
	{ "do_cow_fault", SV_HELD_USER },
	{ "folio_prealloc", SV_HELD_USER },
	{ "alloc_charge_folio", SV_HELD_USER },
	{ "filemap_alloc_folio", SV_HELD_USER },
	{ "__filemap_get_folio*", SV_HELD_USER },
	{ "__page_cache_alloc", SV_HELD_USER },
	{ "page_cache_ra_*", SV_HELD_USER },
	{ "ra_alloc_folio", SV_HELD_USER },
	{ "pagecache_get_page", SV_HELD_USER },
	{ "grab_cache_page*", SV_HELD_USER },
	{ "do_read_cache_*", SV_HELD_USER },
	{ "shmem_alloc_*", SV_HELD_USER },
	{ "secretmem_fault", SV_HELD_USER },
	{ "alloc_buddy_hugetlb_folio*", SV_HELD_USER },
	{ "__read_swap_cache_async", SV_HELD_USER },
	{ "swap_cache_alloc_folio", SV_HELD_USER },
};

/* What the one who asked for memory mapped by vmalloc makes of it. */
static const struct told refines[] = {
	{ "alloc_thread_stack_node", SV_HELD_STACK },
	{ "dup_task_struct", SV_HELD_STACK },
	{ "copy_process", SV_HELD_STACK },
	{ "module_alloc", SV_HELD_MODULE },
	{ "execmem_*", SV_HELD_MODULE },
	{ "bpf_prog_pack_alloc", SV_HELD_MODULE },
	{ "load_module", SV_HELD_MODULE },
	{ "move_module", SV_HELD_MODULE },
};

/* The page allocator and what stands between it and those who ask. */
static const char *const allocators[] = {
	"__set_page_owner",
	"set_page_owner",
	"post_alloc_hook",
	"prep_new_page",
	"get_page_from_freelist",
	"__alloc_pages*",
	"alloc_pages*",
	"__alloc_frozen_pages*",
	"alloc_frozen_pages*",
	"folio_alloc*",
	"__folio_alloc*",
	"__get_free_pages",
	"get_free_pages",
	"get_zeroed_page",
	"alloc_page_interleave",
	"alloc_contig_*",
	"___kmalloc_large*",
	"__kmalloc_large*",
	"kmalloc_large*",
	"kmalloc_order*",
	"__kmalloc*",
	"kmalloc*",
	"kmem_cache_alloc*",
	"__kmem_cache_alloc*",
	"__do_kmalloc_node",
	"allocate_slab",
	"alloc_slab_page",
	"new_slab",
	"___slab_alloc",
	"__slab_alloc*",
	"refill_sheaf*",
	"__pcs_replace_empty_main",
	"alloc_from_pcs",
	"slab_alloc*",
	"__vmalloc*",
	"vmalloc*",
	"vzalloc*",
	"vm_area_alloc_pages",
	"kvmalloc*",
	"__kvmalloc*",
	"kzalloc*",
	"save_stack",
	"stack_depot_save*",
	"page_frag_alloc*",
	"__page_frag_*",
	"memdup_user",
	"vmemdup_user",
};

static const char *const twins[] = { "_noprof" };

/* Without what the compiler or the kernel's macros hang on to a name. */
static struct sv_span bare(struct sv_span name)
{
	const char *dot = memchr(name.ptr, '.', name.len);

	if (dot && dot > name.ptr)
		name.len = (size_t)(dot - name.ptr);
	for (size_t i = 0; i < sv_array_size(twins); i++)
		if (sv_span_ends(name, twins[i]) && name.len > strlen(twins[i]))
			name.len -= strlen(twins[i]);
	return name;
}

static bool matches(struct sv_span name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] != '*')
		return sv_span_is(name, pattern);
	return name.len >= n - 1 && !memcmp(name.ptr, pattern, n - 1);
}

static const struct told *lookup(const struct told *list, size_t n, struct sv_span name)
{
	for (size_t i = 0; i < n; i++)
		if (matches(name, list[i].name))
			return &list[i];
	return NULL;
}

static bool is_allocator(struct sv_span name)
{
	for (size_t i = 0; i < sv_array_size(allocators); i++)
		if (matches(name, allocators[i]))
			return true;
	return false;
}

struct sv_allocation sv_allocation_of(const struct sv_page_owner *record)
{
	struct sv_allocation a = { .kind = SV_HELD_PAGES };
	struct sv_span stack = record->stack, name;
	const struct told *first = NULL, *more;

	/*
	 * Up to the first that is no allocator's. What stands behind it is why that one ran: a
	 * fault of a process can make the kernel allocate for itself.
	 */
	while (!a.who.len && sv_page_owner_function(&stack, &name)) {
		name = bare(name);
		if (!first)
			first = lookup(tells, sv_array_size(tells), name);
		if (!is_allocator(name))
			a.who = name;
	}
	more = lookup(refines, sv_array_size(refines), a.who);
	if (first && more && first->kind == SV_HELD_VMALLOC)
		first = more;
	if (first)
		a.kind = first->kind;
	else if (!a.who.len)
		a.kind = SV_HELD_UNKNOWN; /* no stack, no one who asked */
	if (record->slab)
		a.kind = SV_HELD_SLAB;
	return a;
}
