// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/slablist.h"

static void links(void **state)
{
	struct sv_text t = TEXT(":A-0000192\ncred_jar\t:A-0000192\ndentry\n");
	struct sv_span name, target;

	(void)state;
	assert_int_equal(sv_slablist_next(&t, &name, &target, NULL), 1);
	assert_span(name, ":A-0000192");
	assert_int_equal(target.len, 0);
	assert_int_equal(sv_slablist_next(&t, &name, &target, NULL), 1);
	assert_span(name, "cred_jar");
	assert_span(target, ":A-0000192");
	assert_int_equal(sv_slablist_next(&t, &name, &target, NULL), 1);
	assert_span(name, "dentry");
	assert_int_equal(target.len, 0);
	assert_int_equal(sv_slablist_next(&t, &name, &target, NULL), 0);
}

static void links_malformed(void **state)
{
	struct sv_text nowhere = TEXT("a\nb\t\n"), nameless = TEXT("\t:a\n");
	struct sv_span name, target;
	struct safevma_error err;

	(void)state;
	assert_int_equal(sv_slablist_next(&nowhere, &name, &target, NULL), 1);
	assert_int_equal(sv_slablist_next(&nowhere, &name, &target, &err), -1);
	assert_place(&err, 2, "what a link points to");
	assert_int_equal(sv_slablist_next(&nameless, &name, &target, &err), -1);
	assert_place(&err, 1, "the name of a slab cache");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(links_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
