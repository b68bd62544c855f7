// SPDX-License-Identifier: LGPL-2.1-or-later
/* Records of events, whole and damaged; names of events. */
#include "events.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "iface/maps.h"

static struct safevma_error err;

/* The only record: read, and nothing behind it. */
static struct sv_perf_record only(const struct events *e)
{
	struct sv_span bytes = bytes_of(e);
	struct sv_perf_record r;

	assert_int_equal(sv_perf_next(&bytes, &r, &err), 1);
	assert_int_equal(bytes.len, 0);
	assert_ptr_equal(bytes.ptr, e->bytes + e->len);
	assert_int_equal(sv_perf_next(&bytes, &r, &err), 0);
	return r;
}

static void refused(const struct events *e)
{
	struct sv_span bytes = bytes_of(e);
	struct sv_perf_record r = { .time_ns = 77 };

	memset(&err, 0, sizeof(err));
	assert_int_equal(sv_perf_next(&bytes, &r, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	assert_true(err.message[0]);
	/* Untouched, both. */
	assert_ptr_equal(bytes.ptr, e->bytes);
	assert_int_equal(bytes.len, e->len);
	assert_int_equal(r.time_ns, 77);
}

/* ---- whole ones ------------------------------------------------------------------------------ */

static void a_sample(void **state)
{
	struct events e = { .len = 0 };
	struct sv_perf_record r;

	(void)state;
	put_sample(&e, PERF_RECORD_MISC_USER, 1000, 0x7f0000001010);
	r = only(&e);
	assert_int_equal(r.type, SV_PERF_SAMPLE);
	assert_int_equal(r.id, 900);
	assert_int_equal(r.ip, 0x401234);
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.tid, 43);
	assert_int_equal(r.time_ns, 1000);
	assert_int_equal(r.addr, 0x7f0000001010);
	assert_false(r.kernel);
}

static void a_sample_in_the_kernel(void **state)
{
	struct events e = { .len = 0 };

	(void)state;
	/* Other bits of misc stand beside those of the mode. */
	put_sample(&e, PERF_RECORD_MISC_KERNEL | PERF_RECORD_MISC_EXACT_IP, 1000, 1);
	assert_true(only(&e).kernel);
}

static void a_mapping(void **state)
{
	struct events e = { .len = 0 };
	struct sv_perf_record r;
	struct mapped m = { .start = 0x7f0000000000,
		.len = 0x3000,
		.offset = 0x2000,
		.inode = 99,
		.prot = PROT_READ | PROT_EXEC,
		.flags = MAP_PRIVATE,
		.name = "/usr/lib/libx.so" };

	(void)state;
	put_mapping(&e, 5, &m);
	r = only(&e);
	assert_int_equal(r.type, SV_PERF_MMAP2);
	assert_int_equal(r.start, 0x7f0000000000);
	assert_int_equal(r.end, 0x7f0000003000);
	assert_int_equal(r.offset, 0x2000);
	assert_int_equal(r.dev_major, 8);
	assert_int_equal(r.dev_minor, 1);
	assert_int_equal(r.inode, 99);
	assert_int_equal(r.perms, SV_PERM_READ | SV_PERM_EXEC);
	assert_span(r.name, "/usr/lib/libx.so");
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.tid, 43);
	assert_int_equal(r.time_ns, 5);
}

static void a_shared_mapping_without_a_name(void **state)
{
	struct events e = { .len = 0 };
	struct sv_perf_record r;
	struct mapped m = {
		.len = 0x1000, .prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED, .name = ""
	};

	(void)state;
	put_mapping(&e, 5, &m);
	r = only(&e);
	assert_int_equal(r.perms, SV_PERM_READ | SV_PERM_WRITE | SV_PERM_SHARED);
	assert_int_equal(r.name.len, 0);
}

/* Each length of a name: filled up with one to eight NULs. */
static void names_of_each_length(void **state)
{
	char name[33] = "";

	(void)state;
	for (size_t n = 0; n < sizeof(name) - 1; n++) {
		struct events e = { .len = 0 };
		struct mapped m = { .len = 1, .name = name };

		put_mapping(&e, 5, &m);
		assert_span(only(&e).name, name);
		name[n] = (char)('a' + n % 26);
	}
}

/* Of whom they are about stands in the body; who did it, in the trailer. */
static void fork_and_exit(void **state)
{
	static const uint32_t types[] = { PERF_RECORD_FORK, PERF_RECORD_EXIT };

	(void)state;
	for (size_t i = 0; i < sv_array_size(types); i++) {
		struct events e = { .len = 0 };
		struct sv_perf_record r;

		put_task(&e, types[i], 8);
		r = only(&e);
		assert_int_equal(r.type, i ? SV_PERF_EXIT : SV_PERF_FORK);
		assert_int_equal(r.pid, 50);
		assert_int_equal(r.ppid, 42);
		assert_int_equal(r.tid, 51);
		assert_int_equal(r.ptid, 43);
		assert_int_equal(r.time_ns, 8);
	}
}

static void a_name(void **state)
{
	struct events e = { .len = 0 }, f = { .len = 0 };
	struct sv_perf_record r;

	(void)state;
	put_comm(&e, PERF_RECORD_MISC_COMM_EXEC, 3, "fifteen-bytes-x");
	r = only(&e);
	assert_int_equal(r.type, SV_PERF_COMM);
	assert_true(r.exec);
	assert_span(r.name, "fifteen-bytes-x");
	assert_int_equal(r.pid, 42);
	put_comm(&f, 0, 3, "x");
	assert_false(only(&f).exec);
}

/* The same bit means something else of other records. */
static void exec_is_of_names_alone(void **state)
{
	struct events e = { .len = 0 };

	(void)state;
	put_sample(&e, PERF_RECORD_MISC_COMM_EXEC, 1, 1);
	assert_false(only(&e).exec);
}

static void what_was_lost(void **state)
{
	struct events e = { .len = 0 }, f = { .len = 0 }, g = { .len = 0 };
	struct sv_perf_record r;

	(void)state;
	put_lost(&e, 3, 12345);
	r = only(&e);
	assert_int_equal(r.type, SV_PERF_LOST);
	assert_int_equal(r.lost, 12345);
	put_lost_samples(&f, 4, 7);
	r = only(&f);
	assert_int_equal(r.type, SV_PERF_LOST_SAMPLES);
	assert_int_equal(r.lost, 7);
	put_throttle(&g, 6);
	r = only(&g);
	assert_int_equal(r.type, SV_PERF_THROTTLE);
	assert_int_equal(r.time_ns, 6);
}

/* What is not known is passed over, whatever its number is, also that of an enumerator of ours. */
static void unknown_types(void **state)
{
	static const uint32_t types[] = { 0, PERF_RECORD_UNTHROTTLE, PERF_RECORD_SWITCH,
		SV_PERF_OTHER, 200, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sv_array_size(types); i++) {
		struct events e = { .len = 0 };

		begin_record(&e, types[i], 0);
		put64(&e, UINT64_MAX);
		trailer(&e, 42, 43, 11);
		assert_int_equal(only(&e).type, SV_PERF_OTHER);
		assert_int_equal(only(&e).time_ns, 11);
	}
}

/* ---- malformed ones -------------------------------------------------------------------------- */

static void all_sorts(struct events *e)
{
	struct mapped m = { .start = 0x1000, .len = 0x1000, .inode = 4, .name = "/a" };

	put_sample(e, PERF_RECORD_MISC_USER, 1, 0x1010);
	put_mapping(e, 2, &m);
	put_task(e, PERF_RECORD_FORK, 3);
	put_task(e, PERF_RECORD_EXIT, 4);
	put_comm(e, 0, 5, "name");
	put_lost(e, 6, 1);
	put_lost_samples(e, 7, 1);
	put_throttle(e, 8);
}

/* Cut anywhere, all records before the cut are read, and no byte behind it. */
static void cut_at_each_byte(void **state)
{
	struct events e = { .len = 0 };
	size_t ends[16], n = 0;
	struct sv_span rest;
	struct sv_perf_record r;

	(void)state;
	all_sorts(&e);
	rest = bytes_of(&e);
	while (sv_perf_next(&rest, &r, &err) == 1)
		ends[n++] = e.len - rest.len;
	assert_int_equal(n, 8);
	for (size_t len = 0; len <= e.len; len++) {
		char *copy = malloc(len ? len : 1); /* of just its size, for checkers */
		size_t whole = 0, got = 0;
		int rc;

		assert_non_null(copy);
		memcpy(copy, e.bytes, len);
		while (whole < n && ends[whole] <= len)
			whole++;
		rest = (struct sv_span) { .ptr = copy, .len = len };
		while ((rc = sv_perf_next(&rest, &r, &err)) == 1)
			got++;
		assert_int_equal(got, whole);
		assert_int_equal(rc, (whole ? ends[whole - 1] : 0) == len ? 0 : -1);
		free(copy);
	}
}

static void sizes_that_cannot_be(void **state)
{
	static const uint16_t sizes[] = { 0, 1, 7, 9, 47, 49, 56, UINT16_MAX, UINT16_MAX - 7 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(sizes); i++) {
		struct events e = { .len = 0 };

		put_sample(&e, 0, 1, 1);
		assert_int_equal(e.len, 48);
		set_size(&e, 0, sizes[i]);
		refused(&e);
	}
}

/* A size that is a record's, and too small for what is in it. */
static void each_smaller_size(void **state)
{
	struct events whole = { .len = 0 };
	size_t at = 0;

	(void)state;
	all_sorts(&whole);
	while (at < whole.len) {
		struct events e = whole;
		struct perf_event_header h;

		memcpy(&h, whole.bytes + at, sizeof(h));
		/* A throttle is known by its type: of its body nothing is wanted. */
		for (uint16_t size = 8; size < h.size && h.type != PERF_RECORD_THROTTLE;
			size += 8) {
			memcpy(e.bytes, whole.bytes + at, h.size);
			e.len = h.size;
			set_size(&e, 0, size);
			/* Names lie last: what is cut off is padding, or the name has no end. */
			if (h.type == PERF_RECORD_MMAP2 || h.type == PERF_RECORD_COMM)
				if (size >= h.size - 8)
					continue;
			/* What a fork says of its time stands in the trailer too. */
			if ((h.type == PERF_RECORD_FORK || h.type == PERF_RECORD_EXIT) &&
				size == h.size - 8)
				continue;
			refused(&e);
		}
		at += h.size;
	}
}

static void a_name_without_end(void **state)
{
	struct events e = { .len = 0 }, f = { .len = 0 };

	(void)state;
	begin_record(&e, PERF_RECORD_COMM, 0);
	put64(&e, 1);
	put(&e, "eight by", 8);
	trailer(&e, 42, 43, 1);
	refused(&e);
	begin_record(&f, PERF_RECORD_COMM, 0); /* no room for a name at all */
	put64(&f, 1);
	trailer(&f, 42, 43, 1);
	refused(&f);
}

static void a_mapping_beyond_all_addresses(void **state)
{
	struct events e = { .len = 0 }, f = { .len = 0 };
	struct mapped m = { .start = UINT64_MAX - 0xfff, .len = 0x1000, .name = "x" };

	(void)state;
	put_mapping(&e, 1, &m);
	refused(&e);
	m.len = 0xfff;
	put_mapping(&f, 1, &m);
	assert_int_equal(only(&f).end, UINT64_MAX);
}

static void read_any(struct sv_text text)
{
	struct sv_span rest = text.rest;
	struct sv_perf_record r;
	size_t before = rest.len + 1;

	while (rest.len < before) {
		before = rest.len;
		if (sv_perf_next(&rest, &r, &err) != 1)
			return;
		assert_inside(text, r.name);
		assert_true(rest.len < before);
	}
}

static void damage(void **state)
{
	struct events e = { .len = 0 };

	(void)state;
	all_sorts(&e);
	each_damage(sv_text_init(e.bytes, e.len, "test"), e.len, read_any);
}

/* ---- names of events ------------------------------------------------------------------------- */

static void names_of_faults(void **state)
{
	static const struct {
		const char *name;
		uint64_t config;
	} known[] = { { "perf::PAGE-FAULTS", PERF_COUNT_SW_PAGE_FAULTS },
		{ "perf::MINOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MIN },
		{ "perf::MAJOR-FAULTS", PERF_COUNT_SW_PAGE_FAULTS_MAJ } };
	struct sv_perf_event e;

	(void)state;
	for (size_t i = 0; i < sv_array_size(known); i++) {
		assert_int_equal(sv_perf_event_find(known[i].name, &e, &err), 0);
		assert_int_equal(e.type, PERF_TYPE_SOFTWARE);
		assert_int_equal(e.config, known[i].config);
		assert_int_equal(e.period, 1);
		assert_true(sv_perf_event_is_fault(&e));
		assert_string_equal(e.name, known[i].name);
	}
}

static void other_events_are_sampled_in_part(void **state)
{
	struct sv_perf_event e;

	(void)state;
	assert_int_equal(sv_perf_event_find("perf::CONTEXT-SWITCHES", &e, &err), 0);
	assert_false(sv_perf_event_is_fault(&e));
	assert_true(e.period > 1);
}

static void no_such_event(void **state)
{
	static const char *const names[] = { "", "nosuch", "perf::", "perf::NOSUCH-FAULTS",
		"perf::MINOR-FAULTS:nosuch", "\xff\x1b[2J" };
	struct sv_perf_event e = { .period = 77 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(sv_perf_event_find(names[i], &e, &err), -1);
		assert_int_equal(err.code, SAFEVMA_E_UNSUPPORTED);
		assert_true(err.message[0]);
		assert_int_equal(e.period, 77);
	}
}

/* ---- what the opener opens ------------------------------------------------------------------- */

static void what_is_never_opened(void **state)
{
	struct sv_perf_spec spec = { .type = PERF_TYPE_TRACEPOINT, .period = 1 };

	(void)state;
	assert_int_equal(sv_perf_open(&spec, getpid()), -1);
	assert_int_equal(errno, EINVAL);
	spec.type = PERF_TYPE_BREAKPOINT;
	assert_int_equal(sv_perf_open(&spec, getpid()), -1);
	assert_int_equal(errno, EINVAL);
	spec.type = PERF_TYPE_SOFTWARE; /* of the whole CPU: -1 */
	assert_int_equal(sv_perf_open(&spec, -1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sv_perf_open(&spec, 0), -1);
	assert_int_equal(errno, EINVAL);
}

/* What changes code or traces it has a number that is given out at boot, and is refused by it. */
static void what_is_no_counter(void **state)
{
	static const char *const names[] = { "kprobe", "uprobe", "intel_pt", "intel_bts", "msr" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(names); i++) {
		struct sv_perf_spec spec = { .period = 1 };
		char path[80];
		FILE *f;

		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", names[i]);
		f = fopen(path, "r");
		if (!f)
			continue;
		assert_int_equal(fread(path, 1, sizeof(path) - 1, f) > 0, 1);
		fclose(f);
		spec.type = (uint32_t)strtoul(path, NULL, 10);
		/* An address that is not there: whoever looked at it would say EFAULT. */
		spec.config1 = 8;
		errno = 0;
		assert_int_equal(sv_perf_open(&spec, getpid()), -1);
		assert_int_equal(errno, EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample),
		cmocka_unit_test(a_sample_in_the_kernel),
		cmocka_unit_test(a_mapping),
		cmocka_unit_test(a_shared_mapping_without_a_name),
		cmocka_unit_test(names_of_each_length),
		cmocka_unit_test(fork_and_exit),
		cmocka_unit_test(a_name),
		cmocka_unit_test(exec_is_of_names_alone),
		cmocka_unit_test(what_was_lost),
		cmocka_unit_test(unknown_types),
		cmocka_unit_test(cut_at_each_byte),
		cmocka_unit_test(sizes_that_cannot_be),
		cmocka_unit_test(each_smaller_size),
		cmocka_unit_test(a_name_without_end),
		cmocka_unit_test(a_mapping_beyond_all_addresses),
		cmocka_unit_test(damage),
		cmocka_unit_test(names_of_faults),
		cmocka_unit_test(other_events_are_sampled_in_part),
		cmocka_unit_test(no_such_event),
		cmocka_unit_test(what_is_never_opened),
		cmocka_unit_test(what_is_no_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
