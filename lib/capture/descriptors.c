// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Descriptors of memory that exec or a socket can carry to others, and of ways to memory of others:
 * of all processes, because who else has one is the question. Then what stands between: who may
 * trace, and whether an IOMMU stands before devices.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/sysfiles.h"

#define TAG   "share-fds"
#define COSTS "which descriptors of memory it has, and of ways to memory of others"

static int gap(struct sv_capture *c, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, struct safevma_error *err)
{
	if (sv_is_gone(why))
		return 0;
	c->obs->share.descriptors_whole = false;
	return sv_gap_add_cost(c->obs, iface, pid, why, false, COSTS, err);
}

/* Filesystems that make a name more than a name, as statfs(2) has them. */
#define TMPFS	  UINT64_C(0x01021994)
#define RAMFS	  UINT64_C(0x858458f6)
#define HUGETLBFS UINT64_C(0x958458f6)
#define DMABUF	  UINT64_C(0x444d4142)

static const struct {
	enum sv_fd_kind kind;
	uint64_t magic;
} filesystems[] = {
	{ SV_FD_MEMFD, TMPFS },
	{ SV_FD_MEMFD, RAMFS },
	{ SV_FD_MEMFD, HUGETLBFS },
	{ SV_FD_SHM, TMPFS },
	{ SV_FD_SHM, RAMFS },
	{ SV_FD_SECRETMEM, SV_SECRETMEM_MAGIC },
	{ SV_FD_DMABUF, DMABUF },
};

/* Does the filesystem of that magic number have such files? Every kind is in the list that has one.
 */
static bool fits(enum sv_fd_kind kind, uint64_t magic)
{
	for (size_t i = 0; i < sv_array_size(filesystems); i++)
		if (filesystems[i].kind == kind && filesystems[i].magic == magic)
			return true;
	return false;
}

static bool has_filesystem(enum sv_fd_kind kind)
{
	for (size_t i = 0; i < sv_array_size(filesystems); i++)
		if (filesystems[i].kind == kind)
			return true;
	return false;
}

/* Of devices the name is all that is looked at: nobody but root makes a file in /dev. */
static int ask_genuine(
	struct sv_capture *c, struct sv_descriptor *d, const char *fd, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_MAGIC,
		.place = { .iface = SV_IFACE_FD_LINK, .pid = d->pid, .arg = fd, .tag = TAG } };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_span s;
	uint64_t magic;
	int rc;

	if (!has_filesystem(d->kind))
		return 0;
	rc = sv_capture_call(c, &call, &text, &why, err);
	if (rc <= 0)
		return rc < 0 ? -1 : gap(c, SV_IFACE_FD_LINK, d->pid, &why, err);
	s = (struct sv_span) { text.ptr, text.len };
	if (sv_take_lit(&s, "0x") && sv_take_hex(&s, &magic))
		d->genuine = sv_known(fits(d->kind, magic));
	return 0;
}

static int ask_info(
	struct sv_capture *c, struct sv_descriptor *d, const char *fd, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_FDINFO, .pid = d->pid, .arg = fd, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_fdinfo info;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc <= 0)
		return rc < 0 ? -1 : gap(c, SV_IFACE_FDINFO, d->pid, &why, err);
	if (sv_fdinfo_parse(sv_text_init(text.ptr, text.len, "fdinfo"), &info, &why))
		return gap(c, SV_IFACE_FDINFO, d->pid, &why, err);
	d->cloexec = info.cloexec;
	d->writable = info.writable;
	d->inode = info.inode;
	return 0;
}

static int add(struct sv_capture *c, const struct sv_process *p, const char *fd,
	const struct sv_strbuf *target, struct safevma_error *err)
{
	struct sv_span number = sv_span_of(fd);
	struct sv_descriptor *d;
	int whose;
	enum sv_fd_kind kind = sv_fd_kind_of((struct sv_span) { target->ptr, target->len }, &whose);

	if (kind == SV_FD_OTHER)
		return 0;
	d = sv_vec_push(&c->obs->share.descriptors);
	if (!d || sv_strbuf_add(&d->comm, p->comm.ptr ? p->comm.ptr : "", p->comm.len) ||
		sv_strbuf_add(&d->target, target->ptr, target->len))
		return sv_error_nomem(err);
	d->pid = p->pid;
	d->selected = p->selected;
	d->kind = kind;
	d->whose = whose;
	if (!sv_take_dec(&number, &d->number))
		d->number = 0;
	return ask_genuine(c, d, fd, err) || ask_info(c, d, fd, err) ? -1 : 0;
}

static int process(struct sv_capture *c, const struct sv_process *p, struct safevma_error *err)
{
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = TAG } };
	const struct sv_fd_walk walk = { .tag = TAG, .gap = gap, .each = add };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 };
	struct safevma_error why;
	int rc;

	/* What the observer itself has open is open for this look alone. */
	if (p->kernel_thread || p->state == 'Z' || p->pid == c->self || p->pid == c->opener)
		return 0;
	rc = sv_capture_call(c, &pin, &nothing, &why, err);
	if (rc <= 0)
		return rc < 0 ? -1 : gap(c, SV_IFACE_STAT, p->pid, &why, err);
	return sv_capture_fds(c, p, &walk, err);
}

/* ---- what stands between --------------------------------------------------------------------- */

/* kernel.yama.ptrace_scope; a kernel without Yama has the classic rule, which is scope 0. */
static int ask_ptrace(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_PTRACE_SCOPE };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_sharing *s = &c->obs->share;
	struct safevma_error why;
	int64_t v;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0)
		return -1;
	if (!rc && why.code == SAFEVMA_E_SYSTEM && why.errnum == ENOENT) {
		s->yama_known = true;
		return 0;
	}
	if (!rc || sv_number_parse(sv_text_init(text.ptr, text.len, "ptrace_scope"), &v, &why))
		return sv_gap_add_cost(c->obs, SV_IFACE_PTRACE_SCOPE, 0, &why, false,
			"who may trace processes", err);
	s->yama_known = s->yama = true;
	if (v >= 0)
		s->ptrace_scope = sv_known((uint64_t)v);
	return 0;
}

/* "DMA", "DMA-FQ", "identity", "blocked" ... of one group. */
static int ask_type(struct sv_capture *c, struct sv_span group, struct safevma_error *err)
{
	char number[24];
	struct sv_place place = { .iface = SV_IFACE_IOMMU_TYPE, .arg = number };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_sharing *s = &c->obs->share;
	struct safevma_error why;
	int rc;

	snprintf(number, sizeof(number), "%.*s", (int)group.len, group.ptr);
	rc = sv_capture_text(c, &place, &text, &why, err);
	if (rc < 0)
		return -1;
	if (!rc) {
		s->identity_groups.known = false;
		return sv_gap_add_cost(c->obs, SV_IFACE_IOMMU_TYPE, 0, &why, false,
			"which devices the IOMMU lets pass", err);
	}
	s->identity_groups.value += text.len >= 8 && !strncmp(text.ptr, "identity", 8);
	return 0;
}

static int ask_iommu(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LIST, .place = { .iface = SV_IFACE_IOMMU_GROUPS } };
	sv_auto_strbuf struct sv_strbuf list = { 0 };
	struct sv_sharing *s = &c->obs->share;
	struct safevma_error why;
	struct sv_span line;
	struct sv_text t;
	int rc = sv_capture_call(c, &call, &list, &why, err);

	if (rc < 0)
		return -1;
	if (!rc && !(why.code == SAFEVMA_E_SYSTEM && why.errnum == ENOENT))
		return sv_gap_add_cost(c->obs, SV_IFACE_IOMMU_GROUPS, 0, &why, false,
			"what devices can reach", err);
	s->iommu_groups = s->identity_groups = sv_known(0);
	t = sv_text_init(list.ptr, list.len, "");
	while (sv_text_line(&t, &line)) {
		s->iommu_groups.value++;
		if (ask_type(c, line, err))
			return -1;
	}
	return 0;
}

int sv_capture_descriptors(struct sv_capture *c, struct safevma_error *err)
{
	c->obs->share.descriptors_whole = true;
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (process(c, &c->obs->processes.ptr[i], err))
			return -1;
	return ask_ptrace(c, err) || ask_iommu(c, err) ? -1 : 0;
}
