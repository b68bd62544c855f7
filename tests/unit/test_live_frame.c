// SPDX-License-Identifier: LGPL-2.1-or-later
/* The frame of a page of our own, on the system that the tests run on. */
#include "unit.h"

#include "iface/live.h"
#include "iface/root.h"

static struct sv_strbuf note(safevma_root *root, const char *what)
{
	struct sv_call c = { .op = SV_OP_NOTE, .place = { .iface = SV_IFACE_PROC, .tag = what } };
	struct sv_strbuf b = { 0 };

	assert_int_equal(sv_root_call(root, &c, &b, NULL), 0);
	return b;
}

/* UINT64_MAX: not told. */
static uint64_t frame(safevma_root *root)
{
	sv_auto_strbuf struct sv_strbuf b = note(root, "frame.t.before");
	struct sv_span s = { b.ptr, b.len };
	uint64_t pfn;

	if (!b.len)
		return UINT64_MAX;
	assert_true(sv_take_lit(&s, "pfn ") && sv_take_dec(&s, &pfn) && sv_span_is(s, "\n"));
	return pfn;
}

/* "features" opens what the frame is read from; without privilege its number is hidden. */
static void our_own_frame(void **state)
{
	safevma_root root = { 0 };
	sv_auto_strbuf struct sv_strbuf features = { 0 };
	uint64_t first, second;

	(void)state;
	assert_int_equal(sv_live_start(&root, &(struct safevma_root_options) { 0 }, NULL), 0);
	assert_int_equal(frame(&root), UINT64_MAX);
	features = note(&root, "features");
	first = frame(&root);
	second = frame(&root);
	assert_int_equal(first != UINT64_MAX, !!strstr(features.ptr, "pfn_visible 1\n"));
	assert_int_not_equal(first, 0); /* the number that hides one */
	assert_int_equal(second == UINT64_MAX, first == UINT64_MAX);
	root.ops->free(&root);
}

static void no_such_note(void **state)
{
	struct sv_call c = { .op = SV_OP_NOTE,
		.place = { .iface = SV_IFACE_PROC, .tag = "frame" } };
	sv_auto_strbuf struct sv_strbuf b = { 0 };
	struct safevma_error err = { 0 };
	safevma_root root = { 0 };

	(void)state;
	assert_int_equal(sv_live_start(&root, &(struct safevma_root_options) { 0 }, NULL), 0);
	assert_int_equal(sv_root_call(&root, &c, &b, &err), -1);
	assert_int_equal(err.code, SAFEVMA_E_SYSTEM);
	assert_int_equal(b.len, 0);
	root.ops->free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_frame),
		cmocka_unit_test(no_such_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
