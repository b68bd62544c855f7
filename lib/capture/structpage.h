/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's own struct pages say of frames, read through /proc/kcore. Of each frame: to
 * which allocation it belongs (first frame, order) and, of slab memory, to which cache. Each is
 * read twice, and what is not the same both times is not known.
 *
 * Results: 1, 0 with *why (they cannot be read here), -1 (memory is out).
 */
#ifndef SV_CAPTURE_STRUCTPAGE_H
#define SV_CAPTURE_STRUCTPAGE_H

#include "iface/structpage.h"
#include "kernel.h"
#include "model/slabs.h"

struct sv_page_found {
	uint64_t pfn;
	bool known;		/* read, and the same both times */
	bool changed;		/* read, and not the same */
	enum sv_page_type type; /* of the allocation */
	uint64_t head;		/* its first frame */
	/*
	 * -1: not known. Of compound pages it is; other memory of more than one frame does not show
	 * that it belongs together.
	 */
	int order;
	uint32_t cache; /* among the caches of the view; SV_NO_CACHE */
};

/* Open struct pages. */
struct sv_structpages {
	struct sv_capture *c;
	struct sv_kernel_memory *memory;
	struct sv_page_layout layout;
	uint64_t delta;
	unsigned int page_shift;
	struct sv_slab_view *view; /* borrowed: caches that were met */
	/* Names that the kernel gives its caches; none: it does not show them. */
	struct {
		char **ptr;
		size_t len, cap;
	} known;
	struct {
		struct sv_slab_name {
			char *name, *target;
		} * ptr;
		size_t len, cap;
	} links;
	bool caches_told;		 /* it is known where the cache of slab memory stands */
	struct safevma_error caches_why; /* else: why not */
};

/* view: where caches are kept; it outlives s. Closed in any case. */
int sv_structpages_open(struct sv_structpages *s, struct sv_capture *c, const char *tag,
	struct sv_slab_view *view, struct safevma_error *why, struct safevma_error *err);
void sv_structpages_close(struct sv_structpages *s);

/* pfns: sorted, each once. */
int sv_structpages_look(struct sv_structpages *s, const uint64_t *pfns, size_t n,
	struct sv_page_found *ret, struct safevma_error *why, struct safevma_error *err);

/*
 * slabframes.c: the same of all frames that kpageflags shows as slab memory, while a pass goes over
 * the machine. begin: after the zones of the exposure are there; piece: classified, and whole
 * pageblocks; end: nothing failed. What caches cannot be told for is a gap. 0, -1; *ret is to be
 * freed in any case.
 */
struct sv_slab_pass;
int sv_slab_pass_begin(struct sv_capture *c, const char *tag, struct sv_slab_view *view,
	struct sv_slab_pass **ret, struct safevma_error *err);
int sv_slab_pass_piece(
	struct sv_slab_pass *p, const struct sv_exposure_piece *piece, struct safevma_error *err);
int sv_slab_pass_end(struct sv_slab_pass *p, struct safevma_error *err);
void sv_slab_pass_free(struct sv_slab_pass *p);

/* pass.c: a pass for them alone. 1, 0 with *why: kpageflags cannot be read, -1. */
int sv_capture_slab_frames(struct sv_capture *c, const char *tag, struct sv_slab_view *view,
	struct safevma_error *why, struct safevma_error *err);

/*
 * blockkinds.c: what each pageblock is kept for. Zones of the exposure and counts of pagetypeinfo
 * have to be there. 1; 0 with *why: it cannot be told here; -1.
 */
int sv_block_kinds_read(struct sv_structpages *s, struct sv_block_kinds *ret,
	struct safevma_error *why, struct safevma_error *err);

/* ---- slabcache.c: caches and their names ------------------------------------------------------
 */

/* Names that the kernel knows, and what it merged. 0, -1. */
int sv_slab_names_read(struct sv_structpages *s, const char *tag, struct safevma_error *err);
void sv_slab_names_fini(struct sv_structpages *s);

/*
 * Where BTF does not say where slab memory keeps its cache and a cache its name: the one place at
 * which the struct pages of slab memory have a pointer to something with a pointer to a name that
 * the kernel knows. 0, -1; s->caches_told says whether it was found.
 */
int sv_slab_learn(struct sv_structpages *s, const char *tag, struct safevma_error *err);

/* Index of the cache at this address, read where it is new; SV_NO_CACHE: there is none. 0, -1. */
int sv_slab_cache_at(
	struct sv_structpages *s, uint64_t address, uint32_t *ret, struct safevma_error *err);

/* Reads struct pages of frames, sorted, each once: layout.size bytes of each into buf. */
int sv_structpages_read(struct sv_structpages *s, const uint64_t *pfns, size_t n,
	unsigned char *buf, struct safevma_error *why, struct safevma_error *err);

#endif
