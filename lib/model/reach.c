// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reach.h"

#include <string.h>

const char *sv_reach_name(enum sv_reach reach)
{
	static const char *const names[] = { "unknown", "mapped", "removed" };

	return names[reach];
}

const char *sv_basis_name(enum sv_basis basis)
{
	static const char *const names[] = { "", "observed", "inferred", "assumed" };

	return names[basis];
}

const char *sv_perm_name(enum sv_alias_perm perm)
{
	static const char *const names[] = { NULL, "rw", "ro" };

	return names[perm];
}

static bool is_one_of(const char *machine, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(machine, *list))
			return true;
	return false;
}

bool sv_reach_secret_certain(const char *machine)
{
	static const char *const certain[] = { "x86_64", "i386", "i486", "i586", "i686", "riscv64",
		"s390x", "loongarch64", NULL };

	return is_one_of(machine, certain);
}

static bool all_ram_mapped(const char *machine)
{
	static const char *const wide[] = { "x86_64", "aarch64", "riscv64", "s390x", "loongarch64",
		"ppc64", "ppc64le", NULL };

	return is_one_of(machine, wide);
}

static struct sv_reached answer(enum sv_reach reach, enum sv_basis basis)
{
	return (struct sv_reached) { .reach = reach, .basis = basis };
}

/* On machines with HighMem what lies there has no linear address; below, it is mapped. */
static struct sv_reached by_zone(const safevma_observation *obs, uint64_t pfn)
{
	if (!obs->zones_known)
		return answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	if (obs->highmem_start_pfn.known && pfn >= obs->highmem_start_pfn.value)
		return answer(SV_REACH_REMOVED, SV_BASIS_INFERRED);
	return answer(SV_REACH_MAPPED, SV_BASIS_ASSUMED);
}

static struct sv_reached inferred(
	const safevma_observation *obs, const struct sv_vma *vma, const struct sv_frame *frame)
{
	if (vma->secret == SV_SECRET_UNKNOWN)
		return answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	if (vma->secret == SV_SECRET_YES)
		return sv_reach_secret_certain(obs->host.machine)
			       ? answer(SV_REACH_REMOVED, SV_BASIS_INFERRED)
			       : answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	if (all_ram_mapped(obs->host.machine))
		return answer(SV_REACH_MAPPED, SV_BASIS_ASSUMED);
	return by_zone(obs, frame->pfn);
}

/* Of frames in no pool they are looked for on request alone. */
static bool others_looked_for(
	const safevma_observation *obs, const struct sv_kernelmap *map, const struct sv_vma *vma)
{
	return map->others_known && !map->others_cut && (obs->aliases || sv_vma_pooled(vma));
}

static struct sv_num count_others(const safevma_observation *obs, const struct sv_kernelmap *map,
	const struct sv_vma *vma, uint64_t pfn)
{
	uint64_t n = 0;
	size_t at = 0;

	while (sv_kernelmap_other(map, pfn, &at))
		n++;
	/* Some that were found count even where not all could be looked for. */
	return n || others_looked_for(obs, map, vma) ? sv_known(n) : (struct sv_num) { 0 };
}

static struct sv_reached of_extent(const struct sv_linear_extent *x)
{
	struct sv_reached r = answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);

	switch (x->alias) {
	case SV_ALIAS_RW:
	case SV_ALIAS_RO:
		r = answer(SV_REACH_MAPPED, SV_BASIS_OBSERVED);
		r.perm = x->alias == SV_ALIAS_RW ? SV_ALIAS_PERM_RW : SV_ALIAS_PERM_RO;
		break;
	case SV_ALIAS_ABSENT:
		r = answer(SV_REACH_REMOVED, SV_BASIS_OBSERVED);
		break;
	case SV_ALIAS_UNKNOWN:
		r.why = x->why;
		break;
	case SV_ALIAS_NONE:
		r.why = SV_ALIAS_WHY_UNLISTED;
		break;
	}
	return r;
}

/* Beyond the linear map there is HighMem on 32-bit machines, and elsewhere nothing that we know. */
static struct sv_reached observed(const safevma_observation *obs, const struct sv_kernelmap *map,
	const struct sv_vma *vma, const struct sv_frame *frame)
{
	const struct sv_linear_extent *x = sv_kernelmap_find(map, frame->pfn);
	struct sv_reached r;

	if (!x && !all_ram_mapped(obs->host.machine)) {
		r = inferred(obs, vma, frame);
	} else if (!x) {
		r = answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
		r.why = SV_ALIAS_WHY_OUTSIDE;
	} else {
		r = of_extent(x);
		r.alias = sv_known((frame->pfn << map->page_shift) + map->delta);
	}
	r.others = count_others(obs, map, vma, frame->pfn);
	return r;
}

struct sv_reached sv_reach_of(const safevma_observation *obs, const struct sv_kernelmap *kernel,
	const struct sv_vma *vma, const struct sv_frame *frame)
{
	enum sv_class class = frame ? sv_class_of(frame) : SV_CLASS_UNKNOWN;

	if (class == SV_CLASS_UNKNOWN || class == SV_CLASS_NOPAGE)
		return answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	if (kernel && kernel->made)
		return observed(obs, kernel, vma, frame);
	if (class == SV_CLASS_HWPOISON || class == SV_CLASS_OFFLINE)
		return answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	return inferred(obs, vma, frame);
}
