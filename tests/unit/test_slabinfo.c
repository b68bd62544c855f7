// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/slabinfo.h"

#define HEAD                                                                                       \
	"slabinfo - version: 2.1\n"                                                                \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : "      \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> "      \
	"<sharedavail>\n"

/* Lines of 6.12; the last with a name such as kernels to 5.8 made for control groups. */
static void slabinfo(void **state)
{
	struct sv_text t = TEXT(
		HEAD "kmalloc-64          1920   1984     64   64    1 : tunables    0    0    0 : "
		     "slabdata     30     31      0\n"
		     "dentry              1260   1302    192   21    2 : tunables    0    0    0 : "
		     "slabdata     60     62      0\n"
		     "dentry(12:a : b 3)     4     21    192   21    1 : tunables    0    0    0 : "
		     "slabdata      1      1      7\n");
	struct sv_slabinfo e;

	(void)state;
	assert_int_equal(sv_slabinfo_next(&t, &e, NULL), 1);
	assert_span(e.name, "kmalloc-64");
	assert_int_equal(e.active_objects, 1920);
	assert_int_equal(e.objects, 1984);
	assert_int_equal(e.object_bytes, 64);
	assert_int_equal(e.objects_per_slab, 64);
	assert_int_equal(e.pages_per_slab, 1);
	assert_int_equal(e.active_slabs, 30);
	assert_int_equal(e.slabs, 31);
	assert_int_equal(sv_slabinfo_next(&t, &e, NULL), 1);
	assert_span(e.name, "dentry");
	assert_int_equal(e.pages_per_slab, 2);
	assert_int_equal(sv_slabinfo_next(&t, &e, NULL), 1);
	assert_span(e.name, "dentry(12:a : b 3)");
	assert_int_equal(e.slabs, 1);
	assert_int_equal(sv_slabinfo_next(&t, &e, NULL), 0);
}

static void slabinfo_malformed(void **state)
{
	static const char *const lines[] = {
		"kmalloc-64 1920 1984 64 64 1",
		"kmalloc-64 1920 1984 64 64 x : tunables 0 0 0 : slabdata 30 31 0",
		"kmalloc-64 1920 1984 64 64 1 : tunables 0 0 0 : slabdata 30 31",
		"1920 1984 64 64 1 : tunables 0 0 0 : slabdata 30 31 0",
	};

	(void)state;
	for (size_t i = 0; i < sv_array_size(lines); i++) {
		struct sv_text t = sv_text_init(lines[i], strlen(lines[i]), "test");
		struct sv_slabinfo e;
		struct safevma_error err;

		assert_int_equal(sv_slabinfo_next(&t, &e, &err), -1);
		assert_place(&err, 1, "a slab cache with its counts");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slabinfo),
		cmocka_unit_test(slabinfo_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
