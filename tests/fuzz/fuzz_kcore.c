// SPDX-License-Identifier: LGPL-2.1-or-later
/* The beginning of a file as /proc/kcore is, its notes where its headers say. */
#include "fuzz.h"

#include "iface/kcore.h"

static void check_error(const struct safevma_error *err)
{
	promise(err->code == SAFEVMA_E_FORMAT || err->code == SAFEVMA_E_UNSUPPORTED);
	promise(!strcmp(err->path, "/proc/kcore") && err->message[0]);
}

static void check_notes(const struct sv_kcore *k, const uint8_t *data, size_t size)
{
	struct safevma_error err = { 0 };
	struct sv_text text;
	struct sv_span note;

	if (k->note_offset > size)
		return;
	data += k->note_offset;
	size -= (size_t)k->note_offset;
	text = sv_text_init(data, size < k->note_size ? size : (size_t)k->note_size, "fuzz");
	if (sv_kcore_vmcoreinfo(text.rest.ptr, text.rest.len, &note, &err))
		check_error(&err);
	else
		promise_inside(text, note);
}

/* What is found for an address lies in the segment that it is in, however far it reaches. */
static void check_segment(const struct sv_kcore *k, const struct sv_kcore_segment *s)
{
	uint64_t last = s->vaddr + (s->size - 1), off, len;

	promise(s->size && last >= s->vaddr);
	promise(sv_kcore_find_vaddr(k, s->vaddr, &off, &len) && len);
	promise(sv_kcore_find_vaddr(k, last, &off, &len) && len);
	if (!s->has_paddr)
		return;
	promise(s->paddr + s->size > s->paddr && s->paddr + s->size <= UINT64_C(1) << 52);
}

static void check_ram(const struct sv_kcore *k, uint64_t delta)
{
	const struct sv_kcore_segment *image = sv_kcore_image(k, delta);
	uint64_t pfn = 0, until, off;
	size_t steps = 0;

	promise(!image || image->has_paddr);
	for (; pfn < UINT64_MAX >> 12; pfn = until) {
		bool ram = sv_kcore_ram_at(k, 12, pfn, &until);

		promise(until > pfn && steps++ <= 2 * k->segments.len);
		if (ram && sv_kcore_find_ram(k, delta, pfn << 12, 4096, &off))
			promise(sv_kcore_find_ram(k, delta, pfn << 12, 1, &off));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct safevma_error err = { 0 };
	struct sv_kcore k = { .machine = 77 };
	uint64_t want = 0, delta;

	if (sv_kcore_header_size(data, size, &want, &err))
		check_error(&err);
	else
		promise(want >= SV_KCORE_HEADER && want <= 4 << 20);
	if (sv_kcore_parse(data, size, &k, &err)) {
		check_error(&err);
		promise(k.machine == 77 && !k.segments.ptr);
		return 0;
	}
	promise(want && want <= size);
	check_notes(&k, data, size);
	for (size_t i = 0; i < k.segments.len; i++)
		check_segment(&k, &k.segments.ptr[i]);
	if (sv_kcore_delta(&k, &delta))
		check_ram(&k, delta);
	sv_kcore_fini(&k);
	return 0;
}
