// SPDX-License-Identifier: LGPL-2.1-or-later
/* Secretmem, looked for in every process: by mappings, and by descriptors that can be passed on. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/fdinfo.h"
#include "iface/maps.h"

#define TAG  "holders"
#define NAME "/secretmem"

static struct sv_holder *new_holder(struct sv_capture *c, const struct sv_process *p)
{
	struct sv_holder *h = sv_vec_push(&c->obs->holders);

	if (!h)
		return NULL;
	h->pid = p->pid;
	snprintf(
		h->comm, sizeof(h->comm), "%.*s", (int)p->comm.len, p->comm.ptr ? p->comm.ptr : "");
	return h;
}

/*
 * What could not be read of a process that is there may hide a holder: the list of holders is not
 * known to be whole then. Other figures lack nothing.
 */
static int gap(struct sv_capture *c, enum sv_iface iface, pid_t pid,
	const struct safevma_error *why, struct safevma_error *err)
{
	if (sv_is_gone(why))
		return 0;
	c->obs->holders_known = false;
	return sv_gap_add_cost(c->obs, iface, pid, why, false, "whether it holds secretmem", err);
}

/* ---- mappings -------------------------------------------------------------------------------- */

static int add_mapping(struct sv_capture *c, const struct sv_process *p, struct sv_vma *v,
	struct safevma_error *err)
{
	struct safevma_error why;
	struct sv_holder *h;
	int rc = sv_capture_secret(c, p->pid, v, TAG, &why, err);

	if (rc < 0 || (!rc && gap(c, SV_IFACE_MAP_FILES, p->pid, &why, err)))
		return -1;
	h = new_holder(c, p);
	if (!h)
		return sv_error_nomem(err);
	h->mapping = true;
	h->start = v->start;
	h->end = v->end;
	h->secret = v->secret;
	return 0;
}

static int mappings_of(struct sv_capture *c, const struct sv_process *p, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = p->pid, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_maps_entry e;
	struct sv_text t;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc <= 0)
		return rc < 0 ? -1 : gap(c, SV_IFACE_MAPS, p->pid, &why, err);
	t = sv_text_init(text.ptr, text.len, "maps");
	while ((rc = sv_maps_next(&t, &e, &why)) > 0) {
		struct sv_vma v = sv_vma_of_entry(&e);

		if (sv_vma_secret_candidate(&v) && add_mapping(c, p, &v, err))
			return -1;
	}
	return rc < 0 ? gap(c, SV_IFACE_MAPS, p->pid, &why, err) : 0;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static struct sv_num cloexec_of(const struct sv_strbuf *text)
{
	struct sv_fdinfo info = { 0 };

	if (sv_fdinfo_parse(sv_text_init(text->ptr, text->len, "fdinfo"), &info, NULL))
		return (struct sv_num) { 0 };
	return info.cloexec;
}

static int add_descriptor(
	struct sv_capture *c, const struct sv_process *p, const char *fd, struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_MAGIC,
		.place = { .iface = SV_IFACE_FD_LINK, .pid = p->pid, .arg = fd, .tag = TAG } };
	struct sv_place info = { .iface = SV_IFACE_FDINFO, .pid = p->pid, .arg = fd, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf magic = { 0 }, text = { 0 };
	struct safevma_error why;
	struct sv_holder *h;
	struct sv_span number = sv_span_of(fd);
	int rc = sv_capture_call(c, &call, &magic, &why, err);

	if (rc < 0 || (!rc && gap(c, SV_IFACE_FD_LINK, p->pid, &why, err)))
		return -1;
	h = new_holder(c, p);
	if (!h)
		return sv_error_nomem(err);
	h->secret = sv_secret_by_magic(&magic);
	if (!sv_take_dec(&number, &h->number))
		h->number = 0;
	rc = sv_capture_text(c, &info, &text, &why, err);
	if (rc > 0)
		h->cloexec = cloexec_of(&text);
	return rc < 0 ? -1 : 0;
}

static bool named_so(const struct sv_strbuf *target)
{
	const size_t n = strlen(NAME);

	return target->len >= n && !memcmp(target->ptr, NAME, n) &&
	       (target->len == n || target->ptr[n] == ' ');
}

static int look_at(struct sv_capture *c, const struct sv_process *p, const char *fd,
	const struct sv_strbuf *target, struct safevma_error *err)
{
	return named_so(target) ? add_descriptor(c, p, fd, err) : 0;
}

/* ---- together -------------------------------------------------------------------------------- */

static int process(struct sv_capture *c, const struct sv_process *p, struct safevma_error *err)
{
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = TAG } };
	sv_auto_strbuf struct sv_strbuf nothing = { 0 };
	const struct sv_fd_walk walk = { .tag = TAG, .gap = gap, .each = look_at };
	struct safevma_error why;
	int rc;

	if (p->kernel_thread || p->state == 'Z')
		return 0;
	rc = sv_capture_call(c, &pin, &nothing, &why, err);
	if (rc <= 0)
		return rc < 0 ? -1 : gap(c, SV_IFACE_STAT, p->pid, &why, err);
	return mappings_of(c, p, err) || sv_capture_fds(c, p, &walk, err) ? -1 : 0;
}

int sv_capture_holders(struct sv_capture *c, struct safevma_error *err)
{
	c->obs->holders_known = true;
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (process(c, &c->obs->processes.ptr[i], err))
			return -1;
	return 0;
}
