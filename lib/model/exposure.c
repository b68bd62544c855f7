// SPDX-License-Identifier: LGPL-2.1-or-later
#include "exposure.h"

#include <stdlib.h>
#include <string.h>

#include "iface/kpage.h"

/* ---- zones ----------------------------------------------------------------------------------- */

uint64_t sv_zone_spans_end(const struct sv_zone_spans *zones)
{
	uint64_t end = 0;

	for (size_t i = 0; i < zones->len; i++)
		end = zones->ptr[i].end_pfn > end ? zones->ptr[i].end_pfn : end;
	return end;
}

static int by_start(const void *a, const void *b)
{
	const struct sv_zone_exposure *x = a, *y = b;

	return (x->span.start_pfn > y->span.start_pfn) - (x->span.start_pfn < y->span.start_pfn);
}

int sv_exposure_init(struct sv_exposure *x, const struct sv_zone_spans *zones)
{
	for (size_t i = 0; i < zones->len; i++) {
		struct sv_zone_exposure *z = sv_vec_push(&x->zones);

		if (!z)
			return -1;
		z->span = zones->ptr[i];
	}
	if (x->zones.len)
		qsort(x->zones.ptr, x->zones.len, sizeof(*x->zones.ptr), by_start);
	return 0;
}

void sv_exposure_fini(struct sv_exposure *x)
{
	sv_vec_fini(&x->zones);
}

/* Spans of the nodes of some machines lie within each other: the one that begins last counts. */
static struct sv_zone_exposure *zone_at(const struct sv_exposure *x, uint64_t pfn, uint64_t *end)
{
	struct sv_zone_exposure *found = NULL;

	*end = UINT64_MAX;
	for (size_t i = 0; i < x->zones.len; i++) {
		struct sv_zone_exposure *z = &x->zones.ptr[i];

		if (z->span.start_pfn > pfn) {
			*end = z->span.start_pfn < *end ? z->span.start_pfn : *end;
			break;
		}
		if (pfn < z->span.end_pfn)
			found = z;
	}
	if (found && found->span.end_pfn < *end)
		*end = found->span.end_pfn;
	return found;
}

const struct sv_zone_exposure *sv_exposure_zone(const struct sv_exposure *x, uint64_t pfn)
{
	uint64_t end;

	return zone_at(x, pfn, &end);
}

/* ---- what each frame is ---------------------------------------------------------------------- */

/* What SV_PIECE_* say of a class and whether it is mapped. */
static uint8_t bits_of(enum sv_class class, uint64_t word)
{
	const struct sv_class_info *info = sv_class_info(class);
	unsigned int bits = class;

	bits |= info->user && (word & SV_KPF_MMAP) ? SV_PIECE_MAPPED : 0;
	bits |= info->source == SV_SOURCE_STRONG ? SV_PIECE_STRONG : 0;
	bits |= info->source == SV_SOURCE_UNCLASSIFIED ? SV_PIECE_MAYBE : 0;
	/* No overrun gets past what the linear map does not have for sure. */
	bits |= class == SV_CLASS_NOPAGE || class == SV_CLASS_HWPOISON ? SV_PIECE_HOLE : 0;
	return (uint8_t)bits;
}

static uint8_t class_of(uint64_t word, uint64_t head)
{
	struct sv_frame f = { .flags = word, .known = SV_FRAME_FLAGS };

	/* Up to about 6.8 a tail shows few flags of its own: its head was just met. */
	if (word & SV_KPF_COMPOUND_TAIL) {
		f.head_flags = head;
		f.known |= SV_FRAME_HEAD;
	}
	return bits_of(sv_class_of(&f), word);
}

enum { STRETCH = 64 };

static bool all_are(const uint64_t *words, uint64_t word)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < STRETCH; i++)
		differ |= words[i] ^ word;
	return !differ;
}

/* Down to the nearest strong source, which is not among the n frames from pfn on. */
static void fill_distance(const struct sv_exposure_piece *p, uint16_t *to, uint64_t pfn, size_t n)
{
	memset(to, 0, n * sizeof(*to));
	for (size_t i = 0; i < n && p->last != UINT64_MAX && pfn + i - p->last <= p->reach_back;
		i++)
		to[i] = (uint16_t)(pfn + i - p->last);
}

/* Most of memory are long stretches of frames whose words are equal. */
void sv_exposure_classify(struct sv_exposure_piece *p)
{
	uint64_t start = p->first - p->context, before = ~p->words[0], before_head = 0;
	size_t n = p->context + p->n + 1, i = 0;
	uint8_t class = 0;

	while (i < n) {
		uint64_t word = p->words[i], pfn = start + i;
		size_t len = 1;

		if (word & SV_KPF_COMPOUND_HEAD)
			p->head = word;
		if (word != before || p->head != before_head) {
			class = class_of(word, p->head);
			before = word;
			before_head = p->head;
		} else if (n - i > STRETCH && !(class & (SV_PIECE_STRONG | SV_PIECE_HOLE)) &&
			   all_are(p->words + i, word)) {
			len = STRETCH;
		}
		memset(p->class + i, class, len);
		fill_distance(p, p->distance + i, pfn, len);
		i += len;
		if (i == n)
			break; /* the one behind is met again, with the next piece */
		if (class & SV_PIECE_STRONG)
			p->last = pfn;
		else if (class & SV_PIECE_HOLE)
			p->last = UINT64_MAX;
	}
}

/* ---- counting -------------------------------------------------------------------------------- */

/* By order up to a word of bits: where blocks of it begin. */
static const uint64_t begins[] = { UINT64_MAX, UINT64_C(0x5555555555555555),
	UINT64_C(0x1111111111111111), UINT64_C(0x0101010101010101), UINT64_C(0x0001000100010001),
	UINT64_C(0x0000000100000001), 1 };

static uint64_t bits(uint64_t v)
{
	return (uint64_t)__builtin_popcountll(v);
}

/* Of blocks whose first bits are set, all bits. */
static uint64_t spread(uint64_t first, unsigned int order)
{
	return order == 6 ? (first ? UINT64_MAX : 0) : first * ((UINT64_C(1) << (1u << order)) - 1);
}

/* Blocks of up to 64 frames: there, of processes, sources; a bit a frame. */
static void small_blocks(struct sv_mixing *m, uint64_t there, uint64_t user, uint64_t source)
{
	uint64_t t = there, u = user, s = source;

	for (unsigned int o = 0; o <= 6; o++) {
		if (o) {
			t = (t | t >> (1u << (o - 1))) & begins[o];
			u = (u | u >> (1u << (o - 1))) & begins[o];
			s = (s | s >> (1u << (o - 1))) & begins[o];
		}
		m[o].blocks += bits(t);
		m[o].user += bits(u);
		m[o].source += bits(s);
		m[o].mixed += bits(u & s);
		if (u & s)
			m[o].user_frames += bits(spread(u & s, o) & user);
	}
}

/* A block of more than 64 frames, as far as it was met. */
struct block {
	uint64_t number;
	bool there, user, source;
	uint64_t user_frames;
};

static void end_block(struct sv_mixing *m, struct block *b)
{
	m->blocks += b->there;
	m->user += b->user;
	m->source += b->source;
	m->mixed += b->user && b->source;
	m->user_frames += b->user && b->source ? b->user_frames : 0;
	*b = (struct block) { .number = UINT64_MAX };
}

static void large_blocks(struct sv_mixing *m, struct block *blocks, uint64_t pfn, uint64_t there,
	uint64_t user, uint64_t source)
{
	for (unsigned int o = 7; o < SV_ORDERS; o++) {
		struct block *b = &blocks[o];

		if (b->number != pfn >> o)
			end_block(&m[o], b);
		b->number = pfn >> o;
		b->there |= there != 0;
		b->user |= user != 0;
		b->source |= source != 0;
		b->user_frames += bits(user);
	}
}

static void count_edge(struct sv_edge_counts *e, unsigned int below, unsigned int above)
{
	e->over_strong += !!(below & SV_PIECE_STRONG);
	e->over_unclassified += !!(below & SV_PIECE_MAYBE);
	e->under_strong += !!(above & SV_PIECE_STRONG);
	e->under_unclassified += !!(above & SV_PIECE_MAYBE);
}

static void count_distance(struct sv_exposure *x, unsigned int distance)
{
	if (distance)
		x->distance[distance == 1 ? 0 : 32 - __builtin_clz(distance - 1)]++;
}

bool sv_exposure_mixed(const struct sv_exposure *x, const struct sv_exposure_piece *p, uint64_t pfn)
{
	uint64_t size = UINT64_C(1) << x->block_order, at = (pfn & ~(size - 1)) - p->first;

	if (size < 64)
		return p->sources[at / 64] >> at % 64 & ((UINT64_C(1) << size) - 1);
	for (uint64_t w = at / 64; w < (at + size) / 64; w++)
		if (p->sources[w])
			return true;
	return false;
}

struct unit {
	uint64_t user, user_over, tables, tables_over;
};

/* What each frame of a word of bits is; a bit a frame. */
struct word {
	uint64_t there, user, source;
};

/* Frames [from, to) of the piece, of one word of bits. */
static struct word count_word(struct sv_exposure *x, const struct sv_exposure_piece *p,
	struct sv_zone_exposure *z, size_t from, size_t to, struct unit *unit)
{
	struct word w = { 0 };

	for (size_t i = from; i < to; i++) {
		size_t at = p->context + i;
		unsigned int c = p->class[at], class = c & SV_PIECE_CLASS;
		uint64_t bit = UINT64_C(1) << i % 64;

		z->class[class]++;
		w.there |= class != SV_CLASS_NOPAGE ? bit : 0;
		w.source |= c & SV_PIECE_STRONG ? bit : 0;
		if (c & SV_PIECE_MAPPED) {
			w.user |= bit;
			count_edge(&z->user_edges, at ? p->class[at - 1] : 0, p->class[at + 1]);
			count_distance(x, p->distance[at]);
		} else if (class == SV_CLASS_PGTABLE) {
			unit->tables++;
			count_edge(&z->table_edges, at ? p->class[at - 1] : 0, p->class[at + 1]);
		}
	}
	return w;
}

/* 64 frames of one class, of which no source is near but for those right beside them. */
static bool count_uniform(const struct sv_exposure_piece *p, struct sv_zone_exposure *z,
	size_t from, struct word *ret)
{
	size_t at = p->context + from;
	const uint8_t *c = p->class + at;
	unsigned int class = *c & SV_PIECE_CLASS;

	if (class == SV_CLASS_PGTABLE || (*c & SV_PIECE_STRONG) ||
		((*c & SV_PIECE_MAPPED) && (p->distance[at] || !at)) ||
		memcmp(c, c + 1, STRETCH - 1) != 0)
		return false;
	z->class[class] += STRETCH;
	*ret = (struct word) { .there = class != SV_CLASS_NOPAGE ? UINT64_MAX : 0,
		.user = *c & SV_PIECE_MAPPED ? UINT64_MAX : 0 };
	if (ret->user) {
		count_edge(&z->user_edges, c[-1], 0);
		count_edge(&z->user_edges, 0, c[STRETCH]);
	}
	return true;
}

/* Frames [a, b) of the piece, of one zone. */
static void count_frames(struct sv_exposure *x, struct sv_exposure_piece *p,
	struct sv_zone_exposure *z, size_t a, size_t b, struct unit *unit)
{
	struct block blocks[SV_ORDERS];

	for (unsigned int o = 0; o < SV_ORDERS; o++)
		blocks[o] = (struct block) { .number = UINT64_MAX };
	for (size_t w = a / 64; w * 64 < b; w++) {
		size_t from = w * 64 > a ? w * 64 : a, to = (w + 1) * 64 < b ? (w + 1) * 64 : b;
		struct word k;

		if (to - from != STRETCH || !count_uniform(p, z, from, &k))
			k = count_word(x, p, z, from, to, unit);
		z->user += bits(k.user);
		z->frames += bits(k.there);
		small_blocks(z->mixing, k.there, k.user, k.source);
		large_blocks(z->mixing, blocks, p->first + w * 64, k.there, k.user, k.source);
	}
	for (unsigned int o = 7; o < SV_ORDERS; o++)
		end_block(&z->mixing[o], &blocks[o]);
}

void sv_exposure_mark(struct sv_exposure_piece *p)
{
	memset(p->sources, 0, (p->n + 63) / 64 * sizeof(*p->sources));
	for (size_t i = 0; i < p->n; i++)
		p->sources[i / 64] |= (uint64_t)(p->class[p->context + i] / SV_PIECE_STRONG & 1)
				      << i % 64;
}

static void count_mixed_tables(struct sv_exposure *x, struct sv_exposure_piece *p,
	struct sv_zone_exposure *z, size_t a, size_t b)
{
	for (size_t i = a; i < b; i++)
		if ((p->class[p->context + i] & SV_PIECE_CLASS) == SV_CLASS_PGTABLE)
			z->tables_mixed += sv_exposure_mixed(x, p, p->first + i);
}

static void scatter(struct sv_sample *s, const struct unit *u)
{
	s->user_units += u->user != 0;
	s->table_units += u->tables != 0;
	s->user_nn += (double)u->user * (double)u->user;
	s->user_nx += (double)u->user * (double)u->user_over;
	s->user_xx += (double)u->user_over * (double)u->user_over;
	s->table_nn += (double)u->tables * (double)u->tables;
	s->table_nx += (double)u->tables * (double)u->tables_over;
	s->table_xx += (double)u->tables_over * (double)u->tables_over;
}

void sv_exposure_count(struct sv_exposure *x, struct sv_exposure_piece *p)
{
	struct unit unit = { 0 };
	uint64_t tables;

	sv_exposure_mark(p);
	for (size_t a = 0, b; a < p->n; a = b) {
		uint64_t end;
		struct sv_zone_exposure *z = zone_at(x, p->first + a, &end);

		b = end - p->first < p->n ? (size_t)(end - p->first) : p->n;
		if (!z) {
			for (size_t i = a; i < b; i++)
				x->outside += (p->class[p->context + i] & SV_PIECE_CLASS) !=
					      SV_CLASS_NOPAGE;
			continue;
		}
		unit.user -= z->user;
		unit.user_over -= z->user_edges.over_strong;
		unit.tables_over -= z->table_edges.over_strong;
		tables = unit.tables;
		count_frames(x, p, z, a, b, &unit);
		if (x->blocks_known && unit.tables != tables)
			count_mixed_tables(x, p, z, a, b);
		unit.user += z->user;
		unit.user_over += z->user_edges.over_strong;
		unit.tables_over += z->table_edges.over_strong;
	}
	if (x->sample.percent)
		scatter(&x->sample, &unit);
}
