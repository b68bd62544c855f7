// SPDX-License-Identifier: LGPL-2.1-or-later
/* One pass over every frame of the machine; nothing of it is kept but counts. */
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/kpage.h"
#include "iface/sysfiles.h"

enum { WORDS = 65536 };

struct meminfo {
	struct sv_num slab, mlocked, pagetables, secpagetables, unevictable;
};

static int parse_meminfo(const struct sv_strbuf *text, struct meminfo *m, struct safevma_error *why)
{
	const struct sv_keyval_wanted wanted[] = { { "Slab", &m->slab }, { "Mlocked", &m->mlocked },
		{ "PageTables", &m->pagetables }, { "SecPageTables", &m->secpagetables },
		{ "Unevictable", &m->unevictable } };

	return sv_keyval_collect(sv_text_init(text->ptr, text->len, "/proc/meminfo"),
		sv_meminfo_next, wanted, sv_array_size(wanted), why);
}

static int read_meminfo(
	struct sv_capture *c, const char *tag, struct meminfo *ret, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MEMINFO, .tag = tag };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (rc && !parse_meminfo(&text, ret, &why))
		return 0;
	return sv_gap_add(c->obs, SV_IFACE_MEMINFO, 0, &why, true, err);
}

/* Up to about 6.8 a tail shows few flags of its own: the pass has just met its head. */
static void count(struct sv_totals *t, const uint64_t *words, size_t n, uint64_t *head)
{
	for (size_t i = 0; i < n; i++) {
		struct sv_frame f = { .flags = words[i], .known = SV_FRAME_FLAGS };

		if (words[i] & SV_KPF_COMPOUND_HEAD)
			*head = words[i];
		if (words[i] & SV_KPF_COMPOUND_TAIL) {
			f.head_flags = *head;
			f.known |= SV_FRAME_HEAD;
		}
		t->by_class[sv_class_of(&f)]++;
		/* Memory of the slab allocator and tables carry other meanings in these bits. */
		if (words[i] & (SV_KPF_SLAB | SV_KPF_PGTABLE))
			continue;
		t->mlocked += sv_frame_mlocked(&f);
		t->unevictable += sv_frame_unevictable(&f);
	}
	t->frames += n;
}

static int pass(struct sv_capture *c, struct sv_file *f, struct safevma_error *why,
	struct safevma_error *err)
{
	sv_auto_free uint64_t *words = malloc(WORDS * sizeof(*words));
	uint64_t off = 0, head = 0;
	size_t got;

	if (!words)
		return sv_error_nomem(err);
	do {
		if (sv_file_read(f, words, WORDS * sizeof(*words), off, &got, why))
			return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
		count(&c->obs->totals, words, got / sizeof(*words), &head);
		off += got;
	} while (got);
	c->obs->totals.made = true;
	return 0;
}

static struct sv_num plus(struct sv_num a, struct sv_num b)
{
	return a.known ? sv_known(a.value + (b.known ? b.value : 0)) : a;
}

int sv_capture_totals(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KPAGEFLAGS, .tag = "all" };
	struct sv_totals *t = &c->obs->totals;
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	struct meminfo before = { 0 }, after = { 0 };

	if (read_meminfo(c, "before", &before, err))
		return -1;
	if (sv_root_open(c->root, &place, &f, &why)) {
		if (sv_error_fatal(&why))
			return sv_error_pass(err, &why);
	} else if (pass(c, f, &why, err)) {
		return -1;
	}
	if (!t->made && sv_gap_add(c->obs, SV_IFACE_KPAGEFLAGS, 0, &why, true, err))
		return -1;
	if (read_meminfo(c, "after", &after, err))
		return -1;
	t->meminfo_slab = before.slab;
	t->meminfo_mlocked = before.mlocked;
	t->meminfo_pagetables = plus(before.pagetables, before.secpagetables);
	t->meminfo_unevictable = before.unevictable;
	t->after_slab = after.slab;
	t->after_mlocked = after.mlocked;
	t->after_pagetables = plus(after.pagetables, after.secpagetables);
	t->after_unevictable = after.unevictable;
	return 0;
}
