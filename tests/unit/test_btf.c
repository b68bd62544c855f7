// SPDX-License-Identifier: LGPL-2.1-or-later
/* Both readers of BTF, by libbpf and by libc alone, against types that are made here. */
#include "unit.h"

#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>

#define sv_btf_resolve sv_btf_resolve_libc
#include "../../lib/iface/btf_libc.c" // the stand-in, under another name
#undef sv_btf_resolve
int sv_btf_resolve(const void *data, size_t len, struct sv_strbuf *ret, struct safevma_error *err);

typedef int resolver(
	const void *data, size_t len, struct sv_strbuf *ret, struct safevma_error *err);
static resolver *const readers[] = { sv_btf_resolve, sv_btf_resolve_libc };

/* Types and their names, as they are put together. */
struct maker {
	struct sv_strbuf types, strings;
	uint32_t count;
};

static uint32_t name(struct maker *m, const char *text)
{
	uint32_t at = (uint32_t)m->strings.len;

	if (!*text)
		return 0;
	assert_int_equal(sv_strbuf_add(&m->strings, text, strlen(text) + 1), 0);
	return at;
}

static void word(struct maker *m, uint32_t v)
{
	assert_int_equal(sv_strbuf_add(&m->types, &v, sizeof(v)), 0);
}

static uint32_t type(struct maker *m, const char *text, uint32_t kind, uint32_t n, uint32_t size)
{
	word(m, name(m, text));
	word(m, kind << 24 | n);
	word(m, size);
	return ++m->count;
}

static void part(struct maker *m, const char *text, uint32_t of, uint32_t bits)
{
	word(m, name(m, text));
	word(m, of);
	word(m, bits);
}

/*
 * An integer; struct slab { long; union { struct { long slab_cache; }; }; }; struct kmem_cache with
 * a bit field before name, whose offset it says in another way; enum with types of pages.
 */
static void make(struct maker *m, struct sv_strbuf *ret)
{
	struct btf_header h = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(h) };
	uint32_t number, inner, either;

	*m = (struct maker) { 0 };
	assert_int_equal(sv_strbuf_add(&m->strings, "", 1), 0);
	number = type(m, "long", BTF_KIND_INT, 0, 8);
	word(m, 64);
	inner = type(m, "", BTF_KIND_STRUCT, 2, 16);
	part(m, "first", number, 0);
	part(m, "slab_cache", number, 64);
	either = type(m, "", BTF_KIND_UNION, 1, 16);
	part(m, "", inner, 0);
	type(m, "slab", BTF_KIND_STRUCT, 2, 24);
	part(m, "__page_flags", number, 0);
	part(m, "", either, 64);
	type(m, "kmem_cache", BTF_KIND_STRUCT | 1 << 7, 3, 32);
	part(m, "few", number, 3u << 24 | 0);
	part(m, "name", number, 0u << 24 | 128);
	part(m, "size", number, 5u << 24 | 195);
	type(m, "pagetype", BTF_KIND_ENUM, 3, 4);
	word(m, name(m, "PGTY_buddy"));
	word(m, 0xf0);
	word(m, name(m, "PGTY_slab"));
	word(m, 0xf5);
	word(m, name(m, "OTHER"));
	word(m, 1);
	h.type_len = (uint32_t)m->types.len;
	h.str_off = h.type_len;
	h.str_len = (uint32_t)m->strings.len;
	assert_int_equal(sv_strbuf_add(ret, &h, sizeof(h)), 0);
	assert_int_equal(sv_strbuf_add(ret, m->types.ptr, m->types.len), 0);
	assert_int_equal(sv_strbuf_add(ret, m->strings.ptr, m->strings.len), 0);
	sv_strbuf_fini(&m->types);
	sv_strbuf_fini(&m->strings);
}

/* Nameless structures are looked into; a bit field that begins in no byte is none of ours. */
static void finds_members(void **state)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 };
	struct maker m;

	(void)state;
	make(&m, &data);
	for (size_t i = 0; i < sv_array_size(readers); i++) {
		sv_auto_strbuf struct sv_strbuf text = { 0 };

		assert_int_equal(sv_strbuf_add(&text, "before\n", 7), 0);
		assert_int_equal(readers[i](data.ptr, data.len, &text, NULL), 0);
		assert_string_equal(text.ptr, "before\nslab.slab_cache 16\nkmem_cache.name 16\n"
					      "PGTY_buddy 240\nPGTY_slab 245\n");
	}
}

static void what_is_no_btf(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(readers); i++) {
		sv_auto_strbuf struct sv_strbuf text = { 0 };
		struct safevma_error err = { 0 };

		assert_int_equal(readers[i]("", 0, &text, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_FORMAT);
		assert_int_equal(
			readers[i]("no types here, but longer than a header", 39, &text, &err), -1);
		assert_int_equal(text.len, 0);
	}
}

static void read_both(struct sv_text t)
{
	for (size_t i = 0; i < sv_array_size(readers); i++) {
		sv_auto_strbuf struct sv_strbuf text = { 0 };

		if (readers[i](t.rest.ptr, t.rest.len, &text, NULL))
			assert_int_equal(text.len, 0);
	}
}

static void damaged(void **state)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 };
	struct maker m;

	(void)state;
	make(&m, &data);
	each_damage(sv_text_init(data.ptr, data.len, "test"), data.len, read_both);
}

/* What this machine's kernel says of itself, read by both. */
static void the_kernel_here(void **state)
{
	sv_auto_strbuf struct sv_strbuf data = { 0 }, a = { 0 }, b = { 0 };
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "r");
	size_t n = 1;

	(void)state;
	if (!f) {
		print_message("no /sys/kernel/btf/vmlinux here\n");
		skip();
	}
	while (n) {
		assert_int_equal(sv_strbuf_reserve(&data, 1 << 20), 0);
		n = fread(data.ptr + data.len, 1, 1 << 20, f);
		data.len += n;
	}
	fclose(f);
	assert_int_equal(sv_btf_resolve(data.ptr, data.len, &a, NULL), 0);
	assert_int_equal(sv_btf_resolve_libc(data.ptr, data.len, &b, NULL), 0);
	assert_string_equal(a.ptr, b.ptr);
	assert_non_null(strstr(a.ptr, "kmem_cache.name "));
	assert_non_null(strstr(a.ptr, ".slab_cache "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_members),
		cmocka_unit_test(what_is_no_btf),
		cmocka_unit_test(damaged),
		cmocka_unit_test(the_kernel_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
