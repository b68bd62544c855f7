// SPDX-License-Identifier: LGPL-2.1-or-later
#include "table_holding.h"

struct safevma_value sv_held_kind_value(const struct sv_holding *h)
{
	return h ? sv_value_text(sv_held_name(h->kind)) : sv_value_unknown();
}

static struct safevma_value name_value(const safevma_cursor *c, uint32_t name)
{
	const char *text = sv_holdings_text(&c->obs->holdings, name);

	return text ? sv_value_text(text) : sv_value_unknown();
}

struct safevma_value sv_held_owner_value(safevma_cursor *c, const struct sv_holding *h)
{
	return h ? name_value(c, h->name) : sv_value_unknown();
}

struct safevma_value sv_held_basis_value(const struct sv_holding *h)
{
	return h ? sv_value_text(sv_held_basis_name(h->basis)) : sv_value_unknown();
}

struct safevma_value sv_held_head_value(const struct sv_holding *h)
{
	return h && h->order >= 0 ? sv_value_u64(SAFEVMA_TYPE_HEX, h->head) : sv_value_unknown();
}

struct safevma_value sv_held_order_value(const struct sv_holding *h)
{
	return h && h->order >= 0 ? sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)h->order)
				  : sv_value_unknown();
}

struct safevma_value sv_held_detail_value(safevma_cursor *c, const struct sv_holding *h)
{
	return h ? name_value(c, h->detail) : sv_value_unknown();
}

struct safevma_value sv_held_doubt_value(const struct sv_holding *h)
{
	return h ? sv_value_bool(h->contradiction) : sv_value_unknown();
}
