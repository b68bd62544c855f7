// SPDX-License-Identifier: LGPL-2.1-or-later
/* What maps does not tell of the VMAs: smaps, or where it is not to be read, PROCMAP_QUERY. */
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/ioctls.h"
#include "iface/smaps.h"

static uint64_t sum(struct sv_num n)
{
	return n.known ? n.value : 0;
}

void sv_capture_merge_smaps(struct sv_vma *v, const struct sv_smaps_entry *e)
{
	v->flags = e->flags;
	v->rss = e->rss;
	v->swap = e->swap;
	v->anonymous = e->anonymous;
	v->ksm = e->ksm;
	v->page_size = e->kernel_page_size;
	if (e->anon_huge.known)
		v->huge = sv_known(sum(e->anon_huge) + sum(e->shmem_pmd) + sum(e->file_pmd) +
				   sum(e->private_hugetlb) + sum(e->shared_hugetlb));
}

/* Both are in order of address. A VMA that smaps does not have as maps has it stays unknown. */
static void match(struct sv_process *p, const struct sv_smaps_entry *e, size_t *at)
{
	while (*at < p->vmas.len && p->vmas.ptr[*at].start < e->vma.start)
		(*at)++;
	if (*at < p->vmas.len && p->vmas.ptr[*at].start == e->vma.start &&
		p->vmas.ptr[*at].end == e->vma.end)
		sv_capture_merge_smaps(&p->vmas.ptr[*at], e);
}

/* Text that is read and was not parsed yet. */
struct pending {
	struct sv_strbuf text;
	uint64_t lines; /* parsed before it */
	size_t vma;	/* of the process: the next to be met */
};

/* Where the last VMA of the text begins, of which more may come; its lines of maps alone do so. */
static size_t whole_entries(const struct sv_strbuf *text)
{
	for (size_t i = text->len; i-- > 1;) {
		char c = text->ptr[i];

		if (text->ptr[i - 1] == '\n' && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return i;
	}
	return 0;
}

/* Parses the first len bytes and drops them. */
static int parse(struct sv_process *p, struct pending *k, size_t len, struct safevma_error *why)
{
	struct sv_text t = sv_text_init(k->text.ptr, len, "smaps");
	struct sv_smaps_entry e;
	int rc;

	t.line = k->lines;
	while ((rc = sv_smaps_next(&t, &e, why)) > 0)
		match(p, &e, &k->vma);
	k->lines = t.line;
	k->text.len -= len;
	memmove(k->text.ptr, k->text.ptr + len, k->text.len);
	return rc;
}

enum { READ_AT_ONCE = 1 << 16 };

/* The text of 60 000 VMAs is 40 MB: it is parsed as it comes. 1; 0 with *why; -1. */
static int read_and_match(struct sv_process *p, struct sv_file *f, struct pending *k,
	struct safevma_error *why, struct safevma_error *err)
{
	size_t got, off = 0;

	do {
		if (sv_strbuf_reserve(&k->text, READ_AT_ONCE))
			return sv_error_nomem(err);
		if (sv_file_read(f, k->text.ptr + k->text.len, READ_AT_ONCE, off, &got, why))
			return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
		k->text.len += got;
		off += got;
		if ((k->text.len >= READ_AT_ONCE || !got) &&
			parse(p, k, got ? whole_entries(&k->text) : k->text.len, why))
			return sv_error_fatal(why) ? sv_error_pass(err, why) : 0;
	} while (got);
	return 1;
}

int sv_capture_smaps(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_SMAPS, .pid = p->pid, .tag = tag };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	struct pending k = { 0 };
	int rc;

	if (c->obs->no_smaps || c->wanted)
		return 0;
	if (sv_root_open(c->root, &place, &f, &why))
		rc = sv_error_fatal(&why) ? sv_error_pass(err, &why) : 0;
	else
		rc = read_and_match(p, f, &k, &why, err);
	sv_strbuf_fini(&k.text);
	if (rc)
		return rc < 0 ? -1 : 0;
	return sv_is_gone(&why) ? 0 : sv_gap_add(c->obs, SV_IFACE_SMAPS, p->pid, &why, true, err);
}

/*
 * Without smaps, PROCMAP_QUERY still tells the page size of each VMA, and so which are hugetlb; and
 * it is a second witness of the addresses. It does not tell what is locked.
 */
int sv_capture_query(
	struct sv_capture *c, struct sv_process *p, const char *tag, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = p->pid, .tag = tag };
	sv_auto_strbuf struct sv_strbuf found = { 0 };
	sv_auto_file struct sv_file *f = NULL;
	struct safevma_error why = { 0 };
	struct sv_call call = { .op = SV_OP_QUERY, .end = UINT64_MAX };
	size_t i = 0;
	int rc;

	if (!c->obs->no_smaps || c->obs->features.procmap_query != 1 || c->wanted)
		return 0;
	if (sv_root_open(c->root, &place, &f, &why))
		return sv_error_fatal(&why) ? sv_error_pass(err, &why) : 0;
	call.file = f;
	rc = sv_capture_call(c, &call, &found, &why, err);
	if (rc <= 0)
		return rc;
	for (size_t at = 0; at + sizeof(struct sv_query_vma) <= found.len;
		at += sizeof(struct sv_query_vma)) {
		struct sv_query_vma q;

		memcpy(&q, found.ptr + at, sizeof(q));
		while (i < p->vmas.len && p->vmas.ptr[i].start < q.start)
			i++;
		if (i < p->vmas.len && p->vmas.ptr[i].start == q.start &&
			p->vmas.ptr[i].end == q.end)
			p->vmas.ptr[i].page_size = sv_known(q.page_size);
	}
	return 0;
}
