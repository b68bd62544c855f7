// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static char *loaded;

struct sv_text fixture(const char *path)
{
	char name[256];
	size_t len = 0, n;
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s", FIXTURES, path);
	f = fopen(name, "r");
	if (!f)
		fail_msg("%s: cannot be opened", name);
	free(loaded);
	loaded = malloc(1 << 20);
	assert_non_null(loaded);
	while ((n = fread(loaded + len, 1, (1 << 20) - len, f)) > 0)
		len += n;
	fclose(f);
	assert_true(len > 0);
	return sv_text_init(loaded, len, "test");
}

static void read_copy(const char *ptr, size_t len, size_t at, int byte, unit_reader *read)
{
	char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, ptr, len);
	if (byte >= 0)
		copy[at] = (char)byte;
	read(sv_text_init(copy, len, "test"));
	free(copy);
}

void each_damage(struct sv_text text, size_t max, unit_reader *read)
{
	static const int bytes[] = { 0, '\n', ' ', '\t', ':', '-', ')', '9', 'f', 0x7f, 0xff };
	size_t len = text.rest.len < max ? text.rest.len : max;

	for (size_t i = 0; i <= len; i++)
		read_copy(text.rest.ptr, i, 0, -1, read);
	for (size_t i = 0; i < len; i++)
		for (size_t b = 0; b < sv_array_size(bytes); b++)
			read_copy(text.rest.ptr, len, i, bytes[b], read);
}

void assert_place(const struct safevma_error *err, uint64_t line, const char *message)
{
	char want[600], got[600];

	if (line)
		snprintf(want, sizeof(want), "test:%llu: expected %s", (unsigned long long)line,
			message);
	else
		snprintf(want, sizeof(want), "test: expected %s", message);
	safevma_error_format(err, got, sizeof(got));
	if (strlen(got) > strlen(want))
		got[strlen(want)] = 0;
	assert_string_equal(got, want);
	assert_int_equal(err->code, SAFEVMA_E_FORMAT);
}

void assert_span(struct sv_span span, const char *expected)
{
	assert_int_equal(span.len, strlen(expected));
	if (span.len)
		assert_memory_equal(span.ptr, expected, span.len);
}

void assert_num(struct sv_num num, uint64_t expected)
{
	assert_true(num.known);
	assert_int_equal(num.value, expected);
}

void assert_unknown(struct sv_num num)
{
	assert_false(num.known);
	assert_int_equal(num.value, 0);
}

void assert_inside(struct sv_text text, struct sv_span inner)
{
	if (!inner.len)
		return;
	assert_true(inner.ptr >= text.rest.ptr);
	assert_true(inner.ptr + inner.len <= text.rest.ptr + text.rest.len);
}
