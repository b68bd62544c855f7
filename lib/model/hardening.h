/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What decides how the kernel behaves: its settings at run time, its command line, what the CPUs
 * have. The configuration is the observation's. What was not read is unknown and never off.
 */
#ifndef SV_MODEL_HARDENING_H
#define SV_MODEL_HARDENING_H

#include "pressure.h"

struct sv_hardening {
	bool made;
	struct sv_setting settings[SV_SETTING_COUNT];
	bool cmdline_known;
	struct sv_strbuf cmdline;
	struct sv_num tags; /* 1: the CPUs have memory tags (MTE); 0: they list features without */
};

void sv_hardening_fini(struct sv_hardening *h);

#endif
