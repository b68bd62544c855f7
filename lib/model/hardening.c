// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hardening.h"

void sv_hardening_fini(struct sv_hardening *h)
{
	for (size_t i = 0; i < SV_SETTING_COUNT; i++)
		sv_strbuf_fini(&h->settings[i].text);
	sv_strbuf_fini(&h->cmdline);
}
