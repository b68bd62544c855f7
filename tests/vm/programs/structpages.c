// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the library says of frames by their struct pages, one a line, for comparison with what the
 * kernel says of them elsewhere. Runs in a guest.
 *
 *   structpages frames     of every frame: number head order type cache; "-" where it is not known,
 *                          "changed" where it changed between two readings
 *   structpages caches     of every cache, after one pass: slabs frames kfence size object_size
 * label structpages sysfs      without the library: of every cache in /sys/kernel/slab its slabs,
 * order, slab_size and object_size
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "capture/structpage.h"
#include "iface/kpage.h"

enum { PIECE = 8192 };

static int failed(const char *what, const struct safevma_error *why)
{
	fprintf(stderr, "structpages: %s: %s\n", what, why->message);
	printf("failed %s: %s\n", what, why->message);
	return 1;
}

static const char *const types[SV_PAGE_TYPE_COUNT] = {
	[SV_PAGE_PLAIN] = "plain",
	[SV_PAGE_BUDDY] = "buddy",
	[SV_PAGE_OFFLINE] = "offline",
	[SV_PAGE_TABLE] = "table",
	[SV_PAGE_GUARD] = "guard",
	[SV_PAGE_HUGETLB] = "hugetlb",
	[SV_PAGE_SLAB] = "slab",
	[SV_PAGE_ZSMALLOC] = "zsmalloc",
	[SV_PAGE_UNACCEPTED] = "unaccepted",
	[SV_PAGE_LARGE] = "large",
	[SV_PAGE_OTHER] = "other",
};

static void print_frame(const struct sv_slab_view *view, const struct sv_page_found *f)
{
	printf("%" PRIu64 " %" PRIu64 " %d %s %s\n", f->pfn, f->head, f->order,
		f->changed  ? "changed"
		: !f->known ? "-"
			    : types[f->type],
		f->cache == SV_NO_CACHE ? "-" : view->caches.ptr[f->cache].name);
}

static int print_frames(struct sv_capture *c, struct sv_slab_view *view)
{
	static struct sv_page_found found[PIECE];
	static uint64_t words[PIECE], pfns[PIECE];
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS };
	struct sv_file *f = NULL;
	struct safevma_error why = { 0 }, err = { 0 };
	struct sv_structpages s;
	size_t have = PIECE;

	if (sv_root_open(c->root, &place, &f, &why))
		return failed("kpageflags", &why);
	if (sv_structpages_open(&s, c, "structs", view, &why, &err) <= 0)
		return failed("open", why.message[0] ? &why : &err);
	printf("layout slab_cache %d name %d learned %d %s\n",
		s.layout.slab_cache.known ? (int)s.layout.slab_cache.value : -1,
		s.layout.cache_name.known ? (int)s.layout.cache_name.value : -1, s.layout.learned,
		s.caches_told ? "" : s.caches_why.message);
	for (uint64_t at = 0; have == PIECE; at += PIECE) {
		size_t n = 0;

		if (sv_capture_words(f, at, PIECE, words, &have, &why, &err) <= 0)
			return failed("kpageflags", &why);
		for (size_t i = 0; i < have; i++)
			if (!(words[i] & SV_KPF_NOPAGE))
				pfns[n++] = at + i;
		if (sv_structpages_look(&s, pfns, n, found, &why, &err) <= 0)
			return failed("look", why.message[0] ? &why : &err);
		for (size_t i = 0; i < n; i++)
			print_frame(view, &found[i]);
	}
	sv_structpages_close(&s);
	sv_file_close(f);
	return 0;
}

static int print_caches(struct sv_capture *c, struct sv_slab_view *view)
{
	struct safevma_error why = { 0 }, err = { 0 };

	if (sv_capture_slab_frames(c, "slab", view, &why, &err) <= 0)
		return failed("pass", why.message[0] ? &why : &err);
	printf("frames %" PRIu64 " changed %" PRIu64 " unnamed %" PRIu64 "\n",
		view->parts[SV_SLAB_ALL].frames, view->parts[SV_SLAB_CHANGED].frames,
		view->parts[SV_SLAB_UNNAMED].frames);
	for (size_t i = 0; i < view->caches.len; i++) {
		const struct sv_seen_cache *k = &view->caches.ptr[i];

		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64
		       " %s\n",
			k->slabs, k->place.frames, k->kfence,
			k->size.known ? (int64_t)k->size.value : -1,
			k->object_size.known ? (int64_t)k->object_size.value : -1,
			k->order.known ? (int64_t)k->order.value : -1, k->label ? k->label : "-");
	}
	return 0;
}

/* ---- without the library --------------------------------------------------------------------- */

static long attribute(const char *cache, const char *name)
{
	char path[512];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/%s", cache, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static int print_sysfs(void)
{
	DIR *d = opendir("/sys/kernel/slab");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		printf("%s %ld %ld %ld %ld\n", e->d_name, attribute(e->d_name, "slabs"),
			attribute(e->d_name, "order"), attribute(e->d_name, "slab_size"),
			attribute(e->d_name, "object_size"));
	}
	if (d)
		closedir(d);
	return !d;
}

int main(int argc, char **argv)
{
	static const struct safevma_root_options options;
	static const struct safevma_request request;
	struct sv_capture c = { .request = &request };
	struct sv_slab_view view = { 0 };
	struct safevma_error err = { 0 };
	int rc;

	if (argc == 2 && !strcmp(argv[1], "sysfs"))
		return print_sysfs();
	if (argc != 2 || (strcmp(argv[1], "frames") != 0 && strcmp(argv[1], "caches") != 0)) {
		fprintf(stderr, "usage: structpages frames|caches|sysfs\n");
		return 64;
	}
	c.obs = calloc(1, sizeof(*c.obs));
	if (!c.obs || safevma_root_open(&options, &c.root, &err) || sv_capture_host(&c, &err))
		return failed("start", &err);
	rc = !strcmp(argv[1], "frames") ? print_frames(&c, &view) : print_caches(&c, &view);
	sv_slab_view_fini(&view);
	safevma_root_close(c.root, &err);
	return rc;
}
