// SPDX-License-Identifier: LGPL-2.1-or-later
/* The bytes as a name of a group, as a coded place, and as /proc/PID/cgroup. */
#include "fuzz.h"

#include "iface/cgroupfile.h"

static void as_name(struct sv_span name)
{
	sv_auto_strbuf struct sv_strbuf coded = { 0 };

	promise(!sv_cgroup_file_code(name, name, "memory.max", &coded));
	for (size_t i = 0; i < coded.len; i++)
		promise(coded.ptr[i] > ' ' && coded.ptr[i] < 0x7f && coded.ptr[i] != '"' &&
			coded.ptr[i] != '\\');
}

/* What is valid names no part that leads up. */
static void as_place(const char *text, size_t size)
{
	sv_auto_free char *coded = strndup(text, size), *dir = malloc(size + 2);
	const char *file;

	promise(coded && dir);
	if (sv_cgroup_file_decode(coded, dir, &file))
		return;
	promise(dir[0] == '/' && !strstr(dir, "/../") && !strstr(dir, "//"));
	promise(!strchr(file, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz");
	struct safevma_error err = { 0 };
	struct sv_cgroup_memory m = { .version = 9 };

	as_name(text.rest);
	as_place((const char *)data, size);
	if (sv_cgroup_memory_of(text, &m, &err)) {
		promise_error(text, &err);
		promise(m.version == 9);
	} else {
		promise_line(text, m.path);
	}
	return 0;
}
