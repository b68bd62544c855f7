// SPDX-License-Identifier: LGPL-2.1-or-later
/* kernel: its settings, worst first in each group, and known issues. */
#include <stdlib.h>
#include <string.h>

#include "model/claim.h"
#include "table.h"

static bool made(const safevma_observation *obs)
{
	return obs->hardening.made;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* All rows are told at once, as they are sorted by what they say. */
static bool next_row(safevma_cursor *c)
{
	if (!made(c->obs))
		return false;
	if (!c->hard) {
		c->hard = calloc(SV_HARD_MOST, sizeof(*c->hard));
		if (!c->hard) {
			c->failed = true;
			return false;
		}
		c->hard_count = sv_hard_all(c->obs, c->hard);
	}
	c->item = c->next_index++;
	return c->item < c->hard_count;
}

static const struct sv_hard *row(const safevma_cursor *c)
{
	return &c->hard[c->item];
}

static struct safevma_value some(const char *s)
{
	return s[0] ? sv_value_text(s) : sv_value_unknown();
}

static struct safevma_value get_group(safevma_cursor *c)
{
	return sv_value_text(sv_hard_group_name(row(c)->item->group));
}

static struct safevma_value get_id(safevma_cursor *c)
{
	return sv_value_text(row(c)->item->id);
}

static struct safevma_value get_what(safevma_cursor *c)
{
	return sv_value_text(row(c)->item->what);
}

static struct safevma_value get_state(safevma_cursor *c)
{
	return sv_value_text(sv_hard_state_name(row(c)->state));
}

static struct safevma_value get_value(safevma_cursor *c)
{
	return sv_value_text(row(c)->value);
}

static struct safevma_value get_met(safevma_cursor *c)
{
	const struct sv_hard *h = row(c);

	if (h->state == SV_HARD_UNKNOWN)
		return sv_value_unknown();
	return sv_value_text(!h->met.known ? "depends" : h->met.value ? "yes" : "no");
}

static struct safevma_value get_effect(safevma_cursor *c)
{
	static const char *const names[] = { "prevents", "detects", "disturbs", "costs" };
	const struct sv_hard *h = row(c);

	if (h->state == SV_HARD_UNKNOWN)
		return sv_value_unknown();
	c->scratch.len = 0;
	for (size_t i = 0; i < sv_array_size(names); i++)
		if ((h->effects >> i & 1) && sv_strbuf_printf(&c->scratch, "%s%s",
						     c->scratch.len ? " " : "", names[i])) {
			c->failed = true;
			return sv_value_unknown();
		}
	return sv_value_words(c->scratch.len ? c->scratch.ptr : "nothing");
}

static struct safevma_value get_how(safevma_cursor *c)
{
	return sv_value_text(sv_hard_how_name(row(c)->how));
}

static struct safevma_value get_read(safevma_cursor *c)
{
	return row(c)->how == SV_HOW_NONE ? sv_value_unknown() : some(row(c)->read);
}

static struct safevma_value get_set(safevma_cursor *c)
{
	return sv_value_text(row(c)->item->set);
}

/* In the short table what is well, or does good and depends, needs no advice. */
static struct safevma_value get_advice(safevma_cursor *c)
{
	const struct sv_hard *h = row(c);
	bool helps = (h->effects & (SV_PREVENTS | SV_DETECTS)) && !(h->effects & SV_COSTS);

	return sv_value_text((h->met.known ? h->met.value : helps) ? "" : h->item->set);
}

static struct safevma_value get_note(safevma_cursor *c)
{
	return sv_value_text(row(c)->note);
}

static struct safevma_value get_trace(safevma_cursor *c)
{
	return sv_value_text(row(c)->item->trace);
}

static const struct sv_column columns[] = {
	SV_COL("GROUP", "group", "corruption, determinism, reaction, access", STRING, true,
		get_group),
	SV_COL("ITEM", "item", "name of the row", STRING, true, get_id),
	SV_COL("STATE", "state", "on, off, value, absent (this kernel has none), unknown", STRING,
		true, get_state),
	SV_COL("EFFECT", "effect",
		"as it is: prevents, detects, disturbs (adds nondeterminism), costs, nothing",
		WORDS, true, get_effect),
	SV_COL("ADVICE", NULL, "SET, where it is not so already", STRING, true, get_advice),
	SV_COL("SET", "set", "for a safety function; capitals: option of the configuration", STRING,
		false, get_set),
	SV_COL("MET", "met", "whether it is so: yes, no, depends (on the function)", STRING, false,
		get_met),
	SV_COL("VALUE", "value", "what was read, where it is more than on or off", STRING, false,
		get_value),
	SV_COL("HOW", "how", "config, cmdline, sysctl, sysfs, debugfs, inferred", STRING, false,
		get_how),
	SV_COL("READ", "read", "option, boot parameter or file that told it", STRING, false,
		get_read),
	SV_COL("NOTE", "note", "contradictions, and why it is unknown", STRING, false, get_note),
	SV_COL("WHAT", "what", "what it is, and what it does to memory", STRING, false, get_what),
	SV_COL("TRACE", "trace", "slide of the deck or requirement that it answers", STRING, false,
		get_trace),
};

static void coverage(const safevma_observation *obs, struct sv_coverage *ret)
{
	struct sv_hard *all = calloc(SV_HARD_MOST, sizeof(*all));

	*ret = (struct sv_coverage) { 0 };
	if (!all)
		return;
	ret->total = made(obs) ? sv_hard_all(obs, all) : 0;
	for (size_t i = 0; i < ret->total; i++)
		ret->unreadable += all[i].state == SV_HARD_UNKNOWN;
	ret->examined = ret->total - ret->unreadable;
	free(all);
}

/* An issue that is unknown is no figure that is missing: often nothing can tell it. */
static bool complete(const safevma_observation *obs)
{
	struct sv_coverage c;

	coverage(obs, &c);
	return c.total && !c.unreadable && !safevma_observation_lost(obs);
}

/* ---- known issues ---------------------------------------------------------------------------- */

static bool next_issue(safevma_cursor *c)
{
	const struct sv_issue *issue;

	if (!made(c->obs) || c->next_index >= sv_issues_count)
		return false;
	c->item = c->next_index++;
	issue = &sv_issues[c->item];
	issue->judge(c->obs, issue, &c->verdict, c->text, sizeof(c->text));
	return true;
}

static const struct sv_issue *issue_of(const safevma_cursor *c)
{
	return &sv_issues[c->item];
}

static struct safevma_value get_verdict(safevma_cursor *c)
{
	return sv_value_text(sv_verdict_name(c->verdict));
}

static struct safevma_value get_reason(safevma_cursor *c)
{
	return sv_value_text(c->text);
}

#define ISSUE(name)                                                                                \
	static struct safevma_value get_issue_##name(safevma_cursor *c)                            \
	{                                                                                          \
		return sv_value_text(issue_of(c)->name);                                           \
	}
ISSUE(id)
ISSUE(title)
ISSUE(range)
ISSUE(source)
ISSUE(trace)

static const struct sv_column issue_columns[] = {
	SV_COL("ISSUE", "issue", "its number or name", STRING, true, get_issue_id),
	SV_COL("VERDICT", "verdict", "notapplicable (shown), unknown, warn (in its range)", STRING,
		true, get_verdict),
	SV_COL("REASON", "reason", "what that rests on", STRING, true, get_reason),
	SV_COL("TITLE", "title", "what goes wrong", STRING, false, get_issue_title),
	SV_COL("RANGE", "range", "releases of the kernel that have it", STRING, false,
		get_issue_range),
	SV_COL("SOURCE", "source", "where that is from", STRING, false, get_issue_source),
	SV_COL("TRACE", "trace", "slide or requirement", STRING, false, get_issue_trace),
};

const struct safevma_table sv_table_issues = {
	.name = "issues",
	.row_member = "issues",
	.row_columns = issue_columns,
	.row_count = sv_array_size(issue_columns),
	.next_row = next_issue,
	.wanted = made,
	.none = "no issues are known",
};

const struct safevma_table sv_table_kernel = {
	.name = "kernel",
	.row_member = "items",
	.row_columns = columns,
	.row_count = sv_array_size(columns),
	.next_row = next_row,
	.complete = complete,
	.coverage = coverage,
	.also = &sv_table_issues,
	.alone = true,
	.none = "no settings were read",
};
