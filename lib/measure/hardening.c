// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hardening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFF_WORDS "0 n N no off inactive disabled"

static struct sv_span span_of(const struct sv_strbuf *b)
{
	return (struct sv_span) { .ptr = b->ptr ? b->ptr : "", .len = b->len };
}

/* ---- each source of its own ------------------------------------------------------------------ */

static bool parameter_path(const char *path)
{
	return !strncmp(path, "sys/module/", 11);
}

static enum sv_hard_how how_of(const char *path)
{
	if (!strncmp(path, "proc/sys/", 9))
		return SV_HOW_SYSCTL;
	return strncmp(path, "sys/kernel/debug/", 17) ? SV_HOW_SYSFS : SV_HOW_DEBUGFS;
}

static enum sv_hard_state understood(const struct sv_hard_item *item, struct sv_span text)
{
	switch (item->read) {
	case SV_READ_CHOICE:
		return sv_hard_one_of(text, item->word) ? SV_HARD_OFF : SV_HARD_ON;
	case SV_READ_VALUE:
		return SV_HARD_VALUE;
	case SV_READ_LEADS:
		return sv_take_lit(&text, item->word) ? SV_HARD_ON : SV_HARD_OFF;
	case SV_READ_PRESENT:
		return SV_HARD_ON;
	case SV_READ_SWITCH:
		break;
	}
	if (!text.len)
		return SV_HARD_UNKNOWN;
	return sv_hard_one_of(text, OFF_WORDS) ? SV_HARD_OFF : SV_HARD_ON;
}

static void from_file(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	struct sv_span text = span_of(&obs->hardening.settings[item->setting].text);
	const char *path = sv_setting_info(item->setting)->path;

	if (item->read == SV_READ_CHOICE)
		text = sv_hard_chosen(text);
	ret->state = understood(item, text);
	ret->how = how_of(path);
	sv_hard_value(ret, text);
	snprintf(ret->read, sizeof(ret->read), "/%s", path);
}

/*
 * What boot parameters make of it; UNKNOWN: they say nothing. Of several the last of the row's list
 * that is given counts.
 */
static enum sv_hard_state by_param(const safevma_observation *obs, const struct sv_hard_param *p,
	struct sv_span *value, struct sv_hard *note)
{
	size_t times;

	if (!sv_hard_boot(obs, p->name, value, &times))
		return SV_HARD_UNKNOWN;
	if (times > 1)
		sv_hard_note(note, "%s is given %zu times, the last counts", p->name, times);
	switch (p->takes) {
	case SV_TAKES_SWITCH:
		return sv_hard_one_of(*value, OFF_WORDS) ? SV_HARD_OFF : SV_HARD_ON;
	case SV_TAKES_ON:
		return SV_HARD_ON;
	case SV_TAKES_OFF:
		return SV_HARD_OFF;
	case SV_TAKES_OFF_IF:
		return sv_hard_one_of(*value, p->value) ? SV_HARD_OFF : SV_HARD_UNKNOWN;
	case SV_TAKES_ON_IF:
		return sv_hard_one_of(*value, p->value) ? SV_HARD_ON : SV_HARD_UNKNOWN;
	case SV_TAKES_VALUE:
		return sv_hard_one_of(*value, "- never none " OFF_WORDS) ? SV_HARD_OFF : SV_HARD_ON;
	}
	return SV_HARD_UNKNOWN;
}

static enum sv_hard_state from_params(const safevma_observation *obs,
	const struct sv_hard_item *item, struct sv_hard *ret, char read[static 160])
{
	enum sv_hard_state state = SV_HARD_UNKNOWN;

	for (size_t i = 0; i < sv_array_size(item->params) && item->params[i].name; i++) {
		struct sv_span value = { 0 };
		enum sv_hard_state s = by_param(obs, &item->params[i], &value, ret);

		if (s == SV_HARD_UNKNOWN)
			continue;
		if (state != SV_HARD_UNKNOWN && s != state)
			sv_hard_note(ret, "boot parameters contradict each other");
		state = s;
		snprintf(read, 160, "%s%s%.*s", item->params[i].name, value.len ? "=" : "",
			(int)(value.len < 90 ? value.len : 90), value.ptr ? value.ptr : "");
	}
	return state;
}

/* The option that says most of whether it is built. */
static enum sv_option built(const safevma_observation *obs, const struct sv_hard_item *item,
	const char **name, struct sv_span *value)
{
	enum sv_option most = item->options[0] ? SV_OPTION_UNKNOWN : SV_OPTION_SET;

	*name = item->options[0];
	for (size_t i = 0; i < sv_array_size(item->options) && item->options[i]; i++) {
		struct sv_span v = { 0 };
		enum sv_option o = sv_hard_option(obs, item->options[i], &v);

		if (o <= most)
			continue;
		most = o;
		*name = item->options[i];
		*value = v;
	}
	return most;
}

/* ---- together -------------------------------------------------------------------------------- */

/* How it starts when nothing is asked for on the command line. */
static void by_default(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	const char *by = item->on_by ? item->on_by : item->off_by;
	struct sv_span value = { 0 };
	enum sv_option o;

	if (!by) {
		ret->state = item->starts_off ? SV_HARD_OFF : SV_HARD_ON;
		return;
	}
	o = sv_hard_option(obs, by, &value);
	if (o == SV_OPTION_UNKNOWN) {
		snprintf(ret->note, sizeof(ret->note), "the configuration is not known");
		return;
	}
	if (o == SV_OPTION_SET && sv_span_is(value, "0")) /* a number that switches */
		o = SV_OPTION_NOT_SET;
	if (o == SV_OPTION_UNNAMED && item->on_by_new)
		return (void)(ret->state = SV_HARD_ON);
	sv_hard_say_option(ret, (o == SV_OPTION_SET) == !!item->on_by ? SV_HARD_ON : SV_HARD_OFF,
		by, o, value);
}

static void not_built(const safevma_observation *obs, const struct sv_hard_item *item,
	struct sv_hard *ret, enum sv_option option, const char *name)
{
	char param[160];

	sv_hard_say_option(ret, option == SV_OPTION_NOT_SET ? SV_HARD_OFF : SV_HARD_ABSENT, name,
		option, (struct sv_span) { 0 });
	if (from_params(obs, item, ret, param) == SV_HARD_ON)
		sv_hard_note(ret, "boot parameter %s has no effect", param);
}

/* Of what is settled at boot: the command line over the configuration. */
static void at_boot(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	struct sv_span value = { 0 };
	const char *name;
	enum sv_option option = built(obs, item, &name, &value);
	enum sv_hard_state asked;
	char param[160];

	if (option == SV_OPTION_NOT_SET || option == SV_OPTION_UNNAMED)
		return not_built(obs, item, ret, option, name);
	if (item->params[0].name && !obs->hardening.cmdline_known)
		return sv_hard_note(ret, "the kernel's command line is not known");
	asked = from_params(obs, item, ret, param);
	if (option == SV_OPTION_UNKNOWN)
		return sv_hard_note(ret, "the configuration is not known%s%s",
			asked == SV_HARD_UNKNOWN ? "" : "; boot parameter ",
			asked == SV_HARD_UNKNOWN ? "" : param);
	if (name)
		sv_hard_say_option(ret, SV_HARD_UNKNOWN, name, option, value);
	else
		ret->how = SV_HOW_INFERRED;
	by_default(obs, item, ret);
	if (asked == SV_HARD_UNKNOWN)
		return;
	if (ret->state != SV_HARD_UNKNOWN && asked != ret->state && ret->how == SV_HOW_CONFIG)
		sv_hard_note(ret, "overrides %s", ret->read);
	ret->state = asked;
	ret->how = SV_HOW_CMDLINE;
	snprintf(ret->read, sizeof(ret->read), "%s", param);
}

/* A directory tree is there when anything of it was read. */
static bool tree_is_there(const struct sv_hardening *h, const char *path)
{
	for (int i = 0; i < SV_SETTING_COUNT; i++)
		if (h->settings[i].answer == SV_ANSWER_READ &&
			!strncmp(sv_setting_info((enum sv_setting_id)i)->path, path, 4))
			return true;
	return false;
}

static void no_file(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	const char *path = sv_setting_info(item->setting)->path, *name;
	struct sv_span value;
	enum sv_option option = built(obs, item, &name, &value);

	if (name && (option == SV_OPTION_NOT_SET || option == SV_OPTION_UNNAMED)) {
		not_built(obs, item, ret, option, name);
	} else if (item->absent_says_little || !tree_is_there(&obs->hardening, path)) {
		if (item->boot_only)
			at_boot(obs, item, ret);
		else
			sv_hard_note(ret, "/%s is not there, which says nothing", path);
	} else if (name && option == SV_OPTION_SET) {
		sv_hard_note(ret, "CONFIG_%s is set, but /%s is not there", name, path);
	} else {
		ret->state = SV_HARD_ABSENT;
		ret->how = SV_HOW_INFERRED;
		snprintf(ret->read, sizeof(ret->read), "/%s is not there", path);
	}
}

static void unread_file(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	const char *path = sv_setting_info(item->setting)->path, *name;
	struct sv_span value;
	enum sv_option option = built(obs, item, &name, &value);

	if (item->boot_only ||
		(name && (option == SV_OPTION_NOT_SET || option == SV_OPTION_UNNAMED)))
		at_boot(obs, item, ret);
	else
		sv_hard_note(ret, "/%s could not be read", path);
}

/* What the file shows is so; what the others have it as is worth a word. */
static void compare(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	struct sv_hard boot = { .item = item };
	char param[160];
	enum sv_hard_state asked = from_params(obs, item, &boot, param);
	const char *name;
	struct sv_span value = { 0 };
	enum sv_option option = built(obs, item, &name, &value);

	if (boot.note[0])
		sv_hard_note(ret, "%s", boot.note);
	if (name && option == SV_OPTION_NOT_SET && ret->state == SV_HARD_ON)
		sv_hard_note(ret, "contradicts the configuration: CONFIG_%s is not set", name);
	if (asked != SV_HARD_UNKNOWN && asked != ret->state && ret->state != SV_HARD_VALUE &&
		ret->state != SV_HARD_UNKNOWN)
		sv_hard_note(ret, "contradicts the command line: %s%s", param,
			parameter_path(ret->read + 1) ? "" : " (changed since boot?)");
}

static void general(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	if (!item->has_setting)
		return at_boot(obs, item, ret);
	switch (obs->hardening.settings[item->setting].answer) {
	case SV_ANSWER_READ:
		from_file(obs, item, ret);
		compare(obs, item, ret);
		break;
	case SV_ANSWER_ABSENT:
		no_file(obs, item, ret);
		break;
	case SV_ANSWER_DISABLED:
	case SV_ANSWER_NONE:
		unread_file(obs, item, ret);
		break;
	}
}

static struct sv_num as_advised(const struct sv_hard *h)
{
	bool on = h->state == SV_HARD_ON || h->state == SV_HARD_VALUE;

	if (h->state == SV_HARD_UNKNOWN)
		return (struct sv_num) { 0 };
	switch (h->item->want) {
	case SV_WANT_ON:
		return sv_known(on);
	case SV_WANT_OFF:
		return sv_known(!on);
	case SV_WANT_GOOD:
		return sv_known(sv_hard_one_of(
			sv_span_of(h->value[0] ? h->value : sv_hard_state_name(h->state)),
			h->item->good));
	case SV_WANT_DEPENDS:
		break;
	}
	return (struct sv_num) { 0 };
}

static unsigned int effects(const struct sv_hard *h)
{
	switch (h->state) {
	case SV_HARD_ON:
		return h->item->on;
	case SV_HARD_VALUE:
		return h->met.known && h->met.value ? h->item->off : h->item->on;
	case SV_HARD_OFF:
	case SV_HARD_ABSENT:
		return h->item->off;
	case SV_HARD_UNKNOWN:
		break;
	}
	return 0;
}

/* What would have to be protected is not there. */
static bool moot(const safevma_observation *obs, const struct sv_hard_item *item)
{
	enum sv_option o = item->moot ? sv_hard_option(obs, item->moot, NULL) : SV_OPTION_UNKNOWN;

	return o == SV_OPTION_NOT_SET || o == SV_OPTION_UNNAMED;
}

void sv_hard_evaluate(
	const safevma_observation *obs, const struct sv_hard_item *item, struct sv_hard *ret)
{
	*ret = (struct sv_hard) { .item = item };
	if (item->tell)
		item->tell(obs, ret);
	else
		general(obs, item, ret);
	if (ret->state == SV_HARD_UNKNOWN)
		ret->how = SV_HOW_NONE;
	ret->met = as_advised(ret);
	if (moot(obs, item))
		ret->met = sv_known(1);
	ret->effects = effects(ret);
}

static int rank(const struct sv_hard *h)
{
	if (h->state == SV_HARD_UNKNOWN)
		return 1;
	if (h->item->want == SV_WANT_DEPENDS)
		return 2;
	return h->met.value ? 3 : 0;
}

static int worst_first(const void *a, const void *b)
{
	const struct sv_hard *x = a, *y = b;
	int by = (int)x->item->group - (int)y->item->group;

	by = by ? by : rank(x) - rank(y);
	return by ? by : strcmp(x->item->id, y->item->id);
}

size_t sv_hard_all(const safevma_observation *obs, struct sv_hard ret[static SV_HARD_MOST])
{
	static const struct sv_hard_table *const tables[] = { &sv_hard_lists, &sv_hard_slab,
		&sv_hard_detectors, &sv_hard_pages, &sv_hard_timing, &sv_hard_memory,
		&sv_hard_reaction, &sv_hard_watchdogs, &sv_hard_access };
	size_t n = 0;

	for (size_t t = 0; t < sv_array_size(tables); t++)
		for (size_t i = 0; i < tables[t]->count && n < SV_HARD_MOST; i++)
			sv_hard_evaluate(obs, &tables[t]->items[i], &ret[n++]);
	qsort(ret, n, sizeof(*ret), worst_first);
	return n;
}
