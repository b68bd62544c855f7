/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/status: "Key:\tvalue" lines, proc_pid_status() in fs/proc/array.c. Kernel threads have
 * no Vm lines. comm in Name: has newline and backslash escaped, and nothing else.
 */
#ifndef SV_IFACE_STATUS_H
#define SV_IFACE_STATUS_H

#include "base/parse.h"

struct sv_status {
	struct sv_span name;
	struct sv_num tgid, ppid, uid_real, uid_effective, ns_tgid_inner; /* last of NSpid */
	struct sv_num ns_levels; /* how many numbers NSpid has: above 1 in an inner PID namespace */
	struct sv_num vm_size_bytes, vm_rss_bytes, vm_locked_bytes, vm_pinned_bytes, vm_swap_bytes,
		vm_data_bytes, vm_stack_bytes, vm_pte_bytes, hugetlb_bytes;
	struct sv_num threads;
	struct sv_num cap_effective; /* bit mask */
	struct sv_num tracer;	     /* process that traces it; 0: none */
	struct sv_num thp_enabled;   /* 0: prctl(PR_SET_THP_DISABLE); 5.0 and later */
};

int sv_status_parse(struct sv_text text, struct sv_status *ret, struct safevma_error *err);

#endif
