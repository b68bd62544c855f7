// SPDX-License-Identifier: LGPL-2.1-or-later
/* The size of a pageblock, which says how much is read around a frame. */
#include "memory.h"

#include "capture/capture.h"

static void assert_block(uint64_t pages, bool known, unsigned int order)
{
	safevma_observation *obs = memory_new();
	struct sv_capture c = { .obs = obs };

	obs->system.block_pages = sv_known(pages);
	assert_int_equal(sv_capture_block_order(&c, NULL), 0);
	assert_int_equal(obs->exposure.blocks_known, known);
	assert_int_equal(obs->exposure.block_order, order);
	assert_int_equal(obs->gaps.len, !known);
	safevma_observation_free(obs);
}

static void blocks_of_machines(void **state)
{
	(void)state;
	assert_block(1, true, 0);
	assert_block(512, true, 9);
	assert_block(8192, true, 13); /* arm64 with pages of 64 KiB */
}

/* Such a block, the one before it and the frame behind fit no piece. */
static void blocks_of_no_machine(void **state)
{
	(void)state;
	assert_block(0, false, 0);
	assert_block(65536, false, 0);
	assert_block(UINT64_C(1) << 63, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_machines),
		cmocka_unit_test(blocks_of_no_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
