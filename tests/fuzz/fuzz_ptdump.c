// SPDX-License-Identifier: LGPL-2.1-or-later
/* The first byte chooses the format; a dump as the kernel prints it is read as all of them. */
#include "fuzz.h"

#include "iface/ptdump.h"

static void check(struct sv_text text, const struct sv_ptdump_line *l)
{
	promise_line(text, l->name);
	promise_line(text, l->level);
	promise(l->marker == (l->name.len > 0));
	promise(!l->marker || (!l->present && !l->entry && !l->level.len));
	promise(l->marker || !l->end || l->start < l->end);
	promise(!l->present || !l->entry);
	promise(l->present || (!l->writable && !l->exec));
	promise(!(l->entry_bytes & (l->entry_bytes - 1)));
	promise(l->paddr.known || !l->paddr.value);
}

static void read_as(struct sv_text text, enum sv_ptdump_format format)
{
	struct safevma_error err = { 0 };
	struct sv_text t = text;
	struct sv_ptdump_line l;
	int rc;

	while ((rc = sv_ptdump_next(&t, format, &l, &err)) == 1)
		check(text, &l);
	if (rc < 0)
		promise_error(text, &err);
	else
		promise(!t.rest.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] <= SV_PTDUMP_ARM) {
		read_as(sv_text_init(data + 1, size - 1, "fuzz"), data[0]);
		return 0;
	}
	for (int format = SV_PTDUMP_X86; format <= SV_PTDUMP_ARM; format++)
		read_as(sv_text_init(data, size, "fuzz"), (enum sv_ptdump_format)format);
	return 0;
}
