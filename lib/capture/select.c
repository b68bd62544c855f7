// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which processes are selected, and what makes a process critical. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/maps.h"

#define OOM_SCORE_ADJ_MIN (-1000)

enum { POLICY_FIFO = 1, POLICY_RR = 2, POLICY_DEADLINE = 6 };

bool sv_policy_real_time(struct sv_num policy)
{
	return policy.known && (policy.value == POLICY_FIFO || policy.value == POLICY_RR ||
				       policy.value == POLICY_DEADLINE);
}

bool sv_selection_named(const struct safevma_selection *s)
{
	return s->pids_count || s->comms_count || s->exes_count || s->cgroups_count ||
	       s->units_count;
}

static struct sv_span span(const struct sv_strbuf *b)
{
	return (struct sv_span) { .ptr = b->ptr ? b->ptr : "", .len = b->len };
}

static bool in_list(struct sv_span what, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_span_is(what, list[i]))
			return true;
	return false;
}

static bool in_cgroup(struct sv_span path, const char *group)
{
	struct sv_span rest = path;
	size_t n = strlen(group);

	while (n > 1 && group[n - 1] == '/')
		n--;
	if (rest.len < n || memcmp(rest.ptr, group, n) != 0)
		return false;
	return n == 1 || rest.len == n || rest.ptr[n] == '/';
}

static bool in_unit(struct sv_span path, const char *unit)
{
	struct sv_span part;

	while (sv_take_until(&path, '/', &part))
		if (sv_span_is(part, unit))
			return true;
	return sv_span_is(path, unit);
}

/* After an upgrade the file that a process runs is not the one at its path any more. */
static struct sv_span without_deleted(struct sv_span path)
{
	const char suffix[] = " (deleted)";

	if (sv_span_ends(path, suffix))
		path.len -= sizeof(suffix) - 1;
	return path;
}

static bool selected_by_name(const struct safevma_selection *s, const struct sv_process *p)
{
	for (size_t i = 0; i < s->pids_count; i++)
		if (s->pids[i] == p->pid)
			return true;
	for (size_t i = 0; i < s->cgroups_count; i++)
		if (p->cgroup.len && in_cgroup(span(&p->cgroup), s->cgroups[i]))
			return true;
	for (size_t i = 0; i < s->units_count; i++)
		if (p->cgroup.len && in_unit(span(&p->cgroup), s->units[i]))
			return true;
	return in_list(span(&p->comm), s->comms, s->comms_count) ||
	       (p->exe_known &&
		       (in_list(span(&p->exe), s->exes, s->exes_count) ||
			       in_list(without_deleted(span(&p->exe)), s->exes, s->exes_count)));
}

/* Holder of secretmem: a mapping that looks like one, confirmed by its filesystem. 1, 0, -1. */
static int confirm_secret(
	struct sv_capture *c, struct sv_process *p, struct sv_vma *v, struct safevma_error *err)
{
	struct safevma_error why;
	int rc = sv_capture_secret(c, p->pid, v, NULL, &why, err);

	if (rc < 0)
		return -1;
	if (!rc) /* cannot be told here: take it, and let its memory's reading say so */
		return !sv_is_gone(&why);
	return v->secret == SV_SECRET_YES;
}

static int holds_secretmem(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MAPS, .pid = p->pid, .tag = "selection" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	struct sv_maps_entry e;
	struct sv_text t;
	int rc = sv_capture_text(c, &place, &text, &why, err);

	if (rc < 0 || (!rc && sv_is_gone(&why)))
		return rc;
	if (!rc) {
		p->why_known = p->why; /* another mark makes it critical all the same */
		return sv_gap_add_cost(c->obs, SV_IFACE_MAPS, p->pid, &why, !p->why,
			"whether it holds secretmem", err);
	}
	t = sv_text_init(text.ptr, text.len, "maps");
	while (sv_maps_next(&t, &e, &why) > 0) {
		struct sv_vma v = sv_vma_of_entry(&e);

		if (!sv_vma_secret_candidate(&v))
			continue;
		rc = confirm_secret(c, p, &v, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int find_why(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	int secret;

	p->why_known = true;
	if (sv_policy_real_time(p->policy))
		p->why |= SV_WHY_REALTIME;
	if (p->locked.known && p->locked.value)
		p->why |= SV_WHY_LOCKED;
	if (p->oom_adj_known && p->oom_adj == OOM_SCORE_ADJ_MIN)
		p->why |= SV_WHY_OOM_EXEMPT;
	secret = holds_secretmem(c, p, err);
	if (secret > 0)
		p->why |= SV_WHY_SECRETMEM;
	return secret < 0 ? -1 : 0;
}

/* The kernel shows a group's memory and its lock totals through its first thread, which has ended.
 */
static bool headless(const struct sv_process *p)
{
	return p->state == 'Z' && p->threads > 1;
}

static int lost_marks(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct safevma_error why;

	p->why_known = p->why;
	if (p->why)
		return 0;
	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0,
		"its first thread ended and others live on with its memory");
	return sv_gap_add_cost(c->obs, SV_IFACE_STATUS, p->pid, &why, true,
		"whether it holds locked memory or secretmem", err);
}

int sv_capture_select(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	const struct safevma_selection *s = &c->request->selection;
	bool asked = c->obs->needs & SAFEVMA_NEED_OWNERS; /* who maps a frame: we may */

	if (p->kernel_thread && !selected_by_name(s, p))
		return 0;
	if (!p->kernel_thread && find_why(c, p, err))
		return -1;
	if (headless(p) && lost_marks(c, p, err))
		return -1;
	if (selected_by_name(s, p) || (c->command && p->pid == c->command))
		p->why |= SV_WHY_NAMED;
	if (s->all && (asked || (p->pid != c->self && p->pid != c->opener)))
		p->why |= SV_WHY_ALL;
	p->selected = sv_selection_named(s) || s->all || c->command
			      ? p->why & (SV_WHY_NAMED | SV_WHY_ALL)
			      : p->why;
	return 0;
}
