// SPDX-License-Identifier: LGPL-2.1-or-later
/* The kernel's page tables through /proc/kcore: headers, walk, headers again. */
#include "dump.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "iface/kcore.h"
#include "iface/sysfiles.h"
#include "iface/vmcoreinfo.h"
#include "model/pgtable.h"

enum { NOTES_MAX = 1 << 20 };

struct session {
	struct sv_capture *c;
	struct sv_file *file;
	struct sv_strbuf header;
	struct sv_kcore kcore;
	struct sv_vmcoreinfo info;
	struct sv_pgtable pg;
};

/* Exactly len bytes at off. 1, 0 with *why, -1. */
static int read_exactly(struct session *s, void *buf, size_t len, uint64_t off,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t got = 1, at = 0;

	while (at < len && got) {
		if (sv_file_read(s->file, (char *)buf + at, len - at, off + at, &got, why))
			return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
		at += got;
	}
	if (at == len)
		return 1;
	sv_error_set(why, SAFEVMA_E_FORMAT, 0, s->file->path, 0,
		"expected %zu bytes at offset 0x%llx, got %zu", len, (unsigned long long)off, at);
	return 0;
}

static int read_more(struct session *s, struct sv_strbuf *b, size_t len, uint64_t off,
	struct safevma_error *why, struct safevma_error *err)
{
	int rc;

	if (sv_strbuf_reserve(b, len))
		return sv_error_nomem(err);
	rc = read_exactly(s, b->ptr + b->len, len, off, why, err);
	if (rc > 0)
		b->len += len;
	return rc;
}

/* File header and program headers. */
static int read_header(struct session *s, struct sv_strbuf *ret, struct safevma_error *why,
	struct safevma_error *err)
{
	uint64_t size;
	int rc = read_more(s, ret, SV_KCORE_HEADER, 0, why, err);

	if (rc <= 0)
		return rc;
	if (sv_kcore_header_size(ret->ptr, ret->len, &size, why))
		return 0;
	return size > ret->len ? read_more(s, ret, (size_t)size - ret->len, ret->len, why, err) : 1;
}

static int read_geometry(struct session *s, struct safevma_error *why, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf notes = { 0 };
	struct sv_host *h = &s->c->obs->host;
	struct sv_span text;
	int rc;

	if (!s->kcore.note_size || s->kcore.note_size > NOTES_MAX) {
		sv_error_set(why, SAFEVMA_E_FORMAT, 0, s->file->path, 0,
			"expected notes of 1 byte to 1 MiB, got %llu bytes",
			(unsigned long long)s->kcore.note_size);
		return 0;
	}
	rc = read_more(s, &notes, (size_t)s->kcore.note_size, s->kcore.note_offset, why, err);
	if (rc <= 0)
		return rc;
	return !sv_kcore_vmcoreinfo(notes.ptr, notes.len, &text, why) &&
	       !sv_vmcoreinfo_parse(
		       sv_text_init(text.ptr, text.len, "/proc/kcore VMCOREINFO"), &s->info, why) &&
	       !sv_pgtable_init(&s->kcore, &s->info, h->machine, h->page_size, &s->pg, why);
}

/* 1, 0 with *why, -1; sv_session_close() in any case. */
static int session_open(struct session *s, struct sv_capture *c, const char *tag,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KCORE, .tag = tag };
	int rc;

	*s = (struct session) { .c = c };
	memset(why, 0, sizeof(*why));
	if (sv_root_open(c->root, &place, &s->file, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	rc = read_header(s, &s->header, why, err);
	if (rc <= 0)
		return rc;
	if (sv_kcore_parse(s->header.ptr, s->header.len, &s->kcore, why))
		return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	return read_geometry(s, why, err);
}

static void session_close(struct session *s)
{
	sv_file_close(s->file);
	sv_strbuf_fini(&s->header);
	sv_kcore_fini(&s->kcore);
}

/* Tables are read through the linear map; one that no segment of RAM covers is not read at all. */
static int read_table(
	void *context, uint64_t paddr, void *buf, size_t size, struct safevma_error *err)
{
	struct session *s = context;
	struct safevma_error why = { 0 };
	uint64_t off;
	int rc;

	if (!sv_kcore_find_ram(&s->kcore, s->pg.delta, paddr, size, &off))
		return 1;
	rc = read_exactly(s, buf, size, off, &why, err);
	return rc < 0 ? -1 : !rc;
}

/*
 * The kernel computes offsets from its list of segments as it is at each read: when that changed,
 * memory was added or removed meanwhile, and what was read may be from elsewhere.
 */
static int same_header(struct session *s, struct safevma_error *why, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf again = { 0 };
	int rc = read_header(s, &again, why, err);

	if (rc <= 0)
		return rc;
	if (again.len == s->header.len && !memcmp(again.ptr, s->header.ptr, again.len))
		return 1;
	sv_error_set(why, SAFEVMA_E_CHANGED, 0, s->file->path, 0,
		"memory was added or removed while the kernel's page tables were read");
	return 0;
}

/* ---- an ordinary page of our own --------------------------------------------------------------*/

/* The frame of a page that the observer holds for this; unknown where frames are hidden. */
static int own_frame(struct sv_capture *c, const char *tag, const char *when, struct sv_num *ret,
	struct safevma_error *err)
{
	char what[80];
	struct sv_call call = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = what } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;

	snprintf(what, sizeof(what), "frame.%s.%s", tag, when);
	if (sv_capture_call(c, &call, &text, &why, err) < 0)
		return -1;
	*ret = sv_note_number(&text, "pfn");
	return 0;
}

static void add_range(struct sv_frame_range *list, size_t *n, uint64_t pfn)
{
	size_t i = 0;

	while (i < *n && list[i].first + list[i].count <= pfn)
		i++;
	if (i < *n && list[i].first <= pfn)
		return;
	memmove(list + i + 1, list + i, (*n - i) * sizeof(*list));
	list[i] = (struct sv_frame_range) { pfn, 1 };
	(*n)++;
}

/* A copy with room for one more. */
static struct sv_frame_range *copy_ranges(const struct sv_frame_range *ranges, size_t n)
{
	struct sv_frame_range *list = calloc(n + 1, sizeof(*list));

	if (list && n)
		memcpy(list, ranges, n * sizeof(*list));
	return list;
}

int sv_self_check_begin(struct sv_self_check *check, struct sv_capture *c,
	const struct sv_frame_range *ranges, size_t n, const char *tag, struct safevma_error *err)
{
	*check = (struct sv_self_check) { .c = c, .tag = tag, .len = n };
	check->ranges = copy_ranges(ranges, n);
	if (!check->ranges)
		return sv_error_nomem(err);
	if (own_frame(c, tag, "before", &check->before, err)) {
		free(check->ranges);
		return -1;
	}
	if (check->before.known)
		add_range(check->ranges, &check->len, check->before.value);
	return 0;
}

/* Such a page is in no linear map: it checks nothing. */
static bool highmem(const safevma_observation *obs, uint64_t pfn)
{
	return obs->highmem_start_pfn.known && pfn >= obs->highmem_start_pfn.value;
}

static int verdict(const struct sv_self_check *check, struct sv_kernelmap *map, struct sv_num after,
	struct safevma_error *why)
{
	struct sv_num before = check->before;
	const struct sv_linear_extent *x;

	if (!before.known || !after.known || before.value != after.value)
		return 1; /* it cannot be told, or the page moved while we looked */
	x = sv_kernelmap_find(map, before.value);
	if (!x && highmem(check->c->obs, before.value))
		return 1;
	map->self_checked = true;
	if (x && x->alias == SV_ALIAS_RW)
		return 1;
	sv_error_set(why, SAFEVMA_E_FORMAT, 0, NULL, 0,
		"self-check failed: an ordinary page of the observer, frame 0x%llx, came out as "
		"%s, expected rw; the kernel's page tables are not understood",
		(unsigned long long)before.value, sv_alias_name(x ? x->alias : SV_ALIAS_UNKNOWN));
	return 0;
}

int sv_self_check_end(struct sv_self_check *check, struct sv_kernelmap *map, int rc,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_num after;

	if (rc > 0)
		rc = own_frame(check->c, check->tag, "after", &after, err)
			     ? -1
			     : verdict(check, map, after, why);
	free(check->ranges);
	check->ranges = NULL;
	return rc;
}

/* ---- a look ---------------------------------------------------------------------------------- */

/*
 * A frame with a memory error reads as zeros through kcore though it is mapped. Where there is such
 * a frame, a table of zeros may be one. A kernel without the line takes no frames out of use.
 */
static int may_hide(struct sv_capture *c, const char *tag, bool *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_num poisoned = { 0 };
	const struct sv_keyval_wanted wanted[] = { { "HardwareCorrupted", &poisoned } };
	struct safevma_error why;
	int rc;

	rc = sv_capture_text(c, &place, &text, &why, err);
	if (rc < 0)
		return -1;
	*ret = !rc ||
	       sv_keyval_collect(sv_text_init(text.ptr, text.len, "/proc/meminfo"), sv_meminfo_next,
		       wanted, sv_array_size(wanted), &why) ||
	       (poisoned.known && poisoned.value);
	return 0;
}

static int doubt_empty(
	struct sv_capture *c, const char *tag, struct sv_kernelmap *map, struct safevma_error *err)
{
	bool hidden;

	if (!map->empty_tables || !map->others_known)
		return 0;
	if (may_hide(c, tag, &hidden, err))
		return -1;
	map->others_known = !hidden;
	return 0;
}

static int look(struct session *s, struct sv_walk_request *q, const char *tag,
	struct sv_kernelmap *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_self_check check;
	int rc;

	if (sv_self_check_begin(&check, s->c, q->ranges, q->ranges_len, tag, err))
		return -1;
	q->ranges = check.ranges;
	q->ranges_len = check.len;
	rc = sv_walk(q, ret, err) || doubt_empty(s->c, tag, ret, err) ? -1
								      : same_header(s, why, err);
	return sv_self_check_end(&check, ret, rc, why, err);
}

int sv_capture_lookup(struct sv_capture *c, const struct sv_frame_range *ranges, size_t n,
	const struct sv_frame_range *others, size_t others_n, const char *tag,
	struct sv_kernelmap *ret, struct safevma_error *why, struct safevma_error *err)
{
	struct sv_kernelmap map = { 0 };
	struct session s;
	int rc = session_open(&s, c, tag, why, err);

	if (rc > 0) {
		struct sv_walk_request q = { .pg = &s.pg,
			.kcore = &s.kcore,
			.ranges = ranges,
			.ranges_len = n,
			.others = others,
			.others_len = others_n,
			.load = read_table,
			.context = &s };

		rc = look(&s, &q, tag, &map, why, err);
	}
	session_close(&s);
	if (rc > 0)
		*ret = map;
	else
		sv_kernelmap_fini(&map);
	return rc;
}

/* One range up to the end of RAM: what lies between is looked up as well. */
static struct sv_frame_range all_ram(const struct session *s)
{
	struct sv_frame_range r = { 0 };

	for (size_t i = 0; i < s->kcore.segments.len; i++) {
		const struct sv_kcore_segment *x = &s->kcore.segments.ptr[i];
		uint64_t end = (x->paddr + x->size) >> s->pg.page_shift;

		if (x->has_paddr && end > r.count)
			r.count = end;
	}
	return r;
}

int sv_capture_whole_kernel(struct sv_capture *c, const char *tag, struct sv_kernel_view *ret,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_kernelmap map = { 0 };
	struct session s;
	int rc = session_open(&s, c, tag, why, err);

	if (rc > 0) {
		struct sv_frame_range all = all_ram(&s);
		struct sv_walk_request q = { .pg = &s.pg,
			.kcore = &s.kcore,
			.ranges = &all,
			.ranges_len = 1,
			.everything = true,
			.load = read_table,
			.context = &s };

		rc = look(&s, &q, tag, &map, why, err);
	}
	if (rc > 0) {
		sv_kernelmap_fini(&ret->map);
		sv_kcore_fini(&ret->kcore);
		ret->known = true;
		ret->source = sv_iface_info(SV_IFACE_KCORE)->name;
		ret->pg = s.pg;
		ret->kcore = s.kcore;
		ret->map = map;
		s.kcore = (struct sv_kcore) { 0 };
	} else {
		sv_kernelmap_fini(&map);
	}
	session_close(&s);
	return rc;
}

int sv_capture_tables_gap(struct sv_capture *c, const struct safevma_error *why, const char *costs,
	struct safevma_error *err)
{
	bool denied = why->code == SAFEVMA_E_SYSTEM || why->code == SAFEVMA_E_UNSUPPORTED ||
		      why->code == SAFEVMA_E_NOT_RECORDED;
	enum sv_iface iface = c->request->page_tables == SAFEVMA_PAGE_TABLES_DUMP ? sv_dump_iface(c)
										  : SV_IFACE_KCORE;

	return sv_gap_add_cost(c->obs, iface, 0, why, !denied, costs, err);
}

int sv_capture_delta(
	struct sv_capture *c, const char *tag, uint64_t *delta, struct safevma_error *err)
{
	struct safevma_error why;
	char full[64];
	struct session s;
	int rc;

	snprintf(full, sizeof(full), "%s-distance", tag);
	rc = session_open(&s, c, full, &why, err);
	if (rc > 0)
		*delta = s.pg.delta;
	session_close(&s);
	return rc;
}

int sv_capture_kernel_bytes(struct sv_capture *c, uint64_t vaddr, void *buf, size_t len,
	const char *tag, struct safevma_error *why, struct safevma_error *err)
{
	struct session s;
	uint64_t off, there;
	int rc = session_open(&s, c, tag, why, err);

	if (rc > 0 && (!sv_kcore_find_vaddr(&s.kcore, vaddr, &off, &there) || there < len)) {
		sv_error_set(why, SAFEVMA_E_UNSUPPORTED, 0, s.file->path, 0,
			"no segment of it covers the address 0x%llx", (unsigned long long)vaddr);
		rc = 0;
	}
	if (rc > 0)
		rc = read_exactly(&s, buf, len, off, why, err);
	session_close(&s);
	return rc;
}

/* ---- structures of the kernel ---------------------------------------------------------------- */

struct sv_kernel_memory {
	struct session s;
};

int sv_kernel_memory_open(struct sv_capture *c, const char *tag, struct sv_kernel_memory **ret,
	struct safevma_error *why, struct safevma_error *err)
{
	struct sv_kernel_memory *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return sv_error_nomem(err);
	rc = session_open(&m->s, c, tag, why, err);
	if (rc > 0)
		*ret = m;
	else
		sv_kernel_memory_close(m);
	return rc;
}

void sv_kernel_memory_close(struct sv_kernel_memory *m)
{
	if (m)
		session_close(&m->s);
	free(m);
}

const struct sv_kcore *sv_kernel_memory_kcore(const struct sv_kernel_memory *m)
{
	return &m->s.kcore;
}

const struct sv_vmcoreinfo *sv_kernel_memory_info(const struct sv_kernel_memory *m)
{
	return &m->s.info;
}

const struct sv_pgtable *sv_kernel_memory_tables(const struct sv_kernel_memory *m)
{
	return &m->s.pg;
}

int sv_kernel_memory_read(struct sv_kernel_memory *m, uint64_t vaddr, void *buf, size_t len,
	struct safevma_error *why, struct safevma_error *err)
{
	uint64_t off, there;

	if (sv_kcore_find_vaddr(&m->s.kcore, vaddr, &off, &there) && there >= len)
		return read_exactly(&m->s, buf, len, off, why, err);
	sv_error_set(why, SAFEVMA_E_UNSUPPORTED, 0, m->s.file->path, 0,
		"no segment of it covers the address 0x%llx", (unsigned long long)vaddr);
	return 0;
}

int sv_kernel_memory_same(
	struct sv_kernel_memory *m, struct safevma_error *why, struct safevma_error *err)
{
	return same_header(&m->s, why, err);
}
