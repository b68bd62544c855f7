// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stand-in for privilege.c in the recorder: the same through the system calls, libc alone. */
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

static int get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &h, data);
}

uint64_t sv_privilege_effective(void)
{
	struct __user_cap_data_struct d[2] = { 0 };

	if (get(d))
		return 0;
	return d[0].effective | (uint64_t)d[1].effective << 32;
}

int sv_privilege_limit(uint64_t keep, struct safevma_error *err)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (get(d))
		return sv_error_sys(err, errno, NULL, "read own capabilities");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long i = 0; i < 64; i++)
		if (!(keep >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	for (int i = 0; i < 2; i++) {
		d[i].permitted &= (uint32_t)(keep >> (32 * i));
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &h, d))
		return sv_error_sys(err, errno, NULL, "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return sv_error_sys(err, errno, NULL, "set no_new_privs");
	return 0;
}
