// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel was told at boot and since: settings, command line, CPU features. Read under a
 * tag of its own: commit reads some of the same files, and each reading replays as it was.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "capture.h"

#define TAG   "kernel"
#define COSTS "what the kernel's settings are"

/* A recording of before there was such a question lacks all of it: that is said once. */
static int unanswered(struct sv_capture *c, const struct sv_place *place,
	const struct safevma_error *why, struct safevma_error *err)
{
	struct safevma_error once;

	if (why->code != SAFEVMA_E_NOT_RECORDED)
		return sv_gap_add_cost(c->obs, place->iface, 0, why, false, COSTS, err);
	sv_error_set(&once, SAFEVMA_E_NOT_RECORDED, 0, NULL, 0,
		"the recording does not hold all that the kernel's settings are told by");
	return sv_gap_add_cost(c->obs, SV_IFACE_SETTING, 0, &once, false, COSTS, err);
}

/*
 * ENODEV and the like are answers of drivers; of a file that is there without an answer nothing is
 * known.
 */
static int answer(struct sv_capture *c, const struct sv_place *place, struct sv_strbuf *ret,
	enum sv_answer *answered, struct safevma_error *err)
{
	struct safevma_error why;
	int rc = sv_capture_text(c, place, ret, &why, err);

	if (rc < 0)
		return -1;
	*answered = rc ? SV_ANSWER_READ : SV_ANSWER_NONE;
	if (rc)
		return 0;
	if (why.code == SAFEVMA_E_SYSTEM && why.errnum == ENOENT) {
		*answered = SV_ANSWER_ABSENT;
		return 0;
	}
	return unanswered(c, place, &why, err);
}

/* One line of text without blanks around it; tabs would have to be escaped and say no more. */
static int keep(struct sv_strbuf *text, struct sv_strbuf *ret, struct safevma_error *err)
{
	struct sv_span s = { .ptr = text->ptr ? text->ptr : "", .len = text->len };

	for (size_t i = 0; i < text->len; i++)
		if (text->ptr[i] == '\t' || text->ptr[i] == '\n')
			text->ptr[i] = ' ';
	s = sv_trim(s);
	return sv_strbuf_add(ret, s.ptr, s.len) ? sv_error_nomem(err) : 0;
}

static int read_setting(struct sv_capture *c, enum sv_setting_id id, struct safevma_error *err)
{
	struct sv_setting *s = &c->obs->hardening.settings[id];
	struct sv_place place = {
		.iface = SV_IFACE_SETTING, .arg = sv_setting_info(id)->path, .tag = TAG
	};
	sv_auto_strbuf struct sv_strbuf text = { 0 };

	if (answer(c, &place, &text, &s->answer, err))
		return -1;
	return s->answer == SV_ANSWER_READ ? keep(&text, &s->text, err) : 0;
}

static int read_cmdline(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_KERNEL_CMDLINE, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	enum sv_answer answered;

	if (answer(c, &place, &text, &answered, err))
		return -1;
	c->obs->hardening.cmdline_known = answered == SV_ANSWER_READ;
	return keep(&text, &c->obs->hardening.cmdline, err);
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);
	const char *end = strchrnul(line, '\n');

	for (const char *s = line; (s = strstr(s, word)) && s < end; s += n)
		if (s[-1] == ' ' && (s[n] == ' ' || s[n] == '\n' || !s[n]))
			return true;
	return false;
}

/* arm64 alone lists "Features" with this word; other architectures have no such tags in Linux. */
static int read_cpu(struct sv_capture *c, struct safevma_error *err)
{
	struct sv_place place = { .iface = SV_IFACE_CPUINFO, .tag = TAG };
	sv_auto_strbuf struct sv_strbuf text = { 0 };
	enum sv_answer answered;
	const char *line;

	if (strcmp(c->obs->host.machine, "aarch64"))
		return 0;
	if (answer(c, &place, &text, &answered, err))
		return -1;
	line = answered == SV_ANSWER_READ && text.len ? strstr(text.ptr, "\nFeatures\t:") : NULL;
	if (line)
		c->obs->hardening.tags = sv_known(has_word(line + 1, "mte"));
	return 0;
}

int sv_capture_hardening(struct sv_capture *c, struct safevma_error *err)
{
	c->obs->hardening.made = true;
	for (int i = 0; i < SV_SETTING_COUNT; i++)
		if (read_setting(c, (enum sv_setting_id)i, err))
			return -1;
	return read_cmdline(c, err) || read_cpu(c, err) ? -1 : 0;
}
