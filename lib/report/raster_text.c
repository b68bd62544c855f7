// SPDX-License-Identifier: LGPL-2.1-or-later
/* The raster on a terminal: a letter a cell, rows of a power of two of cells, holes in one line. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "raster.h"

/* Letters of mixed cells are capital, so that the class that dominates is still told. */
static const struct sv_class_look looks[SV_CLASS_COUNT] = {
	[SV_CLASS_UNKNOWN] = { '?', '?', "", "#ffffff" },
	[SV_CLASS_NOPAGE] = { ' ', ' ', "", "#ffffff" },
	[SV_CLASS_HWPOISON] = { '!', '!', "31;1", "#ff4d4d" },
	[SV_CLASS_OFFLINE] = { 'o', 'O', "37", "#c5b0d5" },
	[SV_CLASS_FREE] = { '.', ':', "", "#f0f0f0" },
	[SV_CLASS_SLAB] = { 's', 'S', "33", "#e69f00" },
	[SV_CLASS_PGTABLE] = { 't', 'T', "35", "#dc9bc0" },
	[SV_CLASS_ZERO] = { 'z', 'Z', "37", "#d9d9d9" },
	[SV_CLASS_HUGETLB] = { 'h', 'H', "34", "#5fc3a5" },
	[SV_CLASS_ANON] = { 'a', 'A', "36", "#8cc8ee" },
	[SV_CLASS_FILE] = { 'f', 'F', "32", "#a5d99b" },
	[SV_CLASS_SHMEM] = { 'm', 'M', "34", "#8fb4d9" },
	[SV_CLASS_RESERVED] = { 'r', 'R', "90", "#b0b0b0" },
	[SV_CLASS_KERNEL_COMPOUND] = { 'k', 'K', "31", "#f0834d" },
	[SV_CLASS_KERNEL_CHARGED] = { 'c', 'C', "31", "#ffbe85" },
	[SV_CLASS_UNCLASSIFIED] = { 'u', 'U', "93", "#f3e96b" },
};

const struct sv_class_look *sv_class_look(enum sv_class class)
{
	return &looks[class];
}

char sv_raster_letter(const struct sv_raster_cell *c)
{
	const struct sv_class_look *look = &looks[sv_raster_class(c)];

	return sv_raster_mixed(c) ? look->mixed : look->letter;
}

int sv_raster_size(const safevma_observation *obs, uint64_t frames, struct sv_strbuf *ret)
{
	const struct safevma_report_options options = { .format = SAFEVMA_FORMAT_TEXT };
	struct safevma_value v = sv_value_u64(SAFEVMA_TYPE_BYTES, frames * obs->host.page_size);

	return sv_value_format(&v, &options, ret);
}

struct drawing {
	const struct sv_plan *plan;
	const struct sv_raster *raster;
	const uint64_t *selected; /* of each cell; NULL: not asked, or not known */
	unsigned int width;	  /* cells of a row, log2 */
	int label;		  /* characters */
	struct sv_strbuf out, marks;
};

enum { WIDTH = 80, NARROWEST = 4, WIDEST = 8 };

static int label_length(const struct sv_raster *r)
{
	int n = 3;

	for (uint64_t v = r->end >> 4; v; v >>= 4)
		n++;
	return n;
}

static unsigned int row_width(const struct sv_plan *plan, int label)
{
	unsigned int width = plan->options->width ? plan->options->width : WIDTH, order = NARROWEST;

	while (order < WIDEST && (2u << order) + (unsigned int)label + 1 <= width)
		order++;
	return order;
}

static int add_letter(struct drawing *d, size_t cell)
{
	const struct sv_raster_cell *c = &d->raster->cells.ptr[cell];
	const char *ansi = looks[sv_raster_class(c)].ansi;
	bool chosen = d->selected && d->selected[cell], bold = sv_raster_mixed(c);
	char letter = sv_raster_letter(c);

	if (!d->plan->options->color || (!*ansi && !chosen && !bold))
		return sv_strbuf_add(&d->out, &letter, 1);
	return sv_strbuf_printf(&d->out, "\033[0%s%s%s%sm%c\033[0m", bold ? ";1" : "",
		*ansi ? ";" : "", ansi, chosen ? ";7" : "", letter);
}

static int pad(struct sv_strbuf *b, size_t *at, size_t to)
{
	for (; *at < to; (*at)++)
		if (sv_strbuf_add(b, " ", 1))
			return -1;
	return 0;
}

/* Cells from number first on that are of one row. *n: how many. */
static int add_row(struct drawing *d, size_t first, size_t *n)
{
	const struct sv_raster *r = d->raster;
	uint64_t row = r->cells.ptr[first].index >> d->width, begin = row << d->width;
	size_t at = 0, marked = 0;

	d->marks.len = 0;
	if (sv_strbuf_printf(
		    &d->out, "0x%-*llx ", d->label - 2, (unsigned long long)(begin << r->order)))
		return -1;
	for (*n = 0; first + *n < r->cells.len; ++*n, at++) {
		uint64_t index = r->cells.ptr[first + *n].index;

		if (index >> d->width != row)
			break;
		if (pad(&d->out, &at, (size_t)(index - begin)) || add_letter(d, first + *n))
			return -1;
		if (!d->selected || !d->selected[first + *n])
			continue;
		if (pad(&d->marks, &marked, at) || sv_strbuf_add(&d->marks, "^", 1))
			return -1;
		marked++;
	}
	if (sv_strbuf_add(&d->out, "\n", 1))
		return -1;
	return d->marks.len ? sv_strbuf_printf(&d->out, "%*s %s\n", d->label, "", d->marks.ptr) : 0;
}

/* Whole rows without memory: [from, to) in frames. */
static int add_hole(struct drawing *d, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	if (sv_strbuf_printf(&d->out, "%*s no memory from 0x%llx to 0x%llx: ", d->label, "",
		    (unsigned long long)from, (unsigned long long)to - 1))
		return -1;
	return sv_raster_size(d->plan->obs, to - from, &d->out) || sv_strbuf_add(&d->out, "\n", 1)
		       ? -1
		       : 0;
}

static int add_rows(struct drawing *d)
{
	const struct sv_raster *r = d->raster;
	unsigned int shift = d->width + r->order;
	uint64_t next = r->first >> shift; /* row */

	for (size_t i = 0, n; i < r->cells.len; i += n) {
		uint64_t row = r->cells.ptr[i].index >> d->width;
		uint64_t from = next << shift;

		if (add_hole(d, row > next && from < r->first ? r->first : from, row << shift) ||
			add_row(d, i, &n))
			return -1;
		next = row + 1;
	}
	return add_hole(d, next << shift, r->end);
}

static int add_heading(struct drawing *d)
{
	const struct sv_raster *r = d->raster;
	struct sv_strbuf *b = &d->out;

	if (sv_strbuf_printf(b, "Frames 0x%llx to 0x%llx; a cell is ", (unsigned long long)r->first,
		    (unsigned long long)r->end - 1) ||
		sv_raster_size(d->plan->obs, UINT64_C(1) << r->order, b) ||
		sv_strbuf_printf(
			b, " (%llu frame%s), a row ", 1ULL << r->order, r->order ? "s" : "") ||
		sv_raster_size(d->plan->obs, UINT64_C(1) << (r->order + d->width), b) ||
		sv_strbuf_printf(b,
			".\nThe letter is the class of most of a cell, capital (or ':' for '.') "
			"where slab\nor the like lies in it beside mapped memory of processes%s.\n"
			"%-*s CELLS\n",
			d->selected ? "; ^ marks the selection" : "", d->label, "PFN"))
		return -1;
	return 0;
}

static int selected_of(const safevma_observation *obs, uint64_t **ret)
{
	if (!sv_selected_known(obs))
		return 0;
	*ret = calloc(obs->raster.cells.len + 1, sizeof(**ret));
	return *ret ? sv_measure_selected(obs, *ret) : -1;
}

int sv_raster_draw(const struct sv_plan *plan, FILE *out, struct safevma_error *err)
{
	const struct sv_raster *r = &plan->obs->raster;
	struct drawing d = { .plan = plan, .raster = r, .label = label_length(r) };
	sv_auto_free uint64_t *selected = NULL;
	int rc;

	if (!r->made || !r->cells.len) {
		rc = sv_strbuf_printf(&d.out, "%s\n", plan->table->none);
	} else {
		d.width = row_width(plan, d.label);
		rc = selected_of(plan->obs, &selected);
		d.selected = selected;
		rc = rc || (!plan->options->no_headings && add_heading(&d)) || add_rows(&d);
	}
	if (rc)
		rc = sv_error_nomem(err);
	else if (fwrite(d.out.ptr, 1, d.out.len, out) != d.out.len)
		rc = sv_error_sys(err, errno, NULL, "write the picture");
	sv_strbuf_fini(&d.out);
	sv_strbuf_fini(&d.marks);
	return rc;
}
