// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The dump names addresses, not frames (but on riscv). Where the linear map begins is told by
 * kcore's headers; where those cannot be read, by the first line behind the marker: on x86 the base
 * is a multiple of 1 GiB and frame 0 is mapped; elsewhere the first line is the first range of RAM.
 * The self-check on a page of our own then shows whether that holds.
 */
#include "dump.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "iface/iomem.h"
#include "iface/ptdump.h"

enum { RAM_MAX = 1024 };

struct ram {
	struct sv_frame_range ranges[RAM_MAX];
	size_t len;
};

struct dump {
	struct sv_capture *c;
	enum sv_ptdump_format format;
	unsigned int page_shift;
	const struct sv_frame_range *ranges;
	size_t n;
	size_t first; /* ranges before it lie below all further lines */
	struct ram ram;
	bool delta_known;
	uint64_t delta;
	bool in_linear;
	struct sv_kernelmap *map;
};

static enum sv_ptdump_format format_of(const char *machine)
{
	if (!strcmp(machine, "aarch64"))
		return SV_PTDUMP_ARM64;
	if (!strncmp(machine, "riscv", 5))
		return SV_PTDUMP_RISCV;
	return strncmp(machine, "arm", 3) ? SV_PTDUMP_X86 : SV_PTDUMP_ARM;
}

enum sv_iface sv_dump_iface(const struct sv_capture *c)
{
	return format_of(c->obs->host.machine) == SV_PTDUMP_X86 ? SV_IFACE_PTDUMP_X86
								: SV_IFACE_PTDUMP;
}

/* ---- what is RAM ----------------------------------------------------------------------------- */

static void add_ram(struct dump *d, const struct sv_iomem_range *r)
{
	uint64_t page = UINT64_C(1) << d->page_shift;
	uint64_t first = (r->start + page - 1) >> d->page_shift;
	uint64_t end = (r->end + 1) >> d->page_shift;

	if (!sv_iomem_is_ram(r) || end <= first || d->ram.len == RAM_MAX)
		return;
	d->ram.ranges[d->ram.len++] = (struct sv_frame_range) { first, end - first };
}

/* Without the list nobody can tell removed RAM from what was never there: a gap. */
static int read_ram(struct dump *d, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_IOMEM, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_iomem_range r;
	struct sv_text t;
	int rc = sv_capture_text(d->c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	t = sv_text_init(text.ptr, text.len, "/proc/iomem");
	while (rc > 0 && (rc = sv_iomem_next(&t, &r, &why)) > 0)
		add_ram(d, &r);
	if (d->ram.len && d->ram.len < RAM_MAX && !rc)
		return 0;
	if (!rc || d->ram.len == RAM_MAX)
		sv_error_set(&why, SAFEVMA_E_FORMAT, 0, "/proc/iomem", 0,
			"expected 1 to %d ranges of RAM, got %zu (without CAP_SYS_ADMIN every "
			"address is zero)",
			RAM_MAX - 1, d->ram.len);
	d->ram.len = 0;
	return sv_gap_add_cost(d->c->obs, SV_IFACE_IOMEM, 0, &why, false,
		"which frames a dump shows as removed", err);
}

static bool is_ram(const struct dump *d, uint64_t pfn, uint64_t *until)
{
	*until = UINT64_MAX >> d->page_shift;
	for (size_t i = 0; i < d->ram.len; i++) {
		const struct sv_frame_range *r = &d->ram.ranges[i];

		if (pfn >= r->first && pfn - r->first < r->count) {
			*until = r->first + r->count;
			return true;
		}
		if (r->first > pfn && r->first < *until)
			*until = r->first;
	}
	return false;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool begins_linear(struct sv_span name)
{
	return sv_span_is(name, "Low Kernel Mapping") || sv_span_is(name, "Kernel Mapping") ||
	       sv_span_is(name, "Linear Mapping start") || sv_span_is(name, "Linear mapping");
}

static void anchor(struct dump *d, const struct sv_ptdump_line *line)
{
	const uint64_t gib = UINT64_C(1) << 30;

	if (d->delta_known || !(line->present || line->entry))
		return;
	if (line->paddr.known)
		d->delta = line->start - line->paddr.value;
	else if (d->format == SV_PTDUMP_X86)
		d->delta = line->start & ~(gib - 1);
	else if (d->ram.len)
		d->delta = line->start - (d->ram.ranges[0].first << d->page_shift);
	else
		return;
	d->delta_known = true;
}

/* Frames [pfn, end) of a line, as far as they were asked for. */
static int add_wanted(struct dump *d, const struct sv_linear_extent *like, uint64_t end)
{
	while (d->first < d->n &&
		d->ranges[d->first].first + d->ranges[d->first].count <= like->pfn)
		d->first++;
	for (size_t i = d->first; i < d->n && d->ranges[i].first < end; i++) {
		const struct sv_frame_range *r = &d->ranges[i];
		uint64_t from = r->first > like->pfn ? r->first : like->pfn;
		uint64_t to = r->first + r->count < end ? r->first + r->count : end;
		struct sv_linear_extent x = *like;

		if (from >= to)
			continue;
		x.pfn = from;
		x.frames = to - from;
		if (sv_linear_extents_add(&d->map->linear, &x))
			return -1;
	}
	return 0;
}

/* The dump read the tables themselves: what is not present in it is not mapped. */
static int add_unmapped(struct dump *d, uint64_t pfn, uint64_t end)
{
	for (uint64_t at = pfn, until; at < end; at = until) {
		bool ram = is_ram(d, at, &until);
		struct sv_linear_extent x = { .pfn = at,
			.alias = ram ? SV_ALIAS_ABSENT : SV_ALIAS_NONE };

		until = until < end ? until : end;
		if (add_wanted(d, &x, until))
			return -1;
	}
	return 0;
}

static int take_line(struct dump *d, const struct sv_ptdump_line *line)
{
	struct sv_linear_extent x = { .alias = line->writable ? SV_ALIAS_RW : SV_ALIAS_RO,
		.exec = line->exec };
	uint64_t end;

	if (line->marker) {
		d->in_linear = begins_linear(line->name);
		return 0;
	}
	if (!d->in_linear)
		return 0;
	anchor(d, line);
	if (!d->delta_known || line->end <= line->start || line->start < d->delta)
		return 0;
	x.pfn = (line->start - d->delta) >> d->page_shift;
	end = (line->end - d->delta) >> d->page_shift;
	return line->present ? add_wanted(d, &x, end) : add_unmapped(d, x.pfn, end);
}

static int parse(struct dump *d, const struct sv_strbuf *text, const char *name,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_text t = sv_text_init(text->ptr, text->len, name);
	struct sv_ptdump_line line;
	int rc;

	while ((rc = sv_ptdump_next(&t, d->format, &line, why)) > 0)
		if (take_line(d, &line))
			return sv_error_nomem(err);
	if (rc < 0)
		return 0;
	if (d->delta_known)
		return 1;
	sv_error_set(why, SAFEVMA_E_FORMAT, 0, name, 0,
		"expected the linear map behind its marker, and to know where it begins");
	return 0;
}

/* ---- together -------------------------------------------------------------------------------- */

/* Opened, read whole, and left open. */
static int read_dump(struct dump *d, const char *tag, struct sv_file **file, struct sv_strbuf *text,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = sv_dump_iface(d->c), .tag = tag };

	if (sv_root_open(d->c->root, &place, file, why) || sv_file_read_all(*file, text, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	return 1;
}

static int look(struct dump *d, const char *tag, struct sv_file **file, struct safevma_error *why,
	struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	int rc;

	rc = sv_capture_delta(d->c, tag, &d->delta, err);
	if (rc < 0)
		return -1;
	d->delta_known = rc;
	rc = read_dump(d, tag, file, &text, why, err);
	if (rc > 0 && read_ram(d, tag, err))
		return -1;
	return rc > 0 ? parse(d, &text, (*file)->path, why, err) : rc;
}

int sv_capture_dump(struct sv_capture *c, const struct sv_frame_range *ranges, size_t n,
	const char *tag, struct sv_file **keep, struct sv_kernelmap *ret, struct safevma_error *why,
	struct safevma_error *err)
{
	sv_auto_free struct dump *d = calloc(1, sizeof(*d));
	sv_auto_file struct sv_file *file = NULL;
	struct sv_kernelmap map = { .made = true };
	struct sv_self_check check;
	int rc;

	if (!d)
		return sv_error_nomem(err);
	*d = (struct dump) { .c = c, .format = format_of(c->obs->host.machine), .map = &map };
	while (c->obs->host.page_size >> d->page_shift > 1)
		d->page_shift++;
	memset(why, 0, sizeof(*why));
	if (sv_self_check_begin(&check, c, ranges, n, tag, err))
		return -1;
	d->ranges = check.ranges;
	d->n = check.len;
	rc = look(d, tag, &file, why, err);
	map.delta = d->delta;
	map.page_shift = d->page_shift;
	rc = sv_self_check_end(&check, &map, rc, why, err);
	if (rc > 0) {
		*ret = map;
		if (keep)
			*keep = sv_take_ptr(file);
	} else {
		sv_kernelmap_fini(&map);
	}
	return rc;
}
