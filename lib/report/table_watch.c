// SPDX-License-Identifier: LGPL-2.1-or-later
/* watch: what changed from look to look of each process, and whether it is settled. */
#include <stdio.h>

#include "table.h"

#define COUNT(n) sv_value_num(SAFEVMA_TYPE_U64, n)
#define BYTES(n) sv_value_num(SAFEVMA_TYPE_BYTES, n)

static const struct sv_series *series(const safevma_cursor *c)
{
	return &c->obs->series;
}

/* ---- changes --------------------------------------------------------------------------------- */

static double since_first(const safevma_cursor *c, uint64_t boottime_ns)
{
	return (double)(boottime_ns - series(c)->looks.ptr[0].boottime_ns) / 1e9;
}

static struct safevma_value get_time(safevma_cursor *c)
{
	return sv_value_real(since_first(c, c->change->boottime_ns));
}

static struct safevma_value get_boottime(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->change->boottime_ns);
}

static struct safevma_value get_change_pid(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, (uint64_t)c->change->pid);
}

static struct safevma_value get_change_comm(safevma_cursor *c)
{
	for (size_t i = 0; i < c->obs->processes.len; i++)
		if (c->obs->processes.ptr[i].pid == c->change->pid)
			return sv_value_bytes_text(&c->obs->processes.ptr[i].comm);
	return sv_value_unknown();
}

static struct safevma_value get_what(safevma_cursor *c)
{
	return sv_value_text(sv_change_info(c->change->kind)->name);
}

static struct safevma_value get_unsettles(safevma_cursor *c)
{
	return sv_value_bool(sv_change_info(c->change->kind)->unsettles);
}

static struct safevma_value get_look(safevma_cursor *c)
{
	return sv_value_u64(SAFEVMA_TYPE_U64, c->change->look);
}

static struct safevma_value get_start(safevma_cursor *c)
{
	return c->change->end ? sv_value_u64(SAFEVMA_TYPE_HEX, c->change->start)
			      : sv_value_unknown();
}

static struct safevma_value get_end(safevma_cursor *c)
{
	return c->change->end ? sv_value_u64(SAFEVMA_TYPE_HEX, c->change->end) : sv_value_unknown();
}

static struct safevma_value get_pages(safevma_cursor *c)
{
	return COUNT(c->change->pages);
}

/* Before and after, by the unit that the kind of change has. */
static struct safevma_value figure(safevma_cursor *c, struct sv_num n)
{
	switch (sv_change_info(c->change->kind)->unit) {
	case SV_UNIT_BYTES:
		return BYTES(n);
	case SV_UNIT_COUNT:
		return COUNT(n);
	case SV_UNIT_PFN:
		return sv_value_num(SAFEVMA_TYPE_HEX, n);
	case SV_UNIT_PERMS:
		return n.known ? sv_perms_text(c, (unsigned int)n.value) : sv_value_unknown();
	case SV_UNIT_CLASS:
		return n.known ? sv_value_class((enum sv_class)n.value) : sv_value_unknown();
	case SV_UNIT_NONE:
		break;
	}
	return c->change->kind == SV_CHANGE_CHILD ? COUNT(n) : sv_value_unknown();
}

static struct safevma_value get_before(safevma_cursor *c)
{
	return sv_figure_text(c, figure(c, c->change->before));
}

static struct safevma_value get_after(safevma_cursor *c)
{
	return sv_figure_text(c, figure(c, c->change->after));
}

static struct safevma_value get_before_number(safevma_cursor *c)
{
	return sv_figure_number(figure(c, c->change->before));
}

static struct safevma_value get_after_number(safevma_cursor *c)
{
	return sv_figure_number(figure(c, c->change->after));
}

static struct safevma_value get_unit(safevma_cursor *c)
{
	static const char *const names[] = { [SV_UNIT_NONE] = NULL,
		[SV_UNIT_BYTES] = "bytes",
		[SV_UNIT_COUNT] = "count",
		[SV_UNIT_PFN] = "pfn",
		[SV_UNIT_PERMS] = "perms",
		[SV_UNIT_CLASS] = "class" };

	return sv_value_text(names[sv_change_info(c->change->kind)->unit]);
}

/* Sizes are rounded in text: how much it is more or less is not. */
static struct safevma_value difference(safevma_cursor *c)
{
	struct sv_num before = c->change->before, after = c->change->after;
	bool more = after.value > before.value;
	struct safevma_value v;
	char text[32];

	if (!before.known || !after.known)
		return sv_value_unknown();
	v = sv_figure_text(c, sv_value_u64(SAFEVMA_TYPE_BYTES, more ? after.value - before.value
								    : before.value - after.value));
	if (v.type != SAFEVMA_TYPE_STRING)
		return v;
	snprintf(text, sizeof(text), "%c%.*s", more ? '+' : '-', (int)v.string.len, v.string.ptr);
	snprintf(c->text, sizeof(c->text), "%s", text); /* the figure may be in there */
	return sv_value_text(c->text);
}

static struct safevma_value get_word(safevma_cursor *c)
{
	if (c->change->more)
		return sv_value_text("and others of this mapping");
	if (sv_change_info(c->change->kind)->unit == SV_UNIT_BYTES)
		return difference(c);
	return sv_value_text(c->change->word);
}

static struct safevma_value get_kind(safevma_cursor *c)
{
	return c->change->of_vma ? sv_value_text(sv_kind_name(c->change->kind_of_vma))
				 : sv_value_unknown();
}

static struct safevma_value get_path(safevma_cursor *c)
{
	return sv_value_text(c->change->path);
}

/* The columns of a change; in groups, its process stands above it. */
#define CHANGE_COLUMNS                                                                             \
	SV_COL("WHAT", "what", "what changed", STRING, true, get_what),                            \
		SV_COL("START", "start", "first address of what changed", HEX, true, get_start),   \
		SV_COL("END", "end", "address behind it", HEX, false, get_end),                    \
		SV_COL("PAGES", "pages", "how many pages", U64, true, get_pages),                  \
		SV_COL("BEFORE", "before", "what it was: size, frame, permissions, class, count",  \
			STRING, true, get_before),                                                 \
		SV_COL("AFTER", "after", "what it is", STRING, true, get_after),                   \
		SV_COL("UNIT", "unit", "what the two are", STRING, false, get_unit),               \
		SV_COL("BEFORE#", "before_number", "BEFORE as a number, where it is one", U64,     \
			false, get_before_number),                                                 \
		SV_COL("AFTER#", "after_number", "AFTER as a number, where it is one", U64, false, \
			get_after_number),                                                         \
		SV_COL("NOTE", "note", "how much more or less; what became of it; on which side",  \
			STRING, true, get_word),                                                   \
		SV_COL("KIND", "kind", "kind of the mapping", STRING, true, get_kind),             \
		SV_COL("PATH", "path", "file or name of the mapping; name of a child", STRING,     \
			true, get_path),                                                           \
		SV_COL("UNSETTLES", "unsettles", "what is settled does not show it", BOOL, false,  \
			get_unsettles),                                                            \
		SV_COL("LOOK", "look", "number of the look that showed it", U64, false, get_look), \
		SV_COL("BOOTTIME", "boottime_ns", "when that look began, since boot", U64, false,  \
			get_boottime)

static const struct sv_column change_columns[] = {
	SV_COL("TIME", "seconds", "seconds after the first look", REAL, true, get_time),
	SV_COL("PID", "pid", "process number", U64, true, get_change_pid),
	SV_COL("COMM", "comm", "name that the process gave itself", STRING, true, get_change_comm),
	CHANGE_COLUMNS,
};

static bool next_change(safevma_cursor *c)
{
	if (c->next_index >= series(c)->changes.len)
		return false;
	c->change = &series(c)->changes.ptr[c->next_index++];
	return true;
}

static bool made(const safevma_observation *obs)
{
	return obs->series.made;
}

const struct safevma_table sv_table_changes = {
	.name = "changes",
	.row_member = "changes",
	.row_columns = change_columns,
	.row_count = sv_array_size(change_columns),
	.next_row = next_change,
	.wanted = made,
	.none = "nothing changed",
};

static const struct sv_column row_columns[] = {
	SV_COL("TIME", "seconds", "seconds after the first look", REAL, true, get_time),
	CHANGE_COLUMNS,
};

/* ---- processes ------------------------------------------------------------------------------- */

static const struct sv_watched *find_watched(const safevma_cursor *c)
{
	for (size_t i = 0; i < series(c)->watched.len; i++)
		if (series(c)->watched.ptr[i].pid == c->process->pid)
			return &series(c)->watched.ptr[i];
	return NULL;
}

static bool next_process(safevma_cursor *c)
{
	if (!sv_next_selected(c))
		return false;
	c->watched = find_watched(c);
	c->settled = (struct sv_settled) { .verdict = SAFEVMA_VERDICT_UNKNOWN,
		.reason = SV_UNSETTLED_NOTHING };
	if (c->watched)
		sv_measure_settled(c->obs, c->watched, &c->settled);
	return true;
}

/* Of tables whose rows are processes: the place among the selected is kept as for groups. */
static bool next_watched(safevma_cursor *c)
{
	return next_process(c);
}

static bool next_row(safevma_cursor *c)
{
	while (next_change(c))
		if (c->change->pid == c->process->pid)
			return true;
	return false;
}

#define WATCHED(name, expr)                                                                        \
	static struct safevma_value get_##name(safevma_cursor *c)                                  \
	{                                                                                          \
		const struct sv_watched *w = c->watched;                                           \
		return w ? expr : sv_value_unknown();                                              \
	}

WATCHED(looks, sv_value_u64(SAFEVMA_TYPE_U64, w->looks + w->missed))
WATCHED(missed, sv_value_u64(SAFEVMA_TYPE_U64, w->missed))
WATCHED(ended, sv_value_bool(w->ended))
WATCHED(minor, COUNT(w->minor))
WATCHED(major, COUNT(w->major))
WATCHED(children, COUNT(w->children))
WATCHED(rss_first, BYTES(w->rss_first))
WATCHED(rss_last, BYTES(w->rss_last))
WATCHED(locked_first, BYTES(w->locked_first))
WATCHED(locked_last, BYTES(w->locked_last))
WATCHED(vmas_first, COUNT(w->vmas_first))
WATCHED(vmas_last, COUNT(w->vmas_last))
WATCHED(pages_first, COUNT(w->pages_first))
WATCHED(partly, sv_value_bool(w->partly))
/* What no look saw whole is not known to have none. */
#define PAGES(seen, kind)                                                                          \
	(w->looks && (seen) ? sv_value_u64(SAFEVMA_TYPE_U64, w->counts[kind]) : sv_value_unknown())

WATCHED(moved, PAGES(!w->hidden, SV_CHANGE_PAGE_MOVED))
WATCHED(unlocked, PAGES(!w->hidden && !w->frames_unread, SV_CHANGE_LOCK_LOST))
WATCHED(cow, PAGES(true, SV_CHANGE_COW_PENDING))
WATCHED(neighbours, PAGES(!w->hidden && !w->frames_unread, SV_CHANGE_NEIGHBOUR))

static struct safevma_value get_verdict(safevma_cursor *c)
{
	return sv_value_text(sv_verdict_name(c->settled.verdict));
}

/* "heap-grew [heap] at 1.002 s", or why it is not known. */
static struct safevma_value get_reason(safevma_cursor *c)
{
	const struct sv_change *k = c->settled.culprit;

	if (!k)
		return sv_value_text(sv_unsettled_text(c->settled.reason));
	c->scratch.len = 0;
	if (sv_strbuf_printf(&c->scratch, "%s", sv_change_info(k->kind)->name) ||
		(k->path && *k->path && sv_strbuf_printf(&c->scratch, " %s", k->path)) ||
		(k->end &&
			sv_strbuf_printf(&c->scratch, " 0x%llx", (unsigned long long)k->start)) ||
		sv_strbuf_printf(&c->scratch, " at %.3f s", since_first(c, k->boottime_ns))) {
		c->failed = true;
		return sv_value_unknown();
	}
	return sv_value_bytes_text(&c->scratch);
}

#define WATCHED_COLUMNS                                                                            \
	SV_COL("VERDICT", "verdict", "pass: settled; fail: not; unknown", STRING, true,            \
		get_verdict),                                                                      \
		SV_COL("LOOKS", "looks", "how often it was looked at", U64, true, get_looks),      \
		SV_ALARM("MISSED", "looks_missed", "of these, not all of it could be read", U64,   \
			true, get_missed),                                                         \
		SV_ALARM("MINOR", "minor_faults", "minor page faults that it took meanwhile", U64, \
			true, get_minor),                                                          \
		SV_ALARM("MAJOR", "major_faults", "major ones", U64, true, get_major),             \
		SV_ALARM("CHILDREN", "children_faults",                                            \
			"faults of children that it waited for meanwhile", U64, false,             \
			get_children),                                                             \
		SV_COL("RSS", "resident_first_bytes", "VmRSS at the first look", BYTES, true,      \
			get_rss_first),                                                            \
		SV_COL("RSS-LAST", "resident_last_bytes", "at the last", BYTES, true,              \
			get_rss_last),                                                             \
		SV_COL("LOCKED", "locked_first_bytes", "VmLck at the first look", BYTES, true,     \
			get_locked_first),                                                         \
		SV_COL("LOCKED-LAST", "locked_last_bytes", "at the last", BYTES, true,             \
			get_locked_last),                                                          \
		SV_COL("VMAS", "vmas_first", "mappings at the first look", U64, false,             \
			get_vmas_first),                                                           \
		SV_COL("VMAS-LAST", "vmas_last", "at the last", U64, false, get_vmas_last),        \
		SV_COL("PAGES", "pages_watched", "present pages that were looked at", U64, true,   \
			get_pages_first),                                                          \
		SV_COL("PARTLY", "locked_only",                                                    \
			"it is large: pages of locked mappings alone were looked at", BOOL, false, \
			get_partly),                                                               \
		SV_ALARM("MOVED", "pages_moved", "locked pages that came to lie in other frames",  \
			U64, true, get_moved),                                                     \
		SV_ALARM("UNLOCKED", "pages_unlocked", "pages whose frames lost their lock", U64,  \
			true, get_unlocked),                                                       \
		SV_ALARM("COW", "pages_cow_pending",                                               \
			"pages that came to wait for a copy at the next write", U64, true,         \
			get_cow),                                                                  \
		SV_COL("NEIGHBOURS", "new_neighbours", "edges to kernel memory that came about",   \
			U64, false, get_neighbours),                                               \
		SV_COL("ENDED", "ended", "it ended meanwhile", BOOL, false, get_ended),            \
		SV_COL("REASON", "reason", "what unsettled it first, or why it is not known",      \
			STRING, true, get_reason)

static const struct sv_column group_columns[] = {
	SV_PROCESS_COLUMNS,
	WATCHED_COLUMNS,
};

static bool complete(const safevma_observation *obs)
{
	struct sv_settled all;

	sv_measure_all_settled(obs, &all);
	return !safevma_observation_lost(obs) &&
	       (all.reason == SV_UNSETTLED_NOT || all.reason == SV_UNSETTLED_CHANGED);
}

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	*ret = (struct sv_coverage) { 0 };
	for (size_t i = 0; i < obs->series.watched.len; i++) {
		ret->examined += obs->series.watched.ptr[i].looks;
		ret->unreadable += obs->series.watched.ptr[i].missed;
	}
	ret->total = ret->examined + ret->unreadable;
}

const struct safevma_table sv_table_watch = {
	.name = "watch",
	.group_member = "processes",
	.row_member = "changes",
	.group_columns = group_columns,
	.group_count = sv_array_size(group_columns),
	.row_columns = row_columns,
	.row_count = sv_array_size(row_columns),
	.next_group = next_process,
	.next_row = next_row,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_looks,
	.none = SV_NONE_SELECTED,
};

/* In text the changes are told as they come; at the end there is a line a process. */
const struct safevma_table sv_table_watched = {
	.name = "watched",
	.row_member = "processes",
	.row_columns = group_columns,
	.row_count = sv_array_size(group_columns),
	.next_row = next_watched,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_settled,
	.none = SV_NONE_SELECTED,
};
