// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

#include "iface/kconfig_gz.h"

static unsigned char packed[1 << 16];

static size_t pack(const void *data, size_t len)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)data;
	z.avail_in = (uInt)len;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return sizeof(packed) - z.avail_out;
}

/* From a block of its own length, so that checkers see reads past it. */
static int unpack(size_t len, struct sv_strbuf *ret, struct safevma_error *err)
{
	void *exact = malloc(len ? len : 1);
	int rc;

	assert_non_null(exact);
	memcpy(exact, packed, len);
	rc = sv_gunzip(exact, len, "/proc/config.gz", ret, err);
	free(exact);
	return rc;
}

static void whole_files(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 300000 };

	(void)state;
	for (size_t i = 0; i < sv_array_size(sizes); i++) {
		sv_auto_free char *text = malloc(sizes[i] + 1);
		sv_auto_strbuf struct sv_strbuf b = { 0 };

		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)('a' + k % 23);
		assert_int_equal(sv_strbuf_add(&b, "before", 6), 0);
		assert_int_equal(unpack(pack(text, sizes[i]), &b, NULL), 0);
		assert_int_equal(b.len, 6 + sizes[i]);
		assert_memory_equal(b.ptr, "before", 6);
		if (sizes[i])
			assert_memory_equal(b.ptr + 6, text, sizes[i]);
		assert_int_equal(b.ptr[b.len], 0);
	}
}

static void assert_refused(size_t len)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct safevma_error err = { 0 };

	assert_int_equal(sv_strbuf_add(&b, "before", 6), 0);
	assert_int_equal(unpack(len, &b, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	assert_string_equal(err.path, "/proc/config.gz");
	assert_string_equal(b.ptr, "before");
	assert_int_equal(b.len, 6);
}

static void cut_at_every_byte(void **state)
{
	char text[500];
	size_t len;

	(void)state;
	for (size_t k = 0; k < sizeof(text); k++)
		text[k] = (char)(k * k);
	len = pack(text, sizeof(text));
	for (size_t cut = 0; cut < len; cut++)
		assert_refused(cut);
}

static void damaged(void **state)
{
	size_t len = pack("CONFIG_A=y\n", 11);

	(void)state;
	packed[len - 5] ^= 1; /* of the checksum */
	assert_refused(len);
	packed[len - 5] ^= 1;
	packed[0] = 0;
	assert_refused(len);
	memset(packed, 0xa5, 100);
	assert_refused(100);
	memcpy(packed, "CONFIG_A=y\n", 11);
	assert_refused(11);
}

/* A bomb ends at 16 MiB. */
static void too_much(void **state)
{
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	sv_auto_free char *zeros = calloc(1, 17 << 20);
	struct safevma_error err = { 0 };

	(void)state;
	assert_non_null(zeros);
	assert_int_equal(unpack(pack(zeros, 17 << 20), &b, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_FORMAT);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_files),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(damaged),
		cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
