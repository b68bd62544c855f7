// SPDX-License-Identifier: LGPL-2.1-or-later
#include "btf.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "base/error.h"

enum { DEPTH_MAX = 8, NOT_THERE = -1 };

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Offset in bits of a member, also in nameless structures and unions; or NOT_THERE. */
static long find_member(
	const struct btf *btf, const struct btf_type *t, const char *name, unsigned int depth)
{
	const struct btf_member *m = btf_members(t);

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const char *here = btf__name_by_offset(btf, m[i].name_off);
		long at = (long)btf_member_bit_offset(t, i), inner;
		const struct btf_type *type;

		if (here && !strcmp(here, name))
			return at;
		type = btf__type_by_id(btf, m[i].type);
		if ((here && *here) || !type || !btf_is_composite(type) || depth == DEPTH_MAX)
			continue;
		inner = find_member(btf, type, name, depth + 1);
		if (inner != NOT_THERE)
			return at + inner;
	}
	return NOT_THERE;
}

static int add_member(
	const struct btf *btf, const struct sv_btf_member *wanted, struct sv_strbuf *ret)
{
	int id = btf__find_by_name_kind(btf, wanted->structure, BTF_KIND_STRUCT);
	long bits = id < 0 ? NOT_THERE
			   : find_member(btf, btf__type_by_id(btf, (unsigned int)id),
				     wanted->member, 0);

	if (bits == NOT_THERE || bits % 8)
		return 0;
	return sv_strbuf_printf(ret, "%s.%s %ld\n", wanted->structure, wanted->member, bits / 8);
}

static int add_enumerators(const struct btf *btf, const struct btf_type *t, struct sv_strbuf *ret)
{
	const struct btf_enum *e = btf_enum(t);

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, e[i].name_off);

		if (name && !strncmp(name, SV_BTF_ENUMERATORS, strlen(SV_BTF_ENUMERATORS)) &&
			sv_strbuf_printf(ret, "%s %u\n", name, (unsigned int)e[i].val))
			return -1;
	}
	return 0;
}

static int add_all(const struct btf *btf, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < sv_btf_members_count; i++)
		if (add_member(btf, &sv_btf_members[i], ret))
			return -1;
	for (unsigned int id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_enum(t) && add_enumerators(btf, t, ret))
			return -1;
	}
	return 0;
}

int sv_btf_resolve(const void *data, size_t len, struct sv_strbuf *ret, struct safevma_error *err)
{
	size_t start = ret->len;
	struct btf *btf;
	int rc;

	libbpf_set_print(quiet);
	btf = len > UINT32_MAX ? NULL : btf__new(data, (unsigned int)len);
	if (!btf)
		return sv_error_set(err, SAFEVMA_E_FORMAT, 0, "/sys/kernel/btf/vmlinux", 0,
			"expected types as BTF, got %zu bytes that are none", len);
	rc = add_all(btf, ret);
	btf__free(btf);
	if (!rc)
		return 0;
	ret->len = start;
	return sv_error_nomem(err);
}
