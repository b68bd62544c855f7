// SPDX-License-Identifier: LGPL-2.1-or-later
/* Records of events: read, and their paths taken out. */
#include "fuzz.h"

#include "iface/maps.h"
#include "iface/perf.h"
#include "iface/redact.h"

static void check_record(struct sv_text text, const struct sv_perf_record *r)
{
	promise_inside(text, r->name);
	promise(!r->name.len || !memchr(r->name.ptr, 0, r->name.len));
	promise(r->type == SV_PERF_MMAP2 || r->type == SV_PERF_COMM || !r->name.len);
	promise(r->start <= r->end);
	promise(r->perms <= (SV_PERM_READ | SV_PERM_WRITE | SV_PERM_EXEC | SV_PERM_SHARED));
	promise(!r->exec || r->type == SV_PERF_COMM);
}

/* What a name may look like that was taken out, or that the kernel gave. */
static void check_redacted_name(const struct sv_perf_record *r)
{
	static const char *const begins[] = { "/redacted/", "/memfd:redacted-",
		"/dev/shm/redacted-", "/SYSVredacted-", "[anon_shmem:redacted-",
		"[anon:redacted-" };
	struct sv_span name = r->name;
	bool known = sv_span_is(name, "//anon") || sv_span_is(name, "/secretmem (deleted)") ||
		     sv_span_is(name, "/dev/zero (deleted)");

	if (r->type != SV_PERF_MMAP2 || !name.len || known)
		return;
	for (size_t i = 0; i < sv_array_size(begins); i++)
		known |= name.len >= strlen(begins[i]) &&
			 !memcmp(name.ptr, begins[i], strlen(begins[i]));
	promise(known || (name.ptr[0] == '[' && !memchr(name.ptr, ':', name.len)));
}

/* As many records as there are, the same but for their names, and malformed where they are. */
static void check_redacted(struct sv_span bytes)
{
	struct sv_redactor *r = sv_redactor_new();
	sv_auto_strbuf struct sv_strbuf copy = { 0 };
	struct sv_perf_record a, b;
	struct sv_span rest;
	int rc = 1;

	if (!r || sv_redact_events(r, bytes.ptr, bytes.len, 0, &copy))
		abort();
	rest = (struct sv_span) { .ptr = copy.ptr, .len = copy.len };
	while (rc == 1) {
		rc = sv_perf_next(&bytes, &a, NULL);
		promise(sv_perf_next(&rest, &b, NULL) == rc);
		if (rc != 1)
			break;
		promise(a.type == b.type && a.time_ns == b.time_ns && a.pid == b.pid);
		promise(a.addr == b.addr && a.start == b.start && a.end == b.end);
		check_redacted_name(&b);
	}
	sv_redactor_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "perf");
	struct safevma_error err = { 0 };
	struct sv_span rest = text.rest;
	struct sv_perf_record r;
	size_t left = rest.len;
	int rc;

	while ((rc = sv_perf_next(&rest, &r, &err)) == 1) {
		promise(rest.len < left && (left - rest.len) % 8 == 0);
		left = rest.len;
		check_record(text, &r);
	}
	promise(rest.len == left);
	if (rc < 0)
		promise_error(text, &err);
	else
		promise(!left);
	check_redacted(text.rest);
	return 0;
}
