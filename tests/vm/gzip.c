// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gzip.h"

#include <string.h>

#define MATCH_MIN    3
#define MATCH_MAX    258
#define END_OF_BLOCK 256
#define FIRST_LENGTH 257 /* of the codes */
#define LAST_LENGTH  285

static void put_byte(struct gzip *g, uint32_t byte)
{
	g->out[g->out_held++] = (unsigned char)byte;
	if (g->out_held == sizeof(g->out)) {
		g->put(g->arg, g->out, g->out_held);
		g->out_held = 0;
	}
}

/* The lowest bit first. */
static void put_bits(struct gzip *g, uint32_t value, unsigned int count)
{
	g->bits |= value << g->bits_held;
	for (g->bits_held += count; g->bits_held >= 8; g->bits_held -= 8, g->bits >>= 8)
		put_byte(g, g->bits & 0xff);
}

/* Codes alone go the other way round. */
static void put_code(struct gzip *g, uint32_t code, unsigned int count)
{
	uint32_t turned = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		turned |= (code >> i & 1) << (count - 1 - i);
	put_bits(g, turned, count);
}

static void put_symbol(struct gzip *g, uint32_t symbol)
{
	if (symbol < 144)
		put_code(g, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(g, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(g, symbol - 256, 7);
	else
		put_code(g, 0xc0 + symbol - 280, 8);
}

/* Codes of lengths come in fours with as many further bits, from 8 codes without on. */
static void put_length(struct gzip *g, uint32_t length)
{
	uint32_t base = MATCH_MIN, symbol = FIRST_LENGTH;
	unsigned int extra = 0;

	if (length == MATCH_MAX) {
		put_symbol(g, LAST_LENGTH);
		return;
	}
	while (length >= base + (1u << extra)) {
		base += 1u << extra;
		symbol++;
		extra = symbol < FIRST_LENGTH + 8 ? 0 : (symbol - FIRST_LENGTH) / 4 - 1;
	}
	put_symbol(g, symbol);
	put_bits(g, length - base, extra);
}

/* Those of distances in pairs, from 4 on. */
static void put_distance(struct gzip *g, uint32_t distance)
{
	uint32_t base = 1, code = 0;
	unsigned int extra = 0;

	while (distance >= base + (1u << extra)) {
		base += 1u << extra;
		code++;
		extra = code < 4 ? 0 : code / 2 - 1;
	}
	put_code(g, code, 5);
	put_bits(g, distance - base, extra);
}

/* Where these three bytes stood last, and now stand; 0: nowhere, else 1 more. */
static size_t seen_before(struct gzip *g, size_t at)
{
	const unsigned char *p = g->in + at;
	uint32_t hash = ((uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]) * 2654435761u >> 20;
	size_t before = g->last[hash];

	g->last[hash] = (uint16_t)(at + 1);
	return before;
}

static uint32_t match_length(const struct gzip *g, size_t from, size_t at)
{
	uint32_t length = 0;

	while (length < MATCH_MAX && at + length < g->in_held &&
		g->in[from + length] == g->in[at + length])
		length++;
	return length;
}

static void put_block(struct gzip *g)
{
	uint32_t length;
	size_t at, before;

	memset(g->last, 0, sizeof(g->last));
	put_bits(g, 0, 1);
	put_bits(g, 1, 2);
	for (at = 0; at < g->in_held; at += length) {
		before = at + MATCH_MIN <= g->in_held ? seen_before(g, at) : 0;
		length = before ? match_length(g, before - 1, at) : 0;
		if (length >= MATCH_MIN) {
			put_length(g, length);
			put_distance(g, (uint32_t)(at - (before - 1)));
		} else {
			length = 1;
			put_symbol(g, g->in[at]);
		}
	}
	put_symbol(g, END_OF_BLOCK);
	g->in_held = 0;
}

static void put_word(struct gzip *g, uint32_t word)
{
	int i;

	for (i = 0; i < 32; i += 8)
		put_byte(g, word >> i & 0xff);
}

static uint32_t crc_add(uint32_t crc, const unsigned char *p, size_t size)
{
	static uint32_t table[256];
	uint32_t i, j, c;

	for (i = 0; !table[255] && i < 256; i++) {
		for (c = i, j = 0; j < 8; j++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		table[i] = c;
	}
	for (crc = ~crc; size; size--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

void gzip_init(
	struct gzip *g, void (*put)(void *arg, const unsigned char *p, size_t size), void *arg)
{
	static const unsigned char header[10] = { 0x1f, 0x8b, 8, [9] = 3 };

	memset(g, 0, sizeof(*g));
	g->put = put;
	g->arg = arg;
	put(arg, header, sizeof(header));
}

void gzip_add(struct gzip *g, const unsigned char *p, size_t size)
{
	size_t n;

	g->crc = crc_add(g->crc, p, size);
	g->bytes += (uint32_t)size;
	for (; size; p += n, size -= n) {
		n = sizeof(g->in) - g->in_held;
		n = n < size ? n : size;
		memcpy(g->in + g->in_held, p, n);
		g->in_held += n;
		if (g->in_held == sizeof(g->in))
			put_block(g);
	}
}

void gzip_end(struct gzip *g)
{
	put_block(g);
	put_bits(g, 1, 1);
	put_bits(g, 1, 2);
	put_symbol(g, END_OF_BLOCK);
	put_bits(g, 0, 7); /* up to a whole byte */
	put_word(g, g->crc);
	put_word(g, g->bytes);
	g->put(g->arg, g->out, g->out_held);
}
