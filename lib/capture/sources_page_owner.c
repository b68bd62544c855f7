// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What page_owner says of frames. It prints an allocation at its first page alone, so that for a
 * frame which is not one the pages are asked for where an allocation of 2, 4, 8, ... pages that
 * holds it would begin; each order is one round for all frames that are still open.
 */
#include <stdlib.h>

#include "base/error.h"
#include "iface/page_owner.h"
#include "model/allocation.h"
#include "sources.h"

enum { ORDERS = 19 }; /* 1 GiB of base pages is the largest that any kernel gives out */

/* A recording may hold answers for other frames: what it does not answer stays open. */
struct asked {
	bool settled; /* its record was found */
	bool heard;   /* in this round */
	bool missed;  /* in any round */
};

struct asking {
	struct sv_capture *c;
	struct sv_holdings *h;
	struct sv_file *file;
	struct {
		uint64_t *ptr;
		size_t len, cap;
	} open, positions;   /* frames without an answer; where to ask, each once */
	struct asked *state; /* of open */
	struct safevma_error *err;
};

static int add_position(struct asking *a, uint64_t pfn)
{
	uint64_t *slot;

	if (a->positions.len && a->positions.ptr[a->positions.len - 1] == pfn)
		return 0;
	slot = sv_vec_push(&a->positions);
	if (!slot)
		return -1;
	*slot = pfn;
	return 0;
}

/* An allocation of this order would begin elsewhere than a smaller one. */
static bool asks(const struct asking *a, size_t i, unsigned int order)
{
	uint64_t pfn = a->open.ptr[i];

	return !a->state[i].settled &&
	       (!order || sv_block_first(pfn, order) != sv_block_first(pfn, order - 1));
}

/* Where allocations of this order would begin that hold frames which are still open. */
static int list_positions(struct asking *a, unsigned int order)
{
	a->positions.len = 0;
	for (size_t i = 0; i < a->open.len; i++) {
		a->state[i].heard = false;
		if (asks(a, i, order) && add_position(a, sv_block_first(a->open.ptr[i], order)))
			return -1;
	}
	return 0;
}

static int say(struct asking *a, uint64_t pfn, const struct sv_page_owner *r)
{
	struct sv_allocation found = sv_allocation_of(r);
	struct sv_holding what = { .pfn = pfn,
		.kind = found.kind,
		.basis = SV_HELD_BY_PAGE_OWNER,
		.name = SV_NO_NAME,
		.detail = SV_NO_NAME,
		.head = r->pfn,
		.order = (int)r->order };

	if (found.who.len && found.kind != SV_HELD_SLAB) {
		what.name = sv_holdings_name(a->h, found.who.ptr, found.who.len);
		if (what.name == SV_NO_NAME)
			return -1;
	} else if (found.who.len) { /* which cache it is page_owner does not tell */
		what.detail = sv_holdings_name(a->h, found.who.ptr, found.who.len);
		if (what.detail == SV_NO_NAME)
			return -1;
	}
	sv_holdings_say(a->h, &what);
	return 0;
}

/* Given out by nobody: with the allocator, on the list of a CPU for one. */
static void say_free(struct asking *a, uint64_t pfn)
{
	struct sv_holding what = { .pfn = pfn,
		.kind = SV_HELD_FREE,
		.basis = SV_HELD_BY_PAGE_OWNER,
		.name = SV_NO_NAME,
		.detail = SV_NO_NAME,
		.head = pfn,
		.order = -1 };

	sv_holdings_say(a->h, &what);
}

/*
 * The first record at or behind position (NULL: there is none), and the frames whose block begins
 * there: from *at on, for positions come upwards. A frame that it does not cover although it begins
 * before it is in no larger allocation either: aligned blocks lie in each other or apart.
 */
static int take_record(struct asking *a, unsigned int order, uint64_t position,
	const struct sv_page_owner *r, size_t *at)
{
	while (*at < a->open.len && sv_block_first(a->open.ptr[*at], order) < position)
		++*at;
	for (; *at < a->open.len && sv_block_first(a->open.ptr[*at], order) == position; ++*at) {
		struct asked *state = &a->state[*at];
		uint64_t pfn = a->open.ptr[*at];

		state->heard = true;
		if (state->settled || !r || r->pfn > pfn || pfn - r->pfn >= UINT64_C(1) << r->order)
			continue;
		if (say(a, pfn, r))
			return -1;
		state->settled = true;
	}
	return 0;
}

static int malformed(struct asking *a, const struct safevma_error *why)
{
	return sv_gap_add(a->c->obs, SV_IFACE_PAGE_OWNER, 0, why, false, a->err) ? -1 : 1;
}

/* 0; 1: it was malformed, and a gap; -1. */
static int take_answers(struct asking *a, unsigned int order, struct sv_span text)
{
	struct safevma_error why;
	struct sv_page_owner r;
	struct sv_span record;
	uint64_t position;
	size_t at = 0;

	while (text.len) {
		if (!sv_page_owner_answer(&text, &position, &record)) {
			sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "page_owner", 0,
				"expected '@ POSITION LENGTH' and so many bytes");
			return malformed(a, &why);
		}
		if (record.len && sv_page_owner_parse(record, &r, &why))
			return malformed(a, &why);
		if (take_record(a, order, position, record.len ? &r : NULL, &at))
			return sv_error_nomem(a->err);
	}
	return 0;
}

static int ask_round(struct asking *a, unsigned int order)
{
	/* A place in a recording for each round. */
	struct sv_call call = { .op = SV_OP_RECORDS, .file = a->file, .start = order };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc;

	if (list_positions(a, order))
		return sv_error_nomem(a->err);
	if (!a->positions.len)
		return 0;
	call.positions = a->positions.ptr;
	call.positions_count = a->positions.len;
	rc = sv_capture_call(a->c, &call, &text, &why, a->err);
	if (rc <= 0)
		return rc ? -1 : malformed(a, &why);
	rc = take_answers(a, order, (struct sv_span) { .ptr = text.ptr, .len = text.len });
	for (size_t i = 0; i < a->open.len; i++)
		a->state[i].missed |= !a->state[i].heard && asks(a, i, order);
	return rc;
}

/* Of frames that have flags of their own nothing follows from there being no record. */
static void conclude(struct asking *a, const uint64_t *flags)
{
	for (size_t i = 0, at = 0; i < a->open.len; i++) {
		while (a->h->each.ptr[at].pfn != a->open.ptr[i])
			at++;
		if (!a->state[i].settled && !a->state[i].missed && !flags[at])
			say_free(a, a->open.ptr[i]);
	}
}

static int ask_all(struct asking *a, const uint64_t *flags)
{
	int rc = 0;

	for (size_t i = 0; i < a->h->each.len; i++) {
		uint64_t *slot = sv_vec_push(&a->open);

		if (!slot)
			return sv_error_nomem(a->err);
		*slot = a->h->each.ptr[i].pfn;
	}
	a->state = calloc(a->open.len ? a->open.len : 1, sizeof(*a->state));
	if (!a->state)
		return sv_error_nomem(a->err);
	for (unsigned int order = 0; order < ORDERS && !rc; order++)
		rc = ask_round(a, order);
	if (!rc)
		conclude(a, flags);
	return rc < 0 ? -1 : 0;
}

int sv_sources_page_owner(struct sv_capture *c, struct sv_holdings *h, const uint64_t *flags,
	struct safevma_error *err)
{
	struct asking a = { .c = c, .h = h, .err = err };
	struct sv_place place = { .iface = SV_IFACE_PAGE_OWNER, .tag = "sources" };
	struct safevma_error why;
	int rc;

	if (sv_source_unwanted(c, SV_IFACE_PAGE_OWNER) || !h->each.len)
		return 0;
	if (sv_root_open(c->root, &place, &a.file, &why))
		return sv_error_fatal(&why)
			       ? sv_error_pass(err, &why)
			       : sv_gap_add(c->obs, SV_IFACE_PAGE_OWNER, 0, &why, false, err);
	rc = ask_all(&a, flags);
	sv_file_close(a.file);
	sv_vec_fini(&a.open);
	sv_vec_fini(&a.positions);
	free(a.state);
	return rc;
}
