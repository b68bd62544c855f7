// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unit.h"

#include "iface/kconfig.h"

static const struct {
	const char *name, *value;
} cases[] = {
	{ "CONFIG_SECRETMEM", "y" },
	{ "CONFIG_KSM", "y" },
	{ "CONFIG_GCC_VERSION", "150300" },
	{ "CONFIG_PHYSICAL_START", "0x1000000" },
	{ "CONFIG_CC_VERSION_TEXT", "\"gcc (GCC) 15.3.0\"" },
	{ "CONFIG_CMDLINE", "\"mitigations=auto,no_guest_host,no_guest_guest\"" },
	{ "CONFIG_CMDLINE_OVERRIDE", "" },
	{ "CONFIG_NO_SUCH_THING", "" },
	{ "CONFIG_", "" },
	{ "", "" },
	{ "SECRETMEM", "" },
};

static void fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(cases); i++) {
		struct sv_span value;

		assert_int_equal(
			sv_kconfig_find(fixture("host618/config"), cases[i].name, &value, NULL), 0);
		assert_span(value, cases[i].value);
	}
}

static void strings(void **state)
{
	struct sv_text t = TEXT("#\n\nCONFIG_A=\"\"\nCONFIG_B=\"a=b # \\\"c\\\"\"\nCONFIG_C=-1");
	struct sv_span value;

	(void)state;
	assert_int_equal(sv_kconfig_find(t, "CONFIG_A", &value, NULL), 0);
	assert_span(value, "\"\"");
	assert_int_equal(sv_kconfig_find(t, "CONFIG_B", &value, NULL), 0);
	assert_span(value, "\"a=b # \\\"c\\\"\"");
	assert_int_equal(sv_kconfig_find(t, "CONFIG_C", &value, NULL), 0);
	assert_span(value, "-1");
	assert_int_equal(sv_kconfig_find(TEXT(""), "CONFIG_C", &value, NULL), 0);
	assert_span(value, "");
}

static void malformed_lines(void **state)
{
	static const char *const bad[] = { "#\nx\n", "#\nCONFIG_A\n", "#\nCONFIG_A=\n",
		"#\nCONFIG_A=\"\n", "#\nCONFIG_A=\"x\n", "#\n=y\n", "#\n\x1f\x8b\x08\n",
		"#\nCONFIG A=y\n" };

	(void)state;
	for (size_t i = 0; i < sv_array_size(bad); i++) {
		struct sv_span value = { .len = 99 };
		struct safevma_error err = { 0 };

		assert_int_equal(sv_kconfig_find(sv_text_init(bad[i], strlen(bad[i]), "test"),
					 "CONFIG_A", &value, &err),
			-1);
		assert_place(&err, 2, "'NAME=VALUE' or a comment");
		assert_int_equal(value.len, 99);
	}
}

static void read_all(struct sv_text text)
{
	struct sv_span value;

	if (sv_kconfig_find(text, "CONFIG_PHYSICAL_START", &value, NULL) == 0)
		assert_inside(text, value);
}

static void damaged(void **state)
{
	(void)state;
	each_damage(fixture("host618/config"), 1000, read_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixtures),
		cmocka_unit_test(strings),
		cmocka_unit_test(malformed_lines),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
