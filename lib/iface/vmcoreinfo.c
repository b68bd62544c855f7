// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcoreinfo.h"

#include <string.h>

#include "base/error.h"

enum syntax { HEX, NUMBER };

static const struct key {
	const char *name;
	enum syntax syntax;
	size_t at;
} keys[] = {
#define KEY(name, syntax, member)                                                                  \
	{                                                                                          \
		name, syntax, offsetof(struct sv_vmcoreinfo, member)                               \
	}
	KEY("PAGESIZE", NUMBER, page_size),
	KEY("SYMBOL(swapper_pg_dir)", HEX, swapper_pg_dir),
	KEY("SYMBOL(init_top_pgt)", HEX, init_top_pgt),
	KEY("SYMBOL(_stext)", HEX, stext),
	KEY("SYMBOL(vmemmap)", HEX, vmemmap),
	KEY("NUMBER(phys_base)", NUMBER, phys_base),
	KEY("NUMBER(pgtable_l5_enabled)", NUMBER, l5_enabled),
	KEY("NUMBER(sme_mask)", NUMBER, sme_mask),
	KEY("NUMBER(VA_BITS)", NUMBER, va_bits),
	KEY("NUMBER(TCR_EL1_T1SZ)", NUMBER, t1sz),
	KEY("NUMBER(PHYS_OFFSET)", NUMBER, phys_offset),
	KEY("NUMBER(kimage_voffset)", NUMBER, kimage_voffset),
	KEY("NUMBER(va_kernel_pa_offset)", NUMBER, va_kernel_pa_offset),
	KEY("NUMBER(PAGE_OFFSET)", NUMBER, page_offset),
	KEY("NUMBER(phys_ram_base)", NUMBER, phys_ram_base),
	KEY("NUMBER(VMALLOC_START)", NUMBER, vmalloc_start),
	KEY("SIZE(page)", NUMBER, page_struct),
	KEY("OFFSET(page.flags)", NUMBER, page_flags),
	KEY("OFFSET(page._mapcount)", NUMBER, page_mapcount),
	KEY("OFFSET(page._refcount)", NUMBER, page_refcount),
	KEY("OFFSET(page.compound_head)", NUMBER, page_compound_head),
	KEY("OFFSET(page.compound_info)", NUMBER, page_compound_info),
	KEY("NUMBER(PG_slab)", NUMBER, pg_slab),
	KEY("NUMBER(PG_head_mask)", NUMBER, pg_head_mask),
	KEY("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", NUMBER, buddy_value),
	KEY("NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)", NUMBER, slab_value),
	KEY("SYMBOL(mem_section)", HEX, mem_section),
	KEY("SIZE(mem_section)", NUMBER, section_struct),
	KEY("NUMBER(SECTION_SIZE_BITS)", NUMBER, section_bits),
#undef KEY
};

static const struct key *find_key(struct sv_span name)
{
	for (size_t i = 0; i < sv_array_size(keys); i++)
		if (sv_span_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* VMALLOC_START is generic from 6.9 on: decimal there, 0x-hexadecimal where the arch writes it. */
static bool take_value(struct sv_span s, enum syntax syntax, uint64_t *ret)
{
	bool negative;

	if (syntax == HEX || sv_take_lit(&s, "0x"))
		return sv_take_hex(&s, ret) && !s.len;
	negative = sv_take_lit(&s, "-");
	if (!sv_take_dec(&s, ret) || s.len)
		return false;
	*ret = negative ? -*ret : *ret;
	return true;
}

int sv_vmcoreinfo_parse(struct sv_text text, struct sv_vmcoreinfo *ret, struct safevma_error *err)
{
	struct sv_vmcoreinfo v = { 0 };
	struct sv_span line, name;

	while (sv_text_line(&text, &line)) {
		struct sv_span rest = line;
		const struct key *key;
		struct sv_num *n;

		if (!sv_take_until(&rest, '=', &name))
			continue;
		v.pae |= sv_span_is(line, "CONFIG_X86_PAE=y");
		key = find_key(name);
		if (!key)
			continue;
		n = (struct sv_num *)(void *)((char *)&v + key->at);
		if (!take_value(rest, key->syntax, &n->value))
			return sv_text_error(&text, err, "a number after '='", line);
		n->known = true;
	}
	*ret = v;
	return 0;
}
