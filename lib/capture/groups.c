// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The control groups that the memory of the selected processes is charged to, up to the root: each
 * limits all below it. Where they lie is in mountinfo; what is not mounted where we can see it is
 * not known, and no limit that is not known is taken for none.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"
#include "iface/cgroupfile.h"
#include "iface/mountinfo.h"
#include "iface/sysfiles.h"

#define COSTS "limits of control groups"

struct hierarchy {
	bool found;
	struct sv_strbuf root, point;
};

struct groups {
	struct sv_capture *c;
	struct hierarchy of[3]; /* by version */
	const struct hierarchy *at;
	struct sv_memcg *group; /* the one being read */
};

static struct sv_span span_of(const struct sv_strbuf *b)
{
	return (struct sv_span) { .ptr = b->ptr ? b->ptr : "", .len = b->len };
}

static int tell(struct sv_capture *c, enum sv_iface iface, const char *what, bool counts,
	struct safevma_error *err)
{
	struct safevma_error why;

	sv_error_set(&why, SAFEVMA_E_UNSUPPORTED, 0, NULL, 0, "%s", what);
	return sv_gap_add_cost(c->obs, iface, 0, &why, counts, COSTS, err);
}

/* ---- where the hierarchies are --------------------------------------------------------------- */

static unsigned int version_of(const struct sv_mount *m)
{
	if (sv_span_is(m->type, "cgroup2"))
		return 2;
	return sv_span_is(m->type, "cgroup") && sv_mount_has_option(m->options, "memory") ? 1 : 0;
}

/* Of several mounts one that shows the whole goes first. */
static int take_mount(struct groups *g, const struct sv_mount *m)
{
	unsigned int version = version_of(m);
	struct hierarchy *h = &g->of[version];

	if (!version || (h->found && !sv_span_is(m->root, "/")))
		return 0;
	if (h->found && sv_span_is(span_of(&h->root), "/"))
		return 0;
	h->found = true;
	h->root.len = h->point.len = 0;
	return sv_mountinfo_decode(m->root, &h->root) || sv_mountinfo_decode(m->point, &h->point);
}

static int find_mounts(struct groups *g, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_MOUNTINFO, .tag = "groups" };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	enum sv_answer answer;
	struct sv_mount m;
	struct sv_text t;
	int rc;

	if (sv_capture_answer(g->c, &place, &text, &answer, err))
		return -1;
	t = sv_text_init(text.ptr, text.len, "mountinfo");
	while ((rc = sv_mountinfo_next(&t, &m, &why)) > 0)
		if (take_mount(g, &m))
			return sv_error_nomem(err);
	return rc ? sv_gap_add_cost(g->c->obs, SV_IFACE_MOUNTINFO, 0, &why, true, COSTS, err) : 0;
}

/* Inode number of the first namespace of a kind; PROC_*_INIT_INO in the kernel's headers. */
static struct sv_num is_initial(const struct sv_strbuf *link, const char *kind, uint64_t initial)
{
	struct sv_span s = span_of(link);
	uint64_t n;

	if (!sv_take_lit(&s, kind) || !sv_take_lit(&s, ":[") || !sv_take_dec(&s, &n) ||
		!sv_span_is(s, "]"))
		return (struct sv_num) { 0 };
	return sv_known(n == initial);
}

static int link_of(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	struct safevma_error *err)
{
	struct sv_call call = { .op = SV_OP_LINK, .place = *place };
	struct safevma_error why;

	return sv_capture_call(c, &call, ret, &why, err) < 0 ? -1 : 0;
}

static int find_namespace(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_CGROUP_NS, .tag = "groups" };
	sv_auto_strbuf struct sv_strbuf link = { 0 };

	if (link_of(c, &place, &link, err))
		return -1;
	c->obs->pressure.cgroup_ns_initial = is_initial(&link, "cgroup", 0xEFFFFFFB);
	return 0;
}

/* ---- one group ------------------------------------------------------------------------------- */

/* The part of the group's path below the mount; false: it is not below it. */
static bool below_mount(const struct hierarchy *h, struct sv_span path, struct sv_span *ret)
{
	struct sv_span root = span_of(&h->root);

	if (!h->found)
		return false;
	if (!sv_span_is(root, "/")) {
		if (path.len < root.len || memcmp(path.ptr, root.ptr, root.len) != 0)
			return false;
		path.ptr += root.len;
		path.len -= root.len;
		if (path.len && path.ptr[0] != '/')
			return false;
	}
	*ret = path;
	return true;
}

static int read_file(struct groups *g, const char *file, struct sv_strbuf *ret,
	enum sv_answer *answer, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_CGROUP_FILE };
	sv_auto_strbuf struct sv_strbuf arg = { 0 };
	struct sv_span below;

	*answer = SV_ANSWER_NONE;
	if (!below_mount(g->at, span_of(&g->group->path), &below))
		return 0;
	if (sv_cgroup_file_code(span_of(&g->at->point), below, file, &arg))
		return sv_error_nomem(err);
	place.arg = arg.ptr;
	return sv_capture_answer(g->c, &place, ret, answer, err);
}

static int damaged(struct groups *g, const struct safevma_error *why, struct safevma_error *err)
{
	return sv_gap_add_cost(g->c->obs, SV_IFACE_CGROUP_FILE, 0, why, true, COSTS, err);
}

/*
 * v1 has no word for "none": it is the largest number of pages that its counters hold, LONG_MAX
 * bytes on 64 bits, LONG_MAX pages on 32 (PAGE_COUNTER_MAX).
 */
static uint64_t unlimited_v1(uint64_t n, uint64_t page)
{
	if (!page)
		return n;
	return n >= INT64_MAX / page * page || n == (uint64_t)INT32_MAX * page ? SV_UNLIMITED : n;
}

static int read_number(
	struct groups *g, const char *file, struct sv_num *ret, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	enum sv_answer answer;
	uint64_t n;

	if (read_file(g, file, &text, &answer, err))
		return -1;
	if (answer != SV_ANSWER_READ)
		return 0;
	if (sv_cgroup_limit(sv_text_init(text.ptr, text.len, file), &n, &why))
		return damaged(g, &why, err);
	if (g->group->version == 1)
		n = unlimited_v1(n, g->c->obs->host.page_size);
	*ret = sv_known(n);
	return 0;
}

struct number {
	const char *file;
	size_t to;
};

#define NUMBER(name, member)                                                                       \
	{                                                                                          \
		.file = (name), .to = offsetof(struct sv_memcg, member)                            \
	}

static const struct number numbers_v1[] = {
	NUMBER("memory.limit_in_bytes", max),
	NUMBER("memory.soft_limit_in_bytes", soft),
	NUMBER("memory.memsw.limit_in_bytes", swap_max),
	NUMBER("memory.memsw.usage_in_bytes", swap_current),
	NUMBER("memory.usage_in_bytes", current),
	NUMBER("memory.failcnt", max_events),
};

static const struct number numbers_v2[] = {
	NUMBER("memory.max", max),
	NUMBER("memory.high", high),
	NUMBER("memory.low", low),
	NUMBER("memory.min", min),
	NUMBER("memory.swap.max", swap_max),
	NUMBER("memory.swap.current", swap_current),
	NUMBER("memory.oom.group", oom_group),
	NUMBER("memory.current", current),
};

static int read_numbers(
	struct groups *g, const struct number *all, size_t n, struct safevma_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (read_number(
			    g, all[i].file, (struct sv_num *)((char *)g->group + all[i].to), err))
			return -1;
	return 0;
}

/* Files of "name N" lines: memory.events, memory.oom_control, memory.stat. */
static int read_keys(struct groups *g, const char *file, const struct sv_keyval_wanted *wanted,
	size_t n, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;
	enum sv_answer answer;

	if (read_file(g, file, &text, &answer, err))
		return -1;
	if (answer == SV_ANSWER_READ && sv_keyval_collect(sv_text_init(text.ptr, text.len, file),
						sv_vmstat_next, wanted, n, &why))
		return damaged(g, &why, err);
	return 0;
}

static struct sv_num plus(struct sv_num a, struct sv_num b)
{
	return a.known && b.known ? sv_known(a.value + b.value) : (struct sv_num) { 0 };
}

static int read_stat(struct groups *g, struct safevma_error *err)
{
	struct sv_num aa = { 0 }, ia = { 0 }, af = { 0 }, inf = { 0 };
	const struct sv_keyval_wanted v1[] = { { "total_active_anon", &aa },
		{ "total_inactive_anon", &ia }, { "total_active_file", &af },
		{ "total_inactive_file", &inf }, { "total_unevictable", &g->group->unevictable } };
	const struct sv_keyval_wanted v2[] = { { "active_anon", &aa }, { "inactive_anon", &ia },
		{ "active_file", &af }, { "inactive_file", &inf },
		{ "unevictable", &g->group->unevictable } };

	if (read_keys(g, "memory.stat", g->group->version == 1 ? v1 : v2, sv_array_size(v1), err))
		return -1;
	g->group->lru_anon = plus(aa, ia);
	g->group->lru_file = plus(af, inf);
	return 0;
}

static int read_psi(struct groups *g, struct safevma_error *err)
{
	struct sv_psi_reading *to = &g->group->pressure;
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct safevma_error why;

	if (read_file(g, "memory.pressure", &text, &to->answer, err))
		return -1;
	if (to->answer != SV_ANSWER_READ ||
		!sv_psi_parse(sv_text_init(text.ptr, text.len, "memory.pressure"), &to->psi, &why))
		return 0;
	to->answer = SV_ANSWER_NONE;
	return damaged(g, &why, err);
}

/* Up to 5.10 a v1 group counts in the one above it only with use_hierarchy. */
static int read_v1(struct groups *g, struct safevma_error *err)
{
	struct sv_memcg *m = g->group;
	const struct sv_keyval_wanted oom[] = { { "oom_kill_disable", &m->oom_kill_disable },
		{ "under_oom", &m->under_oom }, { "oom_kill", &m->oom_kill_events } };
	struct sv_num hierarchy = { 0 };

	m->pressure.answer = SV_ANSWER_ABSENT;
	if (read_numbers(g, numbers_v1, sv_array_size(numbers_v1), err) ||
		read_keys(g, "memory.oom_control", oom, sv_array_size(oom), err) ||
		read_stat(g, err) || read_number(g, "memory.use_hierarchy", &hierarchy, err))
		return -1;
	m->ends = hierarchy.known && !hierarchy.value;
	return 0;
}

static int has_controller(struct groups *g, struct sv_num *ret, struct safevma_error *err)
{
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	struct sv_span rest, word;
	enum sv_answer answer;

	if (read_file(g, "cgroup.controllers", &text, &answer, err))
		return -1;
	if (answer != SV_ANSWER_READ)
		return 0;
	*ret = sv_known(0);
	for (rest = span_of(&text); rest.len && rest.ptr[rest.len - 1] == '\n';)
		rest.len--;
	for (; sv_take_word(&rest, &word); sv_skip_blanks(&rest))
		if (sv_span_is(word, "memory"))
			ret->value = 1;
	return 0;
}

static int read_v2(struct groups *g, struct safevma_error *err)
{
	struct sv_memcg *m = g->group;
	const struct sv_keyval_wanted events[] = { { "high", &m->high_events },
		{ "max", &m->max_events }, { "oom", &m->oom_events },
		{ "oom_kill", &m->oom_kill_events } };
	struct sv_num controller = { 0 };

	if (has_controller(g, &controller, err) || read_psi(g, err))
		return -1;
	m->no_controller = controller.known && !controller.value;
	if (!controller.known || m->no_controller)
		return 0;
	return read_numbers(g, numbers_v2, sv_array_size(numbers_v2), err) ||
			       read_keys(g, "memory.events", events, sv_array_size(events), err) ||
			       read_stat(g, err)
		       ? -1
		       : 0;
}

/* The root of all has no limit in either version: writing one is refused. */
static int read_group(struct groups *g, struct sv_memcg *m, struct safevma_error *err)
{
	const struct sv_num initial = g->c->obs->pressure.cgroup_ns_initial;

	g->group = m;
	g->at = &g->of[m->version];
	m->root = sv_span_is(span_of(&m->path), "/") && initial.known && initial.value;
	if (m->root) {
		m->read = true;
		return 0;
	}
	if (m->version == 1 ? read_v1(g, err) : read_v2(g, err))
		return -1;
	m->read = m->no_controller || (m->max.known && m->current.known);
	if (m->read)
		return 0;
	return tell(g->c, SV_IFACE_CGROUP_FILE,
		g->at->found ? "a control group of a selected process cannot be read: its limits "
			       "are not known"
			     : "the hierarchy of the memory controller is not mounted where we "
			       "can see it",
		false, err);
}

/* ---- all groups ------------------------------------------------------------------------------ */

static bool find(
	const struct sv_pressure *p, unsigned int version, struct sv_span path, size_t *ret)
{
	for (size_t i = 0; i < p->groups.len; i++)
		if (p->groups.ptr[i].version == version &&
			sv_span_eq(span_of(&p->groups.ptr[i].path), path)) {
			*ret = i;
			return true;
		}
	return false;
}

static int push(struct groups *g, unsigned int version, struct sv_span path, struct sv_num parent,
	struct safevma_error *err)
{
	struct sv_memcg *m = sv_vec_push(&g->c->obs->pressure.groups);

	if (!m)
		return sv_error_nomem(err);
	m->version = version;
	m->parent = parent;
	if (sv_strbuf_add(&m->path, path.ptr, path.len))
		return sv_error_nomem(err);
	return read_group(g, m, err);
}

/* Groups from the root down to that of the path, as far as they are not there yet. */
static int add(struct groups *g, unsigned int version, struct sv_span path, struct sv_num *ret,
	struct safevma_error *err)
{
	const struct sv_pressure *p = &g->c->obs->pressure;
	struct sv_num parent = { 0 };
	struct sv_span at;
	size_t index;

	for (size_t len = 1; len <= path.len; len++) {
		if (len > 1 && len < path.len && path.ptr[len] != '/')
			continue;
		at = (struct sv_span) { .ptr = path.ptr, .len = len };
		if (!find(p, version, at, &index)) {
			if (push(g, version, at, parent, err))
				return -1;
			index = p->groups.len - 1;
		}
		parent = sv_known(index);
	}
	*ret = parent;
	return 0;
}

static int find_user_ns(struct sv_capture *c, struct sv_process *p, struct safevma_error *err)
{
	struct sv_call pin = { .op = SV_OP_PIN,
		.place = { .iface = SV_IFACE_STAT, .pid = p->pid, .tag = "groups" } };
	struct sv_place place = { .iface = SV_IFACE_NS_USER, .pid = p->pid, .tag = "groups" };
	sv_auto_strbuf struct sv_strbuf link = { 0 }, nothing = { 0 };
	struct safevma_error why;
	int rc = sv_capture_call(c, &pin, &nothing, &why, err);

	if (rc <= 0)
		return rc;
	if (link_of(c, &place, &link, err))
		return -1;
	p->user_ns_initial = is_initial(&link, "user", 0xEFFFFFFD);
	return 0;
}

static void groups_fini(struct groups *g)
{
	for (size_t i = 0; i < sv_array_size(g->of); i++) {
		sv_strbuf_fini(&g->of[i].root);
		sv_strbuf_fini(&g->of[i].point);
	}
}

int sv_capture_groups(struct sv_capture *c, struct safevma_error *err)
{
	sv_cleanup(groups_fini) struct groups g = { .c = c };

	if (find_mounts(&g, err) || find_namespace(c, err))
		return -1;
	for (size_t i = 0; i < c->obs->processes.len; i++) {
		struct sv_process *p = &c->obs->processes.ptr[i];

		if (!p->selected || p->kernel_thread)
			continue;
		if (find_user_ns(c, p, err) ||
			(p->memcg_version && add(&g, p->memcg_version, span_of(&p->memcg),
						     &p->memcg_index, err)))
			return -1;
	}
	return 0;
}
