// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where frames of processes lie, and the pictures: in text, and as XML whatever names say. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "iface/kpage.h"
#include "iface/pagemap.h"
#include "measure/phys.h"
#include "report/render.h"

enum { FRAMES = 256 };

static const struct sv_zone_span spans[] = { { 0, "DMA", 0, 100 }, { 1, "Normal", 100, FRAMES } };

/* Frames 64 to 127 are no memory, 16 are slab, the others free. */
static void make_raster(safevma_observation *obs, size_t cells)
{
	static uint64_t words[FRAMES + 1], sources[FRAMES / 64];
	static uint8_t class[FRAMES + 1];
	static uint16_t distance[FRAMES + 1];
	struct sv_zone_spans zones = { .ptr = (struct sv_zone_span *)(uintptr_t)spans,
		.len = sv_array_size(spans) };
	struct sv_exposure_piece p = { .n = FRAMES,
		.words = words,
		.class = class,
		.distance = distance,
		.sources = sources,
		.last = UINT64_MAX };

	for (size_t i = 0; i <= FRAMES; i++)
		words[i] = i / 64 == 1 || i == FRAMES ? SV_KPF_NOPAGE
			   : i / 16 == 13	      ? SV_KPF_SLAB
						      : SV_KPF_BUDDY;
	words[210] = SV_KPF_ANON | SV_KPF_MMAP | SV_KPF_LRU;
	assert_int_equal(sv_exposure_init(&obs->exposure, &zones), 0);
	obs->exposure.blocks_known = true;
	obs->exposure.block_order = 3;
	sv_exposure_classify(&p);
	sv_exposure_count(&obs->exposure, &p);
	sv_raster_init(&obs->raster, 0, 0, cells);
	assert_int_equal(sv_raster_add(&obs->raster, &p), 0);
	obs->exposure.made = obs->raster.made = true;
	obs->features.pfn_visible = 1;
	obs->host.page_size = 4096;
	obs->needs = SAFEVMA_NEED_PHYS | SAFEVMA_NEED_PAGES;
}

static struct sv_process *add(safevma_observation *obs, int pid, const char *comm)
{
	struct sv_process *p = sv_vec_push(&obs->processes);

	assert_non_null(p);
	p->pid = pid;
	p->selected = true;
	p->fate = SV_FATE_STABLE;
	assert_int_equal(sv_strbuf_add(&p->comm, comm, strlen(comm)), 0);
	return p;
}

static void give(struct sv_process *p, const uint64_t *pfns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sv_page page = { .vaddr = 0x1000 * (p->pages.len + 1),
			.entry = SV_PAGEMAP_PRESENT | pfns[i] };

		assert_int_equal(sv_pages_add(&p->pages, 4096, &page), 0);
	}
}

static safevma_observation *new_observation(void)
{
	safevma_observation *obs = calloc(1, sizeof(*obs));

	assert_non_null(obs);
	return obs;
}

static safevma_observation *two_processes(void)
{
	static const uint64_t first[] = { 200, 10, 11, 10, 12, 99, 100 }, second[] = { 11, 250 };
	safevma_observation *obs = new_observation();

	make_raster(obs, 16);
	give(add(obs, 7, "one"), first, sv_array_size(first));
	give(add(obs, 8, "<b>&\"\001\xff"), second, sv_array_size(second));
	return obs;
}

static void placement(void **state)
{
	safevma_observation *obs = two_processes();
	struct sv_pfns pfns;
	struct sv_placement all, zone;

	(void)state;
	assert_int_equal(obs->raster.order, 4);
	assert_int_equal(sv_process_pfns(obs, &obs->processes.ptr[0], &pfns), 0);
	sv_measure_placement(obs, &pfns, NULL, &all);
	assert_int_equal(all.frames, 6);
	assert_int_equal(all.stretches, 3); /* 10-12, 99-100, 200 */
	assert_int_equal(all.blocks, 3);    /* 8-15, 96-103, 200-207 */
	assert_int_equal(all.cells, 3);
	sv_measure_placement(obs, &pfns, &obs->exposure.zones.ptr[0], &zone);
	assert_int_equal(zone.frames, 4);
	assert_int_equal(zone.stretches, 2);
	sv_measure_placement(obs, &pfns, &obs->exposure.zones.ptr[1], &zone);
	assert_int_equal(zone.frames, 2);
	sv_pfns_fini(&pfns);
	safevma_observation_free(obs);
}

/* Frame 11 has two users and counts once; those in a hole are in no cell. */
static void selected(void **state)
{
	safevma_observation *obs = two_processes();
	uint64_t n[16] = { 0 };

	(void)state;
	assert_true(sv_selected_known(obs));
	assert_int_equal(obs->raster.cells.len, 12);
	assert_int_equal(sv_measure_selected(obs, n), 0);
	for (size_t i = 0; i < obs->raster.cells.len; i++) {
		uint64_t first = sv_raster_first(&obs->raster, &obs->raster.cells.ptr[i]);

		assert_int_equal(n[i], first == 0 ? 3 : first == 192 || first == 240);
	}
	obs->processes.ptr[1].fate = SV_FATE_UNREAD;
	assert_false(sv_selected_known(obs));
	safevma_observation_free(obs);
}

static char *written(const safevma_observation *obs, bool svg, unsigned int width)
{
	const struct safevma_report_options options = { .width = width };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (svg)
		assert_int_equal(safevma_svg_write(obs, out, NULL), 0);
	else
		assert_int_equal(
			safevma_report_write(obs, safevma_table_find("phys"), &options, out, NULL),
			0);
	fclose(out);
	return text;
}

static void picture_in_text(void **state)
{
	safevma_observation *obs = two_processes();
	char *text = written(obs, false, 30);

	(void)state;
	assert_non_null(strstr(text, "a cell is 64K (16 frames), a row 1M.\n"));
	assert_non_null(strstr(text, "\n0x0   ....    .....S..\n      ^           ^  ^\n\n"));
	free(text);
	safevma_observation_free(obs);
}

/* A whole row without memory becomes one line. */
static void hole_in_text(void **state)
{
	safevma_observation *obs = new_observation();
	char *text;

	(void)state;
	make_raster(obs, 256);
	obs->needs = SAFEVMA_NEED_PHYS;
	text = written(obs, false, 30);
	assert_non_null(strstr(text, "\n0x30  ................\n"
				     "      no memory from 0x40 to 0x7f: 256K\n0x80  ....."));
	assert_non_null(strstr(text, "\n0xd0  ssasssssssssssss\n"));
	assert_null(strchr(text, '^'));
	free(text);
	safevma_observation_free(obs);
}

static void picture_as_svg(void **state)
{
	safevma_observation *obs = two_processes();
	char *text;

	(void)state;
	snprintf(obs->host.release, sizeof(obs->host.release), "6<&\033");
	text = written(obs, true, 0);
	assert_non_null(strstr(text, "<title id=\"title\">Physical memory of Linux 6&#60;&#38;"));
	assert_non_null(strstr(text, "process 8, &#60;b&#62;&#38;&#34;"));
	assert_null(strstr(text, "<b>"));
	for (const char *s = text; *s; s++)
		assert_true((unsigned char)*s >= 0x20 || *s == '\n');
	assert_non_null(strstr(text, "<title>0x0-0xf, free 16; 3 of the selection</title>"));
	assert_non_null(strstr(text, "<title>0xd0-0xdf, slab 15, anon 1</title>"));
	assert_non_null(strstr(text, "</svg>\n"));
	free(text);
	safevma_observation_free(obs);
}

static void nothing_seen(void **state)
{
	safevma_observation *obs = new_observation();
	char *text;

	(void)state;
	obs->needs = SAFEVMA_NEED_PHYS;
	obs->host.page_size = 4096;
	text = written(obs, true, 0);
	assert_non_null(strstr(text, "no memory was seen"));
	free(text);
	text = written(obs, false, 0);
	assert_non_null(strstr(text, "no memory was seen"));
	assert_false(safevma_observation_complete(obs, safevma_table_find("phys")));
	free(text);
	safevma_observation_free(obs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placement),
		cmocka_unit_test(selected),
		cmocka_unit_test(picture_in_text),
		cmocka_unit_test(hole_in_text),
		cmocka_unit_test(picture_as_svg),
		cmocka_unit_test(nothing_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
