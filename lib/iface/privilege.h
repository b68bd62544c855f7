/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities of this process: what they are, and giving them up. */
#ifndef SV_IFACE_PRIVILEGE_H
#define SV_IFACE_PRIVILEGE_H

#include <stdint.h>

struct safevma_error;

/* Bit mask of the effective capabilities; 0 also when it cannot be told. */
uint64_t sv_privilege_effective(void);

/*
 * Keeps only the capabilities of KEEP (a bit mask) of those held, and bars their return: bounding
 * and ambient sets emptied as far as allowed, no_new_privs set.
 */
int sv_privilege_limit(uint64_t keep, struct safevma_error *err);

/* What the opener keeps: reading and looking, nothing that writes. */
#define SV_PRIVILEGE_OPENER                                                                        \
	((UINT64_C(1) << 2) /* DAC_READ_SEARCH */ | (UINT64_C(1) << 17) /* SYS_RAWIO */ |          \
		(UINT64_C(1) << 19) /* SYS_PTRACE */ | (UINT64_C(1) << 21) /* SYS_ADMIN */ |       \
		(UINT64_C(1) << 34) /* SYSLOG */ | (UINT64_C(1) << 38) /* PERFMON */ |             \
		(UINT64_C(1) << 40) /* CHECKPOINT_RESTORE */)

#endif
