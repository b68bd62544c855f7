/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has a frame that lies beside memory of a process, as far as the system tells. Several
 * providers can speak of one frame. One that says the same more exactly (vmalloc: a kernel stack)
 * is taken; of two that cannot both be right, the one with the stronger basis, and that they
 * contradict each other is kept. What the one taken leaves open is filled in from those that it
 * does not contradict. They can be asked in any order.
 */
#ifndef SV_MODEL_SOURCE_H
#define SV_MODEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "frame.h"

enum sv_holder_kind {
	SV_HELD_UNKNOWN,  /* nothing tells: it stays unclassified */
	SV_HELD_FREE,	  /* with the allocator, also in the stocks of a CPU: no source */
	SV_HELD_USER,	  /* memory of processes or page cache: no source */
	SV_HELD_SLAB,	  /* a cache; which one is in name */
	SV_HELD_LARGE,	  /* large kmalloc: an overrun runs into the next frame */
	SV_HELD_TABLE,	  /* page tables */
	SV_HELD_STACK,	  /* a kernel stack: mapped by vmalloc, with guards */
	SV_HELD_VMALLOC,  /* behind vmalloc: used at another address, where guards are */
	SV_HELD_PERCPU,	  /* per-CPU chunks behind vmalloc */
	SV_HELD_MODULE,	  /* text and data of a module */
	SV_HELD_IMAGE,	  /* the kernel's own text and data */
	SV_HELD_KFENCE,	  /* KFENCE's pool, guards between objects */
	SV_HELD_PAGES,	  /* pages that some part of the kernel took itself; name says who */
	SV_HELD_RESERVED, /* reserved at boot, firmware */
	SV_HELD_COUNT,
};

/* What says so; a later one is more to be believed. */
enum sv_held_basis {
	SV_HELD_BY_NOTHING,
	SV_HELD_BY_FLAGS,	/* kpageflags */
	SV_HELD_BY_MEMCG,	/* charged to a control group */
	SV_HELD_BY_IOMEM,	/* the physical address map */
	SV_HELD_BY_TABLES,	/* the kernel's page tables map it in such a region too */
	SV_HELD_BY_STRUCT_PAGE, /* its struct page, through kcore, with offsets from BTF */
	SV_HELD_BY_PAGE_OWNER,	/* page_owner's record of the allocation */
	SV_HELD_BY_COUNT,
};

const char *sv_held_name(enum sv_holder_kind kind);
const char *sv_held_basis_name(enum sv_held_basis basis);

/* Whether an overrun can start there and run on physically; UNCLASSIFIED where nothing tells. */
enum sv_source sv_held_source(enum sv_holder_kind kind);

#define SV_NO_NAME UINT32_MAX

struct sv_holding {
	uint64_t pfn;
	enum sv_holder_kind kind;
	enum sv_held_basis basis;
	/*
	 * Among names: a cache with its aliases, or who allocated; SV_NO_NAME. Of slab memory it is
	 * the cache or nothing: who allocated goes into detail.
	 */
	uint32_t name;
	uint32_t detail;    /* among names: stack trace, module, group; SV_NO_NAME */
	uint64_t head;	    /* first frame of the allocation; pfn itself where not known */
	uint64_t flags;	    /* kpageflags while it was asked about; 0 where not read */
	int order;	    /* of the allocation; -1: not known */
	bool contradiction; /* another provider says another kind */
	bool changed;	    /* it became another one while it was asked about */
};

/* Holdings by frame, each once; names each once. */
struct sv_holdings {
	struct {
		struct sv_holding *ptr;
		size_t len, cap;
	} each;
	struct {
		char **ptr;
		size_t len, cap;
	} names;
	uint32_t *buckets; /* of a hash over names */
	size_t buckets_len;
	bool made; /* somebody was asked */
};

/* Makes room for these frames (sorted, each once), of which nothing is known. -1: memory is out. */
int sv_holdings_init(struct sv_holdings *h, const uint64_t *pfns, size_t n);
void sv_holdings_fini(struct sv_holdings *h);

/* What one provider says. pfn says of which frame; others than those of init are ignored. */
void sv_holdings_say(struct sv_holdings *h, const struct sv_holding *what);
const struct sv_holding *sv_holdings_of(const struct sv_holdings *h, uint64_t pfn);

/* Index of a name, added where it is new; SV_NO_NAME: memory is out. */
uint32_t sv_holdings_name(struct sv_holdings *h, const char *text, size_t len);
const char *sv_holdings_text(const struct sv_holdings *h, uint32_t name); /* or NULL */

#endif
