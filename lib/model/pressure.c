// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pressure.h"

#include "base/parse.h"

const char *sv_answer_name(enum sv_answer answer)
{
	static const char *const names[] = { [SV_ANSWER_NONE] = NULL,
		[SV_ANSWER_ABSENT] = "absent",
		[SV_ANSWER_DISABLED] = "disabled",
		[SV_ANSWER_READ] = "read" };

	return names[answer];
}

const char *sv_resource_name(enum sv_resource r)
{
	static const char *const names[] = {
		[SV_RESOURCE_MEMORY] = "memory", [SV_RESOURCE_IO] = "io", [SV_RESOURCE_CPU] = "cpu"
	};

	return names[r];
}

void sv_pressure_fini(struct sv_pressure *p)
{
	for (size_t i = 0; i < p->groups.len; i++)
		sv_strbuf_fini(&p->groups.ptr[i].path);
	for (size_t i = 0; i < p->swaps.len; i++)
		sv_strbuf_fini(&p->swaps.ptr[i].file);
	for (size_t i = 0; i < SV_SETTING_PRESSURE_COUNT; i++)
		sv_strbuf_fini(&p->settings[i].text);
	sv_vec_fini(&p->groups);
	sv_vec_fini(&p->zones);
	sv_vec_fini(&p->swaps);
	sv_vec_fini(&p->zrams);
}

struct sv_num sv_setting_number(const struct sv_pressure *p, enum sv_setting_id id)
{
	const struct sv_setting *s = &p->settings[id];
	struct sv_span text = { .ptr = s->text.ptr ? s->text.ptr : "", .len = s->text.len };
	uint64_t n;

	if (s->answer != SV_ANSWER_READ || !sv_take_dec(&text, &n) || text.len)
		return (struct sv_num) { 0 };
	return sv_known(n);
}
