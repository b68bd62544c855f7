// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/page_owner.h"
#include "model/allocation.h"

static void check_record(struct sv_text text, struct sv_span record)
{
	struct safevma_error err = { 0 };
	struct sv_page_owner r;
	struct sv_span stack, name;
	struct sv_allocation a;

	if (sv_page_owner_parse(record, &r, &err)) {
		promise_error(sv_text_init(record.ptr, record.len, "page_owner"), &err);
		return;
	}
	promise(r.order < 64);
	promise_inside(text, r.stack);
	stack = r.stack;
	while (sv_page_owner_function(&stack, &name)) {
		promise(name.len);
		promise_line(text, name);
	}
	a = sv_allocation_of(&r);
	promise(a.kind < SV_HELD_COUNT);
	promise_line(text, a.who);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct sv_span answers = text.rest, record;
	size_t left = answers.len;
	uint64_t position;

	check_record(text, text.rest);
	while (sv_page_owner_answer(&answers, &position, &record)) {
		promise(answers.len < left);
		left = answers.len;
		check_record(text, record);
	}
	return 0;
}
