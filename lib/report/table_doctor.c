// SPDX-License-Identifier: LGPL-2.1-or-later
/* doctor: what can be seen here, what each missing interface costs, and how to get it. */
#include <stdio.h>
#include <string.h>

#include "table.h"

static bool next_row(safevma_cursor *c)
{
	while (c->next_index < SV_IFACE_COUNT) {
		c->item = c->next_index++;
		if (c->obs->ifaces[c->item].tried)
			return true;
	}
	return false;
}

static const struct sv_iface_info *info(const safevma_cursor *c)
{
	return sv_iface_info((enum sv_iface)c->item);
}

static const struct sv_iface_state *state(const safevma_cursor *c)
{
	return &c->obs->ifaces[c->item];
}

static struct safevma_value get_name(safevma_cursor *c)
{
	return sv_value_text(info(c)->name);
}

static struct safevma_value get_path(safevma_cursor *c)
{
	const char *in = info(c)->path;
	size_t at = 0;

	for (; *in && at + 10 < sizeof(c->text); in++) {
		const char *word = "";

		if (*in != '%') {
			c->text[at++] = *in;
			continue;
		}
		in++;
		word = *in == 'p' ? "PID" : *in == 't' ? "TID" : "*";
		at += (size_t)snprintf(c->text + at, sizeof(c->text) - at, "%s", word);
	}
	c->text[at] = 0;
	return sv_value_text(c->text);
}

static struct safevma_value get_status(safevma_cursor *c)
{
	if (state(c)->code == SAFEVMA_E_NOT_RECORDED)
		return sv_value_text("not-recorded");
	if (!state(c)->readable)
		return sv_value_text("unreadable");
	return sv_value_text(state(c)->useful ? "ok" : "hidden");
}

static struct safevma_value get_reason(safevma_cursor *c)
{
	return state(c)->note[0] ? sv_value_text(state(c)->note) : sv_value_unknown();
}

static struct safevma_value get_errno(safevma_cursor *c)
{
	const char *name = state(c)->errnum ? strerrorname_np(state(c)->errnum) : NULL;

	return sv_value_text(name);
}

static struct safevma_value get_tells(safevma_cursor *c)
{
	return sv_value_text(info(c)->tells);
}

static struct safevma_value get_costs(safevma_cursor *c)
{
	return state(c)->useful ? sv_value_unknown() : sv_value_text(info(c)->costs);
}

static struct safevma_value get_how(safevma_cursor *c)
{
	return state(c)->useful || state(c)->code == SAFEVMA_E_NOT_RECORDED
		       ? sv_value_unknown()
		       : sv_value_text(info(c)->how);
}

static struct safevma_value get_locks(safevma_cursor *c)
{
	return sv_value_bool(info(c)->locks);
}

static const struct sv_column columns[] = {
	SV_COL("INTERFACE", "interface", "name, as gaps call it", STRING, true, get_name),
	SV_COL("STATUS", "status",
		"ok, hidden (readable but the content is withheld), unreadable, not-recorded",
		STRING, true, get_status),
	SV_COL("REASON", "reason", "why not", STRING, true, get_reason),
	SV_COL("ERRNO", "errno", "the system's error", STRING, false, get_errno),
	SV_COL("PATH", "path", "where it is", STRING, false, get_path),
	SV_COL("TELLS", "tells", "what it gives", STRING, false, get_tells),
	SV_COL("LOCKS", "takes_target_lock", "reading takes the mmap lock of the target", BOOL,
		false, get_locks),
	SV_COL("COSTS", "costs", "what is lost without it", STRING, true, get_costs),
	SV_COL("HOW", "how", "how to make it readable", STRING, true, get_how),
};

/* ---- reconciliation -------------------------------------------------------------------------- */

/*
 * What one pass over all frames counted, against what the kernel says of itself before and after.
 * A figure agrees when the interval [counted, counted + perhaps] meets the two readings, widened by
 * what the kernel's own counters may be off: they are kept per CPU and folded in batches.
 */
struct figure {
	const char *name;
	uint64_t counted_frames;
	struct sv_num before, after;
	uint64_t perhaps_frames; /* memory that may belong to the figure: the flags do not tell */
	const char *remark;
};

static bool figure_at(const safevma_observation *obs, size_t i, struct figure *ret)
{
	const struct sv_totals *t = &obs->totals;

	switch (i) {
	case 0:
		*ret = (struct figure) { "Slab", t->by_class[SV_CLASS_SLAB], t->meminfo_slab,
			t->after_slab, t->by_class[SV_CLASS_KERNEL_COMPOUND],
			"meminfo counts large kmalloc too, which looks like other compound kernel "
			"memory" };
		return true;
	case 1:
		*ret = (struct figure) { "Mlocked", t->mlocked, t->meminfo_mlocked,
			t->after_mlocked, false, "frames with the mlocked flag" };
		return true;
	case 2:
		*ret = (struct figure) { "PageTables", t->by_class[SV_CLASS_PGTABLE],
			t->meminfo_pagetables, t->after_pagetables, 0,
			"meminfo leaves the kernel's own early tables out, and so do the flags" };
		return true;
	case 3:
		*ret = (struct figure) { "Unevictable", t->unevictable, t->meminfo_unevictable,
			t->after_unevictable, 0, "frames on the unevictable list" };
		return true;
	default:
		return false;
	}
}

static bool next_figure(safevma_cursor *c)
{
	struct figure f;

	c->item = c->next_index++;
	return figure_at(c->obs, c->item, &f);
}

static struct figure current(const safevma_cursor *c)
{
	struct figure f;

	figure_at(c->obs, c->item, &f);
	return f;
}

static struct sv_num counted_bytes(const safevma_cursor *c)
{
	struct figure f = current(c);

	return c->obs->totals.made ? sv_known(f.counted_frames * c->obs->host.page_size)
				   : (struct sv_num) { 0 };
}

/* 1 MiB and a fiftieth: batches of the per-CPU counters, and what moved during the pass. */
static uint64_t tolerance(const struct figure *f)
{
	return (UINT64_C(1) << 20) + f->before.value / 50;
}

static struct sv_num agrees(const safevma_cursor *c)
{
	struct figure f = current(c);
	struct sv_num n = counted_bytes(c);
	uint64_t lo, hi, slack, perhaps;

	if (!n.known || !f.before.known || !f.after.known)
		return (struct sv_num) { 0 };
	slack = tolerance(&f);
	lo = f.before.value < f.after.value ? f.before.value : f.after.value;
	hi = f.before.value < f.after.value ? f.after.value : f.before.value;
	perhaps = f.perhaps_frames * c->obs->host.page_size;
	return sv_known(n.value <= hi + slack && n.value + perhaps + slack >= lo);
}

static struct safevma_value get_figure(safevma_cursor *c)
{
	return sv_value_text(current(c).name);
}

static struct safevma_value get_counted(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, counted_bytes(c));
}

static struct safevma_value get_perhaps(safevma_cursor *c)
{
	uint64_t bytes = current(c).perhaps_frames * c->obs->host.page_size;

	return c->obs->totals.made ? sv_value_u64(SAFEVMA_TYPE_BYTES, bytes) : sv_value_unknown();
}

static struct safevma_value get_before(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, current(c).before);
}

static struct safevma_value get_after(safevma_cursor *c)
{
	return sv_value_num(SAFEVMA_TYPE_BYTES, current(c).after);
}

static struct safevma_value get_difference(safevma_cursor *c)
{
	struct sv_num n = counted_bytes(c), b = current(c).before;

	return n.known && b.known ? sv_value_i64((int64_t)n.value - (int64_t)b.value)
				  : sv_value_unknown();
}

static struct safevma_value get_agrees(safevma_cursor *c)
{
	return sv_value_bool_num(agrees(c));
}

static struct safevma_value get_remark(safevma_cursor *c)
{
	return sv_value_text(current(c).remark);
}

static const struct sv_column figure_columns[] = {
	SV_COL("FIGURE", "figure", "name in meminfo", STRING, true, get_figure),
	SV_COL("COUNTED", "counted_bytes", "by one pass over the flags of all frames", BYTES, true,
		get_counted),
	SV_COL("PERHAPS", "perhaps_bytes", "further frames that may belong to the figure", BYTES,
		true, get_perhaps),
	SV_COL("BEFORE", "kernel_before_bytes", "meminfo before the pass", BYTES, true, get_before),
	SV_COL("AFTER", "kernel_after_bytes", "meminfo after the pass", BYTES, true, get_after),
	SV_COL("DIFFERENCE", "difference_bytes", "counted less the kernel's figure before", I64,
		true, get_difference),
	SV_COL("AGREES", "agrees", "within what the kernel's counters may be off", BOOL, true,
		get_agrees),
	SV_COL("REMARK", "remark", "what to know of the comparison", STRING, true, get_remark),
};

static bool figures_wanted(const safevma_observation *obs)
{
	return obs->needs & SAFEVMA_NEED_RECONCILE;
}

/* ---- residency against smaps ----------------------------------------------------------------- */

static bool next_process(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	sv_process_figures(c->obs, c->process, &c->group_figures);
	return true;
}

/* Rss of smaps leaves out hugetlb and the zero page: so does the figure that is compared. */
static void rss_sums(const safevma_cursor *c, struct sv_num *kernel, struct sv_num *ours)
{
	const struct sv_process *p = c->process;

	*kernel = *ours = sv_known(0);
	if (!p->vmas.len)
		kernel->known = ours->known = false;
	for (size_t i = 0; i < p->vmas.len; i++) {
		const struct sv_vma *v = &p->vmas.ptr[i];
		struct sv_vma_figures f;

		if (v->kind == SV_VMA_HUGETLB || v->kind == SV_VMA_VDSO || sv_vma_special(v))
			continue;
		sv_measure_vma(c->obs, p, v, &f);
		kernel->known &= v->rss.known;
		kernel->value += v->rss.value;
		ours->known &= f.resident.known && f.zero.known;
		ours->value += f.resident.value - f.zero.value;
	}
}

static struct safevma_value get_rss_kernel(safevma_cursor *c)
{
	struct sv_num kernel, ours;

	rss_sums(c, &kernel, &ours);
	return sv_value_num(SAFEVMA_TYPE_BYTES, kernel);
}

static struct safevma_value get_rss_ours(safevma_cursor *c)
{
	struct sv_num kernel, ours;

	rss_sums(c, &kernel, &ours);
	return sv_value_num(SAFEVMA_TYPE_BYTES, ours);
}

static struct safevma_value get_rss_agrees(safevma_cursor *c)
{
	struct sv_num kernel, ours;

	rss_sums(c, &kernel, &ours);
	return kernel.known && ours.known ? sv_value_bool(kernel.value == ours.value)
					  : sv_value_unknown();
}

static const struct sv_column rss_columns[] = {
	SV_COL("PID", "pid", "process number", U64, true, sv_get_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, sv_get_comm),
	SV_COL("PAGEMAP", "pagemap_bytes", "present by pagemap, without hugetlb and zero pages",
		BYTES, true, get_rss_ours),
	SV_COL("SMAPS", "smaps_rss_bytes", "sum of Rss in smaps", BYTES, true, get_rss_kernel),
	SV_COL("AGREES", "agrees", "equal", BOOL, true, get_rss_agrees),
	SV_COL("STATE", "reading", "how the reading went: stable, changed, vanished, unread",
		STRING, true, sv_get_fate),
};

static const struct safevma_table table_rss = {
	.name = "residency",
	.row_member = "residency",
	.row_columns = rss_columns,
	.row_count = sv_array_size(rss_columns),
	.next_row = next_process,
	.wanted = figures_wanted,
	.none = "no process was selected to compare with smaps",
};

const struct safevma_table sv_table_reconcile = {
	.name = "reconcile",
	.row_member = "reconciliation",
	.row_columns = figure_columns,
	.row_count = sv_array_size(figure_columns),
	.next_row = next_figure,
	.wanted = figures_wanted,
	.also = &table_rss,
	.none = "nothing to compare",
};

/* doctor promises to say what is missing: what is missing is its result, not a lack of it. */
static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < SV_IFACE_COUNT; i++) {
		ret->total += obs->ifaces[i].tried;
		ret->examined += obs->ifaces[i].tried;
	}
}

static bool complete(const safevma_observation *obs)
{
	safevma_cursor c = { .obs = obs };

	if (!figures_wanted(obs))
		return true;
	while (next_figure(&c)) {
		struct sv_num ok = agrees(&c);

		if (!ok.known || !ok.value)
			return false;
	}
	while (next_process(&c)) {
		struct sv_num kernel, ours;

		rss_sums(&c, &kernel, &ours);
		if (!kernel.known || !ours.known || kernel.value != ours.value)
			return false;
	}
	return true;
}

const struct safevma_table sv_table_doctor = {
	.name = "doctor",
	.row_member = "interfaces",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_facts,
	.none = "nothing was tried",
};
