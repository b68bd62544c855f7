// SPDX-License-Identifier: LGPL-2.1-or-later
/* Caches out of the two texts, each malformed in many ways, and how they are joined. */
#include "unit.h"

#include <stdio.h>

#include "iface/slabdir.h"
#include "model/slab.h"

static const char tree[] = "cache :0000048\n align 8\n object_size 48\n order 0\n slabs 5 N0=5\n"
			   " cpu_partial !13\n ctor \n"
			   "cache dentry\n object_size 192\n order 1\n slabs 7 N0=3 N1=4\n"
			   " slab_size 192\n objs_per_slab 42\n total_objects 294\n"
			   " slabs_cpu_partial 128(4) C0=96(3) C1=32(1)\n trace 1\n"
			   " ctor init_once+0x0/0x10\n"
			   "alias Acpi-Namespace :0000048\n"
			   "alias two words :0000048\n"
			   "alias lost :0000999\n";

#define HEADING                                                                                    \
	"slabinfo - version: 2.1\n"                                                                \
	"# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables\n"
#define TAIL " : tunables    0    0    0 : slabdata      5      6      0\n"

static const char info[] = HEADING "two words 1 2 48 85 1" TAIL "dentry 3 4 192 21 1" TAIL
				   "of:nobody 0 0 8 512 1" TAIL;

static void parse(struct sv_slabs *s, const char *text, const char *list, int expected)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sv_strbuf_add(&s->text, text, strlen(text)), 0);
	assert_int_equal(sv_strbuf_add(&s->info_text, list, strlen(list)), 0);
	assert_int_equal(sv_slabs_parse(s, NULL), expected);
}

static void joined(void **state)
{
	struct sv_slabs s;
	const struct sv_slab_cache *c;

	(void)state;
	parse(&s, tree, info, 0);
	assert_int_equal(s.caches.len, 2);
	assert_int_equal(s.aliases.len, 3);
	assert_int_equal(s.unlisted, 1);
	c = &s.caches.ptr[0]; /* 14 frames before 5 */
	assert_span(c->name, "dentry");
	assert_num(sv_slab_frames(c), 14);
	assert_num(c->cpu_partial_slabs, 128);
	assert_num(c->trace, 1);
	assert_span(c->ctor, "init_once+0x0/0x10");
	assert_true(c->listed);
	assert_int_equal(c->info.active_objects, 3);
	assert_int_equal(c->info.slabs, 6);
	c = &s.caches.ptr[1];
	assert_span(c->id, ":0000048");
	assert_span(c->name, "two words");
	assert_num(c->object_size, 48);
	assert_unknown(c->cpu_partial);
	assert_true(c->unreadable);
	assert_unknown(c->sheaf_capacity); /* there is no such file: not 0 */
	assert_unknown(c->red_zone);
	assert_true(c->ctor_known && !c->ctor.len);
	sv_slabs_fini(&s);
}

/* Without slabinfo a merged cache has the first of its aliases for a name. */
static void without_slabinfo(void **state)
{
	struct sv_slabs s;

	(void)state;
	parse(&s, tree, "", 0);
	assert_span(s.caches.ptr[1].name, "Acpi-Namespace");
	assert_false(s.caches.ptr[1].listed);
	for (size_t i = 0; i < s.aliases.len; i++)
		assert_int_equal(s.aliases.ptr[i].cache,
			sv_span_is(s.aliases.ptr[i].name, "lost") ? SIZE_MAX : 1);
	sv_slabs_fini(&s);
}

/*
 * Slabs of two sizes: 19 objects of 832 bytes in 4 frames of 4096, 4 in one. 5 slabs of the one and
 * 7 of the other have room for 123 and take 27 frames, not 48.
 */
static void small_slabs(void **state)
{
	static const struct {
		uint64_t order, size, most, slabs, objects, frames;
	} rows[] = {
		{ 2, 832, 19, 12, 123, 27 },
		{ 2, 832, 19, 12, 228, 48 }, /* all of its order */
		{ 2, 832, 19, 12, 48, 12 },  /* none */
		{ 2, 832, 19, 12, 300, 48 }, /* a slab came between two readings */
		{ 2, 832, 19, 12, 0, 12 },
		{ 3, 9728, 3, 10, 24, 68 },  /* 4 frames at least: 1 object; 7 of 8, 3 of 4 */
		{ 3, 20480, 1, 10, 10, 80 }, /* 8 frames at least */
		{ 1, 12288, 10, 3, 25, 5 },  /* pages of 64 KiB: 2 of 2 frames, 1 of one */
		{ 0, 64, 64, 9, 576, 9 },
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(rows); i++) {
		struct sv_slab_cache c = { .order = sv_known(rows[i].order),
			.slab_size = sv_known(rows[i].size),
			.objs_per_slab = sv_known(rows[i].most),
			.slabs = sv_known(rows[i].slabs),
			.objects = sv_known(rows[i].objects) };

		assert_num(sv_slab_frames(&c), rows[i].frames);
		c.objects.known = false;
		if (rows[i].order)
			assert_unknown(sv_slab_frames(&c));
	}
}

static void malformed(void **state)
{
	static const char *const trees[] = { "cache \n", "alias x\n", "alias :x\n", "slabs 5\n",
		"\n", " \n" };
	static const char *const lists[] = { "x 1 2 3 4" TAIL, "1 2 3 4 5" TAIL, "x 1 2 3 4 5\n",
		"x 1 2 y 4 5" TAIL, "x 1 2 3 4 5 : tunables 0 0 : slabdata 1 2 3\n", "\n" };
	struct sv_slabs s;

	(void)state;
	for (size_t i = 0; i < sv_array_size(trees); i++) {
		parse(&s, trees[i], "", 1);
		sv_slabs_fini(&s);
	}
	for (size_t i = 0; i < sv_array_size(lists); i++) {
		parse(&s, tree, lists[i], 1);
		sv_slabs_fini(&s);
	}
}

/* Each line of real systems, told apart by the number of slabs that they have in all. */
static void fixtures(void **state)
{
	static const char *const paths[] = { "deb61cloud/slabinfo", "deb612cloud/slabinfo",
		"deb72cloud/slabinfo" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(paths); i++) {
		struct sv_text t = fixture(paths[i]);
		struct sv_slabinfo n;
		size_t rows = 0;

		for (; sv_slabinfo_next(&t, &n, NULL) > 0; rows++) {
			assert_true(n.name.len > 0 && n.object_bytes > 0);
			assert_true(n.active_objects <= n.objects);
			assert_int_equal(n.objects, n.slabs * n.objects_per_slab);
		}
		assert_true(rows > 50);
		assert_int_equal(sv_slabinfo_next(&t, &n, NULL), 0);
	}
}

static void read_all(struct sv_text text)
{
	struct sv_text again = text;
	struct sv_slabdir_line l;
	struct sv_slabinfo n;

	while (sv_slabdir_next(&text, &l, NULL) > 0)
		sv_slabdir_number(l.value);
	while (sv_slabinfo_next(&again, &n, NULL) > 0)
		assert_true(n.name.len > 0);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(sv_text_init(tree, sizeof(tree) - 1, "test"), 500, read_all);
	each_damage(sv_text_init(info, sizeof(info) - 1, "test"), 500, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined),
		cmocka_unit_test(without_slabinfo),
		cmocka_unit_test(small_slabs),
		cmocka_unit_test(malformed),
		cmocka_unit_test(fixtures),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
