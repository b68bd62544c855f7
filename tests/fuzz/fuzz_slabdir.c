// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "iface/slabdir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sv_text text = sv_text_init(data, size, "fuzz"), at = text;
	struct safevma_error err = { 0 };
	struct sv_slabdir_line line;
	int rc;

	while ((rc = sv_slabdir_next(&at, &line, &err)) > 0) {
		promise(line.name.len > 0);
		promise(line.what != SV_SLABDIR_ALIAS || line.value.len > 0);
		sv_slabdir_number(line.value);
	}
	if (rc < 0)
		promise_error(text, &err);
	return 0;
}
