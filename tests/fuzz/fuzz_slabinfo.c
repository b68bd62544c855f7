// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/slabinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), at = text;
	struct safevma_error err = { 0 };
	struct sv_slabinfo info;
	int rc;

	while ((rc = sv_slabinfo_next(&at, &info, &err)) > 0)
		promise(info.name.len > 0);
	if (rc < 0)
		promise_error(text, &err);
	return 0;
}
