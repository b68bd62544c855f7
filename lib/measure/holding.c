// SPDX-License-Identifier: LGPL-2.1-or-later
#include "holding.h"

#include "iface/kpage.h"

/* Slab and free memory tell by flags of their own; other classes need more than these. */
static bool became_another(enum sv_class class, uint64_t flags)
{
	bool slab = flags & SV_KPF_SLAB, free = flags & SV_KPF_BUDDY;

	return slab != (class == SV_CLASS_SLAB) || (free && class != SV_CLASS_FREE);
}

const struct sv_holding *sv_holding_of(
	const safevma_observation *obs, uint64_t pfn, enum sv_class class)
{
	const struct sv_holding *h =
		obs->holdings.made ? sv_holdings_of(&obs->holdings, pfn) : NULL;

	if (!h || h->changed || h->kind == SV_HELD_UNKNOWN || became_another(class, h->flags))
		return NULL;
	return h;
}

enum sv_source sv_source_by(const struct sv_holding *h, enum sv_class class)
{
	enum sv_source by_class = sv_class_info(class)->source, s;

	if (!h || h->contradiction)
		return by_class;
	if (h->basis == SV_HELD_BY_TABLES)
		return by_class;
	s = sv_held_source(h->kind);
	return s == SV_SOURCE_UNCLASSIFIED ? by_class : s;
}
