// SPDX-License-Identifier: LGPL-2.1-or-later
/* What rows of the kernel's settings come to, by source and where sources contradict each other. */
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "measure/hardening.h"

static safevma_observation *obs_new(void)
{
	safevma_observation *obs = calloc(1, sizeof(*obs));

	assert_non_null(obs);
	obs->hardening.made = true;
	obs->swap_areas = sv_known(0);
	snprintf(obs->host.machine, sizeof(obs->host.machine), "x86_64");
	return obs;
}

static void obs_free(safevma_observation *obs)
{
	sv_hardening_fini(&obs->hardening);
	sv_strbuf_fini(&obs->config);
	free(obs);
}

static void config(safevma_observation *obs, const char *text)
{
	obs->config_known = true;
	assert_int_equal(sv_strbuf_add(&obs->config, text, strlen(text)), 0);
}

static void cmdline(safevma_observation *obs, const char *text)
{
	obs->hardening.cmdline_known = true;
	assert_int_equal(sv_strbuf_add(&obs->hardening.cmdline, text, strlen(text)), 0);
}

static void setting(safevma_observation *obs, enum sv_setting_id id, const char *text)
{
	struct sv_setting *s = &obs->hardening.settings[id];

	s->answer = text ? SV_ANSWER_READ : SV_ANSWER_ABSENT;
	if (text)
		assert_int_equal(sv_strbuf_add(&s->text, text, strlen(text)), 0);
}

static struct sv_hard row(const safevma_observation *obs, const char *id)
{
	static struct sv_hard all[SV_HARD_MOST];
	size_t n = sv_hard_all(obs, all);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].item->id, id))
			return all[i];
	fail_msg("no row %s", id);
	return all[0];
}

static struct sv_hard in(const char *id, const char *conf, const char *line)
{
	safevma_observation *obs = obs_new();
	struct sv_hard h;

	if (conf)
		config(obs, conf);
	if (line)
		cmdline(obs, line);
	h = row(obs, id);
	obs_free(obs);
	return h;
}

static const struct {
	const char *id, *config, *cmdline;
	enum sv_hard_state state;
	enum sv_hard_how how;
	const char *note; /* part of it; NULL: there is none */
} at_boot[] = {
	/* the configuration alone */
	{ "stack-guard", "CONFIG_VMAP_STACK=y\n", "", SV_HARD_ON, SV_HOW_CONFIG, NULL },
	{ "stack-guard", "# CONFIG_VMAP_STACK is not set\n", "", SV_HARD_OFF, SV_HOW_CONFIG, NULL },
	{ "stack-guard", "CONFIG_OTHER=y\n", "", SV_HARD_ABSENT, SV_HOW_CONFIG, NULL },
	{ "stack-guard", NULL, "", SV_HARD_UNKNOWN, SV_HOW_NONE, "configuration is not known" },
	{ "stack-guard", "", "", SV_HARD_UNKNOWN, SV_HOW_NONE, "configuration is not known" },
	/* one of several */
	{ "list-checks", "CONFIG_DEBUG_LIST=y\n", "", SV_HARD_ON, SV_HOW_CONFIG, NULL },
	{ "list-checks", "CONFIG_LIST_HARDENED=y\n# CONFIG_DEBUG_LIST is not set\n", "", SV_HARD_ON,
		SV_HOW_CONFIG, NULL },
	/* the command line over the configuration */
	{ "init-on-alloc", "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n", "quiet", SV_HARD_ON,
		SV_HOW_CONFIG, NULL },
	{ "init-on-alloc", "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n", "quiet init_on_alloc=0",
		SV_HARD_OFF, SV_HOW_CMDLINE, "overrides CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y" },
	{ "init-on-alloc", "# CONFIG_INIT_ON_ALLOC_DEFAULT_ON is not set\n", "init-on-alloc=1",
		SV_HARD_ON, SV_HOW_CMDLINE, "overrides" },
	{ "init-on-alloc", "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n", NULL, SV_HARD_UNKNOWN,
		SV_HOW_NONE, "command line is not known" },
	{ "init-on-alloc", "CONFIG_X=y\n", "init_on_alloc=1 init_on_alloc=0", SV_HARD_OFF,
		SV_HOW_CMDLINE, "given 2 times" },
	{ "init-on-alloc", "CONFIG_X=y\n", "-- init_on_alloc=1", SV_HARD_OFF, SV_HOW_CONFIG, NULL },
	{ "init-on-alloc", "CONFIG_X=y\n", "a=\"b init_on_alloc=1\"", SV_HARD_OFF, SV_HOW_CONFIG,
		NULL },
	/* asked for and not built */
	{ "page-poison", "# CONFIG_PAGE_POISONING is not set\n", "page_poison=1", SV_HARD_OFF,
		SV_HOW_CONFIG, "page_poison=1 has no effect" },
	{ "page-poison", "CONFIG_PAGE_POISONING=y\n", "", SV_HARD_OFF, SV_HOW_CONFIG, NULL },
	{ "page-poison", "CONFIG_PAGE_POISONING=y\n", "page_poison=1", SV_HARD_ON, SV_HOW_CMDLINE,
		"" },
	{ "page-poison", NULL, "page_poison=1", SV_HARD_UNKNOWN, SV_HOW_NONE,
		"boot parameter page_poison=1" },
	/* two parameters against each other */
	{ "slab-merging", "CONFIG_SLAB_MERGE_DEFAULT=y\n", "", SV_HARD_ON, SV_HOW_CONFIG, NULL },
	{ "slab-merging", "CONFIG_SLAB_MERGE_DEFAULT=y\n", "slab_nomerge", SV_HARD_OFF,
		SV_HOW_CMDLINE, "overrides" },
	{ "slab-merging", "CONFIG_SLAB_MERGE_DEFAULT=y\n", "slab_merge slab_nomerge", SV_HARD_OFF,
		SV_HOW_CMDLINE, "contradict each other" },
	{ "slab-debug", "CONFIG_SLUB_DEBUG=y\n", "slub_debug=FZ", SV_HARD_ON, SV_HOW_CMDLINE, "" },
	{ "slab-debug", "CONFIG_SLUB_DEBUG=y\nCONFIG_SLUB_DEBUG_ON=y\n", "slab_debug=-",
		SV_HARD_OFF, SV_HOW_CMDLINE, "overrides" },
	/* an option that only newer kernels have */
	{ "usercopy-checks", "CONFIG_HARDENED_USERCOPY=y\n", "", SV_HARD_ON, SV_HOW_CONFIG, NULL },
	{ "usercopy-checks",
		"CONFIG_HARDENED_USERCOPY=y\n# CONFIG_HARDENED_USERCOPY_DEFAULT_ON is not set\n",
		"", SV_HARD_OFF, SV_HOW_CONFIG, NULL },
	{ "usercopy-checks", "CONFIG_HARDENED_USERCOPY=y\n", "hardened_usercopy=off", SV_HARD_OFF,
		SV_HOW_CMDLINE, "" },
	{ "kernel-rodata", "CONFIG_STRICT_KERNEL_RWX=y\n", "rodata=off", SV_HARD_OFF,
		SV_HOW_CMDLINE, "overrides" },
	{ "kernel-rodata", "CONFIG_STRICT_KERNEL_RWX=y\n", "rodata=full", SV_HARD_ON, SV_HOW_CONFIG,
		NULL },
	{ "kasan", "CONFIG_KASAN=y\nCONFIG_KASAN_GENERIC=y\n", "", SV_HARD_ON, SV_HOW_CONFIG,
		NULL },
	{ "kasan", "CONFIG_KASAN=y\nCONFIG_KASAN_HW_TAGS=y\n", "kasan=off", SV_HARD_OFF,
		SV_HOW_CMDLINE, NULL },
	{ "preemption", "CONFIG_PREEMPT_VOLUNTARY=y\nCONFIG_PREEMPT_DYNAMIC=y\n", "preempt=full",
		SV_HARD_VALUE, SV_HOW_CMDLINE, "" },
	{ "memory-tags", NULL, NULL, SV_HARD_ABSENT, SV_HOW_INFERRED, NULL },
};

static void boot(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(at_boot); i++) {
		struct sv_hard h = in(at_boot[i].id, at_boot[i].config, at_boot[i].cmdline);

		if (h.state != at_boot[i].state || h.how != at_boot[i].how ||
			!strstr(h.note, at_boot[i].note ? at_boot[i].note : "") ||
			(!at_boot[i].note && h.note[0]))
			fail_msg("case %zu, %s: state %s, how %s, note '%s'", i, at_boot[i].id,
				sv_hard_state_name(h.state), sv_hard_how_name(h.how), h.note);
	}
}

/* What is so now counts before what was asked for at boot. */
static void run_time(void **state)
{
	safevma_observation *obs = obs_new();
	struct sv_hard h;

	(void)state;
	config(obs, "# CONFIG_KSM is not set\nCONFIG_TRANSPARENT_HUGEPAGE=y\nCONFIG_KFENCE=y\n");
	cmdline(obs, "transparent_hugepage=never kfence.sample_interval=0 oops=panic");
	setting(obs, SV_SETTING_THP_ENABLED, "[always] madvise never");
	setting(obs, SV_SETTING_KSM_RUN, "1");
	setting(obs, SV_SETTING_KFENCE, "100");
	setting(obs, SV_SETTING_PANIC_ON_OOPS, "0");
	h = row(obs, "thp");
	assert_int_equal(h.state, SV_HARD_ON);
	assert_string_equal(h.value, "always");
	assert_int_equal(h.how, SV_HOW_SYSFS);
	assert_num(h.met, 0);
	assert_non_null(strstr(h.note, "contradicts the command line: transparent_hugepage=never"));
	h = row(obs, "ksm");
	assert_int_equal(h.state, SV_HARD_ON);
	assert_non_null(strstr(h.note, "contradicts the configuration"));
	h = row(obs, "kfence");
	assert_int_equal(h.state, SV_HARD_ON);
	assert_string_equal(h.value, "100");
	assert_int_equal(h.effects, SV_DETECTS);
	assert_non_null(strstr(h.note, "contradicts the command line"));
	h = row(obs, "panic-on-oops");
	assert_int_equal(h.state, SV_HARD_OFF);
	assert_int_equal(h.how, SV_HOW_SYSCTL);
	assert_non_null(strstr(h.note, "oops=panic"));
	obs_free(obs);
}

/* A file that is missing, and one that cannot be read, are two things. */
static void missing(void **state)
{
	safevma_observation *obs = obs_new();
	struct sv_hard h;

	(void)state;
	config(obs, "CONFIG_KFENCE=y\n# CONFIG_KSM is not set\nCONFIG_SHUFFLE_PAGE_ALLOCATOR=y\n");
	cmdline(obs, "page_alloc.shuffle=1");
	setting(obs, SV_SETTING_MELTDOWN, "Not affected");
	setting(obs, SV_SETTING_KFENCE, NULL);
	setting(obs, SV_SETTING_OOPS_LIMIT, NULL);
	h = row(obs, "kfence"); /* built, and no file: that is odd, and not off */
	assert_int_equal(h.state, SV_HARD_UNKNOWN);
	assert_non_null(strstr(h.note, "CONFIG_KFENCE is set, but"));
	assert_int_equal(row(obs, "ksm").state, SV_HARD_OFF); /* unread, and not built */
	h = row(obs, "thp");				      /* unread, not built */
	assert_int_equal(h.state, SV_HARD_ABSENT);
	h = row(obs, "oops-limit"); /* nothing of /proc/sys was read: is it mounted at all? */
	assert_int_equal(h.state, SV_HARD_UNKNOWN);
	h = row(obs, "page-shuffle"); /* unread, and nothing but the boot can have changed it */
	assert_int_equal(h.state, SV_HARD_ON);
	assert_int_equal(h.how, SV_HOW_CMDLINE);
	setting(obs, SV_SETTING_PANIC, "0");
	h = row(obs, "oops-limit");
	assert_int_equal(h.state, SV_HARD_ABSENT);
	assert_int_equal(row(obs, "panic-timeout").state, SV_HARD_OFF);
	assert_unknown(row(obs, "panic-on-oops").met);
	obs_free(obs);
}

/* Nothing read at all: no row says off. */
static void nothing(void **state)
{
	struct sv_hard *all = calloc(SV_HARD_MOST, sizeof(*all));
	safevma_observation *obs = obs_new();
	size_t n;

	(void)state;
	obs->swap_areas.known = false;
	obs->host.machine[0] = 0;
	n = sv_hard_all(obs, all);
	assert_true(n > 50 && n < SV_HARD_MOST);
	for (size_t i = 0; i < n; i++)
		if (all[i].state != SV_HARD_UNKNOWN || all[i].met.known || all[i].effects)
			fail_msg("%s is %s", all[i].item->id, sv_hard_state_name(all[i].state));
	free(all);
	obs_free(obs);
}

/* In each group what is not as advised stands first; names are no two alike and fit the screen. */
static void order(void **state)
{
	struct sv_hard *all = calloc(SV_HARD_MOST, sizeof(*all));
	safevma_observation *obs = obs_new();
	bool good = false;
	size_t n;

	(void)state;
	config(obs, "CONFIG_VMAP_STACK=y\n# CONFIG_FORTIFY_SOURCE is not set\n");
	cmdline(obs, "");
	n = sv_hard_all(obs, all);
	for (size_t i = 0; i < n; i++) {
		const struct sv_hard_item *item = all[i].item;

		good &= i && item->group == all[i - 1].item->group;
		assert_false(good && all[i].met.known && !all[i].met.value);
		good |= all[i].met.known && all[i].met.value;
		assert_true(strlen(item->id) <= 15 && strlen(item->set) <= 29);
		assert_true(item->trace[0] && item->what[0]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(all[k].item->id, item->id);
	}
	free(all);
	obs_free(obs);
}

static const struct {
	const char *issue, *release, *config;
	enum safevma_verdict verdict;
} releases[] = {
	{ "CVE-2018-17182", "4.18.8", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2018-17182", "4.18.9", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2018-17182", "3.15.0", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2018-17182", "3.10.0-1160.el7.x86_64", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2018-17182", "4.18.0-553.el8.x86_64", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2018-17182", "6.12.117+deb13-amd64", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2016-5195", "4.8.2", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2016-5195", "4.8.3", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2025-21709", "6.7.12", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2025-21709", "6.8.0", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2025-21709", "6.8.0-151-generic", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2025-21709", "6.12.82", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2025-21709", "6.12.83", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2025-21709", "6.13.1", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2025-21709", "6.13.2", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2025-21709", "", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2025-21709", "junk", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2026-93243", "6.18.44", NULL, SAFEVMA_VERDICT_WARN },
	{ "CVE-2026-93243", "6.18.44", "# CONFIG_SECRETMEM is not set\n",
		SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2026-93243", "6.17.13-ubuntu", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2026-93243", "6.1.192", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2026-93243", "6.1.100", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "CVE-2026-93243", "5.10.262", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "CVE-2026-93243", "7.3.4", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "6.12.117", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "6.12.117+deb13-amd64", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "kpageflags-ksm", "6.2.0", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "6.9.12", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "6.8.0-151-generic", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "kpageflags-ksm", "6.10.0", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "6.12.118", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "kpageflags-ksm", "6.17.13", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "6.18.39", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "6.18.40", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "6.18.44-vendor", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "7.0.0", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "7.0.12", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "kpageflags-ksm", "7.1.4", NULL, SAFEVMA_VERDICT_WARN },
	{ "kpageflags-ksm", "7.1.5", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "7.2.13-safevma", NULL, SAFEVMA_VERDICT_NOTAPPLICABLE },
	{ "kpageflags-ksm", "6.1.0-40-amd64", NULL, SAFEVMA_VERDICT_UNKNOWN },
	{ "kpageflags-ksm", "6.12.117", "CONFIG_A=y\n", SAFEVMA_VERDICT_NOTAPPLICABLE },
};

static void issues(void **state)
{
	(void)state;
	for (size_t i = 0; i < sv_array_size(releases); i++) {
		safevma_observation *obs = obs_new();
		enum safevma_verdict verdict = SAFEVMA_VERDICT_ERROR;
		char reason[256] = "";

		snprintf(obs->host.release, sizeof(obs->host.release), "%s", releases[i].release);
		if (releases[i].config)
			config(obs, releases[i].config);
		for (size_t k = 0; k < sv_issues_count; k++)
			if (!strcmp(sv_issues[k].id, releases[i].issue))
				sv_issues[k].judge(
					obs, &sv_issues[k], &verdict, reason, sizeof(reason));
		if (verdict != releases[i].verdict || !reason[0])
			fail_msg("%s on '%s': %d, %s", releases[i].issue, releases[i].release,
				(int)verdict, reason);
		obs_free(obs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot),
		cmocka_unit_test(run_time),
		cmocka_unit_test(missing),
		cmocka_unit_test(nothing),
		cmocka_unit_test(order),
		cmocka_unit_test(issues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
