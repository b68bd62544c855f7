// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Page-table dumps of debugfs; generic walk in mm/ptdump.c since 5.6, the printing is each
 * architecture's own. Equal neighbours are merged, so the size column is no entry's size; on x86 it
 * is no exact one either ("16777096T"). Hence it is checked for its form only.
 *
 * x86, page_tables/kernel, note_page() in arch/x86/mm/dump_pagetables.c. Eight digits on i386.
 * Flags are blanks when the present bit is clear, the level is always there. p4d since 4.12.
 *	0xffff8a5641378000-0xffff8a5641379000           4K                               pte
 *	0xff1a2decc0200000-0xff1a2decc1400000          18M     RW         PSE         NX pmd
 *	... 65536 entries skipped ...
 *
 * arm64, kernel_page_tables, note_page() in arch/arm64/mm/ptdump.c (dump.c before 5.6). The first
 * attribute is 'F' when the valid bit alone was cleared: then "RW" says nothing. Without attributes
 * the entry is zero.
 *	0xfff0000001b0f000-0xfff0000001b10000           4K PTE F     RW NX     AF NG         UXN ...
 *	0xfff0000000200000-0xfff0000000600000           4M PMD       ro NX     AF NG     BLK UXN ...
 *
 * riscv, kernel_page_tables, note_page() in arch/riscv/mm/ptdump.c (since 5.6). Zero entries are
 * not printed. Attributes end in X W R V, '.' for each that is clear; those before them have grown
 * (RSW with its value, MT and N since 6.7). The physical address is that of the first entry only.
 *	0xff60000000000000-0xff60000000200000    0x0000000080000000         2M PMD ... W R V
 *
 * arm, kernel_page_tables, note_page() in arch/arm/mm/dump.c. No level; zero entries are not
 * printed, and whether an entry is valid is not either; a domain's name may come first (4.17).
 *	0xc0000000-0xc0200000           2M KERNEL      RW NX SHD
 */
#include "ptdump.h"

#include <string.h>

#include "base/error.h"

#define KB		   UINT64_C(1024)
#define MAX_WORDS	   24
#define LAST_ADDRESS_32	   UINT64_C(0xffffffff)
#define RISCV_TAIL_LETTERS 4

struct level {
	const char *name;
	uint64_t entry_bytes; /* 0: depends on what the line does not say */
	bool wide;	      /* with 64-bit addresses only */
};

/* A root entry covers what the number of levels makes it: 512 GiB or 256 TiB. */
static const struct level x86_levels[] = {
	{ .name = "pte", .entry_bytes = 4 * KB },
	{ .name = "pmd", .entry_bytes = 2 * KB * KB }, /* i386 has one with PAE only */
	{ .name = "pud", .entry_bytes = KB * KB * KB, .wide = true },
	{ .name = "p4d", .entry_bytes = 512 * KB * KB * KB, .wide = true },
	{ .name = "pgd" },
	{ .name = "cr3" },
	{ .name = NULL },
};

static const struct level arm64_levels[] = {
	{ .name = "PTE" }, /* the granule decides */
	{ .name = "PMD" },
	{ .name = "PUD" },
	{ .name = "P4D" },
	{ .name = "PGD" },
	{ .name = NULL },
};

static const struct level riscv_levels[] = {
	{ .name = "PTE", .entry_bytes = 4 * KB },
	{ .name = "PMD", .entry_bytes = 2 * KB * KB, .wide = true },
	{ .name = "PUD", .entry_bytes = KB * KB * KB, .wide = true },
	{ .name = "P4D", .entry_bytes = 512 * KB * KB * KB, .wide = true },
	{ .name = "PGD" },
	{ .name = NULL },
};

/* The words behind the size. */
struct words {
	struct sv_span word[MAX_WORDS];
	size_t n;
};

static bool split(struct sv_span s, struct words *ret)
{
	ret->n = 0;
	for (sv_skip_blanks(&s); s.len; sv_skip_blanks(&s))
		if (ret->n == MAX_WORDS || !sv_take_word(&s, &ret->word[ret->n++]))
			return false;
	return true;
}

static bool has(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (sv_span_is(w->word[i], word))
			return true;
	return false;
}

static bool take_level(
	struct sv_span word, const struct level *levels, bool wide, struct sv_ptdump_line *line)
{
	for (const struct level *l = levels; l->name; l++) {
		if (!sv_span_is(word, l->name))
			continue;
		line->level = word;
		line->entry_bytes = l->wide && !wide ? 0 : l->entry_bytes;
		return true;
	}
	return false;
}

static void drop_first(struct words *w)
{
	w->n--;
	memmove(w->word, w->word + 1, w->n * sizeof(*w->word));
}

/* One of RW, ro and one of NX, x: both or neither. FOUND: whether they are there. */
static bool take_permission(const struct words *w, bool *found, struct sv_ptdump_line *line)
{
	bool rw = has(w, "RW"), ro = has(w, "ro"), nx = has(w, "NX"), x = has(w, "x");

	*found = rw || ro;
	line->writable = rw;
	line->exec = x;
	return *found ? rw != ro && nx != x : !nx && !x;
}

static bool take_x86(struct words *w, bool wide, struct sv_ptdump_line *line)
{
	if (!w->n || !take_level(w->word[w->n - 1], x86_levels, wide, line))
		return false;
	w->n--;
	return take_permission(w, &line->present, line) && (line->present || !w->n);
}

static bool take_arm64(struct words *w, bool wide, struct sv_ptdump_line *line)
{
	bool found, fault;

	if (!w->n || !take_level(w->word[0], arm64_levels, wide, line))
		return false;
	drop_first(w);
	fault = w->n && sv_span_is(w->word[0], "F");
	if (!take_permission(w, &found, line) || (!found && w->n))
		return false;
	line->present = found && !fault;
	line->entry = found && fault;
	return true;
}

static bool take_arm(struct words *w, bool wide, struct sv_ptdump_line *line)
{
	(void)wide;
	return take_permission(w, &line->present, line) && line->present;
}

static bool take_letter(struct sv_span word, char letter, bool *ret)
{
	if (word.len != 1 || (word.ptr[0] != letter && word.ptr[0] != '.'))
		return false;
	*ret = word.ptr[0] == letter;
	return true;
}

static bool take_riscv(struct words *w, bool wide, struct sv_ptdump_line *line)
{
	const struct sv_span *tail;
	bool readable;

	if (!w->n || !take_level(w->word[0], riscv_levels, wide, line))
		return false;
	drop_first(w);
	if (w->n < RISCV_TAIL_LETTERS)
		return false;
	tail = &w->word[w->n - RISCV_TAIL_LETTERS];
	if (!take_letter(tail[0], 'X', &line->exec) ||
		!take_letter(tail[1], 'W', &line->writable) ||
		!take_letter(tail[2], 'R', &readable) || !take_letter(tail[3], 'V', &line->present))
		return false;
	line->entry = !line->present;
	return true;
}

static const struct format {
	const char *expected;
	bool (*take)(struct words *w, bool wide, struct sv_ptdump_line *line);
	bool prints_paddr;
} formats[] = {
	[SV_PTDUMP_X86] = {
		.expected = "'START-END SIZE FLAGS LEVEL' of an x86 dump",
		.take = take_x86,
	},
	[SV_PTDUMP_ARM64] = {
		.expected = "'START-END SIZE LEVEL FLAGS' of an arm64 dump",
		.take = take_arm64,
	},
	[SV_PTDUMP_RISCV] = {
		.expected = "'START-END PADDR SIZE LEVEL FLAGS' of a riscv dump",
		.take = take_riscv,
		.prints_paddr = true,
	},
	[SV_PTDUMP_ARM] = {
		.expected = "'START-END SIZE FLAGS' of an arm dump",
		.take = take_arm,
	},
};

/* "0x" and just as many digits as the kernel's long has: the width tells 32 bit from 64. */
static bool take_address(struct sv_span *s, size_t *digits, uint64_t *ret)
{
	struct sv_span before;

	if (!sv_take_lit(s, "0x"))
		return false;
	before = *s;
	if (!sv_take_hex(s, ret))
		return false;
	*digits = before.len - s->len;
	return *digits == 8 || *digits == 16;
}

/* The last end wraps to 0, or is written as the last address of all. */
static bool take_range(struct sv_span *s, bool *wide, struct sv_ptdump_line *line)
{
	uint64_t last;
	size_t a, b;

	if (!take_address(s, &a, &line->start) || !sv_take_lit(s, "-") ||
		!take_address(s, &b, &line->end) || a != b)
		return false;
	*wide = a == 16;
	last = *wide ? UINT64_MAX : LAST_ADDRESS_32;
	if (line->end == last)
		line->end = 0;
	return !line->end || line->start < line->end;
}

static bool take_paddr(struct sv_span *s, struct sv_ptdump_line *line)
{
	size_t digits;

	sv_skip_blanks(s);
	line->paddr.known = take_address(s, &digits, &line->paddr.value);
	return line->paddr.known;
}

static bool take_size(struct sv_span *s)
{
	struct sv_span word;
	uint64_t size;

	sv_skip_blanks(s);
	return sv_take_dec(s, &size) && sv_take_word(s, &word) && word.len == 1 &&
	       memchr("BKMGTPE", word.ptr[0], 7);
}

static bool take_line(struct sv_span s, const struct format *f, struct sv_ptdump_line *line)
{
	struct words w;
	bool wide;

	if (!take_range(&s, &wide, line) || (f->prints_paddr && !take_paddr(&s, line)) ||
		!take_size(&s) || !split(s, &w) || !f->take(&w, wide, line))
		return false;
	/* What a cleared entry would allow is no permission. */
	line->writable &= line->present;
	line->exec &= line->present;
	return true;
}

static bool take_marker(struct sv_span s, struct sv_ptdump_line *line)
{
	static const char tail[] = " ]---";

	if (!sv_take_lit(&s, "---[ ") || !sv_span_ends(s, tail))
		return false;
	line->marker = true;
	line->name = (struct sv_span) { .ptr = s.ptr, .len = s.len - (sizeof(tail) - 1) };
	return line->name.len > 0;
}

/* x86 leaves lines out where one table is mapped many times over (ESPfix). */
static bool is_skipped(struct sv_span s)
{
	uint64_t n;

	return sv_take_lit(&s, "... ") && sv_take_dec(&s, &n) &&
	       (sv_take_lit(&s, " entries skipped ...") || sv_take_lit(&s, " entry skipped ...")) &&
	       !sv_trim(s).len;
}

int sv_ptdump_next(struct sv_text *text, enum sv_ptdump_format format, struct sv_ptdump_line *ret,
	struct safevma_error *err)
{
	const struct format *f = &formats[format];
	struct sv_ptdump_line line = { 0 };
	struct sv_span s;

	do {
		if (!sv_text_line(text, &s))
			return 0;
	} while (format == SV_PTDUMP_X86 && is_skipped(s));
	if (!take_marker(s, &line) && !take_line(s, f, &line))
		return sv_text_error(text, err, f->expected, s);
	*ret = line;
	return 1;
}
