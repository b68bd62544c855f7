// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking the configuration and the command line, and the words that answers are told in. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hardening.h"
#include "iface/kconfig.h"

static struct sv_span span_of(const struct sv_strbuf *b)
{
	return (struct sv_span) { .ptr = b->ptr ? b->ptr : "", .len = b->len };
}

bool sv_hard_one_of(struct sv_span s, const char *words)
{
	struct sv_span rest = sv_span_of(words ? words : ""), word;

	for (sv_skip_blanks(&rest); sv_take_word(&rest, &word); sv_skip_blanks(&rest))
		if (sv_span_eq(word, s))
			return true;
	return false;
}

/* "# CONFIG_X is not set": the kernel has the option; one that it does not have has no line. */
static bool says_not_set(struct sv_text text, const char *name)
{
	struct sv_span line;

	while (sv_text_line(&text, &line))
		if (sv_take_lit(&line, "# CONFIG_") && sv_take_lit(&line, name) &&
			sv_span_is(line, " is not set"))
			return true;
	return false;
}

enum sv_option sv_hard_option(
	const safevma_observation *obs, const char *name, struct sv_span *value)
{
	struct sv_text text = sv_text_init(obs->config.ptr, obs->config.len, "config");
	struct sv_span found;
	char full[96];

	snprintf(full, sizeof(full), "CONFIG_%s", name);
	if (!obs->config_known || !obs->config.len || sv_kconfig_find(text, full, &found, NULL))
		return SV_OPTION_UNKNOWN;
	if (value)
		*value = found;
	if (found.len)
		return sv_span_is(found, "n") ? SV_OPTION_NOT_SET : SV_OPTION_SET;
	return says_not_set(text, name) ? SV_OPTION_NOT_SET : SV_OPTION_UNNAMED;
}

/* The kernel takes "-" and "_" in names for the same (parameq()). */
static bool same_name(struct sv_span s, const char *name)
{
	if (s.len != strlen(name))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] == '-' ? '_' : s.ptr[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return true;
}

/* A word of the line; quotes keep blanks together (next_arg()). What stands behind -- is init's. */
static bool next_word(struct sv_span *rest, struct sv_span *ret)
{
	bool quoted = false;
	size_t n = 0;

	while (rest->len && (*rest->ptr == ' ' || *rest->ptr == '\n'))
		rest->ptr++, rest->len--;
	for (; n < rest->len && (quoted || (rest->ptr[n] != ' ' && rest->ptr[n] != '\n')); n++)
		quoted ^= rest->ptr[n] == '"';
	*ret = (struct sv_span) { .ptr = rest->ptr, .len = n };
	rest->ptr += n;
	rest->len -= n;
	return n && !sv_span_is(*ret, "--");
}

bool sv_hard_boot(
	const safevma_observation *obs, const char *name, struct sv_span *value, size_t *times)
{
	struct sv_span rest = span_of(&obs->hardening.cmdline), word, key;
	size_t n = 0;

	while (next_word(&rest, &word)) {
		struct sv_span after = word;

		if (!sv_take_until(&after, '=', &key)) {
			key = word;
			after.len = 0;
		}
		if (!same_name(key, name))
			continue;
		*value = after;
		n++;
	}
	if (times)
		*times = n;
	return n;
}

void sv_hard_note(struct sv_hard *h, const char *fmt, ...)
{
	size_t at = strlen(h->note);
	va_list ap;

	if (at && at + 3 < sizeof(h->note))
		at += (size_t)snprintf(h->note + at, sizeof(h->note) - at, "; ");
	va_start(ap, fmt);
	vsnprintf(h->note + at, sizeof(h->note) - at, fmt, ap);
	va_end(ap);
}

void sv_hard_value(struct sv_hard *h, struct sv_span s)
{
	size_t n = s.len < sizeof(h->value) ? s.len : sizeof(h->value) - 1;

	if (n)
		memcpy(h->value, s.ptr, n);
	h->value[n] = 0;
}

/* "always [madvise] never"; sched/preempt has parentheses instead. */
struct sv_span sv_hard_chosen(struct sv_span text)
{
	struct sv_span skipped, word = text;

	for (const char *pair = "[]\0()"; pair; pair = *pair == '[' ? pair + 3 : NULL) {
		struct sv_span s = text;

		if (sv_take_until(&s, pair[0], &skipped) && sv_take_until(&s, pair[1], &word))
			return word;
	}
	return text;
}

void sv_hard_say_option(struct sv_hard *ret, enum sv_hard_state state, const char *name,
	enum sv_option option, struct sv_span value)
{
	ret->state = state;
	ret->how = SV_HOW_CONFIG;
	if (option == SV_OPTION_SET)
		snprintf(ret->read, sizeof(ret->read), "CONFIG_%s=%.*s", name,
			(int)(value.len < 60 ? value.len : 60), value.ptr ? value.ptr : "");
	else
		snprintf(ret->read, sizeof(ret->read), "CONFIG_%s is %s", name,
			option == SV_OPTION_NOT_SET ? "not set" : "not named");
}

const char *sv_hard_group_name(enum sv_hard_group group)
{
	static const char *const names[] = { [SV_HARD_CORRUPTION] = "corruption",
		[SV_HARD_DETERMINISM] = "determinism",
		[SV_HARD_REACTION] = "reaction",
		[SV_HARD_ACCESS] = "access",
		[SV_HARD_GROUPS] = NULL };

	return names[group];
}

const char *sv_hard_state_name(enum sv_hard_state state)
{
	static const char *const names[] = { [SV_HARD_UNKNOWN] = "unknown",
		[SV_HARD_ON] = "on",
		[SV_HARD_OFF] = "off",
		[SV_HARD_VALUE] = "value",
		[SV_HARD_ABSENT] = "absent" };

	return names[state];
}

const char *sv_hard_how_name(enum sv_hard_how how)
{
	static const char *const names[] = { [SV_HOW_NONE] = NULL,
		[SV_HOW_CONFIG] = "config",
		[SV_HOW_CMDLINE] = "cmdline",
		[SV_HOW_SYSCTL] = "sysctl",
		[SV_HOW_SYSFS] = "sysfs",
		[SV_HOW_DEBUGFS] = "debugfs",
		[SV_HOW_INFERRED] = "inferred" };

	return names[how];
}
