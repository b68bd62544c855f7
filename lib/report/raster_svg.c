// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The raster as a picture that needs no other file. Each cell has its letter as well as its colour,
 * mixed ones a bar, those with frames of the selection a frame; what a cell holds is its tooltip.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "escape.h"
#include "iface/kpage.h"
#include "raster.h"

enum {
	ROW_ORDER = 6, /* 64 cells */
	SIZE = 14,     /* of a cell */
	LEFT = 110,
	TOP = 64,
	LEGEND = 18, /* height of a line */
	RIGHT = 20,
};

struct svg {
	const safevma_observation *obs;
	const struct sv_raster *raster;
	const uint64_t *selected;
	struct sv_strbuf out;
	struct sv_composition all;
	unsigned int y;
};

/* Text of others: what XML does not allow, or means something to it, does not get through. */
static int add_text(struct sv_strbuf *b, const char *text, size_t len)
{
	sv_auto_strbuf struct sv_strbuf clean = { 0 };
	int rc = sv_escape(text, len, SV_ESCAPE_UTF8, &clean);

	for (size_t i = 0; i < clean.len && !rc; i++) {
		unsigned char ch = (unsigned char)clean.ptr[i];

		if (ch == '<' || ch == '>' || ch == '&' || ch == '"' || ch == '\'')
			rc = sv_strbuf_printf(b, "&#%u;", ch);
		else
			rc = sv_strbuf_add(b, ch < 0x20 || ch == 0x7f ? "?" : (char *)&ch, 1);
	}
	return rc;
}

static int add_string(struct sv_strbuf *b, const char *text)
{
	return add_text(b, text, strlen(text));
}

static int add_classes(struct svg *s, const struct sv_raster_cell *c)
{
	for (int i = 0; i < SV_CLASS_COUNT; i++)
		if (c->class[i] && sv_strbuf_printf(&s->out, ", %s %llu",
					   sv_class_info((enum sv_class)i)->name,
					   (unsigned long long)c->class[i]))
			return -1;
	return 0;
}

static int add_title(struct svg *s, size_t cell)
{
	const struct sv_raster_cell *c = &s->raster->cells.ptr[cell];
	uint64_t first = sv_raster_first(s->raster, c);

	if (sv_strbuf_printf(&s->out, "<title>0x%llx-0x%llx", (unsigned long long)first,
		    (unsigned long long)(first + sv_raster_frames(s->raster, c) - 1)) ||
		add_classes(s, c))
		return -1;
	if (s->selected && s->selected[cell] &&
		sv_strbuf_printf(
			&s->out, "; %llu of the selection", (unsigned long long)s->selected[cell]))
		return -1;
	return sv_strbuf_printf(&s->out, "</title>");
}

static int add_cell(struct svg *s, size_t cell)
{
	const struct sv_raster_cell *c = &s->raster->cells.ptr[cell];
	unsigned int x = LEFT + SIZE * (unsigned int)(c->index & ((1u << ROW_ORDER) - 1));
	bool chosen = s->selected && s->selected[cell];

	return sv_strbuf_printf(&s->out,
		       "<g><rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"13\" height=\"13\" "
		       "fill=\"%s\"/><text class=\"t\" x=\"%u\" y=\"%u\">%c</text>",
		       chosen ? "s" : "c", x, s->y, sv_class_look(sv_raster_class(c))->color,
		       x + SIZE / 2, s->y + SIZE - 4, sv_raster_letter(c)) ||
			       (sv_raster_mixed(c) &&
				       sv_strbuf_printf(&s->out, "<path d=\"M%u %uh%u\"/>", x + 1,
					       s->y + SIZE - 2, SIZE - 3)) ||
			       add_title(s, cell) || sv_strbuf_printf(&s->out, "</g>\n")
		       ? -1
		       : 0;
}

/* Cells from number first on that are of one row; *n: how many. */
static int add_row(struct svg *s, size_t first, size_t *n)
{
	const struct sv_raster *r = s->raster;
	uint64_t row = r->cells.ptr[first].index >> ROW_ORDER;

	if (sv_strbuf_printf(&s->out, "<text class=\"l\" x=\"%u\" y=\"%u\">0x%llx</text>\n",
		    LEFT - 8, s->y + SIZE - 3, (unsigned long long)row << ROW_ORDER << r->order))
		return -1;
	for (*n = 0; first + *n < r->cells.len; ++*n)
		if (r->cells.ptr[first + *n].index >> ROW_ORDER != row)
			break;
		else if (add_cell(s, first + *n))
			return -1;
	s->y += SIZE;
	return 0;
}

static int add_hole(struct svg *s, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	if (sv_strbuf_printf(&s->out, "<text x=\"%u\" y=\"%u\">no memory from 0x%llx to 0x%llx: ",
		    LEFT, s->y + SIZE - 3, (unsigned long long)from, (unsigned long long)to - 1) ||
		sv_raster_size(s->obs, to - from, &s->out) ||
		sv_strbuf_printf(&s->out, "</text>\n"))
		return -1;
	s->y += SIZE;
	return 0;
}

static int add_rows(struct svg *s)
{
	const struct sv_raster *r = s->raster;
	unsigned int shift = ROW_ORDER + r->order;
	uint64_t next = r->first >> shift;

	for (size_t i = 0, n; i < r->cells.len; i += n) {
		uint64_t row = r->cells.ptr[i].index >> ROW_ORDER, from = next << shift;

		if (add_hole(s, row > next && from < r->first ? r->first : from, row << shift) ||
			add_row(s, i, &n))
			return -1;
		next = row + 1;
	}
	return add_hole(s, next << shift, r->end);
}

static int add_legend_line(struct svg *s, enum sv_class class)
{
	const struct sv_class_look *look = sv_class_look(class);

	if (sv_strbuf_printf(&s->out,
		    "<rect class=\"c\" x=\"%u\" y=\"%u\" width=\"13\" height=\"13\" "
		    "fill=\"%s\"/><text class=\"t\" x=\"%u\" "
		    "y=\"%u\">%c</text><text x=\"%u\" y=\"%u\">%s, ",
		    LEFT, s->y, look->color, LEFT + SIZE / 2, s->y + SIZE - 4, look->letter,
		    LEFT + SIZE + 8, s->y + SIZE - 3, sv_class_info(class)->name) ||
		sv_raster_size(s->obs, s->all.class[class], &s -> out) ||
		sv_strbuf_printf(&s->out, ": ") ||
		add_string(&s->out, sv_class_info(class)->help) ||
		sv_strbuf_printf(&s->out, "</text>\n"))
		return -1;
	s->y += LEGEND;
	return 0;
}

static int add_note(struct svg *s, const char *text)
{
	if (sv_strbuf_printf(&s->out, "<text x=\"%u\" y=\"%u\">", LEFT, s->y + SIZE - 3) ||
		add_string(&s->out, text) || sv_strbuf_printf(&s->out, "</text>\n"))
		return -1;
	s->y += LEGEND;
	return 0;
}

static int add_selected(struct svg *s)
{
	for (size_t i = 0; i < s->obs->processes.len; i++) {
		const struct sv_process *p = &s->obs->processes.ptr[i];

		if (!p->selected)
			continue;
		if (sv_strbuf_printf(&s->out, "<text x=\"%u\" y=\"%u\">process %d, ", LEFT,
			    s->y + SIZE - 3, p->pid) ||
			add_text(&s->out, p->comm.ptr ? p->comm.ptr : "", p->comm.len) ||
			sv_strbuf_printf(&s->out, "</text>\n"))
			return -1;
		s->y += LEGEND;
	}
	return 0;
}

static int add_legend(struct svg *s)
{
	s->y += LEGEND;
	for (int i = 0; i < SV_CLASS_COUNT; i++)
		if (s->all.class[i] && add_legend_line(s, (enum sv_class)i))
			return -1;
	if (add_note(s, "A capital letter (: for .) and a bar: slab or the like lies in the cell "
			"beside mapped memory of processes"))
		return -1;
	if (!s->selected)
		return 0;
	return add_note(s, "A heavy frame: frames of the selected processes lie in the cell:") ||
			       add_selected(s)
		       ? -1
		       : 0;
}

static int add_summary(struct svg *s, struct sv_strbuf *b)
{
	const struct sv_raster *r = s->raster;

	if (!r->made || !r->cells.len)
		return sv_strbuf_printf(b, "no memory was seen");
	if (sv_raster_size(s->obs, s->all.frames, b) ||
		sv_strbuf_printf(b, " of memory in frames 0x%llx to 0x%llx, in %zu cells of ",
			(unsigned long long)r->first, (unsigned long long)r->end - 1,
			r->cells.len) ||
		sv_raster_size(s->obs, UINT64_C(1) << r->order, b))
		return -1;
	for (int i = 0; i < SV_CLASS_COUNT; i++)
		if (s->all.class[i] &&
			(sv_strbuf_printf(b, "; %s ", sv_class_info((enum sv_class)i)->name) ||
				sv_raster_size(s->obs, s->all.class[i], b)))
			return -1;
	return 0;
}

static const char style[] =
	"<style>text{font:11px monospace;fill:#111}.l{text-anchor:end}"
	".t{text-anchor:middle;font-size:10px}"
	".c{stroke:#ccc;stroke-width:.5}.s{stroke:#000;stroke-width:2}"
	"path{stroke:#000;stroke-width:1.5}.h{font:bold 14px sans-serif}</style>\n";

/* The height is known when all is drawn, and stands before it. */
static int whole(struct svg *s, struct sv_strbuf *ret)
{
	const unsigned int width = LEFT + (SIZE << ROW_ORDER) + RIGHT;
	const struct sv_host *h = &s->obs->host;

	return sv_strbuf_printf(ret,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
		       "xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		       "viewBox=\"0 0 %u %u\" role=\"img\" aria-labelledby=\"title desc\">\n"
		       "<title id=\"title\">Physical memory of Linux ",
		       width, s->y + LEGEND, width, s->y + LEGEND) ||
			       add_string(ret, h->release) || sv_strbuf_printf(ret, " on ") ||
			       add_string(ret, h->machine) ||
			       sv_strbuf_printf(ret, "</title>\n<desc id=\"desc\">") ||
			       add_summary(s, ret) ||
			       sv_strbuf_printf(ret,
				       "</desc>\n%s<rect width=\"100%%\" height=\"100%%\" "
				       "fill=\"#fff\"/>\n<text class=\"h\" "
				       "x=\"%u\" y=\"24\">Physical memory, Linux ",
				       style, RIGHT) ||
			       add_string(ret, h->release) || sv_strbuf_printf(ret, " on ") ||
			       add_string(ret, h->machine) ||
			       sv_strbuf_printf(
				       ret, "</text>\n<text x=\"%u\" y=\"44\">A cell is ", RIGHT) ||
			       sv_raster_size(s->obs, UINT64_C(1) << s->raster->order, ret) ||
			       sv_strbuf_printf(ret,
				       "; at the left the number of the first frame of a row"
				       "</text>\n") ||
			       sv_strbuf_add(ret, s->out.ptr, s->out.len) ||
			       sv_strbuf_printf(ret, "</svg>\n")
		       ? -1
		       : 0;
}

static int build(struct svg *s, struct sv_strbuf *ret)
{
	const struct sv_raster *r = s->raster;

	if (!r->made || !r->cells.len)
		return add_note(s, "no memory was seen: there is none in this range, or the frames "
				   "could not be read") ||
				       whole(s, ret)
			       ? -1
			       : 0;
	return add_rows(s) || add_legend(s) || whole(s, ret) ? -1 : 0;
}

int safevma_svg_write(const safevma_observation *obs, FILE *out, struct safevma_error *err)
{
	struct svg s = { .obs = obs, .raster = &obs->raster, .y = TOP };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	sv_auto_free uint64_t *selected = NULL;
	int rc = 0;

	sv_measure_composition(s.raster, &s.all);
	if (s.raster->made && sv_selected_known(obs)) {
		selected = calloc(s.raster->cells.len + 1, sizeof(*selected));
		rc = selected ? sv_measure_selected(obs, selected) : -1;
		s.selected = selected;
	}
	if (rc || build(&s, &text))
		rc = sv_error_nomem(err);
	else if (fwrite(text.ptr, 1, text.len, out) != text.len || fflush(out))
		rc = sv_error_sys(err, errno, NULL, "write the picture");
	sv_strbuf_fini(&s.out);
	return rc;
}
