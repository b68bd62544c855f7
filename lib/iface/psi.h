/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pressure stall information: /proc/pressure/{memory,io,cpu} and memory.pressure of a cgroup (v2);
 * psi_show() in kernel/sched/psi.c:
 *
 *	some avg10=0.00 avg60=0.12 avg300=0.05 total=9123
 *	full avg10=0.00 avg60=0.00 avg300=0.00 total=411
 *
 * Up to 5.12 cpu has no line "full"; later it is there, all zero for the system as a whole. Where
 * PSI is switched off (psi=0, or CONFIG_PSI_DEFAULT_DISABLED without psi=1) open() says EOPNOTSUPP.
 */
#ifndef SV_IFACE_PSI_H
#define SV_IFACE_PSI_H

#include "base/parse.h"

/* Shares of the time that something, or everything, stood still; the last n seconds. */
struct sv_psi_line {
	struct sv_num avg10, avg60, avg300; /* hundredths of a percent */
	struct sv_num total_us;
};

/* A line that is not there stays unknown. */
struct sv_psi {
	struct sv_psi_line some, full;
};

/* The line "some" has to be there. */
int sv_psi_parse(struct sv_text text, struct sv_psi *ret, struct safevma_error *err);

#endif
