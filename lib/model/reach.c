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

struct sv_reached sv_reach_of(
	const safevma_observation *obs, const struct sv_vma *vma, const struct sv_frame *frame)
{
	const struct sv_reached unknown = answer(SV_REACH_UNKNOWN, SV_BASIS_NONE);
	enum sv_class class = frame ? sv_class_of(frame) : SV_CLASS_UNKNOWN;

	if (class == SV_CLASS_UNKNOWN || class == SV_CLASS_NOPAGE || class == SV_CLASS_HWPOISON ||
		class == SV_CLASS_OFFLINE || vma->secret == SV_SECRET_UNKNOWN)
		return unknown;
	if (vma->secret == SV_SECRET_YES)
		return sv_reach_secret_certain(obs->host.machine)
			       ? answer(SV_REACH_REMOVED, SV_BASIS_INFERRED)
			       : unknown;
	if (all_ram_mapped(obs->host.machine))
		return answer(SV_REACH_MAPPED, SV_BASIS_ASSUMED);
	return by_zone(obs, frame->pfn);
}
