// SPDX-License-Identifier: LGPL-2.1-or-later
#include "redact.h"

#include <string.h>

#include "base/parse.h"
#include "base/vec.h"
#include "maps.h"
#include "mountinfo.h"

struct sv_redactor {
	sv_vec(char *) seen;
};

struct sv_redactor *sv_redactor_new(void)
{
	return calloc(1, sizeof(struct sv_redactor));
}

void sv_redactor_free(struct sv_redactor *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->seen.len; i++)
		free(r->seen.ptr[i]);
	sv_vec_fini(&r->seen);
	free(r);
}

static bool kernel_named(struct sv_span path)
{
	if (!path.len || sv_span_is(path, "/secretmem (deleted)") ||
		sv_span_is(path, "/dev/zero (deleted)"))
		return true;
	return path.ptr[0] == '[' && !memchr(path.ptr, ':', path.len);
}

/* Number of the path among those seen, from 1; 0 when memory is out. */
static size_t number_of(struct sv_redactor *r, struct sv_span path)
{
	char **slot;

	for (size_t i = 0; i < r->seen.len; i++)
		if (sv_span_is(path, r->seen.ptr[i]))
			return i + 1;
	slot = sv_vec_push(&r->seen);
	if (!slot)
		return 0;
	*slot = strndup(path.ptr, path.len);
	return *slot ? r->seen.len : 0;
}

/* What kind of memory it is must still be told from the path (model/process.c). */
static int add_name(struct sv_span path, size_t n, struct sv_strbuf *ret)
{
	static const struct {
		const char *prefix, *suffix;
	} kinds[] = {
		{ "/memfd:", " (deleted)" },
		{ "/dev/shm/", "" },
		{ "/SYSV", " (deleted)" },
		{ "[anon_shmem:", "]" },
		{ "[anon:", "]" },
	};

	for (size_t i = 0; i < sv_array_size(kinds); i++)
		if (sv_take_lit(&path, kinds[i].prefix))
			return sv_strbuf_printf(
				ret, "%sredacted-%zu%s\n", kinds[i].prefix, n, kinds[i].suffix);
	return sv_strbuf_printf(ret, "/redacted/%zu\n", n);
}

static int redact_line(struct sv_redactor *r, struct sv_span line, struct sv_strbuf *ret)
{
	struct sv_maps_entry e;
	size_t n;

	if (!sv_maps_parse_line(line, &e) || kernel_named(e.path))
		return sv_strbuf_add(ret, line.ptr, line.len) || sv_strbuf_add(ret, "\n", 1);
	n = number_of(r, e.path);
	if (!n || sv_strbuf_add(ret, line.ptr, (size_t)(e.path.ptr - line.ptr)))
		return -1;
	return add_name(e.path, n, ret);
}

int sv_redact_maps(struct sv_redactor *r, const char *text, size_t len, struct sv_strbuf *ret)
{
	struct sv_text t = sv_text_init(text, len, "");
	struct sv_span line;

	while (sv_text_line(&t, &line))
		if (redact_line(r, line, ret))
			return -1;
	return 0;
}

int sv_redact_mounts(const char *text, size_t len, struct sv_strbuf *ret)
{
	struct sv_text t = sv_text_init(text, len, ""), one;
	struct sv_span line;
	struct sv_mount m;

	while (sv_text_line(&t, &line)) {
		one = sv_text_init(line.ptr, line.len, "");
		if (sv_mountinfo_next(&one, &m, NULL) <= 0 ||
			(!sv_span_is(m.type, "cgroup") && !sv_span_is(m.type, "cgroup2")))
			continue;
		if (sv_strbuf_add(ret, line.ptr, line.len) || sv_strbuf_add(ret, "\n", 1))
			return -1;
	}
	return 0;
}
