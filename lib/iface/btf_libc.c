// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stand-in for btf.c in the recorder: looks for the same in BTF with libc alone, because a
 *recording of several megabytes for a dozen numbers is none that a small device can make. Both are
 *held against each other in the tests. include/uapi/linux/btf.h
 *
 *	header	magic 0xeb9f, version 1; offsets of types and strings, counted from its end
 *	type	name, info (kind in bits 24-28, number of parts in 0-15), size or type; then its
 *parts
 */
#include <linux/btf.h>
#include <string.h>

#include "base/error.h"
#include "base/vec.h"
#include "btf.h"

enum {
	MAGIC = 0xeb9f,
	DEPTH_MAX = 8,
	NOT_THERE = -1,
	TYPES_MAX = 1 << 22,
	/* Newer than some headers that this is built with; by number. */
	KIND_MAX = 20,
};

struct types {
	const char *strings;
	size_t strings_len;
	const struct btf_type **ptr; /* [0] is void */
	size_t len, cap;
};

/* Bytes behind struct btf_type, of each kind: fixed, and for each part. */
static const struct {
	unsigned int fixed, part;
} parts[KIND_MAX] = {
	[1] = { 4, 0 },	  /* INT */
	[3] = { 12, 0 },  /* ARRAY */
	[4] = { 0, 12 },  /* STRUCT */
	[5] = { 0, 12 },  /* UNION */
	[6] = { 0, 8 },	  /* ENUM */
	[13] = { 0, 8 },  /* FUNC_PROTO */
	[14] = { 4, 0 },  /* VAR */
	[15] = { 0, 12 }, /* DATASEC */
	[17] = { 4, 0 },  /* DECL_TAG */
	[19] = { 0, 12 }, /* ENUM64 */
};

static const char *string(const struct types *t, uint32_t at)
{
	return at < t->strings_len ? t->strings + at : "";
}

static int add_type(struct types *t, const struct btf_type *type)
{
	const struct btf_type **fresh = sv_vec_push(t);

	if (!fresh)
		return -1;
	*fresh = type;
	return 0;
}

/* 1; 0: malformed; -1: memory is out. */
static int list_types(struct types *t, const char *at, size_t len)
{
	if (add_type(t, NULL))
		return -1;
	while (len) {
		const struct btf_type *type = (const void *)at;
		unsigned int kind;
		size_t size;

		if (len < sizeof(*type) || t->len == TYPES_MAX)
			return 0;
		kind = BTF_INFO_KIND(type->info);
		if (kind >= KIND_MAX)
			return 0;
		size = sizeof(*type) + parts[kind].fixed +
		       (size_t)parts[kind].part * BTF_INFO_VLEN(type->info);
		if (size > len)
			return 0;
		if (add_type(t, type))
			return -1;
		at += size;
		len -= size;
	}
	return 1;
}

static bool composite(const struct btf_type *t)
{
	return t && (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT ||
			    BTF_INFO_KIND(t->info) == BTF_KIND_UNION);
}

static long find_member(
	const struct types *types, const struct btf_type *t, const char *name, unsigned int depth)
{
	const struct btf_member *m = (const void *)(t + 1);

	for (unsigned int i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		const char *here = string(types, m[i].name_off);
		const struct btf_type *type = m[i].type < types->len ? types->ptr[m[i].type] : NULL;
		long at = BTF_INFO_KFLAG(t->info) ? (long)BTF_MEMBER_BIT_OFFSET(m[i].offset)
						  : (long)m[i].offset;
		long inner;

		if (!strcmp(here, name))
			return at;
		if (*here || !composite(type) || depth == DEPTH_MAX)
			continue;
		inner = find_member(types, type, name, depth + 1);
		if (inner != NOT_THERE)
			return at + inner;
	}
	return NOT_THERE;
}

static const struct btf_type *find_struct(const struct types *t, const char *name)
{
	for (size_t i = 1; i < t->len; i++)
		if (BTF_INFO_KIND(t->ptr[i]->info) == BTF_KIND_STRUCT &&
			!strcmp(string(t, t->ptr[i]->name_off), name))
			return t->ptr[i];
	return NULL;
}

static int add_member(
	const struct types *t, const struct sv_btf_member *wanted, struct sv_strbuf *ret)
{
	const struct btf_type *s = find_struct(t, wanted->structure);
	long bits = s ? find_member(t, s, wanted->member, 0) : NOT_THERE;

	if (bits == NOT_THERE || bits % 8)
		return 0;
	return sv_strbuf_printf(ret, "%s.%s %ld\n", wanted->structure, wanted->member, bits / 8);
}

static int add_enumerators(
	const struct types *t, const struct btf_type *type, struct sv_strbuf *ret)
{
	const struct btf_enum *e = (const void *)(type + 1);

	if (BTF_INFO_KIND(type->info) != BTF_KIND_ENUM)
		return 0;
	for (unsigned int i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		const char *name = string(t, e[i].name_off);

		if (!strncmp(name, SV_BTF_ENUMERATORS, strlen(SV_BTF_ENUMERATORS)) &&
			sv_strbuf_printf(ret, "%s %u\n", name, (unsigned int)e[i].val))
			return -1;
	}
	return 0;
}

static int add_all(const struct types *t, struct sv_strbuf *ret)
{
	for (size_t i = 0; i < sv_btf_members_count; i++)
		if (add_member(t, &sv_btf_members[i], ret))
			return -1;
	for (size_t i = 1; i < t->len; i++)
		if (add_enumerators(t, t->ptr[i], ret))
			return -1;
	return 0;
}

/* Types and strings of a file in this machine's byte order. 1; 0: malformed; -1. */
static int take_sections(struct types *t, const char *data, size_t len)
{
	struct btf_header h;
	size_t rest;

	if (len < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	if (h.magic != MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) ||
		h.hdr_len > len || h.hdr_len % 4 || h.type_off % 4 || h.type_len % 4)
		return 0;
	rest = len - h.hdr_len;
	if (h.type_off > rest || h.type_len > rest - h.type_off || h.str_off > rest ||
		h.str_len > rest - h.str_off || !h.str_len)
		return 0;
	t->strings = data + h.hdr_len + h.str_off;
	t->strings_len = h.str_len;
	if (t->strings[0] || t->strings[h.str_len - 1])
		return 0;
	return list_types(t, data + h.hdr_len + h.type_off, h.type_len);
}

int sv_btf_resolve(const void *data, size_t len, struct sv_strbuf *ret, struct safevma_error *err)
{
	struct types t = { 0 };
	size_t start = ret->len;
	int rc = take_sections(&t, data, len);

	if (rc > 0 && add_all(&t, ret))
		rc = -1;
	sv_vec_fini(&t);
	if (rc > 0)
		return 0;
	ret->len = start;
	if (rc < 0)
		return sv_error_nomem(err);
	return sv_error_set(err, SAFEVMA_E_FORMAT, 0, "/sys/kernel/btf/vmlinux", 0,
		"expected types as BTF, got %zu bytes that are none", len);
}
