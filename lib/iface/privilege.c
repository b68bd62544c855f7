// SPDX-License-Identifier: LGPL-2.1-or-later
/* With libcap. privilege_libc.c is the same for the recorder, which has libc alone. */
#include "privilege.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/error.h"

static void free_cap(cap_t *c)
{
	if (*c)
		cap_free(*c);
}

static int last_cap(void)
{
	int bits = (int)cap_max_bits();

	return bits > 64 ? 64 : bits;
}

uint64_t sv_privilege_effective(void)
{
	sv_cleanup(free_cap) cap_t c = cap_get_proc();
	uint64_t mask = 0;

	for (int i = 0; c && i < last_cap(); i++) {
		cap_flag_value_t v = CAP_CLEAR;

		if (!cap_get_flag(c, i, CAP_EFFECTIVE, &v) && v == CAP_SET)
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

static void bar_return(uint64_t keep)
{
	cap_reset_ambient();
	for (int i = 0; i < last_cap(); i++)
		if (!(keep >> i & 1))
			cap_drop_bound(i); /* needs CAP_SETPCAP; no_new_privs does without */
}

int sv_privilege_limit(uint64_t keep, struct safevma_error *err)
{
	sv_cleanup(free_cap) cap_t have = cap_get_proc(), want = cap_init();

	if (!have || !want)
		return sv_error_sys(err, errno, NULL, "read own capabilities");
	bar_return(keep);
	for (cap_value_t i = 0; i < last_cap(); i++) {
		cap_flag_value_t v = CAP_CLEAR;

		if (!(keep >> i & 1) || cap_get_flag(have, i, CAP_PERMITTED, &v) || v != CAP_SET)
			continue;
		cap_set_flag(want, CAP_PERMITTED, 1, &i, CAP_SET);
		cap_set_flag(want, CAP_EFFECTIVE, 1, &i, CAP_SET);
	}
	if (cap_set_proc(want))
		return sv_error_sys(err, errno, NULL, "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return sv_error_sys(err, errno, NULL, "set no_new_privs");
	return 0;
}
