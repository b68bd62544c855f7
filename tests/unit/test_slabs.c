// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where frames of slab memory lie: sums frame by frame, the order of exposure, two looks. */
#include "unit.h"

#include "measure/slabgrowth.h"
#include "model/slab.h"

enum { ORDER = 3, USER = SV_CLASS_ANON | SV_PIECE_MAPPED, UNMAPPED = SV_CLASS_ANON };

static void meet(struct sv_slab_view *v, uint64_t address, const char *name)
{
	struct sv_seen_cache *k = sv_vec_push(&v->caches);

	assert_non_null(k);
	k->address = address;
	k->name = name ? strdup(name) : NULL;
}

static void begin(struct sv_slab_view *v)
{
	*v = (struct sv_slab_view) { .made = true,
		.told = true,
		.blocks_known = true,
		.keep = true,
		.block_order = ORDER,
		.zones = 2 };
	meet(v, 0x100, "dentry");
	meet(v, 0x200, "filp");
}

static void add(struct sv_slab_view *v, uint64_t pfn, uint32_t cache, uint8_t below, uint8_t above)
{
	struct sv_slab_frame f = { .pfn = pfn,
		.zone = pfn < 16 ? 0 : 1,
		.below = below,
		.above = above,
		.shared = pfn >> ORDER == 2,
		.head = !(pfn & 1) };

	assert_int_equal(sv_slab_count_all(v, &f), 0);
	assert_int_equal(sv_slab_count(v, &f, SV_SLAB_CACHES, cache), 0);
}

static void sums(void **state)
{
	struct sv_slab_view v;
	const struct sv_slab_place *p;

	(void)state;
	begin(&v);
	add(&v, 4, 0, SV_CLASS_PGTABLE, SV_CLASS_SLAB);
	add(&v, 5, 0, SV_CLASS_SLAB, USER);
	add(&v, 7, 1, USER, USER);
	add(&v, 8, 0, UNMAPPED, UNMAPPED);
	add(&v, 16, 0, SV_CLASS_FREE, SV_CLASS_PGTABLE);
	p = &v.caches.ptr[0].place;
	assert_int_equal(p->frames, 4);
	assert_int_equal(v.caches.ptr[0].slabs, 3);
	assert_int_equal(p->blocks, 3);
	assert_int_equal(p->shared, 1);
	assert_int_equal(p->edges.user_over, 1);
	assert_int_equal(p->edges.user_under, 0);
	assert_int_equal(p->edges.table_over, 1);
	assert_int_equal(p->edges.table_under, 1);
	assert_int_equal(p->zones[0], 3);
	assert_int_equal(p->zones[1], 1);
	assert_int_equal(v.caches.ptr[1].place.edges.user_under, 1);
	p = &v.parts[SV_SLAB_ALL];
	assert_int_equal(p->frames, 5);
	assert_int_equal(p->blocks, 3); /* two caches in one of them */
	assert_int_equal(p->edges.user_over, 2);
	assert_memory_equal(
		&p->edges, &v.parts[SV_SLAB_CACHES].edges, sizeof(struct sv_slab_edges));
	assert_int_equal(v.blocks.len, 4);
	assert_int_equal(v.blocks.ptr[0].frames, 2);
	sv_slab_view_fini(&v);
}

/* An object of a cache in KFENCE's pool is in none of its slabs. */
static void parts(void **state)
{
	struct sv_slab_frame f = { .pfn = 9, .above = USER };
	struct sv_slab_view v;

	(void)state;
	begin(&v);
	assert_int_equal(sv_slab_count(&v, &f, SV_SLAB_KFENCE, 0), 0);
	assert_int_equal(sv_slab_count(&v, &f, SV_SLAB_KFENCE, SV_NO_CACHE), 0);
	assert_int_equal(sv_slab_count(&v, &f, SV_SLAB_UNNAMED, SV_NO_CACHE), 0);
	assert_int_equal(sv_slab_count(&v, &f, SV_SLAB_CHANGED, SV_NO_CACHE), 0);
	assert_int_equal(v.caches.ptr[0].kfence, 1);
	assert_int_equal(v.caches.ptr[0].place.frames, 0);
	assert_int_equal(v.parts[SV_SLAB_KFENCE].frames, 2);
	assert_int_equal(v.parts[SV_SLAB_UNNAMED].frames, 1);
	assert_int_equal(v.parts[SV_SLAB_CHANGED].edges.user_over, 1);
	assert_int_equal(v.blocks.len, 0);
	sv_slab_view_fini(&v);
}

static const char tree[] = "cache dentry\n object_size 192\n order 0\n slabs 7\n"
			   "cache :0000256\n object_size 256\n order 1\n slabs 9\n"
			   " slab_size 256\n objs_per_slab 32\n total_objects 288\n"
			   "alias filp :0000256\nalias pid :0000256\n";

static void parse(struct sv_slabs *s)
{
	assert_int_equal(sv_strbuf_add(&s->text, tree, strlen(tree)), 0);
	assert_int_equal(sv_slabs_parse(s, NULL), 0);
}

static void by_exposure(void **state)
{
	struct sv_slabs s = { .made = false };

	(void)state;
	begin(&s.view);
	meet(&s.view, 0x300, "unlisted");
	meet(&s.view, 0x400, "filp"); /* by the name of one that is there already */
	meet(&s.view, 0x500, NULL);
	parse(&s);
	assert_span(s.caches.ptr[0].id, ":0000256");
	add(&s.view, 4, 0, SV_CLASS_PGTABLE, USER);
	add(&s.view, 6, 1, SV_CLASS_PGTABLE, SV_CLASS_PGTABLE);
	add(&s.view, 8, 2, USER, USER);
	add(&s.view, 9, 3, SV_CLASS_FREE, SV_CLASS_FREE);
	assert_int_equal(sv_slabs_place(&s), 0);
	assert_int_equal(s.caches.len, 4);
	assert_span(s.caches.ptr[0].name, "unlisted");
	assert_null(s.caches.ptr[0].id.ptr);
	assert_num(s.caches.ptr[0].slabs, 1);
	assert_span(s.caches.ptr[1].name, "dentry");
	assert_span(s.caches.ptr[2].id, ":0000256");
	assert_int_equal(s.caches.ptr[2].seen->address, 0x200);
	assert_int_equal(s.caches.ptr[3].seen->address, 0x400);
	assert_int_equal(s.aliases.ptr[0].cache, 2);
	sv_slabs_fini(&s);
}

static void untold(void **state)
{
	struct sv_slabs s = { .made = false };

	(void)state;
	parse(&s);
	assert_int_equal(sv_slabs_place(&s), 0);
	assert_span(s.caches.ptr[0].id, ":0000256"); /* by memory, as before */
	assert_null(s.caches.ptr[0].seen);
	sv_slabs_fini(&s);
}

/* ---- two looks ------------------------------------------------------------------------------- */

static const struct sv_slab_grown *row(const struct sv_slab_growths *g, const char *name)
{
	for (size_t i = 0; i < g->len; i++)
		if (sv_span_is((g->ptr[i].after ? g->ptr[i].after : g->ptr[i].before)->name, name))
			return &g->ptr[i];
	return NULL;
}

static void grown(void **state)
{
	static uint8_t kinds[] = { 0, SV_BLOCK_MOVABLE, SV_BLOCK_MOVABLE, 0 };
	safevma_observation obs = { .slab_growth.made = true };
	struct sv_slabs *a = &obs.slabs, *b = &obs.slab_growth.end;
	const struct sv_slab_grown *r;
	struct sv_slab_growths g;

	(void)state;
	begin(&a->view);
	begin(&b->view);
	a->view.kinds.known = true;
	a->view.kinds.len = sizeof(kinds);
	a->view.kinds.ptr = malloc(sizeof(kinds));
	memcpy(a->view.kinds.ptr, kinds, sizeof(kinds));
	/* The other look met the caches the other way round. */
	b->view.caches.ptr[0].address = 0x200;
	b->view.caches.ptr[1].address = 0x100;
	strcpy(b->view.caches.ptr[0].name, "filp");
	free(b->view.caches.ptr[1].name);
	b->view.caches.ptr[1].name = strdup("dentry");
	add(&a->view, 0, 0, 0, 0); /* dentry: 2 in block 0, 1 in 3 */
	add(&a->view, 1, 0, 0, 0);
	add(&a->view, 24, 0, 0, 0);
	add(&a->view, 25, 1, 0, 0);
	add(&b->view, 1, 1, 0, 0); /* then 1 in 0, 2 in 1, 3 in 2, none in 3 */
	add(&b->view, 8, 1, 0, 0);
	add(&b->view, 9, 1, 0, 0);
	add(&b->view, 16, 1, 0, 0);
	add(&b->view, 17, 1, 0, 0);
	add(&b->view, 18, 1, 0, 0);
	add(&b->view, 26, 0, 0, 0);
	parse(a);
	parse(b);
	assert_int_equal(sv_slabs_place(a) | sv_slabs_place(b), 0);
	assert_int_equal(sv_measure_slab_growth(&obs, &g), 0);
	assert_true(g.made && g.placed && g.movable);
	assert_int_equal(g.len, 1); /* the other is where it was, frame for frame or not */
	r = row(&g, "dentry");
	assert_non_null(r);
	assert_int_equal(r->new_frames, 5);
	assert_int_equal(r->left_frames, 2);
	assert_int_equal(r->entered, 2);
	assert_int_equal(r->abandoned, 1);
	assert_int_equal(r->entered_shared, 1);
	assert_int_equal(r->new_shared_frames, 3);
	assert_int_equal(r->entered_movable, 2);
	assert_int_equal(r->new_movable_frames, 5);
	assert_num(sv_slab_grown_frames(&g, r->before), 3);
	assert_num(sv_slab_grown_frames(&g, r->after), 6);
	sv_slab_growths_fini(&g);
	sv_slabs_fini(a);
	sv_slabs_fini(b);
}

/* Without struct pages the counts of sysfs are left, and no places. */
static void grown_by_counts(void **state)
{
	safevma_observation obs = { .slab_growth.made = true };
	struct sv_slab_growths g;

	(void)state;
	parse(&obs.slabs);
	parse(&obs.slab_growth.end);
	obs.slab_growth.end.caches.ptr[0].slabs.value += 4;
	obs.slab_growth.end.caches.ptr[0].objects.value += 128;
	assert_int_equal(sv_measure_slab_growth(&obs, &g), 0);
	assert_false(g.placed || g.movable);
	assert_int_equal(g.len, 1);
	assert_num(sv_slab_grown_slabs(g.ptr[0].after), 13);
	assert_num(sv_slab_grown_frames(&g, g.ptr[0].after), 26);
	sv_slab_growths_fini(&g);
	obs.slab_growth.made = false;
	assert_int_equal(sv_measure_slab_growth(&obs, &g), 0);
	assert_false(g.made);
	sv_slabs_fini(&obs.slabs);
	sv_slabs_fini(&obs.slab_growth.end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(parts),
		cmocka_unit_test(by_exposure),
		cmocka_unit_test(untold),
		cmocka_unit_test(grown),
		cmocka_unit_test(grown_by_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
